//! Which prices a market allows (clause D3.5), in hundredths.

use wire::Ladder;

const LOWEST: i64 = 101;
const HIGHEST: i64 = 100_000;

/// The CLASSIC ladder: up to each price, the step.
const CLASSIC: [(i64, i64); 10] = [
    (200, 1),
    (300, 2),
    (400, 5),
    (600, 10),
    (1_000, 20),
    (2_000, 50),
    (3_000, 100),
    (5_000, 200),
    (10_000, 500),
    (HIGHEST, 1_000),
];

/// True if an order may have this price.
#[must_use]
pub fn allows(ladder: Ladder, price_centi: i64) -> bool {
    match ladder {
        Ladder::LineRange => true,
        Ladder::Finest => (LOWEST..=HIGHEST).contains(&price_centi),
        Ladder::Classic => {
            // Each band begins at a multiple of its step, so the remainder decides.
            let step = CLASSIC
                .iter()
                .find(|(top, _)| price_centi <= *top)
                .map(|(_, step)| *step);
            price_centi >= LOWEST && step.is_some_and(|step| price_centi % step == 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d3_5_the_classic_ladder_has_350_prices() {
        assert_eq!(
            (-10..=200_000)
                .filter(|price| allows(Ladder::Classic, *price))
                .count(),
            350
        );
    }

    #[test]
    fn d3_5_the_finest_ladder_has_99_900_prices() {
        assert_eq!(
            (-10..=200_000)
                .filter(|price| allows(Ladder::Finest, *price))
                .count(),
            99_900
        );
    }
}
