//! The one session, as both its own task and everything else see it.

use std::cell::Cell;

use tokio::sync::Notify;

/// A session that stands. Its task waits on `wake`; others end it by [`Slot::end`].
#[derive(Debug)]
pub struct Slot {
    /// Number of the session, from 1.
    pub number: u64,
    /// What the trader calls itself, cut.
    pub client: String,
    /// The strategy's commit, as the trader says, cut.
    pub strategy_commit: String,
    /// The version of the trader's configuration.
    pub bundle_version: i64,
    /// Rung when there are reports to write or the session has been ended.
    pub wake: Notify,
    /// Rung when the session's task has closed the connection.
    pub closed: Notify,
    ended: Cell<Option<&'static str>>,
    beats_now: Cell<bool>,
}

impl Slot {
    /// A session of this trader.
    #[must_use]
    pub fn new(number: u64, hello: &wire::Hello) -> Self {
        Self {
            number,
            client: wire::cut(&hello.client),
            strategy_commit: wire::cut(&hello.strategy_commit),
            bundle_version: hello.bundle_version,
            wake: Notify::new(),
            closed: Notify::new(),
            ended: Cell::new(None),
            beats_now: Cell::new(false),
        }
    }

    /// Asks the session's task to say GOODBYE and close.
    pub fn end(&self, reason: &'static str) {
        self.ended.set(Some(reason));
        self.wake.notify_one();
    }

    /// Asks for a HEARTBEAT beside those that are due: what it tells has changed.
    pub fn beat_now(&self) {
        self.beats_now.set(true);
        self.wake.notify_one();
    }

    /// True once after it was asked for.
    pub fn takes_beat(&self) -> bool {
        self.beats_now.take()
    }

    /// Why the session has been ended, if it has.
    #[must_use]
    pub fn ended(&self) -> Option<&'static str> {
        self.ended.get()
    }
}
