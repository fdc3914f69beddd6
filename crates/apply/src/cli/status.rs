//! `cenbwp status`: lists live packages with their owners, states and expiry times. Read-only.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cenbwp_diff::{NewMbps, Palette};
use cenbwp_spec::Spec;

use super::Environment;
use super::connection::CloudArgs;
use super::inputs::{DEFAULT_FILE, Inputs, SpecArgs};
use super::output::Output;
use super::reports::{FormArgs, ReportArgs, Reports};
use super::scope::ScopeArgs;
use super::{interrupt, plan};
use crate::exit::{Exit, Failure};
use crate::planned::Planned;
use crate::report::event::{self, Event, PackageLine, SummaryLine};
use crate::status::Status;

/// Show what is live, who owns it and when it expires
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Spec file, directory, or - for stdin; repeatable. Without it cenbwp.yaml is read if it exists;
    /// otherwise only the tags name the owners
    #[arg(short, long, value_name = "PATH")]
    file: Vec<PathBuf>,
    /// List the packages of others too
    #[arg(long)]
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
    /// Print events, one JSON object per line; the last is always the summary
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    cloud: CloudArgs,
}

/// Shows the status: exit 0, or 2 with `--detailed-exitcode` when something is due.
pub(super) async fn run(
    args: &Args,
    environment: &Environment,
    output: &Arc<Output>,
) -> Result<Exit, Failure> {
    let asked = ReportArgs { json: args.json, files: FormArgs::default() };
    let reports = Reports::new("status", &asked, environment, output)?;
    reports.event(&event::VERSION);
    let ended = show(args, environment, output, &reports).await;
    let (exit, counts) = match &ended {
        Ok((exit, counts)) => (*exit, counts.clone()),
        Err(failure) => (failure.exit, serde_json::Map::new()),
    };
    let summary = SummaryLine {
        command: "status",
        counts: counts.into(),
        mbps: NewMbps::default(),
        digest: None,
        applyable: None,
        exit_code: exit.code(),
        next: None,
    };
    super::ending::events(&reports, ended.as_ref().err(), || summary);
    ended.map(|(exit, _)| exit)
}

type Counts = serde_json::Map<String, serde_json::Value>;

async fn show(
    args: &Args,
    environment: &Environment,
    output: &Arc<Output>,
    reports: &Arc<Reports>,
) -> Result<(Exit, Counts), Failure> {
    let inputs = inputs(args, output, reports)?;
    let stop = interrupt::listen();
    let cloud = match &args.live_from {
        Some(_) => None,
        None => Some(args.cloud.connect(environment, output, Some(reports))?),
    };
    let scope = ScopeArgs {
        target: Vec::new(),
        skip_held: false,
        live_from: args.live_from.clone(),
        max_purchases: None,
        max_new_mbps: None,
    };
    let planning = plan::prepare(inputs, &scope, args.expiring_within, cloud.as_ref());
    let planned = interrupt::or_end(&stop, planning).await?;
    plan::introduce(&planned.situation, output, Some(reports));
    let status = Status::of(&planned, args.all);
    for row in &status.rows {
        reports.event(&Event::Package(PackageLine::from(row)));
    }
    let palette = if output.color { Palette::coloured() } else { Palette::plain() };
    reports.human(|| status.text(&palette, output.columns));
    if !planned.situation.observed.complete {
        output.complain("the recording is not whole; there may be more packages");
    }
    let counts = status.counts().into_iter().map(|(word, count)| (word.to_owned(), count.into())).collect();
    Ok((exit(args, &planned, &status), counts))
}

/// Reads the spec. Returns an empty one if none is named and there is no default file.
fn inputs(args: &Args, output: &Output, reports: &Reports) -> Result<Inputs, Failure> {
    let file = match &args.file[..] {
        // A dangling link counts as a spec: one that cannot be read.
        [] if Path::new(DEFAULT_FILE).symlink_metadata().is_err() => {
            output.story("no spec: only tags tell who owns what; name one with -f PATH");
            let spec = Some(Arc::new(Spec::default()));
            let (sources, shown) = (Arc::default(), Arc::default());
            return Ok(Inputs { paths: Arc::default(), sources, shown, findings: Vec::new(), spec });
        }
        [] => vec![PathBuf::from(DEFAULT_FILE)],
        files => files.to_vec(),
    };
    plan::usable(&SpecArgs { file }, output, reports)
}

fn exit(args: &Args, planned: &Planned, status: &Status<'_>) -> Exit {
    let due = !planned.plan.is_empty() || status.is_expiring();
    if args.detailed_exitcode && due { Exit::Pending } else { Exit::Done }
}
