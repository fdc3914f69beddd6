//! One declared package against one live package, field by field.

use cenbwp_spec::{CenId, ChargeType, Desired, Identity, Mbps, Package, Tags};

use super::renewal;
use crate::{Delta, FieldChange, FixedDifference, Live, LiveCharge, ReservationKind};

/// Returns the fields that are fixed at purchase and differ. An unknown charge type is no proof of a
/// difference.
pub(super) fn fixed_differences(package: &Package, live: &Live) -> Vec<FixedDifference> {
    let mut differences = Vec::new();
    if package.areas != live.areas {
        let areas = Delta { from: live.areas.clone(), to: package.areas.clone() };
        differences.push(FixedDifference::Areas(areas));
    }
    let from = match &live.charge {
        LiveCharge::Prepay => Some(ChargeType::Prepay),
        LiveCharge::Postpay => Some(ChargeType::Postpay),
        LiveCharge::Other(_) => None,
    };
    let to = package.charge.charge_type();
    let charge = from.filter(|from| *from != to).map(|from| Delta { from, to });
    differences.extend(charge.map(FixedDifference::ChargeType));
    differences
}

/// Returns every declared field that differs, ignored ones included, in the order of the calls.
///
/// Bandwidth comes first: it is the one that money decides, and a package should have its size before
/// traffic reaches it. Name, description and tags touch nothing else. The resource group comes late
/// because moving it may change who is allowed to do the rest, and the CEN after it because it is the one
/// change that traffic notices. The renewal is last: another service sets it, and may take long to show it.
///
/// Both sides are taken apart by name: a new field of either must be compared, or named here as not compared.
pub(super) fn differences(package: &Package, live: &Live) -> Vec<FieldChange> {
    let Package {
        bandwidth,
        name,
        description,
        tags: declared_tags,
        resource_group,
        cen: declared_cen,
        // In `renewal`, with the live one.
        renewal: _,
        // Fixed at purchase: see `fixed_differences`.
        areas: _,
        charge: _,
        // Which package is meant, and what may be done with it.
        address: _,
        generation: _,
        adopt: _,
        moved_from: _,
        distinct_from: _,
        ignore: _,
        allow_interruption: _,
        manage: _,
        place: _,
    } = package;
    let Live {
        name: live_name,
        description: live_description,
        cens,
        resource_group: live_group,
        tags: live_tags,
        // Compared as the permanent bandwidth and the one on order.
        bandwidth: _,
        reservation: _,
        areas: _,
        charge: _,
        id: _,
        renewal: _,
        // States, which block a change and are not changed.
        business: _,
        expires: _,
        shares: _,
    } = live;
    let mut changes = Vec::new();
    changes.extend(bandwidth_change(*bandwidth, live).map(FieldChange::Bandwidth));
    changes.extend(string(name.as_ref(), live_name).map(FieldChange::Name));
    changes.extend(string(description.as_ref(), live_description).map(FieldChange::Description));
    changes.extend(tags(declared_tags, live_tags));
    changes.extend(group(resource_group.as_ref(), live_group.as_ref()));
    changes.extend(cen(declared_cen, cens).map(FieldChange::Cen));
    changes.extend(renewal::compare(package, live).ok().flatten());
    changes
}

/// Returns the fields that Create cannot set, as changes of the new package, ignored fields included.
pub(super) fn after_purchase(package: &Package) -> Vec<FieldChange> {
    let mut changes: Vec<FieldChange> = group(package.resource_group.as_ref(), None).into_iter().collect();
    changes.extend(cen(&package.cen, &[]).map(FieldChange::Cen));
    changes
}

/// An order that is already placed for the declared bandwidth is not placed again.
fn bandwidth_change(declared: Mbps, live: &Live) -> Option<Delta<Mbps>> {
    let ordered = live.reservation.as_ref().and_then(|reservation| match reservation.kind {
        ReservationKind::Upgrade | ReservationKind::Other(_) => reservation.bandwidth,
        ReservationKind::TempUpgrade => None,
    });
    let from = live.permanent_bandwidth();
    (from != declared && ordered != Some(declared)).then_some(Delta { from, to: declared })
}

fn string(declared: Option<&String>, live: &str) -> Option<Delta<String>> {
    let to = declared.filter(|declared| *declared != live)?;
    Some(Delta { from: live.to_owned(), to: to.clone() })
}

fn tags<'a>(
    declared: &'a Tags<Option<String>>,
    live: &'a Tags,
) -> impl Iterator<Item = FieldChange> + use<'a> {
    let users = declared.iter().filter(|(key, _)| !Identity::is_reserved(key));
    users.filter(|(key, declared)| live.get(key) != declared.as_ref()).map(|(key, declared)| {
        let value = Delta { from: live.get(key).cloned(), to: declared.clone() };
        FieldChange::Tag { key: key.clone(), value }
    })
}

fn group(declared: Option<&String>, live: Option<&String>) -> Option<FieldChange> {
    let to = declared.filter(|declared| Some(*declared) != live)?;
    Some(FieldChange::ResourceGroup(Delta { from: live.cloned(), to: Some(to.clone()) }))
}

/// With several CENs, the one named in `from` is the first that the spec does not want; the planner holds
/// such a change.
fn cen(desired: &Desired<CenId>, attached: &[CenId]) -> Option<Delta<Option<CenId>>> {
    let wanted = match desired {
        Desired::Unmanaged => return None,
        Desired::Absent => None,
        Desired::Present(cen) => Some(cen),
    };
    let unwanted = attached.iter().find(|cen| Some(*cen) != wanted);
    let is_attached = wanted.is_none_or(|cen| attached.contains(cen));
    (unwanted.is_some() || !is_attached).then(|| Delta { from: unwanted.cloned(), to: wanted.cloned() })
}
