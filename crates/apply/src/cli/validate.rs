//! `cenbwp validate`: finds every mistake that can be found without the service. Offline.

use std::sync::Arc;

use cenbwp_diff::NewMbps;
use cenbwp_spec::{Finding, Severity};
use serde_json::json;

use super::Environment;
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
pub(super) fn run(args: &Args, environment: &Environment, output: &Arc<Output>) -> Result<Exit, Failure> {
    let reports = Reports::new("validate", &args.reports, environment, output)?;
    reports.event(&event::VERSION);
    let ended = reports.conclude(check(args, output, &reports), |(exit, _)| *exit);
    let (exit, counts) = match &ended {
        Ok((exit, counts)) => (*exit, counts.clone()),
        Err(failure) => (failure.exit, json!({})),
    };
    super::ending::events(&reports, ended.as_ref().err(), || summary(exit, counts));
    ended.map(|(exit, _)| exit)
}

fn check(args: &Args, output: &Output, reports: &Reports) -> Result<(Exit, serde_json::Value), Failure> {
    let inputs = Inputs::read(&args.spec, reports)?;
    for finding in &inputs.findings {
        reports.event(&Event::Finding(FindingLine::new(finding, &inputs.sources)));
    }
    reports.read(&inputs, inputs.findings.clone());
    let findings: Vec<_> = inputs.findings.iter().collect();
    let text = findings_text(&inputs, &findings, output.color, output.width);
    reports.human(|| format!("{text}{}\n", reports.verdict()));
    let counts =
        json!({ "errors": inputs.count(Severity::Error), "warnings": inputs.count(Severity::Warning) });
    Ok((if inputs.spec.is_some() { Exit::Done } else { Exit::Invalid }, counts))
}

/// Returns findings as text, each with its source underlined and an empty line below.
pub(super) fn findings_text(inputs: &Inputs, findings: &[&Finding], color: bool, width: usize) -> String {
    let findings: Vec<Finding> = findings.iter().copied().cloned().collect();
    let style = cenbwp_spec::RenderStyle { colour: color, width };
    let text = cenbwp_spec::render(&findings, &inputs.shown, style);
    if text.is_empty() { text } else { text + "\n" }
}

fn summary(exit: Exit, counts: serde_json::Value) -> SummaryLine {
    SummaryLine {
        command: "validate",
        counts,
        mbps: NewMbps::default(),
        digest: None,
        applyable: None,
        exit_code: exit.code(),
        next: None,
    }
}
