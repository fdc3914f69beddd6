//! The plan: a value that leaves no choice to whoever carries it out.

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_spec::{Address, AreaPair, CenId, Field, Identity, Mbps, PackageId, Prepay};
use jiff::{SignedDuration, Timestamp};

use crate::{Breach, Unreadable};

/// What the caller decides about a plan, besides spec and observation.
#[derive(Clone, Debug)]
pub struct Options {
    /// The time of the observation: decides what has expired and what will soon.
    pub now: Timestamp,
    /// Only these addresses are planned; `None` means all. The caller has checked that they are declared.
    pub targets: Option<BTreeSet<Address>>,
    /// Go on without the held items.
    pub skip_held: bool,
    /// Warn of packages that end within this time.
    pub expiring_within: SignedDuration,
    /// At most this many purchases in the run, on top of every stack's own limit.
    pub max_purchases: Option<u32>,
    /// At most this many new Mbps in the run, on top of every stack's own limit.
    pub max_new_mbps: Option<Mbps>,
}

/// What has to happen, what must not, and what is worth saying.
///
/// Every list is sorted by identity, then by id; breaches by stack, the run's own first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What has to happen, at most one change per address.
    pub changes: Vec<Change>,
    /// What was wanted and is refused, each with its reason.
    pub held: Vec<Held>,
    /// Declared packages that are there and need no change, and their ids. A field that differs and
    /// that the spec says to leave is as declared; a warning shows it.
    pub in_sync: BTreeMap<Address, PackageId>,
    /// Packages that carry a declared stack's tag and are not declared, later generations of declared
    /// ones included. Never touched.
    pub undeclared: Vec<Undeclared>,
    /// Older generations of declared packages. Left alone.
    pub superseded: Vec<Superseded>,
    /// What holds nothing and should be known.
    pub warnings: Vec<Warning>,
    /// Limits that the changes exceed.
    pub breaches: Vec<Breach>,
    /// How many packages belong to no stack of the spec and are not named above.
    pub unmanaged: usize,
    /// Whether the observation was whole.
    pub complete: bool,
    /// Whether the held items were set aside on purpose.
    pub skip_held: bool,
}

impl Plan {
    /// Tells whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.held.is_empty()
    }

    /// Tells whether it may be carried out: nothing held (or held items set aside on purpose), no limit
    /// exceeded, the observation whole.
    pub fn is_applyable(&self) -> bool {
        self.complete && self.breaches.is_empty() && (self.skip_held || self.held.is_empty())
    }

    /// The purchases, in order.
    pub fn purchases(&self) -> impl Iterator<Item = &Purchase> {
        self.changes.iter().filter_map(|change| match change {
            Change::Purchase(purchase) => Some(purchase),
            Change::Update(_) | Change::Adopt(_) | Change::Release(_) | Change::Retire(_) => None,
        })
    }
}

/// One change of one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Buy a package that is not there.
    Purchase(Purchase),
    /// Change fields of a package that is ours.
    Update(Update),
    /// Tag an existing package as ours, then change what differs.
    Adopt(Adoption),
    /// Remove our tags and leave the package.
    Release(Release),
    /// Detach and, where the service allows it, delete.
    Retire(Retirement),
}

impl Change {
    /// The identity that changes.
    pub fn identity(&self) -> &Identity {
        match self {
            Self::Purchase(purchase) => &purchase.identity,
            Self::Update(update) => &update.identity,
            Self::Adopt(adoption) => &adoption.identity,
            Self::Release(release) => &release.identity,
            Self::Retire(retirement) => &retirement.identity,
        }
    }

    /// The fields that it changes, of a purchase those that are changed once the package is there.
    pub fn fields(&self) -> &[FieldChange] {
        match self {
            Self::Purchase(purchase) => &purchase.then,
            Self::Update(update) => &update.fields,
            Self::Adopt(adoption) => &adoption.fields,
            Self::Release(_) | Self::Retire(_) => &[],
        }
    }
}

