//! The schema for editors and the parser agree on every document.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]

mod common;

use std::collections::BTreeSet;

use cenbwp_spec::{Area, SCHEMA, Severity, Source, parse};
use common::{cases, source};

/// Rules about the text of YAML. Readers refuse it by themselves or understand it differently, so a schema
/// never sees it.
const NOT_SEEN: [&str; 13] = [
    "E0101", "E0102", "E0103", "E0104", "E0105", "E0107", "E0108", "E0109", "E0110", "E0203", "E0205",
    "E0206", "E0207",
];

/// Rules across fields, packages and documents, which the schema leaves to the parser. It has one of them: a
/// value that neither a package nor the defaults give (E0404).
const ACROSS: [&str; 15] = [
    "E0401", "E0402", "E0403", "E0405", "E0406", "E0407", "E0408", "E0409", "E0410", "E0411", "E0412",
    "E0413", "E0420", "E0421", "E0422",
];

fn schema() -> serde_json::Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn validator() -> jsonschema::Validator {
    jsonschema::draft7::new(&schema()).unwrap()
}

#[test]
fn schema_and_parser_agree_on_every_case() {
    let validator = validator();
    let mut compared = 0;
    for case in cases("good").into_iter().chain(cases("bad")) {
        let Ok(text) = String::from_utf8(source(&case).bytes) else { continue };
        for document in text.trim_start_matches('\u{feff}').split("---\n") {
            // For the other reader an end mark alone is not a document.
            let document = document.trim_end_matches("...\n");
            let findings = parse(&[Source { name: String::new(), bytes: document.into() }]).findings;
            let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
            let errors: BTreeSet<&str> = errors.map(|finding| finding.code.as_str()).collect();
            if NOT_SEEN.iter().any(|code| errors.contains(code)) {
                continue;
            }
            let value: serde_json::Value = match yaml_serde::from_str(document) {
                Ok(value) => value,
                // `{{ name }}` without quotes is a mapping that is a key.
                Err(_) if errors.contains("E0311") => continue,
                Err(error) => panic!("{}: {error}\n{document}", case.display()),
            };
            if value.is_null() {
                continue;
            }
            let refused = errors.iter().any(|code| !ACROSS.contains(code));
            let by_schema: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            let place = case.display();
            assert_eq!(!by_schema.is_empty(), refused, "{place}: {errors:?}, {by_schema:?}\n{document}");
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
}

/// Every way to give and to leave out the fields that a purchase needs, and the fields that decide about them.
#[test]
fn schema_and_parser_agree_on_what_is_left_out() {
    let ways = |of: &str| {
        let mut ways = vec![String::new()];
        for field in [
            "bandwidth: 2",
            "autoPay: true",
            "chargeType: PREPAY|chargeType: POSTPAY",
            "manage: full|manage: observe",
        ] {
            let with = |way: &String| -> Vec<String> {
                field.split('|').map(|field| format!("{way}{field}, ")).collect()
            };
            ways = ways.iter().flat_map(|way| with(way).into_iter().chain([way.clone()])).collect();
        }
        ways.into_iter().map(|way| format!("{of}: {{{way}")).collect::<Vec<_>>()
    };
    let validator = validator();
    let mut refused = 0;
    let ways_of_defaults = ways("defaults").into_iter().map(|way| way + "}, ").chain([String::new()]);
    for defaults in ways_of_defaults {
        for package in ways("p") {
            let text = format!(
                "{{version: 1, stack: s, {defaults}packages: {{{package}areas: [China, Europe]}}}}}}"
            );
            let findings = parse(&[Source { name: String::new(), bytes: text.clone().into() }]).findings;
            let by_parser = findings.iter().any(|finding| {
                finding.severity == Severity::Error && !ACROSS.contains(&finding.code.as_str())
            });
            let document: serde_json::Value = yaml_serde::from_str(&text).unwrap();
            assert_eq!(!validator.is_valid(&document), by_parser, "{text}\n{findings:?}");
            refused += usize::from(by_parser);
        }
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn the_schema_is_a_schema_and_describes_every_field() {
    let schema = schema();
    assert!(jsonschema::draft7::meta::is_valid(&schema));
    let properties = |path: &str| schema.pointer(path).unwrap().as_object().unwrap();
    for path in [
        "/properties",
        "/definitions/defaults/properties",
        "/properties/limits/properties",
        "/definitions/package/properties",
    ] {
        for (name, field) in properties(path) {
            let target = field["$ref"].as_str().map(|target| schema.pointer(&target[1..]).unwrap());
            let field = target.unwrap_or(field);
            assert_eq!(field["title"], *name, "{path}");
            let description = field["description"].as_str().unwrap_or_else(|| panic!("{path}/{name}"));
            // Without one type an editor does not know how to begin a value.
            assert!(!field["type"].is_null(), "{path}/{name}");
            let Some(default) = field.get("default") else { continue };
            let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
            assert!(description.contains(&format!("Default {default}.")), "{path}/{name}: {description}");
        }
    }
}

/// Every description of a value stands beside the value.
#[test]
fn every_word_of_a_list_is_described_if_one_is() {
    fn check(schema: &serde_json::Value) {
        if let Some(descriptions) = schema["enumDescriptions"].as_array() {
            assert_eq!(descriptions.len(), schema["enum"].as_array().unwrap().len(), "{schema}");
        }
        let below = schema.as_object().into_iter().flat_map(|members| members.values());
        below.chain(schema.as_array().into_iter().flatten()).for_each(check);
    }
    check(&schema());
}

/// Returns the spec of one package with these fields, too.
fn spec(fields: &str) -> serde_json::Value {
    let text = format!(
        "{{version: 1, stack: s, packages: {{p: {{areas: [China, Europe], bandwidth: 2, autoPay: true{fields}}}}}}}"
    );
    let parsed = parse(&[Source { name: String::new(), bytes: text.into() }]);
    serde_json::to_value(parsed.spec.unwrap_or_else(|| panic!("{:?}", parsed.findings))).unwrap()
}

#[test]
fn a_field_with_its_default_means_what_no_field_means() {
    let schema = schema();
    let mut seen = 0;
    for (name, field) in schema["definitions"].as_object().unwrap() {
        let Some(default) = field.get("default") else { continue };
        assert_eq!(spec(&format!(", {name}: {default}")), spec(""), "{name}");
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn an_editor_warns_of_the_areas_that_the_parser_warns_of() {
    let schema = schema();
    let rules = schema["definitions"]["area"]["allOf"].as_array().unwrap();
    let matches = |rule: &serde_json::Value, area: &str| {
        jsonschema::draft7::new(&rule["if"]).unwrap().is_valid(&serde_json::Value::from(area))
    };
    let known = |area: &str| Area::KNOWN.iter().any(|known| known.eq_ignore_ascii_case(area));
    let removed = |area: &str| Area::REMOVED.iter().any(|removed| removed.eq_ignore_ascii_case(area));
    let mut areas: Vec<String> = Area::KNOWN.iter().map(|area| (*area).to_owned()).collect();
    areas.extend(
        Area::KNOWN.iter().flat_map(|area| [area.to_lowercase(), area.to_uppercase(), format!("{area}s")]),
    );
    for area in areas {
        assert_eq!(matches(&rules[0], &area), known(&area), "{area}");
        assert_eq!(matches(&rules[1], &area), removed(&area), "{area}");
        assert!(
            rules[0]["else"]["deprecationMessage"].is_string()
                && rules[1]["then"]["deprecationMessage"].is_string()
        );
        // A warning refuses nothing.
        let document = serde_json::json!({
            "version": 1, "stack": "s",
            "packages": { "p": { "areas": [area, "China"], "bandwidth": 2, "autoPay": true } },
        });
        assert!(validator().is_valid(&document), "{area}");
    }
    let offered: Vec<&str> = schema["definitions"]["area"]["examples"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it.as_str())
        .collect();
    let sold: Vec<&str> = Area::KNOWN.into_iter().filter(|area| !Area::REMOVED.contains(area)).collect();
    assert_eq!(offered, sold);
}
