//! The price of purchases, estimated before money moves. Whatever the estimate says, nothing is bought that was not
//! asked for, and nothing under `maxSpend` whose price is not proved to be within it.

mod limit;

use std::collections::BTreeSet;

use cenbwp_tests::{Config, Effect, Emulator, Estimates, Fault, Package, Refusal, Semantics, When};
use serde_json::{Value, json};

use crate::common::spec;
use crate::schemas::schema;
use crate::support::{Bench, Lab, THREE, Terminal, net, purchases};

const ESTIMATE: &str = "GetTemplateEstimateCost";

/// Returns a spec of `net/x` with 10 Mbps, and these fields besides.
fn x(fields: &str) -> String {
    net(&[("x", format!("bandwidth: 10, autoPay: true{fields}"))])
}

fn lab(estimates: Estimates, spec: &str) -> Lab {
    let semantics = Semantics { estimates, ..Semantics::default() };
    let lab = Lab::with(Config { semantics, ..Config::default() });
    lab.file("cenbwp.yaml", spec);
    lab
}

fn calls(emulator: &Emulator, action: &str) -> usize {
    emulator.requests().iter().filter(|request| request.action == action).count()
}

fn member(name: &str, value: Value) -> std::collections::BTreeMap<String, Value> {
    [(name.to_owned(), value)].into()
}

/// Returns each reading under which the price of `net/x` is known, with that price.
fn known() -> Vec<(&'static str, Estimates, &'static str)> {
    let plain = Estimates::default;
    vec![
        ("as documented", plain(), "224.10 CNY"),
        ("amounts as strings", Estimates { strings: true, ..plain() }, "224.10 CNY"),
        ("another currency", Estimates { currency: "USD", ..plain() }, "224.10 USD"),
        (
            "more digits than a float keeps",
            Estimates { order: member("TradeAmount", json!("224.100000000001")), ..plain() },
            "224.100000000001 CNY",
        ),
    ]
}

/// Returns each reading under which it is not, with a part of the reason.
fn unknown() -> Vec<(&'static str, Estimates, &'static str)> {
    let plain = Estimates::default;
    let order = |name, value| Estimates { order: member(name, value), ..plain() };
    let resource = |name, value| Estimates { resource: member(name, value), ..plain() };
    vec![
        ("the kind is absent", Estimates { unlisted: true, ..plain() }, "has no estimate for CEN"),
        ("no success", resource("Success", json!(false)), "Success is false, expected true"),
        ("no verdict", resource("Success", Value::Null), "Success is null, expected true"),
        ("no result", resource("Result", Value::Null), "has no Order"),
        ("an empty currency", Estimates { currency: "", ..plain() }, "Currency is \"\""),
        ("no currency", order("Currency", Value::Null), "Currency is null"),
        ("no amount", order("TradeAmount", Value::Null), "TradeAmount is null"),
        ("free of charge", order("TradeAmount", json!(0)), "TradeAmount is \"0\""),
        ("less than nothing", order("TradeAmount", json!(-1)), "TradeAmount is \"-1\""),
        ("no number", order("TradeAmount", json!("1,000")), "TradeAmount is"),
        (
            "an area that it does not know",
            Estimates { areas: &["China"], ..plain() },
            "StackValidationFailed",
        ),
    ]
}

#[test]
fn the_price_is_shown_per_purchase_and_in_all_in_every_form() {
    let lab = lab(Estimates::default(), THREE);
    let plan = lab.run("plan --price --out plan.json");
    plan.check(0, "");
    for words in
        ["    price         224.10 CNY\n", "Plan: 3 to buy (30 Mbps, 3 months in all, 672.30 CNY).\n"]
    {
        assert!(plan.stdout.contains(words), "{words}\n{}", plan.stdout);
    }
    let show = lab.run("show plan.json");
    show.check(0, "");
    assert!(show.stdout.contains("672.30 CNY"), "{}", show.stdout);
    let validator = schema("plan.schema.json");
    let document: Value = serde_json::from_str(&lab.read("plan.json")).expect("JSON");
    assert!(validator.is_valid(&document), "{document:#}");
    let price = json!({ "known": { "amount": "224.10", "currency": "CNY" } });
    assert_eq!(document["prices"][0], json!({ "address": "net/a", "generation": 1, "price": price }));
    assert_eq!(document["summary"]["price"], json!({ "known": { "CNY": "672.30" }, "unknown": 0 }));
    for (form, words) in [
        ("markdown", &["**Cost:** 672.30 CNY for 30 Mbps in 3 new packages", "price 224.10 CNY"][..]),
        ("html", &["<dt>price</dt><dd>672.30 CNY</dd>", "224.10 CNY"]),
        ("json", &["\"CNY\": \"672.30\""]),
    ] {
        let shown = lab.run(&format!("show plan.json --report {form}")).stdout;
        words.iter().for_each(|words| assert!(shown.contains(words), "{form}: {words}\n{shown}"));
    }
    let validator = schema("events.schema.json");
    let events = lab.run("plan --price --json").stdout;
    let events: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    events.iter().for_each(|event| assert!(validator.is_valid(event), "{event:#}"));
    let change = events.iter().find(|event| event["type"] == "change").expect("a change");
    assert_eq!(change["price"], price);
    assert_eq!(events.last().expect("a summary")["price"]["known"]["CNY"], "672.30");

    let applied = lab.run("apply plan.json --report json=applied.json --report html=applied.html");
    applied.check(0, "");
    let words = "Apply complete: 3 created. Bought for 672.30 CNY, as estimated.";
    assert!(applied.stdout.contains(words), "{}", applied.stdout);
    let document: Value = serde_json::from_str(&lab.read("applied.json")).expect("JSON");
    assert!(schema("report.schema.json").is_valid(&document), "{document:#}");
    assert_eq!(document["summary"]["price"], json!({ "known": { "CNY": "672.30" }, "unknown": 0 }));
    assert!(lab.read("applied.html").contains("224.10 CNY"));
    assert_eq!(calls(&lab.emulator, ESTIMATE), 2, "of the two plans; the saved one has the price");
    assert_eq!(purchases(&lab.emulator).len(), 3);
}

