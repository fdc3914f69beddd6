//! Every guard: it exits with 4, buys nothing, and ends with the line that would allow the refused change.
//! Each test then does exactly what the line says, and the refusal is gone.

mod allocated;
mod held;
mod hints;

use cenbwp::exit::Exit;
use cenbwp_tests::{Effect, Fault, Package, When};

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
    let reads = [DESCRIBE, "DescribeCenGeographicSpans", "GetCallerIdentity", "QueryAvailableInstances"];
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
fn limits_of_the_spec_are_named_together_and_raised_one_by_one_and_neither_drops_the_other() {
    let lab = lab(&two("  maxPurchases: 1\n  maxNewMbps: 15\n"), []);
    refused(&lab, APPLY, "`maxPurchases: 2`");
    let line = refused(&lab, APPLY, "maxPurchases of stack net is 1, the plan needs 2");
    assert_eq!(line, "maxNewMbps: 20");
    write_below(&lab, "limits:", "maxPurchases: 2");
    let line = refused(&lab, APPLY, "maxNewMbps of stack net is 15, the plan needs 20");
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
    let says = "the default maxPurchases that 2 stacks without their own share is 10, the plan needs 11";
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
    refused(&lab, APPLY, "the default maxPurchases of stack b is 10, the plan needs 11");
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

/// Returns the arguments of a command that a hint names.
fn pasted(command: &str) -> &str {
    command.strip_prefix("cenbwp ").unwrap_or_else(|| panic!("{command} is no command"))
}

#[test]
fn purchase_without_approval_is_refused() {
    let lab = lab(&one(""), []);
    let command = refused(&lab, "apply", "this plan was not approved");
    allowed(&lab, pasted(&command), &["net/x"]);
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
    let command = refused(&lab, APPLY, "1 change is held");
    allowed(&lab, pasted(&command), &["net/y"]);
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
