//! Changes of a package that got another owner, or whose request may still be on its way.

use std::sync::Arc;

use cenbwp::execute::{FieldOutcome, Outcome};
use cenbwp::exit::Exit;
use cenbwp_spec::Spec;
use cenbwp_tests::{Cen, Effect, Fault, Package, Refusal, Tag, When, World};

use crate::support::{ATTRIBUTE, Bench, CREATE, DESCRIBE, net, purchases, spec};

/// Returns a spec of these packages, each given by its name and its fields besides the areas.
fn declared(packages: &[(&'static str, &str)]) -> Spec {
    let entry =
        |(name, fields): &(&'static str, &str)| (*name, format!("bandwidth: 10, autoPay: true, {fields}"));
    spec(&net(&packages.iter().map(entry).collect::<Vec<_>>()))
}

fn bench(packages: impl IntoIterator<Item = Package>) -> Bench {
    let bench = Bench::new();
    bench.emulator.edit(|world| world.packages = packages.into_iter().collect());
    bench
}

fn ours(name: &str) -> Package {
    let mut package = Package::new(&format!("cenbwp-{name}"), ["china", "europe"], 10);
    package.name = format!("net-{name}");
    package.tagged("cenbwp", &format!("net/{name}"))
}

fn refusal(code: &str) -> Effect {
    Effect::Refuse(Refusal::new(400, code, "injected"))
}

/// Gives every package this owner.
fn reassign(owner: &'static str) -> Effect {
    Effect::Edit(Arc::new(move |world: &mut World| {
        for package in &mut world.packages {
            package.tags = vec![Tag { key: "cenbwp".into(), value: owner.into() }];
        }
    }))
}

#[tokio::test(start_paused = true)]
async fn package_that_was_released_meanwhile_is_not_changed_further() {
    let bench = bench([ours("x")]);
    let untag = |world: &mut World| world.packages[0].tags.clear();
    // The first listing is the plan's, the second follows the first change.
    bench.strike(DESCRIBE, 2, Effect::Edit(Arc::new(untag)));
    let run = bench.apply(&declared(&[("x", "description: text, tags: {a: b}")])).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::NotAttempted, Exit::Partial), "{}", run.text);
    assert!(run.text.contains("does not carry our tag any more"), "{}", run.text);
    assert_eq!(bench.calls("TagResources"), 0);
}

#[tokio::test(start_paused = true)]
async fn package_that_another_stack_took_meanwhile_is_not_taken_back() {
    let bench = bench([Package::new("cenbwp-free", ["china", "europe"], 10)]);
    bench.strike("TagResources", 1, Effect::CutBefore);
    bench.strike(DESCRIBE, 2, reassign("other/y"));
    let run = bench.apply(&declared(&[("x", "adopt: cenbwp-free")])).await;
    // The lost request may still arrive, so the outcome is unknown.
    assert_eq!((run.outcome(), run.exit), (Outcome::Unknown, Exit::Unknown), "{}", run.text);
    assert_eq!(bench.calls("TagResources"), 1);
    assert_eq!(bench.emulator.packages()[0].tag("cenbwp"), Some("other/y"));
}

#[tokio::test(start_paused = true)]
async fn package_that_is_gone_is_not_asked_to_change_again() {
    let bench = bench([ours("x")]);
    bench.strike(ATTRIBUTE, 1, Effect::CutBefore);
    bench.strike(DESCRIBE, 2, Effect::Edit(Arc::new(|world: &mut World| world.packages.clear())));
    let run = bench.apply(&declared(&[("x", "description: text")])).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Unknown, Exit::Unknown), "{}", run.text);
    assert_eq!(bench.calls(ATTRIBUTE), 1);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_turn_at_a_cen_does_not_wait_for_ever() {
    let mut other = ours("y");
    other.area_b = "asia-pacific".into();
    let bench = bench([ours("x"), other]);
    bench.emulator.edit(|world| world.cens = vec![Cen::new("cen-1")]);
    // A person detaches every CEN before the next listing.
    let detach = |world: &mut World| world.packages.iter_mut().for_each(|package| package.cen_ids.clear());
    bench.emulator.fault(Fault::new(DESCRIBE, When::EVERY, Effect::Edit(Arc::new(detach))));
    let entry = |name, area| format!("{name}: {{areas: [China, {area}], bandwidth: 10, cenId: cen-1}}");
    let packages = [entry("x", "Europe"), entry("y", "Asia-Pacific")].join(", ");
    let spec =
        spec(&format!("{{version: 1, stack: net, defaults: {{autoPay: true}}, packages: {{{packages}}}}}"));
    let run = bench.apply(&spec).await;
    let outcomes: Vec<Outcome> = run.results.iter().map(|result| result.outcome).collect();
    assert_eq!(outcomes, [Outcome::Unknown, Outcome::NotAttempted], "{}", run.text);
    assert_eq!((run.exit, bench.calls("AssociateCenBandwidthPackage")), (Exit::Unknown, 1));
}

