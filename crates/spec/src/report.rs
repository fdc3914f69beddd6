//! Collecting findings while reading goes on, and the words they share.

use crate::codes::TOO_MANY_FINDINGS;
use crate::neutral::is_plain;
use crate::{Code, Finding, Place, Severity};

/// How many errors, and how many warnings, one run keeps. A file made to be wrong holds a finding every few
/// bytes; a person stops reading long before. Counted apart, so that warnings never push out an error.
const MOST: usize = 10_000;

/// Where a piece of a source stands: a [`Place`] in a third of its size, because every node has one.
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

/// The findings of one run so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    findings: Vec<Finding>,
    errors: usize,
    warnings: usize,
}

impl Report {
    /// Adds a finding; past the limit it is only counted.
    pub(crate) fn add(&mut self, finding: Finding) {
        let seen = match finding.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *seen += 1;
        if *seen <= MOST {
            self.findings.push(finding);
        }
    }

    /// How many findings there are, shown or not.
    pub(crate) fn len(&self) -> usize {
        self.errors + self.warnings
    }

    /// Whether the spec can be used.
    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// The known word nearest to this one, as a hint. None once errors are no longer kept, so that a file
    /// full of mistakes costs no more than its reading.
    pub(crate) fn did_you_mean(&self, word: &str, known: &[&str]) -> Option<String> {
        // Longer than any known word by far: comparing would cost time and find nothing.
        if word.len() > 64 || self.errors > MOST {
            return None;
        }
        let same = known.iter().find(|known| known.eq_ignore_ascii_case(word)).copied();
        let near = || similar::get_close_matches(word, known, 1, 0.6).first().copied();
        same.or_else(near).map(|near| format!("did you mean `{near}`?"))
    }

    /// The findings by place, each once: what an alias repeats is wrong in one place only.
    pub(crate) fn finish(self) -> Vec<Finding> {
        let Self { mut findings, errors, warnings } = self;
        let dropped = errors.saturating_sub(MOST) + warnings.saturating_sub(MOST);
        findings.sort_by(|one, other| {
            let key = |f: &Finding| (f.place.source, f.place.span.start, f.code);
            key(one).cmp(&key(other)).then_with(|| one.message.cmp(&other.message))
        });
        findings.dedup();
        if let (Some(last), true) = (findings.last(), dropped > 0) {
            let message = format!("{dropped} more findings are not shown");
            findings.push(Finding::new(TOO_MANY_FINDINGS, last.place.clone(), message));
        }
        findings
    }
}

impl Finding {
    /// A finding with nothing but what was found.
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

/// Tells whether this character shows as something else than what it is: controls and bidirectional
/// formatting. Line breaks and tabs are controls too.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}')
}

/// Quotes text from a source for a message: in backticks, cut to a readable length, and neutral, so that
/// no message can carry a terminal escape or hide a character.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut out = String::from("`");
    for (n, c) in text.chars().enumerate() {
        if n == LONGEST {
            out.push('…');
            break;
        }
        if is_plain(c) { out.push(c) } else { out.extend(c.escape_unicode()) }
    }
    out.push('`');
    out
}

/// `a, b or c`.
pub(crate) fn alternatives(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_is_short_and_printable() {
        assert_eq!(quoted("a\u{1b}[31m\u{202e}b\u{200b}"), "`a\\u{1b}[31m\\u{202e}b\\u{200b}`");
        assert_eq!(quoted(&"é".repeat(61)), format!("`{}…`", "é".repeat(60)));
    }

    #[test]
    fn the_nearest_word_is_offered_and_no_far_one() {
        let known = ["bandwidth", "autoPay", "autoRenew"];
        let report = Report::default();
        let did_you_mean = |word| report.did_you_mean(word, &known);
        assert_eq!(did_you_mean("bandwith").as_deref(), Some("did you mean `bandwidth`?"));
        assert_eq!(did_you_mean("AUTOPAY").as_deref(), Some("did you mean `autoPay`?"));
        assert_eq!(did_you_mean("colour"), None);
    }
}
