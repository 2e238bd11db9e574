//! What the machine is given and what it counts.

use wire::{Control, DryFill, Intent, Market, Message};

/// What the machine keeps to. Sizes are hundredths of the account currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Orders that may stand at once.
    pub max_open_orders: usize,
    /// The least stake …
    pub min_size_centi: i64,
    /// … unless price × stake is at least this.
    pub min_payout_centi: i64,
    /// Intent ids remembered against repeats.
    pub max_remembered_intents: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_open_orders: 200,
            min_size_centi: 100,
            min_payout_centi: 1_000,
            max_remembered_intents: 1_000_000,
        }
    }
}

/// What happened that no report tells of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Intents seen before (D2.1).
    pub duplicates: u64,
    /// Fills of orders that do not stand (D6.3).
    pub stray_fills: u64,
    /// Fills larger than what remained (D6.2).
    pub cut_fills: u64,
}

/// What the machine takes.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// An order to place, replace or cancel.
    Intent(&'a Intent),
    /// What is known of a market.
    Market(&'a Market),
    /// A fill by the trader's simulator.
    DryFill(&'a DryFill),
    /// The person at the desk.
    Control(&'a Control),
}

impl<'a> Input<'a> {
    /// The message as an input; `None` for those that are about the session or the time.
    #[must_use]
    pub fn of(message: &'a Message) -> Option<Self> {
        match message {
            Message::Intent(intent) => Some(Self::Intent(intent)),
            Message::Market(market) => Some(Self::Market(market)),
            Message::DryFill(fill) => Some(Self::DryFill(fill)),
            Message::Control(control) => Some(Self::Control(control)),
            _ => None,
        }
    }
}

/// The time asked for lies before the machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("time {asked_ms} is before {now_ms}, the time it is")]
pub struct ClockBack {
    /// The machine's time.
    pub now_ms: i64,
    /// The time asked for.
    pub asked_ms: i64,
}
