//! Fuzzes the classification of replies with arbitrary bytes, as from the service or a proxy.
#![no_main]

#[path = "../checks.rs"]
#[allow(dead_code, reason = "each target uses its own check")]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::reply(bytes));
