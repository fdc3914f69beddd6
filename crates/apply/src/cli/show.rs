//! `cenbwp show`: prints a saved plan in every form. Offline.

use std::path::PathBuf;
use std::sync::Arc;

use super::help::Help;
use super::planning;
use super::process::Process;
use super::report_args::ReportArgs;
use super::session::{self, Ended, Session};
use crate::clock;
use crate::exit::{Exit, Failure};
use crate::planned::SpecPath;

/// Show a saved plan
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The saved plan
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    #[command(flatten)]
    reports: ReportArgs,
}

pub(super) const HELP: Help = Help {
    description: "Prints a saved plan in any form, with its digest, the account that it was made for, and the time. It needs no credentials and \
        no network.",
    examples: &[
        ("Read a saved plan", "cenbwp show plan.json"),
        ("Make a page for a browser of it", "cenbwp show plan.json --report html=plan.html"),
    ],
    exits: &[Exit::Done, Exit::Error, Exit::Invalid],
    see_also: &["plan", "apply"],
};

/// Prints the plan, its digest, the account that it was made for, and when it was made.
pub(super) fn run(args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    session::run("show", &args.reports, process, |session| show(args, session))
}

fn show(args: &Args, session: &Session<'_>) -> Result<Ended, Failure> {
    let Session { reports, .. } = session;
    let planned = Arc::new(super::inputs::read_plan(&args.plan, reports)?);
    reports.planned(&planned);
    let made_for = match (&planned.situation.account, &planned.situation.endpoint) {
        (Some(account), Some(endpoint)) => {
            let caller = planned.situation.caller.as_ref().map(|caller| format!(", asked with {caller},"));
            let caller = caller.unwrap_or_default();
            format!("account {account}{} at {endpoint}", cenbwp_diff::neutral(&caller))
        }
        _ => "a recording".to_owned(),
    };
    planning::print_plan(&planned, session);
    let made = clock::for_people(planned.options.now);
    let paths = SpecPath::flags(&planned.paths);
    reports
        .human(|| format!("Digest {}\n\nMade for {made_for}, {made}.\nMade of {paths}.\n", planned.digest()));
    if !planned.is_applyable() {
        reports.human(|| "It cannot be applied as it is.\n".to_owned());
    }
    Ok(Ended::Planned(Exit::Done, planned))
}
