//! What a machine keeps to. All times in milliseconds, all money in hundredths of the account currency.

use serde::{Deserialize, Serialize};

/// How many orders, of which size, and how much may be lost with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Orders that may be open or in doubt at once.
    pub max_open_orders: usize,
    /// A smaller stake is refused …
    pub min_size_centi: i64,
    /// … unless price times stake is at least this.
    pub min_payout_centi: i64,
    /// What one market may cost at most, open orders counted as filled.
    pub max_market_exposure_centi: i64,
    /// What all markets together may.
    pub max_exposure_centi: i64,
    /// By how much the venue's exposure may differ from ours before nothing more is placed; `None`: it is not looked at.
    pub funds_tolerance_centi: Option<i64>,
    /// Intents that are told apart from new ones.
    pub max_remembered_intents: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_open_orders: 200,
            min_size_centi: 100,
            min_payout_centi: 1_000,
            max_market_exposure_centi: 100_000,
            max_exposure_centi: 500_000,
            funds_tolerance_centi: Some(500),
            max_remembered_intents: 1_000_000,
        }
    }
}

/// How fast instructions may leave. Cancels are never held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pacing {
    /// PLACE and REPLACE instructions a second, to all markets, and as many at once.
    pub per_second: u32,
    /// To one market.
    pub market_per_second: u32,
    /// Transactions in a clock hour before the venue charges for them.
    pub per_hour: u32,
    /// Orders of a market are gathered for so long and leave together; 0: each leaves at once, by itself. Hedges always do.
    pub batch_window_ms: i64,
    /// Requests to place or to replace that may wait for their replies at once.
    pub in_flight: usize,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            per_second: 100,
            market_per_second: 40,
            per_hour: 5_000,
            batch_window_ms: 0,
            in_flight: 16,
        }
    }
}

/// How long what is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    /// After its first sending a request may be sent again with its reference: less than the venue remembers it.
    pub resend_ms: i64,
    /// An order in doubt is looked for so long, and the market's bet delay more.
    pub look_up_ms: i64,
    /// Between two look-ups of one order.
    pub look_up_every_ms: i64,
    /// Before a request is sent again, doubled each time …
    pub backoff_ms: i64,
    /// … up to this.
    pub backoff_max_ms: i64,
    /// The venue's exposure may differ from ours for so long: fills and settlements are under way.
    pub funds_ms: i64,
    /// An adopted bet may rest for so long.
    pub adopt_ms: i64,
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            resend_ms: 50_000,
            look_up_ms: 20_000,
            look_up_every_ms: 1_000,
            backoff_ms: 200,
            backoff_max_ms: 5_000,
            funds_ms: 15_000,
            adopt_ms: 3_600_000,
        }
    }
}

/// What becomes of bets that rest with our strategy's reference and that no order of ours has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnknownBets {
    /// They are cancelled.
    #[default]
    Cancel,
    /// They become orders, told of with reports like any other.
    Adopt,
    /// They are told of and left alone.
    Leave,
}

/// Everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Of orders.
    pub limits: Limits,
    /// Of requests.
    pub pacing: Pacing,
    /// Of waiting.
    pub windows: Windows,
    /// Of bets that are not ours.
    pub unknown_bets: UnknownBets,
}
