//! Changes of existing packages: each proven by its value, none repeated blindly, none hidden by another.

mod convergence;

use std::time::Duration;

use cenbwp::execute::Outcome;
use cenbwp::exit::Exit;
use cenbwp_spec::Spec;
use cenbwp_tests::{Cen, Effect, Fault, Package, Refusal, Reservation, When};

use crate::support::{ATTRIBUTE, Bench, DESCRIBE, RESIZE, Run, net, purchases, spec};

/// Returns a spec of one package, `net/x`, with these fields besides its areas.
fn declared(fields: &str) -> Spec {
    wanted(&format!("autoPay: true, {fields}"))
}

/// Returns the spec of one kind of change.
fn wanted(fields: &str) -> Spec {
    spec(&net(&[("x", fields)]))
}

/// Returns the package that the spec declares as `bandwidth: 10`.
fn ours(id: &str) -> Package {
    Package::new(id, ["china", "europe"], 10).tagged("cenbwp", "net/x")
}

fn bench(packages: Vec<Package>) -> Bench {
    let bench = Bench::new();
    bench.emulator.edit(|world| {
        world.packages = packages;
        world.cens = vec![Cen::new("cen-1"), Cen::new("cen-2")];
    });
    bench
}

/// Checks the outcome, and that nothing is left to do.
#[track_caller]
fn assert_settled(run: &Run, outcome: Outcome) {
    assert_eq!(run.outcome(), outcome, "{}", run.text);
    assert_eq!(run.exit, Exit::Done, "{}", run.text);
}

async fn check(package: Package, fields: &str, outcome: Outcome) -> Bench {
    let bench = bench(vec![package]);
    assert_settled(&bench.apply(&declared(fields)).await, outcome);
    let (_, plan) = bench.plan(&declared(fields)).await.expect("the plan can be made");
    assert!(plan.is_empty(), "{plan:?}");
    assert!(purchases(&bench.emulator).is_empty());
    bench
}

/// A run that is killed between the purchase and its follow-ups leaves what a finished run leaves.
#[tokio::test(start_paused = true)]
async fn an_ignored_cen_or_resource_group_is_left_after_a_purchase_however_the_run_ends() {
    let bench = bench(Vec::new());
    let fields = |ignore: &str| {
        let ignore = format!("ignore: [{ignore}]");
        declared(&format!("bandwidth: 10, cenId: cen-1, resourceGroupId: rg-2, {ignore}"))
    };
    assert_settled(&bench.apply(&fields("cenId, resourceGroupId")).await, Outcome::Created);
    assert_eq!(purchases(&bench.emulator), ["net/x"]);
    assert_eq!(bench.calls("AssociateCenBandwidthPackage") + bench.calls("MoveResourceGroup"), 0);
    let (_, plan) = bench.plan(&fields("cenId, resourceGroupId")).await.expect("the plan can be made");
    assert!(plan.is_empty(), "{plan:?}");
    let words: Vec<_> = plan.warnings.iter().map(|warning| warning.kind.rule().name).collect();
    assert_eq!(words, ["ignored", "ignored"]);
    // A field that is no longer ignored is changed on the existing package.
    assert_settled(&bench.apply(&fields("resourceGroupId")).await, Outcome::Updated);
    assert_eq!(bench.calls("AssociateCenBandwidthPackage"), 1);
    assert_eq!(bench.calls("MoveResourceGroup"), 0);
    assert_eq!(purchases(&bench.emulator), ["net/x"]);
}

#[tokio::test(start_paused = true)]
async fn every_field_is_changed_in_place() {
    let fields = "bandwidth: 20, name: new, description: text, tags: {a: b, gone: null}, cenId: cen-1, resourceGroupId: rg-2";
    let bench =
        check(ours("cenbwp-1").tagged("gone", "x").tagged("theirs", "y"), fields, Outcome::Updated).await;
    let package = bench.emulator.packages().remove(0);
    assert_eq!((package.bandwidth, package.name.as_str(), package.description.as_str()), (20, "new", "text"));
    assert_eq!(package.cen_ids, ["cen-1"]);
    assert_eq!(package.resource_group_id, "rg-2");
    assert_eq!((package.tag("a"), package.tag("gone"), package.tag("theirs")), (Some("b"), None, Some("y")));
}

#[tokio::test(start_paused = true)]
async fn description_is_cleared_for_good() {
    let mut package = ours("cenbwp-1");
    package.description = "old".into();
    check(package, "bandwidth: 10, description: ''", Outcome::Updated).await;
}

