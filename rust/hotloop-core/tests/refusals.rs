//! The clauses of docs/signals.md, "Errors", one by one: what is refused, and what that leaves behind.

// Helpers of tests may fail the test.
#![allow(clippy::unwrap_used)]

use hotloop_core::{Config, Error, HotloopCore, Level, RunnerKey, Side, Touched};

const MARKET: &str = "1.1";

fn config(json: &str) -> Config {
    Config::from_json(json.as_bytes()).unwrap()
}

fn core() -> HotloopCore {
    HotloopCore::new(Config::default())
}

fn key(id: i64) -> RunnerKey {
    RunnerKey::new(id, 0.0)
}

/// A message at `pt` with these `mc` entries (and, before `mc`, these members).
fn message(pt: i64, head: &str, mc: &str) -> String {
    format!(r#"{{"op":"mcm","pt":{pt},{head}"mc":[{mc}]}}"#)
}

fn apply(core: &mut HotloopCore, pt: i64, mc: &str) -> Vec<(String, i64)> {
    apply_line(core, &message(pt, "", mc))
}

fn apply_line(core: &mut HotloopCore, line: &str) -> Vec<(String, i64)> {
    let touched: Vec<Touched> = core.apply(line.as_bytes()).unwrap().to_vec();
    touched
        .iter()
        .map(|t| (core.market_of(t.market).id().to_owned(), t.runner.id))
        .collect()
}

fn refused(core: &mut HotloopCore, line: &str) -> Error {
    core.apply(line.as_bytes()).unwrap_err()
}

fn of(market: &str, ids: &[i64]) -> Vec<(String, i64)> {
    ids.iter().map(|id| (market.to_owned(), *id)).collect()
}

fn backs(core: &HotloopCore, id: i64) -> Vec<(i64, i64)> {
    let levels: Vec<Level> = core.ladder_top(MARKET, key(id), Side::Back, None);
    levels.iter().map(|level| (level.price, level.size)).collect()
}

fn is_stale(core: &HotloopCore, market: &str) -> bool {
    core.is_stale(core.market(market).unwrap())
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

#[test]
fn a_batch_stops_at_the_first_bad_line() {
    let mut core = core();
    let good = message(1, "", r#"{"id":"1.1","rc":[{"id":7},{"id":8}]}"#);
    assert_eq!(core.apply_lines([good.as_bytes(), good.as_bytes()]), Ok(4));
    let error = core
        .apply_lines([good.as_bytes(), b"{", good.as_bytes()])
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
