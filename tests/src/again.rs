//! A listing that was answered is answered again from memory, as long as nothing can have changed.
//!
//! A page of 50 packages is a few thousand values. Making them anew for every request would let a measurement of a
//! fast client measure the emulator.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::params::Params;
use crate::wire::Answer;

/// How many answers are kept: all pages of 100,000 packages, about 100 MB. A test that asks for more starts over.
const MOST: usize = 2_000;

/// Answers to listings of the world as it is. Whoever changes the world clears it.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    bodies: BTreeMap<Params, Body>,
    /// Whether it is known that time alone changes nothing of what is listed.
    steady: bool,
}

#[derive(Debug)]
struct Body {
    text: String,
    /// Where the request id is, the one thing that differs between two answers.
    id_at: usize,
}

impl Memory {
    /// Forgets everything, because the world is about to change.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The answer to the same listing, under another request id.
    pub(crate) fn recall(&self, params: &Params, request_id: &str) -> Option<String> {
        let Body { text, id_at } = self.bodies.get(params)?;
        let mut text = text.clone();
        text.replace_range(*id_at..*id_at + request_id.len(), request_id);
        Some(text)
    }

    /// Keeps an answer, unless time alone may change it, which `is_steady` finds out. Returns its text.
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
        // The key of the answer's own member; inside a value its quotes would be escaped.
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
