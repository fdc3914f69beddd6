//! A run at its end: the one value that every report is rendered from.

use std::path::{Component, Path};

use cenbwp_diff::{Plan, neutral};
use cenbwp_spec::{Finding, Place, Severity, Source, Spec};

use super::outcomes::Applied;
use crate::exit::{Exit, Failure};
use crate::planned::Planned;

/// What is known of a run when it ends, wherever it ended: a spec that could not be read leaves nothing but
/// the failure, a plan leaves the plan, an apply the outcomes too.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// `validate`, `plan`, `show` or `apply`.
    pub command: &'static str,
    /// How it ends.
    pub exit: Exit,
    /// The spec's files, once they were read.
    pub sources: &'a [Source],
    /// What is wrong with them.
    pub findings: &'a [Finding],
    /// What they declare; `None` if they have errors.
    pub spec: Option<&'a Spec>,
    /// The plan, once there was one.
    pub planned: Option<&'a Planned>,
    /// Warnings about the run itself, such as credentials that may not be the ones that are meant.
    pub warnings: &'a [String],
    /// What was done, once something may have been.
    pub applied: Option<&'a Applied>,
    /// Why it ended early.
    pub failure: Option<&'a Failure>,
    /// The folders that places are told in.
    pub folders: Folders<'a>,
    /// Columns that text for people is wrapped to.
    pub width: usize,
}

/// The folders that places are told in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Folders<'a> {
    /// Where the command ran: what is below it is named from there, never by the machine's own path.
    pub current: Option<&'a Path>,
    /// The root of the checkout, which a code host names files from.
    pub checkout: Option<&'a Path>,
}

/// A stretch of a file as machines name it. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot<'a> {
    /// The file, relative and with `/` between folders; `None` for stdin.
    pub file: Option<String>,
    /// The line it starts on.
    pub line: usize,
    /// The column it starts in.
    pub column: usize,
    /// The line it ends on.
    pub end_line: usize,
    /// The column behind its last character.
    pub end_column: usize,
    /// The text from there to its end.
    pub text: &'a [u8],
}

