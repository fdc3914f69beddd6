//! What a run tells: to machines as documents and events, and to people in every form that their tools read.
//!
//! ```text
//! Run ──▶ human json markdown github gitlab sarif junit html     one pure function each, one file each
//!     └─▶ issue, map                                             what several of them show
//! ```

pub(crate) mod digest;
pub mod document;
pub mod event;
pub mod inputs;
pub mod material;
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
mod resource;
mod rows;
mod sarif;

use std::str::FromStr;

pub(crate) use github::disarmed;
pub use run::{Folders, Run};

/// A form that a run can be told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Text for people.
    Human,
    /// One JSON document.
    Json,
    /// Markdown, for a comment on a pull request.
    Markdown,
    /// Workflow commands, which GitHub shows at the lines of a file.
    Github,
    /// The numbers that GitLab shows on a merge request.
    Gitlab,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit's XML, for everything else.
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

    /// Its name on the command line.
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

    /// Tells a run in this form. The same run gives the same bytes.
    pub fn render(self, run: &Run<'_>) -> String {
        match self {
            Self::Human => human::text(run),
            Self::Json => json::text(run),
            Self::Markdown => markdown::text(run),
            Self::Github => github::text(run),
            Self::Gitlab => gitlab::text(run),
            Self::Sarif => sarif::text(run),
            Self::Junit => junit::text(run),
            Self::Html => html::text(run),
        }
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
