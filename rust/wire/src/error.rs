//! Why a frame's body is not a message, as the codes of the specification.

use std::fmt;

use crate::FrameError;

/// The `code` of an ERROR or `HELLO_REJECT` this side may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// F2: a length of zero or over the limit.
    BadFrameLength,
    /// F3: the body is not UTF-8.
    BadUtf8,
    /// F4: the body is not one JSON object.
    BadJson,
    /// F5: the frame did not come to its end.
    Truncated,
    /// S1: something came before HELLO.
    NotHello,
    /// S9: far too many reports are waiting for their `REPORT_ACK`.
    ReportsUnacked,
    /// C6: a field is missing, of the wrong type, or out of range; or the message has no place here.
    BadMessage,
    /// C6: no such message type.
    UnknownType,
    /// C6: a text that is none of the field's values.
    UnknownEnum,
    /// C6: an INTENT or REPORT of another version.
    UnknownVersion,
    /// S12: a TICK while the wall clock rules.
    WrongClock,
    /// S13: a TICK that goes back in time.
    ClockBack,
    /// S2: HELLO does not decode.
    BadHello,
    /// S2: the token is another.
    BadToken,
    /// S2: no common wire version.
    UnsupportedWire,
    /// S2: the trader's configuration has a form the executor does not know.
    UnsupportedBundle,
    /// S2: another session is alive.
    SessionTaken,
}

impl Code {
    /// Every code.
    pub const ALL: &'static [Self] = &[
        Self::BadFrameLength,
        Self::BadUtf8,
        Self::BadJson,
        Self::Truncated,
        Self::NotHello,
        Self::ReportsUnacked,
        Self::BadMessage,
        Self::UnknownType,
        Self::UnknownEnum,
        Self::UnknownVersion,
        Self::WrongClock,
        Self::ClockBack,
        Self::BadHello,
        Self::BadToken,
        Self::UnsupportedWire,
        Self::UnsupportedBundle,
        Self::SessionTaken,
    ];

    /// The text on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadFrameLength => "BAD_FRAME_LENGTH",
            Self::BadUtf8 => "BAD_UTF8",
            Self::BadJson => "BAD_JSON",
            Self::Truncated => "TRUNCATED",
            Self::NotHello => "NOT_HELLO",
            Self::ReportsUnacked => "REPORTS_UNACKED",
            Self::BadMessage => "BAD_MESSAGE",
            Self::UnknownType => "UNKNOWN_TYPE",
            Self::UnknownEnum => "UNKNOWN_ENUM",
            Self::UnknownVersion => "UNKNOWN_VERSION",
            Self::WrongClock => "WRONG_CLOCK",
            Self::ClockBack => "CLOCK_BACK",
            Self::BadHello => "BAD_HELLO",
            Self::BadToken => "BAD_TOKEN",
            Self::UnsupportedWire => "UNSUPPORTED_WIRE",
            Self::UnsupportedBundle => "UNSUPPORTED_BUNDLE",
            Self::SessionTaken => "SESSION_TAKEN",
        }
    }

    /// True where the connection is closed after the answer.
    #[must_use]
    pub fn closes(self) -> bool {
        !matches!(
            self,
            Self::BadMessage
                | Self::UnknownType
                | Self::UnknownEnum
                | Self::UnknownVersion
                | Self::WrongClock
                | Self::ClockBack
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a body is not a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The bytes did not make a frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The body is not one JSON object.
    #[error("not one JSON object: {why}")]
    BadJson {
        /// What the JSON reader says, with line and column.
        why: String,
    },
    /// A field is missing, of the wrong type, or out of range.
    #[error("{message_type}: {why}")]
    BadMessage {
        /// The message's type, or `message` where it has none.
        message_type: &'static str,
        /// What is wrong, with the field's name.
        why: String,
    },
    /// No such message type.
    #[error("unknown message type {kind:?}")]
    UnknownType {
        /// The type received, cut to 64 characters.
        kind: String,
    },
    /// A text that is none of the field's values.
    #[error("{message_type}.{field}: {value:?} is not one of {}", .allowed.join(", "))]
    UnknownEnum {
        /// The message's type.
        message_type: &'static str,
        /// The field, `runners[].status` style.
        field: &'static str,
        /// The value received, cut to 64 characters.
        value: String,
        /// What would have been understood.
        allowed: &'static [&'static str],
    },
    /// An INTENT or REPORT of another version.
    #[error("{message_type}: version {version} is not understood, only 1")]
    UnknownVersion {
        /// The message's type.
        message_type: &'static str,
        /// The version received.
        version: i64,
    },
    /// A message that would not fit into a frame.
    #[error(
        "{message_type}: {bytes} bytes do not fit into a frame of at most {} bytes",
        crate::MAX_FRAME_BYTES
    )]
    TooLarge {
        /// The message's type.
        message_type: &'static str,
        /// The size of its body.
        bytes: usize,
    },
}

impl WireError {
    /// The code that answers this error.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Frame(error) => error.code(),
            Self::BadJson { .. } => Code::BadJson,
            Self::BadMessage { .. } | Self::TooLarge { .. } => Code::BadMessage,
            Self::UnknownType { .. } => Code::UnknownType,
            Self::UnknownEnum { .. } => Code::UnknownEnum,
            Self::UnknownVersion { .. } => Code::UnknownVersion,
        }
    }
}

/// At most 64 characters of `text`: what a peer sent must not blow up an answer or a log line.
#[must_use]
pub fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}
