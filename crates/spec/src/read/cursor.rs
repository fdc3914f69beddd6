//! Reading one value of the tree as the type that a field wants.

use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::findings::catalogue::{LEFT_EMPTY, NUMBER_SPELLING, OUT_OF_RANGE, UNKNOWN_WORD, WRONG_TYPE};
use crate::findings::collect::Report;
use crate::findings::printable::quoted;
use crate::findings::{Code, Finding};
use crate::model::ids::Invalid;
use crate::source::Mark;
use crate::yaml::node::{Key, Node, Value};
use crate::yaml::placeholder;
use crate::yaml::scalar::{Plain, plain};

/// A value and where it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) mark: Mark,
}

/// What a field holds. Missing and wrong are two things: what is wrong is already reported.
#[derive(Clone, Debug, Default)]
pub(crate) enum Slot<T> {
    #[default]
    Missing,
    Wrong,
    Given(At<T>),
}

impl<T> Slot<T> {
    /// A value that was read here, or a wrong one.
    pub(crate) fn read(value: Option<T>, mark: Mark) -> Self {
        value.map_or(Self::Wrong, |value| Self::Given(At { value, mark }))
    }

    pub(crate) fn given(&self) -> Option<&At<T>> {
        match self {
            Self::Given(at) => Some(at),
            Self::Missing | Self::Wrong => None,
        }
    }

    pub(crate) fn value(&self) -> Option<&T> {
        self.given().map(|at| &at.value)
    }

    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    pub(crate) fn map<U>(self, f: impl FnOnce(T) -> U) -> Slot<U> {
        match self {
            Self::Missing => Slot::Missing,
            Self::Wrong => Slot::Wrong,
            Self::Given(At { value, mark }) => Slot::Given(At { value: f(value), mark }),
        }
    }
}

impl<T: Clone> Slot<T> {
    /// This, or the default if it is missing.
    pub(crate) fn or(self, default: &Self) -> Self {
        if self.is_missing() { default.clone() } else { self }
    }
}

/// Reads text.
pub(crate) fn text<'n>(
    node: &'n Node<'_>,
    what: &str,
    expected: &str,
    report: &mut Report,
) -> Option<&'n str> {
    let Value::Scalar { text, plain: is_plain } = node.value() else {
        wrong_type(node, what, expected, None, report);
        return None;
    };
    let hint = match plain(text, *is_plain) {
        Plain::Text => {
            return (!placeholder::refused(text, node.mark, what, report)).then_some(text);
        }
        // Null has its own meaning, and quotes would not be what was meant.
        Plain::Null => None,
        Plain::Boolean(_) | Plain::Number => Some(format!("write it in quotes: \"{text}\"")),
    };
    wrong_type(node, what, expected, hint.filter(|_| text.len() <= 40), report);
    None
}

/// Reads text that is parsed by its type.
pub(crate) fn parsed<T: FromStr<Err = Invalid>>(
    node: &Node<'_>,
    what: &str,
    expected: &str,
    code: Code,
    report: &mut Report,
) -> Slot<T> {
    let text = text(node, what, expected, report);
    Slot::read(text.and_then(|text| parse(text, node.mark, what, code, report)), node.mark)
}

/// Parses text that stands here.
pub(crate) fn parse<T: FromStr<Err = Invalid>>(
    text: &str,
    mark: Mark,
    what: &str,
    code: Code,
    report: &mut Report,
) -> Option<T> {
    match text.parse() {
        Ok(value) => Some(value),
        Err(_) if placeholder::refused(text, mark, what, report) => None,
        Err(Invalid { expected }) => {
            let finding = Finding::new(code, mark, format!("{what} is {}", quoted(text)));
            report.add(finding.expected(expected));
            None
        }
    }
}

/// Reads a whole number.
pub(crate) fn integer(
    node: &Node<'_>,
    what: &str,
    range: RangeInclusive<u32>,
    report: &mut Report,
) -> Slot<u32> {
    let expected = match (*range.start(), *range.end()) {
        (start, u32::MAX) => format!("a whole number from {start}"),
        (start, end) => format!("a whole number from {start} to {end}"),
    };
    number(node, what, &expected, OUT_OF_RANGE, |number| range.contains(&number).then_some(number), report)
}

/// Reads a whole number in plain decimal digits, if it is one that is accepted; else `code` is the finding.
pub(crate) fn number<T>(
    node: &Node<'_>,
    what: &str,
    expected: &str,
    code: Code,
    accept: impl Fn(u32) -> Option<T>,
    report: &mut Report,
) -> Slot<T> {
    let Some(text) = digits(node, what, expected, report) else { return Slot::Wrong };
    let number = text.parse().ok().and_then(accept);
    if number.is_none() {
        report.add(Finding::new(code, node.mark, format!("{what} is {}", quoted(text))).expected(expected));
    }
    Slot::read(number, node.mark)
}

