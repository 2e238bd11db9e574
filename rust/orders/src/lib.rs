//! The order machine: what an executor does with orders at a venue.
//!
//! Entry points: [`Machine::recover`] makes one from what a [`journal`] holds, [`Machine::step`] takes an [`Event`] and
//! gives [`Effect`]s, to be done in their order.
//!
//! Invariants:
//! 1. Pure: no I/O and no clock; the same events give the same effects.
//! 2. What it must not forget it changes by [`Record`]s only, and each stands before what follows from it: a journal cut
//!    after any of them gives a state it had.
//! 3. A request that places leaves once, or again with its reference while the venue says that it did nothing; after
//!    anything else its orders are looked for, never sent again.
//! 4. An intent has one end, told once; nothing is told that the venue could still gainsay.

mod answers;
mod batching;
mod book;
mod checks;
mod claims;
pub mod codes;
mod config;
mod dispatch;
mod exposure;
pub mod facts;
mod funds;
pub mod journal;
pub mod ladder;
mod machine;
pub mod markets;
mod order;
mod pacing;
mod reconcile;
mod record;
pub mod remembered;
mod request;
pub mod script;
mod sending;
mod settle;
mod snapshot;

pub use book::{Book, Cancel, Ended, Flight, Outcome};
pub use config::{Config, Limits, Pacing, UnknownBets, Windows};
pub use exposure::liability;
pub use machine::{Counters, Event, FundsLook, Machine};
pub use order::{Order, Stage, Told};
pub use record::{Kind, Record, Why};
pub use request::{Effect, Instruction, Request};
pub use snapshot::Snapshot;
