//! The one place that prints.
//!
//! stdout is the answer, stderr is the story. A reader that closes its end early (`| head`) ends the
//! printing and nothing else: an apply that is under way goes on.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;

use clap::ValueEnum;
use serde::Serialize;

use super::Environment;
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
    quiet: bool,
    /// Whether a runner reads along that takes some lines for commands.
    in_actions: bool,
    failed: Mutex<Option<io::Error>>,
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
            quiet,
            in_actions: environment.get("GITHUB_ACTIONS") == Some("true"),
            failed: Mutex::new(None),
        }
    }

    /// Prints text of the answer for people.
    pub(super) fn tell(&self, text: &str) {
        self.answer(&self.harmless(text));
    }

    /// Text of others is quoted, and still may begin a line where it is wrapped: a runner must not obey it.
    fn harmless<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.in_actions { disarmed(text).into() } else { text.into() }
    }

    /// Prints text of the answer, as it is.
    pub(super) fn answer(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            self.failed.lock().expect("no holder panics").get_or_insert(error);
        }
    }

    /// Prints an event as a line of the answer.
    pub(super) fn event(&self, event: &impl Serialize) {
        let mut line = serde_json::to_string(event).expect("events have string keys and no failing maps");
        line.push('\n');
        self.answer(&line);
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

    /// Prints an error with its causes. It may quote names of files and text of others.
    pub(super) fn blame(&self, error: &anyhow::Error) {
        let text = format!("{error:#}");
        let lines: Vec<_> = text.lines().map(cenbwp_diff::neutral).collect();
        self.complain(&format!("{} {}", self.label("error"), lines.join("\n")));
    }

    /// Prints raw text to stderr. What cannot be written there can be told to nobody.
    pub(super) fn draw(&self, text: &str) {
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(self.harmless(text).as_bytes()).and_then(|()| stderr.flush());
    }

    /// `error:` or another label, bold red where the story is coloured.
    pub(super) fn label(&self, word: &str) -> String {
        let style = anstyle::AnsiColor::Red.on_default().bold();
        if self.story_color { format!("{style}{word}:{style:#}") } else { format!("{word}:") }
    }

    /// The first failure to write the answer. A closed pipe is not one: the reader has seen enough.
    pub(super) fn failure(&self) -> Option<io::Error> {
        let mut failed = self.failed.lock().expect("no holder panics");
        failed.take().filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }
}