#[test]
fn nothing_is_asked_that_was_not_wanted_and_one_request_asks_for_all() {
    let lab = lab(Estimates::default(), THREE);
    for command in ["plan", "status", "plan --target net/a", "apply --auto-approve --target net/c"] {
        lab.run(command).check(0, "");
        assert_eq!(calls(&lab.emulator, ESTIMATE), 0, "{command}");
    }
    lab.run("plan --price").check(0, "");
    assert_eq!(calls(&lab.emulator, ESTIMATE), 1);
    lab.run("apply --price --auto-approve").check(0, "");
    assert_eq!(calls(&lab.emulator, ESTIMATE), 2);
    // Nothing is left to buy.
    lab.run("plan --price").check(0, "");
    lab.file("cenbwp.yaml", &THREE.replace("bandwidth: 10", "bandwidth: 20"));
    let plan = lab.run("plan --price");
    let words = "Upgrades add 30 Mbps (charges, not in the price).";
    assert!(plan.stdout.contains(words), "{}", plan.stdout);
    assert_eq!(calls(&lab.emulator, ESTIMATE), 2);
    // A recording is no cloud to ask.
    lab.file("none.json", "{\"TotalCount\": 0}");
    lab.run("plan --price --live-from none.json").check(0, "");
    assert_eq!(calls(&lab.emulator, ESTIMATE), 2);
    lab.run("plan --out saved.json").check(0, "");
    lab.run("apply saved.json --price").check(3, "--price");
}

#[test]
fn a_plan_without_price_sends_what_it_always_sent_and_has_the_same_digest_with_one() {
    let lab = lab(Estimates::default(), THREE);
    let digest = |arguments: &str| {
        let document: Value = serde_json::from_str(&lab.run(arguments).stdout).expect("JSON");
        assert_eq!(document.get("prices").is_some(), arguments.contains("--price"));
        document["digest"].clone()
    };
    let without = digest("plan --report json");
    let sent: BTreeSet<String> = lab.emulator.requests().into_iter().map(|it| it.action).collect();
    let always = ["DescribeCenBandwidthPackages", "DescribeCenGeographicSpans", "GetCallerIdentity"];
    assert_eq!(sent.iter().collect::<Vec<_>>(), always);
    assert_eq!(digest("plan --price --report json"), without);
}

#[test]
fn under_every_reading_the_plan_goes_on_and_buys_only_what_is_declared() {
    for (name, estimates, price) in known() {
        let lab = lab(estimates, &x(""));
        let plan = lab.run("plan --price");
        plan.check(0, "");
        assert!(plan.stdout.contains(&format!("1 month, {price}).")), "{name}: {}", plan.stdout);
        assert!(!plan.stdout.contains("price_unknown"), "{name}: {}", plan.stdout);
        lab.run("apply --price --auto-approve").check(0, "");
        assert_eq!(purchases(&lab.emulator), ["net/x"], "{name}");
    }
    for (name, estimates, reason) in unknown() {
        let lab = lab(estimates, &x(""));
        let plan = lab.run("plan --price");
        plan.check(0, "");
        assert!(plan.stdout.contains("1 month, price not known)."), "{name}: {}", plan.stdout);
        let text = plan.stdout.replace("\n    ", " ");
        assert!(text.contains("net/x   price_unknown: ") && text.contains(reason), "{name}: {text}");
        lab.run("apply --price --auto-approve").check(0, "");
        assert_eq!(purchases(&lab.emulator), ["net/x"], "{name}");
    }
}

