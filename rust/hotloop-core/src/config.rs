//! The `hotloop:` block of the configuration, validated as a whole: all of it or nothing.
//!
//! Keys, ranges and defaults are the table of docs/signals.md, "Configuration".

mod section;

use serde_json::Value;

use crate::error::Error;
use crate::ladder::{Centi, hundredths};
pub use crate::signals::log_logistic::Coefficients;
use section::{Section, refusal};

/// How an unexplained decrease of a queue is split around an order in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueueModel {
    /// Only trades move an order forward.
    RiskAverse,
    /// `b^n / (b^n + f^n)` from behind.
    #[default]
    ProbPower,
    /// `ln(1+b) / (ln(1+b) + ln(1+f))` from behind.
    ProbLog,
}

/// How the probability of a fill is worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FillModel {
    /// Fitted; corrects itself by trials.
    #[default]
    LogLogistic,
    /// Trades of the mean size arrive one by one: gamma distributed.
    Erlang,
    /// One exponential waiting time for all that is ahead.
    Exponential,
}

/// Which arrays books are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BookSource {
    /// The fullest kind the market has shown a row of.
    #[default]
    Auto,
    /// `atb`/`atl`.
    Full,
    /// `batb`/`batl`.
    Best,
    /// `bdatb`/`bdatl`.
    Display,
}

/// Validated settings, units in the names.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Time constant of matched rates, seconds.
    pub queue_window_s: f64,
    /// See [`QueueModel`].
    pub queue_model: QueueModel,
    /// Exponent n of [`QueueModel::ProbPower`].
    pub queue_power_n: f64,
    /// See [`FillModel`].
    pub fill_model: FillModel,
    /// Horizon of a fill probability where the caller names none.
    pub fill_horizon_ms: i64,
    /// Time constant of the mean trade size, seconds.
    pub trade_size_window_s: f64,
    /// Parameters of [`FillModel::LogLogistic`].
    pub log_logistic: Coefficients,
    /// A trial is followed for so long; then comes the next.
    pub trial_horizon_ms: i64,
    /// Time constant with which ended trials of a market fade, seconds.
    pub trial_window_s: f64,
    /// The more, the less few trials say.
    pub trial_prior: f64,
    /// How far a drop of resting size may be from a trade it is taken for, hundredths.
    pub drop_tolerance: Centi,
    /// So many levels rising a little at once are a revaluation.
    pub revaluation_levels: usize,
    /// What is "a little", percent of what was there.
    pub revaluation_percent: f64,
    /// Observation a runner needs before fill estimates mean anything, seconds.
    pub min_obs_s: f64,
    /// Cap of time-to-fill estimates.
    pub max_ttf_ms: i64,
    /// See [`BookSource`].
    pub book_source: BookSource,
    /// Price levels whose consumption is a sweep.
    pub sweep_levels: usize,
    /// Within this time.
    pub sweep_window_ms: i64,
    /// Ticks that are a big move.
    pub big_move_ticks: i64,
    /// Within this time.
    pub big_move_window_ms: i64,
    /// How long a removed runner's reduction factor is recent, seconds.
    pub rf_window_s: f64,
    /// Time constant of the fast average of the microprice, seconds.
    pub trend_fast_s: f64,
    /// Time constant of the slow one; above the fast one.
    pub trend_slow_s: f64,
    /// Counters are due each time so many messages were read; 0 for never.
    pub counters_every: u64,
    /// Most markets held at once.
    pub max_markets: usize,
    /// Most queue positions held at once.
    pub max_orders: usize,
    /// How long a closed market is kept, by publish time.
    pub closed_retention_ms: i64,
    /// Largest segmented message, bytes of its lines together.
    pub max_segment_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            queue_window_s: 10.0,
            queue_model: QueueModel::default(),
            queue_power_n: 2.0,
            fill_model: FillModel::default(),
            fill_horizon_ms: 5_000,
            trade_size_window_s: 60.0,
            log_logistic: Coefficients::default(),
            trial_horizon_ms: 30_000,
            trial_window_s: 1_800.0,
            trial_prior: 3.0,
            drop_tolerance: 2,
            revaluation_levels: 8,
            revaluation_percent: 0.5,
            min_obs_s: 5.0,
            max_ttf_ms: 600_000,
            book_source: BookSource::default(),
            sweep_levels: 3,
            sweep_window_ms: 1_000,
            big_move_ticks: 5,
            big_move_window_ms: 2_000,
            rf_window_s: 300.0,
            trend_fast_s: 2.0,
            trend_slow_s: 20.0,
            counters_every: 10_000,
            max_markets: 5_000,
            max_orders: 5_000,
            closed_retention_ms: 3_600_000,
            max_segment_bytes: 64 << 20,
        }
    }
}

