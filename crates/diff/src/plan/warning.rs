//! Warnings: conditions to report that block nothing.

use std::collections::BTreeSet;

use cenbwp_spec::{Address, Area, AreaPair, CenId, Identity, Mbps, PackageId, Renewal};
use jiff::Timestamp;

use super::{Delta, FieldChange, FixedDifference, Taken};

/// A condition of one declared package that blocks nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The declared package.
    pub identity: Identity,
    /// The condition.
    pub kind: WarningKind,
}

/// A condition to report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WarningKind {
    /// A declared package ends soon, or has ended.
    Expiring {
        /// The live package.
        id: PackageId,
        /// Its end.
        at: Timestamp,
        /// True if that time has come.
        expired: bool,
    },
    /// The spec's terms differ from those of the purchase; they are fixed.
    TermsFixed {
        /// The terms tag, and the one that the spec would write.
        terms: Delta<String>,
    },
    /// A purchase names an area that is no longer offered.
    RemovedArea {
        /// The area.
        area: String,
    },
    /// A purchase is between two areas that the service does not list as a pair.
    PairNotListed {
        /// The two areas.
        areas: AreaPair,
        /// The areas that it lists together with the first one.
        others: BTreeSet<Area>,
    },
    /// The package cannot be attached yet: the CEN has another one for the same areas, and takes no second.
    CenOccupied {
        /// The CEN.
        cen: CenId,
        /// The package that is attached to it: an older generation, or one that is known to be another.
        id: PackageId,
    },
    /// A purchase has the key and the areas of a package of a stack that the spec does not declare: the stack may have
    /// been renamed.
    SameKey {
        /// The live package.
        id: PackageId,
        /// Its identity.
        owner: Identity,
    },
    /// A tag is set to the empty string, which the vendor's pages disagree about.
    EmptyTag {
        /// The tag's key.
        key: String,
    },
    /// A field differs, and the spec ignores it.
    Ignored {
        /// The field, and its value before and after.
        change: FieldChange,
    },
    /// A field that is fixed at purchase differs on a package that is only observed.
    Differs {
        /// The live package.
        id: PackageId,
        /// Each such field. Never empty.
        differences: Vec<FixedDifference>,
    },
    /// The package only observes and is not there.
    NothingToObserve,
    /// A retired package is detached, and ends by itself.
    Retiring {
        /// The live package.
        id: PackageId,
        /// Its end, if known.
        at: Option<Timestamp>,
        /// True if it is known to renew itself, so that the end is none.
        renews: bool,
    },
    /// A retired package renews itself, and is charged each time.
    StillRenews {
        /// The live package.
        id: PackageId,
        /// Its renewal.
        renewal: Renewal,
        /// The next time, if known.
        at: Option<Timestamp>,
    },
    /// The package was moved from this address; the line that says so can go.
    MoveIsDone {
        /// The address that it had.
        from: Address,
    },
    /// A released or retired package needs nothing more; its entry can go.
    EntryCanGo,
    /// A change takes bandwidth that regions may use: the listing does not say whether they do.
    AllocationUnknown {
        /// The live package.
        id: PackageId,
        /// The bandwidth that the change takes.
        taken: Taken,
    },
    /// An ordered change is pending: the listed bandwidth is not the permanent one.
    Reserved {
        /// The live package.
        id: PackageId,
        /// The bandwidth now and after the change.
        bandwidth: Delta<Mbps>,
        /// The time of the change, if known.
        at: Option<Timestamp>,
    },
    /// The price of a purchase was asked for, and is not known.
    PriceUnknown {
        /// The reason.
        reason: String,
    },
    /// The renewal is declared, and cannot be compared or changed.
    RenewalUnknown {
        /// The live package.
        id: PackageId,
        /// The reason.
        why: RenewalDoubt,
    },
}

/// The reason for which a declared renewal is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenewalDoubt {
    /// The billing service did not show it, for this reason.
    NotRead(String),
    /// The billing service renews no existing package for so many months at a time.
    NotOffered(u32),
}
