//! Drift of the microprice: a fast average minus a slow one.

use super::rate::{age_ms, decay};
use crate::config::Config;

/// Averages of one runner's microprice, in ticks.
#[derive(Debug, Default)]
pub(crate) struct Trend {
    state: Option<State>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    /// The value in force.
    value: f64,
    fast: f64,
    slow: f64,
    at_ms: i64,
}

impl State {
    /// The averages after the value in force has lasted until `at_ms`.
    fn forward(self, at_ms: i64, config: &Config) -> Self {
        let age = age_ms(at_ms, self.at_ms);
        let towards = |average: f64, window_s| self.value + (average - self.value) * decay(age, window_s);
        Self {
            fast: towards(self.fast, config.trend_fast_s),
            slow: towards(self.slow, config.trend_slow_s),
            at_ms: self.at_ms.max(at_ms),
            ..self
        }
    }
}

impl Trend {
    // The same value again changes nothing: equal is meant to the last bit.
    #[allow(clippy::float_cmp)]
    pub(crate) fn observe(&mut self, ticks: f64, at_ms: i64, config: &Config) {
        self.state = Some(match self.state {
            None => State {
                value: ticks,
                fast: ticks,
                slow: ticks,
                at_ms,
            },
            Some(state) if state.value == ticks => return,
            Some(state) => State {
                value: ticks,
                ..state.forward(at_ms, config)
            },
        });
    }

    /// Ticks per second; 0 before the first value.
    pub(crate) fn drift(&self, now_ms: i64, config: &Config) -> f64 {
        self.state.map_or(0.0, |state| {
            let State { fast, slow, .. } = state.forward(now_ms, config);
            (fast - slow) / (config.trend_slow_s - config.trend_fast_s)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_drift_is_told_once_settled() {
        let config = Config::default();
        for per_s in [3.0, -0.5] {
            let mut trend = Trend::default();
            for i in 0..40_000_i32 {
                trend.observe(f64::from(i) * 0.01 * per_s, i64::from(i) * 10, &config);
            }
            assert!((trend.drift(399_990, &config) - per_s).abs() < 0.01);
        }
    }

    #[test]
    fn a_step_is_forgotten() {
        let config = Config::default();
        let mut trend = Trend::default();
        trend.observe(10.0, 0, &config);
        assert_eq!(trend.drift(5_000, &config).to_bits(), 0);
        trend.observe(20.0, 5_000, &config);
        assert_eq!(trend.drift(5_000, &config).to_bits(), 0, "nothing has lasted yet");
        let wanted = 10.0 * ((-0.1_f64).exp() - (-1.0_f64).exp()) / 18.0;
        assert!((trend.drift(7_000, &config) - wanted).abs() < 1e-12);
        assert!(trend.drift(1_000_000, &config).abs() < 1e-12);
    }
}
