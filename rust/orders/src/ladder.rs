//! Which prices a market allows, in hundredths.

use wire::Ladder;

/// True if an order may have this price. A MARKET does not carry its lines: a line market allows any price.
#[must_use]
pub fn allows(ladder: Ladder, price_centi: i64) -> bool {
    let prices = match ladder {
        Ladder::Classic => hotloop_core::Ladder::Classic,
        Ladder::Finest => hotloop_core::Ladder::Finest,
        Ladder::LineRange => return true,
    };
    prices.tick_of(price_centi).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_classic_ladder_has_350_prices() {
        assert_eq!(
            (-10..=200_000)
                .filter(|price| allows(Ladder::Classic, *price))
                .count(),
            350
        );
    }

    #[test]
    fn the_finest_ladder_has_99_900_prices() {
        assert_eq!(
            (-10..=200_000)
                .filter(|price| allows(Ladder::Finest, *price))
                .count(),
            99_900
        );
    }
}
