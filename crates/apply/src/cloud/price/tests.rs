//! The template that is sent, and what is not understood of an estimate.

use std::collections::BTreeMap;

use cenbwp_spec::{Area, AreaPair, Mbps, Prepay, Renewal, Term};
use serde_json::json;

use super::*;

fn purchase(n: usize, term: Term) -> Purchase {
    Purchase {
        identity: format!("net/p{n}").parse().unwrap(),
        areas: AreaPair::new(Area::new("china"), Area::new("europe")),
        bandwidth: Mbps(100),
        name: "a name".to_owned(),
        description: Some("a text".to_owned()),
        terms: Prepay { term, auto_pay: true, renewal: Renewal::Months(1) },
        tags: BTreeMap::from([("team".to_owned(), "network".to_owned())]),
        follow_ups: Vec::new(),
        price: None,
    }
}

fn asked(purchases: &[Purchase]) -> Vec<Asked<'_>> {
    purchases.iter().enumerate().map(Asked::new).collect()
}

#[test]
fn the_service_is_asked_as_the_vendors_client_asks_it() {
    let theirs = include_str!("../../../tests/vectors/captured-py-tea-ros-get-template-estimate-cost.http");
    let theirs = theirs.replace("\r\n", "\n");
    let (head, body) = theirs.split_once("\n\n").unwrap();
    let purchases = [purchase(0, Term::Months(1))];
    let request = estimate(template(&asked(&purchases)));
    assert_eq!(crate::cloud::sign::canonical_query(&request.form), body.trim_end());
    assert!(head.starts_with(&format!("POST /?{} ", crate::cloud::sign::canonical_query(&request.params))));
    assert!(head.contains(&format!("x-acs-action: {}", request.action)));
    assert!(head.contains(&format!("x-acs-version: {}", request.version)));
}

#[test]
fn a_longer_term_is_asked_for_beside_one_of_its_months_or_years() {
    let purchases = [purchase(0, Term::Months(6)), purchase(1, Term::Years(1))];
    let template: Value = serde_json::from_str(&template(&asked(&purchases))).unwrap();
    let terms = |name: &str| {
        let properties = &template["Resources"][name]["Properties"];
        (properties["Period"].clone(), properties["PricingCycle"].clone())
    };
    assert_eq!(terms("Plan"), (json!(6), json!("Month")));
    assert_eq!(terms("PlanOne"), (json!(1), json!("Month")));
    assert_eq!(terms("Plan2"), (json!(1), json!("Year")));
    assert_eq!(template["Resources"].as_object().unwrap().len(), 3);
}

#[test]
fn a_template_is_never_longer_than_the_service_takes_and_no_purchase_is_left_out() {
    for (count, term, sizes) in [
        (0, Term::Months(1), &[][..]),
        (200, Term::Months(1), &[200]),
        (201, Term::Months(1), &[200, 1]),
        (201, Term::Months(2), &[100, 100, 1]),
    ] {
        let purchases: Vec<Purchase> = (0..count).map(|n| purchase(n, term)).collect();
        let asked = asked(&purchases);
        let batches = batches(&asked);
        assert_eq!(batches.iter().map(|batch| batch.len()).collect::<Vec<_>>(), sizes);
        assert!(batches.iter().all(|batch| template(batch).len() <= LONGEST_TEMPLATE));
    }
    // Areas that the vendor adds may have any name.
    let long = |n| {
        let areas = AreaPair::new(Area::new(&"a".repeat(50_000)), Area::new(&"b".repeat(50_000)));
        Purchase { areas, ..purchase(n, Term::Months(1)) }
    };
    let purchases: Vec<Purchase> = (0..12).map(long).collect();
    let asked = asked(&purchases);
    let batches = batches(&asked);
    assert_eq!(batches.iter().map(|batch| batch.len()).collect::<Vec<_>>(), [5, 5, 2]);
    assert!(batches.iter().all(|batch| template(batch).len() <= LONGEST_TEMPLATE));
}

