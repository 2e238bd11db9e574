//! What time does to a running executor: the wall clock (S12) and the trader watch (S11).

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use orders::Event;
use wire::{ControlAction, Report};

use super::Core;
use crate::config::Clock;
use crate::machine::End;

impl Core {
    /// When [`Core::on_time`] is to be called next, if nothing happens before.
    pub fn arm(&mut self) -> Option<Instant> {
        self.armed_ms = self.next_due_ms();
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

    /// When time alone has something to do, milliseconds of the wall.
    fn next_due_ms(&mut self) -> Option<i64> {
        if self.config.clock == Clock::Wire {
            return None;
        }
        let wall_ms = wall_ms();
        let venue = self.venue.as_mut();
        let live = venue.and_then(|venue| venue.live.wake_in_ms(wall_ms));
        let dry = self.machine.next_due_ms();
        live.map(|in_ms| wall_ms.saturating_add(in_ms))
            .into_iter()
            .chain(dry)
            .min()
    }

    /// Does what time alone causes: deadlines on the wall clock, and the trader watch.
    pub fn on_time(&mut self) {
        let before = self.retention.last();
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
            self.publish_dry(reports);
            self.live_step(Some(Event::Control(ControlAction::CancelAll)));
        }
        if self.retention.last() > before {
            self.wake_session();
        }
    }

    /// The session has reports to write.
    pub(super) fn wake_session(&self) {
        if let Some(slot) = &self.session {
            slot.wake.notify_one();
        }
    }

    /// Reports of the dry run: as they are, or in the row of a live executor's.
    pub(super) fn publish_dry(&mut self, reports: Vec<Report>) {
        if self.is_live() {
            self.relay(reports);
        } else {
            self.publish(reports);
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
                Ok(reports) => self.publish_dry(reports),
                Err(error) => debug_assert!(false, "{error}"),
            }
            self.live_step(None);
        }
    }

    pub(super) fn rearm_if_earlier(&mut self) {
        if let Some(due_ms) = self.next_due_ms()
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
