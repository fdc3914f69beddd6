//! `cenbwp validate`: everything that can be wrong without asking the cloud.

use cenbwp_spec::{Finding, Severity};
use serde_json::json;

use super::inputs::{Inputs, SpecArgs};
use super::output::Output;
use super::reports::{ReportArgs, Reports};
use crate::exit::{Exit, Failure};
use crate::report::event::{self, Event, FindingLine, SummaryLine};

/// Check spec files offline
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    reports: ReportArgs,
}

/// Checks the spec: exit 0, or 3 if it has errors.
pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let reports = Reports::new(&args.reports, output)?;
    reports.event(&event::VERSION);
    let ended = check(args, output, &reports);
    let (exit, counts) = match &ended {
        Ok((exit, inputs)) => (*exit, counts(inputs)),
        Err(failure) => (failure.exit, json!({})),
    };
    super::end_events(&reports, ended.as_ref().err(), summary(exit, counts));
    ended.map(|(exit, _)| exit)
}

fn check(args: &Args, output: &Output, reports: &Reports<'_>) -> Result<(Exit, Inputs), Failure> {
    let inputs = Inputs::read(&args.spec)?;
    for finding in &inputs.findings {
        reports.event(&Event::Finding(FindingLine::new(finding, &inputs.sources)));
    }
    let exit = if inputs.spec.is_some() { Exit::Done } else { Exit::Invalid };
    let text =
        |color| findings_text(&inputs, &inputs.findings.iter().collect::<Vec<_>>(), color, output.width);
    let verdict = verdict(&inputs);
    reports.human(&(text(output.color) + &verdict));
    let plain = text(false) + &verdict;
    reports.deliver(&plain, &document(&inputs)).map_err(Failure::with(Exit::Error))?;
    Ok((exit, inputs))
}

/// Findings as text, each with its source underlined and an empty line below.
pub(super) fn findings_text(inputs: &Inputs, findings: &[&Finding], color: bool, width: usize) -> String {
    let findings: Vec<Finding> = findings.iter().copied().cloned().collect();
    let style = cenbwp_spec::RenderStyle { colour: color, width };
    let text = cenbwp_spec::render(&findings, &inputs.sources, style);
    if text.is_empty() { text } else { text + "\n" }
}

fn verdict(inputs: &Inputs) -> String {
    let (errors, warnings) = (inputs.count(Severity::Error), inputs.count(Severity::Warning));
    let found = format!("{}, {}", super::plural(errors, "error"), super::plural(warnings, "warning"));
    match &inputs.spec {
        Some(spec) => {
            let packages = super::plural(spec.packages().count(), "package");
            format!(
                "The spec is valid: {packages} in {}, {found}.\n",
                super::plural(spec.stacks.len(), "stack")
            )
        }
        None => format!("The spec cannot be used: {found}. Run cenbwp explain CODE for more about one.\n"),
    }
}

fn counts(inputs: &Inputs) -> serde_json::Value {
    json!({ "errors": inputs.count(Severity::Error), "warnings": inputs.count(Severity::Warning) })
}

fn document(inputs: &Inputs) -> String {
    let findings: Vec<_> =
        inputs.findings.iter().map(|finding| FindingLine::new(finding, &inputs.sources)).collect();
    let document = json!({ "valid": inputs.spec.is_some(), "findings": findings, "summary": counts(inputs) });
    format!("{document:#}\n")
}

fn summary(exit: Exit, counts: serde_json::Value) -> SummaryLine {
    SummaryLine {
        command: "validate",
        counts,
        new_mbps: 0,
        digest: None,
        applyable: None,
        exit_code: exit.code(),
        next: None,
    }
}
