//! What the tests of clauses share: a core, messages, and short ways to look at the books.

// Each test crate uses a part of it.
#![allow(dead_code, clippy::unwrap_used)]

use hotloop_core::{Config, HotloopCore, Level, RunnerKey, Side, Touched};

pub const MARKET: &str = "1.1";

/// A definition of [`MARKET`] with runners 7 and 8.
pub const OPEN: &str = r#"{"status":"OPEN","runners":[{"id":7},{"id":8}]}"#;

pub fn config(json: &str) -> Config {
    Config::from_json(json.as_bytes()).unwrap()
}

pub fn core() -> HotloopCore {
    HotloopCore::new(Config::default())
}

pub fn key(id: i64) -> RunnerKey {
    RunnerKey::new(id, 0.0)
}

/// A message at `pt` with these `mc` entries (and, before `mc`, these members).
pub fn message(pt: i64, head: &str, mc: &str) -> String {
    format!(r#"{{"op":"mcm","pt":{pt},{head}"mc":[{mc}]}}"#)
}

pub fn apply(core: &mut HotloopCore, pt: i64, mc: &str) -> Vec<(String, i64)> {
    apply_line(core, &message(pt, "", mc))
}

pub fn apply_line(core: &mut HotloopCore, line: &str) -> Vec<(String, i64)> {
    let touched: Vec<Touched> = core.apply(line.as_bytes(), 0).unwrap().to_vec();
    touched
        .iter()
        .map(|t| (core.market_of(t.market).id().to_owned(), t.runner.id))
        .collect()
}

/// One message of [`MARKET`] at `pt` with these `rc` entries.
pub fn rc(pt: i64, core: &mut HotloopCore, changes: &str) {
    apply(core, pt, &format!(r#"{{"id":"1.1","rc":[{changes}]}}"#));
}

/// A market that is open, and runner 7 with these members, at 1000.
pub fn begun(json: &str, members: &str) -> HotloopCore {
    let mut core = HotloopCore::new(config(json));
    let entry = format!(r#"{{"id":"1.1","marketDefinition":{OPEN},"rc":[{{"id":7,{members}}}]}}"#);
    apply(&mut core, 1_000, &entry);
    core
}

/// One message of [`MARKET`] at `pt` with this definition.
pub fn define(core: &mut HotloopCore, pt: i64, definition: &str) {
    apply(
        core,
        pt,
        &format!(r#"{{"id":"1.1","marketDefinition":{definition}}}"#),
    );
}

pub fn of(market: &str, ids: &[i64]) -> Vec<(String, i64)> {
    ids.iter().map(|id| (market.to_owned(), *id)).collect()
}

pub fn backs(core: &HotloopCore, id: i64) -> Vec<(i64, i64)> {
    let levels: Vec<Level> = core.ladder_top(MARKET, key(id), Side::Back, None);
    levels.iter().map(|level| (level.price, level.size)).collect()
}

pub fn is_stale(core: &HotloopCore, market: &str) -> bool {
    core.is_stale(core.market(market).unwrap())
}
