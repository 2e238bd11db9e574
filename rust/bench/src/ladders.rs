//! Kinds of ladder: a size at each price, and the highest price.

use std::collections::{BTreeMap, HashMap};

use hotloop_core::{Centi, Ladder as Prices};

/// What a book asks of a ladder.
pub trait Ladder {
    /// Sets the size at a price, 0 to delete it.
    fn set(&mut self, price: Centi, size: Centi);
    /// The highest price with a size, and that.
    fn highest(&self) -> Option<(Centi, Centi)>;
}

/// Sorted by price, the highest last; searched as the core does it.
#[derive(Default)]
pub struct Sorted(Vec<(Centi, Centi)>);

impl Ladder for Sorted {
    fn set(&mut self, price: Centi, size: Centi) {
        let tail = self.0.len().saturating_sub(4);
        let place = if self.0.get(tail).is_some_and(|level| level.0 <= price) {
            tail + self.0[tail..].iter().filter(|level| level.0 < price).count()
        } else {
            self.0.partition_point(|level| level.0 < price)
        };
        match self.0.get_mut(place) {
            Some(level) if level.0 == price && size > 0 => level.1 = size,
            Some(level) if level.0 == price => drop(self.0.remove(place)),
            _ if size > 0 => self.0.insert(place, (price, size)),
            _ => {}
        }
    }

    fn highest(&self) -> Option<(Centi, Centi)> {
        self.0.last().copied()
    }
}

const TICKS: usize = 350;

/// A size for each tick of the CLASSIC ladder, a bit for each that is not 0. Prices off the ladder, which a
/// real book would have to keep elsewhere, are left out.
pub struct Ticks {
    levels: [(Centi, Centi); TICKS],
    filled: [u64; TICKS.div_ceil(64)],
}

impl Default for Ticks {
    fn default() -> Self {
        Self {
            levels: [(0, 0); TICKS],
            filled: [0; TICKS.div_ceil(64)],
        }
    }
}

impl Ladder for Ticks {
    fn set(&mut self, price: Centi, size: Centi) {
        let tick = Prices::Classic
            .tick_of(price)
            .and_then(|tick| usize::try_from(tick).ok());
        let Some(tick) = tick else { return };
        self.levels[tick] = (price, size);
        let bit = 1 << (tick % 64);
        if size > 0 {
            self.filled[tick / 64] |= bit;
        } else {
            self.filled[tick / 64] &= !bit;
        }
    }

    fn highest(&self) -> Option<(Centi, Centi)> {
        let word = self.filled.iter().rposition(|word| *word != 0)?;
        let bit = 63 - self.filled[word].leading_zeros() as usize;
        Some(self.levels[word * 64 + bit])
    }
}

impl Ladder for BTreeMap<Centi, Centi> {
    fn set(&mut self, price: Centi, size: Centi) {
        if size > 0 {
            self.insert(price, size);
        } else {
            self.remove(&price);
        }
    }

    fn highest(&self) -> Option<(Centi, Centi)> {
        self.last_key_value().map(|(price, size)| (*price, *size))
    }
}

// Only to compare: no caller brings a hasher of its own.
#[allow(clippy::implicit_hasher)]
impl Ladder for HashMap<Centi, Centi> {
    fn set(&mut self, price: Centi, size: Centi) {
        if size > 0 {
            self.insert(price, size);
        } else {
            self.remove(&price);
        }
    }

    fn highest(&self) -> Option<(Centi, Centi)> {
        self.iter().max().map(|(price, size)| (*price, *size))
    }
}
