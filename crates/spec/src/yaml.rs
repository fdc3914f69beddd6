//! Text to a tree in which every key and value knows its place.
//!
//! The only module that knows the YAML parser. Its events are built into a tree with a stack of our own
//! and with budgets of our own, so that no input can exhaust the machine: depth, values, and what aliases
//! repeat.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, ScanError, Span, StrInput};

use crate::Finding;
use crate::codes::{
    ALIASES_EXPLODE, BAD_ALIAS, BAD_KEY, DUPLICATE_KEY, MERGE_KEY, SYNTAX, TOO_DEEP, TOO_LARGE, TYPE_TAG,
};
use crate::placeholder;
use crate::report::{Mark, Report, quoted};
use crate::scalar::{Plain, plain};
use crate::syntax::describe;
use crate::text::{Text, count};

/// A spec nests 5 deep. Reading and dropping the tree recurse this far at most.
const DEEPEST: usize = 64;
/// 100,000 packages with every field and ten tags are 6.2 million values, keys included; 8 million take less
/// than 500 MiB.
const MOST_VALUES: u32 = 8_000_000;
/// Enough to share an area pair among 30,000 packages; a bomb is over it at once.
const MOST_REPEATED: u32 = 100_000;

/// A value and where it stands. An alias stands where it is written, what it repeats where that is.
#[derive(Debug)]
pub(crate) struct Node<'s> {
    pub(crate) mark: Mark,
    value: Value<'s>,
}

#[derive(Debug)]
pub(crate) enum Value<'s> {
    /// Text, and whether it is plain: only plain text can be a number, a boolean or null.
    Scalar {
        text: Cow<'s, str>,
        plain: bool,
    },
    List(Vec<Node<'s>>),
    Map(Vec<(Key<'s>, Node<'s>)>),
    /// Already reported; nothing can be said about it.
    Broken,
    /// What an anchor marks, shared with its aliases.
    Shared(Rc<Node<'s>>),
}

/// A key: text, and unique in its map.
#[derive(Debug)]
pub(crate) struct Key<'s> {
    pub(crate) mark: Mark,
    pub(crate) text: Cow<'s, str>,
}

impl<'s> Node<'s> {
    /// The value, whether written here or repeated by an alias.
    pub(crate) fn value(&self) -> &Value<'s> {
        match &self.value {
            Value::Shared(node) => node.value(),
            value => value,
        }
    }
}

/// What all sources of a run have used up together.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    values: u32,
    repeated: u32,
}

impl Budget {
    /// Counts values, and tells whether there is room for them; if not, it is in the report.
    pub(crate) fn values(&mut self, count: u32, mark: Mark, report: &mut Report) -> bool {
        self.values = self.values.saturating_add(count);
        if self.values > MOST_VALUES {
            let message = format!("the spec holds more than {MOST_VALUES} values");
            report.add(Finding::new(TOO_LARGE, mark, message).hint("split it into several runs"));
        }
        !self.is_spent()
    }

    /// Whether nothing more can be read.
    pub(crate) fn is_spent(&self) -> bool {
        self.values > MOST_VALUES
    }
}

/// Reads every document that can be read. A document that cannot be is a finding and does not hide the
/// next one.
pub(crate) fn documents<'s>(
    source: u32,
    text: Text<'s>,
    budget: &mut Budget,
    report: &mut Report,
) -> Vec<Node<'s>> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.emit_unresolved_aliases = true;
    let mut parser = Parser::new_from_str_with_options(text.text, options);
    let mut documents = Vec::new();
    loop {
        let mut tree = Tree::new(source, text, budget, report);
        match tree.document(&mut parser) {
            Ok(Some(root)) => documents.push(root),
            Ok(None) => return documents,
            Err(Abandoned::Document) => match parser.proceed_next_document() {
                Ok(true) => {}
                Ok(false) | Err(_) => return documents,
            },
            Err(Abandoned::Run) => return documents,
        }
    }
}

/// Why a document is not read to its end. The finding is already in the report.
enum Abandoned {
    Document,
    Run,
}

struct Tree<'s, 'r> {
    source: u32,
    text: &'s str,
    skipped: u32,
    budget: &'r mut Budget,
    report: &'r mut Report,
    open: Vec<Open<'s>>,
    anchors: BTreeMap<usize, Anchored<'s>>,
}

