//! The one place that prints.
//!
//! stdout carries the answer; stderr carries the story: notes, progress, warnings and errors. A reader that
//! closes its end early (`| head`) stops the printing and nothing else: an apply that is under way goes on.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cenbwp_diff::{Palette, Style};
use clap::ValueEnum;
use serde::Serialize;

use crate::cloud::{Environment, Secrets};
use crate::disarm;
use crate::exit::Failure;

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

/// The width, in columns, that text is wrapped to without a terminal: the same bytes everywhere.
const PIPE_WIDTH: usize = 100;

/// Prints answers and the story of a run.
#[derive(Debug)]
pub(super) struct Output {
    /// True if the answer is coloured.
    pub color: bool,
    /// True if stderr is coloured.
    pub story_color: bool,
    /// Columns to wrap to.
    pub width: usize,
    /// Columns of the terminal that stdout is; `None` if stdout is no terminal.
    pub columns: Option<usize>,
    /// Columns of the terminal, whichever stream it is.
    pub screen: usize,
    /// True to show every package by itself, also where many have the same change.
    pub whole: bool,
    /// True if stderr is a terminal on which the progress line may be redrawn.
    pub live: bool,
    /// The values of variables whose names say that they may hold a secret. Text that quotes an input is
    /// shown without them.
    pub input_secrets: Secrets,
    quiet: bool,
    secrets: Mutex<Vec<Secrets>>,
    answer: Mutex<Answer>,
}

