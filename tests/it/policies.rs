//! The policies that users copy: rules on the plan document in OPA's language, and the permissions of the
//! roles.

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_tests::{Cen, Package};
use regorus::{Engine, Value as Rego};
use serde_json::{Value, json};

use crate::support::{Lab, net, repository};

fn policy(name: &str) -> String {
    let path = repository().join("examples/policies").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns an engine with every rule and every test of a rule in it.
fn rules() -> Engine {
    let mut engine = Engine::new();
    for name in ["cenbwp.rego", "cenbwp_test.rego", "terraform.rego", "terraform_test.rego"] {
        engine.add_policy(name.to_owned(), policy(&format!("opa/{name}"))).expect("Rego");
    }
    engine
}

/// Returns the verdict of a rule on a plan.
pub(crate) fn says(rule: &str, plan: &str) -> Value {
    let mut engine = rules();
    engine.set_input(Rego::from_json_str(plan).expect("a plan is JSON"));
    let said = engine.eval_rule(format!("data.{rule}")).expect("the rule can be evaluated");
    serde_json::from_str(&said.to_json_str().expect("JSON")).expect("JSON")
}

#[test]
fn every_rule_keeps_its_own_tests() {
    for (file, package) in
        [("cenbwp_test.rego", "main_test"), ("terraform_test.rego", "terraform.blast_radius_test")]
    {
        let text = policy(&format!("opa/{file}"));
        let tests = text.lines().filter_map(|line| line.split_once(" if {")?.0.strip_prefix("test_"));
        let tests: Vec<&str> = tests.collect();
        assert!(tests.len() >= 3, "{file}");
        for test in tests {
            let held = rules().eval_rule(format!("data.{package}.test_{test}"));
            assert_eq!(held.expect("the test can be evaluated"), Rego::from(true), "{file}: {test}");
        }
    }
}

/// Returns a spec of one package with these fields besides its areas and the tag that the rules demand.
fn declared(fields: &str) -> String {
    net(&[("x", format!("autoPay: true, tags: {{team: a}}, {fields}"))])
}

fn plan(lab: &Lab, spec: &str) -> String {
    lab.file("cenbwp.yaml", spec);
    let ran = lab.run("plan --report json");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout
}

#[test]
fn rules_judge_real_plans() {
    let lab = Lab::new();
    let judge = |spec: &str| {
        let plan = plan(&lab, spec);
        (says("main.deny", &plan), says("main.warn", &plan))
    };
    assert_eq!(judge(&declared("bandwidth: 10, autoRenew: true")), (json!([]), json!([])));
    let (denied, warned) = judge(&declared("bandwidth: 600, pricingCycle: Year, period: 2"));
    assert_eq!(
        denied,
        json!([
            "adds 600 Mbps at once, more than 500: 600 by purchases, 0 by growth",
            "net/x: prepaid for 24 months, more than 12"
        ])
    );
    assert_eq!(warned, json!(["net/x: does not renew"]));
    let untagged = declared("bandwidth: 10, autoRenew: true").replace("team: a", "");
    assert_eq!(judge(&untagged).0, json!(["net/x: bought without the tag team"]));
    lab.emulator.edit(|world| {
        let mut package = Package::new("cenbwp-1", ["china", "europe"], 20).tagged("cenbwp", "net/x");
        package.cen_ids = vec!["cen-1".into()];
        world.packages = vec![package.tagged("team", "a")];
        world.cens = vec![Cen::new("cen-1"), Cen::new("cen-2")];
    });
    let (denied, warned) = judge(&declared("bandwidth: 10, cenId: cen-2, allowInterruption: true"));
    assert_eq!(denied, json!([]));
    assert_eq!(
        warned,
        json!(["net/x: leaves cen-1, which interrupts traffic", "net/x: shrinks from 20 to 10 Mbps"])
    );
    // A package that is bought small and then upgraded costs as much as a large one.
    let (denied, _) = judge(&declared("bandwidth: 10000"));
    assert_eq!(denied, json!(["adds 9980 Mbps at once, more than 500: 0 by purchases, 9980 by growth"]));
    let (denied, _) = judge(&declared("bandwidth: 20, cenId: cen-2"));
    assert_eq!(denied, json!(["the plan cannot be applied: see its held items and limits"]));
}

/// Returns three packages: one in sync, one to upgrade, one to buy.
fn mixed() -> (Lab, String) {
    let lab = Lab::new();
    lab.emulator.edit(|world| {
        world.packages = ["same", "grown"]
            .map(|name| {
                let id = format!("cenbwp-{name}");
                Package::new(&id, ["china", "europe"], 10).tagged("cenbwp", &format!("net/{name}"))
            })
            .to_vec();
    });
    let package = "areas: [China, Europe], autoPay: true, bandwidth";
    let spec = format!(
        "{{version: 1, stack: net, packages: {{same: {{{package}: 10}}, grown: {{{package}: 20}}, new: {{{package}: 5}}}}}}"
    );
    let plan = plan(&lab, &spec);
    (lab, plan)
}

#[test]
fn rule_written_for_terraform_judges_our_plan_unchanged() {
    let (_, plan) = mixed();
    let rule = |name: &str| says(&format!("terraform.blast_radius.{name}"), &plan);
    assert_eq!(rule("score"), json!(11));
    assert_eq!(rule("allow"), json!(true));
    assert_eq!(rule("created"), json!(["cen_bandwidth_package.net/new"]));
    assert_eq!(rule("grown"), json!(["cen_bandwidth_package.net/grown"]));
}

/// The line on GitLab's pages for Terraform's plans.
const GITLAB: &str = r#"([.resource_changes[]?.change.actions?]|flatten)|{"create":(map(select(.=="create"))|length),"update":(map(select(.=="update"))|length),"delete":(map(select(.=="delete"))|length)}"#;

#[test]
fn jq_line_of_gitlab_counts_our_plan_unchanged() {
    let (lab, plan) = mixed();
    lab.file("plan.json", &plan);
    let ran = lab.finish(lab.command("jq").args(["-r", GITLAB, "plan.json"]));
    let counted: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(counted, json!({ "create": 1, "update": 1, "delete": 0 }));
}

/// Returns the statements of a policy: the actions and resources that each allows.
fn statements(name: &str) -> BTreeMap<String, Value> {
    let policy: Value = serde_json::from_str(&policy(&format!("ram/{name}"))).expect("JSON");
    assert_eq!(policy["Version"], "1");
    let statements = policy["Statement"].as_array().expect("a list");
    let one = |statement: &Value| {
        assert_eq!(statement["Effect"], "Allow");
        (statement["Action"].as_str().expect("one action").to_owned(), statement["Resource"].clone())
    };
    let allowed: BTreeMap<String, Value> = statements.iter().map(one).collect();
    assert_eq!(allowed.len(), statements.len(), "{name}: one statement for each action");
    allowed
}

/// Returns the permissions that the requests so far needed, by RAM's names. GetCallerIdentity needs none, and
/// neither does a look at an endpoint, which names no action.
fn taken(lab: &Lab) -> BTreeSet<String> {
    let requests = lab.emulator.requests();
    let asked = requests.iter().map(|request| request.action.as_str());
    let signed = asked.filter(|action| !action.is_empty());
    let needed = signed.filter(|action| *action != "GetCallerIdentity").flat_map(|action| match action {
        // The vendor's pages of different years name different actions, so both are allowed.
        "QueryAvailableInstances" => vec!["bss:DescribeInstances", "bssapi:QueryAvailableInstances"],
        "SetRenewal" => vec!["bss:ModifyPrepaidInstanceAutoRenew", "bssapi:SetRenewal"],
        "GetTemplateEstimateCost" => vec!["ros:GetTemplateEstimateCost"],
        action => vec![action],
    });
    needed
        .map(|action| if action.contains(':') { action.to_owned() } else { format!("cen:{action}") })
        .collect()
}

#[test]
fn plan_role_may_do_what_the_commands_that_only_read_do_and_nothing_else() {
    let lab = Lab::new();
    lab.file("cenbwp.yaml", &declared("bandwidth: 10, autoRenew: true"));
    lab.emulator.edit(|world| {
        world.packages = vec![Package::new("cenbwp-1", ["china", "europe"], 10).tagged("cenbwp", "net/x")];
    });
    for arguments in
        ["plan --out plan.json", "plan --detailed-exitcode", "status --all", "export --all", "doctor"]
    {
        assert!([0, 2].contains(&lab.run(arguments).code), "{arguments}");
    }
    let allowed: BTreeSet<String> = statements("plan.json").into_keys().collect();
    assert_eq!(taken(&lab), allowed);
}

#[test]
fn apply_role_may_do_what_apply_does_and_nothing_else() {
    let lab = Lab::new();
    lab.emulator.edit(|world| {
        world.cens = vec![Cen::new("cen-1"), Cen::new("cen-2")];
        let mut postpaid =
            Package::new("cenbwp-old", ["china", "north-america"], 10).tagged("cenbwp", "net/old");
        postpaid.charge_type = "POSTPAY".into();
        world.packages = vec![postpaid];
    });
    let old = "areas: [China, North-America], bandwidth: 10, chargeType: POSTPAY, manage: retire";
    let changed =
        "bandwidth: 20, name: new, description: text, cenId: cen-1, resourceGroupId: rg-2, autoRenew: true";
    for spec in [
        declared("bandwidth: 10").replace("packages: {", &format!("packages: {{old: {{{old}}}, ")),
        declared(changed).replace("team: a", "team: b"),
        declared(&format!("{changed}, allowInterruption: true"))
            .replace("cen-1", "cen-2")
            .replace("team: a", "team: null"),
    ] {
        lab.file("cenbwp.yaml", &spec);
        let ran = lab.run("apply --auto-approve --price");
        assert_eq!(ran.code, 0, "{spec}\n{}{}", ran.stdout, ran.stderr);
    }
    let allowed: BTreeSet<String> = statements("apply.json").into_keys().collect();
    assert_eq!(taken(&lab), allowed);
    let reads = statements("plan.json");
    assert!(reads.iter().all(|(action, resource)| statements("apply.json").get(action) == Some(resource)));
}

/// Returns the principals that a role trusts: the provider, and the subjects.
pub(crate) fn trusted(name: &str) -> (String, Value) {
    let policy: Value = serde_json::from_str(&policy(&format!("ram/{name}"))).expect("JSON");
    let [statement] = &policy["Statement"].as_array().expect("a list")[..] else {
        panic!("{name}: one statement")
    };
    assert_eq!(statement["Action"], "sts:AssumeRole");
    let condition = &statement["Condition"];
    let exact = &condition["StringEquals"];
    assert_eq!(exact["oidc:aud"], "sts.aliyuncs.com", "{name}");
    assert!(exact["oidc:iss"].as_str().is_some_and(|issuer| issuer.starts_with("https://")), "{name}");
    let provider = statement["Principal"]["Federated"][0].as_str().expect("a provider");
    let subjects = [exact, &condition["StringLike"]].map(|of| of["oidc:sub"].clone());
    let mut subjects = subjects.into_iter().filter(|subjects| !subjects.is_null());
    let subject = subjects.next().expect("whoever the provider knows is too many");
    (provider.to_owned(), subject)
}

#[test]
fn every_role_trusts_named_subjects_and_that_of_apply_only_exact_ones() {
    for name in [
        "trust-github-apply.json",
        "trust-gitlab-apply.json",
        "trust-kubernetes-plan.json",
        "trust-kubernetes-apply.json",
    ] {
        let subjects = trusted(name).1;
        assert!(!subjects.to_string().contains('*'), "{name}: {subjects}");
    }
    for platform in ["github", "gitlab", "kubernetes"] {
        let (plan, apply) = (
            trusted(&format!("trust-{platform}-plan.json")),
            trusted(&format!("trust-{platform}-apply.json")),
        );
        assert_eq!(plan.0, apply.0, "one provider");
        assert_ne!(plan.1, apply.1, "a pull request must not get the role that buys");
    }
}