/// Most price levels a sweep can be asked to have: each side of each runner remembers so many.
const SWEEP_LEVELS_MAX: i64 = 64;
/// Largest exponent: sizes to its power stay within a double.
const POWER_N_MAX: f64 = 8.0;
/// Of the fill model: beyond, a power of e is no number any more.
const COEFFICIENT_MAX: f64 = 100.0;
/// With less, a single trial would say nearly everything.
const TRIAL_PRIOR_MIN: f64 = 0.01;
/// Retention beyond this is for ever; it keeps sums with publish times far from overflow.
const RETENTION_MS_MAX: f64 = 1e15;
/// A tolerance beyond every size is none at all; it keeps sums of sizes far from overflow.
const TOLERANCE_MAX: Centi = 1 << 54;

impl Config {
    /// Reads a `hotloop:` block from JSON text; absent or null keys take their defaults.
    ///
    /// # Errors
    /// [`Error::Config`] with the dotted path of the first unknown key or bad value.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let block: Value = serde_json::from_slice(json)
            .map_err(|error| refusal("hotloop", &format!("is not JSON: {error}")))?;
        let root = Section::new(Some(&block), "")?;
        let mut config = Self::default();
        for read in [
            Self::read_root,
            Self::read_queue,
            Self::read_fills,
            Self::read_traded,
            Self::read_detectors,
            Self::read_state,
        ] {
            read(&mut config, &root)?;
        }
        Ok(config)
    }

    fn read_root(&mut self, root: &Section<'_>) -> Result<(), Error> {
        root.only(&[
            "enabled",
            "rust",
            "queue",
            "pfill",
            "traded",
            "min_obs_s",
            "max_ttf_ms",
            "book",
            "sweep",
            "big_move",
            "rf",
            "trend",
            "emit",
            "state",
        ])?;
        root.flag("enabled")?;
        root.flag("rust")?;
        set(&mut self.min_obs_s, root.non_negative("min_obs_s")?);
        set(&mut self.max_ttf_ms, root.count("max_ttf_ms")?);
        let book = root.section("book", &["source"])?;
        set(&mut self.book_source, book.choice("source", &BOOK_SOURCES)?);
        let emit = root.section("emit", &["counters_every"])?;
        set(
            &mut self.counters_every,
            emit.whole("counters_every", 0, i64::MAX)?,
        );
        Ok(())
    }

    fn read_queue(&mut self, root: &Section<'_>) -> Result<(), Error> {
        let queue = root.section("queue", &["window_s", "model", "power_n"])?;
        set(&mut self.queue_window_s, queue.positive("window_s")?);
        set(&mut self.queue_model, queue.choice("model", &QUEUE_MODELS)?);
        set(&mut self.queue_power_n, queue.positive("power_n")?);
        if self.queue_power_n > POWER_N_MAX {
            return Err(queue.refuse("power_n", "is above 8"));
        }
        Ok(())
    }

    fn read_fills(&mut self, root: &Section<'_>) -> Result<(), Error> {
        let keys = [
            "model",
            "horizon_ms",
            "trade_size_window_s",
            "log_logistic",
            "trials",
        ];
        let pfill = root.section("pfill", &keys)?;
        set(&mut self.fill_model, pfill.choice("model", &FILL_MODELS)?);
        set(&mut self.fill_horizon_ms, pfill.count("horizon_ms")?);
        set(
            &mut self.trade_size_window_s,
            pfill.positive("trade_size_window_s")?,
        );
        self.log_logistic.read(&pfill)?;
        let trials = pfill.section("trials", &["horizon_ms", "window_s", "prior"])?;
        set(&mut self.trial_horizon_ms, trials.count("horizon_ms")?);
        set(&mut self.trial_window_s, trials.positive("window_s")?);
        set(&mut self.trial_prior, trials.positive("prior")?);
        if self.trial_prior < TRIAL_PRIOR_MIN {
            return Err(trials.refuse("prior", "is below 0.01"));
        }
        Ok(())
    }

    fn read_traded(&mut self, root: &Section<'_>) -> Result<(), Error> {
        let keys = ["drop_tolerance", "revaluation_levels", "revaluation_percent"];
        let traded = root.section("traded", &keys)?;
        let tolerance = traded.non_negative("drop_tolerance")?;
        set(
            &mut self.drop_tolerance,
            tolerance.map(|size| hundredths(size).min(TOLERANCE_MAX)),
        );
        set(&mut self.revaluation_levels, traded.count("revaluation_levels")?);
        set(
            &mut self.revaluation_percent,
            traded.non_negative("revaluation_percent")?,
        );
        Ok(())
    }

    fn read_detectors(&mut self, root: &Section<'_>) -> Result<(), Error> {
        let sweep = root.section("sweep", &["levels", "window_ms"])?;
        set(
            &mut self.sweep_levels,
            sweep.whole("levels", 1, SWEEP_LEVELS_MAX)?,
        );
        set(&mut self.sweep_window_ms, sweep.count("window_ms")?);
        let big_move = root.section("big_move", &["ticks", "window_ms"])?;
        set(&mut self.big_move_ticks, big_move.count("ticks")?);
        set(&mut self.big_move_window_ms, big_move.count("window_ms")?);
        let rf = root.section("rf", &["window_s"])?;
        set(&mut self.rf_window_s, rf.positive("window_s")?);
        let trend = root.section("trend", &["fast_s", "slow_s"])?;
        set(&mut self.trend_fast_s, trend.positive("fast_s")?);
        set(&mut self.trend_slow_s, trend.positive("slow_s")?);
        if self.trend_slow_s <= self.trend_fast_s {
            return Err(trend.refuse("slow_s", "is not above trend.fast_s"));
        }
        Ok(())
    }

    fn read_state(&mut self, root: &Section<'_>) -> Result<(), Error> {
        let keys = [
            "max_markets",
            "max_orders",
            "closed_retention_s",
            "max_segment_bytes",
        ];
        let state = root.section("state", &keys)?;
        set(&mut self.max_markets, state.count("max_markets")?);
        set(&mut self.max_orders, state.count("max_orders")?);
        let retention = state.non_negative("closed_retention_s")?;
        set(&mut self.closed_retention_ms, retention.map(milliseconds));
        set(&mut self.max_segment_bytes, state.count("max_segment_bytes")?);
        Ok(())
    }
}

