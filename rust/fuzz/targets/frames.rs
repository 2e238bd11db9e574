//! What one side of a connection to the executor sends.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hotloop_wire_fuzz::frames(data));
