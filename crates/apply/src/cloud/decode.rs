//! Reads one item of a listing into our own types.
//!
//! It is lenient where the service is known to vary: numbers as strings; lists that are missing, null,
//! without their wrapper or a single value; times without seconds; areas in any case. It is strict where a
//! guess could cost money: id, areas, bandwidth, charge type, tags, the end of a prepaid term. Field names
//! and types: Describe page.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use cenbwp_diff::{
    BusinessStatus, Live, LiveCharge, LiveRenewal, Reservation, ReservationKind, Share, Unreadable,
};
use cenbwp_spec::{Area, AreaPair, CenId, ChargeType, Mbps, PackageId, Tags};
use jiff::Timestamp;
use serde_json::Value;

use super::json::Json;
use super::redact::neutral;

/// Reads one item.
///
/// # Errors
///
/// The item as unreadable: its id if that could be read, and the field that could not.
pub(super) fn item(value: &Json<'_>) -> Result<Live, Unreadable> {
    let id: PackageId = id(value).map_err(|reason| Unreadable { id: None, reason })?;
    fields(value, id.clone()).map_err(|reason| Unreadable { id: Some(id), reason })
}

fn id(value: &Json<'_>) -> Result<PackageId, String> {
    const NAME: &str = "CenBandwidthPackageId";
    text(value, NAME)?.parse().map_err(|invalid| wrong(NAME, value, invalid))
}

fn fields(value: &Json<'_>, id: PackageId) -> Result<Live, String> {
    let charge = charge(value)?;
    Ok(Live {
        id,
        name: text(value, "Name")?.to_owned(),
        description: text(value, "Description")?.to_owned(),
        areas: AreaPair::new(area(value, "GeographicRegionAId")?, area(value, "GeographicRegionBId")?),
        bandwidth: mbps(value, "Bandwidth")?.ok_or("Bandwidth is missing")?,
        expires: expires(value, &charge)?,
        charge,
        cens: cens(value)?.into_iter().collect(),
        resource_group: Some(text(value, "ResourceGroupId")?).filter(|id| !id.is_empty()).map(str::to_owned),
        tags: tags(value)?,
        business: business(value)?,
        reservation: reservation(value)?,
        shares: shares(value),
        // The billing service shows it, the listing does not.
        renewal: LiveRenewal::NotAsked,
    })
}

fn area(value: &Json<'_>, name: &str) -> Result<Area, String> {
    match text(value, name)? {
        "" => Err(format!("{name} is missing")),
        area if Area::is_well_formed(area) => Ok(Area::new(area)),
        // A spec cannot declare it, so the run would never recognise this package.
        _ => Err(wrong(name, value, "expected letters, digits and hyphens")),
    }
}

fn charge(value: &Json<'_>) -> Result<LiveCharge, String> {
    match text(value, "BandwidthPackageChargeType")? {
        "" => Err("BandwidthPackageChargeType is missing".to_owned()),
        word if word.eq_ignore_ascii_case(ChargeType::Prepay.as_str()) => Ok(LiveCharge::Prepay),
        word if word.eq_ignore_ascii_case(ChargeType::Postpay.as_str()) => Ok(LiveCharge::Postpay),
        word => Ok(LiveCharge::Other(word.to_owned())),
    }
}

/// Reads the end of the term. No page says what a package that is paid by use shows there, so for those it
/// may be anything.
fn expires(value: &Json<'_>, charge: &LiveCharge) -> Result<Option<Timestamp>, String> {
    match time(value, "ExpiredTime") {
        Err(_) if *charge != LiveCharge::Prepay => Ok(None),
        result => result,
    }
}

fn cens(value: &Json<'_>) -> Result<BTreeSet<CenId>, String> {
    let cen = |id: &Json<'_>| {
        let id = if let Json::Text(id) = id { id } else { "" };
        id.parse().map_err(|invalid| wrong("CenIds", value, invalid))
    };
    list(value, "CenIds", "CenId")?.iter().map(cen).collect()
}

fn tags(value: &Json<'_>) -> Result<Tags, String> {
    let mut tags = Tags::default();
    for tag in list(value, "Tags", "Tag")? {
        let (key, text) = (text(tag, "Key")?, text(tag, "Value")?);
        if key.is_empty() {
            return Err("Tags holds a tag without a key".to_owned());
        }
        if tags.insert(key.to_owned(), text.to_owned()).is_some() {
            return Err(format!("Tags holds the key {:?} twice", neutral(key, 64)));
        }
    }
    Ok(tags)
}

/// Reads the business status. A package that does not report it may be locked.
fn business(value: &Json<'_>) -> Result<BusinessStatus, String> {
    Ok(match text(value, "BusinessStatus")? {
        "" => BusinessStatus::Locked("not reported".to_owned()),
        word if word.eq_ignore_ascii_case("Normal") => BusinessStatus::Normal,
        word => BusinessStatus::Locked(word.to_owned()),
    })
}

