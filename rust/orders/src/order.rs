//! One order, as far as it is known.

use serde::{Deserialize, Serialize};
use wire::{Action, Intent, TimeInForce};

use crate::codes::Class;
use crate::facts::{Bet, RunnerKey};
use crate::record::Why;

/// Where the placing of an order stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Not sent yet.
    Queued,
    /// In a request that has not ended.
    Sent,
    /// In a request that the venue says it did not act on, to be sent again.
    Again,
    /// It may stand at the venue or not.
    Doubt {
        /// Since when.
        since_ms: i64,
    },
    /// It has a bet.
    Live,
    /// It has none and will have none.
    Refused {
        /// Why.
        code: String,
        /// Of which class.
        class: Option<Class>,
        /// The venue's own code, where it said it.
        venue_code: Option<String>,
    },
}

impl Stage {
    /// It has no bet, for this reason.
    #[must_use]
    pub fn refused(code: &str, class: Class, venue_code: Option<&str>) -> Self {
        Self::Refused {
            code: code.to_owned(),
            class: Some(class),
            venue_code: venue_code.map(str::to_owned),
        }
    }
}

/// What the trader has been told of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// That it was taken up.
    pub accepted: bool,
    /// That it stands.
    pub placed: bool,
    /// That it is in doubt.
    pub unknown: bool,
    /// Matched, hundredths.
    pub matched_centi: i64,
    /// The value of that.
    pub value: i64,
    /// Taken off it by CANCELs of a part.
    pub cancelled_centi: i64,
}

/// A PLACE or REPLACE intent and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// What was asked for.
    pub intent: Intent,
    /// The reference that its bet has at the venue: the first order's of a row of replacements.
    pub venue_ref: String,
    /// Its size; of a REPLACE what its target had left, until the venue says.
    pub size_centi: i64,
    /// Where its placing stands.
    pub stage: Stage,
    /// When the request that carries it first left.
    pub first_sent_ms: Option<i64>,
    /// Its bet's id.
    pub bet_id: Option<String>,
    /// Its bet as last seen.
    pub bet: Option<Bet>,
    /// What the trader knows.
    pub told: Told,
    /// Why the executor wants it to end.
    pub ending: Option<Why>,
    /// CANCEL intents that wait for its end.
    pub cancels: Vec<String>,
    /// The REPLACE that is to move it.
    pub replace: Option<String>,
    /// True once that REPLACE has its bet.
    pub is_replaced: bool,
    /// True while a request to cancel it has not ended.
    pub is_cancelling: bool,
    /// Before this no further request to cancel it is sent.
    pub cancel_after_ms: i64,
    /// How often that has failed.
    pub cancel_attempts: u32,
    /// True where it has to be looked up though it has a bet.
    pub is_unsure: bool,
}

impl Order {
    /// An order that has just been asked for.
    #[must_use]
    pub fn new(intent: Intent, venue_ref: String, size_centi: i64) -> Self {
        Self {
            intent,
            venue_ref,
            size_centi,
            stage: Stage::Queued,
            first_sent_ms: None,
            bet_id: None,
            bet: None,
            told: Told::default(),
            ending: None,
            cancels: Vec::new(),
            replace: None,
            is_replaced: false,
            is_cancelling: false,
            cancel_after_ms: 0,
            cancel_attempts: 0,
            is_unsure: false,
        }
    }

    /// Its name: that of the intent.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.intent.intent_id
    }

    /// Its runner.
    #[must_use]
    pub fn runner(&self) -> RunnerKey {
        (self.intent.selection_id, self.intent.handicap_centi)
    }

    /// True for an order that moves another.
    #[must_use]
    pub fn is_replace(&self) -> bool {
        self.intent.action == Action::Replace
    }

    /// Before others of its kind: it takes risk off.
    #[must_use]
    pub fn is_hedge(&self) -> bool {
        self.intent.hedge_of.is_some()
    }

    /// True for an order that may not rest.
    #[must_use]
    pub fn is_fill_or_kill(&self) -> bool {
        self.intent.time_in_force == Some(TimeInForce::FillOrKill)
    }

    /// Matched so far, hundredths, and its value.
    #[must_use]
    pub fn matched(&self) -> (i64, i64) {
        self.bet
            .as_ref()
            .map_or((0, 0), |bet| (bet.matched_centi, bet.value))
    }

    /// What may still be matched, hundredths.
    #[must_use]
    pub fn remaining_centi(&self) -> i64 {
        self.bet.as_ref().map_or(self.size_centi, Bet::remaining_centi)
    }

    /// True once its bet can be matched no more.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.bet.as_ref().is_some_and(Bet::is_complete)
    }

    /// True while somebody wants the whole of it to end.
    #[must_use]
    pub fn is_unwanted(&self) -> bool {
        self.ending.is_some() || !self.cancels.is_empty()
    }

    /// True while it may be at the venue without our knowing.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        matches!(self.stage, Stage::Sent | Stage::Again | Stage::Doubt { .. })
    }
}
