//! `cenbwp apply`: carries out a plan. The only command that spends.
//!
//! ```text
//! spec ─▶ look ─▶ plan ─▶ show ─▶ approve ─┐                  if a person was asked
//!                                          ├─▶ look and plan again ─▶ execute ─▶ report
//! saved plan ─▶ still the same spec? ──────┘                  every time
//! ```

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cenbwp_diff::Options;

use super::connection::CloudArgs;
use super::help::Help;
use super::inputs::{self, Inputs, SpecArgs};
use super::planning::{self, Warned};
use super::process::{Process, on_runtime};
use super::progress::Progress;
use super::report_args::{ReportArgs, Stdout};
use super::scope::ScopeArgs;
use super::session::{self, Ended, Session};
use super::{approval, interrupt, leaving, saved};
use crate::cloud::{Cloud, Writer};
use crate::execute::{self, InFlight, Journal, Register, Settings};
use crate::exit::{Exit, Failure};
use crate::files::shown;
use crate::planned::Planned;
use crate::planned::digest::PlanDigest;
use crate::random::Random;
use crate::report::Commands;
use crate::report::event::Event;
use crate::report::outcomes::Applied;
use crate::situation::{Asks, Pairs, Situation};
use crate::stop::Stop;

/// Buy what is declared and missing, and change what differs
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A saved plan: it is applied as it was reviewed, or refused
    #[arg(value_name = "PLAN")]
    plan: Option<PathBuf>,
    /// Spec file, directory (every *.yaml and *.yml below it), or - for stdin; repeatable [default: cenbwp.yaml]. Beside
    /// PLAN: refuse it if it was made of other paths
    #[arg(short, long = "file", value_name = "PATH")]
    file: Vec<PathBuf>,
    #[command(flatten)]
    scope: ScopeArgs,
    /// Do not ask; needed when stdin or stdout is not a terminal
    #[arg(long)]
    auto_approve: bool,
    /// Do not ask, provided that the plan still has this digest. Beside PLAN: refuse it if it has another one
    #[arg(long, value_name = "sha256:HEX", conflicts_with = "auto_approve")]
    plan_digest: Option<PlanDigest>,
    /// Apply the saved plan without comparing it with the spec files on disk
    #[arg(long, requires = "plan")]
    without_spec: bool,
    /// Refuse a saved plan that is older
    #[arg(long, value_name = "TIME", requires = "plan", default_value = "24h", value_parser = super::values::duration)]
    plan_ttl: Duration,
    /// Have at most N requests that change something in flight at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    parallelism: u16,
    /// Do not wait until the listing shows each change
    #[arg(long, conflicts_with = "wait_timeout")]
    no_wait: bool,
    /// Longest wait until the listing shows each change
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = super::values::duration)]
    wait_timeout: Duration,
    /// Record intents and results in this file, each on disk before it counts
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    #[command(flatten)]
    reports: ReportArgs,
    #[command(flatten)]
    cloud: CloudArgs,
}

impl Args {
    /// The spec to plan from, if there is no saved plan.
    fn spec(&self) -> SpecArgs {
        let default = || vec![inputs::DEFAULT_FILE.into()];
        SpecArgs { file: if self.file.is_empty() { default() } else { self.file.clone() } }
    }

    /// The conditions that the saved plan must meet.
    fn expected(&self) -> saved::Expected<'_> {
        saved::Expected {
            plan: self.plan.as_deref().unwrap_or(Path::new("")),
            ttl: self.plan_ttl,
            scope: &self.scope,
            paths: &self.file,
            digest: self.plan_digest.as_ref(),
            same_spec: !self.without_spec,
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            parallelism: self.parallelism.into(),
            wait: !self.no_wait,
            wait_timeout: if self.no_wait { Duration::ZERO } else { self.wait_timeout },
            max_retries: self.cloud.max_retries,
        }
    }

    /// Returns an empty register of requests. A journal that cannot be opened ends the run before anything is
    /// sent.
    fn in_flight(&self) -> std::io::Result<InFlight> {
        let open = |path: &PathBuf| Journal::open(path, Random::system().nonce());
        let journal = self.journal.as_ref().map(open).transpose()?;
        Ok(Arc::new(Mutex::new(Register::recorded_in(journal))))
    }
}

