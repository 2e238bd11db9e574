//! The class `Hotloop`: one translation per method.

use hotloop_core::{
    Config, Error, HotloopCore, Level, MarketBook, Place, RunnerBook, RunnerKey, Side, check_order_id,
    hundredths,
};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyMapping, PyTuple};

use crate::error::exception;
use crate::guarded::Guarded;
use crate::input::{Purpose, Raw, json};
use crate::output::{self, MarketView, decimal, fractional, pair, side_name};

/// (back price, back size, lay price, lay size).
type BestPrices = (Option<f64>, Option<f64>, Option<f64>, Option<f64>);

/// Betfair market stream to order books and signals. See hotloop.pyi.
#[pyclass(frozen, module = "hotloop")]
pub struct Hotloop(Guarded);

fn config_of(py: Python<'_>, config: Option<&Bound<'_, PyMapping>>) -> PyResult<Config> {
    let Some(config) = config else {
        return Ok(Config::default());
    };
    raised(py, Config::from_json(&json(config, Purpose::Config)?))
}

fn side_of(py: Python<'_>, side: &str) -> PyResult<Side> {
    raised(py, side.parse())
}

fn refuse<T>(py: Python<'_>, field: &'static str, reason: &'static str) -> PyResult<T> {
    raised(py, Err(Error::Argument { field, reason }))
}

fn raised<T>(py: Python<'_>, result: Result<T, Error>) -> PyResult<T> {
    result.map_err(|error| exception(py, &error))
}

