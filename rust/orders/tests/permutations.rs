//! Every order in which replies, the stream, time, look-ups and a restart can come: one end, whatever the order.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]
#![allow(dead_code, reason = "the venue of the simulation does more")]

mod common;
#[path = "simulation/random.rs"]
mod random;
#[path = "simulation/venue.rs"]
mod venue;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use common::{NOW_MS, intent};
use orders::facts::{Answer, Bet};
use orders::{Config, Effect, Event, Kind, Machine, Record, Request};
use venue::Venue;
use wire::{Action, Intent, Report};

const TTL_MS: i64 = 3_600_000;

/// What is asked for after the order was placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Nothing,
    Cancel,
    Replace,
}

/// What can go wrong in a scenario.
#[derive(Clone, Copy, Debug)]
struct Scenario {
    then: Then,
    /// Which of the requests, in the order of their sending, has no reply that is read.
    lost: Option<usize>,
    /// The process dies once, at any time.
    dies: bool,
    /// A second passes once, at any time.
    ticks: bool,
}

/// One run, in the order that `choices` say; beyond them the first of what is possible.
struct Run<'a> {
    scenario: Scenario,
    choices: &'a [usize],
    /// How many things were possible at each step.
    widths: Vec<usize>,
    machine: Machine,
    journal: Vec<Record>,
    names: HashMap<u64, Vec<String>>,
    venue: Venue,
    /// Lists of which the first can come next: the stream keeps its order for none of them.
    pending: Vec<Event>,
    restarts_left: usize,
    ticks_left: usize,
    sent: usize,
    now_ms: i64,
    reports: BTreeMap<i64, Report>,
}

/// What a run came to: of each intent its status, its code, what was matched and at which value.
type End = BTreeMap<String, (String, Option<String>, i64, Option<String>)>;

impl Run<'_> {
    fn live(scenario: Scenario, choices: &[usize]) -> (Vec<usize>, End) {
        let (machine, effects) = Machine::recover(Config::default(), NOW_MS, &[]);
        let mut run = Run {
            scenario,
            choices,
            widths: Vec::new(),
            machine,
            journal: Vec::new(),
            names: HashMap::new(),
            venue: Venue::default(),
            pending: Vec::new(),
            restarts_left: usize::from(scenario.dies),
            ticks_left: usize::from(scenario.ticks),
            sent: 0,
            now_ms: NOW_MS,
            reports: BTreeMap::new(),
        };
        run.venue.keeps_references = true;
        run.perform(effects);
        run.feed(Event::Reconciled(Vec::new()));
        // Time for the first instruction.
        run.now_ms += 1_000;
        run.feed(Event::Time(run.now_ms));
        run.feed(Event::Intent(Box::new(wanted("place", Action::Place))));
        match scenario.then {
            Then::Nothing => {}
            Then::Cancel => run
                .pending
                .push(Event::Intent(Box::new(wanted("cancel", Action::Cancel)))),
            Then::Replace => run
                .pending
                .push(Event::Intent(Box::new(wanted("replace", Action::Replace)))),
        }
        while run.step() {}
        run.let_time_pass();
        (run.widths.clone(), run.end())
    }

    /// One of the things that can happen next.
    fn step(&mut self) -> bool {
        let ticks = usize::from(self.ticks_left > 0);
        let restarts = usize::from(self.restarts_left > 0);
        // Once nothing else can come, neither a tick nor a restart changes anything that is worth a branch.
        let width = self.pending.len()
            + if self.pending.is_empty() {
                0
            } else {
                ticks + restarts
            };
        if width == 0 {
            return false;
        }
        let choice = self.choices.get(self.widths.len()).copied().unwrap_or(0);
        self.widths.push(width);
        if choice < self.pending.len() {
            let event = self.pending.remove(choice);
            self.feed(event);
        } else if choice == self.pending.len() && ticks > 0 {
            self.ticks_left -= 1;
            self.now_ms += 1_500;
            self.feed(Event::Time(self.now_ms));
        } else {
            self.restart();
        }
        true
    }

    fn restart(&mut self) {
        self.restarts_left -= 1;
        // Replies to a process that is gone, and what the stream had under way, do not come.
        self.pending.retain(|event| matches!(event, Event::Intent(_)));
        let (machine, effects) = Machine::recover(Config::default(), self.now_ms, &self.journal);
        self.machine = machine;
        self.perform(effects);
        let bets = self.venue.bets.values().map(|entry| entry.bet.clone()).collect();
        self.pending.push(Event::Reconciled(bets));
    }

    fn feed(&mut self, event: Event) {
        let effects = self.machine.step(event);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Journal(record) => {
                    if let Record::Sent { request, names, .. } = &record {
                        self.names.insert(*request, names.clone());
                    }
                    self.journal.push(record);
                }
                Effect::Report(report) => {
                    self.reports.insert(report.seq, report);
                }
                Effect::Send(request) => self.send(&request),
                Effect::LogIn | Effect::Unknown(_) => unreachable!("nobody logs us out, nor bets for us"),
            }
        }
    }

    /// The venue does it at once; what it says of it comes whenever it comes.
    fn send(&mut self, request: &Request) {
        if request.kind == Kind::LookUp {
            let bets = self.venue.look_up(&request.instructions);
            self.pending.push(Event::Looked {
                request: request.number,
                bets: Some(bets),
            });
            return;
        }
        let names = self.names[&request.number].clone();
        let (told, changed) = self.venue.execute(request, &names, NOW_MS);
        let shown: Vec<Bet> = changed
            .iter()
            .map(|number| self.venue.bets[number].bet.clone())
            .collect();
        self.pending.extend(shown.into_iter().map(Event::Bet));
        if request.kind != Kind::Cancel {
            for number in changed {
                self.fill(number, request.kind);
            }
        }
        let answer = if self.scenario.lost == Some(self.sent) {
            Answer::Lost("no reply".to_owned())
        } else {
            told.map_or_else(|code| Answer::Refused(code.to_owned()), Answer::Told)
        };
        self.sent += 1;
        self.pending.push(Event::Answered {
            request: request.number,
            answer,
        });
    }

    /// A new bet is matched in part at once, its replacement whole.
    fn fill(&mut self, number: u64, kind: Kind) {
        let bet = &mut self.venue.bets.get_mut(&number).unwrap().bet;
        if bet.is_complete() {
            return;
        }
        let size_centi = if kind == Kind::Place && self.scenario.then != Then::Nothing {
            200
        } else {
            bet.size_centi
        };
        bet.matched_centi = size_centi;
        bet.value = size_centi * bet.price_centi;
        bet.matched_ms = Some(NOW_MS);
        let bet = bet.clone();
        self.pending.push(Event::Bet(bet));
    }

    /// Whatever is still under way comes, in any one order.
    fn let_time_pass(&mut self) {
        for _ in 0..100 {
            self.now_ms += 1_000;
            self.feed(Event::Time(self.now_ms));
            while let Some(event) = self.pending.pop() {
                self.feed(event);
            }
        }
    }

    fn end(&self) -> End {
        let mut end = End::new();
        for report in self.reports.values() {
            if report.status.is_terminal() {
                let average = report.avg_price_matched.map(|price| format!("{price:?}"));
                let told = (
                    report.status.as_str().to_owned(),
                    report.reject_code.clone(),
                    report.size_matched_centi,
                    average,
                );
                let before = end.insert(report.intent_id.clone(), told);
                assert!(before.is_none(), "{} ended twice", report.intent_id);
            }
        }
        let bets: BTreeSet<&str> = self
            .venue
            .bets
            .values()
            .map(|entry| entry.intent_id.as_str())
            .collect();
        assert_eq!(bets.len(), self.venue.bets.len(), "an intent has two bets");
        end
    }
}

