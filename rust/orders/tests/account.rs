//! What the machine does about bets that are not its own, about the account's funds, and about orders that leave together.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod common;

use common::{NOW_MS, intent, reports as told, requests as sent};
use orders::facts::{Answer, Bet, Told};
use orders::{Config, Effect, Event, FundsLook, Kind, Machine, Pacing, Request, UnknownBets};
use wire::{Action, Intent, Side, Status};

fn machine(config: Config) -> Machine {
    let (mut machine, _) = Machine::recover(config, NOW_MS, &[]);
    machine.step(Event::Time(NOW_MS + 1_000));
    machine
}

fn place(name: &str) -> Event {
    Event::Intent(Box::new(intent(name, Action::Place)))
}

fn stranger(order_ref: Option<&str>) -> Bet {
    Bet {
        bet_id: "77".to_owned(),
        order_ref: order_ref.map(str::to_owned),
        market_id: "1.1".to_owned(),
        runner: (7, 0),
        side: Side::Back,
        price_centi: 1_000,
        size_centi: 500,
        placed_ms: NOW_MS,
        matched_centi: 0,
        value: 0,
        matched_ms: None,
        cancelled_centi: 0,
        lapsed_centi: 0,
        voided_centi: 0,
    }
}

fn with(unknown_bets: UnknownBets) -> Machine {
    machine(Config {
        unknown_bets,
        ..Config::default()
    })
}

#[test]
fn a_strangers_bet_is_told_once_and_cancelled() {
    let mut machine = with(UnknownBets::Cancel);
    let effects = machine.step(Event::Reconciled(vec![stranger(None)]));
    assert!(effects.contains(&Effect::Unknown(stranger(None))));
    assert_eq!(sent(&effects)[0].kind, Kind::Cancel);
    let effects = machine.step(Event::Reconciled(vec![stranger(None)]));
    assert!(!effects.contains(&Effect::Unknown(stranger(None))));
}

#[test]
fn a_strangers_bet_that_is_left_is_only_told() {
    let mut machine = with(UnknownBets::Leave);
    let effects = machine.step(Event::Reconciled(vec![stranger(None)]));
    assert_eq!(effects, [Effect::Unknown(stranger(None))]);
}

#[test]
fn an_adopted_bet_has_the_name_of_the_order_that_a_lost_journal_knew() {
    let mut machine = with(UnknownBets::Adopt);
    let effects = machine.step(Event::Reconciled(vec![stranger(Some("a"))]));
    let report = told(&effects)[0];
    assert_eq!((report.intent_id.as_str(), report.status), ("a", Status::Placed));
    assert_eq!(
        machine.step(place("a")),
        [],
        "the trader says it again: it stands"
    );
    let effects = machine.step(Event::Time(NOW_MS + 3_700_000));
    assert_eq!(sent(&effects)[0].kind, Kind::Cancel, "it has a deadline");
}

#[test]
fn an_adopted_bet_without_a_name_gets_one() {
    for named in [None, Some("no name of ours")] {
        let effects = with(UnknownBets::Adopt).step(Event::Reconciled(vec![stranger(named)]));
        assert_eq!(told(&effects)[0].intent_id, "bet-77");
    }
}

#[test]
fn funds_that_differ_for_long_stop_placing_until_someone_says_go_on() {
    let mut machine = machine(Config::default());
    machine.step(Event::Reconciled(Vec::new()));
    let funds = |exposure_centi| Event::Funds { exposure_centi };
    machine.step(funds(500));
    machine.step(funds(501));
    machine.step(Event::Time(NOW_MS + 15_999));
    machine.step(funds(501));
    assert_eq!(machine.halted(), None, "not for long enough");
    machine.step(funds(0));
    machine.step(funds(501));
    machine.step(Event::Time(NOW_MS + 40_000));
    machine.step(funds(501));
    assert_eq!(machine.halted(), Some("FUNDS_MISMATCH"));
    assert_eq!(machine.counters().funds_trips, 1);
    let look = machine.funds_look().unwrap();
    assert_eq!((look.difference, look.at_ms), (501 * 100, machine.now_ms()));
    let refused = machine.step(place("a"));
    assert_eq!(told(&refused)[0].reject_code.as_deref(), Some("FUNDS_MISMATCH"));
    machine.step(Event::Control(wire::ControlAction::Resume));
    assert_eq!(told(&machine.step(place("b")))[0].status, Status::Accepted);
}

#[test]
fn orders_of_one_market_are_gathered_and_leave_together_and_hedges_do_not_wait() {
    let pacing = Pacing {
        batch_window_ms: 20,
        ..Pacing::default()
    };
    let mut machine = machine(Config {
        pacing,
        ..Config::default()
    });
    machine.step(Event::Reconciled(Vec::new()));
    machine.step(place("a"));
    let other = Intent {
        market_id: "1.2".to_owned(),
        ..intent("c", Action::Place)
    };
    machine.step(Event::Intent(Box::new(other)));
    assert_eq!(sent(&machine.step(place("b"))), Vec::<&Request>::new());
    let hedge = Intent {
        hedge_of: Some("a".to_owned()),
        ..intent("h", Action::Place)
    };
    let effects = machine.step(Event::Intent(Box::new(hedge)));
    assert_eq!(sent(&effects)[0].instructions.len(), 1);
    assert_eq!(machine.wake_ms(), Some(NOW_MS + 1_020));
    let effects = machine.step(Event::Time(NOW_MS + 1_020));
    let parts: Vec<_> = sent(&effects)
        .iter()
        .map(|request| (request.market_id.as_str(), request.instructions.len()))
        .collect();
    assert_eq!(parts, [("1.1", 2), ("1.2", 1)]);
}

/// `python/trader/execution/orders/funds_test.py` has the same figures.
#[test]
fn the_difference_of_the_funds_is_what_the_account_has_outside_of_what_ours_may_be() {
    for (told_centi, difference) in [
        (0, -20_000),
        (199, -100),
        (200, 0),
        (350, 0),
        (500, 0),
        (501, 100),
        (900, 40_000),
    ] {
        let mut machine = machine(Config::default());
        machine.step(Event::Reconciled(Vec::new()));
        let effects = machine.step(place("a"));
        let request = sent(&effects)[0].number;
        machine.step(Event::Funds {
            exposure_centi: told_centi,
        });
        assert_eq!(machine.funds_look(), None, "an order is in doubt");
        let done = Told::Done {
            bet_id: Some("77".to_owned()),
            size_centi: 500,
        };
        machine.step(Event::Answered {
            request,
            answer: Answer::Told(vec![done]),
        });
        machine.step(Event::Bet(Bet {
            price_centi: 200,
            matched_centi: 200,
            value: 40_000,
            matched_ms: Some(NOW_MS),
            ..stranger(Some("a"))
        }));
        machine.step(Event::Funds {
            exposure_centi: told_centi,
        });
        let at_ms = machine.now_ms();
        assert_eq!(
            machine.funds_look(),
            Some(FundsLook { at_ms, difference }),
            "{told_centi}"
        );
    }
}

#[test]
fn when_funds_are_looked_at_no_more_there_is_no_last_look() {
    let mut machine = machine(Config::default());
    machine.step(Event::Reconciled(Vec::new()));
    machine.step(Event::Funds { exposure_centi: 0 });
    assert!(machine.funds_look().is_some());
    let mut config = Config::default();
    config.limits.funds_tolerance_centi = None;
    machine.step(Event::Configured(Box::new(config)));
    machine.step(Event::Funds { exposure_centi: 0 });
    assert_eq!(machine.funds_look(), None);
}
