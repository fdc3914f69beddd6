//! The run at its end: the one value that every report is rendered from.

use std::path::{Component, Path};

use cenbwp_diff::{Plan, neutral};
use cenbwp_spec::{Finding, Place, Severity, Source, Spec};

use super::commands::Commands;
use super::outcomes::Applied;
use crate::exit::{Exit, Failure};
use crate::planned::Planned;

/// The facts about a run at its end. They depend on how far it got: a spec that could not be read leaves only
/// the failure, a plan adds the plan, an apply adds the outcomes.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// `validate`, `plan`, `show`, `apply` or `status`.
    pub command: &'static str,
    /// The command lines that go on from it.
    pub commands: &'a Commands,
    /// The exit code.
    pub exit: Exit,
    /// The spec's files, once they were read.
    pub sources: &'a [Source],
    /// The errors and warnings in them.
    pub findings: &'a [Finding],
    /// The spec; `None` if it has errors.
    pub spec: Option<&'a Spec>,
    /// The plan, once there was one.
    pub planned: Option<&'a Planned>,
    /// True if its status lists the packages of others, too.
    pub all: bool,
    /// The saved plans, if it shows several; then there is no plan of its own.
    pub parts: &'a [Part],
    /// Warnings about the run itself, such as credentials that may not be the intended ones.
    pub warnings: &'a [String],
    /// The outcomes, once something may have been changed.
    pub applied: Option<&'a Applied>,
    /// The reason why the run ended early.
    pub failure: Option<&'a Failure>,
    /// The folders that names of files are relative to.
    pub folders: Folders<'a>,
    /// The commit and the job that the run is for.
    pub origin: Origin<'a>,
    /// The columns that text for people is wrapped to.
    pub width: usize,
}

/// One of several saved plans, or the reason why it cannot be shown.
#[derive(Debug)]
pub struct Part {
    /// The file, as messages show it.
    pub file: String,
    /// The plan.
    pub plan: Result<Planned, Failure>,
}

/// The commit and the job that a run is for, as far as the platform names them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    /// The commit.
    pub commit: Option<&'a str>,
    /// The page of the job: a plain address, see [`is_address`].
    pub job: Option<&'a str>,
}

/// Returns true for the address of a page that can stand in a link of every form: nothing in it ends the link
/// or starts anything but a page.
pub fn is_address(url: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#@!$&+,;=%".contains(&b);
    url.starts_with("https://") && url.bytes().all(plain)
}

/// The folders that names of files are relative to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Folders<'a> {
    /// The working directory of the command. Files below it are named relative to it, never by the machine's
    /// own path.
    pub current: Option<&'a Path>,
    /// The root of the checkout. A code host names files relative to it.
    pub checkout: Option<&'a Path>,
}

/// A range of a file, for machines. Lines and columns count from 1, columns in characters.
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
    /// The column after its last character.
    pub end_column: usize,
    /// The text of the range.
    pub text: &'a [u8],
}

