//! Every fault has the effect that its name says, on the call that it names, and no other.

use std::time::Duration;

use cenbwp_tests::{Effect, Fault, Outcome, Package, Refusal, Reply, When};

use crate::support::{PURCHASE, call, emulator, listed, refusal, send};

const CREATE: &str = "CreateCenBandwidthPackage";
const DESCRIBE: &str = "DescribeCenBandwidthPackages";

/// Makes a purchase with a fault on its first call, and checks its status and code, and the number of orders.
async fn check(fault: &str, status: Option<u16>, code: Option<&str>, orders: usize) {
    let emulator = emulator(|_| {});
    emulator.fault(format!("{CREATE}@1:{fault}").parse().unwrap());
    let reply = send(&emulator, CREATE, &PURCHASE).await;
    assert_eq!((reply.status(), reply.code().as_deref()), (status, code), "{fault}: {reply:?}");
    assert_eq!(emulator.ledger().len(), orders, "{fault}");
    call(&emulator, CREATE, &PURCHASE).await;
    assert_eq!(emulator.ledger().len(), 1, "{fault}: the second try");
}

#[tokio::test(start_paused = true)]
async fn each_fault_of_a_purchase_is_before_or_after_the_commit() {
    check("refuse=500/InternalError", Some(500), Some("InternalError"), 0).await;
    check("refuse=400/InventoryExceeded/nothing left", Some(400), Some("InventoryExceeded"), 0).await;
    check("fail-after=500/InternalError", Some(500), Some("InternalError"), 1).await;
    check("cut-before", None, None, 0).await;
    check("cut-after", None, None, 1).await;
    check("throttle", Some(400), Some("Throttling.User"), 0).await;
    check("truncate", Some(200), None, 1).await;
    check("slow=2s", Some(200), None, 1).await;
}

