//! Names and ids: one type for each meaning, so that they cannot be mixed up.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A parse error that says what the type expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The expected form, as a phrase: `a lower-case letter, then …`.
    pub expected: &'static str,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.expected)
    }
}

impl std::error::Error for ParseError {}

/// Declares a name of the spec: `[a-z][a-z0-9-]{0,39}`.
macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $type(String);

        impl $type {
            /// The name as a string.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                check_name(text).map(|()| Self(text.to_owned()))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// The owner of a set of packages: `[a-z][a-z0-9-]{0,39}`. Part of every identity.
    StackName
);
name!(
    /// The logical name of a package inside its stack: `[a-z][a-z0-9-]{0,39}`. Part of its identity.
    PackageName
);

/// The most characters of a name.
pub(crate) const LONGEST_NAME: usize = 40;

fn check_name(text: &str) -> Result<(), ParseError> {
    let mut bytes = text.bytes();
    let starts = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
    let goes_on = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if starts && goes_on && text.len() <= LONGEST_NAME {
        Ok(())
    } else {
        Err(ParseError {
            expected: "a lower-case letter, then up to 39 lower-case letters, digits or hyphens",
        })
    }
}

/// The place of a package in the spec: `<stack>/<package>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The stack that owns the package.
    pub stack: StackName,
    /// The package's logical name.
    pub package: PackageName,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.stack, self.package)
    }
}

impl FromStr for Address {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (stack, package) = text.split_once('/').ok_or(ParseError { expected: "STACK/PACKAGE" })?;
        Ok(Self { stack: stack.parse()?, package: package.parse()? })
    }
}

/// The ordinal of a purchase at one address, from 1. The user raises it in the spec to buy again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Generation(NonZeroU32);

impl Generation {
    /// The generation of the first purchase.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// Returns the generation with this number, `None` for zero.
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// The number, at least 1.
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The address and generation that a live package is recognised by. At most one package is ever bought for
/// each.
///
/// As a string it is the value of the identity tag: `<stack>/<package>`, and `<stack>/<package>/<generation>`
/// from the second generation on. Each identity has one string: `a/b/1` and `a/b/02` are not identities.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// Stack and package.
    pub address: Address,
    /// The purchase at that address.
    pub generation: Generation,
}

impl Identity {
    /// The key of the tag that names the identity.
    pub const TAG: &'static str = "cenbwp";
    /// The key of the tag that keeps the terms of a purchase, because the service never returns them.
    pub const TERMS_TAG: &'static str = "cenbwp-terms";

    /// True if the user cannot set this tag key: it is this tool's own, or the service's (`aliyun…`, `acs:…`,
    /// in upper or lower case).
    pub fn is_reserved(key: &str) -> bool {
        let starts =
            |prefix: &str| key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        key == Self::TAG || key == Self::TERMS_TAG || starts("aliyun") || starts("acs:")
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)?;
        if self.generation > Generation::FIRST { write!(f, "/{}", self.generation) } else { Ok(()) }
    }
}

impl FromStr for Identity {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const EXPECTED: ParseError =
            ParseError { expected: "<stack>/<package> or <stack>/<package>/<generation>" };
        let mut parts = text.splitn(3, '/');
        let (Some(stack), Some(package)) = (parts.next(), parts.next()) else { return Err(EXPECTED) };
        let generation = match parts.next() {
            None => Generation::FIRST,
            // The first generation is not written, and no number begins with a zero or a sign.
            Some(digits) if !digits.starts_with(|first: char| matches!(first, '1'..='9')) => {
                return Err(EXPECTED);
            }
            Some(digits) => {
                let generation = digits.parse().ok().and_then(Generation::new);
                generation.filter(|generation| *generation > Generation::FIRST).ok_or(EXPECTED)?
            }
        };
        Ok(Self { address: Address { stack: stack.parse()?, package: package.parse()? }, generation })
    }
}

macro_rules! as_text {
    ($($type:ident),*) => {$(
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
as_text!(Address, Identity);

/// The number of an account, decimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

impl TryFrom<String> for AccountId {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.0
    }
}

impl AccountId {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError { expected: "an account number: decimal digits" })
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The bytes of an id in lower case, without a copy: a listing compares hundreds of thousands of ids.
pub(crate) fn lowercase_bytes(id: &str) -> impl Iterator<Item = u8> {
    id.bytes().map(|byte| byte.to_ascii_lowercase())
}

/// Declares an id that the service assigns. It is kept as written and compared without regard to case,
/// because the vendor's pages show the same id as `cenbwp-…` and `Cenbwp-…`.
macro_rules! service_id {
    ($(#[$doc:meta])* $type:ident, $prefix:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, Serialize)]
        #[serde(try_from = "String")]
        pub struct $type(String);

        impl TryFrom<String> for $type {
            type Error = ParseError;

            fn try_from(text: String) -> Result<Self, ParseError> {
                text.parse()
            }
        }

        impl $type {
            /// The id as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                let rest = text.get(..$prefix.len()).filter(|start| start.eq_ignore_ascii_case($prefix));
                let rest = rest.map(|_| &text[$prefix.len()..]);
                // Asterisks and underscores: the vendor's own examples have masked ids.
                let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'*');
                match rest {
                    Some(rest) if !rest.is_empty() && text.len() <= 128 && rest.bytes().all(fits) => Ok(Self(text.to_owned())),
                    _ => Err(ParseError { expected: $expected }),
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.0.eq_ignore_ascii_case(&other.0)
            }
        }

        impl Eq for $type {}

        impl PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $type {
            fn cmp(&self, other: &Self) -> Ordering {
                lowercase_bytes(&self.0).cmp(lowercase_bytes(&other.0))
            }
        }

        impl Hash for $type {
            fn hash<H: Hasher>(&self, state: &mut H) {
                lowercase_bytes(&self.0).for_each(|byte| state.write_u8(byte));
                // Ends the id, so that two ids in a row never hash like two others.
                state.write_u8(0xff);
            }
        }
    };
}

service_id!(
    /// The id of a bandwidth package, `cenbwp-…`.
    PackageId, "cenbwp-", "a package id: cenbwp-…"
);
service_id!(
    /// The id of a CEN instance, `cen-…`.
    CenId, "cen-", "a CEN id: cen-…"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_has_exactly_one_text() {
        for text in ["a/b", "a/b/2", "net-1/x-y/4294967295"] {
            assert_eq!(text.parse::<Identity>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "a",
            "a/",
            "/b",
            "a/b/",
            "a/b/0",
            "a/b/1",
            "a/b/02",
            "a/b/+2",
            "a/b/2/3",
            "A/b",
            "a/b/4294967296",
        ] {
            assert!(text.parse::<Identity>().is_err(), "{text}");
        }
    }

    #[test]
    fn ids_of_the_service_compare_without_case() {
        let id = |text: &str| text.parse::<PackageId>().unwrap();
        assert_eq!(id("cenbwp-4c2zaavbvh5fx****"), id("Cenbwp-4C2zaavbvh5fx****"));
        assert!("cen-1".parse::<PackageId>().is_err());
        assert!("cenbwp-1".parse::<CenId>().is_err());
        assert!("cenbwp-a b".parse::<PackageId>().is_err());
    }
}
