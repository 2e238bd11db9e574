//! The machine in a world where everything goes wrong, seed by seed.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod checks;
mod life;
mod random;
mod trader;
mod venue;
mod world;

use world::{EVERYTHING, run};

/// Seeds of this run: `HOTLOOP_SEEDS`, from `HOTLOOP_FIRST_SEED`. With `HOTLOOP_ONCE` each runs once, which is quicker.
fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let first = number("HOTLOOP_FIRST_SEED", 1);
    first..first + number("HOTLOOP_SEEDS", 2_000)
}

#[test]
fn no_seed_breaks_anything_and_each_runs_twice_alike() {
    let is_once = std::env::var_os("HOTLOOP_ONCE").is_some();
    let (mut crashes, mut doubts, mut bets, mut reports) = (0, 0, 0, 0);
    for seed in seeds() {
        let first = run(seed, EVERYTHING, !is_once).unwrap_or_else(|why| panic!("{why}"));
        if !is_once {
            let second = run(seed, EVERYTHING, true).unwrap_or_else(|why| panic!("the second time: {why}"));
            assert_eq!(first, second, "seed {seed}");
        }
        crashes += u64::from(first.crashes);
        doubts += first.doubts;
        bets += first.bets;
        reports += first.reports;
    }
    println!(
        "{} seeds: {crashes} crashes, {doubts} doubts, {bets} bets, {reports} reports",
        seeds().count()
    );
    assert!(crashes > 0 && bets > 0);
}

/// That there is a way for each of its arrows the scripts show (`scripts.rs`).
#[test]
fn no_order_goes_a_way_that_the_diagram_does_not_show() {
    let mut ways = life::Ways::new();
    for seed in 1..3_000 {
        life::walk(&world::journal_of(seed, EVERYTHING).unwrap(), &mut ways);
    }
    let root = std::env::var("HOTLOOP_DOCS")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs").to_owned());
    let text = std::fs::read_to_string(format!("{root}/order_life.md")).unwrap();
    let shown = life::shown(&text);
    let hidden: Vec<&String> = ways.difference(&shown).collect();
    assert!(ways.len() > 12 && hidden.is_empty(), "not shown: {hidden:#?}");
}
