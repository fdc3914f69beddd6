//! The audit: every plan is checked against the laws before it may be carried out.
//!
//! **Invariant:** nothing here calls the planner or its parts; both use only the methods of the types themselves,
//! such as `Live::owner`. A mistake in the decision has to be made twice before it buys something.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use cenbwp_spec::{Address, Identity, Manage, Mbps, Package, PackageId, Spec};

use crate::{
    Adoption, BusinessStatus, Change, FieldChange, Live, LiveCharge, Move, Observed, Options, Owner, Plan,
    Purchase, Release, Retirement, Update, Warning, WarningKind,
};
use fields::{allocated, differing, is_requested, matches_spec, other_charge, takes_allocated};
use look_alikes::LookAlikes;

pub use flaw::Flaw;

mod fields;
mod flaw;
mod look_alikes;
mod spending;

/// Returns every flaw of the plan, sorted; none in a plan that [`crate::plan()`] made of the same input.
pub fn audit(plan: &Plan, spec: &Spec, observed: &Observed, options: &Options) -> Vec<Flaw> {
    let mut auditor = Auditor::new(spec, observed, options);
    auditor.addresses(plan);
    auditor.order(plan);
    auditor.taken_over = plan.changes.iter().filter_map(taken_over).collect();
    for change in &plan.changes {
        auditor.change(change);
    }
    auditor.in_sync(plan);
    auditor.mentions(plan);
    if spending::breaches(plan, spec, options) != spending::reported(plan) {
        auditor.flaw(Flaw::Limits);
    }
    auditor.report(plan);
    auditor.flaws.into_iter().collect()
}

struct Auditor<'a> {
    spec: &'a Spec,
    observed: &'a Observed,
    options: &'a Options,
    live: HashMap<&'a PackageId, &'a Live>,
    owned: BTreeMap<Identity, Vec<&'a Live>>,
    look_alikes: LookAlikes<'a>,
    malformed: BTreeSet<&'a PackageId>,
    /// The packages that this plan takes over.
    taken_over: BTreeSet<PackageId>,
    flaws: BTreeSet<Flaw>,
}

impl<'a> Auditor<'a> {
    fn new(spec: &'a Spec, observed: &'a Observed, options: &'a Options) -> Self {
        let mut this = Self {
            spec,
            observed,
            options,
            live: HashMap::new(),
            owned: BTreeMap::new(),
            look_alikes: LookAlikes::default(),
            malformed: BTreeSet::new(),
            taken_over: BTreeSet::new(),
            flaws: BTreeSet::new(),
        };
        for live in &observed.packages {
            this.live.insert(&live.id, live);
            match live.owner() {
                Owner::Nobody => this.look_alikes.add(live, None, spec),
                Owner::Malformed(_) => {
                    this.malformed.insert(&live.id);
                }
                Owner::Identity(identity) => {
                    this.look_alikes.add(live, Some(&identity), spec);
                    this.owned.entry(identity).or_default().push(live);
                }
            }
        }
        this
    }

    fn flaw(&mut self, flaw: Flaw) {
        self.flaws.insert(flaw);
    }

