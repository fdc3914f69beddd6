//! GitLab's Terraform report: the numbers that a merge request shows.
//!
//! GitLab reads three keys, and shows a report without them as one that failed to generate. A run that ended
//! before it had a plan writes such a report: three zeros would say that nothing is to be done.

use cenbwp_diff::{Change, Plan};
use serde_json::{Value, json};

use super::run::Run;
use super::several;

/// Returns the counts of a plan, by the actions of its `resource_changes`.
pub(super) fn text(run: &Run<'_>) -> String {
    let counts = match run.plan() {
        Some(plan) => counts(&[plan]),
        None => json!({ "error": run.error().unwrap_or_default().join("\n"), "exit_code": run.exit.code() }),
    };
    format!("{counts}\n")
}

/// Returns the counts of several plans together; none if one cannot be read, because its counts are missing.
pub(super) fn several(run: &Run<'_>) -> String {
    let errors: Vec<String> = several::runs(run).filter_map(|(_, alone)| alone.error()).flatten().collect();
    let plans: Vec<&Plan> = several::plans(run).map(|planned| &planned.plan).collect();
    let counts = match errors.is_empty() {
        true => counts(&plans),
        false => json!({ "error": errors.join("\n"), "exit_code": run.exit.code() }),
    };
    format!("{counts}\n")
}

fn counts(plans: &[&Plan]) -> Value {
    let changes = || plans.iter().flat_map(|plan| &plan.changes);
    let count = |wanted: fn(&Change) -> bool| changes().filter(|it| wanted(it)).count();
    json!({
        "create": count(|change| matches!(change, Change::Purchase(_))),
        "update": count(|change| matches!(change, Change::Update(_) | Change::Adopt(_) | Change::Move(_))),
        "delete": count(|change| matches!(change, Change::Retire(_))),
    })
}
