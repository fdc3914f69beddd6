//! The commands that the runner of a pipeline reads in a job's output: nothing in a spec, in the cloud or in
//! the name of a file can be one, in any form of output.

use std::process::Stdio;

use cenbwp_tests::{Effect, Fault, Package, Refusal, When};
use serde_json::Value;

use crate::support::{CREATE, Lab, ONE};

/// Commands of every runner, behind the only line ends that a name may hold.
const EVIL: &str = "x##[set-output name=digest;]y##vso[task.setvariable variable=a]z ##[add-mask]w section_start:1560896352:s";
/// The same for texts that may have several lines.
const LINES: &str =
    "one\n::error::two\n  ::stop-commands::x\r::add-mask::y\n##[endgroup]\nsection_end:1560896352:s";

/// Reads a line like GitHub's runner: the newer form at its beginning, after white space, else the older one
/// anywhere.
fn github(line: &str) -> Option<String> {
    let trimmed = line.trim();
    if let Some(rest) = trimmed.strip_prefix("::")
        && let Some((command, _)) = rest.split_once("::")
    {
        return Some(command.split(' ').next().unwrap_or_default().to_owned());
    }
    let (_, rest) = line.split_once("##[")?;
    rest.contains(']').then(|| rest.to_owned())
}

/// Reads a line like the agent of Azure Pipelines.
fn azure(line: &str) -> Option<String> {
    let lower = line.to_ascii_lowercase();
    let (_, rest) = lower.split_once("##vso[")?;
    rest.contains(']').then(|| rest.to_owned())
}

