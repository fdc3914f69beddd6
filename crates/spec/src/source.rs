//! The sources of a run and places in them: every value and every finding points into one.

use std::ops::Range;

/// One file of a spec: its bytes, and the name that findings show.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name to show: the path as the user gave it, or `<stdin>`.
    pub name: String,
    /// The bytes as read.
    pub bytes: Vec<u8>,
}

/// A stretch of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The index of the source.
    pub source: usize,
    /// Its bytes in the source, for underlining.
    pub span: Range<usize>,
    /// The line it starts on, from 1.
    pub line: usize,
    /// The column it starts in, in characters, from 1.
    pub column: usize,
}

/// A [`Place`] in a third of its size, because every node has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) source: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl From<Mark> for Place {
    fn from(mark: Mark) -> Self {
        let Mark { source, start, end, line, column } = mark;
        Self {
            source: source as usize,
            span: start as usize..end as usize,
            line: line as usize,
            column: column as usize,
        }
    }
}

/// Converts an offset or a count inside a source. The size of all sources is checked before they are read, so
/// these numbers fit; a saturated one would only misplace a finding.
pub(crate) fn saturating_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
