//! The committed seeds break no law: what a fuzzer once found stays found without one.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

/// Every file of `seeds/<target>`, put to the target.
fn replay(target: &str, run: fn(&[u8])) {
    let seeds = std::env::var("HOTLOOP_FUZZ_SEEDS").unwrap_or_else(|_| "../seeds".to_owned());
    let folder = PathBuf::from(seeds).join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        run(&std::fs::read(path).unwrap());
        count += 1;
    }
    assert!(count > 0, "nothing in {}", folder.display());
}

#[test]
fn bodies_of_frames() {
    replay("bodies", hotloop_wire_fuzz::bodies);
}

#[test]
fn streams_of_frames() {
    replay("frames", hotloop_wire_fuzz::frames);
}
