//! How far an apply has got, on stderr.

use std::cell::Cell;
use std::time::Duration;

use jiff::Timestamp;

use super::output::Output;
use crate::clock::Clock;

/// Without a terminal, one line in this time says that the run is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A line that is drawn over on a terminal, and told now and then elsewhere.
pub(super) struct Progress<'a> {
    output: &'a Output,
    clock: &'a Clock,
    started: Timestamp,
    told: Cell<Timestamp>,
    drawn: Cell<bool>,
}

impl<'a> Progress<'a> {
    /// Starts the clock.
    pub(super) fn new(output: &'a Output, clock: &'a Clock) -> Self {
        let started = clock.now();
        Self { output, clock, started, told: Cell::new(started), drawn: Cell::new(false) }
    }

    /// Tells how many changes are settled.
    pub(super) fn tell(&self, settled: usize, all: usize) {
        let now = self.clock.now();
        let seconds = now.duration_since(self.started).as_secs();
        let line = format!("{settled} of {all} settled, {seconds} s");
        if self.output.live {
            self.output.draw(&format!("\r\x1b[K{line}"));
            self.drawn.set(true);
        } else if now.duration_since(self.told.get()).unsigned_abs() >= HEARTBEAT {
            self.output.story(&line);
            self.told.set(now);
        }
    }

    /// Removes the line, so that other text can be printed.
    pub(super) fn clear(&self) {
        if self.drawn.take() {
            self.output.draw("\r\x1b[K");
        }
    }
}
