//! `maxSpend`: no purchase whose price is not proved to be within it.

use cenbwp_tests::{Effect, Estimates, Fault, Refusal, When};

use super::{ESTIMATE, calls, known, lab, unknown};
use crate::support::{Lab, Terminal, purchases};

/// Returns a spec of two packages of 10 Mbps, 224.10 CNY each, with this limit.
pub(super) fn two(limit: &str) -> String {
    format!(
        "version: 1\nstack: net\nlimits:\n  maxSpend: {limit}\ndefaults: {{ autoPay: true, bandwidth: 10 }}\npackages:\n  a: {{ areas: [China, China] }}\n  b: {{ areas: [China, Europe] }}\n"
    )
}

/// Checks that both ways of applying are refused with this message, and that nothing was bought.
#[track_caller]
fn check_refused(lab: &Lab, says: &str) -> String {
    let plan = lab.run("plan --out plan.json --max-retries 0");
    plan.check(0, "");
    let text = plan.stdout.replace("\n    ", " ").replace("\n  ", " ");
    assert!(text.contains("! limit exceeded") && text.contains(says), "{says}: {text}");
    assert!(text.contains("This plan cannot be applied"), "{text}");
    lab.run("apply plan.json").check(4, says);
    let ran = lab.run("apply --auto-approve --max-retries 0");
    ran.check(4, says);
    assert!(purchases(&lab.emulator).is_empty() && lab.emulator.ledger().is_empty());
    ran.stderr
}

#[test]
fn the_limit_asks_for_the_price_and_holds_to_the_last_digit() {
    let lab = lab(Estimates::default(), &two("448.20 CNY"));
    lab.run("plan").check(0, "");
    assert_eq!(calls(&lab.emulator, ESTIMATE), 1, "without --price");
    lab.file("cenbwp.yaml", &two("448.19 CNY"));
    let says = "maxSpend of stack net is 448.19 CNY, the purchases cost 448.20 CNY";
    let stderr = check_refused(&lab, says);
    assert!(stderr.contains("write under `limits`: `maxSpend: 448.20 CNY`"), "{stderr}");
    lab.file("cenbwp.yaml", &two("448.20 CNY"));
    lab.run("apply --auto-approve").check(0, "");
    assert_eq!(purchases(&lab.emulator).len(), 2);
    // Nothing is bought any more, so nothing is asked.
    let asked = calls(&lab.emulator, ESTIMATE);
    lab.file("cenbwp.yaml", &two("0 CNY"));
    lab.run("apply --auto-approve").check(0, "");
    assert_eq!(calls(&lab.emulator, ESTIMATE), asked);
    // Growth has no price: another limit is for that.
    lab.file("cenbwp.yaml", &two("0 CNY").replace("bandwidth: 10", "bandwidth: 20"));
    let ran = lab.run("apply --auto-approve");
    ran.check(0, "");
    assert!(ran.stdout.contains("Upgrades add 20 Mbps (charges, not in the price)."), "{}", ran.stdout);
}

#[test]
fn the_hint_is_pasted_and_the_purchase_goes_on() {
    let lab = lab(Estimates::default(), &two("1 CNY"));
    let stderr = check_refused(&lab, "the purchases cost 448.20 CNY");
    let line = stderr.trim_end().strip_suffix('`').and_then(|text| text.rsplit_once('`')).expect("a line").1;
    lab.file("cenbwp.yaml", &two("1 CNY").replace("maxSpend: 1 CNY", line));
    lab.run("apply --auto-approve").check(0, "");
    assert_eq!(purchases(&lab.emulator).len(), 2);
}

#[test]
fn a_limit_in_another_currency_holds_and_the_hint_names_the_one_of_the_account() {
    let lab = lab(Estimates { currency: "USD", ..Estimates::default() }, &two("100000 CNY"));
    let says = "maxSpend of stack net is 100000 CNY, the purchases cost 448.20 USD";
    let stderr = check_refused(&lab, says);
    assert!(stderr.contains("`maxSpend: 448.20 USD`"), "{stderr}");
    lab.file("cenbwp.yaml", &two("448.20 USD"));
    lab.run("apply --auto-approve").check(0, "");
    assert_eq!(purchases(&lab.emulator).len(), 2);
}

