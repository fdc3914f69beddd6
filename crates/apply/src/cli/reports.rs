//! The reports of a run: the requested forms, and where each goes (stdout, a file, the job's summary).

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::Context;
use cenbwp_diff::{Cost, NewMbps, Style};
use cenbwp_spec::{Finding, Identity, Source, Spec};
use serde::Serialize;
use serde_json::Value;

use super::output::{self, Output};
use super::outputs::Outputs;
use super::report_args::{ReportArgs, ReportSpec, Stdout};
use crate::catalogue;
use crate::cloud::{Environment, Secrets};
use crate::execute::ChangeResult;
use crate::exit::{Exit, Failure};
use crate::files::{self, Before, Readers, shown};
use crate::planned::Planned;
use crate::report::event::{DiagnosticLine, Event, FindingLine, PlaceLine};
use crate::report::outcomes::Applied;
use crate::report::run::is_address;
use crate::report::{AnyForm, Commands, Folders, Form, Origin, Part, Run, several};

/// The requested reports, and what the run knows so far.
#[derive(Debug)]
pub(super) struct Reports {
    pub stdout: Stdout,
    pub command: &'static str,
    /// The command lines that go on from this one.
    pub commands: Commands,
    asked: Vec<ReportSpec>,
    output: Arc<Output>,
    /// The working directory.
    current: Option<PathBuf>,
    /// The root of the checkout.
    checkout: Option<PathBuf>,
    /// The file of the step's summary.
    step_summary: Option<PathBuf>,
    /// The commit that was checked out, and the page of the job.
    commit: Option<String>,
    job: Option<String>,
    outputs: Mutex<Outputs>,
    known: Mutex<Known>,
}

/// The end of a run, as reports tell it.
#[derive(Clone, Copy)]
pub(super) struct End<'a> {
    pub exit: Exit,
    /// The reason of an early end.
    pub failure: Option<&'a Failure>,
    /// The changes that it carried out.
    pub applied: Option<&'a Applied>,
}

impl End<'_> {
    /// Returns the end of a run that changed nothing and did not fail.
    pub(super) fn of(exit: Exit) -> Self {
        Self { exit, failure: None, applied: None }
    }
}

impl<'a> From<&'a Failure> for End<'a> {
    fn from(failure: &'a Failure) -> Self {
        Self { failure: Some(failure), ..Self::of(failure.exit) }
    }
}

impl<'a> From<&'a Applied> for End<'a> {
    fn from(applied: &'a Applied) -> Self {
        Self { applied: Some(applied), ..Self::of(applied.exit()) }
    }
}

/// The facts for a report, as far as the run has got.
#[derive(Clone, Debug, Default)]
struct Known {
    sources: Arc<[Source]>,
    findings: Vec<Finding>,
    spec: Option<Arc<Spec>>,
    planned: Option<Arc<Planned>>,
    /// True if the status lists the packages of others, too.
    all: bool,
    /// The plans, if there are several.
    parts: Arc<[Part]>,
    /// The changes whose result was printed.
    reported: BTreeSet<Identity>,
    warnings: Vec<String>,
}

impl Reports {
    /// Decides where each report goes.
    ///
    /// # Errors
    /// Exit 3 when two forms want stdout.
    pub(super) fn new(
        command: &'static str,
        args: &ReportArgs,
        environment: &Environment,
        output: &Arc<Output>,
        commands: &Commands,
    ) -> Result<Arc<Self>, Failure> {
        let stdout = args.stdout()?;
        let variable = |name: &str| environment.get(name).map(PathBuf::from);
        let step_summary = variable("GITHUB_STEP_SUMMARY");
        let mut outputs = Outputs::default();
        for report in &args.files.report {
            match (&report.path, &step_summary, report.form) {
                (Some(path), _, form) => outputs.writes(format!("--report {form}"), path),
                (None, Some(path), AnyForm::GITHUB) => outputs.writes("the step's summary".to_owned(), path),
                (None, ..) => {}
            }
        }
        Ok(Arc::new(Self {
            stdout,
            command,
            commands: commands.clone(),
            asked: args.files.report.clone(),
            output: Arc::clone(output),
            current: std::env::current_dir().ok(),
            // A runner's folder may be a link. The path of the working directory has links resolved.
            checkout: variable("GITHUB_WORKSPACE")
                .map(|checkout| std::fs::canonicalize(&checkout).unwrap_or(checkout)),
            step_summary,
            commit: set(environment, "GITHUB_SHA").or_else(|| set(environment, "CI_COMMIT_SHA")),
            job: job(environment),
            outputs: Mutex::new(outputs),
            known: Mutex::default(),
        }))
    }

