//! The one place that prints.
//!
//! stdout is the answer, stderr is the story. A reader that closes its end early (`| head`) ends the
//! printing and nothing else: an apply that is under way goes on.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use clap::ValueEnum;
use serde::Serialize;

use super::Environment;
use crate::cloud::Secrets;
use crate::exit::Failure;
use crate::report::disarmed;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The width that text is wrapped to where there is no terminal: the same bytes everywhere.
const PIPE_WIDTH: usize = 100;

/// Prints answers and the story of a run.
#[derive(Debug)]
pub(super) struct Output {
    /// Whether the answer is coloured.
    pub color: bool,
    /// Whether the story is coloured.
    pub story_color: bool,
    /// Columns to wrap to.
    pub width: usize,
    /// Columns of the terminal that the answer is read on; `None` where it is read by something else.
    pub columns: Option<usize>,
    /// Whether stderr is a terminal, so that a line may be drawn over.
    pub live: bool,
    /// The secrets of the environment. Text that quotes an input may hold one.
    pub secrets: Secrets,
    quiet: bool,
    /// Whether a runner reads along that takes some lines for commands.
    in_actions: bool,
    answer: Mutex<Answer>,
}

/// The state of stdout. Its lock is held while the text is written, for as long as the reader takes.
#[derive(Debug, Default)]
struct Answer {
    /// The first failure to write.
    failed: Option<io::Error>,
    /// The code that the last words named: they are said once, whichever thread comes first.
    ended: Option<u8>,
    /// Whether the run has been left: what an abandoned thread still says is dropped.
    left: bool,
}

impl Answer {
    fn write(&mut self, text: &str) {
        if self.left {
            return;
        }
        let mut stdout = io::stdout().lock();
        if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            self.failed.get_or_insert(error);
        }
    }

    fn last(&mut self, text: &str, code: u8) {
        if self.ended.is_none() {
            self.write(text);
            self.ended = Some(code);
        }
    }
}

impl Output {
    /// Looks at the terminal once; everything printed later follows from it.
    pub(super) fn new(color: Color, quiet: bool, environment: &Environment) -> Self {
        let wanted = |terminal: bool| match color {
            Color::Auto => terminal && environment.get("NO_COLOR").is_none(),
            Color::Always => true,
            Color::Never => false,
        };
        let (stdout, stderr) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let columns = terminal_size::terminal_size().map_or(PIPE_WIDTH, |(width, _)| width.0.into());
        Self {
            color: wanted(stdout),
            story_color: wanted(stderr),
            width: if stdout { columns.clamp(40, 160) } else { PIPE_WIDTH },
            columns: stdout.then_some(columns),
            live: stderr && !quiet && environment.get("TERM") != Some("dumb"),
            secrets: Secrets::of_environment(environment),
            quiet,
            in_actions: environment.get("GITHUB_ACTIONS") == Some("true"),
            answer: Mutex::default(),
        }
    }

    /// Prints text of the answer for people.
    pub(super) fn tell(&self, text: &str) {
        self.answer(&self.harmless(text));
    }

    /// Text of others is quoted, and still may begin a line where it is wrapped: a runner must not obey it.
    pub(super) fn harmless<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.in_actions { disarmed(text).into() } else { text.into() }
    }

    /// Prints text of the answer, as it is.
    pub(super) fn answer(&self, text: &str) {
        self.state().write(text);
    }

    /// Prints an event as a line of the answer.
    pub(super) fn event(&self, event: &impl Serialize) {
        self.answer(&line(event));
    }

    /// Prints the summary of a run that ends with this code, unless it was printed already.
    pub(super) fn last(&self, text: &str, code: u8) {
        self.state().last(text, code);
    }

    /// Prints the summary of a run that is left, and drops whatever comes after it. Returns the code that the
    /// printed summary names: the run's own if it came first. Waits for the text that is being written.
    pub(super) fn leave(&self, text: &str, code: u8) -> u8 {
        let mut answer = self.state();
        answer.last(text, code);
        answer.left = true;
        answer.ended.unwrap_or(code)
    }

    /// Holds the lock of stdout, as a thread does that waits for the reader.
    #[cfg(test)]
    pub(super) fn hold(&self) -> impl Drop {
        self.state()
    }

    fn state(&self) -> MutexGuard<'_, Answer> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints a line of the story, unless `--quiet` was asked for.
    pub(super) fn story(&self, line: &str) {
        if !self.quiet {
            self.complain(line);
        }
    }

    /// Prints a line of the story that must not be missed.
    pub(super) fn complain(&self, line: &str) {
        self.draw(&format!("{line}\n"));
    }

    /// Prints an error with its causes.
    pub(super) fn blame(&self, error: &anyhow::Error) {
        self.draw(&self.error_text(error));
    }

    /// Prints why a command ended early and what to type next.
    pub(super) fn fail(&self, failure: &Failure) {
        self.draw(&self.failure_text(failure));
    }

    /// Why a command ended early and what to type next.
    pub(super) fn failure_text(&self, failure: &Failure) -> String {
        let hint = failure.hint.as_deref().map(cenbwp_diff::neutral);
        let hint = hint.map(|hint| format!("  hint: {hint}\n")).unwrap_or_default();
        self.secrets.hidden_in(&(self.error_text(&failure.error) + &hint))
    }

    /// An error with its causes. It may quote names of files and text of others.
    fn error_text(&self, error: &anyhow::Error) -> String {
        let text = format!("{error:#}");
        let lines: Vec<_> = text.lines().map(cenbwp_diff::neutral).collect();
        format!("{} {}\n", self.label("error"), lines.join("\n"))
    }

    /// Prints raw text to stderr. What cannot be written there can be told to nobody.
    pub(super) fn draw(&self, text: &str) {
        let mut stderr = io::stderr().lock();
        let _ = stderr
            .write_all(self.harmless(&self.secrets.hidden_in(text)).as_bytes())
            .and_then(|()| stderr.flush());
    }

    /// `error:` or another label, bold red where the story is coloured.
    pub(super) fn label(&self, word: &str) -> String {
        let style = anstyle::AnsiColor::Red.on_default().bold();
        if self.story_color { format!("{style}{word}:{style:#}") } else { format!("{word}:") }
    }

    /// The first failure to write the answer. A closed pipe is not one: the reader has seen enough.
    pub(super) fn failure(&self) -> Option<io::Error> {
        self.state().failed.take().filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }
}

/// An event as a line.
pub(super) fn line(event: &impl Serialize) -> String {
    serde_json::to_string(event).expect("events have string keys and no failing maps") + "\n"
}
