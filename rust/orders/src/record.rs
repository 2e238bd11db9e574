//! What the journal holds: everything the machine knows and must not forget.
//!
//! The machine changes what it knows by these records only ([`crate::book::Book::apply`]), and each is written before what
//! follows from it leaves. So a journal read again, whole or cut after any record, gives a state that the machine had.

use serde::{Deserialize, Serialize};
use wire::{Intent, Report};

use crate::facts::{Answer, Bet};
use crate::snapshot::Snapshot;

/// What a request asks for, the more urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// The end of orders, or of a part.
    Cancel,
    /// Another price.
    Replace,
    /// New orders.
    Place,
    /// What has become of orders.
    LookUp,
}

/// Why the executor ends an order that no intent asked it to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// Its time is over.
    Deadline,
    /// All orders are to end.
    CancelAll,
    /// The kill switch.
    Kill,
}

/// One thing that became known or was decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// All that was known when the journal was shortened: the first record of what is left of it.
    Snapshot(Box<Snapshot>),
    /// A process began. Its number is part of the references of its requests.
    Began {
        /// One more than the last one's.
        epoch: u64,
    },
    /// An intent was taken up, and will never be again.
    Intent(Box<Intent>),
    /// A bet that was at the venue already has become an order: one record, for half of it would be placed.
    Adopted {
        /// As if it had been asked for.
        intent: Box<Intent>,
        /// What there is of it.
        bet: Bet,
    },
    /// A request is about to leave, for the first time or again.
    Sent {
        /// Its number; the same when it is sent again.
        request: u64,
        /// What it asks for.
        kind: Kind,
        /// The intents (orders) it is about, in the order of its instructions.
        names: Vec<String>,
        /// When.
        at_ms: i64,
    },
    /// How it ended.
    Answered {
        /// Its number.
        request: u64,
        /// When.
        at_ms: i64,
        /// In which way.
        answer: Answer,
    },
    /// More is known of an order's bet.
    Bet {
        /// The order.
        name: String,
        /// Its bet.
        bet: Bet,
    },
    /// An order in doubt has not been found in all the time it was looked for.
    NotFound {
        /// The order.
        name: String,
    },
    /// A request that waited to leave again will not: its orders are looked for.
    Grounded {
        /// Its number.
        request: u64,
        /// When.
        at_ms: i64,
    },
    /// An order that was not sent will not be any more: its time is over, or nobody wants it.
    Dropped {
        /// The order.
        name: String,
        /// The code of its report.
        code: String,
    },
    /// The executor wants an order to end.
    Ending {
        /// The order.
        name: String,
        /// Why.
        why: Why,
    },
    /// The kill switch was thrown, or put back.
    Switch {
        /// No new orders.
        killed: bool,
    },
    /// A report is about to leave.
    Report(Box<Report>),
    /// The trader has every report up to this one.
    Acked {
        /// The last one.
        seq: i64,
    },
}
