//! What time does to a running executor: the wall clock (S12) and the trader watch (S11).

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Core;
use crate::config::Clock;
use crate::machine::End;

impl Core {
    /// When [`Core::on_time`] is to be called next, if nothing happens before.
    pub fn arm(&mut self) -> Option<Instant> {
        self.armed_ms = match self.config.clock {
            Clock::Wall => self.machine.next_due_ms(),
            Clock::Wire => None,
        };
        let due = self.armed_ms.map(|due_ms| {
            let wait_ms = due_ms.saturating_sub(wall_ms()).max(0).unsigned_abs();
            // A deadline may lie centuries ahead; a day is soon enough to look again.
            Instant::now() + Duration::from_millis(wait_ms.min(86_400_000))
        });
        let lost = self
            .config
            .trader_timeout
            .filter(|_| !self.lost)
            .map(|timeout| self.heard + timeout);
        due.into_iter().chain(lost).min()
    }

    /// Does what time alone causes: deadlines on the wall clock, and the trader watch.
    pub fn on_time(&mut self) {
        let before = self.machine.last_seq();
        self.catch_up();
        let silent = self
            .config
            .trader_timeout
            .is_some_and(|timeout| self.heard.elapsed() >= timeout);
        if silent && !self.lost {
            self.lost = true;
            self.metrics.trader_lost.inc();
            tracing::warn!(
                open_orders = self.open_orders(),
                "no word from the trader: cancelling its orders"
            );
            let reports = self.machine.end_all(End::TraderLost);
            self.publish(reports);
        }
        if self.machine.last_seq() > before
            && let Some(slot) = &self.session
        {
            slot.wake.notify_one();
        }
    }

    pub(super) fn heard_now(&mut self) {
        self.heard = Instant::now();
        if self.lost {
            self.lost = false;
            self.rearm.notify_one();
        }
    }

    /// On the wall clock: brings the machine to this moment. A clock set back stands still instead.
    pub(super) fn catch_up(&mut self) {
        if self.config.clock == Clock::Wall {
            let now_ms = wall_ms().max(self.machine.now_ms());
            match self.machine.advance(now_ms) {
                Ok(reports) => self.publish(reports),
                Err(error) => debug_assert!(false, "{error}"),
            }
        }
    }

    pub(super) fn rearm_if_earlier(&self) {
        if self.config.clock == Clock::Wall
            && let Some(due_ms) = self.machine.next_due_ms()
            && self.armed_ms.is_none_or(|armed_ms| due_ms < armed_ms)
        {
            self.rearm.notify_one();
        }
    }
}

/// Milliseconds since 1970.
pub(super) fn wall_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(wire::INT_MAX)
}
