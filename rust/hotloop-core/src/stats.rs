//! Counts of what was read, since the core was made.

/// All counts only rise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Lines read without error, whatever they were.
    pub messages: u64,
    /// `mc` entries applied.
    pub market_changes: u64,
    /// `rc` entries applied.
    pub runner_changes: u64,
    /// Images applied.
    pub images: u64,
    /// `ct: HEARTBEAT`.
    pub heartbeats: u64,
    /// Not market changes, or of an older subscription.
    pub ignored: u64,
    /// Definitions of a lower version than the one held.
    pub definitions_ignored: u64,
    /// Refused messages.
    pub errors: u64,
}
