//! What is told last: the end of the event stream, and what an apply did, wherever it ended.

use super::output::Output;
use super::reports::{Reports, Stdout};
use crate::exit::Failure;
use crate::report::event::{Event, SummaryLine};
use crate::report::outcomes::Applied;

/// Ends the event stream: why the run ended early, if it did, and the summary.
pub(super) fn events(reports: &Reports, failure: Option<&Failure>, summary: impl FnOnce() -> SummaryLine) {
    if reports.stdout != Stdout::Events {
        return;
    }
    if let Some(failure) = failure {
        let message = format!("{:#}", failure.error);
        reports.event(&Event::Diagnostic { severity: "error", message, hint: failure.hint.clone() });
    }
    reports.event(&Event::Summary(summary()));
}

/// Tells what was done in every form that was asked for. A report that cannot be written changes nothing
/// about what was bought, so it does not change the code.
pub(super) fn applied(applied: &Applied, output: &Output, reports: &Reports) {
    if !applied.results.is_empty() {
        reports.human(|| applied.text());
    }
    if let Err(error) = reports.deliver(applied.exit(), None, Some(applied)) {
        output.blame(&error);
    }
    events(reports, None, || SummaryLine {
        command: "apply",
        counts: serde_json::json!(applied.counts()),
        new_mbps: applied.new_mbps(),
        digest: Some(applied.digest.clone()),
        applyable: Some(true),
        exit_code: applied.exit().code(),
        next: applied.next().map(str::to_owned),
    });
}
