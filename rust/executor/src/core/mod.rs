//! A running executor without its sockets: the machines, the reports it keeps, the one session, the counters.
//!
//! Entry points: [`Core::hello`] opens a session, [`Core::handle`] takes a message of it, [`Core::on_time`] is called when
//! [`Core::arm`] said so. Reports are never handed out: a session reads them from [`Core::report_after`], so that one
//! that was slow, broken or not there yet misses none.

mod live;
mod reconfigure;
mod refused;
mod retention;
mod session;
mod show;
mod time;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use orders::Event;
use tokio::sync::Notify;
use wire::{Capability, Code, ControlAck, Hello, HelloAck, Intent, Latency, Message, Report, Tick, TickAck};

use crate::config::{Clock, Config};
use crate::live::{JournalError, Live};
use crate::machine::{Input, Machine};
use crate::metrics::Metrics;
use live::Venue;
pub use live::{Outgoing, VenueState};
pub use refused::Refused;
use retention::Retention;
pub use session::Slot;
use time::wall_ms;

/// The state of a running executor.
#[derive(Debug)]
pub struct Core {
    config: Config,
    /// The dry run.
    machine: Machine,
    /// The orders that go to the venue, if any do.
    venue: Option<Venue>,
    retention: Retention,
    /// All counters.
    pub metrics: Metrics,
    session: Option<Rc<Slot>>,
    sessions: u64,
    /// Why no session may begin any more.
    closing: Option<&'static str>,
    instance: String,
    started: Instant,
    /// When the trader was last heard of.
    heard: Instant,
    /// True once its silence has cancelled the orders.
    lost: bool,
    rearm: Rc<Notify>,
    armed_ms: Option<i64>,
}

impl Core {
    /// An executor without a session, with the orders of its journal if it has one.
    ///
    /// # Errors
    /// [`JournalError`] if it may have orders that nobody can tell of.
    pub fn new(config: Config) -> Result<Self, JournalError> {
        let now_ms = match config.clock {
            Clock::Wall => wall_ms(),
            Clock::Wire => 0,
        };
        let live = match &config.live {
            Some(live) => Some(Live::open(&live.journal, live.orders, now_ms)?),
            None => None,
        };
        let mut retention = Retention::default();
        if let Some(live) = &live {
            let book = live.machine().book();
            retention = Retention::after_seq(
                book.unacked
                    .front()
                    .map_or(book.last_seq, |report| report.seq - 1),
            );
        }
        let started = Instant::now();
        let mut core = Self {
            machine: Machine::new(config.limits, now_ms),
            venue: live.map(Venue::new),
            retention,
            metrics: Metrics::new(),
            session: None,
            sessions: 0,
            closing: None,
            instance: instance_name(),
            started,
            heard: started,
            lost: false,
            rearm: Rc::new(Notify::new()),
            armed_ms: None,
            config,
        };
        if let Some(venue) = &core.venue {
            core.metrics.go_live(venue.live.journal().sync_seconds());
        }
        core.keep_unacked();
        Ok(core)
    }

    /// First the reports that a process before this one has made, then those that this one has made of them.
    fn keep_unacked(&mut self) {
        let left_over = self.live().map_or_else(Vec::new, Live::left_over);
        self.publish(left_over);
        self.drain();
    }

    /// What the executor was started with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// How long a session looks for the next message without sleeping. Where a venue has to be spoken with nothing else
    /// may wait for that.
    #[must_use]
    pub fn spin(&self) -> Duration {
        if self.is_live() {
            Duration::ZERO
        } else {
            self.config.spin
        }
    }

    /// Rung when [`Core::arm`] would now give an earlier time than it did.
    #[must_use]
    pub fn rearm(&self) -> Rc<Notify> {
        Rc::clone(&self.rearm)
    }

