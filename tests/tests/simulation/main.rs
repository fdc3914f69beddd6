//! Deterministic simulation: several executors, one emulated service, faults at every step, and an oracle.
//!
//! ```text
//! seed ─▶ Schedule ─▶ trial ─────────────▶ History ─▶ oracle ─▶ violations, none in a tool that keeps its laws
//!                      │ executors on paused time   ▲
//!                      └─▶ wire ─▶ emulator ────────┘ ledger, log of requests, packages
//! ```
//!
//! A *schedule* is a value: a small world, what several executors want of it and when, what goes wrong, and what
//! people do in between. The same schedule gives the same history, byte for byte. The *wire* stands between the
//! executors and the emulator: it delays by the seed, loses, cuts off, and, for the tests of the oracle itself,
//! plays a tool with a planted bug (`planted`). The *oracle* knows only what an outsider can know: the ledger, the
//! requests, the packages, and what each run said at its end.
//!
//! `small` and `states` go through small worlds exhaustively, `seeds` through larger ones by seed (`generate`); what
//! fails is shrunk (`shrink`) and printed with its trace.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod account;
#[path = "../common/mod.rs"]
mod common;
mod dimensions;
mod generate;
mod history;
mod oracle;
mod planted;
mod process;
mod schedule;
mod seeds;
mod shrink;
mod signals;
#[path = "../common/signer.rs"]
mod signer;
mod small;
mod states;
mod trial;
mod wire;
