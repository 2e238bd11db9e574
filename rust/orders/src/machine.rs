//! One step: an event in, what is to be done out.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use wire::{ControlAction, Intent, Market, MarketStatus, Report};

use crate::book::Book;
use crate::codes::Class;
use crate::config::Config;
use crate::facts::{Answer, Bet, Told};
use crate::markets::Markets;
use crate::pacing::Pace;
use crate::record::{Record, Why};
use crate::request::Effect;

/// What happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The trader wants something.
    Intent(Box<Intent>),
    /// The trader says how a market is.
    Market(Box<Market>),
    /// The person at the desk.
    Control(ControlAction),
    /// The trader has every report up to this one.
    Acked(i64),
    /// A request ended.
    Answered {
        /// Its number.
        request: u64,
        /// How.
        answer: Answer,
    },
    /// A look-up ended.
    Looked {
        /// Its number.
        request: u64,
        /// All that there is of what was asked for; `None`: it failed.
        bets: Option<Vec<Bet>>,
    },
    /// The order stream shows a bet.
    Bet(Bet),
    /// The order stream begins anew: all bets that are not complete, and those that completed a while ago, as far as the
    /// venue shows them. Before the first of these nothing is placed.
    Reconciled(Vec<Bet>),
    /// What the venue says that all bets of the account may cost, hundredths.
    Funds {
        /// As a number of at least 0.
        exposure_centi: i64,
    },
    /// There is a session again.
    LoggedIn,
    /// Too many reports wait for the trader: nothing more is placed; or no longer.
    Paused(bool),
    /// A dry run beside this machine made a report: it gets a number of the same row.
    Dry(Box<Report>),
    /// Other limits, pacing and windows from now on; what stands stays.
    Configured(Box<Config>),
    /// It is now.
    Time(i64),
}

/// What no report tells of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Intents seen before.
    pub duplicates: u64,
    /// Orders whose time was over before they were sent.
    pub ttl_prevented: u64,
    /// Orders that came to be in doubt.
    pub doubts: u64,
    /// Those of them that were not there.
    pub not_placed: u64,
    /// Bets of ours that no open order has: ended again at once.
    pub strays: u64,
    /// Bets with our strategy's reference that no order of ours has or had.
    pub unknown: u64,
    /// Times the venue's exposure was not ours for so long that nothing more was placed.
    pub funds_trips: u64,
    /// Times requests were held back because instructions of the second or of the hour were used up.
    pub paced: u64,
}

/// The venue has said that nothing more is to be placed.
const VENUE_HALT: &str = "VENUE_HALT";

/// A look-up on its way.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) names: Vec<String>,
    pub(crate) at_ms: i64,
}

/// A look at the account's funds that was compared with what we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FundsLook {
    /// When it was.
    pub at_ms: i64,
    /// The account's exposure minus ours, hundredths of hundredths: 0 where it may be that, above 0 what it is more than
    /// all our orders may cost, below 0 what it is less than what is matched of them does.
    pub difference: i64,
}

/// The order machine.
#[derive(Debug)]
pub struct Machine {
    config: Config,
    pub(crate) now_ms: i64,
    pub(crate) book: Book,
    markets: Markets,
    pub(crate) pace: Pace,
    /// Look-ups on their way, by number.
    pub(crate) looks: HashMap<u64, Look>,
    pub(crate) next_look: u64,
    /// When each order may be looked up again.
    pub(crate) look_after: HashMap<String, i64>,
    pub(crate) unclaimed: Vec<Bet>,
    /// Bets to be ended though no open order has them, and when to try (again).
    pub(crate) strays: BTreeMap<String, (Bet, i64)>,
    pub(crate) is_ready: bool,
    pub(crate) needs_login: bool,
    pub(crate) is_paused: bool,
    pub(crate) halted: Option<&'static str>,
    /// Since when the venue's exposure is not ours.
    pub(crate) funds_differ_since_ms: Option<i64>,
    pub(crate) funds_look: Option<FundsLook>,
    /// When the orders of a market that are gathered leave.
    pub(crate) gathered: BTreeMap<String, i64>,
    /// Unknown bets that were told.
    pub(crate) unknown: BTreeSet<String>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) counters: Counters,
    /// The earliest time at which something is due.
    pub(crate) wake_ms: Cell<Option<i64>>,
}

impl Machine {
    /// A machine that knows what the records say, and what it does first. Without records it has never traded.
    #[must_use]
    pub fn recover(config: Config, now_ms: i64, records: &[Record]) -> (Self, Vec<Effect>) {
        let mut machine = Self {
            config,
            now_ms,
            book: Book::new(config.limits.max_remembered_intents),
            markets: Markets::default(),
            pace: Pace::new(now_ms),
            looks: HashMap::new(),
            next_look: 1,
            look_after: HashMap::new(),
            unclaimed: Vec::new(),
            strays: BTreeMap::new(),
            is_ready: false,
            needs_login: false,
            is_paused: false,
            halted: None,
            funds_differ_since_ms: None,
            funds_look: None,
            gathered: BTreeMap::new(),
            unknown: BTreeSet::new(),
            effects: Vec::new(),
            counters: Counters::default(),
            wake_ms: Cell::new(None),
        };
        for record in records {
            machine.book.apply(record);
        }
        machine.now_ms = machine.now_ms.max(machine.book.last_ms);
        let ended = machine.book.ended.iter();
        machine.strays = ended
            .filter_map(|(name, ended)| Some((name.clone(), ended.bet.clone()?)))
            .filter(|(_, bet)| !bet.is_complete())
            .map(|(name, bet)| (name, (bet, 0)))
            .collect();
        machine.note(Record::Began {
            epoch: machine.book.epoch + 1,
        });
        // Whether it arrived, nobody remembers.
        let flying: Vec<u64> = machine.book.flights.keys().copied().collect();
        for request in flying {
            machine.note(Record::Answered {
                request,
                at_ms: machine.now_ms,
                answer: Answer::Lost("restart".to_owned()),
            });
        }
        // The dry run beside it remembers nothing.
        for report in machine.book.dry.values().cloned().collect::<Vec<_>>() {
            machine.end_dry(report);
        }
        let effects = machine.finish();
        (machine, effects)
    }