impl<'a> Run<'a> {
    /// Returns the plan, if there was one.
    pub fn plan(&self) -> Option<&'a Plan> {
        self.planned.map(|planned| &planned.plan)
    }

    /// Returns true if there is a plan and it may be carried out.
    pub fn is_applyable(&self) -> bool {
        self.planned.is_some_and(Planned::is_applyable)
    }

    /// Returns true if the command did its work, whatever it found.
    pub fn is_success(&self) -> bool {
        self.failure.is_none() && (self.applied.is_none() || self.exit == Exit::Done)
    }

    /// Returns the one sentence that sums up the run.
    pub fn headline(&self) -> String {
        match (self.applied, self.failure, self.plan()) {
            (Some(applied), _, _) => applied.headline(),
            (None, Some(failure), _) => ended_early(self.command, failure.exit),
            (None, None, Some(plan)) => cenbwp_diff::summary(plan),
            (None, None, None) => self.verdict(),
        }
    }

    /// Returns the verdict on the spec: valid or not, and the number of findings.
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

    /// Returns why the plan cannot be carried out as it is; `None` if it can, or there is none.
    pub fn obstacle(&self) -> Option<String> {
        let planned = self.planned?;
        let recorded = || "it was made from a recording, which is not the cloud".to_owned();
        let obstacle = cenbwp_diff::obstacle(&planned.plan);
        obstacle.or_else(|| planned.situation.account.is_none().then(recorded))
    }

    /// Returns the title of the list of errors.
    pub(super) fn errors_title(&self) -> &'static str {
        match (self.applied, self.planned) {
            (Some(_), _) => "Not done",
            (None, Some(_)) => "Blocked",
            (None, None) => "Errors",
        }
    }

    /// Returns the exit code with its meaning. Without a word after a run that only looked and was able to:
    /// `done` below a plan that cannot be applied would say the opposite.
    pub fn ending(&self) -> Option<String> {
        let is_said = self.applied.is_some() || self.exit != Exit::Done;
        is_said.then(|| format!("exit code {} ({})", self.exit.code(), self.exit))
    }

    /// Returns why the run ended early, line by line; the lines are neutral.
    pub fn error(&self) -> Option<Vec<String>> {
        let text = format!("{:#}", self.failure?.error);
        Some(text.lines().map(|line| neutral(line).into_owned()).collect())
    }

    /// Returns the next step for the user, if there is one.
    pub fn next(&self) -> Option<String> {
        if let Some(applied) = self.applied {
            return applied.next();
        }
        if let Some(failure) = self.failure {
            return failure.hint.as_deref().map(|hint| neutral(hint).into_owned());
        }
        let planned = self.planned.filter(|planned| !planned.plan.is_empty())?;
        Some(match (self.obstacle(), self.command) {
            (Some(_), "plan") => format!("follow the hints, then plan again: `{}`", self.commands.plan),
            (Some(_), _) => "follow the hints, then plan again".to_owned(),
            (None, "show") => {
                "apply exactly this plan with `cenbwp apply` and the name of its file".to_owned()
            }
            (None, _) => {
                format!(
                    "apply exactly this plan: `{} --plan-digest {}`",
                    self.commands.apply,
                    planned.digest()
                )
            }
        })
    }

    /// Returns the names of the declared stacks, in order.
    pub fn stacks(&self) -> Vec<&'a str> {
        self.spec.map(|spec| spec.stacks.keys().map(|name| name.as_str()).collect()).unwrap_or_default()
    }

    /// Returns a place as `file:line:column`, relative to the checkout.
    pub(super) fn place(&self, spot: Option<&Spot<'_>>) -> Option<String> {
        let Spot { file, line, column, .. } = spot?;
        let file = self.folders.in_checkout(file.as_deref().unwrap_or("stdin"));
        Some(format!("{file}:{line}:{column}"))
    }

    /// Converts a place in the spec to the form for machines.
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
    /// Returns a file's name without the machine's own path: relative to the working directory, or the last
    /// part alone if the file is not below it.
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

    /// Returns the name relative to the root of the checkout, if that is known and the command ran below it.
    pub(super) fn in_checkout(&self, name: &str) -> String {
        let below = self.checkout.and_then(|root| self.current?.strip_prefix(root).ok());
        below.map_or_else(|| name.to_owned(), |below| slashed(&below.join(name)))
    }
}

/// Returns a relative path with `/` between the parts, without `.` and with `..`.
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

/// Returns `1 package`, `2 packages`.
pub(crate) fn plural<N: std::fmt::Display + PartialEq + From<u8> + Copy>(count: N, noun: &str) -> String {
    format!("{count} {noun}{}", if count == N::from(1) { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn only_the_plain_address_of_a_page_becomes_a_link() {
        assert!(is_address("https://git.test:8443/a/b/-/jobs/1?x=%20#top"));
        for url in [
            "",
            "javascript:alert(1)",
            "http://git.test/",
            "https://a b",
            "https://a)b",
            "https://a\"b",
            "https://a>b",
        ] {
            assert!(!is_address(url), "{url}");
        }
    }
}
