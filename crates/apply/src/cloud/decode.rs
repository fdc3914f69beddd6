//! Reads one item of a listing into our own types.
//!
//! It is lenient where the service is known to vary: numbers as strings; lists that are missing, null,
//! without their wrapper or a single value; times without seconds; areas in any case. It is strict where a
//! guess could cost money: id, areas, bandwidth, charge type, tags, the end of a prepaid term. Field names
//! and types: Describe page.

use std::collections::BTreeSet;

use cenbwp_diff::{BusinessStatus, Live, LiveCharge, Reservation, ReservationKind, Unreadable};
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
mod tests {
    use serde_json::json;

    use super::*;

    fn item(value: &Value) -> Result<Live, Unreadable> {
        super::item(&serde_json::from_str(&value.to_string()).unwrap())
    }

    /// An item in the shape of the Describe page's example.
    fn example() -> Value {
        json!({
            "CenBandwidthPackageId": "cenbwp-1", "Name": "backbone", "Description": "uplink",
            "Bandwidth": 2, "BandwidthPackageChargeType": "PREPAY",
            "GeographicRegionAId": "north-america", "GeographicRegionBId": "china",
            "GeographicSpanId": "north-america_china", "IsCrossBorder": false,
            "Status": "InUse", "BusinessStatus": "Normal",
            "CreationTime": "2021-02-01T11:14Z", "ExpiredTime": "2021-09-08T16:00Z",
            "ResourceGroupId": "rg-1", "HasReservationData": "true",
            "ReservationActiveTime": "2021-08-30T16:00Z", "ReservationOrderType": "TEMP_UPGRADE",
            "ReservationBandwidth": "10", "ReservationInternetChargeType": "PREPAY",
            "CenIds": {"CenId": ["cen-1"]},
            "Tags": {"Tag": [{"Key": "cenbwp", "Value": "a/b"}]}
        })
    }

    fn with(changes: &Value) -> Value {
        let mut item = example();
        for (name, value) in changes.as_object().unwrap() {
            item[name] = value.clone();
        }
        item
    }

    fn live() -> Live {
        Live {
            id: "cenbwp-1".parse().unwrap(),
            name: "backbone".to_owned(),
            description: "uplink".to_owned(),
            areas: AreaPair::new(Area::new("China"), Area::new("North-America")),
            bandwidth: Mbps(2),
            charge: LiveCharge::Prepay,
            cens: ["cen-1".parse().unwrap()].into(),
            resource_group: Some("rg-1".to_owned()),
            tags: [("cenbwp".to_owned(), "a/b".to_owned())].into(),
            business: BusinessStatus::Normal,
            expires: Some("2021-09-08T16:00:00Z".parse().unwrap()),
            reservation: Some(Reservation {
                kind: ReservationKind::TempUpgrade,
                bandwidth: Some(Mbps(10)),
                at: Some("2021-08-30T16:00:00Z".parse().unwrap()),
            }),
        }
    }

    #[test]
    fn the_documented_item_is_read_whole() {
        assert_eq!(item(&example()), Ok(live()));
    }

    #[test]
    fn harmless_variations_make_no_difference() {
        for variation in [
            json!({"Bandwidth": "2"}),
            json!({"ReservationBandwidth": 10}),
            json!({"HasReservationData": true}),
            json!({"HasReservationData": null}),
            json!({"BandwidthPackageChargeType": "prepay"}),
            json!({"BusinessStatus": "NORMAL"}),
            json!({"GeographicRegionAId": "China", "GeographicRegionBId": "North-America"}),
            json!({"ExpiredTime": "2021-09-08T16:00:00Z"}),
            json!({"CenIds": {"CenId": "cen-1"}}),
            json!({"CenIds": ["cen-1"]}),
            json!({"Tags": {"Tag": {"Key": "cenbwp", "Value": "a/b"}}}),
            json!({"Tags": [{"Key": "cenbwp", "Value": "a/b"}]}),
            json!({"NewField": {"x": [1]}}),
        ] {
            assert_eq!(item(&with(&variation)), Ok(live()), "{variation}");
        }
    }

