//! Changes, moves and deletes an existing package.

use jiff::{SignedDuration, Timestamp};

use super::context::Context;
use super::create::place_order;
use super::describe::minutes;
use crate::ledger::OrderKind;
use crate::wire::{Answer, Refusal};
use crate::world::{Package, Reservation};

/// `ModifyCenBandwidthPackageAttribute`: a parameter that is not sent changes nothing; an empty one clears.
pub(super) fn attribute(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let params = context.params;
    let id = context.package()?.id.clone();
    context.outdate(&id);
    let package = context.package()?;
    if let Some(name) = params.text("Name") {
        package.unpin("Name");
        package.name = name.to_owned();
    }
    if let Some(description) = params.text("Description") {
        package.unpin("Description");
        package.description = description.to_owned();
    }
    Ok(Answer::new())
}

/// `ModifyCenBandwidthPackageSpec`. The same value again is an error, as on the vendor's page, and not a
/// no-op.
pub(super) fn spec(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let wanted = context.params.int("Bandwidth").unwrap_or_default();
    let (no_change, too_small) = (context.semantics.no_change, context.semantics.too_small);
    let package = context.package()?;
    check_changeable(package)?;
    if package.bandwidth == wanted {
        return Err(Refusal::bad(no_change, "The specification of the bandwidth package is not changed."));
    }
    let kind = if wanted > package.bandwidth { OrderKind::Upgrade } else { OrderKind::Downgrade };
    let (id, given) = (package.id.clone(), package.given());
    if wanted < given {
        let message = format!("{given} Mbps of the bandwidth package are given to regions.");
        return Err(Refusal::bad(too_small, message));
    }
    context.outdate(&id);
    let package = context.package()?;
    package.unpin("Bandwidth");
    package.bandwidth = wanted;
    let package = package.clone();
    place_order(context, kind, &package);
    Ok(Answer::new())
}

/// `TempUpgradeCenBandwidthPackageSpec`: raises the bandwidth until `EndTime`, three hours away at least, and shows
/// the old one as reserved meanwhile.
pub(super) fn temp_upgrade(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (params, now) = (context.params, context.now);
    let wanted = params.int("Bandwidth").unwrap_or_default();
    let end: Timestamp = params.needed("EndTime").parse().map_err(|_| too_short())?;
    if end.duration_since(now) < SignedDuration::from_hours(3) {
        return Err(too_short());
    }
    let package = context.package()?;
    check_changeable(package)?;
    if wanted <= package.bandwidth {
        return Err(Refusal::bad("InvalidParameter", "A temporary upgrade must raise the bandwidth."));
    }
    package.reservation = Some(Reservation {
        order_type: "TEMP_UPGRADE".into(),
        bandwidth: package.bandwidth.to_string(),
        active_time: minutes(end),
        charge_type: package.charge_type.clone(),
    });
    for field in RESERVATION_FIELDS {
        package.unpin(field);
    }
    package.unpin("Bandwidth");
    package.bandwidth = wanted;
    let package = package.clone();
    place_order(context, OrderKind::TempUpgrade, &package);
    Ok(Answer::new())
}

const RESERVATION_FIELDS: [&str; 5] = [
    "HasReservationData",
    "ReservationActiveTime",
    "ReservationOrderType",
    "ReservationBandwidth",
    "ReservationInternetChargeType",
];

fn too_short() -> Refusal {
    Refusal::bad("InvalidParameter", "EndTime must be three hours from now at least.")
}

/// Refuses another order for a package that is locked or has a temporary upgrade.
fn check_changeable(package: &Package) -> Result<(), Refusal> {
    if package.business_status != "Normal" || package.reservation.is_some() {
        let message = "The status of the bandwidth package does not support this operation.";
        return Err(Refusal::bad("InvalidStatus.Resource", message));
    }
    Ok(())
}

/// `DeleteCenBandwidthPackage`: only detached packages, and no prepaid one before it has expired.
pub(super) fn delete(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let now = context.now;
    let id = context.params.needed("CenBandwidthPackageId");
    let Some(index) = context.package_index(id) else {
        return Err(Refusal::bad(
            "ParameterBwpInstanceId",
            format!("The bandwidth package {id:?} does not exist."),
        ));
    };
    let package = &context.world.packages[index];
    if !package.cen_ids.is_empty() {
        let message = "The bandwidth package is attached to a CEN.";
        return Err(Refusal::new(403, "InvalidOperation.BwpInstanceStatus", message));
    }
    if package.charge_type == "PREPAY" && package.expires > now {
        let message = "A prepaid bandwidth package cannot be released within its validity period.";
        return Err(Refusal::new(403, "Forbidden.Release", message));
    }
    context.world.packages.remove(index);
    Ok(Answer::new())
}

/// `MoveResourceGroup`. A dry run that would succeed is answered with the error `DryRunOperation`.
pub(super) fn resource_group(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let params = context.params;
    let id = params.needed("ResourceId");
    let is_package = params.needed("ResourceType").eq_ignore_ascii_case("bandwidthpackage");
    let package = context.package_index(id).filter(|_| is_package);
    let cen = context.world.cens.iter().position(|cen| cen.id == id).filter(|_| !is_package);
    if package.is_none() && cen.is_none() {
        return Err(Refusal::bad("InvalidParameter", format!("The resource {id:?} does not exist.")));
    }
    if params.flag("DryRun") {
        return Err(Refusal::bad(
            "DryRunOperation",
            "Request validation has been passed with DryRun flag set.",
        ));
    }
    let group = params.needed("NewResourceGroupId").to_owned();
    if let Some(index) = package {
        context.outdate(id);
        context.world.packages[index].unpin("ResourceGroupId");
        context.world.packages[index].resource_group_id = group;
    } else if let Some(index) = cen {
        context.world.cens[index].resource_group_id = group;
    }
    Ok(Answer::new())
}
