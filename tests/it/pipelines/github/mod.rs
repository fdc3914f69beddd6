//! GitHub's workflows, run step by step by a small runner with a small `gh`.

mod act;
mod files;
mod fleet;
mod runner;

use cenbwp_tests::{Access, Package};
use serde_json::{Value, json};

use crate::support::Forged;

use super::{SPEC, assert_bought_once, by_hand, example, roles};
use runner::{BEARER, Repository};

const WORKFLOWS: [&str; 4] = ["plan", "fleet", "apply", "drift"];

#[test]
fn plan_is_reviewed_in_one_comment_and_applied_after_the_merge() {
    let mut repository = Repository::new();
    let imitation = json!([{ "id": 1, "user": { "login": "somebody" }, "body": "<!-- cenbwp-plan:net -->" }]);
    repository.site.lab.file("state/comments.json", &imitation.to_string());
    assert_eq!(repository.run("plan"), None);
    repository.site.lab.file("cen/network.yaml", &SPEC.replace("100", "50"));
    assert_eq!(repository.run("plan"), None);
    let comments = repository.kept("comments");
    let [theirs, ours] = &comments.as_array().expect("a list")[..] else { panic!("one comment: {comments}") };
    assert_eq!(theirs, &imitation[0], "the comment of somebody else is not ours to edit");
    let page = ours["body"].as_str().expect("a page");
    assert!(page.contains("50 Mbps") && !page.contains("100 Mbps"), "{page}");
    let statuses = repository.kept("statuses");
    assert_eq!(statuses[0]["state"], "success");
    assert!(page.contains(statuses[0]["description"].as_str().expect("a digest")), "{page}");
    assert_eq!(repository.run("apply"), None);
    assert_bought_once(&repository.site.lab);
    assert_eq!(repository.site.lab.emulator.packages()[0].bandwidth, 50);
    assert_eq!(repository.run("apply"), None, "a run that is repeated finds everything done");
    assert_bought_once(&repository.site.lab);
    let (plan, apply) = (Access::PLAN, Access::APPLY);
    assert_eq!(roles(&repository.site.lab), [plan, plan, apply, apply]);
}

#[test]
fn plan_that_nobody_reviewed_is_not_applied() {
    let mut repository = Repository::new();
    assert_eq!(repository.run("plan"), None);
    let reviewed = format!("state/artifacts/{}/cenbwp-plan/plan.json", repository.run);
    let other = SPEC.replace("100", "1000");
    repository.site.lab.file("cen/network.yaml", &other);
    assert_eq!(by_hand(&repository.site.lab, "plan -f cen --out plan.json").code, 0);
    repository.site.lab.file(&reviewed, &repository.site.lab.read("plan.json"));
    let failed = repository.run("apply").expect("another plan is refused");
    assert!(failed.starts_with("Apply: ") && failed.contains(" was expected"), "{failed}");
    assert!(failed.contains("review a new plan in a pull request"), "{failed}");
    let mut statuses = repository.kept("statuses");
    statuses[0]["creator"]["login"] = json!("somebody");
    repository.site.lab.file("state/statuses.json", &statuses.to_string());
    let failed = repository.run("apply").expect("a digest of somebody else is refused");
    assert!(failed.contains("no plan that can be applied was reviewed"), "{failed}");
    repository.site.lab.file("state/pulls.json", "[]");
    let failed = repository.run("apply").expect("a push past the review is refused");
    assert!(failed.contains("was not merged by a pull request"), "{failed}");
    assert!(repository.site.lab.emulator.ledger().is_empty());
}

/// Every workflow of the repository may set a status, on any commit, and name any run.
#[test]
fn plan_of_a_run_that_did_not_plan_the_merged_commit_is_not_applied() {
    let run = |changes: &[(&str, Value)]| {
        let mut repository = Repository::new();
        assert_eq!(repository.run("plan"), None);
        let mut runs = repository.kept("runs");
        for (pointer, value) in changes {
            *runs.pointer_mut(pointer).expect("a field of a run") = value.clone();
        }
        repository.site.lab.file("state/runs.json", &runs.to_string());
        let failed = repository.run("apply");
        assert_eq!(repository.site.lab.emulator.ledger().len(), usize::from(failed.is_none()));
        failed
    };
    assert_eq!(run(&[("/0/path", json!(".github/workflows/plan.yml@main"))]), None);
    for (pointer, value) in [
        ("/0/path", json!(".github/workflows/other.yml")),
        ("/0/event", json!("workflow_dispatch")),
        ("/0/head_sha", json!("3333333333333333333333333333333333333333")),
        ("/0/conclusion", json!("failure")),
        ("/0/head_repository/full_name", json!("stranger/network")),
    ] {
        let failed = run(&[(pointer, value)]).expect("another run is refused");
        assert!(failed.contains("is not a run of plan.yml that passed"), "{pointer}: {failed}");
    }
}

