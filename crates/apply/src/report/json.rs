//! One JSON document: the plan document, the outcomes of an apply, the findings of a spec, or a status. A run that
//! ended early adds the reason, under the same name in each.

use std::collections::BTreeMap;

use cenbwp_spec::{AccountId, Severity, StackName};
use serde::Serialize;
use serde_json::{Value, json};

use super::event::{FindingLine, PackageLine};
use super::run::{Part, Run};
use super::several::{self, Figures};
use crate::planned::document::Document;
use crate::planned::{Planned, rows};
use crate::status::Status;

/// Returns the document as text, ending in a line feed.
pub(super) fn text(run: &Run<'_>) -> String {
    match (run.planned, run.failure) {
        (Some(planned), None) if run.applied.is_none() => planned.document().to_text(),
        _ => format!("{:#}\n", document(run)),
    }
}

/// A status as data.
#[derive(Serialize)]
struct StatusDocument<'a> {
    format_version: &'static str,
    account_id: Option<&'a AccountId>,
    /// True if the listing is known to be whole.
    complete: bool,
    /// The numbers of packages by state, those of others included.
    counts: BTreeMap<&'static str, usize>,
    packages: Vec<PackageLine<'a>>,
}

/// Returns the document of a status.
pub(super) fn status(run: &Run<'_>, status: &Status<'_>) -> String {
    let situation = run.planned.map(|planned| &planned.situation);
    let document = StatusDocument {
        format_version: FORMAT_VERSION,
        account_id: situation.and_then(|situation| situation.account.as_ref()),
        complete: situation.is_some_and(|situation| situation.observed.complete),
        counts: status.counts().into_iter().collect(),
        packages: status.rows.iter().map(PackageLine::from).collect(),
    };
    serde_json::to_string_pretty(&document).expect("every key is a string and no map fails") + "\n"
}

/// The version of the document of several plans, and of a status.
const FORMAT_VERSION: &str = "1.0";

/// Several plans as data.
#[derive(Serialize)]
struct Plans<'a> {
    format_version: &'static str,
    total: Total,
    plans: Vec<Plan<'a>>,
    /// The stacks that more than one plan is about, in words.
    warnings: Vec<String>,
}

/// The numbers of all plans together.
#[derive(Serialize)]
struct Total {
    plans: usize,
    unreadable: usize,
    applyable: bool,
    breaches: usize,
    #[serde(flatten)]
    summary: Value,
}

/// One of several plans: its document, or why it cannot be read.
#[derive(Serialize)]
struct Plan<'a> {
    file: &'a str,
    verdict: &'static str,
    account_id: Option<&'a AccountId>,
    stacks: Vec<Stack<'a>>,
    plan: Option<Document<'a>>,
    error: Option<Value>,
}

#[derive(Serialize)]
struct Stack<'a> {
    stack: &'a StackName,
    #[serde(flatten)]
    figures: Figures,
}

/// Returns the document of several plans.
pub(super) fn several(run: &Run<'_>) -> String {
    let plans = several::runs(run).map(|(part, alone)| plan(part, &alone)).collect();
    let warnings = several::twice(run).into_iter().map(|issue| issue.message).collect();
    let document = Plans { format_version: FORMAT_VERSION, total: total(run), plans, warnings };
    serde_json::to_string_pretty(&document).expect("every key is a string and no map fails") + "\n"
}

fn plan<'a>(part: &'a Part, alone: &Run<'a>) -> Plan<'a> {
    let stacks = several::rows_of(part).into_iter();
    let stacks = stacks.filter_map(|row| Some(Stack { stack: row.stack?, figures: row.figures }));
    Plan {
        file: &part.file,
        verdict: part.verdict().word(),
        account_id: part.account(),
        stacks: stacks.collect(),
        plan: alone.planned.map(Planned::document),
        error: error(alone),
    }
}

fn total(run: &Run<'_>) -> Total {
    let plans = || several::plans(run);
    Total {
        plans: run.parts.len(),
        unreadable: run.parts.len() - plans().count(),
        applyable: run.parts.iter().all(Part::is_applyable),
        breaches: plans().map(|planned| planned.plan.breaches.len()).sum(),
        summary: several::total(run),
    }
}

fn error(run: &Run<'_>) -> Option<Value> {
    let message = run.error()?.join("\n");
    Some(json!({ "message": message, "hint": run.next(), "exit_code": run.exit.code() }))
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
    if let Some(error) = error(run) {
        document["error"] = error;
    }
    document
}

fn counts(run: &Run<'_>) -> Value {
    let count = |severity| run.findings.iter().filter(|finding| finding.severity == severity).count();
    json!({ "errors": count(Severity::Error), "warnings": count(Severity::Warning) })
}
