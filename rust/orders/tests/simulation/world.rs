//! One run: a trader, a machine with its disk, a network with faults, a venue; all by one seed.

#[path = "network.rs"]
mod network;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use orders::facts::{Answer, Bet};
use orders::script::{Act, Script};
use orders::{
    Book, Config, Effect, Event, Limits, Machine, Pacing, Record, Request, UnknownBets, Windows, journal,
};

use crate::checks::Judge;
use crate::random::Random;
use crate::trader::Trader;
use crate::venue::Venue;

/// What can go wrong, each so many times in a thousand chances.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    pub network: i64,
    pub crash: i64,
    pub stream: i64,
    pub clock: i64,
}

pub const EVERYTHING: Faults = Faults {
    network: 250,
    crash: 8,
    stream: 60,
    clock: 20,
};

const NOTHING: Faults = Faults {
    network: 0,
    crash: 0,
    stream: 0,
    clock: 0,
};

const INTENTS: usize = 14;
const END_MS: i64 = 900_000;

/// What is under way.
#[derive(Clone, Debug)]
enum Due {
    /// At the venue; its answer comes back, unless another does already.
    Arrives(Request, Vec<String>),
    ArrivesUnanswered(Request, Vec<String>),
    Answer(u64, Answer),
    Looks(Request),
    Looked(u64, Option<Vec<Bet>>),
    Shows(Bet),
    LoggedIn,
    Trader,
    Market,
    StreamIsBack,
    Restart,
}

/// What came of a run that broke nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Of every effect and event, in their order.
    pub trace: u64,
    pub crashes: u32,
    pub doubts: u64,
    pub bets: usize,
    pub reports: usize,
}

pub struct World {
    config: Config,
    random: Random,
    faults: Faults,
    now_ms: i64,
    skew_ms: i64,
    due: BinaryHeap<Reverse<(i64, u64)>>,
    dues: BTreeMap<u64, (Due, u32)>,
    next_due: u64,
    process: u32,
    machine: Option<Machine>,
    disk: Vec<u8>,
    names: BTreeMap<u64, Vec<String>>,
    stream_up: bool,
    /// Until then the venue takes nothing.
    busy_until_ms: i64,
    pub venue: Venue,
    pub trader: Trader,
    pub judge: Judge,
    is_traced: bool,
    is_told: bool,
    trace: u64,
    /// What was done to the machine, and how many records stand in the journal, for a script of it.
    acts: Vec<Act>,
    records: usize,
    outcome: Outcome,
}

/// One in three gathers orders; what becomes of a stranger's bet differs, too.
pub fn config(seed: u64) -> Config {
    Config {
        limits: Limits {
            max_open_orders: 6,
            max_market_exposure_centi: 30_000,
            max_exposure_centi: 50_000,
            ..Limits::default()
        },
        pacing: Pacing {
            per_second: 2,
            market_per_second: 6,
            per_hour: 10,
            batch_window_ms: if seed.is_multiple_of(3) { 400 } else { 0 },
            in_flight: 3,
        },
        windows: Windows {
            adopt_ms: 20_000,
            ..Windows::default()
        },
        unknown_bets: if seed.is_multiple_of(2) {
            UnknownBets::Cancel
        } else {
            UnknownBets::Adopt
        },
    }
}

/// Runs a seed to its end.
///
/// # Errors
/// What was broken, and when.
pub fn run(seed: u64, faults: Faults, is_traced: bool) -> Result<Outcome, String> {
    let mut world = World::new(seed, faults);
    world.is_traced = is_traced;
    world
        .live()
        .map_err(|why| format!("seed {seed}, {} ms: {why}", world.now_ms))?;
    Ok(world.outcome)
}

/// The journal of a seed's run.
///
/// # Errors
/// What was broken, and when.
pub fn journal_of(seed: u64, faults: Faults) -> Result<Vec<Record>, String> {
    let mut world = World::new(seed, faults);
    world.live()?;
    let read = journal::read(&world.disk).map_err(|error| error.to_string())?;
    Ok(read.records)
}

