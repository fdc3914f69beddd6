//! The pipelines that users copy, each run as far as possible without its platform: the test does the
//! platform's part, and the pipeline's own scripts run unchanged against the emulated cloud.

mod github;

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use cenbwp_tests::{Access, Config};
use serde_json::Value;

use crate::packaging::pack;
use crate::policies;
use crate::support::{Lab, Ran, purchases, repository};

/// The spec of such a repository, in the folder that the pipelines name.
const SPEC: &str = "\
version: 1
stack: net
packages:
  cn-eu: { areas: [China, Europe], bandwidth: 100, autoPay: true, autoRenew: true, tags: { team: network } }
";

/// The checksum that users replace.
const NO_CHECKSUM: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn example(name: &str) -> String {
    let path = repository().join("examples/pipelines").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The documents of a YAML file.
fn documents(text: &str) -> Vec<Value> {
    text.split("\n---\n").map(|text| serde_yaml::from_str(text).expect("YAML")).collect()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|item| item.as_str().expect("a text")).collect()
}

/// A checkout, and a release at the place from which the pipelines fetch it.
struct Site {
    lab: Lab,
    checksum: String,
}

impl Site {
    fn new() -> Self {
        let lab = Lab::new();
        lab.file("cen/network.yaml", SPEC);
        let archive = pack(&lab, "release");
        let sums = std::fs::read_to_string(format!("{}.sha256", archive.display())).expect("the checksum");
        let checksum = sums.split_whitespace().next().expect("a checksum").to_owned();
        let release = archive.display();
        lab.program(
            "bin/curl",
            &format!("while [ \"$1\" != --output ]; do shift; done\ncp {release} \"$2\"\n"),
        );
        Self { lab, checksum }
    }

    /// Runs a script like the runners do. The tool is not there until the script has installed it.
    fn bash(&self, script: &str, path: &[PathBuf], variables: &[(String, String)]) -> Ran {
        let mut bash = self.lab.command("bash");
        let own = [self.lab.path("bin")];
        let system = ["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from);
        let path = std::env::join_paths(path.iter().chain(&own).chain(&system)).expect("plain paths");
        bash.env("PATH", path).envs(variables.iter().cloned());
        self.lab.finish(bash.args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]))
    }
}

/// Makes the account trust this provider with the two roles, the one for plans first, and removes the lab's
/// own keys.
fn trust(lab: &mut Lab, provider: &str, roles: [&str; 2]) {
    for name in ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"] {
        lab.set(name, None);
    }
    lab.emulator.edit_access(|access| {
        provider.clone_into(&mut access.providers[0].arn);
        for (role, arn) in access.roles.iter_mut().zip(roles) {
            arn.clone_into(&mut role.arn);
            role.trusts = vec![provider.to_owned()];
        }
    });
}

/// Returns an identity token, as a platform gives one to a job.
fn token(lab: &Lab, audience: &str) -> String {
    let now = lab.emulator.now();
    lab.emulator
        .edit_access(|access| access.id_token(now, |claims| audience.clone_into(&mut claims.audience)))
}

/// Runs `cenbwp` with the keys of the account, outside the pipeline.
fn by_hand(lab: &Lab, arguments: &str) -> Ran {
    let mut command = lab.command("cenbwp");
    command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", Config::KEY_ID);
    command.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", Config::KEY_SECRET);
    lab.finish(command.args(arguments.split_whitespace()))
}

/// Returns the roles that were assumed, in order.
fn roles(lab: &Lab) -> Vec<String> {
    let requests = lab.emulator.requests();
    let taken = requests.iter().filter(|request| request.action == "AssumeRoleWithOIDC");
    taken.filter_map(|request| request.params.get("RoleArn").cloned()).collect()
}

/// Checks the state that every pipeline leaves when it has applied.
#[track_caller]
fn assert_bought_once(lab: &Lab) {
    assert_eq!(purchases(&lab.emulator), ["net/cn-eu"]);
}

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
        let job = &self.config[job];
        let inherited = job["extends"].as_str().map_or(&Value::Null, |name| &self.config[name]);
        let mut variables = Vec::new();
        for of in [&self.config["variables"], &inherited["variables"], &job["variables"]] {
            let of = of.as_object().into_iter().flatten();
            variables
                .extend(of.map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned())));
        }
        for (name, of) in inherited["id_tokens"].as_object().into_iter().flatten() {
            variables.push((name.clone(), token(&self.site.lab, of["aud"].as_str().expect("a text"))));
        }
        let lines = [texts(&self.config["default"]["before_script"]), texts(&job["script"])].concat();
        self.site.bash(&lines.join("\n"), &[], &variables)
    }
}