impl<'a> Run<'a> {
    /// The plan, once there was one.
    pub fn plan(&self) -> Option<&'a Plan> {
        self.planned.map(|planned| &planned.plan)
    }

    /// Tells whether there is a plan and it may be carried out.
    pub fn is_applyable(&self) -> bool {
        self.planned.is_some_and(Planned::is_applyable)
    }

    /// Tells whether the command did its work, whatever it found.
    pub fn is_success(&self) -> bool {
        self.failure.is_none() && (self.applied.is_none() || self.exit == Exit::Done)
    }

    /// The sentence that says it all.
    pub fn headline(&self) -> String {
        match (self.applied, self.failure, self.plan()) {
            (Some(applied), _, _) => applied.headline(),
            (None, Some(failure), _) => ended_early(self.command, failure.exit),
            (None, None, Some(plan)) => cenbwp_diff::summary(plan),
            (None, None, None) => self.verdict(),
        }
    }

    /// What the spec is worth, and how many findings there are.
    pub fn verdict(&self) -> String {
        let count = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count();
        let errors = plural(count(Severity::Error), "error");
        let found = format!("{errors}, {}", plural(count(Severity::Warning), "warning"));
        match self.spec {
            Some(spec) => {
                let packages = plural(spec.packages().count(), "package");
                format!("The spec is valid: {packages} in {}, {found}.", plural(spec.stacks.len(), "stack"))
            }
            None => format!("The spec cannot be used: {found}. Run cenbwp explain CODE for more about one."),
        }
    }

    /// Why the plan cannot be carried out as it is, if there is a plan that cannot.
    pub fn obstacle(&self) -> Option<String> {
        let planned = self.planned?;
        let recorded = || "it was made from a recording, which is not the cloud".to_owned();
        let obstacle = cenbwp_diff::obstacle(&planned.plan);
        obstacle.or_else(|| planned.situation.account.is_none().then(recorded))
    }

    /// Why the run ended early, line by line and harmless.
    pub fn error(&self) -> Option<Vec<String>> {
        let text = format!("{:#}", self.failure?.error);
        Some(text.lines().map(|line| neutral(line).into_owned()).collect())
    }

    /// What to type next, if anything.
    pub fn next(&self) -> Option<String> {
        if let Some(applied) = self.applied {
            return applied.next().map(str::to_owned);
        }
        if let Some(failure) = self.failure {
            return failure.hint.as_deref().map(|hint| neutral(hint).into_owned());
        }
        let planned = self.planned.filter(|planned| !planned.plan.is_empty())?;
        Some(match (self.obstacle(), self.command) {
            (Some(_), _) => "follow the hints, then plan again".to_owned(),
            (None, "show") => {
                "apply exactly this plan with `cenbwp apply` and the name of its file".to_owned()
            }
            (None, _) => format!(
                "apply exactly this plan with `cenbwp apply`, the same flags and `--plan-digest {}`",
                planned.digest()
            ),
        })
    }

    /// The names of the declared stacks, in order.
    pub fn stacks(&self) -> Vec<&'a str> {
        self.spec.map(|spec| spec.stacks.keys().map(|name| name.as_str()).collect()).unwrap_or_default()
    }

    /// Where a place is, for machines.
    pub fn spot(&self, place: &Place) -> Option<Spot<'a>> {
        let source = self.sources.get(place.source)?;
        let bytes = &source.bytes;
        let start = place.span.start.min(bytes.len());
        let text = &bytes[start..place.span.end.clamp(start, bytes.len())];
        let lines = text.iter().filter(|byte| **byte == b'\n').count();
        let last = text.iter().rposition(|byte| *byte == b'\n').map_or(text, |at| &text[at + 1..]);
        let characters = String::from_utf8_lossy(last).chars().count();
        let before = if lines == 0 { place.column } else { 1 };
        Some(Spot {
            file: self.folders.name(&source.name),
            line: place.line.max(1),
            column: place.column.max(1),
            end_line: place.line.max(1) + lines,
            end_column: (before + characters).max(1),
            text,
        })
    }
}

impl Folders<'_> {
    /// A file's name without anything of the machine: relative to where the command ran, or the name alone
    /// if it is elsewhere.
    fn name(&self, name: &str) -> Option<String> {
        let path = Path::new(name);
        if name == "<stdin>" {
            return None;
        }
        let inside = self.current.and_then(|current| path.strip_prefix(current).ok());
        match (path.is_absolute(), inside) {
            (false, _) => Some(slashed(path)),
            (true, Some(inside)) => Some(slashed(inside)),
            (true, None) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
        }
    }

    /// The same name from the root of the checkout, where that is known and the command ran below it.
    pub(super) fn in_checkout(&self, name: &str) -> String {
        let below = self.checkout.and_then(|root| self.current?.strip_prefix(root).ok());
        below.map_or_else(|| name.to_owned(), |below| slashed(&below.join(name)))
    }
}

/// A relative path in the form of a URL's, `.` left out and `..` kept.
fn slashed(path: &Path) -> String {
    let parts = path.components().filter(|part| !matches!(part, Component::CurDir));
    parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn ended_early(command: &str, exit: Exit) -> String {
    if exit == Exit::Unknown {
        return format!("cenbwp {command} has not ended; what it has done, if anything, is not known.");
    }
    format!("cenbwp {command} ended with code {} ({exit}); nothing was bought or changed.", exit.code())
}

/// `1 package`, `2 packages`.
pub(crate) fn plural<N: std::fmt::Display + PartialEq + From<u8> + Copy>(count: N, noun: &str) -> String {
    format!("{count} {noun}{}", if count == N::from(1) { "" } else { "s" })
}
