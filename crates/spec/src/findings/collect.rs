//! The findings of one run, collected while reading goes on.

use std::collections::BTreeMap;

use crate::findings::catalogue::TOO_MANY_FINDINGS;
use crate::findings::{Finding, Severity};

/// The most errors, and the most warnings, that one run keeps. A file made to be wrong has a finding every
/// few bytes; a person stops reading long before. Counted apart, so that warnings never push out an error.
pub(crate) const MOST_SHOWN: usize = 10_000;

/// The findings of one run so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    findings: Vec<Finding>,
    errors: usize,
    warnings: usize,
}

impl Report {
    /// Adds a finding. Past the limit it is only counted.
    pub(crate) fn add(&mut self, finding: Finding) {
        let seen = match finding.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *seen += 1;
        if *seen <= MOST_SHOWN {
            self.findings.push(finding);
        }
    }

    /// The number of findings, shown or not.
    pub(crate) fn len(&self) -> usize {
        self.errors + self.warnings
    }

    /// True if the spec cannot be used.
    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Returns the known word that is nearest to this one, as a hint. Returns none once errors are no longer
    /// kept, so that a file full of mistakes costs no more than reading it.
    pub(crate) fn did_you_mean(&self, word: &str, known: &[&str]) -> Option<String> {
        // Much longer than any known word: comparing would take time and find nothing.
        if word.len() > 64 || self.errors > MOST_SHOWN {
            return None;
        }
        // Case is no difference of meaning: `PostPaid` is nearer to `POSTPAY` than to nothing.
        let lower = word.to_ascii_lowercase();
        let known: BTreeMap<String, &str> =
            known.iter().map(|word| (word.to_ascii_lowercase(), *word)).collect();
        let names: Vec<&str> = known.keys().map(String::as_str).collect();
        let near = similar::get_close_matches(lower.as_str(), &names, 1, 0.6);
        near.first().map(|near| format!("did you mean `{}`?", known[*near]))
    }

    /// Returns the findings by place. An error in a value that aliases repeat is reported once, at the
    /// anchor.
    pub(crate) fn finish(self) -> Vec<Finding> {
        let Self { mut findings, errors, warnings } = self;
        let dropped = errors.saturating_sub(MOST_SHOWN) + warnings.saturating_sub(MOST_SHOWN);
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

#[cfg(test)]
mod tests {
    use super::*;

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
