//! The library behind `cenbwp`: the service's client, the executor, the reports and the command line.
//!
//! ```text
//! cli ──▶ cloud ──▶ the service        reads, and the one writer
//!  │  ──▶ cenbwp-diff                  plans
//!  │  ──▶ execute ──▶ cloud            buys, at most once
//!  │  ──▶ status, export               show what is live, and write a spec for it
//!  ├──▶ report                         documents and events
//!  └──▶ files                          everything that is read from and written to disk
//! ```
//!
//! Its only promise to the outside is the binary; the modules are public for the tests.

mod catalogue;
pub mod cli;
pub mod clock;
pub mod cloud;
mod disarm;
pub mod doctor;
pub mod execute;
pub mod exit;
mod export;
pub mod files;
pub mod planned;
pub mod random;
pub mod report;
pub mod situation;
mod status;
pub mod stop;
