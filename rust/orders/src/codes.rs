//! The error ladder: what each of the venue's codes means to whoever sent the order.
//!
//! `proto_wire/venue_codes.json` is the one table; the tests hold this one and the trader's against it.

use serde::{Deserialize, Serialize};

/// What a code asks of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// The end of the intent; it is never sent again.
    Reject,
    /// The venue says it did not act: the same request may be sent again.
    Transient,
    /// It may have acted: look before anything else.
    Ambiguous,
    /// The order is no longer there: what became of it has to be looked up.
    Gone,
    /// Place nothing more, in the account, the session or the market.
    Halt,
    /// Log in again, then send the same request again.
    Auth,
}

impl Class {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::Transient => "transient",
            Self::Ambiguous => "ambiguous",
            Self::Gone => "gone",
            Self::Halt => "halt",
            Self::Auth => "auth",
        }
    }

    /// The class of a code. One that the venue adds some day is ambiguous: it is looked up.
    #[must_use]
    pub fn of(code: &str) -> Self {
        match code {
            "SERVICE_UNAVAILABLE" | "REGULATOR_IS_NOT_AVAILABLE" | "TOO_MANY_REQUESTS" | "SERVICE_BUSY" => {
                Self::Transient
            }
            "BET_TAKEN_OR_LAPSED" | "INVALID_BET_ID" => Self::Gone,
            "INVALID_SESSION_INFORMATION" | "NO_SESSION" => Self::Auth,
            _ if HALT.contains(&code) => Self::Halt,
            _ if REJECT.contains(&code) => Self::Reject,
            _ => Self::Ambiguous,
        }
    }
}

/// Codes after which nothing more is placed.
const HALT: &[&str] = &[
    "ACCESS_DENIED",
    "INVALID_ACCOUNT_STATE",
    "INVALID_APP_KEY",
    "INVALID_WALLET_STATUS",
    "LOSS_LIMIT_EXCEEDED",
    "NO_APP_KEY",
    "PERMISSION_DENIED",
];

/// Codes that end an intent.
const REJECT: &[&str] = &[
    "BET_ACTION_ERROR",
    "BET_LAPSED_PRICE_IMPROVEMENT_TOO_LARGE",
    "CANCELLED_NOT_PLACED",
    "DUPLICATE_BETIDS",
    "ERROR_IN_ORDER",
    "EVENT_BLOCKED",
    "EVENT_EXPOSURE_LIMIT_EXCEEDED",
    "EVENT_MATCHED_EXPOSURE_LIMIT_EXCEEDED",
    "INSUFFICIENT_FUNDS",
    "INVALID_BACK_LAY_COMBINATION",
    "INVALID_BET_SIZE",
    "INVALID_BID_TYPE",
    "INVALID_CUSTOMER_ORDER_REF",
    "INVALID_CUSTOMER_STRATEGY_REF",
    "INVALID_INPUT_DATA",
    "INVALID_MARKET_ID",
    "INVALID_MARKET_VERSION",
    "INVALID_MIN_FILL_SIZE",
    "INVALID_ODDS",
    "INVALID_ORDER",
    "INVALID_ORDER_TYPE",
    "INVALID_PERSISTENCE_TYPE",
    "INVALID_PRICE_EDIT",
    "INVALID_PROFIT_RATIO",
    "INVALID_RUNNER",
    "MARKET_NOT_OPEN_FOR_BETTING",
    "MARKET_NOT_OPEN_FOR_BSP_BETTING",
    "MARKET_SUSPENDED",
    "NO_ACTION_REQUIRED",
    "NO_CHASING",
    "PROCESSED_WITH_ERRORS",
    "REJECTED_BY_REGULATOR",
    "RELATED_ACTION_FAILED",
    "REQUEST_SIZE_EXCEEDS_LIMIT",
    "RUNNER_REMOVED",
    "TIME_IN_FORCE_CONFLICT",
    "TOO_MANY_INSTRUCTIONS",
    "TOO_MUCH_DATA",
    "UNEXPECTED_MIN_FILL_SIZE",
    "UNEXPECTED_PERSISTENCE_TYPE",
];
