//! What may arrive on a connection before and besides a session: clauses T, F, S1 to S3.

use std::io::Write;

use serde_json::json;
use wire::Message;

use crate::running::{Running, TOKEN};
use crate::trader::{Trader, hello, place};

#[test]
fn s2_hello_opens_a_session() {
    let executor = Running::plain();
    let (mut trader, ack) = Trader::hello(&executor, 0);
    assert_eq!((ack.wire_version, ack.next_report_seq), (1, 1));
    assert_eq!(
        serde_json::to_value(&ack.capabilities).unwrap(),
        json!({"clock": "wire", "config": true, "dry_run": true})
    );
    assert!(ack.session_id.ends_with("-1"), "{}", ack.session_id);
    let Message::Heartbeat(beat) = trader.receive() else {
        panic!("a heartbeat follows")
    };
    assert_eq!(
        (beat.open_orders, beat.next_report_seq, beat.venue.as_str()),
        (0, 1, "dry_run")
    );
}

#[test]
fn s2_every_refused_hello_has_its_code_and_is_closed() {
    let executor = Running::plain();
    let good = serde_json::to_value(Message::from(hello(TOKEN, 0))).unwrap();
    let cases = [
        ("BAD_TOKEN", json!({"token": "correct-house"})),
        ("BAD_TOKEN", json!({"token": ""})),
        ("BAD_TOKEN", json!({"token": "wrong", "wire_versions": [2]})),
        (
            "UNSUPPORTED_WIRE",
            json!({"wire_versions": [2, 3], "bundle_version": 2}),
        ),
        ("UNSUPPORTED_BUNDLE", json!({"bundle_version": 2})),
        ("BAD_HELLO", json!({"wire_versions": []})),
        ("BAD_HELLO", json!({"last_report_seq": -1})),
        ("BAD_HELLO", json!({"token": null})),
    ];
    for (code, changes) in cases {
        let mut body = good.clone();
        for (key, value) in changes.as_object().unwrap() {
            body[key] = value.clone();
        }
        let mut trader = Trader::connect(&executor);
        trader.send_text(&body.to_string());
        let Message::HelloReject(reject) = trader.receive() else {
            panic!("{code}: HELLO_REJECT was expected")
        };
        assert_eq!(
            (reject.code.as_str(), reject.supported.as_slice()),
            (code, &[1][..])
        );
        trader.assert_closed();
    }
    assert!(!executor.log().contains(TOKEN), "the token must not be logged");
    executor.await_metric("hotloop_executor_hello_rejects_total{code=\"BAD_TOKEN\"}", 3.0);
}

#[test]
fn s1_anything_before_hello_is_refused() {
    let executor = Running::plain();
    for text in [
        r#"{"ts_ms":1,"type":"TICK"}"#,
        r#"{"type":"NEWS"}"#,
        r#"{"type":7}"#,
    ] {
        let mut trader = Trader::connect(&executor);
        trader.send_text(text);
        assert_eq!(trader.refusal(), "NOT_HELLO", "{text}");
        trader.assert_closed();
    }
    let mut trader = Trader::connect(&executor);
    trader.send(&place("a", 0));
    assert_eq!(trader.refusal(), "NOT_HELLO");
    assert_eq!(
        executor.status()["next_report_seq"],
        1,
        "the intent had no effect"
    );
}

#[test]
fn s1_a_connection_that_says_nothing_is_closed() {
    let executor = Running::start(&json!({"listen": {"hello_timeout_ms": 50}}));
    let mut trader = Trader::connect(&executor);
    assert_eq!(trader.refusal(), "NOT_HELLO");
    trader.assert_closed();
}

#[test]
fn f_garbage_has_its_code_is_counted_and_closes() {
    let executor = Running::plain();
    let cases: [(&str, &[u8]); 6] = [
        ("BAD_FRAME_LENGTH", b"GET / HTTP/1.1\r\n\r\n"),
        ("BAD_FRAME_LENGTH", &[0, 0, 0, 0]),
        ("BAD_FRAME_LENGTH", &[0, 0x10, 0, 1, b'{']),
        ("BAD_UTF8", &[0, 0, 0, 2, 0xff, 0xfe]),
        ("BAD_JSON", &[0, 0, 0, 2, b'{', b'x']),
        ("BAD_JSON", &[0, 0, 0, 2, b'[', b']']),
    ];
    for in_session in [false, true] {
        for (code, bytes) in cases {
            let mut trader = if in_session {
                Trader::start(&executor)
            } else {
                Trader::connect(&executor)
            };
            trader.stream.write_all(bytes).unwrap();
            assert_eq!(trader.refusal(), code, "{bytes:?}");
            trader.assert_closed();
        }
    }
    executor.await_metric(
        "hotloop_executor_frame_errors_total{code=\"BAD_FRAME_LENGTH\"}",
        6.0,
    );
    executor.await_metric("hotloop_executor_frame_errors_total{code=\"BAD_UTF8\"}", 2.0);
    executor.await_metric("hotloop_executor_frame_errors_total{code=\"BAD_JSON\"}", 4.0);
}