/// Reads the text of a number: decimal digits without leading zeros, perhaps after a minus.
fn digits<'n>(node: &'n Node<'_>, what: &str, expected: &str, report: &mut Report) -> Option<&'n str> {
    let Value::Scalar { text, plain: is_plain } = node.value() else {
        wrong_type(node, what, expected, None, report);
        return None;
    };
    let digits = text.strip_prefix('-').unwrap_or(text);
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_plain || !(plain(text, true) == Plain::Number || is_grouped(text)) {
        let hint = (!is_plain && all_digits).then(|| format!("remove the quotes: {}", quoted(text)));
        wrong_type(node, what, expected, hint, report);
        return None;
    }
    if all_digits && (digits.len() == 1 || !digits.starts_with('0')) {
        return Some(text);
    }
    let message = format!("{what} is {}, which YAML readers understand differently", quoted(text));
    let finding = Finding::new(NUMBER_SPELLING, node.mark, message).expected(expected);
    report.add(finding.hint("write it in decimal digits only, such as 10"));
    None
}

/// Digits grouped by underscores: a number to YAML 1.1, text to YAML 1.2.
fn is_grouped(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(|b| b.is_ascii_digit() || b == b'_')
}

/// Reads `true` or `false`.
pub(crate) fn boolean(node: &Node<'_>, what: &str, report: &mut Report) -> Slot<bool> {
    if let Value::Scalar { text, plain: is_plain } = node.value()
        && let Plain::Boolean(value) = plain(text, *is_plain)
    {
        return Slot::read(Some(value), node.mark);
    }
    let hint = match node.value() {
        Value::Scalar { text, .. } => match &*text.to_ascii_lowercase() {
            "yes" | "on" | "y" | "true" => Some("write true".to_owned()),
            "no" | "off" | "n" | "false" => Some("write false".to_owned()),
            _ => None,
        },
        _ => None,
    };
    wrong_type(node, what, "true or false", hint, report);
    Slot::Wrong
}

/// Reads one of a few words.
pub(crate) fn word<T: Copy>(
    node: &Node<'_>,
    what: &str,
    words: &[(&str, T)],
    report: &mut Report,
) -> Slot<T> {
    let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
    let expected = alternatives(&names);
    let text = match node.value() {
        Value::Scalar { text, plain: is_plain } if plain(text, *is_plain) == Plain::Text => text,
        _ => {
            wrong_type(node, what, &expected, None, report);
            return Slot::Wrong;
        }
    };
    let value = words.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    if value.is_none() && !placeholder::refused(text, node.mark, what, report) {
        let finding = Finding::new(UNKNOWN_WORD, node.mark, format!("{what} is {}", quoted(text)));
        let near = report.did_you_mean(text, &names);
        report.add(finding.expected(expected).maybe_hint(near));
    }
    Slot::read(value, node.mark)
}

/// Reads a list.
pub(crate) fn list<'n, 's>(
    node: &'n Node<'s>,
    what: &str,
    expected: &str,
    report: &mut Report,
) -> Option<&'n [Node<'s>]> {
    if let Value::List(items) = node.value() {
        return Some(items);
    }
    wrong_type(node, what, expected, None, report);
    None
}

/// Reads a mapping.
pub(crate) fn map<'n, 's>(
    node: &'n Node<'s>,
    what: &str,
    expected: &str,
    report: &mut Report,
) -> Option<&'n [(Key<'s>, Node<'s>)]> {
    if let Value::Map(entries) = node.value() {
        return Some(entries);
    }
    let hint = is_null(node).then(|| "write {} if nothing is meant".to_owned());
    wrong_type(node, what, expected, hint, report);
    None
}

/// Tells whether this is null, as written or as left out.
pub(crate) fn is_null(node: &Node<'_>) -> bool {
    matches!(node.value(), Value::Scalar { text, plain: is_plain } if plain(text, *is_plain) == Plain::Null)
}

/// Reads a null that takes something away; `None` if the value is not null at all.
///
/// A value left empty is refused here: it is what a template writes when its variable is unset, and nothing
/// may be detached or removed because of that.
pub(crate) fn written_null<T>(node: &Node<'_>, what: &str, value: T, report: &mut Report) -> Option<Slot<T>> {
    if !is_null(node) {
        return None;
    }
    if matches!(node.value(), Value::Scalar { text, .. } if text.is_empty()) {
        let finding = Finding::new(LEFT_EMPTY, node.mark, format!("{what} is left empty"));
        report
            .add(finding.expected("a value, or null").hint("write null to take it away, or remove the line"));
        return Some(Slot::Wrong);
    }
    Some(Slot::read(Some(value), node.mark))
}

/// Reports a value of another type than expected.
pub(crate) fn wrong_type(
    node: &Node<'_>,
    what: &str,
    expected: &str,
    hint: Option<String>,
    report: &mut Report,
) {
    let found = match node.value() {
        Value::Scalar { text, plain: is_plain } => match plain(text, *is_plain) {
            Plain::Null if text.is_empty() => "empty".to_owned(),
            Plain::Null => "null".to_owned(),
            Plain::Boolean(value) => value.to_string(),
            Plain::Number => format!("the number {}", quoted(text)),
            Plain::Text if placeholder::refused(text, node.mark, what, report) => return,
            Plain::Text => format!("the text {}", quoted(text)),
        },
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a mapping".to_owned(),
        Value::Broken | Value::Shared(_) => return,
    };
    let finding = Finding::new(WRONG_TYPE, node.mark, format!("{what} is {found}"));
    report.add(finding.expected(expected).maybe_hint(hint));
}

/// `a, b or c`.
fn alternatives(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}
