//! An index of a listing, by what requests under way look up: for a hundred of them, 20,000 packages are read
//! only once.

use std::collections::{BTreeMap, HashMap};

use cenbwp_diff::{Change, Live, Observed, Owner, Purchase};
use cenbwp_spec::{Identity, PackageId};

use crate::cloud::Call;

/// The state of one request in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown<'a> {
    /// It is done. Holds the package, unless the request was to delete it.
    Yes(Option<&'a Live>),
    /// It is not done, and nothing blocks it.
    No,
    /// Its package is not listed, and every item could be read.
    Gone,
    /// An item that cannot be read, or whose identity tag is malformed, may be its package; or the billing service does
    /// not say how the package renews itself.
    Hidden,
    /// The package has another owner by now: nothing more may be sent.
    Taken(String),
    /// The listing contradicts it, and waiting would not help.
    Contradicted(String),
}

/// A listing, indexed by id and by owner.
pub(super) struct Listing<'a> {
    by_id: HashMap<&'a PackageId, &'a Live>,
    by_owner: HashMap<Identity, Vec<&'a Live>>,
    has_unreadable: bool,
    has_malformed: bool,
}

impl<'a> Listing<'a> {
    pub(super) fn of(observed: &'a Observed) -> Self {
        let Observed { packages, unreadable, complete: _, pairs: _, prices: _ } = observed;
        let mut by_owner: HashMap<Identity, Vec<&Live>> = HashMap::new();
        let mut has_malformed = false;
        for live in packages {
            match live.owner() {
                Owner::Identity(identity) => by_owner.entry(identity).or_default().push(live),
                Owner::Malformed(_) => has_malformed = true,
                Owner::Nobody => {}
            }
        }
        let by_id = packages.iter().map(|live| (&live.id, live)).collect();
        Self { by_id, by_owner, has_unreadable: !unreadable.is_empty(), has_malformed }
    }

    /// Looks for the package of a purchase by its identity tag.
    pub(super) fn identity(&self, identity: &Identity) -> Shown<'a> {
        match self.by_owner.get(identity).map_or(&[][..], Vec::as_slice) {
            [] if self.has_unreadable || self.has_malformed => Shown::Hidden,
            [] => Shown::No,
            [live] => Shown::Yes(Some(live)),
            [one, other, ..] => {
                Shown::Contradicted(format!("{} and {} both carry its tag", one.id, other.id))
            }
        }
    }

    /// Looks for the package that the accepted purchase named. Another package with the same tag settles
    /// nothing, because this one may still appear.
    pub(super) fn bought(&self, purchase: &Purchase, id: &PackageId) -> Shown<'a> {
        let Some(live) = self.by_id.get(id).copied() else { return Shown::No };
        match live.owner() {
            Owner::Identity(owner) if owner == purchase.identity && live.areas == purchase.areas => {
                Shown::Yes(Some(live))
            }
            // The tags may be listed later than the package.
            Owner::Nobody => Shown::No,
            Owner::Identity(_) | Owner::Malformed(_) => Shown::Contradicted(format!(
                "the reply was for a package of the past: {id} is not this package"
            )),
        }
    }

    /// Checks whether a change of a package is done.
    pub(super) fn changed(&self, change: &Change, id: &PackageId, call: &Call) -> Shown<'a> {
        let live = self.by_id.get(id).copied();
        if live.is_none() && self.has_unreadable {
            return Shown::Hidden;
        }
        match live {
            _ if call.holds(live) => Shown::Yes(live),
            None => Shown::Gone,
            Some(live) => match other_owner(live, change, call) {
                Some(why) => Shown::Taken(why),
                None if call.is_unread(live) => Shown::Hidden,
                None => Shown::No,
            },
        }
    }

    /// Returns the reason for which a package may no longer be changed, if it has another owner by now.
    pub(super) fn taken(&self, change: &Change, id: &PackageId, next: &Call) -> Option<String> {
        self.by_id.get(id).and_then(|live| other_owner(live, change, next))
    }
}

/// Names the owner of a package, unless it is ours, or about to become ours and as the plan found it. It may have
/// been adopted, moved or released by another run since the plan was made.
fn other_owner(live: &Live, change: &Change, next: &Call) -> Option<String> {
    let tags_it = |tags: &BTreeMap<String, String>| tags.contains_key(Identity::TAG);
    let taking_over = matches!(next, Call::Tag(tags) if tags_it(tags));
    match live.owner() {
        Owner::Identity(owner) if owner == *change.identity() => None,
        Owner::Identity(owner) if taking_over && change.owner_before() == Some(&owner) => None,
        Owner::Nobody if taking_over && change.owner_before().is_none() => None,
        Owner::Nobody => Some("the package does not carry our tag any more".to_owned()),
        Owner::Identity(other) => Some(format!("the package belongs to {other} by now")),
        Owner::Malformed(tag) => Some(format!("the package's tag {} is {tag:?} by now", Identity::TAG)),
    }
}
