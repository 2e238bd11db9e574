//! What is counted. Names are final: `hotloop_executor_…`, base units, `_total` for counters.

pub mod page;
mod process;
mod venue;

use orders::Kind;
use orders::codes::Class;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use wire::{Action, Code, Report, Status};

use crate::machine::Refusal;
use process::ProcessMetrics;
use venue::VenueMetrics;
pub use venue::{Moment, VenueMoment};

/// Every class of a refusal, the dry run's among them.
const REJECT_CLASSES: [Class; 6] = [
    Class::Ambiguous,
    Class::Auth,
    Class::Gone,
    Class::Halt,
    Class::Reject,
    Class::Transient,
];

type Label = [(&'static str, &'static str); 1];
type Counters = Family<Label, Counter>;

/// Seconds: 5 µs to 1 s, three buckets a decade, and some below for the fast path.
const ACK_BUCKETS: [f64; 18] = [
    1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1, 5e-1, 1.0,
];

/// Framing errors and what else ends a connection (clauses F and S1).
const FRAME_CODES: [Code; 5] = [
    Code::BadFrameLength,
    Code::BadUtf8,
    Code::BadJson,
    Code::Truncated,
    Code::NotHello,
];
/// Refused messages (C6, S9, S12, S13).
const MESSAGE_CODES: [Code; 7] = [
    Code::BadMessage,
    Code::UnknownType,
    Code::UnknownEnum,
    Code::UnknownVersion,
    Code::WrongClock,
    Code::ClockBack,
    Code::ReportsUnacked,
];
/// Refused sessions (S2).
const HELLO_CODES: [Code; 5] = [
    Code::BadHello,
    Code::BadToken,
    Code::UnsupportedWire,
    Code::UnsupportedBundle,
    Code::SessionTaken,
];

/// What requests to the venue ask for.
const KINDS: [(Kind, &str); 4] = [
    (Kind::Place, "place"),
    (Kind::Replace, "replace"),
    (Kind::Cancel, "cancel"),
    (Kind::LookUp, "look_up"),
];

