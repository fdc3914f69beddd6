//! A small runner of GitHub's workflows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cenbwp_tests::Access;
use serde_json::{Value, json};

use crate::pipelines::{NO_CHECKSUM, Site, documents, example, texts, trust};

/// The commit that is reviewed.
pub(super) const HEAD: &str = "1111111111111111111111111111111111111111";
/// The bearer token with which a job gets an identity token.
pub(super) const BEARER: &str = "job-bearer-0123456789";
const MERGED: &str = "2222222222222222222222222222222222222222";

/// A repository, and the data that GitHub keeps of it.
pub(super) struct Repository {
    pub(super) site: Site,
    pub(super) action: String,
    expressions: BTreeMap<&'static str, String>,
    pub(super) from_fork: bool,
    /// The event that a run of plan.yml is for.
    pub(super) event: &'static str,
    /// The number of the next run.
    pub(super) run: u32,
}

/// The state that the steps of a job share.
#[derive(Default)]
struct Job {
    environment: Vec<(String, String)>,
    path: Vec<PathBuf>,
    /// The values of the expressions that this job knows: outputs of its steps, and what the jobs left that it needs.
    known: BTreeMap<String, String>,
    failed: Option<String>,
}

impl Repository {
    pub(super) fn new() -> Self {
        let mut site = Site::new();
        trust(&mut site.lab, Access::PROVIDER, [Access::PLAN, Access::APPLY]);
        site.lab.emulator.edit_access(|access| access.bearer = Some(BEARER.to_owned()));
        site.lab.program("bin/gh", include_str!("gh.sh"));
        let asked = "diff --quiet HEAD^1 HEAD -- cen policies .github";
        let unchanged = site.lab.path("state/unchanged");
        let git = format!("[ \"$*\" = '{asked}' ] || exit 128\n[ -e {} ]\n", unchanged.display());
        site.lab.program("bin/git", &git);
        let pull = json!({ "merged_at": "2026-01-02T03:04:05Z", "merge_commit_sha": MERGED, "head": { "sha": HEAD } });
        site.lab.file("state/pulls.json", &json!([pull]).to_string());
        let action = example("github/action.yml").replacen(NO_CHECKSUM, &site.checksum, 1);
        let action = action.replacen(NO_CHECKSUM, &site.conftest_checksum, 1);
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
        Self { site, action, expressions, from_fork: false, event: "pull_request", run: 41 }
    }

    /// Runs a workflow and returns the name and output of the step that failed first.
    pub(super) fn run(&mut self, workflow: &str) -> Option<String> {
        self.run += 1;
        let head = if self.from_fork { "stranger/network" } else { "example/network" };
        self.expressions.insert("github.event.pull_request.head.repo.full_name", head.to_owned());
        self.expressions.insert("github.event_name", self.event.to_owned());
        let path = format!(".github/workflows/{workflow}.yml");
        let workflow = documents(&example(&format!("github/workflows/{workflow}.yml"))).remove(0);
        let jobs = workflow["jobs"].as_object().expect("jobs");
        let mut done: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
        let mut failed = None;
        while done.len() < jobs.len() {
            let ready = |job: &Value| needs(job).iter().all(|needed| done.contains_key(needed));
            let (name, job) = jobs
                .iter()
                .find(|(name, job)| !done.contains_key(name.as_str()) && ready(job))
                .expect("no circle");
            let known = needs(job).iter().flat_map(|needed| done[needed].clone()).collect();
            let (left, error) = self.jobs(name, job, known);
            failed = failed.or(error);
            done.insert(name, left);
        }
        self.keep_run(&path, failed.is_none());
        failed
    }

    /// Keeps what GitHub tells of a run.
    pub(super) fn keep_run(&self, path: &str, passed: bool) {
        let kept = std::fs::read_to_string(self.site.lab.path("state/runs.json"));
        let mut runs: Value =
            kept.map_or_else(|_| json!([]), |text| serde_json::from_str(&text).expect("JSON"));
        let repository = json!({ "full_name": "example/network" });
        runs.as_array_mut().expect("a list").push(json!({
            "id": self.run, "path": path, "event": self.event, "head_sha": HEAD,
            "conclusion": if passed { "success" } else { "failure" },
            "repository": repository, "head_repository": repository,
        }));
        self.site.lab.file("state/runs.json", &runs.to_string());
    }

