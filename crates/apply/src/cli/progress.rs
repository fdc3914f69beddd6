//! Prints the progress of an apply on stderr.

use std::cell::Cell;
use std::time::Duration;

use jiff::Timestamp;

use super::output::Output;
use crate::clock::Clock;
use crate::execute::Waiting;

/// The time between two lines without a terminal. They show that the run is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The time until the first line. It is shorter: the reader of a silent log soon wonders.
const FIRST: Duration = Duration::from_secs(4);

/// A line that is redrawn on a terminal, and printed now and then elsewhere.
pub(super) struct Progress<'a> {
    output: &'a Output,
    clock: &'a Clock,
    next: Cell<Timestamp>,
    drawn: Cell<bool>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(output: &'a Output, clock: &'a Clock) -> Self {
        Self { output, clock, next: Cell::new(clock.now() + FIRST), drawn: Cell::new(false) }
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
            self.output.draw(&format!("\r\x1b[K{line}"));
            self.drawn.set(true);
        } else if now >= self.next.get() {
            self.output.story(&line);
            self.next.set(now + HEARTBEAT);
        }
    }

    /// Removes the line, so that other text can be printed.
    pub(super) fn clear(&self) {
        if self.drawn.take() {
            self.output.draw("\r\x1b[K");
        }
    }
}
