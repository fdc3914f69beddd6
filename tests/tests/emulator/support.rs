//! A small signer of its own, so that neither side of the emulator's signature check is written by the other.

use cenbwp_tests::{Config, Emulator, Reply, Request};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// An emulator whose clock follows tokio's paused one.
pub(crate) fn emulator(change: impl FnOnce(&mut Config)) -> Emulator {
    let start = "2025-01-02T03:04:05Z".parse().unwrap();
    let mut config = Config { clock: cenbwp_tests::Clock::tokio(start), ..Config::default() };
    change(&mut config);
    Emulator::new(config)
}

/// A signed V3 request with a nonce of its own.
pub(crate) fn request(emulator: &Emulator, action: &str, params: &[(&str, &str)]) -> Request {
    let nonce = format!("nonce-{}-{}", action, NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let date = emulator.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    sign(action, params, &nonce, &date)
}

static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

pub(crate) fn sign(action: &str, params: &[(&str, &str)], nonce: &str, date: &str) -> Request {
    sign_declaring(action, params, nonce, date, &hex::encode(Sha256::digest(b"")))
}

/// Signs a request whose header declares this hash of the body, which is empty.
pub(crate) fn sign_declaring(
    action: &str,
    params: &[(&str, &str)],
    nonce: &str,
    date: &str,
    declared: &str,
) -> Request {
    let mut pairs: Vec<String> = params.iter().map(|(k, v)| format!("{}={}", escape(k), escape(v))).collect();
    pairs.sort();
    let query = pairs.join("&");
    let empty = hex::encode(Sha256::digest(b""));
    let version = if action == "GetCallerIdentity" { "2015-04-01" } else { "2017-09-12" };
    let headers = [
        ("host", "cbn.example"),
        ("x-acs-action", action),
        ("x-acs-content-sha256", declared),
        ("x-acs-date", date),
        ("x-acs-signature-nonce", nonce),
        ("x-acs-version", version),
    ];
    let names = headers.map(|(name, _)| name).join(";");
    let block: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let canonical = format!("POST\n/\n{query}\n{block}\n{names}\n{empty}");
    let to_sign = format!("ACS3-HMAC-SHA256\n{}", hex::encode(Sha256::digest(canonical)));
    let mut mac = Hmac::<Sha256>::new_from_slice(Config::KEY_SECRET.as_bytes()).unwrap();
    mac.update(to_sign.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    let authorization =
        format!("ACS3-HMAC-SHA256 Credential={},SignedHeaders={names},Signature={signature}", Config::KEY_ID);
    let mut headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    headers.push(("authorization".into(), authorization));
    Request { method: "POST".into(), target: format!("/?{query}"), headers, body: Vec::new() }
}

fn escape(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

pub(crate) async fn send(emulator: &Emulator, action: &str, params: &[(&str, &str)]) -> Reply {
    emulator.handle(request(emulator, action, params)).await
}

/// The document of a request that must succeed.
pub(crate) async fn call(emulator: &Emulator, action: &str, params: &[(&str, &str)]) -> Value {
    let reply = send(emulator, action, params).await;
    assert_eq!(reply.status(), Some(200), "{action}: {reply:?}");
    reply.document().unwrap()
}

/// The error code of a request that must be refused.
pub(crate) async fn refusal(emulator: &Emulator, action: &str, params: &[(&str, &str)]) -> String {
    let reply = send(emulator, action, params).await;
    reply.code().unwrap_or_else(|| panic!("{action} was not refused: {reply:?}"))
}

pub(crate) const PURCHASE: [(&str, &str); 8] = [
    ("Bandwidth", "100"),
    ("GeographicRegionAId", "China"),
    ("GeographicRegionBId", "Europe"),
    ("BandwidthPackageChargeType", "PREPAY"),
    ("AutoPay", "true"),
    ("Tag.1.Key", "cenbwp"),
    ("Tag.1.Value", "backbone/cn-eu"),
    ("ClientToken", "token-1"),
];

/// `PURCHASE` with some parameters replaced or added.
pub(crate) fn purchase<'a>(with: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = PURCHASE.into_iter().filter(|(name, _)| with.iter().all(|(other, _)| other != name));
    kept.chain(with.iter().copied()).collect()
}

/// The ids of a listing's first page, in order.
pub(crate) async fn listed(emulator: &Emulator) -> Vec<String> {
    let document = call(emulator, "DescribeCenBandwidthPackages", &[("PageSize", "50")]).await;
    let items = document["CenBandwidthPackages"]["CenBandwidthPackage"].as_array().unwrap().clone();
    items.iter().map(|item| item["CenBandwidthPackageId"].to_string().replace('"', "")).collect()
}
