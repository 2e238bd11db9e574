//! What was matched in a message: docs/signals.md, "Matched volume".

use crate::config::Config;
use crate::ladder::Centi;
use crate::market::Side;
use crate::message::RunnerKey;

/// A size before a message and after it, hundredths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Change {
    pub before: Centi,
    pub after: Centi,
}

impl Change {
    fn drop(self) -> Centi {
        (self.before - self.after).max(0)
    }

    fn rise(self) -> Centi {
        (self.after - self.before).max(0)
    }

    /// A level that stood before and is gone.
    fn is_gone(self) -> bool {
        self.before > 0 && self.after == 0
    }
}

/// A price of one runner at which a message changed the traded volume; sizes it left alone are 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LevelChange {
    pub price: Centi,
    pub traded: Change,
    /// Available to back: where resting LAY orders stand.
    pub back: Change,
    /// Available to lay: where resting BACK orders stand.
    pub lay: Change,
}

/// A trade: what was matched at one price of one runner in one message. Sides are those rested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trade {
    pub price: Centi,
    /// Matched volume of resting BACK orders.
    pub back: Centi,
    /// Matched volume of resting LAY orders.
    pub lay: Centi,
    /// All that rested of BACK (of LAY) orders at the price was matched.
    pub back_consumed: bool,
    pub lay_consumed: bool,
}

impl Trade {
    pub(crate) fn volume(&self) -> Centi {
        self.back + self.lay
    }

    /// Matched volume of the orders that rested on `side`.
    pub(crate) fn of(&self, side: Side) -> Centi {
        match side {
            Side::Back => self.back,
            Side::Lay => self.lay,
        }
    }
}

/// A trade and whose it was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunnerTrade {
    pub runner: RunnerKey,
    pub trade: Trade,
}

/// The trades among `levels`, in their order.
pub(crate) fn trades(levels: &[LevelChange], config: &Config) -> impl Iterator<Item = Trade> {
    let is_little = |level: &&LevelChange| is_little(level.traded, config);
    // Few levels, as most messages have, need not be looked at for it.
    let revalued = levels.len() >= config.revaluation_levels
        && levels.iter().filter(is_little).count() >= config.revaluation_levels;
    let traded = levels
        .iter()
        .filter(move |level| level.traded.rise() > 0 && !(revalued && is_little(level)));
    traded.filter_map(|level| trade(level, config.drop_tolerance))
}

/// A rise so small against what was there that many of them are a revaluation.
fn is_little(traded: Change, config: &Config) -> bool {
    let rise = traded.rise();
    rise > 0 && traded.before > 0 && float(rise) * 100.0 <= config.revaluation_percent * float(traded.before)
}

fn trade(level: &LevelChange, tolerance: Centi) -> Option<Trade> {
    let rise = level.traded.rise();
    let (back_drop, lay_drop) = (level.back.drop(), level.lay.drop());
    let drop = back_drop.max(lay_drop);
    // A plain match counts twice in the traded volume, a cross match once.
    let explained = drop > 0 && 2 * drop >= rise - 2 * tolerance && drop <= rise + tolerance;
    let volume = if explained { drop } else { rise / 2 };
    if volume == 0 {
        return None;
    }
    // Who rested: layers in what is available to back, backers in what is available to lay.
    let back = match lay_drop.cmp(&back_drop) {
        std::cmp::Ordering::Greater => volume,
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Equal => volume / 2,
    };
    let lay = volume - back;
    Some(Trade {
        price: level.price,
        back,
        lay,
        back_consumed: level.lay.is_gone() && back >= level.lay.before,
        lay_consumed: level.back.is_gone() && lay >= level.back.before,
    })
}

