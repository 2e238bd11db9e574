//! CONFIG over the wire: all of it, or none (clauses S15 and S16).

use serde_json::json;
use wire::{Config, Message, State, Tick};

use crate::running::Running;
use crate::trader::{T0, Trader, place};

fn push(trader: &mut Trader, bundle_version: i64, body: &str) -> Message {
    let body = body.to_owned();
    trader.send(&Config { body, bundle_version }.into());
    trader.receive()
}

fn refusal(answer: Message) -> (String, String) {
    match answer {
        Message::ConfigReject(reject) => (reject.path, reject.why),
        other => panic!("a refusal was expected, not {other:?}"),
    }
}

#[test]
fn s15_other_limits_hold_from_the_next_message_on_and_what_is_left_out_stays() {
    let executor = Running::start(&json!({"limits": {"min_size_centi": 300}}));
    let mut trader = Trader::start(&executor);
    trader.send(&place("a", T0));
    trader.report();
    assert!(matches!(
        push(&mut trader, 1, r#"{"limits": {"max_open_orders": 1}}"#),
        Message::ConfigAck(ack) if ack.bundle_version == 1
    ));
    trader.send(&place("b", T0));
    assert_eq!(trader.report().reject_code.as_deref(), Some("MAX_OPEN_ORDERS"));
    trader.send(&crate::trader::intent("c", T0, &json!({"size_centi": 200})));
    assert_eq!(trader.report().reject_code.as_deref(), Some("INVALID_BET_SIZE"));
    executor.await_metric("hotloop_executor_configs_total", 1.0);
}

#[test]
fn s15_what_is_wrong_anywhere_changes_nothing() {
    let executor = Running::plain();
    let mut trader = Trader::start(&executor);
    for (version, body, path, why) in [
        (
            2,
            "{}",
            "bundle_version",
            "bundle version 2 is not taken here, only [1]",
        ),
        (1, "[1]", "", "one JSON object was expected"),
        (1, "{", "", "not JSON"),
        (
            1,
            r#"{"limits": {"max_open_orders": 1, "max_remembered_intents": 0}}"#,
            "limits.max_remembered_intents",
            "0 is not an integer within 1",
        ),
        (
            1,
            r#"{"limits": {"max_open_orders": 1}, "listen": {}}"#,
            "listen",
            "cannot change while the executor runs",
        ),
        (
            1,
            r#"{"limits": {"max_open_orders": 1}, "colour": "red"}"#,
            "colour",
            "unknown key",
        ),
    ] {
        let (told, words) = refusal(push(&mut trader, version, body));
        assert_eq!(told, path);
        assert!(words.contains(why), "{words}");
    }
    for name in ["a", "b"] {
        trader.send(&place(name, T0));
        assert_eq!(trader.report().reject_code, None);
    }
    executor.await_metric("hotloop_executor_configs_refused_total", 6.0);
}

#[test]
fn s16_the_heartbeat_has_its_new_period_at_once_and_fewer_ids_are_remembered() {
    let executor = Running::plain();
    let mut trader = Trader::start(&executor);
    for name in ["a", "b", "c"] {
        trader.send(&place(name, T0));
        trader.report();
    }
    let answer = push(
        &mut trader,
        1,
        r#"{"heartbeat_ms": 10, "limits": {"max_unacked_reports": 3}}"#,
    );
    assert!(matches!(answer, Message::ConfigAck(_)), "{answer:?}");
    let Message::Heartbeat(first) = trader.receive() else {
        panic!("the next heartbeat was a minute away")
    };
    assert_eq!((first.state, first.reason.as_str()), (State::Ready, ""));
    trader.send(&Tick { ts_ms: T0 + 20_000 }.into());
    for _ in 0..3 {
        while !matches!(trader.receive(), Message::Report(_)) {}
    }
    loop {
        if let Message::Heartbeat(beat) = trader.receive()
            && beat.state == State::Paused
        {
            assert_eq!(beat.reason, "REPORTS_UNACKED");
            break;
        }
    }
}
