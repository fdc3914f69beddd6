//! What the laws compare, one package at a time.

use std::collections::BTreeSet;

use cenbwp_spec::{AreaPair, Charge, Field, Identity, Manage, Mbps, Package, Wish};

use crate::{ChargeType, FieldChange, Live, Purchase, Reservation, ReservationKind};

/// Two areas as one key, without regard to case.
pub(super) fn areas(pair: &AreaPair) -> String {
    pair.both().map(|area| area.as_str().to_ascii_lowercase()).join("/")
}

/// Every parameter of a purchase, and whether it is as declared.
pub(super) fn as_declared(package: &Package, purchase: &Purchase) -> [(&'static str, bool); 8] {
    let Purchase { identity, areas, bandwidth, name, description, terms, tags, then } = purchase;
    let foreign = |key: &String| {
        let wanted = package.tags.get(key).is_some_and(|value| value.as_ref() == tags.get(key));
        !(wanted && !is_reserved(key) || key == Identity::TAG || key == Identity::TERMS_TAG)
    };
    let carries = |key, value: String| tags.get(key) == Some(&value);
    let omitted = |(key, value): (&String, &Option<String>)| {
        value.is_some() && !is_reserved(key) && !tags.contains_key(key)
    };
    let tagged = !tags.keys().any(foreign) && !package.tags.iter().any(omitted);
    // The package as it is right after the purchase, and what is to be done about the rest.
    let cen = wish(&package.cen).filter(|_| !package.ignore.contains(&Field::CenId));
    let group = package.resource_group.as_ref().filter(|_| !package.ignore.contains(&Field::ResourceGroupId));
    let follows = then.iter().all(|change| match change {
        FieldChange::Cen(delta) => delta.from.is_none() && delta.to.is_some() && delta.to.as_ref() == cen,
        FieldChange::ResourceGroup(delta) => {
            delta.from.is_none() && delta.to.is_some() && delta.to.as_ref() == group
        }
        _ => false,
    });
    let wanted = usize::from(cen.is_some()) + usize::from(group.is_some());
    [
        ("manage", package.manage == Manage::Full && package.adopt.is_none()),
        ("areas", *areas == package.areas),
        ("bandwidth", *bandwidth == package.bandwidth),
        ("name", *name == package.purchase_name()),
        ("description", description.as_deref().unwrap_or("") == package.description.as_deref().unwrap_or("")),
        (
            "terms",
            package.charge == Charge::Prepay(*terms) && carries(Identity::TERMS_TAG, terms.to_string()),
        ),
        ("tags", carries(Identity::TAG, identity.to_string()) && tagged),
        ("then", follows && then.len() == wanted),
    ]
}

fn wish<T>(wish: &Wish<T>) -> Option<&T> {
    match wish {
        Wish::Present(value) => Some(value),
        Wish::Absent | Wish::Unmanaged => None,
    }
}

/// Tells whether the live charge type is surely another than the declared one.
pub(super) fn other_charge(package: &Package, live: &Live) -> bool {
    match live.charge {
        ChargeType::Prepay => package.charge == Charge::Postpay,
        ChargeType::Postpay => package.charge != Charge::Postpay,
        ChargeType::Other(_) => false,
    }
}

/// Tells whether the change goes from what is listed to what is declared, and the two differ.
pub(super) fn asked(package: &Package, live: &Live, change: &FieldChange) -> bool {
    match change {
        FieldChange::Bandwidth(d) => {
            let falls_back =
                |r: &Reservation| r.kind != ReservationKind::TempUpgrade || r.bandwidth.is_some();
            let known = live.reservation.as_ref().is_none_or(falls_back);
            let listed = d.from == live.lasting_bandwidth() && known && ordered(live) != Some(d.to);
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
            let managed = !matches!(package.cen, Wish::Unmanaged);
            let listed = d.from.iter().eq(live.cens.iter());
            managed && listed && d.to.as_ref() == wish(&package.cen) && d.from != d.to
        }
    }
}

/// The declared fields that differ and are not to be left as they are.
pub(super) fn differing(package: &Package, live: &Live) -> BTreeSet<Field> {
    let same = |field: Field| match field {
        Field::Bandwidth => {
            live.lasting_bandwidth() == package.bandwidth || ordered(live) == Some(package.bandwidth)
        }
        Field::Name => package.name.as_ref().is_none_or(|name| *name == live.name),
        Field::Description => package.description.as_ref().is_none_or(|text| *text == live.description),
        Field::ResourceGroupId => {
            package.resource_group.is_none() || package.resource_group == live.resource_group
        }
        Field::CenId => match &package.cen {
            Wish::Unmanaged => true,
            Wish::Absent => live.cens.is_empty(),
            Wish::Present(cen) => live.cens.iter().eq([cen]),
        },
        Field::Tags => {
            package.tags.iter().all(|(key, value)| is_reserved(key) || live.tags.get(key) == value.as_ref())
        }
    };
    Field::ALL.into_iter().filter(|field| !package.ignore.contains(field) && !same(*field)).collect()
}

/// The bandwidth that is ordered for good and not in force yet.
fn ordered(live: &Live) -> Option<Mbps> {
    let reservation = live.reservation.as_ref()?;
    if reservation.kind == ReservationKind::TempUpgrade { None } else { reservation.bandwidth }
}

/// Keys that are not the spec's to set: ours and the service's own.
fn is_reserved(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    key == Identity::TAG
        || key == Identity::TERMS_TAG
        || lower.starts_with("aliyun")
        || lower.starts_with("acs:")
}
