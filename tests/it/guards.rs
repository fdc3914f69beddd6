//! Every guard: it exits with 4, buys nothing, and ends with the line that would allow the refused change.
//! Each test then does exactly what the line says, and the refusal is gone.

use cenbwp::exit::Exit;
use cenbwp_tests::{Cen, Effect, Fault, Package, When};
use serde_json::Value;

use crate::support::{Bench, DESCRIBE, Lab, Terminal, purchases, spec};

const APPLY: &str = "apply --auto-approve";

/// Returns a spec of one package, `net/x`, with more lines below it.
fn one(lines: &str) -> String {
    format!(
        "version: 1\nstack: net\npackages:\n  x:\n    areas: [China, Europe]\n    bandwidth: 7\n    autoPay: true\n{lines}"
    )
}

/// Returns a spec of two packages of 10 Mbps with these limits.
fn two(limits: &str) -> String {
    format!(
        "version: 1\nstack: net\nlimits:\n{limits}defaults: {{ autoPay: true, bandwidth: 10 }}\npackages:\n  a: {{ areas: [China, China] }}\n  b: {{ areas: [China, Europe] }}\n"
    )
}

/// Returns the live package of `net/x`, or of another owner.
fn live(id: &str, owner: Option<&str>) -> Package {
    let package = Package::new(id, ["china", "europe"], 7);
    owner.into_iter().fold(package, |package, owner| package.tagged("cenbwp", owner))
}

fn altered(mut package: Package, alter: impl FnOnce(&mut Package)) -> Package {
    alter(&mut package);
    package
}

fn lab(spec: &str, packages: impl IntoIterator<Item = Package>) -> Lab {
    let lab = Lab::new();
    lab.file("cenbwp.yaml", spec);
    lab.emulator.edit(|world| world.packages.extend(packages));
    lab
}

/// Writes a line below a header (`x:`, `limits:`), in place of one with the same key, as a person does who
/// follows a hint.
fn write_below(lab: &Lab, header: &str, line: &str) {
    let text = lab.read("cenbwp.yaml");
    let key = line.split_once(':').expect("a line of the spec has a key").0;
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut written = Vec::new();
    let mut below = None;
    for old in text.lines() {
        below = below.filter(|outer| indent(old) > *outer);
        if below.is_none() || !old.trim_start().starts_with(&format!("{key}:")) {
            written.push(old.to_owned());
        }
        if old.trim() == header {
            below = Some(indent(old));
            written.push(format!("{}{line}", " ".repeat(indent(old) + 2)));
        }
    }
    lab.file("cenbwp.yaml", &(written.join("\n") + "\n"));
}

/// Returns the text between the last two backticks, which must end the text.
#[track_caller]
fn last_line(text: &str) -> String {
    let quoted = text.trim_end().strip_suffix('`').and_then(|text| text.rsplit_once('`'));
    quoted.unwrap_or_else(|| panic!("no line to write at the end of: {text}")).1.to_owned()
}

/// Checks that only reads were sent, and nothing was ordered.
#[track_caller]
fn nothing_bought(lab: &Lab) {
    assert!(lab.emulator.ledger().is_empty(), "{:?}", lab.emulator.ledger());
    let reads = [DESCRIBE, "GetCallerIdentity"];
    assert!(lab.emulator.requests().iter().all(|request| reads.contains(&request.action.as_str())));
}

/// Checks that the command is refused with this message, and returns the line that would allow it.
#[track_caller]
fn refused(lab: &Lab, command: &str, says: &str) -> String {
    let ran = lab.run(command);
    ran.check(4, says);
    nothing_bought(lab);
    last_line(&ran.stderr)
}

/// Checks that `net/x` is held for this reason, and returns the hint.
#[track_caller]
fn held(lab: &Lab, reason: &str) -> String {
    let ran = lab.run(&format!("{APPLY} --json"));
    assert_eq!(ran.code, 4, "{}{}", ran.stdout, ran.stderr);
    nothing_bought(lab);
    let events = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("an event"));
    let held: Vec<Value> = events.filter(|event| event["type"] == "held").collect();
    let [held] = &held[..] else { panic!("one held package, not {held:?}") };
    assert_eq!((&held["address"], &held["reason"]), (&"net/x".into(), &reason.into()));
    held["hint"].as_str().expect("a hint").to_owned()
}

/// Checks that `net/x` is held, and that this is bought after the hint's line is written into its
/// declaration.
#[track_caller]
fn held_until_written(lab: &Lab, reason: &str, line: &str, bought: &[&str]) {
    assert_eq!(last_line(&held(lab, reason)), line);
    write_below(lab, "x:", line);
    allowed(lab, APPLY, bought);
}