#[tokio::test(start_paused = true)]
async fn attached_package_is_resized_without_waiting_for_idle() {
    let mut package = ours("cenbwp-1");
    package.cen_ids = vec!["cen-1".into()];
    let bench = check(package, "bandwidth: 20, description: together", Outcome::Updated).await;
    assert_eq!((bench.calls(RESIZE), bench.calls(ATTRIBUTE)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn failure_of_one_field_hides_no_other_and_the_next_run_finishes() {
    let bench = bench(vec![ours("cenbwp-1")]);
    let broke = Refusal::new(400, "InventoryExceeded", "not enough bandwidth");
    bench.emulator.fault(Fault::new(RESIZE, When::call(1), Effect::Refuse(broke)));
    let wanted = declared("bandwidth: 20, description: text");
    let run = bench.apply(&wanted).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Failed, Exit::Partial), "{}", run.text);
    assert!(
        run.text.contains("bandwidth    failed") && run.text.contains("description  done"),
        "{}",
        run.text
    );
    assert_settled(&bench.apply(&wanted).await, Outcome::Updated);
}

#[tokio::test(start_paused = true)]
async fn lost_reply_of_a_resize_is_looked_for_before_anything_is_repeated() {
    for (effect, sent) in [(Effect::CutAfter, 1), (Effect::CutBefore, 2), (Effect::Truncate, 1)] {
        let bench = bench(vec![ours("cenbwp-1")]);
        bench.emulator.fault(Fault::new(RESIZE, When::call(1), effect));
        assert_settled(&bench.apply(&declared("bandwidth: 20")).await, Outcome::Updated);
        assert_eq!(bench.calls(RESIZE), sent);
    }
}

#[tokio::test(start_paused = true)]
async fn refusal_because_it_is_already_so_is_a_success() {
    let bench = bench(vec![ours("cenbwp-1")]);
    let spec = declared("bandwidth: 20");
    let (situation, plan) = bench.plan(&spec).await.expect("the plan can be made");
    // A person makes the same change between the plan and the call.
    bench.emulator.edit(|world| world.packages[0].bandwidth = 20);
    assert_settled(&bench.execute(&spec, &situation, &plan).await, Outcome::Updated);
}

#[tokio::test(start_paused = true)]
async fn order_in_progress_is_waited_for() {
    let bench = bench(vec![ours("cenbwp-1")]);
    for (n, code) in
        [(1, "OperationFailed.OrderIsProcessing"), (2, "Operation.Blocking"), (3, "InvalidStatus.Resource")]
    {
        let busy = Refusal::new(400, code, "later");
        bench.emulator.fault(Fault::new(RESIZE, When::call(n), Effect::Refuse(busy)));
    }
    assert_settled(&bench.apply(&declared("bandwidth: 20")).await, Outcome::Updated);
}

#[tokio::test(start_paused = true)]
async fn missing_money_for_an_upgrade_is_not_asked_for_again() {
    let bench = bench(vec![ours("cenbwp-1")]);
    let broke = Refusal::new(400, "OperationFailed.InsufficientBalance", "no money");
    bench.emulator.fault(Fault::new(RESIZE, When::EVERY, Effect::Refuse(broke)));
    let run = bench.apply(&declared("bandwidth: 20")).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Failed, Exit::Error), "{}", run.text);
    assert_eq!(bench.calls(RESIZE), 1);
}

#[tokio::test(start_paused = true)]
async fn existing_package_is_adopted_and_then_managed() {
    let mut package = Package::new("cenbwp-free", ["europe", "china"], 10);
    package.description = "by hand".into();
    let bench = check(package, "bandwidth: 20, adopt: cenbwp-free", Outcome::Adopted).await;
    let package = bench.emulator.packages().remove(0);
    assert_eq!((package.tag("cenbwp"), package.bandwidth), (Some("net/x"), 20));
    assert_eq!(package.description, "by hand");
}

#[tokio::test(start_paused = true)]
async fn package_whose_tag_could_not_be_set_is_not_changed_further() {
    let bench = bench(vec![Package::new("cenbwp-free", ["europe", "china"], 10)]);
    let denied = Refusal::new(400, "IllegalParam.TagValue", "no");
    bench.emulator.fault(Fault::new("TagResources", When::EVERY, Effect::Refuse(denied)));
    let run = bench.apply(&declared("bandwidth: 20, adopt: cenbwp-free")).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Failed, Exit::Error), "{}", run.text);
    assert_eq!(bench.calls(RESIZE), 0);
}

