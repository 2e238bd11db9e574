//! What the tests of the machine share.

#![allow(dead_code, reason = "each of the tests uses some of them")]

use orders::{Effect, Request};
use wire::{Action, Intent, Persistence, Report, Side};

/// When they begin.
pub const NOW_MS: i64 = 1_000_000;

/// An intent that no check refuses: a back of 5.00 at 2.0 for a minute.
pub fn intent(name: &str, action: Action) -> Intent {
    Intent {
        v: 1,
        intent_id: name.to_owned(),
        ts_ms: NOW_MS,
        edge: "test".to_owned(),
        market_id: "1.1".to_owned(),
        selection_id: 7,
        handicap_centi: 0,
        action,
        side: Side::Back,
        price_centi: 200,
        size_centi: 500,
        ttl_ms: 60_000,
        persistence: Persistence::Lapse,
        time_in_force: None,
        min_fill_size_centi: None,
        target_intent_id: None,
        market_version: None,
        hedge_of: None,
        strategy_ref: "test".to_owned(),
        dry_run: false,
    }
}

/// The requests that leave.
pub fn requests(effects: &[Effect]) -> Vec<&Request> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Send(request) => Some(request),
        _ => None,
    });
    sent.collect()
}

/// The reports that the trader hears.
pub fn reports(effects: &[Effect]) -> Vec<&Report> {
    let told = effects.iter().filter_map(|effect| match effect {
        Effect::Report(report) => Some(report),
        _ => None,
    });
    told.collect()
}
