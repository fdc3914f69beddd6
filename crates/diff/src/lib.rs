//! Diff engine of cenbwp: desired state and observed state in, a [`Plan`] out.
//!
//! ```text
//! Spec ─────┐
//! Observed ─┼─decide─▶ Plan ──render──▶ text
//! Options ──┘            └───audit────▶ flaws, none in a plan made here
//! ```
//!
//! [`plan()`] decides, in `decide`; [`audit()`] checks every decision with rules of its own; [`render()`] and
//! the messages beside it are every word that a person reads. A plan itself holds no prose: reasons, warnings
//! and limits are types.
//!
//! **Invariant:** pure, which `clippy.toml` enforces. No clock (the time is a field of [`Options`]), no
//! environment, no files, no network, nothing asynchronous: the same input gives the same plan, byte for
//! byte. Nothing here knows the vendor's parameter names; requests are made at the edge, from plans.

// A new variant must not fall into an old arm.
#![warn(clippy::wildcard_enum_match_arm)]

mod audit;
mod decide;
mod observed;
mod plan;
mod render;

pub use audit::{Flaw, audit};
pub use cenbwp_spec::neutral;
pub use decide::{plan, renewals_wanted};
pub use observed::{
    BusinessStatus, Live, LiveCharge, LiveRenewal, Observed, Owner, Price, Product, Reservation,
    ReservationKind, Share, Subscription, Unreadable,
};
pub use plan::{
    Abnormal, AdoptRefusal, Adoption, Breach, Change, Cost, Delta, Excess, FieldChange, FieldValue,
    FixedDifference, Held, HeldReason, Leftover, Limit, LimitOwner, Move, MoveRefusal, NewMbps, Options,
    Plan, Purchase, Release, RenewalDoubt, Retirement, Taken, Update, Warning, WarningKind,
};
pub use render::{
    HELD_CHANGE, Page, Palette, SUPERSEDED, Style, UNDECLARED, cost, heading_rules, held_rules, left,
    obstacle, price, render, render_change, renews, summary, terms, total, warning_rules, when, wrap,
};
