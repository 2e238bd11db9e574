//! One step: an event in, what is to be done out.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use wire::{ControlAction, Intent, Market, MarketStatus};

use crate::book::Book;
use crate::codes::Class;
use crate::config::Config;
use crate::exposure::liability;
use crate::facts::{Answer, Bet, Told};
use crate::markets::Markets;
use crate::order::Stage;
use crate::pacing::Pace;
use crate::record::{Record, Why};
use crate::request::Effect;

/// What happens.
#[derive(Clone, Debug)]
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
    /// There is a session again.
    LoggedIn,
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
}

/// A look-up on its way.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) names: Vec<String>,
    pub(crate) at_ms: i64,
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
    halted: bool,
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
            halted: false,
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
            Event::LoggedIn => self.needs_login = false,
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

    /// True once the venue has said that nothing more is to be placed; until `resume`.
    #[must_use]
    pub fn is_halted(&self) -> bool {
        self.halted
    }

    /// What one market may cost, hundredths of hundredths: what is matched in the worst case, and all that rests.
    #[must_use]
    pub fn exposure_of(&self, market_id: &str) -> i64 {
        let resting = self.book.orders.values();
        let open: i64 = resting
            .filter(|order| order.intent.market_id == market_id)
            .map(|order| {
                let size = order.remaining_centi().max(0);
                let of_target = order.is_replace() && order.bet_id.is_none();
                // Until a replacement stands, the order it moves is counted.
                if of_target {
                    0
                } else {
                    liability(order.intent.side, order.intent.price_centi, size)
                }
            })
            .sum();
        open + self.book.exposure.worst(market_id)
    }

    /// What all markets may cost.
    #[must_use]
    pub fn exposure(&self) -> i64 {
        let mut markets: Vec<&str> = self.book.exposure.markets().collect();
        markets.extend(
            self.book
                .orders
                .values()
                .map(|order| order.intent.market_id.as_str()),
        );
        markets.sort_unstable();
        markets.dedup();
        markets.into_iter().map(|market| self.exposure_of(market)).sum()
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
                self.halted = false;
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
        self.halted |= codes.iter().any(|code| Class::of(code) == Class::Halt);
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

    fn looked(&mut self, request: u64, bets: Option<Vec<Bet>>) {
        let Some(look) = self.looks.remove(&request) else {
            return;
        };
        let Some(bets) = bets else {
            return; // it is due again by itself
        };
        let found: Vec<String> = bets.iter().map(|bet| bet.bet_id.clone()).collect();
        for bet in bets {
            self.fact(bet);
        }
        for name in look.names {
            self.judge_absence(&name, look.at_ms, &found);
        }
    }

    /// An order in doubt that a look-up did not find, which began when its time was over, is not there.
    fn judge_absence(&mut self, name: &str, looked_ms: i64, found: &[String]) {
        let Some(order) = self.book.order(name) else {
            return;
        };
        let Stage::Doubt { since_ms } = order.stage else {
            return;
        };
        if order.bet_id.as_ref().is_some_and(|bet| found.contains(bet)) {
            return;
        }
        if looked_ms >= since_ms + self.doubt_ms(&order.intent.market_id) {
            self.counters.not_placed += 1;
            self.note(Record::NotFound {
                name: name.to_owned(),
            });
        }
    }

    /// How long an order of the market is looked for.
    pub(crate) fn doubt_ms(&self, market_id: &str) -> i64 {
        let delay = self.markets.get(market_id).map_or(0, |market| market.bet_delay);
        self.config.windows.look_up_ms + delay * 1_000
    }

    fn reconciled(&mut self, bets: Vec<Bet>) {
        self.is_ready = true;
        let shown: Vec<String> = bets.iter().map(|bet| bet.bet_id.clone()).collect();
        for bet in bets {
            self.fact(bet);
        }
        // What ended meanwhile is not shown.
        let absent: Vec<String> = self
            .book
            .orders
            .values()
            .filter(|order| order.bet_id.as_ref().is_some_and(|bet| !shown.contains(bet)))
            .map(|order| order.name().to_owned())
            .collect();
        for name in absent {
            self.look_after.remove(&name);
            self.book.doubt(&name);
        }
    }
}
