//! The executor: carries out a plan, buys at most once each, and reports the result of each change.
//!
//! ```text
//!            ┌──────────────────────────── next round ────────────────────────────┐
//!            ▼                                                                    │
//! plan ─▶ send what may be sent ─▶ look: one listing for all ─▶ settle each ─▶ pause ─▶ results
//!         (the one place that spends)                (pure: line.rs, request.rs)
//! ```
//!
//! An answer counts when it arrives: the line that asked takes it in, the register and the journal hold it, and a run
//! that is cut short a moment later reports it. A round pauses only where there is something to wait for: a value that
//! the listing does not show yet, or a request that is to be repeated. It makes at most one listing, however many
//! changes wait.
//!
//! **Invariant:** [`run`] is the only function that is handed a [`Writer`](crate::cloud::Writer), and its pause the only
//! place that waits.

mod intent;
mod journal;
mod line;
mod listing;
mod outcome;
mod register;
mod request;
mod rounds;
mod steps;
mod words;

use cenbwp_diff::{Observed, Plan};
use cenbwp_spec::AccountId;

pub use intent::Intent;
pub use journal::Journal;
pub use outcome::{ChangeResult, FieldOutcome, FieldResult, Outcome};
pub use register::{InFlight, Register};
pub use rounds::{Event, Session, Settings, Waiting};

use rounds::Rounds;

/// Carries out the plan and returns one result per change, in the plan's order, and the listing that
/// settled the last of them, if there was one.
///
/// Once its stop is requested nothing new is sent: what is in flight is then finished, looked for once more and reported.
///
/// # Guarantees
/// - For one identity at most one token is in use at a time, and the next one only after the service's own
///   word that the request with the earlier one failed, and a look.
/// - A request whose reply was lost is repeated only after a look that does not show what it is for.
/// - A request whose intent cannot be written to the journal is not sent, nor is any after it.
/// - Nothing is bought whose package a listing of this run has shown, or may hide behind an item that cannot be read.
/// - Requests for one package, and those that attach to or detach from one CEN, never overlap.
///
/// # Cancellation
/// Dropped at any moment, it leaves in the session's register the result that is true for each change that was begun.
pub async fn run(
    plan: &Plan,
    account: &AccountId,
    session: Session<'_>,
) -> (Vec<ChangeResult>, Option<Observed>) {
    let mut rounds = Rounds::new(plan, account, session);
    rounds.work().await;
    rounds.end()
}
