//! Trials: orders that nobody placed, followed to see what the fill model gets wrong in a market
//! (docs/signals.md, "Trials").

use super::log_logistic::{Joining, RunnerNow, probability};
use super::matched::{RunnerTrade, Trade, float};
use super::queue::{Moment, Place, Position, View};
use super::rate::{age_ms, decay};
use crate::config::Config;
use crate::ladder::Centi;
use crate::market::{Depth, Side};

/// One order that is followed.
#[derive(Debug)]
pub(crate) struct Trial {
    position: Position,
    /// What is still to be matched of it, hundredths.
    left: f64,
    /// The probability of a fill within the horizon, as the model gave it uncorrected.
    expected: f64,
    since_ms: i64,
    /// The market's when it started: in another one nothing is known of it.
    epoch: u64,
    /// It was filled; the next one starts when its horizon is over all the same.
    has_counted: bool,
}

impl Trial {
    /// Whether the trades of a message reach the last of it: they take from what is ahead of it first, and
    /// those at worse prices go through it.
    fn is_filled<'a>(&mut self, trades: impl Iterator<Item = &'a Trade> + Clone) -> bool {
        let Place { side, price, .. } = self.position.place;
        for trade in trades.clone() {
            let is_worse = match side {
                Side::Back => trade.price > price,
                Side::Lay => trade.price < price,
            };
            if is_worse && trade.of(side) > 0 {
                self.position.ahead = 0.0;
                self.left -= float(trade.of(side));
            }
        }
        if let Some(trade) = trades.into_iter().find(|trade| trade.price == price) {
            self.left -= (float(trade.of(side)) - self.position.ahead).max(0.0);
        }
        self.left <= 0.0
    }

    /// Whether a message without trades says nothing of it: most are about other prices. Not so on a screen,
    /// where a price can come into view.
    fn shows_nothing_new(&self, now: &RunnerNow<'_>) -> bool {
        now.depth == Depth::Full
            && self.position.depth() == Depth::Full
            && !now.runner.has_changed(self.position.place.price)
    }

    /// What the message did to what is ahead of it.
    fn advance<'a>(&mut self, now: &RunnerNow<'_>, trades: impl Iterator<Item = &'a Trade>) {
        let Place { side, price, .. } = self.position.place;
        let matched: Centi = trades
            .filter(|trade| trade.price == price)
            .map(|trade| trade.of(side))
            .sum();
        let shown = now.runner.available(side.opposite(), now.depth);
        let view = View {
            depth: now.depth,
            size: shown.in_view(price),
        };
        self.position.update(matched, view, Moment::Seen, now.config);
    }
}

/// Of one market: which trials count, and what became of those that ended.
#[derive(Debug, Default)]
pub(crate) struct MarketTrials {
    epoch: u64,
    /// How many ended, how many of them were to be filled and how many were; they fade with their age.
    count: f64,
    expected: f64,
    filled: f64,
    at_ms: Option<i64>,
}

impl MarketTrials {
    /// What becomes of the trials under way cannot be told any more.
    pub(crate) fn void(&mut self) {
        self.epoch += 1;
    }

    fn add(&mut self, expected: f64, is_filled: bool, at_ms: i64, window_s: f64) {
        if let Some(before_ms) = self.at_ms {
            let left = decay(age_ms(at_ms, before_ms), window_s);
            self.count *= left;
            self.expected *= left;
            self.filled *= left;
        }
        self.at_ms = self.at_ms.max(Some(at_ms));
        self.count += 1.0;
        self.expected += expected;
        self.filled += f64::from(u8::from(is_filled));
    }

    /// ln of what the odds of a fill are to be multiplied by: the odds of what was filled over those of what
    /// was expected, each with `trial_prior` more filled, so that few trials say little.
    pub(crate) fn log_odds(&self, now_ms: i64, config: &Config) -> f64 {
        let Some(at_ms) = self.at_ms else {
            return 0.0;
        };
        let left = decay(age_ms(now_ms, at_ms), config.trial_window_s);
        let (count, expected, filled) = (self.count * left, self.expected * left, self.filled * left);
        let prior = config.trial_prior;
        ((prior + filled) / (prior + count - filled)).ln()
            - ((prior + expected) / (prior + count - expected)).ln()
    }

    /// Brings a runner's trial past a message that named it, and starts the next one when it is due.
    pub(crate) fn follow(
        &mut self,
        trial: &mut Option<Trial>,
        now: &RunnerNow<'_>,
        trades: &[RunnerTrade],
        is_open: bool,
    ) {
        if !is_open {
            return;
        }
        let mut side = Side::Back;
        if let Some(last) = trial {
            if last.epoch == self.epoch && self.is_under_way(last, now, trades) {
                return;
            }
            side = last.position.place.side.opposite();
        }
        if let Some(next) = self.start(side, now) {
            *trial = Some(next);
        }
    }

    /// Whether a trial's time goes on after the message; what becomes of it is counted once.
    fn is_under_way(&mut self, trial: &mut Trial, now: &RunnerNow<'_>, trades: &[RunnerTrade]) -> bool {
        let is_over = now.now_ms.saturating_sub(trial.since_ms) > now.config.trial_horizon_ms;
        if trial.has_counted || !is_over && trades.is_empty() && trial.shows_nothing_new(now) {
            return !is_over;
        }
        let runner = trial.position.place.runner;
        let of_runner = trades.iter().filter(|of| of.runner == runner).map(|of| &of.trade);
        let is_filled = !is_over && trial.is_filled(of_runner.clone());
        if is_over || is_filled {
            trial.has_counted = true;
            let window_s = now.config.trial_window_s;
            self.add(trial.expected, is_filled, now.now_ms, window_s);
            return !is_over;
        }
        trial.advance(now, of_runner);
        true
    }

    /// One of a mean trade at the best price of a side, where there was trading of late, the model has an
    /// estimate, and the book two sides that are not crossed.
    fn start(&self, side: Side, now: &RunnerNow<'_>) -> Option<Trial> {
        let traded_ms = now.runner.signals.last_traded_ms?;
        if age_ms(now.now_ms, traded_ms) > now.config.trial_horizon_ms {
            return None;
        }
        let (back, lay) = (now.best(Side::Lay)?, now.best(Side::Back)?);
        if back >= lay || !now.is_observed() {
            return None;
        }
        let price = match side {
            Side::Back => lay,
            Side::Lay => back,
        };
        let stake = whole(now.runner.signals.trade_size.mean()?);
        let order = Joining {
            side,
            price,
            size: stake,
        };
        let log_median_s = now.log_median_s(order)?;
        let place = Place {
            runner: now.runner.key(),
            side,
            price,
        };
        let view = View {
            depth: now.depth,
            size: Some(now.ahead(side, price)),
        };
        let config = now.config;
        let shape = config.log_logistic.shape;
        Some(Trial {
            position: Position::new("", place, 0, view, true),
            left: float(stake),
            expected: probability(log_median_s, config.trial_horizon_ms, shape, 0.0),
            since_ms: now.now_ms,
            epoch: self.epoch,
            has_counted: false,
        })
    }
}

/// A mean trade in whole hundredths, 1 at least.
fn whole(mean: f64) -> Centi {
    // Sizes are far below 2^63.
    #[allow(clippy::cast_possible_truncation)]
    let size = (mean + 0.5).floor() as Centi;
    size.max(1)
}