#[test]
fn gitlab_shows_the_plan_applies_it_and_tells_of_drift() {
    let gitlab = Gitlab::new();
    for (job, code) in [("validate", 0), ("drift", 2), ("plan", 0), ("apply", 0), ("apply", 0), ("drift", 0)]
    {
        let ran = gitlab.run(job);
        assert_eq!(ran.code, code, "{job}: {}{}", ran.stdout, ran.stderr);
    }
    assert_bought_once(&gitlab.site.lab);
    let (plan, apply) = (Access::PLAN, Access::APPLY);
    assert_eq!(roles(&gitlab.site.lab), [plan, plan, apply, apply, plan]);
    let plan = &gitlab.config["plan"];
    let report = gitlab.site.lab.read(plan["artifacts"]["reports"]["terraform"].as_str().expect("a file"));
    assert_eq!(report.trim(), r#"{"create":1,"delete":0,"update":0}"#);
    assert!(gitlab.site.lab.path(plan["artifacts"]["reports"]["junit"].as_str().expect("a file")).exists());
}

#[test]
fn gitlab_gives_tokens_to_jobs_that_ask_the_cloud_and_lets_one_apply_at_a_time() {
    let config = documents(&example("gitlab/.gitlab-ci.yml")).remove(0);
    assert_eq!(config[".role"]["id_tokens"]["ALIBABA_CLOUD_OIDC_TOKEN"]["aud"], "sts.aliyuncs.com");
    assert!(config["validate"]["extends"].is_null(), "a job that is offline gets no token");
    let apply = &config["apply"];
    assert_eq!(apply["resource_group"], "production");
    assert_eq!(apply["environment"], "production");
    assert_eq!(apply["interruptible"], false);
    assert_eq!(apply["retry"]["exit_codes"], serde_json::json!([1, 7]));
    assert_ne!(
        apply["variables"]["ALIBABA_CLOUD_ROLE_ARN"],
        config[".role"]["variables"]["ALIBABA_CLOUD_ROLE_ARN"]
    );
}

#[test]
fn atlantis_plans_checks_and_applies_where_it_expects_terraform() {
    let lab = Lab::new();
    lab.file("cen/network.yaml", SPEC);
    let server = documents(&example("atlantis/repos.yaml")).remove(0);
    let project = documents(&example("atlantis/atlantis.yaml")).remove(0);
    let project = &project["projects"][0];
    let folder = lab.path(project["dir"].as_str().expect("a folder"));
    let repo = &server["repos"][0];
    assert!(texts(&repo["apply_requirements"]).contains(&"approved"));
    assert_eq!(repo["allow_custom_workflows"], false, "a pull request must not bring its own commands");
    let workflow = &server["workflows"][repo["workflow"].as_str().expect("a name")];
    let run = |stage: &str| {
        for step in workflow[stage]["steps"].as_array().expect("steps") {
            let Some(script) = step["run"].as_str() else { continue };
            let mut shell = lab.command("sh");
            shell.args(["-c", script]).current_dir(&folder);
            shell.env("PLANFILE", folder.join("default.tfplan")).env("SHOWFILE", folder.join("default.json"));
            let ran = lab.finish(&mut shell);
            assert_eq!(ran.code, 0, "{script}: {}{}", ran.stdout, ran.stderr);
        }
    };
    run("plan");
    run("policy_check");
    let checked = lab.read("cen/default.json");
    assert_eq!(policies::says("main.deny", &checked), serde_json::json!([]));
    run("apply");
    assert_bought_once(&lab);
}

#[test]
fn atlantis_shows_no_secret_of_its_server_to_a_pull_request() {
    let mut lab = Lab::new();
    lab.set("ATLANTIS_GH_TOKEN", Some("canary-of-the-server"));
    let server = documents(&example("atlantis/repos.yaml")).remove(0);
    let script = server["workflows"]["cenbwp"]["plan"]["steps"][1]["run"].as_str().expect("a command");
    for (link, target) in [("x.yaml", "/proc/self/environ"), ("x", "/proc/self"), ("x.yaml", ".git/config")] {
        lab.file("cen/network.yaml", SPEC).file(
            "cen/.git/config",
            "[http]
	extraheader = canary-of-the-server",
        );
        symlink(target, lab.path("cen").join(link)).expect("a link");
        let mut shell = lab.command("sh");
        shell.args(["-c", script]).current_dir(lab.path("cen")).env("PLANFILE", lab.path("default.tfplan"));
        let ran = lab.finish(&mut shell);
        assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
        let said = ran.stdout + &ran.stderr;
        assert!(said.contains(&format!("./{link}: a link that leads to nothing inside .")), "{said}");
        assert!(!said.contains("canary"), "{said}");
        assert!(!lab.path("default.tfplan").exists());
        std::fs::remove_file(lab.path("cen").join(link)).expect("the next one");
    }
}

#[test]
fn jenkins_asks_before_it_applies_the_plan_that_it_showed() {
    let lab = Lab::new();
    lab.file("cen/network.yaml", SPEC);
    let text = example("jenkins/Jenkinsfile");
    assert_eq!(text.matches('{').count(), text.matches('}').count());
    let mut ran = Vec::new();
    for (at, _) in text.match_indices("sh '") {
        let script = text[at + 4..].split('\'').next().expect("a text");
        let end = lab.finish(lab.command("sh").args(["-c", script]));
        assert_eq!(end.code, 0, "{script}: {}{}", end.stdout, end.stderr);
        ran.push((at, script));
    }
    let [_, (planned, _), (applied, apply)] = ran[..] else { panic!("three commands: {ran:?}") };
    assert!(apply.starts_with("cenbwp apply plan.json"));
    for guard in ["branch 'main'", "input {", "lock('cenbwp-production')"] {
        assert!(text[planned..applied].contains(guard), "{guard} stands between plan and apply");
    }
    assert!(lab.path("plan.md").exists() && lab.path("junit.xml").exists());
    assert_bought_once(&lab);
}

/// Returns the command of a container, with its mounts at `/` moved to this folder.
fn container(lab: &Lab, container: &Value) -> Ran {
    assert_eq!(texts(&container["command"]), ["/cenbwp"], "the image holds nothing else");
    let context = &container["securityContext"];
    assert_eq!(context["readOnlyRootFilesystem"], true);
    assert_eq!(context["runAsNonRoot"], true);
    let mounts: Vec<&str> = container["volumeMounts"]
        .as_array()
        .expect("mounts")
        .iter()
        .map(|mount| mount["mountPath"].as_str().expect("a path"))
        .collect();
    let inside = |text: &str| {
        let is_below = |mount: &&str| text == *mount || text.starts_with(&format!("{mount}/"));
        // The files of an artifact are mounted as well.
        let is_mounted = mounts.iter().any(is_below) || text.starts_with("/plan/");
        assert!(is_mounted || !text.starts_with('/'), "{text} is not mounted");
        if is_mounted { lab.path(&text[1..]).display().to_string() } else { text.to_owned() }
    };
    let mut command = lab.command("cenbwp");
    for variable in container["env"].as_array().expect("variables") {
        let text = |key: &str| variable[key].as_str().expect("a text");
        command.env(text("name"), inside(text("value")));
    }
    lab.file("token/token", &token(lab, Access::AUDIENCE));
    lab.finish(command.args(texts(&container["args"]).into_iter().map(inside)))
}

/// Returns the value of a container's variable.
fn variable<'a>(container: &'a Value, name: &str) -> &'a str {
    let variables = container["env"].as_array().expect("variables");
    let variable = variables.iter().find(|variable| variable["name"] == name).expect("it is set");
    variable["value"].as_str().expect("a text")
}