/// Checks that the command succeeds, and that this is everything ever bought.
#[track_caller]
fn allowed(lab: &Lab, command: &str, bought: &[&str]) {
    let ran = lab.run(command);
    assert_eq!(ran.code, 0, "{}\n{}{}", lab.read("cenbwp.yaml"), ran.stdout, ran.stderr);
    let mut ordered = purchases(&lab.emulator);
    ordered.sort();
    assert_eq!(ordered, bought);
}

#[test]
fn limits_of_the_spec_are_raised_one_by_one_and_neither_drops_the_other() {
    let lab = lab(&two("  maxPurchases: 1\n  maxNewMbps: 15\n"), []);
    let line = refused(&lab, APPLY, "maxPurchases of stack net is 1, the plan wants 2");
    assert_eq!(line, "maxPurchases: 2");
    write_below(&lab, "limits:", &line);
    let line = refused(&lab, APPLY, "maxNewMbps of stack net is 15, the plan wants 20");
    assert_eq!(line, "maxNewMbps: 20");
    write_below(&lab, "limits:", &line);
    allowed(&lab, APPLY, &["net/a", "net/b"]);
}

/// Returns stacks of so many packages each, without limits except those in their documents.
fn stacks<const N: usize>(stacks: [(&str, usize, &str); N]) -> String {
    let areas = ["China", "Asia-Pacific", "Europe", "North-America"];
    let document = |(name, count, limits): (&str, usize, &str)| {
        let packages: String = (0..count)
            .map(|n| format!("  p{n}: {{ areas: [{}, {}] }}\n", areas[n % 4], areas[(n + n / 4) % 4]))
            .collect();
        format!(
            "version: 1\nstack: {name}\nlimits:\n{limits}  maxNewMbps: 1000\ndefaults: {{ autoPay: true, bandwidth: 10 }}\npackages:\n{packages}"
        )
    };
    stacks.map(document).join("---\n")
}

#[test]
fn stacks_without_a_limit_of_purchases_share_one_default_and_a_new_stack_adds_nothing_to_it() {
    let lab = lab(&stacks([("a", 4, ""), ("b", 7, "")]), []);
    let says = "the default maxPurchases that 2 stacks without their own share is 10, the plan wants 11";
    assert_eq!(refused(&lab, APPLY, says), "maxPurchases: 7");
    // Another limit does not limit purchases, and a stack that sets one leaves the others their default.
    lab.file("cenbwp.yaml", &stacks([("a", 4, ""), ("b", 7, "  maxPurchases: 7\n")]));
    let ran = lab.run(APPLY);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(purchases(&lab.emulator).len(), 11);
}

#[test]
fn a_new_stack_beside_one_with_limits_has_the_default_and_a_flag_may_not_pass_their_sum() {
    let lab = lab(&stacks([("a", 1, "  maxPurchases: 1\n"), ("b", 11, "")]), []);
    refused(&lab, APPLY, "the default maxPurchases of stack b is 10, the plan wants 11");
    let ran = lab.run(&format!("{APPLY} --max-purchases 12"));
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("looser than the spec's 11"), "{}", ran.stderr);
    nothing_bought(&lab);
}

#[test]
fn limits_by_flag_are_raised_by_flag() {
    for (flag, wanted) in
        [("--max-purchases 1", "--max-purchases 2"), ("--max-new-mbps 19", "--max-new-mbps 20")]
    {
        let lab = lab(&two("  maxPurchases: 2\n  maxNewMbps: 20\n"), []);
        assert_eq!(refused(&lab, &format!("{APPLY} {flag}"), "of this run is"), wanted);
        allowed(&lab, &format!("{APPLY} {wanted}"), &["net/a", "net/b"]);
    }
}

#[test]
fn flags_only_tighten_and_the_spec_is_where_limits_are_raised() {
    for (flag, line) in [("--max-purchases 3", "maxPurchases: 3"), ("--max-new-mbps 21", "maxNewMbps: 21")] {
        let lab = lab(&two("  maxPurchases: 2\n  maxNewMbps: 20\n"), []);
        let command = format!("{APPLY} {flag}");
        let ran = lab.run(&command);
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        assert!(lab.emulator.requests().is_empty());
        assert_eq!(last_line(&ran.stderr), line);
        write_below(&lab, "limits:", line);
        allowed(&lab, &command, &["net/a", "net/b"]);
    }
}

