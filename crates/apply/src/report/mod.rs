//! Reports of a run: documents and events for machines, and every form that people's tools read.
//!
//! ```text
//! Run ──▶ human json markdown github gitlab sarif junit html     one pure function each, one file each
//!     ├─▶ human json markdown html csv ics openmetrics           of a status
//!     └─▶ issue, map, several                                    parts that several of them show
//! ```

pub(crate) mod event;
pub mod outcomes;
pub mod run;
pub mod several;

mod commands;
mod csv;
mod github;
mod gitlab;
mod html;
mod human;
mod ics;
mod issue;
mod json;
mod junit;
mod map;
mod markdown;
mod openmetrics;
mod sarif;
mod status;

use std::borrow::Cow;
use std::fmt;

use clap::ValueEnum;

use crate::disarm;
pub use commands::Commands;
pub use run::{Folders, Origin, Part, Run};
pub use status::StatusForm;

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Text for people.
    Human,
    /// One JSON document.
    Json,
    /// Markdown, for a comment on a pull request.
    Markdown,
    /// Workflow commands. GitHub shows them as annotations at the lines of a file.
    Github,
    /// The numbers that GitLab shows on a merge request.
    Gitlab,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit's XML, for every other CI.
    Junit,
    /// One page for a browser.
    Html,
}

type Render = fn(&Run<'_>) -> String;

/// Breaks what a runner would obey.
type Disarm = fn(&str) -> Cow<'_, str>;

impl Form {
    /// Renders a run in this form. The same run gives the same bytes, and no runner obeys any of them: the
    /// job's next step may print a report from its file.
    pub fn render(self, run: &Run<'_>) -> String {
        let (one, several, disarmed): (Render, Render, Disarm) = match self {
            Self::Human => (human::text, human::several, disarm::text),
            Self::Json => (json::text, json::several, disarm::json),
            Self::Markdown => (markdown::text, markdown::several, disarm::text),
            // The lines are commands on purpose. `github::text` disarms the text that they quote.
            Self::Github => (github::text, github::several, |text| Cow::Borrowed(text)),
            Self::Gitlab => (gitlab::text, gitlab::several, disarm::json),
            Self::Sarif => (sarif::text, sarif::several, disarm::json),
            Self::Junit => (junit::text, junit::several, disarm::markup),
            Self::Html => (html::text, html::several, disarm::markup),
        };
        harmless(if run.parts.is_empty() { one(run) } else { several(run) }, disarmed)
    }
}

/// Returns a text in which a runner obeys nothing, without a copy of one that needs no change.
fn harmless(text: String, disarmed: Disarm) -> String {
    match disarmed(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(disarmed) => disarmed,
    }
}

/// Shows the name of the form on the command line.
impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().expect("every form has a name").get_name())
    }
}

/// The form of a report of any command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyForm {
    /// Of a spec, a plan or an apply.
    Run(Form),
    /// Of a status.
    Status(StatusForm),
}

impl From<Form> for AnyForm {
    fn from(form: Form) -> Self {
        Self::Run(form)
    }
}

impl From<StatusForm> for AnyForm {
    fn from(form: StatusForm) -> Self {
        Self::Status(form)
    }
}

impl AnyForm {
    /// The workflow commands of GitHub, which the runner takes out of the text for people.
    pub const GITHUB: Self = Self::Run(Form::Github);

    /// Renders a run in this form.
    pub fn render(self, run: &Run<'_>) -> String {
        match self {
            Self::Run(form) => form.render(run),
            Self::Status(form) => form.render(run),
        }
    }

    /// Returns true for the text that the run prints for people as it goes.
    pub fn is_human(self) -> bool {
        matches!(self, Self::Run(Form::Human) | Self::Status(StatusForm::Human))
    }
}

/// Shows the name of the form on the command line.
impl fmt::Display for AnyForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(form) => form.fmt(f),
            Self::Status(form) => form.fmt(f),
        }
    }
}
