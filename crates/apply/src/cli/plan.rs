//! `cenbwp plan`: shows what would change. Read-only.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use cenbwp_diff::NewMbps;
use cenbwp_spec::Severity;

use super::Environment;
use super::connection::CloudArgs;
use super::inputs::{Inputs, SpecArgs};
use super::output::Output;
use super::reports::{ReportArgs, Reports, Stdout};
use super::scope::ScopeArgs;
use super::{interrupt, validate};
use crate::clock::Clock;
use crate::cloud::Cloud;
use crate::exit::{Exit, Failure};
use crate::files::{self, shown};
use crate::planned::{Planned, SpecPath};
use crate::report::event::{self, Event, FindingLine, SummaryLine};
use crate::situation::Situation;

/// Show what would change, and change nothing
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    scope: ScopeArgs,
    /// Save the plan, for cenbwp apply FILE
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// End with 2 when something is to be done
    #[arg(long)]
    detailed_exitcode: bool,
    /// Warn of packages that end within this time
    #[arg(long, value_name = "TIME", default_value = "14d", value_parser = super::values::duration)]
    expiring_within: Duration,
    #[command(flatten)]
    reports: ReportArgs,
    #[command(flatten)]
    cloud: CloudArgs,
}

/// Plans: exit 0, or 2 with `--detailed-exitcode` when something is to be done.
pub(super) async fn run(
    args: &Args,
    environment: &Environment,
    output: &Arc<Output>,
) -> Result<Exit, Failure> {
    let reports = Reports::new("plan", &args.reports, environment, output)?;
    reports.event(&event::VERSION);
    let ended = reports.conclude(show(args, environment, output, &reports).await, |(exit, ..)| *exit);
    let summary = || match &ended {
        Ok((exit, planned)) => summary("plan", *exit, Some(planned)),
        Err(failure) => summary("plan", failure.exit, None),
    };
    super::ending::events(&reports, ended.as_ref().err(), summary);
    ended.map(|(exit, ..)| exit)
}

async fn show(
    args: &Args,
    environment: &Environment,
    output: &Arc<Output>,
    reports: &Arc<Reports>,
) -> Result<(Exit, Arc<Planned>), Failure> {
    reports.writes("--out", args.out.as_deref())?;
    reports.reads("--live-from", args.scope.live_from.as_deref())?;
    let inputs = usable(&args.spec, output, reports)?;
    let stop = interrupt::listen();
    reports.begin();
    let cloud = match &args.scope.live_from {
        Some(_) => None,
        None => Some(args.cloud.connect(environment, output, Some(reports))?),
    };
    let planning = prepare(inputs, &args.scope, args.expiring_within, cloud.as_ref());
    let planned = Arc::new(interrupt::or_end(&stop, planning).await?);
    introduce(&planned.situation, output, Some(reports));
    reports.planned(&planned);
    tell(&planned, output, reports);
    reports.human(|| planned.approved_by());
    if let Some(path) = &args.out {
        save(path, &planned, output)?;
    }
    let pending = args.detailed_exitcode && !planned.plan.is_empty();
    Ok((if pending { Exit::Pending } else { Exit::Done }, planned))
}

/// Prints a plan on stdout.
pub(super) fn tell(planned: &Planned, output: &Output, reports: &Reports) {
    if reports.stdout == Stdout::Events {
        event::of_plan(&planned.plan, &planned.situation.observed).for_each(|event| reports.event(&event));
    }
    reports.human(|| planned.text(output.color, output.width));
}

/// Prints the account and the credentials before the plan: the reader may have more than one account.
pub(super) fn introduce(situation: &Situation, output: &Output, reports: Option<&Reports>) {
    let Situation { account: Some(account), caller: Some(caller), .. } = situation else { return };
    output.story(&format!("account {account}, {}", cenbwp_diff::neutral(&caller.to_string())));
    if let Some(reports) = reports {
        reports.event(&Event::Credentials { account_id: account, credentials: caller });
    }
}