/// A seed's run as a script, the trader wanting so many things.
///
/// # Errors
/// What was broken, and when.
#[allow(dead_code, reason = "for the example that writes scripts")]
pub fn script_of(seed: u64, faults: Faults, intents: usize) -> Result<Script, String> {
    let mut world = World::new(seed, faults);
    world.trader.left = intents;
    world.live()?;
    Ok(Script::of(&format!("seed {seed}"), config(seed), world.acts))
}

impl World {
    fn new(seed: u64, faults: Faults) -> Self {
        let mut random = Random::new(seed);
        // Half of the worlds have a clock that is never put.
        let faults = Faults {
            clock: if seed.is_multiple_of(2) { 0 } else { faults.clock },
            ..faults
        };
        let mut venue = Venue::default();
        venue.keeps_references = random.chance(700);
        venue.voids = random.chance(500);
        if seed.is_multiple_of(5) {
            venue.stranger(1_000_000);
        }
        let config = config(seed);
        let mut world = Self {
            config,
            trader: Trader::new(random.next(), INTENTS, venue.keeps_references),
            random,
            faults,
            now_ms: 1_000_000,
            skew_ms: 0,
            due: BinaryHeap::new(),
            dues: BTreeMap::new(),
            next_due: 0,
            process: 0,
            machine: None,
            disk: journal::HEADER.to_vec(),
            names: BTreeMap::new(),
            stream_up: true,
            busy_until_ms: 0,
            venue,
            judge: Judge::new(config),
            is_traced: true,
            is_told: std::env::var_os("HOTLOOP_TELL").is_some(),
            trace: 0,
            acts: Vec::new(),
            records: 0,
            outcome: Outcome::default(),
        };
        world.later(0, Due::Restart);
        world.later(10, Due::Trader);
        world.later(500, Due::Market);
        world
    }

    fn live(&mut self) -> Result<(), String> {
        let begun_ms = self.now_ms;
        loop {
            if self.trader.is_done() {
                self.faults = NOTHING;
                if self.is_quiet() {
                    break;
                }
            }
            if self.now_ms - begun_ms > END_MS {
                let bets = self.venue.bets.values();
                let resting: Vec<_> = bets.filter(|entry| !entry.bet.is_complete()).collect();
                let book = self.machine.as_ref().map(Machine::book);
                return Err(format!(
                    "it never ends: {:?}, {resting:?}, {:?}, {:?}",
                    self.trader.open(),
                    book.map(|book| &book.flights),
                    book.map(|book| &book.orders),
                ));
            }
            let next = self.due.peek().map(|Reverse((at_ms, _))| *at_ms);
            let wake = self
                .machine
                .as_ref()
                .and_then(Machine::wake_ms)
                .map(|at_ms| (at_ms - self.skew_ms).max(self.now_ms + 1));
            match (next, wake) {
                (Some(next), wake) if wake.is_none_or(|wake| next <= wake) => {
                    self.now_ms = next;
                    self.happen()?;
                }
                (_, Some(wake)) => {
                    self.now_ms = wake;
                    self.feed(Event::Time(self.clock_ms()))?;
                }
                _ => return Err("nothing happens any more".to_owned()),
            }
        }
        self.judge.finish(&self.trader, &self.venue)?;
        self.outcome.trace = self.trace;
        self.outcome.bets = self.venue.bets.len();
        self.outcome.reports = self.trader.heard.len();
        self.outcome.doubts = self.trader.count(wire::Status::Unknown);
        Ok(())
    }

    fn is_quiet(&self) -> bool {
        let only_habits = self
            .dues
            .values()
            .all(|(due, _)| matches!(due, Due::Trader | Due::Market));
        let Some(machine) = &self.machine else {
            return false;
        };
        only_habits
            && self.venue.bets.values().all(|entry| entry.bet.is_complete())
            && self.trader.open().is_empty()
            && machine.book().orders.is_empty()
            && machine.book().flights.is_empty()
    }

