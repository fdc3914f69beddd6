//! GitLab's pipeline, job by job.

mod fleet;
mod local;

use cenbwp_tests::Access;
use serde_json::{Value, json};

use super::{
    NO_CHECKSUM, Site, assert_bought_once, assert_judged, documents, example, judge, roles, texts, token,
    trust,
};
use crate::support::Ran;

/// One pipeline of GitLab's, as its jobs are configured.
struct Gitlab {
    site: Site,
    config: Value,
}

impl Gitlab {
    fn new() -> Self {
        let mut site = Site::new();
        let text = example("gitlab/.gitlab-ci.yml").replace(NO_CHECKSUM, &site.checksum);
        let config = documents(&text).remove(0);
        let variable =
            |job: &str, name: &str| config[job]["variables"][name].as_str().expect("a text").to_owned();
        let provider = variable(".role", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN");
        let [plan, apply] = [".role", "apply"].map(|job| variable(job, "ALIBABA_CLOUD_ROLE_ARN"));
        trust(&mut site.lab, &provider, [&plan, &apply]);
        Self { site, config }
    }

    /// Runs a job with the settings that it inherits.
    fn run(&self, job: &str) -> Ran {
        self.run_with(job, &[])
    }

    /// Runs a job with variables of the pipeline.
    fn run_with(&self, job: &str, pipeline: &[(&str, &str)]) -> Ran {
        let job = resolved(&self.config, &self.config[job]);
        let mut variables: Vec<(String, String)> =
            pipeline.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        for (name, value) in [&self.config["variables"], &job["variables"]]
            .into_iter()
            .flat_map(|of| of.as_object().into_iter().flatten())
        {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            variables.push((name.clone(), text));
        }
        let account = variables.iter().find(|(name, _)| name == "ACCOUNT").map(|(_, value)| value.clone());
        for (_, value) in &mut variables {
            *value = value.replace("$ACCOUNT", account.as_deref().unwrap_or_default());
        }
        for (name, of) in job["id_tokens"].as_object().into_iter().flatten() {
            variables.push((name.clone(), token(&self.site.lab, of["aud"].as_str().expect("a text"))));
        }
        let before = job.get("before_script").unwrap_or(&self.config["default"]["before_script"]);
        let lines = [texts(before), texts(&job["script"])].concat();
        self.site.bash(&lines.join("\n"), &[], &variables)
    }
}

/// Returns the names of the jobs that a job inherits from.
fn extends(job: &Value) -> Vec<&str> {
    match &job["extends"] {
        Value::String(name) => vec![name],
        names => texts(names),
    }
}

/// Returns a job with everything that it inherits. As with GitLab, maps are merged, and of anything else the nearest counts.
fn resolved(config: &Value, job: &Value) -> Value {
    let mut whole = json!({});
    for name in extends(job) {
        merge(&mut whole, &resolved(config, &config[name]));
    }
    merge(&mut whole, job);
    whole
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => from.clone_into(into),
    }
}

#[test]
fn gitlab_shows_the_plan_judges_it_applies_it_and_tells_of_drift() {
    let gitlab = Gitlab::new();
    judge(&gitlab.site.lab);
    for (job, code) in
        [("validate", 0), ("drift", 2), ("plan", 0), ("judge", 0), ("apply", 0), ("apply", 0), ("drift", 0)]
    {
        let ran = gitlab.run(job);
        assert_eq!(ran.code, code, "{job}: {}{}", ran.stdout, ran.stderr);
    }
    assert_bought_once(&gitlab.site.lab);
    let soon = gitlab.site.lab.emulator.now() + jiff::SignedDuration::from_hours(24 * 7);
    gitlab.site.lab.emulator.edit(|world| world.packages[0].expires = soon);
    assert_eq!(
        gitlab.run("drift").code,
        2,
        "a package that was not renewed reaches the owner of the schedule"
    );
    assert_judged(&gitlab.site.lab);
    gitlab.site.lab.file("denied", "");
    assert_eq!(gitlab.run("judge").code, 1, "a plan that is denied stops the pipeline");
    let (plan, apply) = (Access::PLAN, Access::APPLY);
    assert_eq!(roles(&gitlab.site.lab), [plan, plan, apply, apply, plan, plan]);
    let plan = &gitlab.config["plan"];
    let shown = texts(&plan["artifacts"]["paths"]);
    assert!(shown.contains(&"plan.html"), "the merge request links to the page: {shown:?}");
    assert!(shown.iter().all(|name| gitlab.site.lab.path(name).exists()), "{shown:?}");
    let report = gitlab.site.lab.read(plan["artifacts"]["reports"]["terraform"].as_str().expect("a file"));
    assert_eq!(report.trim(), r#"{"create":1,"delete":0,"update":0}"#);
    assert!(gitlab.site.lab.path(plan["artifacts"]["reports"]["junit"].as_str().expect("a file")).exists());
}

#[test]
fn gitlab_gives_tokens_to_jobs_that_ask_the_cloud_and_lets_one_apply_at_a_time() {
    let config = documents(&example("gitlab/.gitlab-ci.yml")).remove(0);
    assert_eq!(config[".role"]["id_tokens"]["ALIBABA_CLOUD_OIDC_TOKEN"]["aud"], "sts.aliyuncs.com");
    for job in ["validate", "judge"] {
        assert!(!extends(&config[job]).contains(&".role"), "{job}: a job that is offline gets no token");
    }
    let apply = &config["apply"];
    assert!(apply["needs"].to_string().contains("judge"), "no plan is applied that was not judged");
    assert_eq!(apply["resource_group"], "production");
    assert_eq!(apply["environment"], "production");
    assert_eq!(apply["interruptible"], false);
    assert_eq!(apply["retry"]["exit_codes"], serde_json::json!([1, 7]));
    assert_ne!(
        apply["variables"]["ALIBABA_CLOUD_ROLE_ARN"],
        config[".role"]["variables"]["ALIBABA_CLOUD_ROLE_ARN"]
    );
}