/// A list or map that is not closed yet.
struct Open<'s> {
    mark: Mark,
    anchor: usize,
    size: Size,
    inside: Inside<'s>,
}

enum Inside<'s> {
    List(Vec<Node<'s>>),
    Map { entries: Vec<(Key<'s>, Node<'s>)>, key: NextKey<'s> },
}

/// A map's next node is a key, or the value of this key, or the value of a key that was refused.
enum NextKey<'s> {
    Expected,
    Read(Key<'s>),
    Refused,
}

#[derive(Clone)]
struct Anchored<'s> {
    node: Rc<Node<'s>>,
    size: Size,
}

/// How many values a node holds, itself included, and how many levels.
#[derive(Clone, Copy)]
struct Size {
    values: u32,
    levels: usize,
}

impl<'s, 'r> Tree<'s, 'r> {
    fn new(source: u32, text: Text<'s>, budget: &'r mut Budget, report: &'r mut Report) -> Self {
        let Text { text, skipped } = text;
        Self { source, text, skipped, budget, report, open: Vec::new(), anchors: BTreeMap::new() }
    }

    /// The next document's root; `None` at the end of the source.
    fn document(&mut self, parser: &mut Parser<'s, StrInput<'s>>) -> Result<Option<Node<'s>>, Abandoned> {
        let mut root = None;
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| self.syntax(&error))?;
            let done = match event {
                Event::DocumentEnd => return Ok(root),
                Event::Scalar(text, style, anchor, tag) => {
                    let mark = self.mark(span);
                    let plain = style == ScalarStyle::Plain;
                    // The parser gives a value left empty as `~`.
                    let text = if plain && mark.start == mark.end { Cow::Borrowed("") } else { text };
                    let text = Value::Scalar { text, plain };
                    let value = if self.untagged(span, tag.is_some()) { text } else { Value::Broken };
                    Some(self.finish(Node { mark, value }, anchor, Size { values: 1, levels: 1 })?)
                }
                Event::SequenceStart(_, anchor, tag) => {
                    self.start(span, anchor, tag.is_some(), Inside::List(Vec::new()))?;
                    None
                }
                Event::MappingStart(_, anchor, tag) => {
                    let inside = Inside::Map { entries: Vec::new(), key: NextKey::Expected };
                    self.start(span, anchor, tag.is_some(), inside)?;
                    None
                }
                Event::SequenceEnd | Event::MappingEnd => self.end()?,
                Event::Alias(anchor) => Some(self.alias(self.mark(span), anchor)?),
                Event::UnresolvedAlias(name) => {
                    let mark = self.mark(span);
                    let message = format!("the alias {} names no anchor above it", quoted(&name));
                    let finding = Finding::new(BAD_ALIAS, mark, message);
                    self.report.add(finding.hint("write `&name` before the first use of the value"));
                    Some((Node { mark, value: Value::Broken }, Size { values: 1, levels: 1 }))
                }
                // The start of the stream or of a document, and comments.
                _ => None,
            };
            if let Some((node, size)) = done {
                root = self.put(node, size).or(root);
            }
        }
        Ok(None)
    }

    fn mark(&self, span: Span) -> Mark {
        let at = |marker: Marker| count(marker.byte_offset().unwrap_or_default()) + self.skipped;
        let (line, column) = (count(span.start.line()), count(span.start.col()) + 1);
        Mark { source: self.source, start: at(span.start), end: at(span.end), line, column }
    }

    fn syntax(&mut self, error: &ScanError) -> Abandoned {
        let line = error.marker().line().checked_sub(1).and_then(|line| self.text.lines().nth(line));
        let words = describe(error.kind(), line.unwrap_or_default());
        let mark = self.mark(Span::empty(*error.marker()));
        let finding = Finding::new(if words.deep { TOO_DEEP } else { SYNTAX }, mark, words.message);
        self.report.add(finding.maybe_hint(words.hint.map(str::to_owned)));
        Abandoned::Document
    }

    fn too_deep(&mut self, mark: Mark) -> Abandoned {
        let message = format!("this is nested more than {DEEPEST} levels deep");
        self.report.add(Finding::new(TOO_DEEP, mark, message));
        Abandoned::Document
    }

    fn untagged(&mut self, span: Span, tagged: bool) -> bool {
        if tagged {
            let mark = self.mark(span.tag_span().unwrap_or(span));
            let finding = Finding::new(TYPE_TAG, mark, "the value has an explicit YAML type");
            self.report.add(finding.hint("remove it; write text in quotes and numbers without"));
        }
        !tagged
    }

    /// Opens a list or map.
    fn start(
        &mut self,
        span: Span,
        anchor: usize,
        tagged: bool,
        inside: Inside<'s>,
    ) -> Result<(), Abandoned> {
        let mark = self.mark(span);
        if self.open.len() >= DEEPEST {
            return Err(self.too_deep(mark));
        }
        self.untagged(span, tagged);
        self.open.push(Open { mark, anchor, size: Size { values: 1, levels: 1 }, inside });
        Ok(())
    }

    /// Closes the innermost list or map.
    fn end(&mut self) -> Result<Option<(Node<'s>, Size)>, Abandoned> {
        let Some(Open { mut mark, anchor, size, inside }) = self.open.pop() else { return Ok(None) };
        let value = match inside {
            Inside::List(nodes) => Value::List(nodes),
            Inside::Map { entries, .. } => Value::Map(unique(entries, self.report)),
        };
        // A map that is written without braces begins with its first key: that is what can be underlined.
        if let Value::Map(entries) = &value
            && let Some((first, _)) = entries.first()
            && first.mark.start == mark.start
        {
            mark.end = first.mark.end;
        }
        self.finish(Node { mark, value }, anchor, size).map(Some)
    }

    /// Counts a complete node and remembers it if it carries an anchor.
    fn finish(&mut self, node: Node<'s>, anchor: usize, size: Size) -> Result<(Node<'s>, Size), Abandoned> {
        if !self.budget.values(1, node.mark, self.report) {
            return Err(Abandoned::Run);
        }
        if anchor == 0 {
            return Ok((node, size));
        }
        let (mark, node) = (node.mark, Rc::new(node));
        self.anchors.insert(anchor, Anchored { node: Rc::clone(&node), size });
        Ok((Node { mark, value: Value::Shared(node) }, size))
    }

    fn alias(&mut self, mark: Mark, anchor: usize) -> Result<(Node<'s>, Size), Abandoned> {
        let Some(Anchored { node, size }) = self.anchors.get(&anchor).cloned() else {
            let finding = Finding::new(BAD_ALIAS, mark, "the alias stands inside the value that it repeats");
            self.report.add(finding);
            return Ok((Node { mark, value: Value::Broken }, Size { values: 1, levels: 1 }));
        };
        self.budget.repeated = self.budget.repeated.saturating_add(size.values);
        if self.budget.repeated > MOST_REPEATED {
            let message = format!("aliases repeat more than {MOST_REPEATED} values");
            let finding = Finding::new(ALIASES_EXPLODE, mark, message);
            self.report.add(finding.hint("use `defaults`, or write the values out"));
            return Err(Abandoned::Document);
        }
        if self.open.len() + size.levels > DEEPEST {
            return Err(self.too_deep(mark));
        }
        Ok((Node { mark, value: Value::Shared(node) }, size))
    }

    /// Puts a complete node into what is open around it; returns it if nothing is, as the root.
    fn put(&mut self, node: Node<'s>, size: Size) -> Option<Node<'s>> {
        let Some(open) = self.open.last_mut() else { return Some(node) };
        open.size.values = open.size.values.saturating_add(size.values);
        open.size.levels = open.size.levels.max(size.levels + 1);
        match &mut open.inside {
            Inside::List(nodes) => nodes.push(node),
            Inside::Map { entries, key } => match std::mem::replace(key, NextKey::Expected) {
                NextKey::Expected => *key = read_key(node, self.report),
                NextKey::Read(key) => entries.push((key, node)),
                NextKey::Refused => {}
            },
        }
        None
    }
}

