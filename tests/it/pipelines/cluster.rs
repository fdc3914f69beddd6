//! Kubernetes and Argo Workflows: containers with tokens of the cluster.

use std::os::unix::fs::symlink;

use cenbwp_tests::{Access, Config};
use serde_json::{Value, json};

use super::{
    FLEET, SPEC, assert_bought_once, assert_judged, by_hand, documents, example, fleet_spec, judge, roles,
    texts, token, trust, trust_in_each,
};
use crate::policies;
use crate::support::{Lab, Ran, purchases, repository};

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
    let soon = lab.emulator.now() + jiff::SignedDuration::from_hours(24 * 7);
    lab.emulator.edit(|world| world.packages[0].expires = soon);
    assert_eq!(container(&lab, drift).code, 2, "a package that was not renewed fails the job");
    assert_eq!(roles(&lab), [Access::PLAN; 3]);
}

/// Prints the cron jobs of a spec in this folder.
fn cron_jobs(lab: &Lab) -> Ran {
    let folder = repository().join("examples/pipelines/kubernetes");
    lab.finish(lab.command("sh").arg(folder.join("fleet.sh")).arg("spec").arg(folder.join("cronjob.yaml")))
}

#[test]
fn each_account_of_a_spec_gets_a_cron_job_with_a_role_of_its_own() {
    let mut lab = Lab::new();
    for (stack, account) in FLEET {
        lab.file(&format!("spec/{stack}.yaml"), &fleet_spec(stack, account));
    }
    let printed = cron_jobs(&lab);
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    trust_in_each(&mut lab, "oidc-provider/ack-rrsa-CLUSTER", &FLEET.map(|(_, account)| account));
    let jobs = documents(&format!("\n{}", printed.stdout)).split_off(1);
    let pod = |job: &Value| job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0].clone();
    let named: Vec<&str> = jobs.iter().map(|job| job["metadata"]["name"].as_str().expect("a name")).collect();
    assert_eq!(named, ["cenbwp-drift-1234567890123456", "cenbwp-drift-6543210987654321"]);
    for job in &jobs {
        assert_eq!(container(&lab, &pod(job)).code, 2);
    }
    // What one account has bought is no answer for another one.
    lab.emulator
        .edit_access(|access| access.roles.iter_mut().for_each(|it| it.trusts.push(Access::USER.into())));
    let buys =
        "apply -f spec --auto-approve --account ACCOUNT --assume-role acs:ram::{account}:role/cenbwp-apply";
    let mut apply = lab.command("cenbwp");
    apply.env("ALIBABA_CLOUD_ACCESS_KEY_ID", Config::USER_ID);
    apply.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", Config::USER_SECRET);
    let ran = lab.finish(apply.args(buys.replace("ACCOUNT", FLEET[1].1).split_whitespace()));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(jobs.iter().map(|job| container(&lab, &pod(job)).code).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(purchases(&lab.emulator), ["core/cn-eu"]);
    let taken = roles(&lab);
    assert!(taken.len() == 4 && taken.iter().all(|role| role.ends_with(":role/cenbwp-plan")), "{taken:?}");
}

#[test]
fn no_cron_job_is_printed_of_a_spec_that_names_no_account() {
    let lab = Lab::new();
    lab.file("spec/network.yaml", SPEC);
    let printed = cron_jobs(&lab);
    assert!(printed.code != 0 && printed.stdout.is_empty(), "{}", printed.stdout);
    assert!(printed.stderr.contains("net names no account"), "{}", printed.stderr);
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
        judge(&lab);
        let args = &template(&workflow, "judge", stack)["container"]["args"];
        let judged = texts(args).join(" ").replace("/plan/", &format!("{}/", lab.path("plan").display()));
        let ran = lab.finish(lab.command("sh").args(["-c", &format!("bin/conftest {judged}")]));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_judged(&lab);
        let ran = container(&lab, &apply["container"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(purchases(&lab.emulator), [format!("{name}/cn-eu")]);
        assert_eq!(roles(&lab), taken);
    };
    std::thread::scope(|scope| stacks.iter().for_each(|stack| drop(scope.spawn(move || run(stack)))));
}

/// Returns the subject of a pod's token.
fn subject(namespace: &Value, service_account: &Value) -> Value {
    let [namespace, name] = [namespace, service_account].map(|of| of.as_str().expect("a name"));
    json!(format!("system:serviceaccount:{namespace}:{name}"))
}

#[test]
fn no_pod_that_plans_or_judges_may_take_the_role_that_buys() {
    let workflow = documents(&example("argo/workflow.yaml")).remove(0);
    let namespace = &workflow["metadata"]["namespace"];
    let templates = workflow["spec"]["templates"].as_array().expect("templates");
    let [plan, apply] = ["plan", "apply"].map(|role| {
        let name = format!("trust-kubernetes-{role}.json");
        policies::trusted(&name).1[0].clone()
    });
    for template in templates.iter().filter(|template| template["container"].is_object()) {
        let name = template["name"].as_str().expect("a name");
        let own = &template["serviceAccountName"];
        let account = if own.is_null() { &workflow["spec"]["serviceAccountName"] } else { own };
        let subject = subject(namespace, account);
        assert_eq!(subject == apply, name == "apply", "{name}: {subject}");
        assert_eq!(subject == plan, name == "plan", "{name}: {subject}");
        let limit = &template["retryStrategy"]["limit"];
        assert!(limit.is_null() || limit.is_string(), "{name}: Argo's schema wants a string, not {limit}");
    }
    let documents = documents(&example("kubernetes/cronjob.yaml"));
    let job = documents.iter().find(|document| document["kind"] == "CronJob").expect("the job");
    let pod = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    assert_eq!(subject(&job["metadata"]["namespace"], &pod["serviceAccountName"]), plan);
}
