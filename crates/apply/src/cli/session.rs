//! The frame of every command that reads a spec, a plan or the account: how its run begins and ends, for
//! events and for every form of report.

use std::sync::Arc;

use serde_json::Value;

use super::output::Output;
use super::process::Process;
use super::report_args::ReportArgs;
use super::reports::{End, Reports};
use super::{ending, interrupt, leaving};
use crate::cloud::Environment;
use crate::exit::{Exit, Failure};
use crate::planned::Planned;
use crate::report::event::{self, SummaryLine};
use crate::report::outcomes::Applied;
use crate::stop::Stop;

pub(super) struct Session<'a> {
    pub environment: &'a Environment,
    /// stdout and stderr.
    pub output: &'a Arc<Output>,
    pub reports: Arc<Reports>,
}

/// The result of a run that did its work.
pub(super) enum Ended {
    /// It counted something, by kind.
    Counted(Exit, Value),
    Planned(Exit, Arc<Planned>),
    /// It showed several plans.
    Several(Exit),
    /// It carried out a plan.
    Applied(Box<Applied>),
}

/// Runs a command: prints the first event, does the work, delivers the reports and prints the summary.
pub(super) fn run(
    command: &'static str,
    args: &ReportArgs,
    process: &Process<'_>,
    work: impl FnOnce(&Session<'_>) -> Result<Ended, Failure>,
) -> Result<Exit, Failure> {
    let Process { environment, output, ref commands, .. } = *process;
    let reports = Reports::new(command, args, environment, output, commands)?;
    leaving::sums_up_in(&reports);
    reports.event(&event::VERSION);
    let session = Session { environment, output, reports };
    let ended = work(&session);
    session.end(ended)
}

impl Session<'_> {
    /// Lets the first signal end the run in order from now on, and marks every report's file as begun.
    pub(super) fn listen(&self) -> Stop {
        let stop = interrupt::listen();
        self.reports.begin();
        stop
    }

    fn end(&self, ended: Result<Ended, Failure>) -> Result<Exit, Failure> {
        let Self { output, reports, .. } = self;
        if let Ok(Ended::Applied(applied)) = &ended {
            ending::applied(applied, output, reports);
            return Ok(applied.exit());
        }
        let end = ended.as_ref().map_or_else(End::from, |ended| End::of(ended.exit()));
        let ended = match (reports.deliver(end), ended) {
            // A report that cannot be written fails a run that changes nothing.
            (Err(error), Ok(_)) => Err(Failure::with(Exit::Error)(error)),
            (Err(error), Err(failure)) => {
                output.blame(&error);
                Err(failure)
            }
            (Ok(()), ended) => ended,
        };
        let exit = ended.as_ref().map_or_else(|failure| failure.exit, Ended::exit);
        let summary = || match &ended {
            Ok(ended) => ended.summary(reports),
            Err(failure) => ending::summary(reports.command, failure.exit),
        };
        reports.last(&ending::lines(reports, ended.as_ref().err(), summary), exit.code());
        ended.map(|_| exit)
    }
}

impl Ended {
    fn exit(&self) -> Exit {
        match self {
            Self::Counted(exit, _) | Self::Planned(exit, _) | Self::Several(exit) => *exit,
            Self::Applied(applied) => applied.exit(),
        }
    }

    fn summary(&self, reports: &Reports) -> SummaryLine {
        match self {
            Self::Counted(exit, counts) => {
                SummaryLine { counts: counts.clone(), ..ending::summary(reports.command, *exit) }
            }
            Self::Planned(exit, planned) => ending::of_plan(reports, *exit, planned),
            Self::Several(exit) => ending::of_several(reports, *exit),
            Self::Applied(applied) => ending::of_apply(applied),
        }
    }
}