fn read_key<'s>(node: Node<'s>, report: &mut Report) -> NextKey<'s> {
    let Node { mark, value } = node;
    let found = match value {
        Value::Scalar { text, plain: true } if text == "<<" => {
            let finding = Finding::new(MERGE_KEY, mark, "found a merge key");
            report.add(finding.hint("put shared fields into `defaults`, or repeat them"));
            return NextKey::Refused;
        }
        Value::Scalar { text, plain: is_plain } => match plain(&text, is_plain) {
            Plain::Text => return NextKey::Read(Key { mark, text }),
            Plain::Null | Plain::Boolean(_) | Plain::Number => quoted(&text),
        },
        Value::List(_) => "a list".to_owned(),
        Value::Map(entries) => {
            if let [(Key { text, .. }, node)] = &*entries
                && matches!(&node.value, Value::Scalar { text, .. } if text.is_empty())
            {
                placeholder::unquoted(text, mark, report);
                return NextKey::Refused;
            }
            "a mapping".to_owned()
        }
        Value::Shared(_) => "marked by an anchor or repeated by an alias".to_owned(),
        Value::Broken => return NextKey::Refused,
    };
    let finding = Finding::new(BAD_KEY, mark, format!("the key is {found}"));
    report.add(finding.expected("text, in quotes if it looks like something else"));
    NextKey::Refused
}