#[test]
fn f5_a_connection_that_ends_inside_a_frame_is_truncated() {
    let executor = Running::plain();
    let mut trader = Trader::start(&executor);
    trader.stream.write_all(&[0, 0, 0, 9, b'{']).unwrap();
    trader.stop_sending();
    let Message::Error(error) = trader.receive() else {
        panic!("ERROR was expected")
    };
    assert_eq!(error.code, "TRUNCATED");
    assert_eq!(error.message, "frame cut after 1 of 9 bytes of the body");
    trader.assert_closed();
}

#[test]
fn f5_half_a_frame_times_out_however_slowly_it_goes_on() {
    let executor = Running::start(&json!({"listen": {"frame_timeout_ms": 80}}));
    for trader in [&mut Trader::connect(&executor), &mut Trader::start(&executor)] {
        trader.stream.write_all(&[0, 0]).unwrap();
        assert_eq!(trader.refusal(), "TRUNCATED");
        trader.assert_closed();
    }
    // A byte now and then does not put the end off.
    let mut trader = Trader::start(&executor);
    trader.stream.write_all(&[0, 0, 1, 0]).unwrap();
    for _ in 0..255 {
        if trader.stream.write_all(b" ").is_err() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    executor.await_metric("hotloop_executor_frame_errors_total{code=\"TRUNCATED\"}", 3.0);
}

#[test]
fn s3_a_second_session_is_refused_and_the_first_goes_on() {
    let executor = Running::plain();
    let mut first = Trader::start(&executor);
    let mut second = Trader::connect(&executor);
    second.send(&hello(TOKEN, 0).into());
    assert_eq!(second.refusal(), "SESSION_TAKEN");
    second.assert_closed();
    first.send(&place("a", 0));
    assert_eq!(first.report().intent_id, "a");
}

#[test]
fn whatever_a_trader_says_answers_and_log_lines_stay_short() {
    let executor = Running::plain();
    let long = "\"".repeat(400_000);
    let mut first = Trader::connect(&executor);
    first.send(
        &wire::Hello {
            client: long.clone(),
            ..hello(TOKEN, 0)
        }
        .into(),
    );
    assert!(matches!(first.receive(), Message::HelloAck(_)));
    let mut second = Trader::connect(&executor);
    second.send(&hello(TOKEN, 0).into());
    assert_eq!(second.refusal(), "SESSION_TAKEN");
    let mut third = Trader::connect(&executor);
    third.send(
        &wire::Hello {
            wire_versions: vec![2; 200_000],
            ..hello(TOKEN, 0)
        }
        .into(),
    );
    assert_eq!(third.refusal(), "UNSUPPORTED_WIRE");
    first.send_text(&json!({"type": "CONTROL", "action": "resume", "reason": long}).to_string());
    first.send_text(&json!({"type": "ERROR", "code": "BAD", "message": long}).to_string());
    first.send_text(&json!({"type": "GOODBYE", "reason": long}).to_string());
    while first.receive_text().is_some() {}
    let longest = executor.log().lines().map(str::len).max();
    assert!(longest < Some(1_000), "{longest:?}");
}

#[test]
fn s3_a_takeover_ends_the_former_session() {
    let executor = Running::plain();
    let mut first = Trader::start(&executor);
    first.send(&place("a", 0));
    let report = first.receive_text().unwrap();
    let mut second = Trader::connect(&executor);
    second.send(
        &wire::Hello {
            takeover: true,
            ..hello(TOKEN, 0)
        }
        .into(),
    );
    let Message::Goodbye(goodbye) = first.receive() else {
        panic!("GOODBYE was expected")
    };
    assert_eq!(goodbye.reason, "taken over");
    first.assert_closed();
    let Message::HelloAck(ack) = second.receive() else {
        panic!("HELLO_ACK was expected")
    };
    assert!(ack.session_id.ends_with("-2"));
    assert_eq!(
        second.receive_text().unwrap(),
        report,
        "the report nobody acknowledged comes again"
    );
    executor.await_metric("hotloop_executor_takeovers_total", 1.0);
}

#[test]
fn s3_a_session_is_free_as_soon_as_its_trader_is_gone() {
    let executor = Running::plain();
    for _ in 0..50 {
        drop(Trader::start(&executor));
    }
}

#[test]
fn t4_connections_without_hello_are_bounded() {
    let executor = Running::plain();
    let waiting: Vec<Trader> = (0..16).map(|_| Trader::connect(&executor)).collect();
    executor.await_metric("hotloop_executor_connections_total", 16.0);
    Trader::connect(&executor).assert_closed();
    executor.await_metric("hotloop_executor_connections_refused_total", 1.0);
    drop(waiting);
    executor.await_metric("hotloop_executor_connections_refused_total", 1.0);
}
