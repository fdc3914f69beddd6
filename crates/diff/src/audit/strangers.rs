//! Which live packages may be the one that a plan buys, found in another way than the planner finds them.

use std::collections::HashMap;

use cenbwp_spec::{CenId, Identity, Mbps, Package, Spec, StackName, Wish};

use super::facts::areas;
use crate::{Live, Owner};

/// The packages that are not surely another one than some that is declared.
#[derive(Default)]
pub(super) struct Strangers<'a> {
    /// What carries no declared identity, by name.
    named: HashMap<&'a str, Vec<&'a Live>>,
    /// The same, by the CEN that it is attached to and its areas.
    attached: HashMap<(&'a CenId, String), Vec<&'a Live>>,
    /// What nobody owns, by areas and bandwidth.
    ownerless: HashMap<(String, Mbps), Vec<&'a Live>>,
    /// What carries the tag of a name that is not declared, or of a later generation than the declared one.
    left_behind: HashMap<(StackName, String, Mbps), Vec<&'a Live>>,
}

impl<'a> Strangers<'a> {
    /// Takes a package that carries this identity, or none, unless the spec declares it.
    pub(super) fn add(&mut self, live: &'a Live, owner: Option<&Identity>, spec: &Spec) {
        let declared = owner.and_then(|owner| spec.get(&owner.address)).map(Package::identity);
        if declared.is_some() && declared.as_ref() == owner {
            return;
        }
        self.named.entry(&live.name).or_default().push(live);
        for cen in &live.cens {
            self.attached.entry((cen, areas(&live.areas))).or_default().push(live);
        }
        for mbps in [live.bandwidth, live.lasting_bandwidth()] {
            let areas = areas(&live.areas);
            match owner {
                None => self.ownerless.entry((areas, mbps)).or_default().push(live),
                // Older ones would be left out by `like`. Where a stack is bought anew as a whole there are as many of
                // them as purchases, each looked at for each.
                Some(owner) if declared.as_ref().is_none_or(|declared| declared < owner) => {
                    let key = (owner.address.stack.clone(), areas, mbps);
                    self.left_behind.entry(key).or_default().push(live);
                }
                Some(_) => {}
            }
        }
    }

    /// Those that a purchase for this package might buy a second time, whatever the spec says of them.
    pub(super) fn like(&self, package: &Package, spec: &Spec) -> Vec<&'a Live> {
        let stack = &package.address.stack;
        let older = |live: &Live| match live.owner() {
            Owner::Identity(owner) if owner.address.stack == *stack => {
                spec.get(&owner.address).is_some_and(|declared| declared.identity() > owner)
            }
            Owner::Identity(_) | Owner::Nobody | Owner::Unclear(_) => false,
        };
        let (span, mbps) = (areas(&package.areas), package.bandwidth);
        let attached = match &package.cen {
            Wish::Present(cen) => self.attached.get(&(cen, span.clone())),
            Wish::Absent | Wish::Unmanaged => None,
        };
        let left_behind = self.left_behind.get(&(stack.clone(), span.clone(), mbps));
        let found = [
            self.named.get(&*package.purchase_name()),
            attached,
            self.ownerless.get(&(span, mbps)),
            left_behind,
        ];
        found.into_iter().flatten().flatten().copied().filter(|live| !older(live)).collect()
    }
}
