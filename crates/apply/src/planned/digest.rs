//! Digests: SHA-256 of canonical JSON (sorted keys, no white space), computed piece by piece.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The digest of a plan, as the user gives it to approve the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlanDigest(String);

impl PlanDigest {
    /// Returns true if this is the given digest, in the form in which a plan holds it.
    pub(crate) fn is(&self, digest: &str) -> bool {
        self.0 == digest
    }
}

impl fmt::Display for PlanDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Parses what people copy and pipelines hand on: blanks, backticks and quotes around the digest make no
/// difference, and neither does upper case, in which some tools print hexadecimal digits. Anything else is an
/// error, not the digest of another plan.
impl FromStr for PlanDigest {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let around = |letter: char| letter.is_whitespace() || matches!(letter, '`' | '\'' | '"');
        let digest = text.trim_matches(around).to_ascii_lowercase();
        let is_digest = digest
            .strip_prefix("sha256:")
            .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        if is_digest {
            Ok(Self(digest))
        } else {
            Err("expected sha256: and 64 hexadecimal digits, as `cenbwp plan` prints them")
        }
    }
}

/// Returns the digest of a value.
pub(crate) fn sha256(value: &impl Serialize) -> String {
    let mut hasher = Hasher::default();
    hasher.value(value);
    hasher.finish()
}

/// Hashes one JSON value. Only one piece of it is in memory at a time.
#[derive(Default)]
pub(super) struct Hasher(Sha256);

impl Hasher {
    /// Adds a value as a whole. `serde_json` keeps an object's keys sorted.
    fn value(&mut self, value: &impl Serialize) {
        let value = serde_json::to_value(value).expect("every key is a string and no map fails");
        self.0.update(value.to_string());
    }

    /// Adds an object, member by member.
    pub(super) fn object(&mut self, members: impl FnOnce(&mut Members<'_>)) {
        self.0.update("{");
        members(&mut Members { hasher: self, last: None });
        self.0.update("}");
    }

    /// Adds a list, item by item.
    pub(super) fn list(&mut self, items: impl Iterator<Item: Serialize>) {
        self.0.update("[");
        for (n, item) in items.enumerate() {
            if n > 0 {
                self.0.update(",");
            }
            self.value(&item);
        }
        self.0.update("]");
    }

    /// Returns the digest of everything that was added.
    pub(super) fn finish(self) -> String {
        format!("sha256:{}", HEXLOWER.encode(&self.0.finalize()))
    }
}

/// The members of an object. They must be added in the order of their names.
pub(super) struct Members<'a> {
    hasher: &'a mut Hasher,
    last: Option<String>,
}

impl Members<'_> {
    /// Adds a member as a whole.
    pub(super) fn member(&mut self, name: &str, value: &impl Serialize) {
        self.name(name);
        self.hasher.value(value);
    }

    /// Adds a member that is an object, member by member.
    pub(super) fn object(&mut self, name: &str, members: impl FnOnce(&mut Members<'_>)) {
        self.name(name);
        self.hasher.object(members);
    }

    /// Adds a member that is a list, item by item.
    pub(super) fn rows(&mut self, name: &str, items: impl Iterator<Item: Serialize>) {
        self.name(name);
        self.hasher.list(items);
    }

    fn name(&mut self, name: &str) {
        if let Some(last) = &self.last {
            assert!(last.as_str() < name, "{name} comes after {last}, or the JSON is not canonical");
            self.hasher.0.update(",");
        }
        self.last = Some(name.to_owned());
        self.hasher.value(&name);
        self.hasher.0.update(":");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[test]
    fn pieces_give_the_digest_of_the_whole() {
        let map = BTreeMap::from([("b", 1), ("a\n", 2)]);
        let mut hasher = Hasher::default();
        hasher.object(|members| {
            members.member("a", &map);
            members.object("b", |members| {
                members.member("x", &[1, 2]);
                members.rows("y", std::iter::empty::<u8>());
            });
            members.object("c", |_| {});
            members.rows("d", [json!({"z": 1, "k": null}), json!("text")].into_iter());
        });
        let whole = json!({
            "a": map, "b": {"y": [], "x": [1, 2]}, "c": {}, "d": [{"z": 1, "k": null}, "text"],
        });
        assert_eq!(hasher.finish(), sha256(&whole));
        // Computed from this text with another program.
        assert_eq!(
            sha256(&json!({"b": [1, true], "a": "ü"})),
            "sha256:167c3e9a5d63e765b226d168be81a0370e5b343f36d674a6ea657aa289181aa0"
        );
    }

    #[test]
    fn a_plan_digest_has_one_form_and_may_come_wrapped() {
        let hex = "0123456789abcdef".repeat(4);
        let digest = format!("sha256:{hex}");
        let upper = format!("SHA256:{}", hex.to_ascii_uppercase());
        for text in [digest.clone(), upper, format!(" `{digest}`\n"), format!("'\"{digest}\"'\r\n")] {
            let read: PlanDigest = text.parse().unwrap();
            assert!(read.is(&digest), "{text:?}");
        }
        for text in
            ["", "null", "sha256:", "sha256:00", &hex, &format!("{digest}0"), &digest.replace('f', "é")]
        {
            assert!(text.parse::<PlanDigest>().is_err(), "{text:?}");
        }
    }

    #[test]
    #[should_panic(expected = "a comes after b")]
    fn members_out_of_order_are_a_mistake() {
        Hasher::default().object(|members| {
            members.member("b", &1);
            members.member("a", &2);
        });
    }
}
