//! Makes a world from recorded answers.
//!
//! Everything that Describe would show differently is pinned on the package, so a seeded world answers
//! exactly as the recorded service did, unreadable items included.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::config::LimitsShown;
use crate::ledger::TokenState;
use crate::ops::describe;
use crate::renewal::Renewal;
use crate::world::{Cen, InterRegionLimit, Package, Reservation, Tag, World};

/// A seed that is neither a state nor a recorded answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedError(String);

impl fmt::Display for SeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SeedError {}

/// Adds recorded answers to the world, or loads a saved state into an empty one.
pub(crate) fn load(world: &mut World, text: &str) -> Result<(), SeedError> {
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let document = document.map_err(|error| SeedError(format!("the seed is not JSON: {error}")))?;
        match document {
            Value::Array(documents) => documents.iter().try_for_each(|document| load_one(world, document))?,
            document => load_one(world, &document)?,
        }
    }
    Ok(())
}

fn load_one(world: &mut World, document: &Value) -> Result<(), SeedError> {
    let mut known = false;
    if let Some(items) =
        document.pointer("/CenBandwidthPackages/CenBandwidthPackage").and_then(Value::as_array)
    {
        known = true;
        let mut ids = world.packages.iter().map(|package| package.id.clone()).collect();
        for item in items {
            add_package(world, &mut ids, item);
        }
    }
    if let Some(items) = document.pointer("/Cens/Cen").and_then(Value::as_array) {
        known = true;
        for item in items {
            let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
            let cen = Cen {
                id: text("CenId"),
                name: text("Name"),
                description: text("Description"),
                status: item["Status"].as_str().unwrap_or("Active").to_owned(),
                resource_group_id: text("ResourceGroupId"),
                tags: tags(item),
            };
            world.cens.retain(|other| other.id != cen.id);
            world.cens.push(cen);
        }
    }
    if let Some(rows) = document.pointer("/Data/InstanceList").and_then(Value::as_array) {
        known = true;
        rows.iter().for_each(|row| set_renewal(world, row));
    }
    if known {
        return Ok(());
    }
    let expected = "expected CenBandwidthPackages.CenBandwidthPackage[], Cens.Cen[] or a saved state";
    if document.get("packages").is_none() {
        return Err(SeedError(format!("the seed has none of the known lists; {expected}")));
    }
    if !world.packages.is_empty() || !world.cens.is_empty() {
        let refusal =
            "the seed is a saved state, which would replace what was loaded before it: name it first";
        return Err(SeedError(refusal.into()));
    }
    let state = World::deserialize(document)
        .map_err(|error| SeedError(format!("the seed's state cannot be read: {error}; {expected}")))?;
    *world = state;
    // The clients of unfinished requests are gone since the state was saved.
    world.tokens.retain(|_, record| record.state != TokenState::Processing);
    Ok(())
}

/// Gives a package that is there the renewal of a row of the billing service.
fn set_renewal(world: &mut World, row: &Value) {
    let Some(package) = row["InstanceID"].as_str().and_then(|id| world.package_mut(id)) else { return };
    let months = row["RenewalDuration"].as_i64();
    let months = months.map(|n| if row["RenewalDurationUnit"] == "Y" { n * 12 } else { n });
    package.renewal = Renewal { status: row["RenewStatus"].as_str().unwrap_or_default().to_owned(), months };
}

/// Adds a package; `ids` are those of the packages that are there already.
fn add_package(world: &mut World, ids: &mut HashSet<String>, item: &Value) {
    let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
    let unnamed = format!("cenbwp-unreadable{}", world.packages.len());
    let mut package = Package::new(item["CenBandwidthPackageId"].as_str().unwrap_or(&unnamed), ["", ""], 0);
    package.name = text("Name");
    package.description = text("Description");
    package.bandwidth = item["Bandwidth"].as_i64().unwrap_or_default();
    package.charge_type = text("BandwidthPackageChargeType");
    package.area_a = text("GeographicRegionAId");
    package.area_b = text("GeographicRegionBId");
    package.business_status = text("BusinessStatus");
    package.created = text("CreationTime").parse().unwrap_or(package.created);
    package.expires = text("ExpiredTime").parse().unwrap_or(package.expires);
    package.resource_group_id = text("ResourceGroupId");
    package.reservation = (text("HasReservationData") == "true").then(|| Reservation {
        order_type: text("ReservationOrderType"),
        bandwidth: text("ReservationBandwidth"),
        active_time: text("ReservationActiveTime"),
        charge_type: text("ReservationInternetChargeType"),
    });
    package.tags = tags(item);
    package.cen_ids = strings(item.pointer("/CenIds/CenId"));
    for id in &package.cen_ids {
        if world.cens.iter().all(|cen| cen.id != *id) {
            world.cens.push(Cen::new(id));
        }
    }
    package.limits = limits(item);
    pin(&mut package, item.as_object());
    if !ids.insert(package.id.clone()) {
        world.packages.retain(|other| other.id != package.id);
    }
    world.packages.push(package);
}

/// The bandwidth that regions use, as strings or numbers; what cannot be read is left out.
fn limits(item: &Value) -> Vec<InterRegionLimit> {
    let list = item.pointer("/OrginInterRegionBandwidthLimits/OrginInterRegionBandwidthLimit");
    let limit = |limit: &Value| {
        let mbps = &limit["BandwidthLimit"];
        let mbps = mbps.as_i64().or_else(|| mbps.as_str()?.parse().ok()).filter(|mbps| *mbps > 0)?;
        let region = |name: &str| limit[name].as_str().map(str::to_owned);
        let (local, opposite) = (region("LocalRegionId")?, region("OppositeRegionId")?);
        Some(InterRegionLimit { local, opposite, mbps })
    };
    list.and_then(Value::as_array).into_iter().flatten().filter_map(limit).collect()
}

/// Pins every field that would otherwise be shown differently from the recording.
fn pin(package: &mut Package, recorded: Option<&Map<String, Value>>) {
    let Some(recorded) = recorded else { return };
    let shown = describe::item(package, LimitsShown::Strings, true);
    for (field, value) in recorded {
        if shown.get(field) != Some(value) {
            package.overrides.insert(field.clone(), value.clone());
        }
    }
    package.omitted = shown.keys().filter(|field| !recorded.contains_key(*field)).cloned().collect();
}

fn tags(item: &Value) -> Vec<Tag> {
    let list = item.pointer("/Tags/Tag").and_then(Value::as_array);
    let tag = |tag: &Value| {
        let key = tag["Key"].as_str()?.to_owned();
        Some(Tag { key, value: tag["Value"].as_str().unwrap_or_default().to_owned() })
    };
    list.into_iter().flatten().filter_map(tag).collect()
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}
