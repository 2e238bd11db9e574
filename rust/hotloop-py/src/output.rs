//! What the core answers as Python values.

use hotloop_core::{Centi, Definition, HotloopCore, Level, MarketBook, RunnerKey, Side, Stats};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// The methods of API version 1: this build has all of them.
const METHODS: [&str; 36] = [
    "apply_delta",
    "apply_batch",
    "apply_snapshot",
    "best",
    "best2_sum",
    "spread_ticks",
    "ladder_top",
    "traded_ladder",
    "last_traded",
    "last_traded_ts_ms",
    "last_trades",
    "book_upset",
    "size_ahead",
    "track_order",
    "reseed_queue",
    "untrack_order",
    "get_mbr",
    "market",
    "markets",
    "definition_seq",
    "last_pt_ms",
    "clocks",
    "stale_markets",
    "last_ts_ms",
    "match_rate_ema",
    "pfill_ttf",
    "sweep_sniffer",
    "sweep_side",
    "big_move_trigger",
    "big_move_direction",
    "rf_seen_recently",
    "trend_lens",
    "capabilities",
    "stats",
    "update_config",
    "set_emit",
];

pub fn capabilities(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    for name in METHODS {
        dict.set_item(name, true)?;
    }
    dict.set_item("api_version", 1)?;
    dict.set_item("backend", "rust")?;
    Ok(dict)
}

/// Hundredths as a decimal float.
pub fn decimal(centi: Centi) -> f64 {
    // Exact below 2^53 hundredths, which is what the reader admits.
    #[allow(clippy::cast_precision_loss)]
    let hundredths = centi as f64;
    hundredths / 100.0
}

/// Hundredths that are no longer whole, as they come from a division or a decay.
pub fn fractional(centi: f64) -> f64 {
    centi / 100.0
}

/// The name a side has in Python.
pub fn side_name(side: Side) -> &'static str {
    match side {
        Side::Back => "BACK",
        Side::Lay => "LAY",
    }
}

/// (price, size) of a level.
pub fn pair(level: Level) -> (f64, f64) {
    (decimal(level.price), decimal(level.size))
}

pub fn stats(py: Python<'_>, stats: Stats, emit_errors: u64) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    for (name, count) in [
        ("messages", stats.messages),
        ("market_changes", stats.market_changes),
        ("runner_changes", stats.runner_changes),
        ("heartbeats", stats.heartbeats),
        ("ignored", stats.ignored),
        ("definitions_ignored", stats.definitions_ignored),
        ("errors", stats.errors),
        ("images", stats.images),
        ("emit_errors", emit_errors),
    ] {
        dict.set_item(name, count)?;
    }
    Ok(dict)
}

/// A copy of what `market()` answers, taken under the lock: no Python object is made there, since
/// that may run the garbage collector and with it any code.
pub struct MarketView {
    definition: Option<Definition>,
    ladder: &'static str,
    stale: bool,
    pt_ms: Option<i64>,
    ts_ms: Option<i64>,
    /// Runners the stream named, for a market without a definition.
    runners: Vec<RunnerKey>,
}

impl MarketView {
    pub fn of(core: &HotloopCore, market: &MarketBook) -> Self {
        Self {
            definition: market.definition().cloned(),
            ladder: market.ladder().name(),
            stale: core.is_stale(market),
            pt_ms: market.pt_ms(),
            ts_ms: market.ts_ms(),
            runners: market
                .runners()
                .iter()
                .map(hotloop_core::RunnerBook::key)
                .collect(),
        }
    }

    pub fn into_dict(self, py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let is_defined = self.definition.is_some();
        let definition = self.definition.unwrap_or_default();
        let dict = PyDict::new(py);
        dict.set_item("status", &definition.status)?;
        dict.set_item("in_play", definition.in_play)?;
        dict.set_item("version", definition.version)?;
        dict.set_item("bet_delay", definition.bet_delay_s)?;
        dict.set_item("ladder", self.ladder)?;
        dict.set_item("bsp_reconciled", definition.bsp_reconciled)?;
        dict.set_item("market_time", &definition.market_time)?;
        dict.set_item("event_type_id", &definition.event_type_id)?;
        dict.set_item("market_type", &definition.market_type)?;
        dict.set_item("turn_in_play", definition.turn_in_play)?;
        dict.set_item("persistence", definition.persistence)?;
        dict.set_item("stale", self.stale)?;
        dict.set_item("pt", self.pt_ms)?;
        dict.set_item("ts", self.ts_ms)?;
        dict.set_item("number_of_winners", definition.number_of_winners)?;
        dict.set_item("mbr", definition.base_rate_percent)?;
        let runners = if is_defined {
            defined_runners(py, &definition)?
        } else {
            named_runners(py, &self.runners)?
        };
        dict.set_item("runners", runners)?;
        Ok(dict)
    }
}

const UNKNOWN: &str = "UNKNOWN";

fn defined_runners<'py>(py: Python<'py>, definition: &Definition) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for runner in &definition.runners {
        let dict = runner_dict(py, runner.key, runner.status.as_deref().unwrap_or(UNKNOWN))?;
        dict.set_item("sort_priority", runner.sort_priority)?;
        dict.set_item("adjustment_factor", runner.adjustment_factor)?;
        list.append(dict)?;
    }
    Ok(list)
}

fn named_runners<'py>(py: Python<'py>, runners: &[RunnerKey]) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for key in runners {
        let dict = runner_dict(py, *key, UNKNOWN)?;
        dict.set_item("sort_priority", py.None())?;
        dict.set_item("adjustment_factor", py.None())?;
        list.append(dict)?;
    }
    Ok(list)
}

fn runner_dict<'py>(py: Python<'py>, key: RunnerKey, status: &str) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("id", key.id)?;
    dict.set_item("handicap", decimal(key.handicap))?;
    dict.set_item("status", status)?;
    Ok(dict)
}
