//! The end of every run: the event stream's last lines, and what an apply did.

use cenbwp_diff::NewMbps;
use serde_json::json;

use super::output::{self, Output};
use super::report_args::Stdout;
use super::reports::Reports;
use crate::cloud::Secrets;
use crate::exit::{Exit, Failure};
use crate::planned::Planned;
use crate::report::event::{self, DiagnosticLine, Event, PlaceLine, SummaryLine};
use crate::report::outcomes::Applied;

/// Returns the summary of a run that has counted nothing.
pub(super) fn summary(command: &str, exit: Exit) -> SummaryLine {
    SummaryLine {
        command: command.to_owned(),
        counts: json!({}),
        mbps: NewMbps::default(),
        price: None,
        digest: None,
        applyable: None,
        exit_code: exit.code(),
        next: None,
    }
}

pub(super) fn of_plan(reports: &Reports, exit: Exit, planned: &Planned) -> SummaryLine {
    let (counts, mbps, price) = event::plan_counts(&planned.plan);
    let applyable = planned.is_applyable();
    let next = (applyable && !planned.plan.is_empty())
        .then(|| format!("{} --plan-digest {}", reports.commands.apply, planned.digest()));
    let (digest, applyable) = (Some(planned.digest().to_owned()), Some(applyable));
    SummaryLine { counts, mbps, price, digest, applyable, next, ..summary(reports.command, exit) }
}

pub(super) fn of_several(reports: &Reports, exit: Exit) -> SummaryLine {
    let (counts, mbps, price, applyable) = reports.totals();
    SummaryLine { counts, mbps, price, applyable: Some(applyable), ..summary(reports.command, exit) }
}

pub(super) fn of_apply(applied: &Applied) -> SummaryLine {
    SummaryLine {
        counts: json!(applied.counts()),
        mbps: applied.new_mbps(),
        price: applied.price.clone(),
        digest: Some(applied.digest.clone()),
        applyable: Some(true),
        next: applied.next(),
        ..summary("apply", applied.exit())
    }
}

/// Returns the end of the event stream: why the run ended early, if it did, and the summary. Empty if stdout
/// is not for events.
pub(super) fn lines(
    reports: &Reports,
    failure: Option<&Failure>,
    summary: impl FnOnce() -> SummaryLine,
) -> String {
    match reports.stdout {
        Stdout::Events => {
            failure.map_or_else(String::new, |failure| diagnostic(failure, reports.secrets()))
                + &output::line(&Event::Summary(summary()))
        }
        Stdout::Human | Stdout::Report(_) => String::new(),
    }
}

/// Returns the reason why a run ended early, as a line of the event stream.
pub(super) fn diagnostic(failure: &Failure, secrets: &Secrets) -> String {
    let failure = failure.without(secrets);
    output::line(&Event::Diagnostic(DiagnosticLine {
        severity: "error",
        code: failure.exit.rule().name,
        address: None,
        message: format!("{:#}", failure.error),
        hint: failure.hint,
        place: PlaceLine::default(),
    }))
}

/// Reports what was done, in every requested form. A report that cannot be written changes nothing about what
/// was bought, so it does not change the code.
pub(super) fn applied(applied: &Applied, output: &Output, reports: &Reports) {
    let code = applied.exit().code();
    if reports.stdout == Stdout::Human && applied.is_told() {
        reports.last(&output.harmless(&applied.text(&output.style())), code);
    }
    if let Err(error) = reports.deliver(applied.into()) {
        output.blame(&error);
    }
    reports.last(&lines(reports, None, || of_apply(applied)), code);
}
