//! The reports of a run: the requested forms, and where each goes (stdout, a file, the job's summary).

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::Context;
use cenbwp_spec::{Finding, Identity, Source, Spec};
use clap::builder::{EnumValueParser, TypedValueParser};
use clap::error::ErrorKind;
use serde::Serialize;

use super::output::{self, Output};
use super::outputs::Outputs;
use crate::cloud::{Environment, Secrets};
use crate::execute::ChangeResult;
use crate::exit::{Exit, Failure};
use crate::files::{self, Before, Readers, shown};
use crate::planned::Planned;
use crate::report::event::{Event, FindingLine};
use crate::report::outcomes::Applied;
use crate::report::{Folders, Form, Run};

/// The flags for all output: events, and reports.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct ReportArgs {
    /// Print events, one JSON object per line; the last is always the summary
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub files: FormArgs,
}

/// The flag for reports.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct FormArgs {
    #[arg(long, value_name = "FMT[=PATH]", value_parser = ReportSpecParser, help = help())]
    pub report: Vec<ReportSpec>,
}

fn help() -> String {
    let names = Form::names();
    let (last, others) = names.split_last().expect("there are forms");
    format!(
        "Report as {} or {last}, also when the run fails; with =PATH into a file, stdout staying as it is; repeatable",
        others.join(", ")
    )
}

/// One `--report`: a form, and the file it goes to.
#[derive(Clone, Debug)]
pub(super) struct ReportSpec {
    form: Form,
    path: Option<PathBuf>,
}

/// Parses `FORM` and `FORM=PATH`.
#[derive(Clone)]
struct ReportSpecParser;

impl TypedValueParser for ReportSpecParser {
    type Value = ReportSpec;