/// The items of any iterable, held: another thread may change a list while its lines are applied.
fn held<'py>(lines: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
    if let Ok(list) = lines.cast::<PyList>() {
        return Ok(list.to_tuple());
    }
    let items: Vec<Bound<'_, PyAny>> = lines.try_iter()?.collect::<PyResult<_>>()?;
    PyTuple::new(lines.py(), items)
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
        match Raw::of(raw)? {
            Raw::Line(line) => self.0.ingest(py, |core| core.apply(line, ts_ms).map(drop)),
            Raw::Mapping(json) => self
                .0
                .ingest(py, |core| core.apply_mapping(&json, ts_ms).map(drop)),
            Raw::NotText => self.0.ingest(py, |core| {
                Err(core.lost(Error::Unreadable {
                    offset: 0,
                    reason: "is not UTF-8",
                }))
            }),
        }
    }

    /// Apply lines in order; the number of runner changes.
    fn apply_batch(&self, py: Python<'_>, lines: &Bound<'_, PyAny>, ts_ms: i64) -> PyResult<u64> {
        let lines = held(lines)?;
        let lines: Vec<Borrowed<'_, '_, PyBytes>> = lines
            .iter_borrowed()
            .map(|line| Ok(line.cast::<PyBytes>()?))
            .collect::<PyResult<_>>()?;
        let texts: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        self.0.ingest_lines(py, &texts, ts_ms)
    }

    /// Replace one market whole by an object of the shape of an `mc` entry.
    fn apply_snapshot<'py>(
        &self,
        py: Python<'py>,
        market_id: &str,
        snapshot: &Bound<'py, PyMapping>,
        ts_ms: i64,
    ) -> PyResult<Bound<'py, PyList>> {
        let json = json(snapshot, Purpose::Message)?;
        self.0
            .ingest(py, |core| core.apply_snapshot(market_id, &json, ts_ms).map(drop))
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
        let side = side_of(py, side)?;
        let Ok(n) = n.map(usize::try_from).transpose() else {
            return refuse(py, "n", "is negative");
        };
        let key = RunnerKey::new(r, handicap);
        let levels = self.0.read(py, |core| {
            if raw {
                core.ladder_top(m, key, side, n)
            } else {
                core.ladder_of_others(m, key, side, n)
            }
        })?;
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

    /// `pt` of the last message with a trade of the runner.
    #[pyo3(signature = (m, r, handicap=0.0))]
    fn last_traded_ts_ms(&self, py: Python<'_>, m: &str, r: i64, handicap: f64) -> PyResult<Option<i64>> {
        let key = RunnerKey::new(r, handicap);
        self.0.read(py, |core| core.runner(m, key)?.last_traded_ms())
    }

    /// (price, stake of resting backs matched, of resting lays) of the runner in the market's last message.
    #[pyo3(signature = (m, r, handicap=0.0))]
    fn last_trades(&self, py: Python<'_>, m: &str, r: i64, handicap: f64) -> PyResult<Vec<(f64, f64, f64)>> {
        let key = RunnerKey::new(r, handicap);
        let rows = self.0.read(py, |core| core.last_trades(m, key))?;
        let decimals = |(price, backs, lays)| (decimal(price), decimal(backs), decimal(lays));
        Ok(rows.into_iter().map(decimals).collect())
    }

    /// Whether the market's last message had an image of it or turned it in-play.
    fn book_upset(&self, py: Python<'_>, m: &str) -> PyResult<bool> {
        self.0.read(py, |core| core.book_upset(m))
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
        if let Some(order_id) = order_id {
            let place = Place::new(r, handicap, side, price).ok();
            let ahead = self.0.read(py, |core| core.order_ahead(order_id, m, place))?;
            return raised(py, ahead).map(fractional);
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

    /// Start (again) the queue position of an order resting on `side`; what is ahead of it.
    #[pyo3(signature = (order_id, m, r, side, price, size=0.0, handicap=0.0))]
    #[allow(clippy::too_many_arguments, clippy::similar_names)]
    fn track_order(
        &self,
        py: Python<'_>,
        order_id: &str,
        m: &str,
        r: i64,
        side: &str,
        price: f64,
        size: f64,
        handicap: f64,
    ) -> PyResult<f64> {
        raised(py, check_order_id(order_id))?;
        let place = raised(py, Place::new(r, handicap, side_of(py, side)?, price))?;
        let ahead = self
            .0
            .change(py, |core| core.track_order(order_id, m, place, size))?;
        raised(py, ahead).map(fractional)
    }

    /// Set what is ahead (None: the visible size now) and, where given, the own size.
    #[pyo3(signature = (order_id, ahead=None, size=None))]
    fn reseed_queue(
        &self,
        py: Python<'_>,
        order_id: &str,
        ahead: Option<f64>,
        size: Option<f64>,
    ) -> PyResult<f64> {
        let ahead = self
            .0
            .change(py, |core| core.reseed_queue(order_id, ahead, size))?;
        raised(py, ahead).map(fractional)
    }

    /// Forget a queue position; whether there was one.
    fn untrack_order(&self, py: Python<'_>, order_id: &str) -> PyResult<bool> {
        self.0.change(py, |core| core.untrack_order(order_id))
    }

    /// (initialClk, clk) to resubscribe with.
    fn clocks(&self, py: Python<'_>) -> PyResult<(Option<String>, Option<String>)> {
        self.0.read(py, |core| {
            let (initial, clk) = core.clocks();
            (initial.map(str::to_owned), clk.map(str::to_owned))
        })
    }

    /// Ids of the markets whose book may be untrue.
    fn stale_markets(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.0.read(py, |core| {
            core.stale_markets()
                .map(|market| market.id().to_owned())
                .collect()
        })
    }

    /// Receipt time of the last line taken without error.
    fn last_ts_ms(&self, py: Python<'_>) -> PyResult<Option<i64>> {
        self.0.read(py, HotloopCore::last_ts_ms)
    }

    /// Matched stake per second.
    #[pyo3(signature = (m, r, side=None, price=None, handicap=0.0, now_ms=None))]
    #[allow(clippy::too_many_arguments)]
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
        let side = side.map(|side| side_of(py, side)).transpose()?;
        let (key, price) = (RunnerKey::new(r, handicap), price.map(hundredths));
        self.0
            .read(py, |core| core.match_rate(m, key, side, price, now_ms))
            .map(fractional)
    }

    /// (fill probability, time to fill in ms) of an order that joins now.
    #[pyo3(signature = (m, r, side, price, size=0.0, horizon_ms=None, handicap=0.0, now_ms=None))]
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
        now_ms: Option<i64>,
    ) -> PyResult<(f64, f64)> {
        let side = side_of(py, side)?;
        let (key, price) = (RunnerKey::new(r, handicap), hundredths(price));
        let estimate = self.0.read(py, |core| {
            core.fill_estimate(m, key, side, price, size, horizon_ms, now_ms)
        })?;
        raised(py, estimate)
    }

    /// Whether trading consumed several price levels of one side just now.
    #[pyo3(signature = (m, r, handicap=0.0, now_ms=None))]
    fn sweep_sniffer(
        &self,
        py: Python<'_>,
        m: &str,
        r: i64,
        handicap: f64,
        now_ms: Option<i64>,
    ) -> PyResult<bool> {
        self.sweep_side(py, m, r, handicap, now_ms)
            .map(|side| side.is_some())
    }

    /// The side rested that is being swept.
    #[pyo3(signature = (m, r, handicap=0.0, now_ms=None))]
    fn sweep_side(
        &self,
        py: Python<'_>,
        m: &str,
        r: i64,
        handicap: f64,
        now_ms: Option<i64>,
    ) -> PyResult<Option<&'static str>> {
        let key = RunnerKey::new(r, handicap);
        let side = self.0.read(py, |core| core.sweep_side(m, key, now_ms))?;
        Ok(side.map(side_name))
    }

    /// Whether the last traded price or the mid moved far just now.
    #[pyo3(signature = (m, r, handicap=0.0, now_ms=None))]
    fn big_move_trigger(
        &self,
        py: Python<'_>,
        m: &str,
        r: i64,
        handicap: f64,
        now_ms: Option<i64>,
    ) -> PyResult<bool> {
        self.big_move_direction(py, m, r, handicap, now_ms)
            .map(|direction| direction != 0)
    }

    /// 1 up, -1 down, 0 when there is no big move.
    #[pyo3(signature = (m, r, handicap=0.0, now_ms=None))]
    fn big_move_direction(
        &self,
        py: Python<'_>,
        m: &str,
        r: i64,
        handicap: f64,
        now_ms: Option<i64>,
    ) -> PyResult<i64> {
        let key = RunnerKey::new(r, handicap);
        self.0.read(py, |core| core.big_move_direction(m, key, now_ms))
    }

    /// Whether a runner was removed with a reduction factor of late.
    #[pyo3(signature = (m, now_ms=None))]
    fn rf_seen_recently(&self, py: Python<'_>, m: &str, now_ms: Option<i64>) -> PyResult<bool> {
        self.0.read(py, |core| core.has_recent_reduction(m, now_ms))
    }

    /// Drift of the microprice, ticks per second.
    #[pyo3(signature = (m, r, handicap=0.0, now_ms=None))]
    fn trend_lens(
        &self,
        py: Python<'_>,
        m: &str,
        r: i64,
        handicap: f64,
        now_ms: Option<i64>,
    ) -> PyResult<f64> {
        let key = RunnerKey::new(r, handicap);
        self.0.read(py, |core| core.trend(m, key, now_ms))
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
