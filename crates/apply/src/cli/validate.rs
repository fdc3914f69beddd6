//! `cenbwp validate`: finds every mistake that can be found without the service. Offline.

use cenbwp_spec::Severity;
use serde_json::json;

use super::inputs::{Inputs, SpecArgs};
use super::process::Process;
use super::report_args::ReportArgs;
use super::session::{self, Ended, Session};
use crate::exit::{Exit, Failure};

/// Check spec files offline
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    reports: ReportArgs,
}

/// Checks the spec: exit 0, or 3 if it has errors.
pub(super) fn run(args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    session::run("validate", &args.reports, process, |session| check(args, session))
}

fn check(args: &Args, session: &Session<'_>) -> Result<Ended, Failure> {
    let Session { output, reports, .. } = session;
    let inputs = Inputs::read(&args.spec, reports)?;
    reports.read(&inputs.shown, inputs.spec.as_ref(), inputs.findings.clone());
    let text = inputs.text(&inputs.findings, output.color, output.width);
    reports.human(|| format!("{text}{}\n", reports.verdict()));
    let counts =
        json!({ "errors": inputs.count(Severity::Error), "warnings": inputs.count(Severity::Warning) });
    Ok(Ended::Counted(if inputs.spec.is_some() { Exit::Done } else { Exit::Invalid }, counts))
}
