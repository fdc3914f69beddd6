//! Every case file, with the spec or the findings that it gives.
//!
//! `good/NAME.yaml` gives the spec in `NAME.json`; `bad/NAME.yaml` gives none. `NAME.txt` has the findings,
//! if there are any. `SNAPSHOTS=overwrite` writes these files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]
#![allow(clippy::disallowed_methods, reason = "tests read their case files")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cenbwp_spec::{Parsed, RenderStyle, Source, codes, includes, parse, render};
use common::{cases, source};
use snapbox::{Assert, Data, assert::DEFAULT_ACTION_ENV, data::DataFormat};

/// A case as sources for the parser: the file, and those below the folder of cases that it includes.
fn sources(case: &Path) -> Vec<Source> {
    let mut sources = vec![source(case)];
    for name in includes(&sources) {
        if let Ok(bytes) = fs::read(case.with_file_name(&name)) {
            sources.push(Source { name, bytes });
        }
    }
    sources
}

fn check(case: &Path) -> Parsed {
    let sources = sources(case);
    let parsed = parse(&sources);
    let text = render(&parsed.findings, &sources, RenderStyle { colour: false, width: 120 });
    let json = parsed.spec.as_ref().map(|spec| serde_json::to_string_pretty(spec).unwrap() + "\n");
    expect((!text.is_empty()).then_some(text), &case.with_extension("txt"));
    expect(json, &case.with_extension("json"));
    parsed
}

/// Compares with a file. Without a file, expects nothing.
fn expect(actual: Option<String>, file: &Path) {
    match actual {
        Some(actual) => Assert::new()
            .action_env(DEFAULT_ACTION_ENV)
            .eq(Data::text(actual).raw(), Data::read_from(file, Some(DataFormat::Text)).raw()),
        None => assert!(!file.exists(), "nothing was found for {}", file.display()),
    }
}

#[test]
fn good_cases_are_read_as_expected() {
    for case in cases("good") {
        assert!(check(&case).spec.is_some(), "{}", case.display());
    }
}

#[test]
fn bad_cases_are_refused_as_expected() {
    for case in cases("bad") {
        assert!(check(&case).spec.is_none(), "{}", case.display());
    }
}

/// Codes whose cases are too large for a file; `hostile.rs` has them.
const BY_SIZE: [&str; 2] = ["E0106", "W0506"];

#[test]
fn every_code_is_explained_and_has_a_case() {
    let all = cases("good").into_iter().chain(cases("bad"));
    let produced: BTreeSet<&str> = all
        .flat_map(|case| parse(&sources(&case)).findings)
        .map(|finding| finding.code.as_str())
        .chain(BY_SIZE)
        .collect();
    let explained: BTreeSet<&str> = codes().map(|row| row.name).collect();
    assert_eq!(produced, explained);
}
