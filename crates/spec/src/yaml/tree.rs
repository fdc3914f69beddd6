//! Builds the tree of a document from the parser's events.
//!
//! The stack and the budgets are our own, so that no input can exhaust the machine by its depth, by the
//! number of its values, or by the values that aliases repeat.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};

use crate::findings::Finding;
use crate::findings::catalogue::{BAD_ALIAS, SYNTAX, TOO_DEEP, TYPE_TAG};
use crate::findings::collect::Report;
use crate::findings::printable::quoted;
use crate::source::{Mark, saturating_u32};
use crate::yaml::budget::{Budget, DEEPEST};
use crate::yaml::decode::Text;
use crate::yaml::errors::{CONFLICT, describe};
use crate::yaml::keys::{read_key, unique};
use crate::yaml::node::{Key, Node, Value};

/// The reason that a document is not read to its end. The finding is already in the report.
pub(super) enum Abort {
    /// This document cannot be read further; the next one can.
    Document,
    /// The budget of the run is spent.
    Run,
}

pub(super) struct Tree<'s, 'r> {
    source: u32,
    text: &'s str,
    skipped: u32,
    budget: &'r mut Budget,
    report: &'r mut Report,
    open: Vec<Frame<'s>>,
    anchors: BTreeMap<usize, Anchored<'s>>,
}

/// A list or map that is not closed yet.
struct Frame<'s> {
    mark: Mark,
    anchor: usize,
    size: Size,
    inside: Container<'s>,
}

