//! Prints the progress of an apply on stderr.

use std::cell::Cell;
use std::time::Duration;

use jiff::Timestamp;
use unicode_width::UnicodeWidthChar;

use super::output::Output;
use crate::clock::Clock;
use crate::execute::{ChangeResult, Waiting};
use crate::report::outcomes::outcome_words;

/// The time between two lines without a terminal. They show that the run is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The time until the first line. It is shorter: the reader of a silent log soon wonders.
const FIRST: Duration = Duration::from_secs(4);

/// A line that is redrawn on a terminal, and printed now and then elsewhere.
pub(super) struct Progress<'a> {
    output: &'a Output,
    clock: &'a Clock,
    /// The number of changes.
    all: usize,
    /// True if the terminal that shows this also shows the results at the end.
    is_passing: bool,
    settled: Cell<usize>,
    next: Cell<Timestamp>,
    drawn: Cell<bool>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(output: &'a Output, clock: &'a Clock, all: usize, is_passing: bool) -> Self {
        let (next, drawn) = (Cell::new(clock.now() + FIRST), Cell::new(false));
        Self { output, clock, all, is_passing, settled: Cell::new(0), next, drawn }
    }

    /// Shows a result as it arrives. It stays, unless the results at the end go to the same terminal: then it
    /// passes, and each name is left there once.
    pub(super) fn result(&self, result: &ChangeResult) {
        self.settled.set(self.settled.get() + 1);
        let line = format!("{}: {}", result.identity, outcome_words(result));
        if self.is_passing {
            return self.draw(&format!("{line} ({} of {} settled)", self.settled.get(), self.all));
        }
        self.clear();
        self.output.story(&line);
    }

    /// Shows the change that has waited longest, what it waits for and since when, and how many changes are
    /// settled.
    pub(super) fn show(&self, settled: usize, all: usize, longest: &Waiting<'_>) {
        let now = self.clock.now();
        let Waiting { identity, awaits, since } = longest;
        let seconds = now.duration_since(*since).as_secs();
        let rest = if all > 1 { format!(" ({settled} of {all} settled)") } else { String::new() };
        let line = format!("{identity}: {awaits}, {seconds} s{rest}");
        if self.output.live {
            self.draw(&line);
        } else if now >= self.next.get() {
            self.output.story(&line);
            self.next.set(now + HEARTBEAT);
        }
    }

    /// Draws the line over the one before, and cuts it at the end of the screen's line: a part on a second
    /// line could not be removed.
    fn draw(&self, line: &str) {
        let mut left = self.output.screen.saturating_sub(1);
        let fits = |c: &char| {
            let width = c.width().unwrap_or(0);
            let fits = width <= left;
            left = left.saturating_sub(width);
            fits
        };
        let line: String = line.chars().take_while(fits).collect();
        self.output.draw(&format!("\r\x1b[K{line}"));
        self.drawn.set(true);
    }

    /// Removes the line, so that other text can be printed.
    pub(super) fn clear(&self) {
        if self.drawn.take() {
            self.output.draw("\r\x1b[K");
        }
    }
}
