//! The state of the service: packages, CENs, and every order ever placed. Tests can edit all of it
//! and save it as JSON.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ledger::{Order, TokenRecord};
use crate::renewal::{Renewal, RenewalSet};

/// Everything the service remembers.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct World {
    /// Every package, in listing order: the newest first.
    pub packages: Vec<Package>,
    /// Every CEN. No operation makes one; tests and seeds do.
    pub cens: Vec<Cen>,
    /// The ledger: every order ever placed, in order.
    pub orders: Vec<Order>,
    /// The record of each `ClientToken`.
    pub tokens: BTreeMap<String, TokenRecord>,
    /// Every renewal that was ever set, in order. Each is consent to charges, or the end of it.
    pub renewals: Vec<RenewalSet>,
    /// The number of listings that were begun; anything hidden "for n listings" counts on it. Not saved:
    /// after a restart everything is visible.
    #[serde(skip)]
    pub(crate) listings: u64,
    #[serde(skip)]
    pub(crate) billing_reads: u64,
}

/// One bandwidth package.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// `cenbwp-…`.
    pub id: String,
    /// Display name, maybe empty.
    pub name: String,
    /// Description, maybe empty.
    pub description: String,
    /// Mbps.
    pub bandwidth: i64,
    /// `PREPAY` or `POSTPAY`.
    pub charge_type: String,
    /// Area A as Describe shows it: lower case.
    pub area_a: String,
    /// Area B as Describe shows it: lower case.
    pub area_b: String,
    /// `Normal`, `FinancialLocked` or `SecurityLocked`.
    pub business_status: String,
    /// The time of purchase.
    pub created: Timestamp,
    /// The time at which it expires, unless renewed.
    pub expires: Timestamp,
    /// `rg-…`.
    pub resource_group_id: String,
    /// A pending or temporary change.
    pub reservation: Option<Reservation>,
    /// The CEN it is attached to; the wire has a list of at most one.
    pub cen_ids: Vec<String>,
    /// The bandwidth that pairs of regions use, each above zero.
    #[serde(default)]
    pub limits: Vec<InterRegionLimit>,
    /// In the order they were given.
    pub tags: Vec<Tag>,
    /// True if its first order was paid; listings do not show an unpaid package.
    pub paid: bool,
    /// Its renewal at the end of the term, which only the billing service shows.
    #[serde(default)]
    pub renewal: Renewal,
    /// Fields whose wire value is replaced by this one, e.g. to make an item unreadable.
    #[serde(default)]
    pub overrides: BTreeMap<String, Value>,
    /// Fields that are left out on the wire.
    #[serde(default)]
    pub omitted: BTreeSet<String>,
    #[serde(skip)]
    pub(crate) hidden: Hidden,
    #[serde(skip)]
    pub(crate) tags_hidden: Hidden,
    #[serde(skip)]
    pub(crate) outdated: Option<Box<Outdated>>,
    /// The renewal that reads of the billing service show until this is over.
    #[serde(skip)]
    pub(crate) renewal_before: Option<(Hidden, Renewal)>,
}

/// Values that listings show for a while after they were changed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outdated {
    pub(crate) hides: Hidden,
    name: String,
    description: String,
    bandwidth: i64,
    resource_group_id: String,
}

impl Package {
    /// A plain prepaid package: paid, normal, untagged, unattached, running from 2025-01-01 to 2099-01-01.
    /// Areas are given as Describe shows them: `china`, `europe`.
    pub fn new(id: &str, areas: [&str; 2], bandwidth: i64) -> Self {
        let day = |text: &str| text.parse().expect("a fixed date");
        Self {
            id: id.into(),
            name: String::new(),
            description: String::new(),
            bandwidth,
            charge_type: "PREPAY".into(),
            area_a: areas[0].into(),
            area_b: areas[1].into(),
            business_status: "Normal".into(),
            created: day("2025-01-01T00:00:00Z"),
            expires: day("2099-01-01T00:00:00Z"),
            resource_group_id: "rg-default".into(),
            reservation: None,
            cen_ids: Vec::new(),
            limits: Vec::new(),
            tags: Vec::new(),
            paid: true,
            renewal: Renewal::default(),
            overrides: BTreeMap::new(),
            omitted: BTreeSet::new(),
            hidden: Hidden::default(),
            tags_hidden: Hidden::default(),
            outdated: None,
            renewal_before: None,
        }
    }

    /// Returns the same package with one more tag.
    #[must_use]
    pub fn tagged(mut self, key: &str, value: &str) -> Self {
        self.tags.push(Tag { key: key.into(), value: value.into() });
        self
    }

    /// Returns the same package with so many Mbps of it used between two regions, e.g. `cn-hangzhou` and `us-west-1`.
    #[must_use]
    pub fn used(mut self, local: &str, opposite: &str, mbps: i64) -> Self {
        self.limits.push(InterRegionLimit { local: local.into(), opposite: opposite.into(), mbps });
        self
    }

    /// The bandwidth that regions use.
    pub fn given(&self) -> i64 {
        self.limits.iter().map(|limit| limit.mbps).sum()
    }

