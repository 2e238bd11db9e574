//! One side of one runner's book.
//!
//! Invariants: levels have a size above 0, each price (or screen level) occurs once, and a
//! [`PriceLadder`] is sorted with its **best price last**: that is where the market moves, so
//! inserting and deleting there shifts little.

use std::cmp::Ordering;

use crate::ladder::Centi;

/// A price and the size at it, hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Level {
    /// Decimal odds in hundredths.
    pub price: Centi,
    /// Stake in hundredths; above 0.
    pub size: Centi,
}

/// Which end of a ladder is the best one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Best {
    /// Available to back (and traded volumes, which are read ascending).
    Highest,
    /// Available to lay.
    Lowest,
}

impl Best {
    fn order(self, a: Centi, b: Centi) -> Ordering {
        match self {
            Self::Highest => a.cmp(&b),
            Self::Lowest => b.cmp(&a),
        }
    }
}

/// Levels keyed by price: `atb`, `atl`, `trd`.
#[derive(Debug)]
pub(crate) struct PriceLadder {
    /// 1, or -1 where the lowest price is the best: what is held is the price times this, so that
    /// the search compares plain integers on either side.
    sign: Centi,
    /// Ascending by signed price.
    levels: Vec<Level>,
}

impl PriceLadder {
    pub(crate) fn new(best: Best) -> Self {
        Self {
            sign: match best {
                Best::Highest => 1,
                Best::Lowest => -1,
            },
            levels: Vec::new(),
        }
    }

    #[inline]
    fn find(&self, price: Centi) -> Result<usize, usize> {
        let signed = price * self.sign;
        // The market moves at its best prices, which stand last.
        let tail = self.levels.len().saturating_sub(4);
        let place = if self.levels.get(tail).is_some_and(|level| level.price <= signed) {
            tail + self.levels[tail..]
                .iter()
                .filter(|level| level.price < signed)
                .count()
        } else {
            self.levels.partition_point(|level| level.price < signed)
        };
        match self.levels.get(place) {
            Some(level) if level.price == signed => Ok(place),
            _ => Err(place),
        }
    }

    /// A level as it is told.
    fn told(&self, level: Level) -> Level {
        Level {
            price: level.price * self.sign,
            ..level
        }
    }

    /// Levels, best price first.
    fn best_first(&self) -> impl Iterator<Item = Level> {
        self.levels.iter().rev().map(|level| self.told(*level))
    }

