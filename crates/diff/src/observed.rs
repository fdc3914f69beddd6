//! The account as one full listing showed it, apart from the vendor's names.

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_spec::{AreaPair, CenId, Identity, Mbps, Money, PackageId, Renewal, Tags};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The account's packages as one listing showed them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct Observed {
    /// The packages that could be read, each id once, in any order.
    pub packages: Vec<Live>,
    /// The items that could not. Each of them may be any package, so none is forgotten.
    pub unreadable: Vec<Unreadable>,
    /// True if the listing is known to be whole. A recording may not be; a listing from the service
    /// that is not whole is an error before it gets here.
    pub complete: bool,
    /// The pairs of areas that the service lists as sold; `None` if the run did not ask, or it did not say.
    // A saved plan without a purchase is the same as before there were pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs: Option<BTreeSet<AreaPair>>,
    /// The prices of purchases, which no listing shows; `None` if they were not asked for. A purchase that is not among
    /// them has no known price.
    // A saved plan that asks for none is the same as before there were prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<BTreeMap<Identity, Price>>,
}

/// The price of a purchase, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Price {
    /// The amount to pay for the whole term, discounts deducted.
    Known(Money),
    /// Not known, for this reason. That is not free.
    Unknown(String),
}

impl Observed {
    /// Puts what was read about the renewal of these packages to each of them.
    pub fn set_renewals(&mut self, mut read: BTreeMap<PackageId, LiveRenewal>) {
        for live in &mut self.packages {
            if let Some(renewal) = read.remove(&live.id) {
                live.renewal = renewal;
            }
        }
    }

    /// Takes what was read about renewal away: another listing does not show it.
    pub fn take_renewals(&mut self) -> BTreeMap<PackageId, LiveRenewal> {
        let asked = self.packages.iter_mut().filter(|live| live.renewal != LiveRenewal::NotAsked);
        asked.map(|live| (live.id.clone(), std::mem::take(&mut live.renewal))).collect()
    }
}

/// An item of the listing that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct Unreadable {
    /// Its id, if that much could be read.
    pub id: Option<PackageId>,
    /// The reason: the found and the expected value.
    pub reason: String,
}

/// One package as the service shows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct Live {
    /// The service's id.
    pub id: PackageId,
    /// The display name; empty if it has none.
    pub name: String,
    /// The description; empty if it has none.
    pub description: String,
    /// The areas it connects.
    pub areas: AreaPair,
    /// The bandwidth it has now, a temporary upgrade included.
    pub bandwidth: Mbps,
    /// The way it is paid for.
    pub charge: LiveCharge,
    /// The CENs it is attached to, sorted: none or one today; the reply is a list.
    pub cens: Vec<CenId>,
    /// Its resource group, if the listing names one.
    pub resource_group: Option<String>,
    /// Every tag, system tags included.
    pub tags: Tags,
    /// Its business status: normal, or locked for money or security.
    pub business: BusinessStatus,
    /// Its end, if the listing names one.
    pub expires: Option<Timestamp>,
    /// A change that is ordered and not in force yet, or in force for a while.
    pub reservation: Option<Reservation>,
    /// The bandwidth that pairs of regions use, the largest first; `None` if it is not known, which is not none.
    pub shares: Option<Vec<Share>>,
    /// Its renewal, which the listing does not show.
    // A saved plan that asks for none is the same as before there was renewal.
    #[serde(default, skip_serializing_if = "LiveRenewal::is_not_asked")]
    pub renewal: LiveRenewal,
}

impl Live {
    /// The owner, by its identity tag.
    pub fn owner(&self) -> Owner {
        match self.tags.get(Identity::TAG) {
            None => Owner::Nobody,
            Some(text) => text.parse().map_or_else(|_| Owner::Malformed(text.clone()), Owner::Identity),
        }
    }

    /// True if its end lies at or before `now`. Unknown ends have not come.
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    /// The permanent bandwidth: the reserved one while a temporary upgrade runs.
    pub fn permanent_bandwidth(&self) -> Mbps {
        let fallback = self.reservation.as_ref().and_then(|reservation| match reservation.kind {
            ReservationKind::TempUpgrade => reservation.bandwidth,
            ReservationKind::Upgrade | ReservationKind::Other(_) => None,
        });
        fallback.unwrap_or(self.bandwidth)
    }

    /// The sum of the bandwidth that regions use, if it is known.
    pub fn allocated(&self) -> Option<Mbps> {
        self.shares.as_deref().map(Share::sum)
    }

    /// True if a temporary upgrade runs and the listing does not name the bandwidth after it.
    pub fn fallback_is_unknown(&self) -> bool {
        let unknown = |it: &Reservation| it.kind == ReservationKind::TempUpgrade && it.bandwidth.is_none();
        self.reservation.as_ref().is_some_and(unknown)
    }
}

/// The owner that the identity tag names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// There is no identity tag.
    Nobody,
    /// The tag names this identity.
    Identity(Identity),
    /// The tag is there and is not an identity, written by hand perhaps. The package may be any stack's.
    Malformed(String),
}

/// The way a live package is paid for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LiveCharge {
    /// Bought for a term.
    Prepay,
    /// Paid by use.
    Postpay,
    /// An unknown word of the service.
    Other(String),
}

/// The renewal of a live package, as far as the billing service was asked for it. Unknown is not off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveRenewal {
    /// The run did not ask.
    #[default]
    NotAsked,
    /// The row of the package in the billing service.
    Known(Subscription),
    /// The reason for which it is not known.
    Unknown(String),
}

impl LiveRenewal {
    /// The renewal, if it is known.
    pub fn known(&self) -> Option<Renewal> {
        if let Self::Known(subscription) = self { Some(subscription.renewal) } else { None }
    }

    fn is_not_asked(&self) -> bool {
        *self == Self::NotAsked
    }
}

/// The row of a prepaid package in the billing service.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct Subscription {
    /// Its renewal.
    pub renewal: Renewal,
    /// Its product, which a change of the renewal has to name.
    pub product: Product,
}

/// A product in the words of the billing service. It differs between sites and between kinds of packages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct Product {
    /// The code of the product.
    pub code: String,
    /// The type of the product.
    pub kind: String,
}

/// The business status of a package: its state as far as money and security are concerned.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum BusinessStatus {
    /// It works.
    Normal,
    /// It is locked, or in an unknown state; the service's word for it.
    Locked(String),
}

/// A change that is ordered and not in force yet, or in force for a while.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct Reservation {
    /// The kind of the order.
    pub kind: ReservationKind,
    /// The bandwidth after it: for a temporary upgrade the one it falls back to.
    pub bandwidth: Option<Mbps>,
    /// The time of the change.
    pub at: Option<Timestamp>,
}

/// The bandwidth of a package that a pair of regions uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct Share {
    /// The two regions, in alphabetical order.
    pub regions: [String; 2],
    /// The bandwidth between them. Never zero.
    #[serde(rename = "mbps")]
    pub bandwidth: Mbps,
}

impl Share {
    /// The sum of all.
    pub fn sum(shares: &[Self]) -> Mbps {
        Mbps(shares.iter().fold(0, |sum, share| sum.saturating_add(share.bandwidth.0)))
    }
}

/// The kind of a pending change.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ReservationKind {
    /// More bandwidth for a while.
    TempUpgrade,
    /// A change of bandwidth for good.
    Upgrade,
    /// An unknown word of the service.
    Other(String),
}
