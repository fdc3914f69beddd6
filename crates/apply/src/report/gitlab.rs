//! GitLab's Terraform report: the numbers that a merge request shows.
//!
//! GitLab reads three keys, and shows a report without them as one that failed to generate. A run that ended
//! before it had a plan writes such a report: three zeros would say that nothing is to be done.

use cenbwp_diff::Change;
use serde_json::json;

use super::run::Run;

/// Returns the counts of a plan, by the actions of its `resource_changes`.
pub(super) fn text(run: &Run<'_>) -> String {
    let counts = match run.plan() {
        Some(plan) => {
            let count = |wanted: fn(&Change) -> bool| plan.changes.iter().filter(|it| wanted(it)).count();
            json!({
                "create": count(|change| matches!(change, Change::Purchase(_))),
                "update": count(|change| {
                    matches!(change, Change::Update(_) | Change::Adopt(_) | Change::Move(_))
                }),
                "delete": count(|change| matches!(change, Change::Retire(_))),
            })
        }
        None => json!({ "error": run.error().unwrap_or_default().join("\n"), "exit_code": run.exit.code() }),
    };
    format!("{counts}\n")
}
