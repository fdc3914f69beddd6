//! Every kind of change under every fault, after a kill at any moment, and beside a second run: one more run
//! finishes it.

use std::time::Duration;

use cenbwp::exit::Exit;
use cenbwp_spec::Spec;
use cenbwp_tests::{Effect, Fault, Package, Refusal, When};

use super::{bench, ours, wanted};
use crate::support::{Bench, purchases};

/// Returns a change of each kind, and the package that it starts from, if any.
fn every_kind() -> Vec<(&'static str, Option<Package>)> {
    let attached = |id: &str| {
        let mut package = ours(id);
        package.cen_ids = vec!["cen-1".into()];
        package
    };
    let mut postpaid = ours("cenbwp-1");
    postpaid.charge_type = "POSTPAY".into();
    vec![
        ("bandwidth: 20, description: text, autoPay: true", Some(ours("cenbwp-1"))),
        (
            "bandwidth: 10, tags: {a: b, gone: null}, autoPay: true",
            Some(ours("cenbwp-1").tagged("gone", "x")),
        ),
        ("bandwidth: 10, cenId: cen-2, allowInterruption: true, autoPay: true", Some(attached("cenbwp-1"))),
        (
            "bandwidth: 20, adopt: cenbwp-1, autoPay: true",
            Some(Package::new("cenbwp-1", ["china", "europe"], 10)),
        ),
        ("bandwidth: 10, manage: release", Some(ours("cenbwp-1"))),
        ("bandwidth: 10, manage: retire", Some(attached("cenbwp-1"))),
        ("bandwidth: 10, chargeType: POSTPAY, manage: retire", Some(postpaid)),
        ("bandwidth: 10, cenId: cen-1, resourceGroupId: rg-2, autoPay: true", None),
    ]
}

/// Returns the faults that one request can have.
fn every_fault() -> Vec<Effect> {
    let error = |status, code: &str| Refusal::new(status, code, "injected");
    vec![
        Effect::CutBefore,
        Effect::CutAfter,
        Effect::Truncate,
        Effect::Throttle(None),
        Effect::Refuse(error(500, "InternalError")),
        Effect::FailAfter(error(500, "InternalError")),
        Effect::Refuse(error(400, "Operation.Blocking")),
        Effect::Refuse(error(400, "InvalidParameter")),
        Effect::Refuse(error(403, "Forbidden.RAM")),
    ]
}

/// Every kind of change, every fault, at every request of the run: the run reports the truth, a second run
/// finishes the rest, nothing is bought twice, and then there is nothing to do.
#[tokio::test(start_paused = true)]
async fn every_change_converges_under_every_fault_at_every_step() {
    for (fields, package) in every_kind() {
        for effect in every_fault() {
            for call in 1..=9 {
                let what = format!("{fields}, {effect:?} at request {call}");
                let bench = bench(package.clone().into_iter().collect());
                let wanted = wanted(fields);
                bench.emulator.fault(Fault { action: None, when: When::call(call), effect: effect.clone() });
                let before = bench.emulator.save();
                let first = match bench.plan(&wanted).await {
                    Ok((situation, plan)) if plan.is_applyable() => {
                        Some(bench.execute(&wanted, &situation, &plan).await)
                    }
                    _ => None,
                };
                let code = first.as_ref().map(|run| run.exit);
                if matches!(code, Some(Exit::Error | Exit::Refused)) {
                    let (before, after) = (packages_of(&before), packages_of(&bench.emulator.save()));
                    assert_eq!(before, after, "{what}: exit {code:?} says that nothing changed");
                }
                assert_converges(&bench, &wanted, &what).await;
            }
        }
    }
}

/// Runs again until nothing is left, and checks the result against the laws.
async fn assert_converges(bench: &Bench, wanted: &Spec, what: &str) {
    bench.emulator.clear_faults();
    let last = bench.apply(wanted).await;
    assert_eq!(last.exit, Exit::Done, "{what}: {}", last.text);
    let (_, plan) = bench.plan(wanted).await.expect("the plan can be made");
    assert!(plan.is_empty(), "{what}: {plan:?}");
    assert!(purchases(&bench.emulator).len() <= 1, "{what}");
}

#[tokio::test(start_paused = true)]
async fn every_change_converges_after_a_kill_at_any_moment() {
    for (fields, package) in every_kind() {
        let wanted = wanted(fields);
        for moment in (0..400).step_by(3) {
            let bench = bench(package.clone().into_iter().collect());
            let slow = Effect::Latency(Duration::from_millis(10));
            bench.emulator.fault(Fault { action: None, when: When::EVERY, effect: slow });
            let run = async {
                let (situation, plan) = bench.plan(&wanted).await.expect("the plan can be made");
                bench.execute(&wanted, &situation, &plan).await
            };
            drop(tokio::time::timeout(Duration::from_millis(moment), run).await);
            assert_converges(&bench, &wanted, &format!("{fields}, killed after {moment} ms")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_change_converges_when_two_runs_make_it_at_once() {
    for (fields, package) in every_kind() {
        let wanted = wanted(fields);
        for effect in every_fault() {
            let bench = bench(package.clone().into_iter().collect());
            let other = bench.neighbour();
            let (mine, theirs) = tokio::join!(bench.plan(&wanted), other.plan(&wanted));
            let (mine, theirs) = (mine.expect("a plan"), theirs.expect("a plan"));
            bench.emulator.fault(Fault { action: None, when: When::call(2), effect: effect.clone() });
            let runs = tokio::join!(
                bench.execute(&wanted, &mine.0, &mine.1),
                other.execute(&wanted, &theirs.0, &theirs.1)
            );
            let what = format!("{fields}, {effect:?}: {}{}", runs.0.text, runs.1.text);
            assert_converges(&bench, &wanted, &what).await;
        }
    }
}

/// Returns the packages of a saved world.
fn packages_of(world: &str) -> serde_json::Value {
    let world: serde_json::Value = serde_json::from_str(world).expect("a saved world is JSON");
    world["packages"].clone()
}