/// A package to buy, every parameter decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// What it will be recognised by.
    pub identity: Identity,
    /// The areas it connects.
    pub areas: AreaPair,
    /// Its bandwidth.
    pub bandwidth: Mbps,
    /// Its display name.
    pub name: String,
    /// Its description, if any.
    pub description: Option<String>,
    /// What is paid, for how long, renewed how.
    pub terms: Prepay,
    /// Every tag it is created with, ours included.
    pub tags: BTreeMap<String, String>,
    /// What Create cannot set: the CEN and the resource group, changed once it is there.
    pub then: Vec<FieldChange>,
}

/// Fields of one package to change, in the order of the calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Whose package it is.
    pub identity: Identity,
    /// Which package.
    pub id: PackageId,
    /// Each field that differs. Never empty.
    pub fields: Vec<FieldChange>,
}

/// An existing package to take over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The identity it will carry.
    pub identity: Identity,
    /// Which package.
    pub id: PackageId,
    /// The tags that make it ours.
    pub tags: BTreeMap<String, String>,
    /// Each field that differs afterwards.
    pub fields: Vec<FieldChange>,
}

/// A package to let go: our tags are removed, the package stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The identity it carries.
    pub identity: Identity,
    /// Which package.
    pub id: PackageId,
    /// The tag keys to remove.
    pub tag_keys: BTreeSet<String>,
}

/// A package to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retirement {
    /// The identity it carries.
    pub identity: Identity,
    /// Which package.
    pub id: PackageId,
    /// The CENs to detach it from first.
    pub detach: BTreeSet<CenId>,
    /// Whether the service lets it be deleted: postpaid or expired.
    pub delete: bool,
    /// When it ends by itself, if known: what is not deleted is charged until then.
    pub expires: Option<Timestamp>,
}

/// A value as it is and as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta<T> {
    /// What the listing shows.
    pub from: T,
    /// What the spec wants.
    pub to: T,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldChange {
    /// Mbps: an upgrade charges, a downgrade may refund.
    Bandwidth(Delta<Mbps>),
    /// The display name.
    Name(Delta<String>),
    /// The description; empty clears it.
    Description(Delta<String>),
    /// One tag; `None` means the key is absent.
    Tag {
        /// Its key.
        key: String,
        /// Its value, before and after.
        value: Delta<Option<String>>,
    },
    /// The attached CEN; `None` means detached.
    Cen(Delta<Option<CenId>>),
    /// The resource group, if the listing names one.
    ResourceGroup(Delta<Option<String>>),
}

impl FieldChange {
    /// The field of the spec that it belongs to.
    pub fn field(&self) -> Field {
        match self {
            Self::Bandwidth(_) => Field::Bandwidth,
            Self::Name(_) => Field::Name,
            Self::Description(_) => Field::Description,
            Self::Tag { .. } => Field::Tags,
            Self::Cen(_) => Field::CenId,
            Self::ResourceGroup(_) => Field::ResourceGroupId,
        }
    }
}

/// A change that was wanted and is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The identity that was wanted.
    pub identity: Identity,
    /// Why not.
    pub reason: HeldReason,
}