    /// Returns the tag's value, if it is there.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
    }

    /// Lets listings show the present values until `hides` is over, even if they change.
    pub(crate) fn outdate(&mut self, hides: Hidden) {
        let Self { name, description, bandwidth, resource_group_id, .. } = self.clone();
        self.outdated = Some(Box::new(Outdated { hides, name, description, bandwidth, resource_group_id }));
    }

    /// Returns the package as a listing shows it that shows outdated values.
    pub(crate) fn as_before(&self) -> Self {
        let mut shown = self.clone();
        if let Some(Outdated { hides: _, name, description, bandwidth, resource_group_id }) =
            self.outdated.as_deref().cloned()
        {
            shown = Self { name, description, bandwidth, resource_group_id, ..shown };
        }
        shown
    }

    /// Returns the renewal that a read of the billing service shows; `read` is its number.
    pub(crate) fn shown_renewal(&self, read: u64, now: Timestamp) -> &Renewal {
        let before = self.renewal_before.as_ref().filter(|(hides, _)| hides.at(read, now));
        before.map_or(&self.renewal, |(_, before)| before)
    }

    /// `europe_china`: both samples of the vendor's pages put the later name first, whatever A and B are.
    pub(crate) fn span(&self) -> String {
        let (low, high) = if self.area_a < self.area_b {
            (&self.area_a, &self.area_b)
        } else {
            (&self.area_b, &self.area_a)
        };
        format!("{high}_{low}")
    }

    /// Removes a seed's pin of a wire field, because the field now changes.
    pub(crate) fn unpin(&mut self, field: &str) {
        self.overrides.remove(field);
        self.omitted.remove(field);
    }
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Tag {
    /// 1 to 64 characters.
    pub key: String,
    /// Up to 128 characters.
    pub value: String,
}

/// A change that is pending, or a temporary one that will be reverted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Reservation {
    /// `UPGRADE`, `TEMP_UPGRADE`…
    pub order_type: String,
    /// The bandwidth from then on in Mbps, a string on the wire.
    pub bandwidth: String,
    /// The time of the change, as the wire shows it.
    pub active_time: String,
    /// `PREPAY`.
    pub charge_type: String,
}

/// A condition that hides something from listings for a while.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hidden {
    /// The number of the first listing that shows it; 0 if it does not depend on listings.
    pub(crate) first_listing: u64,
    /// The time from which it is shown.
    pub(crate) until: Option<Timestamp>,
}

impl Hidden {
    /// Hides from the next `listings` listings after the one numbered `last`, and from all listings for
    /// `delay`. A renewal is hidden from reads of the billing service in the same way.
    pub(crate) fn after(last: u64, listings: u64, now: Timestamp, delay: std::time::Duration) -> Self {
        Self {
            first_listing: if listings == 0 { 0 } else { last.saturating_add(listings).saturating_add(1) },
            until: if delay.is_zero() { None } else { now.checked_add(delay).ok() },
        }
    }

    pub(crate) fn at(self, listing: u64, now: Timestamp) -> bool {
        listing < self.first_listing || self.until.is_some_and(|until| now < until)
    }
}

/// One Cloud Enterprise Network.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cen {
    /// `cen-…`.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Description.
    pub description: String,
    /// `Active`, `Creating` or `Deleting`.
    pub status: String,
    /// `rg-…`.
    pub resource_group_id: String,
    /// In the order they were given.
    pub tags: Vec<Tag>,
}

impl Cen {
    /// An active CEN without tags.
    pub fn new(id: &str) -> Self {
        Self {
            id: id.into(),
            name: String::new(),
            description: String::new(),
            status: "Active".into(),
            resource_group_id: "rg-default".into(),
            tags: Vec::new(),
        }
    }
}

/// Bandwidth of a package given to a pair of regions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct InterRegionLimit {
    /// e.g. `cn-hangzhou`.
    pub local: String,
    /// e.g. `us-west-1`.
    pub opposite: String,
    /// Mbps.
    pub mbps: i64,
}

impl World {
    /// The package of this id, listed or not.
    pub fn package(&self, id: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.id == id)
    }

    /// The package of this id, to be changed.
    pub fn package_mut(&mut self, id: &str) -> Option<&mut Package> {
        self.packages.iter_mut().find(|package| package.id == id)
    }

    /// Pays an unpaid order in the order centre; its package appears. Returns whether there was one.
    pub fn pay(&mut self, order_id: &str) -> bool {
        let Some(order) = self.orders.iter_mut().find(|order| order.order_id == order_id && !order.paid)
        else {
            return false;
        };
        order.paid = true;
        let id = order.package_id.clone();
        self.package_mut(&id).map(|package| package.paid = true).is_some()
    }

    /// Lets a package expire at `since`, and locks it for money.
    pub fn expire(&mut self, id: &str, since: Timestamp) {
        if let Some(package) = self.package_mut(id) {
            package.expires = since;
            package.business_status = "FinancialLocked".into();
        }
    }

    /// Counts a listing when its first page is asked for; without a number, that is the first one.
    pub(crate) fn count_listing(&mut self, page: Option<i64>) {
        if page.is_none_or(|page| page == 1) {
            self.listings += 1;
        }
    }

    /// Reports whether only changes can make a later listing differ, and neither time nor the number of
    /// listings.
    pub(crate) fn is_steady(&self, now: Timestamp) -> bool {
        self.packages.iter().all(|package| {
            package.reservation.as_ref().is_none_or(|reservation| reservation.order_type != "TEMP_UPGRADE")
                && !package.hidden.at(self.listings, now)
                && !package.tags_hidden.at(self.listings, now)
                && package.outdated.as_ref().is_none_or(|outdated| !outdated.hides.at(self.listings, now))
        })
    }

    /// Makes the changes that time brings: temporary upgrades end.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        for package in &mut self.packages {
            let over = package.reservation.as_ref().filter(|reservation| {
                reservation.order_type == "TEMP_UPGRADE"
                    && reservation.active_time.parse::<Timestamp>().is_ok_and(|end| end <= now)
            });
            if let Some(bandwidth) = over.and_then(|reservation| reservation.bandwidth.parse().ok()) {
                package.bandwidth = bandwidth;
                package.reservation = None;
            }
        }
    }
}
