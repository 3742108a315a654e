#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ecs_clock_emf::fuzzing::check("ntp_packet", bytes));
