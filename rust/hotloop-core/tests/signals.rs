//! Signals through whole messages: docs/signals.md, from "Matched volume" to "Stream state". What one
//! signal does with its numbers is tested beside it.

#![allow(clippy::unwrap_used)] // helpers of tests

mod common;

use common::{MARKET, OPEN, apply, apply_line, begun, config, core, define, key, message, rc};
use hotloop_core::{HotloopCore, Place, Side};

/// Stake matched per second at once after the last message, times the window: what was matched.
fn matched(core: &HotloopCore, side: Side, price: i64) -> f64 {
    let rate = core.match_rate(MARKET, key(7), Some(side), Some(price), None);
    (rate * 10.0).round()
}

fn place(side: Side, price: f64) -> Place {
    Place::new(7, 0.0, side, price).unwrap()
}

fn ahead(core: &HotloopCore, id: &str, side: Side, price: f64) -> f64 {
    core.order_ahead(id, MARKET, Some(place(side, price))).unwrap()
}

fn is_about(value: f64, wanted: f64) -> bool {
    (value - wanted).abs() < 1e-9
}

// --- matched volume -------------------------------------------------------------------------------

#[test]
fn the_parts_of_a_split_change_are_one_trade() {
    let mut core = begun("{}", r#""atb":[[2,100]],"trd":[[2,10]]"#);
    rc(
        2_000,
        &mut core,
        r#"{"id":7,"atb":[[2,95]]},{"id":8},{"id":7,"trd":[[2,20]]}"#,
    );
    assert!(
        is_about(matched(&core, Side::Lay, 200), 500.0),
        "half of the rise, as the drop says"
    );
    assert!(is_about(matched(&core, Side::Back, 200), 0.0));
    // What was before the message counts, however often its rows come to one price.
    rc(
        2_000,
        &mut core,
        r#"{"id":7,"atb":[[2,94]],"trd":[[2,21]]},{"id":7,"atb":[[2,93],[2,90]],"trd":[[2,30]]}"#,
    );
    assert!(is_about(matched(&core, Side::Lay, 200), 1_000.0));
    // Back and forth within a message is nothing; so is what two entries of a market undo.
    let there = r#"{"id":"1.1","rc":[{"id":7,"trd":[[2,90]]}]}"#;
    let back = r#"{"id":"1.1","rc":[{"id":7,"trd":[[2,30]]}]}"#;
    apply(&mut core, 2_000, &format!("{there},{back}"));
    assert!(is_about(matched(&core, Side::Lay, 200), 1_000.0));
}

#[test]
fn the_first_message_and_images_are_baselines() {
    let mut core = begun("{}", r#""trd":[[2,10]]"#);
    assert!(is_about(matched(&core, Side::Back, 200), 0.0));
    apply(
        &mut core,
        2_000,
        r#"{"id":"1.1","img":true,"rc":[{"id":7,"trd":[[2,50]]}]}"#,
    );
    assert!(is_about(matched(&core, Side::Back, 200), 0.0));
    rc(3_000, &mut core, r#"{"id":7,"trd":[[2,52],[3,4]]}"#);
    assert!(is_about(matched(&core, Side::Back, 200), 50.0));
    assert!(
        is_about(matched(&core, Side::Back, 300), 100.0),
        "first seen after it: from 0"
    );
    rc(3_000, &mut core, r#"{"id":8,"trd":[[2,4]]}"#);
    let other = core.match_rate(MARKET, key(8), None, None, None);
    assert!(
        is_about(other, 20.0),
        "known from the definition, the image left it a baseline"
    );
}

#[test]
fn an_image_keeps_what_was_learned_of_runners_that_stay() {
    let mut core = begun("{}", r#""trd":[[2,10]]"#);
    rc(2_000, &mut core, r#"{"id":7,"trd":[[2,20]]}"#);
    apply(
        &mut core,
        2_000,
        r#"{"id":"1.1","img":true,"rc":[{"id":7,"trd":[[2,20]]}]}"#,
    );
    assert!(is_about(matched(&core, Side::Back, 200), 250.0));
    assert_eq!(core.runner(MARKET, key(7)).unwrap().last_traded_ms(), Some(2_000));
    let gone = r#"{"id":"1.1","img":true,"marketDefinition":{"runners":[{"id":8}]}}"#;
    apply(&mut core, 2_000, gone);
    rc(2_000, &mut core, r#"{"id":7,"trd":[[2,20]]}"#);
    assert!(is_about(matched(&core, Side::Back, 200), 0.0));
}

#[test]
fn a_drop_is_looked_for_in_the_book_that_is_read() {
    let best = r#""batb":[[0,2,100],[1,1.9,50]],"trd":[[2,10]]"#;
    let mut core = begun("{}", best);
    // The position now shows another price: 2 is no longer there.
    rc(
        2_000,
        &mut core,
        r#"{"id":7,"batb":[[0,1.9,50],[1,1.8,9]],"trd":[[2,110]]}"#,
    );
    assert!(
        is_about(matched(&core, Side::Lay, 200), 10_000.0),
        "a cross match: the whole rise"
    );
    let mut core = begun("{}", r#""batb":[[0,2,100]],"atb":[[2,100]],"trd":[[2,10]]"#);
    rc(2_000, &mut core, r#"{"id":7,"batb":[[0,2,0]],"trd":[[2,110]]}"#);
    assert!(
        is_about(matched(&core, Side::Lay, 200), 2_500.0),
        "full depth is read, and did not drop"
    );
}

/// Found by the generated sessions: a drop of best offers counted though full depth came with it.
#[test]
fn a_drop_of_offers_that_are_no_longer_read_is_none() {
    let mut core = begun("{}", r#""batb":[[0,2,100]],"trd":[[2,10]]"#);
    rc(
        2_000,
        &mut core,
        r#"{"id":7,"batb":[[0,2,0]]},{"id":7,"atb":[[2,5]],"trd":[[2,110]]}"#,
    );
    assert!(is_about(matched(&core, Side::Lay, 200), 2_500.0));
}

// --- estimates ------------------------------------------------------------------------------------

#[test]
fn an_estimate_needs_observation_which_begins_again_in_play() {
    let mut core = begun(r#"{"min_obs_s":5}"#, r#""atl":[[2,10]],"trd":[[2,10]]"#);
    rc(5_999, &mut core, r#"{"id":7,"trd":[[2,30]],"atl":[[2,5]]}"#);
    let estimate =
        |core: &HotloopCore, now| core.fill_estimate(MARKET, key(7), Side::Back, 200, 1.0, None, now);
    assert_eq!(estimate(&core, None), Ok((0.0, 600_000.0)));
    let (p_fill, ttf_ms) = estimate(&core, Some(6_000)).unwrap();
    assert!(p_fill > 0.0 && ttf_ms > 0.0);
    let turn = OPEN.replace(r#""status""#, r#""inPlay":true,"status""#);
    define(&mut core, 10_000, &turn);
    assert_eq!(estimate(&core, Some(14_999)), Ok((0.0, 600_000.0)));
    assert!(estimate(&core, Some(15_000)).unwrap().0 > 0.0);
    define(&mut core, 16_000, &turn);
    assert!(estimate(&core, None).unwrap().0 > 0.0, "in-play already");
}

#[test]
fn an_estimate_is_of_the_queue_the_rate_and_the_trade_size() {
    let mut core = begun(
        r#"{"min_obs_s":0,"pfill":{"model":"exponential"}}"#,
        r#""atl":[[2,10]],"trd":[[2,10]]"#,
    );
    rc(2_000, &mut core, r#"{"id":7,"trd":[[2,18]],"atl":[[2,6]]}"#);
    // 4 matched: 0.4 a second; 6 + 2 to wait for; 5 seconds.
    let (p_fill, ttf_ms) = core
        .fill_estimate(MARKET, key(7), Side::Back, 200, 2.0, Some(5_000), None)
        .unwrap();
    assert!(is_about(p_fill, 1.0 - (-0.25_f64).exp()) && is_about(ttf_ms, 20_000.0));
    core.set_config(config(r#"{"min_obs_s":0,"pfill":{"model":"erlang"}}"#));
    let (p_fill, _) = core
        .fill_estimate(MARKET, key(7), Side::Back, 200, 2.0, Some(5_000), None)
        .unwrap();
    // Two trades of 4 are to come and half a one is expected: 1 − e^−½ (1 + ½).
    assert!(is_about(p_fill, 1.0 - (-0.5_f64).exp() * 1.5));
    assert_eq!(
        core.fill_estimate(MARKET, key(7), Side::Lay, 200, 2.0, None, None),
        Ok((0.0, 600_000.0))
    );
}

// --- queue positions ------------------------------------------------------------------------------

#[test]
fn a_position_follows_its_price_through_messages() {
    let mut core = begun("{}", r#""atl":[[2,100],[2.02,30]],"trd":[[2,10]]"#);
    assert!(is_about(
        core.track_order("a", MARKET, place(Side::Back, 2.0), 5.0)
            .unwrap(),
        10_000.0
    ));
    rc(2_000, &mut core, r#"{"id":7,"atl":[[2,60]],"trd":[[2,90]]}"#);
    assert!(is_about(ahead(&core, "a", Side::Back, 2.0), 6_000.0));
    rc(3_000, &mut core, r#"{"id":7,"atl":[[2.02,0]]}"#);
    assert!(
        is_about(ahead(&core, "a", Side::Back, 2.0), 6_000.0),
        "another price"
    );
    let wrong = core
        .order_ahead("a", MARKET, Some(place(Side::Back, 2.02)))
        .unwrap_err();
    assert_eq!(wrong.field(), Some("order_id"));
    assert!(is_about(
        core.reseed_queue("a", Some(12.5), None).unwrap(),
        1_250.0
    ));
    assert!(core.untrack_order("a") && !core.untrack_order("a"));
    assert!(
        core.order_ahead("a", MARKET, Some(place(Side::Back, 2.0)))
            .is_err()
    );
}

#[test]
fn suspension_freezes_and_images_and_the_turn_only_cap() {
    let mut core = begun("{}", r#""atl":[[2,100]]"#);
    core.track_order("a", MARKET, place(Side::Back, 2.0), 0.0)
        .unwrap();
    rc(1_500, &mut core, r#"{"id":7,"atl":[[2,300]]}"#);
    let suspended = OPEN.replace("OPEN", "SUSPENDED");
    define(&mut core, 2_000, &suspended);
    rc(2_100, &mut core, r#"{"id":7,"atl":[[2,0]]}"#);
    assert!(is_about(ahead(&core, "a", Side::Back, 2.0), 10_000.0));
    let reopened = format!(r#"{{"id":"1.1","marketDefinition":{OPEN},"rc":[{{"id":7,"atl":[[2,90]]}}]}}"#);
    apply(&mut core, 2_200, &reopened);
    assert!(is_about(ahead(&core, "a", Side::Back, 2.0), 9_000.0));
    rc(2_300, &mut core, r#"{"id":7,"atl":[[2,200]]}"#);
    apply(
        &mut core,
        2_400,
        r#"{"id":"1.1","img":true,"rc":[{"id":7,"atl":[[2,95]]}]}"#,
    );
    assert!(
        is_about(ahead(&core, "a", Side::Back, 2.0), 9_000.0),
        "no split over an image"
    );
    let turn = OPEN.replace(r#""status""#, r#""inPlay":true,"status""#);
    let entry = format!(r#"{{"id":"1.1","marketDefinition":{turn},"rc":[{{"id":7,"atl":[[2,94]]}}]}}"#);
    apply(&mut core, 2_500, &entry);
    assert!(
        is_about(ahead(&core, "a", Side::Back, 2.0), 9_000.0),
        "nor over the turn"
    );
    rc(2_600, &mut core, r#"{"id":7,"atl":[[2,50]]}"#);
    assert!(
        ahead(&core, "a", Side::Back, 2.0) < 5_000.1,
        "then cancellations count again"
    );
}

#[test]
fn positions_are_bounded_and_go_with_their_market() {
    let mut core = begun(r#"{"state":{"max_orders":1}}"#, r#""atl":[[2,100]]"#);
    core.track_order("a", MARKET, place(Side::Back, 2.0), 0.0)
        .unwrap();
    core.track_order("a", MARKET, place(Side::Back, 3.0), 0.0)
        .unwrap();
    let one_more = core
        .track_order("b", MARKET, place(Side::Back, 2.0), 0.0)
        .unwrap_err();
    assert_eq!(one_more.field(), Some("order_id"));
    for (id, market, price, size, field) in [
        ("", MARKET, 2.0, 0.0, "order_id"),
        ("b", "1.9", 2.0, 0.0, "m"),
        ("b", MARKET, 2.0, -1.0, "size"),
        ("b", MARKET, 2.0, f64::NAN, "size"),
    ] {
        let error = core
            .track_order(id, market, place(Side::Back, price), size)
            .unwrap_err();
        assert_eq!(error.field(), Some(field));
    }
    assert_eq!(
        Place::new(7, 0.0, Side::Back, f64::INFINITY).unwrap_err().field(),
        Some("price")
    );
    assert_eq!(
        Place::new(7, f64::NAN, Side::Back, 2.0).unwrap_err().field(),
        Some("handicap")
    );
    apply_line(
        &mut core,
        &message(2_000, r#""ct":"SUB_IMAGE","id":1,"#, r#"{"id":"1.1","img":true}"#),
    );
    apply_line(
        &mut core,
        &message(3_000, r#""ct":"SUB_IMAGE","id":1,"#, r#"{"id":"1.2","img":true}"#),
    );
    assert!(!core.untrack_order("a"));
}

#[test]
fn others_offers_are_without_our_own() {
    let mut core = begun("{}", r#""atl":[[2,10],[2.02,30],[2.04,5]]"#);
    core.track_order("a", MARKET, place(Side::Back, 2.0), 10.0)
        .unwrap();
    core.track_order("b", MARKET, place(Side::Back, 2.02), 12.0)
        .unwrap();
    core.track_order("c", MARKET, place(Side::Lay, 2.02), 12.0)
        .unwrap();
    let levels = core.ladder_of_others(MARKET, key(7), Side::Lay, Some(2));
    let shown: Vec<_> = levels.iter().map(|level| (level.price, level.size)).collect();
    assert_eq!(shown, [(202, 1_800), (204, 500)]);
}

// --- detectors ------------------------------------------------------------------------------------

#[test]
fn a_sweep_needs_levels_that_trading_consumed() {
    let book = r#""atl":[[2,10],[2.02,10],[2.04,10],[2.06,10]],"trd":[[1.5,1]]"#;
    let mut core = begun("{}", book);
    rc(
        2_000,
        &mut core,
        r#"{"id":7,"atl":[[2,0],[2.02,0],[2.04,0]],"trd":[[2,20],[2.02,20]]}"#,
    );
    assert_eq!(
        core.sweep_side(MARKET, key(7), None),
        None,
        "the third was cancelled"
    );
    rc(2_500, &mut core, r#"{"id":7,"atl":[[2.06,0]],"trd":[[2.06,10]]}"#);
    assert_eq!(
        core.sweep_side(MARKET, key(7), None),
        Some(Side::Back),
        "one by a cross match"
    );
    assert_eq!(core.sweep_side(MARKET, key(7), Some(3_001)), None);
}

#[test]
fn moves_and_drift_start_anew_on_another_ladder() {
    let mut core = begun("{}", r#""ltp":2,"atb":[[2,1]],"atl":[[2.02,1]]"#);
    rc(
        2_000,
        &mut core,
        r#"{"id":7,"ltp":2.1,"atb":[[2,0],[2.1,1]],"atl":[[2.02,0],[2.12,1]]}"#,
    );
    assert_eq!(core.big_move_direction(MARKET, key(7), None), 1);
    assert!(core.trend(MARKET, key(7), Some(2_500)) > 0.0);
    let finest = OPEN.replace(
        r#""status""#,
        r#""priceLadderDefinition":{"type":"FINEST"},"status""#,
    );
    define(&mut core, 2_100, &finest);
    assert_eq!(core.big_move_direction(MARKET, key(7), None), 0);
    assert!(is_about(core.trend(MARKET, key(7), Some(2_500)), 0.0));
    rc(2_150, &mut core, r#"{"id":7,"ltp":2.1}"#);
    rc(2_200, &mut core, r#"{"id":7,"ltp":1001}"#);
    rc(2_300, &mut core, r#"{"id":7,"ltp":2.2}"#);
    assert_eq!(
        core.big_move_direction(MARKET, key(7), None),
        1,
        "ten hundredths are ten ticks here"
    );
}

#[test]
fn the_microprice_leans_away_from_the_larger_queue() {
    let mut core = begun("{}", r#""atb":[[2,3]],"atl":[[2.02,1]]"#);
    // Three quarters of the way to the lay price; then all sizes alike: half of it. One tick apart.
    rc(1_000, &mut core, r#"{"id":7,"atb":[[2,1]]}"#);
    let fallen = core.trend(MARKET, key(7), Some(1_500));
    let quarter = -0.25 * ((-0.025_f64).exp() - (-0.25_f64).exp()) / 18.0;
    assert!((fallen - quarter).abs() < 1e-12, "{fallen} is not {quarter}");
}

#[test]
fn a_reduction_is_a_removal_with_a_factor_that_was_seen() {
    let removed = |factor: &str| {
        format!(r#"{{"status":"OPEN","runners":[{{"id":7,"status":"REMOVED"{factor}}},{{"id":8}}]}}"#)
    };
    let factor = r#","adjustmentFactor":12.5"#;
    let mut core = core();
    define(&mut core, 1_000, &removed(factor));
    assert!(!core.has_recent_reduction(MARKET, None), "it was so before");
    for (definition, wanted) in [
        (removed(""), false),
        (removed(r#","adjustmentFactor":0"#), false),
        (removed(factor), true),
    ] {
        let mut core = begun("{}", r#""ltp":2"#);
        define(&mut core, 2_000, &definition);
        assert_eq!(core.has_recent_reduction(MARKET, None), wanted, "{definition}");
        define(&mut core, 2_500, &removed(factor));
        assert_eq!(core.has_recent_reduction(MARKET, Some(302_000)), wanted);
        assert!(!core.has_recent_reduction(MARKET, Some(302_001)));
    }
}

// --- stream state ---------------------------------------------------------------------------------

#[test]
fn a_lower_version_is_not_taken_but_in_an_image() {
    let version = |n: i64, in_play| format!(r#"{{"status":"OPEN","version":{n},"inPlay":{in_play}}}"#);
    let mut core = core();
    define(&mut core, 1, &version(5, true));
    let lower = format!(r#"{{"id":"1.1","marketDefinition":{}}}"#, version(4, false));
    assert_eq!(apply(&mut core, 2, &lower), []);
    let seen = |core: &HotloopCore| core.market(MARKET).unwrap().definition().unwrap().version;
    assert_eq!((seen(&core), core.stats().definitions_ignored), (Some(5), 1));
    assert_eq!(core.market(MARKET).unwrap().definition_seq(), 1);
    let image = lower.replace(r#""id""#, r#""img":true,"id""#);
    apply(&mut core, 3, &image);
    assert_eq!((seen(&core), core.stats().definitions_ignored), (Some(4), 1));
}

#[test]
fn clocks_stay_at_the_last_good_ones_after_a_loss() {
    let mut core = core();
    let at = |core: &mut HotloopCore, head: &str| {
        apply_line(core, &message(1, head, r#"{"id":"1.1"}"#));
    };
    at(&mut core, r#""initialClk":"i1","clk":"c1","#);
    apply_line(
        &mut core,
        r#"{"op":"mcm","ct":"HEARTBEAT","clk":"c2","initialClk":null}"#,
    );
    assert_eq!(core.clocks(), (Some("i1"), Some("c2")));
    at(&mut core, r#""segmentType":"SEG_START","clk":"c3","#);
    assert_eq!(core.clocks(), (Some("i1"), Some("c2")), "not before the whole");
    at(&mut core, r#""segmentType":"SEG_END","#);
    assert_eq!(core.clocks(), (Some("i1"), Some("c3")));
    assert!(core.apply(br#"{"op":"mcm","pt":"x"}"#, 0).is_err() && !core.has_lost_changes());
    at(&mut core, r#""clk":"c4","#);
    assert_eq!(core.clocks(), (Some("i1"), Some("c4")));
    assert!(core.apply(b"{", 0).is_err() && core.has_lost_changes());
    at(&mut core, r#""clk":"c5","#);
    assert_eq!(core.clocks(), (Some("i1"), Some("c4")));
    at(&mut core, r#""ct":"RESUB_DELTA","clk":"c6","#);
    assert_eq!(core.clocks(), (Some("i1"), Some("c6")));
    let refused = core.apply(br#"{"op":"mcm","pt":1,"clk":5,"mc":[{"id":"1.1"}]}"#, 0);
    assert_eq!(refused.unwrap_err().field(), Some("clk"));
}

#[test]
fn receipt_times_are_kept_and_shown() {
    let mut core = core();
    let line = message(1, "", r#"{"id":"1.1"}"#);
    core.apply(line.as_bytes(), 50).unwrap();
    core.apply(br#"{"op":"connection"}"#, 60).unwrap();
    assert!(core.apply(b"{", 70).is_err());
    assert_eq!(
        (core.market(MARKET).unwrap().ts_ms(), core.last_ts_ms()),
        (Some(50), Some(60))
    );
    let stale: Vec<_> = core
        .stale_markets()
        .map(|market| market.id().to_owned())
        .collect();
    assert_eq!(stale, [MARKET]);
}
