//! A second pair of eyes: every plan is checked against the laws before anybody may carry it out.
//!
//! **Invariant:** nothing here calls the planner or its parts. A mistake in the decision has to be made
//! twice, in two places that share no code, before it buys something.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cenbwp_spec::{Address, Field, Identity, Manage, Package, PackageId, Spec};

use crate::{
    Adoption, Business, Change, ChargeType, FieldChange, Live, Observed, Options, Owner, Plan, Purchase,
    Release, Retirement, Update,
};
use facts::{as_declared, asked, differing, other_charge};
use strangers::Strangers;

mod facts;
mod spending;
mod strangers;

/// Something that no plan may contain, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// The plan is about a package, or a generation, that the spec does not declare or that is no target.
    NotAsked(Identity),
    /// No change, more than one, or a change beside a hold, of one address.
    NotOne(Address),
    /// A declared package that has to be there is neither changed nor held nor in order.
    Silent(Address),
    /// A list that is out of order: two plans of one world would not be the same bytes.
    Unsorted(&'static str),
    /// Buys although a live package carries the identity, or a later generation of it.
    BuysTwice(Identity, PackageId),
    /// Buys, or adopts, although the listing may hide the package.
    BuysBlind(Identity),
    /// Buys although a live package looks like what is bought.
    BuysLookAlike(Identity, PackageId),
    /// Buys, or adopts, something else than is declared.
    BuysOther(Identity, &'static str),
    /// Changes a package that is not the only one to carry the identity, or not of the latest generation,
    /// or adopts one that is not free.
    WrongPackage(Identity, PackageId),
    /// Changes something that the spec does not ask for, or from a value that is not listed.
    UnaskedChange(Identity, Field),
    /// Leaves a field as it is that the spec asks to change.
    MissedChange(Identity, Field),
    /// Ends or lets go of a package that the spec does not say to.
    UnaskedEnd(Identity),
    /// Changes an expired or locked package.
    NotNormal(Identity),
    /// Says that a package is as declared, or is done with, while it is not.
    NotInSync(Address),
    /// Spends more than a limit and does not say so, or says so without cause.
    Limits,
    /// A live package of a declared stack that is not mentioned, or is mentioned and not live.
    Forgotten(PackageId),
    /// The plan claims another listing or other options than there were.
    Misreported(&'static str),
}

/// Returns every flaw of the plan, sorted; none in a plan that [`crate::plan()`] made of the same input.
pub fn audit(plan: &Plan, spec: &Spec, observed: &Observed, options: &Options) -> Vec<Flaw> {
    let mut auditor = Auditor::new(spec, observed, options);
    auditor.addresses(plan);
    auditor.order(plan);
    auditor.adopted = plan.changes.iter().filter_map(adopted).collect();
    for change in &plan.changes {
        auditor.change(change);
    }
    auditor.in_sync(plan);
    auditor.mentions(plan);
    if spending::breaches(plan, spec, options) != spending::said(plan) {
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
    strangers: Strangers<'a>,
    unclear: BTreeSet<&'a PackageId>,
    /// What this very plan takes over.
    adopted: BTreeSet<PackageId>,
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
            strangers: Strangers::default(),
            unclear: BTreeSet::new(),
            adopted: BTreeSet::new(),
            flaws: BTreeSet::new(),
        };
        for live in &observed.packages {
            this.live.insert(&live.id, live);
            match live.owner() {
                Owner::Nobody => this.strangers.add(live, None, spec),
                Owner::Unclear(_) => drop(this.unclear.insert(&live.id)),
                Owner::Identity(identity) => {
                    this.strangers.add(live, Some(&identity), spec);
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

    /// One fate per address, and none without one.
    fn addresses(&mut self, plan: &Plan) {
        let identities =
            plan.changes.iter().map(Change::identity).chain(plan.held.iter().map(|h| &h.identity));
        let mut seen: BTreeSet<&Address> = BTreeSet::new();
        for identity in identities {
            if self.declared(identity).is_none() {
                self.flaw(Flaw::NotAsked(identity.clone()));
            }
            if !seen.insert(&identity.address) || plan.in_sync.contains_key(&identity.address) {
                self.flaw(Flaw::NotOne(identity.address.clone()));
            }
        }
        for package in self.spec.packages().filter(|package| package.manage == Manage::Full) {
            let address = &package.address;
            let has_fate = seen.contains(address) || plan.in_sync.contains_key(address);
            if self.is_target(address) && !has_fate {
                self.flaw(Flaw::Silent(address.clone()));
            }
        }
    }

    fn order(&mut self, plan: &Plan) {
        let lists = [
            ("changes", plan.changes.is_sorted_by_key(Change::identity)),
            ("held", plan.held.is_sorted_by_key(|held| &held.identity)),
            ("undeclared", plan.undeclared.is_sorted_by_key(|item| (&item.identity, &item.id))),
            ("superseded", plan.superseded.is_sorted_by_key(|item| (&item.identity, &item.id))),
            ("warnings", plan.warnings.is_sorted_by_key(|warning| warning.identity())),
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
            Change::Release(release) => self.release(package, release),
            Change::Retire(retirement) => self.retirement(package, retirement),
        }
    }

    fn purchase(&mut self, package: &Package, purchase: &Purchase) {
        let identity = &purchase.identity;
        for (field, as_declared) in as_declared(package, purchase) {
            if !as_declared {
                self.flaw(Flaw::BuysOther(identity.clone(), field));
            }
        }
        self.first_of_its_identity(package);
        let alike = self.strangers.like(package, self.spec).into_iter().map(|live| &live.id);
        let unknown = alike.filter(|id| !package.distinct_from.contains(id) && !self.adopted.contains(id));
        let flaws: Vec<Flaw> = unknown.map(|id| Flaw::BuysLookAlike(identity.clone(), id.clone())).collect();
        self.flaws.extend(flaws);
    }

    /// Nothing that is listed, or may be hidden, carries the identity or a later generation of it.
    fn first_of_its_identity(&mut self, package: &Package) {
        let identity = package.identity();
        let address = &package.address;
        let carriers = self.owned.range(&identity..).take_while(|(owner, _)| owner.address == *address);
        let taken: Vec<Flaw> = carriers
            .flat_map(|(_, carriers)| carriers)
            .map(|live| Flaw::BuysTwice(identity.clone(), live.id.clone()))
            .collect();
        self.flaws.extend(taken);
        let known = |id: &PackageId| package.distinct_from.contains(id);
        let hidden = self.observed.unreadable.iter().any(|item| !item.id.as_ref().is_some_and(known))
            || self.unclear.iter().any(|id| !known(id));
        if hidden || !self.observed.complete {
            self.flaw(Flaw::BuysBlind(identity));
        }
    }

    /// The one live package that carries the identity, if it is the one that the plan means and no later
    /// generation is live.
    fn carrier(&mut self, identity: &Identity, id: &PackageId) -> Option<&'a Live> {
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
        let Some(live) = self.carrier(&update.identity, &update.id) else { return };
        if update.fields.is_empty() {
            self.flaw(Flaw::NotOne(package.address.clone()));
        }
        self.fields(package, live, &update.fields);
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
            self.flaw(Flaw::BuysOther(identity.clone(), "tags"));
        }
        self.first_of_its_identity(package);
        self.fields(package, live, &adoption.fields);
    }

    /// Field changes are wanted by the spec, start from what is listed, and meet a package in order.
    fn fields(&mut self, package: &Package, live: &Live, changes: &[FieldChange]) {
        let identity = package.identity();
        let fixed = if package.areas != live.areas { Some("areas") } else { None };
        if let Some(field) = fixed.or_else(|| other_charge(package, live).then_some("chargeType")) {
            self.flaw(Flaw::BuysOther(identity.clone(), field));
        }
        if live.business != Business::Normal || live.expired(self.options.now) {
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
            if !(wanted && allowed && asked(package, live, change)) {
                self.flaw(Flaw::UnaskedChange(identity.clone(), change.field()));
            }
        }
    }

    fn release(&mut self, package: &Package, release: &Release) {
        let identity = &release.identity;
        let Some(live) = self.carrier(identity, &release.id) else { return };
        let ours: BTreeSet<String> = [Identity::TAG, Identity::TERMS_TAG].map(str::to_owned).into();
        let live_keys: BTreeSet<String> = live.tags.keys().cloned().collect();
        if package.manage != Manage::Release || release.tag_keys != &ours & &live_keys {
            self.flaw(Flaw::UnaskedEnd(identity.clone()));
        }
    }

    fn retirement(&mut self, package: &Package, retirement: &Retirement) {
        let identity = &retirement.identity;
        let Some(live) = self.carrier(identity, &retirement.id) else { return };
        let may_delete = live.charge == ChargeType::Postpay || live.expired(self.options.now);
        let asked = package.manage == Manage::Retire && retirement.detach.iter().eq(&live.cens);
        if !asked || retirement.delete != may_delete {
            self.flaw(Flaw::UnaskedEnd(identity.clone()));
        }
    }

    /// What is said to need nothing needs nothing.
    fn in_sync(&mut self, plan: &Plan) {
        for (address, id) in &plan.in_sync {
            let package = self.spec.get(address).filter(|_| self.is_target(address));
            let carriers = package.and_then(|package| self.owned.get(&package.identity()));
            let in_sync = match (package, carriers.map(Vec::as_slice)) {
                (Some(package), Some([live])) if live.id == *id => match package.manage {
                    Manage::Full => {
                        let fixed = package.areas != live.areas || other_charge(package, live);
                        !fixed && differing(package, live).is_empty()
                    }
                    Manage::Observe => true,
                    Manage::Release => false,
                    Manage::Retire => {
                        live.cens.is_empty()
                            && live.charge != ChargeType::Postpay
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
        for (identity, carriers) in &self.owned {
            if !self.spec.stacks.contains_key(&identity.address.stack) {
                continue;
            }
            let declared = self.spec.get(&identity.address).map(|package| package.generation);
            let list = match declared {
                Some(declared) if declared == identity.generation => continue,
                Some(declared) if declared > identity.generation => &mut expected.1,
                _ => &mut expected.0,
            };
            list.extend(carriers.iter().map(|live| (&live.id, identity)));
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
        if plan.skip_held != self.options.skip_held {
            self.flaw(Flaw::Misreported("skip_held"));
        }
    }
}

fn adopted(change: &Change) -> Option<PackageId> {
    if let Change::Adopt(adoption) = change { Some(adoption.id.clone()) } else { None }
}
