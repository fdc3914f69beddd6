//! A small runner of GitHub's workflows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use cenbwp_tests::Access;
use serde_json::{Value, json};

use crate::pipelines::{NO_CHECKSUM, Site, documents, example, trust};

const HEAD: &str = "1111111111111111111111111111111111111111";
/// The bearer token with which a job gets an identity token.
pub(super) const BEARER: &str = "job-bearer-0123456789";
const MERGED: &str = "2222222222222222222222222222222222222222";

/// A repository, and the data that GitHub keeps of it.
pub(super) struct Repository {
    pub(super) site: Site,
    pub(super) action: String,
    expressions: BTreeMap<&'static str, String>,
    pub(super) from_fork: bool,
    /// The number of the next run.
    pub(super) run: u32,
}

/// The state that the steps of a job share.
#[derive(Default)]
struct Job {
    environment: Vec<(String, String)>,
    path: Vec<PathBuf>,
    outputs: BTreeMap<String, String>,
    failed: Option<String>,
}

impl Repository {
    pub(super) fn new() -> Self {
        let mut site = Site::new();
        trust(&mut site.lab, Access::PROVIDER, [Access::PLAN, Access::APPLY]);
        site.lab.emulator.edit_access(|access| access.bearer = Some(BEARER.to_owned()));
        site.lab.program("bin/gh", include_str!("gh.sh"));
        site.lab.file(
            "state/pulls.json",
            &json!([{ "merged_at": "2026-01-02T03:04:05Z", "head": { "sha": HEAD } }]).to_string(),
        );
        let action = example("github/action.yml").replace(NO_CHECKSUM, &site.checksum);
        let expressions = [
            ("github.event.pull_request.number", "7"),
            ("github.event.pull_request.head.sha", HEAD),
            ("github.repository", "example/network"),
            ("github.token", "ghs_dummy"),
            ("vars.CENBWP_PLAN_ROLE", Access::PLAN),
            ("vars.CENBWP_APPLY_ROLE", Access::APPLY),
            ("vars.CENBWP_OIDC_PROVIDER", Access::PROVIDER),
        ];
        let expressions = expressions.map(|(name, value)| (name, value.to_owned())).into();
        Self { site, action, expressions, from_fork: false, run: 41 }
    }

    /// Runs a workflow and returns the name of the step that failed.
    pub(super) fn run(&mut self, workflow: &str) -> Option<String> {
        self.run += 1;
        let workflow = documents(&example(&format!("github/workflows/{workflow}.yml"))).remove(0);
        let jobs = workflow["jobs"].as_object().expect("jobs");
        let mut done: BTreeSet<&str> = BTreeSet::new();
        while done.len() < jobs.len() {
            let ready = |job: &Value| job["needs"].as_str().is_none_or(|needed| done.contains(needed));
            let (name, job) = jobs
                .iter()
                .find(|(name, job)| !done.contains(name.as_str()) && ready(job))
                .expect("no circle");
            if job["if"].as_str().is_none_or(|condition| self.holds(condition, &Value::Null)) {
                let failed = self.job(job);
                if failed.is_some() {
                    return failed;
                }
            }
            done.insert(name);
        }
        None
    }

    fn job(&self, job: &Value) -> Option<String> {
        let environment = self.filled(&job["env"], &Job::default(), &Value::Null);
        let mut state = Job { environment, ..Job::default() };
        if job["permissions"]["id-token"] == "write" {
            let url = format!("{}/github/token?api-version=2.0", self.site.lab.url());
            let variables = [("URL", url), ("TOKEN", BEARER.to_owned())];
            let variables =
                variables.map(|(name, value)| (format!("ACTIONS_ID_TOKEN_REQUEST_{name}"), value));
            state.environment.extend(variables);
        }
        for step in job["steps"].as_array().expect("steps") {
            self.step(step, &mut state);
        }
        state.failed
    }

    fn step(&self, step: &Value, job: &mut Job) {
        let goes_on = match step["if"].as_str() {
            Some(condition) => self.holds(condition, &Value::Null),
            None => job.failed.is_none(),
        };
        if !goes_on {
            return;
        }
        match step["uses"].as_str() {
            None => self.script(step, job, &Value::Null),
            Some("./.github/actions/cenbwp") => self.composite(step, job),
            Some("actions/checkout@v5") => {}
            Some("actions/upload-artifact@v4") => self.upload(&step["with"]),
            Some(other) => panic!("the runner does not know {other}"),
        }
    }

