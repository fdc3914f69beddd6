//! Answers a listing from memory, as long as nothing can have changed since it was answered before.
//!
//! A page of 50 packages is a few thousand values. Making them anew for every request would let a measurement of a
//! fast client measure the emulator.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::params::Params;
use crate::wire::Answer;

/// The number of answers that are kept: all pages of 100,000 packages, about 100 MB. A test with more starts
/// over.
const MOST: usize = 2_000;

/// Answers to listings of the world as it is. Every change of the world clears them.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    bodies: BTreeMap<Params, Body>,
    /// True if time alone is known to change nothing in a listing.
    steady: bool,
}

#[derive(Debug)]
struct Body {
    text: String,
    /// The position of the request id, which alone differs between two answers.
    id_at: usize,
}

impl Memory {
    /// Forgets everything, because the world is about to change.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns the answer to the same listing, with another request id.
    pub(crate) fn recall(&self, params: &Params, request_id: &str) -> Option<String> {
        let Body { text, id_at } = self.bodies.get(params)?;
        let mut text = text.clone();
        text.replace_range(*id_at..*id_at + request_id.len(), request_id);
        Some(text)
    }

    /// Keeps an answer and returns its text. It is not kept if time alone may change it, which `is_steady`
    /// finds out.
    pub(crate) fn keep(
        &mut self,
        params: &Params,
        mut answer: Answer,
        request_id: &str,
        is_steady: impl FnOnce() -> bool,
    ) -> String {
        answer.insert("RequestId".into(), request_id.into());
        let text = Value::Object(answer).to_string();
        self.steady = self.steady || is_steady();
        // The answer's own member: inside a value its quotes would be escaped.
        let member = format!("\"RequestId\":\"{request_id}\"");
        if let Some(at) = text.find(&member).filter(|_| self.steady) {
            if self.bodies.len() >= MOST {
                self.bodies.clear();
            }
            let id_at = at + member.len() - 1 - request_id.len();
            self.bodies.insert(params.clone(), Body { text: text.clone(), id_at });
        }
        text
    }
}
