//! Price ladders in integer hundredths ("centi-odds": 1.01 is 101).
//!
//! A *tick* is the index of a price on its ladder, from 0 for the lowest price. Prices off the ladder occur in
//! traded volumes (after a reduction factor): they have no tick.

/// Prices, sizes and handicaps: hundredths of the unit.
pub type Centi = i64;

/// A float in hundredths: nearest to the double `value * 100`, a half away from zero.
///
/// What is not finite becomes the lowest integer, which is no price and no handicap of anything.
#[must_use]
pub fn hundredths(value: f64) -> Centi {
    if !value.is_finite() {
        return Centi::MIN;
    }
    // Saturates far outside every price, size and handicap.
    #[allow(clippy::cast_possible_truncation)]
    let centi = (value * 100.0).round() as Centi;
    centi
}

/// Which ladder a market's prices are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ladder {
    /// 350 prices from 1.01 to 1000 in ten bands of growing step.
    #[default]
    Classic,
    /// Every hundredth from 1.01 to 1000.
    Finest,
    /// Lines of a market; none when the definition does not give usable ones, and then no price has a tick.
    LineRange(Option<Lines>),
}

/// Equally spaced lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lines {
    min: Centi,
    max: Centi,
    interval: Centi,
}

impl Lines {
    /// Lines from `min` to `max` by `interval`, in hundredths; none when the interval is not positive or the range
    /// is empty. Lines above the last whole interval do not exist.
    #[must_use]
    pub fn new(min: Centi, max: Centi, interval: Centi) -> Option<Self> {
        (interval > 0 && max >= min).then(|| Self {
            min,
            // The last line: a definition that names another maximum above it has the same lines.
            max: min + (max - min) / interval * interval,
            interval,
        })
    }

    fn tick_of(self, price: Centi) -> Option<i64> {
        let above = price - self.min;
        let on_line = (self.min..=self.max).contains(&price) && above % self.interval == 0;
        on_line.then(|| above / self.interval)
    }
}

struct Band {
    /// First price of the band; the first of the next band is one step above the last of this one.
    first: Centi,
    last: Centi,
    step: Centi,
    first_tick: i64,
}

/// Lowest and highest price of CLASSIC and FINEST.
const LOWEST: Centi = 101;
const HIGHEST: Centi = 100_000;

const CLASSIC: [Band; 10] = classic_bands();

