//! The reasons for which a package cannot be taken over or changed, as the end of a sentence.

use std::{fmt, slice};

use cenbwp_spec::{Address, Identity, Manage, PackageId, neutral};

use super::messages::{lines_to_move, list, when};
use super::misspelt;
use crate::{Abnormal, AdoptRefusal, MoveRefusal};

impl fmt::Display for AdoptRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AdoptedTwice => f.write_str("more than one package of the spec adopts it"),
            Self::IdentityTaken { by, identity } => write!(f, "{by} carries the identity {identity} already"),
            Self::NotListed => f.write_str("it is not in the listing"),
            Self::OwnedBy { owner, renamed: _ } => write!(f, "it belongs to {owner}"),
            Self::MalformedTag(tag) => {
                write!(
                    f,
                    "its tag {} is {}, which is not STACK/PACKAGE",
                    Identity::TAG,
                    neutral(&format!("{tag:?}"))
                )
            }
            Self::Differs(difference) => {
                let (field, from, to) = difference.parts();
                write!(f, "its {field} is {from}, declared is {to}")
            }
            Self::NotNormal(state) => write!(f, "it is {state}"),
            Self::GivenUp(manage) => {
                write!(f, "it is still there, and `manage: {}` adopts nothing", manage.as_str())
            }
        }
    }
}

impl fmt::Display for Abnormal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired(end) => write!(f, "expired {}", when(*end)),
            Self::Locked(word) => f.write_str(&neutral(word)),
            Self::UnknownChargeType(word) => {
                write!(f, "charge type {}, which is not known here", neutral(&format!("{word:?}")))
            }
            Self::UnknownFallback => {
                f.write_str("upgraded for a while, and what it falls back to is not listed")
            }
        }
    }
}

impl fmt::Display for MoveRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotListed => f.write_str(
                "it is not in the listing, and a purchase under the old key may still appear there",
            ),
            Self::Both { old, new } => {
                write!(f, "{} is under the old key, and {new} under the new one", list(old))
            }
            Self::Several(ids) => write!(f, "the old key is carried by {}", list(ids)),
            Self::OtherGeneration { live, id } => {
                write!(f, "{id} is generation {live}, and a move keeps the generation")
            }
            Self::Differs(id, difference) => {
                let (field, from, to) = difference.parts();
                write!(f, "the {field} of {id} is {from}, declared is {to}")
            }
            Self::NotNormal(id, state) => write!(f, "{id} is {state}"),
            Self::GivenUp(id, manage) => {
                write!(f, "{id} is still there, and `manage: {}` moves nothing", manage.as_str())
            }
        }
    }
}

impl AdoptRefusal {
    /// The way out, for a package of this identity that was to adopt this one.
    pub(super) fn hint(&self, id: &PackageId, identity: &Identity) -> String {
        let address = &identity.address;
        match self {
            Self::OwnedBy { owner, renamed: true } => {
                let lines = lines_to_move(owner, identity);
                Some(format!(
                    "where {address} is declared, write {lines} in place of `adopt` if {owner} was its key, or correct or remove the line `adopt: {id}`"
                ))
            }
            Self::Differs(difference) => misspelt::areas(slice::from_ref(difference), address),
            Self::GivenUp(manage) => Some(first_full(*manage, address)),
            Self::AdoptedTwice
            | Self::IdentityTaken { .. }
            | Self::NotListed
            | Self::OwnedBy { .. }
            | Self::MalformedTag(_)
            | Self::NotNormal(_) => None,
        }
        .unwrap_or_else(|| format!("where {address} is declared, correct or remove the line `adopt: {id}`"))
    }
}

impl MoveRefusal {
    /// The way out, for a package that was to be moved from this identity to that one.
    pub(super) fn hint(&self, from: &Identity, identity: &Identity) -> String {
        let there = format!("where {} is declared", identity.address);
        match self {
            Self::NotListed => format!(
                "plan again once it is listed; {there}, remove the line `movedFrom` once it is sure that {from} was never bought: only then is a package bought"
            ),
            Self::Both { .. } => format!(
                "{there}, remove the line `movedFrom`: the package of {from} then stays as it is, undeclared"
            ),
            Self::Several(_) => format!(
                "leave this tag on the one that is meant and remove it from the others: `{}={from}`",
                Identity::TAG
            ),
            Self::OtherGeneration { live, .. } => format!("{there}, write `generation: {live}`"),
            Self::Differs(id, _) => format!(
                "declare it as it is, or, to buy another one, {there}, write `distinctFrom: [{id}]` in place of `movedFrom`"
            ),
            Self::NotNormal(id, _) => format!(
                "renew, pay or unlock it in the console, and plan again; to buy another one, {there}, write `distinctFrom: [{id}]` in place of `movedFrom`"
            ),
            Self::GivenUp(_, manage) => first_full(*manage, &identity.address),
        }
    }
}

/// The way to a package that is taken over and then given up.
fn first_full(manage: Manage, address: &Address) -> String {
    format!(
        "where {address} is declared, write `manage: full` and apply; after that, `manage: {}` again",
        manage.as_str()
    )
}
