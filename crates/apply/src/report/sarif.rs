//! SARIF 2.1.0: errors and warnings for code scanning.

use std::collections::BTreeMap;

use cenbwp_spec::{Explanation, Place, Severity};
use data_encoding::HEXLOWER;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::issue::{Issue, issues};
use super::run::{Run, Spot};
use super::several;

/// The characters that are percent-encoded in the path of a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');

pub(super) fn text(run: &Run<'_>) -> String {
    log(run, &[(*run, issues(run))])
}

/// Returns the results of several plans, as those of one run: code scanning takes only one of each tool.
pub(super) fn several(run: &Run<'_>) -> String {
    let mut runs: Vec<_> = several::runs(run).map(|(_, alone)| (alone, issues(&alone))).collect();
    if let Some((_, issues)) = runs.last_mut() {
        issues.extend(several::twice(run));
    }
    log(run, &runs)
}

/// Returns the log of a run that shows these.
fn log<'a>(run: &Run<'_>, shown: &[(Run<'a>, Vec<Issue<'a>>)]) -> String {
    let mut seen = BTreeMap::new();
    let results: Vec<Value> =
        shown.iter().flat_map(|(run, issues)| results(run, issues, &mut seen)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "cenbwp",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules(shown.iter().flat_map(|(_, issues)| issues)),
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation(run, shown.iter().map(|(run, _)| run))],
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

/// Returns every rule that a result names, once.
fn rules<'i, 'a: 'i>(issues: impl Iterator<Item = &'i Issue<'a>>) -> Vec<Value> {
    let by_id: BTreeMap<&str, &Explanation> = issues.map(|issue| (issue.rule.name, issue.rule)).collect();
    let rule = |rule: &Explanation| {
        let Explanation { name, title, text, example: _ } = rule;
        json!({ "id": name, "shortDescription": { "text": title }, "fullDescription": { "text": text } })
    };
    by_id.values().map(|it| rule(it)).collect()
}

/// Returns the results. One without a place, such as a limit, is shown at the start of the first file,
/// because code scanning drops results without a location.
fn results(run: &Run<'_>, issues: &[Issue<'_>], seen: &mut BTreeMap<String, usize>) -> Vec<Value> {
    let start = Place { line: 1, column: 1, ..Place::default() };
    let start = run.spot(&start);
    issues.iter().map(|issue| result(issue, start.as_ref(), seen)).collect()
}

fn result(issue: &Issue<'_>, start: Option<&Spot<'_>>, seen: &mut BTreeMap<String, usize>) -> Value {
    let hint = issue.hint.as_ref().map(|hint| format!("\n{hint}")).unwrap_or_default();
    let mut result = json!({
        "ruleId": issue.rule.name,
        "level": match issue.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "message": { "text": format!("{}{hint}", issue.text()) },
        "partialFingerprints": { "cenbwp/v1": fingerprint(issue, seen) },
    });
    let mut location = json!({});
    if let Some(physical) = issue.spot.as_ref().or(start).and_then(physical) {
        location["physicalLocation"] = physical;
    }
    if let Some(address) = &issue.address {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": address, "kind": "resource" }]);
    }
    result["locations"] = json!([location]);
    result
}

/// Returns the location in a file; `None` for stdin, which no reader of the log can open.
fn physical(spot: &Spot<'_>) -> Option<Value> {
    let uri = utf8_percent_encode(spot.file.as_ref()?, PATH).to_string();
    Some(json!({
        "artifactLocation": { "uri": uri },
        "region": {
            "startLine": spot.line, "startColumn": spot.column, "endLine": spot.end_line, "endColumn": spot.end_column,
        },
    }))
}

/// Returns a fingerprint that stays the same when the issue's line moves: a hash of the rule, the file, and
/// the package or, without one, the text. Issues with equal hashes are numbered.
fn fingerprint(issue: &Issue<'_>, seen: &mut BTreeMap<String, usize>) -> String {
    let mut hash = Sha256::new();
    let address = issue.address.as_ref().map(ToString::to_string).unwrap_or_default();
    let file = issue.spot.as_ref().and_then(|spot| spot.file.as_deref()).unwrap_or_default();
    let found = match &issue.spot {
        Some(spot) if address.is_empty() => spot.text,
        _ => b"",
    };
    for part in [issue.rule.name.as_bytes(), address.as_bytes(), file.as_bytes(), found] {
        hash.update(part);
        hash.update([0]);
    }
    let print = HEXLOWER.encode(&hash.finalize()[..16]);
    let count = seen.entry(print.clone()).or_default();
    *count += 1;
    format!("{print}:{count}")
}

/// Returns the end of the run, so that the empty list of a failed run does not look like success.
fn invocation<'r, 'a: 'r>(run: &Run<'_>, shown: impl Iterator<Item = &'r Run<'a>> + Clone) -> Value {
    let mut invocation = json!({
        "executionSuccessful": shown.clone().all(Run::is_success),
        "exitCode": run.exit.code(),
        "exitCodeDescription": run.exit.to_string(),
    });
    let notification = |run: &Run<'_>| {
        let error = run.error()?.join("\n");
        let hint = run.next().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        Some(json!({ "level": "error", "message": { "text": format!("{error}{hint}") } }))
    };
    let notifications: Vec<Value> = shown.filter_map(notification).collect();
    if !notifications.is_empty() {
        invocation["toolExecutionNotifications"] = json!(notifications);
    }
    invocation
}
