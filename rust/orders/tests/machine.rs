//! What the machine does with single orders: the examples behind `docs/order_life.md`.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod common;

use common::{NOW_MS, intent, reports, requests};
use orders::facts::{Answer, Bet, Told};
use orders::{Config, Effect, Event, Instruction, Kind, Limits, Machine, Record, Request};
use wire::{Action, ControlAction, Intent, Side, Status};

/// A machine that may place, and the records it has made.
struct Desk {
    machine: Machine,
    journal: Vec<Record>,
}

impl Desk {
    fn new(config: Config) -> Self {
        let (machine, effects) = Machine::recover(config, NOW_MS, &[]);
        let mut desk = Self {
            machine,
            journal: Vec::new(),
        };
        desk.keep(&effects);
        desk.tell(Event::Reconciled(Vec::new()));
        desk.tell(Event::Time(NOW_MS + 1_000));
        desk
    }

    fn keep(&mut self, effects: &[Effect]) {
        let records = effects.iter().filter_map(|effect| match effect {
            Effect::Journal(record) => Some(record.clone()),
            _ => None,
        });
        self.journal.extend(records);
    }

    fn tell(&mut self, event: Event) -> Vec<Effect> {
        let effects = self.machine.step(event);
        self.keep(&effects);
        effects
    }

    fn place(&mut self, name: &str) -> Vec<Effect> {
        self.tell(Event::Intent(Box::new(intent(name, Action::Place))))
    }

    fn placed(&mut self, name: &str, bet_id: &str) {
        let number = sent(&self.place(name)).number;
        self.tell(answered(number, done(bet_id)));
    }
}

fn cancel(name: &str, target: &str) -> Event {
    Event::Intent(Box::new(Intent {
        size_centi: 0,
        target_intent_id: Some(target.to_owned()),
        ..intent(name, Action::Cancel)
    }))
}

fn done(bet_id: &str) -> Answer {
    Answer::Told(vec![Told::Done {
        bet_id: Some(bet_id.to_owned()),
        size_centi: 500,
    }])
}

fn answered(request: u64, answer: Answer) -> Event {
    Event::Answered { request, answer }
}

fn bet(bet_id: &str, matched_centi: i64, cancelled_centi: i64) -> Bet {
    Bet {
        bet_id: bet_id.to_owned(),
        order_ref: Some("a".to_owned()),
        market_id: "1.1".to_owned(),
        runner: (7, 0),
        side: Side::Back,
        price_centi: 200,
        size_centi: 500,
        placed_ms: NOW_MS,
        matched_centi,
        value: matched_centi * 200,
        matched_ms: None,
        cancelled_centi,
        lapsed_centi: 0,
        voided_centi: 0,
    }
}

fn sent(effects: &[Effect]) -> &Request {
    requests(effects)[0]
}

fn told(effects: &[Effect]) -> Vec<(&str, Status, Option<&str>)> {
    let told = reports(effects).into_iter();
    told.map(|report| {
        (
            report.intent_id.as_str(),
            report.status,
            report.reject_code.as_deref(),
        )
    })
    .collect()
}

#[test]
fn an_order_is_taken_up_sent_placed_and_filled() {
    let mut desk = Desk::new(Config::default());
    let effects = desk.place("a");
    assert_eq!(told(&effects), [("a", Status::Accepted, None)]);
    let number = sent(&effects).number;
    assert_eq!(
        told(&desk.tell(answered(number, done("1")))),
        [("a", Status::Placed, None)]
    );
    assert_eq!(
        told(&desk.tell(Event::Bet(bet("1", 200, 0)))),
        [("a", Status::PartiallyFilled, None)]
    );
    assert_eq!(
        told(&desk.tell(Event::Bet(bet("1", 500, 0)))),
        [("a", Status::Filled, None)]
    );
    assert_eq!(told(&desk.tell(Event::Bet(bet("1", 200, 0)))), []);
}

#[test]
fn a_lost_reply_is_doubt_and_only_the_last_look_up_denies() {
    let mut desk = Desk::new(Config::default());
    let number = sent(&desk.place("a")).number;
    let effects = desk.tell(answered(number, Answer::Lost("reset".to_owned())));
    assert_eq!(told(&effects), [("a", Status::Unknown, Some("IN_DOUBT"))]);
    let mut look = sent(&effects).clone();
    let mut now_ms = NOW_MS + 1_000;
    loop {
        assert_eq!(look.kind, Kind::LookUp);
        let effects = desk.tell(Event::Looked {
            request: look.number,
            bets: Some(Vec::new()),
        });
        if now_ms >= NOW_MS + 21_000 {
            assert_eq!(told(&effects), [("a", Status::Rejected, Some("NOT_PLACED"))]);
            return;
        }
        assert_eq!(told(&effects), []);
        now_ms += 1_000;
        look = sent(&desk.tell(Event::Time(now_ms))).clone();
    }
}

