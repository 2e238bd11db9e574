//! The state of this moment as others see it: the trader, Prometheus, people.

use serde_json::{Value, json};
use wire::{Heartbeat, State};

use super::Core;
use super::time::wall_ms;
use crate::machine::Refusal;

impl Core {
    /// A HEARTBEAT of this moment.
    #[must_use]
    pub fn heartbeat(&self) -> Heartbeat {
        Heartbeat {
            next_report_seq: self.machine.last_seq() + 1,
            open_orders: self.open_orders(),
            queue_depth: 0,
            reason: self.reason().to_owned(),
            state: self.state(),
            ts_ms: wall_ms(),
            venue: "dry_run".to_owned(),
        }
    }

    /// The page for Prometheus.
    ///
    /// # Errors
    /// If a metric cannot be written as text.
    pub fn metrics_page(&self) -> Result<String, std::fmt::Error> {
        let unacked = i64::try_from(self.retention.len()).unwrap_or(i64::MAX);
        self.metrics
            .text(self.open_orders(), unacked, self.machine.counters().duplicates)
    }

    /// The state of this moment, for people and scripts.
    #[must_use]
    pub fn status(&self) -> Value {
        let counters = self.machine.counters();
        let session = self.session.as_ref().map(|slot| {
            json!({
                "session_id": format!("{}-{}", self.instance, slot.number),
                "client": slot.client,
                "strategy_commit": slot.strategy_commit,
                "bundle_version": slot.bundle_version,
            })
        });
        json!({
            "executor_version": crate::VERSION,
            "wire_version": wire::WIRE_VERSION,
            "mode": "dry_run",
            "clock": self.config.clock.as_str(),
            "state": self.state().as_str(),
            "killed": self.machine.killed(),
            "uptime_s": self.started.elapsed().as_secs(),
            "time_ms": self.machine.now_ms(),
            "session": session,
            "open_orders": self.machine.open_orders(),
            "unacked_reports": self.retention.len(),
            "next_report_seq": self.machine.last_seq() + 1,
            "duplicates": counters.duplicates,
            "stray_fills": counters.stray_fills,
            "cut_fills": counters.cut_fills,
        })
    }

    fn state(&self) -> State {
        if self.reason().is_empty() {
            State::Ready
        } else {
            State::Paused
        }
    }

    /// The code new orders are refused with; empty where they are taken.
    fn reason(&self) -> &'static str {
        if self.machine.killed() {
            Refusal::Killed.code()
        } else if self.machine.paused() {
            Refusal::ReportsUnacked.code()
        } else {
            ""
        }
    }

    pub(super) fn open_orders(&self) -> i64 {
        i64::try_from(self.machine.open_orders()).unwrap_or(i64::MAX)
    }
}
