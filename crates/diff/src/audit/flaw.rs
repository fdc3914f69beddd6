//! Flaws: states that no plan may contain.

use std::fmt;

use cenbwp_spec::{Address, Field, Identity, PackageId};

/// A state that no plan may contain, and its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// The plan names a package, or a generation, that the spec does not declare or that is no target.
    UnknownIdentity(Identity),
    /// One address has an empty change, more than one change, or a change and a hold.
    NotExactlyOneOutcome(Address),
    /// A declared package that must be there is neither changed nor held nor in sync.
    NoOutcome(Address),
    /// A list is not sorted: two plans of one world would not be the same bytes.
    Unsorted(&'static str),
    /// A live package has the identity of a purchase, or a later generation of it.
    BuysTwice(Identity, PackageId),
    /// The listing may hide the package of a purchase or an adoption.
    PurchaseOnDoubt(Identity),
    /// A live package looks like the one that is bought.
    BuysLookAlike(Identity, PackageId),
    /// A purchase or an adoption differs from the spec in this parameter.
    ParameterMismatch(Identity, &'static str),
    /// The changed package is not the only one with the identity, or not of the latest generation; or the adopted one
    /// has an owner.
    WrongPackage(Identity, PackageId),
    /// The spec does not ask for this change, or it starts from a value that is not listed.
    UnrequestedChange(Identity, Field),
    /// The spec asks for a change of this field, and the plan has none.
    MissedChange(Identity, Field),
    /// The spec does not ask for this release or retirement.
    UnrequestedRemoval(Identity),
    /// The changed package is expired or locked.
    NotNormal(Identity),
    /// The change takes bandwidth that regions use.
    TakesAllocated(Identity),
    /// A package that is listed as in sync is not.
    NotInSync(Address),
    /// The exceeded limits are not those that the plan reports.
    Limits,
    /// A live package of a declared stack is not mentioned, or a mentioned one is not live.
    Forgotten(PackageId),
    /// A warning says that nothing is left to do, and a package of the entry is listed.
    NotFinished(Identity),
    /// The plan claims another listing or other options than there were.
    Misreported(&'static str),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIdentity(identity) => write!(f, "{identity} is not asked for"),
            Self::NotExactlyOneOutcome(address) => write!(f, "{address} has not exactly one outcome"),
            Self::NoOutcome(address) => write!(f, "{address} has no outcome"),
            Self::Unsorted(list) => write!(f, "the list of {list} is not sorted"),
            Self::BuysTwice(identity, id) => write!(f, "{identity} would be bought beside {id}"),
            Self::PurchaseOnDoubt(identity) => write!(f, "the listing may hide {identity}"),
            Self::BuysLookAlike(identity, id) => write!(f, "{identity} looks like {id}"),
            Self::ParameterMismatch(identity, what) => {
                write!(f, "{what} of {identity} differs from the spec")
            }
            Self::WrongPackage(identity, id) => write!(f, "{id} is not the package of {identity}"),
            Self::UnrequestedChange(identity, field) => {
                write!(f, "{} of {identity} would be changed without cause", field.as_str())
            }
            Self::MissedChange(identity, field) => {
                write!(f, "{} of {identity} differs and would not be changed", field.as_str())
            }
            Self::UnrequestedRemoval(identity) => write!(f, "{identity} would be let go without cause"),
            Self::NotNormal(identity) => write!(f, "{identity} is expired or locked and would be changed"),
            Self::TakesAllocated(identity) => {
                write!(f, "regions use bandwidth of {identity} that would be taken")
            }
            Self::NotInSync(address) => write!(f, "{address} is not in sync"),
            Self::Limits => f.write_str("the exceeded limits are not those reported"),
            Self::Forgotten(id) => write!(f, "{id} is in the wrong list or in none"),
            Self::NotFinished(identity) => write!(f, "{identity} is not finished"),
            Self::Misreported(what) => write!(f, "{what} is not as it was given"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flaw_names_what_it_is_about() {
        let identity: Identity = "net/x".parse().expect("an identity");
        let id: PackageId = "cenbwp-1".parse().expect("an id");
        let bought = Flaw::BuysTwice(identity.clone(), id).to_string();
        assert_eq!(bought, "net/x would be bought beside cenbwp-1");
        let missed = Flaw::MissedChange(identity, Field::Bandwidth).to_string();
        assert_eq!(missed, "bandwidth of net/x differs and would not be changed");
    }
}
