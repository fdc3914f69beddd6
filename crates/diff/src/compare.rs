//! One declared package against one live package: what differs, field by field.

use cenbwp_spec::{CenId, Charge, Identity, Mbps, Package, Wish};

use crate::{ChargeType, Delta, FieldChange, Live, Reservation, ReservationKind};

/// What is fixed at purchase and differs: `areas`, `chargeType`. A charge type that is not known here is
/// no proof of a difference.
pub(crate) fn fixed_differences(package: &Package, live: &Live) -> Vec<(&'static str, Delta<String>)> {
    let mut differences = Vec::new();
    if package.areas != live.areas {
        differences.push(("areas", Delta { from: live.areas.to_string(), to: package.areas.to_string() }));
    }
    let charge = match (&live.charge, &package.charge) {
        (ChargeType::Prepay, Charge::Postpay) => Some(("PREPAY", "POSTPAY")),
        (ChargeType::Postpay, Charge::Prepay(_)) => Some(("POSTPAY", "PREPAY")),
        (ChargeType::Prepay, Charge::Prepay(_))
        | (ChargeType::Postpay, Charge::Postpay)
        | (ChargeType::Other(_), _) => None,
    };
    if let Some((from, to)) = charge {
        differences.push(("chargeType", Delta { from: from.to_owned(), to: to.to_owned() }));
    }
    differences
}

/// Every declared field that differs, ignored ones included, in the order of the calls.
///
/// Bandwidth comes first: it is the one that money decides, and a package should have its size before
/// traffic reaches it. Name, description and tags touch nothing else. The resource group comes late
/// because moving it may change who is allowed to do the rest, and the CEN last because it is the one
/// change that traffic notices.
pub(crate) fn differences(package: &Package, live: &Live) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    changes.extend(bandwidth(package.bandwidth, live).map(FieldChange::Bandwidth));
    changes.extend(text(package.name.as_ref(), &live.name).map(FieldChange::Name));
    changes.extend(text(package.description.as_ref(), &live.description).map(FieldChange::Description));
    changes.extend(tags(package, live));
    changes.extend(resource_group(package, live.resource_group.as_ref()));
    changes.extend(cen(&package.cen, live).map(FieldChange::Cen));
    changes
}

/// The fields that Create cannot set, as changes of the package that it will have made, ignored fields included.
pub(crate) fn after_purchase(package: &Package) -> Vec<FieldChange> {
    let mut changes: Vec<FieldChange> = resource_group(package, None).into_iter().collect();
    if let Wish::Present(cen) = &package.cen {
        changes.push(FieldChange::Cen(Delta { from: None, to: Some(cen.clone()) }));
    }
    changes
}

/// Tells whether a tag key may be declared and compared: not the service's own, not ours.
pub(crate) fn is_free(key: &str) -> bool {
    let starts =
        |prefix: &str| key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    !(starts("aliyun") || starts("acs:") || key == Identity::TAG || key == Identity::TERMS_TAG)
}

/// An order that is already placed for the declared bandwidth is not placed again.
fn bandwidth(declared: Mbps, live: &Live) -> Option<Delta<Mbps>> {
    let ordered = match &live.reservation {
        Some(Reservation {
            kind: ReservationKind::Upgrade | ReservationKind::Other(_), bandwidth, ..
        }) => *bandwidth,
        Some(Reservation { kind: ReservationKind::TempUpgrade, .. }) | None => None,
    };
    let from = live.lasting_bandwidth();
    (from != declared && ordered != Some(declared)).then_some(Delta { from, to: declared })
}

fn text(declared: Option<&String>, live: &str) -> Option<Delta<String>> {
    let to = declared.filter(|declared| *declared != live)?;
    Some(Delta { from: live.to_owned(), to: to.clone() })
}

fn tags(package: &Package, live: &Live) -> impl Iterator<Item = FieldChange> {
    let free = package.tags.iter().filter(|(key, _)| is_free(key));
    free.filter(|(key, declared)| live.tags.get(key) != declared.as_ref()).map(|(key, declared)| {
        let value = Delta { from: live.tags.get(key).cloned(), to: declared.clone() };
        FieldChange::Tag { key: key.clone(), value }
    })
}

fn resource_group(package: &Package, live: Option<&String>) -> Option<FieldChange> {
    let to = package.resource_group.as_ref().filter(|declared| Some(*declared) != live)?;
    Some(FieldChange::ResourceGroup(Delta { from: live.cloned(), to: Some(to.clone()) }))
}

/// With several CENs, the one named in `from` is the first that the spec does not want; the planner holds
/// such a change.
fn cen(wish: &Wish<CenId>, live: &Live) -> Option<Delta<Option<CenId>>> {
    let wanted = match wish {
        Wish::Unmanaged => return None,
        Wish::Absent => None,
        Wish::Present(cen) => Some(cen),
    };
    let unwanted = live.cens.iter().find(|cen| Some(*cen) != wanted);
    let attached = wanted.is_none_or(|cen| live.cens.contains(cen));
    (unwanted.is_some() || !attached).then(|| Delta { from: unwanted.cloned(), to: wanted.cloned() })
}
