//! Checks the tool's output for machines against the published schemas.

use cenbwp_tests::{Config, Package, Semantics};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::{Lab, repository};

pub(crate) fn schema(name: &str) -> Validator {
    let path = repository().join("schemas").join(name);
    let text = std::fs::read_to_string(path).expect("the schema is there");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    jsonschema::draft7::new(&schema).expect("a schema")
}

#[track_caller]
fn check(validator: &Validator, value: &Value) {
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{value:#}");
}

/// Returns a world and a spec that fill every part of a plan.
fn telling() -> Lab {
    let semantics = Semantics { visible_after_listings: 2, ..Semantics::default() };
    let lab = Lab::with(Config { semantics, ..Config::default() });
    let ours = |id: &str, name: &str| Package::new(id, ["china", "europe"], 7).tagged("cenbwp", name);
    lab.emulator.edit(|world| {
        world.packages = vec![
            ours("cenbwp-same", "net/same"),
            ours("cenbwp-differs", "net/differs"),
            ours("cenbwp-gone", "net/undeclared"),
            ours("cenbwp-old", "net/again"),
            ours("cenbwp-go", "net/release"),
            Package::new("cenbwp-twin", ["china", "china"], 3),
            Package::new("cenbwp-free", ["europe", "europe"], 4),
            Package::new("cenbwp-other", ["north-america", "europe"], 4),
        ];
    });
    let spec = "
version: 1
stack: net
defaults: { autoPay: true }
packages:
  same: { areas: [China, Europe], bandwidth: 7, ignore: [name], name: another }
  differs: { areas: [China, Europe], bandwidth: 8, cenId: cen-1, description: new, tags: { a: b } }
  again: { areas: [China, Europe], bandwidth: 7, generation: 2 }
  held: { areas: [China, China], bandwidth: 3 }
  adopts: { areas: [Europe, Europe], bandwidth: 4, adopt: cenbwp-free }
  release: { areas: [China, Europe], bandwidth: 7, manage: release }
  fresh: { areas: [China, North-America], bandwidth: 2, cenId: cen-2, description: d }
";
    lab.file("cenbwp.yaml", spec);
    lab
}

#[test]
fn every_plan_document_fits_its_schema() {
    let validator = schema("plan.schema.json");
    let lab = telling();
    for arguments in ["plan", "plan --skip-held --max-purchases 1", "plan --target net/fresh"] {
        let ran = lab.run(&format!("{arguments} --report json"));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        check(&validator, &serde_json::from_str(&ran.stdout).expect("one document"));
    }
    let document: Value = serde_json::from_str(&lab.run("plan --report json").stdout).expect("one document");
    for part in ["resource_changes", "purchases", "updates", "held", "undeclared", "superseded", "warnings"] {
        assert!(document[part].as_array().is_some_and(|items| !items.is_empty()), "{part} is empty");
    }
    assert!(!validator.is_valid(&json!({})));
}

#[test]
fn every_other_document_fits_its_schema() {
    let validator = schema("report.schema.json");
    let lab = telling();
    let report = |arguments: &str, code: i32| {
        let ran = lab.run(&format!("{arguments} --report json"));
        assert_eq!(ran.code, code, "{}", ran.stderr);
        let document: Value = serde_json::from_str(&ran.stdout).expect("one document");
        check(&validator, &document);
        document
    };
    assert_eq!(report("validate", 0)["valid"], true);
    assert_eq!(report("apply --auto-approve", 4)["held"].as_array().map(Vec::len), Some(2));
    // Its CENs are not there.
    let outcomes = report("apply --auto-approve --skip-held", 6);
    assert!(outcomes["outcomes"].as_array().is_some_and(|all| all.len() > 3), "{outcomes:#}");
    lab.file("cenbwp.yaml", "{version: 1, stack: net, packages: {x: {bandwith: 1}}}");
    for command in ["validate", "plan", "apply --auto-approve"] {
        assert!(report(command, 3)["findings"].as_array().is_some_and(|all| !all.is_empty()));
    }
    assert!(!validator.is_valid(&json!({})));
    let version = serde_json::from_str(&lab.run("version --json").stdout).expect("one document");
    check(&schema("version.schema.json"), &version);
}

#[test]
fn every_event_fits_its_schema() {
    let validator = schema("events.schema.json");
    let mut seen = std::collections::BTreeSet::new();
    let mut stream = |lab: &Lab, arguments: &str| {
        let ran = lab.run(&format!("{arguments} --json"));
        for line in ran.stdout.lines() {
            let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            check(&validator, &event);
            seen.insert(event["type"].as_str().unwrap_or_default().to_owned());
        }
    };
    let lab = telling();
    stream(&lab, "validate");
    stream(&lab, "plan");
    stream(&lab, "status --all");
    stream(&lab, "apply --auto-approve");
    stream(&lab, "apply --auto-approve --skip-held");
    lab.file("cenbwp.yaml", "{version: 1, stack: net, packages: {x: {bandwith: 1}}}");
    stream(&lab, "validate");
    stream(&lab, "plan");
    stream(&lab, "plan --bogus");
    stream(&lab, "");
    let all = [
        "change",
        "change_result",
        "change_start",
        "credentials",
        "diagnostic",
        "finding",
        "held",
        "package",
        "progress",
        "summary",
        "superseded",
        "undeclared",
        "version",
    ];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), all);
}

