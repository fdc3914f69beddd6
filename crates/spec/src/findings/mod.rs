//! Findings: errors and warnings about a spec, each with its place.

use std::fmt;

pub(crate) mod catalogue;
pub(crate) mod collect;
pub(crate) mod printable;
pub(crate) mod render;

use crate::source::Place;

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The spec cannot be used.
    Error,
    /// The spec can be used, but it may not be what the user wants.
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

impl Code {
    /// The code as a string.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The severity of findings with this code: `E…` is an error, `W…` a warning.
    pub fn severity(self) -> Severity {
        if self.0.starts_with('W') { Severity::Warning } else { Severity::Error }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// An error or a warning about a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule that it is about; `cenbwp explain CODE` prints the reason for it.
    pub code: Code,
    /// The severity of its code.
    pub severity: Severity,
    /// The place that is underlined.
    pub place: Place,
    /// A sentence in lower case, without a full stop.
    pub message: String,
    /// The expected value, shown under the underlined text.
    pub expected: Option<String>,
    /// The advice, such as `did you mean "bandwidth"?`.
    pub hint: Option<String>,
    /// Another place that matters, such as the first of two declarations, and a label for it.
    pub other: Option<(Place, String)>,
}

impl Finding {
    /// Returns a finding that has only a message.
    pub(crate) fn new(code: Code, place: impl Into<Place>, message: impl Into<String>) -> Self {
        let (place, message) = (place.into(), message.into());
        Self { code, severity: code.severity(), place, message, expected: None, hint: None, other: None }
    }

    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    pub(crate) fn other(mut self, place: impl Into<Place>, what: impl Into<String>) -> Self {
        self.other = Some((place.into(), what.into()));
        self
    }
}