    /// Writes into every file that the run has begun and not ended: a killed run writes no report, and an
    /// earlier run's report must not be taken for its own. A file that cannot be written is ignored here,
    /// because nothing is lost yet; the final report names it.
    ///
    /// Call this after the inputs were read, because a report may replace one.
    pub(super) fn begin(&self) {
        if self.outputs().clashes() {
            return;
        }
        let failure =
            Failure::new(Exit::Unknown, "it has begun; its end replaces this, unless it was killed")
                .hint("run the same command again; no purchase is made twice");
        let asked = self.asked.iter().filter_map(|report| Some((report.form, report.path.as_deref()?)));
        let known = Known::default();
        for (form, path) in asked.filter(|(_, path)| !files::is_stream(path)) {
            let _ = write_whole(path, &self.rendered(form, &self.run(&known, End::from(&failure))));
        }
    }

    /// Registers a file that the run writes besides its reports, and the flag that names it.
    ///
    /// # Errors
    /// Exit 3 when it is another output. Then no file is written.
    pub(super) fn writes(&self, flag: &str, path: Option<&Path>) -> Result<(), Failure> {
        path.into_iter().for_each(|path| self.outputs().writes(flag.to_owned(), path));
        self.outputs().check()
    }

    /// Registers files that the run reads, and the flag that names them. Call this after every output is
    /// registered.
    ///
    /// # Errors
    /// Exit 3 when one is an output. Then no file is written.
    pub(super) fn reads<'a>(
        &self,
        flag: &str,
        paths: impl IntoIterator<Item = &'a Path>,
    ) -> Result<(), Failure> {
        paths.into_iter().for_each(|path| self.outputs().reads(flag, path));
        self.outputs().check()
    }

    /// The secrets that no text may show.
    pub(super) fn secrets(&self) -> &Secrets {
        &self.output.input_secrets
    }

    /// Prints an event if stdout is for events.
    pub(super) fn event(&self, event: &impl Serialize) {
        if self.stdout == Stdout::Events {
            self.output.event(event);
        }
    }

    /// Keeps a warning about the run itself for the reports, and prints it if stdout is for events.
    pub(super) fn warn(&self, message: String) {
        self.event(&Event::Diagnostic(DiagnosticLine {
            severity: "warning",
            code: catalogue::OTHER_CREDENTIALS.name,
            address: None,
            message: message.clone(),
            hint: None,
            place: PlaceLine::default(),
        }));
        self.known().warnings.push(message);
    }

    /// Prints text if stdout is for people.
    pub(super) fn human(&self, text: impl FnOnce() -> String) {
        if self.stdout == Stdout::Human {
            self.output.tell(&text());
        }
    }

    /// Prints the result of a change if stdout is for events.
    pub(super) fn result(&self, result: &ChangeResult) {
        self.known().reported.insert(result.identity.clone());
        self.event(&Event::ChangeResult(result));
    }

    /// Returns the events of those results that were not printed yet, as lines.
    pub(super) fn unreported(&self, results: &[ChangeResult]) -> String {
        if self.stdout != Stdout::Events {
            return String::new();
        }
        let reported = self.known().reported.clone();
        let rest = results.iter().filter(|result| !reported.contains(&result.identity));
        rest.map(|result| output::line(&Event::ChangeResult(result))).collect()
    }

    /// Prints the summary of a run that ends with this code, unless it was printed already.
    pub(super) fn last(&self, text: &str, code: u8) {
        self.output.last(text, code);
    }

    /// Keeps the spec for the reports, and prints the findings if stdout is for events. `findings` are those
    /// that matter to the command, and `sources` are as they may be shown.
    pub(super) fn read(&self, sources: &Arc<[Source]>, spec: Option<&Arc<Spec>>, findings: Vec<Finding>) {
        for finding in &findings {
            self.event(&Event::Finding(FindingLine::new(finding, sources)));
        }
        let mut known = self.known();
        known.sources = Arc::clone(sources);
        known.spec = spec.cloned();
        known.findings = findings;
    }

    /// Keeps a plan for the reports; it replaces an earlier one.
    pub(super) fn planned(&self, planned: &Arc<Planned>) {
        let mut known = self.known();
        if known.sources.is_empty() {
            known.sources = Arc::clone(&planned.sources);
        }
        known.spec = Some(Arc::clone(&planned.spec));
        known.planned = Some(Arc::clone(planned));
    }

    /// Keeps what a status is made of for the reports; with `all`, it lists the packages of others, too.
    pub(super) fn status(&self, planned: &Arc<Planned>, all: bool) {
        self.planned(planned);
        self.known().all = all;
    }

    /// Keeps several plans for the reports, in the order in which they are shown.
    pub(super) fn several(&self, parts: &Arc<[Part]>) {
        self.known().parts = Arc::clone(parts);
    }

    /// Returns several plans as text.
    pub(super) fn all_plans(&self, style: &Style) -> String {
        several::text(&self.run(&self.known().clone(), End::of(Exit::Done)), style)
    }

    /// Returns the numbers of several plans together, the price of their purchases, and whether all can be applied.
    pub(super) fn totals(&self) -> (Value, NewMbps, Option<Cost>, bool) {
        let known = self.known().clone();
        several::totals(&self.run(&known, End::of(Exit::Done)))
    }

    /// The digest of the plan, once there is one.
    pub(super) fn digest(&self) -> Option<String> {
        self.known().planned.as_ref().map(|planned| planned.digest().to_owned())
    }

    /// Delivers every requested report: into its file, into the job's summary, to stdout. Files come first,
    /// because they have no reader to wait for.
    ///
    /// # Errors
    /// The first report that could not be written. The others are written all the same.
    pub(super) fn deliver(&self, end: End<'_>) -> anyhow::Result<()> {
        let written = self.deliver_files(end);
        self.output.answer(&self.on_stdout(end));
        written
    }

    /// Delivers the reports that go into files, and into the job's summary.
    ///
    /// # Errors
    /// The first report that could not be written. The others are written all the same.
    pub(super) fn deliver_files(&self, end: End<'_>) -> anyhow::Result<()> {
        if self.outputs().clashes() {
            return Ok(());
        }
        let (known, failure) = (self.known().clone(), end.failure.map(|it| it.without(self.secrets())));
        let run = self.run(&known, End { failure: failure.as_ref(), ..end });
        let files = self.asked.iter().filter_map(|report| Some((report.form, report.path.as_deref()?)));
        let written = files.map(|(form, path)| {
            write_whole(path, &self.rendered(form, &run))
                .with_context(|| format!("{}: the report could not be written", shown(path)))
        });
        let written = written.fold(Ok(()), Result::and);
        let for_github = self.asked.iter().any(|report| report.form == AnyForm::GITHUB);
        match self.step_summary.as_deref().filter(|_| for_github) {
            Some(path) => written.and(summarize(path, &self.rendered(Form::Markdown.into(), &run))),
            None => written,
        }
    }

    /// Returns the reports that go to stdout, except the text for people: the run prints that as it goes.
    pub(super) fn on_stdout(&self, end: End<'_>) -> String {
        let (known, failure) = (self.known().clone(), end.failure.map(|it| it.without(self.secrets())));
        let run = self.run(&known, End { failure: failure.as_ref(), ..end });
        let here = self.asked.iter().filter(|report| report.path.is_none() && !report.form.is_human());
        here.map(|report| report.form.render(&run)).collect()
    }

    /// Returns the verdict on the spec that was read.
    pub(super) fn verdict(&self) -> String {
        self.run(&self.known(), End::of(Exit::Done)).verdict()
    }

    /// Returns the run as it is known so far, with this end.
    fn run<'a>(&'a self, known: &'a Known, End { exit, failure, applied }: End<'a>) -> Run<'a> {
        Run {
            command: self.command,
            commands: &self.commands,
            exit,
            sources: &known.sources,
            findings: &known.findings,
            spec: known.spec.as_deref(),
            planned: known.planned.as_deref(),
            all: known.all,
            parts: &known.parts,
            warnings: &known.warnings,
            applied,
            failure,
            folders: Folders { current: self.current.as_deref(), checkout: self.checkout.as_deref() },
            origin: Origin { commit: self.commit.as_deref(), job: self.job.as_deref() },
            width: self.output.width,
        }
    }

    fn outputs(&self) -> std::sync::MutexGuard<'_, Outputs> {
        self.outputs.lock().expect("no holder panics")
    }

    /// Returns a report without secrets.
    fn rendered(&self, form: AnyForm, run: &Run<'_>) -> String {
        self.output.without_secrets(form.render(run)).into_owned()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().expect("no holder panics")
    }
}

