//! Any bytes as a reply of the service, or of somebody in between.
#![no_main]

#[path = "../checks.rs"]
#[allow(dead_code, reason = "each target uses its own check")]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::reply(bytes));