#[test]
fn status_of_the_plan_is_found_behind_two_hundred_others() {
    let mut repository = Repository::new();
    assert_eq!(repository.run("plan"), None);
    let statuses = repository.kept("statuses");
    let mut other = statuses[0].clone();
    other["context"] = json!("ci/other");
    let many: Vec<Value> = std::iter::repeat_n(other, 200).chain([statuses[0].clone()]).collect();
    repository.site.lab.file("state/statuses.json", &json!(many).to_string());
    assert_eq!(repository.run("apply"), None);
    assert_bought_once(&repository.site.lab);
}

/// A check that never ends would block the merge for ever.
#[test]
fn required_check_passes_at_once_where_nothing_below_the_spec_has_changed() {
    for from_fork in [false, true] {
        let mut repository = Repository::new();
        repository.from_fork = from_fork;
        repository.site.lab.file("state/unchanged", "");
        assert_eq!(repository.run("plan"), None);
        assert!(repository.site.lab.emulator.requests().is_empty());
        assert!(!repository.site.lab.path("state/comments.json").exists());
    }
    let text = example("github/workflows/plan.yml");
    let trigger =
        text.split_once("\non:").expect("it has triggers").1.split_once("permissions:").expect("rights").0;
    assert!(!trigger.contains("paths"), "a check that is filtered by path is never reported: {trigger}");
    assert!(trigger.contains("merge_group:"), "a merge queue waits for the check as well");
}

#[test]
fn merge_queue_validates_and_asks_nobody() {
    let mut repository = Repository::new();
    repository.event = "merge_group";
    repository.from_fork = true;
    assert_eq!(repository.run("plan"), None);
    assert!(repository.site.lab.emulator.requests().is_empty());
}

#[test]
fn plan_that_the_rules_deny_is_shown_and_never_applied() {
    let mut repository = Repository::new();
    assert_eq!(repository.run("plan"), None);
    repository.site.lab.file("denied", "");
    let failed = repository.run("plan").expect("the plan is denied");
    assert!(failed.starts_with("Judge: "), "{failed}");
    assert_eq!(repository.kept("statuses")[0]["state"], "failure");
    assert_eq!(repository.kept("comments").as_array().map(Vec::len), Some(1));
    // A pull request may switch its own rules off; those of main are asked as well.
    std::fs::remove_file(repository.site.lab.path("denied")).expect("the rules of the pull request");
    assert_eq!(repository.run("plan"), None);
    repository.site.lab.file("denied", "");
    let failed = repository.run("apply").expect("the plan is denied on main");
    assert!(failed.starts_with("Judge: "), "{failed}");
    assert!(repository.site.lab.emulator.ledger().is_empty());
}

/// Any workflow of the repository may set the status, and a plan of any spec in the tree is a plan.
#[test]
fn plan_of_another_folder_is_not_applied_whatever_the_status_says() {
    let mut repository = Repository::new();
    assert_eq!(repository.run("plan"), None);
    let lab = &repository.site.lab;
    lab.file("docs/example.yaml", &SPEC.replace("100", "1000"));
    assert_eq!(by_hand(lab, "plan -f docs --out plan.json").code, 0);
    let plan: Value = serde_json::from_str(&lab.read("plan.json")).expect("JSON");
    lab.file(&format!("state/artifacts/{}/cenbwp-plan/plan.json", repository.run), &plan.to_string());
    let mut statuses = repository.kept("statuses");
    statuses[0]["description"] = plan["digest"].clone();
    lab.file("state/statuses.json", &statuses.to_string());
    let failed = repository.run("apply").expect("it is not of the folder that main declares");
    assert!(failed.contains("the plan was made of -f docs, and -f cen was expected"), "{failed}");
    assert!(repository.site.lab.emulator.ledger().is_empty());
}

#[test]
fn plan_of_friday_is_applied_on_monday_and_one_of_last_quarter_is_not() {
    for (days, says) in [(3, None), (90, Some("90 days old"))] {
        let mut repository = Repository::new();
        assert_eq!(repository.run("plan"), None);
        let lab = &repository.site.lab;
        let kept = format!("state/artifacts/{}/cenbwp-plan/plan.json", repository.run);
        let made = lab.emulator.now() - jiff::SignedDuration::from_hours(24 * days);
        lab.file(&kept, &Forged::from(&lab.read(&kept)).made_at(made).file());
        let failed = repository.run("apply").unwrap_or_default();
        assert_eq!(failed.is_empty(), says.is_none(), "{failed}");
        assert!(failed.contains(says.unwrap_or_default()), "{failed}");
        assert_eq!(repository.site.lab.emulator.ledger().len(), usize::from(says.is_none()));
    }
}