#[test]
fn stack_of_another_account_is_refused() {
    let lab = lab(&format!("account: \"42\"\n{}", one("")), []);
    let line = refused(&lab, APPLY, "stack net belongs to account 42");
    assert_eq!(line, "account: \"1234567890123456\"");
    let pinned = lab.read("cenbwp.yaml").replace("account: \"42\"", &line);
    lab.file("cenbwp.yaml", &pinned);
    allowed(&lab, APPLY, &["net/x"]);
}

#[test]
fn purchase_without_approval_is_refused() {
    let lab = lab(&one(""), []);
    let flag = refused(&lab, "apply", "this plan was not approved");
    allowed(&lab, &format!("apply {flag}"), &["net/x"]);
}

#[test]
fn declined_purchase_is_refused() {
    let lab = lab(&one(""), []);
    let answer = |answer: &str| {
        let mut terminal = Terminal::start(lab.command("cenbwp").arg("apply"));
        terminal.wait_for("Only yes approves it: ");
        terminal.type_line(answer);
        terminal.end()
    };
    let (screen, code) = answer("no");
    assert_eq!(code, 4, "{screen}");
    nothing_bought(&lab);
    let (screen, code) = answer(&last_line(&screen));
    assert_eq!(code, 0, "{screen}");
    assert_eq!(purchases(&lab.emulator), ["net/x"]);
}

#[test]
fn a_person_is_asked_about_growth_as_about_a_purchase() {
    let lab = lab(&one("").replace("bandwidth: 7", "bandwidth: 400"), [live("cenbwp-1", Some("net/x"))]);
    let mut terminal = Terminal::start(lab.command("cenbwp").arg("apply"));
    terminal.wait_for("It raises bandwidth by 393 Mbps, which is charged.");
    terminal.type_line("no");
    assert_eq!(terminal.end().1, 4);
    nothing_bought(&lab);
}

#[test]
fn recording_is_refused() {
    let lab = lab(&one(""), []);
    lab.file("live.json", "{\"TotalCount\": 0}");
    let command = format!("{APPLY} --live-from live.json");
    let flag = refused(&lab, &command, "a recording is not the cloud");
    allowed(&lab, &command.replace(&format!("{flag} live.json"), ""), &["net/x"]);
}

#[test]
fn recording_with_a_part_missing_holds_the_purchase() {
    let lab = lab(&one(""), []);
    lab.file("live.json", "{\"TotalCount\": 1}");
    let ran = lab.run("plan --live-from live.json");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("held: incomplete_listing"), "{}", ran.stdout);
    assert!(ran.stdout.contains("This plan cannot be applied: the listing is not whole"), "{}", ran.stdout);
}

#[test]
fn held_package_is_skipped_by_the_flag_that_the_refusal_names() {
    let spec = one("") + "  y:\n    areas: [China, China]\n    bandwidth: 2\n    autoPay: true\n";
    let lab = lab(&spec, [live("cenbwp-twin", None)]);
    let flag = refused(&lab, APPLY, "1 change is held");
    allowed(&lab, &format!("{APPLY} {flag}"), &["net/y"]);
}

#[test]
fn look_alike_is_another_one_or_is_adopted() {
    let twin = || lab(&one(""), [live("cenbwp-twin", None)]);
    held_until_written(&twin(), "look_alike", "distinctFrom: [cenbwp-twin]", &["net/x"]);
    let lab = twin();
    assert!(held(&lab, "look_alike").contains("`adopt: cenbwp-twin`"));
    write_below(&lab, "x:", "adopt: cenbwp-twin");
    let ran = lab.run("plan");
    assert!(ran.stdout.contains("~ net/x   adopts cenbwp-twin"), "{}", ran.stdout);
}

#[test]
fn look_alike_that_cannot_be_adopted_is_not_offered_for_it() {
    let owned = altered(live("cenbwp-theirs", Some("other/p")), |it| it.name = "net-x".to_owned());
    let elsewhere = altered(live("cenbwp-far", None), |it| {
        (it.name, it.area_b) = ("net-x".to_owned(), "china".to_owned());
    });
    let locked = altered(live("cenbwp-locked", None), |it| it.business_status = "FinancialLocked".to_owned());
    for package in [owned, elsewhere, locked] {
        let line = format!("distinctFrom: [{}]", package.id);
        let lab = lab(&one(""), [package]);
        assert!(!held(&lab, "look_alike").contains("adopt"));
        held_until_written(&lab, "look_alike", &line, &["net/x"]);
    }
}

