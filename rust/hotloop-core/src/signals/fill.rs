//! Fill probability and time to fill of an order that joins a queue now.

use super::gamma::lower_regularised;
use super::matched::float;
use crate::config::{Config, FillModel};
use crate::ladder::Centi;

/// What an estimate is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    /// Size to be matched before the order is filled whole, itself included; hundredths.
    pub size: Centi,
    /// Matched volume per second at that price and side, hundredths.
    pub rate_per_s: f64,
    /// Mean trade size, hundredths; above 0.
    pub trade_size: f64,
}

/// (probability of a fill within the horizon, expected milliseconds until it).
pub(crate) fn estimate(work: Work, horizon_ms: i64, config: &Config) -> (f64, f64) {
    if work.rate_per_s <= 0.0 {
        return never(config);
    }
    let reached = work.rate_per_s * float(horizon_ms) / 1_000.0;
    let (size, p_fill) = match config.fill_model {
        FillModel::Erlang => {
            // However short the queue, one trade has to come (docs/decisions/0005).
            let size = float(work.size).max(work.trade_size);
            let p_fill = lower_regularised(size / work.trade_size, reached / work.trade_size);
            (size, p_fill)
        }
        FillModel::Exponential => (float(work.size), exponential(work.size, reached)),
    };
    let ttf_ms = 1_000.0 * size / work.rate_per_s;
    (p_fill, ttf_ms.min(float(config.max_ttf_ms)))
}

fn exponential(size: Centi, reached: f64) -> f64 {
    match size {
        0 if reached > 0.0 => 1.0,
        0 => 0.0,
        _ => -(-reached / float(size)).exp_m1(),
    }
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

    fn exponential() -> Config {
        Config {
            fill_model: FillModel::Exponential,
            ..Config::default()
        }
    }

    #[test]
    fn the_erlang_of_one_trade_is_the_exponential() {
        let one = work(500, 100.0, 500.0);
        let (erlang, _) = estimate(one, 5_000, &Config::default());
        let (exponential, ttf_ms) = estimate(one, 5_000, &exponential());
        assert!((erlang - exponential).abs() < 1e-14);
        assert!((ttf_ms - 5_000.0).abs() < 1e-9);
    }

    #[test]
    fn a_queue_shorter_than_a_trade_still_needs_one() {
        let config = Config::default();
        let (one, ttf_ms) = estimate(work(500, 100.0, 500.0), 1_000, &config);
        for size in [0, 1, 499] {
            assert_eq!(estimate(work(size, 100.0, 500.0), 1_000, &config), (one, ttf_ms));
        }
        assert!((one - 0.181_269_246_922).abs() < 1e-12 && (ttf_ms - 5_000.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_to_wait_for() {
        let config = exponential();
        assert_eq!(estimate(work(0, 1.0, 1.0), 1, &config), (1.0, 0.0));
        assert_eq!(estimate(work(0, 1.0, 1.0), 0, &config), (0.0, 0.0));
        for config in [config, Config::default()] {
            assert_eq!(estimate(work(0, 0.0, 1.0), 1, &config), (0.0, 600_000.0));
        }
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
            for config in [Config::default(), exponential()] {
                let (p, ttf_ms) = estimate(work(size, rate, trade), horizon, &config);
                prop_assert!((0.0..=1.0).contains(&p));
                prop_assert!((0.0..=600_000.0).contains(&ttf_ms));
                let (later, _) = estimate(work(size, rate, trade), horizon + more, &config);
                let (behind, longer_ms) = estimate(work(size + more, rate, trade), horizon, &config);
                prop_assert!(later >= p - 1e-12 && behind <= p + 1e-12 && longer_ms >= ttf_ms);
            }
        }
    }
}
