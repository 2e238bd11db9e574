//! REPORT: what became of an intent.

use serde::{Deserialize, Serialize};

use crate::canonical::{canonical, decimal, nullable, nullable_decimal, object, objects};
use crate::{Action, Status};

/// `ExecutionReport` v=1.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Report {
    /// Version of the report: 1.
    pub v: i64,
    /// Place in the gap-free row of reports, from 1.
    pub seq: i64,
    /// The intent this is about.
    pub intent_id: String,
    /// The executor's time, milliseconds.
    pub ts_ms: i64,
    /// The action of that intent.
    pub action: Action,
    /// The state it is in now.
    pub status: Status,
    /// The venue's name for the order.
    #[serde(deserialize_with = "nullable")]
    pub bet_id: Option<String>,
    /// Price of what was filled by this report, decimal odds.
    #[serde(deserialize_with = "nullable_decimal")]
    pub fill_price: Option<f64>,
    /// Size of what was filled by this report, account currency.
    #[serde(deserialize_with = "nullable_decimal")]
    pub fill_size: Option<f64>,
    /// What is left, hundredths.
    pub size_remaining_centi: i64,
    /// What is matched in all, hundredths.
    pub size_matched_centi: i64,
    /// Average price of all that is matched.
    #[serde(deserialize_with = "nullable_decimal")]
    pub avg_price_matched: Option<f64>,
    /// The fills behind `fill_price` and `fill_size`.
    #[serde(deserialize_with = "objects")]
    pub fill_events: Vec<FillEvent>,
    /// Why it was refused or ended.
    #[serde(deserialize_with = "nullable")]
    pub reject_code: Option<String>,
    /// The error class of a refusal.
    #[serde(deserialize_with = "nullable")]
    pub reject_class: Option<String>,
    /// The venue's own code.
    #[serde(deserialize_with = "nullable")]
    pub venue_code: Option<String>,
    /// A sentence for people.
    #[serde(deserialize_with = "nullable")]
    pub message: Option<String>,
    /// True: nothing of this reached the venue.
    pub dry_run: bool,
    /// When the executor did what.
    #[serde(deserialize_with = "object")]
    pub latency: Latency,
}

canonical!(
    Report,
    "REPORT",
    [
        action,
        avg_price_matched,
        bet_id,
        dry_run,
        fill_events,
        fill_price,
        fill_size,
        intent_id,
        latency,
        message,
        reject_class,
        reject_code,
        seq,
        size_matched_centi,
        size_remaining_centi,
        status,
        ts_ms
    ],
    [v, venue_code]
);

impl Report {
    /// A report that says nothing but this: no bet, no sizes, no reasons.
    #[must_use]
    pub fn new(
        seq: i64,
        intent_id: String,
        ts_ms: i64,
        action: Action,
        status: Status,
        dry_run: bool,
    ) -> Self {
        Self {
            v: crate::WIRE_VERSION,
            seq,
            intent_id,
            ts_ms,
            action,
            status,
            bet_id: None,
            fill_price: None,
            fill_size: None,
            size_remaining_centi: 0,
            size_matched_centi: 0,
            avg_price_matched: None,
            fill_events: Vec::new(),
            reject_code: None,
            reject_class: None,
            venue_code: None,
            message: None,
            dry_run,
            latency: Latency::default(),
        }
    }
}

/// One fill. The fields stand in the order they are written in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FillEvent {
    /// Decimal odds.
    #[serde(deserialize_with = "decimal")]
    pub price: f64,
    /// Account currency.
    #[serde(deserialize_with = "decimal")]
    pub size: f64,
    /// When, milliseconds.
    pub ts_ms: i64,
}

/// Nanoseconds of the executor's monotonic clock. The fields stand in the order they are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// The answer was made.
    #[serde(deserialize_with = "nullable")]
    pub acked_ns: Option<i64>,
    /// The intent's bytes were read.
    #[serde(deserialize_with = "nullable")]
    pub recv_ns: Option<i64>,
    /// The intent was handed on.
    #[serde(deserialize_with = "nullable")]
    pub sent_ns: Option<i64>,
}
