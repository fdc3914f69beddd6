//! Changes: each names one identity, and every parameter of it is decided.

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_spec::{AreaPair, CenId, Field, Identity, Mbps, PackageId, Prepay, Renewal};
use jiff::Timestamp;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeStruct, Serializer};

use crate::{Price, Product};

/// One change of one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Buy a package that is not there.
    Purchase(Purchase),
    /// Change fields of a package that this stack owns.
    Update(Update),
    /// Tag an existing package as this stack's, then change the fields that differ.
    Adopt(Adoption),
    /// Give a package of another key this identity, then change the fields that differ.
    Move(Move),
    /// Remove this tool's tags and leave the package.
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
            Self::Move(moved) => &moved.identity,
            Self::Release(release) => &release.identity,
            Self::Retire(retirement) => &retirement.identity,
        }
    }

    /// The live package that changes; `None` for a purchase, which makes one.
    pub fn id(&self) -> Option<&PackageId> {
        match self {
            Self::Purchase(_) => None,
            Self::Update(update) => Some(&update.id),
            Self::Adopt(adoption) => Some(&adoption.id),
            Self::Move(moved) => Some(&moved.id),
            Self::Release(release) => Some(&release.id),
            Self::Retire(retirement) => Some(&retirement.id),
        }
    }

    /// The package that it takes over: it gets another identity tag.
    pub fn taken_over(&self) -> Option<&PackageId> {
        match self {
            Self::Adopt(adoption) => Some(&adoption.id),
            Self::Move(moved) => Some(&moved.id),
            Self::Purchase(_) | Self::Update(_) | Self::Release(_) | Self::Retire(_) => None,
        }
    }

    /// The identity that the package has before the change, if it has one.
    pub fn owner_before(&self) -> Option<&Identity> {
        match self {
            Self::Purchase(_) | Self::Adopt(_) => None,
            Self::Move(moved) => Some(&moved.from),
            Self::Update(_) | Self::Release(_) | Self::Retire(_) => Some(self.identity()),
        }
    }

    /// The fields that it changes; for a purchase, those that are changed once the package is there.
    pub fn fields(&self) -> &[FieldChange] {
        match self {
            Self::Purchase(purchase) => &purchase.follow_ups,
            Self::Update(update) => &update.fields,
            Self::Adopt(adoption) => &adoption.fields,
            Self::Move(moved) => &moved.fields,
            Self::Release(_) | Self::Retire(_) => &[],
        }
    }

    /// The bandwidth of the package that regions use, if it is known, they use some, and the change resizes it.
    pub fn allocated(&self) -> Option<Mbps> {
        let allocated = match self {
            Self::Update(update) => update.allocated,
            Self::Adopt(adoption) => adoption.allocated,
            Self::Move(moved) => moved.allocated,
            Self::Purchase(_) | Self::Release(_) | Self::Retire(_) => None,
        };
        let resizes = self.fields().iter().any(|field| matches!(field, FieldChange::Bandwidth(_)));
        allocated.filter(|mbps| resizes && mbps.0 > 0)
    }

    /// True if a package renews itself from then on that did not before.
    pub fn turns_renewal_on(&self) -> bool {
        self.fields().iter().any(FieldChange::turns_renewal_on)
    }

    /// True if it takes a package from a CEN that it is attached to.
    pub fn interrupts_traffic(&self) -> bool {
        match self {
            Self::Retire(retirement) => !retirement.detach.is_empty(),
            Self::Purchase(_) | Self::Update(_) | Self::Adopt(_) | Self::Move(_) | Self::Release(_) => {
                self.fields().iter().any(FieldChange::interrupts_traffic)
            }
        }
    }

    /// The bandwidth that it adds.
    pub fn new_mbps(&self) -> NewMbps {
        if let Self::Purchase(purchase) = self {
            return NewMbps { by_purchase: purchase.bandwidth.0.into(), by_upgrade: 0 };
        }
        let raise = |field: &FieldChange| {
            let FieldChange::Bandwidth(mbps) = field else { return 0 };
            u64::from(mbps.to.0.saturating_sub(mbps.from.0))
        };
        NewMbps { by_purchase: 0, by_upgrade: self.fields().iter().map(raise).sum() }
    }
}

/// A package to buy, every parameter decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// The identity that its tag will name.
    pub identity: Identity,
    /// The areas it connects.
    pub areas: AreaPair,
    /// Its bandwidth.
    pub bandwidth: Mbps,
    /// Its display name.
    pub name: String,
    /// Its description, if any.
    pub description: Option<String>,
    /// The term, its renewal and its payment.
    pub terms: Prepay,
    /// Every tag it is created with, this tool's included.
    pub tags: BTreeMap<String, String>,
    /// The fields that Create cannot set, the CEN and the resource group: changed once the package is there.
    pub follow_ups: Vec<FieldChange>,
    /// Its price; `None` if that was not asked for. It is shown and limited, and no part of what is ordered.
    pub price: Option<Price>,
}

impl Purchase {
    /// True if the same is ordered, whatever it costs.
    pub fn orders_the_same(&self, other: &Self) -> bool {
        *self == Self { price: self.price.clone(), ..other.clone() }
    }
}

/// Fields of one package to change, in the order of the calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The identity in its tag.
    pub identity: Identity,
    /// The live package.
    pub id: PackageId,
    /// Each field that differs. Never empty.
    pub fields: Vec<FieldChange>,
    /// The bandwidth that regions use, to show beside a change of the bandwidth; `None` if it is not known.
    pub allocated: Option<Mbps>,
}