    #[test]
    fn what_is_empty_may_be_missing_or_null() {
        let empty = Live {
            name: String::new(),
            description: String::new(),
            cens: Vec::new(),
            resource_group: None,
            tags: Tags::default(),
            expires: None,
            reservation: None,
            ..live()
        };
        let names = [
            "Name",
            "Description",
            "CenIds",
            "ResourceGroupId",
            "Tags",
            "ExpiredTime",
            "ReservationOrderType",
        ];
        let (mut missing, mut null, mut blank) = (example(), example(), example());
        for name in names {
            missing.as_object_mut().unwrap().remove(name);
            null[name] = Value::Null;
            blank[name] = json!("");
        }
        blank["CenIds"] = json!({"CenId": null});
        blank["Tags"] = json!({});
        for value in [missing, null, blank] {
            assert_eq!(item(&value).as_ref(), Ok(&empty), "{value}");
        }
        let no_order = with(&json!({"HasReservationData": "false"}));
        assert_eq!(item(&no_order).unwrap().reservation, None);
    }

    #[test]
    fn words_that_are_not_known_are_kept() {
        let value = with(&json!({
            "BandwidthPackageChargeType": "POSTPAY_BY_95", "BusinessStatus": "FinancialLocked",
            "ReservationOrderType": "RENEW", "GeographicRegionAId": "mars", "ExpiredTime": "never",
        }));
        let live = item(&value).unwrap();
        assert_eq!(live.charge, LiveCharge::Other("POSTPAY_BY_95".to_owned()));
        assert_eq!(live.business, BusinessStatus::Locked("FinancialLocked".to_owned()));
        assert_eq!(live.reservation.unwrap().kind, ReservationKind::Other("RENEW".to_owned()));
        assert_eq!(live.areas.b().as_str(), "mars");
        assert_eq!(live.expires, None);
        assert_ne!(item(&with(&json!({"BusinessStatus": null}))).unwrap().business, BusinessStatus::Normal);
    }

    /// Reads the example's JSON with these members added at its end.
    fn item_with(members: &str) -> Result<Live, String> {
        let text = example().to_string();
        let text = format!("{},{members}}}", text.strip_suffix('}').unwrap());
        super::item(&serde_json::from_str(&text).unwrap()).map_err(|unreadable| unreadable.reason)
    }

    #[test]
    fn an_area_that_no_spec_can_declare_makes_an_item_unreadable() {
        for area in [" ", "\u{0}", "\u{1b}[31m", "north_america", "Europe ", "欧洲", &"a".repeat(65)] {
            let value = with(&json!({"GeographicRegionAId": area}));
            let Unreadable { id, reason } = item(&value).unwrap_err();
            assert_eq!(id, Some("cenbwp-1".parse().unwrap()));
            assert!(reason.starts_with("GeographicRegionAId is "), "{reason}");
            assert!(reason.ends_with(", expected letters, digits and hyphens"), "{reason}");
            assert!(!reason.contains(['\u{0}', '\u{1b}']), "{reason:?}");
        }
    }

