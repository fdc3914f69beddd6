//! `apply PLAN` against the paths that the plan was made of.

use serde_json::Value;

use crate::support::{Lab, Ran, purchases};

const NET: &str = "
version: 1
stack: net
defaults: { autoPay: true }
packages:
  x: { areas: [China, Europe], bandwidth: 7 }
";

const MORE: &str = "
version: 1
stack: net
defaults: { autoPay: true }
packages:
  y: { areas: [China, China], bandwidth: 2 }
";

/// A lab with a plan `plan.json` of these paths.
fn planned(paths: &str) -> Lab {
    let lab = Lab::new();
    lab.file("cen/net.yaml", NET).file("more/more.yaml", MORE);
    let ran = lab.run(&format!("plan {paths} --out plan.json"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    lab
}

fn digest(lab: &Lab) -> String {
    let plan: Value = serde_json::from_str(&lab.read("plan.json")).expect("JSON");
    plan["digest"].as_str().expect("a digest").to_owned()
}

/// Runs `apply plan.json` with these arguments too: it ends with this code, says this on stderr, and buys nothing.
#[track_caller]
fn check_refused(lab: &Lab, arguments: &str, code: i32, says: &str) {
    check_end(lab, &lab.run(&format!("apply plan.json {arguments}")), code, says);
}

#[track_caller]
fn check_end(lab: &Lab, ran: &Ran, code: i32, says: &str) {
    assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains(says), "{says:?} is missing:\n{}", ran.stderr);
    assert!(purchases(&lab.emulator).is_empty());
}

#[track_caller]
fn check_applied(lab: &Lab, arguments: &str) {
    let ran = lab.run(&format!("apply plan.json {arguments}"));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(purchases(&lab.emulator), ["net/x"]);
}

#[test]
fn file_that_was_added_below_a_planned_folder_is_another_spec() {
    let lab = planned("-f cen");
    lab.file("cen/sub/more.yaml", MORE);
    check_refused(&lab, "", 5, "cen/sub/more.yaml was added");
    check_applied(&lab, "--without-spec");
    // Also one that declares nothing yet: what it will declare is nothing that was reviewed.
    let lab = planned("-f cen");
    lab.file("cen/empty.yml", "# to come\n");
    check_refused(&lab, "", 5, "cen/empty.yml was added");
}

#[test]
fn file_that_was_removed_or_renamed_below_a_planned_folder_is_another_spec() {
    let both = |lab: &Lab| {
        lab.file("cen/more.yaml", MORE);
        assert_eq!(lab.run("plan -f cen --out plan.json").code, 0);
    };
    let lab = planned("-f cen");
    both(&lab);
    std::fs::remove_file(lab.path("cen/more.yaml")).expect("it was there");
    check_refused(&lab, "", 5, "cen/more.yaml was removed");
    let lab = planned("-f cen");
    both(&lab);
    std::fs::rename(lab.path("cen/more.yaml"), lab.path("cen/other.yaml")).expect("it was there");
    check_refused(&lab, "", 5, "cen/more.yaml was removed, cen/other.yaml was added");
    std::fs::remove_dir_all(lab.path("cen")).expect("it was there");
    check_refused(&lab, "", 5, "--without-spec");
}

#[test]
fn spec_of_the_default_file_is_compared_without_naming_it() {
    let lab = Lab::new();
    lab.file("cenbwp.yaml", NET);
    assert_eq!(lab.run("plan --out plan.json").code, 0);
    lab.file("cenbwp.yaml", &NET.replace("bandwidth: 7", "bandwidth: 8"));
    check_refused(&lab, "", 5, "cenbwp.yaml: the spec changed");
    lab.file("cenbwp.yaml", &format!("# a comment\n{NET}"));
    check_applied(&lab, "");
}

#[test]
fn plan_of_what_cannot_be_read_again_says_so_when_it_is_saved_and_when_it_is_applied() {
    for source in [
        "cat cen/net.yaml | cenbwp plan -f - --out plan.json",
        "cenbwp plan -f <(cat cen/net.yaml) --out plan.json",
    ] {
        let lab = planned("-f cen");
        let ran = lab.finish(lab.command("bash").args(["-c", source]));
        assert_eq!(ran.code, 0, "{source}: {}", ran.stderr);
        assert!(ran.stderr.contains("cenbwp apply plan.json --without-spec"), "{source}: {}", ran.stderr);
        check_refused(&lab, "", 5, "stdin or a pipe, which cannot be read again");
        check_refused(&lab, "", 5, "--without-spec");
        check_applied(&lab, "--without-spec");
    }
}

#[test]
fn digest_does_not_depend_on_how_the_spec_was_named() {
    let lab = planned("-f cen");
    let before = digest(&lab);
    for paths in ["-f cen/net.yaml", "-f ./cen/"] {
        lab.run(&format!("plan {paths} --out plan.json"));
        assert_eq!(digest(&lab), before, "{paths}");
    }
    assert!(lab.run("show plan.json").stdout.contains("Made of -f ./cen/"), "and the plan says it");
}

#[test]
fn plan_of_an_older_or_newer_format_is_refused_with_both_versions() {
    let lab = planned("-f cen");
    let mut plan: Value = serde_json::from_str(&lab.read("plan.json")).expect("JSON");
    let ours = plan["format_version"].as_str().expect("a text").to_owned();
    for other in ["1.0", "1.2", "2.0"] {
        plan["format_version"] = other.into();
        lab.file("plan.json", &plan.to_string());
        check_refused(&lab, "", 3, &format!("format_version is \"{other}\", expected \"{ours}\""));
        check_refused(&lab, "", 3, "plan again: cenbwp plan --out FILE");
    }
}
