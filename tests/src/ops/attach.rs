//! Packages on CENs, and the limits between regions that packages pay for.

use serde_json::{Value, json};

use super::context::Context;
use crate::wire::{Answer, Refusal};
use crate::world::{InterRegionLimit, Package};

/// `AssociateCenBandwidthPackage`: one CEN per package, and one package per CEN and pair of areas.
pub(super) fn associate(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let cen_id = existing_cen(context)?;
    let package = context.package()?;
    if package.business_status != "Normal" {
        let message = "The business status of the bandwidth package is not valid.";
        return Err(Refusal::bad("InvalidOperation.BwpBusinessStatus", message));
    }
    if !package.cen_ids.is_empty() {
        let message = "The bandwidth package is attached to a CEN already.";
        return Err(Refusal::bad("InvalidOperation.BwpInstanceStatus", message));
    }
    let span = package.span();
    if context.world.packages.iter().any(|other| other.cen_ids.contains(&cen_id) && other.span() == span) {
        let message = "The CEN has a bandwidth package for these areas already.";
        return Err(Refusal::new(409, "InvalidOperation.BwpForGeoSpanAlreadyAssociated", message));
    }
    let package = context.package()?;
    unpin(package);
    package.cen_ids = vec![cen_id];
    Ok(Answer::new())
}

/// `UnassociateCenBandwidthPackage`: only if no region has bandwidth of it any more.
pub(super) fn unassociate(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let cen_id = existing_cen(context)?;
    let package = context.package()?;
    if !package.cen_ids.contains(&cen_id) {
        let message = "The bandwidth package is not attached to this CEN.";
        return Err(Refusal::bad("InvalidOperation.BwpNotAssociated", message));
    }
    if !package.limits.is_empty() {
        let message = "Regions still have bandwidth of the bandwidth package.";
        return Err(Refusal::bad("InvalidOperation.CenBandwidthLimitsNotZero", message));
    }
    unpin(package);
    package.cen_ids.clear();
    Ok(Answer::new())
}

fn unpin(package: &mut Package) {
    package.unpin("Status");
    package.unpin("CenIds");
}

fn existing_cen(context: &Context<'_>) -> Result<String, Refusal> {
    let id = context.params.needed("CenId");
    if context.world.cens.iter().any(|cen| cen.id == id) {
        Ok(id.to_owned())
    } else {
        Err(Refusal::bad("ParameterIllegal.InstanceId", format!("The CEN {id:?} does not exist.")))
    }
}

/// `SetCenInterRegionBandwidthLimit`: the sum of all limits must fit into the package; 0 takes the limit away.
pub(super) fn set_limit(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let params = context.params;
    let cen_id = existing_cen(context)?;
    let (local, opposite) = (params.needed("LocalRegionId"), params.needed("OppositeRegionId"));
    let mbps = params.int("BandwidthLimit").unwrap_or_default();
    let mut areas = [area_of(local)?, area_of(opposite)?];
    areas.sort_unstable();
    let package = context.world.packages.iter_mut().find(|package| {
        let mut own = [package.area_a.as_str(), package.area_b.as_str()];
        own.sort_unstable();
        package.cen_ids.contains(&cen_id) && own == areas
    });
    let Some(package) = package else {
        let message =
            format!("No bandwidth package for {} and {} is attached to the CEN.", areas[0], areas[1]);
        return Err(Refusal::bad("InvalidOperation.BwpNotAssociated", message));
    };
    let bandwidth = package.bandwidth;
    let is_same = |limit: &InterRegionLimit| {
        limit.local == local && limit.opposite == opposite
            || limit.local == opposite && limit.opposite == local
    };
    let others: i64 = package.limits.iter().filter(|limit| !is_same(limit)).map(|limit| limit.mbps).sum();
    if others + mbps > bandwidth {
        let message = format!("{others} of {bandwidth} Mbps are given away already.");
        return Err(Refusal::bad("ParameterIllegal.BandwidthLimit", message));
    }
    package.limits.retain(|limit| !is_same(limit));
    if mbps > 0 {
        let (local, opposite) = (local.to_owned(), opposite.to_owned());
        package.limits.push(InterRegionLimit { local, opposite, mbps });
    }
    package.unpin("OrginInterRegionBandwidthLimits");
    Ok(Answer::new())
}

/// `DescribeCenInterRegionBandwidthLimits`. The limit is a number here and a string in the listing of packages.
pub(super) fn limits(context: &mut Context<'_>) -> Result<Answer, Refusal> {
    let params = context.params;
    let wanted = |(package, limit): &(&Package, &InterRegionLimit)| {
        params.text("CenId").is_none_or(|id| package.cen_ids.iter().any(|cen| cen == id))
            && params
                .text("TrRegionId")
                .is_none_or(|region| region == limit.local || region == limit.opposite)
    };
    let packages = context.world.packages.iter();
    let all: Vec<Value> = packages
        .flat_map(|package| package.limits.iter().map(move |limit| (package, limit)))
        .filter(wanted)
        .map(|(package, limit)| {
            json!({
                "CenId": package.cen_ids.first(),
                "LocalRegionId": limit.local,
                "OppositeRegionId": limit.opposite,
                "GeographicSpanId": package.span(),
                "BandwidthLimit": limit.mbps,
                "BandwidthPackageId": package.id,
                "BandwidthType": "BandwidthPackage",
                "Status": "Active",
            })
        })
        .collect();
    let (page, mut answer) = context.page(all, 0);
    answer.insert("CenInterRegionBandwidthLimits".into(), json!({ "CenInterRegionBandwidthLimit": page }));
    Ok(answer)
}

/// The area of a region, after the vendor's membership list; by prefix, because regions are added.
fn area_of(region: &str) -> Result<&'static str, Refusal> {
    let (prefix, _) = region.split_once('-').unwrap_or((region, ""));
    match (prefix, region) {
        (_, "cn-hongkong") => Ok("asia-pacific"),
        ("cn", _) => Ok("china"),
        (_, "ap-southeast-2") => Ok("australia"),
        ("ap", _) => Ok("asia-pacific"),
        ("us", _) => Ok("north-america"),
        ("eu", _) => Ok("europe"),
        ("me", _) => Ok("middle-east"),
        _ => Err(Refusal::bad("InvalidParameter", format!("The region {region:?} does not exist."))),
    }
}