/// Returns the price that a reply with this resource names, or the reason why there is none.
fn said(resource: &str) -> String {
    let body = format!(r#"{{"RequestId":"R","Resources":{{"Plan":{resource}}}}}"#);
    match Estimate::read(body.as_bytes()).map(|estimate| estimate.of("Plan")) {
        Some(Ok(price)) => price.to_string(),
        Some(Err(reason)) => reason,
        None => "no reply".to_owned(),
    }
}

#[track_caller]
fn check(amount: &str, currency: &str, expected: &str) {
    let resource = format!(
        r#"{{"Type":"x","Success":true,"Result":{{"Order":{{"OriginalAmount":9,"TradeAmount":{amount},"Currency":{currency}}}}}}}"#
    );
    assert_eq!(said(&resource), expected);
}

#[test]
fn an_amount_is_read_digit_by_digit_as_a_number_or_as_a_string() {
    check("2400", r#""CNY""#, "2400 CNY");
    check("2400.10", r#""USD""#, "2400.10 USD");
    check(r#""2400.10""#, r#""USD""#, "2400.10 USD");
    // More digits than a floating-point number keeps.
    check("123456789012345.123456789", r#""CNY""#, "123456789012345.123456789 CNY");
    check("1.2E3", r#""CNY""#, "1200 CNY");
}

#[track_caller]
fn check_starts(amount: &str, expected: &str) {
    let resource =
        format!(r#"{{"Success":true,"Result":{{"Order":{{"TradeAmount":{amount},"Currency":"CNY"}}}}}}"#);
    assert!(said(&resource).starts_with(expected), "{amount}: {}", said(&resource));
}

#[test]
fn what_is_not_clearly_a_price_is_none() {
    for currency in [r#""""#, "null", r#""cny""#, r#""￥""#, "7"] {
        let body =
            format!(r#"{{"Success":true,"Result":{{"Order":{{"TradeAmount":1,"Currency":{currency}}}}}}}"#);
        assert!(said(&body).starts_with("Currency is "), "{currency}: {}", said(&body));
    }
    for amount in ["0", "-1", "null", r#""""#, r#""1,000""#, "[]", "true", "1e99", r#""-""#] {
        check_starts(amount, "TradeAmount is ");
    }
    let order = r#""Result":{"Order":{"TradeAmount":1,"Currency":"CNY"}}"#;
    for (resource, expected) in [
        (format!(r#"{{"Success":false,{order}}}"#), "Success is false, expected true"),
        (format!(r#"{{"Success":"true",{order}}}"#), "Success is \"true\", expected true"),
        (format!(r#"{{"Success":1,{order}}}"#), "Success is \"1\", expected true"),
        (format!("{{{order}}}"), "Success is null, expected true"),
        (r#"{"Success":true}"#.to_owned(), "the estimate has no Order"),
        (r#"{"Success":true,"Result":{}}"#.to_owned(), "the estimate has no Order"),
        (
            r#"{"Success":true,"Result":{"Order":{"Currency":"CNY"}}}"#.to_owned(),
            "TradeAmount is null, expected a positive decimal number",
        ),
        (
            r#"{"Success":true,"Result":{"OrderSupplement":{"ChargeType":"PostPaid"},"Order":{"TradeAmount":1,"Currency":"CNY"}}}"#
                .to_owned(),
            "ChargeType is \"PostPaid\", expected PrePaid",
        ),
        ("7".to_owned(), "Success is null, expected true"),
        ("null".to_owned(), "the service has no estimate for CEN bandwidth packages"),
        // Of two amounts it is not known which one counts.
        (
            r#"{"Success":true,"Result":{"Order":{"TradeAmount":1,"TradeAmount":9,"Currency":"CNY"}}}"#.to_owned(),
            "TradeAmount is \"given twice\", expected a positive decimal number",
        ),
    ] {
        assert_eq!(said(&resource), expected);
    }
    let read = |body: &str| Estimate::read(body.as_bytes()).map(|estimate| estimate.of("Plan"));
    let twice = read(r#"{"Resources":{"Plan":{"Success":true},"Plan":{}}}"#);
    assert_eq!(twice, Some(Err("Success is null, expected true".to_owned())));
    for body in
        [r#"{"RequestId":"R"}"#, r#"{"Resources":[]}"#, "[]", "", "{", r#"{"Resources":{},"Resources":{}}"#]
    {
        assert!(read(body).is_none(), "{body}");
    }
    let none = "the service has no estimate for CEN bandwidth packages".to_owned();
    assert_eq!(read(r#"{"Resources":{}}"#), Some(Err(none)));
}

#[test]
fn only_numbers_become_strings() {
    for (json, kept) in [
        (
            r#"{"a":1,"b":[-2.50,3e+4],"c":"5\"6\\","d":true}"#,
            r#"{"a":"1","b":["-2.50","3e+4"],"c":"5\"6\\","d":true}"#,
        ),
        (r#"{"e1":"-7","f":{"g":0}}"#, r#"{"e1":"-7","f":{"g":"0"}}"#),
        ("[1 , 2]", r#"["1" , "2"]"#),
        ("{}", "{}"),
    ] {
        assert_eq!(String::from_utf8(with_numbers_as_strings(json.as_bytes())).unwrap(), kept);
    }
}

#[test]
fn the_amount_of_a_longer_term_has_to_be_more_than_that_of_one() {
    let purchases = [purchase(0, Term::Months(6))];
    let asked = asked(&purchases);
    let read = |six: &str, one: &str| {
        let order = |amount: &str| {
            format!(r#"{{"Success":true,"Result":{{"Order":{{"TradeAmount":{amount},"Currency":"CNY"}}}}}}"#)
        };
        let body = format!(r#"{{"Resources":{{"Plan":{},"PlanOne":{}}}}}"#, order(six), order(one));
        asked[0].price(&Estimate::read(body.as_bytes()).unwrap()).map(|price| price.to_string())
    };
    assert_eq!(read("600", "100"), Ok("600 CNY".to_owned()));
    assert_eq!(read("550", "100.5"), Ok("550 CNY".to_owned()));
    let per_month =
        "100 CNY is named for 6 months, and 100 CNY for 1 month: it may be the price of 1 month only";
    assert_eq!(read("100", "100"), Err(per_month.to_owned()));
    let body =
        r#"{"Resources":{"Plan":{"Success":true,"Result":{"Order":{"TradeAmount":1,"Currency":"CNY"}}}}}"#;
    assert!(asked[0].price(&Estimate::read(body.as_bytes()).unwrap()).is_err(), "the other one is missing");
}