/// Returns the page of the job that runs this, as GitHub or GitLab names it.
fn job(environment: &Environment) -> Option<String> {
    let on_github = || {
        let [server, repository, run] =
            ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"].map(|name| set(environment, name));
        Some(format!("{}/{}/actions/runs/{}", server?, repository?, run?))
    };
    on_github().or_else(|| set(environment, "CI_JOB_URL")).filter(|url| is_address(url))
}

/// Returns the value of a variable, unless it is empty.
fn set(environment: &Environment, name: &str) -> Option<String> {
    environment.get(name).filter(|value| !value.is_empty()).map(str::to_owned)
}

/// The largest summary of a step that GitHub shows, in bytes. It shows nothing of a larger one.
const MOST_SUMMARY: u64 = 1 << 20;

/// Appends a page to the summary of the job's step, which other commands of the step may have begun. If the
/// page does not fit, appends its first line only.
fn summarize(path: &Path, page: &str) -> anyhow::Result<()> {
    let add = || {
        let mut file = files::open_summary(path)?;
        let room = MOST_SUMMARY.saturating_sub(file.metadata()?.len());
        let headline = page.lines().next().unwrap_or_default();
        // The page begins on a new line: a table cannot begin on a line that holds something else.
        let all = [format!("\n{page}"), format!("\n{headline}\n\n*The summary is full.*\n")];
        match all.iter().find(|text| text.len() as u64 <= room) {
            Some(text) => file.write_all(text.as_bytes()),
            None => Ok(()),
        }
    };
    add().with_context(|| format!("{}: the step's summary could not be written", shown(path)))
}

/// Writes a report. Other users may read it, too.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    files::write_whole(path, text, Readers::All, Before::Replaced)
}
