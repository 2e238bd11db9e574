//! A core whose orders go to the venue: what happens goes to [`Live`], what comes of it to the trader and to the outbox.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use orders::{Effect, Event, Kind, Request};
use serde_json::json;
use tokio::sync::Notify;
use wire::{Action, Control, ControlAction, Intent, Latency, Message, Report, Status};

use super::time::wall_ms;
use super::{Core, Refused};
use crate::live::{JournalError, Live};
use crate::machine::Input;

/// How the venue is reached, as the trader and people see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VenueState {
    /// It has not said anything yet.
    #[default]
    Starting,
    /// Orders and their stream are well.
    Connected,
    /// The stream says that what it tells may be old.
    Stale,
    /// The stream is away; orders go on.
    Down,
    /// Nobody is logged in, and the venue does not want us.
    LoggedOut,
}

impl VenueState {
    /// Every word.
    pub const TEXTS: [&'static str; 5] = ["starting", "connected", "stale", "down", "logged_out"];

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::TEXTS[self as usize]
    }
}

/// A request that is to leave, and how much longer than usual its reply may take.
#[derive(Debug)]
pub struct Outgoing {
    /// It.
    pub request: Request,
    /// An order in play waits at the venue.
    pub more: Duration,
}

/// What is to be done at the venue, as the core decided it.
#[derive(Debug, Default)]
pub struct Outbox {
    pub(super) requests: VecDeque<Outgoing>,
    pub(super) needs_login: bool,
    wake: Rc<Notify>,
}

/// When an intent's bytes were read, and when its request left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    read: Instant,
    sent: Option<Instant>,
}

/// A live core's part.
#[derive(Debug)]
pub struct Venue {
    pub(super) live: Live,
    pub(super) outbox: Outbox,
    pub(super) asked: HashMap<String, Asked>,
    pub(super) state: VenueState,
    failed: Rc<Notify>,
}

impl Venue {
    pub(super) fn new(live: Live) -> Self {
        Self {
            live,
            outbox: Outbox::default(),
            asked: HashMap::new(),
            state: VenueState::default(),
            failed: Rc::new(Notify::new()),
        }
    }
}

