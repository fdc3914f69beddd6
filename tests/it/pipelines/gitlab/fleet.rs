//! The pipeline for stacks of many accounts, whose jobs are written by one of its jobs.

use serde_json::{Value, json};

use super::{Gitlab, merge, resolved};
use crate::pipelines::{
    FLEET, NO_CHECKSUM, Site, documents, example, fleet_spec, judge, roles, texts, trust_in_each,
};
use crate::support::{Lab, purchases};

impl Gitlab {
    /// Returns the pipeline of a repository with two stacks, each of another account.
    pub(super) fn fleet() -> Self {
        let mut site = Site::new();
        trust_in_each(&mut site.lab, "oidc-provider/gitlab", &FLEET.map(|(_, account)| account));
        std::fs::remove_file(site.lab.path("cen/network.yaml")).expect("the stacks take its place");
        for (stack, account) in FLEET {
            site.lab.file(&format!("cen/{stack}.yaml"), &fleet_spec(stack, account));
        }
        judge(&site.lab);
        let text = example("gitlab/fleet.gitlab-ci.yml").replace(NO_CHECKSUM, &site.checksum);
        Self { config: documents(&text).remove(0), site }
    }

    /// Runs the job that writes the child pipeline, and takes its jobs in. Returns their names.
    fn child(&mut self, pipeline: &[(&str, &str)]) -> Vec<String> {
        let ran = self.run_with("stacks", pipeline);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        let mut child: Value = serde_json::from_str(&self.site.lab.read("child.yml")).expect("JSON");
        let child = child.as_object_mut().expect("jobs");
        let included = child.remove("include").expect("the templates are in the file that GitLab reads");
        assert_eq!(included, json!([{ "local": ".gitlab-ci.yml" }]));
        merge(&mut self.config, &json!(child));
        child.keys().cloned().collect()
    }

    #[track_caller]
    fn ends(&self, job: &str, code: i32) {
        let ran = self.run(job);
        assert_eq!(ran.code, code, "{job}: {}{}", ran.stdout, ran.stderr);
    }
}

fn git(lab: &Lab, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    let ran = lab.finish(lab.command("git").args(identity).args(arguments));
    assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
    ran.stdout.trim().to_owned()
}

const PUSH: (&str, &str) = ("CI_PIPELINE_SOURCE", "push");

#[test]
fn gitlab_plans_each_stack_with_the_role_of_its_account_and_applies_what_was_shown() {
    let mut gitlab = Gitlab::fleet();
    let jobs = gitlab.child(&[PUSH]);
    let of = |job: &str| FLEET.map(|(stack, _)| format!("{job} {stack}"));
    assert_eq!(jobs, [&of("apply")[..], &of("judge"), &of("plan"), &["show".to_owned()]].concat());
    for job in [of("plan"), of("judge")].concat() {
        gitlab.ends(&job, 0);
    }
    gitlab.ends("show", 0);
    let show = resolved(&gitlab.config, &gitlab.config["show"]);
    assert!(texts(&show["artifacts"]["paths"]).contains(&"plans.html"));
    let lab = &gitlab.site.lab;
    assert!(lab.read("plans.html").contains("2 plans"), "{}", lab.read("plans.html"));
    let report = lab.read(show["artifacts"]["reports"]["terraform"].as_str().expect("a file"));
    assert_eq!(report.trim(), r#"{"create":2,"delete":0,"update":0}"#);
    assert!(lab.path(show["artifacts"]["reports"]["junit"].as_str().expect("a file")).exists());
    assert!(lab.emulator.ledger().is_empty(), "nothing is applied before a user starts the jobs");
    for job in [of("apply"), of("apply")].concat() {
        gitlab.ends(&job, 0);
    }
    let mut bought = purchases(&lab.emulator);
    bought.sort();
    assert_eq!(bought, ["branches/cn-eu", "core/cn-eu"]);
    for (_, account) in FLEET {
        assert_eq!(lab.emulator.edit_account(account, |world| world.packages.len()), 1, "{account}");
    }
    let role = |(_, account): (&str, &str), name: &str| format!("acs:ram::{account}:role/cenbwp-{name}");
    let [plans, applies] = ["plan", "apply"].map(|name| FLEET.map(|it| role(it, name)));
    assert_eq!(roles(lab), [&plans[..], &applies, &applies].concat());
}

#[test]
fn gitlab_names_a_stack_whose_account_refuses_and_hides_no_other() {
    let mut gitlab = Gitlab::fleet();
    gitlab.site.lab.emulator.edit_access(|access| access.roles.retain(|it| !it.arn.contains(FLEET[0].1)));
    gitlab.child(&[PUSH]);
    gitlab.ends("plan branches", 1);
    gitlab.ends("plan core", 0);
    gitlab.ends("show", 3);
    let page = gitlab.site.lab.read("plans.html");
    assert!(page.contains("plans/branches.json") && page.contains("core"), "{page}");
}

#[test]
fn gitlab_plans_only_what_a_push_or_a_merge_request_changes() {
    let mut gitlab = Gitlab::fleet();
    let lab = &gitlab.site.lab;
    git(lab, &["init", "--quiet", "--initial-branch", "main"]);
    git(lab, &["add", "cen"]);
    git(lab, &["commit", "--quiet", "--message", "both"]);
    let before = git(lab, &["rev-parse", "HEAD"]);
    git(lab, &["commit", "--quiet", "--message", "none", "--allow-empty"]);
    let base = [PUSH, ("CI_COMMIT_BEFORE_SHA", &*before)];
    assert_eq!(gitlab.child(&base), ["show"], "a child pipeline without jobs would fail");
    gitlab.ends("show", 0);
    let core = fleet_spec("core", FLEET[1].1).replace("100", "50");
    gitlab.site.lab.file("cen/core.yaml", &core);
    git(&gitlab.site.lab, &["commit", "--quiet", "--message", "core", "--all"]);
    let changed = ["apply core", "judge core", "plan core", "show"];
    assert_eq!(gitlab.child(&base), changed);
    let zeros = ("CI_COMMIT_BEFORE_SHA", "0000000000000000000000000000000000000000");
    assert_eq!(gitlab.child(&[zeros, ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &before)]), changed);
    assert_eq!(gitlab.child(&[PUSH, zeros]).len(), 7, "the first pipeline of a branch is about all stacks");
}