/// A list or map and the nodes read so far.
enum Container<'s> {
    List(Vec<Node<'s>>),
    Map { entries: Vec<(Key<'s>, Node<'s>)>, key: NextKey<'s> },
}

/// The state of a map: its next node is a key, the value of this key, or the value of a refused key.
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

/// The number of values that a node holds, itself included, and of its levels.
#[derive(Clone, Copy)]
struct Size {
    values: u32,
    levels: usize,
}

impl<'s, 'r> Tree<'s, 'r> {
    pub(super) fn new(source: u32, text: Text<'s>, budget: &'r mut Budget, report: &'r mut Report) -> Self {
        let Text { text, skipped } = text;
        Self { source, text, skipped, budget, report, open: Vec::new(), anchors: BTreeMap::new() }
    }

    /// The next document's root; `None` at the end of the source.
    pub(super) fn document(
        &mut self,
        parser: &mut Parser<'s, StrInput<'s>>,
    ) -> Result<Option<Node<'s>>, Abort> {
        let mut root = None;
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| self.syntax(&error))?;
            let done = match event {
                Event::DocumentEnd => return Ok(root),
                Event::Scalar(text, style, anchor, tag) => {
                    let mark = self.mark(span);
                    let plain = style == ScalarStyle::Plain;
                    // The parser returns `~` for an empty value.
                    let text = if plain && mark.start == mark.end { Cow::Borrowed("") } else { text };
                    let text = Value::Scalar { text, plain };
                    let value = if self.untagged(span, tag.is_some()) { text } else { Value::Broken };
                    Some(self.finish(Node { mark, value }, anchor, Size { values: 1, levels: 1 })?)
                }
                Event::SequenceStart(_, anchor, tag) => {
                    self.start(span, anchor, tag.is_some(), Container::List(Vec::new()))?;
                    None
                }
                Event::MappingStart(_, anchor, tag) => {
                    let inside = Container::Map { entries: Vec::new(), key: NextKey::Expected };
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
        let at = |marker: Marker| saturating_u32(marker.byte_offset().unwrap_or_default()) + self.skipped;
        let (line, column) = (saturating_u32(span.start.line()), saturating_u32(span.start.col()) + 1);
        Mark { source: self.source, start: at(span.start), end: at(span.end), line, column }
    }

    fn syntax(&mut self, error: &ScanError) -> Abort {
        let mut mark = self.mark(Span::empty(*error.marker()));
        let above: Vec<&str> = self.text.split_inclusive('\n').take(error.marker().line()).collect();
        let mut line = above.last().copied().unwrap_or_default();
        // The parser may notice only later that the first line of a conflict was no YAML.
        if let Some(at) = above.iter().position(|line| line.starts_with(CONFLICT)) {
            let start = self.skipped + saturating_u32(above[..at].iter().map(|line| line.len()).sum());
            mark = Mark { start, end: start, line: saturating_u32(at) + 1, column: 1, ..mark };
            line = above[at];
        }
        let words = describe(error.kind(), line);
        let finding = Finding::new(if words.deep { TOO_DEEP } else { SYNTAX }, mark, words.message);
        self.report.add(finding.maybe_hint(words.hint.map(str::to_owned)));
        Abort::Document
    }

    fn too_deep(&mut self, mark: Mark) -> Abort {
        let message = format!("this is nested more than {DEEPEST} levels deep");
        self.report.add(Finding::new(TOO_DEEP, mark, message));
        Abort::Document
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
    fn start(&mut self, span: Span, anchor: usize, tagged: bool, inside: Container<'s>) -> Result<(), Abort> {
        let mark = self.mark(span);
        if self.open.len() >= DEEPEST {
            return Err(self.too_deep(mark));
        }
        self.untagged(span, tagged);
        self.open.push(Frame { mark, anchor, size: Size { values: 1, levels: 1 }, inside });
        Ok(())
    }

    /// Closes the innermost list or map.
    fn end(&mut self) -> Result<Option<(Node<'s>, Size)>, Abort> {
        let Some(Frame { mut mark, anchor, size, inside }) = self.open.pop() else { return Ok(None) };
        let value = match inside {
            Container::List(nodes) => Value::List(nodes),
            Container::Map { entries, .. } => Value::Map(unique(entries, self.report)),
        };
        // A map without braces begins with its first key, so the key is underlined.
        if let Value::Map(entries) = &value
            && let Some((first, _)) = entries.first()
            && first.mark.start == mark.start
        {
            mark.end = first.mark.end;
        }
        self.finish(Node { mark, value }, anchor, size).map(Some)
    }

    /// Counts a complete node, and keeps it for its aliases if it has an anchor.
    fn finish(&mut self, node: Node<'s>, anchor: usize, size: Size) -> Result<(Node<'s>, Size), Abort> {
        if !self.budget.values(1, node.mark, self.report) {
            return Err(Abort::Run);
        }
        if anchor == 0 {
            return Ok((node, size));
        }
        let (mark, node) = (node.mark, Rc::new(node));
        self.anchors.insert(anchor, Anchored { node: Rc::clone(&node), size });
        Ok((Node { mark, value: Value::Shared(node) }, size))
    }

    fn alias(&mut self, mark: Mark, anchor: usize) -> Result<(Node<'s>, Size), Abort> {
        let Some(Anchored { node, size }) = self.anchors.get(&anchor).cloned() else {
            let finding = Finding::new(BAD_ALIAS, mark, "the alias stands inside the value that it repeats");
            self.report.add(finding);
            return Ok((Node { mark, value: Value::Broken }, Size { values: 1, levels: 1 }));
        };
        if !self.budget.repeat(size.values, mark, self.report) {
            return Err(Abort::Document);
        }
        if self.open.len() + size.levels > DEEPEST {
            return Err(self.too_deep(mark));
        }
        Ok((Node { mark, value: Value::Shared(node) }, size))
    }

    /// Puts a complete node into the innermost open list or map. Returns it as the root if none is open.
    fn put(&mut self, node: Node<'s>, size: Size) -> Option<Node<'s>> {
        let Some(open) = self.open.last_mut() else { return Some(node) };
        open.size.values = open.size.values.saturating_add(size.values);
        open.size.levels = open.size.levels.max(size.levels + 1);
        match &mut open.inside {
            Container::List(nodes) => nodes.push(node),
            Container::Map { entries, key } => match std::mem::replace(key, NextKey::Expected) {
                NextKey::Expected => {
                    *key = read_key(node, self.report).map_or(NextKey::Refused, NextKey::Read);
                }
                NextKey::Read(key) => entries.push((key, node)),
                NextKey::Refused => {}
            },
        }
        None
    }
}