/// Reads a line like GitLab, without waiting for the escape that ends a marker.
fn gitlab(line: &str) -> Option<String> {
    let marker = ["section_start:", "section_end:"].iter().find_map(|it| line.split_once(it));
    marker.map(|(_, rest)| rest.to_owned()).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Checks that no runner finds a command, except annotations where they were requested.
#[track_caller]
fn check_obeyed(text: &str, annotated: bool, whence: &str) {
    for line in text.split(['\n', '\r']) {
        let own = |command: &String| annotated && matches!(command.as_str(), "error" | "warning" | "notice");
        let obeyed = github(line).filter(|it| !own(it)).or_else(|| azure(line)).or_else(|| gitlab(line));
        assert_eq!(obeyed, None, "{whence} prints {line:?}");
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string is JSON")
}

/// Adds packages of ours and of others, with commands in everything that a person can write.
fn evil_world(lab: &Lab) {
    let evil = |id: &str, owner: Option<&str>| {
        let mut package = Package::new(id, ["china", "europe"], 7).tagged(EVIL, EVIL);
        (package.name, package.description) = (EVIL.to_owned(), LINES.to_owned());
        package.overrides.insert("ResourceGroupId".to_owned(), EVIL.into());
        owner.into_iter().fold(package, |package, owner| package.tagged("cenbwp", owner))
    };
    let mut locked = evil("cenbwp-locked", Some("net/locked"));
    locked.overrides.insert("BusinessStatus".to_owned(), EVIL.into());
    let mut unreadable = evil("cenbwp-unreadable", Some("net/unreadable"));
    unreadable.overrides.insert("Bandwidth".to_owned(), EVIL.into());
    let packages = [
        evil("cenbwp-a", Some("net/a")),
        evil("cenbwp-free", None),
        locked,
        unreadable,
        evil("cenbwp-u", Some(EVIL)),
    ];
    lab.emulator.edit(|world| world.packages.extend(packages));
}

fn evil_spec() -> String {
    let (name, lines) = (quoted(EVIL), quoted(&LINES.replace('\r', "")));
    let fields = format!("areas: [China, {name}], bandwidth: 9, autoPay: true, description: {lines}");
    format!(
        "version: 1\nstack: net\npackages:\n  a: {{ {fields}, tags: {{ k: {name} }} }}\n  locked: {{ {fields} }}\n  new: {{ {fields} }}\n"
    )
}

/// Returns an invalid spec, whose errors quote the commands in it.
fn broken_spec() -> String {
    let evil = quoted(EVIL);
    format!(
        "version: 1\nstack: net\npackages:\n  {evil}: {{}}\n  b: {{ areas: {evil}, {evil}: 1, bandwidth: {evil}, manage: {evil} }}\n  ::x: 1\n"
    )
}

const RUNNERS: [(&str, &str); 3] = [("GITHUB_ACTIONS", "true"), ("TF_BUILD", "True"), ("GITLAB_CI", "true")];

/// Runs a command in every form that it has, inside each runner and outside: no runner finds a command, and
/// the output does not depend on the place.
#[track_caller]
fn check(lab: &mut Lab, arguments: &[&str], forms: &[&str]) {
    let [first, others @ ..] = &printed(lab, arguments, forms)[..] else { return };
    others.iter().for_each(|other| assert_eq!(first, other, "{arguments:?}"));
}

/// Returns the output of a command in each of these forms, first outside any runner and then once for each.
#[track_caller]
fn printed(lab: &mut Lab, arguments: &[&str], forms: &[&str]) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for runner in [None, Some(RUNNERS[0]), Some(RUNNERS[1]), Some(RUNNERS[2])] {
        RUNNERS.iter().for_each(|(name, _)| lab.set(name, None));
        if let Some((name, value)) = runner {
            lab.set(name, Some(value));
        }
        let mut printed = Vec::new();
        for form in forms {
            let flags: Vec<_> = form.split_whitespace().collect();
            let mut command = lab.command("cenbwp");
            let ran = lab.finish(command.args(arguments).args(&flags).stdin(Stdio::null()));
            let whence = format!("{arguments:?} {form} under {runner:?}");
            check_obeyed(&ran.stdout, form.ends_with("github"), &whence);
            check_obeyed(&ran.stderr, false, &whence);
            if form.contains("json") || form.ends_with("sarif") {
                let lines = serde_json::Deserializer::from_str(&ran.stdout).into_iter::<Value>();
                lines.for_each(|value| drop(value.unwrap_or_else(|error| panic!("{whence}: {error}"))));
            }
            printed.push(ran.stdout);
        }
        all.push(printed);
    }
    all
}

const REPORTS: [&str; 9] = [
    "",
    "--json",
    "--report json",
    "--report markdown",
    "--report github",
    "--report gitlab",
    "--report sarif",
    "--report junit",
    "--report html",
];

#[test]
fn no_command_of_a_spec_reaches_a_runner() {
    let mut lab = Lab::new();
    lab.file("cenbwp.yaml", &broken_spec());
    for command in [&["validate"][..], &["plan"], &["apply", "--auto-approve"]] {
        check(&mut lab, command, &REPORTS);
    }
    check(&mut lab, &["status"], &["", "--json"]);
}

#[test]
fn no_command_of_a_listing_reaches_a_runner() {
    let mut lab = Lab::new();
    lab.file("cenbwp.yaml", &evil_spec());
    evil_world(&lab);
    check(&mut lab, &["validate"], &REPORTS);
    check(&mut lab, &["plan", "-vvv"], &REPORTS);
    check(&mut lab, &["plan", "--skip-held", "--log-format", "json", "-vvv"], &["", "--json"]);
    check(&mut lab, &["status", "--all"], &["", "--json"]);
    check(&mut lab, &["export"], &[""]);
    check(&mut lab, &["export", "--all"], &[""]);
    lab.run("plan --out plan.json");
    check(&mut lab, &["show", "plan.json"], &REPORTS[..1]);
    check(&mut lab, &["show", "plan.json"], &REPORTS[2..]);
    check(&mut lab, &["apply", "--auto-approve"], &REPORTS);
}

#[test]
fn no_command_of_a_reply_reaches_a_runner() {
    let mut lab = Lab::new();
    lab.file("cenbwp.yaml", ONE);
    for action in [CREATE, "GetCallerIdentity"] {
        lab.emulator.fault(Fault::new(action, When::EVERY, Effect::Refuse(Refusal::new(400, EVIL, LINES))));
        // Each reply has an id of its own.
        printed(&mut lab, &["apply", "--auto-approve", "--max-retries", "0", "-vvv"], &REPORTS);
    }
}

#[test]
fn no_command_in_the_name_of_a_file_or_an_argument_reaches_a_runner() {
    let mut lab = Lab::new();
    let name = "::error::##[group]##vso[a.b]\u{1b}[2Ksection_start:1:x\u{202e}.yaml";
    lab.file(name, "{version: 1, stack: net, packages: {x: {bandwith: 1}}}");
    check(&mut lab, &["validate", "-f", name], &REPORTS);
    check(&mut lab, &["validate", "-f", "."], &REPORTS);
    check(&mut lab, &["validate", "-f", "::error::##[x]"], &REPORTS);
    check(&mut lab, &["plan", "##[x]::error::##vso[a.b]"], &[""]);
    check(&mut lab, &["explain", "::error::##[x]"], &[""]);
    let annotations = lab.finish(lab.command("cenbwp").args(["validate", "-f", name, "--report", "github"]));
    let file = annotations.stdout.lines().find(|line| line.contains("file=")).expect("an annotation");
    assert!(!file.contains('\u{1b}') && !file.contains('\u{202e}'), "{file:?}");
}

#[test]
fn what_is_exported_keeps_the_values_that_would_be_commands() {
    let lab = Lab::new();
    let mut package = Package::new("cenbwp-free", ["china", "europe"], 7).tagged("k", EVIL);
    package.name = "free".to_owned();
    (package.description, package.resource_group_id) = ("##vso[a.b]c".to_owned(), "rg-1".to_owned());
    lab.emulator.edit(|world| world.packages.push(package));
    let ran = lab.run("export --out cenbwp.yaml");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    check_obeyed(&lab.read("cenbwp.yaml"), false, "the file");
    // Adopting it changes only our own tags: every value is the one in the cloud.
    let plan = lab.run("plan --report json");
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    let plan: Value = serde_json::from_str(&plan.stdout).expect("one document");
    let [change] = &plan["resource_changes"].as_array().expect("a list")[..] else { panic!("{plan:#}") };
    for field in ["name", "description"] {
        assert_eq!(change["change"]["before"][field], change["change"]["after"][field], "{change:#}");
    }
    assert!(plan.to_string().contains("##vso[a.b]c"), "{plan:#}");
}
