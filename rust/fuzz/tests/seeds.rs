//! The committed seeds break no law: what a fuzzer once found stays found without one.

#![allow(clippy::unwrap_used)]

mod common;

use common::replay;

#[test]
fn single_lines() {
    replay("seeds", "parse", hotloop_fuzz::parse);
}

#[test]
fn streams_of_lines() {
    replay("seeds", "messages", hotloop_fuzz::messages);
}

#[test]
fn streams_of_acts() {
    replay("seeds", "structured", hotloop_fuzz::structured);
}
