//! One JSON document: the plan document, the outcomes of an apply, or the findings of a spec. A run that
//! ended early adds the reason, under the same name in each.

use cenbwp_spec::Severity;
use serde_json::{Value, json};

use super::event::FindingLine;
use super::run::Run;
use crate::planned::{Planned, rows};

/// Returns the document as text, ending in a line feed.
pub(super) fn text(run: &Run<'_>) -> String {
    match (run.planned, run.failure) {
        (Some(planned), None) if run.applied.is_none() => planned.document().to_text(),
        _ => format!("{:#}\n", document(run)),
    }
}

fn document(run: &Run<'_>) -> Value {
    let mut document = match (run.command, run.applied) {
        (_, Some(applied)) => applied.document(),
        ("apply", None) => json!({
            "plan_digest": run.planned.map(Planned::digest),
            "outcomes": [],
            "summary": {
                "counts": {}, "new_mbps": 0, "purchase_mbps": 0, "upgrade_mbps": 0,
                "exit_code": run.exit.code(), "next": run.next(),
            },
        }),
        ("validate", None) => json!({ "valid": run.spec.is_some(), "summary": counts(run) }),
        (_, None) => json!({ "plan_digest": run.planned.map(Planned::digest) }),
    };
    if run.applied.is_none() {
        let line = |finding| FindingLine::new(finding, run.sources);
        document["findings"] = json!(run.findings.iter().map(line).collect::<Vec<_>>());
    }
    if let (Some(plan), Some(_)) = (run.plan(), run.failure) {
        document["held"] = plan.held.iter().map(rows::held).collect();
    }
    if let Some(error) = run.error() {
        document["error"] =
            json!({ "message": error.join("\n"), "hint": run.next(), "exit_code": run.exit.code() });
    }
    document
}

fn counts(run: &Run<'_>) -> Value {
    let count = |severity| run.findings.iter().filter(|finding| finding.severity == severity).count();
    json!({ "errors": count(Severity::Error), "warnings": count(Severity::Warning) })
}