#[test]
fn while_a_price_is_not_known_the_limit_holds_under_every_reading() {
    let spec = two("1000000 CNY");
    for (name, estimates, _) in known() {
        let lab = lab(estimates, &spec);
        let ran = lab.run("apply --auto-approve");
        assert_eq!(ran.code, if name == "another currency" { 4 } else { 0 }, "{name}: {}", ran.stderr);
    }
    for (name, estimates, reason) in unknown() {
        let lab = lab(estimates, &spec);
        let stderr = check_refused(&lab, "and the prices of 2 purchases are not known");
        assert!(stderr.contains("remove `maxSpend` from `limits`"), "{name}: {stderr}");
        let text = lab.run("plan").stdout.replace("\n    ", " ");
        assert!(text.contains("price_unknown: ") && text.contains(reason), "{name}: {text}");
        // The edit that the hint names.
        lab.file("cenbwp.yaml", &spec.replace("limits:\n  maxSpend: 1000000 CNY\n", ""));
        lab.run("apply --auto-approve").check(0, "");
        assert_eq!(purchases(&lab.emulator).len(), 2, "{name}");
    }
    let six = spec.replace("bandwidth: 10", "bandwidth: 10, period: 6");
    let per_month = lab(Estimates { of_one_period: true, ..Estimates::default() }, &six);
    check_refused(&per_month, "and the prices of 2 purchases are not known");
}

#[test]
fn a_service_that_refuses_or_cannot_be_reached_holds_the_limit() {
    let refusal = Refusal::new(403, "NoPermission", "no");
    for effect in [Effect::Refuse(refusal), Effect::CutBefore, Effect::Truncate] {
        let lab = lab(Estimates::default(), &two("1000000 CNY"));
        lab.emulator.fault(Fault::new(ESTIMATE, When::EVERY, effect));
        check_refused(&lab, "and the prices of 2 purchases are not known");
    }
    let mut nobody = lab(Estimates::default(), &two("1000000 CNY"));
    nobody.set("CENBWP_PRICE_ENDPOINT", Some("http://127.0.0.1:9"));
    check_refused(&nobody, "and the prices of 2 purchases are not known");
    // A recording names no price either.
    nobody.file("none.json", "{\"TotalCount\": 0}");
    let plan = nobody.run("plan --live-from none.json");
    assert!(plan.stdout.contains("! limit exceeded"), "{}", plan.stdout);
}

/// The limit is proved when the plan is made, and again before the first order.
#[test]
fn a_saved_plan_asks_again_and_is_stale_if_the_limit_does_not_hold_any_more() {
    let saved = || {
        let lab = lab(Estimates::default(), &two("448.20 CNY"));
        lab.run("plan --out plan.json").check(0, "");
        lab
    };
    let same = saved();
    same.run("apply plan.json").check(0, "");
    assert_eq!(calls(&same.emulator, ESTIMATE), 2);
    assert_eq!(purchases(&same.emulator).len(), 2);
    // Applied again: all of it is done, and nothing is asked.
    same.run("apply plan.json").check(0, "");
    assert_eq!(calls(&same.emulator, ESTIMATE), 2);

    let lost = saved();
    lost.emulator.fault(Fault::new(ESTIMATE, When::EVERY, Effect::CutBefore));
    lost.run("apply plan.json --max-retries 0").check(5, "and the prices of 2 purchases are not known");
    assert!(purchases(&lost.emulator).is_empty());

    // Approved by a person while the service answered, and not any more afterwards.
    let asked = lab(Estimates::default(), &two("448.20 CNY"));
    let mut terminal = Terminal::start(asked.command("cenbwp").args(["apply", "--max-retries", "0"]));
    terminal.wait_for("Only yes approves it: ");
    asked.emulator.fault(Fault::new(ESTIMATE, When::EVERY, Effect::CutBefore));
    terminal.type_line("yes");
    let (screen, code) = terminal.end();
    assert_eq!(code, 5, "{screen}");
    assert!(purchases(&asked.emulator).is_empty());
}

#[test]
fn each_stack_has_its_own_limit_and_the_others_are_only_warned() {
    let other = "---\nversion: 1\nstack: other\npackages:\n  c: { areas: [Europe, Europe], bandwidth: 10, autoPay: true }\n";
    let spec = two("448.20 CNY") + other;
    let lab = lab(Estimates::default(), &spec);
    let plan = lab.run("plan");
    assert!(plan.stdout.contains("672.30 CNY"), "{}", plan.stdout);
    lab.emulator.fault(Fault::new(ESTIMATE, When::EVERY, Effect::CutBefore));
    // Only what is selected is asked for and limited.
    let asked = calls(&lab.emulator, ESTIMATE);
    lab.run("apply --auto-approve --target other").check(0, "");
    assert_eq!(calls(&lab.emulator, ESTIMATE), asked);
    assert_eq!(purchases(&lab.emulator), ["other/c"]);
    lab.run("apply --auto-approve --max-retries 0").check(4, "and the prices of 2 purchases are not known");
}
