//! Trials: orders that nobody placed, followed to see what the fill model gets wrong in a market
//! (docs/signals.md, "Trials").

use super::log_logistic::{Joining, RunnerNow, probability};
use super::matched::{RunnerTrade, Trade, float};
use super::queue::{Moment, Place, Position, View};
use super::rate::{age_ms, decay};
use crate::config::Config;
use crate::ladder::Centi;
use crate::market::Side;

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

    /// Brings a runner's trial of one side past a message that named it; what goes on or starts then.
    pub(crate) fn follow(
        &mut self,
        trial: Option<Trial>,
        side: Side,
        now: RunnerNow<'_>,
        trades: &[RunnerTrade],
        is_open: bool,
    ) -> Option<Trial> {
        if !is_open {
            return None;
        }
        if let Some(trial) = trial.filter(|trial| trial.epoch == self.epoch) {
            let going_on = self.end_or_advance(trial, now, trades);
            if going_on.is_some() {
                return going_on;
            }
        }
        self.start(side, now)
    }

    /// The trial where it goes on after the message; one that ends is counted.
    fn end_or_advance(
        &mut self,
        mut trial: Trial,
        now: RunnerNow<'_>,
        trades: &[RunnerTrade],
    ) -> Option<Trial> {
        let Place {
            runner, side, price, ..
        } = trial.position.place;
        let of_runner = trades.iter().filter(|of| of.runner == runner).map(|of| &of.trade);
        let is_over = now.now_ms.saturating_sub(trial.since_ms) > now.config.trial_horizon_ms;
        let is_filled = !is_over && trial.is_filled(of_runner.clone());
        if is_over || is_filled {
            self.add(trial.expected, is_filled, now.now_ms, now.config.trial_window_s);
            return None;
        }
        let at_price = of_runner.filter(|trade| trade.price == price);
        let matched: Centi = at_price.map(|trade| trade.of(side)).sum();
        let view = View {
            depth: now.depth,
            size: now.runner.available(side.opposite(), now.depth).in_view(price),
        };
        trial.position.update(matched, view, Moment::Seen, now.config);
        Some(trial)
    }

    /// One of a mean trade at the best price of a side, where the model has an estimate, and the book two
    /// sides that are not crossed.
    fn start(&self, side: Side, now: RunnerNow<'_>) -> Option<Trial> {
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
