//! Live packages that may be the one that a plan buys, found in another way than the planner's.

use std::collections::HashMap;

use cenbwp_spec::{CenId, Desired, Identity, Mbps, Package, Spec};

use super::fields::areas;
use crate::{Live, Owner};

/// The packages that may be one that the spec declares.
#[derive(Default)]
pub(super) struct LookAlikes<'a> {
    /// The packages without a declared identity, by name.
    named: HashMap<&'a str, Vec<&'a Live>>,
    /// The same, by the CEN that they are attached to and their areas.
    attached: HashMap<(&'a CenId, String), Vec<&'a Live>>,
    /// The packages without an owner, by areas and bandwidth.
    ownerless: HashMap<(String, Mbps), Vec<&'a Live>>,
    /// The packages with the identity of a key that is not declared, or of a later generation than the declared one.
    left_behind: HashMap<(String, Mbps), Vec<&'a Live>>,
}

impl<'a> LookAlikes<'a> {
    /// Takes a package with this identity, or none, unless the spec declares it.
    pub(super) fn add(&mut self, live: &'a Live, owner: Option<&Identity>, spec: &Spec) {
        let declared = owner.and_then(|owner| spec.get(&owner.address)).map(Package::identity);
        if declared.is_some() && declared.as_ref() == owner {
            return;
        }
        self.named.entry(&live.name).or_default().push(live);
        for cen in &live.cens {
            self.attached.entry((cen, areas(&live.areas))).or_default().push(live);
        }
        for mbps in [live.bandwidth, live.permanent_bandwidth()] {
            let areas = areas(&live.areas);
            match owner {
                None => self.ownerless.entry((areas, mbps)).or_default().push(live),
                // Older ones would be left out by `of`. Where a stack is bought anew as a whole there are as many of
                // them as purchases, each looked at for each.
                Some(owner) if declared.as_ref().is_none_or(|declared| declared < owner) => {
                    if spec.stacks.contains_key(&owner.address.stack) {
                        self.left_behind.entry((areas, mbps)).or_default().push(live);
                    }
                }
                Some(_) => {}
            }
        }
    }

    /// Returns the packages that a purchase for this one might buy a second time, `distinctFrom` aside.
    pub(super) fn of(&self, package: &Package, spec: &Spec) -> Vec<&'a Live> {
        let stack = &package.address.stack;
        let older = |live: &Live| match live.owner() {
            Owner::Identity(owner) if owner.address.stack == *stack => {
                spec.get(&owner.address).is_some_and(|declared| declared.identity() > owner)
            }
            Owner::Identity(_) | Owner::Nobody | Owner::Malformed(_) => false,
        };
        let (span, mbps) = (areas(&package.areas), package.bandwidth);
        let attached = match &package.cen {
            Desired::Present(cen) => self.attached.get(&(cen, span.clone())),
            Desired::Absent | Desired::Unmanaged => None,
        };
        let left_behind = self.left_behind.get(&(span.clone(), mbps));
        let found = [
            self.named.get(&*package.purchase_name()),
            attached,
            self.ownerless.get(&(span, mbps)),
            left_behind,
        ];
        found.into_iter().flatten().flatten().copied().filter(|live| !older(live)).collect()
    }
}