/// The state of stdout. A writer holds its lock until the reader has taken the text.
#[derive(Debug, Default)]
struct Answer {
    /// The first failure to write.
    failed: Option<io::Error>,
    /// The exit code in the printed summary; set once a thread has printed it, so that no other prints a
    /// second one.
    ended: Option<u8>,
    /// True once the process is ending at once: later text of other threads is dropped.
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
    /// Inspects the terminal once; everything printed later follows from it.
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
            screen: columns,
            whole: false,
            live: stderr && !quiet && environment.get("TERM") != Some("dumb"),
            input_secrets: Secrets::of_environment(environment),
            quiet,
            secrets: Mutex::new(vec![environment.secrets()]),
            answer: Mutex::default(),
        }
    }

    /// The colours and the width of text for people.
    pub(super) fn style(&self) -> Style {
        let palette = if self.color { Palette::coloured() } else { Palette::plain() };
        Style { palette, width: self.width, whole: self.whole }
    }

    /// Prints text for people on stdout.
    pub(super) fn tell(&self, text: &str) {
        self.answer(&self.harmless(text));
    }

    /// Returns text without secrets and without anything that a CI runner obeys. Untrusted text is quoted,
    /// but wrapping may put it at the start of a line.
    pub(super) fn harmless<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.without_secrets(text) {
            Cow::Borrowed(text) => disarm::text(text),
            Cow::Owned(text) => disarm::text(&text).into_owned().into(),
        }
    }

    /// Keeps these secrets out of everything that is printed or written from now on, those included that are
    /// learned later.
    pub(super) fn keep_out(&self, secrets: Secrets) {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).push(secrets);
    }

    /// Returns a text as it may be printed or written: without any secret, from wherever it came. A listing
    /// may echo one as a name. Decisions use the listing as received, so secrets are removed only here, at
    /// the end.
    pub(super) fn without_secrets<'a>(&self, text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.iter().fold(text.into(), |text, secrets| match secrets.certain_removed_from(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(shown) => Cow::Owned(shown),
        })
    }

    /// Prints text on stdout as it is: commands that a CI runner would obey were broken where the text was
    /// made.
    pub(super) fn answer(&self, text: &str) {
        let text = self.without_secrets(text);
        self.state().write(&text);
    }

    /// Prints an event as a line of the answer.
    pub(super) fn event(&self, event: &impl Serialize) {
        self.answer(&line(event));
    }

    /// Prints the summary of a run that ends with this code, unless it was printed already.
    pub(super) fn last(&self, text: &str, code: u8) {
        let text = self.without_secrets(text);
        self.state().last(&text, code);
    }

    /// Prints the summary of a run that ends at once, and drops all later text. Returns the code in the
    /// printed summary: that of the run's own summary if it came first. Waits for text that is being written.
    pub(super) fn leave(&self, text: &str, code: u8) -> u8 {
        let text = self.without_secrets(text);
        let mut answer = self.state();
        answer.last(&text, code);
        answer.left = true;
        answer.ended.unwrap_or(code)
    }

    /// Holds the lock of stdout, like a thread that waits for the reader.
    #[cfg(test)]
    pub(super) fn hold(&self) -> impl Drop {
        self.state()
    }

    fn state(&self) -> MutexGuard<'_, Answer> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a text in lines that fit the terminal; without one, as one line.
    pub(super) fn fitting(&self, text: &str) -> String {
        if self.columns.is_some() { cenbwp_diff::wrap(text, self.width) } else { format!("{text}\n") }
    }

    /// Prints a line on stderr, unless `--quiet` is given.
    pub(super) fn story(&self, line: &str) {
        if !self.quiet {
            self.complain(line);
        }
    }

    /// Prints a line on stderr, also with `--quiet`.
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

    /// Returns why a command ended early and what to type next.
    pub(super) fn failure_text(&self, failure: &Failure) -> String {
        let hint = failure.hint.as_deref().map(cenbwp_diff::neutral);
        let hint = hint.map(|hint| format!("  hint: {hint}\n")).unwrap_or_default();
        self.input_secrets.hidden_in(&(self.error_text(&failure.error) + &hint))
    }

    /// Returns an error with its causes. They may quote names of files and untrusted text.
    fn error_text(&self, error: &anyhow::Error) -> String {
        let text = format!("{error:#}");
        let lines: Vec<_> = text.lines().map(cenbwp_diff::neutral).collect();
        format!("{} {}\n", self.label("error"), lines.join("\n"))
    }

    /// Prints text to stderr; it need not end in a line feed.
    pub(super) fn draw(&self, text: &str) {
        print_error(&self.harmless(&self.input_secrets.hidden_in(text)));
    }

    /// Returns `error:` or another label, in bold red if stderr is coloured.
    pub(super) fn label(&self, word: &str) -> String {
        let style = anstyle::AnsiColor::Red.on_default().bold();
        if self.story_color { format!("{style}{word}:{style:#}") } else { format!("{word}:") }
    }

    /// The first failure to write the answer. A closed pipe is not one: the reader has seen enough.
    pub(super) fn failure(&self) -> Option<io::Error> {
        self.state().failed.take().filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }
}

pub(super) fn line(event: &impl Serialize) -> String {
    let line = serde_json::to_string(event).expect("events have string keys and no failing maps");
    disarm::json(&line).into_owned() + "\n"
}

/// Prints to stderr, as it is. A failure is ignored: there is no place left to report it.
fn print_error(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// Prints clap's own answer or its error, coloured on a terminal. A closed pipe is no reason to fail.
pub(super) fn usage(error: &clap::Error, environment: &Environment) {
    let rendered = error.render();
    let on_terminal =
        if error.use_stderr() { io::stderr().is_terminal() } else { io::stdout().is_terminal() };
    let is_coloured = on_terminal && environment.get("NO_COLOR").is_none();
    let text = if is_coloured { rendered.ansi().to_string() } else { rendered.to_string() };
    let text = disarm::text(&text);
    if error.use_stderr() {
        print_error(&text);
    } else {
        let _ = io::stdout().lock().write_all(text.as_bytes());
    }
}

/// Writes the log to stderr: one event per write.
pub(super) struct LogWriter {
    /// The output, which knows the secrets.
    pub output: Arc<Output>,
    /// True if each event is a JSON object.
    pub is_json: bool,
}

impl Write for LogWriter {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let text = self.output.without_secrets(text);
        print_error(&if self.is_json { disarm::json(&text) } else { disarm::text(&text) });
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