#[test]
fn plan_of_a_world_that_is_another_by_now_is_refused() {
    let mut repository = Repository::new();
    assert_eq!(repository.run("plan"), None);
    repository.site.lab.emulator.edit(|world| {
        world.packages = vec![Package::new("cenbwp-1", ["china", "europe"], 100)];
    });
    let failed = repository.run("apply").expect("the world has changed");
    assert!(failed.starts_with("Apply: "), "{failed}");
    assert!(repository.site.lab.emulator.ledger().is_empty());
}

#[test]
fn pull_request_from_a_fork_is_validated_without_asking_anybody() {
    let mut repository = Repository::new();
    repository.from_fork = true;
    let failed = repository.run("plan").expect("it has no plan");
    assert!(failed.starts_with("Verdict: ") && failed.contains("from a fork gets no plan"), "{failed}");
    repository.site.lab.file("cen/network.yaml", "version: 1\nstack: net\npackages: {x: {}}\n");
    let failed = repository.run("plan").expect("the spec is invalid");
    assert!(failed.contains("::error file=cen/network.yaml,line=3"), "{failed}");
    assert!(repository.site.lab.emulator.requests().is_empty());
}

#[test]
fn pull_request_with_a_link_to_the_runners_environment_is_shown_nothing_of_it() {
    for from_fork in [false, true] {
        let mut repository = Repository::new();
        repository.from_fork = from_fork;
        let link = repository.site.lab.path("cen/x.yaml");
        std::os::unix::fs::symlink("/proc/self/environ", link).expect("a link");
        let failed = repository.run("plan").expect("the link is refused");
        assert!(failed.contains("cen/x.yaml: a link that leads to nothing inside cen"), "{failed}");
        let comments = std::fs::read_to_string(repository.site.lab.path("state/comments.json"));
        let shown = format!(
            "{failed}{}{}",
            repository.site.lab.read("runner/summary.md"),
            comments.unwrap_or_default()
        );
        for secret in [BEARER, "ACTIONS_ID_TOKEN_REQUEST", "RUNNER_TEMP="] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
        assert!(repository.site.lab.emulator.ledger().is_empty());
    }
}

#[test]
fn plan_that_cannot_be_applied_is_shown_and_never_applied() {
    let mut repository = Repository::new();
    repository.site.lab.emulator.edit(|world| {
        world.packages = vec![Package::new("cenbwp-1", ["china", "europe"], 100)];
    });
    let failed = repository.run("plan").expect("the check fails");
    assert!(failed.starts_with("Verdict: "), "{failed}");
    assert!(
        repository.kept("comments")[0]["body"]
            .as_str()
            .is_some_and(|page| page.contains("cannot be applied"))
    );
    assert_eq!(repository.kept("statuses")[0]["state"], "failure");
    let failed = repository.run("apply").expect("there is nothing to apply");
    assert!(failed.contains("no plan that can be applied was reviewed"), "{failed}");
}

#[test]
fn release_with_another_checksum_is_not_run() {
    let mut repository = Repository::new();
    repository.action = example("github/action.yml");
    let failed = repository.run("plan").expect("it is not the release that is named");
    assert!(failed.starts_with("Install: "), "{failed}");
}

#[test]
fn drift_opens_one_issue_keeps_it_up_to_date_and_closes_it() {
    let mut repository = Repository::new();
    let issues = |repository: &Repository| repository.kept("issues");
    assert_eq!(repository.run("drift"), None);
    assert!(issues(&repository)[0]["body"].as_str().is_some_and(|body| body.contains("100 Mbps")));
    repository.site.lab.file("cen/network.yaml", &SPEC.replace("100", "50"));
    assert_eq!(repository.run("drift"), None);
    let open = issues(&repository);
    assert_eq!(open.as_array().map(Vec::len), Some(1), "{open}");
    assert!(open[0]["body"].as_str().is_some_and(|body| body.contains("50 Mbps")));
    assert_eq!(by_hand(&repository.site.lab, "apply -f cen --auto-approve").code, 0);
    assert_eq!(repository.run("drift"), None);
    assert_eq!(issues(&repository)[0]["state"], "closed");
    assert_eq!(repository.run("drift"), None);
    assert_eq!(issues(&repository).as_array().map(Vec::len), Some(1));
    let soon = repository.site.lab.emulator.now() + jiff::SignedDuration::from_hours(24 * 7);
    repository.site.lab.emulator.edit(|world| world.packages[0].expires = soon);
    assert_eq!(repository.run("drift"), None);
    let told = issues(&repository)[1]["body"].as_str().expect("a page").to_owned();
    assert!(
        told.contains("\n    ") && told.contains("ends soon"),
        "no word of the package that was not renewed: {told}"
    );
}
