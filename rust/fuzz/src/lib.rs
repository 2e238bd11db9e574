//! What has to hold of `hotloop-core` whatever bytes arrive.
//!
//! Each function takes what the fuzzer made up and panics where the core breaks a law: `parse` holds one line of
//! any bytes against other ways of reading it; `lines` only wants to see the end of a stream, and is quick;
//! `messages` and `structured` put a whole stream to a `Player`, the
//! first one as lines of any bytes, the second as an `act` after the other of a market that trades (`scene`).
//! The laws are in `view` (what is answered at one time) and `player` (what a step may change).

mod act;
mod lines;
mod messages;
mod parse;
mod player;
mod reading;
mod scene;
mod settings;
mod signals;
mod structured;
mod text;
mod view;

pub use lines::lines;
pub use messages::messages;
pub use parse::parse;
pub use structured::structured;