#[test]
fn an_amount_that_may_be_that_of_one_month_is_not_known() {
    let six = x(", period: 6");
    let plan = lab(Estimates::default(), &six).run("plan --price");
    assert!(plan.stdout.contains("(10 Mbps, 6 months, 1344.60 CNY)"), "{}", plan.stdout);
    let per_month = lab(Estimates { of_one_period: true, ..Estimates::default() }, &six);
    let plan = per_month.run("plan --price");
    let text = plan.stdout.replace("\n    ", " ");
    let reason =
        "224.10 CNY is named for 6 months, and 224.10 CNY for 1 month: it may be the price of 1 month only";
    assert!(text.contains(reason), "{text}");
    assert_eq!(calls(&per_month.emulator, ESTIMATE), 1, "both are in one template");
}

/// An estimate that is refused or lost, and whether it is tried again.
#[tokio::test(start_paused = true)]
async fn what_is_refused_or_lost_is_a_warning_with_the_reason() {
    let declared = spec(&limit::two("1000 CNY"));
    let refused = |status, code: &str| Effect::Refuse(Refusal::new(status, code, "no"));
    let grant = "grant these credentials the RAM action ros:GetTemplateEstimateCost";
    for (effect, asked, says) in [
        (refused(403, "NoPermission"), 1, grant),
        (refused(403, "Forbidden.RAM"), 1, grant),
        (refused(400, "StackValidationFailed"), 1, "was refused: StackValidationFailed"),
        (refused(500, "InternalError"), 3, "InternalError"),
        (Effect::Throttle(None), 3, "Throttling.User"),
        (Effect::CutBefore, 3, "has no usable reply"),
        (Effect::Truncate, 3, "has no usable reply"),
    ] {
        let bench = Bench::new();
        bench.emulator.fault(Fault::new(ESTIMATE, When::EVERY, effect.clone()));
        let (_, plan) = bench.plan(&declared).await.expect("a plan");
        let [warning, _] = &plan.warnings[..] else { panic!("{effect:?}: {:?}", plan.warnings) };
        assert_eq!(warning.kind.rule().name, "price_unknown");
        assert!(warning.message().contains(says), "{effect:?}: {}", warning.message());
        assert_eq!((plan.changes.len(), plan.is_applyable()), (2, false), "{effect:?}");
        assert_eq!(bench.calls(ESTIMATE), asked, "{effect:?}");
    }
    // What passes is tried again.
    let bench = Bench::new();
    bench.strike(ESTIMATE, 1, Effect::Throttle(None));
    bench.apply(&declared).await;
    assert_eq!(purchases(&bench.emulator).len(), 2);
}

#[test]
fn a_service_that_cannot_be_reached_is_a_warning() {
    let mut lab = lab(Estimates::default(), &x(""));
    lab.set("CENBWP_PRICE_ENDPOINT", Some("http://127.0.0.1:9"));
    let plan = lab.run("plan --price --max-retries 0");
    plan.check(0, "");
    assert!(plan.stdout.contains("price_unknown: "), "{}", plan.stdout);
    lab.set("CENBWP_PRICE_ENDPOINT", Some("http://example.com"));
    lab.run("plan").check(3, "http:// is for loopback only");
}

/// The permission that the warning names is granted.
#[test]
pub(crate) fn a_price_that_may_be_asked_for_is_warned_of_no_more() {
    let lab = lab(Estimates::default(), &x(""));
    let refusal = Refusal::new(403, "NoPermission", "no");
    lab.emulator.fault(Fault::new(ESTIMATE, When::EVERY, Effect::Refuse(refusal)));
    let plan = || lab.run("plan --price").stdout.replace("\n    ", " ");
    let grant = "grant these credentials the RAM action ros:GetTemplateEstimateCost";
    assert!(plan().contains(grant), "{}", plan());
    lab.emulator.clear_faults();
    assert!(!plan().contains("price_unknown"), "{}", plan());
}

#[test]
fn a_person_is_asked_with_the_price_of_all() {
    let lab = lab(Estimates::default(), &x(""));
    let mut terminal = Terminal::start(lab.command("cenbwp").args(["apply", "--price"]));
    terminal.wait_for("10 Mbps for 1 month in all, 224.10 CNY.");
    terminal.type_line("yes");
    let (screen, code) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    assert_eq!(calls(&lab.emulator, ESTIMATE), 1, "what was approved is not asked for again");
}

#[test]
fn a_saved_plan_with_another_price_is_applied_without_a_limit() {
    let lab = lab(Estimates::default(), &x(""));
    lab.run("plan --price --out plan.json").check(0, "");
    let text = lab.read("plan.json").replace("224.10", "1.00");
    lab.file("forged.json", &text);
    lab.run("apply forged.json").check(3, "the file was changed");
    lab.emulator.edit(|world| world.packages.push(Package::new("cenbwp-9", ["china", "china"], 5)));
    lab.run("apply plan.json").check(0, "");
    assert_eq!(purchases(&lab.emulator), ["net/x"]);
}
