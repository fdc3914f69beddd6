//! The tree of a document: every key and value with its place.

use std::borrow::Cow;
use std::rc::Rc;

use crate::source::Mark;

/// A value and its place. An alias keeps its own place; the repeated value keeps the anchor's.
#[derive(Debug)]
pub(crate) struct Node<'s> {
    pub(crate) mark: Mark,
    pub(super) value: Value<'s>,
}

#[derive(Debug)]
pub(crate) enum Value<'s> {
    /// Text. Only plain text, which has no quotes, can be a number, a boolean or null.
    Scalar {
        text: Cow<'s, str>,
        plain: bool,
    },
    List(Vec<Node<'s>>),
    Map(Vec<(Key<'s>, Node<'s>)>),
    /// A value that is already reported and cannot be read.
    Broken,
    /// A value with an anchor, shared with its aliases.
    Shared(Rc<Node<'s>>),
}

/// A key. Its text is unique in its map.
#[derive(Debug)]
pub(crate) struct Key<'s> {
    pub(crate) mark: Mark,
    pub(crate) text: Cow<'s, str>,
}

impl<'s> Node<'s> {
    /// The value that is written here or repeated by an alias.
    pub(crate) fn value(&self) -> &Value<'s> {
        match &self.value {
            Value::Shared(node) => node.value(),
            value => value,
        }
    }
}
