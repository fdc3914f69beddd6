//! Every name that `cenbwp explain` knows, findings aside: what its message advises is done to the letter, and the next
//! run is better. A new name needs a case here, or a reason why there is nothing to do.

use std::collections::BTreeSet;

use cenbwp_tests::{Cen, Config, Effect, Fault, Package, Refusal, Semantics, When};
use serde_json::Value;

use super::{APPLY, allocated, allowed, altered, held, lab, live, one, pasted, write_below};
use crate::autorenew;
use crate::credentials::choices;
use crate::support::{CREATE, Lab, Ran, purchases};
use crate::{pairs, price};

#[expect(dead_code, reason = "the compiler checks that the test is there, and a reader reads the reason")]
enum Case {
    /// A test that follows the advice.
    Tried(fn()),
    /// The reason why there is nothing to do.
    Nothing(&'static str),
}
use Case::{Nothing, Tried};

const CASES: &[(&str, Case)] = &[
    // Reasons for which a plan is held.
    (
        "allocated",
        Tried(allocated::bandwidth_below_what_regions_use_is_held_until_it_is_their_sum_or_they_use_less),
    ),
    ("ambiguous", Tried(held::identity_on_two_packages_is_ambiguous)),
    ("cannot_adopt", Tried(held::package_that_cannot_be_adopted_is_bought_once_the_line_is_gone)),
    ("cannot_move", Tried(held::package_that_cannot_be_moved_is_bought_once_the_line_is_gone)),
    ("immutable", Tried(held::change_of_what_is_fixed_at_purchase_is_held)),
    ("incomplete_listing", Tried(super::recording_with_a_part_missing_holds_the_purchase)),
    ("interrupts_traffic", Tried(package_stays_on_its_cen_or_is_allowed_to_leave_it)),
    (
        "limit_exceeded",
        Tried(super::limits_of_the_spec_are_named_together_and_raised_one_by_one_and_neither_drops_the_other),
    ),
    ("look_alike", Tried(held::look_alike_is_another_one_or_is_adopted)),
    ("lowered_generation", Tried(held::lowered_generation_is_held)),
    ("not_normal", Tried(held::change_of_an_expired_or_locked_package_is_held)),
    ("postpay_absent", Tried(held::postpaid_package_that_is_not_there_is_held)),
    ("several_cens", Tried(held::package_on_several_cens_is_held_when_its_cen_is_declared)),
    ("unreadable", Tried(held::item_that_cannot_be_read_holds_every_purchase)),
    // Warnings.
    (
        "allocation_unknown",
        Tried(allocated::what_the_listing_does_not_show_is_warned_of_and_refused_by_the_service),
    ),
    ("cen_occupied", Tried(held::generation_that_is_raised_on_its_cen_is_attached_once_the_older_one_is_not)),
    ("differs", Tried(warnings_end_when_their_advice_is_followed)),
    ("empty_tag", Tried(warnings_end_when_their_advice_is_followed)),
    ("entry_can_go", Tried(warnings_end_when_their_advice_is_followed)),
    ("expired", Tried(package_that_is_renewed_is_warned_of_no_more)),
    ("expiring", Tried(package_that_is_renewed_is_warned_of_no_more)),
    ("ignored", Tried(warnings_end_when_their_advice_is_followed)),
    ("move_is_done", Tried(warnings_end_when_their_advice_is_followed)),
    ("nothing_to_observe", Tried(warnings_end_when_their_advice_is_followed)),
    ("other_credentials", Tried(choices::a_profile_an_account_or_a_digest_decides_between_two_choices)),
    ("price_unknown", Tried(price::a_price_that_may_be_asked_for_is_warned_of_no_more)),
    ("renewal_unknown", Tried(autorenew::unread::a_renewal_that_may_be_read_is_warned_of_no_more)),
    ("pair_not_listed", Tried(pairs::areas_that_the_warning_names_are_bought)),
    ("removed_area", Tried(warnings_end_when_their_advice_is_followed)),
    ("reserved", Nothing("the ordered change comes by itself")),
    ("retiring", Nothing("the package ends by itself")),
    ("stack_twice", Nothing("which of the plans will be applied, the user knows")),
    ("same_key", Tried(held::renamed_stack_is_recognised_by_its_key)),
    (
        "still_renews",
        Tried(autorenew::retired::a_retirement_says_that_the_package_renews_itself_until_the_spec_switches_it_off),
    ),
    ("terms_fixed", Tried(warnings_end_when_their_advice_is_followed)),
    // Outcomes.
    ("adopted", Nothing("it is done")),
    ("already_present", Nothing("the package is there")),
    ("created", Nothing("it is done")),
    ("failed", Tried(what_was_refused_is_corrected_and_applied_by_the_command_of_the_summary)),
    ("moved", Nothing("it is done")),
    ("not_attempted", Tried(what_was_refused_is_corrected_and_applied_by_the_command_of_the_summary)),
    ("ordered", Nothing("the next plan looks for it")),
    ("released", Nothing("it is done")),
    ("retired", Nothing("it is done")),
    ("unknown", Tried(what_is_unknown_is_settled_by_the_command_of_the_summary)),
    ("unpaid_order", Tried(order_that_is_paid_as_the_line_says_is_a_package)),
    ("updated", Nothing("it is done")),
    // Headings of a plan, and states of a package.
    ("as_declared", Nothing("it is so")),
    ("finished", Nothing("the warning entry_can_go says what can be done")),
    ("held", Nothing("its reason has the advice")),
    ("missing", Nothing("the next apply buys it")),
    ("other_stack", Nothing("it belongs to others")),
    ("owned", Nothing("it belongs to its stack")),
    ("superseded", Nothing("it ends by itself")),
    ("to_adopt", Nothing("the next apply does it")),
    ("to_move", Nothing("the next apply does it")),
    ("to_release", Nothing("the next apply does it")),
    ("to_retire", Nothing("the next apply does it")),
    ("undeclared", Tried(undeclared_package_is_ended_or_let_go_as_the_plan_says)),
    ("unmanaged", Nothing("it belongs to others")),
    // Exit codes.
    ("0", Nothing("it is done")),
    ("1", Tried(what_was_refused_is_corrected_and_applied_by_the_command_of_the_summary)),
    ("2", Tried(plan_is_applied_by_the_command_that_it_names)),
    ("3", Tried(what_is_typed_by_habit_is_replaced_by_what_the_tip_says)),
    ("4", Tried(super::purchase_without_approval_is_refused)),
    ("5", Tried(stale_digest_is_replaced_by_that_of_the_plan_that_was_shown)),
    ("6", Tried(partial_success_names_what_was_done_and_the_command_that_finishes_it)),
    ("7", Tried(what_is_unknown_is_settled_by_the_command_of_the_summary)),
    ("130", Nothing("the user stopped the run")),
];

#[test]
fn the_advice_of_every_name_is_tried_or_there_is_a_reason() {
    let list = lab("", []).run("explain").stdout;
    let is_advice = |section: &&str| {
        !["Findings in a spec:", "Fields of a spec:", "Words:"].iter().any(|it| section.starts_with(it))
    };
    let lines = list.split("\n\n").filter(is_advice).flat_map(|section| section.lines().skip(1));
    // Several kinds may share a name: `retiring` is a warning, an outcome and a state.
    let explained: BTreeSet<&str> = lines.filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(CASES.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(), explained);
}

#[track_caller]
fn plan(lab: &Lab) -> String {
    let ran = lab.run("plan");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    ran.stdout
}

#[test]
fn undeclared_package_is_ended_or_let_go_as_the_plan_says() {
    let both = [live("cenbwp-1", Some("net/x")), live("cenbwp-2", Some("net/y"))];
    let lab = lab(&one(""), both);
    let text = plan(&lab);
    for manage in ["manage: retire", "manage: release"] {
        assert!(text.contains("Undeclared: ") && text.contains(&format!("`{manage}`")), "{text}");
        let again = format!("  y: {{ areas: [China, Europe], bandwidth: 7, autoPay: true, {manage} }}\n");
        lab.file("cenbwp.yaml", &(one("") + &again));
        assert!(!plan(&lab).contains("Undeclared: "), "{}", plan(&lab));
    }
}

/// Returns the command at the end of the summary. It stays in one piece where the text is wrapped.
#[track_caller]
fn next(ran: &Ran) -> &str {
    let line = ran.stdout.rfind("\nNext: ").map(|at| ran.stdout[at..].trim());
    let line = line.unwrap_or_else(|| panic!("nothing to type next:\n{}{}", ran.stdout, ran.stderr));
    pasted(line.rsplit('`').nth(1).unwrap_or_else(|| panic!("{line}")))
}

#[test]
fn warnings_end_when_their_advice_is_followed() {
    let terms = || live("cenbwp-1", Some("net/x")).tagged("cenbwp-terms", "PREPAY 1 Year renew off");
    let elsewhere = || altered(live("cenbwp-1", Some("net/x")), |it| it.area_b = "china".to_owned());
    let named = || live("cenbwp-1", Some("net/x"));
    let all: [(&str, &str, Option<Package>, &str, &str); 8] = [
        ("differs", "    manage: observe\n", Some(elsewhere()), "[China, Europe]", "[China, China]"),
        ("empty_tag", "    tags: {team: ''}\n", None, "team: ''", "team: network"),
        ("entry_can_go", "    manage: release\n", None, "  x:", "{}"),
        ("ignored", "    name: new\n    ignore: [name]\n", Some(named()), "    ignore: [name]\n", ""),
        ("move_is_done", "    movedFrom: old\n", Some(named()), "    movedFrom: old\n", ""),
        ("nothing_to_observe", "    manage: observe\n", None, "    manage: observe\n", ""),
        ("removed_area", "", None, "Europe", "North-America"),
        ("terms_fixed", "    pricingCycle: Month\n", Some(terms()), "Month", "Year"),
    ];
    for (kind, lines, package, written, right) in all {
        let spec = match kind {
            "removed_area" => one(lines).replace("Europe", "Australia"),
            _ => one(lines),
        };
        let written = if kind == "removed_area" { "Australia" } else { written };
        let lab = lab(&spec, package);
        let warning = format!("net/x   {kind}: ");
        assert!(plan(&lab).contains(&warning), "{kind}:\n{}", plan(&lab));
        let corrected = match spec.split_once(written) {
            Some((before, _)) if kind == "entry_can_go" => {
                format!("{}{right}\n", before.trim_end()).replace("packages:{}", "packages: {}")
            }
            _ => spec.replace(written, right),
        };
        lab.file("cenbwp.yaml", &corrected);
        assert!(!plan(&lab).contains(&warning), "{kind}:\n{}", plan(&lab));
    }
}

#[test]
fn terms_that_are_fixed_are_told_in_the_words_of_a_plan() {
    let bought = live("cenbwp-1", Some("net/x")).tagged("cenbwp-terms", "PREPAY 1 Year renew 1");
    let plan = plan(&lab(&one(""), [bought]));
    let says = "bought for 1 year; declared is 1 month: fixed at purchase";
    assert!(plan.replace("\n    ", " ").contains(says), "{plan}");
}

#[test]
fn package_that_is_renewed_is_warned_of_no_more() {
    for (kind, end) in [("expired", "2020-01-01T00:00:00Z"), ("expiring", "")] {
        let lab = lab(&one(""), [live("cenbwp-1", Some("net/x"))]);
        let soon = lab.emulator.now() + jiff::SignedDuration::from_hours(24);
        let end = if end.is_empty() { soon } else { end.parse().expect("a time") };
        lab.emulator.edit(|world| world.packages[0].expires = end);
        assert!(plan(&lab).contains(&format!("net/x   {kind}: ")), "{}", plan(&lab));
        // Renewed in the console.
        lab.emulator
            .edit(|world| world.packages[0].expires = soon + jiff::SignedDuration::from_hours(24 * 365));
        assert!(!plan(&lab).contains(&format!("net/x   {kind}: ")), "{}", plan(&lab));
    }
}

#[test]
fn package_stays_on_its_cen_or_is_allowed_to_leave_it() {
    let moved = || {
        let attached = altered(live("cenbwp-1", Some("net/x")), |it| it.cen_ids = vec!["cen-1".to_owned()]);
        let lab = lab(&one("    cenId: cen-2\n"), [attached]);
        lab.emulator.edit(|world| world.cens.extend(["cen-1", "cen-2"].map(Cen::new)));
        lab
    };
    let lab = moved();
    let refused = lab.run(APPLY);
    assert_eq!(refused.code, 4, "{}", refused.stdout);
    assert!(refused.stdout.contains("`cenId: cen-1`"), "{}", refused.stdout);
    write_below(&lab, "x:", "cenId: cen-1");
    allowed(&lab, APPLY, &[]);
    let lab = moved();
    write_below(&lab, "x:", "allowInterruption: true");
    allowed(&lab, APPLY, &[]);
    assert_eq!(lab.emulator.packages()[0].cen_ids, ["cen-2"]);
}

#[test]
fn plan_is_applied_by_the_command_that_it_names() {
    let lab = Lab::new();
    lab.file("my specs/net.yaml", &one(""));
    let ran =
        lab.finish(lab.command("cenbwp").args(["plan", "-f", "my specs", "--detailed-exitcode", "--json"]));
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    let summary: Value =
        serde_json::from_str(ran.stdout.lines().last().expect("a summary")).expect("an event");
    let command = summary["next"].as_str().expect("a command");
    assert!(command.starts_with("cenbwp apply -f 'my specs' --plan-digest sha256:"), "{command}");
    let ran = lab.finish(lab.command("sh").args(["-c", command]));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(purchases(&lab.emulator), ["net/x"]);
}

#[test]
fn stale_digest_is_replaced_by_that_of_the_plan_that_was_shown() {
    let lab = lab(&one(""), []);
    let old = format!("sha256:{}", "0".repeat(64));
    let ran = lab.run(&format!("apply --plan-digest {old}"));
    ran.check(5, "was approved");
    let command = ran.stderr.trim_end().rsplit('`').nth(1).expect("a command");
    allowed(&lab, pasted(command), &["net/x"]);
}

/// Without money: one purchase is refused, and the other is not even asked for.
fn without_money(lab: &Lab) {
    let refusal = Refusal::new(403, "InsufficientBalance", "pay first");
    lab.emulator.fault(Fault::new(CREATE, When::EVERY, Effect::Refuse(refusal)));
}

#[test]
fn what_was_refused_is_corrected_and_applied_by_the_command_of_the_summary() {
    let lab = Lab::new();
    lab.file("cen/net.yaml", &(one("") + "  y: {areas: [China, China], bandwidth: 2, autoPay: true}\n"));
    without_money(&lab);
    let ran = lab.run("apply -f cen --auto-approve --parallelism 1");
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let says = "Next: follow the hints of what failed, then apply again:\n  `cenbwp apply -f cen --auto-approve --parallelism 1`.";
    assert!(ran.stdout.contains(says), "{}", ran.stdout);
    assert!(!ran.stdout.contains("finishes it"), "{}", ran.stdout);
    lab.emulator.clear_faults();
    allowed_in(&lab, next(&ran), &["net/x", "net/y"]);
}

#[track_caller]
fn allowed_in(lab: &Lab, command: &str, bought: &[&str]) {
    let ran = lab.run(command);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let mut ordered = purchases(&lab.emulator);
    ordered.sort();
    assert_eq!(ordered, bought);
}

#[test]
fn what_is_unknown_is_settled_by_the_command_of_the_summary() {
    let lab = Lab::new();
    lab.file("cen/net.yaml", &one(""));
    lab.emulator.fault(Fault::new(CREATE, When::EVERY, Effect::CutBefore));
    let ran = lab.run("apply -f cen --auto-approve --wait-timeout 1s --max-retries 0");
    assert_eq!(ran.code, 7, "{}{}", ran.stdout, ran.stderr);
    lab.emulator.clear_faults();
    assert_eq!(next(&ran), "apply -f cen --auto-approve --wait-timeout 1s --max-retries 0");
    allowed_in(&lab, next(&ran), &["net/x"]);
}

#[test]
fn purchase_that_is_accepted_and_not_listed_in_time_is_waited_for_longer() {
    let semantics = Semantics { visible_after_listings: 1000, ..Semantics::default() };
    let lab = Lab::with(Config { semantics, ..Config::default() });
    lab.file("cenbwp.yaml", &one(""));
    let ran = lab.run("apply --auto-approve --wait-timeout 1s");
    assert_eq!(ran.code, 7, "{}{}", ran.stdout, ran.stderr);
    for says in [": 1 unknown (accepted, not listed yet).", "again, or one with a longer `--wait-timeout`: "]
    {
        assert!(ran.stdout.replace("\n  ", " ").contains(says), "{}", ran.stdout);
    }
    assert_eq!(next(&ran), "apply --auto-approve --wait-timeout 1s");
}

#[test]
fn partial_success_names_what_was_done_and_the_command_that_finishes_it() {
    let small = altered(live("cenbwp-1", Some("net/x")), |it| it.bandwidth = 5);
    let lab = Lab::new();
    lab.file("cen/net.yaml", &one("    cenId: cen-late\n"));
    lab.emulator.edit(|world| world.packages.push(small));
    let ran = lab.run("apply -f cen --auto-approve");
    assert_eq!(ran.code, 6, "{}{}", ran.stdout, ran.stderr);
    let says = "Apply incomplete: 1 changed in part (bandwidth), 1 field failed.";
    assert!(ran.stdout.contains(says), "{}", ran.stdout);
    lab.emulator.edit(|world| world.cens.push(Cen::new("cen-late")));
    allowed_in(&lab, next(&ran), &[]);
    assert_eq!(lab.emulator.packages()[0].cen_ids, ["cen-late"]);
}

#[test]
fn saved_plan_that_was_interrupted_by_a_refusal_names_its_spec_and_its_file() {
    let lab = Lab::new();
    lab.file("cen/net.yaml", &one(""));
    assert_eq!(lab.run("plan -f cen --target net/x --out p.json").code, 0);
    without_money(&lab);
    let ran = lab.run("apply p.json");
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(next(&ran), "apply p.json");
    lab.emulator.clear_faults();
    allowed_in(&lab, next(&ran), &["net/x"]);
}

#[test]
fn saved_plan_that_was_refused_for_its_spec_is_made_anew_as_the_summary_says() {
    let lab = Lab::new();
    lab.file("cen/net.yaml", &one(""));
    assert_eq!(lab.run("plan -f cen --target net/x --out p.json").code, 0);
    let refusal = Refusal::new(400, "InvalidParameter", "not between these areas");
    lab.emulator.fault(Fault::new(CREATE, When::call(1), Effect::Refuse(refusal)));
    let ran = lab.run("apply p.json");
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let [anew, apply] = ["plan -f cen --target net -o p.json", "apply p.json"];
    let says = format!(
        "Next: follow the hints of what failed, then `cenbwp {anew}`, review it, and `cenbwp {apply}`."
    );
    assert!(ran.stdout.replace("\n  ", " ").contains(&says), "{}", ran.stdout);
    lab.file("cen/net.yaml", &one("").replace("Europe", "Asia-Pacific"));
    assert_eq!(lab.run(anew).code, 0);
    allowed_in(&lab, next(&ran), &["net/x"]);
}

#[test]
fn order_that_is_paid_as_the_line_says_is_a_package() {
    let lab = lab(&one("").replace("autoPay: true", "autoPay: false"), []);
    let ran = lab.run(APPLY);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let order =
        ran.stdout.split("pay order ").nth(1).and_then(|rest| rest.split(',').next()).expect("an order");
    assert!(lab.emulator.edit(|world| world.pay(order)), "{}", ran.stdout);
    assert!(plan(&lab).starts_with("No changes."), "{}", plan(&lab));
}

#[test]
fn what_is_typed_by_habit_is_replaced_by_what_the_tip_says() {
    for (typed, habit, meant) in [
        ("apply -auto-approve", "-auto-approve", "--auto-approve"),
        ("apply --yes", "--yes", "--auto-approve"),
        ("plan cenbwp.yaml", "cenbwp.yaml", "-f cenbwp.yaml"),
        ("plan -target=net/x", "-target", "--target"),
        ("plan -out=p.json", "-out", "--out"),
    ] {
        let lab = lab(&one(""), []);
        let ran = lab.run(typed);
        ran.check(3, &format!("`{meant}`"));
        assert!(!ran.stderr.contains("--endpoint"), "a variable makes no flag required: {}", ran.stderr);
        assert_eq!(lab.run(&typed.replace(habit, meant)).code, 0, "{typed}");
    }
    let lab = lab(&one(""), []);
    lab.run("apply cenbwp.yaml").check(3, "apply it with `cenbwp apply -f cenbwp.yaml`");
    lab.run("destroy").check(3, "`manage: retire`");
    lab.run("import cenbwp-1").check(3, "`cenbwp export`");
}
