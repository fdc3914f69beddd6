//! Reports of a run: documents and events for machines, and every form that people's tools read.
//!
//! ```text
//! Run ──▶ human json markdown github gitlab sarif junit html     one pure function each, one file each
//!     └─▶ issue, map                                             parts that several of them show
//! ```

pub mod event;
pub mod outcomes;
pub mod run;

mod github;
mod gitlab;
mod html;
mod human;
mod issue;
mod json;
mod junit;
mod map;
mod markdown;
mod sarif;

use std::borrow::Cow;
use std::str::FromStr;

use crate::disarm;
pub use run::{Folders, Run};

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

impl Form {
    /// Every form, in the order of `--help`.
    pub const ALL: [Self; 8] = [
        Self::Human,
        Self::Json,
        Self::Markdown,
        Self::Github,
        Self::Gitlab,
        Self::Sarif,
        Self::Junit,
        Self::Html,
    ];

    /// Returns the name of the form on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Html => "html",
        }
    }

    /// Renders a run in this form. The same run gives the same bytes, and no runner obeys any of them: the
    /// job's next step may print a report from its file.
    pub fn render(self, run: &Run<'_>) -> String {
        match self {
            Self::Human => unless_armed(human::text(run), disarm::text),
            Self::Json => unless_armed(json::text(run), disarm::json),
            Self::Markdown => unless_armed(markdown::text(run), disarm::text),
            // The lines are commands on purpose. `github::text` disarms the text that they quote.
            Self::Github => github::text(run),
            Self::Gitlab => unless_armed(gitlab::text(run), disarm::json),
            Self::Sarif => unless_armed(sarif::text(run), disarm::json),
            Self::Junit => unless_armed(junit::text(run), disarm::markup),
            Self::Html => unless_armed(html::text(run), disarm::markup),
        }
    }
}

/// Disarms a text, without a copy of it if it needs no change.
fn unless_armed(text: String, disarmed: fn(&str) -> Cow<'_, str>) -> String {
    match disarmed(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(disarmed) => disarmed,
    }
}

impl FromStr for Form {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names: Vec<&str> = Self::ALL.iter().map(|form| form.as_str()).collect();
        let form = Self::ALL.into_iter().find(|form| form.as_str() == name);
        form.ok_or_else(|| format!("expected {}, alone or with =PATH", names.join(", ")))
    }
}
