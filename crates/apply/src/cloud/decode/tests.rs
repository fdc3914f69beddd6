//! Items as the service lists them, and what is read of each or refused.

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
        "Tags": {"Tag": [{"Key": "cenbwp", "Value": "a/b"}]},
        "OrginInterRegionBandwidthLimits": {"OrginInterRegionBandwidthLimit": [
            {"LocalRegionId": "cn-hangzhou", "OppositeRegionId": "us-west-1",
             "GeographicSpanId": "north-america_china", "BandwidthLimit": "1"}]}
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
        shares: Some(vec![share("cn-hangzhou", "us-west-1", 1)]),
        renewal: LiveRenewal::NotAsked,
    }
}

fn share(one: &str, other: &str, mbps: u32) -> Share {
    Share { regions: [one, other].map(str::to_owned), bandwidth: Mbps(mbps) }
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
    let names =
        ["Name", "Description", "CenIds", "ResourceGroupId", "Tags", "ExpiredTime", "ReservationOrderType"];
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

/// Returns what is read of the regions of an item with this list of them.
fn shares_of(limits: &Value) -> Option<Vec<Share>> {
    item(&with(&json!({"OrginInterRegionBandwidthLimits": limits}))).unwrap().shares
}

fn limit(local: &str, opposite: &str, mbps: &Value) -> Value {
    json!({"LocalRegionId": local, "OppositeRegionId": opposite, "BandwidthLimit": mbps})
}

#[test]
fn what_regions_use_is_read_in_one_order_as_strings_or_numbers() {
    let all = [
        limit("eu-central-1", "cn-hangzhou", &json!("20")),
        limit("cn-beijing", "eu-central-1", &json!(40)),
        limit("cn-shanghai", "eu-central-1", &json!("0")),
    ];
    let shares = [share("cn-beijing", "eu-central-1", 40), share("cn-hangzhou", "eu-central-1", 20)];
    for limits in [json!({"OrginInterRegionBandwidthLimit": all}), json!(all)] {
        assert_eq!(shares_of(&limits).as_deref(), Some(&shares[..]), "{limits}");
    }
    let one = json!({"OrginInterRegionBandwidthLimit": all[1]});
    assert_eq!(shares_of(&one).as_deref(), Some(&shares[..1]));
    for none in [json!({"OrginInterRegionBandwidthLimit": []}), json!([]), json!({})] {
        assert_eq!(shares_of(&none), Some(Vec::new()), "{none}");
    }
}

#[test]
fn what_regions_use_is_unknown_if_it_is_not_listed_or_torn_and_the_package_counts_all_the_same() {
    let fine = || limit("cn-hangzhou", "us-west-1", &json!("1"));
    let torn = |limit: Value| json!({"OrginInterRegionBandwidthLimit": [fine(), limit]});
    let other = |mbps: Value| torn(limit("cn-beijing", "us-west-1", &mbps));
    for limits in [
        Value::Null,
        json!(""),
        json!(7),
        json!({"Other": []}),
        torn(json!({})),
        torn(json!("1")),
        torn(Value::Null),
        torn(limit("", "us-west-1", &json!("1"))),
        torn(limit("cn beijing", "us-west-1", &json!("1"))),
        torn(json!({"LocalRegionId": "cn-beijing", "OppositeRegionId": "us-west-1"})),
        torn(json!({"LocalRegionId": "cn-beijing", "OppositeRegionId": "us-west-1", "bandwidthLimit": "1"})),
        other(json!("")),
        other(json!("many")),
        other(json!(-1)),
        other(json!(0.5)),
        other(json!("4294967296")),
        // One connection from both ends, or two.
        torn(fine()),
        torn(limit("us-west-1", "cn-hangzhou", &json!("1"))),
    ] {
        let unknown = Live { shares: None, ..live() };
        let read = item(&with(&json!({"OrginInterRegionBandwidthLimits": limits})));
        assert_eq!(read, Ok(unknown), "{limits}");
    }
    let mut missing = example();
    missing.as_object_mut().unwrap().remove("OrginInterRegionBandwidthLimits");
    assert_eq!(item(&missing).unwrap().shares, None);
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
        (json!({"Bandwidth": 4294967296_u64}), "Bandwidth is 4294967296, expected a positive whole number"),
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
        (json!({"ReservationBandwidth": ""}), "ReservationBandwidth is missing during a temporary upgrade"),
    ] {
        let id = Some("cenbwp-1".parse().unwrap());
        assert_eq!(item(&with(&change)), Err(Unreadable { id, reason: reason.to_owned() }), "{change}");
    }
    for change in [json!({"CenBandwidthPackageId": null}), json!({"CenBandwidthPackageId": "cen-1"})] {
        assert_eq!(item(&with(&change)).unwrap_err().id, None);
    }
    assert_eq!(item(&json!("cenbwp-1")).unwrap_err().id, None);
}
