//! What is read of the signals. Without a market, a runner or a time of it: the neutral value.

use super::fill::never;
use super::log_logistic::{Joining, RunnerNow};
use crate::error::Error;
use crate::ladder::Centi;
use crate::market::{MarketBook, Side};
use crate::message::RunnerKey;
use crate::orders::{amount, refused};
use crate::rows::SIZE_MAX;
use crate::runner::RunnerBook;
use crate::state::HotloopCore;

impl HotloopCore {
    /// The market, the runner and the time to read at: the market's own where the caller has none.
    fn at(
        &self,
        market_id: &str,
        key: RunnerKey,
        now_ms: Option<i64>,
    ) -> Option<(&MarketBook, &RunnerBook, i64)> {
        let market = self.store.get(market_id)?;
        Some((market, market.runner(key)?, now_ms.or(market.pt_ms())?))
    }

    /// What the market's last message (the last applied with an entry of it) matched of a runner: (price,
    /// stake of the backs that rested there, stake of the lays), prices ascending.
    #[must_use]
    pub fn last_trades(&self, market_id: &str, key: RunnerKey) -> Vec<(Centi, Centi, Centi)> {
        let market = self.store.get(market_id);
        let trades = market.into_iter().flat_map(|market| market.trades_of(key));
        trades.map(|trade| (trade.price, trade.back, trade.lay)).collect()
    }

    /// Whether the market's last message (the last applied with an entry of it) had an image of it or
    /// turned it in-play: then the sizes before that message and after it do not compare.
    #[must_use]
    pub fn book_upset(&self, market_id: &str) -> bool {
        let market = self.store.get(market_id);
        market.is_some_and(|market| market.is_upset(market.message))
    }

    /// Matched volume, hundredths per second, of orders that rested on `side` (none: both) at `price` (none: all).
    #[must_use]
    pub fn match_rate(
        &self,
        market_id: &str,
        key: RunnerKey,
        side: Option<Side>,
        price: Option<Centi>,
        now_ms: Option<i64>,
    ) -> f64 {
        let window_s = self.config.queue_window_s;
        self.at(market_id, key, now_ms)
            .map_or(0.0, |(_, runner, now_ms)| {
                runner.signals.rates.read(side, price, now_ms, window_s)
            })
    }

    /// (probability of a fill within `horizon_ms`, expected milliseconds to it) of an order of
    /// `size` that joins now, resting on `side` at `price`.
    ///
    /// # Errors
    /// [`Error::Argument`] for a size out of range and a negative horizon.
    #[allow(clippy::too_many_arguments, clippy::similar_names)] // a size rests on a side
    pub fn fill_estimate(
        &self,
        market_id: &str,
        key: RunnerKey,
        side: Side,
        price: Centi,
        size: f64,
        horizon_ms: Option<i64>,
        now_ms: Option<i64>,
    ) -> Result<(f64, f64), Error> {
        let size = amount("size", size, SIZE_MAX)?;
        let horizon_ms = horizon_ms.unwrap_or(self.config.fill_horizon_ms);
        if horizon_ms < 0 {
            return Err(refused("horizon_ms", "is negative"));
        }
        let found = self
            .at(market_id, key, now_ms)
            .and_then(|(market, runner, now_ms)| {
                let now = RunnerNow {
                    runner,
                    ladder: market.ladder(),
                    depth: market.depth(self.config.book_source),
                    now_ms,
                    config: &self.config,
                };
                let order = Joining { side, price, size };
                let log_odds = market.trial_log_odds(now_ms, &self.config);
                now.is_observed()
                    .then(|| now.estimate(order, horizon_ms, log_odds))?
            });
        Ok(found.unwrap_or_else(|| never(&self.config)))
    }

    /// The side rested that is being swept.
    #[must_use]
    pub fn sweep_side(&self, market_id: &str, key: RunnerKey, now_ms: Option<i64>) -> Option<Side> {
        let (_, runner, now_ms) = self.at(market_id, key, now_ms)?;
        runner.signals.sweep.side(now_ms, &self.config)
    }

    /// 1 for a big move up, −1 for one down, 0 for none.
    #[must_use]
    pub fn big_move_direction(&self, market_id: &str, key: RunnerKey, now_ms: Option<i64>) -> i64 {
        self.at(market_id, key, now_ms).map_or(0, |(_, runner, now_ms)| {
            runner.signals.moves.direction(now_ms, &self.config)
        })
    }

    /// Drift of the microprice, ticks per second.
    #[must_use]
    pub fn trend(&self, market_id: &str, key: RunnerKey, now_ms: Option<i64>) -> f64 {
        self.at(market_id, key, now_ms)
            .map_or(0.0, |(_, runner, now_ms)| {
                runner.signals.trend.drift(now_ms, &self.config)
            })
    }

    /// Whether a runner was removed with a reduction factor of late.
    #[must_use]
    pub fn has_recent_reduction(&self, market_id: &str, now_ms: Option<i64>) -> bool {
        self.store.get(market_id).is_some_and(|market| {
            let now_ms = now_ms.or(market.pt_ms());
            now_ms.is_some_and(|now_ms| market.has_reduction_within(now_ms, self.config.rf_window_s))
        })
    }
}
