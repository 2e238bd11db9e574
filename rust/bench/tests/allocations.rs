//! A warm core asks the allocator for nothing.

#![allow(clippy::unwrap_used)]

use std::alloc::System;
use std::fmt::Write;

use hotloop_core::{Config, HotloopCore};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const RUNNERS: u64 = 15;

/// A plain generator of numbers: the same ones always.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// `[price,size]` around evens; a size of 0 now and then.
    fn row(&mut self) -> String {
        let (ticks, size) = (self.below(60), self.below(400));
        format!(
            "[1.{},{}.{}]",
            40 + ticks % 60,
            size.saturating_sub(40),
            self.below(10)
        )
    }
}

fn change(numbers: &mut Numbers, pt: u64) -> String {
    let mut entries = String::new();
    for i in 0..=numbers.below(4) {
        let runner = numbers.below(RUNNERS);
        let comma = if i > 0 { "," } else { "" };
        let (back, lay, traded) = (numbers.row(), numbers.row(), numbers.row());
        let level = numbers.below(3);
        write!(
            entries,
            r#"{comma}{{"atb":[{back}],"atl":[{lay}],"trd":[{traded}],"batb":[[{level},1.5,2]],"ltp":1.5,"id":{runner}}}"#
        )
        .unwrap();
    }
    format!(r#"{{"op":"mcm","id":1,"clk":"AAAAA{pt}","pt":{pt},"mc":[{{"id":"1.1","rc":[{entries}]}}]}}"#)
}

fn image(pt: u64) -> String {
    let runners: Vec<String> = (0..RUNNERS).map(|id| format!(r#"{{"id":{id}}}"#)).collect();
    let runners = runners.join(",");
    format!(
        r#"{{"op":"mcm","id":1,"clk":"AAAAA{pt}","pt":{pt},"mc":[{{"id":"1.1","img":true,"rc":[{runners}]}}]}}"#
    )
}

const CHANGES: u64 = 2_000;

/// The lines of the same changes at other times, with an image in the middle.
fn pass(number: u64) -> Vec<String> {
    let mut numbers = Numbers(7);
    let pt = |i: u64| 1_000_000 + 37 * (i + number * CHANGES);
    let mut lines: Vec<String> = (0..CHANGES).map(|i| change(&mut numbers, pt(i))).collect();
    lines.insert(1_000, image(pt(1_000)));
    lines
}

fn asked_for(core: &mut HotloopCore, line: &str) -> usize {
    let region = Region::new(ALLOCATOR);
    core.apply(line.as_bytes(), 0).unwrap();
    let change = region.change();
    change.allocations + change.reallocations
}

/// One test alone: another thread's allocations would be counted too.
#[test]
fn a_warm_line_allocates_nothing_and_a_cold_one_shows_that_it_would_be_seen() {
    let mut core = HotloopCore::new(Config::default());
    let cold: usize = pass(0).iter().map(|line| asked_for(&mut core, line)).sum();
    assert!(cold > 100, "{cold}");
    for line in (1..5).flat_map(pass) {
        core.apply(line.as_bytes(), 0).unwrap();
    }
    let lines = pass(5);
    let asked = lines.iter().map(|line| asked_for(&mut core, line));
    let warm: Vec<(usize, usize)> = asked.enumerate().filter(|(_, asked)| *asked > 0).collect();
    // The image remembers its runners for the length of the message.
    assert!(warm.iter().all(|(line, _)| *line == 1_000), "{warm:?}");
}
