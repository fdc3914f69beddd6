//! One check of an examination, in words that can be pasted anywhere.

use std::fmt;

use serde::Serialize;

use crate::cloud::Secrets;

/// One check.
#[derive(Debug, Serialize)]
pub struct Check {
    /// Its name.
    pub check: &'static str,
    /// Its result.
    pub state: State,
    /// The finding, for people.
    pub message: String,
    /// The next command or edit, if it did not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The time from connecting to the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<u64>,
    /// The permission that it needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ram_action: Option<String>,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It works.
    Ok,
    /// It works, and may not be what is meant.
    Warning,
    /// It does not work.
    Failed,
    /// It needs what failed before.
    NotChecked,
}

/// The state in words.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::NotChecked => "not checked",
        })
    }
}

impl Check {
    /// Returns the same check without these secrets: a message may quote a variable or a file.
    pub fn without(self, secrets: &Secrets) -> Self {
        let (message, hint) =
            (secrets.hidden_in(&self.message), self.hint.map(|hint| secrets.hidden_in(&hint)));
        Self { message, hint, ..self }
    }

    fn new(check: &'static str, state: State, message: impl fmt::Display) -> Self {
        let message = pasteable(&message.to_string());
        Self { check, state, message, hint: None, milliseconds: None, ram_action: None }
    }

    pub(super) fn ok(check: &'static str, message: impl fmt::Display) -> Self {
        Self::new(check, State::Ok, message)
    }

    pub(super) fn warning(check: &'static str, message: impl fmt::Display) -> Self {
        Self::new(check, State::Warning, message)
    }

    pub(super) fn failed(check: &'static str, message: impl fmt::Display) -> Self {
        Self::new(check, State::Failed, message)
    }

    pub(super) fn not(check: &'static str, why: impl fmt::Display) -> Self {
        Self::new(check, State::NotChecked, why)
    }

    pub(super) fn hint(self, hint: impl AsRef<str>) -> Self {
        Self { hint: Some(pasteable(hint.as_ref())), ..self }
    }
}

/// The digits that a text needs in a row to be taken for the number of an account.
const ACCOUNT_DIGITS: usize = 13;

/// Returns the text on one line, with the middle of the number of an account left out: `1234…3456`.
fn pasteable(text: &str) -> String {
    let text = cenbwp_diff::neutral(text);
    let mut shown = String::new();
    let mut rest = &*text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let (digits, after) = from.split_at(from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len()));
        shown.push_str(before);
        if digits.len() >= ACCOUNT_DIGITS {
            shown.push_str(&format!("{}…{}", &digits[..4], &digits[digits.len() - 4..]));
        } else {
            shown.push_str(digits);
        }
        rest = after;
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_recognised_by_its_ends_and_other_numbers_stay() {
        for (text, shown) in [
            ("acs:ram::1234567890123456:role/x", "acs:ram::1234…3456:role/x"),
            ("1234567890123456", "1234…3456"),
            (
                "HTTP 403; request id 9E5B8F3A-1234-5678-9012-123456789012",
                "HTTP 403; request id 9E5B8F3A-1234-5678-9012-123456789012",
            ),
            ("2026-11-28 12:00 UTC in 1500 ms", "2026-11-28 12:00 UTC in 1500 ms"),
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("", ""),
        ] {
            assert_eq!(pasteable(text), shown);
        }
    }
}