/// Editors read the file, and the binary prints it.
#[test]
fn the_printed_schema_of_a_spec_is_the_published_one() {
    let printed = Lab::new().run("schema");
    let file = repository().join("schemas/spec.schema.json");
    assert_eq!(printed.stdout, std::fs::read_to_string(file).expect("the schema is there"));
}

/// Returns the events of this type.
fn events(lab: &Lab, arguments: &str, kind: &str) -> Vec<Value> {
    let ran = lab.run(arguments);
    let events = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    events.filter(|event| event["type"] == kind).collect()
}

#[test]
fn every_diagnostic_names_its_rule_and_one_about_a_package_its_address_and_line() {
    let lab = telling();
    let diagnostics = events(&lab, "plan --json --max-purchases 0", "diagnostic");
    let named = |code: &str| diagnostics.iter().find(|it| it["code"] == code).unwrap_or(&Value::Null);
    let ignored = named("ignored");
    assert_eq!(
        [&ignored["address"], &ignored["file"], &ignored["line"]],
        [&json!("net/same"), &json!("cenbwp.yaml"), &json!(6)]
    );
    let limit = named("limit_exceeded");
    assert_eq!([&limit["severity"], &limit["address"]], [&json!("error"), &Value::Null], "{diagnostics:?}");
    let held = events(&lab, "plan --json", "held");
    let places: Vec<_> = held.iter().map(|it| [&it["address"], &it["file"], &it["line"]]).collect();
    let place = [&json!("net/held"), &json!("cenbwp.yaml"), &json!(9)];
    assert!(places.contains(&place), "{places:?}");
    let stopped = events(&lab, "apply --json --auto-approve", "diagnostic");
    assert!(stopped.iter().any(|it| it["code"] == "4"), "{stopped:?}");
    for it in diagnostics.iter().chain(&stopped) {
        let code = it["code"].as_str().expect("a code");
        assert_eq!(lab.run(&format!("explain {code}")).code, 0, "{code}");
    }
}

#[test]
fn every_undeclared_and_superseded_package_has_an_event() {
    let lab = telling();
    for (kind, id) in [("undeclared", "cenbwp-gone"), ("superseded", "cenbwp-old")] {
        let events = events(&lab, "plan --json", kind);
        assert_eq!(events.iter().map(|it| &it["id"]).collect::<Vec<_>>(), [&json!(id)]);
    }
}
