//! What one listing showed, by what the jobs ask of it: a look of a hundred jobs at 20,000 packages reads them once.

use std::collections::HashMap;

use cenbwp_diff::{Live, Observed, Owner};
use cenbwp_spec::{Identity, PackageId};

/// What one listing showed.
pub(super) struct Sight<'a> {
    by_id: HashMap<&'a PackageId, &'a Live>,
    by_owner: HashMap<Identity, Vec<&'a Live>>,
    /// Whether an item could not be read: it may be any package.
    pub(super) has_unreadable: bool,
    /// Whether a package's tag names nobody: it may be anybody's.
    pub(super) has_unclear: bool,
}

impl<'a> Sight<'a> {
    pub(super) fn of(observed: &'a Observed) -> Self {
        let Observed { packages, unreadable, complete: _ } = observed;
        let mut by_owner: HashMap<Identity, Vec<&Live>> = HashMap::new();
        let mut has_unclear = false;
        for live in packages {
            match live.owner() {
                Owner::Identity(identity) => by_owner.entry(identity).or_default().push(live),
                Owner::Unclear(_) => has_unclear = true,
                Owner::Nobody => {}
            }
        }
        let by_id = packages.iter().map(|live| (&live.id, live)).collect();
        Self { by_id, by_owner, has_unreadable: !unreadable.is_empty(), has_unclear }
    }

    /// The package with this id.
    pub(super) fn get(&self, id: &PackageId) -> Option<&'a Live> {
        self.by_id.get(id).copied()
    }

    /// The packages that carry this identity.
    pub(super) fn carriers(&self, identity: &Identity) -> &[&'a Live] {
        self.by_owner.get(identity).map_or(&[], Vec::as_slice)
    }
}
