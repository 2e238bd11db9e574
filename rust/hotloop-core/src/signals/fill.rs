//! Fill probability and time to fill of an order that joins a queue now.

use super::gamma::lower_regularised;
use super::log_logistic::{self, Joining, RunnerNow};
use super::matched::float;
use crate::config::{Config, FillModel};
use crate::ladder::Centi;

/// What an estimate is made from.
#[derive(Debug, Clone, Copy)]
struct Work {
    /// Size to be matched before the order is filled whole, itself included; hundredths.
    size: Centi,
    /// Matched volume per second at that price and side, hundredths; above 0.
    rate_per_s: f64,
    /// Mean trade size, hundredths; above 0.
    trade_size: f64,
}

impl Work {
    /// What is matched within the horizon on average.
    fn reached(&self, horizon_ms: i64) -> f64 {
        self.rate_per_s * float(horizon_ms) / 1_000.0
    }
}

impl RunnerNow<'_> {
    /// (probability of a fill within the horizon, milliseconds to it) of an order that joins now, by the model
    /// of the configuration; none where nothing is known of trading. `log_odds` corrects `log_logistic`.
    pub(crate) fn estimate(&self, order: Joining, horizon_ms: i64, log_odds: f64) -> Option<(f64, f64)> {
        let config = self.config;
        let model = match config.fill_model {
            FillModel::LogLogistic => {
                let log_median_s = self.log_median_s(order)?;
                let shape = config.log_logistic.shape;
                return Some((
                    log_logistic::probability(log_median_s, horizon_ms, shape, log_odds),
                    log_logistic::median_ms(log_median_s, shape, log_odds, config.max_ttf_ms),
                ));
            }
            FillModel::Erlang => erlang,
            FillModel::Exponential => exponential,
        };
        let Joining { side, price, size } = order;
        let signals = &self.runner.signals;
        let work = Work {
            size: self.ahead(side, price).saturating_add(size),
            rate_per_s: signals
                .rates
                .read(Some(side), Some(price), self.now_ms, config.queue_window_s),
            trade_size: signals.trade_size.mean()?,
        };
        if work.rate_per_s <= 0.0 {
            return None;
        }
        let (size, p_fill) = model(work, horizon_ms);
        let ttf_ms = 1_000.0 * size / work.rate_per_s;
        Some((p_fill, ttf_ms.min(float(config.max_ttf_ms))))
    }
}

/// What has to be matched, and the probability that it is within the horizon: trades of the mean size arrive
/// one by one.
fn erlang(work: Work, horizon_ms: i64) -> (f64, f64) {
    // However short the queue, one trade has to come (docs/decisions/0005).
    let size = float(work.size).max(work.trade_size);
    let reached = work.reached(horizon_ms);
    (
        size,
        lower_regularised(size / work.trade_size, reached / work.trade_size),
    )
}

/// The same of one waiting time for all that is ahead.
fn exponential(work: Work, horizon_ms: i64) -> (f64, f64) {
    let (size, reached) = (float(work.size), work.reached(horizon_ms));
    let p_fill = match work.size {
        0 if reached > 0.0 => 1.0,
        0 => 0.0,
        _ => -(-reached / size).exp_m1(),
    };
    (size, p_fill)
}

/// The estimate where nothing is known of trading.
pub(crate) fn never(config: &Config) -> (f64, f64) {
    (0.0, float(config.max_ttf_ms))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn work(size: Centi, rate_per_s: f64, trade_size: f64) -> Work {
        Work {
            size,
            rate_per_s,
            trade_size,
        }
    }

    #[test]
    fn the_erlang_of_one_trade_is_the_exponential() {
        let one = work(500, 100.0, 500.0);
        let (size, p_erlang) = erlang(one, 5_000);
        let (alike, p_exponential) = exponential(one, 5_000);
        assert!((p_erlang - p_exponential).abs() < 1e-14);
        assert!((size - 500.0).abs() < 1e-9 && (alike - 500.0).abs() < 1e-9);
    }

    #[test]
    fn a_queue_shorter_than_a_trade_still_needs_one() {
        let one = erlang(work(500, 100.0, 500.0), 1_000);
        for size in [0, 1, 499] {
            assert_eq!(erlang(work(size, 100.0, 500.0), 1_000), one);
        }
        assert!((one.1 - 0.181_269_246_922).abs() < 1e-12 && (one.0 - 500.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_to_wait_for() {
        assert_eq!(exponential(work(0, 1.0, 1.0), 1), (0.0, 1.0));
        assert_eq!(exponential(work(0, 1.0, 1.0), 0), (0.0, 0.0));
    }

    proptest! {
        #[test]
        fn probabilities_rise_with_the_horizon_and_fall_with_the_queue(
            size in 0_i64..10_000_000,
            rate in 1e-6_f64..1e6,
            trade in 1.0_f64..1e6,
            horizon in 0_i64..100_000,
            more in 1_i64..1_000_000,
        ) {
            for model in [erlang, exponential] {
                let (needed, p) = model(work(size, rate, trade), horizon);
                prop_assert!((0.0..=1.0).contains(&p) && needed >= 0.0);
                let (_, later) = model(work(size, rate, trade), horizon + more);
                let (more_needed, behind) = model(work(size + more, rate, trade), horizon);
                prop_assert!(later >= p - 1e-12 && behind <= p + 1e-12 && more_needed >= needed);
            }
        }
    }
}
