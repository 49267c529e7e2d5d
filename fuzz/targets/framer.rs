#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| fuzz::core::framer::holds(octets));
