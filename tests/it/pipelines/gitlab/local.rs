//! The pipeline run by gitlab-ci-local, which has its own reading of rules, needs and artifacts. `make pipelines` brings it.

use cenbwp_tests::Access;

use super::{Gitlab, example, token};
use crate::pipelines::{SPEC, assert_bought_once, assert_judged, judge, roles};
use crate::support::Ran;

impl Gitlab {
    /// Runs the jobs of a pipeline of this source, or the one that a user starts.
    #[expect(clippy::disallowed_methods, reason = "where the tool lies is the machine's business")]
    fn pipeline(&self, source: &str, job: Option<&str>) -> Ran {
        let lab = &self.site.lab;
        let program = |name: &str| std::env::var(name).expect("make pipelines sets it");
        let mut command = lab.command(&program("CENBWP_NODE"));
        command
            .arg(program("CENBWP_GITLAB_CI_LOCAL"))
            .arg("--force-shell-executor")
            .current_dir(lab.path("repo"));
        command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", lab.path("bin").display()));
        command.args(["--json-schema-validation=false", "--ignore-predefined-vars", "CI_PIPELINE_SOURCE"]);
        for (variable, value) in [
            ("CI_PIPELINE_SOURCE", source.to_owned()),
            ("CENBWP_SHA256", self.site.checksum.clone()),
            ("ALIBABA_CLOUD_OIDC_TOKEN", token(lab, Access::AUDIENCE)),
            ("CENBWP_ENDPOINT", lab.url()),
            ("CENBWP_STS_ENDPOINT", lab.url()),
        ] {
            command.arg("--variable").arg(format!("{variable}={value}"));
        }
        lab.finish(command.args(job))
    }
}

#[test]
#[ignore = "needs gitlab-ci-local: make pipelines"]
fn pipeline_goes_from_plan_to_apply_and_tells_of_drift() {
    let gitlab = Gitlab::new();
    let lab = &gitlab.site.lab;
    judge(lab);
    lab.file("repo/.gitlab-ci.yml", &example("gitlab/.gitlab-ci.yml")).file("repo/cen/network.yaml", SPEC);
    let checkout = "cd repo && git init --quiet --initial-branch main && git add --all
        git -c user.name=a -c user.email=a@example.com commit --quiet --message spec
        git remote add origin git@gitlab.com:example/network.git
        git symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main";
    assert_eq!(lab.finish(lab.command("sh").args(["-e", "-c", checkout])).code, 0);
    let check = |source: &str, job: Option<&str>, code: i32| {
        let ran = gitlab.pipeline(source, job);
        assert_eq!(ran.code, code, "{source} {job:?}: {}{}", ran.stdout, ran.stderr);
    };
    check("push", None, 0);
    assert!(lab.emulator.ledger().is_empty(), "nothing is applied before a user starts the job");
    assert_judged(lab);
    check("schedule", None, 1);
    check("push", Some("apply"), 0);
    assert_bought_once(lab);
    check("schedule", None, 0);
    assert_bought_once(lab);
    assert_eq!(roles(lab), [Access::PLAN, Access::PLAN, Access::APPLY, Access::PLAN]);
}
