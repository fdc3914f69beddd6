//! `apply PLAN` beside assertions: the paths that the plan was made of (`-f`) and `--plan-digest`.

use serde_json::Value;

use crate::support::{CREATE, Lab, purchases};

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

/// Returns a lab with a plan `plan.json` of these paths.
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

/// Runs `apply plan.json` with these arguments: it ends with this code, prints this on stderr, and buys
/// nothing.
#[track_caller]
fn check_refused(lab: &Lab, arguments: &str, code: i32, says: &str) {
    lab.check_refused(&format!("apply plan.json {arguments}"), code, says);
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
    // Also a path that declares nothing yet: whatever it will declare was not reviewed.
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
    check_applied(&lab, "-f cenbwp.yaml");
}

#[test]
fn paths_beside_a_plan_assert_what_it_was_made_of() {
    let lab = planned("-f cen");
    check_refused(&lab, "-f more", 5, "the plan was made of -f cen, and -f more was expected");
    check_refused(&lab, "-f cen -f more", 5, "-f cen -f more was expected");
    check_refused(&lab, "-f cen/net.yaml", 5, "-f cen/net.yaml was expected");
    check_refused(&lab, "-f more --without-spec", 5, "-f more was expected");
    check_applied(&lab, "-f ./cen/");
    // Only one of the two paths; their order makes no difference.
    let lab = planned("-f cen -f more --target net/x");
    check_refused(&lab, "-f cen", 5, "the plan was made of -f cen -f more, and -f cen was expected");
    check_applied(&lab, "-f more -f cen");
}

#[test]
fn plan_of_another_spec_of_the_same_tree_does_not_pass_for_the_asserted_one() {
    let lab = planned("-f more");
    check_refused(&lab, "-f cen", 5, "the plan was made of -f more, and -f cen was expected");
}

#[test]
fn digest_beside_a_plan_asserts_which_one_it_is() {
    let lab = planned("-f cen");
    let wrong = format!("sha256:{}", "0".repeat(64));
    check_refused(&lab, &format!("--plan-digest {wrong}"), 5, &digest(&lab));
    assert!(lab.emulator.requests().iter().all(|request| request.action != CREATE));
    check_applied(&lab, &format!("-f cen --plan-digest {}", digest(&lab)));
    // The same file again: the plan that is done by now has the digest that was approved.
    check_applied(&lab, &format!("-f cen --plan-digest {}", digest(&lab)));
}

#[test]
fn digest_is_taken_as_people_and_pipelines_hand_it_over() {
    let lab = planned("-f cen");
    let digest = digest(&lab);
    let hex = digest.strip_prefix("sha256:").expect("it says how it was taken");
    let upper = hex.to_ascii_uppercase();
    for text in [
        format!(" {digest}\n"),
        format!("`{digest}`"),
        format!("\"{digest}\""),
        format!("'{digest}' "),
        format!("sha256:{upper}"),
        format!("SHA256:{upper}"),
    ] {
        let mut command = lab.command("cenbwp");
        let ran = lab.finish(command.args(["apply", "plan.json", "--plan-digest", &text]));
        assert_eq!(ran.code, 0, "{text:?}: {}", ran.stderr);
    }
    assert_eq!(purchases(&lab.emulator), ["net/x"]);
}

#[test]
fn what_is_no_digest_is_invalid_and_not_stale() {
    let lab = planned("-f cen");
    let requests = lab.emulator.requests().len();
    let digest = digest(&lab);
    let hex = digest.strip_prefix("sha256:").expect("it says how it was taken");
    let mut bad =
        vec![String::new(), " ".into(), "null".into(), "``".into(), "sha256:".into(), "sha256:00".into()];
    bad.extend([hex.to_owned(), format!("sha512:{hex}"), format!("{digest}0"), digest[..70].to_owned()]);
    bad.extend([
        format!("sha256:{}", "g".repeat(64)),
        format!("sha256: {hex}"),
        format!("{digest} {digest}"),
    ]);
    for text in bad {
        for subject in [&["plan.json"][..], &["-f", "cen"]] {
            let mut command = lab.command("cenbwp");
            let ran = lab.finish(command.arg("apply").args(subject).args(["--plan-digest", &text]));
            ran.check(3, "expected sha256: and 64 hexadecimal digits");
        }
    }
    assert_eq!(lab.emulator.requests().len(), requests, "nothing is asked for what is no digest");
}

#[test]
fn plan_shows_the_digest_that_approves_it() {
    let lab = Lab::new();
    lab.file("cenbwp.yaml", NET);
    let ran = lab.run("plan --quiet");
    let digest = ran.stdout.lines().find_map(|line| line.strip_prefix("Digest "));
    let digest = digest.unwrap_or_else(|| panic!("{}", ran.stdout));
    assert_eq!(lab.run(&format!("apply --plan-digest {digest}")).code, 0);
    assert_eq!(purchases(&lab.emulator), ["net/x"]);
    let ran = lab.run("plan --quiet");
    assert!(!ran.stdout.contains("Digest"), "nothing is to be approved: {}", ran.stdout);
}

#[test]
fn plan_ends_with_the_command_that_carries_it_out() {
    let lab = Lab::new();
    lab.file("my spec.yaml", NET);
    let shell = |line: &str| lab.finish(lab.command("sh").args(["-c", line]));
    let ran = shell("cenbwp plan -f 'my spec.yaml' --target net/x --max-purchases 1");
    let last = ran.stdout.lines().last().unwrap_or_default();
    let next = "Next: `cenbwp apply -f 'my spec.yaml' --target net/x --max-purchases 1` asks for approval and \
                carries it out.";
    assert_eq!(last, next, "{}", ran.stdout);
    // A saved plan has its own; a spec that came through a pipe cannot be read again.
    let ran = shell("cenbwp plan -f 'my spec.yaml' -o plan.json");
    assert!(!ran.stdout.contains("Next:") && ran.stderr.contains("cenbwp apply plan.json"), "{}", ran.stderr);
    let ran = shell("cenbwp plan -f - < 'my spec.yaml'");
    assert!(ran.stdout.contains("Digest") && !ran.stdout.contains("Next:"), "{}", ran.stdout);
}

#[test]
fn hint_of_an_apply_that_has_no_terminal_approves_the_plan_that_it_showed() {
    let lab = Lab::new();
    lab.file("cenbwp.yaml", NET);
    let ran = lab.run("apply");
    ran.check(4, "not approved");
    let command = ran.stderr.split('`').find_map(|quoted| quoted.strip_prefix("cenbwp "));
    let command = command.unwrap_or_else(|| panic!("{}", ran.stderr));
    lab.file("cenbwp.yaml", &NET.replace("bandwidth: 7", "bandwidth: 8"));
    lab.check_refused(command, 5, "was approved");
    lab.file("cenbwp.yaml", NET);
    assert_eq!(lab.run(command).code, 0);
    assert_eq!(purchases(&lab.emulator), ["net/x"]);
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