/// An existing package to take over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The identity that its tag will name.
    pub identity: Identity,
    /// The live package.
    pub id: PackageId,
    /// The tags that make it this stack's.
    pub tags: BTreeMap<String, String>,
    /// Each field that differs, changed afterwards.
    pub fields: Vec<FieldChange>,
    /// The bandwidth that regions use, to show beside a change of the bandwidth; `None` if it is not known.
    pub allocated: Option<Mbps>,
}

/// A package whose key changed: its identity tag gets another value, and every other tag stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The identity that its tag will name.
    pub identity: Identity,
    /// The identity that its tag names.
    pub from: Identity,
    /// The live package.
    pub id: PackageId,
    /// Each field that differs, changed afterwards.
    pub fields: Vec<FieldChange>,
    /// The bandwidth that regions use, to show beside a change of the bandwidth; `None` if it is not known.
    pub allocated: Option<Mbps>,
}

/// A package to let go: this tool's tags are removed, the package stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The identity in its tag.
    pub identity: Identity,
    /// The live package.
    pub id: PackageId,
    /// The tag keys to remove.
    pub tag_keys: BTreeSet<String>,
}

/// A package to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retirement {
    /// The identity in its tag.
    pub identity: Identity,
    /// The live package.
    pub id: PackageId,
    /// The CENs to detach it from first.
    pub detach: BTreeSet<CenId>,
    /// True if the service lets it be deleted: postpaid or expired.
    pub delete: bool,
    /// Its end, if known: a package that is not deleted is charged until then.
    pub expires: Option<Timestamp>,
    /// Its renewal, if it is known: a package that renews itself is charged beyond its end.
    pub renewal: Option<Renewal>,
}

/// A value before and after a change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delta<T> {
    /// The value in the listing.
    pub from: T,
    /// The value in the spec.
    pub to: T,
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// The renewal at the end of the term. Each renewal is charged.
    AutoRenew {
        /// The renewal, before and after.
        value: Delta<Renewal>,
        /// The product of the package.
        product: Product,
    },
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
            Self::AutoRenew { .. } => Field::AutoRenew,
        }
    }

    /// Its values before and after, for every form that shows them.
    pub fn values(&self) -> Delta<FieldValue<'_>> {
        match self {
            Self::Bandwidth(Delta { from, to }) => {
                Delta { from: FieldValue::Mbps(*from), to: FieldValue::Mbps(*to) }
            }
            Self::Name(Delta { from, to }) | Self::Description(Delta { from, to }) => {
                Delta { from: FieldValue::Text(from), to: FieldValue::Text(to) }
            }
            Self::Tag { key: _, value: Delta { from, to } } => {
                Delta { from: FieldValue::Tag(from.as_deref()), to: FieldValue::Tag(to.as_deref()) }
            }
            Self::Cen(Delta { from, to }) => {
                Delta { from: FieldValue::Cen(from.as_ref()), to: FieldValue::Cen(to.as_ref()) }
            }
            Self::ResourceGroup(Delta { from, to }) => {
                Delta { from: FieldValue::Group(from.as_deref()), to: FieldValue::Group(to.as_deref()) }
            }
            Self::AutoRenew { value: Delta { from, to }, product: _ } => {
                Delta { from: FieldValue::Renewal(*from), to: FieldValue::Renewal(*to) }
            }
        }
    }

    /// True if it adds bandwidth, which charges.
    pub fn charges(&self) -> bool {
        matches!(self, Self::Bandwidth(Delta { from, to }) if to > from)
    }

    /// True if it takes bandwidth away, for which the service may give money back.
    pub fn shrinks(&self) -> bool {
        matches!(self, Self::Bandwidth(Delta { from, to }) if to < from)
    }

    /// True if the package renews itself from then on, and did not before: consent to a charge at each end.
    pub fn turns_renewal_on(&self) -> bool {
        matches!(self, Self::AutoRenew { value: Delta { from: Renewal::Off, to: Renewal::Months(_) }, .. })
    }

    /// True if it takes the package from a CEN.
    pub fn interrupts_traffic(&self) -> bool {
        matches!(self, Self::Cen(Delta { from: Some(_), .. }))
    }
}

/// A value of a field. Its display form is what a person reads, its serialized form is that of the spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum FieldValue<'a> {
    /// A bandwidth.
    Mbps(Mbps),
    /// A name or a description.
    Text(&'a str),
    /// The value of a tag; `None` means that the key is absent.
    Tag(Option<&'a str>),
    /// A CEN; `None` means detached.
    Cen(Option<&'a CenId>),
    /// A resource group; `None` means that none is listed.
    Group(Option<&'a str>),
    /// A renewal, as the fields `autoRenew` and `autoRenewDuration`.
    #[serde(serialize_with = "as_declared")]
    Renewal(Renewal),
}

fn as_declared<S: Serializer>(renewal: &Renewal, serializer: S) -> Result<S::Ok, S::Error> {
    let mut fields = serializer.serialize_map(None)?;
    fields.serialize_entry("autoRenew", &(*renewal != Renewal::Off))?;
    if let Renewal::Months(months) = renewal {
        fields.serialize_entry("autoRenewDuration", months)?;
    }
    fields.end()
}

/// New bandwidth, in Mbps, by its origin. A downgrade adds nothing and makes no room for another change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewMbps {
    /// The bandwidth of all purchases.
    pub by_purchase: u64,
    /// The growth of existing packages.
    pub by_upgrade: u64,
}

impl NewMbps {
    /// All of it: the number that limits count.
    pub fn total(self) -> u64 {
        self.by_purchase + self.by_upgrade
    }
}

/// As every summary shows it.
impl Serialize for NewMbps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut figures = serializer.serialize_struct("NewMbps", 3)?;
        figures.serialize_field("new_mbps", &self.total())?;
        figures.serialize_field("purchase_mbps", &self.by_purchase)?;
        figures.serialize_field("upgrade_mbps", &self.by_upgrade)?;
        figures.end()
    }
}