    fn clock_ms(&self) -> i64 {
        self.now_ms + self.skew_ms
    }

    fn later(&mut self, in_ms: i64, due: Due) {
        self.next_due += 1;
        self.due.push(Reverse((self.now_ms + in_ms, self.next_due)));
        self.dues.insert(self.next_due, (due, self.process));
    }

    fn happen(&mut self) -> Result<(), String> {
        let Some(Reverse((_, number))) = self.due.pop() else {
            return Ok(());
        };
        let Some((due, process)) = self.dues.remove(&number) else {
            return Ok(());
        };
        if self.random.chance(self.faults.clock) {
            self.skew_ms = self.random.from(-2_000, 2_000);
            self.judge.stepped_ms = self.now_ms;
        }
        let is_current = process == self.process;
        match due {
            Due::Restart => self.restart(),
            Due::Trader => self.trade(),
            Due::Market => {
                let is_open = !self.trader.is_done();
                let wait = self.random.from(50, 1_500);
                self.later(wait, Due::Market);
                if let Some(number) = is_open
                    .then(|| self.venue.happen(&mut self.random, self.now_ms))
                    .flatten()
                {
                    self.show(number);
                }
                let exposure_centi = self.venue.exposure() / 100;
                self.feed(Event::Funds { exposure_centi })
            }
            Due::Arrives(request, names) => self.arrive(&request, &names, is_current),
            Due::ArrivesUnanswered(request, names) => self.arrive(&request, &names, false),
            Due::Looks(request) => {
                let bets = self.venue.look_up(&request.instructions);
                let wait = self.random.from(1, 400);
                if is_current {
                    self.later(wait, Due::Looked(request.number, Some(bets)));
                }
                Ok(())
            }
            _ if !is_current => Ok(()),
            Due::Answer(request, answer) => self.feed(Event::Answered { request, answer }),
            Due::Looked(request, bets) => self.feed(Event::Looked { request, bets }),
            Due::Shows(bet) => self.feed(Event::Bet(bet)),
            Due::LoggedIn => self.feed(Event::LoggedIn),
            Due::StreamIsBack => {
                self.stream_up = true;
                let bets = self.venue.bets.values().map(|entry| entry.bet.clone()).collect();
                self.feed(Event::Reconciled(bets))
            }
        }
    }

    fn trade(&mut self) -> Result<(), String> {
        let wait = self.random.from(1, 2_500);
        self.later(wait, Due::Trader);
        let Some(event) = self.trader.think(self.clock_ms()) else {
            return Ok(());
        };
        self.feed(event)
    }

    // --- the machine ----------------------------------------------------------------------------

    fn feed(&mut self, event: Event) -> Result<(), String> {
        let clock_ms = self.clock_ms();
        if self.machine.is_none() {
            return Ok(());
        }
        self.tell("event", &event);
        let Some(machine) = self.machine.as_mut() else {
            return Ok(());
        };
        self.judge.hears(&event, machine);
        let mut effects = machine.step(Event::Time(clock_ms));
        self.acts.push(Act::Tell(Event::Time(clock_ms)));
        self.acts.push(Act::Tell(event.clone()));
        effects.extend(machine.step(event));
        self.perform(effects)?;
        self.shorten()?;
        self.judge.counts(self.machine.as_ref(), &self.venue)?;
        self.machine.as_ref().map_or(Ok(()), Judge::rests)
    }

