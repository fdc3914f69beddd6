//! The flags for events and reports.

use std::ffi::OsStr;
use std::fmt::Display;
use std::marker::PhantomData;
use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::error::ErrorKind;

use crate::exit::{Exit, Failure};
use crate::report::{AnyForm, Form};

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
    #[arg(long, value_name = "FMT[=PATH]", value_parser = ReportSpecParser::<Form>::new(), hide_possible_values = true, help = help::<Form>())]
    pub report: Vec<ReportSpec>,
}

/// Returns the help for the flag, with the names of the forms.
pub(super) fn help<F: ValueEnum + Display>() -> String {
    let names: Vec<String> = F::value_variants().iter().map(F::to_string).collect();
    let (last, others) = names.split_last().expect("there are forms");
    format!(
        "Report as {} or {last}, also when the run fails; with =PATH into a file, stdout staying as it is; repeatable",
        others.join(", ")
    )
}

/// One `--report`: a form, and the file it goes to.
#[derive(Clone, Debug)]
pub(super) struct ReportSpec {
    pub form: AnyForm,
    pub path: Option<PathBuf>,
}

/// Parses `FORM` and `FORM=PATH`, for the forms of one kind.
#[derive(Clone)]
pub(super) struct ReportSpecParser<F>(PhantomData<F>);

impl<F> ReportSpecParser<F> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<F> TypedValueParser for ReportSpecParser<F>
where
    F: ValueEnum + Display + Into<AnyForm> + Send + Sync + 'static,
{
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
        let form = EnumValueParser::<F>::new().parse_ref(command, flag, form.as_ref())?;
        if path == Some("") {
            let message = format!("--report {form}=: expected a path after =");
            return Err(clap::Error::raw(ErrorKind::ValueValidation, message + "\n").with_cmd(command));
        }
        Ok(ReportSpec { form: form.into(), path: path.map(PathBuf::from) })
    }

    /// Returns the forms, for shell completions.
    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(F::value_variants().iter().filter_map(F::to_possible_value)))
    }
}

impl ReportArgs {
    /// Returns the content of stdout.
    ///
    /// # Errors
    /// Exit 3 when two forms want stdout.
    pub(super) fn stdout(&self) -> Result<Stdout, Failure> {
        let here = self.files.report.iter().filter(|report| report.path.is_none());
        let here = here.map(|report| match report.form {
            form if form.is_human() || form == AnyForm::GITHUB => Stdout::Human,
            form => Stdout::Report(form),
        });
        let mut wanted: Vec<Stdout> = here.chain(self.json.then_some(Stdout::Events)).collect();
        wanted.dedup();
        match wanted[..] {
            [] => Ok(Stdout::Human),
            [stdout] => Ok(stdout),
            _ => Err(Failure::new(Exit::Invalid, "--json and --report without a path both want stdout")
                .hint("give the report a path: --report json=report.json")),
        }
    }
}

/// The content of stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stdout {
    /// Text for people. Workflow commands may follow it: the runner takes them out of what people read.
    Human,
    Events,
    Report(AnyForm),
}