fn reservation(value: &Json<'_>) -> Result<Option<Reservation>, String> {
    let announced = match value.get("HasReservationData") {
        Json::Bool(announced) => *announced,
        Json::Text(word) => !word.eq_ignore_ascii_case("false"),
        Json::Unclear(_) => return Err(wrong("HasReservationData", value, "expected true or false")),
        Json::Null | Json::Number(_) | Json::List(_) | Json::Object(_) => true,
    };
    let word = text(value, "ReservationOrderType")?;
    let kind = match word.to_ascii_uppercase().as_str() {
        "" => return Ok(None),
        _ if !announced => return Ok(None),
        "TEMP_UPGRADE" => ReservationKind::TempUpgrade,
        "UPGRADE" => ReservationKind::Upgrade,
        _ => ReservationKind::Other(word.to_owned()),
    };
    let bandwidth = mbps(value, "ReservationBandwidth")?;
    if kind == ReservationKind::TempUpgrade && bandwidth.is_none() {
        // Without it the raised bandwidth would look like the permanent one, and a plan would "correct" it.
        return Err("ReservationBandwidth is missing during a temporary upgrade".to_owned());
    }
    let at = time(value, "ReservationActiveTime").unwrap_or_default();
    Ok(Some(Reservation { kind, bandwidth, at }))
}

/// Reads the bandwidth that regions use. Returns `None`, which is not none, if the service lists nothing about it or one
/// item cannot be read: that decides no purchase, so the rest of the package counts all the same. A pair that occurs
/// twice may be one connection seen from both ends, or two.
fn shares(value: &Json<'_>) -> Option<Vec<Share>> {
    // The vendor's own spelling.
    const LIST: &str = "OrginInterRegionBandwidthLimits";
    if *value.get(LIST) == Json::Null {
        return None;
    }
    let mut of_pairs = BTreeMap::new();
    for item in list(value, LIST, "OrginInterRegionBandwidthLimit").ok()? {
        let mut regions = [region(item, "LocalRegionId")?, region(item, "OppositeRegionId")?];
        regions.sort();
        let mbps = u32::try_from(number(item.get("BandwidthLimit")).ok()??).ok()?;
        if of_pairs.insert(regions, Mbps(mbps)).is_some() {
            return None;
        }
    }
    let used = of_pairs.into_iter().filter(|(_, mbps)| mbps.0 > 0);
    let mut shares: Vec<Share> = used.map(|(regions, bandwidth)| Share { regions, bandwidth }).collect();
    shares.sort_by_key(|share| Reverse(share.bandwidth));
    Some(shares)
}

/// Reads the id of a region: letters, digits and hyphens, as in the name of an area.
fn region(value: &Json<'_>, name: &str) -> Option<String> {
    text(value, name).ok().filter(|id| Area::is_well_formed(id)).map(str::to_owned)
}

/// Reads a string; missing, null and empty are the same.
fn text<'a>(value: &'a Json<'a>, name: &str) -> Result<&'a str, String> {
    match value.get(name) {
        Json::Null => Ok(""),
        Json::Text(text) => Ok(text),
        _ => Err(wrong(name, value, "expected text")),
    }
}

/// Reads a whole number of Mbps, as a number or a string.
fn mbps(value: &Json<'_>, name: &str) -> Result<Option<Mbps>, String> {
    match number(value.get(name)) {
        Ok(None) => Ok(None),
        Ok(Some(number)) if number > 0 && u32::try_from(number).is_ok() => {
            Ok(u32::try_from(number).ok().map(Mbps))
        }
        Ok(Some(_)) | Err(()) => Err(wrong(name, value, "expected a positive whole number")),
    }
}

/// Reads a whole number, as a number or a string of decimal digits; missing, null and empty are the same.
pub(super) fn number(value: &Json<'_>) -> Result<Option<u64>, ()> {
    match value {
        Json::Null => Ok(None),
        Json::Text(digits) if digits.is_empty() => Ok(None),
        Json::Text(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().map(Some).map_err(|_| ())
        }
        Json::Number(number) => number.as_u64().map(Some).ok_or(()),
        Json::Bool(_) | Json::Text(_) | Json::List(_) | Json::Object(_) | Json::Unclear(_) => Err(()),
    }
}

/// Reads a time, with or without seconds; returns `None` if it is missing or empty.
fn time(value: &Json<'_>, name: &str) -> Result<Option<Timestamp>, String> {
    match text(value, name)? {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| wrong(name, value, "expected a time such as 2021-09-08T16:00Z")),
    }
}

/// Reads a list, which the service wraps twice: `{"Tags": {"Tag": [..]}}`. Either wrapper may be missing or
/// null, and a list of one item may be the item itself.
pub(super) fn list<'a>(value: &'a Json<'a>, wrapper: &str, inner: &str) -> Result<&'a [Json<'a>], String> {
    let items = match value.get(wrapper) {
        Json::Object(members) if members.is_empty() => &Json::Null,
        outer @ Json::Object(_) => outer
            .member(inner)
            .ok_or_else(|| wrong(wrapper, value, format_args!("expected {inner} in it")))?,
        other => other,
    };
    match items {
        Json::Null => Ok(&[]),
        Json::List(items) => Ok(items),
        Json::Object(_) => Ok(std::slice::from_ref(items)),
        Json::Text(one) if !one.is_empty() => Ok(std::slice::from_ref(items)),
        Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Unclear(_) => {
            Err(wrong(wrapper, value, "expected a list"))
        }
    }
}

fn wrong(name: &str, value: &Json<'_>, expected: impl std::fmt::Display) -> String {
    format!("{name} is {}, {expected}", neutral(&Value::from(value.get(name)).to_string(), 80))
}

#[cfg(test)]
mod tests;
