//! Sweeps: several price levels of one side consumed by trading within a short time.

use super::matched::Trade;
use super::rate::age_ms;
use crate::config::Config;
use crate::ladder::Centi;
use crate::market::Side;

/// Prices of one side and when they were consumed, latest last, each once.
type Consumed = Vec<(Centi, i64)>;

/// What one runner remembers of consumed levels.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    backs: Consumed,
    lays: Consumed,
}

impl Sweep {
    pub(crate) fn add(&mut self, trade: &Trade, at_ms: i64, config: &Config) {
        if trade.back_consumed {
            note(&mut self.backs, trade.price, at_ms, config.sweep_levels);
        }
        if trade.lay_consumed {
            note(&mut self.lays, trade.price, at_ms, config.sweep_levels);
        }
    }

    /// The side rested that is swept; of two the one consumed later.
    pub(crate) fn side(&self, now_ms: i64, config: &Config) -> Option<Side> {
        let last = |consumed: &Consumed| consumed.last().map(|(_, at_ms)| *at_ms);
        match (
            is_swept(&self.backs, now_ms, config),
            is_swept(&self.lays, now_ms, config),
        ) {
            (true, true) if last(&self.lays) > last(&self.backs) => Some(Side::Lay),
            (true, _) => Some(Side::Back),
            (false, true) => Some(Side::Lay),
            (false, false) => None,
        }
    }
}

fn note(consumed: &mut Consumed, price: Centi, at_ms: i64, keep: usize) {
    let at_ms = consumed.last().map_or(at_ms, |(_, last_ms)| at_ms.max(*last_ms));
    consumed.retain(|(known, _)| *known != price);
    consumed.push((price, at_ms));
    let surplus = consumed.len().saturating_sub(keep);
    consumed.drain(..surplus);
}

fn is_swept(consumed: &Consumed, now_ms: i64, config: &Config) -> bool {
    let recent = consumed
        .iter()
        .filter(|(_, at_ms)| age_ms(now_ms, *at_ms) <= config.sweep_window_ms);
    recent.count() >= config.sweep_levels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consume(sweep: &mut Sweep, side: Side, price: Centi, at_ms: i64) {
        let trade = Trade {
            price,
            back: 1,
            lay: 1,
            back_consumed: side == Side::Back,
            lay_consumed: side == Side::Lay,
        };
        sweep.add(&trade, at_ms, &Config::default());
    }

    #[test]
    fn three_levels_of_one_side_within_the_window_are_a_sweep() {
        let (mut sweep, config) = (Sweep::default(), Config::default());
        consume(&mut sweep, Side::Back, 200, 1_000);
        consume(&mut sweep, Side::Back, 202, 1_500);
        consume(&mut sweep, Side::Back, 202, 1_600);
        consume(&mut sweep, Side::Lay, 198, 1_700);
        assert_eq!(sweep.side(1_700, &config), None);
        consume(&mut sweep, Side::Back, 204, 1_900);
        assert_eq!(
            sweep.side(2_000, &config),
            Some(Side::Back),
            "a second old is within"
        );
        assert_eq!(sweep.side(2_001, &config), None);
    }

    #[test]
    fn of_two_sweeps_the_later_counts() {
        let (mut sweep, config) = (Sweep::default(), Config::default());
        for price in [200, 202, 204] {
            consume(&mut sweep, Side::Back, price, 1_000);
            consume(&mut sweep, Side::Lay, price, 1_000);
        }
        assert_eq!(sweep.side(1_000, &config), Some(Side::Back));
        consume(&mut sweep, Side::Lay, 206, 1_001);
        assert_eq!(sweep.side(1_001, &config), Some(Side::Lay));
    }
}