/// Why a change is refused. The words for it, and what to do, are [`HeldReason::message`] and
/// [`HeldReason::hint`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeldReason {
    /// Packages that the spec does not declare look like the one that would be bought.
    LookAlike {
        /// Their ids; at most 20.
        ids: BTreeSet<PackageId>,
        /// One of them that can be taken over as it is.
        adoptable: Option<PackageId>,
        /// An identity of the same stack that one of them carries: the key may have been renamed.
        renamed: Option<Identity>,
        /// What the package's `distinctFrom` names already.
        distinct: BTreeSet<PackageId>,
    },
    /// Items of the listing could not be read; one of them may be the package.
    Unreadable {
        /// What is known of them, by id; at most 20.
        items: Vec<Unreadable>,
        /// What the package's `distinctFrom` names already.
        distinct: BTreeSet<PackageId>,
    },
    /// The listing is not whole; the package may be in the missing part.
    IncompleteListing,
    /// The package to adopt cannot be taken over.
    CannotAdopt {
        /// Which package.
        id: PackageId,
        /// Why not.
        why: String,
    },
    /// Something that is fixed at purchase differs.
    Immutable {
        /// The live package.
        id: PackageId,
        /// `areas` or `chargeType`, with what it is and what was declared.
        differences: Vec<(&'static str, Delta<String>)>,
    },
    /// The package is expired or locked, and a change is needed.
    NotNormal {
        /// The live package.
        id: PackageId,
        /// What is wrong with it: `expired 2026-01-01`, `FinancialLocked`.
        state: String,
    },
    /// Two or more packages carry the identity.
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
    /// The change detaches the package from its CEN, and the spec does not say that it may.
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
}

/// A package that carries a declared stack's tag and is not declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undeclared {
    /// The identity it carries.
    pub identity: Identity,
    /// Which package.
    pub id: PackageId,
    /// When it ends, if known.
    pub expires: Option<Timestamp>,
}

/// An older generation of a declared package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superseded {
    /// The identity it carries.
    pub identity: Identity,
    /// Which package.
    pub id: PackageId,
    /// When it ends, if known.
    pub expires: Option<Timestamp>,
}

/// What holds nothing and should be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// A declared package ends soon, or has ended.
    Expiring {
        /// Whose package.
        identity: Identity,
        /// Which package.
        id: PackageId,
        /// When.
        at: Timestamp,
        /// Whether that time has come.
        expired: bool,
    },
    /// The spec's terms differ from those of the purchase; they are fixed.
    TermsFixed {
        /// Whose package.
        identity: Identity,
        /// The terms tag, and what the spec would write.
        terms: Delta<String>,
    },
    /// A purchase names an area that is no longer offered.
    RemovedArea {
        /// What would be bought.
        identity: Identity,
        /// The area.
        area: String,
    },
    /// The package cannot be attached yet: the CEN has another one for the same areas, and takes no second.
    CenOccupied {
        /// What would be attached.
        identity: Identity,
        /// The CEN.
        cen: CenId,
        /// The package that is attached to it: an older generation, or one that is known to be another.
        id: PackageId,
    },
    /// A tag is set to the empty string, which the vendor's pages disagree about.
    EmptyTag {
        /// Whose package.
        identity: Identity,
        /// The tag's key.
        key: String,
    },
    /// A field differs and the spec says to leave it.
    Ignored {
        /// Whose package.
        identity: Identity,
        /// The field, and its value before and after.
        change: FieldChange,
    },
    /// Something that is fixed at purchase differs on a package that is only observed.
    Differs {
        /// Whose package.
        identity: Identity,
        /// Which package.
        id: PackageId,
        /// `areas` or `chargeType`, with what it is and what was declared.
        differences: Vec<(&'static str, Delta<String>)>,
    },
    /// The package only observes and is not there.
    NothingToObserve {
        /// Whose package.
        identity: Identity,
    },
    /// A retired package is detached, and ends by itself.
    Retiring {
        /// Whose package.
        identity: Identity,
        /// Which package.
        id: PackageId,
        /// When, if known.
        at: Option<Timestamp>,
    },
    /// A released or retired package needs nothing more; its entry can go.
    EntryCanGo {
        /// Whose package.
        identity: Identity,
    },
    /// An ordered change is pending, so what the listing shows is not what will last.
    Reserved {
        /// Whose package.
        identity: Identity,
        /// Which package.
        id: PackageId,
        /// What the bandwidth is now and what it will be.
        bandwidth: Delta<Mbps>,
        /// When, if known.
        at: Option<Timestamp>,
    },
}