/// Keeps the first entry of each key and reports the others.
fn unique<'s>(entries: Vec<(Key<'s>, Node<'s>)>, report: &mut Report) -> Vec<(Key<'s>, Node<'s>)> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    // Stable, so the first of equals stays first.
    order.sort_by(|&one, &other| entries[one].0.text.cmp(&entries[other].0.text));
    let mut repeated = vec![false; entries.len()];
    let mut first: Option<&Key<'s>> = None;
    for index in order {
        let key = &entries[index].0;
        match first {
            Some(Key { text, mark }) if *text == key.text => {
                let finding =
                    Finding::new(DUPLICATE_KEY, key.mark, format!("{} is given twice", quoted(text)));
                report.add(finding.other(*mark, "first given here").hint("remove one of the two"));
                repeated[index] = true;
            }
            _ => first = Some(key),
        }
    }
    if !repeated.contains(&true) {
        return entries;
    }
    entries.into_iter().zip(repeated).filter_map(|(entry, repeated)| (!repeated).then_some(entry)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde::Deserialize;
    use serde_json::Value as Json;

    use super::*;
    use crate::text::text;

    /// The tree as JSON: what is checked against another reader.
    fn json(node: &Node<'_>) -> Json {
        match node.value() {
            Value::Scalar { text, plain: is_plain } => match plain(text, *is_plain) {
                Plain::Null => Json::Null,
                Plain::Boolean(value) => value.into(),
                Plain::Number => serde_json::from_str(text).unwrap(),
                Plain::Text => Json::String(text.to_string()),
            },
            Value::List(items) => items.iter().map(json).collect(),
            Value::Map(entries) => {
                entries.iter().map(|(key, node)| (key.text.to_string(), json(node))).collect()
            }
            Value::Broken | Value::Shared(_) => panic!("a good case has none"),
        }
    }

    fn read(bytes: &[u8]) -> Vec<Json> {
        let mut report = Report::default();
        let text = text(0, bytes, &mut report).unwrap();
        let roots = documents(0, text, &mut Budget::default(), &mut report);
        assert!(!report.has_errors());
        roots.iter().map(json).collect()
    }

    #[test]
    fn values_are_counted_over_all_documents() {
        let (mut report, mut budget) = (Report::default(), Budget { values: MOST_VALUES - 8, repeated: 0 });
        let text = text(0, b"[1, 2]\n---\n{a: 1, b: 2}\n---\n3\n", &mut report).unwrap();
        assert_eq!(documents(0, text, &mut budget, &mut report).len(), 2);
        let findings = report.finish();
        assert_eq!((findings.len(), findings[0].code, findings[0].place.line), (1, TOO_LARGE, 5));
    }

    #[test]
    fn another_reader_reads_the_same_values() {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/good");
        let mut compared = 0;
        for case in std::fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()) {
            if case.extension().is_some_and(|ext| ext == "yaml") {
                let bytes = std::fs::read(&case).unwrap();
                let text = std::str::from_utf8(&bytes).unwrap().trim_start_matches('\u{feff}');
                let oracle = yaml_serde::Deserializer::from_str(text);
                let oracle: Vec<Json> = oracle.map(|document| Json::deserialize(document).unwrap()).collect();
                assert_eq!(read(&bytes), oracle, "{}", case.display());
                compared += 1;
            }
        }
        assert!(compared > 10);
    }
}
