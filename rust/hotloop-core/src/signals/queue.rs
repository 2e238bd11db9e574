//! Queue positions: docs/signals.md, "Queue positions".

use super::matched::float;
use crate::config::{Config, QueueModel};
use crate::ladder::Centi;
use crate::market::{Depth, Side};
use crate::message::RunnerKey;

/// Where an order rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its runner.
    pub runner: RunnerKey,
    /// The side it rests on.
    pub side: Side,
    /// Its price, hundredths.
    pub price: Centi,
}

/// What a message means to the positions of a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The market is not open.
    Frozen,
    /// Image or in-play turn: what happened to those ahead cannot be told.
    Unknown,
    /// An ordinary change of the book.
    Seen,
}

/// The book at an order's price, as a message left it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub depth: Depth,
    /// Visible size; none where the price is not in view.
    pub size: Option<Centi>,
}

/// One tracked order. Sizes are hundredths.
#[derive(Debug)]
pub(crate) struct Position {
    pub id: Box<str>,
    pub place: Place,
    /// Own size standing in the book.
    pub own: Centi,
    /// What is ahead; not whole once a cancellation was split.
    pub ahead: f64,
    /// Visible size when last in view; none before.
    seen: Option<Centi>,
    frozen: bool,
    depth: Depth,
}

impl Position {
    pub(crate) fn new(id: &str, place: Place, own: Centi, view: View, open: bool) -> Self {
        Self {
            id: id.into(),
            place,
            own,
            ahead: float(view.size.unwrap_or(0)),
            seen: view.size,
            frozen: !open,
            depth: view.depth,
        }
    }

    /// Which arrays its price was last looked at in.
    pub(crate) fn depth(&self) -> Depth {
        self.depth
    }

    /// Brings the position past a message in which `matched` was matched at its price and side.
    pub(crate) fn update(&mut self, matched: Centi, view: View, moment: Moment, config: &Config) {
        self.ahead = (self.ahead - float(matched)).max(0.0);
        self.seen = self.seen.map(|seen| (seen - matched).max(0));
        if moment == Moment::Frozen {
            self.frozen = true;
            return;
        }
        let Some(size) = view.size else {
            return;
        };
        let unknown = moment == Moment::Unknown || self.frozen || self.depth != view.depth;
        self.ahead = match self.seen {
            None => float(size),
            Some(seen) if unknown || seen <= size => self.ahead.min(float(size)),
            Some(seen) => self.after_cancellation(seen, size, config),
        };
        self.seen = Some(size);
        self.depth = view.depth;
        self.frozen = false;
    }

    /// What is ahead after `seen − size` was cancelled, split by the queue model.
    fn after_cancellation(&self, seen: Centi, size: Centi, config: &Config) -> f64 {
        let cancelled = float(seen - size);
        let behind = (float(seen) - self.ahead).max(0.0);
        let from_behind = (share_from_behind(self.ahead, behind, config) * cancelled).min(behind);
        (self.ahead - (cancelled - from_behind)).clamp(0.0, float(size))
    }
}

