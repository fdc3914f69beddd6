//! `cenbwp apply`: carries out a plan. The only command that spends.
//!
//! read ─▶ look ─▶ plan ─▶ show ─▶ approve ─▶ look again, if a person took their time ─▶ execute ─▶ tell

use std::sync::Arc;
use std::time::Duration;

use cenbwp_diff::{Change, Plan};
use tokio::sync::watch;

use super::Environment;
use super::connection::CloudArgs;
use super::inputs::SpecArgs;
use super::output::Output;
use super::plan::{self, Planned};
use super::progress::Progress;
use super::reports::{ReportArgs, Reports};
use super::scope::ScopeArgs;
use super::{approval, interrupt};
use crate::cloud::Cloud;
use crate::execute::{self, InFlight, Settings};
use crate::exit::{Exit, Failure};
use crate::report::document::{Document, Summary};
use crate::report::event::{self, Event, SummaryLine};
use crate::report::outcomes::Applied;
use crate::situation::Situation;

/// Buy what the spec declares and the cloud lacks
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    scope: ScopeArgs,
    /// Do not ask; needed when stdin or stdout is not a terminal
    #[arg(long)]
    auto_approve: bool,
    /// How many purchases may be in flight at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    parallelism: u16,
    /// Do not wait until the listing shows what was bought
    #[arg(long, conflicts_with = "wait_timeout")]
    no_wait: bool,
    /// How long to wait for that
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = super::values::duration)]
    wait_timeout: Duration,
    #[command(flatten)]
    reports: ReportArgs,
    #[command(flatten)]
    cloud: CloudArgs,
}

impl Args {
    fn settings(&self) -> Settings {
        Settings {
            parallelism: self.parallelism.into(),
            wait: !self.no_wait,
            wait_timeout: if self.no_wait { Duration::ZERO } else { self.wait_timeout },
            max_retries: self.cloud.max_retries,
        }
    }
}

/// Plans, asks, buys and tells.
pub(super) async fn run(
    args: &Args,
    environment: &Environment,
    output: &Arc<Output>,
) -> Result<Exit, Failure> {
    let reports = Reports::new(&args.reports, output)?;
    reports.event(&event::VERSION);
    match go(args, environment, output, &reports).await {
        Ok(applied) => {
            let exit = applied.exit();
            tell(&applied, output, &reports);
            super::end_events(&reports, None, summary(&applied));
            Ok(exit)
        }
        Err(failure) => {
            super::end_events(&reports, Some(&failure), plan::summary("apply", failure.exit, None));
            Err(failure)
        }
    }
}

async fn go(
    args: &Args,
    environment: &Environment,
    output: &Arc<Output>,
    reports: &Reports<'_>,
) -> Result<Applied, Failure> {
    let inputs = plan::usable(&args.spec, output, reports)?;
    if let Some(recording) = &args.scope.live_from {
        return Err(Failure::new(
            Exit::Refused,
            format_args!("{}: a recording is not the cloud", recording.display()),
        )
        .hint("apply without --live-from; plan --live-from shows what a recording would need"));
    }
    let cloud = args.cloud.connect(environment)?;
    let in_flight = InFlight::default();
    let interrupted =
        interrupt::listen(Arc::clone(output), Arc::clone(&in_flight)).map_err(Failure::with(Exit::Error))?;

    let preparing = plan::prepare(inputs, &args.scope, Duration::ZERO, Some(&cloud));
    let mut planned = interrupt::or_end(interrupted.clone(), preparing).await?;
    for event in event::of_plan(&planned.plan, &Document::new(&planned.material())) {
        reports.event(&event);
    }
    reports.human(&planned.text(output.color, output.width));
    check_applyable(&planned)?;
    if !planned.plan.changes.is_empty() && !args.auto_approve {
        interrupt::or_end(interrupted.clone(), approval::ask(output, &buys(&planned.plan))).await?;
        interrupt::or_end(interrupted.clone(), look_again(&mut planned, &cloud)).await?;
    }
    Ok(execute(&planned, &cloud, args, &in_flight, interrupted, output, reports).await)
}