pub(super) const HELP: Help = Help {
    description: "Plans, shows the plan, asks, and carries it out. A saved plan is carried out as it was reviewed: if the spec, the account or the \
        endpoint is another one by now, nothing is sent. A purchase is sent under a token that depends on stack, package and \
        generation only, so that a run that was killed can be repeated. Every run that may have sent something ends with a list of \
        results.",
    examples: &[
        ("Plan, ask and carry out", "cenbwp apply"),
        ("Carry out a saved plan", "cenbwp apply plan.json"),
        (
            "Carry out whatever is planned, without asking, and keep a journal",
            "cenbwp apply --auto-approve --journal apply.ndjson",
        ),
    ],
    exits: &[
        Exit::Done,
        Exit::Error,
        Exit::Invalid,
        Exit::Refused,
        Exit::Stale,
        Exit::Partial,
        Exit::Unknown,
        Exit::Interrupted,
    ],
    see_also: &["plan", "status", "explain"],
};

/// Plans, asks for approval, carries out the plan and reports the result.
pub(super) fn run(args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    session::run("apply", &args.reports, process, |session| on_runtime(apply(args, session)))
}

async fn apply(args: &Args, session: &Session<'_>) -> Result<Ended, Failure> {
    let start = start(args, session)?;
    let (account, commands) = match &start {
        Start::Saved(planned, commands) => (planned.situation.account.as_ref(), commands.clone()),
        Start::Spec(_) => (args.scope.selection.account.as_ref(), session.reports.commands.clone()),
    };
    let cloud = args.cloud.connect(account, session)?;
    // A saved plan and a digest name the account that was approved.
    if let (Start::Spec(Inputs { spec: Some(spec), .. }), true) = (&start, args.auto_approve) {
        let targets = args.scope.selection.of(spec)?;
        args.cloud.check_choice(session.environment, spec, targets.as_ref())?;
    }
    let in_flight = args.in_flight().map_err(Failure::with(Exit::Error))?;
    leaving::names(&in_flight);
    let stop = session.listen();

    let approving =
        async { approve(start, args, &cloud, session).await.map_err(|it| saved::named(it, &commands)) };
    let approved = interrupt::or_end(&stop, approving).await?;
    // Credentials that expire during the run are renewed then. If there are none now, fail before the first
    // change.
    let ready = async { cloud.ready().await.map_err(Failure::with(Exit::Error)) };
    interrupt::or_end(&stop, ready).await?;
    begin_journal(&approved, &in_flight, &cloud)?;
    let applied = execute(&approved, &cloud, (args, commands), &in_flight, &stop, session).await;
    Ok(Ended::Applied(Box::new(applied)))
}

/// The input of a run: a saved plan, or a spec.
enum Start {
    Saved(Arc<Planned>, Commands),
    Spec(Inputs),
}

/// Reads the input, and makes every check that needs no network.
fn start(args: &Args, session: &Session<'_>) -> Result<Start, Failure> {
    let reports = &session.reports;
    reports.writes("--journal", args.journal.as_deref())?;
    if let Some(path) = &args.plan {
        let planned = Arc::new(inputs::read_plan(path, reports)?);
        let commands = saved::commands(path, &args.expected(), &planned, &reports.commands);
        saved::check(&planned, &args.expected(), &commands)?;
        if !planned.plan.is_applyable() {
            reports.planned(&planned);
            planning::print_plan(&planned, session);
        }
        approval::check_applyable(&planned.plan, &commands)?;
        return Ok(Start::Saved(planned, commands));
    }
    if let Some(recording) = &args.scope.live_from {
        let message = format!("{}: a recording is not the cloud", shown(recording));
        return Err(Failure::new(Exit::Refused, message)
            .hint("plan --live-from shows what a recording would need; to buy, leave out `--live-from`"));
    }
    planning::read_valid_spec(&args.spec(), session).map(Start::Spec)
}

/// Lists the account, plans, shows the plan, and gets the approval.
async fn approve(
    start: Start,
    args: &Args,
    cloud: &Cloud,
    session: &Session<'_>,
) -> Result<Arc<Planned>, Failure> {
    let reports = &session.reports;
    let (planned, saved) = match start {
        Start::Saved(saved, _) => (saved, true),
        Start::Spec(inputs) => {
            let asks = Asks { pairs: Pairs::Ask, prices: args.scope.prices() };
            let warned = Warned { expiring_within: Duration::ZERO, asks };
            let planned = planning::prepare(inputs, &args.scope, warned, Some(cloud)).await?;
            (Arc::new(planned), false)
        }
    };
    reports.planned(&planned);
    if saved {
        let planned = plan_again(&planned, cloud).await?;
        planning::print_account(&planned.situation, session);
        reports.planned(&planned);
        planning::print_plan(&planned, session);
        return Ok(planned);
    }
    planning::print_account(&planned.situation, session);
    planning::print_plan(&planned, session);
    check_digest(args, &planned, &reports.commands)?;
    approval::check_applyable(&planned.plan, &reports.commands)?;
    if planned.plan.changes.is_empty() || args.auto_approve || args.plan_digest.is_some() {
        return Ok(planned);
    }
    approval::ask(session.output, &planned, &reports.commands).await?;
    let planned = plan_again(&planned, cloud).await?;
    reports.planned(&planned);
    Ok(planned)
}

