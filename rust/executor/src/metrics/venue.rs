//! What only a live executor can tell: the order machine's own counts and its journal's, copied at each scrape.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::show;

/// A value that may be a fraction.
type Fraction = Gauge<f64, std::sync::atomic::AtomicU64>;

/// The values of a moment.
#[derive(Clone, Debug, Default)]
pub struct Moment {
    /// Orders that stand.
    pub open_orders: i64,
    /// Reports that wait for the trader.
    pub unacked_reports: i64,
    /// Intents seen before.
    pub duplicates: u64,
    /// Of a live executor.
    pub venue: Option<VenueMoment>,
}

/// Those of a live executor.
#[derive(Clone, Debug, Default)]
pub struct VenueMoment {
    /// How the venue is reached.
    pub state: &'static str,
    /// True while nothing is placed, whatever it is.
    pub is_halted: bool,
    /// Orders that came to be in doubt.
    pub doubts: u64,
    /// Those of them that were not there.
    pub not_placed: u64,
    /// Bets of orders that had ended, ended again.
    pub strays: u64,
    /// Times requests were held back by pacing.
    pub paced: u64,
    /// Times the tripwire fired.
    pub funds_trips: u64,
    /// Times the wall clock was set.
    pub clock_steps: u64,
    /// Intents taken and not answered.
    pub queue_depth: i64,
    /// Requests that have not ended.
    pub in_flight: i64,
    /// Transactions of this clock hour.
    pub transactions: i64,
    /// What may be lost, in the account's currency.
    pub exposure: f64,
    /// Bytes of the journal.
    pub journal_bytes: i64,
    /// Times it was made durable.
    pub journal_syncs: u64,
    /// How long the last time took.
    pub last_sync_s: f64,
    /// Times it was shortened.
    pub journal_shortened: u64,
    /// The account's exposure minus ours at the last look, in the account's currency.
    pub funds_difference: f64,
    /// When that was, unix time; 0: never.
    pub funds_look_s: f64,
}

/// The metrics themselves.
#[derive(Debug, Default)]
pub(super) struct VenueMetrics {
    state: Family<[(&'static str, &'static str); 1], Gauge>,
    halted: Gauge,
    doubts: Counter,
    not_placed: Counter,
    strays: Counter,
    paced: Counter,
    funds_trips: Counter,
    clock_steps: Counter,
    queue_depth: Gauge,
    in_flight: Gauge,
    transactions: Gauge,
    exposure: Fraction,
    journal_bytes: Gauge,
    journal_syncs: Counter,
    last_sync: Fraction,
    journal_shortened: Counter,
    funds_difference: Fraction,
    funds_look: Fraction,
}

impl VenueMetrics {
    /// `journal_sync`: the journal's own, which other threads write.
    pub(super) fn register(&self, registry: &mut Registry, journal_sync: Histogram) {
        for (name, help, counter) in [
            ("orders_in_doubt", "Orders that came to be in doubt", &self.doubts),
            (
                "orders_not_placed",
                "Orders in doubt that turned out not to be there",
                &self.not_placed,
            ),
            (
                "stray_bets",
                "Bets of orders that had ended, ended again",
                &self.strays,
            ),
            (
                "pacing_trips",
                "Times requests were held back because instructions were used up",
                &self.paced,
            ),
            (
                "funds_trips",
                "Times the account's exposure was not ours for too long",
                &self.funds_trips,
            ),
            ("clock_steps", "Times the wall clock was set", &self.clock_steps),
            (
                "journal_syncs",
                "Times the journal was made durable",
                &self.journal_syncs,
            ),
            (
                "journal_shortened",
                "Times the journal was shortened to what is known",
                &self.journal_shortened,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
        for (name, help, gauge) in [
            ("halted", "1 while nothing is placed", &self.halted),
            ("queue_depth", "Intents taken and not answered", &self.queue_depth),
            (
                "requests_in_flight",
                "Requests to the venue that have not ended",
                &self.in_flight,
            ),
            (
                "hour_transactions",
                "Transactions of this clock hour",
                &self.transactions,
            ),
            ("journal_bytes", "Bytes of the journal", &self.journal_bytes),
        ] {
            registry.register(name, help, gauge.clone());
        }
        registry.register(
            "venue_state",
            "1 for how the venue is reached",
            self.state.clone(),
        );
        let help = "What may be lost with all that is matched or rests";
        registry.register("exposure_account_currency", help, self.exposure.clone());
        let help = "How long the journal's last sync took";
        registry.register_with_unit("journal_last_sync", help, Unit::Seconds, self.last_sync.clone());
        let help = "Time of one sync of the journal";
        registry.register_with_unit("journal_sync", help, Unit::Seconds, journal_sync);
        let help = "The account's exposure minus ours at the last look, account currency";
        registry.register("funds_difference", help, self.funds_difference.clone());
        let help = "When the account's funds were compared last, unix time";
        let at = self.funds_look.clone();
        registry.register_with_unit("funds_last_look_timestamp", help, Unit::Seconds, at);
    }

    pub(super) fn show(&self, moment: &VenueMoment) {
        for word in crate::core::VenueState::TEXTS {
            let gauge = self.state.get_or_create(&[("state", word)]);
            gauge.set(i64::from(word == moment.state));
        }
        self.halted.set(i64::from(moment.is_halted));
        for (counter, number) in [
            (&self.doubts, moment.doubts),
            (&self.not_placed, moment.not_placed),
            (&self.strays, moment.strays),
            (&self.paced, moment.paced),
            (&self.funds_trips, moment.funds_trips),
            (&self.clock_steps, moment.clock_steps),
            (&self.journal_syncs, moment.journal_syncs),
            (&self.journal_shortened, moment.journal_shortened),
        ] {
            show(counter, number);
        }
        self.queue_depth.set(moment.queue_depth);
        self.in_flight.set(moment.in_flight);
        self.transactions.set(moment.transactions);
        self.journal_bytes.set(moment.journal_bytes);
        self.exposure.set(moment.exposure);
        self.last_sync.set(moment.last_sync_s);
        self.funds_difference.set(moment.funds_difference);
        self.funds_look.set(moment.funds_look_s);
    }
}
