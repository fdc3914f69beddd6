//! Bounds on what a spec may hold, so that no input can exhaust the machine.

use crate::findings::Finding;
use crate::findings::catalogue::{ALIASES_EXPLODE, TOO_LARGE};
use crate::findings::collect::Report;
use crate::source::Mark;

/// The most levels of a document. A spec needs 5. Reading and dropping the tree recurse this far at most.
pub(crate) const DEEPEST: usize = 64;
/// The most values of all documents of a run, keys included. 100,000 packages with every field and ten tags
/// are 6.2 million values; 8 million take less than 500 MiB.
pub(crate) const MOST_VALUES: u32 = 8_000_000;
/// The most values that aliases may repeat in a run: enough to share an area pair among 30,000 packages; a
/// bomb exceeds it at once.
pub(crate) const MOST_REPEATED: u32 = 100_000;

/// The values that all sources of a run hold together, so far.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    values: u32,
    repeated: u32,
}

impl Budget {
    /// Counts values, and reports it if they are too many. True if there is room.
    pub(crate) fn values(&mut self, count: u32, mark: Mark, report: &mut Report) -> bool {
        self.values = self.values.saturating_add(count);
        if self.values > MOST_VALUES {
            let message = format!("the spec holds more than {MOST_VALUES} values");
            report.add(Finding::new(TOO_LARGE, mark, message).hint("split it into several runs"));
        }
        !self.is_spent()
    }

    /// Counts values that an alias repeats, and reports it if they are too many. True if there is room.
    pub(crate) fn repeat(&mut self, count: u32, mark: Mark, report: &mut Report) -> bool {
        self.repeated = self.repeated.saturating_add(count);
        let fits = self.repeated <= MOST_REPEATED;
        if !fits {
            let message = format!("aliases repeat more than {MOST_REPEATED} values");
            let finding = Finding::new(ALIASES_EXPLODE, mark, message);
            report.add(finding.hint("use `defaults`, or write the values out"));
        }
        fits
    }

    /// True if nothing more can be read.
    pub(crate) fn is_spent(&self) -> bool {
        self.values > MOST_VALUES
    }
}
