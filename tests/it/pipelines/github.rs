//! GitHub's workflows, run step by step by a small runner with a small `gh`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use cenbwp_tests::{Access, Package};
use serde_json::{Value, json};

use crate::support::Forged;

use super::{NO_CHECKSUM, SPEC, Site, assert_bought_once, by_hand, documents, example, roles, trust};

const WORKFLOWS: [&str; 3] = ["plan", "apply", "drift"];
const HEAD: &str = "1111111111111111111111111111111111111111";
/// The bearer token with which a job gets an identity token.
const BEARER: &str = "job-bearer-0123456789";
const MERGED: &str = "2222222222222222222222222222222222222222";

/// A repository, and the data that GitHub keeps of it.
struct Repository {
    site: Site,
    action: String,
    expressions: BTreeMap<&'static str, String>,
    from_fork: bool,
    /// The number of the next run.
    run: u32,
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
    fn new() -> Self {
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
    fn run(&mut self, workflow: &str) -> Option<String> {
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

    fn kept(&self, name: &str) -> Value {
        serde_json::from_str(&self.site.lab.read(&format!("state/{name}.json"))).expect("JSON")
    }
}

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
    assert_eq!(repository.run("plan"), None);
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
    assert_eq!(repository.run("plan"), None);
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
}

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
        ("plan", "plan", Some("contents: read, id-token: write, pull-requests: write, statuses: write")),
        (
            "apply",
            "apply",
            Some("actions: read, contents: read, id-token: write, pull-requests: read, statuses: read"),
        ),
        ("drift", "drift", Some("contents: read, id-token: write, issues: write")),
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