impl Coefficients {
    fn read(&mut self, pfill: &Section<'_>) -> Result<(), Error> {
        let slots = [
            ("intercept", &mut self.intercept),
            ("work", &mut self.work),
            ("trades", &mut self.trades),
            ("side_rate", &mut self.side_rate),
            ("price_rate", &mut self.price_rate),
            ("behind", &mut self.behind),
            ("spread", &mut self.spread),
            ("travel", &mut self.travel),
        ];
        let keys: Vec<&str> = ["shape"]
            .into_iter()
            .chain(slots.iter().map(|(key, _)| *key))
            .collect();
        let section = pfill.section("log_logistic", &keys)?;
        for (key, slot) in slots {
            set(slot, section.within(key, COEFFICIENT_MAX)?);
        }
        set(&mut self.shape, section.positive("shape")?);
        if self.shape > COEFFICIENT_MAX {
            return Err(section.refuse("shape", "is above 100"));
        }
        Ok(())
    }
}

fn set<T>(slot: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *slot = value;
    }
}

fn milliseconds(seconds: f64) -> i64 {
    // In range by the bound; the fraction of a millisecond is meant to go.
    #[allow(clippy::cast_possible_truncation)]
    let whole = (seconds * 1_000.0).min(RETENTION_MS_MAX).round() as i64;
    whole
}

