//! Why a message or a session is refused.

use wire::{Code, ErrorMessage, Message, WireError};

const MESSAGE_CHARS_MAX: usize = 300;

/// A message or a HELLO that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The code of the answer.
    pub code: Code,
    /// The same for people.
    pub message: String,
}

impl Refused {
    /// A refusal with this code. The message is cut: it may quote what the peer sent, however long that was.
    #[must_use]
    pub fn new(code: Code, message: impl AsRef<str>) -> Self {
        Self {
            code,
            message: message.as_ref().chars().take(MESSAGE_CHARS_MAX).collect(),
        }
    }

    /// A configuration of a form that is not known here.
    #[must_use]
    pub fn bundle(given: i64) -> Self {
        let taken = wire::BUNDLE_VERSIONS;
        Self::new(
            Code::UnsupportedBundle,
            format!("bundle version {given} is not taken here, only {taken:?}"),
        )
    }

    /// As the wire's ERROR.
    #[must_use]
    pub fn to_error(&self) -> Message {
        ErrorMessage {
            code: self.code.as_str().to_owned(),
            message: self.message.clone(),
        }
        .into()
    }
}

impl From<&WireError> for Refused {
    fn from(error: &WireError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
