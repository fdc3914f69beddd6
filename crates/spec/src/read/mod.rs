//! Reads the trees of all sources as one checked spec.

pub(crate) mod cursor;
pub(crate) mod document;
pub(crate) mod fields;
mod habits;
mod include;
mod merge;
mod origin;
mod package;
mod rules;
mod slot;

use crate::findings::Finding;
use crate::findings::catalogue::{EMPTY_FILE, TOO_LARGE};
use crate::findings::collect::Report;
use crate::model::spec::Spec;
use crate::read::cursor::is_null;
use crate::read::document::{Document, document};
use crate::read::include::Included;
use crate::read::merge::Merge;
use crate::source::{Mark, Source, saturating_u32};
use crate::yaml::budget::Budget;
use crate::yaml::decode::decode;
use crate::yaml::documents;

pub use crate::read::include::{Unread, includes};
pub use crate::read::origin::{Level, Origin, origins};

/// The most bytes of all sources of a run together. 100,000 packages with every field take about 60 MiB; a
/// larger limit would let one file take gigabytes of memory.
pub const MOST_BYTES: usize = 128 << 20;

/// The result of reading the sources of a run.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The spec that they declare; `None` if any finding is an error.
    pub spec: Option<Spec>,
    /// All errors and warnings, by source and position.
    pub findings: Vec<Finding>,
}

/// Reads all sources of a run and checks everything that can be checked without the service.
///
/// One call returns the findings of all sources; it only skips text that broken syntax makes unreadable. Time
/// and memory grow with the size of the sources, whatever they contain.
///
/// A source that a document of another one includes is read as the defaults of that document, and declares
/// nothing itself.
pub fn parse(sources: &[Source]) -> Parsed {
    parse_with(sources, &Unread::new())
}

/// Reads all sources of a run. `unread` says why included files are not among them.
pub fn parse_with(sources: &[Source], unread: &Unread) -> Parsed {
    let mut report = Report::default();
    let mut merge = Merge::default();
    if let Some(finding) = too_large(sources) {
        report.add(finding);
    } else {
        let mut budget = Budget::default();
        each_document(sources, unread, &mut budget, &mut report, |document, report| {
            merge.add(document, report);
        });
    }
    let spec = merge.finish(&mut report);
    let spec = (!report.has_errors()).then_some(spec);
    Parsed { spec, findings: report.finish() }
}

fn too_large(sources: &[Source]) -> Option<Finding> {
    let mut left = MOST_BYTES;
    for (index, source) in sources.iter().enumerate() {
        let Some(rest) = left.checked_sub(source.bytes.len()) else {
            let mark = Mark { source: saturating_u32(index), line: 1, column: 1, ..Mark::default() };
            let message = format!("the spec is larger than {} MiB", MOST_BYTES >> 20);
            return Some(Finding::new(TOO_LARGE, mark, message).hint("split it into several runs"));
        };
        left = rest;
    }
    None
}

/// Reads every document of the sources that are not included.
fn each_document(
    sources: &[Source],
    unread: &Unread,
    budget: &mut Budget,
    report: &mut Report,
    mut take: impl FnMut(&Document<'_>, &mut Report),
) {
    let included = Included::read(sources, unread, budget, report);
    for (index, source) in sources.iter().enumerate() {
        if budget.is_spent() {
            break;
        }
        if !included.has(index) {
            read(saturating_u32(index), source, &included, budget, report, &mut take);
        }
    }
}

fn read(
    index: u32,
    source: &Source,
    included: &Included<'_>,
    budget: &mut Budget,
    report: &mut Report,
    take: &mut impl FnMut(&Document<'_>, &mut Report),
) {
    let findings = report.len();
    let Some(text) = decode(index, &source.bytes, report) else { return };
    let roots = documents(index, text, budget, report);
    let mut filled = roots.iter().filter(|root| !is_null(root)).peekable();
    if filled.peek().is_none() && report.len() == findings {
        let mark = Mark { source: index, line: 1, column: 1, ..Mark::default() };
        report.add(Finding::new(EMPTY_FILE, mark, "the file declares nothing"));
    }
    for root in filled {
        if let Some(document) = document(root, &source.name, included, budget, report) {
            take(&document, report);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::catalogue::{
        ALIASES_EXPLODE, INCLUDE, LENGTH, NAME, OUT_OF_RANGE, PERIOD, TOO_DEEP, TOO_MANY_FINDINGS,
        TOO_MANY_TAGS,
    };
    use crate::findings::collect::MOST_SHOWN;
    use crate::model::ids::{Identity, LONGEST_NAME};
    use crate::model::terms::{Mbps, Term};
    use crate::read::cursor::alternatives;
    use crate::read::fields::MOST_MONTHS;
    use crate::read::package::MOST_TAGS;
    use crate::yaml::budget::{DEEPEST, MOST_REPEATED, MOST_VALUES};

    /// Returns a number as the catalogue writes a large one: `8,000,000`.
    fn grouped(number: usize) -> String {
        let digits = number.to_string();
        let groups = digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap());
        groups.collect::<Vec<_>>().join(",")
    }

    fn periods(periods: &[u8]) -> String {
        let periods: Vec<String> = periods.iter().map(u8::to_string).collect();
        alternatives(&periods.iter().map(String::as_str).collect::<Vec<_>>())
    }

    #[test]
    fn the_catalogue_names_the_limits_that_are_enforced() {
        let length = |rule: &rules::Rule| format!("{} to {}", rule.length.start(), rule.length.end());
        let (months, years) = (periods(&Term::MONTHS), periods(&Term::YEARS));
        for (code, limit) in [
            (TOO_DEEP, format!("levels; {DEEPEST} are allowed")),
            (TOO_LARGE, format!("{} MiB", MOST_BYTES >> 20)),
            (TOO_LARGE, format!("{} values", grouped(MOST_VALUES as usize))),
            (ALIASES_EXPLODE, format!("{} values", grouped(MOST_REPEATED as usize))),
            (NAME, format!("up to {} lower-case letters, digits or hyphens", LONGEST_NAME - 1)),
            (OUT_OF_RANGE, format!("Bandwidth is {} to {} Mbps.", Mbps::MIN.0, Mbps::MAX.0)),
            (OUT_OF_RANGE, format!("A period is {months} months, or {years} years.")),
            (OUT_OF_RANGE, format!("1 to {MOST_MONTHS} months")),
            (LENGTH, format!("name has {} characters", length(&rules::NAME))),
            (LENGTH, format!("description {},", length(&rules::DESCRIPTION))),
            (LENGTH, format!("tag key {} and", length(&rules::TAG_KEY))),
            (LENGTH, format!("tag value {}.", length(&rules::TAG_VALUE))),
            (PERIOD, format!("month {months} can be bought, by the year {years}.")),
            (TOO_MANY_TAGS, format!("{} tags", MOST_TAGS + [Identity::TAG, Identity::TERMS_TAG].len())),
            (TOO_MANY_TAGS, format!("so {MOST_TAGS} are left")),
            (INCLUDE, format!("at most {} files", include::MOST_INCLUDES)),
            (TOO_MANY_FINDINGS, format!("first {} errors", grouped(MOST_SHOWN))),
            (TOO_MANY_FINDINGS, format!("first {} warnings", grouped(MOST_SHOWN))),
        ] {
            let text = code.explanation().text;
            assert!(text.contains(&limit), "{code} does not name {limit:?}: {text}");
        }
    }
}