    /// Sets the size at a price, 0 to delete it; returns the size that stood there before.
    pub(crate) fn set(&mut self, price: Centi, size: Centi) -> Centi {
        debug_assert!(size >= 0, "sizes are validated on entry");
        match (self.find(price), size) {
            (Ok(place), 0) => self.levels.remove(place).size,
            (Ok(place), _) => std::mem::replace(&mut self.levels[place].size, size),
            (Err(_), 0) => 0,
            (Err(place), _) => {
                let price = price * self.sign;
                self.levels.insert(place, Level { price, size });
                0
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.levels.clear();
    }

    /// The size at a price, 0 where there is none.
    pub(crate) fn size_at(&self, price: Centi) -> Centi {
        self.find(price).map_or(0, |place| self.levels[place].size)
    }

    /// All levels of a ladder whose best price is the highest, ascending.
    pub(crate) fn ascending(&self) -> &[Level] {
        debug_assert_eq!(self.sign, 1, "the other kind is held with its signs turned");
        &self.levels
    }
}

/// Levels keyed by their position on the screen: `batb`, `batl`, `bdatb`, `bdatl`.
#[derive(Debug)]
pub(crate) struct ScreenLadder {
    best: Best,
    /// By position; size 0 where the position is empty.
    positions: Vec<Level>,
}

impl ScreenLadder {
    pub(crate) fn new(best: Best) -> Self {
        Self {
            best,
            positions: Vec::new(),
        }
    }

    /// Sets one position, size 0 to empty it.
    pub(crate) fn set(&mut self, position: u8, price: Centi, size: Centi) {
        let position = usize::from(position);
        if position >= self.positions.len() {
            if size == 0 {
                return;
            }
            self.positions.resize(position + 1, Level::default());
        }
        self.positions[position] = Level { price, size };
    }

    pub(crate) fn clear(&mut self) {
        self.positions.clear();
    }

    /// The price shown at a position, none where it is empty.
    pub(crate) fn price_at(&self, position: u8) -> Option<Centi> {
        let level = self.positions.get(usize::from(position))?;
        (level.size > 0).then_some(level.price)
    }

    fn filled(&self) -> impl Iterator<Item = Level> {
        self.positions.iter().copied().filter(|level| level.size > 0)
    }

    /// The sizes at a price, summed over the positions that show it.
    pub(crate) fn size_at(&self, price: Centi) -> Centi {
        self.filled()
            .filter(|level| level.price == price)
            .map(|level| level.size)
            .sum()
    }

    /// Whether a price is at or better than the worst one shown.
    fn reaches(&self, price: Centi) -> bool {
        self.filled()
            .any(|level| self.best.order(price, level.price) != Ordering::Less)
    }

    /// The level of the best price; of equal ones that of the foremost position.
    pub(crate) fn best(&self) -> Option<Level> {
        self.filled().reduce(|best, level| {
            let better = self.best.order(level.price, best.price) == Ordering::Greater;
            if better { level } else { best }
        })
    }

    /// All levels, best price first; equal prices in the order of their positions.
    pub(crate) fn best_first(&self) -> Vec<Level> {
        let mut levels: Vec<Level> = self.filled().collect();
        levels.sort_by(|a, b| self.best.order(b.price, a.price));
        levels
    }
}

/// One side of a book at one depth, for reading.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SideRef<'a> {
    Prices(&'a PriceLadder),
    Screen(&'a ScreenLadder),
}

impl SideRef<'_> {
    pub(crate) fn best(self) -> Option<Level> {
        match self {
            Self::Prices(ladder) => ladder.levels.last().map(|level| ladder.told(*level)),
            Self::Screen(ladder) => ladder.best(),
        }
    }

    /// Sum of the sizes of the best `n` levels.
    pub(crate) fn sum_of_best(self, n: usize) -> Centi {
        match self {
            Self::Prices(ladder) => ladder.levels.iter().rev().take(n).map(|l| l.size).sum(),
            Self::Screen(ladder) => ladder.best_first().iter().take(n).map(|l| l.size).sum(),
        }
    }

    /// The best `n` levels (all without `n`), best price first.
    pub(crate) fn top(self, n: Option<usize>) -> Vec<Level> {
        let n = n.unwrap_or(usize::MAX);
        match self {
            Self::Prices(ladder) => ladder.best_first().take(n).collect(),
            Self::Screen(ladder) => {
                let mut levels = ladder.best_first();
                levels.truncate(n);
                levels
            }
        }
    }

    pub(crate) fn size_at(self, price: Centi) -> Centi {
        match self {
            Self::Prices(ladder) => ladder.size_at(price),
            Self::Screen(ladder) => ladder.size_at(price),
        }
    }

    /// The size at a price as far as the venue shows it: none beyond the worst price on a screen.
    pub(crate) fn in_view(self, price: Centi) -> Option<Centi> {
        match self {
            Self::Prices(ladder) => Some(ladder.size_at(price)),
            Self::Screen(ladder) => ladder.reaches(price).then(|| ladder.size_at(price)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn level(price: Centi, size: Centi) -> Level {
        Level { price, size }
    }

    #[test]
    fn deleting_what_is_not_there_changes_nothing() {
        let mut ladder = PriceLadder::new(Best::Highest);
        assert_eq!(ladder.set(200, 0), 0);
        ladder.set(101, 5);
        assert_eq!(ladder.set(200, 0), 0);
        assert_eq!(ladder.ascending(), [level(101, 5)]);
    }

    #[test]
    fn screen_positions_are_read_as_prices() {
        let mut ladder = ScreenLadder::new(Best::Highest);
        ladder.set(0, 300, 10);
        ladder.set(2, 310, 20);
        ladder.set(1, 300, 5);
        assert_eq!(ladder.best(), Some(level(310, 20)));
        assert_eq!(
            ladder.best_first(),
            [level(310, 20), level(300, 10), level(300, 5)]
        );
        assert_eq!(ladder.size_at(300), 15);
        ladder.set(2, 0, 0);
        assert_eq!(SideRef::Screen(&ladder).sum_of_best(1), 10);
        ladder.set(200, 0, 0);
        assert_eq!(ladder.positions.len(), 3, "emptying a position does not make it");
    }

    proptest! {
        #[test]
        fn a_price_ladder_is_a_sorted_map(
            rows in prop::collection::vec((101_i64..140, 0_i64..4), 0..200),
            lay in any::<bool>(),
        ) {
            let mut ladder = PriceLadder::new(if lay { Best::Lowest } else { Best::Highest });
            let mut model = BTreeMap::new();
            for (price, size) in rows {
                let before = if size == 0 { model.remove(&price) } else { model.insert(price, size) };
                prop_assert_eq!(ladder.set(price, size), before.unwrap_or(0));
            }
            let mut wanted: Vec<Level> = model.iter().map(|(p, s)| level(*p, *s)).collect();
            if !lay {
                wanted.reverse();
            }
            let side = SideRef::Prices(&ladder);
            prop_assert_eq!(side.best(), wanted.first().copied());
            prop_assert_eq!(side.sum_of_best(2), wanted.iter().take(2).map(|l| l.size).sum::<i64>());
            prop_assert_eq!(side.top(Some(3)), &wanted[..wanted.len().min(3)]);
            prop_assert_eq!(side.top(None), wanted);
            for price in 100..141 {
                prop_assert_eq!(side.size_at(price), model.get(&price).copied().unwrap_or(0));
            }
        }

        #[test]
        fn a_screen_ladder_is_a_map_read_by_price(
            rows in prop::collection::vec((0_u8..6, 101_i64..110, 0_i64..4), 0..60),
            lay in any::<bool>(),
        ) {
            let mut ladder = ScreenLadder::new(if lay { Best::Lowest } else { Best::Highest });
            let mut model = BTreeMap::new();
            for (position, price, size) in rows {
                ladder.set(position, price, size);
                if size == 0 {
                    model.remove(&position);
                } else {
                    model.insert(position, level(price, size));
                }
            }
            let mut wanted: Vec<Level> = model.values().copied().collect();
            wanted.sort_by_key(|level| if lay { level.price } else { -level.price });
            let side = SideRef::Screen(&ladder);
            prop_assert_eq!(side.best(), wanted.first().copied());
            prop_assert_eq!(side.top(None), wanted);
        }
    }
}
