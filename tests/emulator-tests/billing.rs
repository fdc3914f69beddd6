//! The billing service: rows, settings, refusals, and each open reading of the vendor's pages.

use std::time::Duration;

use cenbwp_tests::{Billing, Effect, Emulator, Fault, Outcome, Package, Refusal, Renewal, When};
use serde_json::{Value, json};

use crate::support::{PURCHASE, call, emulator, purchase, refusal, send};

const QUERY: &str = "QueryAvailableInstances";
const SET: &str = "SetRenewal";
const ON: [(&str, &str); 7] = [
    ("InstanceIDs", "p"),
    ("ProductCode", "cbn"),
    ("ProductType", "emulated_cross_border"),
    ("SubscriptionType", "Subscription"),
    ("RenewalStatus", "AutoRenewal"),
    ("RenewalPeriod", "1"),
    ("RenewalPeriodUnit", "M"),
];

/// Returns a service of this kind with a package `p` that a person renews, and `q`, which renews itself every year.
fn service(billing: Billing) -> Emulator {
    let emulator = emulator(|config| config.semantics.billing = billing);
    emulator.edit(|world| {
        let mut q = Package::new("q", ["china", "china"], 10);
        q.renewal = Renewal::every(12);
        world.packages = vec![Package::new("p", ["china", "europe"], 10), q];
    });
    emulator
}

async fn rows(emulator: &Emulator, params: &[(&str, &str)]) -> Vec<Value> {
    let answer = call(emulator, QUERY, params).await;
    answer["Data"]["InstanceList"].as_array().unwrap().clone()
}

