//! `cenbwp status`: lists live packages with their owners, states and expiry times. Read-only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use serde_json::json;

use super::connection::CloudArgs;
use super::help::Help;
use super::inputs::{DEFAULT_FILE, Inputs, SpecArgs};
use super::planning::{self, Warned};
use super::process::{Process, on_runtime};
use super::report_args::{self, FormArgs, ReportArgs, ReportSpec, ReportSpecParser};
use super::scope::ScopeArgs;
use super::selection::SelectionArgs;
use super::session::{self, Ended, Session};
use crate::exit::{Exit, Failure};
use crate::planned::Planned;
use crate::report::StatusForm;
use crate::report::event::{Event, PackageLine};
use crate::situation::{Asks, Pairs, Prices};
use crate::status::{Layout, Status};

/// Show what is live, who owns it and when it expires
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Spec file, directory, or - for stdin; repeatable. Without it cenbwp.yaml is read if it exists;
    /// otherwise only the tags name the owners
    #[arg(short, long, value_name = "PATH")]
    file: Vec<PathBuf>,
    #[command(flatten)]
    selection: SelectionArgs,
    /// List the packages of others too
    #[arg(long, conflicts_with_all = ["target", "exclude", "account"])]
    all: bool,
    /// Look at recorded Describe replies instead of the cloud
    #[arg(long, value_name = "FILE")]
    live_from: Option<PathBuf>,
    /// Warn of packages that end within this time
    #[arg(long, value_name = "TIME", default_value = "14d", value_parser = super::values::duration)]
    expiring_within: Duration,
    /// End with 2 when something is due: a change, a held item, or an end within that time
    #[arg(long)]
    detailed_exitcode: bool,
    /// A table with every column that has values, or what --json prints
    #[arg(short, long, value_enum, value_name = "FORM")]
    output: Option<OutputForm>,
    /// Print events, one JSON object per line; the last is always the summary
    #[arg(long, conflicts_with = "output")]
    json: bool,
    #[arg(long, value_name = "FMT[=PATH]", value_parser = ReportSpecParser::<StatusForm>::new(), hide_possible_values = true, help = report_args::help::<StatusForm>())]
    report: Vec<ReportSpec>,
    #[command(flatten)]
    cloud: CloudArgs,
}

/// The form of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OutputForm {
    Wide,
    Json,
}

pub(super) const HELP: Help = Help {
    description: "Lists the packages of the account: the next to end first, each with its owner, its end and its state in the eyes of the spec. \
        Without a spec only the tags name the owners. It changes nothing.",
    examples: &[
        ("See the packages of this spec", "cenbwp status"),
        ("See every package of the account, with more columns", "cenbwp status --all -o wide"),
        (
            "End with 2 if a package ends within 60 days, or something is to be done",
            "cenbwp status --expiring-within 60d --detailed-exitcode",
        ),
        (
            "Write the ends as a calendar, and metrics for Prometheus",
            "cenbwp status --report ics=cen.ics --report openmetrics=cen.prom",
        ),
    ],
    exits: &[Exit::Done, Exit::Error, Exit::Pending, Exit::Invalid, Exit::Refused, Exit::Interrupted],
    see_also: &["plan"],
};

/// Shows the status: exit 0, or 2 with `--detailed-exitcode` when something is due.
pub(super) fn run(args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    let json = args.json || args.output == Some(OutputForm::Json);
    let is_taken = args.report.iter().any(|report| report.path.is_none() && !report.form.is_human());
    if is_taken && args.output == Some(OutputForm::Wide) {
        let message = "--output wide and --report without a path both want stdout";
        return Err(
            Failure::new(Exit::Invalid, message).hint("give the report a path: --report csv=status.csv")
        );
    }
    let asked = ReportArgs { json, files: FormArgs { report: args.report.clone() } };
    session::run("status", &asked, process, |session| on_runtime(show(args, session)))
}

async fn show(args: &Args, session: &Session<'_>) -> Result<Ended, Failure> {
    let Session { output, reports, .. } = session;
    reports.reads("--live-from", args.live_from.as_deref())?;
    let inputs = inputs(args, session)?;
    let (live_from, selection) = (args.live_from.clone(), args.selection.clone());
    let scope = ScopeArgs { live_from, selection, ..ScopeArgs::default() };
    // It shows nothing about a purchase.
    let asks = Asks { pairs: Pairs::Known(None), prices: Prices::Never };
    let warned = Warned { expiring_within: args.expiring_within, asks };
    let planned = planning::plan(inputs, &scope, warned, &args.cloud, session).await?;
    let planned = Arc::new(planned);
    reports.status(&planned, args.all);
    let status = Status::of(&planned, args.all);
    for row in &status.rows {
        reports.event(&Event::Package(PackageLine::from(row)));
    }
    let layout = match (args.output, output.columns) {
        (Some(OutputForm::Wide), _) => Layout::Wide,
        (_, Some(columns)) => Layout::Fitting(columns),
        (_, None) => Layout::Table,
    };
    reports.human(|| status.text(&output.style().palette, layout));
    if !planned.situation.observed.complete {
        output.complain("the recording is not whole; there may be more packages");
    }
    let counts: BTreeMap<_, _> = status.counts().into_iter().collect();
    Ok(Ended::Counted(exit(args, &planned, &status), json!(counts)))
}

/// Reads the spec. Returns an empty one if none is named and there is no default file.
fn inputs(args: &Args, session: &Session<'_>) -> Result<Inputs, Failure> {
    let file = match &args.file[..] {
        // A dangling link counts as a spec: one that cannot be read.
        [] if Path::new(DEFAULT_FILE).symlink_metadata().is_err() => {
            session.output.story("no spec: only tags tell who owns what; name one with -f PATH");
            return Ok(Inputs { spec: Some(Arc::default()), ..Inputs::default() });
        }
        [] => vec![PathBuf::from(DEFAULT_FILE)],
        files => files.to_vec(),
    };
    planning::read_valid_spec(&SpecArgs { file }, session)
}

fn exit(args: &Args, planned: &Planned, status: &Status<'_>) -> Exit {
    let due = !planned.plan.is_empty() || status.expiring() > 0;
    if args.detailed_exitcode && due { Exit::Pending } else { Exit::Done }
}