    /// Opens a session, by clause S2. Its reports are those after [`Core::acknowledged`].
    ///
    /// # Errors
    /// [`Refused`] with the code of `HELLO_REJECT`; nothing has changed then.
    pub fn hello(&mut self, hello: &Hello) -> Result<(Rc<Slot>, HelloAck), Refused> {
        if !self.config.token.is(&hello.token) {
            return Err(Refused::new(
                Code::BadToken,
                "the token is not the one in the executor's token file",
            ));
        }
        if !hello.wire_versions.contains(&wire::WIRE_VERSION) {
            let message = format!(
                "wire versions {:?} are not spoken here, only 1",
                hello.wire_versions
            );
            return Err(Refused::new(Code::UnsupportedWire, message));
        }
        if !wire::BUNDLE_VERSIONS.contains(&hello.bundle_version) {
            return Err(Refused::bundle(hello.bundle_version));
        }
        let standing = self.session.as_ref().filter(|slot| slot.ended().is_none());
        if let Some(former) = standing {
            if !hello.takeover {
                let message = format!(
                    "{:?} holds the session; takeover: true would end it",
                    former.client
                );
                return Err(Refused::new(Code::SessionTaken, message));
            }
            former.end("taken over");
            self.metrics.takeovers.inc();
            tracing::warn!(
                former = former.number,
                client = wire::cut(&hello.client),
                "session taken over"
            );
        }
        self.acknowledge(hello.last_report_seq);
        self.heard_now();
        self.sessions += 1;
        let slot = Rc::new(Slot::new(self.sessions, hello));
        if let Some(reason) = self.closing {
            slot.end(reason);
        }
        self.session = Some(Rc::clone(&slot));
        let clock = self.config.clock.as_str().to_owned();
        let mut capabilities: BTreeMap<String, Capability> = [
            ("clock".to_owned(), Capability::Text(clock)),
            ("config".to_owned(), Capability::Bool(true)),
            ("dry_run".to_owned(), Capability::Bool(true)),
        ]
        .into();
        if self.is_live() {
            capabilities.insert("durable".to_owned(), Capability::Bool(true));
            capabilities.insert("dry_run".to_owned(), Capability::Bool(false));
        }
        let ack = HelloAck {
            capabilities,
            executor_version: crate::VERSION.to_owned(),
            next_report_seq: self.retention.last() + 1,
            session_id: format!("{}-{}", self.instance, slot.number),
            wire_version: wire::WIRE_VERSION,
        };
        Ok((slot, ack))
    }

    /// The session's connection is gone.
    pub fn leave(&mut self, slot: &Rc<Slot>) {
        if self
            .session
            .as_ref()
            .is_some_and(|session| Rc::ptr_eq(session, slot))
        {
            self.session = None;
        }
    }

    /// Ends the session that stands, and gives it; one that begins later is ended before it is heard. No message is
    /// taken after this.
    pub fn end_sessions(&mut self, reason: &'static str) -> Option<Rc<Slot>> {
        self.closing = Some(reason);
        let slot = self.session.clone()?;
        slot.end(reason);
        Some(slot)
    }

    /// Takes a message of the session whose bytes were read at `read`, and gives the answer to be written after the
    /// reports it has caused.
    ///
    /// # Errors
    /// [`Refused`] as the wire's ERROR; the message has had no effect then.
    pub fn handle(&mut self, message: &Message, read: Instant) -> Result<Option<Message>, Refused> {
        self.heard_now();
        self.catch_up();
        if self.is_live() {
            self.live_message(message, read)?;
        } else if let Some(input) = Input::of(message) {
            self.room_for_reports()?;
            let reports = match input {
                Input::Intent(intent) => self.intent(intent, read),
                input => self.machine.handle(input),
            };
            self.publish(reports);
        }
        let answer = match message {
            Message::Intent(_) | Message::Market(_) | Message::DryFill(_) | Message::HeartbeatAck(_) => None,
            Message::Control(control) => {
                tracing::warn!(
                    action = control.action.as_str(),
                    reason = wire::cut(&control.reason),
                    "control"
                );
                Some(
                    ControlAck {
                        action: control.action,
                        open_orders: self.open_orders(),
                    }
                    .into(),
                )
            }
            Message::Config(config) => Some(self.reconfigure(config)),
            Message::Tick(tick) => Some(self.tick(tick)?.into()),
            Message::ReportAck(ack) => {
                self.acknowledge(ack.seq);
                None
            }
            Message::Error(error) => {
                let (code, error) = (wire::cut(&error.code), wire::cut(&error.message));
                tracing::warn!(code, error, "the trader says ERROR");
                None
            }
            other => {
                let message = format!("{} has no place here", other.message_type());
                return Err(Refused::new(Code::BadMessage, message));
            }
        };
        self.rearm_if_earlier();
        Ok(answer)
    }

