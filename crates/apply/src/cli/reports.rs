//! In which forms a run is told, and where each goes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Context;
use serde::Serialize;

use super::output::Output;
use crate::exit::{Exit, Failure, shown};

/// How the answer is told.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(super) struct ReportArgs {
    /// Print events, one JSON object per line; the last is always the summary
    #[arg(long)]
    pub json: bool,
    /// Report as human or json; with =PATH into a file, stdout staying as it is; repeatable
    #[arg(long, value_name = "FMT[=PATH]")]
    pub report: Vec<ReportSpec>,
}

/// One `--report`: a form, and the file it goes to.
#[derive(Clone, Debug)]
pub(super) struct ReportSpec {
    form: Form,
    path: Option<PathBuf>,
}

/// A form of report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Text for people.
    Human,
    /// One JSON document.
    Json,
}

impl FromStr for ReportSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (form, path) = match text.split_once('=') {
            Some((form, path)) => (form, Some(PathBuf::from(path))),
            None => (text, None),
        };
        let form = match form {
            "human" => Form::Human,
            "json" => Form::Json,
            _ => return Err("expected human or json, alone or with =PATH".to_owned()),
        };
        match path {
            Some(path) if path.as_os_str().is_empty() => Err("expected a path after =".to_owned()),
            path => Ok(Self { form, path }),
        }
    }
}

/// What stdout is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stdout {
    /// Text for people.
    Human,
    /// Events.
    Events,
    /// One JSON document.
    Document,
}

/// The forms that were asked for.
#[derive(Debug)]
pub(super) struct Reports<'a> {
    /// What stdout is for.
    pub stdout: Stdout,
    files: Vec<(Form, &'a Path)>,
    output: &'a Output,
}

impl<'a> Reports<'a> {
    /// Sorts out what goes where.
    ///
    /// # Errors
    /// Exit 3 when two forms want stdout.
    pub(super) fn new(args: &'a ReportArgs, output: &'a Output) -> Result<Self, Failure> {
        let on_stdout = args.report.iter().filter(|report| report.path.is_none());
        let mut wanted: Vec<Stdout> = on_stdout
            .map(|report| match report.form {
                Form::Human => Stdout::Human,
                Form::Json => Stdout::Document,
            })
            .chain(args.json.then_some(Stdout::Events))
            .collect();
        wanted.dedup();
        let files =
            args.report.iter().filter_map(|report| Some((report.form, report.path.as_deref()?))).collect();
        match wanted[..] {
            [] => Ok(Self { stdout: Stdout::Human, files, output }),
            [stdout] => Ok(Self { stdout, files, output }),
            _ => Err(Failure::new(Exit::Invalid, "--json and --report without a path both want stdout")
                .hint("give the report a path: --report json=report.json")),
        }
    }

    /// Prints an event if stdout is for events.
    pub(super) fn event(&self, event: &impl Serialize) {
        if self.stdout == Stdout::Events {
            self.output.event(event);
        }
    }

    /// Prints text if stdout is for people.
    pub(super) fn human(&self, text: &str) {
        if self.stdout == Stdout::Human {
            self.output.answer(text);
        }
    }

    /// Delivers the finished report: the document to stdout if it is wanted there, and every file.
    ///
    /// # Errors
    /// When a file cannot be written. The other files are written all the same.
    pub(super) fn deliver(&self, human: &str, document: &str) -> anyhow::Result<()> {
        if self.stdout == Stdout::Document {
            self.output.answer(document);
        }
        let write = |(form, path): &(Form, &Path)| {
            let text = match form {
                Form::Human => human,
                Form::Json => document,
            };
            write_whole(path, text)
                .with_context(|| format!("{}: the report could not be written", shown(path)))
        };
        self.files.iter().map(write).fold(Ok(()), Result::and)
    }
}

/// Writes a file so that a reader sees the old one or the whole new one. Devices and pipes are written
/// in place.
pub(super) fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    if path.exists() && !path.is_file() {
        return std::fs::OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes());
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().permissions(permissions()).tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// A report is for others to read; the process's umask still applies.
fn permissions() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}
