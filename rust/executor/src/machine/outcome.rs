//! Every way an intent is refused and every way a standing order ends, with their codes.

use wire::Status;

/// Why an intent is refused (clauses D3 to D5, S9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// D3.1: its deadline has passed.
    TtlPrevented,
    /// D3.2: the kill switch is on.
    Killed,
    /// S9: too many reports wait for their acknowledgement.
    ReportsUnacked,
    /// D3.3: the market is not OPEN.
    MarketNotOpen,
    /// D3.4: the runner is not ACTIVE.
    RunnerRemoved,
    /// D3.5: the price is not on the ladder.
    InvalidOdds,
    /// D3.6: below both minimums.
    InvalidBetSize,
    /// D3.7: the market has moved past the version named.
    InvalidMarketVersion,
    /// D3.8: enough orders are open.
    MaxOpenOrders,
    /// D4.1, D5.1: no open order of that name.
    TargetGone,
    /// D4.2: a CANCEL by size.
    UnsupportedSizeReduction,
    /// D5.1: a REPLACE that names another market, runner or side than its target has.
    TargetMismatch,
    /// D5.1: a REPLACE with a size.
    ReplaceChangesSize,
    /// D5.1: a REPLACE to the same price.
    NoActionRequired,
}

impl Refusal {
    /// The `reject_code`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TtlPrevented => "TTL_PREVENTED",
            Self::Killed => "KILLED",
            Self::ReportsUnacked => "REPORTS_UNACKED",
            Self::MarketNotOpen => "MARKET_NOT_OPEN",
            Self::RunnerRemoved => "RUNNER_REMOVED",
            Self::InvalidOdds => "INVALID_ODDS",
            Self::InvalidBetSize => "INVALID_BET_SIZE",
            Self::InvalidMarketVersion => "INVALID_MARKET_VERSION",
            Self::MaxOpenOrders => "MAX_OPEN_ORDERS",
            Self::TargetGone => "TARGET_GONE",
            Self::UnsupportedSizeReduction => "UNSUPPORTED_SIZE_REDUCTION",
            Self::TargetMismatch => "TARGET_MISMATCH",
            Self::ReplaceChangesSize => "REPLACE_CHANGES_SIZE",
            Self::NoActionRequired => "NO_ACTION_REQUIRED",
        }
    }

    /// The `reject_class`.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Killed | Self::ReportsUnacked => "halt",
            Self::TargetGone => "gone",
            _ => "reject",
        }
    }

    /// The terminal status.
    #[must_use]
    pub fn status(self) -> Status {
        if self == Self::TtlPrevented {
            Status::Expired
        } else {
            Status::Rejected
        }
    }
}

/// How a standing order ends by itself or with others (clauses D7 to D10, S11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// D8: its deadline has come.
    TtlExpired,
    /// D7: a `FILL_OR_KILL` that was not filled.
    FillOrKill,
    /// D9.1: the market is CLOSED.
    MarketClosed,
    /// D9.2: the market turned in-play.
    InPlay,
    /// D9.3: the runner no longer takes part.
    RunnerRemoved,
    /// D10.1: CONTROL `cancel_all`.
    CancelAll,
    /// D10.2: CONTROL `kill`.
    Killed,
    /// S11: the trader has been silent too long.
    TraderLost,
}

impl End {
    /// The `reject_code`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TtlExpired => "TTL_EXPIRED",
            Self::FillOrKill => "FOK_KILLED",
            Self::MarketClosed => "MARKET_CLOSED",
            Self::InPlay => "IN_PLAY",
            Self::RunnerRemoved => "RUNNER_REMOVED",
            Self::CancelAll => "CANCEL_ALL",
            Self::Killed => "KILLED",
            Self::TraderLost => "TRADER_LOST",
        }
    }

    /// The terminal status.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::TtlExpired | Self::FillOrKill => Status::Expired,
            Self::MarketClosed | Self::InPlay | Self::RunnerRemoved => Status::Lapsed,
            Self::CancelAll | Self::Killed | Self::TraderLost => Status::Cancelled,
        }
    }
}