    /// Runs the composite action's own steps.
    fn composite(&self, step: &Value, job: &mut Job) {
        let action = documents(&self.action).remove(0);
        let mut inputs = json!({});
        for (name, input) in action["inputs"].as_object().expect("inputs") {
            let given = &step["with"][name];
            inputs[name] = if given.is_null() { input["default"].clone() } else { given.clone() };
        }
        let mut inner = Job { environment: job.environment.clone(), ..Job::default() };
        for step in action["runs"]["steps"].as_array().expect("steps") {
            let wanted = step["if"].as_str().is_none_or(|condition| self.holds(condition, &inputs));
            if inner.failed.is_none() && wanted {
                self.script(step, &mut inner, &inputs);
            }
        }
        job.path.append(&mut inner.path);
        job.failed = inner.failed.take();
        if let Some(id) = step["id"].as_str() {
            for (name, output) in action["outputs"].as_object().expect("outputs") {
                let value = self.fill(output["value"].as_str().expect("a text"), &inner, &inputs);
                job.outputs.insert(format!("steps.{id}.outputs.{name}"), value);
            }
        }
    }

    fn script(&self, step: &Value, job: &mut Job, inputs: &Value) {
        let script = step["run"].as_str().expect("a script");
        let lab = &self.site.lab;
        let file = |name: &str| {
            lab.file(name, "");
            lab.path(name).display().to_string()
        };
        let mut variables = job.environment.clone();
        variables.extend([
            ("GITHUB_OUTPUT".to_owned(), file("runner/output")),
            ("GITHUB_PATH".to_owned(), file("runner/path")),
            ("GITHUB_STEP_SUMMARY".to_owned(), file("runner/summary.md")),
            ("RUNNER_TEMP".to_owned(), lab.path("runner").display().to_string()),
            ("GITHUB_WORKSPACE".to_owned(), lab.folder().display().to_string()),
            ("GITHUB_SERVER_URL".to_owned(), "https://github.com".to_owned()),
            ("GITHUB_REPOSITORY".to_owned(), "example/network".to_owned()),
            ("GITHUB_SHA".to_owned(), MERGED.to_owned()),
            ("GITHUB_RUN_ID".to_owned(), self.run.to_string()),
            ("GH_STATE".to_owned(), lab.path("state").display().to_string()),
            ("PULL".to_owned(), "7".to_owned()),
        ]);
        variables.extend(self.filled(&step["env"], job, inputs));
        let ran = self.site.bash(script, &job.path, &variables);
        if ran.code != 0 {
            let name = step["name"].as_str().unwrap_or("a step without a name");
            job.failed = Some(format!("{name}: {}{}", ran.stdout, ran.stderr));
        }
        job.path.extend(lab.read("runner/path").lines().map(PathBuf::from));
        let id = step["id"].as_str().unwrap_or_default();
        for (name, value) in lab.read("runner/output").lines().filter_map(|line| line.split_once('=')) {
            job.outputs.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
        }
    }

    fn upload(&self, with: &Value) {
        let name = with["path"].as_str().expect("a path");
        if !self.site.lab.path(name).exists() {
            assert_eq!(with["if-no-files-found"], "ignore", "{name} is not there");
            return;
        }
        let artifact = with["name"].as_str().expect("a name");
        self.site
            .lab
            .file(&format!("state/artifacts/{}/{artifact}/{name}", self.run), &self.site.lab.read(name));
        std::fs::remove_file(self.site.lab.path(name)).expect("the next job has another machine");
    }

    fn filled(&self, variables: &Value, job: &Job, inputs: &Value) -> Vec<(String, String)> {
        let variables = variables.as_object().into_iter().flatten();
        variables
            .map(|(name, text)| (name.clone(), self.fill(text.as_str().expect("a text"), job, inputs)))
            .collect()
    }

    /// The text with its expressions evaluated.
    fn fill(&self, text: &str, job: &Job, inputs: &Value) -> String {
        let Some((before, rest)) = text.split_once("${{ ") else { return text.to_owned() };
        let (expression, after) = rest.split_once(" }}").expect("an expression ends");
        let value = match expression.strip_prefix("inputs.") {
            Some(name) => inputs[name].as_str().map(str::to_owned),
            // A step that did not run has an empty output.
            None if expression.starts_with("steps.") => {
                Some(job.outputs.get(expression).cloned().unwrap_or_default())
            }
            None => self.expressions.get(expression).cloned(),
        };
        let value = value.unwrap_or_else(|| panic!("the runner does not know {expression}"));
        format!("{before}{value}{}", self.fill(after, job, inputs))
    }

    fn holds(&self, condition: &str, inputs: &Value) -> bool {
        match condition {
            "github.event.pull_request.head.repo.full_name == github.repository" => !self.from_fork,
            "inputs.spec != ''" => inputs["spec"] != "",
            "${{ !cancelled() }}" => true,
            "${{ !cancelled() && hashFiles('plan.md') != '' }}" => self.site.lab.path("plan.md").exists(),
            other => panic!("the runner does not know the condition {other}"),
        }
    }

    pub(super) fn kept(&self, name: &str) -> Value {
        serde_json::from_str(&self.site.lab.read(&format!("state/{name}.json"))).expect("JSON")
    }
}
