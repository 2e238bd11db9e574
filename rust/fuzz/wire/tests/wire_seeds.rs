//! The committed seeds break no law: what a fuzzer once found stays found without one.

#![allow(clippy::unwrap_used)]

#[path = "../../tests/common/mod.rs"]
mod common;

use common::replay;

#[test]
fn bodies_of_frames() {
    replay("../seeds", "bodies", hotloop_wire_fuzz::bodies);
}

#[test]
fn streams_of_frames() {
    replay("../seeds", "frames", hotloop_wire_fuzz::frames);
}
