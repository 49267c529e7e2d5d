#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| fuzz::daemon::configuration::holds(octets));