fn wanted(name: &str, action: Action) -> Intent {
    let is_place = action == Action::Place;
    Intent {
        price_centi: if is_place { 200 } else { 210 },
        size_centi: if is_place { 500 } else { 0 },
        ttl_ms: TTL_MS,
        target_intent_id: (!is_place).then(|| "place".to_owned()),
        ..intent(name, action)
    }
}

/// Every run of a scenario; how many there are, and the one end that they have.
fn enumerate(scenario: Scenario) -> (usize, End) {
    let (mut count, mut choices, mut only): (usize, Vec<usize>, Option<End>) = (0, Vec::new(), None);
    loop {
        let (widths, end) = Run::live(scenario, &choices);
        count += 1;
        match &only {
            None => only = Some(end),
            Some(first) => assert_eq!(first, &end, "{scenario:?} {choices:?}"),
        }
        choices.resize(widths.len(), 0);
        // The last step that has another choice takes it.
        while let Some(choice) = choices.pop() {
            if choice + 1 < widths[choices.len()] {
                choices.push(choice + 1);
                break;
            }
        }
        if choices.is_empty() {
            return (count, only.unwrap());
        }
    }
}

/// All scenarios of one kind; how many orders of events there were. `HOTLOOP_ALL`: also where a death and a second come
/// together in a replacement, which is most of them.
fn all_of(then: Then) -> usize {
    let (mut runs, mut ends) = (0, BTreeSet::new());
    for lost in [None, Some(0), Some(1)] {
        for (dies, ticks) in [(false, true), (true, false), (true, true)] {
            if then == Then::Replace && dies && ticks && std::env::var_os("HOTLOOP_ALL").is_none() {
                continue;
            }
            let (count, end) = enumerate(Scenario {
                then,
                lost,
                dies,
                ticks,
            });
            println!(
                "{then:?}, reply {lost:?} lost, dies {dies}, a second {ticks}: {count} orders of events, {end:?}"
            );
            runs += count;
            ends.insert(format!("{end:?}"));
        }
    }
    assert_eq!(ends.len(), 1, "{then:?}: {ends:?}");
    runs
}

#[test]
fn a_placing_comes_to_one_end() {
    assert!(all_of(Then::Nothing) > 300);
}

#[test]
fn a_cancel_comes_to_one_end() {
    assert!(all_of(Then::Cancel) > 80_000);
}

#[test]
fn a_replacement_comes_to_one_end() {
    assert!(all_of(Then::Replace) > 500_000);
}