#[tokio::test(start_paused = true)]
async fn throttling_says_when_to_come_back_only_if_told() {
    let emulator = emulator(|_| {});
    emulator.fault(Fault::new(DESCRIBE, When::call(1), Effect::Throttle(Some(1500))));
    emulator.fault(Fault::new(DESCRIBE, When::call(2), Effect::Throttle(None)));
    for expected in [Some("1500"), None] {
        let Reply::Response { headers, .. } = send(&emulator, DESCRIBE, &[]).await else { panic!("cut") };
        let hint = headers.iter().find(|(name, _)| name == "x-acs-retry-after");
        assert_eq!(hint.map(|(_, value)| value.as_str()), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn latency_passes_on_the_paused_clock() {
    let emulator = emulator(|_| {});
    emulator.fault("*:latency=90s".parse().unwrap());
    let before = emulator.now();
    call(&emulator, DESCRIBE, &[]).await;
    assert_eq!(emulator.now().duration_since(before).as_secs(), 90);
}

#[tokio::test(start_paused = true)]
async fn a_truncated_answer_promises_more_than_it_holds() {
    let emulator = emulator(|_| {});
    emulator.fault(Fault::new(DESCRIBE, When::EVERY, Effect::Truncate));
    let Reply::Response { headers, body, .. } = send(&emulator, DESCRIBE, &[]).await else { panic!("cut") };
    let (_, promised) = headers.iter().find(|(name, _)| name == "content-length").unwrap();
    assert!(promised.parse::<usize>().unwrap() > body.len());
}

#[tokio::test(start_paused = true)]
async fn a_fault_hits_the_calls_it_names() {
    let hit = async |when: &str| {
        let emulator = emulator(|_| {});
        emulator.fault(format!("{DESCRIBE}{when}:cut-before").parse().unwrap());
        call(&emulator, "DescribeCens", &[]).await;
        let mut hit = String::new();
        for _ in 0..5 {
            hit.push(if send(&emulator, DESCRIBE, &[]).await == Reply::Cut { 'x' } else { '.' });
        }
        hit
    };
    assert_eq!(hit("").await, "xxxxx");
    assert_eq!(hit("@2").await, ".x...");
    assert_eq!(hit("@4-").await, "...xx");
    assert_eq!(hit("@2-3").await, ".xx..");
    assert_eq!(hit("@100%").await, "xxxxx");
}

#[test]
fn a_fault_that_cannot_be_read_is_refused_with_what_was_expected() {
    for (text, expected) in [
        ("cut-after", "ACTION[@WHEN]:EFFECT"),
        ("CreateCenBandwidthpackage:cut-after", "does not exist"),
        ("*@0:cut-after", "expected N, N-, N-M or P%"),
        ("*@200%:cut-after", "above 100%"),
        ("*:explode", "expected latency"),
        ("*:latency", "needs a value"),
        ("*:latency=soon", "300ms"),
        ("*:refuse=200/Fine", "STATUS/CODE"),
        ("*:refuse=500", "STATUS/CODE"),
        ("*:shift=x", "whole number"),
        ("*:unreadable=-1", "position from 0"),
    ] {
        let error = text.parse::<Fault>().unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

/// Returns the ids of a two-page listing of four packages a to d whose second page has `effect`, and both
/// totals.
async fn two_pages(effect: Effect) -> (String, Vec<i64>) {
    let emulator = emulator(|_| {});
    emulator.edit(|world| {
        world.packages = ["a", "b", "c", "d"].map(|id| Package::new(id, ["china", "europe"], 5)).to_vec();
    });
    emulator.fault(Fault::new(DESCRIBE, When::call(2), effect));
    let (mut ids, mut totals) = (String::new(), Vec::new());
    for page in ["1", "2"] {
        let document = call(&emulator, DESCRIBE, &[("PageNumber", page), ("PageSize", "2")]).await;
        totals.push(document["TotalCount"].as_i64().unwrap());
        for item in document["CenBandwidthPackages"]["CenBandwidthPackage"].as_array().unwrap() {
            ids.push_str(item["CenBandwidthPackageId"].as_str().unwrap_or("?"));
        }
    }
    (ids, totals)
}

#[tokio::test(start_paused = true)]
async fn listings_move_lie_and_garble_as_told() {
    assert_eq!(two_pages(Effect::Latency(Duration::ZERO)).await, ("abcd".into(), vec![4, 4]));
    assert_eq!(two_pages(Effect::Shift(1)).await, ("abd".into(), vec![4, 4]));
    assert_eq!(two_pages(Effect::Shift(-1)).await, ("abbc".into(), vec![4, 4]));
    assert_eq!(two_pages(Effect::TotalCount(3)).await, ("abcd".into(), vec![4, 3]));
    assert_eq!(two_pages(Effect::Unreadable(1)).await, ("abc?".into(), vec![4, 4]));
    let sold =
        |world: &mut cenbwp_tests::World| world.packages.insert(0, Package::new("n", ["china", "europe"], 5));
    assert_eq!(two_pages(Effect::Edit(std::sync::Arc::new(sold))).await, ("abbc".into(), vec![4, 5]));
}

#[tokio::test(start_paused = true)]
async fn every_request_is_logged_with_what_became_of_it() {
    let emulator = emulator(|_| {});
    emulator.fault(Fault::new(DESCRIBE, When::call(1), Effect::CutBefore));
    send(&emulator, DESCRIBE, &[("PageSize", "50")]).await;
    refusal(&emulator, DESCRIBE, &[("PageSize", "51")]).await;
    listed(&emulator).await;
    let log = emulator.requests();
    let outcomes: Vec<_> = log.iter().map(|logged| logged.outcome.clone()).collect();
    let code = |code: Option<&str>, status| Outcome::Answered { status, code: code.map(str::to_owned) };
    assert_eq!(outcomes, [Outcome::Cut, code(Some("InvalidParameter"), 400), code(None, 200)]);
    assert_eq!(log[1].params["PageSize"], "51");
    assert_ne!(log[0].nonce, log[1].nonce);
}

#[tokio::test(start_paused = true)]
async fn an_error_has_the_envelope_of_the_service() {
    let emulator = emulator(|_| {});
    let refuse = Effect::Refuse(Refusal::new(503, "ServiceUnavailable", "later"));
    emulator.fault(Fault::new(DESCRIBE, When::EVERY, refuse));
    let document = send(&emulator, DESCRIBE, &[]).await.document().unwrap();
    let keys: Vec<_> = document.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["Code", "HostId", "Message", "Recommend", "RequestId"]);
    assert_eq!(document["HostId"], "cbn.example");
}
