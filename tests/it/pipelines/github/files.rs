//! The workflows as they are written: rights, versions, scripts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::WORKFLOWS;
use crate::pipelines::{documents, example};

/// Returns every step with a script, of the workflows and of the action.
fn scripts() -> Vec<(String, Value)> {
    let mut scripts = Vec::new();
    let mut take = |of: &str, steps: &Value| {
        let steps = steps.as_array().expect("steps").iter().filter(|step| step["run"].is_string());
        scripts.extend(steps.map(|step| (of.to_owned(), step.clone())));
    };
    take("action", &documents(&example("github/action.yml"))[0]["runs"]["steps"]);
    for name in WORKFLOWS {
        let workflow = documents(&example(&format!("github/workflows/{name}.yml"))).remove(0);
        workflow["jobs"].as_object().expect("jobs").values().for_each(|job| take(name, &job["steps"]));
    }
    scripts
}

#[test]
fn no_text_of_others_becomes_a_part_of_a_script() {
    let scripts = scripts();
    assert!(scripts.len() >= 8);
    for (of, step) in scripts {
        let script = step["run"].as_str().expect("a script");
        assert!(!script.contains("${{"), "{of}: an expression in a script is an injection: {script}");
        let is_guarded = script.starts_with("set -euo pipefail\n") || !script.contains('\n');
        assert!(is_guarded, "{of}: {script}");
    }
}

#[test]
fn workflows_ask_for_no_more_than_they_use() {
    for (name, job, permissions) in [
        ("plan", "validate", None),
        ("plan", "plan", Some("contents: read, id-token: write")),
        ("plan", "comment", Some("pull-requests: write, statuses: write")),
        ("plan", "cenbwp", Some("")),
        ("fleet", "stacks", None),
        ("fleet", "plan", Some("contents: read, id-token: write")),
        ("fleet", "show", None),
        ("fleet", "comment", Some("pull-requests: write")),
        ("fleet", "cenbwp", Some("")),
        (
            "apply",
            "apply",
            Some("actions: read, contents: read, id-token: write, pull-requests: read, statuses: read"),
        ),
        ("drift", "look", Some("contents: read, id-token: write")),
        ("drift", "tell", Some("issues: write")),
    ] {
        let text = example(&format!("github/workflows/{name}.yml"));
        assert!(!text.contains("pull_request_target") && !text.contains("secrets."), "{name}");
        assert_eq!(
            text.matches("actions/checkout@").count(),
            text.matches("persist-credentials: false").count()
        );
        let workflow = documents(&text).remove(0);
        assert_eq!(workflow["permissions"], json!({ "contents": "read" }), "{name}");
        assert!(workflow["concurrency"]["group"].is_string(), "{name}");
        let asked = workflow["jobs"][job]["permissions"].as_object();
        let asked = asked.map(|asked| {
            let mut asked: Vec<_> = asked
                .iter()
                .map(|(what, how)| format!("{what}: {}", how.as_str().expect("a text")))
                .collect();
            asked.sort();
            asked.join(", ")
        });
        assert_eq!(asked.as_deref(), permissions, "{name}");
    }
    assert_eq!(
        documents(&example("github/workflows/apply.yml"))[0]["jobs"]["apply"]["environment"],
        "production"
    );
}

#[test]
fn actions_of_others_are_named_by_the_digest_of_a_commit_and_its_version() {
    let mut versions = BTreeMap::new();
    for name in WORKFLOWS {
        let text = example(&format!("github/workflows/{name}.yml"));
        for used in text.lines().filter_map(|line| line.split_once("- uses: ")).map(|(_, used)| used) {
            if used.starts_with("./") {
                continue;
            }
            let (action, rest) = used.split_once('@').expect("a version");
            let (digest, version) = rest.split_once(" # v").unwrap_or_else(|| panic!("{name}: {used}"));
            assert!(
                digest.len() == 40 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{name}: {used}"
            );
            let first = versions.entry(action.to_owned()).or_insert((digest.to_owned(), version.to_owned()));
            assert_eq!(*first, (digest.to_owned(), version.to_owned()), "{action}: one version everywhere");
        }
    }
    assert_eq!(versions.len(), 3, "{versions:?}");
}

#[test]
fn code_owners_review_the_spec_the_rules_and_the_workflows() {
    let owners = example("github/CODEOWNERS");
    let owned: Vec<&str> = owners
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(owned, ["/cen/", "/policies/", "/.github/"]);
}

/// Several merges in a row are applied one after the other, and none is dropped.
#[test]
fn merges_wait_for_their_turn() {
    let workflow = documents(&example("github/workflows/apply.yml")).remove(0);
    assert_eq!(
        workflow["concurrency"],
        json!({ "group": "cenbwp-apply", "cancel-in-progress": false, "queue": "max" })
    );
}