    /// `seq` of the last report acknowledged, 0 for none.
    #[must_use]
    pub fn acknowledged(&self) -> i64 {
        self.retention.acked()
    }

    /// The frame of the report after `seq`, with its own `seq`.
    #[must_use]
    pub fn report_after(&self, seq: i64) -> Option<(i64, &[u8])> {
        self.retention.after(seq)
    }

    fn intent(&mut self, intent: &Intent, read: Instant) -> Vec<Report> {
        self.metrics.intent(intent.action);
        let sent = Instant::now();
        let mut reports = self.machine.handle(Input::Intent(intent));
        let acked = Instant::now();
        let latency = Latency {
            acked_ns: Some(self.ns(acked)),
            recv_ns: Some(self.ns(read)),
            sent_ns: Some(self.ns(sent)),
        };
        if !reports.is_empty() {
            self.metrics.acked(acked.duration_since(read).as_secs_f64());
        }
        for report in reports
            .iter_mut()
            .filter(|report| report.intent_id == intent.intent_id)
        {
            report.latency = latency;
        }
        reports
    }

    fn tick(&mut self, tick: &Tick) -> Result<TickAck, Refused> {
        if self.config.clock != Clock::Wire {
            return Err(Refused::new(Code::WrongClock, "TICK: the clock here is wall"));
        }
        self.room_for_reports()?;
        let reports = self
            .machine
            .advance(tick.ts_ms)
            .map_err(|error| Refused::new(Code::ClockBack, format!("TICK: {error}")))?;
        self.publish(reports);
        Ok(TickAck {
            last_seq: self.machine.last_seq(),
            ts_ms: tick.ts_ms,
        })
    }

    /// S9: refuses what could make reports while far too many are kept.
    fn room_for_reports(&self) -> Result<(), Refused> {
        let (kept, most) = (
            self.retention.len(),
            self.config.max_unacked_reports.saturating_mul(2),
        );
        if kept < most {
            return Ok(());
        }
        Err(Refused::new(
            Code::ReportsUnacked,
            format!("{kept} reports wait for their REPORT_ACK"),
        ))
    }

    fn publish(&mut self, reports: Vec<Report>) {
        for report in reports {
            self.metrics.report(&report);
            let (seq, mut frame) = (report.seq, Vec::with_capacity(512));
            if let Err(error) = Message::Report(report).encode_frame(&mut frame) {
                // Its longest text is an id of 32 characters; it cannot outgrow a frame.
                tracing::error!(%error, seq, "a report cannot be written");
                debug_assert!(false, "{error}");
            }
            self.retention.keep(seq, frame);
        }
        if self.retention.len() >= self.config.max_unacked_reports && !self.machine.paused() {
            tracing::warn!(
                unacked = self.retention.len(),
                "paused: reports are not acknowledged"
            );
            self.set_paused(true);
        }
    }

    fn set_paused(&mut self, is_paused: bool) {
        self.machine.set_paused(is_paused);
        self.live_step(Some(Event::Paused(is_paused)));
    }

    fn acknowledge(&mut self, seq: i64) {
        let before = self.retention.acked();
        self.retention.acknowledge(seq);
        if self.retention.acked() > before {
            self.live_step(Some(Event::Acked(self.retention.acked())));
        }
        if self.machine.paused() && self.retention.len() <= self.config.max_unacked_reports / 2 {
            tracing::info!(unacked = self.retention.len(), "ready again");
            self.set_paused(false);
        }
    }

    /// Nanoseconds since the executor started.
    fn ns(&self, at: Instant) -> i64 {
        i64::try_from(at.saturating_duration_since(self.started).as_nanos()).unwrap_or(wire::INT_MAX)
    }
}

/// A name no other executor process has: when it started, and its process id.
fn instance_name() -> String {
    format!("{:x}.{:x}", wall_ms(), std::process::id())
}