const fn classic_bands() -> [Band; 10] {
    const ENDS: [(Centi, Centi); 10] = [
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
    let mut bands = [const {
        Band {
            first: 0,
            last: 0,
            step: 1,
            first_tick: 0,
        }
    }; 10];
    let mut first_tick = 0;
    let mut previous = LOWEST - 1;
    let mut i = 0;
    while i < ENDS.len() {
        let (last, step) = ENDS[i];
        let first = previous + step;
        bands[i] = Band {
            first,
            last,
            step,
            first_tick,
        };
        first_tick += (last - first) / step + 1;
        previous = last;
        i += 1;
    }
    bands
}

/// Where prices become multiples of [`COARSE_STEP`], and the highest that [`FINE_TICKS`] holds.
const COARSE_FROM: Centi = 1_000;
const COARSE_STEP: Centi = 50;

/// One more than the tick of each price up to [`COARSE_FROM`], 0 where there is none: a look at memory
/// is quicker than finding the band and dividing by its step.
const FINE_TICKS: [u16; 1_001] = classic_ticks::<1_001>(1);
/// The same by each multiple of [`COARSE_STEP`].
const COARSE_TICKS: [u16; 2_001] = classic_ticks::<2_001>(COARSE_STEP);

const fn classic_ticks<const N: usize>(step: Centi) -> [u16; N] {
    let mut ticks = [0; N];
    let (mut band, mut i, mut price) = (0, 0, 0);
    while i < N && band < CLASSIC.len() {
        let Band {
            first,
            last,
            step: by,
            first_tick,
        } = CLASSIC[band];
        if price > last {
            band += 1;
            continue;
        }
        if price >= first && (price - first) % by == 0 {
            // There are 350 of them.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let tick = (first_tick + (price - first) / by) as u16;
            ticks[i] = tick + 1;
        }
        i += 1;
        price += step;
    }
    ticks
}

fn classic_tick(price: Centi) -> Option<i64> {
    let index = |price| usize::try_from(price).ok();
    let found = if price <= COARSE_FROM {
        FINE_TICKS.get(index(price)?)
    } else if price % COARSE_STEP == 0 {
        COARSE_TICKS.get(index(price / COARSE_STEP)?)
    } else {
        None
    };
    found.filter(|tick| **tick > 0).map(|tick| i64::from(*tick) - 1)
}

impl Ladder {
    /// The venue's name of the ladder type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Classic => "CLASSIC",
            Self::Finest => "FINEST",
            Self::LineRange(_) => "LINE_RANGE",
        }
    }

    /// The tick of a price in hundredths, or none when the price is not on this ladder.
    #[must_use]
    pub fn tick_of(self, price: Centi) -> Option<i64> {
        match self {
            Self::Classic => classic_tick(price),
            Self::Finest => (LOWEST..=HIGHEST).contains(&price).then(|| price - LOWEST),
            Self::LineRange(lines) => lines?.tick_of(price),
        }
    }

    /// The step of CLASSIC upwards from a price within it, hundredths.
    pub(crate) fn classic_step(price: Centi) -> Centi {
        let band = CLASSIC.iter().find(|band| price < band.last);
        band.map_or(CLASSIC[CLASSIC.len() - 1].step, |band| band.step)
    }

    /// Ticks from `low` up to `high`; negative when they are the other way round, none when either is off the
    /// ladder.
    #[must_use]
    pub fn ticks_between(self, low: Centi, high: Centi) -> Option<i64> {
        Some(self.tick_of(high)? - self.tick_of(low)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The published increments, written out the long way.
    fn classic_prices() -> Vec<Centi> {
        let steps: [(Centi, Centi); 10] = [
            (200, 1),
            (300, 2),
            (400, 5),
            (600, 10),
            (1_000, 20),
            (2_000, 50),
            (3_000, 100),
            (5_000, 200),
            (10_000, 500),
            (100_000, 1_000),
        ];
        let mut prices = vec![101];
        let mut price = 101;
        for (end, step) in steps {
            while price < end {
                price += step;
                prices.push(price);
            }
        }
        prices
    }

    #[test]
    fn classic_has_350_prices_in_order() {
        let prices = classic_prices();
        assert_eq!(prices.len(), 350);
        for (tick, price) in prices.iter().enumerate() {
            assert_eq!(
                Ladder::Classic.tick_of(*price),
                i64::try_from(tick).ok(),
                "{price}"
            );
        }
    }

    /// Every hundredth up to beyond the highest price.
    #[test]
    fn a_price_has_a_classic_tick_exactly_when_it_is_published() {
        let mut published = classic_prices().into_iter().zip(0_i64..).peekable();
        for price in 0..110_000 {
            let tick = published
                .next_if(|(next, _)| *next == price)
                .map(|(_, tick)| tick);
            assert_eq!(Ladder::Classic.tick_of(price), tick, "{price}");
        }
    }

    /// All 350² pairs, against positions on the ladder written out.
    #[test]
    fn distances_are_those_of_a_walk() {
        let prices = classic_prices();
        for (i, low) in prices.iter().enumerate() {
            for (j, high) in prices.iter().enumerate() {
                let walked = i64::try_from(j).unwrap() - i64::try_from(i).unwrap();
                assert_eq!(
                    Ladder::Classic.ticks_between(*low, *high),
                    Some(walked),
                    "{low} to {high}"
                );
            }
        }
    }

    #[test]
    fn finest_has_every_hundredth() {
        assert_eq!(Ladder::Finest.tick_of(101), Some(0));
        assert_eq!(Ladder::Finest.tick_of(100_000), Some(99_899));
        assert_eq!(Ladder::Finest.tick_of(100), None);
        assert_eq!(Ladder::Finest.tick_of(100_001), None);
    }

    #[test]
    fn lines_are_counted_from_the_lowest() {
        let lines = Ladder::LineRange(Lines::new(-150, 160, 50));
        assert_eq!(lines.tick_of(-150), Some(0));
        assert_eq!(lines.tick_of(150), Some(6));
        assert_eq!(lines.tick_of(160), None);
        assert_eq!(lines.tick_of(-200), None);
        assert_eq!(lines.tick_of(-125), None);
    }

    #[test]
    fn a_maximum_between_two_lines_makes_no_other_ladder() {
        assert_eq!(Lines::new(50, 2_025, 50), Lines::new(50, 2_000, 50));
        assert_ne!(Lines::new(50, 2_025, 50), Lines::new(50, 1_999, 50));
    }

    #[test]
    fn lines_need_a_positive_interval_and_a_range() {
        assert_eq!(Lines::new(0, 100, 0), None);
        assert_eq!(Lines::new(0, 100, -50), None);
        assert_eq!(Lines::new(100, 0, 50), None);
        assert_eq!(Ladder::LineRange(None).tick_of(100), None);
    }

    proptest! {
        #[test]
        fn distances_are_antisymmetric(a in 101_i64..100_001, b in 101_i64..100_001) {
            for ladder in [Ladder::Classic, Ladder::Finest] {
                let there = ladder.ticks_between(a, b);
                prop_assert_eq!(there.map(|ticks| -ticks), ladder.ticks_between(b, a));
            }
        }
    }
}
