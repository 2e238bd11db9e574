//! The clauses of docs/signals.md, "Ingest", one by one.

// Helpers of tests may fail the test.
#![allow(clippy::unwrap_used)]

mod common;

use common::{MARKET, apply, apply_line, backs, config, core, is_stale, key, message, of};
use hotloop_core::{HotloopCore, Level, MarketBook, RunnerBook, RunnerKey, Side};

#[test]
fn rows_set_and_delete_and_absent_levels_are_no_loss() {
    let mut core = core();
    apply(
        &mut core,
        1,
        r#"{"id":"1.1","rc":[{"id":7,"atb":[[2,10],[1.5,20]],"atl":[[2.02,5]]}]}"#,
    );
    apply(
        &mut core,
        2,
        r#"{"id":"1.1","rc":[{"id":7,"atb":[[2,0],[9,0],[1.6,1.25]],"atl":[]}]}"#,
    );
    assert_eq!(backs(&core, 7), [(160, 125), (150, 2_000)]);
    assert_eq!(
        core.best(MARKET, key(7)).1,
        Some(Level {
            price: 202,
            size: 500
        })
    );
    assert_eq!(core.best2_sum(MARKET, key(7), Side::Back), 2_125);
    assert_eq!(core.spread_ticks(MARKET, key(7)), Some(41));
}

#[test]
fn side_rested_is_the_opposite_of_side_taken() {
    let mut core = core();
    apply(
        &mut core,
        1,
        r#"{"id":"1.1","rc":[{"id":7,"atb":[[2,10]],"atl":[[3,20]]}]}"#,
    );
    assert_eq!(core.size_ahead(MARKET, key(7), Side::Back, 300), 2_000);
    assert_eq!(core.size_ahead(MARKET, key(7), Side::Lay, 200), 1_000);
    assert_eq!(core.size_ahead(MARKET, key(7), Side::Lay, 300), 0);
}

#[test]
fn touched_runners_come_by_first_appearance_once() {
    let mut core = core();
    let mc = r#"{"id":"1.1","rc":[{"id":9},{"id":7},{"id":9}]},{"id":"1.2","rc":[{"id":7}]},{"id":"1.1","rc":[{"id":7},{"id":8}]}"#;
    let wanted: Vec<_> = [of("1.1", &[9, 7]), of("1.2", &[7]), of("1.1", &[8])].concat();
    assert_eq!(apply(&mut core, 1, mc), wanted);
    assert_eq!(core.stats().runner_changes, 6);
}

#[test]
fn a_definition_touches_its_other_runners_too() {
    let mut core = core();
    let mc = r#"{"id":"1.1","marketDefinition":{"runners":[{"id":1},{"id":2}]},"rc":[{"id":2},{"id":3}]}"#;
    assert_eq!(apply(&mut core, 1, mc), of(MARKET, &[2, 3, 1]));
    assert_eq!(core.market(MARKET).unwrap().definition_seq(), 1);
}

#[test]
fn an_image_replaces_runners_keeps_the_definition_and_touches_what_it_removed() {
    let mut core = core();
    apply(
        &mut core,
        1,
        r#"{"id":"1.1","marketDefinition":{"status":"OPEN","runners":[{"id":1}]}}"#,
    );
    apply(
        &mut core,
        2,
        r#"{"id":"1.1","rc":[{"id":2,"atb":[[2,1]],"ltp":2},{"id":3}]}"#,
    );
    let touched = apply(
        &mut core,
        3,
        r#"{"id":"1.1","img":true,"rc":[{"id":3,"atb":[[3,1]]}]}"#,
    );
    assert_eq!(touched, of(MARKET, &[3, 1, 2]));
    assert!(backs(&core, 2).is_empty());
    assert!(core.runner(MARKET, key(2)).is_none());
    let market = core.market(MARKET).unwrap();
    assert_eq!(market.definition().unwrap().status.as_deref(), Some("OPEN"));
    assert_eq!(core.stats().images, 1);
}

