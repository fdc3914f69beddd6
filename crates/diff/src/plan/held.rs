//! Held items: changes that are refused, each with a typed reason.

use std::collections::BTreeSet;

use cenbwp_spec::{AreaPair, CenId, ChargeType, Generation, Identity, Manage, Mbps, PackageId};
use jiff::Timestamp;

use super::{Delta, FieldChange};
use crate::{Share, Unreadable};

/// A change that was wanted and is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The identity that was wanted.
    pub identity: Identity,
    /// The reason.
    pub reason: HeldReason,
}

/// The reason for which a change is refused. [`HeldReason::message`] and [`HeldReason::hint`] put it into words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeldReason {
    /// Packages that the spec does not declare look like the one that would be bought.
    LookAlike {
        /// Their ids; at most 20.
        ids: BTreeSet<PackageId>,
        /// One of them that can be taken over as it is.
        adoptable: Option<PackageId>,
        /// An undeclared identity of a stack of the spec that one of them has: the key may have been renamed.
        renamed: Option<Identity>,
        /// The packages that `distinctFrom` names already.
        distinct: BTreeSet<PackageId>,
    },
    /// Items of the listing could not be read; one of them may be the package.
    Unreadable {
        /// The items, by id; at most 20.
        items: Vec<Unreadable>,
        /// The packages that `distinctFrom` names already.
        distinct: BTreeSet<PackageId>,
    },
    /// The listing is not whole; the package may be in the missing part.
    IncompleteListing,
    /// The package to adopt cannot be taken over.
    CannotAdopt {
        /// The package that `adopt` names.
        id: PackageId,
        /// The reason.
        why: AdoptRefusal,
    },
    /// The package of the old key cannot be moved to this one.
    CannotMove {
        /// The identity that it had.
        from: Identity,
        /// The reason.
        why: MoveRefusal,
    },
    /// A field that is fixed at purchase differs.
    Immutable {
        /// The live package.
        id: PackageId,
        /// Each such field. Never empty.
        differences: Vec<FixedDifference>,
    },
    /// The package is expired or locked, and a change is needed.
    NotNormal {
        /// The live package.
        id: PackageId,
        /// Its state.
        state: Abnormal,
        /// The fields that differ.
        needed: Vec<FieldChange>,
    },
    /// Two or more packages have the identity.
    Ambiguous {
        /// Their ids.
        ids: BTreeSet<PackageId>,
    },
    /// A later generation than the declared one is live.
    LoweredGeneration {
        /// The later package.
        id: PackageId,
        /// Its generation.
        live: u32,
    },
    /// The service no longer sells postpaid packages.
    PostpayAbsent,
    /// The change detaches the package from its CEN, and the spec does not allow it.
    InterruptsTraffic {
        /// The live package.
        id: PackageId,
        /// The CEN that it is attached to.
        cen: CenId,
    },
    /// The package is attached to more than one CEN, which no page describes.
    SeveralCens {
        /// The live package.
        id: PackageId,
    },
    /// The change takes bandwidth that regions use, which the service refuses.
    Allocated {
        /// The live package.
        id: PackageId,
        /// The bandwidth that each pair of regions uses, the largest first. Never empty.
        shares: Vec<Share>,
        /// The bandwidth that the change takes from them.
        taken: Taken,
    },
}

impl HeldReason {
    /// The live packages that it names.
    pub fn ids(&self) -> Vec<&PackageId> {
        match self {
            Self::LookAlike { ids, .. } | Self::Ambiguous { ids } => ids.iter().collect(),
            Self::Unreadable { items, .. } => items.iter().filter_map(|item| item.id.as_ref()).collect(),
            Self::CannotAdopt { id, .. }
            | Self::Immutable { id, .. }
            | Self::NotNormal { id, .. }
            | Self::LoweredGeneration { id, .. }
            | Self::InterruptsTraffic { id, .. }
            | Self::SeveralCens { id }
            | Self::Allocated { id, .. } => vec![id],
            Self::CannotMove { why, .. } => why.ids(),
            Self::IncompleteListing | Self::PostpayAbsent => Vec::new(),
        }
    }
}

/// The bandwidth that a change takes from the regions that share a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A part: the package has another bandwidth afterwards.
    Part(Delta<Mbps>),
    /// All of it: the package is detached from this CEN.
    Detached(CenId),
    /// All of it: the package is retired, and detached from these CENs. Never empty.
    Retired(BTreeSet<CenId>),
}

/// The reason for which a package cannot be adopted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdoptRefusal {
    /// More than one package of the spec adopts it.
    AdoptedTwice,
    /// Another package has the declared identity already.
    IdentityTaken {
        /// That package.
        by: PackageId,
        /// The declared identity.
        identity: Identity,
    },
    /// The listing does not have it.
    NotListed,
    /// Its tag names an identity.
    OwnedBy {
        /// The identity.
        owner: Identity,
        /// True if it may be the key that the package had before.
        renamed: bool,
    },
    /// Its identity tag names no identity; the tag's value.
    MalformedTag(String),
    /// A field that is fixed at purchase differs.
    Differs(FixedDifference),
    /// It needs a change and is in this state.
    NotNormal(Abnormal),
    /// With this value of `manage` nothing is adopted, and it is still there.
    GivenUp(Manage),
}

/// The reason for which a package cannot be moved to another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoveRefusal {
    /// No package is listed under either key: one that was bought under the old key may still appear.
    NotListed,
    /// Packages are listed under both keys.
    Both {
        /// The packages of the old key.
        old: BTreeSet<PackageId>,
        /// The package of the new one.
        new: PackageId,
    },
    /// Two or more packages are listed under the old key.
    Several(BTreeSet<PackageId>),
    /// Under the old key another generation is live: a move keeps the generation.
    OtherGeneration {
        /// The latest one.
        live: Generation,
        /// Its package.
        id: PackageId,
    },
    /// A field that is fixed at purchase differs.
    Differs(PackageId, FixedDifference),
    /// It is in this state.
    NotNormal(PackageId, Abnormal),
    /// With this value of `manage` nothing is moved, and it is still there.
    GivenUp(PackageId, Manage),
}

impl MoveRefusal {
    /// The live packages that it names.
    fn ids(&self) -> Vec<&PackageId> {
        match self {
            Self::NotListed => Vec::new(),
            Self::Both { old, new } => old.iter().chain([new]).collect(),
            Self::Several(ids) => ids.iter().collect(),
            Self::OtherGeneration { id, .. }
            | Self::Differs(id, _)
            | Self::NotNormal(id, _)
            | Self::GivenUp(id, _) => vec![id],
        }
    }
}

/// A state in which a package cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Abnormal {
    /// It ended at this time.
    Expired(Timestamp),
    /// It is locked, or in an unknown state; the service's word for it.
    Locked(String),
    /// It is paid for in an unknown way; the service's word for it.
    UnknownChargeType(String),
    /// It is upgraded for a while, and the listing does not say to which bandwidth it falls back.
    UnknownFallback,
}

/// A field that is fixed at purchase and differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FixedDifference {
    /// The areas it connects.
    Areas(Delta<AreaPair>),
    /// The way it is paid for.
    ChargeType(Delta<ChargeType>),
}
