//! The recordings of `HOTLOOP_DATA`, line by line: read without error, counts as published.
//!
//! The numbers are those of the recordings' README. Compressed files are read by the parity tests.

// Helpers of tests may fail the test.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use hotloop_core::{Config, HotloopCore};

/// File, lines, `rc` entries, markets.
const RECORDINGS: [(&str, u64, u64, usize); 5] = [
    ("adapter_rs__29788457.json", 8_272, 13_004, 4),
    ("betfair_database__1.209492553.json", 18, 79, 1),
    ("flumine__1.197931750.json", 166, 989, 1),
    ("flumine__1.200806927.json", 18_529, 21_895, 1),
    ("kelvin__MarketStream-1.241629436.json", 7_679, 28_595, 1),
];

/// `mcm/` of the recordings, or none (with the reason printed) where they are not there.
fn folder() -> Option<PathBuf> {
    let data = std::env::var_os("HOTLOOP_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let folder = data.join("mcm");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "skipped: no recordings in {} (set HOTLOOP_DATA)",
        folder.display()
    );
    None
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
}

#[test]
fn every_line_is_read_and_every_runner_change_counted() {
    let Some(folder) = folder() else { return };
    for (file, messages, runner_changes, markets) in RECORDINGS {
        let text = std::fs::read(folder.join(file)).unwrap();
        let mut core = HotloopCore::new(Config::default());
        assert_eq!(core.apply_lines(lines(&text), 0), Ok(runner_changes), "{file}");
        assert_eq!(core.stats().messages, messages, "{file}");
        assert_eq!(core.markets().count(), markets, "{file}");
        assert_eq!((core.stats().errors, core.stats().ignored), (0, 0), "{file}");
    }
}

/// A line cut short anywhere is refused and changes no book.
#[test]
fn a_truncated_line_is_unreadable() {
    let Some(folder) = folder() else { return };
    let text = std::fs::read(folder.join("flumine__1.197931750.json")).unwrap();
    for line in lines(&text).take(20) {
        let line = line.trim_ascii();
        for cut in (0..line.len()).step_by(97) {
            let mut core = HotloopCore::new(Config::default());
            let error = core.apply(&line[..cut], 0).unwrap_err();
            assert!(error.offset().is_some_and(|offset| offset <= cut), "{error}");
            assert_eq!(core.markets().count(), 0);
        }
    }
}
