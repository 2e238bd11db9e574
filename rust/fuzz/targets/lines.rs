//! Lines of any bytes, not judged.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hotloop_fuzz::lines(data));
