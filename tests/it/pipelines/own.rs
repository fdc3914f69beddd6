//! The project's own workflows: what they may do, what they run, and where act takes them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{documents, example, pack};
use crate::support::{Lab, Ran, repository};

const OWN: [&str; 2] = ["test", "release"];

fn file(name: &str) -> String {
    let path = repository().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(workflow: &str) -> String {
    file(&format!(".github/workflows/{workflow}.yml"))
}

/// Returns the steps of a workflow, each with the name of its job.
fn steps(workflow: &str) -> Vec<(String, Value)> {
    let workflow = documents(&text(workflow)).remove(0);
    let jobs = workflow["jobs"].as_object().expect("jobs");
    let of = |(name, job): (&String, &Value)| {
        let steps = job["steps"].as_array().expect("steps").clone();
        steps.into_iter().map(|step| (name.clone(), step)).collect::<Vec<_>>()
    };
    jobs.iter().flat_map(of).collect()
}

/// Returns the actions of others in a text: the name, the digest and the version of each.
fn pins(text: &str) -> Vec<(String, String)> {
    let used =
        text.lines().filter_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix("uses: "));
    let used = used.filter(|used| !used.starts_with("./"));
    used.map(|used| used.split_once('@').unwrap_or_else(|| panic!("{used}: no version")))
        .map(|(action, version)| (action.to_owned(), version.to_owned()))
        .collect()
}

#[test]
fn own_workflows_name_the_actions_of_others_by_digest_and_as_the_examples_do() {
    let mut versions = BTreeMap::new();
    let examples = ["plan", "apply"].map(|name| example(&format!("github/workflows/{name}.yml")));
    for (action, version) in examples.iter().chain(&OWN.map(text)).flat_map(|text| pins(text)) {
        let (digest, name) = version.split_once(" # v").unwrap_or_else(|| panic!("{action}@{version}"));
        assert!(digest.len() == 40 && digest.bytes().all(|b| b.is_ascii_hexdigit()), "{action}@{version}");
        assert!(name.split('.').count() == 3, "{action}: {name}");
        assert_eq!(versions.entry(action.clone()).or_insert_with(|| version.clone()), &version, "{action}");
    }
    assert_eq!(versions.len(), 4, "{versions:?}");
}

#[test]
fn own_workflows_have_no_secret_and_only_the_one_that_publishes_may_write() {
    for name in OWN {
        let text = text(name);
        assert!(!text.contains("pull_request_target") && !text.contains("secrets."), "{name}");
        assert_eq!(
            text.matches("actions/checkout@").count(),
            text.matches("persist-credentials: false").count()
        );
        let workflow = documents(&text).remove(0);
        assert_eq!(workflow["permissions"], json!({ "contents": "read" }), "{name}");
        for (job, steps) in workflow["jobs"].as_object().expect("jobs") {
            assert!(steps["timeout-minutes"].is_number(), "{name}: {job}");
            let may = if job == "publish" {
                json!({ "attestations": "write", "contents": "write", "id-token": "write" })
            } else {
                Value::Null
            };
            assert_eq!(steps["permissions"], may, "{name}: {job}");
        }
        for (job, step) in steps(name) {
            let script = step["run"].as_str().unwrap_or_default();
            assert!(
                !script.contains("${{"),
                "{name}: {job}: an expression in a script is an injection: {script}"
            );
            let is_guarded = script.starts_with("set -euo pipefail\n") || !script.contains('\n');
            assert!(is_guarded, "{name}: {job}: {script}");
        }
    }
    // A job that may sign runs nothing of the project.
    let runs: Vec<_> = steps("release").into_iter().filter(|(job, _)| job == "publish").collect();
    assert!(
        !runs.is_empty()
            && runs.iter().all(|(_, step)| !step["uses"].as_str().unwrap_or_default().contains("checkout"))
    );
}

#[test]
fn own_workflows_run_targets_and_tools_that_the_makefile_names() {
    let makefile = file("Makefile");
    let hints = makefile.clone() + &file("packaging/deny.sh");
    let mut targets = BTreeSet::new();
    for (_, step) in OWN.iter().flat_map(|name| steps(name)) {
        let script = step["run"].as_str().unwrap_or_default().to_owned();
        if let Some(words) = script.strip_prefix("make ") {
            targets.extend(words.split(' ').filter(|word| !word.contains('=')).map(str::to_owned));
        }
        if let Some(tool) = script.strip_prefix("cargo install ").and_then(|rest| rest.split(' ').next()) {
            assert!(hints.contains(&format!("cargo install {tool} --locked")), "{tool}");
        }
    }
    assert!(targets.len() >= 5, "{targets:?}");
    for target in targets {
        assert!(
            makefile.contains(&format!("\n{target}: ")) || makefile.contains(&format!("\n{target}:\n")),
            "{target}"
        );
    }
}

