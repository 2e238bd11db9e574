//! The class `Hotloop`: one translation per method.

use hotloop_core::{Config, Error, HotloopCore, Level, MarketBook, RunnerBook, RunnerKey, Side, hundredths};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyMapping};

use crate::error::exception;
use crate::guarded::Guarded;
use crate::input::{Purpose, Raw, json};
use crate::output::{self, MarketView, decimal, pair};

/// (back price, back size, lay price, lay size).
type BestPrices = (Option<f64>, Option<f64>, Option<f64>, Option<f64>);

/// Betfair market stream to order books and signals. See hotloop.pyi.
#[pyclass(frozen, module = "hotloop")]
pub struct Hotloop(Guarded);

fn config_of(py: Python<'_>, config: Option<&Bound<'_, PyMapping>>) -> PyResult<Config> {
    let Some(config) = config else {
        return Ok(Config::default());
    };
    Config::from_json(&json(config, Purpose::Config)?).map_err(|error| exception(py, &error, None))
}

fn side_of(py: Python<'_>, side: &str) -> PyResult<Side> {
    side.parse().map_err(|error| exception(py, &error, None))
}

fn refuse<T>(py: Python<'_>, field: &'static str, reason: &'static str) -> PyResult<T> {
    Err(exception(py, &Error::Argument { field, reason }, None))
}

#[pymethods]
impl Hotloop {
    #[new]
    #[pyo3(signature = (config=None))]
    fn new(py: Python<'_>, config: Option<&Bound<'_, PyMapping>>) -> PyResult<Self> {
        Ok(Self(Guarded::new(HotloopCore::new(config_of(py, config)?))))
    }

