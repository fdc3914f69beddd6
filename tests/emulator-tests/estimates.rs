//! The estimate of prices: amounts, refusals, and each open reading of the vendor's pages.

use cenbwp_tests::auth::AccessKey;
use cenbwp_tests::{Config, Emulator, Estimates, Reply, Request};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::signer::{escape, sign_body};
use crate::support::emulator;

const ESTIMATE: &str = "GetTemplateEstimateCost";

fn service(estimates: Estimates) -> Emulator {
    emulator(|config| config.semantics.estimates = estimates)
}

/// Returns a template of one package, with these properties in the place of its own.
fn template(with: &Value) -> Value {
    let mut properties = json!({
        "Bandwidth": 100, "GeographicRegionAId": "China", "GeographicRegionBId": "Europe",
        "BandwidthPackageChargeType": "PREPAY", "PricingCycle": "Month", "Period": 1, "AutoPay": false,
    });
    for (name, value) in with.as_object().unwrap() {
        properties[name] = value.clone();
    }
    let resource = json!({ "Type": "ALIYUN::CEN::CenBandwidthPackage", "Properties": properties });
    json!({ "ROSTemplateFormatVersion": "2015-09-01", "Resources": { "Plan": resource } })
}

/// Returns a signed request with this template in its body, if there is one.
fn request(params: &[(&str, &str)], template: Option<&str>, nonce: &str, date: &str) -> Request {
    let key = AccessKey::new(Config::KEY_ID, Config::KEY_SECRET);
    let body = template.map(|text| format!("TemplateBody={}", escape(text))).unwrap_or_default();
    let hash = HEXLOWER.encode(&Sha256::digest(&body));
    let signed = sign_body(&key, ESTIMATE, params, nonce, date, (&body, &hash));
    Request { body: body.into_bytes(), ..signed }
}

async fn send(emulator: &Emulator, template: &Value) -> Reply {
    let date = emulator.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let nonce = HEXLOWER.encode(&Sha256::digest(format!("{template}{date}")));
    let region = [("RegionId", "cn-hangzhou")];
    emulator.handle(request(&region, Some(&template.to_string()), &nonce, &date)).await
}

async fn order(estimates: Estimates, with: &Value) -> Value {
    let reply = send(&service(estimates), &template(with)).await;
    reply.document().unwrap()["Resources"]["Plan"]["Result"]["Order"].clone()
}

#[tokio::test(start_paused = true)]
async fn an_estimate_has_the_shape_of_the_vendors_page_and_orders_nothing() {
    let emulator = service(Estimates::default());
    let reply = send(&emulator, &template(&json!({}))).await;
    assert_eq!(reply.status(), Some(200), "{reply:?}");
    let plan = json!({
        "Type": "ALIYUN::CEN::CenBandwidthPackage",
        "Success": true,
        "Result": {
            "Order": {
                "Currency": "CNY", "OriginalAmount": 2490.0, "DiscountAmount": 249.0, "TradeAmount": 2241.0,
            },
            "Rules": { "Rule": [] },
        },
    });
    assert_eq!(reply.document().unwrap()["Resources"], json!({ "Plan": plan }));
    assert!(emulator.ledger().is_empty() && emulator.packages().is_empty());
}

#[tokio::test(start_paused = true)]
async fn each_open_reading_is_a_switch() {
    let plain = Estimates::default;
    let six = json!({ "Period": 6 });
    assert_eq!(order(plain(), &six).await["TradeAmount"], 13446.0);
    let of_one = Estimates { of_one_period: true, ..plain() };
    assert_eq!(order(of_one, &six).await["TradeAmount"], 2241.0);
    let years = json!({ "Period": 2, "PricingCycle": "Year" });
    assert_eq!(order(plain(), &years).await["TradeAmount"], 53784.0);
    let strings = Estimates { strings: true, cents_per_mbps: 2491, ..plain() };
    assert_eq!(order(strings, &json!({ "Bandwidth": 3 })).await["TradeAmount"], "67.26");
    let nothing = Estimates { currency: "", ..plain() };
    assert_eq!(order(nothing, &json!({})).await["Currency"], "");
    let null = Estimates { order: [("TradeAmount".to_owned(), Value::Null)].into(), ..plain() };
    assert_eq!(order(null, &json!({})).await.get("TradeAmount"), None);
    let no = Estimates { resource: [("Success".to_owned(), json!(false))].into(), ..plain() };
    let reply = send(&service(no), &template(&json!({}))).await;
    assert_eq!(reply.document().unwrap()["Resources"]["Plan"]["Success"], false);
    let unlisted = Estimates { unlisted: true, ..plain() };
    let reply = send(&service(unlisted), &template(&json!({}))).await;
    assert_eq!(reply.document().unwrap()["Resources"], json!({}));
}

#[tokio::test(start_paused = true)]
async fn a_template_that_does_not_fit_is_refused() {
    let emulator = service(Estimates::default());
    let mut named = template(&json!({}));
    named["Resources"]["a-b"] = named["Resources"]["Plan"].clone();
    let mut many = template(&json!({}));
    for n in 0..200 {
        many["Resources"][format!("P{n}")] = many["Resources"]["Plan"].clone();
    }
    for (template, code) in [
        (json!({}), "InvalidTemplate"),
        (json!({ "ROSTemplateFormatVersion": "2015-09-01", "Resources": {} }), "InvalidTemplate"),
        (named, "InvalidTemplate"),
        (many, "InvalidTemplate"),
        (template(&json!({ "Name": "n" })), "StackValidationFailed"),
        (template(&json!({ "Bandwidth": "100" })), "StackValidationFailed"),
        (template(&json!({ "Bandwidth": 1 })), "StackValidationFailed"),
        (template(&json!({ "GeographicRegionBId": "Middle-East" })), "StackValidationFailed"),
        (template(&json!({ "Period": 4 })), "StackValidationFailed"),
        (template(&json!({ "PricingCycle": "Day" })), "StackValidationFailed"),
        (template(&json!({ "AutoPay": true })), "StackValidationFailed"),
    ] {
        let reply = send(&emulator, &template).await;
        assert_eq!((reply.status(), reply.code().as_deref()), (Some(400), Some(code)), "{template}");
    }
    let date = emulator.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let template = template(&json!({})).to_string();
    let without_region = request(&[], Some(&template), "nonce-a", &date);
    assert_eq!(emulator.handle(without_region).await.code().as_deref(), Some("MissingParameter"));
    let in_the_url = [("RegionId", "cn-hangzhou"), ("TemplateBody", &*template)];
    let in_the_url = request(&in_the_url, None, "nonce-b", &date);
    assert_eq!(emulator.handle(in_the_url).await.code().as_deref(), Some("InvalidParameter"));
}