/// Share of a cancellation that comes from behind an order with these sizes ahead and behind.
fn share_from_behind(ahead: f64, behind: f64, config: &Config) -> f64 {
    if behind <= 0.0 {
        return 0.0;
    }
    match config.queue_model {
        QueueModel::RiskAverse => 1.0,
        // bⁿ/(bⁿ + fⁿ), divided by bⁿ: the ratio stays within a double.
        QueueModel::ProbPower => 1.0 / (1.0 + (ahead / behind).powf(config.queue_power_n)),
        QueueModel::ProbLog => {
            let (b, f) = ((behind / 100.0).ln_1p(), (ahead / 100.0).ln_1p());
            b / (b + f)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OPEN: bool = true;

    fn view(size: Centi) -> View {
        View {
            depth: Depth::Full,
            size: Some(size),
        }
    }

    fn order(size: Centi) -> Position {
        let place = Place {
            runner: RunnerKey::new(7, 0.0),
            side: Side::Back,
            price: 200,
        };
        Position::new("a", place, 0, view(size), OPEN)
    }

    fn model(queue_model: QueueModel) -> Config {
        Config {
            queue_model,
            ..Config::default()
        }
    }

    fn ahead_after(position: &mut Position, matched: Centi, size: Centi, config: &Config) -> f64 {
        position.update(matched, view(size), Moment::Seen, config);
        position.ahead
    }

    #[test]
    fn trades_come_off_first_and_the_rest_is_split() {
        // 100 ahead, 60 more join behind; then 40 trade and 30 are cancelled: f = 60, b = 60.
        for (queue_model, wanted) in [
            (QueueModel::RiskAverse, 60.0),
            (QueueModel::ProbPower, 45.0),
            (QueueModel::ProbLog, 45.0),
        ] {
            let mut position = order(100);
            let config = model(queue_model);
            assert!((ahead_after(&mut position, 0, 160, &config) - 100.0).abs() < 1e-12);
            assert!((ahead_after(&mut position, 40, 90, &config) - wanted).abs() < 1e-12);
        }
    }

    #[test]
    fn the_models_weigh_a_short_queue_behind_differently() {
        // 300 ahead, 100 behind, 40 cancelled.
        for (queue_model, share) in [
            (QueueModel::ProbPower, 0.1),
            (QueueModel::ProbLog, 2.0_f64.ln() / (2.0_f64.ln() + 4.0_f64.ln())),
        ] {
            let mut position = order(300);
            let config = model(queue_model);
            ahead_after(&mut position, 0, 400, &config);
            let wanted = 300.0 - (1.0 - share) * 40.0;
            assert!((ahead_after(&mut position, 0, 360, &config) - wanted).abs() < 1e-9);
        }
    }

    #[test]
    fn no_more_comes_from_behind_than_is_there() {
        let mut position = order(300);
        let config = model(QueueModel::RiskAverse);
        ahead_after(&mut position, 0, 310, &config);
        assert!((ahead_after(&mut position, 0, 250, &config) - 250.0).abs() < 1e-12);
    }

    #[test]
    fn a_frozen_position_only_hears_of_trades_until_the_market_opens() {
        let config = Config::default();
        let mut position = order(300);
        position.update(50, view(0), Moment::Frozen, &config);
        assert!((position.ahead - 250.0).abs() < 1e-12);
        position.update(0, view(400), Moment::Seen, &config);
        assert!((position.ahead - 250.0).abs() < 1e-12);
        position.update(0, view(100), Moment::Unknown, &config);
        assert!((position.ahead - 100.0).abs() < 1e-12);
    }

    #[test]
    fn out_of_view_the_position_is_held() {
        let config = Config::default();
        let hidden = View {
            depth: Depth::Best,
            size: None,
        };
        let shown = View {
            size: Some(80),
            ..hidden
        };
        let place = order(0).place;
        let mut position = Position::new("a", place, 0, hidden, OPEN);
        position.update(0, shown, Moment::Seen, &config);
        assert!((position.ahead - 80.0).abs() < 1e-12, "first in view");
        position.update(10, hidden, Moment::Seen, &config);
        assert!((position.ahead - 70.0).abs() < 1e-12);
        position.update(
            0,
            View {
                size: Some(35),
                ..hidden
            },
            Moment::Seen,
            &config,
        );
        assert!((position.ahead - 35.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn ahead_stays_within_what_is_visible_and_never_grows(
            start in 0_i64..10_000,
            steps in prop::collection::vec((0_i64..2_000, 0_i64..10_000, any::<bool>()), 1..30),
            which in 0_usize..3,
            power in 0.1_f64..8.0,
        ) {
            let queue_model = [QueueModel::RiskAverse, QueueModel::ProbPower, QueueModel::ProbLog][which];
            let config = Config { queue_model, queue_power_n: power, ..Config::default() };
            let mut position = order(start);
            for (matched, size, known) in steps {
                let before = position.ahead;
                let moment = if known { Moment::Seen } else { Moment::Unknown };
                position.update(matched, view(size), moment, &config);
                prop_assert!(position.ahead >= 0.0 && position.ahead <= float(size));
                prop_assert!(position.ahead <= (before - float(matched)).max(0.0));
            }
        }
    }
}
