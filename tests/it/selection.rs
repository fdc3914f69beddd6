//! Runs that are about a part of the spec, and the list of stacks that a pipeline runs them for.

use cenbwp_tests::Config;
use serde_json::{Value, json};

use crate::schemas::schema;
use crate::support::{Lab, purchases};

/// Two stacks of this account, one of another, in three files.
fn fleet() -> Lab {
    let lab = Lab::new();
    let account = Config::default().account_id;
    let package = "areas: [China, Europe], bandwidth: 2, autoPay: true";
    let stack = |name: &str, account: &str, packages: &[&str]| {
        let packages = packages.iter().map(|name| format!("  {name}: {{{package}, name: {name}}}\n"));
        let packages: String = packages.collect();
        format!("version: 1\nstack: {name}\naccount: \"{account}\"\npackages:\n{packages}")
    };
    lab.file("cen/core.yaml", &stack("core", &account, &["a", "b"]));
    lab.file("cen/sites.yaml", &stack("sites", &account, &["c"]));
    lab.file("cen/theirs.yaml", &stack("theirs", "999", &["d"]));
    lab
}

/// Returns the addresses that a plan with these flags buys.
#[track_caller]
fn planned(lab: &Lab, flags: &str) -> Vec<String> {
    let ran = lab.run(&format!("plan -f cen --report json {flags}"));
    assert_eq!(ran.code, 0, "{flags}: {}", ran.stderr);
    let plan: Value = serde_json::from_str(&ran.stdout).expect("one document");
    let rows = plan["resource_changes"].as_array().expect("changes");
    let address = |row: &Value| row["address"].as_str().expect("an address").to_owned();
    rows.iter().map(|row| address(row).replace("cen_bandwidth_package.", "")).collect()
}

#[test]
fn a_run_is_about_the_selected_stacks_and_packages() {
    let lab = fleet();
    assert_eq!(planned(&lab, "--target core"), ["core/a", "core/b"]);
    assert_eq!(planned(&lab, "--target core/b --target sites"), ["core/b", "sites/c"]);
    assert_eq!(planned(&lab, "--exclude core/a --exclude theirs"), ["core/b", "sites/c"]);
    let account = Config::default().account_id;
    assert_eq!(planned(&lab, &format!("--account {account}")), ["core/a", "core/b", "sites/c"]);
    assert_eq!(planned(&lab, &format!("--account {account} --exclude core")), ["sites/c"]);
}

#[test]
fn only_pins_of_selected_stacks_are_checked() {
    let lab = fleet();
    for flags in ["", "--target theirs", "--target core --target theirs/d", "--account 999"] {
        let refused = format!("apply -f cen --auto-approve {flags}");
        lab.check_refused(&refused, 4, "stack theirs belongs to account 999");
    }
    let account = Config::default().account_id;
    let hint = format!("`--account {account}` leaves the stacks of other accounts out");
    lab.check_refused("apply -f cen --auto-approve", 4, &hint);
    lab.run("apply -f cen --auto-approve --target core").check(0, "");
    assert_eq!(purchases(&lab.emulator).len(), 2);
}

#[test]
fn a_saved_plan_keeps_its_selection() {
    let lab = fleet();
    lab.run("plan -f cen --exclude theirs --exclude core/a --out plan.json").check(0, "");
    lab.check_refused("apply plan.json --target core", 3, "cannot be used with");
    lab.check_refused("apply plan.json --exclude core", 3, "cannot be used with");
    lab.run("apply plan.json").check(0, "");
    assert_eq!(purchases(&lab.emulator).len(), 2);
}

#[test]
fn a_status_shows_what_is_selected() {
    let lab = fleet();
    let ran = lab.run("status -f cen --exclude theirs --exclude core/b");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let shown: Vec<&str> = ran.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(shown[..3], ["IDENTITY", "core/a", "sites/c"], "{}", ran.stdout);
}

#[test]
fn a_selection_names_what_the_spec_declares() {
    let lab = fleet();
    for (flags, says) in [
        ("--target cores", "did you mean core?"),
        ("--target core/c", "--target core/c: the spec does not declare it"),
        ("--target core/c", "did you mean sites/c?"),
        ("--target c", "did you mean sites/c?"),
        ("--target core/aa", "did you mean core/a?"),
        ("--target zzz", "cenbwp stacks lists the stacks and packages of the spec"),
        ("--exclude sites/d", "--exclude sites/d: the spec does not declare it"),
        ("--account 1", "--account 1: no stack of the spec is pinned to it"),
        ("--target Core", "invalid value"),
        ("--target core --exclude core/a", "cannot be used with"),
        ("--account 999 --target core", "the flags leave no package of the spec"),
        ("--exclude core --exclude sites --exclude theirs", "the flags leave no package of the spec"),
    ] {
        lab.check_refused(&format!("apply -f cen --auto-approve {flags}"), 3, says);
    }
}

