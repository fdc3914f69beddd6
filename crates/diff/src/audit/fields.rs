//! Comparisons of one declared package with one change or one live package, for the audit.

use std::collections::BTreeSet;

use cenbwp_spec::{
    AreaPair, Charge, DeclaredRenewal, Desired, Field, Identity, Manage, Mbps, Package, Renewal,
};

use crate::{FieldChange, Live, LiveCharge, LiveRenewal, Purchase, ReservationKind};

/// Returns two areas as one key, without regard to case.
pub(super) fn areas(pair: &AreaPair) -> String {
    pair.both().map(|area| area.as_str().to_ascii_lowercase()).join("/")
}

/// Returns every parameter of a purchase, and true if it is the spec's.
pub(super) fn matches_spec(package: &Package, purchase: &Purchase) -> [(&'static str, bool); 8] {
    let Purchase { identity, areas, bandwidth, name, description, terms, tags, follow_ups, price: _ } =
        purchase;
    let foreign = |key: &String| {
        let wanted = package.tags.get(key).is_some_and(|value| value.as_ref() == tags.get(key));
        !(wanted && !is_reserved(key) || key == Identity::TAG || key == Identity::TERMS_TAG)
    };
    let carries = |key, value: String| tags.get(key) == Some(&value);
    let omitted = |(key, value): (&String, &Option<String>)| {
        value.is_some() && !is_reserved(key) && !tags.contains_key(key)
    };
    let tagged = !tags.keys().any(foreign) && !package.tags.iter().any(omitted);
    // The fields that Create cannot set.
    let cen = desired(&package.cen).filter(|_| !package.ignore.contains(&Field::CenId));
    let group = package.resource_group.as_ref().filter(|_| !package.ignore.contains(&Field::ResourceGroupId));
    let follows = follow_ups.iter().all(|change| match change {
        FieldChange::Cen(delta) => delta.from.is_none() && delta.to.is_some() && delta.to.as_ref() == cen,
        FieldChange::ResourceGroup(delta) => {
            delta.from.is_none() && delta.to.is_some() && delta.to.as_ref() == group
        }
        FieldChange::Bandwidth(_)
        | FieldChange::Name(_)
        | FieldChange::Description(_)
        | FieldChange::AutoRenew { .. }
        | FieldChange::Tag { .. } => false,
    });
    let wanted = usize::from(cen.is_some()) + usize::from(group.is_some());
    [
        ("manage", package.manage == Manage::Full && package.adopt.is_none() && package.moved_from.is_none()),
        ("areas", *areas == package.areas),
        ("bandwidth", *bandwidth == package.bandwidth),
        ("name", *name == package.purchase_name()),
        ("description", description.as_deref().unwrap_or("") == package.description.as_deref().unwrap_or("")),
        (
            "terms",
            package.charge == Charge::Prepay(*terms) && carries(Identity::TERMS_TAG, terms.tag().to_string()),
        ),
        ("tags", carries(Identity::TAG, identity.to_string()) && tagged),
        ("follow_ups", follows && follow_ups.len() == wanted),
    ]
}

fn desired<T>(desired: &Desired<T>) -> Option<&T> {
    match desired {
        Desired::Present(value) => Some(value),
        Desired::Absent | Desired::Unmanaged => None,
    }
}

/// True if the live charge type is surely another than the declared one.
pub(super) fn other_charge(package: &Package, live: &Live) -> bool {
    match live.charge {
        LiveCharge::Prepay => package.charge == Charge::Postpay,
        LiveCharge::Postpay => package.charge != Charge::Postpay,
        LiveCharge::Other(_) => false,
    }
}

/// True if the change leads from the listed value to the declared one, and the two differ.
pub(super) fn is_requested(package: &Package, live: &Live, change: &FieldChange) -> bool {
    match change {
        FieldChange::Bandwidth(d) => {
            let known = !live.fallback_is_unknown();
            let listed = d.from == live.permanent_bandwidth() && known && ordered(live) != Some(d.to);
            listed && d.to == package.bandwidth && d.from != d.to
        }
        FieldChange::Name(d) => d.from == live.name && Some(&d.to) == package.name.as_ref() && d.from != d.to,
        FieldChange::Description(d) => {
            d.from == live.description && Some(&d.to) == package.description.as_ref() && d.from != d.to
        }
        FieldChange::Tag { key, value } => {
            let listed = value.from.as_ref() == live.tags.get(key);
            listed && package.tags.get(key) == Some(&value.to) && value.from != value.to && !is_reserved(key)
        }
        FieldChange::ResourceGroup(d) => {
            d.from == live.resource_group
                && d.to.is_some()
                && d.to == package.resource_group
                && d.from != d.to
        }
        FieldChange::Cen(d) => {
            let managed = !matches!(package.cen, Desired::Unmanaged);
            let listed = d.from.iter().eq(live.cens.iter());
            managed && listed && d.to.as_ref() == desired(&package.cen) && d.from != d.to
        }
        FieldChange::AutoRenew { value, product } => {
            let LiveRenewal::Known(row) = &live.renewal else { return false };
            let wanted = match package.renewal {
                None => false,
                Some(DeclaredRenewal::Off) => value.to == Renewal::Off,
                Some(DeclaredRenewal::On(declared)) => {
                    matches!(value.to, Renewal::Months(months) if months == declared.unwrap_or(1))
                }
            };
            let shown = value.from == row.renewal && *product == row.product;
            shown && wanted && settable(value.to) && !renewal_fits(package, live)
        }
    }
}

/// Returns the declared fields that differ and are not ignored.
///
/// The package is taken apart by name: a new field must be compared, or named here as not compared.
pub(super) fn differing(package: &Package, live: &Live) -> BTreeSet<Field> {
    let Package {
        bandwidth,
        name,
        description,
        tags,
        cen,
        resource_group,
        ignore,
        renewal,
        areas: _,
        charge: _,
        address: _,
        generation: _,
        adopt: _,
        moved_from: _,
        distinct_from: _,
        allow_interruption: _,
        manage: _,
        place: _,
    } = package;
    let same = |field: Field| match field {
        Field::AutoRenew => {
            let months = match renewal {
                Some(DeclaredRenewal::On(months)) => months.unwrap_or(1),
                Some(DeclaredRenewal::Off) | None => 1,
            };
            renewal_fits(package, live) || !settable(Renewal::Months(months))
        }
        Field::Bandwidth => live.permanent_bandwidth() == *bandwidth || ordered(live) == Some(*bandwidth),
        Field::Name => name.as_ref().is_none_or(|name| *name == live.name),
        Field::Description => description.as_ref().is_none_or(|text| *text == live.description),
        Field::ResourceGroupId => resource_group.is_none() || *resource_group == live.resource_group,
        Field::CenId => match cen {
            Desired::Unmanaged => true,
            Desired::Absent => live.cens.is_empty(),
            Desired::Present(cen) => live.cens.iter().eq([cen]),
        },
        Field::Tags => {
            tags.iter().all(|(key, value)| is_reserved(key) || live.tags.get(key) == value.as_ref())
        }
    };
    Field::ALL.into_iter().filter(|field| !ignore.contains(field) && !same(*field)).collect()
}

/// The sum of the bandwidth that regions use, as far as it is known.
pub(super) fn allocated(live: &Live) -> Option<Mbps> {
    let shares = live.shares.as_ref()?;
    let sum: u64 = shares.iter().map(|share| u64::from(share.bandwidth.0)).sum();
    Some(Mbps(u32::try_from(sum).unwrap_or(u32::MAX)))
}

/// True if the change takes bandwidth that regions are known to use.
pub(super) fn takes_allocated(live: &Live, change: &FieldChange) -> bool {
    let used = allocated(live).unwrap_or(Mbps(0));
    match change {
        FieldChange::Bandwidth(delta) => delta.to < used,
        FieldChange::Cen(delta) => delta.from.is_some() && used.0 > 0,
        FieldChange::Name(_)
        | FieldChange::Description(_)
        | FieldChange::Tag { .. }
        | FieldChange::AutoRenew { .. }
        | FieldChange::ResourceGroup(_) => false,
    }
}

/// True if nothing is known to be wrong with the renewal.
fn renewal_fits(package: &Package, live: &Live) -> bool {
    let (Some(declared), LiveRenewal::Known(row)) = (package.renewal, &live.renewal) else { return true };
    match (row.renewal, declared) {
        (Renewal::Off, DeclaredRenewal::Off) | (Renewal::Months(_), DeclaredRenewal::On(None)) => true,
        (Renewal::Months(live), DeclaredRenewal::On(Some(months))) => live == months,
        (Renewal::Off, DeclaredRenewal::On(_)) | (Renewal::Months(_), DeclaredRenewal::Off) => false,
    }
}

/// True if the billing service takes this renewal for a package that exists.
fn settable(renewal: Renewal) -> bool {
    match renewal {
        Renewal::Off | Renewal::Months(1 | 2 | 3 | 6 | 12 | 24 | 36 | 72 | 144) => true,
        Renewal::Months(_) => false,
    }
}

/// The permanent bandwidth that is ordered and not in force yet.
fn ordered(live: &Live) -> Option<Mbps> {
    let reservation = live.reservation.as_ref()?;
    if reservation.kind == ReservationKind::TempUpgrade { None } else { reservation.bandwidth }
}

/// True for keys that the spec may not set: this tool's and the service's own.
fn is_reserved(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    key == Identity::TAG
        || key == Identity::TERMS_TAG
        || lower.starts_with("aliyun")
        || lower.starts_with("acs:")
}
