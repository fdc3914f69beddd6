//! The plan: a value that leaves the executor no choice.

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_spec::{Address, Identity, Mbps, PackageId};
use jiff::{SignedDuration, Timestamp};

pub use change::{
    Adoption, Change, Delta, FieldChange, FieldValue, Move, NewMbps, Purchase, Release, Retirement, Update,
};
pub use cost::Cost;
pub use held::{Abnormal, AdoptRefusal, FixedDifference, Held, HeldReason, MoveRefusal, Taken};
pub use limits::{Breach, Excess, Limit, LimitOwner};
pub use warning::{RenewalDoubt, Warning, WarningKind};

mod change;
mod cost;
mod held;
mod limits;
mod warning;

/// The caller's choices, besides spec and observation.
#[derive(Clone, Debug)]
pub struct Options {
    /// The time of the observation: decides what has expired and what will soon.
    pub now: Timestamp,
    /// Only these addresses are planned; `None` means all. The caller has checked that they are declared.
    pub targets: Option<BTreeSet<Address>>,
    /// Carry out the rest although items are held.
    pub skip_held: bool,
    /// Warn of packages that end within this time.
    pub expiring_within: SignedDuration,
    /// At most this many purchases in the run, on top of every stack's own limit.
    pub max_purchases: Option<u32>,
    /// At most this many new Mbps in the run, on top of every stack's own limit.
    pub max_new_mbps: Option<Mbps>,
}

/// The changes, the refused changes with their reasons, and conditions to report.
///
/// Every list is sorted by identity, then by id; breaches by stack, the run's own first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The changes, at most one per address.
    pub changes: Vec<Change>,
    /// The changes that were wanted and are refused.
    pub held: Vec<Held>,
    /// Declared packages that are there and need no change, and their ids. A field that differs and
    /// that the spec ignores needs none; a warning shows it.
    pub in_sync: BTreeMap<Address, PackageId>,
    /// Packages with a declared stack's tag that are not declared, later generations of declared
    /// ones included. Never touched.
    pub undeclared: Vec<Leftover>,
    /// Older generations of declared packages. Never touched.
    pub superseded: Vec<Leftover>,
    /// Conditions that block nothing.
    pub warnings: Vec<Warning>,
    /// Limits that the changes exceed.
    pub breaches: Vec<Breach>,
    /// The number of packages that stacks outside of the spec own and that are not named above.
    pub other_stacks: usize,
    /// The number of packages without an owner that are not named above.
    pub unmanaged: usize,
    /// True if the observation was whole.
    pub complete: bool,
    /// True if the held items were set aside on purpose.
    pub skip_held: bool,
    /// True if the prices of the purchases were asked for.
    pub is_priced: bool,
}

impl Plan {
    /// True if there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.held.is_empty()
    }

    /// True if it may be carried out: nothing held (or held items set aside on purpose), no limit
    /// exceeded, the observation whole.
    pub fn is_applyable(&self) -> bool {
        self.complete && self.breaches.is_empty() && (self.skip_held || self.held.is_empty())
    }

    /// The purchases, in order.
    pub fn purchases(&self) -> impl Iterator<Item = &Purchase> {
        self.changes.iter().filter_map(|change| match change {
            Change::Purchase(purchase) => Some(purchase),
            Change::Update(_)
            | Change::Adopt(_)
            | Change::Move(_)
            | Change::Release(_)
            | Change::Retire(_) => None,
        })
    }

    /// The price of its purchases together; `None` if it was not asked for, or nothing is bought.
    pub fn cost(&self) -> Option<Cost> {
        let costs = self.purchases().map(Cost::of);
        costs.reduce(|sum, one| sum.plus(&one)).filter(|_| self.is_priced)
    }

    /// The bandwidth that its changes add.
    pub fn new_mbps(&self) -> NewMbps {
        self.changes.iter().map(Change::new_mbps).fold(NewMbps::default(), |sum, one| NewMbps {
            by_purchase: sum.by_purchase + one.by_purchase,
            by_upgrade: sum.by_upgrade + one.by_upgrade,
        })
    }
}

/// A live package of a declared stack that no entry of the spec stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// The identity in its tag.
    pub identity: Identity,
    /// The live package.
    pub id: PackageId,
    /// Its end, if known.
    pub expires: Option<Timestamp>,
}