/// Returns the names of the stacks that `stacks` lists with these flags, and of those that it calls removed.
#[track_caller]
fn listed(lab: &Lab, flags: &str) -> (Vec<String>, Vec<String>) {
    let ran = lab.run(&format!("stacks -f cen --json {flags}"));
    assert_eq!(ran.code, 0, "{flags}: {}", ran.stderr);
    let document: Value = serde_json::from_str(&ran.stdout).expect("one document");
    let names = |rows: &Value, name: fn(&Value) -> &Value| {
        let rows = rows.as_array().into_iter().flatten();
        rows.map(|row| name(row).as_str().expect("a name").to_owned()).collect()
    };
    (names(&document["stacks"], |row| &row["stack"]), names(&document["removed"], |name| name))
}

#[test]
fn stacks_are_listed_with_their_accounts_files_and_packages() {
    let lab = fleet();
    let table = lab.run("stacks -f cen");
    assert_eq!(table.code, 0, "{}", table.stderr);
    let row = format!("core    {}         2  cen/core.yaml\n", Config::default().account_id);
    assert!(table.stdout.contains(&row), "{row}{}", table.stdout);

    let ran = lab.run("stacks -f cen --account 999 --json");
    assert_eq!(ran.stdout.lines().count(), 1, "a pipeline reads it as one line");
    let theirs =
        json!({ "stack": "theirs", "account": "999", "files": ["cen/theirs.yaml"], "packages": ["d"] });
    let document: Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!(document, json!({ "format_version": "1.0", "stacks": [theirs] }));
    schema("stacks.schema.json").validate(&document).expect("it fits its schema");
}

#[test]
fn stacks_of_changed_files_are_listed_since_a_commit() {
    let lab = fleet();
    lab.run("stacks -f cen --since HEAD").check(3, "run this in the working tree of a repository");
    let git = |arguments: &str| {
        let identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"];
        let ran = lab.finish(lab.command("git").args(identity).args(arguments.split(' ')));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    };
    git("init --quiet");
    git("add .");
    git("commit --quiet -m first");
    assert_eq!(listed(&lab, "--since HEAD"), (vec![], vec![]));

    // A new file that git does not know, a removed one, and one that has moved on by a commit.
    lab.file("cen/new.yaml", "version: 1\nstack: new\npackages: {}\n");
    std::fs::remove_file(lab.path("cen/theirs.yaml")).expect("it was there");
    lab.file("cen/core.yaml", &lab.read("cen/core.yaml").replace("bandwidth: 2", "bandwidth: 3"));
    git("add cen/core.yaml");
    git("commit --quiet -m second");
    let (new, core) = ("new".to_owned(), "core".to_owned());
    assert_eq!(listed(&lab, "--since HEAD~1"), (vec![core, new.clone()], vec!["theirs".to_owned()]));
    assert_eq!(listed(&lab, "--since HEAD"), (vec![new], vec!["theirs".to_owned()]));
    // Elsewhere in the repository, or in a file that is not a spec, nothing that matters has changed.
    lab.file("notes.yaml", "x: 1");
    assert_eq!(listed(&lab, "--since HEAD").0, ["new"]);
    lab.run("stacks -f cen --since absent").check(3, "there is no such commit here");
    lab.run("stacks -f cen --since --output=x").check(3, "");
    lab.run("stacks -f - --since HEAD").check(3, "stdin has no earlier version");
    assert!(!lab.path("x").exists());
}

/// A document of a stack can leave one file while another keeps the rest: both versions of a file count.
#[test]
fn a_stack_that_lost_a_file_has_changed() {
    let lab = fleet();
    lab.file("cen/more.yaml", "version: 1\nstack: core\npackages: {}\n");
    for arguments in [
        &["init", "--quiet"][..],
        &["add", "."],
        &["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "-m", "first"],
    ] {
        assert_eq!(lab.finish(lab.command("git").args(arguments)).code, 0);
    }
    std::fs::remove_file(lab.path("cen/more.yaml")).expect("it was there");
    assert_eq!(listed(&lab, "--since HEAD"), (vec!["core".to_owned()], vec![]));
}