impl Core {
    /// True where orders go to the venue.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.venue.is_some()
    }

    /// The order machine with its journal, where orders go to the venue.
    #[must_use]
    pub fn live(&self) -> Option<&Live> {
        self.venue.as_ref().map(|venue| &venue.live)
    }

    /// Rung when there is something to be done at the venue.
    #[must_use]
    pub fn outbox(&self) -> Rc<Notify> {
        self.venue
            .as_ref()
            .map_or_else(Rc::default, |venue| Rc::clone(&venue.outbox.wake))
    }

    /// Rung when the journal can no longer be written.
    #[must_use]
    pub fn failed(&self) -> Rc<Notify> {
        self.venue
            .as_ref()
            .map_or_else(Rc::default, |venue| Rc::clone(&venue.failed))
    }

    /// True where orders are to be cancelled when the executor stops.
    #[must_use]
    pub fn cancels_on_stop(&self) -> bool {
        self.config.live.as_ref().is_some_and(|live| live.cancel_on_stop)
    }

    /// True while an order is open at the venue.
    #[must_use]
    pub fn has_orders(&self) -> bool {
        self.live()
            .is_some_and(|live| !live.machine().book().orders.is_empty())
    }

    /// True while a request is to leave.
    #[must_use]
    pub fn has_requests(&self) -> bool {
        self.venue
            .as_ref()
            .is_some_and(|venue| !venue.outbox.requests.is_empty())
    }

    /// The next request that is to leave.
    pub fn take_request(&mut self) -> Option<Outgoing> {
        self.venue.as_mut()?.outbox.requests.pop_front()
    }

    /// True once, where a new session is needed.
    pub fn take_login(&mut self) -> bool {
        let venue = self.venue.as_mut();
        venue.is_some_and(|venue| std::mem::take(&mut venue.outbox.needs_login))
    }

    /// Something came from the venue.
    pub fn venue_says(&mut self, event: Event) {
        let before = self.reason();
        self.live_step(Some(event));
        if self.reason() != before
            && let Some(slot) = &self.session
        {
            slot.beat_now();
        }
        self.wake_session();
        self.rearm_if_earlier();
    }

    /// How the venue is reached.
    pub fn set_venue_state(&mut self, state: VenueState) {
        if let Some(venue) = &mut self.venue {
            venue.state = state;
        }
    }

    /// The order stream is away.
    pub fn stream_lost(&mut self) {
        self.metrics.stream_lost.inc();
        self.set_venue_state(VenueState::Down);
    }

    /// Says in the journal's lock where this executor can be spoken to.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn announce(&self, control: SocketAddr) -> Result<(), JournalError> {
        let Some(live) = self.live() else {
            return Ok(());
        };
        let text = json!({
            "backend": "rust",
            "pid": std::process::id(),
            "control": control.to_string(),
            "token_file": self.config.token_file,
        });
        live.journal().announce(&text.to_string())
    }

    /// The person at the desk, past the trader.
    pub fn control(&mut self, action: ControlAction) {
        tracing::warn!(action = action.as_str(), "control, by hand");
        let control = Control {
            action,
            reason: "by hand".to_owned(),
        };
        self.catch_up();
        self.control_both(&control);
        self.wake_session();
        self.rearm_if_earlier();
    }

    /// What the person at the desk wants is for orders of both kinds.
    fn control_both(&mut self, control: &Control) {
        let reports = self.machine.handle(Input::Control(control));
        self.publish_dry(reports);
        self.live_step(Some(Event::Control(control.action)));
    }

    /// What was made durable may be followed by what follows from it.
    pub fn synced(&mut self) {
        self.drain();
        self.wake_session();
    }

    /// A message of the trader that is about orders.
    pub(super) fn live_message(&mut self, message: &Message, read: Instant) -> Result<(), Refused> {
        let Some(input) = Input::of(message) else {
            return Ok(());
        };
        self.room_for_reports()?;
        match input {
            Input::Intent(intent) => self.live_intent(intent, read),
            Input::Market(market) => {
                let reports = self.machine.handle(input);
                self.relay(reports);
                self.live_step(Some(Event::Market(Box::new(market.clone()))));
            }
            Input::DryFill(_) => {
                let reports = self.machine.handle(input);
                self.relay(reports);
            }
            Input::Control(control) => self.control_both(control),
        }
        Ok(())
    }

    fn live_intent(&mut self, intent: &Intent, read: Instant) {
        self.metrics.intent(intent.action);
        let is_dry = self.is_dry(intent);
        let Some(venue) = &mut self.venue else { return };
        if !venue.live.machine().book().knows(&intent.intent_id) {
            let asked = Asked { read, sent: None };
            venue.asked.insert(intent.intent_id.clone(), asked);
            if is_dry {
                let reports = self.machine.handle(Input::Intent(intent));
                self.relay(reports);
                return;
            }
        }
        // One that is known goes there, too: it counts it.
        self.live_step(Some(Event::Intent(Box::new(intent.clone()))));
    }

    /// An order is where its target is; a new one is dry where it says so, or where its market is out of scope.
    fn is_dry(&self, intent: &Intent) -> bool {
        if intent.action != Action::Place {
            let target = intent.target_intent_id.as_deref();
            return target.is_some_and(|name| self.machine.has(name));
        }
        let Some(config) = &self.config.live else {
            return true;
        };
        let market = self
            .live()
            .and_then(|live| live.machine().markets().get(&intent.market_id));
        let event_type = market.and_then(|market| market.event_type.as_deref());
        intent.dry_run || !config.scope.has(&intent.market_id, event_type)
    }

    /// Reports of the dry run take their place in the one row of reports.
    pub(super) fn relay(&mut self, reports: Vec<Report>) {
        for report in reports {
            self.live_step(Some(Event::Dry(Box::new(report))));
        }
    }

    pub(super) fn live_step(&mut self, event: Option<Event>) {
        if let Some(venue) = &mut self.venue {
            venue.live.step(wall_ms(), event);
        }
        self.drain();
    }

    /// Does what may be done: reports to those that are kept, requests to the outbox.
    pub(super) fn drain(&mut self) {
        let Some(venue) = &mut self.venue else { return };
        let effects = venue.live.take_done();
        let mut reports = Vec::new();
        for effect in effects {
            match effect {
                Effect::Report(mut report) => {
                    self.note_latency(&mut report);
                    reports.push(report);
                }
                Effect::Send(request) => self.send(request),
                Effect::LogIn => {
                    if let Some(venue) = &mut self.venue {
                        venue.outbox.needs_login = true;
                        venue.outbox.wake.notify_one();
                    }
                }
                Effect::Unknown(bet) => {
                    self.metrics.unknown_bets.inc();
                    tracing::warn!(
                        bet_id = bet.bet_id, market_id = bet.market_id, order_ref = bet.order_ref,
                        policy = ?self.config.live.as_ref().map(|live| live.orders.unknown_bets),
                        "a bet with our strategy's reference that no order of ours has"
                    );
                }
                Effect::Journal(_) => {}
            }
        }
        self.publish(reports);
        if let Some(venue) = &self.venue
            && let Some(error) = venue.live.broken()
        {
            tracing::error!(%error, "the journal cannot be written: nothing more is placed");
            venue.failed.notify_one();
        }
    }

    fn send(&mut self, request: Request) {
        let Some(venue) = &mut self.venue else { return };
        let machine = venue.live.machine();
        let delay_s = machine
            .markets()
            .get(&request.market_id)
            .map_or(0, |market| market.bet_delay);
        if let Some(flight) = machine.book().flights.get(&request.number) {
            let now = Instant::now();
            for name in &flight.names {
                if let Some(asked) = venue.asked.get_mut(name) {
                    asked.sent = Some(now);
                }
            }
        }
        let more = match request.kind {
            Kind::Place | Kind::Replace => Duration::from_secs(delay_s.unsigned_abs()),
            Kind::Cancel | Kind::LookUp => Duration::ZERO,
        };
        self.metrics.request(request.kind);
        venue.outbox.requests.push_back(Outgoing { request, more });
        venue.outbox.wake.notify_one();
    }

    fn note_latency(&mut self, report: &mut Report) {
        let Some(venue) = &mut self.venue else { return };
        // That it was taken up is not yet an answer.
        if report.status == Status::Accepted {
            return;
        }
        let Some(asked) = venue.asked.remove(&report.intent_id) else {
            return;
        };
        let now = Instant::now();
        self.metrics.acked(now.duration_since(asked.read).as_secs_f64());
        report.latency = Latency {
            acked_ns: Some(self.ns(now)),
            recv_ns: Some(self.ns(asked.read)),
            sent_ns: asked.sent.map(|sent| self.ns(sent)),
        };
    }
}
