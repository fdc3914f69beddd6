//! Lookups into one spec and one listing, built once, so that planning stays near-linear.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use cenbwp_spec::{
    Address, AreaPair, CenId, Desired, Generation, Identity, Mbps, Package, PackageId, PackageName, Spec,
    StackName,
};

use crate::{Leftover, Live, Observed, Owner, Unreadable};

/// The most packages or items that one held change names. One is enough to hold it; naming all of a large
/// account's look-alikes for each of many purchases would make the plan quadratic.
pub(super) const MOST_NAMED: usize = 20;

/// Areas and bandwidth.
type Shape<'a> = (&'a AreaPair, Mbps);

/// A package without a declared identity, and the stack that knows it as an older generation.
type Candidate<'a> = (&'a Live, Option<&'a StackName>);

/// The listing, arranged for the planner's look-ups. Every list of look-alikes is sorted by id.
///
/// Most packages of a large account are in sync: such a package costs one look-up and one entry.
pub(super) struct Index<'a> {
    /// The live packages of each declared address.
    declared: HashMap<&'a Address, Matches<'a>>,
    /// The packages of the spec's stacks that the spec does not declare, by identity, then by id.
    undeclared: Vec<Leftover>,
    /// The older generations of declared packages, by identity, then by id.
    superseded: Vec<Leftover>,
    /// The packages that the spec adopts.
    adopted: BTreeMap<&'a PackageId, &'a Live>,
    /// The packages of each key that a package of the spec is moved from, by generation, then by id.
    moving: HashMap<&'a Address, Vec<(Generation, &'a Live)>>,
    /// The packages that belong to no stack of the spec; true for those that another stack owns.
    outside: Vec<(&'a PackageId, bool)>,
    /// The packages of stacks that the spec does not declare, by the key if it declares one of the same name, by
    /// identity, then by id.
    same_key: HashMap<&'a PackageName, Vec<(Identity, &'a Live)>>,
    /// Every candidate, by its name.
    by_name: HashMap<&'a str, Vec<Candidate<'a>>>,
    /// Every candidate that is attached, by CEN and areas.
    by_span: BTreeMap<(&'a CenId, &'a AreaPair), Vec<Candidate<'a>>>,
    /// The packages without an owner, and the undeclared ones, by areas and bandwidth.
    shaped: BTreeMap<Shape<'a>, Vec<&'a Live>>,
    /// The items that may be any package: unreadable ones, and packages whose tag is no identity.
    unidentified: Vec<Unreadable>,
}

/// The live packages of one declared address.
struct Matches<'a> {
    generation: Generation,
    /// The packages with the declared identity.
    exact: Vec<&'a Live>,
    /// The latest generation above the declared one, and the first package by id that has it.
    later: Option<(Generation, &'a Live)>,
}

