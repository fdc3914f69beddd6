//! The renewal of packages, kept as declared through the billing service. Whatever that service says or does, nothing
//! is bought, and only what the spec declares is set.

pub(crate) mod retired;
mod sites;
pub(crate) mod unread;

use std::collections::BTreeSet;

use cenbwp::execute::Outcome;
use cenbwp::exit::Exit;
use cenbwp_tests::{Billing, Effect, Emulator, Fault, Package, Refusal, Renewal, Semantics, When};
use serde_json::{Value, json};

use crate::common::spec;
use crate::support::{Bench, Lab, net};

const QUERY: &str = "QueryAvailableInstances";
const SET: &str = "SetRenewal";

/// Returns the live package of `net/NAME`.
fn live(name: &str, renewal: Renewal) -> Package {
    let mut package = Package::new(&format!("cenbwp-{name}"), ["china", "europe"], 7)
        .tagged("cenbwp", &format!("net/{name}"));
    package.renewal = renewal;
    package
}

/// Returns a spec of `net/x`, with these fields besides.
fn x(fields: &str) -> String {
    net(&[("x", format!("bandwidth: 7, autoPay: true, {fields}"))])
}

fn row(name: &str, value: Value) -> std::collections::BTreeMap<String, Value> {
    [(name.to_owned(), value)].into()
}

fn bench(billing: Billing, packages: Vec<Package>) -> Bench {
    let bench = Bench::with(Semantics { billing, ..Semantics::default() });
    bench.emulator.edit(|world| world.packages = packages);
    bench
}

/// Returns what was set, as `ID STATUS MONTHS`.
fn set(emulator: &Emulator) -> Vec<String> {
    let one = |set: cenbwp_tests::RenewalSet| {
        let months = set.months.map(|months| format!(" {months}")).unwrap_or_default();
        format!("{} {}{months}", set.package_id, set.status)
    };
    emulator.renewals().into_iter().map(one).collect()
}

fn actions(emulator: &Emulator) -> Vec<String> {
    emulator.requests().into_iter().map(|request| request.action).collect()
}