#[test]
fn gitlab_looks_for_drift_in_every_account_by_a_schedule() {
    let mut gitlab = Gitlab::fleet();
    assert_eq!(gitlab.child(&[("CI_PIPELINE_SOURCE", "schedule")]), ["drift branches", "drift core"]);
    gitlab.ends("drift core", 2);
    gitlab.child(&[PUSH]);
    gitlab.ends("plan core", 0);
    gitlab.ends("apply core", 0);
    gitlab.ends("drift core", 0);
    gitlab.ends("drift branches", 2);
}

#[test]
fn gitlab_lists_no_stack_that_names_no_account() {
    let gitlab = Gitlab::fleet();
    gitlab.site.lab.file("cen/core.yaml", &fleet_spec("core", "").replace("account: \"\"\n", ""));
    gitlab.run_with("stacks", &[PUSH]).check(5, "core names no account");
}

#[test]
fn gitlab_lets_one_apply_of_a_stack_run_at_a_time_and_only_on_main() {
    let mut gitlab = Gitlab::fleet();
    gitlab.child(&[PUSH]);
    let job = |name: &str| resolved(&gitlab.config, &gitlab.config[name]);
    for (stack, _) in FLEET {
        let apply = job(&format!("apply {stack}"));
        assert!(
            apply["needs"].to_string().contains(&format!("judge {stack}")),
            "no plan is applied that was not judged"
        );
        assert_eq!(apply["resource_group"], format!("cenbwp-{stack}"));
        assert_eq!(apply["environment"]["name"], format!("production/{stack}"));
        assert_eq!(apply["interruptible"], false);
        assert_eq!(apply["retry"]["exit_codes"], json!([1, 7]));
        assert_eq!(job(&format!("plan {stack}"))["retry"]["exit_codes"], json!([1]));
        let [rule] = &apply["rules"].as_array().expect("rules")[..] else { panic!("one rule: {apply}") };
        assert_eq!(rule["when"], "manual");
        let on_main =
            r#"$CI_PIPELINE_SOURCE == "parent_pipeline" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"#;
        assert_eq!(rule["if"], on_main);
    }
    for name in ["validate", "stacks", "fleet"] {
        let rules = &job(name)["rules"];
        assert_eq!(
            rules[0],
            json!({ "if": r#"$CI_PIPELINE_SOURCE == "parent_pipeline""#, "when": "never" }),
            "{name}"
        );
        let own = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID";
        assert_eq!(rules.to_string().contains(own), name != "validate", "{name}");
        assert!(job(name)["id_tokens"].is_null(), "{name}: a job that is offline gets no token");
    }
}