/// Refuses a plan that holds or exceeds something.
fn check_applyable(planned: &Planned) -> Result<(), Failure> {
    let plan = &planned.plan;
    if let Some(breach) = plan.breaches.first() {
        return Err(Failure::new(Exit::Refused, breach.message()).hint(breach.hint()));
    }
    if plan.is_applyable() {
        return Ok(());
    }
    let held = plan.held.len();
    let are = if held == 1 { "change is" } else { "changes are" };
    Err(Failure::new(Exit::Refused, format_args!("{held} {are} held, so nothing is bought or changed"))
        .hint("follow the hints above, or go on without what is held: --skip-held"))
}

/// What the approval is about, in a sentence.
fn buys(plan: &Plan) -> String {
    let Summary { purchases, new_mbps, months, updates, .. } = Summary::of(plan);
    let packages = super::plural(purchases, "package");
    match (purchases, updates) {
        (0, _) => format!(
            "This plan buys nothing and shows {} that this version does not make.",
            super::plural(updates, "change")
        ),
        _ => format!(
            "This plan buys {packages}: {new_mbps} Mbps for {} in all.",
            super::plural(months, "month")
        ),
    }
}

/// Looks and plans once more after a person took their time. What was approved and is still needed is
/// kept, what is done by now is dropped; anything else was not approved.
async fn look_again(planned: &mut Planned, cloud: &Cloud) -> Result<(), Failure> {
    let mut options = planned.options.clone();
    options.now = cloud.clock().now();
    let mut situation = Situation::ask(cloud, &planned.spec).await?;
    let plan = situation.plan(Some(cloud), &planned.spec, &options).await?;
    let approved = |change: &Change| planned.plan.changes.contains(change);
    if situation.account != planned.situation.account
        || !plan.is_applyable()
        || !plan.changes.iter().all(approved)
    {
        let fresh = cenbwp_diff::render(&plan, &cenbwp_diff::Style::plain());
        let shown = planned.text(false, 100);
        let diff = similar::TextDiff::from_lines(&shown, &fresh)
            .unified_diff()
            .header("approved", "now")
            .to_string();
        return Err(Failure::new(
            Exit::Stale,
            format_args!("the world changed after the plan was shown\n{diff}"),
        )
        .hint("nothing was sent; run the same command again and review the new plan"));
    }
    (planned.situation, planned.plan, planned.options) = (situation, plan, options);
    Ok(())
}

/// Carries out the plan and looks at what is left. From here on every end is a summary.
async fn execute(
    planned: &Planned,
    cloud: &Cloud,
    args: &Args,
    in_flight: &InFlight,
    interrupted: watch::Receiver<bool>,
    output: &Output,
    reports: &Reports<'_>,
) -> Applied {
    let account = planned.situation.account.as_ref().expect("a live situation has an account");
    let progress = Progress::new(output, cloud.clock());
    let tell = |event: execute::Event<'_>| match event {
        execute::Event::Start { purchase, token } => reports.event(&Event::ChangeStart {
            address: purchase.identity.to_string(),
            action: "purchase",
            client_token: token,
        }),
        execute::Event::Result(result) => {
            progress.clear();
            output.story(&format!("{}: {}", result.identity, result.outcome.word()));
            reports.event(&Event::ChangeResult(result.into()));
        }
        execute::Event::Waiting { settled, all } => {
            progress.tell(settled, all);
            reports.event(&Event::Progress { settled, all });
        }
    };
    let (results, last_look) =
        execute::run(&planned.plan, account, cloud, &args.settings(), in_flight, interrupted.clone(), &tell)
            .await;
    progress.clear();
    let digest = Document::new(&planned.material()).digest;
    Applied::new(&planned.material(), digest, results, last_look.as_ref(), *interrupted.borrow())
}

/// Tells what was done in every form that was asked for. A report that cannot be written changes nothing
/// about what was bought, so it does not change the code.
fn tell(applied: &Applied, output: &Output, reports: &Reports<'_>) {
    if !applied.results.is_empty() {
        reports.human(&applied.text());
    }
    let document = format!("{:#}\n", applied.document());
    if let Err(error) = reports.deliver(&applied.text(), &document) {
        output.complain(&format!("{} {error:#}", output.label("error")));
    }
}

fn summary(applied: &Applied) -> SummaryLine {
    SummaryLine {
        command: "apply",
        counts: serde_json::json!(applied.counts()),
        new_mbps: applied.new_mbps(),
        digest: Some(applied.digest.clone()),
        applyable: Some(true),
        exit_code: applied.exit().code(),
        next: applied.next().map(str::to_owned),
    }
}