#[tokio::test(start_paused = true)]
async fn refusal_after_a_lost_reply_is_not_told_as_failed() {
    let bench = bench([ours("x")]);
    bench.strike(ATTRIBUTE, 1, Effect::CutBefore);
    bench.strike(ATTRIBUTE, 2, refusal("InvalidParameter"));
    let run = bench.apply(&declared(&[("x", "description: text")])).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Unknown, Exit::Unknown), "{}", run.text);
}

#[tokio::test(start_paused = true)]
async fn request_that_was_sent_is_not_told_as_never_attempted() {
    let wanted = declared(&[("a", "description: text"), ("b", "description: text")]);
    // In the second round of requests the account is refused before the other package's request is sent again.
    for (effect, outcome, exit) in [
        (Effect::CutBefore, FieldOutcome::Unknown, Exit::Unknown),
        (refusal("Throttling.User"), FieldOutcome::Failed, Exit::Error),
    ] {
        let mut bench = bench([ours("a"), ours("b")]);
        bench.settings.parallelism = 1;
        bench.strike(ATTRIBUTE, 1, refusal("Throttling.User"));
        bench.strike(ATTRIBUTE, 2, effect);
        bench.strike(ATTRIBUTE, 3, refusal("Forbidden.RAM"));
        let run = bench.apply(&wanted).await;
        assert_eq!((run.results[1].fields[0].outcome, run.exit), (outcome, exit), "{}", run.text);
        assert_eq!(bench.calls(ATTRIBUTE), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn purchase_is_not_changed_further_after_the_account_was_refused() {
    let bench = bench([ours("a")]);
    bench.strike(ATTRIBUTE, 1, refusal("Forbidden.RAM"));
    let run = bench.apply(&declared(&[("a", "description: text"), ("b", "resourceGroupId: rg-2")])).await;
    assert_eq!(run.results[1].outcome, Outcome::Created, "{}", run.text);
    assert_eq!(run.results[1].fields[0].outcome, FieldOutcome::NotAttempted, "{}", run.text);
    assert_eq!((run.exit, bench.calls("MoveResourceGroup")), (Exit::Partial, 0), "{}", run.text);
}

#[tokio::test(start_paused = true)]
async fn package_that_the_listing_may_hide_is_not_told_as_released() {
    for manage in ["manage: release", "manage: retire"] {
        let bench = bench([ours("x")]);
        bench.strike(DESCRIBE, 1, Effect::Unreadable(0));
        let (_, plan) = bench.plan(&declared(&[("x", manage)])).await.expect("the plan can be made");
        let held: Vec<&str> = plan.held.iter().map(|held| held.reason.rule().name).collect();
        assert_eq!(held, ["unreadable"]);
    }
}

/// The service commits, and the reply says only that a gateway gave up waiting.
#[tokio::test(start_paused = true)]
async fn purchase_that_was_given_up_after_it_was_made_is_found_and_not_told_as_failed() {
    for (status, code) in [
        (408, "RequestTimeout"),
        (425, "TooEarly"),
        (429, "TooManyRequests"),
        (499, "ClientClosedRequest"),
        (400, "OperationFailed.TimedOut"),
        (400, "Backend.GatewayTimeOut"),
        (404, "OperationFailed.InternalError"),
    ] {
        let bench = bench([]);
        let effect = Effect::FailAfter(Refusal::new(status, code, "injected"));
        bench.strike(CREATE, 1, effect);
        let run = bench.apply(&declared(&[("x", "name: x")])).await;
        assert_eq!(run.exit, Exit::Done, "{status} {code}\n{}", run.text);
        assert_eq!(purchases(&bench.emulator), ["net/x"], "{status} {code}");
    }
}
