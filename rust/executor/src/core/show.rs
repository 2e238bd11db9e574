//! The state of this moment as others see it: the trader, Prometheus, people.

use serde_json::{Value, json};
use wire::{Heartbeat, State};

use super::Core;
use super::time::wall_ms;
use crate::machine::Refusal;
use crate::metrics::{Moment, VenueMoment};

/// Orders wait until the venue has shown what rests there.
const NOT_READY: &str = "VENUE_NOT_READY";

impl Core {
    /// A HEARTBEAT of this moment.
    #[must_use]
    pub fn heartbeat(&self) -> Heartbeat {
        Heartbeat {
            next_report_seq: self.retention.last() + 1,
            open_orders: self.open_orders(),
            queue_depth: self.queue_depth(),
            reason: self.reason().to_owned(),
            state: self.state(),
            ts_ms: wall_ms(),
            venue: self.venue_word().to_owned(),
        }
    }

    /// The state of this moment in a line, for a service manager.
    #[must_use]
    pub fn status_line(&self) -> String {
        let mode = if self.is_live() {
            format!("live, venue {}", self.venue_word())
        } else {
            "dry run".to_owned()
        };
        let trader = if self.session.is_some() { "" } else { ", no trader" };
        let paused = match self.reason() {
            "" => String::new(),
            reason => format!(", paused: {reason}"),
        };
        format!("{mode}: {} orders open{trader}{paused}", self.open_orders())
    }

    /// The page for Prometheus.
    ///
    /// # Errors
    /// If a metric cannot be written as text.
    pub fn metrics_page(&self) -> Result<String, std::fmt::Error> {
        let live = self.live().map_or(0, |live| live.machine().counters().duplicates);
        self.metrics.text(&Moment {
            open_orders: self.open_orders(),
            unacked_reports: number(self.retention.len()),
            duplicates: self.machine.counters().duplicates + live,
            venue: self.venue_moment(),
        })
    }

    /// The same as [`Core::status`] tells, for Prometheus.
    fn venue_moment(&self) -> Option<VenueMoment> {
        let venue = self.venue.as_ref()?;
        let (machine, journal) = (venue.live.machine(), venue.live.journal());
        let (counters, (last_sync, journal_syncs)) = (machine.counters(), journal.sync_times());
        let look = machine.funds_look();
        Some(VenueMoment {
            state: venue.state.as_str(),
            is_halted: !self.reason().is_empty(),
            doubts: counters.doubts,
            not_placed: counters.not_placed,
            strays: counters.strays,
            paced: counters.paced,
            funds_trips: counters.funds_trips,
            clock_steps: venue.live.clock_steps,
            queue_depth: self.queue_depth(),
            in_flight: number(machine.book().flights.len()),
            transactions: machine.book().transactions(machine.now_ms()).into(),
            exposure: decimal(machine.exposure() / 100),
            journal_bytes: i64::try_from(journal.length()).unwrap_or(i64::MAX),
            journal_syncs,
            last_sync_s: last_sync.as_secs_f64(),
            funds_difference: look.map_or(0.0, |look| decimal(look.difference / 100)),
            funds_look_s: look.map_or(0.0, |look| decimal(look.at_ms / 10)),
            journal_shortened: venue.live.shortened,
        })
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
            "mode": if self.is_live() { "live" } else { "dry_run" },
            "venue": self.venue_status(),
            "clock": self.config.clock.as_str(),
            "state": self.state().as_str(),
            "killed": self.machine.killed(),
            "uptime_s": self.started.elapsed().as_secs(),
            "time_ms": self.machine.now_ms(),
            "session": session,
            "open_orders": self.machine.open_orders(),
            "unacked_reports": self.retention.len(),
            "next_report_seq": self.retention.last() + 1,
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
    pub(super) fn reason(&self) -> &'static str {
        if let Some(live) = self.live() {
            let is_ready = live.machine().is_ready();
            live.machine()
                .halted()
                .unwrap_or(if is_ready { "" } else { NOT_READY })
        } else if self.machine.killed() {
            Refusal::Killed.code()
        } else if self.machine.paused() {
            Refusal::ReportsUnacked.code()
        } else {
            ""
        }
    }

    fn venue_word(&self) -> &'static str {
        self.venue
            .as_ref()
            .map_or("dry_run", |venue| venue.state.as_str())
    }

    /// Intents taken and not yet answered.
    fn queue_depth(&self) -> i64 {
        self.venue.as_ref().map_or(0, |venue| number(venue.asked.len()))
    }

    /// The order machine and its journal, for people and scripts.
    fn venue_status(&self) -> Value {
        let Some(venue) = &self.venue else {
            return Value::Null;
        };
        let (machine, journal) = (venue.live.machine(), venue.live.journal());
        let (book, counters) = (machine.book(), machine.counters());
        json!({
            "state": venue.state.as_str(),
            "is_ready": machine.is_ready(),
            "halted": machine.halted(),
            "open_orders": book.orders.len(),
            "requests_in_flight": book.flights.len(),
            "waiting_intents": venue.asked.len(),
            "exposure_centi": machine.exposure() / 100,
            "transactions_this_hour": book.transactions(machine.now_ms()),
            "duplicates": counters.duplicates,
            "ttl_prevented": counters.ttl_prevented,
            "doubts": counters.doubts,
            "not_placed": counters.not_placed,
            "strays": counters.strays,
            "unknown_bets": counters.unknown,
            "funds_trips": counters.funds_trips,
            "pacing_trips": counters.paced,
            "journal_bytes": journal.length(),
            "journal_shortened": venue.live.shortened,
            "clock_steps": venue.live.clock_steps,
        })
    }

    pub(super) fn open_orders(&self) -> i64 {
        let live = self.live().map_or(0, |live| live.machine().book().orders.len());
        number(self.machine.open_orders() + live)
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Hundredths as a decimal.
#[expect(clippy::cast_precision_loss, reason = "to be shown")]
fn decimal(centi: i64) -> f64 {
    centi as f64 / 100.0
}