    fn restart(&mut self) -> Result<(), String> {
        let read = journal::read::<Record>(&self.disk).map_err(|error| error.to_string())?;
        self.disk.truncate(read.whole_bytes);
        if self.disk.is_empty() {
            self.disk.extend_from_slice(journal::HEADER);
        }
        self.acts.push(Act::Recover {
            kept: self.records,
            now_ms: self.clock_ms(),
        });
        let (machine, effects) = Machine::recover(self.config, self.clock_ms(), &read.records);
        self.process += 1;
        self.judge.restarts(&machine);
        self.machine = Some(machine);
        self.stream_up = false;
        let wait = self.random.from(1, 1_000);
        self.later(wait, Due::StreamIsBack);
        // The trader reconnects: it gets what it has not acknowledged, and says again what was not answered.
        let mut book = Book::new(1_000);
        for record in &read.records {
            book.apply(record);
        }
        for report in &book.unacked {
            self.trader.hear(report)?;
        }
        self.perform(effects)?;
        for event in self.trader.again() {
            self.feed(event)?;
        }
        Ok(())
    }

    fn perform(&mut self, effects: Vec<Effect>) -> Result<(), String> {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            if self.random.chance(self.faults.crash) {
                self.crash(&effect);
                return Ok(());
            }
            self.tell("effect", &effect);
            self.judge.does(&effect, self.clock_ms())?;
            match effect {
                Effect::Journal(record) => {
                    if let Record::Sent { request, names, .. } = &record {
                        self.names.insert(*request, names.clone());
                    }
                    journal::append(&record, &mut self.disk).map_err(|error| error.to_string())?;
                    self.records += 1;
                }
                Effect::Report(report) => {
                    if let Some(acked) = self.trader.hear(&report)? {
                        self.acts.push(Act::Tell(Event::Acked(acked)));
                        let machine = self.machine.as_mut();
                        effects.extend(
                            machine.map_or_else(Vec::new, |machine| machine.step(Event::Acked(acked))),
                        );
                    }
                }
                Effect::Send(request) => self.send(request),
                Effect::Unknown(_) => {}
                Effect::LogIn => {
                    let wait = self.random.from(1, 2_000);
                    self.later(wait, Due::LoggedIn);
                }
            }
        }
        Ok(())
    }

    /// Now and then the journal is put down to what is known.
    fn shorten(&mut self) -> Result<(), String> {
        let Some(machine) = &self.machine else {
            return Ok(());
        };
        if self.random.chance(self.faults.crash) {
            let snapshot = Record::Snapshot(Box::new(machine.book().snapshot()));
            self.acts.push(Act::Shorten);
            self.records = 1;
            self.disk = journal::HEADER.to_vec();
            journal::append(&snapshot, &mut self.disk).map_err(|error| error.to_string())?;
            let read = journal::read::<Record>(&self.disk).map_err(|error| error.to_string())?;
            if read.records != [snapshot] {
                return Err("a snapshot is not read as it was written".to_owned());
            }
        }
        Ok(())
    }

    /// The process dies before an effect, perhaps in the middle of it.
    fn crash(&mut self, effect: &Effect) {
        if let Effect::Journal(record) = effect {
            let mut bytes = Vec::new();
            if journal::append(record, &mut bytes).is_ok() {
                let part = self.random.index(bytes.len());
                self.disk.extend_from_slice(&bytes[..part]);
            }
        }
        self.machine = None;
        self.outcome.crashes += 1;
        let wait = self.random.from(10, 8_000);
        self.later(wait, Due::Restart);
    }

    /// Into the trace, and with `HOTLOOP_TELL` to whoever looks for what broke a seed.
    fn tell(&mut self, what: &str, of: &impl std::fmt::Debug) {
        if self.is_told {
            println!("{} {what} {of:?}", self.now_ms);
        }
        if self.is_traced {
            self.trace = mix(self.trace, &format!("{of:?}"));
        }
    }
}

/// FNV-1a over the text, on top of what was.
fn mix(trace: u64, text: &str) -> u64 {
    text.bytes().fold(trace ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Names of a set, for messages.
pub fn listed(names: &BTreeSet<String>) -> String {
    names.iter().cloned().collect::<Vec<_>>().join(", ")
}
