//! Small worlds for the tests of this crate: builders of declared and live packages, and a model of the
//! service that executes plans.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_diff::{
    BusinessStatus, Change, FieldChange, Live, LiveCharge, LiveRenewal, Observed, Options, Plan, Product,
    Reservation, ReservationKind, Share, Subscription,
};
use cenbwp_spec::{
    Address, Area, AreaPair, Charge, Desired, Generation, Identity, Limits, Manage, Mbps, Package, PackageId,
    Place, Prepay, Renewal, Spec, Stack, Tags, Term,
};
use jiff::{SignedDuration, Timestamp};

pub(crate) const TERMS: Prepay =
    Prepay { term: Term::Months(1), auto_pay: true, renewal: Renewal::Months(1) };

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn id(text: &str) -> PackageId {
    text.parse().unwrap()
}

pub(crate) fn identity(text: &str) -> Identity {
    text.parse().unwrap()
}

pub(crate) fn pair(a: &str, b: &str) -> AreaPair {
    AreaPair::new(Area::new(a), Area::new(b))
}

pub(crate) fn options() -> Options {
    Options {
        now: time("2026-01-01T00:00:00Z"),
        targets: None,
        skip_held: false,
        expiring_within: SignedDuration::from_hours(14 * 24),
        max_purchases: None,
        max_new_mbps: None,
    }
}

/// A package that declares only the required fields.
pub(crate) fn package(address: &str) -> Package {
    Package {
        address: address.parse::<Address>().unwrap(),
        generation: Generation::FIRST,
        areas: pair("China", "Europe"),
        bandwidth: Mbps(100),
        name: None,
        description: None,
        charge: Charge::Prepay(TERMS),
        renewal: None,
        tags: Tags::default(),
        cen: Desired::Unmanaged,
        resource_group: None,
        adopt: None,
        moved_from: None,
        distinct_from: BTreeSet::new(),
        ignore: BTreeSet::new(),
        allow_interruption: false,
        manage: Manage::Full,
        place: Place::default(),
    }
}

pub(crate) fn spec(packages: impl IntoIterator<Item = Package>) -> Spec {
    let mut spec = Spec::default();
    for package in packages {
        let Address { stack, package: name } = package.address.clone();
        let empty = Stack {
            account: None,
            limits: Limits::default(),
            packages: BTreeMap::new(),
            sources: BTreeSet::new(),
        };
        spec.stacks.entry(stack).or_insert(empty).packages.insert(name, package);
    }
    spec
}

/// The package that a purchase for `package(address)` would have made, or one without an owner.
pub(crate) fn live(id: &str, owner: Option<&str>) -> Live {
    let mut tags = BTreeMap::new();
    if let Some(owner) = owner {
        tags.insert(Identity::TAG.to_owned(), owner.to_owned());
    }
    let address = owner.map(|owner| owner.replace('/', "-"));
    Live {
        id: id.parse().unwrap(),
        name: address.unwrap_or_else(|| format!("name-of-{id}")),
        description: String::new(),
        areas: pair("China", "Europe"),
        bandwidth: Mbps(100),
        charge: LiveCharge::Prepay,
        cens: Vec::new(),
        resource_group: Some("rg-default".to_owned()),
        tags: tags.into(),
        business: BusinessStatus::Normal,
        expires: Some(time("2026-12-01T16:00:00Z")),
        reservation: None,
        shares: Some(Vec::new()),
        renewal: LiveRenewal::NotAsked,
    }
}

/// The shares of a package that regions use, in the order of a listing.
pub(crate) fn shares<const N: usize>(mbps: [u32; N]) -> Option<Vec<Share>> {
    let regions = |n: usize| ["cn-hangzhou".to_owned(), format!("eu-central-{}", n + 1)];
    let share = |(n, mbps)| Share { regions: regions(n), bandwidth: Mbps(mbps) };
    Some(mbps.into_iter().enumerate().map(share).collect())
}

pub(crate) fn observed(packages: impl IntoIterator<Item = Live>) -> Observed {
    Observed {
        packages: packages.into_iter().collect(),
        unreadable: Vec::new(),
        complete: true,
        pairs: None,
        prices: None,
    }
}

pub(crate) fn reserved(kind: ReservationKind, bandwidth: Option<u32>) -> Option<Reservation> {
    Some(Reservation { kind, bandwidth: bandwidth.map(Mbps), at: Some(time("2026-01-05T16:00:00Z")) })
}

/// A renewal as the billing service shows it.
pub(crate) fn renews(renewal: Renewal) -> LiveRenewal {
    let product = Product { code: "cbn".to_owned(), kind: "bwp".to_owned() };
    LiveRenewal::Known(Subscription { renewal, product })
}

/// Executes a plan in the model, as the service would if nothing failed.
pub(crate) fn carry_out(plan: &Plan, observed: &Observed) -> Observed {
    let mut after = observed.clone();
    for change in &plan.changes {
        if let Change::Purchase(purchase) = change {
            after.packages.push(Live {
                id: format!("cenbwp-new-{}", purchase.identity.to_string().replace('/', "-"))
                    .parse()
                    .unwrap(),
                name: purchase.name.clone(),
                description: purchase.description.clone().unwrap_or_default(),
                areas: purchase.areas.clone(),
                bandwidth: purchase.bandwidth,
                tags: purchase.tags.clone().into(),
                resource_group: None,
                ..live("cenbwp-x", None)
            });
            apply_fields(after.packages.last_mut().unwrap(), &purchase.follow_ups);
            continue;
        }
        let id = match change {
            Change::Purchase(_) => unreachable!("handled above"),
            Change::Update(update) => &update.id,
            Change::Adopt(adoption) => &adoption.id,
            Change::Move(moved) => &moved.id,
            Change::Release(release) => &release.id,
            Change::Retire(retirement) => &retirement.id,
        };
        let at = after.packages.iter().position(|live| live.id == *id).unwrap();
        let target = &mut after.packages[at];
        match change {
            Change::Purchase(_) => {}
            Change::Update(update) => apply_fields(target, &update.fields),
            Change::Adopt(adoption) => {
                target.tags.extend(adoption.tags.clone());
                apply_fields(target, &adoption.fields);
            }
            Change::Move(moved) => {
                target.tags.insert(Identity::TAG.to_owned(), moved.identity.to_string());
                apply_fields(target, &moved.fields);
            }
            Change::Release(release) => target.tags.retain(|key| !release.tag_keys.contains(key)),
            Change::Retire(retirement) => {
                target.cens.retain(|cen| !retirement.detach.contains(cen));
                if retirement.delete {
                    after.packages.remove(at);
                }
            }
        }
    }
    after
}

fn apply_fields(live: &mut Live, fields: &[FieldChange]) {
    for field in fields {
        match field.clone() {
            FieldChange::Bandwidth(mbps) => {
                // The order replaces the reservation, so both bandwidths are the new one.
                live.reservation = None;
                live.bandwidth = mbps.to;
            }
            FieldChange::Name(text) => live.name = text.to,
            FieldChange::Description(text) => live.description = text.to,
            FieldChange::Tag { key, value } => match value.to {
                Some(value) => drop(live.tags.insert(key, value)),
                None => drop(live.tags.remove(&key)),
            },
            FieldChange::Cen(cen) => live.cens = cen.to.into_iter().collect(),
            FieldChange::ResourceGroup(group) => live.resource_group = group.to,
            FieldChange::AutoRenew { value, .. } => live.renewal = renews(value.to),
        }
    }
}
