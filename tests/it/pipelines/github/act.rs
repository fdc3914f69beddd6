//! The workflows run by act, which has its own reading of conditions, outputs and events. `make pipelines` brings it.

use cenbwp_tests::Access;
use serde_json::{Value, json};

use super::WORKFLOWS;
use super::runner::{BEARER, HEAD, Repository};
use crate::pipelines::{SPEC, assert_bought_once, assert_judged, example, roles};
use crate::support::{Lab, Ran, repository};

/// A checkout with a history, in which act runs the workflows.
struct Act {
    repository: Repository,
}

impl Act {
    fn new() -> Self {
        let mut repository = Repository::new();
        // act calls every run the first.
        repository.run = 1;
        let lab = &repository.site.lab;
        std::fs::remove_file(lab.path("bin/git")).expect("this checkout is a real one");
        for name in WORKFLOWS {
            // act refuses a key that is younger than itself.
            let text = example(&format!("github/workflows/{name}.yml")).replace("\n  queue: max\n", "\n");
            lab.file(&format!("repo/.github/workflows/{name}.yml"), &text);
        }
        lab.file("repo/.github/actions/cenbwp/action.yml", &repository.action);
        let act = Self { repository };
        act.git("init --quiet --initial-branch main");
        act.git("remote add origin https://github.com/example/network.git");
        act.commit("README.md", "a network");
        act.commit("cen/network.yaml", SPEC);
        act
    }

    fn lab(&self) -> &Lab {
        &self.repository.site.lab
    }

    fn git(&self, arguments: &str) -> String {
        let mut git = self.lab().command("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.com"]);
        git.args(arguments.split_whitespace()).current_dir(self.lab().path("repo"));
        let ran = self.lab().finish(&mut git);
        assert_eq!(ran.code, 0, "git {arguments}: {}", ran.stderr);
        ran.stdout.trim().to_owned()
    }

    /// Makes a commit, which is the merge that the next run is for.
    fn commit(&self, name: &str, text: &str) {
        self.lab().file(&format!("repo/{name}"), text);
        self.git("add --all");
        self.git("commit --quiet --message change");
        let pull = json!({
            "merged_at": "2026-01-02T03:04:05Z", "head": { "sha": HEAD }, "merge_commit_sha": self.git("rev-parse HEAD"),
        });
        self.lab().file("state/pulls.json", &json!([pull]).to_string());
    }

    #[expect(clippy::disallowed_methods, reason = "where act lies is the machine's business")]
    fn run(&self, event: &str, workflow: &str, from: &str) -> Ran {
        let lab = self.lab();
        let name =
            |full: &str| json!({ "full_name": full, "name": "network", "owner": { "login": "example" } });
        let mut payload = json!({ "ref": "refs/heads/main", "repository": name("example/network") });
        if event == "pull_request" {
            let head = json!({ "ref": "topic", "sha": HEAD, "repo": name(from) });
            payload["pull_request"] = json!({ "number": 7, "head": head, "base": { "ref": "main" } });
        }
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
        for action in self.others() {
            let own = action.split('@').next().expect("a name");
            let stand_in = repository().join("tests/pipelines").join(own);
            act.arg("--local-repository").arg(format!("{action}={}", stand_in.display()));
        }
        for (variable, value) in [
            ("CENBWP_PLAN_ROLE", Access::PLAN),
            ("CENBWP_APPLY_ROLE", Access::APPLY),
            ("CENBWP_OIDC_PROVIDER", Access::PROVIDER),
        ] {
            act.arg("--var").arg(format!("{variable}={value}"));
        }
        let path = |name: &str| lab.path(name).display().to_string();
        for (variable, value) in [
            ("CENBWP_ENDPOINT", lab.url()),
            ("CENBWP_STS_ENDPOINT", lab.url()),
            ("CENBWP_BILLING_ENDPOINT", lab.url()),
            ("CENBWP_PRICE_ENDPOINT", lab.url()),
            ("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{}/github/token?api-version=2.0", lab.url())),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", BEARER.to_owned()),
            ("GH_STATE", path("state")),
            ("ARTIFACTS", path("state/artifacts")),
            ("PULL", "7".to_owned()),
        ] {
            act.arg("--env").arg(format!("{variable}={value}"));
        }
        lab.finish(&mut act)
    }

    /// Returns the actions of others that the workflows use, as they are named there.
    fn others(&self) -> Vec<String> {
        let used = |name: &&str| {
            let text = self.lab().read(&format!("repo/.github/workflows/{name}.yml"));
            let used = text
                .lines()
                .filter_map(|line| Some(line.split_once("- uses: ")?.1.split(' ').next()?.to_owned()));
            used.filter(|action| action.contains("-artifact@")).collect::<Vec<_>>()
        };
        WORKFLOWS.iter().flat_map(used).collect()
    }

    #[track_caller]
    fn passes(&self, event: &str, workflow: &str, from: &str) {
        let ran = self.run(event, workflow, from);
        assert_eq!(ran.code, 0, "{event}: {}{}", ran.stdout, ran.stderr);
    }

    /// Checks that these steps fail. What they print is checked where the scripts run without act, which now and
    /// then loses the last lines of a step that ends at once.
    #[track_caller]
    fn fails(&self, event: &str, workflow: &str, from: &str, steps: &[&str]) {
        let ran = self.run(event, workflow, from);
        assert_eq!(ran.code, 1, "{event}: {}{}", ran.stdout, ran.stderr);
        let failed = ran.stdout.lines().filter_map(|line| line.split_once("Failure - Main "));
        let failed: Vec<&str> = failed.map(|(_, step)| step.split(" [").next().unwrap_or(step)).collect();
        assert_eq!(failed, steps, "{}{}", ran.stdout, ran.stderr);
    }
}

