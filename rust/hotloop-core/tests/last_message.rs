//! What the last message of a market matched, and whether it compares with the one before it:
//! docs/signals.md, "Matched volume".

#![allow(clippy::unwrap_used)] // helpers of tests

mod common;

use common::{MARKET, apply, apply_line, begun, define, key, rc};
use hotloop_core::HotloopCore;

/// Runner 7 with offers on either side and something traded, and nothing matched yet.
fn offered() -> HotloopCore {
    let core = begun("{}", r#""atb":[[2,100]],"atl":[[2.02,40]],"trd":[[2,10]]"#);
    assert!(core.last_trades(MARKET, key(7)).is_empty());
    core
}

/// As that, after a plain match of 20.00 against the lays at 2.0.
fn traded() -> HotloopCore {
    let mut core = offered();
    rc(2_000, &mut core, r#"{"id":7,"atb":[[2,80]],"trd":[[2,50]]}"#);
    assert_eq!(core.last_trades(MARKET, key(7)), [(200, 0, 2_000)]);
    core
}

#[test]
fn the_last_message_tells_price_by_price_what_it_matched_of_a_runner() {
    let mut core = offered();
    // A plain match of 20 against lays, a cross match of 15 against backs, a rise without a drop.
    rc(
        2_000,
        &mut core,
        r#"{"id":7,"trd":[[2.04,4],[2.02,15],[2,50]],"atl":[[2.02,25]],"atb":[[2,80]]}"#,
    );
    let wanted = [(200, 0, 2_000), (202, 1_500, 0), (204, 100, 100)];
    assert_eq!(core.last_trades(MARKET, key(7)), wanted);
    assert!(core.last_trades(MARKET, key(8)).is_empty());
    assert!(core.last_trades(MARKET, key(99)).is_empty());
    assert!(core.last_trades("1.9", key(7)).is_empty());
}

#[test]
fn the_trades_of_two_runners_of_a_message_are_told_apart() {
    let mut core = traded();
    rc(3_000, &mut core, r#"{"id":8,"trd":[[3,10]]}"#);
    rc(
        4_000,
        &mut core,
        r#"{"id":8,"trd":[[3,18]]},{"id":7,"trd":[[2,54]]}"#,
    );
    assert_eq!(core.last_trades(MARKET, key(7)), [(200, 100, 100)]);
    assert_eq!(core.last_trades(MARKET, key(8)), [(300, 200, 200)]);
}

#[test]
fn the_next_message_of_the_market_forgets_them_whatever_it_has() {
    for entry in [
        r#"{"id":"1.1"}"#,
        r#"{"id":"1.1","rc":[{"id":8,"atb":[[3,1]]}]}"#,
        r#"{"id":"1.1","rc":[{"id":7,"atb":[[2,70]]}]}"#,
        r#"{"id":"1.1","marketDefinition":{"status":"SUSPENDED","runners":[{"id":7}]}}"#,
        r#"{"id":"1.1","img":true,"rc":[{"id":7,"atb":[[2,70]],"trd":[[2,90]]}]}"#,
    ] {
        let mut core = traded();
        apply(&mut core, 3_000, entry);
        assert!(core.last_trades(MARKET, key(7)).is_empty(), "{entry}");
    }
    let mut core = traded();
    let snapshot = br#"{"rc":[{"id":7,"atb":[[2,70]],"trd":[[2,90]]}]}"#;
    core.apply_snapshot(MARKET, snapshot, 0).unwrap();
    assert!(core.last_trades(MARKET, key(7)).is_empty());
    assert!(core.book_upset(MARKET));
}

#[test]
fn what_is_no_message_of_the_market_leaves_them() {
    let mut core = traded();
    apply(
        &mut core,
        3_000,
        r#"{"id":"1.2","img":true,"rc":[{"id":7,"atb":[[3,1]]}]}"#,
    );
    apply(&mut core, 3_100, r#"{"id":"1.2","rc":[{"id":7,"trd":[[3,8]]}]}"#);
    apply_line(&mut core, r#"{"op":"mcm","pt":3200,"ct":"HEARTBEAT"}"#);
    apply_line(&mut core, r#"{"op":"mcm","pt":3300,"mc":[]}"#);
    let refused = core.apply(
        br#"{"op":"mcm","pt":3400,"mc":[{"id":"1.1","rc":[{"id":"x"}]}]}"#,
        0,
    );
    assert!(refused.is_err());
    assert_eq!(core.last_trades(MARKET, key(7)), [(200, 0, 2_000)]);
    assert_eq!(core.last_trades("1.2", key(7)), [(300, 200, 200)]);
    assert!(!core.book_upset(MARKET));
}

#[test]
fn a_market_that_was_dropped_tells_nothing_of_its_last_message() {
    let mut core = begun(r#"{"state":{"closed_retention_s":0}}"#, r#""trd":[[2,10]]"#);
    let closing = r#"{"id":"1.1","marketDefinition":{"status":"CLOSED","inPlay":true,"runners":[{"id":7}]},"rc":[{"id":7,"trd":[[2,18]]}]}"#;
    apply(&mut core, 2_000, closing);
    assert_eq!(core.last_trades(MARKET, key(7)), [(200, 200, 200)]);
    assert!(core.book_upset(MARKET));
    apply(&mut core, 2_001, r#"{"id":"1.2","rc":[{"id":7}]}"#);
    assert!(core.market(MARKET).is_none());
    for id in [MARKET, "1.2"] {
        assert!(core.last_trades(id, key(7)).is_empty() && !core.book_upset(id));
    }
}

#[test]
fn an_image_and_the_turn_in_play_upset_a_book() {
    let mut core = begun("{}", r#""atb":[[2,100]],"trd":[[2,10]]"#);
    assert!(!core.book_upset(MARKET));
    apply(
        &mut core,
        2_000,
        r#"{"id":"1.1","img":true,"rc":[{"id":7,"atb":[[2,50]],"trd":[[2,90]]}]}"#,
    );
    assert!(core.book_upset(MARKET));
    assert!(core.last_trades(MARKET, key(7)).is_empty());
    define(
        &mut core,
        3_000,
        r#"{"status":"OPEN","inPlay":true,"runners":[{"id":7}]}"#,
    );
    assert!(core.book_upset(MARKET));
    apply(&mut core, 3_500, r#"{"id":"1.2","rc":[{"id":7,"atb":[[3,1]]}]}"#);
    assert!(core.book_upset(MARKET) && !core.book_upset("1.2"));
    rc(4_000, &mut core, r#"{"id":7,"atb":[[2,40]]}"#);
    assert!(!core.book_upset(MARKET));
    assert!(!core.book_upset("1.9"));
}
