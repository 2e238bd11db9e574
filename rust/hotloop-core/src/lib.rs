//! Betfair market stream to order books and signals.
//!
//! This crate has no I/O, no clock, no randomness and no Python: the same lines give the same
//! state. The rules are docs/signals.md; the pure-Python reference follows the same page.
//!
//! Way of a line: `parse` (with `definition` and `rows`, through `json`) → `message` → `state` (with `store`,
//! `segments`) → `market` → `runner` → `book`; then, once a message, `signals`. Read back: `read`, `signals::read`;
//! the trader's own orders in their queues: `orders`. What a refused line carried: `probe`.
//!
//! ```
//! use hotloop_core::{Config, HotloopCore, RunnerKey};
//!
//! let mut core = HotloopCore::new(Config::default());
//! let line = br#"{"op":"mcm","pt":1,"mc":[{"id":"1.2","rc":[{"id":7,"atb":[[1.5,20]]}]}]}"#;
//! assert_eq!(core.apply(line, 0)?.len(), 1);
//! let (back, lay) = core.best("1.2", RunnerKey::new(7, 0.0));
//! assert_eq!(back.map(|level| level.price), Some(150));
//! assert_eq!(lay, None);
//! # Ok::<(), hotloop_core::Error>(())
//! ```

mod book;
mod config;
mod definition;
mod error;
mod fault;
mod json;
mod ladder;
mod market;
mod message;
mod number;
mod orders;
mod parse;
mod probe;
mod quick;
mod read;
mod rows;
mod runner;
mod segments;
mod signals;
mod state;
mod stats;
mod store;

pub use book::Level;
pub use config::{BookSource, Config, FillModel, QueueModel};
pub use error::Error;
pub use ladder::{Centi, Ladder, Lines, hundredths};
pub use market::{MarketBook, Side};
pub use message::{Definition, RunnerDefinition, RunnerKey};
pub use orders::check_order_id;
pub use runner::RunnerBook;
pub use signals::queue::Place;
pub use state::{BatchError, HotloopCore, Touched};
pub use stats::Stats;
pub use store::MarketRef;