    #[test]
    fn a_member_that_occurs_twice_makes_an_item_unreadable_whichever_says_more() {
        for (members, name) in [
            (r#""Bandwidth": 2"#, "Bandwidth"),
            (r#""Bandwidth": null"#, "Bandwidth"),
            (r#""bandwidth": 200"#, "Bandwidth"),
            (r#""Tags": {"Tag": []}"#, "Tags"),
            (r#""TAGS": null"#, "Tags"),
            (r#""CenIds": {}"#, "CenIds"),
            (r#""HasReservationData": false"#, "HasReservationData"),
            (r#""ExpiredTime": "2029-09-08T16:00Z""#, "ExpiredTime"),
            (r#""CenBandwidthPackageId": "cenbwp-2""#, "CenBandwidthPackageId"),
        ] {
            let reason = item_with(members).unwrap_err();
            assert!(reason.starts_with(&format!("{name} is \"given twice\"")), "{members}: {reason}");
        }
        // A member that is not read decides nothing.
        assert_eq!(item_with(r#""Status": "Idle", "Later": 1, "Later": 2"#), Ok(live()));
    }

    #[test]
    fn a_member_inside_a_list_that_occurs_twice_makes_an_item_unreadable() {
        let read = |tags: &str| {
            let text = example().to_string().replace(r#"{"Tag":[{"Key":"cenbwp","Value":"a/b"}]}"#, tags);
            super::item(&serde_json::from_str(&text).unwrap()).map_err(|unreadable| unreadable.reason)
        };
        assert_eq!(read(r#"{"Tag":[{"Key":"cenbwp","Value":"a/b"}]}"#), Ok(live()));
        for tags in [
            r#"{"Tag":[{"Key":"cenbwp","Value":"a/b"}],"Tag":[]}"#,
            r#"{"Tag":[{"Key":"cenbwp","Value":"a/b"}],"tag":[]}"#,
            r#"{"Tag":[{"Key":"cenbwp","Key":"other","Value":"a/b"}]}"#,
            r#"{"Tag":[{"Key":"cenbwp","Value":"a/b","value":"c/d"}]}"#,
        ] {
            let reason = read(tags).unwrap_err();
            assert!(reason.contains("given twice"), "{tags}: {reason}");
        }
    }

    #[test]
    fn a_member_in_another_case_is_not_missing_but_unreadable() {
        for name in ["Tags", "CenIds", "ResourceGroupId", "ReservationOrderType", "CenBandwidthPackageId"] {
            let mut value = example();
            let member = value.as_object_mut().unwrap().remove(name).unwrap();
            value[name.to_ascii_lowercase()] = member;
            let reason = item(&value).unwrap_err().reason;
            assert!(reason.starts_with(&format!("{name} is \"written in another case\"")), "{reason}");
        }
    }

    #[test]
    fn what_decides_about_money_is_never_guessed() {
        for (change, reason) in [
            (json!({"Bandwidth": null}), "Bandwidth is missing"),
            (json!({"Bandwidth": 0}), "Bandwidth is 0, expected a positive whole number"),
            (json!({"Bandwidth": -2}), "Bandwidth is -2, expected a positive whole number"),
            (json!({"Bandwidth": 2.5}), "Bandwidth is 2.5, expected a positive whole number"),
            (json!({"Bandwidth": "2M"}), "Bandwidth is \"2M\", expected a positive whole number"),
            (
                json!({"Bandwidth": 4294967296_u64}),
                "Bandwidth is 4294967296, expected a positive whole number",
            ),
            (json!({"GeographicRegionAId": null}), "GeographicRegionAId is missing"),
            (json!({"GeographicRegionBId": ["china"]}), "GeographicRegionBId is [\"china\"], expected text"),
            (json!({"BandwidthPackageChargeType": ""}), "BandwidthPackageChargeType is missing"),
            (json!({"Name": 7}), "Name is 7, expected text"),
            (
                json!({"ExpiredTime": "soon"}),
                "ExpiredTime is \"soon\", expected a time such as 2021-09-08T16:00Z",
            ),
            (
                json!({"CenIds": {"CenId": ["vpc-1"]}}),
                "CenIds is {\"CenId\":[\"vpc-1\"]}, expected a CEN id: cen-…",
            ),
            (json!({"CenIds": 7}), "CenIds is 7, expected a list"),
            (json!({"Tags": {"Tags": []}}), "Tags is {\"Tags\":[]}, expected Tag in it"),
            (json!({"Tags": {"Tag": [{"Value": "x"}]}}), "Tags holds a tag without a key"),
            (json!({"Tags": {"Tag": [{"Key": "a"}, {"Key": "a"}]}}), "Tags holds the key \"a\" twice"),
            (
                json!({"ReservationBandwidth": ""}),
                "ReservationBandwidth is missing during a temporary upgrade",
            ),
        ] {
            let id = Some("cenbwp-1".parse().unwrap());
            assert_eq!(item(&with(&change)), Err(Unreadable { id, reason: reason.to_owned() }), "{change}");
        }
        for change in [json!({"CenBandwidthPackageId": null}), json!({"CenBandwidthPackageId": "cen-1"})] {
            assert_eq!(item(&with(&change)).unwrap_err().id, None);
        }
        assert_eq!(item(&json!("cenbwp-1")).unwrap_err().id, None);
    }
}
