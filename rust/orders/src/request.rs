//! What the machine wants done.

use serde::{Deserialize, Serialize};
use wire::{Intent, Report};

use crate::facts::Bet;
use crate::record::{Kind, Record};

/// One thing to be done, in the order in which they stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Effect {
    /// To the journal, and as durable as it is set to be before anything after it is done.
    Journal(Record),
    /// To the venue. Nothing waits for it.
    Send(Request),
    /// To the trader.
    Report(Report),
    /// A new session at the venue is needed; `Event::LoggedIn` says that there is one.
    LogIn,
    /// To whoever looks after the account: a bet with our strategy's reference that no order of ours has.
    Unknown(Bet),
}

/// A request to the venue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Names its answer.
    pub number: u64,
    /// What it asks for.
    pub kind: Kind,
    /// `customerRef`: the same whenever the same request is sent again.
    pub reference: String,
    /// The one market that all of it is about; empty for a look-up.
    pub market_id: String,
    /// The parts.
    pub instructions: Vec<Instruction>,
}

/// One part of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Instruction {
    /// A new order, with the intent's id as `customerOrderRef`.
    Place(Box<Intent>),
    /// The end of a bet, or of a part of it.
    Cancel {
        /// The bet.
        bet_id: String,
        /// How much to take off it, hundredths; `None`: all.
        reduce_centi: Option<i64>,
    },
    /// Another price for a bet.
    Replace {
        /// The bet.
        bet_id: String,
        /// The price, hundredths.
        price_centi: i64,
    },
    /// All bets with this reference, and this bet if it is known.
    LookUp {
        /// `customerOrderRef`.
        venue_ref: String,
        /// The bet.
        bet_id: Option<String>,
    },
}