    /// Runs a job once for each entry of its matrix; without one, once.
    fn jobs(
        &self,
        name: &str,
        job: &Value,
        known: BTreeMap<String, String>,
    ) -> (BTreeMap<String, String>, Option<String>) {
        let state = Job { known: known.clone(), ..Job::default() };
        let Some(include) = job["strategy"]["matrix"]["include"].as_str() else {
            return self.job(name, job, known);
        };
        let from =
            include.strip_prefix("${{ fromJSON(").and_then(|it| it.strip_suffix(") }}")).expect("a list");
        let entries = self.value(from, &state, &Value::Null);
        let entries: Vec<BTreeMap<String, String>> = serde_json::from_str(&entries).unwrap_or_default();
        let (mut left, mut failed) = (BTreeMap::new(), None);
        for entry in entries {
            let entry = entry.into_iter().map(|(name, value)| (format!("matrix.{name}"), value));
            let (of_one, error) = self.job(name, job, known.clone().into_iter().chain(entry).collect());
            // One that failed decides for all.
            if failed.is_none() {
                (left, failed) = (of_one, error);
            }
        }
        if left.is_empty() {
            left.insert(format!("needs.{name}.result"), "skipped".to_owned());
        }
        (left, failed)
    }

    /// Runs a job, and returns what it leaves to those that need it, and the step that failed.
    fn job(
        &self,
        name: &str,
        job: &Value,
        known: BTreeMap<String, String>,
    ) -> (BTreeMap<String, String>, Option<String>) {
        let result = format!("needs.{name}.result");
        let mut state = Job { known, ..Job::default() };
        let condition = job["if"].as_str().unwrap_or_default();
        let all_passed =
            needs(job).iter().all(|needed| state.known[&format!("needs.{needed}.result")] == "success");
        let asks_itself = ["always()", "!cancelled()"].iter().any(|status| condition.contains(status));
        if !(all_passed || asks_itself) || !self.holds(condition, &state, &Value::Null) {
            return ([(result, "skipped".to_owned())].into(), None);
        }
        state.environment = self.filled(&job["env"], &state, &Value::Null);
        if job["permissions"]["id-token"] == "write" {
            let url = format!("{}/github/token?api-version=2.0", self.site.lab.url());
            let variables = [("URL", url), ("TOKEN", BEARER.to_owned())];
            let variables =
                variables.map(|(name, value)| (format!("ACTIONS_ID_TOKEN_REQUEST_{name}"), value));
            state.environment.extend(variables);
        }
        // Each job has a machine of its own.
        for left in ["status.txt", "journal.ndjson"] {
            let _ = std::fs::remove_file(self.site.lab.path(left));
        }
        let _ = std::fs::remove_dir_all(self.site.lab.path("plans"));
        for file in std::fs::read_dir(self.site.lab.folder()).expect("the checkout") {
            let path = file.expect("a file").path();
            if path.extension().is_some_and(|it| it == "json" || it == "md") {
                std::fs::remove_file(path).expect("a file of the job before");
            }
        }
        for step in job["steps"].as_array().expect("steps") {
            self.step(step, &mut state);
        }
        let ended = if state.failed.is_none() { "success" } else { "failure" };
        let outputs = job["outputs"].as_object().into_iter().flatten();
        let outputs = outputs.map(|(output, text)| {
            let value = self.fill(text.as_str().expect("a text"), &state, &Value::Null);
            (format!("needs.{name}.outputs.{output}"), value)
        });
        let left = outputs.chain([(result, ended.to_owned())]).collect();
        (left, state.failed)
    }