/// All counters of the executor.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    intents: Counters,
    reports: Counters,
    rejects: Counters,
    frame_errors: Counters,
    message_errors: Counters,
    hello_rejects: Counters,
    ttl_prevented: Counter,
    duplicates: Counter,
    intent_ack: Histogram,
    open_orders: Gauge,
    unacked_reports: Gauge,
    /// Reports sent again after a reconnect.
    pub resent: Counter,
    /// HEARTBEATs sent.
    pub heartbeats_sent: Counter,
    /// Connections accepted.
    pub connections: Counter,
    /// Connections closed at once because too many had not said HELLO.
    pub connections_refused: Counter,
    /// Sessions that took over from another.
    pub takeovers: Counter,
    /// Peers disconnected because they took no bytes.
    pub slow_peers: Counter,
    /// Times the trader counted as lost.
    pub trader_lost: Counter,
    /// Configurations taken while running.
    pub configs: Counter,
    /// Configurations refused while running.
    pub configs_refused: Counter,
    /// Peers of another user, closed at once.
    pub foreign_peers: Counter,
    requests: Counters,
    /// Bets with our strategy's reference that no order of ours has.
    pub unknown_bets: Counter,
    /// Times the order stream was lost.
    pub stream_lost: Counter,
    venue: VenueMetrics,
    process: ProcessMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All counters at zero, every label value already there so that a rate can be taken from the first scrape on.
    #[must_use]
    pub fn new() -> Self {
        let metrics = Self {
            registry: Registry::with_prefix("hotloop_executor"),
            intents: Family::default(),
            reports: Family::default(),
            rejects: Family::default(),
            frame_errors: Family::default(),
            message_errors: Family::default(),
            hello_rejects: Family::default(),
            ttl_prevented: Counter::default(),
            duplicates: Counter::default(),
            intent_ack: Histogram::new(ACK_BUCKETS),
            open_orders: Gauge::default(),
            unacked_reports: Gauge::default(),
            resent: Counter::default(),
            heartbeats_sent: Counter::default(),
            connections: Counter::default(),
            connections_refused: Counter::default(),
            takeovers: Counter::default(),
            slow_peers: Counter::default(),
            trader_lost: Counter::default(),
            configs: Counter::default(),
            configs_refused: Counter::default(),
            foreign_peers: Counter::default(),
            requests: Family::default(),
            unknown_bets: Counter::default(),
            stream_lost: Counter::default(),
            venue: VenueMetrics::default(),
            process: ProcessMetrics::default(),
        };
        prepare(&metrics.intents, "action", Action::TEXTS.iter().copied());
        prepare(&metrics.reports, "status", Status::TEXTS.iter().copied());
        prepare(&metrics.rejects, "class", REJECT_CLASSES.map(Class::as_str));
        prepare(&metrics.frame_errors, "code", FRAME_CODES.map(Code::as_str));
        prepare(&metrics.message_errors, "code", MESSAGE_CODES.map(Code::as_str));
        prepare(&metrics.requests, "kind", KINDS.map(|(_, word)| word));
        prepare(&metrics.hello_rejects, "code", HELLO_CODES.map(Code::as_str));
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        for (name, help, family) in [
            ("intents", "Intents received, repeats included", &self.intents),
            ("reports", "Reports made", &self.reports),
            ("rejects", "Intents refused", &self.rejects),
            (
                "frame_errors",
                "Connections closed for bytes that are no frame, no JSON or no HELLO",
                &self.frame_errors,
            ),
            ("message_errors", "Messages refused", &self.message_errors),
            ("hello_rejects", "Sessions refused", &self.hello_rejects),
            ("venue_requests", "Requests to the venue", &self.requests),
        ] {
            registry.register(name, help, family.clone());
        }
        for (name, help, counter) in [
            ("duplicates", "Intents seen before and dropped", &self.duplicates),
            (
                "ttl_prevented",
                "Intents past their deadline and not placed",
                &self.ttl_prevented,
            ),
            (
                "reports_resent",
                "Reports sent again after a reconnect",
                &self.resent,
            ),
            ("heartbeats_sent", "Heartbeats sent", &self.heartbeats_sent),
            ("connections", "Connections accepted", &self.connections),
            (
                "connections_refused",
                "Connections closed at once, too many without HELLO",
                &self.connections_refused,
            ),
            (
                "takeovers",
                "Sessions that took over from another",
                &self.takeovers,
            ),
            (
                "slow_peers",
                "Peers disconnected because they took no bytes",
                &self.slow_peers,
            ),
            (
                "trader_lost",
                "Times the trader was silent too long",
                &self.trader_lost,
            ),
            ("configs", "Configurations taken while running", &self.configs),
            (
                "configs_refused",
                "Configurations refused while running",
                &self.configs_refused,
            ),
            (
                "unknown_bets",
                "Bets with our strategy's reference that no order of ours has",
                &self.unknown_bets,
            ),
            (
                "order_stream_lost",
                "Times the venue's order stream was lost",
                &self.stream_lost,
            ),
            (
                "foreign_peers",
                "Peers of another user, closed at once",
                &self.foreign_peers,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
        registry.register("open_orders", "Orders that stand", self.open_orders.clone());
        registry.register(
            "unacked_reports",
            "Reports kept until they are acknowledged",
            self.unacked_reports.clone(),
        );
        let help = "From the bytes of an intent read to its first report made";
        registry.register_with_unit("intent_ack", help, Unit::Seconds, self.intent_ack.clone());
        let build = Family::<[(&'static str, &'static str); 2], Gauge>::default();
        build
            .get_or_create(&[("version", crate::VERSION), ("backend", "rust")])
            .set(1);
        registry.register("build_info", "1; what runs", build);
        self
    }

    /// Counts an intent received.
    pub fn intent(&self, action: Action) {
        self.intents.get_or_create(&[("action", action.as_str())]).inc();
    }

    /// Counts a report made.
    pub fn report(&self, report: &Report) {
        self.reports
            .get_or_create(&[("status", report.status.as_str())])
            .inc();
        let Some(class) = report.reject_class.as_deref() else {
            return;
        };
        let mut known = REJECT_CLASSES.iter().map(|class| class.as_str());
        if let Some(class) = known.find(|known| *known == class) {
            self.rejects.get_or_create(&[("class", class)]).inc();
        }
        if report.reject_code.as_deref() == Some(Refusal::TtlPrevented.code()) {
            self.ttl_prevented.inc();
        }
    }

    /// Counts a request to the venue.
    pub fn request(&self, kind: Kind) {
        if let Some((_, word)) = KINDS.iter().find(|(known, _)| *known == kind) {
            self.requests.get_or_create(&[("kind", *word)]).inc();
        }
    }

    /// Takes the time from an intent's bytes to its first report.
    pub fn acked(&self, seconds: f64) {
        self.intent_ack.observe(seconds);
    }

    /// Counts what was answered with this code.
    pub fn refused(&self, code: Code) {
        let family = match code {
            code if FRAME_CODES.contains(&code) => &self.frame_errors,
            code if HELLO_CODES.contains(&code) => &self.hello_rejects,
            _ => &self.message_errors,
        };
        family.get_or_create(&[("code", code.as_str())]).inc();
    }

    /// The page for Prometheus, with these values of the moment.
    ///
    /// # Errors
    /// If a metric cannot be written as text.
    pub fn text(&self, moment: &Moment) -> Result<String, std::fmt::Error> {
        self.open_orders.set(moment.open_orders);
        self.unacked_reports.set(moment.unacked_reports);
        // The machine counts its repeats itself; the page shows its number.
        show(&self.duplicates, moment.duplicates);
        if let Some(venue) = &moment.venue {
            self.venue.show(venue);
        }
        let mut page = String::new();
        text::encode_registry(&mut page, &self.registry)?;
        self.process.write(&mut page)?;
        text::encode_eof(&mut page)?;
        Ok(page)
    }

    /// From now on the page has what only a live executor can tell.
    pub fn go_live(&mut self, journal_sync: Histogram) {
        self.venue.register(&mut self.registry, journal_sync);
    }
}

/// Makes a counter show a number that somebody else counts.
fn show(counter: &Counter, number: u64) {
    counter
        .inner()
        .store(number, std::sync::atomic::Ordering::Relaxed);
}

fn prepare(family: &Counters, label: &'static str, values: impl IntoIterator<Item = &'static str>) {
    for value in values {
        drop(family.get_or_create(&[(label, value)]));
    }
}

#[cfg(test)]
mod tests;