#[test]
fn an_image_after_entries_of_its_message_repeats_nobody() {
    let mut core = core();
    let mc = r#"{"id":"1.1","img":true,"marketDefinition":{"runners":[{"id":1}]},"rc":[{"id":1}]},
        {"id":"1.1","img":true},{"id":"1.1","img":true,"rc":[{"id":1},{"id":2}]}"#;
    assert_eq!(apply(&mut core, 1, mc), of(MARKET, &[1, 2]));
}

#[test]
fn an_image_removes_whom_its_own_message_made_known_before_it() {
    let mut core = core();
    let mc = r#"{"id":"1.1","marketDefinition":{"runners":[{"id":1}]}},
        {"id":"1.1","img":true,"marketDefinition":{}}"#;
    assert_eq!(apply(&mut core, 1, mc), of(MARKET, &[1]));
}

#[test]
fn last_traded_time_needs_a_baseline_and_a_rise_at_a_price() {
    let mut core = core();
    let time = |core: &HotloopCore| core.runner(MARKET, key(7)).unwrap().last_traded_ms();
    apply(&mut core, 1, r#"{"id":"1.1","rc":[{"id":7,"trd":[[2,10]]}]}"#);
    assert_eq!(time(&core), None, "the first message is the baseline");
    apply(
        &mut core,
        2,
        r#"{"id":"1.1","rc":[{"id":7,"trd":[[2,5]]},{"id":7,"trd":[[3,5]]}]}"#,
    );
    assert_eq!(time(&core), Some(2), "fallen at one price, risen at another");
    apply(
        &mut core,
        3,
        r#"{"id":"1.1","rc":[{"id":7,"trd":[[2,0]]},{"id":7,"trd":[[3,30]]}]}"#,
    );
    assert_eq!(time(&core), Some(3));
    apply(
        &mut core,
        4,
        r#"{"id":"1.1","img":true,"rc":[{"id":7,"trd":[[3,90]]}]}"#,
    );
    assert_eq!(time(&core), Some(3), "an image is a baseline and keeps the time");
    apply(&mut core, 5, r#"{"id":"1.1","rc":[{"id":7,"trd":[]}]}"#);
    assert_eq!(core.runner(MARKET, key(7)).unwrap().traded(), []);
    apply(&mut core, 6, r#"{"id":"1.1","rc":[{"id":7,"trd":[[3,1]]}]}"#);
    assert_eq!(time(&core), Some(6), "a wipe is the new baseline");
}

#[test]
fn the_fullest_kind_of_book_shown_is_read() {
    let mut core = core();
    apply(&mut core, 1, r#"{"id":"1.1","rc":[{"id":7,"bdatb":[[0,2,1]]}]}"#);
    assert_eq!(backs(&core, 7), [(200, 100)]);
    apply(
        &mut core,
        2,
        r#"{"id":"1.1","rc":[{"id":7,"batb":[[0,2,2],[1,1.9,1]],"batl":[]}]}"#,
    );
    assert_eq!(backs(&core, 7), [(200, 200), (190, 100)]);
    apply(&mut core, 3, r#"{"id":"1.1","rc":[{"id":7,"atb":[]}]}"#);
    assert_eq!(backs(&core, 7).len(), 2, "an empty array shows nothing");
    apply(&mut core, 4, r#"{"id":"1.1","rc":[{"id":7,"atb":[[2,3]]}]}"#);
    assert_eq!(backs(&core, 7), [(200, 300)]);
    core.set_config(config(r#"{"book":{"source":"display"}}"#));
    assert_eq!(backs(&core, 7), [(200, 100)]);
}

#[test]
fn spread_is_on_the_ladder_of_the_market() {
    let mut core = core();
    let mc = |definition: &str| {
        format!(
            r#"{{"id":"1.1","marketDefinition":{{{definition}}},"rc":[{{"id":7,"atb":[[2.5,1]],"atl":[[3,1]]}}]}}"#
        )
    };
    for (definition, wanted) in [
        (r#""status":"OPEN""#, Some(25)),
        (r#""priceLadderDefinition":{"type":"FINEST"}"#, Some(50)),
        (
            r#""priceLadderDefinition":{"type":"LINE_RANGE"},"lineMinUnit":0,"lineMaxUnit":9,"lineInterval":0.5"#,
            Some(1),
        ),
        (r#""priceLadderDefinition":{"type":"LINE_RANGE"}"#, None),
    ] {
        apply(&mut core, 1, &mc(definition));
        assert_eq!(core.spread_ticks(MARKET, key(7)), wanted, "{definition}");
    }
}

#[test]
fn what_is_no_market_change_is_ignored_whatever_it_holds() {
    let mut core = core();
    for line in [
        r#"{"op":"ocm","oc":[{"id":5}],"pt":"x"}"#,
        r#"{"op":"connection","connectionId":"1"}"#,
        r#"{"op":"other","mc":[{"id":5}]}"#,
        "{}",
        r#"{"op":5}"#,
    ] {
        assert!(apply_line(&mut core, line).is_empty(), "{line}");
    }
    assert_eq!((core.stats().ignored, core.stats().messages), (5, 5));
}

#[test]
fn heartbeats_change_nothing_whatever_they_hold() {
    let mut core = core();
    for line in [
        r#"{"op":"mcm","ct":"HEARTBEAT","clk":null,"pt":5}"#,
        r#"{"op":"mcm","mc":[{"bad":1}],"ct":"HEARTBEAT"}"#,
        r#"{"op":"mcm","mc":[{"id":"1.1","rc":[{"id":1}]}],"ct":"HEARTBEAT","pt":9}"#,
    ] {
        assert!(apply_line(&mut core, line).is_empty());
    }
    assert_eq!(
        (core.stats().heartbeats, core.last_pt_ms(), core.markets().count()),
        (3, None, 0)
    );
}

#[test]
fn status_503_makes_every_market_stale_until_a_message_without_it() {
    let mut core = core();
    apply(&mut core, 1, r#"{"id":"1.1","rc":[{"id":7}]}"#);
    apply_line(&mut core, r#"{"op":"mcm","id":2,"status":503}"#);
    assert!(is_stale(&core, MARKET));
    apply_line(&mut core, r#"{"op":"mcm","ct":"HEARTBEAT"}"#);
    assert!(!is_stale(&core, MARKET));
}

#[test]
fn an_older_subscription_is_ignored_and_an_image_of_the_same_replaces_it() {
    let mut core = core();
    let both = r#"{"id":"1.1","img":true,"rc":[{"id":7}]},{"id":"1.2","img":true,"rc":[{"id":8}]}"#;
    apply_line(&mut core, &message(1, r#""id":3,"ct":"SUB_IMAGE","#, both));
    assert!(
        apply_line(
            &mut core,
            &message(2, r#""id":2,"#, r#"{"id":"1.1","rc":[{"id":7}]}"#)
        )
        .is_empty()
    );
    assert_eq!(core.stats().ignored, 1);
    let one = r#"{"id":"1.2","img":true,"rc":[{"id":8}]}"#;
    apply_line(&mut core, &message(3, r#""id":3,"ct":"SUB_IMAGE","#, one));
    assert_eq!(core.markets().map(MarketBook::id).collect::<Vec<_>>(), ["1.2"]);
    apply_line(
        &mut core,
        &message(4, r#""id":4,"ct":"SUB_IMAGE","#, r#"{"id":"1.3","img":true}"#),
    );
    assert_eq!(core.markets().count(), 2, "another subscription's markets stay");
}

#[test]
fn segments_are_one_message() {
    let mut core = core();
    let part = |kind: &str, head: &str, id: i64| {
        message(
            id,
            &format!(r#""segmentType":"{kind}",{head}"#),
            &format!(r#"{{"id":"1.1","rc":[{{"id":{id},"trd":[[2,{id}]]}}]}}"#),
        )
    };
    assert!(apply_line(&mut core, &part("SEG_START", r#""ct":"SUB_IMAGE","id":1,"#, 1)).is_empty());
    assert!(apply_line(&mut core, &part("SEG", "", 2)).is_empty());
    assert_eq!(core.markets().count(), 0);
    assert_eq!(
        apply_line(
            &mut core,
            r#"{"op":"mcm","pt":9,"mc":[{"id":"1.5","rc":[{"id":5}]}]}"#
        ),
        of("1.5", &[5])
    );
    assert_eq!(
        apply_line(&mut core, &part("SEG_END", r#""id":1,"#, 3)),
        of(MARKET, &[1, 2, 3])
    );
    assert_eq!(
        (
            core.last_pt_ms(),
            core.stats().market_changes,
            core.stats().messages
        ),
        (Some(3), 4, 4)
    );
    let old = message(4, r#""id":0,"#, r#"{"id":"1.1"}"#);
    apply_line(&mut core, &old);
    assert_eq!(
        core.stats().ignored,
        1,
        "the ct of the start makes it a SUB_IMAGE"
    );
}

#[test]
fn closed_markets_go_after_their_retention() {
    let mut core = HotloopCore::new(config(r#"{"state":{"closed_retention_s":10}}"#));
    let closed = r#"{"id":"1.1","marketDefinition":{"status":"CLOSED"}}"#;
    apply(&mut core, 1_000, closed);
    apply(&mut core, 2_000, closed);
    apply(&mut core, 11_000, r#"{"id":"1.2","rc":[{"id":1}]}"#);
    assert!(core.market(MARKET).is_some());
    apply(&mut core, 11_001, r#"{"id":"1.2","rc":[{"id":1}]}"#);
    assert!(
        core.market(MARKET).is_none(),
        "counted from the first definition that closed it"
    );
    apply(&mut core, 11_002, r#"{"id":"1.3","rc":[{"id":1}]}"#);
    assert_eq!(
        core.markets().map(MarketBook::id).collect::<Vec<_>>(),
        ["1.2", "1.3"]
    );
}

#[test]
fn a_snapshot_is_an_image_that_keeps_the_time() {
    let mut core = core();
    apply(
        &mut core,
        5,
        r#"{"id":"1.1","rc":[{"id":7,"atb":[[2,1]]},{"id":8}]}"#,
    );
    let touched: Vec<i64> = core
        .apply_snapshot(MARKET, br#"{"img":false,"rc":[{"id":8,"atb":[[3,1]]}]}"#, 0)
        .unwrap()
        .iter()
        .map(|t| t.runner.id)
        .collect();
    assert_eq!(touched, [8, 7]);
    assert_eq!(core.market(MARKET).unwrap().pt_ms(), Some(5));
    assert_eq!((core.stats().images, core.stats().messages), (1, 2));
    let error = core.apply_snapshot(MARKET, br#"{"id":"1.9"}"#, 0).unwrap_err();
    assert_eq!((error.field(), error.market_id()), (Some("id"), Some(MARKET)));
    let error = core
        .apply_snapshot(MARKET, br#"{"rc":[{"id":"8"}]}"#, 0)
        .unwrap_err();
    assert_eq!(error.field(), Some("rc[0].id"));
}

#[test]
fn handicaps_tell_runners_apart() {
    let mut core = core();
    apply(
        &mut core,
        1,
        r#"{"id":"1.1","rc":[{"id":7,"hc":-0.25,"ltp":2},{"id":7,"hc":-0.0,"ltp":3}]}"#,
    );
    let last = |handicap| {
        core.runner(MARKET, RunnerKey::new(7, handicap))
            .map(RunnerBook::last_traded)
    };
    assert_eq!(last(-0.25), Some(Some(200)));
    assert_eq!(last(0.0), Some(Some(300)));
    assert_eq!(last(f64::NAN), None);
    assert_eq!(last(0.25), None);
}
