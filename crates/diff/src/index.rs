//! Lookups into one listing, built once, so that planning stays near-linear.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cenbwp_spec::{Address, AreaPair, Identity, Mbps, Package, PackageId, Spec, StackName};

use crate::{Live, Observed, Owner, Unreadable};

/// How many packages or items one held change names. One is enough to hold it; naming all of a large
/// account's look-alikes for each of many purchases would make the plan quadratic.
pub(crate) const MOST_NAMED: usize = 20;

/// Areas, bandwidth, and the stack whose identity a package carries, if it carries one.
type Shape = (String, Mbps, Option<StackName>);

/// The listing by what the planner asks of it. Every list in it is sorted by id.
pub(crate) struct Index<'a> {
    /// The packages that carry an identity.
    carriers: BTreeMap<Identity, Vec<&'a Live>>,
    /// Every package, by its id.
    by_id: Vec<&'a Live>,
    /// The packages that belong to no stack of the spec.
    foreign: Vec<&'a Live>,
    by_name: HashMap<&'a str, Vec<(&'a Live, Owner)>>,
    /// The packages without an owner, and the undeclared ones of each stack, by areas and bandwidth.
    shaped: HashMap<Shape, Vec<&'a Live>>,
    /// The items that may be anybody's: what could not be read, and packages whose tag is no identity.
    doubts: Vec<Unreadable>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(spec: &Spec, observed: &'a Observed) -> Self {
        let mut index = Self {
            carriers: BTreeMap::new(),
            by_id: observed.packages.iter().collect(),
            foreign: Vec::new(),
            by_name: HashMap::new(),
            shaped: HashMap::new(),
            doubts: observed.unreadable.clone(),
        };
        index.by_id.sort_by(|one, other| one.id.cmp(&other.id));
        for at in 0..index.by_id.len() {
            index.add(spec, index.by_id[at]);
        }
        index.doubts.sort();
        index
    }

    fn add(&mut self, spec: &Spec, live: &'a Live) {
        let owner = live.owner();
        let is_ours = |owner: &Identity| spec.stacks.contains_key(&owner.address.stack);
        if !matches!(&owner, Owner::Identity(owner) if is_ours(owner)) {
            self.foreign.push(live);
        }
        match &owner {
            Owner::Nobody => self.add_shape(live, None),
            Owner::Identity(identity) => {
                self.carriers.entry(identity.clone()).or_default().push(live);
                if is_undeclared(spec, identity) {
                    self.add_shape(live, Some(&identity.address.stack));
                }
            }
            Owner::Unclear(tag) => {
                let reason = format!(
                    "its tag {} is {tag:?}, expected <stack>/<package> or <stack>/<package>/<generation>",
                    Identity::TAG
                );
                self.doubts.push(Unreadable { id: Some(live.id.clone()), reason });
            }
        }
        self.by_name.entry(&live.name).or_default().push((live, owner));
    }

    /// A temporary upgrade must not hide a look-alike: both of its bandwidths count.
    fn add_shape(&mut self, live: &'a Live, stack: Option<&StackName>) {
        for bandwidth in BTreeSet::from([live.bandwidth, live.lasting_bandwidth()]) {
            self.shaped.entry(shape(&live.areas, bandwidth, stack)).or_default().push(live);
        }
    }

    /// The package with this id.
    pub(crate) fn get(&self, id: &PackageId) -> Option<&'a Live> {
        let at = self.by_id.binary_search_by(|live| live.id.cmp(id)).ok()?;
        Some(self.by_id[at])
    }

    /// The packages that belong to no stack of the spec: to nobody, to other stacks, or unclear.
    pub(crate) fn foreign(&self) -> &[&'a Live] {
        &self.foreign
    }

    /// Every package that carries this identity.
    pub(crate) fn carriers(&self, identity: &Identity) -> &[&'a Live] {
        self.carriers.get(identity).map_or(&[], Vec::as_slice)
    }

    /// Every identity that some package carries, and those packages.
    pub(crate) fn identities(&self) -> impl Iterator<Item = (&Identity, &[&'a Live])> {
        self.carriers.iter().map(|(identity, carriers)| (identity, carriers.as_slice()))
    }

    /// The latest generation of this address above the given identity's, and a package that carries it.
    pub(crate) fn later(&self, identity: &Identity) -> Option<(&Identity, &'a Live)> {
        let same = |address: &Address| *address == identity.address;
        let above = self.carriers.range(identity..).take_while(|(other, _)| same(&other.address));
        let (latest, carriers) = above.last().filter(|(latest, _)| *latest > identity)?;
        Some((latest, *carriers.first()?))
    }

    /// Items that may be the package that `package` declares. Those that it names under `distinctFrom`
    /// are not: that is a person's word for it.
    pub(crate) fn doubts(&self, package: &Package) -> Vec<Unreadable> {
        let known = |id: &Option<PackageId>| id.as_ref().is_some_and(|id| package.distinct_from.contains(id));
        self.doubts.iter().filter(|item| !known(&item.id)).take(MOST_NAMED).cloned().collect()
    }

    /// Packages that look like the one that would be bought for `package`, by id: the same name, or the same
    /// areas and bandwidth and no owner or an undeclared identity of the same stack, which a renamed key
    /// leaves behind. Not those that are known to be others: by `distinctFrom`, by an adoption of this plan,
    /// by the tag of another package of this spec, or as an older generation in the same stack.
    pub(crate) fn look_alikes(
        &self,
        package: &Package,
        spec: &Spec,
        adopted: &BTreeSet<PackageId>,
    ) -> BTreeMap<&'a PackageId, &'a Live> {
        let stack = &package.address.stack;
        let stranger = |owner: &Owner| match owner {
            Owner::Nobody | Owner::Unclear(_) => true,
            Owner::Identity(owner) if owner.address.stack == *stack => is_undeclared(spec, owner),
            Owner::Identity(owner) => !declares(spec, owner),
        };
        let named = self.by_name.get(package.purchase_name().as_str()).into_iter().flatten();
        let named = named.filter(|(_, owner)| stranger(owner)).map(|(live, _)| *live);
        let of_shape = |stack| self.shaped.get(&shape(&package.areas, package.bandwidth, stack));
        let shaped = [of_shape(None), of_shape(Some(stack))].into_iter().flatten().flatten().copied();
        named
            .chain(shaped)
            .map(|live| (&live.id, live))
            .filter(|(id, _)| !package.distinct_from.contains(*id) && !adopted.contains(*id))
            .take(MOST_NAMED)
            .collect()
    }
}

/// Tells whether the spec declares exactly this identity.
pub(crate) fn declares(spec: &Spec, identity: &Identity) -> bool {
    spec.get(&identity.address).is_some_and(|package| package.generation == identity.generation)
}

/// Tells whether the identity is of a stack of the spec, and the spec declares neither it nor a later
/// generation of it.
pub(crate) fn is_undeclared(spec: &Spec, identity: &Identity) -> bool {
    spec.stacks.contains_key(&identity.address.stack)
        && spec.get(&identity.address).is_none_or(|package| package.generation < identity.generation)
}

/// Areas compare without regard to case.
fn shape(areas: &AreaPair, bandwidth: Mbps, stack: Option<&StackName>) -> Shape {
    (areas.to_string().to_ascii_lowercase(), bandwidth, stack.cloned())
}
