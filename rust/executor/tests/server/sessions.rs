//! Reports across connections, and what a session may say: clauses S5 to S14, T3.

use std::io::Write;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use serde_json::json;
use wire::{Message, ReportAck, Status, Tick};

use crate::running::{Running, TOKEN};
use crate::trader::{T0, Trader, hello, intent, place};

#[test]
fn s13_a_tick_is_acknowledged_after_every_report_it_and_earlier_messages_caused() {
    let executor = Running::plain();
    let mut trader = Trader::start(&executor);
    let mut bytes = Vec::new();
    for message in [
        place("a", 5),
        intent("b", 0, &json!({"ttl_ms": 6})),
        Tick { ts_ms: 6 }.into(),
        place("c", 6),
    ] {
        message.encode_frame(&mut bytes).unwrap();
    }
    Message::from(Tick { ts_ms: 7 }).encode_frame(&mut bytes).unwrap();
    trader.stream.write_all(&bytes).unwrap();
    let seen: Vec<String> = (0..6)
        .map(|_| match trader.receive() {
            Message::Report(report) => {
                format!("{} {} {}", report.seq, report.intent_id, report.status.as_str())
            }
            Message::TickAck(ack) => format!("tick {} {}", ack.ts_ms, ack.last_seq),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        seen,
        [
            "1 a PLACED",
            "2 b PLACED",
            "3 b EXPIRED",
            "tick 6 3",
            "4 c PLACED",
            "tick 7 4"
        ]
    );
}

#[test]
fn s13_time_never_goes_back() {
    let executor = Running::plain();
    let mut trader = Trader::start(&executor);
    trader.send(&Tick { ts_ms: T0 }.into());
    assert!(matches!(trader.receive(), Message::TickAck(_)));
    trader.send(&Tick { ts_ms: T0 - 1 }.into());
    assert_eq!(trader.refusal(), "CLOCK_BACK");
    trader.send(&Tick { ts_ms: T0 }.into());
    assert!(
        matches!(trader.receive(), Message::TickAck(_)),
        "the session goes on"
    );
}

#[test]
fn c6_s5_a_refused_message_leaves_the_session_open() {
    let executor = Running::plain();
    let mut trader = Trader::start(&executor);
    let report = r#"{"type":"REPORT","v":2}"#;
    for (code, text) in [
        ("UNKNOWN_TYPE", r#"{"type":"CONFIGURE"}"#),
        ("UNKNOWN_VERSION", report),
        (
            "UNKNOWN_ENUM",
            r#"{"type":"CONTROL","action":"flatten","reason":""}"#,
        ),
        ("BAD_MESSAGE", r#"{"type":"TICK"}"#),
        ("BAD_MESSAGE", r#"{"type":"TICK_ACK","ts_ms":1,"last_seq":0}"#),
    ] {
        trader.send_text(text);
        assert_eq!(trader.refusal(), code, "{text}");
    }
    trader.send(&hello(TOKEN, 0).into());
    assert_eq!(trader.refusal(), "BAD_MESSAGE", "a second HELLO");
    trader.send(&place("a", 0));
    assert_eq!(trader.report().status, Status::Placed);
    executor.await_metric("hotloop_executor_message_errors_total{code=\"BAD_MESSAGE\"}", 3.0);
}

#[test]
fn s7_kept_reports_come_again_byte_equal_after_a_reconnect() {
    let executor = Running::plain();
    let mut trader = Trader::start(&executor);
    let mut texts = Vec::new();
    for number in 0..5 {
        trader.send(&place(&format!("i{number}"), 0));
        texts.push(trader.receive_text().unwrap());
    }
    drop(trader);
    let (mut trader, ack) = Trader::hello(&executor, 2);
    assert_eq!(ack.next_report_seq, 6);
    for text in &texts[2..] {
        assert_eq!(&trader.receive_text().unwrap(), text);
    }
    assert!(
        matches!(trader.receive(), Message::Heartbeat(_)),
        "S8: a heartbeat says they were all"
    );
    // An intent sent again because its answer was lost makes nothing; what is new goes on without a gap.
    trader.send(&place("i4", 0));
    trader.send(&place("i5", 0));
    assert_eq!(trader.report().seq, 6);
    executor.await_metric("hotloop_executor_duplicates_total", 1.0);
    executor.await_metric("hotloop_executor_reports_resent_total", 3.0);
}

#[test]
fn s7_report_ack_is_cumulative() {
    let executor = Running::plain();
    let mut trader = Trader::start(&executor);
    for number in 0..4 {
        trader.send(&place(&format!("i{number}"), 0));
        trader.report();
    }
    trader.send(&ReportAck { seq: 3 }.into());
    executor.await_metric("hotloop_executor_unacked_reports", 1.0);
    drop(trader);
    let (mut trader, _) = Trader::hello(&executor, 0);
    assert_eq!(trader.report().seq, 4, "what was acknowledged is gone");
}

#[test]
fn s7_a_trader_of_another_instance_gets_everything_that_is_kept() {
    let executor = Running::plain();
    let mut trader = Trader::start(&executor);
    trader.send(&place("a", 0));
    trader.report();
    drop(trader);
    let (mut trader, ack) = Trader::hello(&executor, 900);
    assert_eq!((ack.next_report_seq, trader.report().seq), (2, 1));
}

#[test]
fn s9_too_many_unacknowledged_reports_pause_and_then_close() {
    let executor = Running::start(&json!({"limits": {"max_unacked_reports": 4}}));
    let mut trader = Trader::start(&executor);
    for number in 0..4 {
        trader.send(&place(&format!("i{number}"), 0));
        assert_eq!(trader.report().status, Status::Placed);
    }
    trader.send(&place("p1", 0));
    let report = trader.report();
    assert_eq!(
        (report.reject_code.as_deref(), report.reject_class.as_deref()),
        (Some("REPORTS_UNACKED"), Some("halt"))
    );
    let cancel = json!({"action": "CANCEL", "target_intent_id": "i0", "size_centi": 0});
    trader.send(&intent("c1", 0, &cancel));
    assert_eq!(trader.report().status, Status::Cancelled, "a cancel still works");
    trader.report();
    assert_eq!(executor.status()["state"], "PAUSED");
    trader.send(&ReportAck { seq: 6 }.into());
    trader.send(&place("p2", 0));
    assert_eq!(
        trader.report().status,
        Status::Placed,
        "half acknowledged: ready again"
    );
    for number in 0..6 {
        trader.send(&place(&format!("q{number}"), 0));
        trader.report();
    }
    trader.send(&place("last", 0));
    assert_eq!(trader.refusal(), "REPORTS_UNACKED");
    trader.assert_closed();
    let (mut trader, _) = Trader::hello(&executor, 14);
    assert!(matches!(trader.receive(), Message::Heartbeat(_)));
    trader.send(&place("last", 0));
    assert_eq!(
        trader.report().status,
        Status::Placed,
        "the refused intent had no effect"
    );
}

#[test]
fn s10_heartbeats_come_by_themselves() {
    let executor = Running::start(&json!({"heartbeat_ms": 20}));
    let mut trader = Trader::start(&executor);
    for _ in 0..3 {
        let Message::Heartbeat(beat) = trader.receive() else {
            panic!("a heartbeat was expected")
        };
        trader.send(&wire::HeartbeatAck { ts_ms: beat.ts_ms }.into());
    }
    assert!(executor.metric("hotloop_executor_heartbeats_sent_total") >= 4.0);
}

#[test]
fn s10_heartbeats_come_however_much_the_trader_says() {
    let executor = Running::start(&json!({"heartbeat_ms": 20}));
    let mut trader = Trader::start(&executor);
    let mut talking = trader.stream.try_clone().unwrap();
    let mut frame = Vec::new();
    Message::from(ReportAck { seq: 0 })
        .encode_frame(&mut frame)
        .unwrap();
    let frames = frame.repeat(2_000);
    // Ends when the connection does: until then there is always more to read.
    let talker = std::thread::spawn(move || while talking.write_all(&frames).is_ok() {});
    let begun = Instant::now();
    for _ in 0..20 {
        assert!(matches!(trader.receive(), Message::Heartbeat(_)));
    }
    let took = begun.elapsed();
    trader.stream.shutdown(Shutdown::Both).unwrap();
    talker.join().unwrap();
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn s14_goodbye_ends_the_session_and_leaves_the_orders() {
    let executor = Running::plain();
    let mut trader = Trader::start(&executor);
    trader.send(&place("a", 0));
    trader.report();
    trader.send(
        &wire::Goodbye {
            reason: "done".into(),
        }
        .into(),
    );
    trader.assert_closed();
    assert_eq!(executor.status()["open_orders"], 1);
}

#[test]
fn t3_a_peer_that_takes_no_bytes_is_disconnected_and_misses_nothing() {
    let executor = Running::start(&json!({"listen": {"write_timeout_ms": 500}}));
    let mut trader = Trader::start(&executor);
    let mut sent = 0;
    // Nothing is read, so the executor's answers fill the buffers between the two, until it lets go.
    loop {
        let mut bytes = Vec::new();
        intent(&format!("i{sent}"), 0, &json!({"price_centi": 201}))
            .encode_frame(&mut bytes)
            .unwrap();
        if trader.stream.write_all(&bytes).is_err() {
            break;
        }
        sent += 1;
        assert!(sent < 2_000_000, "the executor never minds");
    }
    executor.await_metric("hotloop_executor_slow_peers_total", 1.0);
    // What did go out are whole reports in order, and at most a part of one more.
    let mut seen = 0;
    while let Some(text) = trader.receive_text() {
        let Message::Report(report) = Message::decode(&text).unwrap() else {
            panic!("{text}")
        };
        seen += 1;
        assert_eq!(report.seq, seen);
    }
    let made = executor.status()["next_report_seq"].as_i64().unwrap() - 1;
    let (mut trader, _) = Trader::hello(&executor, seen);
    for seq in seen + 1..=made {
        assert_eq!(trader.report().seq, seq);
    }
    assert!(matches!(trader.receive(), Message::Heartbeat(_)));
}