const OURS: &str = "example/network";

#[test]
#[ignore = "needs act: make pipelines"]
fn workflows_go_from_plan_to_apply_and_report_drift() {
    let act = Act::new();
    act.passes("pull_request", "plan", OURS);
    let kept = |name: &str| -> Value { act.repository.kept(name) };
    assert!(kept("comments")[0]["body"].as_str().is_some_and(|page| page.contains("100 Mbps")));
    assert_eq!(kept("statuses")[0]["state"], "success");
    assert_eq!(kept("statuses")[0]["sha"], HEAD);
    act.repository.keep_run(".github/workflows/plan.yml", true);
    act.passes("workflow_dispatch", "drift", OURS);
    assert_eq!(kept("issues")[0]["state"], "open");
    act.passes("push", "apply", OURS);
    assert_bought_once(act.lab());
    assert_judged(act.lab());
    act.passes("push", "apply", OURS);
    assert_bought_once(act.lab());
    act.passes("workflow_dispatch", "drift", OURS);
    assert_eq!(kept("issues")[0]["state"], "closed");
    let (plan, apply) = (Access::PLAN, Access::APPLY);
    let taken = roles(act.lab());
    assert_eq!(taken.iter().filter(|role| *role == apply).count(), 2, "{taken:?}");
    assert!(taken.iter().all(|role| role == apply || role == plan), "{taken:?}");
}

#[test]
#[ignore = "needs act: make pipelines"]
fn required_check_ends_for_every_pull_request_and_in_the_merge_queue() {
    let act = Act::new();
    act.passes("merge_group", "plan", OURS);
    act.fails("pull_request", "plan", "stranger/network", &["Verdict"]);
    act.commit("cen/network.yaml", "version: 1\nstack: net\npackages: {x: {}}\n");
    act.fails("pull_request", "plan", OURS, &["Validate", "Verdict"]);
    act.commit("README.md", "another text");
    for from in [OURS, "stranger/network"] {
        act.passes("pull_request", "plan", from);
    }
    assert!(act.lab().emulator.requests().is_empty());
    assert!(!act.lab().path("state/comments.json").exists());
}

#[test]
#[ignore = "needs act: make pipelines"]
fn plan_that_the_rules_deny_is_shown_and_not_applied() {
    let act = Act::new();
    act.lab().file("denied", "");
    act.fails("pull_request", "plan", OURS, &["Judge", "Verdict"]);
    assert_eq!(act.repository.kept("statuses")[0]["state"], "failure");
    assert_eq!(act.repository.kept("comments").as_array().map(Vec::len), Some(1));
    act.repository.keep_run(".github/workflows/plan.yml", false);
    act.fails("push", "apply", OURS, &["Fetch the plan that was reviewed"]);
    assert!(act.lab().emulator.ledger().is_empty());
}
