//! The ClientToken, by which the service recognises a purchase that it has already made.

use std::fmt;

use cenbwp_spec::{AccountId, Identity};
use data_encoding::BASE32_NOPAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The action that buys a package, and a part of every token.
pub const CREATE: &str = "CreateCenBandwidthPackage";

/// The number of times that the service itself said that the purchase of an identity *failed*: 0 to 3.
///
/// It advances only when the service says so, never after a lost reply, because a new attempt is a new token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt(u8);

impl Attempt {
    /// The attempt that every purchase starts with: 0.
    pub const FIRST: Self = Self(0);
    /// The last one: 3. After four refusals a person has to look, and another token would not help.
    pub const LAST: Self = Self(3);

    /// Returns the attempt of this number, `None` above 3.
    pub fn new(number: u8) -> Option<Self> {
        (number <= Self::LAST.0).then_some(Self(number))
    }

    /// Returns the attempt after this one, `None` after the last. It needs the proof that this one failed.
    pub fn next(self, _proof: TokenFailed) -> Option<Self> {
        Self::new(self.0 + 1)
    }

    /// Returns the number, 0 to 3.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The proof that the service itself said that the request with a token failed. Only
/// [`classify`](super::classify()) makes one, so nothing else leads to another token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenFailed(());

impl TokenFailed {
    /// Returns the proof; the caller holds a reply that says so.
    pub(super) fn as_received() -> Self {
        Self(())
    }

    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self(())
    }
}

/// The idempotency token of one attempt to buy for one identity. The Create page allows 64 ASCII
/// characters; this has 58.
///
/// It is a pure function of account, identity and attempt. The parameters of the purchase are left out on
/// purpose: two runs that want different bandwidths for one identity then collide at the service, instead of
/// buying twice. Clock, machine and run are left out too, so any other run can continue one that was killed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ClientToken(String);

impl ClientToken {
    /// The name of the scheme, which plans pin. Another derivation needs another name.
    pub const SCHEME: &'static str = "cbwp1";

    /// Returns the token: `cbwp1-`, then SHA-256 over action, account, stack, package, generation and attempt
    /// (decimal, separated by NUL) in lower-case unpadded base32.
    pub fn new(account: &AccountId, identity: &Identity, attempt: Attempt) -> Self {
        let parts = [
            CREATE.to_owned(),
            account.to_string(),
            identity.address.stack.to_string(),
            identity.address.package.to_string(),
            identity.generation.to_string(),
            attempt.to_string(),
        ];
        let hash = Sha256::digest(parts.join("\0"));
        Self(format!("{}-{}", Self::SCHEME, BASE32_NOPAD.encode(&hash).to_ascii_lowercase()))
    }

    /// Returns the token as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn token(account: &str, identity: &str, attempt: u8) -> String {
        let account = account.parse().unwrap();
        let identity = identity.parse().unwrap();
        let token = ClientToken::new(&account, &identity, Attempt::new(attempt).unwrap());
        assert_eq!(token.as_str(), token.to_string());
        token.as_str().to_owned()
    }

    /// Computed with Python's hashlib and base64. A change here makes every identity buyable once more.
    #[test]
    fn the_tokens_of_the_past_are_the_tokens_of_today() {
        let account = "1234567890123456";
        let expected = "cbwp1-prinbhxwrfe6dm7dfvm3zlygjotl6iqlvhsvi5kzgngvyqmnzxva";
        assert_eq!(token(account, "backbone/cn-eu", 0), expected);
        let expected = "cbwp1-ywfj7joktpxpt56tzeydakninee7i57ixro4ctqano7u4sig7kfq";
        assert_eq!(token(account, "backbone/cn-eu", 1), expected);
        let expected = "cbwp1-uy6fkxmnc6foftnqx7mkvz52bblvtehcqkbnpyx7zs6qsibtwkcq";
        assert_eq!(token(account, "backbone/cn-eu/2", 0), expected);
    }

    #[test]
    fn every_part_decides_and_no_two_parts_run_together() {
        let worlds = [
            ("1", "a/b", 0),
            ("12", "a/b", 0),
            ("1", "ab/b", 0),
            ("1", "a/bb", 0),
            ("1", "a/b/2", 0),
            ("1", "a/b", 1),
            ("1", "a/b-2", 0),
            ("1", "a-b/b", 0),
        ];
        let tokens: BTreeSet<_> = worlds.iter().map(|(a, i, n)| token(a, i, *n)).collect();
        assert_eq!(tokens.len(), worlds.len());
        assert!(tokens.iter().all(|t| t.len() == 58 && t.is_ascii()));
    }

    #[test]
    fn there_are_four_attempts() {
        let failed = TokenFailed::for_tests();
        let attempts = std::iter::successors(Some(Attempt::FIRST), |attempt| attempt.next(failed));
        assert_eq!(attempts.map(Attempt::get).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(Attempt::new(4), None);
    }
}