#[test]
fn more_look_alikes_than_one_hint_names_are_gathered_by_the_next() {
    let ids: Vec<String> = (10..35).map(|n| format!("cenbwp-twin{n}")).collect();
    let lab = lab(&one(""), ids.iter().map(|id| live(id, None)));
    let first = last_line(&held(&lab, "look_alike"));
    assert_eq!(first, format!("distinctFrom: [{}]", ids[..20].join(", ")));
    write_below(&lab, "x:", &first);
    held_until_written(&lab, "look_alike", &format!("distinctFrom: [{}]", ids.join(", ")), &["net/x"]);
}

#[test]
fn key_that_was_renamed_and_resized_on_its_cen_buys_nothing() {
    let old = altered(live("cenbwp-old", Some("net/old")), |it| {
        (it.bandwidth, it.cen_ids) = (50, vec!["cen-1".to_owned()]);
    });
    let lab = lab(&one("    cenId: cen-1\n"), [old]);
    key_is_declared_again(&lab);
}

#[test]
fn generation_that_is_raised_on_its_cen_is_attached_once_the_older_one_is_not() {
    let first = altered(live("cenbwp-first", Some("net/x")), |it| it.cen_ids = vec!["cen-1".to_owned()]);
    let lab = lab(&one("    cenId: cen-1\n    generation: 2\n"), [first]);
    lab.emulator.edit(|world| world.cens.push(Cen::new("cen-1")));
    let ran = lab.run(APPLY);
    assert_eq!(ran.code, 6, "{}{}", ran.stdout, ran.stderr);
    let warned = "cen_occupied: cen-1 has cenbwp-first for the same areas";
    assert!(ran.stdout.contains(warned), "{}", ran.stdout);
    assert!(lab.run("plan").stdout.contains(warned), "it is still so");
    lab.emulator.edit(|world| {
        let first = world.packages.iter_mut().filter(|it| it.id == "cenbwp-first");
        first.for_each(|it| it.cen_ids.clear());
    });
    allowed(&lab, APPLY, &["net/x/2"]);
    let packages = lab.emulator.packages().into_iter();
    let attached: Vec<_> = packages.filter(|it| !it.cen_ids.is_empty()).collect();
    assert_eq!((attached.len(), attached[0].tag("cenbwp")), (1, Some("net/x/2")));
}

#[test]
fn renamed_key_is_declared_again_or_is_another_package() {
    let renamed = || lab(&one(""), [live("cenbwp-old", Some("net/old"))]);
    held_until_written(&renamed(), "look_alike", "distinctFrom: [cenbwp-old]", &["net/x"]);
    key_is_declared_again(&renamed());
}

/// Checks that the hint names the old key, and that nothing is bought with it.
#[track_caller]
fn key_is_declared_again(lab: &Lab) {
    let hint = held(lab, "look_alike");
    assert!(hint.starts_with("if the key was renamed, declare it as `old` again; "), "{hint}");
    lab.file("cenbwp.yaml", &lab.read("cenbwp.yaml").replace("  x:", "  old:"));
    allowed(lab, APPLY, &[]);
}

#[test]
fn package_that_is_removed_from_the_spec_is_reported_and_left_alone() {
    let spec = one("").replace("  x:", "  y:").replace("bandwidth: 7", "bandwidth: 9");
    let lab = lab(&spec, [live("cenbwp-1", Some("net/x")), live("cenbwp-2", Some("net/y"))]);
    lab.emulator.edit(|world| world.packages[1].bandwidth = 9);
    let before = lab.emulator.packages();
    let ran = lab.run(APPLY);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("net/x   cenbwp-1"), "{}", ran.stdout);
    nothing_bought(&lab);
    assert_eq!(format!("{before:?}"), format!("{:?}", lab.emulator.packages()));
}

#[test]
fn package_that_cannot_be_adopted_is_bought_once_the_line_is_gone() {
    let expired = live("cenbwp-gone", None);
    let lab = lab(&one("    adopt: cenbwp-gone\n"), []);
    let line = last_line(&held(&lab, "cannot_adopt"));
    lab.emulator.edit(|world| {
        let id = expired.id.clone();
        world.packages.push(expired);
        world.expire(&id, "2020-01-01T00:00:00Z".parse().expect("a time"));
    });
    assert_eq!(last_line(&held(&lab, "cannot_adopt")), line);
    lab.file("cenbwp.yaml", &lab.read("cenbwp.yaml").replace(&line, ""));
    held_until_written(&lab, "look_alike", "distinctFrom: [cenbwp-gone]", &["net/x"]);
}