    fn step(&self, step: &Value, job: &mut Job) {
        let goes_on = match step["if"].as_str() {
            Some(condition) => {
                (job.failed.is_none() || condition.contains("!cancelled()"))
                    && self.holds(condition, job, &Value::Null)
            }
            None => job.failed.is_none(),
        };
        if !goes_on {
            return;
        }
        match step["uses"].as_str() {
            None => self.script(step, job, &Value::Null),
            Some("./.github/actions/cenbwp") => self.composite(step, job),
            Some(action) => match action.split('@').next() {
                Some("actions/checkout") => {}
                Some("actions/upload-artifact") => self.upload(&step["with"], job),
                Some("actions/download-artifact") => self.download(&step["with"]),
                _ => panic!("the runner does not know {action}"),
            },
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
            let wanted = self.holds(step["if"].as_str().unwrap_or_default(), &inner, &inputs);
            if inner.failed.is_none() && wanted {
                self.script(step, &mut inner, &inputs);
            }
        }
        job.path.append(&mut inner.path);
        job.failed = inner.failed.take();
        if let Some(id) = step["id"].as_str() {
            for (name, output) in action["outputs"].as_object().expect("outputs") {
                let value = self.fill(output["value"].as_str().expect("a text"), &inner, &inputs);
                job.known.insert(format!("steps.{id}.outputs.{name}"), value);
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
            job.known.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
        }
    }

    fn upload(&self, with: &Value, job: &Job) {
        let [artifact, paths] =
            ["name", "path"].map(|key| self.fill(with[key].as_str().expect("a text"), job, &Value::Null));
        for name in paths.lines() {
            if !self.site.lab.path(name).exists() {
                assert_eq!(with["if-no-files-found"], "ignore", "{name} is not there");
                continue;
            }
            let kept = format!("state/artifacts/{}/{artifact}/{name}", self.run);
            self.site.lab.file(&kept, &self.site.lab.read(name));
        }
    }

    fn download(&self, with: &Value) {
        let lab = &self.site.lab;
        let kept = lab.path(&format!("state/artifacts/{}", self.run));
        let target = lab.path(with["path"].as_str().unwrap_or("."));
        std::fs::create_dir_all(&target).expect("a folder");
        let Some(start) = with["pattern"].as_str().map(|pattern| pattern.trim_end_matches('*')) else {
            return copy_all(&kept.join(with["name"].as_str().expect("a name")), &target);
        };
        assert_eq!(with["merge-multiple"], true, "each artifact would have a folder of its own");
        for artifact in std::fs::read_dir(kept).into_iter().flatten() {
            let artifact = artifact.expect("an artifact");
            if artifact.file_name().to_string_lossy().starts_with(start) {
                copy_all(&artifact.path(), &target);
            }
        }
    }

    fn filled(&self, variables: &Value, job: &Job, inputs: &Value) -> Vec<(String, String)> {
        let variables = variables.as_object().into_iter().flatten();
        variables
            .map(|(name, text)| (name.clone(), self.fill(text.as_str().expect("a text"), job, inputs)))
            .collect()
    }

    /// Returns the text with its expressions evaluated.
    fn fill(&self, text: &str, job: &Job, inputs: &Value) -> String {
        let Some((before, rest)) = text.split_once("${{ ") else { return text.to_owned() };
        let (expression, after) = rest.split_once(" }}").expect("an expression ends");
        format!("{before}{}{}", self.value(expression, job, inputs), self.fill(after, job, inputs))
    }

    fn value(&self, expression: &str, job: &Job, inputs: &Value) -> String {
        if let Some(text) = expression.strip_prefix('\'') {
            return text.trim_end_matches('\'').to_owned();
        }
        if let Some(name) = expression.strip_prefix("inputs.") {
            return inputs[name].as_str().unwrap_or_else(|| panic!("no input {name}")).to_owned();
        }
        // A step that did not run has an empty output, and so has a job.
        if ["steps.", "needs.", "matrix."].iter().any(|start| expression.starts_with(start)) {
            return job.known.get(expression).cloned().unwrap_or_default();
        }
        let value = self.expressions.get(expression);
        value.unwrap_or_else(|| panic!("the runner does not know {expression}")).clone()
    }

    /// Returns whether every term of a condition holds. No run here is cancelled.
    fn holds(&self, condition: &str, job: &Job, inputs: &Value) -> bool {
        let condition = condition.trim_start_matches("${{ ").trim_end_matches(" }}");
        let term = |term: &str| {
            let value = |expression: &str| self.value(expression, job, inputs);
            match (term.split_once(" == "), term.split_once(" != ")) {
                (Some((left, right)), _) => value(left) == value(right),
                (_, Some((left, right))) => value(left) != value(right),
                _ => ["", "always()", "!cancelled()"].contains(&term) || panic!("no such condition: {term}"),
            }
        };
        condition.split(" && ").all(term)
    }

    pub(super) fn kept(&self, name: &str) -> Value {
        serde_json::from_str(&self.site.lab.read(&format!("state/{name}.json"))).expect("JSON")
    }
}

/// Returns the jobs that a job needs.
fn needs(job: &Value) -> Vec<&str> {
    job["needs"].as_str().map_or_else(|| texts(&job["needs"]), |needed| vec![needed])
}

fn copy_all(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).expect("the artifact") {
        let file = file.expect("a file");
        std::fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
    }
}
