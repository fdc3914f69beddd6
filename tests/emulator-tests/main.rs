//! Tests of the emulator itself: the requests that it accepts and refuses, and its faults.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod again;
mod billing;
mod estimates;
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