const QUEUE_MODELS: [(&str, QueueModel); 3] = [
    ("risk_averse", QueueModel::RiskAverse),
    ("prob_power", QueueModel::ProbPower),
    ("prob_log", QueueModel::ProbLog),
];
const FILL_MODELS: [(&str, FillModel); 3] = [
    ("log_logistic", FillModel::LogLogistic),
    ("erlang", FillModel::Erlang),
    ("exponential", FillModel::Exponential),
];
const BOOK_SOURCES: [(&str, BookSource); 4] = [
    ("auto", BookSource::Auto),
    ("full", BookSource::Full),
    ("best", BookSource::Best),
    ("display", BookSource::Display),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn refused_field(json: &str) -> String {
        let error = Config::from_json(json.as_bytes()).unwrap_err();
        error.field().unwrap().to_owned()
    }

    #[test]
    fn an_empty_or_null_block_is_the_defaults() {
        for json in ["{}", "null", r#"{"queue": null, "state": {"max_markets": null}}"#] {
            assert_eq!(
                Config::from_json(json.as_bytes()),
                Ok(Config::default()),
                "{json}"
            );
        }
    }

    #[test]
    fn every_key_is_taken() {
        let json = r#"{"enabled": true, "rust": false,
            "queue": {"window_s": 2, "model": "prob_log", "power_n": 3},
            "pfill": {"model": "exponential", "horizon_ms": 4, "trade_size_window_s": 5,
                "log_logistic": {"shape": 2, "intercept": -3, "work": 0.1, "trades": 0.2, "side_rate": 0.3,
                    "price_rate": 0.4, "behind": 0.5, "spread": 0.6, "travel": 0.7},
                "trials": {"horizon_ms": 15, "window_s": 16, "prior": 17}},
            "traded": {"drop_tolerance": 0.06, "revaluation_levels": 7, "revaluation_percent": 0},
            "min_obs_s": 0, "max_ttf_ms": 7, "book": {"source": "display"},
            "sweep": {"levels": 64, "window_ms": 8}, "big_move": {"ticks": 9, "window_ms": 10},
            "rf": {"window_s": 11}, "trend": {"fast_s": 12, "slow_s": 13}, "emit": {"counters_every": 0},
            "state": {"max_markets": 3, "max_orders": 14, "closed_retention_s": 0.5, "max_segment_bytes": 9}}"#;
        let wanted = Config {
            queue_window_s: 2.0,
            queue_model: QueueModel::ProbLog,
            queue_power_n: 3.0,
            fill_model: FillModel::Exponential,
            fill_horizon_ms: 4,
            trade_size_window_s: 5.0,
            log_logistic: Coefficients {
                shape: 2.0,
                intercept: -3.0,
                work: 0.1,
                trades: 0.2,
                side_rate: 0.3,
                price_rate: 0.4,
                behind: 0.5,
                spread: 0.6,
                travel: 0.7,
            },
            trial_horizon_ms: 15,
            trial_window_s: 16.0,
            trial_prior: 17.0,
            drop_tolerance: 6,
            revaluation_levels: 7,
            revaluation_percent: 0.0,
            min_obs_s: 0.0,
            max_ttf_ms: 7,
            book_source: BookSource::Display,
            sweep_levels: 64,
            sweep_window_ms: 8,
            big_move_ticks: 9,
            big_move_window_ms: 10,
            rf_window_s: 11.0,
            trend_fast_s: 12.0,
            trend_slow_s: 13.0,
            counters_every: 0,
            max_markets: 3,
            max_orders: 14,
            closed_retention_ms: 500,
            max_segment_bytes: 9,
        };
        assert_eq!(Config::from_json(json.as_bytes()), Ok(wanted));
    }

    #[test]
    fn what_is_refused_is_named_by_its_path() {
        for (json, field) in [
            (r#"{"quee": {}}"#, "quee"),
            (r#"{"queue": {"windows": 1}}"#, "queue.windows"),
            (r#"{"queue": {"window_s": 0}}"#, "queue.window_s"),
            (r#"{"queue": {"window_s": true}}"#, "queue.window_s"),
            (r#"{"queue": {"model": "best"}}"#, "queue.model"),
            (r#"{"queue": {"power_n": 8.5}}"#, "queue.power_n"),
            (r#"{"queue": 5}"#, "queue"),
            (r#"{"pfill": {"model": "gamma"}}"#, "pfill.model"),
            (r#"{"pfill": {"horizon_ms": 0}}"#, "pfill.horizon_ms"),
            (
                r#"{"pfill": {"log_logistic": {"works": 1}}}"#,
                "pfill.log_logistic.works",
            ),
            (
                r#"{"pfill": {"log_logistic": {"work": -101}}}"#,
                "pfill.log_logistic.work",
            ),
            (
                r#"{"pfill": {"log_logistic": {"shape": 0}}}"#,
                "pfill.log_logistic.shape",
            ),
            (
                r#"{"pfill": {"log_logistic": {"shape": 101}}}"#,
                "pfill.log_logistic.shape",
            ),
            (r#"{"pfill": {"trials": {"prior": 0}}}"#, "pfill.trials.prior"),
            (r#"{"traded": {"drop_tolerance": -1}}"#, "traded.drop_tolerance"),
            (
                r#"{"traded": {"revaluation_levels": 0}}"#,
                "traded.revaluation_levels",
            ),
            (r#"{"min_obs_s": -1}"#, "min_obs_s"),
            (r#"{"max_ttf_ms": 1.5}"#, "max_ttf_ms"),
            (r#"{"book": {"source": 1}}"#, "book.source"),
            (r#"{"sweep": {"levels": 65}}"#, "sweep.levels"),
            (r#"{"big_move": {"ticks": 0}}"#, "big_move.ticks"),
            (r#"{"rf": {"window_s": "300"}}"#, "rf.window_s"),
            (r#"{"trend": {"fast_s": 20}}"#, "trend.slow_s"),
            (r#"{"trend": {"slow_s": 1e999}}"#, "hotloop"),
            (r#"{"emit": {"counters_every": -1}}"#, "emit.counters_every"),
            (r#"{"state": {"max_markets": 0}}"#, "state.max_markets"),
            (r#"{"state": {"max_orders": null, "x": 1}}"#, "state.x"),
            (
                r#"{"state": {"max_segment_bytes": 9223372036854775808}}"#,
                "state.max_segment_bytes",
            ),
            (r#"{"rust": "yes"}"#, "rust"),
            ("[]", "hotloop"),
            ("{", "hotloop"),
        ] {
            assert_eq!(refused_field(json), field, "{json}");
        }
    }
}
