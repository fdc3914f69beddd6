//! Deterministic simulation: several executors, one emulated service, faults at every step, and an oracle.
//!
//! ```text
//! seed ─▶ Schedule ─▶ trial ─────────────▶ History ─▶ oracle ─▶ violations, none in a tool that keeps its laws
//!                      │ executors on paused time   ▲
//!                      └─▶ wire ─▶ emulator ────────┘ ledger, log of requests, packages
//! ```
//!
//! A *schedule* is a value: a small world, what each of several executors declares and when it runs, what
//! goes wrong, and what people do meanwhile. The same schedule gives the same history, byte for byte. The
//! *wire* stands between the executors and the emulator: it delays by the seed, loses and cuts off. To test
//! the oracle itself, it also plays a tool with a planted bug (`planted`). The *oracle* knows only what an
//! outsider can know: the ledger, the requests, the packages, and what each run reported at its end.
//!
//! `small` and `states` go through small worlds exhaustively, `seeds` through larger ones by seed
//! (`generate`). A schedule that fails is shrunk (`shrink`) and printed with its trace.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod account;
mod bills;
#[path = "../common/mod.rs"]
mod common;
mod dimensions;
mod generate;
mod history;
mod judged;
mod oracle;
mod planted;
mod process;
mod recording;
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
