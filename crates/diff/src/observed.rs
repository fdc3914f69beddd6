//! What one full listing of the account showed, in our own words.

use cenbwp_spec::{AreaPair, CenId, Identity, Mbps, PackageId, Tags};
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
    /// Whether the listing is known to be whole. A recording may not be; a listing from the service
    /// that is not whole is an error before it gets here.
    pub complete: bool,
}

/// An item of the listing that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct Unreadable {
    /// Its id, if that much could be read.
    pub id: Option<PackageId>,
    /// What was found and what was expected.
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
    /// How it is paid for.
    pub charge: ChargeType,
    /// The CENs it is attached to, sorted: none or one today; the reply is a list.
    pub cens: Vec<CenId>,
    /// Its resource group, if the listing names one.
    pub resource_group: Option<String>,
    /// Every tag, system tags included.
    pub tags: Tags,
    /// Whether it works, as far as money and security are concerned.
    pub business: Business,
    /// When it ends, if the listing says so.
    pub expires: Option<Timestamp>,
    /// A change that is ordered and not in force yet, or in force for a while.
    pub reservation: Option<Reservation>,
}

impl Live {
    /// Who owns it, by its identity tag.
    pub fn owner(&self) -> Owner {
        match self.tags.get(Identity::TAG) {
            None => Owner::Nobody,
            Some(text) => text.parse().map_or_else(|_| Owner::Unclear(text.clone()), Owner::Identity),
        }
    }

    /// Tells whether its end lies at or before `now`. Unknown ends have not come.
    pub fn expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    /// The bandwidth that lasts: the reserved one while a temporary upgrade runs.
    pub fn lasting_bandwidth(&self) -> Mbps {
        match &self.reservation {
            Some(Reservation { kind: ReservationKind::TempUpgrade, bandwidth: Some(after), .. }) => *after,
            _ => self.bandwidth,
        }
    }
}

/// Whom the identity tag names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// There is no identity tag.
    Nobody,
    /// The tag names this identity.
    Identity(Identity),
    /// The tag is there and is not an identity: somebody wrote it by hand. It may be anybody's.
    Unclear(String),
}

/// How a live package is paid for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ChargeType {
    /// Bought for a term.
    Prepay,
    /// Paid by use.
    Postpay,
    /// A word that is not known here.
    Other(String),
}

/// Whether a package works, as far as money and security are concerned.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Business {
    /// It works.
    Normal,
    /// It is locked, or in a state that is not known here; the service's word for it.
    Locked(String),
}

/// A change that is ordered and not in force yet, or in force for a while.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct Reservation {
    /// What was ordered.
    pub kind: ReservationKind,
    /// The bandwidth after it: for a temporary upgrade the one it falls back to.
    pub bandwidth: Option<Mbps>,
    /// When that happens.
    pub at: Option<Timestamp>,
}

/// What kind of change is pending.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ReservationKind {
    /// More bandwidth for a while.
    TempUpgrade,
    /// A change of bandwidth for good.
    Upgrade,
    /// A word that is not known here.
    Other(String),
}