#[test]
fn cron_job_of_kubernetes_fails_while_the_cloud_is_not_as_declared() {
    let mut lab = Lab::new();
    let documents = documents(&example("kubernetes/cronjob.yaml"));
    let of_kind =
        |kind: &str| documents.iter().find(|document| document["kind"] == kind).expect("it is there");
    // Laid out as by the kubelet: links to a link to a folder with the time in its name.
    for (name, text) in of_kind("ConfigMap")["data"].as_object().expect("files") {
        lab.file(&format!("spec/..2026_01_02_03_04_05.1/{name}"), text.as_str().expect("a text"));
        symlink(format!("..data/{name}"), lab.path(&format!("spec/{name}"))).expect("a link");
    }
    symlink("..2026_01_02_03_04_05.1", lab.path("spec/..data")).expect("a link");
    let job = &of_kind("CronJob")["spec"];
    assert_eq!(job["concurrencyPolicy"], "Forbid");
    assert_eq!(job["jobTemplate"]["spec"]["backoffLimit"], 0);
    let pod = &job["jobTemplate"]["spec"]["template"]["spec"];
    assert_eq!(pod["restartPolicy"], "Never");
    assert_eq!(pod["automountServiceAccountToken"], false);
    let drift = &pod["containers"][0];
    let provider = variable(drift, "ALIBABA_CLOUD_OIDC_PROVIDER_ARN");
    trust(&mut lab, provider, [variable(drift, "ALIBABA_CLOUD_ROLE_ARN"), Access::APPLY]);
    let audience = &pod["volumes"][1]["projected"]["sources"][0]["serviceAccountToken"]["audience"];
    assert_eq!(audience, Access::AUDIENCE);
    assert_eq!(container(&lab, drift).code, 2);
    assert_eq!(by_hand(&lab, "apply -f spec --auto-approve").code, 0);
    assert_eq!(container(&lab, drift).code, 0);
    assert_bought_once(&lab);
    assert_eq!(roles(&lab), [Access::PLAN, Access::PLAN]);
}

