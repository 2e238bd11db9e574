//! The body of one frame of the executor's wire.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hotloop_wire_fuzz::bodies(data));