/// Returns [`ON`] with these parameters in the place of its own.
fn setting<'a>(with: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = ON.into_iter().filter(|(name, _)| with.iter().all(|(other, _)| other != name));
    kept.chain(with.iter().copied()).filter(|(_, value)| !value.is_empty()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_row_has_the_shape_of_the_vendors_page() {
    let answer = call(&service(Billing::default()), QUERY, &[("InstanceIDs", "q")]).await;
    assert_eq!((&answer["Success"], &answer["Code"]), (&json!(true), &json!("Success")));
    let row = json!({
        "InstanceID": "q", "OwnerId": "1234567890123456", "ProductCode": "cbn", "ProductType": "emulated_bwp",
        "SubscriptionType": "Subscription", "Status": "Normal", "CreateTime": "2025-01-01T00:00:00Z",
        "EndTime": "2099-01-01T00:00:00Z", "Seller": "26842", "Region": "cn-hangzhou",
        "RenewStatus": "AutoRenewal", "RenewalDuration": 12, "RenewalDurationUnit": "M",
    });
    let data = json!({ "PageNum": 1, "PageSize": 20, "TotalCount": 1, "InstanceList": [row] });
    assert_eq!(answer["Data"], data);
}

#[tokio::test(start_paused = true)]
async fn a_purchase_decides_the_first_setting() {
    let emulator = emulator(|_| {});
    call(&emulator, "CreateCenBandwidthPackage", &PURCHASE).await;
    let renewing =
        [("AutoRenew", "true"), ("AutoRenewDuration", "3"), ("ClientToken", "t"), ("Bandwidth", "5")];
    call(&emulator, "CreateCenBandwidthPackage", &purchase(&renewing)).await;
    let rows = rows(&emulator, &[]).await;
    let shown = |row: &Value| (row["RenewStatus"].clone(), row["RenewalDuration"].clone());
    assert_eq!(shown(&rows[0]), (json!("AutoRenewal"), json!(3)));
    assert_eq!(shown(&rows[1]), (json!("ManualRenewal"), Value::Null));
    assert!(emulator.renewals().is_empty(), "no request has set one");
}

#[tokio::test(start_paused = true)]
async fn a_setting_is_a_state_and_every_one_is_kept() {
    let emulator = service(Billing::default());
    call(&emulator, SET, &ON).await;
    call(&emulator, SET, &ON).await;
    let row = &rows(&emulator, &[("InstanceIDs", "p")]).await[0];
    assert_eq!((&row["RenewStatus"], &row["RenewalDuration"]), (&json!("AutoRenewal"), &json!(1)));
    let off = [("RenewalStatus", "NotRenewal"), ("RenewalPeriod", ""), ("RenewalPeriodUnit", "")];
    call(&emulator, SET, &setting(&off)).await;
    assert_eq!(rows(&emulator, &[("InstanceIDs", "p")]).await[0]["RenewStatus"], "NotRenewal");
    let set: Vec<String> = emulator.renewals().into_iter().map(|set| set.status).collect();
    assert_eq!(set, ["AutoRenewal", "AutoRenewal", "NotRenewal"]);
    assert!(emulator.ledger().is_empty(), "a setting is no order");
}

#[tokio::test(start_paused = true)]
async fn a_setting_that_does_not_fit_is_refused_and_nothing_is_set() {
    let emulator = service(Billing::default());
    for (with, code) in [
        (&[("ProductCode", "")][..], "MissingParameter"),
        (&[("RenewalPeriod", "")], "MissingParameter"),
        (&[("RenewalPeriodUnit", "")], "MissingParameter"),
        (&[("RenewalPeriod", "4")], "InvalidParameter"),
        (&[("RenewalStatus", "NotRenewal")], "InvalidParameter"),
        (&[("RenewalStatus", "autorenewal")], "InvalidParameter"),
        (&[("ProductType", "cbn_bwp_pre")], "ProductNotFind"),
        (&[("InstanceIDs", "nothing")], "ResourceNotExists"),
        (&[("InstanceIDs", "p,q")], "ProductNotFind"),
        (&[("InstanceIDs", "p, q")], "InvalidParameter"),
        (&[("SubscriptionType", "PayAsYouGo")], "ResourceStatusError"),
        (&[("ClientToken", "t")], "InvalidParameter"),
        (&[("InstanceIds", "p")], "InvalidParameter"),
    ] {
        assert_eq!(refusal(&emulator, SET, &setting(with)).await, code, "{with:?}");
    }
    assert!(emulator.renewals().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_query_takes_a_hundred_ids_and_a_page_has_twenty_rows_unless_it_says_otherwise() {
    let emulator = emulator(|_| {});
    let ids: Vec<String> = (0..101).map(|n| format!("p{n}")).collect();
    emulator.edit(|world| {
        world.packages = ids.iter().map(|id| Package::new(id, ["china", "china"], 10)).collect();
    });
    let (hundred, all) = (ids[..100].join(","), ids.join(","));
    assert_eq!(rows(&emulator, &[("InstanceIDs", &hundred)]).await.len(), 20);
    assert_eq!(rows(&emulator, &[("InstanceIDs", &hundred), ("PageSize", "300")]).await.len(), 100);
    assert_eq!(refusal(&emulator, QUERY, &[("InstanceIDs", &all)]).await, "InvalidParameter");
    assert_eq!(refusal(&emulator, QUERY, &[("PageSize", "301")]).await, "InvalidParameter");
    assert_eq!(refusal(&emulator, QUERY, &[("Region", "cn-hangzhou")]).await, "MissingParameter");
    assert_eq!(rows(&emulator, &[("RenewStatus", "AutoRenewal")]).await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn each_open_reading_is_a_switch() {
    let row = |name: &str, value: Value| [(name.to_owned(), value)].into();
    for (name, billing, pointer, shown) in [
        ("unlisted", Billing { unlisted: true, ..Billing::default() }, "/Data/TotalCount", json!(0)),
        (
            "a wrapper",
            Billing { wrapper: Some("Instance"), ..Billing::default() },
            "/Data/InstanceList/Instance/0/InstanceID",
            json!("q"),
        ),
        (
            "years",
            Billing { years: true, ..Billing::default() },
            "/Data/InstanceList/0/RenewalDurationUnit",
            json!("Y"),
        ),
        ("another code", Billing { code: "200", ..Billing::default() }, "/Code", json!("200")),
        ("twice", Billing { copies: 2, ..Billing::default() }, "/Data/InstanceList/1/InstanceID", json!("q")),
        ("a count that is off", Billing { miscount: 3, ..Billing::default() }, "/Data/TotalCount", json!(4)),
        (
            "another owner",
            Billing { row: row("OwnerId", json!(7)), ..Billing::default() },
            "/Data/InstanceList/0/OwnerId",
            json!(7),
        ),
    ] {
        let answer = call(&service(billing), QUERY, &[("InstanceIDs", "q")]).await;
        assert_eq!(answer.pointer(pointer), Some(&shown), "{name}: {answer}");
    }
    let billing = Billing { envelope: row("Success", Value::Null), ..Billing::default() };
    assert_eq!(call(&service(billing), QUERY, &[]).await.get("Success"), None);
}

#[tokio::test(start_paused = true)]
async fn a_setting_can_be_shown_late() {
    let emulator = service(Billing { shown_after_reads: 2, ..Billing::default() });
    let mut shown = Vec::new();
    call(&emulator, SET, &ON).await;
    for _ in 0..3 {
        shown.push(rows(&emulator, &[("InstanceIDs", "p")]).await[0]["RenewStatus"].clone());
    }
    assert_eq!(shown, ["ManualRenewal", "ManualRenewal", "AutoRenewal"]);

    let emulator = service(Billing { shown_after: Duration::from_secs(60), ..Billing::default() });
    let shown = async || rows(&emulator, &[("InstanceIDs", "p")]).await[0]["RenewStatus"].clone();
    call(&emulator, SET, &ON).await;
    assert_eq!(shown().await, "ManualRenewal");
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(shown().await, "AutoRenewal");
    // What was shown before is shown on, also where a second setting follows the first.
    call(&emulator, SET, &setting(&[("RenewalPeriod", "3")])).await;
    call(&emulator, SET, &setting(&[("RenewalPeriod", "6")])).await;
    let months = rows(&emulator, &[("InstanceIDs", "p")]).await[0]["RenewalDuration"].clone();
    assert_eq!(months, 1);
}

#[tokio::test(start_paused = true)]
async fn a_row_can_be_unreadable_and_a_page_miscounted() {
    let emulator = service(Billing::default());
    let strike = |effect| emulator.fault(Fault::new(QUERY, When::call(1), effect));
    strike(Effect::Unreadable(1));
    strike(Effect::TotalCount(99));
    let answer = call(&emulator, QUERY, &[]).await;
    let ids = [0, 1].map(|n| answer["Data"]["InstanceList"][n]["InstanceID"].clone());
    assert_eq!((ids, &answer["Data"]["TotalCount"]), ([json!("p"), json!(7)], &json!(99)));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_can_look_like_an_answer() {
    let emulator = service(Billing { refuses_with_200: true, ..Billing::default() });
    let reply = send(&emulator, SET, &setting(&[("RenewalPeriod", "")])).await;
    assert_eq!((reply.status(), reply.code().as_deref()), (Some(200), Some("MissingParameter")));
    assert_eq!(reply.document().unwrap()["Success"], false);
    // Also one that hides what was done.
    emulator.fault(Fault::new(SET, When::call(1), Effect::FailAfter(Refusal::new(400, "Conflict", "no"))));
    let reply = send(&emulator, SET, &ON).await;
    assert_eq!((reply.status(), reply.code().as_deref()), (Some(200), Some("Conflict")));
    assert_eq!(emulator.renewals().len(), 1);
    let outcome = emulator.requests().last().map(|request| request.outcome.clone());
    assert_eq!(outcome, Some(Outcome::Answered { status: 200, code: Some("Conflict".to_owned()) }));
    emulator.fault(Fault::new(
        QUERY,
        When::call(1),
        Effect::Refuse(Refusal::new(400, "NotAuthorized", "no")),
    ));
    let reply = send(&emulator, QUERY, &[]).await;
    assert_eq!((reply.status(), reply.code().as_deref()), (Some(200), Some("NotAuthorized")));
    let other = send(&emulator, "DescribeCens", &[("PageSize", "51")]).await;
    assert_eq!(other.status(), Some(400), "only the billing service does so");
}

#[tokio::test(start_paused = true)]
async fn the_other_site_does_not_know_the_account() {
    let emulator = service(Billing { home: Some("cbn.example"), ..Billing::default() });
    assert_eq!(rows(&emulator, &[]).await.len(), 2);
    let abroad = Billing {
        home: Some("business.ap-southeast-1"),
        wrong_site: ("AuthSiteFail", "This API is not applicable for caller."),
        ..Billing::default()
    };
    let emulator = service(abroad);
    assert_eq!(refusal(&emulator, QUERY, &[]).await, "AuthSiteFail");
    assert_eq!(refusal(&emulator, SET, &ON).await, "AuthSiteFail");
    assert!(emulator.renewals().is_empty());
    call(&emulator, "DescribeCenBandwidthPackages", &[]).await;
}