/// Returns a template of the workflow with its parameters filled in.
fn template(workflow: &str, name: &str, stack: &Value) -> Value {
    let mut text = workflow.to_owned();
    for parameter in ["stack", "account"] {
        let value = stack[parameter].as_str().expect("a text");
        text = text.replace(&format!("{{{{inputs.parameters.{parameter}}}}}"), value);
    }
    let templates = &documents(&text).remove(0)["spec"]["templates"];
    templates
        .as_array()
        .expect("templates")
        .iter()
        .find(|it| it["name"] == name)
        .expect("the template")
        .clone()
}

#[test]
fn argo_spreads_stacks_of_several_accounts_over_pods_that_share_nothing() {
    let workflow = example("argo/workflow.yaml");
    let parameters = &documents(&workflow).remove(0)["spec"]["arguments"]["parameters"];
    let stacks: Vec<Value> =
        serde_json::from_str(parameters[0]["value"].as_str().expect("a text")).expect("JSON");
    assert!(stacks.len() > 1);
    let run = |stack: &Value| {
        let account_id = stack["account"].as_str().expect("a text").to_owned();
        let mut lab = Lab::with(Config { account_id: account_id.clone(), ..Config::default() });
        let name = stack["stack"].as_str().expect("a text");
        lab.file(
            &format!("spec/{name}/network.yaml"),
            &SPEC.replace("stack: net", &format!("stack: {name}")),
        );
        lab.file("plans/.keep", "");
        let (plan, apply) = (template(&workflow, "plan", stack), template(&workflow, "apply", stack));
        let role = |of: &Value| variable(&of["container"], "ALIBABA_CLOUD_ROLE_ARN").to_owned();
        let taken = [role(&plan), role(&apply)];
        assert!(taken.iter().all(|role| role.contains(&account_id)), "{taken:?}");
        let provider = variable(&plan["container"], "ALIBABA_CLOUD_OIDC_PROVIDER_ARN");
        trust(&mut lab, provider, [&taken[0], &taken[1]]);
        let ran = container(&lab, &plan["container"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let written = plan["outputs"]["artifacts"][0]["path"].as_str().expect("a path");
        let handed = apply["inputs"]["artifacts"][0]["path"].as_str().expect("a path");
        lab.file(&handed[1..], &lab.read(&written[1..]));
        let ran = container(&lab, &apply["container"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(purchases(&lab.emulator), [format!("{name}/cn-eu")]);
        assert_eq!(roles(&lab), taken);
    };
    std::thread::scope(|scope| stacks.iter().for_each(|stack| drop(scope.spawn(move || run(stack)))));
}

#[test]
fn pre_commit_refuses_a_spec_with_an_error_and_asks_nobody() {
    let lab = Lab::new();
    let config = documents(&example("pre-commit/.pre-commit-config.yaml")).remove(0);
    let hook = &config["repos"][0]["hooks"][0];
    assert_eq!(hook["pass_filenames"], false, "one file cannot tell what is declared twice");
    let entry = hook["entry"].as_str().expect("a command");
    for (spec, code) in [(SPEC, 0), ("version: 1\nstack: net\npackages: {x: {}}\n", 3)] {
        lab.file("cen/network.yaml", spec);
        assert_eq!(lab.finish(lab.command("sh").args(["-c", entry])).code, code);
    }
    assert!(lab.emulator.requests().is_empty());
}