#[test]
fn a_declared_renewal_is_read_shown_approved_and_kept() {
    let lab = Lab::of(&x("autoRenew: true, autoRenewDuration: 3"));
    lab.emulator.edit(|world| world.packages = vec![live("x", Renewal::default())]);
    let plan = lab.run("plan --detailed-exitcode");
    plan.check(2, "");
    for words in [
        "autoRenew     off -> every 3 months   (renews itself from now on, charges at each end)",
        "Plan: 1 to change. 1 renews itself from now on (charges at each end).",
    ] {
        assert!(plan.stdout.contains(words), "{words}\n{}", plan.stdout);
    }
    let status = lab.run("status -o wide");
    assert!(status.stdout.contains("RENEWAL") && status.stdout.contains("  off"), "{}", status.stdout);
    assert!(set(&lab.emulator).is_empty(), "nothing was set by what only reads");
    lab.run("apply --auto-approve").check(0, "");
    assert_eq!(set(&lab.emulator), ["cenbwp-x AutoRenewal 3"]);
    lab.run("plan --detailed-exitcode").check(0, "");
    let status = lab.run("status --json");
    assert!(status.stdout.contains(r#""autoRenew":true,"autoRenewDuration":3"#), "{}", status.stdout);

    lab.file("cenbwp.yaml", &x("autoRenew: false"));
    let plan = lab.run("plan");
    let words = "every 3 months -> off   (ends with its term from now on)";
    assert!(plan.stdout.contains(words), "{}", plan.stdout);
    lab.run("apply --auto-approve").check(0, "");
    assert_eq!(set(&lab.emulator)[1..], ["cenbwp-x NotRenewal"]);
    lab.run("plan --detailed-exitcode").check(0, "");
    assert!(lab.emulator.ledger().is_empty());
}

#[test]
fn a_spec_without_renewal_sends_what_it_always_sent() {
    let lab = Lab::of(&x("name: n"));
    lab.emulator.edit(|world| world.packages = vec![live("x", Renewal::every(1))]);
    for command in ["plan", "status --all", "export --all", "apply --auto-approve"] {
        assert!(lab.run(command).code == 0, "{command}");
    }
    let sent: BTreeSet<String> = actions(&lab.emulator).into_iter().collect();
    let expected =
        ["DescribeCenBandwidthPackages", "GetCallerIdentity", "ModifyCenBandwidthPackageAttribute"];
    assert_eq!(sent.iter().collect::<Vec<_>>(), expected);

    // Neither does one whose renewal is declared for what is not selected, or not there.
    let both =
        net(&[("x", "bandwidth: 7, autoPay: true"), ("y", "bandwidth: 9, autoPay: true, autoRenew: true")]);
    lab.file("cenbwp.yaml", &both);
    lab.run("plan").check(0, "");
    lab.emulator.edit(|world| world.packages.push(live("y", Renewal::default())));
    lab.run("plan --target net/x").check(0, "");
    assert!(!actions(&lab.emulator).iter().any(|action| action == QUERY));
}

#[test]
fn a_purchase_says_itself_whether_it_renews() {
    let lab = Lab::of(&x("autoRenew: true, autoRenewDuration: 2"));
    lab.run("apply --auto-approve").check(0, "");
    assert_eq!(lab.emulator.packages()[0].renewal, Renewal::every(2));
    lab.run("plan --detailed-exitcode").check(0, "");
    assert!(set(&lab.emulator).is_empty());
    // The listing of bills decides, also right after a purchase.
    lab.emulator.edit(|world| world.packages[0].renewal = Renewal::default());
    lab.run("apply --auto-approve").check(0, "");
    assert_eq!(set(&lab.emulator).len(), 1);
}

/// Each reading of the vendor's pages, and what a plan may make of it.
#[tokio::test(start_paused = true)]
async fn under_every_reading_only_what_is_declared_is_set_and_the_rest_goes_on() {
    let declared = spec(&x("autoRenew: true, autoRenewDuration: 12, name: new"));
    let plain = Billing::default;
    let known = [
        ("as documented", plain()),
        ("a wrapper around the list", Billing { wrapper: Some("Instance"), ..plain() }),
        ("years", Billing { years: true, ..plain() }),
        ("code 200", Billing { code: "200", ..plain() }),
        ("code ok", Billing { code: "OK", ..plain() }),
        ("code 0", Billing { envelope: row("Code", json!(0)), ..plain() }),
        ("no owner", Billing { row: row("OwnerId", Value::Null), ..plain() }),
        ("shown late", Billing { shown_after_reads: 3, ..plain() }),
        ("refusals as answers", Billing { refuses_with_200: true, ..plain() }),
    ];
    for (name, billing) in known {
        let bench = bench(billing, vec![live("x", Renewal::default())]);
        let run = bench.apply(&declared).await;
        assert_eq!((run.outcome(), run.exit), (Outcome::Updated, Exit::Done), "{name}: {}", run.text);
        assert_eq!(set(&bench.emulator), ["cenbwp-x AutoRenewal 12"], "{name}");
        let (_, again) = bench.plan(&declared).await.expect("a plan");
        assert!(again.is_empty() && again.warnings.is_empty(), "{name}: {again:?}");
        assert!(bench.emulator.ledger().is_empty(), "{name}");
    }
    let unknown = [
        ("not listed", Billing { unlisted: true, ..plain() }),
        ("listed twice", Billing { copies: 2, ..plain() }),
        ("one row too few", Billing { miscount: 1, ..plain() }),
        ("one row too many", Billing { miscount: -1, ..plain() }),
        ("of another account", Billing { row: row("OwnerId", json!("42")), ..plain() }),
        ("paid by use", Billing { row: row("SubscriptionType", json!("PayAsYouGo")), ..plain() }),
        ("no product", Billing { row: row("ProductCode", Value::Null), ..plain() }),
        ("no type", Billing { row: row("ProductType", Value::Null), ..plain() }),
        ("no status", Billing { row: row("RenewStatus", Value::Null), ..plain() }),
        ("another status", Billing { row: row("RenewStatus", json!("Renewing")), ..plain() }),
        ("no verdict", Billing { envelope: row("Success", Value::Null), ..plain() }),
        ("a verdict as text", Billing { envelope: row("Success", json!("true")), ..plain() }),
        ("another code", Billing { code: "Pending", ..plain() }),
        ("no data", Billing { envelope: row("Data", Value::Null), ..plain() }),
        ("the wrong site", Billing { home: Some("elsewhere"), ..plain() }),
        ("the wrong site, with 200", Billing { home: Some("elsewhere"), refuses_with_200: true, ..plain() }),
    ];
    for (name, billing) in unknown {
        let bench = bench(billing, vec![live("x", Renewal::default())]);
        let (_, plan) = bench.plan(&declared).await.expect("a plan");
        let warnings: Vec<_> = plan.warnings.iter().map(|it| it.kind.rule().name).collect();
        assert_eq!(warnings, ["renewal_unknown"], "{name}");
        let run = bench.apply(&declared).await;
        assert_eq!((run.outcome(), run.exit), (Outcome::Updated, Exit::Done), "{name}: {}", run.text);
        assert_eq!(bench.emulator.packages()[0].name, "new", "{name}");
        assert!(set(&bench.emulator).is_empty() && bench.emulator.ledger().is_empty(), "{name}");
    }
}

/// A read that is refused or lost, and whether it is tried again.
#[tokio::test(start_paused = true)]
async fn what_the_billing_service_refuses_is_no_error_of_the_plan() {
    let declared = spec(&x("autoRenew: false"));
    let refused = |status, code: &str| Effect::Refuse(Refusal::new(status, code, "no"));
    for (effect, reads, says) in [
        (
            refused(400, "NotAuthorized"),
            1,
            "grant these credentials the RAM actions bss:DescribeInstances and bssapi:QueryAvailableInstances",
        ),
        (refused(403, "Forbidden.RAM"), 1, "grant these credentials"),
        (refused(400, "InvalidParameter"), 1, "InvalidParameter"),
        (refused(500, "InternalError"), 3, "InternalError"),
        (Effect::Throttle(None), 3, "Throttling.User"),
        (Effect::CutBefore, 3, "has no usable reply"),
        (Effect::Truncate, 3, "has no usable reply"),
    ] {
        let bench = bench(Billing::default(), vec![live("x", Renewal::every(1))]);
        bench.emulator.fault(Fault::new(QUERY, When::EVERY, effect.clone()));
        let (_, plan) = bench.plan(&declared).await.expect("a plan");
        let [warning] = &plan.warnings[..] else { panic!("{effect:?}: {:?}", plan.warnings) };
        assert_eq!(warning.kind.rule().name, "renewal_unknown");
        assert!(warning.message().contains(says), "{effect:?}: {}", warning.message());
        assert!(plan.is_empty() && plan.is_applyable());
        assert_eq!(bench.calls(QUERY), reads, "{effect:?}");
    }
    // What passes is tried again.
    let bench = bench(Billing::default(), vec![live("x", Renewal::every(1))]);
    bench.strike(QUERY, 1, Effect::Throttle(None));
    let (_, plan) = bench.plan(&declared).await.expect("a plan");
    assert_eq!(plan.changes.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_settled_by_reading_again() {
    let declared = spec(&x("autoRenew: true"));
    for (effect, most) in [
        (Effect::CutBefore, 1),
        (Effect::CutAfter, 1),
        (Effect::FailAfter(Refusal::new(500, "InternalError", "no")), 1),
        (Effect::Refuse(Refusal::new(400, "SYSTEM.CONCURRENT_OPERATE", "another order")), 1),
        (Effect::Throttle(None), 1),
    ] {
        let bench = bench(Billing::default(), vec![live("x", Renewal::default())]);
        bench.strike(SET, 1, effect.clone());
        let run = bench.apply(&declared).await;
        assert_eq!((run.outcome(), run.exit), (Outcome::Updated, Exit::Done), "{effect:?}: {}", run.text);
        assert_eq!(set(&bench.emulator).len(), most, "{effect:?}");
        assert!(bench.emulator.ledger().is_empty());
    }
}

/// Neither the listing nor a reading without its row tells whether the lost setting took effect.
#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_not_settled_by_a_reading_that_says_nothing() {
    let declared = spec(&x("autoRenew: true"));
    let unreadable = |calls| Fault::new(QUERY, calls, Effect::Unreadable(0));
    for (effect, calls, outcome, sent) in [
        (Effect::CutAfter, When::Calls { first: 2, last: Some(3) }, Outcome::Updated, 1),
        (Effect::CutBefore, When::Calls { first: 2, last: Some(3) }, Outcome::Updated, 2),
        (Effect::CutBefore, When::Calls { first: 2, last: None }, Outcome::Unknown, 1),
    ] {
        let bench = bench(Billing::default(), vec![live("x", Renewal::default())]);
        bench.strike(SET, 1, effect.clone());
        bench.emulator.fault(unreadable(calls));
        let run = bench.apply(&declared).await;
        assert_eq!((run.outcome(), bench.calls(SET)), (outcome, sent), "{effect:?}: {}", run.text);
    }
}

/// A purchase from a long listing is confirmed by a second one, which may show a package that the first one did not.
#[tokio::test(start_paused = true)]
async fn a_package_that_only_the_second_listing_shows_is_asked_about_too() {
    let entry = "bandwidth: 7, autoPay: true, autoRenew: true";
    let declared = spec(&net(&[("x", entry), ("y", entry), ("z", entry)]));
    let stranger = |n| Package::new(&format!("cenbwp-stranger{n}"), ["china", "asia-pacific"], 5);
    let mut packages: Vec<Package> = (0..60).map(stranger).collect();
    packages.push(live("x", Renewal::every(1)));
    let bench = bench(Billing::default(), packages);
    let appears = |world: &mut cenbwp_tests::World| world.packages.push(live("y", Renewal::default()));
    bench.strike("DescribeCenBandwidthPackages", 3, Effect::Edit(std::sync::Arc::new(appears)));
    let (_, plan) = bench.plan(&declared).await.expect("a plan");
    let planned: Vec<String> =
        plan.changes.iter().map(|it| format!("{} {}", it.as_str(), it.identity())).collect();
    assert_eq!(planned, ["update net/y", "purchase net/z"]);
    assert_eq!(bench.calls(QUERY), 2, "each package is asked about once");
}

#[tokio::test(start_paused = true)]
async fn a_refused_setting_stops_nothing_else_and_names_the_permission() {
    let two = net(&[
        ("x", "bandwidth: 7, autoPay: true, autoRenew: true, name: new-x"),
        ("y", "bandwidth: 7, autoPay: true, autoRenew: true, name: new-y"),
    ]);
    for refuses_with_200 in [false, true] {
        let billing = Billing { refuses_with_200, ..Billing::default() };
        let bench = bench(billing, ["x", "y"].map(|name| live(name, Renewal::default())).into());
        let refusal = Refusal::new(400, "NotAuthorized", "no");
        bench.emulator.fault(Fault::new(SET, When::EVERY, Effect::Refuse(refusal)));
        let run = bench.apply(&spec(&two)).await;
        assert_eq!(run.exit, Exit::Partial, "{}", run.text);
        let hint = "grant these credentials the RAM actions bss:ModifyPrepaidInstanceAutoRenew and bssapi:SetRenewal";
        let hints: Vec<_> = run.results.iter().filter_map(|result| result.hint.as_deref()).collect();
        assert_eq!(hints, [hint, hint], "{}", run.text);
        let names: BTreeSet<String> = bench.emulator.packages().into_iter().map(|it| it.name).collect();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["new-x", "new-y"], "{}", run.text);
        assert!(set(&bench.emulator).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_setting_that_is_never_shown_says_so_at_the_deadline() {
    let billing = Billing { shown_after_reads: u64::MAX, ..Billing::default() };
    let bench = bench(billing, vec![live("x", Renewal::default())]);
    let run = bench.apply(&spec(&x("autoRenew: true, name: new"))).await;
    assert!(run.text.contains("sent, not yet shown"), "{}", run.text);
    assert_eq!(run.exit, Exit::Unknown);
    assert_eq!(set(&bench.emulator).len(), 1, "one yes is enough");
    assert_eq!(bench.emulator.packages()[0].name, "new");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_renewals_are_ten_requests() {
    let names: Vec<String> = (0..1000).map(|n| format!("p{n}")).collect();
    let entry = |name: &String| (name.clone(), "bandwidth: 7, autoPay: true, autoRenew: true".to_owned());
    let entries: Vec<(String, String)> = names.iter().map(entry).collect();
    let entries: Vec<(&str, &String)> = entries.iter().map(|(name, fields)| (&**name, fields)).collect();
    let bench = bench(Billing::default(), names.iter().map(|name| live(name, Renewal::every(1))).collect());
    let before = tokio::time::Instant::now();
    let (_, plan) = bench.plan(&spec(&net(&entries))).await.expect("a plan");
    assert!(plan.is_empty() && plan.warnings.is_empty(), "{:?}", plan.warnings.first());
    let requests = bench.emulator.requests();
    let queries = requests.iter().filter(|request| request.action == QUERY);
    let sizes: Vec<usize> = queries.map(|query| query.params["InstanceIDs"].split(',').count()).collect();
    assert_eq!(sizes, [100; 10]);
    assert_eq!(before.elapsed(), std::time::Duration::ZERO, "they leave together");
}

#[tokio::test(start_paused = true)]
async fn a_billing_service_that_gives_no_answer_is_not_asked_for_the_rest() {
    let names: Vec<String> = (0..2500).map(|n| format!("p{n}")).collect();
    let entries: Vec<(&str, &str)> =
        names.iter().map(|name| (&**name, "bandwidth: 7, autoPay: true, autoRenew: true")).collect();
    let bench = bench(Billing::default(), names.iter().map(|name| live(name, Renewal::every(1))).collect());
    bench.emulator.fault(Fault::new(QUERY, When::EVERY, Effect::CutBefore));
    let (_, plan) = bench.plan(&spec(&net(&entries))).await.expect("a plan");
    assert_eq!(plan.warnings.len(), 2500);
    // Ten at once, each of them three times.
    assert_eq!(bench.calls(QUERY), 30);
}

#[test]
fn a_saved_setting_is_needed_done_or_something_else_when_it_is_applied() {
    let saved = || {
        let lab = Lab::of(&x("autoRenew: true, autoRenewDuration: 1, name: new"));
        lab.emulator.edit(|world| world.packages = vec![live("x", Renewal::default())]);
        lab.run("plan --out plan.json").check(0, "");
        lab
    };
    let needed = saved();
    needed.run("apply plan.json").check(0, "");
    assert_eq!(set(&needed.emulator), ["cenbwp-x AutoRenewal 1"]);
    // Applied again: all of it is done by now.
    needed.run("apply plan.json").check(0, "");
    assert_eq!(set(&needed.emulator).len(), 1);

    let done = saved();
    done.emulator.edit(|world| world.packages[0].renewal = Renewal::every(1));
    done.run("apply plan.json").check(0, "");
    assert!(set(&done.emulator).is_empty());
    assert_eq!(done.emulator.packages()[0].name, "new");

    let other = saved();
    other.emulator.edit(|world| world.packages[0].renewal = Renewal::every(6));
    other.run("apply plan.json").check(5, "the account changed after the plan was made");
    let unknown = saved();
    let refusal = Refusal::new(400, "NotAuthorized", "no");
    unknown.emulator.fault(Fault::new(QUERY, When::EVERY, Effect::Refuse(refusal)));
    unknown.run("apply plan.json").check(5, "renewal_unknown");
    for lab in [other, unknown] {
        assert!(set(&lab.emulator).is_empty());
        assert_eq!(lab.emulator.packages()[0].name, "", "nothing was sent");
    }
}
