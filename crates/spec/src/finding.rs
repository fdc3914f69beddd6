//! What is wrong with a spec, and exactly where.

use std::fmt;
use std::ops::Range;

/// One file of a spec: its bytes and the name that findings call it by.
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
    /// Which of the sources, by position.
    pub source: usize,
    /// The bytes of it, for underlining.
    pub span: Range<usize>,
    /// The line it starts on, from 1.
    pub line: usize,
    /// The column it starts in, in characters, from 1.
    pub column: usize,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The spec cannot be used.
    Error,
    /// It can be used, and it may not say what was meant.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A stable code: `E0201` for errors, `W0501` for warnings. Codes are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub(crate) &'static str);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// One thing that is wrong with a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which kind of thing; `cenbwp explain CODE` tells more.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// What was found: lower case, no full stop.
    pub message: String,
    /// What was expected, shown under the underlined text.
    pub expected: Option<String>,
    /// What to do about it, such as `did you mean "bandwidth"?`.
    pub hint: Option<String>,
    /// Another place that matters, such as the first of two declarations, and what it is.
    pub other: Option<(Place, String)>,
}
