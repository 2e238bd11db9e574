//! What may change while the executor runs (the wire's CONFIG): read as a whole, then taken as a whole.

use std::time::Duration;

use serde_json::Value;

use super::section::Section;
use super::venue::{LiveScope, read_scope};
use super::{Config, ConfigError, read_heartbeat, read_limits, read_orders, read_trader_timeout};
use crate::machine::Limits;

/// The part of a [`Config`] that may change.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// What the machine keeps to.
    pub limits: Limits,
    /// Reports kept unacknowledged before new orders are refused.
    pub max_unacked_reports: usize,
    /// Between two HEARTBEATs.
    pub heartbeat: Duration,
    /// Silence after which the trader counts as lost; `None`: never.
    pub trader_timeout: Option<Duration>,
    /// The part that only a live executor has.
    pub live: Option<LiveChanges>,
}

/// What of a live executor may change.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveChanges {
    /// What the order machine keeps to.
    pub orders: orders::Config,
    /// Which markets' orders go to the venue.
    pub scope: LiveScope,
}

/// Keys of the file that need a restart.
const FIXED: [&str; 8] = [
    "listen", "mode", "clock", "metrics", "log", "betfair", "journal", "on_stop",
];

impl Config {
    /// The part that may change, as it is.
    #[must_use]
    pub fn changes(&self) -> Changes {
        Changes {
            limits: self.limits,
            max_unacked_reports: self.max_unacked_reports,
            heartbeat: self.heartbeat,
            trader_timeout: self.trader_timeout,
            live: self.live.as_ref().map(|live| LiveChanges {
                orders: live.orders,
                scope: live.scope.clone(),
            }),
        }
    }

    /// Takes changes.
    pub fn apply(&mut self, changes: &Changes) {
        self.limits = changes.limits;
        self.max_unacked_reports = changes.max_unacked_reports;
        self.heartbeat = changes.heartbeat;
        self.trader_timeout = changes.trader_timeout;
        if let (Some(live), Some(changes)) = (&mut self.live, &changes.live) {
            live.orders = changes.orders;
            live.scope = changes.scope.clone();
        }
    }

    /// Reads a text in the form of the configuration file. A key that is left out stays as it is.
    ///
    /// # Errors
    /// [`ConfigError`] with the first thing that is wrong, or that needs a restart.
    pub fn read_changes(&self, text: &str) -> Result<Changes, ConfigError> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| ConfigError::new("", format!("not JSON: {error}")))?;
        if let Some(key) = FIXED.iter().find(|key| value.get(**key).is_some()) {
            return Err(ConfigError::new(*key, "cannot change while the executor runs"));
        }
        let mut root = Section::root(value)?;
        let now = self.changes();
        let of_venue = now.live.as_ref().map(|live| live.orders.limits);
        let limits = read_limits(
            root.child("limits")?,
            &now.limits,
            now.max_unacked_reports,
            of_venue,
        )?;
        let live = match now.live {
            Some(live) => Some(LiveChanges {
                orders: read_orders(&mut root, &live.orders, &limits)?,
                scope: read_scope(root.child("live_scope")?, live.scope)?,
            }),
            None => None,
        };
        let changes = Changes {
            limits: limits.common,
            max_unacked_reports: limits.max_unacked_reports,
            live,
            heartbeat: read_heartbeat(&mut root, now.heartbeat)?,
            trader_timeout: read_trader_timeout(&mut root, now.trader_timeout)?,
        };
        root.finish()?;
        Ok(changes)
    }
}