    /// What the event causes, in the order in which it is to be done.
    pub fn step(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Intent(intent) => self.intent(&intent),
            Event::Market(market) => self.market(&market),
            Event::Control(action) => self.control(action),
            Event::Acked(seq) => self.note(Record::Acked { seq }),
            Event::Answered { request, answer } => self.answered(request, answer),
            Event::Looked { request, bets } => self.looked(request, bets),
            Event::Bet(bet) => self.fact(bet),
            Event::Reconciled(bets) => self.reconciled(bets),
            Event::Funds { exposure_centi } => self.funds(exposure_centi),
            Event::LoggedIn => self.needs_login = false,
            Event::Paused(is_paused) => self.is_paused = is_paused,
            Event::Dry(report) => self.relay(*report),
            Event::Configured(config) => self.configure(*config),
            Event::Time(now_ms) => self.now_ms = self.now_ms.max(now_ms),
        }
        self.finish()
    }

    /// What it knows.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// What the trader has said of markets.
    #[must_use]
    pub fn markets(&self) -> &Markets {
        &self.markets
    }

    /// What it keeps to.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The time it was told last.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// When it has to be told the time again, if nothing else happens.
    #[must_use]
    pub fn wake_ms(&self) -> Option<i64> {
        self.wake_ms.get()
    }

    /// What no report tells of.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The last look at the account's funds.
    #[must_use]
    pub fn funds_look(&self) -> Option<FundsLook> {
        self.funds_look
    }

    /// Why nothing more is placed: the code that intents are refused with.
    #[must_use]
    pub fn halted(&self) -> Option<&'static str> {
        if self.book.killed {
            Some("KILLED")
        } else if self.is_paused {
            Some("REPORTS_UNACKED")
        } else {
            self.halted
        }
    }

    /// True once the venue has shown what rests: before that nothing is placed.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// Decides something: the journal has it before anything that follows from it.
    pub(crate) fn note(&mut self, record: Record) {
        self.book.apply(&record);
        self.effects.push(Effect::Journal(record));
    }

    fn finish(&mut self) -> Vec<Effect> {
        // Until nothing follows from what followed: each turn ends orders or sends what was not sent.
        loop {
            let before = self.effects.len();
            self.wake_ms.set(None);
            self.settle();
            self.dispatch();
            if self.effects.len() == before {
                return std::mem::take(&mut self.effects);
            }
        }
    }

    /// Asks to be told the time no later than this.
    pub(crate) fn wake_at(&self, at_ms: i64) {
        let due_ms = self.wake_ms.get().map_or(at_ms, |due_ms| due_ms.min(at_ms));
        self.wake_ms.set(Some(due_ms));
    }

    fn intent(&mut self, intent: &Intent) {
        if self.book.knows(&intent.intent_id) {
            self.counters.duplicates += 1;
            return;
        }
        match self.check(intent) {
            Ok(()) => self.note(Record::Intent(Box::new(intent.clone()))),
            Err(refusal) => self.refuse(intent, refusal),
        }
    }

    fn market(&mut self, market: &Market) {
        self.markets.set(market);
        let orders = &self.book.orders;
        self.markets
            .trim(|known| orders.values().any(|order| order.intent.market_id == known));
        if market.status == MarketStatus::Closed {
            self.book.exposure.settle(&market.market_id);
        }
    }

    fn control(&mut self, action: ControlAction) {
        let why = match action {
            ControlAction::Resume => {
                self.halted = None;
                self.funds_differ_since_ms = None;
                self.note(Record::Switch { killed: false });
                return;
            }
            ControlAction::CancelAll => Why::CancelAll,
            ControlAction::Kill => {
                self.note(Record::Switch { killed: true });
                Why::Kill
            }
        };
        let open = self.book.orders.values();
        let names: Vec<String> = open
            .filter(|order| order.ending.is_none())
            .map(|order| order.name().to_owned())
            .collect();
        for name in names {
            self.note(Record::Ending { name, why });
        }
    }

    fn configure(&mut self, config: Config) {
        self.config = config;
        self.book.remembered.set_max(config.limits.max_remembered_intents);
    }

    fn answered(&mut self, request: u64, answer: Answer) {
        if !self.book.flights.contains_key(&request) {
            return; // told twice, or of a process before this one
        }
        let codes: Vec<&str> = match &answer {
            Answer::Refused(code) => vec![code],
            Answer::Told(told) => told
                .iter()
                .filter_map(|told| match told {
                    Told::Failed(code) => Some(code.as_str()),
                    _ => None,
                })
                .collect(),
            Answer::NotSent(_) | Answer::Lost(_) => Vec::new(),
        };
        if codes.iter().any(|code| Class::of(code) == Class::Halt) {
            self.halted.get_or_insert(VENUE_HALT);
        }
        if codes.iter().any(|code| Class::of(code) == Class::Auth) && !self.needs_login {
            self.needs_login = true;
            self.effects.push(Effect::LogIn);
        }
        self.note(Record::Answered {
            request,
            at_ms: self.now_ms,
            answer,
        });
        // What the stream said before its bet had a name.
        self.claim_again();
    }
}