#[test]
fn identity_on_two_packages_is_ambiguous() {
    let lab = lab(&one(""), [live("cenbwp-1", Some("net/x")), live("cenbwp-2", Some("net/x"))]);
    let tag = last_line(&held(&lab, "ambiguous"));
    lab.emulator.edit(|world| {
        let tags = &mut world.packages[1].tags;
        tags.retain(|other| format!("{}={}", other.key, other.value) != tag);
        assert!(tags.is_empty());
    });
    allowed(&lab, APPLY, &[]);
}

#[test]
fn change_of_an_expired_or_locked_package_is_held() {
    let locked =
        altered(live("cenbwp-1", Some("net/x")), |it| it.business_status = "SecurityLocked".to_owned());
    let lab = lab(&one("    name: new\n"), [locked]);
    held_until_written(&lab, "not_normal", "generation: 2", &["net/x/2"]);
}

#[test]
fn change_of_what_is_fixed_at_purchase_is_held() {
    let elsewhere = altered(live("cenbwp-1", Some("net/x")), |it| it.area_b = "china".to_owned());
    held_until_written(&lab(&one(""), [elsewhere]), "immutable", "generation: 2", &["net/x/2"]);
}

#[test]
fn lowered_generation_is_held() {
    let lab = lab(&one("    generation: 2\n"), [live("cenbwp-3", Some("net/x/3"))]);
    held_until_written(&lab, "lowered_generation", "generation: 3", &[]);
}

#[test]
fn postpaid_package_that_is_not_there_is_held() {
    let lab = lab(&one("    chargeType: POSTPAY\n").replace("    autoPay: true\n", ""), []);
    let hint = held(&lab, "postpay_absent");
    assert!(hint.ends_with("or buy it with `autoPay: true` and `chargeType: PREPAY`"), "{hint}");
    write_below(&lab, "x:", "chargeType: PREPAY");
    write_below(&lab, "x:", "autoPay: true");
    allowed(&lab, APPLY, &["net/x"]);
}

#[test]
fn package_on_several_cens_is_held_when_its_cen_is_declared() {
    let attached = altered(live("cenbwp-1", Some("net/x")), |it| {
        it.cen_ids = vec!["cen-1".to_owned(), "cen-2".to_owned()];
    });
    let lab = lab(&one("    cenId: cen-1\n"), [attached]);
    lab.emulator.edit(|world| world.cens.extend(["cen-1", "cen-2"].map(Cen::new)));
    held_until_written(&lab, "several_cens", "ignore: [cenId]", &[]);
}

#[test]
fn item_that_cannot_be_read_holds_every_purchase() {
    let mut odd = Package::new("cenbwp-odd", ["europe", "europe"], 3);
    odd.overrides.insert("Bandwidth".to_owned(), Value::from("many"));
    let unclear = Package::new("cenbwp-odd", ["europe", "europe"], 3).tagged("cenbwp", "Net/X");
    for package in [odd, unclear] {
        let lab = lab(&one(""), [package]);
        held_until_written(&lab, "unreadable", "distinctFrom: [cenbwp-odd]", &["net/x"]);
    }
}

#[test]
fn item_without_an_id_holds_every_purchase_until_it_can_be_read() {
    let lab = lab(&one(""), [Package::new("cenbwp-odd", ["europe", "europe"], 3)]);
    let describe = DESCRIBE;
    lab.emulator.fault(Fault::new(describe, When::EVERY, Effect::Unreadable(0)));
    assert!(held(&lab, "unreadable").ends_with("correct them, and run `cenbwp plan` again"));
    lab.emulator.clear_faults();
    allowed(&lab, APPLY, &["net/x"]);
}

/// No exit 4: no user can allow half a listing; the run can only be repeated.
#[tokio::test(start_paused = true)]
async fn torn_listing_is_an_error_and_no_short_list() {
    let bench = Bench::new();
    bench.emulator.edit(|world| world.packages.push(Package::new("cenbwp-1", ["europe", "europe"], 3)));
    let declared = spec(&one(""));
    for effect in [Effect::TotalCount(2), Effect::TotalCount(0), Effect::TotalCount(10_000_000)] {
        bench.emulator.fault(Fault::new(DESCRIBE, When::EVERY, effect));
        let failure = bench.plan(&declared).await.expect_err("no whole listing");
        assert_eq!(failure.exit, Exit::Error, "{failure:?}");
        assert!(failure.error.to_string().contains("no whole listing"), "{failure:?}");
        bench.emulator.clear_faults();
    }
    assert!(bench.emulator.ledger().is_empty());
    bench.apply(&declared).await;
    assert_eq!(purchases(&bench.emulator), ["net/x"]);
}