/// Runs a workflow under act. What builds for minutes is replaced: `make` packs what is built already.
#[expect(clippy::disallowed_methods, reason = "where act lies is the machine's business")]
fn act(lab: &Lab, event: &str, workflow: &str, reference: &str) -> Ran {
    for name in OWN {
        lab.file(&format!("repo/.github/workflows/{name}.yml"), &text(name));
    }
    lab.file("repo/.github/rust.sh", &file(".github/rust.sh")).file("repo/Cargo.toml", &file("Cargo.toml"));
    lab.program("repo/.github/rust.sh", file(".github/rust.sh").trim_start_matches("#!/bin/sh\n"));
    lab.program("repo/.ci/run", "exec make test\n");
    let (said, archive) = (lab.path("said").display().to_string(), pack(lab, "packed"));
    let packed = archive.parent().expect("a folder").display().to_string();
    for tool in ["rustup", "cargo", "gh", "sudo"] {
        lab.program(&format!("bin/{tool}"), &format!("echo {tool} \"$@\" >> {said}\n"));
    }
    let make = format!("echo make \"$@\" >> {said}\n[ \"$1\" != dist ] || cp -r {packed} dist\n");
    lab.program("bin/make", &make).program("bin/rustc", "echo rustc\n");
    for command in [
        "init --quiet --initial-branch main",
        "remote add origin https://github.com/example/cenbwp.git",
        "add --all",
        "-c user.name=a -c user.email=a@example.com commit --quiet --allow-empty --message all",
    ] {
        let mut git = lab.command("git");
        let ran = lab.finish(git.args(command.split_whitespace()).current_dir(lab.path("repo")));
        assert_eq!(ran.code, 0, "{command}: {}", ran.stderr);
    }
    std::fs::create_dir_all(lab.path("artifacts")).expect("a new folder");
    let payload = json!({ "ref": reference, "repository": { "full_name": "example/cenbwp" } });
    lab.file("event.json", &payload.to_string());
    let mut act = lab.command(&std::env::var("CENBWP_ACT").expect("make pipelines sets it"));
    act.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", lab.path("bin").display()));
    act.current_dir(lab.path("repo")).args([
        event,
        "--no-cache-server",
        "--platform",
        "ubuntu-24.04=-self-hosted",
    ]);
    act.arg("--workflows").arg(format!(".github/workflows/{workflow}.yml"));
    act.arg("--eventpath").arg(lab.path("event.json")).arg("--action-cache-path").arg(lab.path("act"));
    act.args(["--secret", "GITHUB_TOKEN=ghs_dummy"]);
    for (action, version) in OWN.iter().flat_map(|name| pins(&text(name))).collect::<BTreeSet<_>>() {
        let digest = version.split(' ').next().expect("a digest");
        if action != "actions/checkout" {
            let stand_in = repository().join("tests/pipelines").join(&action);
            act.arg("--local-repository").arg(format!("{action}@{digest}={}", stand_in.display()));
        }
    }
    act.arg("--env").arg(format!("ARTIFACTS={}", lab.path("artifacts").display()));
    lab.finish(&mut act)
}

/// Returns the lines that the tools have noted.
fn said(lab: &Lab) -> Vec<String> {
    lab.read("said").lines().map(str::to_owned).collect()
}

#[test]
#[ignore = "needs act: make pipelines"]
fn act_runs_every_check_of_a_push() {
    let lab = Lab::new();
    let ran = act(&lab, "push", "test", "refs/heads/main");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let said = said(&lab);
    for line in ["make format lint", "make test", "make deny", "make fuzz FUZZ_SECONDS=60"] {
        assert!(said.iter().any(|it| it == line), "{line}: {said:#?}");
    }
    let version =
        file("Cargo.toml").lines().find_map(|line| line.strip_prefix("rust-version = ").map(str::to_owned));
    let version = version.expect("it names its Rust").replace('"', "");
    assert_eq!(said.iter().filter(|it| **it == format!("rustup default {version}")).count(), 4, "{said:#?}");
}

#[test]
#[ignore = "needs act: make pipelines"]
fn act_publishes_a_tag_that_names_the_version_with_checksum_list_and_attestations() {
    let lab = Lab::new();
    let version =
        file("Cargo.toml").lines().find_map(|line| line.strip_prefix("version = ").map(str::to_owned));
    let tag = format!("v{}", version.expect("a version").replace('"', ""));
    let ran = act(&lab, "push", "release", &format!("refs/tags/{tag}"));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let said = said(&lab);
    let published = said.iter().find(|it| it.starts_with("gh release create ")).expect("a release");
    for part in [&*tag, ".tar.gz ", ".tar.gz.sha256 ", "dist/cenbwp.cdx.json ", "--verify-tag"] {
        assert!(published.contains(part), "{part}: {published}");
    }
    assert!(said.contains(&"make repeat".to_owned()), "{said:#?}");
    let attested = lab.read("artifacts/attested");
    assert_eq!(attested.matches(".tar.gz\n").count(), 2, "{attested}");
    assert_eq!(attested.matches("cenbwp.cdx.json\n").count(), 1, "{attested}");
}

#[test]
#[ignore = "needs act: make pipelines"]
fn act_publishes_nothing_by_hand_and_nothing_under_a_tag_of_another_version() {
    let lab = Lab::new();
    let ran = act(&lab, "workflow_dispatch", "release", "refs/heads/main");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(!said(&lab).iter().any(|it| it.starts_with("gh ")));
    let lab = Lab::new();
    let ran = act(&lab, "push", "release", "refs/tags/v999.0.0");
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(!said(&lab).iter().any(|it| it.starts_with("gh ") || it == "make dist"));
}