impl<'a> Index<'a> {
    pub(super) fn new(spec: &'a Spec, observed: &'a Observed) -> Self {
        let matches = |package: &'a Package| {
            let generation = package.generation;
            (&package.address, Matches { generation, exact: Vec::new(), later: None })
        };
        let mut index = Self {
            declared: spec.packages().map(matches).collect(),
            undeclared: Vec::new(),
            superseded: Vec::new(),
            adopted: BTreeMap::new(),
            moving: spec.packages().filter_map(|it| Some((it.moved_from.as_ref()?, Vec::new()))).collect(),
            outside: Vec::new(),
            same_key: spec.packages().map(|package| (&package.address.package, Vec::new())).collect(),
            by_name: HashMap::new(),
            by_span: BTreeMap::new(),
            shaped: BTreeMap::new(),
            unidentified: observed.unreadable.clone(),
        };
        let wanted: BTreeSet<_> = spec.packages().filter_map(|package| package.adopt.as_ref()).collect();
        for live in &observed.packages {
            if wanted.contains(&live.id) {
                index.adopted.insert(&live.id, live);
            }
            index.add(spec, live);
        }
        index.sort();
        index
    }

    fn add(&mut self, spec: &'a Spec, live: &'a Live) {
        let owner = live.owner();
        let is_owned = matches!(owner, Owner::Identity(_));
        match owner {
            Owner::Identity(identity) => {
                if let Some(moving) = self.moving.get_mut(&identity.address) {
                    moving.push((identity.generation, live));
                }
                if let Some((stack, _)) = spec.stacks.get_key_value(&identity.address.stack) {
                    return self.add_ours(stack, identity, live);
                }
                if let Some(same) = self.same_key.get_mut(&identity.address.package) {
                    same.push((identity, live));
                }
            }
            Owner::Nobody => self.add_shape(live),
            Owner::Malformed(tag) => {
                let reason = format!(
                    "its tag {} is {tag:?}, expected <stack>/<package> or <stack>/<package>/<generation>",
                    Identity::TAG
                );
                self.unidentified.push(Unreadable { id: Some(live.id.clone()), reason });
            }
        }
        self.outside.push((&live.id, is_owned));
        self.add_candidate(live, None);
    }

    /// Takes a package with an identity of this stack of the spec.
    fn add_ours(&mut self, stack: &'a StackName, identity: Identity, live: &'a Live) {
        let declared = self.declared.get_mut(&identity.address);
        let superseded = match declared.map(|matches| matches.add(identity.generation, live)) {
            Some(Ordering::Equal) => return,
            Some(Ordering::Less) => true,
            Some(Ordering::Greater) | None => false,
        };
        if !superseded {
            self.add_shape(live);
        }
        self.add_candidate(live, superseded.then_some(stack));
        let leftover = Leftover { identity, id: live.id.clone(), expires: live.expires };
        if superseded { self.superseded.push(leftover) } else { self.undeclared.push(leftover) }
    }

    fn add_candidate(&mut self, live: &'a Live, older_of: Option<&'a StackName>) {
        self.by_name.entry(&live.name).or_default().push((live, older_of));
        for cen in &live.cens {
            self.by_span.entry((cen, &live.areas)).or_default().push((live, older_of));
        }
    }

    /// A temporary upgrade must not hide a look-alike: both of its bandwidths count.
    fn add_shape(&mut self, live: &'a Live) {
        for bandwidth in BTreeSet::from([live.bandwidth, live.permanent_bandwidth()]) {
            self.shaped.entry((&live.areas, bandwidth)).or_default().push(live);
        }
    }

    fn sort(&mut self) {
        for leftovers in [&mut self.undeclared, &mut self.superseded] {
            leftovers.sort_by(|a, b| (&a.identity, &a.id).cmp(&(&b.identity, &b.id)));
        }
        for moving in self.moving.values_mut() {
            moving.sort_by_key(|(generation, live)| (*generation, &live.id));
        }
        for same in self.same_key.values_mut() {
            same.sort_by(|(a, one), (b, other)| (a, &one.id).cmp(&(b, &other.id)));
        }
        for candidates in self.by_name.values_mut().chain(self.by_span.values_mut()) {
            candidates.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        }
        for shaped in self.shaped.values_mut() {
            shaped.sort_by(|a, b| a.id.cmp(&b.id));
        }
        self.unidentified.sort();
    }

    /// The package with this id, which a package of the spec adopts.
    pub(super) fn adopted(&self, id: &PackageId) -> Option<&'a Live> {
        self.adopted.get(id).copied()
    }

    /// The packages under the key that a package of the spec is moved from, by generation, then by id.
    pub(super) fn under_old_key(&self, address: &Address) -> &[(Generation, &'a Live)] {
        self.moving.get(address).map_or(&[], Vec::as_slice)
    }

    /// The first package by identity that has the key and the areas of `package` in a stack that the spec does not
    /// declare, other than those that this plan takes over, and those known to be others.
    pub(super) fn same_key(
        &self,
        package: &Package,
        taken_over: &BTreeSet<PackageId>,
    ) -> Option<&(Identity, &'a Live)> {
        let known = |id| package.distinct_from.contains(id) || taken_over.contains(id);
        let same = self.same_key.get(&package.address.package)?.iter();
        same.filter(|(_, live)| !known(&live.id)).find(|(_, live)| live.areas == package.areas)
    }

    /// The ids of the packages that belong to no stack of the spec, without an owner, owned by other stacks, or
    /// with a malformed tag; true for those that another stack owns.
    pub(super) fn outside(&self) -> &[(&'a PackageId, bool)] {
        &self.outside
    }

    /// Every package with the identity of this declared package.
    pub(super) fn matches(&self, package: &Package) -> &[&'a Live] {
        self.declared.get(&package.address).map_or(&[], |matches| &matches.exact)
    }

    /// The latest live generation of this declared package above the declared one, and its package.
    pub(super) fn later(&self, package: &Package) -> Option<(Generation, &'a Live)> {
        self.declared.get(&package.address)?.later
    }

    /// Takes out the undeclared packages and the older generations, each by identity, then by id.
    pub(super) fn take_leftovers(&mut self) -> (Vec<Leftover>, Vec<Leftover>) {
        (std::mem::take(&mut self.undeclared), std::mem::take(&mut self.superseded))
    }

    /// Items that may be the package that `package` declares. Those that it names under `distinctFrom`
    /// are not: a person has checked them.
    pub(super) fn unidentified(&self, package: &Package) -> Vec<Unreadable> {
        let known = |id: &Option<PackageId>| id.as_ref().is_some_and(|id| package.distinct_from.contains(id));
        self.unidentified.iter().filter(|item| !known(&item.id)).take(MOST_NAMED).cloned().collect()
    }

    /// The candidate that takes the place of `package` on its CEN, the first by id, other than those that this
    /// plan takes over.
    pub(super) fn occupant(&self, package: &Package, taken_over: &BTreeSet<PackageId>) -> Option<&'a Live> {
        self.attached(package).iter().map(|(live, _)| *live).find(|live| !taken_over.contains(&live.id))
    }

    /// The candidates on the declared CEN for the declared areas.
    fn attached<'b>(&'b self, package: &'b Package) -> &'b [Candidate<'a>] {
        let Desired::Present(cen) = &package.cen else { return &[] };
        self.by_span.get(&(cen, &package.areas)).map_or(&[], Vec::as_slice)
    }

    /// Packages that look like the one that would be bought for `package`, by id: the same name, or the same
    /// areas on the same CEN, which takes no second one (Associate page), or the same areas and bandwidth and
    /// no owner or an undeclared identity of any stack of the spec, which a renamed key leaves behind. Not those
    /// that are known to be others: by `distinctFrom`, by an adoption or a move of this plan, by the tag of another
    /// package of this spec, or as an older generation in the same stack.
    pub(super) fn look_alikes(
        &self,
        package: &Package,
        taken_over: &BTreeSet<PackageId>,
    ) -> BTreeMap<&'a PackageId, &'a Live> {
        let stack = Some(&package.address.stack);
        let named = self.by_name.get(&*package.purchase_name()).into_iter().flatten();
        let candidates = named.chain(self.attached(package));
        let candidates = candidates.filter(|(_, older_of)| *older_of != stack).map(|(live, _)| *live);
        let shaped = self.shaped.get(&(&package.areas, package.bandwidth)).into_iter().flatten().copied();
        candidates
            .chain(shaped)
            .map(|live| (&live.id, live))
            .filter(|(id, _)| !package.distinct_from.contains(*id) && !taken_over.contains(*id))
            .take(MOST_NAMED)
            .collect()
    }
}

impl<'a> Matches<'a> {
    /// Takes a package of this address, and compares its generation with the declared one.
    fn add(&mut self, generation: Generation, live: &'a Live) -> Ordering {
        let order = generation.cmp(&self.generation);
        let comes_later = |(other, of): &(Generation, &Live)| (generation, &of.id) > (*other, &live.id);
        match order {
            Ordering::Equal => self.exact.push(live),
            Ordering::Greater if self.later.as_ref().is_none_or(comes_later) => {
                self.later = Some((generation, live));
            }
            Ordering::Greater | Ordering::Less => {}
        }
        order
    }
}