    /// The package that the spec declares with this identity, if it is a target.
    fn declared(&self, identity: &Identity) -> Option<&'a Package> {
        let package = self.spec.get(&identity.address)?;
        (package.generation == identity.generation && self.is_target(&identity.address)).then_some(package)
    }

    fn is_target(&self, address: &Address) -> bool {
        self.options.targets.as_ref().is_none_or(|targets| targets.contains(address))
    }

    /// Exactly one outcome per address.
    fn addresses(&mut self, plan: &Plan) {
        let identities =
            plan.changes.iter().map(Change::identity).chain(plan.held.iter().map(|h| &h.identity));
        let mut seen: BTreeSet<&Address> = BTreeSet::new();
        for identity in identities {
            if self.declared(identity).is_none() {
                self.flaw(Flaw::UnknownIdentity(identity.clone()));
            }
            if !seen.insert(&identity.address) || plan.in_sync.contains_key(&identity.address) {
                self.flaw(Flaw::NotExactlyOneOutcome(identity.address.clone()));
            }
        }
        for package in self.spec.packages().filter(|package| package.manage == Manage::Full) {
            let address = &package.address;
            let has_outcome = seen.contains(address) || plan.in_sync.contains_key(address);
            if self.is_target(address) && !has_outcome {
                self.flaw(Flaw::NoOutcome(address.clone()));
            }
        }
    }

    fn order(&mut self, plan: &Plan) {
        let lists = [
            ("changes", plan.changes.is_sorted_by_key(Change::identity)),
            ("held", plan.held.is_sorted_by_key(|held| &held.identity)),
            ("undeclared", plan.undeclared.is_sorted_by_key(|item| (&item.identity, &item.id))),
            ("superseded", plan.superseded.is_sorted_by_key(|item| (&item.identity, &item.id))),
            ("warnings", plan.warnings.is_sorted_by_key(|warning| &warning.identity)),
            ("breaches", plan.breaches.is_sorted_by_key(|breach| &breach.owner)),
        ];
        for (name, _) in lists.into_iter().filter(|(_, sorted)| !sorted) {
            self.flaw(Flaw::Unsorted(name));
        }
    }

    fn change(&mut self, change: &Change) {
        let Some(package) = self.declared(change.identity()) else { return };
        match change {
            Change::Purchase(purchase) => self.purchase(package, purchase),
            Change::Update(update) => self.update(package, update),
            Change::Adopt(adoption) => self.adoption(package, adoption),
            Change::Move(moved) => self.relocation(package, moved),
            Change::Release(release) => self.release(package, release),
            Change::Retire(retirement) => self.retirement(package, retirement),
        }
    }

    fn purchase(&mut self, package: &Package, purchase: &Purchase) {
        let identity = &purchase.identity;
        for (field, matches) in matches_spec(package, purchase) {
            if !matches {
                self.flaw(Flaw::ParameterMismatch(identity.clone(), field));
            }
        }
        let prices = self.observed.prices.as_ref();
        if prices.and_then(|prices| prices.get(identity)) != purchase.price.as_ref() {
            self.flaw(Flaw::ParameterMismatch(identity.clone(), "price"));
        }
        self.first_of_its_identity(package);
        let alike = self.look_alikes.of(package, self.spec).into_iter().map(|live| &live.id);
        let unknown = alike.filter(|id| !package.distinct_from.contains(id) && !self.taken_over.contains(id));
        let flaws: Vec<Flaw> = unknown.map(|id| Flaw::BuysLookAlike(identity.clone(), id.clone())).collect();
        self.flaws.extend(flaws);
    }

    /// No package that is listed, or may be hidden, has the identity or a later generation of it.
    fn first_of_its_identity(&mut self, package: &Package) {
        let identity = package.identity();
        let address = &package.address;
        let matches = self.owned.range(&identity..).take_while(|(owner, _)| owner.address == *address);
        let taken: Vec<Flaw> = matches
            .flat_map(|(_, matches)| matches)
            .map(|live| Flaw::BuysTwice(identity.clone(), live.id.clone()))
            .collect();
        self.flaws.extend(taken);
        let known = |id: &PackageId| package.distinct_from.contains(id);
        let hidden = self.observed.unreadable.iter().any(|item| !item.id.as_ref().is_some_and(known))
            || self.malformed.iter().any(|id| !known(id));
        if hidden || !self.observed.complete {
            self.flaw(Flaw::PurchaseOnDoubt(identity));
        }
    }

    /// The one live package with the identity, if the plan means this one and no later generation is live.
    fn only_match(&mut self, identity: &Identity, id: &PackageId) -> Option<&'a Live> {
        let later =
            self.owned.range(identity..).nth(1).is_some_and(|(next, _)| next.address == identity.address);
        match self.owned.get(identity).map(Vec::as_slice) {
            Some([live]) if live.id == *id && !later => Some(live),
            _ => {
                self.flaw(Flaw::WrongPackage(identity.clone(), id.clone()));
                None
            }
        }
    }

    fn update(&mut self, package: &Package, update: &Update) {
        let Some(live) = self.only_match(&update.identity, &update.id) else { return };
        if update.fields.is_empty() {
            self.flaw(Flaw::NotExactlyOneOutcome(package.address.clone()));
        }
        self.fields(package, live, &update.fields, update.allocated);
    }

    fn adoption(&mut self, package: &Package, adoption: &Adoption) {
        let identity = &adoption.identity;
        let live = self.live.get(&adoption.id).copied();
        let Some(live) = live.filter(|live| live.owner() == Owner::Nobody) else {
            return self.flaw(Flaw::WrongPackage(identity.clone(), adoption.id.clone()));
        };
        if package.adopt.as_ref() != Some(&adoption.id) {
            self.flaw(Flaw::WrongPackage(identity.clone(), adoption.id.clone()));
        }
        let tags = BTreeMap::from([(Identity::TAG.to_owned(), identity.to_string())]);
        if adoption.tags != tags {
            self.flaw(Flaw::ParameterMismatch(identity.clone(), "tags"));
        }
        self.first_of_its_identity(package);
        self.fields(package, live, &adoption.fields, adoption.allocated);
    }

    /// The package is the only one of a key that the spec no longer declares, and that this one is moved from.
    fn relocation(&mut self, package: &Package, moved: &Move) {
        let Move { identity, from, id, fields, allocated } = moved;
        let asked =
            package.moved_from.as_ref() == Some(&from.address) && from.generation == package.generation;
        if !asked || self.spec.get(&from.address).is_some() {
            self.flaw(Flaw::WrongPackage(identity.clone(), id.clone()));
        }
        let Some(live) = self.only_match(from, id) else { return };
        self.first_of_its_identity(package);
        self.fields(package, live, fields, *allocated);
    }

    /// Field changes are those that the spec asks for, start from the listed values, meet a normal package, and take
    /// nothing that regions use. `shown` is the bandwidth that the plan says they use.
    fn fields(&mut self, package: &Package, live: &Live, changes: &[FieldChange], shown: Option<Mbps>) {
        let identity = package.identity();
        if shown != allocated(live) {
            self.flaw(Flaw::Misreported("allocated"));
        }
        if changes.iter().any(|change| takes_allocated(live, change)) {
            self.flaw(Flaw::TakesAllocated(identity.clone()));
        }
        let fixed = if package.areas != live.areas { Some("areas") } else { None };
        if let Some(field) = fixed.or_else(|| other_charge(package, live).then_some("chargeType")) {
            self.flaw(Flaw::ParameterMismatch(identity.clone(), field));
        }
        if live.business != BusinessStatus::Normal || live.expired(self.options.now) {
            self.flaw(Flaw::NotNormal(identity.clone()));
        }
        for field in differing(package, live) {
            if !changes.iter().any(|change| change.field() == field) {
                self.flaw(Flaw::MissedChange(identity.clone(), field));
            }
        }
        for change in changes {
            let wanted = package.manage == Manage::Full && !package.ignore.contains(&change.field());
            let detaches = matches!(change, FieldChange::Cen(delta) if delta.from.is_some());
            let allowed = !detaches || package.allow_interruption;
            if !(wanted && allowed && is_requested(package, live, change)) {
                self.flaw(Flaw::UnrequestedChange(identity.clone(), change.field()));
            }
        }
    }

    fn release(&mut self, package: &Package, release: &Release) {
        let identity = &release.identity;
        let Some(live) = self.only_match(identity, &release.id) else { return };
        let ours: BTreeSet<String> = [Identity::TAG, Identity::TERMS_TAG].map(str::to_owned).into();
        let live_keys: BTreeSet<String> = live.tags.keys().cloned().collect();
        if package.manage != Manage::Release || release.tag_keys != &ours & &live_keys {
            self.flaw(Flaw::UnrequestedRemoval(identity.clone()));
        }
    }

    fn retirement(&mut self, package: &Package, retirement: &Retirement) {
        let identity = &retirement.identity;
        let Some(live) = self.only_match(identity, &retirement.id) else { return };
        let may_delete = live.charge == LiveCharge::Postpay || live.expired(self.options.now);
        let requested = package.manage == Manage::Retire && retirement.detach.iter().eq(&live.cens);
        if !requested || retirement.delete != may_delete {
            self.flaw(Flaw::UnrequestedRemoval(identity.clone()));
        }
        if retirement.renewal != live.renewal.known() {
            self.flaw(Flaw::Misreported("renewal"));
        }
        if !retirement.detach.is_empty() && allocated(live).is_some_and(|mbps| mbps.0 > 0) {
            self.flaw(Flaw::TakesAllocated(identity.clone()));
        }
    }

    /// Every package listed as in sync really is.
    fn in_sync(&mut self, plan: &Plan) {
        for (address, id) in &plan.in_sync {
            let package = self.spec.get(address).filter(|_| self.is_target(address));
            let matches = package.and_then(|package| self.owned.get(&package.identity()));
            let in_sync = match (package, matches.map(Vec::as_slice)) {
                (Some(package), Some([live])) if live.id == *id => match package.manage {
                    Manage::Full => {
                        let fixed = package.areas != live.areas || other_charge(package, live);
                        !fixed && differing(package, live).is_empty()
                    }
                    Manage::Observe => true,
                    Manage::Release => false,
                    Manage::Retire => {
                        live.cens.is_empty()
                            && live.charge != LiveCharge::Postpay
                            && !live.expired(self.options.now)
                    }
                },
                _ => false,
            };
            if !in_sync {
                self.flaw(Flaw::NotInSync(address.clone()));
            }
        }
    }

    /// Every package of a declared stack is mentioned, in the right list.
    fn mentions(&mut self, plan: &Plan) {
        let undeclared: BTreeMap<_, _> = plan.undeclared.iter().map(|i| (&i.id, &i.identity)).collect();
        let superseded: BTreeMap<_, _> = plan.superseded.iter().map(|i| (&i.id, &i.identity)).collect();
        let mut expected = (BTreeMap::new(), BTreeMap::new());
        for (identity, matches) in &self.owned {
            if !self.spec.stacks.contains_key(&identity.address.stack) {
                continue;
            }
            let declared = self.spec.get(&identity.address).map(|package| package.generation);
            let list = match declared.map(|declared| declared.cmp(&identity.generation)) {
                Some(Ordering::Equal) => continue,
                Some(Ordering::Greater) => &mut expected.1,
                Some(Ordering::Less) | None => &mut expected.0,
            };
            let left = matches.iter().filter(|live| !self.taken_over.contains(&live.id));
            list.extend(left.map(|live| (&live.id, identity)));
        }
        let wrong = |listed: &BTreeMap<&PackageId, &Identity>, expected: &BTreeMap<&PackageId, &Identity>| {
            let ids = listed.keys().chain(expected.keys()).copied();
            ids.filter(|id| listed.get(id) != expected.get(id)).cloned().collect::<Vec<_>>()
        };
        let wrong = [wrong(&undeclared, &expected.0), wrong(&superseded, &expected.1)].concat();
        self.flaws.extend(wrong.into_iter().map(Flaw::Forgotten));
    }

    fn report(&mut self, plan: &Plan) {
        if plan.complete != self.observed.complete {
            self.flaw(Flaw::Misreported("complete"));
        }
        if plan.is_priced != self.observed.prices.is_some() {
            self.flaw(Flaw::Misreported("is_priced"));
        }
        if plan.skip_held != self.options.skip_held {
            self.flaw(Flaw::Misreported("skip_held"));
        }
        let finished = plan.warnings.iter().filter(|warning| warning.kind == WarningKind::EntryCanGo);
        for Warning { identity, .. } in finished {
            let package = self.declared(identity);
            if package.is_some_and(|package| self.is_left(package)) {
                self.flaw(Flaw::NotFinished(identity.clone()));
            }
        }
    }

    /// Reports whether a package that an entry is about is listed: its own, or one that it takes over.
    fn is_left(&self, package: &Package) -> bool {
        let own = package.identity();
        let old = package.moved_from.clone().map(|address| Identity { address, ..own.clone() });
        let is_free = |id| self.live.get(id).is_some_and(|live| live.owner() == Owner::Nobody);
        self.owned.contains_key(&own)
            || old.is_some_and(|old| self.owned.contains_key(&old))
            || package.manage == Manage::Retire && package.adopt.as_ref().is_some_and(is_free)
    }
}

fn taken_over(change: &Change) -> Option<PackageId> {
    match change {
        Change::Adopt(Adoption { id, .. }) | Change::Move(Move { id, .. }) => Some(id.clone()),
        Change::Purchase(_) | Change::Update(_) | Change::Release(_) | Change::Retire(_) => None,
    }
}
