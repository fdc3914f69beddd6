//! The answers of each operation, in the shape of the wire, and its refusals.

use cenbwp_tests::{Cen, Emulator, LimitsShown, OrderKind, Package};
use serde_json::{Value, json};

use crate::support::{call, emulator, refusal};

const DESCRIBE: &str = "DescribeCenBandwidthPackages";

/// Returns an emulator with a package `p` from China to Europe with 100 Mbps, another one `q` for the same
/// areas, and two CENs.
fn world() -> Emulator {
    let emulator = emulator(|_| {});
    emulator.edit(|world| {
        world.packages.push(Package::new("p", ["china", "europe"], 100).tagged("cenbwp", "backbone/cn-eu"));
        world.packages.push(Package::new("q", ["europe", "china"], 50));
        world.cens = vec![Cen::new("cen-1"), Cen::new("cen-2")];
    });
    emulator
}

async fn items(emulator: &Emulator, params: &[(&str, &str)]) -> Vec<Value> {
    let document = call(emulator, DESCRIBE, params).await;
    document["CenBandwidthPackages"]["CenBandwidthPackage"].as_array().unwrap().clone()
}

async fn ids(emulator: &Emulator, params: &[(&str, &str)]) -> Vec<String> {
    let items = items(emulator, params).await;
    items.iter().map(|item| item["CenBandwidthPackageId"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_listing_has_the_exact_shape_of_the_wire() {
    let recorded = include_str!("recorded.json");
    let emulator = emulator(|_| {});
    emulator.seed(recorded).unwrap();
    let mut answer = call(&emulator, DESCRIBE, &[("IncludeReservationData", "true")]).await;
    let mut expected: Value = serde_json::from_str(recorded).unwrap();
    for document in [&mut answer, &mut expected] {
        document.as_object_mut().unwrap().remove("RequestId");
    }
    assert_eq!(answer, expected);

    let plain = &items(&emulator, &[]).await[0];
    assert_eq!(plain["HasReservationData"], "false");
    assert!(plain.get("ReservationBandwidth").is_none());
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_recorded_item_is_shown_as_it_was_recorded_until_it_changes() {
    let emulator = emulator(|_| {});
    let item = json!({ "CenBandwidthPackageId": "p", "Bandwidth": "lots", "Unheard": [1] });
    emulator
        .seed(&json!({ "CenBandwidthPackages": { "CenBandwidthPackage": [item.clone()] } }).to_string())
        .unwrap();
    assert_eq!(items(&emulator, &[]).await, [item]);
    let name = [("CenBandwidthPackageId", "p"), ("Name", "named")];
    call(&emulator, "ModifyCenBandwidthPackageAttribute", &name).await;
    assert_eq!(items(&emulator, &[]).await[0]["Name"], "named");
    emulator.edit(|world| world.packages[0].business_status = "Normal".into());
    call(&emulator, "ModifyCenBandwidthPackageSpec", &[("CenBandwidthPackageId", "p"), ("Bandwidth", "7")])
        .await;
    assert_eq!(items(&emulator, &[]).await[0]["Bandwidth"], 7);
}

#[tokio::test(start_paused = true)]
async fn seeds_come_as_one_answer_or_several_and_anything_else_is_refused() {
    let emulator = emulator(|_| {});
    let page = |id: &str| json!({ "CenBandwidthPackages": { "CenBandwidthPackage": [{ "CenBandwidthPackageId": id }] } });
    emulator.seed(&json!([page("a"), page("b")]).to_string()).unwrap();
    emulator.seed(&format!("{}\n{}\n", page("c"), page("d"))).unwrap();
    assert_eq!(ids(&emulator, &[]).await, ["a", "b", "c", "d"]);
    for bad in ["{", "{}", "[1]", r#"{"packages": 1}"#] {
        assert!(emulator.seed(bad).unwrap_err().to_string().starts_with("the seed"), "{bad}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_saved_world_is_the_same_world_again() {
    let emulator = world();
    let other = crate::support::emulator(|_| {});
    other.seed(&emulator.save()).unwrap();
    assert_eq!(other.packages(), emulator.packages());
    assert_eq!(other.save(), emulator.save());
}

#[tokio::test(start_paused = true)]
async fn filters_are_and_or_and_tags_are_all_needed() {
    let emulator = world();
    let name = |n: u8, key: &'static str, value: &'static str| {
        [(format!("Filter.{n}.Key"), key), (format!("Filter.{n}.Value.1"), value)]
    };
    let both = [name(1, "Status", "Idle"), name(2, "CenBandwidthPackageId", "q")].concat();
    let mut params: Vec<(&str, &str)> = both.iter().map(|(k, v)| (k.as_str(), *v)).collect();
    assert_eq!(ids(&emulator, &params).await, ["q"]);
    params.push(("IsOrKey", "true"));
    assert_eq!(ids(&emulator, &params).await, ["p", "q"]);
    assert_eq!(ids(&emulator, &[("Tag.1.Key", "cenbwp"), ("Tag.1.Value", "backbone/cn-eu")]).await, ["p"]);
    assert_eq!(ids(&emulator, &[("Tag.1.Key", "cenbwp"), ("Tag.2.Key", "team")]).await, Vec::<String>::new());
    assert_eq!(ids(&emulator, &[("ResourceGroupId", "rg-other")]).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn pages_cover_the_listing_once() {
    let emulator = emulator(|_| {});
    emulator.edit(|world| {
        world.packages = (0..23).map(|n| Package::new(&format!("p{n:02}"), ["china", "europe"], 5)).collect();
    });
    let mut all = Vec::new();
    for page in ["1", "2", "3", "4"] {
        all.extend(ids(&emulator, &[("PageNumber", page), ("PageSize", "10")]).await);
    }
    assert_eq!(all, (0..23).map(|n| format!("p{n:02}")).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_sent_stays_and_an_empty_text_clears() {
    let emulator = world();
    let change = async |params: &[(&str, &str)]| {
        let all = [&[("CenBandwidthPackageId", "p")], params].concat();
        call(&emulator, "ModifyCenBandwidthPackageAttribute", &all).await;
        let package = emulator.packages()[0].clone();
        (package.name, package.description)
    };
    assert_eq!(change(&[("Name", "n"), ("Description", "d")]).await, ("n".into(), "d".into()));
    assert_eq!(change(&[("Description", "")]).await, ("n".into(), String::new()));
}

#[tokio::test(start_paused = true)]
async fn a_resize_is_an_order_and_the_same_size_again_an_error() {
    let emulator = world();
    let spec = "ModifyCenBandwidthPackageSpec";
    let to = |mbps: &'static str| [("CenBandwidthPackageId", "p"), ("Bandwidth", mbps)];
    call(&emulator, spec, &to("200")).await;
    assert_eq!(refusal(&emulator, spec, &to("200")).await, "Operation.Failed");
    call(&emulator, spec, &to("40")).await;
    let orders: Vec<_> = emulator.ledger().into_iter().map(|order| (order.kind, order.mbps)).collect();
    assert_eq!(orders, [(OrderKind::Upgrade, 200), (OrderKind::Downgrade, 40)]);
    let now = emulator.now();
    emulator.edit(|world| world.expire("p", now));
    assert_eq!(refusal(&emulator, spec, &to("50")).await, "InvalidStatus.Resource");
}

#[tokio::test(start_paused = true)]
async fn a_temporary_upgrade_ends_by_itself() {
    let emulator = emulator(|_| {});
    let old = Package::new("p", ["china", "europe"], 100);
    emulator.edit(|world| world.packages.push(old));
    // Recorded without reservation data, like most listings.
    let mut recorded = items(&emulator, &[]).await.remove(0);
    recorded["ReservationBandwidth"] = json!("");
    emulator
        .seed(&json!({ "CenBandwidthPackages": { "CenBandwidthPackage": [recorded] } }).to_string())
        .unwrap();
    assert_eq!(items(&emulator, &[]).await[0]["ReservationBandwidth"], "");
    let temp = "TempUpgradeCenBandwidthPackageSpec";
    let until =
        |time: &'static str| [("CenBandwidthPackageId", "p"), ("Bandwidth", "500"), ("EndTime", time)];
    assert_eq!(refusal(&emulator, temp, &until("2025-01-02T06:04:04Z")).await, "InvalidParameter");
    call(&emulator, temp, &until("2025-01-02T07:00:00Z")).await;
    let include = [("IncludeReservationData", "true")];
    let item = items(&emulator, &include).await.remove(0);
    assert_eq!((&item["Bandwidth"], &item["ReservationBandwidth"]), (&json!(500), &json!("100")));
    assert_eq!(item["ReservationOrderType"], "TEMP_UPGRADE");
    tokio::time::advance(std::time::Duration::from_secs(4 * 3600)).await;
    let item = items(&emulator, &include).await.remove(0);
    assert_eq!((&item["Bandwidth"], &item["HasReservationData"]), (&json!(100), &json!("false")));
}

#[tokio::test(start_paused = true)]
async fn only_a_detached_package_that_is_not_paid_for_any_more_can_be_deleted() {
    let emulator = world();
    let delete = "DeleteCenBandwidthPackage";
    let own = [("CenBandwidthPackageId", "p")];
    assert_eq!(refusal(&emulator, delete, &own).await, "Forbidden.Release");
    let now = emulator.now();
    emulator.edit(|world| {
        world.expire("p", now);
        world.packages[0].cen_ids.push("cen-1".into());
    });
    assert_eq!(refusal(&emulator, delete, &own).await, "InvalidOperation.BwpInstanceStatus");
    emulator.edit(|world| world.packages[0].cen_ids.clear());
    call(&emulator, delete, &own).await;
    assert_eq!(refusal(&emulator, delete, &own).await, "ParameterBwpInstanceId");
    assert_eq!(ids(&emulator, &[]).await, ["q"]);
}

#[tokio::test(start_paused = true)]
async fn a_package_is_on_one_cen_and_a_cen_has_one_package_per_pair_of_areas() {
    let emulator = world();
    let attach = "AssociateCenBandwidthPackage";
    let pair = |cen, package| [("CenId", cen), ("CenBandwidthPackageId", package)];
    assert_eq!(refusal(&emulator, attach, &pair("cen-9", "p")).await, "ParameterIllegal.InstanceId");
    assert_eq!(refusal(&emulator, attach, &pair("cen-1", "x")).await, "ParameterIllegal.BwpInstanceId");
    call(&emulator, attach, &pair("cen-1", "p")).await;
    assert_eq!(items(&emulator, &[]).await[0]["Status"], "InUse");
    assert_eq!(refusal(&emulator, attach, &pair("cen-2", "p")).await, "InvalidOperation.BwpInstanceStatus");
    let code = refusal(&emulator, attach, &pair("cen-1", "q")).await;
    assert_eq!(code, "InvalidOperation.BwpForGeoSpanAlreadyAssociated");
    call(&emulator, attach, &pair("cen-2", "q")).await;

    let detach = "UnassociateCenBandwidthPackage";
    assert_eq!(refusal(&emulator, detach, &pair("cen-2", "p")).await, "InvalidOperation.BwpNotAssociated");
    call(&emulator, detach, &pair("cen-1", "p")).await;
    emulator.edit(|world| world.packages[0].business_status = "SecurityLocked".into());
    assert_eq!(refusal(&emulator, attach, &pair("cen-1", "p")).await, "InvalidOperation.BwpBusinessStatus");
}

#[tokio::test(start_paused = true)]
async fn limits_between_regions_fit_into_their_package_and_hold_it_fast() {
    let emulator = world();
    let pair = [("CenId", "cen-1"), ("CenBandwidthPackageId", "p")];
    let limit = |opposite, mbps| {
        let regions = [("LocalRegionId", "cn-hangzhou"), ("OppositeRegionId", opposite)];
        [&[("CenId", "cen-1"), ("BandwidthLimit", mbps)], regions.as_slice()].concat()
    };
    let set = "SetCenInterRegionBandwidthLimit";
    assert_eq!(
        refusal(&emulator, set, &limit("eu-central-1", "5")).await,
        "InvalidOperation.BwpNotAssociated"
    );
    call(&emulator, "AssociateCenBandwidthPackage", &pair).await;
    assert_eq!(refusal(&emulator, set, &limit("us-west-1", "5")).await, "InvalidOperation.BwpNotAssociated");
    call(&emulator, set, &limit("eu-central-1", "60")).await;
    assert_eq!(refusal(&emulator, set, &limit("eu-west-1", "41")).await, "ParameterIllegal.BandwidthLimit");
    call(&emulator, set, &limit("eu-west-1", "40")).await;
    let the_other_way = [
        ("CenId", "cen-1"),
        ("LocalRegionId", "eu-west-1"),
        ("OppositeRegionId", "cn-hangzhou"),
        ("BandwidthLimit", "40"),
    ];
    call(&emulator, set, &the_other_way).await;
    let smaller = [("CenBandwidthPackageId", "p"), ("Bandwidth", "99")];
    let code = refusal(&emulator, "ModifyCenBandwidthPackageSpec", &smaller).await;
    assert_eq!(code, "ParameterIllegal.BandwidthLimit");

    let listed =
        call(&emulator, "DescribeCenInterRegionBandwidthLimits", &[("TrRegionId", "eu-west-1")]).await;
    let listed = &listed["CenInterRegionBandwidthLimits"]["CenInterRegionBandwidthLimit"];
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["BandwidthLimit"]), (1, &json!(40)));
    let detach = "UnassociateCenBandwidthPackage";
    assert_eq!(refusal(&emulator, detach, &pair).await, "InvalidOperation.CenBandwidthLimitsNotZero");
    call(&emulator, set, &limit("eu-central-1", "0")).await;
    call(&emulator, set, &limit("eu-west-1", "0")).await;
    call(&emulator, detach, &pair).await;
}

#[tokio::test(start_paused = true)]
async fn limits_between_regions_are_listed_as_strings_or_numbers_or_not_at_all() {
    let listed = async |limits| {
        let emulator = emulator(|config| config.semantics.limits = limits);
        let used = Package::new("p", ["china", "europe"], 100).used("cn-hangzhou", "eu-central-1", 60);
        emulator.edit(|world| world.packages.push(used));
        items(&emulator, &[]).await[0].get("OrginInterRegionBandwidthLimits").cloned()
    };
    let with = |mbps: Value| {
        Some(json!({ "OrginInterRegionBandwidthLimit": [{
            "LocalRegionId": "cn-hangzhou", "OppositeRegionId": "eu-central-1",
            "GeographicSpanId": "europe_china", "BandwidthLimit": mbps,
        }] }))
    };
    assert_eq!(listed(LimitsShown::Strings).await, with(json!("60")));
    assert_eq!(listed(LimitsShown::Numbers).await, with(json!(60)));
    assert_eq!(listed(LimitsShown::Absent).await, None);
}

#[tokio::test(start_paused = true)]
async fn recorded_limits_hold_their_package_fast_and_the_code_is_any_that_a_page_may_mean() {
    for code in ["ParameterIllegal.BandwidthLimit", "InvalidOperation.BwpBandwidthExceeded"] {
        let emulator = emulator(|config| config.semantics.too_small = code);
        let limit =
            |mbps: Value| json!({ "LocalRegionId": "a", "OppositeRegionId": "b", "BandwidthLimit": mbps });
        let item = json!({
            "CenBandwidthPackageId": "p", "Bandwidth": 9, "BusinessStatus": "Normal", "CenIds": { "CenId": ["cen-1"] },
            "OrginInterRegionBandwidthLimits": { "OrginInterRegionBandwidthLimit": [limit("4".into()), limit(2.into())] },
        });
        let seed = json!({ "CenBandwidthPackages": { "CenBandwidthPackage": [item] } });
        emulator.seed(&seed.to_string()).unwrap();
        let resized = |mbps| [("CenBandwidthPackageId", "p"), ("Bandwidth", mbps)];
        assert_eq!(refusal(&emulator, "ModifyCenBandwidthPackageSpec", &resized("5")).await, code);
        call(&emulator, "ModifyCenBandwidthPackageSpec", &resized("6")).await;
        let pair = [("CenId", "cen-1"), ("CenBandwidthPackageId", "p")];
        let code = refusal(&emulator, "UnassociateCenBandwidthPackage", &pair).await;
        assert_eq!(code, "InvalidOperation.CenBandwidthLimitsNotZero");
    }
}

#[tokio::test(start_paused = true)]
async fn tags_are_set_listed_and_removed() {
    let emulator = world();
    let on = |rest: &[(&'static str, &'static str)]| {
        [&[("ResourceType", "bandwidthPACKAGE"), ("ResourceId.1", "p")], rest].concat()
    };
    let tags =
        || emulator.packages()[0].tags.iter().map(|t| format!("{}={}", t.key, t.value)).collect::<Vec<_>>();
    call(&emulator, "TagResources", &on(&[("Tag.1.Key", "team"), ("Tag.1.Value", "a")])).await;
    call(&emulator, "TagResources", &on(&[("Tag.1.Key", "team"), ("Tag.1.Value", "b")])).await;
    assert_eq!(tags(), ["cenbwp=backbone/cn-eu", "team=b"]);

    let listed = call(&emulator, "ListTagResources", &on(&[("PageSize", "1")])).await;
    assert_eq!(listed["NextToken"], "1");
    let listed = call(&emulator, "ListTagResources", &on(&[("PageSize", "1"), ("NextToken", "1")])).await;
    assert_eq!(listed["TagResources"]["TagResource"][0]["TagKey"], "team");
    assert!(listed.get("NextToken").is_none());

    let missing = [("ResourceType", "BandwidthPackage")];
    assert_eq!(refusal(&emulator, "ListTagResources", &missing).await, "MissingParameter");
    assert_eq!(refusal(&emulator, "UntagResources", &on(&[])).await, "MissingParameter");
    call(&emulator, "UntagResources", &on(&[("TagKey.1", "team"), ("TagKey.2", "absent")])).await;
    assert_eq!(tags(), ["cenbwp=backbone/cn-eu"]);
    call(&emulator, "UntagResources", &on(&[("All", "true")])).await;
    assert!(tags().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_resource_has_at_most_twenty_tags_and_an_unknown_one_spoils_the_whole_call() {
    let emulator = world();
    emulator.edit(|world| {
        let package = world.packages.remove(0);
        world.packages.insert(0, (1..20).fold(package, |package, n| package.tagged(&format!("k{n}"), "v")));
    });
    let tag = [("ResourceType", "BandwidthPackage"), ("Tag.1.Key", "one"), ("Tag.1.Value", "more")];
    let full = [tag.as_slice(), &[("ResourceId.1", "q"), ("ResourceId.2", "p")]].concat();
    assert_eq!(refusal(&emulator, "TagResources", &full).await, "IllegalParam.TagKey");
    let unknown = [tag.as_slice(), &[("ResourceId.1", "q"), ("ResourceId.2", "x")]].concat();
    assert_eq!(refusal(&emulator, "TagResources", &unknown).await, "InvalidParameter");
    assert!(emulator.packages()[1].tags.is_empty());
    let remove = [("ResourceType", "BandwidthPackage"), ("TagKey.1", "k1")];
    let unknown = [remove.as_slice(), &[("ResourceId.1", "p"), ("ResourceId.2", "x")]].concat();
    assert_eq!(refusal(&emulator, "UntagResources", &unknown).await, "InvalidParameter");
    assert_eq!(emulator.packages()[0].tag("k1"), Some("v"));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_moves_nothing_and_answers_with_an_error() {
    let emulator = world();
    let to = [("ResourceId", "p"), ("ResourceType", "bandwidthpackage"), ("NewResourceGroupId", "rg-2")];
    let dry = [to.as_slice(), &[("DryRun", "true")]].concat();
    assert_eq!(refusal(&emulator, "MoveResourceGroup", &dry).await, "DryRunOperation");
    assert_eq!(emulator.packages()[0].resource_group_id, "rg-default");
    call(&emulator, "MoveResourceGroup", &to).await;
    assert_eq!(emulator.packages()[0].resource_group_id, "rg-2");
}

#[tokio::test(start_paused = true)]
async fn cens_name_their_packages() {
    let emulator = world();
    call(&emulator, "AssociateCenBandwidthPackage", &[("CenId", "cen-2"), ("CenBandwidthPackageId", "p")])
        .await;
    let document =
        call(&emulator, "DescribeCens", &[("Filter.1.Key", "CenId"), ("Filter.1.Value.1", "cen-2")]).await;
    assert_eq!(document["TotalCount"], 1);
    let cen = &document["Cens"]["Cen"][0];
    assert_eq!(cen["CenBandwidthPackageIds"]["CenBandwidthPackageId"], json!(["p"]));
}

#[tokio::test(start_paused = true)]
async fn every_pair_of_areas_on_sale_has_a_span() {
    let emulator = world();
    let document = call(&emulator, "DescribeCenGeographicSpans", &[]).await;
    assert_eq!(document["TotalCount"], 10);
    let wanted = [("GeographicSpanId", "china_asia-pacific")];
    let document = call(&emulator, "DescribeCenGeographicSpans", &wanted).await;
    let span = &document["GeographicSpanModels"]["GeographicSpanModel"][0];
    assert_eq!(
        (&span["LocalGeoRegionId"], &span["OppositeGeoRegionId"]),
        (&json!("asia-pacific"), &json!("china"))
    );
}

#[tokio::test(start_paused = true)]
async fn the_token_service_says_who_is_asking() {
    let identity = call(&emulator(|config| config.account_id = "42".into()), "GetCallerIdentity", &[]).await;
    assert_eq!((&identity["AccountId"], &identity["IdentityType"]), (&json!("42"), &json!("Account")));
}

#[tokio::test(start_paused = true)]
async fn a_changed_value_may_be_listed_later_and_is_refused_as_unchanged_until_then() {
    let emulator = emulator(|config| {
        config.semantics.values_after_listings = 1;
        config.semantics.no_change = "OperationFailed.UpDownRadeConfigNoChange";
    });
    emulator.edit(|world| world.packages.push(Package::new("p", ["china", "europe"], 100)));
    let resize = [("CenBandwidthPackageId", "p"), ("Bandwidth", "120")];
    call(&emulator, "ModifyCenBandwidthPackageSpec", &resize).await;
    let code = refusal(&emulator, "ModifyCenBandwidthPackageSpec", &resize).await;
    assert_eq!(code, "OperationFailed.UpDownRadeConfigNoChange");
    call(&emulator, "ModifyCenBandwidthPackageAttribute", &[("CenBandwidthPackageId", "p"), ("Name", "n")])
        .await;
    let (first, second) = (items(&emulator, &[]).await, items(&emulator, &[]).await);
    assert_eq!((&first[0]["Bandwidth"], &first[0]["Name"]), (&json!(100), &json!("")));
    assert_eq!((&second[0]["Bandwidth"], &second[0]["Name"]), (&json!(120), &json!("n")));
    assert_eq!(emulator.packages()[0].bandwidth, 120);
}
