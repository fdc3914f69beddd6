//! The end of every run: the event stream's last lines, and what an apply did.

use super::output::{self, Output};
use super::reports::{Reports, Stdout};
use crate::cloud::Secrets;
use crate::exit::Failure;
use crate::report::event::{Event, SummaryLine};
use crate::report::outcomes::Applied;

/// Ends the event stream: prints why the run ended early, if it did, and the summary.
pub(super) fn events(reports: &Reports, failure: Option<&Failure>, summary: impl FnOnce() -> SummaryLine) {
    let summary = summary();
    let code = summary.exit_code;
    reports.last(&lines(reports, failure, summary), code);
}

/// Returns the same as lines; empty if stdout is not for events.
pub(super) fn lines(reports: &Reports, failure: Option<&Failure>, summary: SummaryLine) -> String {
    match reports.stdout {
        Stdout::Events => {
            failure.map_or_else(String::new, |failure| diagnostic(failure, reports.secrets()))
                + &output::line(&Event::Summary(summary))
        }
        Stdout::Human | Stdout::Report(_) => String::new(),
    }
}

/// Returns the reason why a run ended early, as a line of the event stream.
pub(super) fn diagnostic(failure: &Failure, secrets: &Secrets) -> String {
    let failure = failure.without(secrets);
    let message = format!("{:#}", failure.error);
    output::line(&Event::Diagnostic { severity: "error", message, hint: failure.hint })
}

/// Reports what was done, in every requested form. A report that cannot be written changes nothing about what
/// was bought, so it does not change the code.
pub(super) fn applied(applied: &Applied, output: &Output, reports: &Reports) {
    let code = applied.exit().code();
    if reports.stdout == Stdout::Human && !applied.results.is_empty() {
        reports.last(&output.harmless(&applied.text()), code);
    }
    if let Err(error) = reports.deliver(applied.exit(), None, Some(applied)) {
        output.blame(&error);
    }
    reports.last(&lines_of(applied, reports), code);
}

/// Returns the last lines of the event stream of an apply; empty if stdout is not for events.
pub(super) fn lines_of(applied: &Applied, reports: &Reports) -> String {
    let summary = SummaryLine {
        command: "apply",
        counts: serde_json::json!(applied.counts()),
        mbps: applied.new_mbps(),
        digest: Some(applied.digest.clone()),
        applyable: Some(true),
        exit_code: applied.exit().code(),
        next: applied.next().map(str::to_owned),
    };
    lines(reports, None, summary)
}
