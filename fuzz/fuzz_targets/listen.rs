//! See `sereno::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sereno::fuzzing::feed("listen", data));
