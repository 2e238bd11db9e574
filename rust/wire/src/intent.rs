//! What the trader sends about orders and markets: INTENT, `DRY_FILL`, MARKET.

use serde::{Deserialize, Serialize};

use crate::canonical::{canonical, nullable, objects};
use crate::{Action, Ladder, MarketStatus, Persistence, RunnerStatus, Side, TimeInForce};

/// `QuoteIntent` v=1. Prices and sizes are hundredths, times milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Intent {
    /// Version of the intent: 1.
    pub v: i64,
    /// The order's name: 1 to 32 of `A–Z a–z 0–9 -`.
    pub intent_id: String,
    /// When the trader decided.
    pub ts_ms: i64,
    /// Who decided.
    pub edge: String,
    /// The market.
    pub market_id: String,
    /// The runner.
    pub selection_id: i64,
    /// The runner's handicap.
    pub handicap_centi: i64,
    /// What is asked for.
    pub action: Action,
    /// Back or lay.
    pub side: Side,
    /// The price.
    pub price_centi: i64,
    /// The stake; 0 for REPLACE and CANCEL.
    pub size_centi: i64,
    /// The deadline is `ts_ms + ttl_ms`; a CANCEL has none.
    pub ttl_ms: i64,
    /// What happens at the turn in-play.
    pub persistence: Persistence,
    /// None: rests until its deadline.
    #[serde(deserialize_with = "nullable")]
    pub time_in_force: Option<TimeInForce>,
    /// The least a `FILL_OR_KILL` is content with.
    #[serde(deserialize_with = "nullable")]
    pub min_fill_size_centi: Option<i64>,
    /// The order a REPLACE or CANCEL means.
    #[serde(deserialize_with = "nullable")]
    pub target_intent_id: Option<String>,
    /// Refuse a PLACE if the market has moved past this.
    #[serde(deserialize_with = "nullable")]
    pub market_version: Option<i64>,
    /// The intent whose fill this one hedges.
    #[serde(deserialize_with = "nullable")]
    pub hedge_of: Option<String>,
    /// The strategy's name at the venue.
    pub strategy_ref: String,
    /// True: must not reach the venue.
    pub dry_run: bool,
}

canonical!(
    Intent,
    "INTENT",
    [
        action,
        dry_run,
        edge,
        handicap_centi,
        hedge_of,
        intent_id,
        market_id,
        market_version,
        min_fill_size_centi,
        persistence,
        price_centi,
        selection_id,
        side,
        size_centi,
        strategy_ref,
        target_intent_id,
        time_in_force,
        ts_ms,
        ttl_ms
    ],
    [v]
);

impl Intent {
    /// When a PLACE or REPLACE is over: `ts_ms + ttl_ms`.
    #[must_use]
    pub fn deadline_ms(&self) -> i64 {
        self.ts_ms.saturating_add(self.ttl_ms)
    }
}

/// `DRY_FILL`: what the trader's simulator says its book would have filled.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DryFill {
    /// The order.
    pub intent_id: String,
    /// The price of the fill.
    pub price_centi: i64,
    /// Its size.
    pub size_centi: i64,
    /// Its time.
    pub ts_ms: i64,
}

canonical!(
    DryFill,
    "DRY_FILL",
    [intent_id, price_centi, size_centi, ts_ms],
    []
);

/// MARKET: all the executor's checks need to know of a market, sent whenever it changes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Market {
    /// The market.
    pub market_id: String,
    /// Its state.
    pub status: MarketStatus,
    /// True once turned in-play.
    pub in_play: bool,
    /// The venue's version of it.
    #[serde(deserialize_with = "nullable")]
    pub version: Option<i64>,
    /// Seconds an in-play order is held back.
    pub bet_delay: i64,
    /// What sort of event it is about, as the venue numbers them.
    #[serde(deserialize_with = "nullable")]
    pub event_type_id: Option<String>,
    /// The prices it allows.
    pub ladder: Ladder,
    /// Its runners.
    #[serde(deserialize_with = "objects")]
    pub runners: Vec<Runner>,
    /// How many runners win; 0: not known.
    pub winners: i64,
}

canonical!(
    Market,
    "MARKET",
    [
        bet_delay,
        event_type_id,
        in_play,
        ladder,
        market_id,
        runners,
        status
    ],
    [version, winners]
);

/// One runner of a [`Market`]. The fields stand in the order they are written in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runner {
    /// Its handicap.
    pub handicap_centi: i64,
    /// The selection.
    pub selection_id: i64,
    /// Its state.
    pub status: RunnerStatus,
}
