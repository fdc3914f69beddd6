//! The rows of the billing service, and what is not understood of them.

use serde_json::json;

use super::*;

fn id() -> PackageId {
    "cenbwp-1".parse().unwrap()
}

fn row() -> Value {
    json!({
        "InstanceID": "cenbwp-1", "OwnerId": 1234567890123456_u64, "ProductCode": "cbn", "ProductType": "x",
        "SubscriptionType": "Subscription", "RenewStatus": "AutoRenewal", "RenewalDuration": 1,
        "RenewalDurationUnit": "Y",
    })
}

/// Returns what a page of these rows says about `cenbwp-1`: the months, `off`, or the reason.
fn said(rows: &Value, total: &Value) -> String {
    let reply = json!({ "Data": { "TotalCount": total, "InstanceList": rows } });
    let read = super::rows(&reply, &"1234567890123456".parse().unwrap(), &[id()]);
    match read.into_iter().collect::<Vec<_>>().as_slice() {
        [(_, LiveRenewal::Known(Subscription { renewal: Renewal::Months(months), .. }))] => {
            months.to_string()
        }
        [(_, LiveRenewal::Known(_))] => "off".to_owned(),
        [(_, LiveRenewal::Unknown(reason))] => reason.clone(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn check(changes: &Value, expected: &str) {
    let mut row = row();
    for (name, value) in changes.as_object().unwrap() {
        row[name] = value.clone();
    }
    assert_eq!(said(&json!([row]), &json!(1)), expected);
}

#[test]
fn a_row_is_read_in_months() {
    check(&json!({}), "12");
    check(&json!({ "RenewalDuration": "3", "RenewalDurationUnit": "M", "OwnerId": "1234567890123456" }), "3");
    check(&json!({ "OwnerId": null }), "12");
    for off in ["ManualRenewal", "NotRenewal"] {
        check(&json!({ "RenewStatus": off, "RenewalDuration": null, "RenewalDurationUnit": null }), "off");
    }
}

#[test]
fn a_row_that_is_not_understood_says_nothing() {
    check(&json!({ "OwnerId": "42" }), "the billing service lists the package for another account");
    check(
        &json!({ "SubscriptionType": "PayAsYouGo" }),
        "the billing service says that it is paid by use, and such packages do not renew",
    );
    check(&json!({ "SubscriptionType": null }), "SubscriptionType is null, expected Subscription");
    check(&json!({ "ProductType": "" }), "ProductType is \"\", expected a word");
    check(&json!({ "ProductCode": null }), "ProductCode is null, expected a word");
    check(
        &json!({ "RenewStatus": "autorenewal" }),
        "RenewStatus is \"autorenewal\", expected AutoRenewal, ManualRenewal or NotRenewal",
    );
    for duration in [json!(0), json!(-1), json!(1.5), json!(null), json!("x"), json!(5_000_000_000_u64)] {
        let mut row = row();
        row["RenewalDuration"] = duration;
        let said = said(&json!([row]), &json!(1));
        assert!(said.starts_with("RenewalDuration is "), "{said}");
    }
    check(&json!({ "RenewalDurationUnit": "D" }), "RenewalDurationUnit is \"D\", expected M or Y");
}

#[test]
fn a_page_that_does_not_hold_what_it_announces_says_nothing() {
    let none = "the billing service does not list the package";
    assert_eq!(said(&json!([]), &json!(0)), none);
    assert_eq!(said(&json!(null), &json!(0)), none);
    assert_eq!(said(&json!([{ "InstanceID": "cenbwp-10" }]), &json!(1)), none);
    assert_eq!(said(&json!({ "Instance": [row()] }), &json!("1")), "12");
    assert_eq!(said(&json!([row()]), &json!(2)), "TotalCount is 2, and the list holds 1");
    assert_eq!(said(&json!([row()]), &json!(0)), "TotalCount is 0, and the list holds 1");
    assert_eq!(said(&json!([row()]), &json!(null)), "TotalCount is no number");
    assert_eq!(said(&json!([row(), row()]), &json!(2)), "the billing service lists the package twice");
    for broken in [json!(7), json!("x"), json!({}), json!({ "a": [], "b": [] })] {
        assert_eq!(said(&broken, &json!(0)), "InstanceList is no list");
    }
}
