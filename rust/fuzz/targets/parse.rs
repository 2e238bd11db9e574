//! One line of any bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hotloop_fuzz::parse(data));
