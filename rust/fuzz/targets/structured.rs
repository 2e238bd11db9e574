//! A stream of messages that mean something.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hotloop_fuzz::structured(data));
