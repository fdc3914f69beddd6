//! An emulator on paused time, and the requests that the tests send it.

use cenbwp_tests::{Config, Emulator, Reply, Request};
use serde_json::Value;

pub(crate) use crate::signer::{sign, sign_declaring};

/// Returns an emulator whose clock follows tokio's paused one.
pub(crate) fn emulator(change: impl FnOnce(&mut Config)) -> Emulator {
    let start = "2025-01-02T03:04:05Z".parse().unwrap();
    let mut config = Config { clock: cenbwp_tests::Clock::tokio(start), ..Config::default() };
    change(&mut config);
    Emulator::new(config)
}

/// Returns a signed V3 request with a nonce of its own.
pub(crate) fn request(emulator: &Emulator, action: &str, params: &[(&str, &str)]) -> Request {
    let nonce = format!("nonce-{}-{}", action, NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let date = emulator.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    sign(action, params, &nonce, &date)
}

static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

pub(crate) async fn send(emulator: &Emulator, action: &str, params: &[(&str, &str)]) -> Reply {
    emulator.handle(request(emulator, action, params)).await
}

/// Sends a request that must succeed, and returns its document.
pub(crate) async fn call(emulator: &Emulator, action: &str, params: &[(&str, &str)]) -> Value {
    let reply = send(emulator, action, params).await;
    assert_eq!(reply.status(), Some(200), "{action}: {reply:?}");
    reply.document().unwrap()
}

/// Sends a request that must be refused, and returns the error code.
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

/// Returns `PURCHASE` with some parameters replaced or added.
pub(crate) fn purchase<'a>(with: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = PURCHASE.into_iter().filter(|(name, _)| with.iter().all(|(other, _)| other != name));
    kept.chain(with.iter().copied()).collect()
}

/// Returns the ids of a listing's first page, in order.
pub(crate) async fn listed(emulator: &Emulator) -> Vec<String> {
    let document = call(emulator, "DescribeCenBandwidthPackages", &[("PageSize", "50")]).await;
    let items = document["CenBandwidthPackages"]["CenBandwidthPackage"].as_array().unwrap().clone();
    items.iter().map(|item| item["CenBandwidthPackageId"].to_string().replace('"', "")).collect()
}
