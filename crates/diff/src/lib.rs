//! Diff engine of cenbwp: desired state and observed state in, a [`Plan`] out.
//!
//! ```text
//! Spec ─────┐
//! Observed ─┼─decide─▶ Plan ──render──▶ text
//! Options ──┘            └───audit────▶ flaws, none in a plan of ours
//! ```
//!
//! [`plan()`] decides (`decide`, with look-ups in `index`, fields in `compare`, `limits`, `warn`); [`audit()`]
//! checks what it decided and shares no code with it; [`render()`] and `words` are everything that a person
//! reads.
//!
//! **Invariant:** pure. No clock (the time is a field of [`Options`]), no environment, no files, no
//! network, nothing asynchronous: the same input gives the same plan, byte for byte. Nothing here knows
//! the vendor's parameter names; requests are made at the edge, from plans.

mod audit;
mod compare;
mod decide;
mod index;
mod limits;
mod observed;
mod plan;
mod render;
mod warn;
mod words;

pub use audit::{Flaw, audit};
pub use cenbwp_spec::neutral;
pub use decide::plan;
pub use limits::{Breach, LimitOwner, NewMbps};
pub use observed::{Business, ChargeType, Live, Observed, Owner, Reservation, ReservationKind, Unreadable};
pub use plan::{
    Adoption, Change, Delta, FieldChange, Held, HeldReason, Options, Plan, Purchase, Release, Retirement,
    Superseded, Undeclared, Update, Warning,
};
pub use render::{Palette, Style, obstacle, render, render_change, summary};
pub use words::when;
