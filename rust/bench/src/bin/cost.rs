//! `cost FILE [ROUNDS|once]`: what applying each line of a plain recording costs, as one line of JSON.
//!
//! Time is of the first pass through a new core, allocations of a later one, when it is warm. With `once`
//! there is one pass and no report: callgrind's `--toggle-collect=*apply_all*` counts its instructions.

use std::alloc::System;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::ExitCode;

use hotloop_bench::{finish, least_ns, lines};
use hotloop_core::{Config, HotloopCore};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Passes after which buffers have the size they keep: each begins with what the last one left.
const WARMING: usize = 3;

/// Of a warm pass.
#[derive(Default)]
struct Allocations {
    count: usize,
    /// Lines that asked for memory though they brought no definition and no image.
    plain_lines: usize,
}

#[inline(never)]
fn apply_all(core: &mut HotloopCore, lines: &[Vec<u8>]) {
    for line in lines {
        // A line that is refused is refused in every round.
        let _ = black_box(core.apply(line, 0));
    }
}

fn allocations(core: &mut HotloopCore, lines: &[Vec<u8>]) -> Allocations {
    let mut all = Allocations::default();
    for line in lines {
        let region = Region::new(ALLOCATOR);
        let _ = black_box(core.apply(line, 0));
        let change = region.change();
        let asked = change.allocations + change.reallocations;
        all.count += asked;
        all.plain_lines += usize::from(asked > 0 && !is_rare(line));
    }
    all
}

/// A definition or an image: the messages that may allocate.
fn is_rare(line: &[u8]) -> bool {
    let has = |word: &[u8]| line.windows(word.len()).any(|window| window == word);
    has(b"marketDefinition") || has(b"\"img\":true")
}

fn run() -> Result<(), String> {
    let mut arguments = std::env::args_os().skip(1);
    let file = PathBuf::from(arguments.next().ok_or("usage: cost FILE [ROUNDS|once]")?);
    let rounds = arguments.next().unwrap_or_else(|| "10".into());
    let lines = lines(&file)?;
    let new = || HotloopCore::new(Config::default());
    if rounds == "once" {
        apply_all(&mut new(), &lines);
        return Ok(());
    }
    let rounds = rounds.to_string_lossy();
    let rounds = rounds
        .parse()
        .map_err(|_| "ROUNDS is neither a number nor `once`")?;
    let ns = least_ns(rounds, lines.len(), new, |mut core| apply_all(&mut core, &lines));

    let mut core = new();
    for _ in 0..WARMING {
        apply_all(&mut core, &lines);
    }
    let held = Region::new(ALLOCATOR);
    let Allocations { count, plain_lines } = allocations(&mut core, &lines);
    let grown = held.change();
    let report = serde_json::json!({
        "lines": lines.len(),
        "ns_per_line": ns,
        "warm_allocations": count,
        "warm_plain_lines_that_allocate": plain_lines,
        "warm_growth_bytes": grown.bytes_allocated.wrapping_sub(grown.bytes_deallocated).cast_signed(),
    });
    println!("{report}");
    Ok(())
}

fn main() -> ExitCode {
    finish("cost", run())
}
