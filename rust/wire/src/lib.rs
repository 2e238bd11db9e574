//! The wire between the trader and the executor: `proto_wire/SPEC.md` as code.
//!
//! Entry points: [`Decoder`] cuts received bytes into frames, [`Message::decode`] reads a frame's body,
//! [`Message::encode_frame`] writes a whole frame in the one canonical form.
//!
//! Invariants:
//! 1. No I/O and no clock: bytes in, values out.
//! 2. What is read is checked completely ([`WireError`]); a [`Message`] from [`Message::decode`] is within every range of the tables.
//! 3. Equal messages encode to equal bytes, in every language.

mod canonical;
mod decode;
mod enums;
mod error;
mod framing;
mod intent;
mod message;
mod report;
mod session;

pub use decode::is_intent_id;
pub use enums::{
    Action, ControlAction, Ladder, MarketStatus, Persistence, RunnerStatus, Side, State, Status, TimeInForce,
};
pub use error::{Code, WireError, cut};
pub use framing::{Decoder, FrameError, MAX_FRAME_BYTES, Part, Partial, encode_body};
pub use intent::{DryFill, Intent, Market, Runner};
pub use message::Message;
pub use report::{FillEvent, Latency, Report};
pub use session::{
    Capabilities, Capability, Config, ConfigAck, ConfigReject, Control, ControlAck, ErrorMessage, Goodbye,
    Heartbeat, HeartbeatAck, Hello, HelloAck, HelloReject, ReportAck, Tick, TickAck,
};

/// The wire version this crate speaks.
pub const WIRE_VERSION: i64 = 1;
/// The versions of configuration bundles the executor of this crate's version takes (clause V5).
pub const BUNDLE_VERSIONS: &[i64] = &[1];
/// The largest integer both languages' JSON carries exactly: 2^53 − 1.
pub const INT_MAX: i64 = (1 << 53) - 1;
/// The largest `price_centi`.
pub const PRICE_CENTI_MAX: i64 = 1_000_000;
/// The largest `size_centi`: with [`PRICE_CENTI_MAX`] it keeps every sum of price × size below 2^53.
pub const SIZE_CENTI_MAX: i64 = 9_000_000_000;
/// The longest `intent_id`: what the venue takes as a customer order reference.
pub const INTENT_ID_MAX: usize = 32;