/// Refuses a plan that is not the one whose digest was approved. A plan with nothing to do needs no approval.
fn check_digest(args: &Args, planned: &Planned, commands: &Commands) -> Result<(), Failure> {
    match &args.plan_digest {
        Some(approved) if !approved.is(planned.digest()) && !planned.plan.is_empty() => {
            let digest = planned.digest();
            Err(Failure::new(Exit::Stale, format_args!("the plan is {digest}, and {approved} was approved"))
                .hint(format!(
                    "nothing was sent; review the plan above, and approve it with `{} --plan-digest {digest}`",
                    commands.apply
                )))
        }
        _ => Ok(()),
    }
}

/// Lists the account and plans once more, because time has passed since the plan was made. What the purchases cost is
/// asked again where a limit depends on it; otherwise the plan shows what was approved.
async fn plan_again(approved: &Planned, cloud: &Cloud) -> Result<Arc<Planned>, Failure> {
    approved.check_endpoint(&cloud.endpoint().to_string())?;
    let mut situation = Situation::look(cloud).await?;
    situation.account.iter().try_for_each(|account| approved.check_account(account))?;
    let options = Options { now: cloud.clock().now(), ..approved.options.clone() };
    situation.read_renewals(cloud, &approved.spec, options.targets.as_ref()).await;
    situation.observed.prices.clone_from(&approved.situation.observed.prices);
    let asks = Asks::for_limits(approved.situation.observed.pairs.clone());
    let fresh = situation.plan(Some(cloud), &approved.spec, &options, asks).await?;
    let plan = approved.still_approved(&fresh)?;
    Ok(Arc::new(approved.rest(options, situation, plan)))
}

/// Records in the journal, if there is one, the account and the plan that is about to be carried out. Nothing
/// has been sent yet.
fn begin_journal(approved: &Planned, in_flight: &InFlight, cloud: &Cloud) -> Result<(), Failure> {
    let account = approved.situation.account.as_ref().expect("a live situation has an account");
    match in_flight.lock().expect("no holder panics").journal() {
        Some(journal) => {
            journal.begin(cloud.clock().now(), account, approved.digest()).map_err(Failure::with(Exit::Error))
        }
        None => Ok(()),
    }
}

/// Carries out the plan and lists what is left. From here on every run ends with a summary.
async fn execute(
    planned: &Planned,
    cloud: &Cloud,
    (args, commands): (&Args, Commands),
    in_flight: &InFlight,
    stop: &Stop,
    session: &Session<'_>,
) -> Applied {
    let Session { output, reports, .. } = session;
    let account = planned.situation.account.as_ref().expect("a live situation has an account");
    // Computed before anything is sent.
    planned.digest();
    let is_same_terminal = output.live && output.columns.is_some() && reports.stdout == Stdout::Human;
    let progress = Progress::new(output, cloud.clock(), planned.plan.changes.len(), is_same_terminal);
    let report = |event: execute::Event<'_>| match event {
        execute::Event::Start(intent) => reports.event(&Event::ChangeStart {
            address: &intent.identity,
            action: intent.action,
            id: intent.id.as_ref(),
            client_token: intent.client_token.as_ref(),
        }),
        execute::Event::Result(result) => {
            progress.result(result);
            reports.result(result);
        }
        execute::Event::Waiting { settled, all, longest } => {
            progress.show(settled, all, &longest);
            let (address, awaits) = (longest.identity, &*longest.awaits);
            reports.event(&Event::Progress { settled, all, address, awaits });
        }
    };
    #[expect(clippy::disallowed_methods, reason = "the one command that changes something")]
    let writer = Writer::new(cloud);
    let settings = args.settings();
    let session = execute::Session {
        cloud,
        writer: &writer,
        before: &planned.situation.observed,
        settings: &settings,
        in_flight,
        stop,
        report: &report,
    };
    let (results, last_look) = execute::run(&planned.plan, account, session).await;
    progress.clear();
    Applied::new(planned, results, last_look.as_ref(), stop.is_requested(), commands)
}
