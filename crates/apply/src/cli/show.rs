//! `cenbwp show`: prints saved plans in every form, several as one report. Offline.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::help::Help;
use super::process::Process;
use super::report_args::{ReportArgs, Stdout};
use super::session::{self, Ended, Session};
use super::{ending, planning};
use crate::exit::{Exit, Failure};
use crate::files::shown;
use crate::report::{Part, several};

/// Show saved plans
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The saved plan; several are shown as one report
    #[arg(value_name = "PLAN", required = true)]
    plan: Vec<PathBuf>,
    #[command(flatten)]
    reports: ReportArgs,
}

pub(super) const HELP: Help = Help {
    description: "Prints a saved plan in any form, with its digest, the account that it was made for, and the time. Several plans become one \
        report: a row for each account and stack, the worst verdict first, one total, and then each plan. A file that cannot be read \
        is named, and hides no other. It needs no credentials and no network.",
    examples: &[
        ("Read a saved plan", "cenbwp show plan.json"),
        ("Make a page for a browser of it", "cenbwp show plan.json --report html=plan.html"),
        (
            "Write one comment on the plans of many stacks",
            "cenbwp show plans/*.json --report markdown=plans.md",
        ),
    ],
    exits: &[Exit::Done, Exit::Error, Exit::Invalid],
    see_also: &["plan", "apply"],
};

/// Prints the plans, their digests, the accounts that they were made for, and when they were made.
pub(super) fn run(args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    session::run("show", &args.reports, process, |session| match &args.plan[..] {
        [plan] => show(plan, session),
        plans => show_all(plans, session),
    })
}

fn show(plan: &Path, session: &Session<'_>) -> Result<Ended, Failure> {
    let Session { reports, .. } = session;
    let planned = Arc::new(super::inputs::read_plan(plan, reports)?);
    reports.planned(&planned);
    planning::print_plan(&planned, session);
    reports.human(|| planned.origin());
    Ok(Ended::Planned(Exit::Done, planned))
}

fn show_all(plans: &[PathBuf], session: &Session<'_>) -> Result<Ended, Failure> {
    let Session { output, reports, .. } = session;
    let part = |path: &PathBuf| {
        let plan = super::inputs::read_plan(path, reports);
        Part { file: shown(path), plan: plan.map_err(|failure| failure.without(reports.secrets())) }
    };
    let mut parts: Vec<Part> = plans.iter().map(part).collect();
    // An output that is one of the inputs ends the run, as with one plan.
    reports.reads("the plan", [])?;
    several::sort(&mut parts);
    let parts: Arc<[Part]> = parts.into();
    reports.several(&parts);
    for part in &*parts {
        match &part.plan {
            Ok(planned) => planning::print_events(&part.file, planned, session),
            Err(failure) => {
                if reports.stdout == Stdout::Events {
                    output.answer(&ending::diagnostic(failure, reports.secrets()));
                }
                output.fail(failure);
            }
        }
    }
    reports.human(|| reports.all_plans(&output.style()));
    Ok(Ended::Several(several::exit(&parts)))
}
