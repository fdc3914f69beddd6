//! The refusals and their codes: the emulator is stricter than the service, never more lenient.

use cenbwp_tests::{Config, Request};

use crate::support::{PURCHASE, call, emulator, purchase, refusal, request, send};

const CREATE: &str = "CreateCenBandwidthPackage";

/// Checks that a purchase with some parameters changed is refused with this code and buys nothing.
async fn check(with: &[(&str, &str)], code: &str) {
    let emulator = emulator(|_| {});
    assert_eq!(refusal(&emulator, CREATE, &purchase(with)).await, code, "{with:?}");
    assert!(emulator.ledger().is_empty());
}

/// Checks that a purchase with some parameters changed succeeds.
async fn fine(with: &[(&str, &str)]) {
    let emulator = emulator(|_| {});
    call(&emulator, CREATE, &purchase(with)).await;
    assert_eq!(emulator.ledger().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_purchase_keeps_to_every_documented_limit() {
    let (n64, n65) = ("k".repeat(64), "k".repeat(65));
    let (n128, n129) = ("é".repeat(128), "é".repeat(129));
    let (n256, n257) = ("d".repeat(256), "d".repeat(257));

    fine(&[("Bandwidth", "2")]).await;
    fine(&[("Bandwidth", "10000")]).await;
    for bad in ["1", "10001", "0", "-5", "1e3", "100.0", " 100", "+100", ""] {
        check(&[("Bandwidth", bad)], "InvalidParameter").await;
    }
    fine(&[("GeographicRegionAId", "Europe")]).await;
    for bad in ["china", "CHINA", "Australia", "Middle-East", "Mars", ""] {
        check(&[("GeographicRegionAId", bad)], "ParameterIllegal.GeoRegionId").await;
    }
    check(&[("BandwidthPackageChargeType", "POSTPAY")], "UnSupported.ChargeType").await;
    check(&[("BandwidthPackageChargeType", "PrePaid")], "InvalidParameter").await;

    for (period, cycle) in [("1", "Month"), ("6", "Month"), ("1", "Year"), ("3", "Year")] {
        fine(&[("Period", period), ("PricingCycle", cycle)]).await;
    }
    for (period, cycle) in [("4", "Month"), ("12", "Month"), ("0", "Month"), ("6", "Year"), ("1", "month")] {
        check(&[("Period", period), ("PricingCycle", cycle)], "InvalidParameter").await;
    }
    for value in ["true", "false", "True", "False"] {
        fine(&[("AutoRenew", value)]).await;
    }
    for bad in ["TRUE", "yes", "1", ""] {
        check(&[("AutoPay", bad)], "InvalidParameter").await;
    }
    fine(&[("ClientToken", &n64)]).await;
    check(&[("ClientToken", &n65)], "InvalidParameter").await;
    check(&[("ClientToken", "tökén")], "InvalidParameter").await;

    fine(&[("Name", &n128), ("Description", &n256)]).await;
    check(&[("Name", &n129)], "InvalidName").await;
    check(&[("Name", "http://name")], "InvalidName").await;
    check(&[("Description", &n257)], "InvalidDescription").await;
    check(&[("Description", "https://x")], "InvalidDescription").await;

    fine(&[("Tag.2.Key", &n64), ("Tag.2.Value", &n128)]).await;
    for bad in ["", &n65, "aliyun-x", "acs:x", "see http://x"] {
        check(&[("Tag.2.Key", bad), ("Tag.2.Value", "v")], "IllegalParam.TagKey").await;
    }
    for bad in ["", &n129, "aliyun-x", "acs:x", "see https://x"] {
        check(&[("Tag.2.Key", "k"), ("Tag.2.Value", bad)], "IllegalParam.TagValue").await;
    }
    check(&[("Tag.2.Key", "cenbwp"), ("Tag.2.Value", "twice")], "IllegalParam.TagKey").await;
    check(&[("Tag.2.Value", "v")], "IllegalParam.TagKey").await;
    check(&[("Tag.21.Key", "k"), ("Tag.21.Value", "v")], "IllegalParam.TagKey").await;
    check(&[("Tag.0.Key", "k"), ("Tag.0.Value", "v")], "IllegalParam.TagKey").await;
    check(&[("Tag.3.Key", "k"), ("Tag.3.Value", "v")], "InvalidParameter").await;
}

#[tokio::test(start_paused = true)]
async fn a_required_parameter_cannot_be_left_out() {
    for name in ["Bandwidth", "GeographicRegionAId", "GeographicRegionBId"] {
        let emulator = emulator(|_| {});
        let params: Vec<_> = PURCHASE.into_iter().filter(|(other, _)| *other != name).collect();
        assert_eq!(refusal(&emulator, CREATE, &params).await, "MissingParameter", "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_parameter_is_refused_and_a_misspelt_one_is_named() {
    for (name, hint) in [
        ("CenId", "CreateCenBandwidthPackage has no such parameter"),
        ("ResourceGroupId", "no such parameter"),
        ("DryRun", "no such parameter"),
        ("Action", "no such parameter"),
        ("bandwidth", "its name is written Bandwidth"),
        ("tag.1.key", "its name is written Tag.N.Key"),
    ] {
        let emulator = emulator(|_| {});
        let document = send(&emulator, CREATE, &purchase(&[(name, "1")])).await.document().unwrap();
        assert_eq!(document["Code"], "InvalidParameter", "{name}");
        assert!(document["Message"].as_str().unwrap().contains(hint), "{document}");
    }
    fine(&[("OwnerId", "1"), ("OwnerAccount", "a"), ("ResourceOwnerId", "1"), ("RegionId", "cn-hangzhou")])
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_parameter_given_twice_is_refused() {
    let emulator = emulator(|_| {});
    let twice = [("PageSize", "50"), ("PageSize", "50")];
    assert_eq!(refusal(&emulator, "DescribeCenBandwidthPackages", &twice).await, "InvalidParameter");
}

#[tokio::test(start_paused = true)]
async fn pages_have_bounds() {
    let emulator = emulator(|_| {});
    for action in ["DescribeCenBandwidthPackages", "DescribeCens", "DescribeCenGeographicSpans"] {
        call(&emulator, action, &[("PageSize", "50"), ("PageNumber", "999")]).await;
        for bad in [("PageSize", "51"), ("PageSize", "0"), ("PageNumber", "0"), ("PageNumber", "x")] {
            assert_eq!(refusal(&emulator, action, &[bad]).await, "InvalidParameter", "{action} {bad:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn filters_have_known_keys_and_values() {
    let emulator = emulator(|_| {});
    let describe = "DescribeCenBandwidthPackages";
    for bad in [
        vec![("Filter.1.Key", "Bandwidth"), ("Filter.1.Value.1", "2")],
        vec![("Filter.1.Key", "Name")],
        vec![("Filter.6.Key", "Name"), ("Filter.6.Value.1", "x")],
    ] {
        assert_eq!(refusal(&emulator, describe, &bad).await, "InvalidParameter", "{bad:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_does_not_exist_is_not_found() {
    let emulator = emulator(|_| {});
    for action in ["CreateCen", "describeCenBandwidthPackages", ""] {
        let reply = send(&emulator, action, &[]).await;
        assert_eq!(
            (reply.status(), reply.code().as_deref()),
            (Some(404), Some("InvalidApi.NotFound")),
            "{action}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn xml_is_refused_and_not_answered_with_json() {
    let emulator = emulator(|_| {});
    for (format, code) in [("JSON", None), ("XML", Some("InvalidParameter"))] {
        let reply = emulator.handle(v1_get(&emulator, format)).await;
        assert_eq!(reply.code().as_deref(), code);
    }
}

/// Returns a V1 request as the classic SDK places it: everything in the query of a GET.
fn v1_get(emulator: &cenbwp_tests::Emulator, format: &str) -> Request {
    use hmac::{Hmac, KeyInit, Mac};
    let date = emulator.now().strftime("%Y-%m-%dT%H%%3A%M%%3A%SZ").to_string();
    let query = format!(
        "AccessKeyId={}&Action=GetCallerIdentity&Format={format}&SignatureMethod=HMAC-SHA1&SignatureNonce={format}\
         &SignatureVersion=1.0&Timestamp={date}&Version=2015-04-01",
        Config::KEY_ID
    );
    let to_sign = format!("GET&%2F&{}", query.replace('%', "%25").replace('=', "%3D").replace('&', "%26"));
    let key = format!("{}&", Config::KEY_SECRET);
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(to_sign.as_bytes());
    let signature = data_encoding::BASE64.encode(&mac.finalize().into_bytes());
    let signature = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    Request::get(&format!("/?{query}&Signature={signature}"))
}

#[tokio::test(start_paused = true)]
async fn only_get_and_post_at_the_root_are_answered() {
    let emulator = emulator(|_| {});
    let good = request(&emulator, "DescribeCens", &[]);
    for changed in
        [Request { method: "PUT".into(), ..good.clone() }, Request { target: "/other?".into(), ..good }]
    {
        let reply = emulator.handle(changed).await;
        assert_eq!(reply.code().as_deref(), Some("SignatureDoesNotMatch"));
    }
}
