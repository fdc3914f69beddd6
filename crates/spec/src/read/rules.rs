//! The rules for free text: names, descriptions and tags (Create page; lengths in characters).

use std::ops::RangeInclusive;

use crate::findings::Finding;
use crate::findings::catalogue::{EMPTY_TAG, ID, LENGTH, REFUSED_TEXT, RESERVED_TAG};
use crate::findings::collect::Report;
use crate::findings::printable::{is_unprintable, quoted};
use crate::model::ids::{Identity, StackName};
use crate::read::cursor::Cursor;
use crate::read::slot::Slot;
use crate::source::Mark;
use crate::yaml::node::Key;
use crate::yaml::placeholder;

/// The rule that a text must keep.
pub(super) struct Rule {
    pub(super) length: RangeInclusive<usize>,
    line_breaks: bool,
    refused_starts: &'static [&'static str],
    refused_parts: &'static [&'static str],
}

const URLS: &[&str] = &["http://", "https://"];
/// The vendor sends and checks names as one line. Its pages do not say that a name can be cleared, so an
/// empty one is refused.
pub(super) const NAME: Rule =
    Rule { length: 1..=128, line_breaks: false, refused_starts: URLS, refused_parts: &[] };
pub(super) const DESCRIPTION: Rule = Rule { length: 0..=256, line_breaks: true, ..NAME };
pub(super) const TAG_KEY: Rule =
    Rule { length: 1..=64, line_breaks: false, refused_starts: &["aliyun", "acs:"], refused_parts: URLS };
pub(super) const TAG_VALUE: Rule = Rule { length: 0..=128, ..TAG_KEY };

pub(crate) fn name(at: &mut Cursor<'_, '_>) -> Slot<String> {
    free_text(at, &NAME)
}

pub(crate) fn description(at: &mut Cursor<'_, '_>) -> Slot<String> {
    free_text(at, &DESCRIPTION)
}

pub(crate) fn resource_group(at: &mut Cursor<'_, '_>) -> Slot<String> {
    let Some(id) = at.text("text") else { return Slot::Wrong };
    // Asterisks: ids in documents are often masked.
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'*');
    let rest = id.strip_prefix("rg-").unwrap_or_default();
    if !rest.is_empty() && id.len() <= 128 && rest.bytes().all(fits) {
        return at.slot(Some(id.to_owned()));
    }
    let finding = at.finding(ID, format_args!("is {}", quoted(id)));
    at.report.add(finding.expected("a resource group id: rg-…"));
    Slot::Wrong
}

/// Reads a tag key; `None` if it cannot be one.
pub(crate) fn tag_key(key: &Key<'_>, report: &mut Report) -> Option<String> {
    if [Identity::TAG, Identity::TERMS_TAG].contains(&&*key.text) {
        let message = format!("the tag {} is reserved", quoted(&key.text));
        let finding = Finding::new(RESERVED_TAG, key.mark, message);
        report.add(finding.hint("remove it; it is written by this tool alone"));
        return None;
    }
    if placeholder::refused(&key.text, key.mark, "the tag key", report) {
        return None;
    }
    check(&key.text, key.mark, "the tag key", &TAG_KEY, report).then(|| key.text.clone().into_owned())
}

/// Reads a tag value: text, or null for a key that must be absent.
pub(crate) fn tag_value(at: &mut Cursor<'_, '_>) -> Slot<Option<String>> {
    if let Some(null) = at.written_null(None) {
        return null;
    }
    let value = allowed(at, "text, or null for a key that must be absent", &TAG_VALUE);
    if value == Some("") {
        let finding = at.finding(EMPTY_TAG, "is empty");
        at.report.add(finding.hint("give it a value, or null if the key must be absent"));
    }
    at.slot(value.map(|value| Some(value.to_owned())))
}

/// Checks that the identities of this stack's packages can be tag values. They are short enough, so only the
/// first letters of the stack's name can be refused.
pub(crate) fn identity(stack: &StackName, mark: Mark, report: &mut Report) {
    check(stack.as_str(), mark, "the stack's name becomes a tag value and", &TAG_VALUE, report);
}

fn free_text(at: &mut Cursor<'_, '_>, rule: &Rule) -> Slot<String> {
    let text = allowed(at, "text", rule);
    at.slot(text.map(str::to_owned))
}

/// Reads text that keeps the rule.
fn allowed<'n>(at: &mut Cursor<'n, '_>, expected: &str, rule: &Rule) -> Option<&'n str> {
    at.text(expected).filter(|text| check(text, at.node.mark, at.what, rule, at.report))
}

/// Reports every break of the rule in a text. True if there is none.
fn check(text: &str, mark: Mark, what: &str, rule: &Rule, report: &mut Report) -> bool {
    let findings = report.len();
    let length = text.chars().count();
    if !rule.length.contains(&length) {
        let finding = Finding::new(LENGTH, mark, format!("{what} has {length} characters"));
        report.add(finding.expected(format!("{} to {} characters", rule.length.start(), rule.length.end())));
    }
    // The pages do not say whether case counts, and no user needs the other spellings.
    let lower = text.to_ascii_lowercase();
    let start = rule.refused_starts.iter().find(|start| lower.starts_with(**start));
    let part = rule.refused_parts.iter().find(|part| lower.contains(**part));
    let unseen = text.chars().find(|&c| is_unprintable(c) && !(c == '\n' && rule.line_breaks));
    let messages = [
        start.map(|start| format!("{what} starts with `{start}`, which the service refuses")),
        part.map(|part| format!("{what} contains `{part}`, which the service refuses")),
        unseen.map(|c| format!("{what} holds the unprintable character U+{:04X}", u32::from(c))),
    ];
    for message in messages.into_iter().flatten() {
        report.add(Finding::new(REFUSED_TEXT, mark, message));
    }
    report.len() == findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::{Address, Generation};

    #[test]
    fn the_longest_identity_fits_a_tag() {
        let name = "a".repeat(40);
        let address = Address { stack: name.parse().unwrap(), package: name.parse().unwrap() };
        let identity = Identity { address, generation: Generation::new(u32::MAX).unwrap() };
        assert!(identity.to_string().parse::<Identity>().is_ok());
        assert!(TAG_VALUE.length.contains(&identity.to_string().len()));
        assert!([Identity::TAG, Identity::TERMS_TAG].iter().all(|key| TAG_KEY.length.contains(&key.len())));
    }
}
