//! Fill model `log_logistic`: docs/signals.md, "Fill probability and time to fill".
//!
//! The time to a fill is log-logistic around a median whose logarithm is linear in what the book and the
//! trading of late show.

use super::matched::float;
use super::rate::age_ms;
use crate::config::Config;
use crate::ladder::{Centi, Ladder};
use crate::market::{Depth, Side};
use crate::runner::RunnerBook;

/// Added before a logarithm, so that nothing at all is a number as well.
const WORK_ADDED: f64 = 0.1;
const TRADES_ADDED: f64 = 0.001;
const RATE_ADDED: f64 = 0.002;
const TRAVEL_ADDED: f64 = 0.005;
/// Smaller mean trades are taken as this.
const MEAN_TRADE_MIN: f64 = 50.0;
const BEHIND_MIN: f64 = -10.0;
const BEHIND_MAX: f64 = 50.0;
const SPREAD_MIN: f64 = 1.0;
const SPREAD_MAX: f64 = 100.0;
/// Where one side of the book is empty, or a best price off the ladder.
const SPREAD_UNKNOWN: f64 = 10.0;

/// The model's parameters; the names are those of the configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficients {
    /// How narrow the time is around its median.
    pub shape: f64,
    /// ln of the median in seconds where every feature is 0.
    pub intercept: f64,
    /// Of ln((Q + x)/s̄ + 0.1).
    pub work: f64,
    /// Of ln(N/w + 0.001).
    pub trades: f64,
    /// Of ln(r/s̄ + 0.002), r of all prices of the side.
    pub side_rate: f64,
    /// The same of the order's price.
    pub price_rate: f64,
    /// Of the ticks behind the best price of the side.
    pub behind: f64,
    /// Of ln of the spread in ticks.
    pub spread: f64,
    /// Of ln(V/w + 0.005).
    pub travel: f64,
}

impl Default for Coefficients {
    fn default() -> Self {
        Self {
            shape: 1.13,
            intercept: 1.51,
            work: 0.45,
            trades: -0.26,
            side_rate: -0.18,
            price_rate: -0.14,
            behind: 0.63,
            spread: 0.37,
            travel: -0.42,
        }
    }
}

/// An order that joins now; hundredths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Joining {
    pub side: Side,
    pub price: Centi,
    pub size: Centi,
}

/// A runner and what it is read with.
#[derive(Clone, Copy)]
pub(crate) struct RunnerNow<'a> {
    pub runner: &'a RunnerBook,
    pub ladder: Ladder,
    pub depth: Depth,
    pub now_ms: i64,
    pub config: &'a Config,
}

impl RunnerNow<'_> {
    /// Whether it was watched for `min_obs_s`.
    pub(crate) fn is_observed(&self) -> bool {
        let since_ms = self.runner.signals.observed_since_ms;
        since_ms
            .is_some_and(|since_ms| float(age_ms(self.now_ms, since_ms)) >= self.config.min_obs_s * 1_000.0)
    }

    /// The best price at which orders of a side rest.
    pub(crate) fn best(&self, side: Side) -> Option<Centi> {
        let best = self.runner.available(side.opposite(), self.depth).best();
        best.map(|level| level.price)
    }

    /// What is visible at a price where orders of a side rest.
    pub(crate) fn ahead(&self, side: Side, price: Centi) -> Centi {
        self.runner.available(side.opposite(), self.depth).size_at(price)
    }

    /// ln of the median time to the order's fill in seconds, as fitted. None before the first trade, and where
    /// no order can rest.
    pub(crate) fn log_median_s(&self, order: Joining) -> Option<f64> {
        let Self { ladder, config, .. } = *self;
        let signals = &self.runner.signals;
        let mean = signals.trade_size.mean()?.max(MEAN_TRADE_MIN);
        ladder.tick_of(order.price)?;
        let Coefficients {
            shape: _,
            intercept,
            work,
            trades,
            side_rate,
            price_rate,
            behind,
            spread,
            travel,
        } = config.log_logistic;
        let window_s = config.trade_size_window_s;
        let rate = |price| {
            let per_s = signals
                .rates
                .read(Some(order.side), price, self.now_ms, config.queue_window_s);
            (per_s / mean + RATE_ADDED).ln()
        };
        let (backs, lays) = (self.best(Side::Back), self.best(Side::Lay));
        let own = match order.side {
            Side::Back => backs,
            Side::Lay => lays,
        };
        let size = float(self.ahead(order.side, order.price).saturating_add(order.size));
        let terms = [
            (work, (size / mean + WORK_ADDED).ln()),
            (
                trades,
                (signals.trade_size.per_s(self.now_ms, window_s) + TRADES_ADDED).ln(),
            ),
            (side_rate, rate(None)),
            (price_rate, rate(Some(order.price))),
            (behind, ticks_behind(ladder, own, order)),
            (spread, log_spread(ladder, lays, backs)),
            (
                travel,
                (signals.travel.read(self.now_ms, window_s) / window_s + TRAVEL_ADDED).ln(),
            ),
        ];
        Some(terms.into_iter().fold(intercept, |sum, (coefficient, feature)| {
            sum + coefficient * feature
        }))
    }
}

/// P(T ≤ horizon), its odds multiplied by e^`log_odds`.
pub(crate) fn probability(log_median_s: f64, horizon_ms: i64, shape: f64, log_odds: f64) -> f64 {
    if horizon_ms <= 0 {
        return 0.0;
    }
    let z = shape * (log_median_s - (float(horizon_ms) / 1_000.0).ln()) - log_odds;
    if z > 0.0 {
        // Never e to a large power.
        let part = (-z).exp();
        return part / (1.0 + part);
    }
    1.0 / (1.0 + z.exp())
}

/// The time by which a fill is as likely as not, at most `max_ms`.
pub(crate) fn median_ms(log_median_s: f64, shape: f64, log_odds: f64, max_ms: i64) -> f64 {
    let log_ms = log_median_s - log_odds / shape + 1_000.0_f64.ln();
    let max_ms = float(max_ms);
    if log_ms >= max_ms.ln() {
        return max_ms;
    }
    log_ms.exp()
}

/// Ticks from one price up to another, negative the other way round; on FINEST as many of the steps that
/// CLASSIC has at the lower one. None where a price is off the ladder.
pub(crate) fn steps(ladder: Ladder, low: Centi, high: Centi) -> Option<f64> {
    let ticks = float(ladder.ticks_between(low, high)?);
    Some(match ladder {
        Ladder::Finest => ticks / float(Ladder::classic_step(low.min(high))),
        Ladder::Classic | Ladder::LineRange(_) => ticks,
    })
}

fn log_spread(ladder: Ladder, back: Option<Centi>, lay: Option<Centi>) -> f64 {
    let ticks = back.zip(lay).and_then(|(back, lay)| steps(ladder, back, lay));
    ticks.unwrap_or(SPREAD_UNKNOWN).clamp(SPREAD_MIN, SPREAD_MAX).ln()
}

/// A back rests behind a lower price, a lay behind a higher one; 0 where nothing rests on that side.
fn ticks_behind(ladder: Ladder, best: Option<Centi>, order: Joining) -> f64 {
    let ticks = best.and_then(|best| match order.side {
        Side::Back => steps(ladder, best, order.price),
        Side::Lay => steps(ladder, order.price, best),
    });
    ticks.map_or(0.0, |ticks| ticks.clamp(BEHIND_MIN, BEHIND_MAX))
}
