//! Everything that can go wrong in the core, as one table.
//!
//! | variant | what happened | `market_id` | `field` | `offset` |
//! | --- | --- | --- | --- | --- |
//! | `Unreadable` | the line is not one JSON object | – | – | byte where reading failed |
//! | `Invalid` | a value has the wrong type or range | where it could be read | path of the value | byte of the value |
//! | `Limit` | a bound of the configuration would be exceeded | where one is meant | path | – |
//! | `Config` | a configuration is refused | – | dotted path of the key | – |
//! | `Argument` | a method was called with something it does not take | – | argument name | – |

use thiserror::Error;

/// A refused line, configuration or argument. Nothing was changed by what was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// The line is not one JSON object in UTF-8.
    #[error("not readable at byte {offset}: {reason}")]
    Unreadable {
        /// Byte in the line where reading failed.
        offset: usize,
        /// What was expected there.
        reason: &'static str,
    },
    /// A value of the message has the wrong type or is out of range.
    #[error("{}{field} {reason}", market_prefix(market_id.as_deref()))]
    Invalid {
        /// The market whose entry holds the value, where its `id` could be read.
        market_id: Option<String>,
        /// Path of the value, like `mc[0].rc[1].atb[0][1]`.
        field: String,
        /// Byte of the value in the line; none where the whole message is at fault.
        offset: Option<usize>,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A bound of the configuration would be exceeded.
    #[error("{}{field} exceeds {limit} = {value}", market_prefix(market_id.as_deref()))]
    Limit {
        /// The market that would be too many.
        market_id: Option<String>,
        /// Path of the value that asks for too much.
        field: String,
        /// The configuration key of the bound.
        limit: &'static str,
        /// The bound.
        value: u64,
    },
    /// A configuration is refused as a whole.
    #[error("config {field}: {reason}")]
    Config {
        /// Dotted path of the key.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A method was called with something it does not take.
    #[error("{field}: {reason}")]
    Argument {
        /// Name of the argument.
        field: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}

fn market_prefix(market_id: Option<&str>) -> String {
    market_id.map_or_else(String::new, |id| format!("market {id}: "))
}

impl Error {
    /// The market concerned, where it is known.
    #[must_use]
    pub fn market_id(&self) -> Option<&str> {
        match self {
            Self::Invalid { market_id, .. } | Self::Limit { market_id, .. } => market_id.as_deref(),
            Self::Unreadable { .. } | Self::Config { .. } | Self::Argument { .. } => None,
        }
    }

    /// Path of the value, configuration key or argument at fault.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Unreadable { .. } => None,
            Self::Invalid { field, .. } | Self::Limit { field, .. } | Self::Config { field, .. } => {
                Some(field)
            }
            Self::Argument { field, .. } => Some(field),
        }
    }

    /// Byte in the line, where one can be named.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        match self {
            Self::Unreadable { offset, .. } => Some(*offset),
            Self::Invalid { offset, .. } => *offset,
            Self::Limit { .. } | Self::Config { .. } | Self::Argument { .. } => None,
        }
    }

    /// The same error of a message that was not a line: byte positions mean nothing there.
    #[must_use]
    pub fn without_offset(self) -> Self {
        match self {
            Self::Invalid {
                market_id,
                field,
                reason,
                ..
            } => Self::Invalid {
                market_id,
                field,
                offset: None,
                reason,
            },
            other => other,
        }
    }
}
