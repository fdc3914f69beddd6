//! The schema for editors and the parser agree on every document.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]

mod common;

use std::collections::BTreeSet;

use cenbwp_spec::{Severity, Source, parse, schema};
use common::{cases, source};

/// Rules about the text of YAML. Readers refuse it by themselves or understand it differently, so a schema
/// never sees it.
const NOT_SEEN: [&str; 13] = [
    "E0101", "E0102", "E0103", "E0104", "E0105", "E0107", "E0108", "E0109", "E0110", "E0203", "E0205",
    "E0206", "E0207",
];

/// Rules across fields, packages and documents, which a schema of one document cannot express.
const ACROSS: [&str; 10] =
    ["E0401", "E0402", "E0403", "E0404", "E0405", "E0406", "E0407", "E0408", "E0409", "E0410"];

#[test]
fn schema_and_parser_agree_on_every_case() {
    let validator = jsonschema::draft7::new(&schema()).unwrap();
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

#[test]
fn the_schema_is_a_schema_and_describes_every_field() {
    let schema = schema();
    assert!(jsonschema::draft7::meta::is_valid(&schema));
    let properties = |path: &str| schema.pointer(path).unwrap().as_object().unwrap();
    for path in [
        "/properties",
        "/properties/defaults/properties",
        "/properties/limits/properties",
        "/definitions/package/properties",
    ] {
        for (name, field) in properties(path) {
            let target = field["$ref"].as_str().map(|target| schema.pointer(&target[1..]).unwrap());
            let described = target.unwrap_or(field)["description"].is_string();
            assert!(described || name == "packages", "{path}/{name}");
        }
    }
}