#[test]
fn a_busy_venue_gets_the_same_request_again_and_no_other() {
    let mut desk = Desk::new(Config::default());
    let first = sent(&desk.place("a")).clone();
    desk.tell(answered(first.number, Answer::Refused("SERVICE_BUSY".to_owned())));
    let effects = desk.tell(Event::Time(NOW_MS + 5_000));
    assert_eq!(sent(&effects), &first);
}

#[test]
fn a_restart_doubts_what_was_on_its_way_and_goes_on_counting() {
    let mut desk = Desk::new(Config::default());
    let first = sent(&desk.place("a")).clone();
    let (mut machine, effects) = Machine::recover(Config::default(), NOW_MS, &desk.journal);
    assert_eq!(told(&effects), [("a", Status::Unknown, Some("IN_DOUBT"))]);
    let effects = machine.step(Event::Bet(bet("1", 0, 0)));
    assert_eq!(told(&effects), [("a", Status::Placed, None)]);
    machine.step(Event::Reconciled(vec![bet("1", 0, 0)]));
    machine.step(Event::Time(NOW_MS + 3_000));
    let again = machine.step(Event::Intent(Box::new(intent("a", Action::Place))));
    assert_eq!(again, []);
    let second = machine.step(Event::Intent(Box::new(intent("b", Action::Place))));
    assert_ne!(sent(&second).reference, first.reference);
}

#[test]
fn a_cancel_leaves_at_once_and_is_answered_by_the_bet() {
    let mut desk = Desk::new(Config::default());
    desk.placed("a", "1");
    let effects = desk.tell(cancel("c", "a"));
    let request = sent(&effects);
    let bet_id = "1".to_owned();
    assert_eq!(
        request.instructions,
        [Instruction::Cancel {
            bet_id,
            reduce_centi: None
        }]
    );
    let number = request.number;
    assert_eq!(told(&desk.tell(answered(number, done("1")))), []);
    let effects = desk.tell(Event::Bet(bet("1", 0, 500)));
    assert_eq!(
        told(&effects),
        [("a", Status::Cancelled, None), ("c", Status::Cancelled, None)]
    );
}

#[test]
fn a_killed_machine_ends_everything_and_takes_nothing() {
    let mut desk = Desk::new(Config::default());
    desk.placed("a", "1");
    let effects = desk.tell(Event::Control(ControlAction::Kill));
    assert_eq!(sent(&effects).kind, Kind::Cancel);
    assert_eq!(told(&desk.place("b")), [("b", Status::Rejected, Some("KILLED"))]);
    let effects = desk.tell(Event::Bet(bet("1", 0, 500)));
    assert_eq!(told(&effects), [("a", Status::Cancelled, Some("KILLED"))]);
}

#[test]
fn what_stands_is_known_though_there_is_no_room_for_its_name() {
    let limits = Limits {
        max_remembered_intents: 1,
        ..Limits::default()
    };
    let mut desk = Desk::new(Config {
        limits,
        ..Config::default()
    });
    desk.placed("a", "1");
    desk.placed("b", "2");
    assert_eq!(desk.place("a"), []);
    assert_eq!(desk.machine.counters().duplicates, 1);
}

#[test]
fn nothing_is_placed_before_the_venue_has_shown_what_stands() {
    let (mut machine, _) = Machine::recover(Config::default(), NOW_MS, &[]);
    machine.step(Event::Time(NOW_MS + 2_000));
    let effects = machine.step(Event::Intent(Box::new(intent("a", Action::Place))));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Send(_))));
    let effects = machine.step(Event::Reconciled(Vec::new()));
    assert_eq!(sent(&effects).kind, Kind::Place);
}

#[test]
fn a_restart_is_no_way_around_pacing() {
    let (mut machine, _) = Machine::recover(Config::default(), NOW_MS, &[]);
    machine.step(Event::Reconciled(Vec::new()));
    let effects = machine.step(Event::Intent(Box::new(intent("a", Action::Place))));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Send(_))));
    let due_ms = machine.wake_ms().unwrap();
    assert_eq!(sent(&machine.step(Event::Time(due_ms))).kind, Kind::Place);
}

#[test]
fn what_may_be_lost_is_bounded() {
    let limits = Limits {
        max_market_exposure_centi: 1_200,
        ..Limits::default()
    };
    let mut desk = Desk::new(Config {
        limits,
        ..Config::default()
    });
    desk.placed("a", "1");
    desk.placed("b", "2");
    assert_eq!(
        told(&desk.place("c")),
        [("c", Status::Rejected, Some("MAX_MARKET_EXPOSURE"))]
    );
    // What a lay would win from them does not count before it is matched.
    let lay = Intent {
        side: Side::Lay,
        price_centi: 190,
        ..intent("d", Action::Place)
    };
    let effects = desk.tell(Event::Intent(Box::new(lay)));
    assert_eq!(
        told(&effects),
        [("d", Status::Rejected, Some("MAX_MARKET_EXPOSURE"))]
    );
}
