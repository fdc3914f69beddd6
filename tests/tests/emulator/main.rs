//! Tests of the emulator itself: what it accepts, what it refuses, and that it misbehaves exactly as told.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod again;
mod faults;
mod operations;
mod program;
mod purchases;
mod signatures;
#[path = "../common/signer.rs"]
mod signer;
mod strictness;
mod sts;
mod support;
