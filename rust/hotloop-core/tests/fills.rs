//! The fill model `log_logistic` and its trials through whole messages: docs/signals.md, "Fill probability
//! and time to fill", "Trials".

#![allow(clippy::unwrap_used)] // helpers of tests

mod common;

use common::{MARKET, OPEN, apply, begun, config, define, key, rc};
use hotloop_core::{Centi, Config, HotloopCore, Side};

const OBSERVED: &str = r#"{"min_obs_s":0,"max_ttf_ms":10000000}"#;

/// At 2000 a trade of 4.00 with the backs at 2: the first trial, on the side BACK, starts there.
fn trading() -> HotloopCore {
    let mut core = begun(OBSERVED, r#""atl":[[2,10]],"atb":[[1.9,8]]"#);
    rc(2_000, &mut core, r#"{"id":7,"atl":[[2,6]],"trd":[[2,8]]}"#);
    core
}

fn estimate(core: &HotloopCore, side: Side, price: Centi, stake: f64) -> (f64, f64) {
    core.fill_estimate(MARKET, key(7), side, price, stake, Some(30_000), None)
        .unwrap()
}

fn logit(p: f64) -> f64 {
    (p / (1.0 - p)).ln()
}

/// With so much more that was filled trials say nothing.
fn uncorrected() -> Config {
    config(r#"{"min_obs_s":0,"pfill":{"trials":{"prior":1e300}}}"#)
}

/// What trials have added to the log odds.
fn correction(core: &mut HotloopCore) -> f64 {
    let corrected = estimate(core, Side::Back, 200, 1.0).0;
    core.set_config(uncorrected());
    let plain = estimate(core, Side::Back, 200, 1.0).0;
    core.set_config(config(OBSERVED));
    logit(corrected) - logit(plain)
}

/// What one trial that counted adds, which was expected to be filled with this probability.
fn of_one(expected: f64, filled: f64) -> f64 {
    ((3.0 + filled) / (4.0 - filled)).ln() - ((3.0 + expected) / (4.0 - expected)).ln()
}

fn is_about(value: f64, wanted: f64) -> bool {
    (value - wanted).abs() < 1e-9
}

#[test]
fn the_median_time_is_the_product_of_what_the_model_knows() {
    let mut core = begun(OBSERVED, r#""atl":[[2,17]],"atb":[[1.9,3]],"ltp":2"#);
    rc(
        2_000,
        &mut core,
        r#"{"id":7,"atl":[[2,12]],"trd":[[2,10]],"ltp":2.06}"#,
    );
    rc(2_000, &mut core, r#"{"id":7,"ltp":2.04}"#);
    // One trade of 5, 0.5 a second at 2; 10 ticks of spread; the price went 3 ticks up and 1 down; 12 and 3 of
    // work, or 3 one tick behind.
    let tick_behind = estimate(&core, Side::Back, 202, 3.0);
    let at_best = estimate(&core, Side::Back, 200, 3.0);
    let log_median = |work: f64, price_rate: f64, behind: f64| {
        1.51 + 0.45 * (work / 5.0 + 0.1).ln()
            - 0.26 * (1.0_f64 / 60.0 + 0.001).ln()
            - 0.18 * (0.1_f64 + 0.002).ln()
            - 0.14 * (price_rate + 0.002).ln()
            + 0.63 * behind
            + 0.37 * 10.0_f64.ln()
            - 0.42 * (4.0_f64 / 60.0 + 0.005).ln()
    };
    for ((p_fill, ttf_ms), log_median_s) in [
        (at_best, log_median(15.0, 0.1, 0.0)),
        (tick_behind, log_median(3.0, 0.0, 1.0)),
    ] {
        assert!(is_about((ttf_ms / 1_000.0).ln(), log_median_s));
        assert!(is_about(logit(p_fill), 1.13 * (30.0_f64.ln() - log_median_s)));
    }
    let lays = [195, 190, 189].map(|price| estimate(&core, Side::Lay, price, 3.0).0);
    assert!(lays[0] > lays[1] && lays[1] > lays[2], "towards what is traded");
    assert!(
        estimate(&core, Side::Back, 201, 3.0).0.abs() < 1e-300,
        "off the ladder"
    );
    assert!(estimate(&core, Side::Back, 200, 9.0).0 < at_best.0);
}

#[test]
fn a_trial_is_filled_when_trading_has_come_through_what_is_ahead_and_it() {
    let mut core = trading();
    let expected = estimate(&core, Side::Back, 200, 4.0).0;
    assert!(is_about(correction(&mut core), 0.0));
    // No size fell with it: half of the 9.00 is the backs'. 1.50 are left ahead.
    rc(3_000, &mut core, r#"{"id":7,"trd":[[2,26]]}"#);
    assert!(is_about(correction(&mut core), 0.0));
    rc(3_500, &mut core, r#"{"id":7,"atl":[[2,0.51]],"trd":[[2,36.98]]}"#);
    assert!(is_about(correction(&mut core), 0.0), "0.01 of it is left");
    rc(4_000, &mut core, r#"{"id":7,"atl":[[2,0.5]],"trd":[[2,37]]}"#);
    assert!(is_about(correction(&mut core), of_one(expected, 1.0)));
    // It counts once, and the next one waits until its horizon is over.
    rc(32_000, &mut core, r#"{"id":7,"atl":[[2,0]],"trd":[[2,500]]}"#);
    let faded = correction(&mut core);
    assert!(faded > 0.9 * of_one(expected, 1.0) && faded < of_one(expected, 1.0));
}

#[test]
fn trades_at_worse_prices_go_through_it() {
    let mut core = trading();
    let expected = estimate(&core, Side::Back, 200, 4.0).0;
    rc(2_500, &mut core, r#"{"id":7,"atl":[[2.1,5]]}"#);
    rc(3_000, &mut core, r#"{"id":7,"atl":[[2.1,0]],"trd":[[2.1,10]]}"#);
    assert!(is_about(correction(&mut core), of_one(expected, 1.0)));
}

#[test]
fn what_is_not_filled_within_the_horizon_counts_as_such_and_the_other_side_is_next() {
    let mut core = trading();
    let expected = estimate(&core, Side::Back, 200, 4.0).0;
    rc(32_000, &mut core, r#"{"id":7,"atb":[[1.8,1]]}"#);
    assert!(is_about(correction(&mut core), 0.0), "30 s are not over yet");
    rc(
        32_001,
        &mut core,
        r#"{"id":7,"atl":[[2,0],[2.02,1]],"trd":[[2,500]]}"#,
    );
    assert!(is_about(correction(&mut core), of_one(expected, 0.0)));
    let before = correction(&mut core);
    rc(
        32_500,
        &mut core,
        r#"{"id":7,"atl":[[2.02,0],[2.04,9]],"trd":[[2.02,900]]}"#,
    );
    assert!(correction(&mut core) < before + 1e-3, "no back is followed now");
    rc(
        33_000,
        &mut core,
        r#"{"id":7,"atb":[[1.9,0]],"trd":[[1.9,5000]]}"#,
    );
    assert!(correction(&mut core) > before + 0.1, "but a lay is");
}

#[test]
fn after_an_upset_what_was_under_way_says_nothing() {
    let image = r#"{"id":"1.1","img":true,"rc":[{"id":7,"atl":[[2,10]],"atb":[[1.9,8]]}]}"#;
    let suspended = format!(
        r#"{{"id":"1.1","marketDefinition":{}}}"#,
        OPEN.replace("OPEN", "SUSPENDED")
    );
    let in_play = OPEN.replace(r#""status""#, r#""inPlay":true,"status""#);
    let turned = format!(r#"{{"id":"1.1","marketDefinition":{in_play}}}"#);
    for upset in [image, &suspended, &turned] {
        let mut core = trading();
        apply(&mut core, 3_000, upset);
        define(&mut core, 3_500, &in_play);
        rc(40_000, &mut core, r#"{"id":7,"atl":[[2,9]],"trd":[[1.8,2]]}"#);
        assert!(is_about(correction(&mut core), 0.0), "{upset}");
    }
}

#[test]
fn without_trading_of_late_or_two_sides_none_starts() {
    let through = r#"{"id":7,"atl":[[2,0]],"trd":[[2,900]]}"#;
    let mut quiet = trading();
    rc(32_001, &mut quiet, r#"{"id":7,"atb":[[1.8,1]]}"#);
    let before = correction(&mut quiet);
    rc(
        33_000,
        &mut quiet,
        r#"{"id":7,"atb":[[1.9,0]],"trd":[[1.9,5000]]}"#,
    );
    assert!(
        correction(&mut quiet) < before + 1e-3,
        "no lay was there to be filled"
    );
    let mut one_sided = begun(OBSERVED, r#""atl":[[2,10]]"#);
    rc(2_000, &mut one_sided, r#"{"id":7,"atl":[[2,6]],"trd":[[2,8]]}"#);
    rc(3_000, &mut one_sided, through);
    assert!(is_about(correction(&mut one_sided), 0.0));
}
