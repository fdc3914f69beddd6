//! `cenbwp plan`: shows what would change. Read-only.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::connection::CloudArgs;
use super::help::Help;
use super::inputs::SpecArgs;
use super::output::Output;
use super::planning::{self, Warned};
use super::process::{Process, on_runtime};
use super::report_args::ReportArgs;
use super::scope::ScopeArgs;
use super::session::{self, Ended, Session};
use super::values;
use crate::exit::{Exit, Failure};
use crate::files::{self, shown};
use crate::planned::{Planned, SpecPath};
use crate::situation::{Asks, Pairs};

/// Show what would change, and change nothing
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    scope: ScopeArgs,
    /// Save the plan, for cenbwp apply FILE
    #[arg(short, long, value_name = "FILE", value_parser = values::file_to_write)]
    out: Option<PathBuf>,
    /// End with 2 when something is to be done
    #[arg(long)]
    detailed_exitcode: bool,
    /// Warn of packages that end within this time
    #[arg(long, value_name = "TIME", default_value = "14d", value_parser = values::duration)]
    expiring_within: Duration,
    #[command(flatten)]
    reports: ReportArgs,
    #[command(flatten)]
    cloud: CloudArgs,
}

pub(super) const HELP: Help = Help {
    description: "Lists every package of the account, compares it with the spec, and shows each change, with the purchases, the new bandwidth \
        and the months of all of them. It sends nothing that changes something. A change is held where the listing leaves a doubt: \
        each held item says why, and what to write in the spec.",
    examples: &[
        ("See what would change", "cenbwp plan"),
        ("Save the plan, to be reviewed and applied as it is", "cenbwp plan -o plan.json"),
        ("See what the purchases would cost", "cenbwp plan --price"),
        ("Write the comment for a pull request", "cenbwp plan --report markdown=plan.md"),
        ("End with 2 if something is to be done", "cenbwp plan --detailed-exitcode --quiet"),
    ],
    exits: &[Exit::Done, Exit::Error, Exit::Pending, Exit::Invalid, Exit::Refused, Exit::Interrupted],
    see_also: &["show", "apply", "explain"],
};

/// Plans: exit 0, or 2 with `--detailed-exitcode` when something is to be done.
pub(super) fn run(args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    session::run("plan", &args.reports, process, |session| on_runtime(show(args, session)))
}

async fn show(args: &Args, session: &Session<'_>) -> Result<Ended, Failure> {
    let Session { output, reports, .. } = session;
    reports.writes("--out", args.out.as_deref())?;
    reports.reads("--live-from", args.scope.live_from.as_deref())?;
    let inputs = planning::read_valid_spec(&args.spec, session)?;
    let asks = Asks { pairs: Pairs::Ask, prices: args.scope.prices() };
    let warned = Warned { expiring_within: args.expiring_within, asks };
    let planned = planning::plan(inputs, &args.scope, warned, &args.cloud, session).await?;
    let planned = Arc::new(planned);
    reports.planned(&planned);
    planning::print_plan(&planned, session);
    reports.human(|| lines(&planned.approved_by(), output));
    match &args.out {
        Some(path) => save(path, &planned, output)?,
        None => reports.human(|| lines(&next(&planned, &reports.commands.apply), output)),
    }
    let pending = args.detailed_exitcode && !planned.plan.is_empty();
    Ok(Ended::Planned(if pending { Exit::Pending } else { Exit::Done }, planned))
}

/// Returns a line, or nothing, so that it fits the terminal.
fn lines(line: &str, output: &Output) -> String {
    if line.is_empty() { String::new() } else { output.fitting(line.trim_end()) }
}

/// Returns the line with what to type next; empty if there is nothing to carry out, or if the spec came from a
/// stream, which ended with this run.
fn next(planned: &Planned, apply: &str) -> String {
    if planned.approved_by().is_empty() || planned.paths.contains(&SpecPath::Stream) {
        return String::new();
    }
    format!("Next: `{apply}` asks for approval and carries it out.\n")
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
    output.story(&format!("saved {}", shown(path)));
    let path = files::typed(path);
    output.story(&if document.applyable && planned.paths.contains(&SpecPath::Stream) {
        format!(
            "Next: `cenbwp apply {path} --without-spec`; its spec cannot be read again, so apply cannot compare it."
        )
    } else if document.applyable {
        format!("Next: `cenbwp apply {path}` carries out exactly this plan, without a question.")
    } else {
        format!("Next: `cenbwp show {path}` shows why it cannot be applied as it is.")
    });
    Ok(())
}
