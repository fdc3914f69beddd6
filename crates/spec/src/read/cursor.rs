//! Reads one value of the tree as the type that a field needs.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::findings::catalogue::{LEFT_EMPTY, NUMBER_SPELLING, OUT_OF_RANGE, UNKNOWN_WORD, WRONG_TYPE};
use crate::findings::collect::Report;
use crate::findings::printable::quoted;
use crate::findings::{Code, Finding};
use crate::model::ids::ParseError;
use crate::read::habits;
use crate::read::slot::Slot;
use crate::source::Mark;
use crate::yaml::node::{Key, Node, Value};
use crate::yaml::placeholder;
use crate::yaml::scalar::ScalarType;

/// A value that is being read. Each method reads it as one type and reports it if it is of another.
pub(crate) struct Cursor<'n, 'r> {
    pub(crate) node: &'n Node<'n>,
    /// The subject of every message about the value, such as "`bandwidth`" or "the area".
    pub(crate) what: &'static str,
    pub(crate) report: &'r mut Report,
}

impl<'n, 'r> Cursor<'n, 'r> {
    pub(crate) fn new(node: &'n Node<'n>, what: &'static str, report: &'r mut Report) -> Self {
        Self { node, what, report }
    }

    /// Returns a cursor at a value inside this one.
    pub(crate) fn inside<'i>(&mut self, node: &'i Node<'i>, what: &'static str) -> Cursor<'i, '_> {
        Cursor::new(node, what, self.report)
    }

    /// Returns the value that was read here; `None` is a wrong one.
    pub(crate) fn slot<T>(&self, value: Option<T>) -> Slot<T> {
        Slot::read(value, self.node.mark)
    }

    /// Returns a finding about this value. The message is the subject and these words.
    pub(crate) fn finding(&self, code: Code, words: impl fmt::Display) -> Finding {
        Finding::new(code, self.node.mark, format!("{} {words}", self.what))
    }

    /// Reads text.
    pub(crate) fn text(&mut self, expected: &str) -> Option<&'n str> {
        let Value::Scalar { text, plain: is_plain } = self.node.value() else {
            self.wrong_type(expected, None);
            return None;
        };
        let hint = match ScalarType::of(text, *is_plain) {
            ScalarType::Text => return (!self.is_placeholder(text)).then_some(text),
            // Null has a meaning of its own, so quotes are not the remedy.
            ScalarType::Null => None,
            ScalarType::Boolean(_) | ScalarType::Number => Some(format!("write it in quotes: \"{text}\"")),
        };
        self.wrong_type(expected, hint.filter(|_| text.len() <= 40));
        None
    }

    /// Reads text as a type that parses itself.
    pub(crate) fn parse<T: FromStr<Err = ParseError>>(&mut self, expected: &str, code: Code) -> Slot<T> {
        let Some(text) = self.text(expected) else { return Slot::Wrong };
        let value = parse(text, self.node.mark, self.what, code, self.report);
        self.slot(value)
    }

    /// Reads a whole number.
    pub(crate) fn integer(&mut self, range: RangeInclusive<u32>) -> Slot<u32> {
        let expected = match (*range.start(), *range.end()) {
            (start, u32::MAX) => format!("a whole number from {start}"),
            (start, end) => format!("a whole number from {start} to {end}"),
        };
        self.number(&expected, OUT_OF_RANGE, |number| range.contains(&number).then_some(number))
    }

    /// Reads a whole number in plain decimal digits. `code` is the finding for one that is not accepted.
    pub(crate) fn number<T>(
        &mut self,
        expected: &str,
        code: Code,
        accept: impl Fn(u32) -> Option<T>,
    ) -> Slot<T> {
        self.number_or(expected, code, accept, |_| None)
    }

    /// Reads a whole number; `hint` is the advice about a text of digits that is not accepted.
    pub(crate) fn number_or<T>(
        &mut self,
        expected: &str,
        code: Code,
        accept: impl Fn(u32) -> Option<T>,
        hint: impl Fn(&str) -> Option<String>,
    ) -> Slot<T> {
        let Some(text) = self.digits(expected) else { return Slot::Wrong };
        let number = text.parse().ok().and_then(accept);
        if number.is_none() {
            let finding = self.finding(code, format_args!("is {}", quoted(text))).expected(expected);
            self.report.add(finding.maybe_hint(hint(text)));
        }
        self.slot(number)
    }

    /// Reads the text of a number: decimal digits without leading zeros, perhaps after a minus.
    fn digits(&mut self, expected: &str) -> Option<&'n str> {
        let Value::Scalar { text, plain: is_plain } = self.node.value() else {
            self.wrong_type(expected, None);
            return None;
        };
        let digits = text.strip_prefix('-').unwrap_or(text);
        let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if !is_plain || !(ScalarType::of(text, true) == ScalarType::Number || is_grouped(text)) {
            let hint = (!is_plain && all_digits).then(|| format!("remove the quotes: {}", quoted(text)));
            let hint = hint.or_else(|| habits::unit(text));
            self.wrong_type(expected, hint);
            return None;
        }
        if all_digits && (digits.len() == 1 || !digits.starts_with('0')) {
            return Some(text);
        }
        let words = format_args!("is {}, which YAML readers understand differently", quoted(text));
        let finding = self.finding(NUMBER_SPELLING, words).expected(expected);
        self.report.add(finding.hint("write it in decimal digits only, such as 10"));
        None
    }

    /// Reads `true` or `false`.
    pub(crate) fn boolean(&mut self) -> Slot<bool> {
        if let Value::Scalar { text, plain: is_plain } = self.node.value()
            && let ScalarType::Boolean(value) = ScalarType::of(text, *is_plain)
        {
            return self.slot(Some(value));
        }
        let hint = match self.node.value() {
            Value::Scalar { text, .. } => match &*text.to_ascii_lowercase() {
                "yes" | "on" | "y" | "true" => Some("write true".to_owned()),
                "no" | "off" | "n" | "false" => Some("write false".to_owned()),
                _ => None,
            },
            _ => None,
        };
        self.wrong_type("true or false", hint);
        Slot::Wrong
    }

    /// Reads one of a few words.
    pub(crate) fn word<T: Copy>(&mut self, words: &[(&str, T)]) -> Slot<T> {
        let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        let expected = alternatives(&names);
        let text = match self.node.value() {
            Value::Scalar { text, plain: is_plain }
                if ScalarType::of(text, *is_plain) == ScalarType::Text =>
            {
                text
            }
            _ => {
                self.wrong_type(&expected, None);
                return Slot::Wrong;
            }
        };
        let value = words.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        if value.is_none() && !self.is_placeholder(text) {
            let finding = self.finding(UNKNOWN_WORD, format_args!("is {}", quoted(text)));
            let near = self.report.did_you_mean(text, &names);
            self.report.add(finding.expected(expected).maybe_hint(near));
        }
        self.slot(value)
    }

    /// Reads a list.
    pub(crate) fn list(&mut self, expected: &str) -> Option<&'n [Node<'n>]> {
        if let Value::List(items) = self.node.value() {
            return Some(items);
        }
        self.wrong_type(expected, None);
        None
    }

    /// Reads a mapping.
    pub(crate) fn map(&mut self, expected: &str) -> Option<&'n [(Key<'n>, Node<'n>)]> {
        if let Value::Map(entries) = self.node.value() {
            return Some(entries);
        }
        let hint = is_null(self.node).then(|| "write {} if nothing is meant".to_owned());
        self.wrong_type(expected, hint);
        None
    }

    /// Reads a null that takes something away, as this value; `None` if it is not null at all.
    ///
    /// An empty value is refused here: a template writes one when its variable is unset, and that must not
    /// detach a package or remove a tag.
    pub(crate) fn written_null<T>(&mut self, value: T) -> Option<Slot<T>> {
        if !is_null(self.node) {
            return None;
        }
        if matches!(self.node.value(), Value::Scalar { text, .. } if text.is_empty()) {
            let finding = self.finding(LEFT_EMPTY, "is left empty").expected("a value, or null");
            self.report.add(finding.hint("write null to take it away, or remove the line"));
            return Some(Slot::Wrong);
        }
        Some(self.slot(Some(value)))
    }

    /// Reports a value of another type than expected.
    pub(crate) fn wrong_type(&mut self, expected: &str, hint: Option<String>) {
        let found = match self.node.value() {
            Value::Scalar { text, plain: is_plain } => match ScalarType::of(text, *is_plain) {
                ScalarType::Null if text.is_empty() => "empty".to_owned(),
                ScalarType::Null => "null".to_owned(),
                ScalarType::Boolean(value) => value.to_string(),
                ScalarType::Number => format!("the number {}", quoted(text)),
                ScalarType::Text if self.is_placeholder(text) => return,
                ScalarType::Text => format!("the string {}", quoted(text)),
            },
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
            Value::Broken | Value::Shared(_) => return,
        };
        let finding = self.finding(WRONG_TYPE, format_args!("is {found}"));
        self.report.add(finding.expected(expected).maybe_hint(hint));
    }

    /// Reports the first placeholder in the text of this value. True if there is one.
    fn is_placeholder(&mut self, text: &str) -> bool {
        placeholder::refused(text, self.node.mark, self.what, self.report)
    }
}

/// Parses a text from this place as a type.
pub(crate) fn parse<T: FromStr<Err = ParseError>>(
    text: &str,
    mark: Mark,
    what: &str,
    code: Code,
    report: &mut Report,
) -> Option<T> {
    match text.parse() {
        Ok(value) => Some(value),
        Err(_) if placeholder::refused(text, mark, what, report) => None,
        Err(ParseError { expected }) => {
            let finding = Finding::new(code, mark, format!("{what} is {}", quoted(text)));
            report.add(finding.expected(expected));
            None
        }
    }
}

/// True for digits grouped by underscores: a number in YAML 1.1, text in YAML 1.2.
fn is_grouped(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(|b| b.is_ascii_digit() || b == b'_')
}

/// True for null, written or left empty.
pub(crate) fn is_null(node: &Node<'_>) -> bool {
    matches!(node.value(), Value::Scalar { text, plain: is_plain } if ScalarType::of(text, *is_plain) == ScalarType::Null)
}

/// Returns `a, b or c`.
pub(super) fn alternatives(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}