/// Hundredths as a float, for what is no longer an amount.
pub(crate) fn float(centi: Centi) -> f64 {
    // Sizes and times are far below 2^53; beyond that nothing hangs on the last digit.
    #[allow(clippy::cast_precision_loss)]
    let value = centi as f64;
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(before: Centi, after: Centi) -> Change {
        Change { before, after }
    }

    fn level(price: Centi, traded: (Centi, Centi), back: (Centi, Centi), lay: (Centi, Centi)) -> LevelChange {
        LevelChange {
            price,
            traded: change(traded.0, traded.1),
            back: change(back.0, back.1),
            lay: change(lay.0, lay.1),
        }
    }

    fn all(levels: &[LevelChange]) -> Vec<(Centi, Centi, Centi)> {
        let config = Config::default();
        let found = trades(levels, &config);
        found.map(|t| (t.price, t.back, t.lay)).collect()
    }

    #[test]
    fn a_plain_match_is_half_the_rise_and_a_cross_match_all_of_it() {
        assert_eq!(
            all(&[level(200, (0, 1_000), (900, 400), (0, 0))]),
            [(200, 0, 500)]
        );
        assert_eq!(
            all(&[level(200, (0, 1_000), (1_900, 900), (0, 0))]),
            [(200, 0, 1_000)]
        );
        assert_eq!(all(&[level(200, (5, 1_005), (0, 0), (700, 0))]), [(200, 700, 0)]);
    }

    #[test]
    fn a_drop_outside_of_the_window_is_not_the_trade() {
        // Δ/2 − 2 = 498 and Δ + 2 = 1002 are within, one more is not.
        for (drop, matched) in [(498, 498), (497, 500), (1_002, 1_002), (1_003, 500)] {
            assert_eq!(
                all(&[level(200, (0, 1_000), (5_000, 5_000 - drop), (0, 0))]),
                [(200, 0, matched)]
            );
        }
        // An odd rise: 2 · drop ≥ Δ − 4.
        assert_eq!(
            all(&[level(200, (0, 1_001), (5_000, 4_501), (0, 0))]),
            [(200, 0, 499)]
        );
        assert_eq!(
            all(&[level(200, (0, 1_001), (5_000, 4_502), (0, 0))]),
            [(200, 0, 500)]
        );
    }

    #[test]
    fn without_a_drop_half_goes_to_each_side() {
        assert_eq!(all(&[level(200, (0, 1_003), (0, 0), (5, 9))]), [(200, 250, 251)]);
        assert_eq!(all(&[level(200, (0, 1), (0, 0), (0, 0))]), []);
        assert_eq!(all(&[level(200, (0, 2), (0, 0), (0, 0))]), [(200, 0, 1)]);
        assert_eq!(
            all(&[level(200, (0, 1_000), (500, 0), (500, 0))]),
            [(200, 250, 250)]
        );
        assert_eq!(
            all(&[level(200, (0, 1_000), (500, 0), (501, 0))]),
            [(200, 501, 0)]
        );
    }

    #[test]
    fn a_fall_is_nothing() {
        assert_eq!(all(&[level(200, (1_000, 900), (500, 0), (0, 0))]), []);
    }

    #[test]
    fn many_little_rises_are_a_revaluation_and_the_others_are_trades() {
        let mut levels: Vec<_> = (0..8)
            .map(|i| level(200 + i, (10_000, 10_050), (0, 0), (0, 0)))
            .collect();
        levels.push(level(300, (10_000, 10_051), (0, 0), (0, 0)));
        levels.push(level(310, (0, 10), (0, 0), (0, 0)));
        assert_eq!(all(&levels), [(300, 12, 13), (310, 2, 3)]);
        assert_eq!(all(&levels[1..]).len(), 9, "seven are not many");
    }

    #[test]
    fn consumed_is_what_was_matched_whole() {
        let consumed = |level| {
            let config = Config::default();
            let found = trades(&[level], &config).next().unwrap();
            (found.back_consumed, found.lay_consumed)
        };
        assert_eq!(consumed(level(200, (0, 1_000), (500, 0), (0, 0))), (false, true));
        assert_eq!(consumed(level(200, (0, 1_000), (0, 0), (500, 0))), (true, false));
        assert_eq!(consumed(level(200, (0, 1_000), (501, 1), (0, 0))), (false, false));
        assert_eq!(
            consumed(level(200, (0, 1_000), (5_000, 0), (0, 0))),
            (false, false),
            "cancelled"
        );
    }
}
