//! What is worked out from a runner's book over time. One file per signal; the formulas are
//! docs/signals.md.
//!
//! Way of a message (`update`): its changed levels → `matched` (trades) → `rate`, `sweep`, `queue`; its last
//! book → `moves`, `travel`, `trend`, and with both `trials`. Read back through `read`: `fill` (with `gamma`,
//! `log_logistic`), and each file's own readers.

pub(crate) mod fill;
mod gamma;
pub(crate) mod log_logistic;
pub(crate) mod matched;
pub(crate) mod moves;
pub(crate) mod queue;
pub(crate) mod rate;
mod read;
pub(crate) mod sweep;
pub(crate) mod travel;
pub(crate) mod trend;
pub(crate) mod trials;
pub(crate) mod update;

use crate::config::Config;
use matched::Trade;

/// Everything one runner remembers but its book. It outlives images.
#[derive(Debug, Default)]
pub(crate) struct RunnerSignals {
    /// Publish time of the first message that named the runner, and then of the in-play turn.
    pub observed_since_ms: Option<i64>,
    /// Publish time of the last message with a trade.
    pub last_traded_ms: Option<i64>,
    pub rates: rate::Rates,
    pub trade_size: rate::TradeSize,
    pub sweep: sweep::Sweep,
    pub moves: moves::Moves,
    pub trend: trend::Trend,
    pub travel: travel::Travel,
    /// Of orders that would rest as backs, and as lays.
    pub trials: [Option<trials::Trial>; 2],
}

impl RunnerSignals {
    pub(crate) fn add_trade(&mut self, trade: &Trade, at_ms: i64, config: &Config) {
        self.last_traded_ms = Some(at_ms);
        self.rates.add(trade, at_ms, config.queue_window_s);
        self.trade_size
            .add(trade.volume(), at_ms, config.trade_size_window_s);
        self.sweep.add(trade, at_ms, config);
    }

    /// Starts anew what is measured in ticks: the market's ladder is another.
    pub(crate) fn forget_ticks(&mut self) {
        self.moves = moves::Moves::default();
        self.trend = trend::Trend::default();
        self.travel = travel::Travel::default();
        self.trials = [None, None];
    }
}