/// Saves a plan, also one that may not be applied: `show` can read it.
fn save(path: &Path, planned: &Planned, output: &Output) -> Result<(), Failure> {
    let document = planned.document();
    let text = document.to_text();
    if output.without_secrets(&text) != text {
        return Err(Failure::new(
            Exit::Error,
            format_args!(
                "{}: the listing echoes a secret of this run, so the plan was not saved",
                shown(path)
            ),
        )
        .hint("rename the package that carries it, and replace the secret"));
    }
    files::write_whole(path, &text, files::Readers::Owner, files::Before::Replaced)
        .with_context(|| format!("{}: the plan could not be saved", shown(path)))
        .map_err(Failure::with(Exit::Error))?;
    output.story(&format!("saved {}, digest {}", shown(path), document.digest));
    let path = files::typed(path);
    output.story(&if document.applyable && planned.paths.contains(&SpecPath::Stream) {
        format!(
            "its spec cannot be read again, so apply cannot compare it: cenbwp apply {path} --without-spec"
        )
    } else if document.applyable {
        format!("to apply exactly this plan: cenbwp apply {path}")
    } else {
        format!("it cannot be applied as it is; cenbwp show {path} shows why")
    });
    Ok(())
}

/// Reads the spec, prints its findings, and fails with exit 3 if it has errors.
pub(super) fn usable(args: &SpecArgs, output: &Output, reports: &Reports) -> Result<Inputs, Failure> {
    let inputs = Inputs::read(args, reports)?;
    // A removed area matters only if a live package has it, so the plan itself warns of it.
    let told = |finding: &&cenbwp_spec::Finding| finding.code != cenbwp_spec::REMOVED_AREA;
    let findings: Vec<_> = inputs.findings.iter().filter(told).collect();
    reports.read(&inputs, findings.iter().copied().cloned().collect());
    for finding in &findings {
        reports.event(&Event::Finding(FindingLine::new(finding, &inputs.sources)));
    }
    if reports.stdout != Stdout::Events {
        output.draw(&validate::findings_text(&inputs, &findings, output.story_color, output.width));
    }
    match &inputs.spec {
        Some(_) => Ok(inputs),
        None => {
            let errors = super::plural(inputs.count(Severity::Error), "error");
            Err(Failure::new(Exit::Invalid, format_args!("the spec has {errors}; nothing was sent")))
        }
    }
}

/// Lists the account, or reads a recording of it, and plans.
pub(super) async fn prepare(
    mut inputs: Inputs,
    scope: &ScopeArgs,
    expiring_within: Duration,
    cloud: Option<&Cloud>,
) -> Result<Planned, Failure> {
    let spec = inputs.spec.take().expect("a spec without findings of severity error is there");
    let now = cloud.map_or(Clock::System.now(), |cloud| cloud.clock().now());
    let options = scope.options(&spec, now, expiring_within)?;
    let mut situation = match (cloud, &scope.live_from) {
        (Some(cloud), _) => Situation::ask(cloud, &spec).await?,
        (None, Some(path)) => Situation::replay(path)?,
        (None, None) => unreachable!("a run without a recording has a client"),
    };
    let plan = situation.plan(cloud, &spec, &options).await?;
    Ok(Planned::new(inputs.sources, spec, options, situation, plan).read_from(inputs.paths))
}

/// Returns the last event of a run; `planned` is `None` if the run ended before it had a plan.
pub(super) fn summary(command: &'static str, exit: Exit, planned: Option<&Planned>) -> SummaryLine {
    let (counts, mbps) = planned
        .map_or((serde_json::json!({}), NewMbps::default()), |planned| event::plan_counts(&planned.plan));
    let next = planned.filter(|planned| !planned.plan.is_empty() && planned.is_applyable());
    SummaryLine {
        command,
        counts,
        mbps,
        digest: planned.map(|planned| planned.digest().to_owned()),
        applyable: planned.map(Planned::is_applyable),
        exit_code: exit.code(),
        next: next.map(|_| "cenbwp apply".to_owned()),
    }
}
