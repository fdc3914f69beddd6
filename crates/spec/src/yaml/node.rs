//! The tree of a document: every key and value with its place.

use std::borrow::Cow;
use std::rc::Rc;

use crate::source::Mark;

/// A value and where it stands. An alias stands where it is written, what it repeats where that is.
#[derive(Debug)]
pub(crate) struct Node<'s> {
    pub(crate) mark: Mark,
    pub(super) value: Value<'s>,
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