#[tokio::test(start_paused = true)]
async fn released_package_stays_without_our_tags() {
    let package = ours("cenbwp-1").tagged("cenbwp-terms", "PREPAY 1 Month renew off").tagged("theirs", "y");
    let bench = check(package, "bandwidth: 10, manage: release", Outcome::Released).await;
    let package = bench.emulator.packages().remove(0);
    assert_eq!(package.tags.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn prepaid_package_is_detached_and_left_to_expire() {
    let mut package = ours("cenbwp-1");
    package.cen_ids = vec!["cen-1".into()];
    let bench = check(package, "bandwidth: 10, manage: retire", Outcome::Retiring).await;
    assert!(bench.emulator.packages()[0].cen_ids.is_empty());
    assert_eq!(bench.calls("DeleteCenBandwidthPackage"), 0);
}

#[tokio::test(start_paused = true)]
async fn postpaid_package_is_deleted_and_one_that_is_gone_is_done_at_once() {
    let mut package = ours("cenbwp-1");
    package.charge_type = "POSTPAY".into();
    let fields = "bandwidth: 10, chargeType: POSTPAY, manage: retire";
    let wanted = wanted(fields);
    let bench = bench(vec![package.clone()]);
    assert_settled(&bench.apply(&wanted).await, Outcome::Retired);
    assert!(bench.emulator.packages().is_empty());
    // A person deletes it after the plan: the refusal is checked once and is a success.
    bench.emulator.edit(|world| world.packages = vec![package]);
    let (situation, plan) = bench.plan(&wanted).await.expect("the plan can be made");
    bench.emulator.edit(|world| world.packages.clear());
    let before = bench.cloud.clock().now();
    assert_settled(&bench.execute(&wanted, &situation, &plan).await, Outcome::Retired);
    let waited = bench.cloud.clock().now().duration_since(before).unsigned_abs();
    assert!(waited < Duration::from_secs(5), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn purchase_is_attached_once_it_is_there() {
    let bench = bench(vec![]);
    let wanted = declared("bandwidth: 10, cenId: cen-1, resourceGroupId: rg-2");
    assert_settled(&bench.apply(&wanted).await, Outcome::Created);
    assert_eq!(purchases(&bench.emulator), ["net/x"]);
    assert_eq!(bench.emulator.packages()[0].cen_ids, ["cen-1"]);
    let (_, plan) = bench.plan(&wanted).await.expect("the plan can be made");
    assert!(plan.is_empty(), "{plan:?}");
}

#[tokio::test(start_paused = true)]
async fn purchase_that_cannot_be_attached_is_told_as_bought_and_not_finished() {
    let bench = bench(vec![]);
    let denied = Refusal::new(409, "InvalidOperation.BwpForGeoSpanAlreadyAssociated", "one is there");
    bench.emulator.fault(Fault::new("AssociateCenBandwidthPackage", When::call(1), Effect::Refuse(denied)));
    let wanted = declared("bandwidth: 10, cenId: cen-1");
    let run = bench.apply(&wanted).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Created, Exit::Partial), "{}", run.text);
    assert!(run.text.contains("cenId  failed"), "{}", run.text);
    assert_settled(&bench.apply(&wanted).await, Outcome::Updated);
    assert_eq!(purchases(&bench.emulator), ["net/x"]);
}

#[tokio::test(start_paused = true)]
async fn changes_of_one_cen_never_overlap() {
    let areas = [["china", "europe"], ["china", "north-america"], ["europe", "europe"]];
    let packages = (0..3)
        .map(|n| Package::new(&format!("cenbwp-{n}"), areas[n], 10).tagged("cenbwp", &format!("net/p{n}")));
    let bench = bench(packages.collect());
    bench.emulator.fault(Fault::new(
        "AssociateCenBandwidthPackage",
        When::EVERY,
        Effect::Slow(Duration::from_secs(3)),
    ));
    let wanted = spec(
        "
version: 1
stack: net
defaults: { autoPay: true, bandwidth: 10, cenId: cen-1 }
packages:
  p0: { areas: [China, Europe] }
  p1: { areas: [China, North-America] }
  p2: { areas: [Europe, Europe] }
",
    );
    let run = bench.apply(&wanted).await;
    assert_eq!(run.exit, Exit::Done, "{}", run.text);
    // Each was sent once, after a listing showed the one before it.
    let log = bench.emulator.requests();
    let order: Vec<&str> = log.iter().map(|request| request.action.as_str()).collect();
    let attaches: Vec<usize> =
        (0..order.len()).filter(|&n| order[n] == "AssociateCenBandwidthPackage").collect();
    assert_eq!(attaches.len(), 3, "{order:?}");
    for pair in attaches.windows(2) {
        assert!(order[pair[0]..pair[1]].contains(&DESCRIBE), "{order:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn temporary_upgrade_is_not_fought() {
    let mut package = ours("cenbwp-1");
    package.bandwidth = 100;
    package.reservation = Some(Reservation {
        active_time: "2026-02-01T00:00Z".into(),
        order_type: "TEMP_UPGRADE".into(),
        bandwidth: "10".into(),
        charge_type: "PREPAY".into(),
    });
    let bench = bench(vec![package]);
    let (_, plan) = bench.plan(&declared("bandwidth: 10")).await.expect("the plan can be made");
    assert!(plan.is_empty(), "{plan:?}");
    assert_eq!(bench.calls(RESIZE), 0);
}
