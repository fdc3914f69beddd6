//! The pipeline run by gitlab-ci-local, which has its own reading of rules, needs and artifacts. `make pipelines` brings it.

use cenbwp_tests::Access;

use super::{Gitlab, example, token};
use crate::pipelines::{FLEET, NO_CHECKSUM, assert_bought_once, assert_judged, judge, roles};
use crate::support::{Ran, purchases};

impl Gitlab {
    /// Makes a checkout in which the tool runs a pipeline. What it reads from this file, it passes on to a child pipeline.
    fn check_out(&self, config: &str) {
        let lab = &self.site.lab;
        let variables = serde_json::json!({
            "ALIBABA_CLOUD_OIDC_TOKEN": token(lab, Access::AUDIENCE),
            "CENBWP_ENDPOINT": lab.url(),
            "CENBWP_STS_ENDPOINT": lab.url(),
            "CENBWP_BILLING_ENDPOINT": lab.url(),
            "CENBWP_PRICE_ENDPOINT": lab.url(),
        });
        lab.file("repo/.gitlab-ci-local-variables.yml", &variables.to_string());
        lab.file("repo/.gitlab-ci.yml", &example(config).replace(NO_CHECKSUM, &self.site.checksum));
        let checkout = "cp -r cen repo && cd repo && git init --quiet --initial-branch main && git add --all
            git -c user.name=a -c user.email=a@example.com commit --quiet --message spec
            git remote add origin git@gitlab.com:example/network.git
            git symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main";
        let ran = lab.finish(lab.command("sh").args(["-e", "-c", checkout]));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }

    /// Runs the jobs of a pipeline of this source, or the one that a user starts.
    #[expect(clippy::disallowed_methods, reason = "where the tool lies is the machine's business")]
    fn pipeline(&self, source: &str, arguments: &[&str]) -> Ran {
        let lab = &self.site.lab;
        let program = |name: &str| std::env::var(name).expect("make pipelines sets it");
        let mut command = lab.command(&program("CENBWP_NODE"));
        command
            .arg(program("CENBWP_GITLAB_CI_LOCAL"))
            .arg("--force-shell-executor")
            .current_dir(lab.path("repo"));
        command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", lab.path("bin").display()));
        command.args(["--json-schema-validation=false", "--ignore-predefined-vars", "CI_PIPELINE_SOURCE"]);
        // Here all jobs share one checkout.
        command.args(["--concurrency", "1", "--variable"]).arg(format!("CI_PIPELINE_SOURCE={source}"));
        lab.finish(command.args(arguments))
    }

    /// Checks how a pipeline ends, and returns what it prints.
    #[track_caller]
    fn check(&self, source: &str, arguments: &[&str], code: i32) -> String {
        let ran = self.pipeline(source, arguments);
        let said = ran.stdout + &ran.stderr;
        assert_eq!(ran.code, code, "{source} {arguments:?}: {said}");
        said
    }
}

#[test]
#[ignore = "needs gitlab-ci-local: make pipelines"]
fn pipeline_goes_from_plan_to_apply_and_tells_of_drift() {
    let gitlab = Gitlab::new();
    let lab = &gitlab.site.lab;
    judge(lab);
    gitlab.check_out("gitlab/.gitlab-ci.yml");
    gitlab.check("push", &[], 0);
    assert!(lab.emulator.ledger().is_empty(), "nothing is applied before a user starts the job");
    assert_judged(lab);
    gitlab.check("schedule", &[], 1);
    gitlab.check("push", &["apply"], 0);
    assert_bought_once(lab);
    gitlab.check("schedule", &[], 0);
    assert_bought_once(lab);
    assert_eq!(roles(lab), [Access::PLAN, Access::PLAN, Access::APPLY, Access::PLAN]);
}

/// The jobs of the child pipeline are those that the parent's job has written.
#[test]
#[ignore = "needs gitlab-ci-local: make pipelines"]
fn child_pipeline_goes_from_plan_to_apply_in_two_accounts() {
    let gitlab = Gitlab::fleet();
    let lab = &gitlab.site.lab;
    gitlab.check_out("gitlab/fleet.gitlab-ci.yml");
    let said = gitlab.check("push", &[], 0);
    assert!(lab.emulator.ledger().is_empty(), "nothing is applied before a user starts the job");
    // The tool lets a parent pass whose child has failed.
    assert!(!said.contains("FAIL"), "{said}");
    let page = lab.read("repo/.gitlab-ci-local/artifacts/show/plans.html");
    assert!(page.contains("2 plans"), "{page}");
    let child = ["--file", ".gitlab-ci-local/includes/triggers/fleet.yml"];
    for (stack, account) in FLEET {
        gitlab.check("parent_pipeline", &[child[0], child[1], &format!("apply {stack}")], 0);
        assert_eq!(lab.emulator.edit_account(account, |world| world.packages.len()), 1, "{account}");
    }
    let mut bought = purchases(&lab.emulator);
    bought.sort();
    assert_eq!(bought, ["branches/cn-eu", "core/cn-eu"]);
    gitlab.check("schedule", &[], 0);
    let applied = roles(lab).iter().filter(|role| role.ends_with(":role/cenbwp-apply")).count();
    assert_eq!((applied, roles(lab).len()), (2, 6), "{:?}", roles(lab));
}
