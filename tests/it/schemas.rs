//! Checks the tool's output for machines against the published schemas.

use cenbwp_tests::{Config, Package, Semantics};
use jsonschema::Validator;
use serde_json::Value;

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
    assert!(!validator.is_valid(&serde_json::json!({})));
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