    /// Apply one stream line, or the mapping it decodes to; the runners it touched.
    fn apply_delta<'py>(
        &self,
        py: Python<'py>,
        raw: &Bound<'py, PyAny>,
        ts_ms: i64,
    ) -> PyResult<Bound<'py, PyList>> {
        // Receipt serves latency and staleness, of which this stage of the core has nothing.
        let _ = ts_ms;
        match Raw::of(raw)? {
            Raw::Line(line) => self.0.ingest(py, line.len(), |core| core.apply(line).map(drop)),
            Raw::Mapping(json) => self
                .0
                .ingest(py, json.len(), |core| core.apply_mapping(&json).map(drop)),
            Raw::NotText => self.0.ingest(py, 0, |core| {
                Err(core.lost(Error::Unreadable {
                    offset: 0,
                    reason: "is not UTF-8",
                }))
            }),
        }
    }

    /// Apply lines in order; the number of runner changes.
    fn apply_batch(&self, py: Python<'_>, lines: &Bound<'_, PyAny>, ts_ms: i64) -> PyResult<u64> {
        let _ = ts_ms;
        // The list is copied first: another thread may change it while the lines are applied.
        let lines: Vec<Bound<'_, PyBytes>> = lines
            .try_iter()?
            .map(|line| Ok(line?.cast_into::<PyBytes>()?))
            .collect::<PyResult<_>>()?;
        let texts: Vec<&[u8]> = lines.iter().map(PyBytesMethods::as_bytes).collect();
        self.0.ingest_lines(py, &texts)
    }

    /// Replace one market whole by an object of the shape of an `mc` entry.
    fn apply_snapshot<'py>(
        &self,
        py: Python<'py>,
        market_id: &str,
        snapshot: &Bound<'py, PyMapping>,
        ts_ms: i64,
    ) -> PyResult<Bound<'py, PyList>> {
        let _ = ts_ms;
        let json = json(snapshot, Purpose::Message)?;
        self.0.ingest(py, json.len(), |core| {
            core.apply_snapshot(market_id, &json).map(drop)
        })
    }

    /// (back price, back size, lay price, lay size), each None where that side is empty.
    #[pyo3(signature = (m, r, handicap=0.0))]
    fn best(&self, py: Python<'_>, m: &str, r: i64, handicap: f64) -> PyResult<BestPrices> {
        let key = RunnerKey::new(r, handicap);
        let (back, lay) = self.0.read(py, |core| core.best(m, key))?;
        let split = |level: Option<Level>| level.map(pair).unzip();
        let ((back_price, back_size), (lay_price, lay_size)) = (split(back), split(lay));
        Ok((back_price, back_size, lay_price, lay_size))
    }

    /// Sizes at the best two prices of the side taken, summed.
    #[pyo3(signature = (m, r, side, handicap=0.0))]
    fn best2_sum(&self, py: Python<'_>, m: &str, r: i64, side: &str, handicap: f64) -> PyResult<f64> {
        let side = side_of(py, side)?;
        let key = RunnerKey::new(r, handicap);
        self.0.read(py, |core| core.best2_sum(m, key, side)).map(decimal)
    }

    /// Ladder ticks from best back to best lay; 0 or less when crossed.
    #[pyo3(signature = (m, r, handicap=0.0))]
    fn spread_ticks(&self, py: Python<'_>, m: &str, r: i64, handicap: f64) -> PyResult<Option<i64>> {
        self.0
            .read(py, |core| core.spread_ticks(m, RunnerKey::new(r, handicap)))
    }

    /// The best `n` (price, size) of the side taken, best first; None for all.
    #[pyo3(signature = (m, r, side, n=3, raw=true, handicap=0.0))]
    // The arguments are those of API version 1.
    #[allow(clippy::too_many_arguments)]
    fn ladder_top(
        &self,
        py: Python<'_>,
        m: &str,
        r: i64,
        side: &str,
        n: Option<i64>,
        raw: bool,
        handicap: f64,
    ) -> PyResult<Vec<(f64, f64)>> {
        // No own order is tracked in this stage: there is nothing to leave out.
        let _ = raw;
        let side = side_of(py, side)?;
        let Ok(n) = n.map(usize::try_from).transpose() else {
            return refuse(py, "n", "is negative");
        };
        let key = RunnerKey::new(r, handicap);
        let levels = self.0.read(py, |core| core.ladder_top(m, key, side, n))?;
        Ok(levels.into_iter().map(pair).collect())
    }

    /// (price, size traded), ascending price.
    #[pyo3(signature = (m, r, handicap=0.0))]
    fn traded_ladder(&self, py: Python<'_>, m: &str, r: i64, handicap: f64) -> PyResult<Vec<(f64, f64)>> {
        let key = RunnerKey::new(r, handicap);
        self.0.read(py, |core| {
            let traded = core.runner(m, key).map(RunnerBook::traded);
            traded.unwrap_or_default().iter().copied().map(pair).collect()
        })
    }

    /// The last traded price.
    #[pyo3(signature = (m, r, handicap=0.0))]
    fn last_traded(&self, py: Python<'_>, m: &str, r: i64, handicap: f64) -> PyResult<Option<f64>> {
        let key = RunnerKey::new(r, handicap);
        let price = self.0.read(py, |core| core.runner(m, key)?.last_traded())?;
        Ok(price.map(decimal))
    }

    /// `pt` of the last message in which the runner's traded volume rose.
    #[pyo3(signature = (m, r, handicap=0.0))]
    fn last_traded_ts_ms(&self, py: Python<'_>, m: &str, r: i64, handicap: f64) -> PyResult<Option<i64>> {
        let key = RunnerKey::new(r, handicap);
        self.0.read(py, |core| core.runner(m, key)?.last_traded_ms())
    }

    /// The visible size a new order resting on `side` at `price` would queue behind.
    #[pyo3(signature = (m, r, side, price, order_id=None, handicap=0.0))]
    #[allow(clippy::too_many_arguments)]
    fn size_ahead(
        &self,
        py: Python<'_>,
        m: &str,
        r: i64,
        side: &str,
        price: f64,
        order_id: Option<&str>,
        handicap: f64,
    ) -> PyResult<f64> {
        let side = side_of(py, side)?;
        if order_id.is_some() {
            return refuse(py, "order_id", "is not tracked: this version tracks no orders");
        }
        let key = RunnerKey::new(r, handicap);
        let price = hundredths(price);
        self.0
            .read(py, |core| core.size_ahead(m, key, side, price))
            .map(decimal)
    }

    /// The market base rate: commission, percent.
    fn get_mbr(&self, py: Python<'_>, m: &str) -> PyResult<Option<f64>> {
        self.0
            .read(py, |core| core.market(m)?.definition()?.base_rate_percent)
    }

    /// What is known of a market.
    fn market<'py>(&self, py: Python<'py>, m: &str) -> PyResult<Option<Bound<'py, PyDict>>> {
        let view = self.0.read(py, |core| {
            core.market(m).map(|market| MarketView::of(core, market))
        })?;
        view.map(|view| view.into_dict(py)).transpose()
    }

    /// Ids of the markets held, in the order they were first seen.
    fn markets(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.0.read(py, |core| {
            core.markets().map(|market| market.id().to_owned()).collect()
        })
    }

    /// `pt` of the last message applied.
    fn last_pt_ms(&self, py: Python<'_>) -> PyResult<Option<i64>> {
        self.0.read(py, HotloopCore::last_pt_ms)
    }

    /// Rises by one with each definition applied; 0 before the first.
    fn definition_seq(&self, py: Python<'_>, m: &str) -> PyResult<u64> {
        self.0
            .read(py, |core| core.market(m).map_or(0, MarketBook::definition_seq))
    }

    /// Matched stake per second: 0.0 in this stage.
    #[pyo3(signature = (m, r, side=None, price=None, handicap=0.0, now_ms=None))]
    #[allow(clippy::too_many_arguments, clippy::unused_self)]
    fn match_rate_ema(
        &self,
        py: Python<'_>,
        m: &str,
        r: i64,
        side: Option<&str>,
        price: Option<f64>,
        handicap: f64,
        now_ms: Option<i64>,
    ) -> PyResult<f64> {
        let _ = (m, r, price, handicap, now_ms);
        side.map(|side| side_of(py, side)).transpose()?;
        Ok(0.0)
    }

    /// Fill probability and time to fill: (0.0, `max_ttf_ms`) in this stage.
    #[pyo3(signature = (m, r, side, price, size=0.0, horizon_ms=None, handicap=0.0))]
    #[allow(clippy::too_many_arguments, clippy::similar_names)]
    fn pfill_ttf(
        &self,
        py: Python<'_>,
        m: &str,
        r: i64,
        side: &str,
        price: f64,
        size: f64,
        horizon_ms: Option<i64>,
        handicap: f64,
    ) -> PyResult<(f64, f64)> {
        let _ = (m, r, price, size, horizon_ms, handicap);
        side_of(py, side)?;
        let max_ttf_ms = self.0.read(py, |core| core.config().max_ttf_ms)?;
        // A cap that no double holds exactly is no cap anybody meant exactly.
        #[allow(clippy::cast_precision_loss)]
        Ok((0.0, max_ttf_ms as f64))
    }

    /// Whether a sweep was seen: False in this stage.
    #[pyo3(signature = (m, r, handicap=0.0))]
    #[allow(clippy::unused_self)]
    fn sweep_sniffer(&self, m: &str, r: i64, handicap: f64) -> bool {
        let _ = (m, r, handicap);
        false
    }

    /// Whether a big move was seen: False in this stage.
    #[pyo3(signature = (m, r, handicap=0.0))]
    #[allow(clippy::unused_self)]
    fn big_move_trigger(&self, m: &str, r: i64, handicap: f64) -> bool {
        let _ = (m, r, handicap);
        false
    }

    /// Whether a runner was removed with a reduction factor of late: False in this stage.
    #[allow(clippy::unused_self)]
    fn rf_seen_recently(&self, m: &str) -> bool {
        let _ = m;
        false
    }

    /// Drift in ticks per second: 0.0 in this stage.
    #[pyo3(signature = (m, r, handicap=0.0))]
    #[allow(clippy::unused_self)]
    fn trend_lens(&self, m: &str, r: i64, handicap: f64) -> f64 {
        let _ = (m, r, handicap);
        0.0
    }

    /// {method: bool}, `api_version`, `backend`.
    #[allow(clippy::unused_self)]
    fn capabilities<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        output::capabilities(py)
    }

    /// Counts since the object was made.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.0.read(py, HotloopCore::stats)?;
        output::stats(py, stats, self.0.emit_errors())
    }

    /// Take a whole `hotloop:` block; raises and changes nothing if it is refused.
    fn update_config(&self, py: Python<'_>, config: &Bound<'_, PyMapping>) -> PyResult<()> {
        let config = config_of(py, Some(config))?;
        self.0.change(py, |core| core.set_config(config))
    }

    /// Where diagnostics go, as dicts; a callback that raises is counted, never felt.
    #[pyo3(signature = (emit))]
    fn set_emit(&self, py: Python<'_>, emit: Option<Py<PyAny>>) -> PyResult<()> {
        self.0.set_emit(py, emit)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.traverse(&visit)
    }

    fn __clear__(&self) {
        self.0.clear();
    }
}
