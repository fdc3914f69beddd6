//! `cenbwp validate`: finds every mistake that can be found without the service. Offline.

use cenbwp_spec::Severity;
use serde_json::json;

use super::help::Help;
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

pub(super) const HELP: Help = Help {
    description: "Reads every spec file, and names all errors and warnings of one run, each with its place. It needs no credentials and no \
        network. A spec without errors may still be refused by the service.",
    examples: &[
        ("Check cenbwp.yaml", "cenbwp validate"),
        ("Check every spec below a folder", "cenbwp validate -f cen"),
        ("Report to code scanning, too", "cenbwp validate --report sarif=cenbwp.sarif"),
    ],
    exits: &[Exit::Done, Exit::Error, Exit::Invalid],
    see_also: &["explain", "plan"],
};

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
