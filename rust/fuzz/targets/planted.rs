//! Shows that the fuzzer fails where there is something to find: it has to come upon four bytes, one by one.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if data.first() == Some(&b'F') && data.get(1) == Some(&b'A') && data.get(2) == Some(&b'I') {
        assert_ne!(data.get(3), Some(&b'L'), "the planted fault was found");
    }
});
