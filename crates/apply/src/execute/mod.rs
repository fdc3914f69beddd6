//! The executor: carries out a plan, buys each package at most once, and reports the result of each change.
//!
//! ```text
//!            ┌──────────────────────────── next round ────────────────────────────┐
//!            ▼                                                                    │
//! plan ─▶ send what may be sent ─▶ look: one listing for all ─▶ settle each ─▶ pause ─▶ results
//!         (the one place that spends)                (pure: line.rs, request.rs)
//! ```
//!
//! An answer counts when it arrives: its line takes it in, the register and the journal record it, and a run
//! that is cut short a moment later reports it. A round pauses only if there is something to wait for: a
//! value that the listing does not show yet, or a request to repeat. It makes at most one listing, however
//! many changes wait.
//!
//! **Invariant:** only [`run`] is given a [`Writer`](crate::cloud::Writer), and its pause is the only place
//! that waits.

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
pub(crate) use words::{SAME_COMMAND, is_unseen};

use rounds::Rounds;

/// Carries out the plan. Returns one result per change, in the plan's order, and the listing that settled the
/// last of them, if there was one.
///
/// Once a stop is requested nothing new is sent. Requests in flight are finished, looked for in one more
/// listing, and reported.
///
/// # Guarantees
/// - For one identity at most one token is in use at a time. The next one is used only after the service
///   itself said that the request with the earlier one failed, and after a listing.
/// - A request whose reply was lost is repeated only after a listing that does not show its effect.
/// - A request whose intent cannot be written to the journal is not sent, and no request after it either.
/// - Nothing is bought if a listing of this run has shown its package, or may hide it behind an item that
///   cannot be read.
/// - Requests for one package, and those that attach to or detach from one CEN, never overlap.
///
/// # Cancellation
/// If the future is dropped, at any moment, the session's register holds the true result of each change that
/// was begun.
pub async fn run(
    plan: &Plan,
    account: &AccountId,
    session: Session<'_>,
) -> (Vec<ChangeResult>, Option<Observed>) {
    let mut rounds = Rounds::new(plan, account, session);
    rounds.work().await;
    rounds.end()
}
