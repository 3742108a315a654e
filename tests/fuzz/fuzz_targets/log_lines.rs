#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| emf_explain::fuzzing::check(bytes));
