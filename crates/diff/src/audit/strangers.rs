//! Which live packages may be the one that a plan buys, found in another way than the planner finds them.

use std::collections::HashMap;

use cenbwp_spec::{CenId, Identity, Mbps, Package, Spec, StackName, Wish};

use super::facts::areas;
use crate::Live;

/// The packages that are not surely another one than some that is declared.
#[derive(Default)]
pub(super) struct Strangers<'a> {
    /// What carries no declared identity, by name.
    named: HashMap<&'a str, Vec<Stranger<'a>>>,
    /// The same, by the CEN that it is attached to and its areas.
    attached: HashMap<(&'a CenId, String), Vec<Stranger<'a>>>,
    /// What nobody owns, by areas and bandwidth.
    ownerless: HashMap<(String, Mbps), Vec<Stranger<'a>>>,
    /// What carries the tag of a name that is not declared, or of a later generation than the declared one.
    left_behind: HashMap<(StackName, String, Mbps), Vec<Stranger<'a>>>,
}

/// A package, and the identity that it carries.
type Stranger<'a> = (&'a Live, Option<Identity>);

impl<'a> Strangers<'a> {
    /// Takes a package that carries this identity, or none, unless the spec declares it.
    pub(super) fn add(&mut self, live: &'a Live, owner: Option<&Identity>, spec: &Spec) {
        let declared = owner.and_then(|owner| spec.get(&owner.address)).map(Package::identity);
        if declared.is_some() && declared.as_ref() == owner {
            return;
        }
        let stranger = || (live, owner.cloned());
        self.named.entry(&live.name).or_default().push(stranger());
        for cen in &live.cens {
            self.attached.entry((cen, areas(&live.areas))).or_default().push(stranger());
        }
        for mbps in [live.bandwidth, live.lasting_bandwidth()] {
            let areas = areas(&live.areas);
            match owner {
                None => self.ownerless.entry((areas, mbps)).or_default().push(stranger()),
                Some(owner) if declared.as_ref().is_none_or(|declared| declared < owner) => {
                    let key = (owner.address.stack.clone(), areas, mbps);
                    self.left_behind.entry(key).or_default().push(stranger());
                }
                Some(_) => {}
            }
        }
    }

    /// Those that a purchase for this package might buy a second time, whatever the spec says of them.
    pub(super) fn like(&self, package: &Package, spec: &Spec) -> Vec<&'a Live> {
        let stack = &package.address.stack;
        let older = |owner: &Option<Identity>| {
            let declared = |owner: &Identity| spec.get(&owner.address).map(Package::identity);
            owner.as_ref().is_some_and(|it| it.address.stack == *stack && declared(it) > Some(it.clone()))
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
        let found = found.into_iter().flatten().flatten();
        found.filter(|(_, owner)| !older(owner)).map(|(live, _)| *live).collect()
    }
}
