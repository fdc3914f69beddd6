//! The rules for free text: names, descriptions and tags (Create page; lengths in characters).

use std::ops::RangeInclusive;

use crate::codes::{EMPTY_TAG, ID, LENGTH, REFUSED_TEXT, RESERVED_TAG};
use crate::read::{Slot, text, written_null};
use crate::report::{Mark, Report, is_unprintable, quoted};
use crate::yaml::{Key, Node};
use crate::{Finding, Identity};

/// What a text may be.
struct Rule {
    length: RangeInclusive<usize>,
    line_breaks: bool,
    refused_starts: &'static [&'static str],
    refused_parts: &'static [&'static str],
}

const URLS: &[&str] = &["http://", "https://"];
/// The vendor sends and checks names as one line; whether a name can be cleared is not documented, so an
/// empty one is refused.
const NAME: Rule = Rule { length: 1..=128, line_breaks: false, refused_starts: URLS, refused_parts: &[] };
const DESCRIPTION: Rule = Rule { length: 0..=256, line_breaks: true, ..NAME };
const TAG_KEY: Rule =
    Rule { length: 1..=64, line_breaks: false, refused_starts: &["aliyun", "acs:"], refused_parts: URLS };
const TAG_VALUE: Rule = Rule { length: 0..=128, ..TAG_KEY };

pub(crate) fn name(node: &Node<'_>, report: &mut Report) -> Slot<String> {
    free_text(node, "`name`", &NAME, report)
}

pub(crate) fn description(node: &Node<'_>, report: &mut Report) -> Slot<String> {
    free_text(node, "`description`", &DESCRIPTION, report)
}

pub(crate) fn resource_group(node: &Node<'_>, report: &mut Report) -> Slot<String> {
    let id = text(node, "`resourceGroupId`", "text", report).and_then(|id| {
        // Asterisks: ids in documents are often masked.
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'*');
        let rest = id.strip_prefix("rg-").unwrap_or_default();
        if !rest.is_empty() && id.len() <= 128 && rest.bytes().all(fits) {
            return Some(id.to_owned());
        }
        let finding = Finding::new(ID, node.mark, format!("`resourceGroupId` is {}", quoted(id)));
        report.add(finding.expected("a resource group id: rg-…"));
        None
    });
    Slot::read(id, node.mark)
}

/// Checks a tag key, ours included.
pub(crate) fn tag_key(key: &Key<'_>, report: &mut Report) {
    if [Identity::TAG, Identity::TERMS_TAG].contains(&&*key.text) {
        let message = format!("the tag {} is reserved", quoted(&key.text));
        report.add(
            Finding::new(RESERVED_TAG, key.mark, message).hint("remove it; it is written by this tool alone"),
        );
    }
    check(&key.text, key.mark, "the tag key", &TAG_KEY, report);
}

/// Reads a tag value: text, or null for a key that must be absent.
pub(crate) fn tag_value(node: &Node<'_>, report: &mut Report) -> Slot<Option<String>> {
    const WHAT: &str = "the tag value";
    written_null(node, WHAT, None, report).unwrap_or_else(|| {
        let value = text(node, WHAT, "text, or null for a key that must be absent", report);
        if let Some(value) = value {
            if value.is_empty() {
                let finding = Finding::new(EMPTY_TAG, node.mark, "the tag value is empty");
                report.add(finding.hint("give it a value, or null if the key must be absent"));
            }
            check(value, node.mark, WHAT, &TAG_VALUE, report);
        }
        Slot::read(value.map(|value| Some(value.to_owned())), node.mark)
    })
}

fn free_text(node: &Node<'_>, what: &str, rule: &Rule, report: &mut Report) -> Slot<String> {
    let value = text(node, what, "text", report);
    if let Some(value) = value {
        check(value, node.mark, what, rule, report);
    }
    Slot::read(value.map(str::to_owned), node.mark)
}

fn check(text: &str, mark: Mark, what: &str, rule: &Rule, report: &mut Report) {
    let length = text.chars().count();
    if !rule.length.contains(&length) {
        let finding = Finding::new(LENGTH, mark, format!("{what} has {length} characters"));
        report.add(finding.expected(format!("{} to {} characters", rule.length.start(), rule.length.end())));
    }
    // The pages do not say whether case counts; nobody needs the other spellings.
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
}
