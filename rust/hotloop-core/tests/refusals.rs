//! The clauses of docs/signals.md, "Errors", one by one: what is refused, and what that leaves behind.

// Helpers of tests may fail the test.
#![allow(clippy::unwrap_used)]

mod common;

use common::{MARKET, apply, apply_line, backs, config, core, is_stale, key, message, of};
use hotloop_core::{Error, HotloopCore, MarketBook, Side};

fn refused(core: &mut HotloopCore, line: &str) -> Error {
    core.apply(line.as_bytes(), 0).unwrap_err()
}

#[test]
fn a_segment_needs_a_start_and_a_new_start_forgets_the_old() {
    let mut core = core();
    let error = refused(&mut core, r#"{"op":"mcm","segmentType":"SEG","pt":1,"mc":[]}"#);
    assert_eq!(error.field(), Some("segmentType"));
    let start = |id: i64| {
        message(
            1,
            r#""segmentType":"SEG_START","#,
            &format!(r#"{{"id":"1.1","rc":[{{"id":{id}}}]}}"#),
        )
    };
    apply_line(&mut core, &start(1));
    apply_line(&mut core, &start(2));
    let end = r#"{"op":"mcm","segmentType":"SEG_END","pt":1,"mc":[]}"#;
    assert_eq!(apply_line(&mut core, end), of(MARKET, &[2]));
    assert_eq!(refused(&mut core, end).field(), Some("segmentType"));
}

#[test]
fn segments_are_bounded_and_lost_with_any_bad_line() {
    let mut core = HotloopCore::new(config(r#"{"state":{"max_segment_bytes":100}}"#));
    let start = r#"{"op":"mcm","segmentType":"SEG_START","pt":1,"mc":[{"id":"1.1"}]}"#;
    let end = r#"{"op":"mcm","segmentType":"SEG_END","pt":1,"mc":[{"id":"1.1"}]}"#;
    apply_line(&mut core, start);
    assert!(matches!(
        refused(&mut core, end),
        Error::Limit {
            limit: "state.max_segment_bytes",
            ..
        }
    ));
    assert_eq!(
        refused(&mut core, end).field(),
        Some("segmentType"),
        "thrown away"
    );
    apply_line(&mut core, start);
    refused(&mut core, "{");
    assert_eq!(
        refused(&mut core, end).field(),
        Some("segmentType"),
        "thrown away"
    );
}

#[test]
fn one_market_too_many_is_refused_whole() {
    let mut core = HotloopCore::new(config(r#"{"state":{"max_markets":2}}"#));
    apply(&mut core, 1, r#"{"id":"1.1","rc":[{"id":1}]}"#);
    let line = message(
        2,
        "",
        r#"{"id":"1.1","rc":[{"id":2}]},{"id":"1.2"},{"id":"1.2"},{"id":"1.3"}"#,
    );
    let error = refused(&mut core, &line);
    assert_eq!(
        (error.field(), error.market_id()),
        (Some("mc[3].id"), Some("1.3"))
    );
    assert!(core.runner(MARKET, key(2)).is_none());
    assert!(
        is_stale(&core, MARKET),
        "it is not the one too many, but its changes are lost"
    );
    assert_eq!(core.last_pt_ms(), Some(1));
    apply(&mut core, 2, r#"{"id":"1.2"}"#);
}

#[test]
fn a_bad_value_changes_nothing_and_marks_its_market_until_an_image() {
    let mut core = core();
    apply(
        &mut core,
        1,
        r#"{"id":"1.1","rc":[{"id":7,"atb":[[2,1]]}]},{"id":"1.2","rc":[{"id":7}]}"#,
    );
    let line = message(
        2,
        "",
        r#"{"id":"1.1","rc":[{"id":7,"atb":[[2,0]]},{"id":7,"atb":[[2,"x"]]}]}"#,
    );
    let error = refused(&mut core, &line);
    assert_eq!(
        (error.field(), error.market_id()),
        (Some("mc[0].rc[1].atb[0][1]"), Some(MARKET))
    );
    assert_eq!(error.offset(), line.find(r#""x""#));
    assert_eq!(backs(&core, 7), [(200, 100)]);
    assert_eq!(
        (core.stats().errors, core.stats().messages, core.last_pt_ms()),
        (1, 1, Some(1))
    );
    assert!(is_stale(&core, "1.1") && !is_stale(&core, "1.2"));
    apply(&mut core, 3, r#"{"id":"1.1","rc":[{"id":7}]}"#);
    assert!(
        is_stale(&core, "1.1"),
        "a delta does not bring back what was lost"
    );
    apply(&mut core, 4, r#"{"id":"1.1","img":true}"#);
    assert!(!is_stale(&core, "1.1"));
}

#[test]
fn an_unreadable_line_marks_every_market() {
    let mut core = core();
    apply(
        &mut core,
        1,
        r#"{"id":"1.1","rc":[{"id":7}]},{"id":"1.2","rc":[{"id":7}]}"#,
    );
    let error = refused(&mut core, r#"{"op":"mcm","pt":2,"mc":[{"id":"1.1","#);
    assert_eq!(
        (error.field(), error.offset(), error.market_id()),
        (None, Some(37), None)
    );
    assert!(is_stale(&core, "1.1") && is_stale(&core, "1.2"));
}

/// A core that holds the markets 1.1, 1.2 and 1.3.
fn holding_three(limits: &str) -> HotloopCore {
    let mut core = HotloopCore::new(config(&format!(r#"{{"state":{limits}}}"#)));
    apply(&mut core, 1, r#"{"id":"1.1"},{"id":"1.2"},{"id":"1.3"}"#);
    core
}

fn marked(core: &HotloopCore) -> Vec<&str> {
    let stale = core.markets().filter(|market| core.is_stale(market));
    stale.map(MarketBook::id).collect()
}

fn segment(kind: &str, mc: &str) -> String {
    message(2, &format!(r#""segmentType":"{kind}","#), mc)
}

#[test]
fn every_market_the_message_carries_is_marked() {
    let all = &["1.1", "1.2", "1.3"][..];
    for (line, lost) in [
        (message(2, "", r#"{"id":"1.1","rc":5},{"id":"1.2"}"#), &all[..2]),
        (message(2, "", r#"{"id":"1.1"},{"id":"1.2","rc":5}"#), &all[..2]),
        (
            message(2, r#""ct":5,"#, r#"{"id":"1.1"},{"id":"1.9"}"#),
            &all[..1],
        ),
        (r#"{"op":"mcm","mc":[{"id":"1.2"}]}"#.to_owned(), &all[1..2]),
        (segment("SEG_MIDDLE", r#"{"id":"1.3"}"#), &all[2..]),
        (segment("SEG", r#"{"id":"1.3"}"#), &all[2..]),
        (message(2, "", r#"{"id":"1.1"},{"rc":[]}"#), all),
        (message(2, "", r#"{"id":"1.1"},{"id":1.2}"#), all),
        (message(2, "", r#"{"id":"1.1"},5"#), all),
        (r#"{"op":"mcm","pt":2,"mc":{"id":"1.1"}}"#.to_owned(), all),
        (r#"{"op":"mcm","pt":"soon","mc":null}"#.to_owned(), &[]),
        (
            r#"{"op":"mcm","pt":"soon","ct":"HEARTBEAT","mc":5}"#.to_owned(),
            &[],
        ),
    ] {
        let mut core = holding_three("{}");
        refused(&mut core, &line);
        assert_eq!(marked(&core), lost, "{line}");
    }
}

#[test]
fn a_refused_snapshot_is_lost_for_its_market_alone() {
    for snapshot in [r#"{"id":"1.2"}"#, r#"{"id":5}"#, r#"{"rc":5}"#] {
        let mut core = holding_three("{}");
        let error = core.apply_snapshot("1.1", snapshot.as_bytes(), 0).unwrap_err();
        assert_eq!(error.market_id(), Some("1.1"));
        assert_eq!(marked(&core), ["1.1"], "{snapshot}");
    }
}

#[test]
fn the_segments_thrown_away_with_a_message_are_lost_too() {
    for line in [
        segment("SEG", r#"{"id":"1.2","rc":5}"#),
        segment("SEG_START", r#"{"id":"1.2","rc":5}"#),
        message(2, "", r#"{"id":"1.2","rc":5}"#),
    ] {
        let mut core = holding_three("{}");
        apply_line(&mut core, &segment("SEG_START", r#"{"id":"1.1"}"#));
        refused(&mut core, &line);
        assert_eq!(marked(&core), ["1.1", "1.2"], "{line}");
        refused(&mut core, &segment("SEG_END", r#"{"id":"1.3"}"#));
        assert_eq!(marked(&core), ["1.1", "1.2", "1.3"], "the rest of the message");
    }
    for kind in ["SEG_START", "SEG", "SEG_END"] {
        let mut core = holding_three(r#"{"max_segment_bytes":80}"#);
        apply_line(&mut core, &segment("SEG_START", r#"{"id":"1.1"}"#));
        refused(
            &mut core,
            &segment(kind, r#"{"id":"1.2","tv":0.000000000000000000000}"#),
        );
        assert_eq!(marked(&core), ["1.1", "1.2"], "{kind} beyond the bound");
    }
}

#[test]
fn a_whole_refused_with_its_last_segment_is_lost_in_all_its_parts() {
    for (end, field) in [
        (r#"{"op":"mcm","segmentType":"SEG_END"}"#.to_owned(), "pt"),
        (segment("SEG_END", r#"{"id":"1.4"}"#), "mc[2].id"),
    ] {
        let mut core = holding_three(r#"{"max_markets":3}"#);
        apply_line(&mut core, &segment("SEG_START", r#"{"id":"1.1"}"#));
        apply_line(&mut core, &segment("SEG", r#"{"id":"1.2"}"#));
        assert_eq!(refused(&mut core, &end).field(), Some(field));
        assert_eq!(marked(&core), ["1.1", "1.2"]);
        assert_eq!(core.last_pt_ms(), Some(1), "nothing was applied");
    }
    let mut core = holding_three("{}");
    apply_line(&mut core, &segment("SEG_START", r#"{"id":"1.1"}"#));
    apply_line(&mut core, &segment("SEG_END", r#"{"id":"1.2"}"#));
    refused(&mut core, &message(3, "", r#"{"id":"1.3","rc":5}"#));
    assert_eq!(marked(&core), ["1.3"], "what was applied was not lost");
}

#[test]
fn a_batch_stops_at_the_first_bad_line() {
    let mut core = core();
    let good = message(1, "", r#"{"id":"1.1","rc":[{"id":7},{"id":8}]}"#);
    assert_eq!(core.apply_lines([good.as_bytes(), good.as_bytes()], 0), Ok(4));
    let error = core
        .apply_lines([good.as_bytes(), b"{", good.as_bytes()], 0)
        .unwrap_err();
    assert_eq!(error.line, 1);
    assert_eq!(core.stats().runner_changes, 6);
}

#[test]
fn what_is_not_known_answers_nothing() {
    let core = core();
    assert_eq!(core.best("1.9", key(1)), (None, None));
    assert_eq!(core.best2_sum("1.9", key(1), Side::Back), 0);
    assert_eq!(core.spread_ticks("1.9", key(1)), None);
    assert!(core.ladder_top("1.9", key(1), Side::Lay, None).is_empty());
    assert_eq!(core.size_ahead("1.9", key(1), Side::Lay, 200), 0);
    assert_eq!("back".parse::<Side>().unwrap_err().field(), Some("side"));
}
