//! The executor: takes a trader's intents over the wire of `proto_wire/SPEC.md` and reports what became of them.
//!
//! The rooms, from the inside out:
//! - [`machine`]: the rules of orders. No I/O, no clock.
//! - [`core`]: the machine with what a running executor keeps around it: kept reports, the one session, counters.
//!   It reads clocks and does no I/O.
//! - [`server`]: sockets, sessions, timers. Decides nothing about orders.
//! - [`metrics`]: what is counted, and the page that shows it.
//! - [`config`], [`cli`], [`logging`]: how it is started.
//!
//! Everything runs on one thread; nothing is shared with another.

pub mod cli;
pub mod config;
pub mod core;
pub mod live;
pub mod logging;
pub mod machine;
pub mod metrics;
pub mod server;
pub mod venue;

/// The version of this executor, as `HELLO_ACK` says it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