    fn parse_ref(
        &self,
        command: &clap::Command,
        flag: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<ReportSpec, clap::Error> {
        let text =
            value.to_str().ok_or_else(|| clap::Error::new(ErrorKind::InvalidUtf8).with_cmd(command))?;
        let (form, path) = text.split_once('=').map_or((text, None), |(form, path)| (form, Some(path)));
        let form = EnumValueParser::<Form>::new().parse_ref(command, flag, form.as_ref())?;
        if path == Some("") {
            let message = format!("--report {form}=: expected a path after =");
            return Err(clap::Error::raw(ErrorKind::ValueValidation, message + "\n").with_cmd(command));
        }
        Ok(ReportSpec { form, path: path.map(PathBuf::from) })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stdout {
    /// Text for people. Workflow commands may follow it: the runner takes them out of what people read.
    Human,
    Events,
    Report(Form),
}

/// The requested reports, and what the run knows so far.
#[derive(Debug)]
pub(super) struct Reports {
    pub stdout: Stdout,
    pub command: &'static str,
    asked: Vec<ReportSpec>,
    output: Arc<Output>,
    places: Places,
    outputs: Mutex<Outputs>,
    known: Mutex<Known>,
}

/// The working directory, the root of the checkout, and the file of the step's summary.
#[derive(Debug)]
struct Places {
    current: Option<PathBuf>,
    checkout: Option<PathBuf>,
    step_summary: Option<PathBuf>,
}

/// The facts for a report, as far as the run has got.
#[derive(Clone, Debug, Default)]
struct Known {
    sources: Arc<[Source]>,
    findings: Vec<Finding>,
    spec: Option<Arc<Spec>>,
    planned: Option<Arc<Planned>>,
    /// The changes whose result was printed.
    told: BTreeSet<Identity>,
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
    ) -> Result<Arc<Self>, Failure> {
        let on_stdout = args.files.report.iter().filter(|report| report.path.is_none());
        let mut wanted: Vec<Stdout> = on_stdout
            .map(|report| match report.form {
                Form::Human | Form::Github => Stdout::Human,
                form => Stdout::Report(form),
            })
            .chain(args.json.then_some(Stdout::Events))
            .collect();
        wanted.dedup();
        let stdout = match wanted[..] {
            [] => Stdout::Human,
            [stdout] => stdout,
            _ => {
                return Err(Failure::new(
                    Exit::Invalid,
                    "--json and --report without a path both want stdout",
                )
                .hint("give the report a path: --report json=report.json"));
            }
        };
        let variable =
            |name: &str| environment.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let step_summary = variable("GITHUB_STEP_SUMMARY");
        let mut outputs = Outputs::default();
        for report in &args.files.report {
            match (&report.path, report.form) {
                (Some(path), form) => outputs.writes(format!("--report {form}"), path),
                (None, Form::Github) => {
                    let flag = "the step's summary";
                    step_summary.iter().for_each(|path| outputs.writes(flag.to_owned(), path));
                }
                (None, _) => {}
            }
        }
        Ok(Arc::new(Self {
            stdout,
            command,
            asked: args.files.report.clone(),
            output: Arc::clone(output),
            places: Places {
                current: std::env::current_dir().ok(),
                // A runner's folder may be a link. The path of the working directory has links resolved.
                checkout: variable("GITHUB_WORKSPACE")
                    .map(|checkout| std::fs::canonicalize(&checkout).unwrap_or(checkout)),
                step_summary,
            },
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
            let run = Run { failure: Some(&failure), ..self.run(&known, failure.exit) };
            let _ = write_whole(path, &self.rendered(form, &run));
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
        self.event(&Event::Diagnostic { severity: "warning", message: message.clone(), hint: None });
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
        self.known().told.insert(result.identity.clone());
        self.event(&Event::ChangeResult(result));
    }

    /// Returns the events of those results that were not printed yet, as lines.
    pub(super) fn untold(&self, results: &[ChangeResult]) -> String {
        if self.stdout != Stdout::Events {
            return String::new();
        }
        let told = self.known().told.clone();
        let untold = results.iter().filter(|result| !told.contains(&result.identity));
        untold.map(|result| output::line(&Event::ChangeResult(result))).collect()
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

    /// The digest of the plan, once there is one.
    pub(super) fn digest(&self) -> Option<String> {
        self.known().planned.as_ref().map(|planned| planned.digest().to_owned())
    }

    /// Delivers every requested report: into its file, into the job's summary, to stdout. Files come first,
    /// because they have no reader to wait for.
    ///
    /// # Errors
    /// The first report that could not be written. The others are written all the same.
    pub(super) fn deliver(
        &self,
        exit: Exit,
        failure: Option<&Failure>,
        applied: Option<&Applied>,
    ) -> anyhow::Result<()> {
        let written = self.deliver_files(exit, failure, applied);
        self.output.answer(&self.on_stdout(exit, failure, applied));
        written
    }

    /// Delivers the reports that go into files, and into the job's summary.
    ///
    /// # Errors
    /// The first report that could not be written. The others are written all the same.
    pub(super) fn deliver_files(
        &self,
        exit: Exit,
        failure: Option<&Failure>,
        applied: Option<&Applied>,
    ) -> anyhow::Result<()> {
        if self.outputs().clashes() {
            return Ok(());
        }
        let known = self.known().clone();
        let failure = failure.map(|failure| failure.without(self.secrets()));
        let run = Run { failure: failure.as_ref(), applied, ..self.run(&known, exit) };
        let files = self.asked.iter().filter_map(|report| Some((report.form, report.path.as_deref()?)));
        let written = files.map(|(form, path)| {
            write_whole(path, &self.rendered(form, &run))
                .with_context(|| format!("{}: the report could not be written", shown(path)))
        });
        let written = written.fold(Ok(()), Result::and);
        let for_github = self.asked.iter().any(|report| report.form == Form::Github);
        match self.places.step_summary.as_deref().filter(|_| for_github) {
            Some(path) => written.and(summarize(path, &self.rendered(Form::Markdown, &run))),
            None => written,
        }
    }

    /// Returns the reports that go to stdout, except the text for people: the run prints that as it goes.
    pub(super) fn on_stdout(
        &self,
        exit: Exit,
        failure: Option<&Failure>,
        applied: Option<&Applied>,
    ) -> String {
        let known = self.known().clone();
        let failure = failure.map(|failure| failure.without(self.secrets()));
        let run = Run { failure: failure.as_ref(), applied, ..self.run(&known, exit) };
        let here = self.asked.iter().filter(|report| report.path.is_none() && report.form != Form::Human);
        here.map(|report| report.form.render(&run)).collect()
    }

    /// Returns the verdict on the spec that was read.
    pub(super) fn verdict(&self) -> String {
        self.run(&self.known(), Exit::Done).verdict()
    }

    /// Returns the run as it is known so far, ending with this code.
    fn run<'a>(&'a self, known: &'a Known, exit: Exit) -> Run<'a> {
        Run {
            command: self.command,
            exit,
            sources: &known.sources,
            findings: &known.findings,
            spec: known.spec.as_deref(),
            planned: known.planned.as_deref(),
            warnings: &known.warnings,
            applied: None,
            failure: None,
            folders: Folders {
                current: self.places.current.as_deref(),
                checkout: self.places.checkout.as_deref(),
            },
            width: self.output.width,
        }
    }

    fn outputs(&self) -> std::sync::MutexGuard<'_, Outputs> {
        self.outputs.lock().expect("no holder panics")
    }

    /// Returns a report without secrets.
    fn rendered(&self, form: Form, run: &Run<'_>) -> String {
        self.output.without_secrets(form.render(run)).into_owned()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().expect("no holder panics")
    }
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
