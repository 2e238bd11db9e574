//! What the executor adds to the machine: the wall clock, the trader watch, latency, the other clock's refusal.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use wire::{Control, ControlAction, Message, Status, Tick};

use crate::running::Running;
use crate::trader::{Trader, intent, place};

fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis()
        .try_into()
        .unwrap()
}

#[test]
fn s12_on_the_wall_clock_a_deadline_comes_without_a_message() {
    let executor = Running::start(&json!({"clock": "wall"}));
    let mut trader = Trader::start(&executor);
    // The later deadline first: the second order must bring the alarm forward.
    trader.send(&intent("late", now_ms(), &json!({"ttl_ms": 60_000})));
    trader.send(&intent("soon", now_ms(), &json!({"ttl_ms": 1_000})));
    assert_eq!(trader.report().status, Status::Placed);
    assert_eq!(trader.report().status, Status::Placed);
    let report = trader.report();
    assert_eq!(
        (report.intent_id.as_str(), report.reject_code.as_deref()),
        ("soon", Some("TTL_EXPIRED"))
    );
    assert!((now_ms() - report.ts_ms).abs() < 5_000);
}

#[test]
fn s12_on_the_wall_clock_a_fill_or_kill_is_killed_by_itself() {
    let executor = Running::start(&json!({"clock": "wall"}));
    let mut trader = Trader::start(&executor);
    trader.send(&intent("a", now_ms(), &json!({"time_in_force": "FILL_OR_KILL"})));
    assert_eq!(trader.report().status, Status::Placed);
    assert_eq!(trader.report().reject_code.as_deref(), Some("FOK_KILLED"));
}

#[test]
fn s12_a_tick_is_refused_on_the_wall_clock() {
    let executor = Running::start(&json!({"clock": "wall"}));
    let mut trader = Trader::start(&executor);
    trader.send(&Tick { ts_ms: now_ms() }.into());
    assert_eq!(trader.refusal(), "WRONG_CLOCK");
    trader.send(&place("old", 0));
    assert_eq!(trader.report().reject_code.as_deref(), Some("TTL_PREVENTED"));
    executor.await_metric("hotloop_executor_ttl_prevented_total", 1.0);
}

#[test]
fn s11_a_silent_trader_loses_its_orders_once() {
    let executor = Running::start(&json!({"clock": "wall", "trader_timeout_s": 0.15}));
    let mut trader = Trader::start(&executor);
    for round in 0..2 {
        trader.send(&place(&format!("a{round}"), now_ms()));
        assert_eq!(trader.report().status, Status::Placed);
        let report = trader.report();
        assert_eq!(
            (report.status, report.reject_code.as_deref()),
            (Status::Cancelled, Some("TRADER_LOST"))
        );
    }
    assert!(executor.metric("hotloop_executor_trader_lost_total") >= 2.0);
}

#[test]
fn s11_a_trader_that_is_gone_loses_its_orders_and_reads_so_later() {
    let executor = Running::start(&json!({"clock": "wall", "trader_timeout_s": 0.1}));
    let mut trader = Trader::start(&executor);
    trader.send(&place("a", now_ms()));
    assert_eq!(trader.report().seq, 1);
    drop(trader);
    executor.await_metric("hotloop_executor_open_orders", 0.0);
    let (mut trader, _) = Trader::hello(&executor, 1);
    assert_eq!(trader.report().reject_code.as_deref(), Some("TRADER_LOST"));
}

#[test]
fn d10_control_is_acknowledged_after_its_reports() {
    let executor = Running::plain();
    let mut trader = Trader::start(&executor);
    trader.send(&place("a", 0));
    trader.report();
    trader.send(
        &Control {
            action: ControlAction::Kill,
            reason: "test".into(),
        }
        .into(),
    );
    assert_eq!(trader.report().reject_code.as_deref(), Some("KILLED"));
    let Message::ControlAck(ack) = trader.receive() else {
        panic!("CONTROL_ACK was expected")
    };
    assert_eq!((ack.action, ack.open_orders), (ControlAction::Kill, 0));
    assert_eq!(executor.status()["killed"], true);
    assert!(
        executor.log().contains(r#""reason":"test""#),
        "the reason is logged"
    );
}

#[test]
fn a_report_says_when_its_intent_came_and_was_answered() {
    let executor = Running::plain();
    let mut trader = Trader::start(&executor);
    trader.send(&intent("a", 0, &json!({"ttl_ms": 5})));
    let latency = trader.report().latency;
    let (recv, sent, acked) = (
        latency.recv_ns.unwrap(),
        latency.sent_ns.unwrap(),
        latency.acked_ns.unwrap(),
    );
    assert!(0 < recv && recv <= sent && sent <= acked, "{latency:?}");
    trader.send(&Tick { ts_ms: 5 }.into());
    assert_eq!(
        trader.report().latency,
        wire::Latency::default(),
        "no intent caused the end by time"
    );
    executor.await_metric("hotloop_executor_intent_ack_seconds_count", 1.0);
}
