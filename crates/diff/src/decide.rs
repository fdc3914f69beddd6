//! The decision: what each declared package needs, given one full listing.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use cenbwp_spec::{Charge, Identity, Manage, Package, PackageId, Prepay, Spec};

use crate::compare::{after_purchase, differences, fixed_differences, is_free};
use crate::index::Index;
use crate::limits::breaches;
use crate::warn::{change_warnings, ignored, live_warnings};
use crate::words::when;
use crate::{
    Adoption, Business, Change, ChargeType, Delta, FieldChange, Held, HeldReason, Live, Observed, Options,
    Owner, Plan, Purchase, Release, ReservationKind, Retirement, Superseded, Undeclared, Update, Warning,
};

/// Returns what has to happen for the account to be as declared.
///
/// Pure and total: the same input gives the same plan, in whatever order the packages are listed, and no
/// input makes it fail. `observed` names each id once; the edge that lists has checked that. Takes time
/// in proportion to the packages declared plus the packages listed, save for sorting.
pub fn plan(spec: &Spec, observed: &Observed, options: &Options) -> Plan {
    let planner = Planner::new(spec, observed, options);
    let is_target = |package: &Package| options.targets.as_ref().is_none_or(|t| t.contains(&package.address));
    let targets = || spec.packages().filter(|package| is_target(package));

    // Adoptions first: they decide which packages may be look-alikes.
    let adopting = targets().filter(|package| package.adopt.is_some());
    let adopted = adopting.filter_map(|package| planner.settle(package, &mut Vec::new()).adopted()).collect();

    let mut plan = planner.reports();
    let mut in_sync = Vec::new();
    for package in targets() {
        let verdict = match planner.settle(package, &mut plan.warnings) {
            Verdict::Wanted => planner.purchase(package, &adopted, &mut plan.warnings),
            other => other,
        };
        match verdict {
            Verdict::Change(change) => {
                plan.warnings.extend(planner.occupied(package, &change, &adopted));
                plan.warnings.extend(change_warnings(&change));
                plan.changes.push(change);
            }
            Verdict::Held(reason) => plan.held.push(Held { identity: package.identity(), reason }),
            Verdict::InSync(id) => in_sync.push((package.address.clone(), id)),
            Verdict::Wanted | Verdict::Nothing => {}
        }
    }
    plan.in_sync = in_sync.into_iter().collect();
    plan.breaches = breaches(&plan.changes, spec, options);
    plan.unmanaged = unmanaged(&plan, planner.index.foreign());
    plan
}

/// What becomes of one declared package.
enum Verdict {
    /// It is not there and should be bought, if nothing speaks against it.
    Wanted,
    Change(Change),
    Held(HeldReason),
    InSync(PackageId),
    /// It is not there, and that is as declared.
    Nothing,
}

impl Verdict {
    fn adopted(self) -> Option<PackageId> {
        if let Self::Change(Change::Adopt(adoption)) = self { Some(adoption.id) } else { None }
    }
}

struct Planner<'a> {
    options: &'a Options,
    complete: bool,
    index: Index<'a>,
    /// How many packages of the spec want to adopt an id.
    adopters: BTreeMap<&'a PackageId, usize>,
}

impl<'a> Planner<'a> {
    fn new(spec: &'a Spec, observed: &'a Observed, options: &'a Options) -> Self {
        let mut adopters = BTreeMap::new();
        for id in spec.packages().filter_map(|package| package.adopt.as_ref()) {
            *adopters.entry(id).or_default() += 1;
        }
        Self { options, complete: observed.complete, index: Index::new(spec, observed), adopters }
    }

    /// The decision table. *Carriers* are the live packages with the declared identity; the first row
    /// that fits decides.
    ///
    /// | carriers | later generation live | `manage` | result |
    /// |---|---|---|---|
    /// | two or more | any | any | held `ambiguous` |
    /// | any | yes | not `observe` | held `lowered_generation` |
    /// | one | | `full`, `adopt` names another package | held `cannot_adopt` |
    /// | one | | `full` | [`Planner::update`] |
    /// | one | | `observe` | as declared; drift is a warning |
    /// | one | | `release` | `release` |
    /// | one | | `retire` | `retire`, or as declared when nothing is left to do |
    /// | none | | `full`, with `adopt` | [`Planner::adopt`] |
    /// | none | | `full` | [`Planner::purchase`] |
    /// | none | | `observe` | warning `nothing_to_observe` |
    /// | none, but the listing may hide it | | `release`, `retire` | held `incomplete_listing`, `unreadable` |
    /// | none | | `release`, `retire` | warning `entry_can_go` |
    ///
    /// An observed package may be superseded by hand without holding anything: nothing is wanted of it.
    /// A released or retired one may not: the later package would be forgotten with the entry.
    fn settle(&self, package: &Package, warnings: &mut Vec<Warning>) -> Verdict {
        let later = self.index.later(package);
        match (self.index.carriers(package), later, package.manage, &package.adopt) {
            (several @ [_, _, ..], ..) => {
                let ids = several.iter().map(|live| live.id.clone()).collect();
                Verdict::Held(HeldReason::Ambiguous { ids })
            }
            (_, Some((later, live)), Manage::Full | Manage::Release | Manage::Retire, _) => {
                Verdict::Held(HeldReason::LoweredGeneration { id: live.id.clone(), live: later.get() })
            }
            ([live], _, Manage::Full, Some(id)) if *id != live.id => Verdict::Held(HeldReason::CannotAdopt {
                id: id.clone(),
                why: format!("{} carries the identity {} already", live.id, package.identity()),
            }),
            ([live], _, Manage::Full, _) => self.update(package, live, warnings),
            ([live], _, Manage::Observe, _) => self.observe(package, live, warnings),
            ([live], _, Manage::Release, _) => release(package.identity(), live),
            ([live], _, Manage::Retire, _) => self.retire(package.identity(), live, warnings),
            ([], _, Manage::Full, Some(id)) => self.adopt(package, id, warnings),
            ([], _, Manage::Full, None) => Verdict::Wanted,
            ([], _, Manage::Observe, _) => {
                nothing(Warning::NothingToObserve { identity: package.identity() }, warnings)
            }
            ([], _, Manage::Release | Manage::Retire, _) => match self.doubt(package) {
                Some(reason) => Verdict::Held(reason),
                None => nothing(Warning::EntryCanGo { identity: package.identity() }, warnings),
            },
        }
    }

    /// | carrier | result |
    /// |---|---|
    /// | areas or charge type differ | held `immutable` |
    /// | no managed field differs | as declared |
    /// | a field differs, and something is in the way | held, see [`Planner::obstacle`] |
    /// | a field differs | `update` |
    fn update(&self, package: &Package, live: &Live, warnings: &mut Vec<Warning>) -> Verdict {
        let id = live.id.clone();
        let fields = self.managed_differences(package, live, warnings);
        let fixed = fixed_differences(package, live);
        if !fixed.is_empty() {
            return Verdict::Held(HeldReason::Immutable { id, differences: fixed });
        }
        if fields.is_empty() {
            return Verdict::InSync(id);
        }
        match self.obstacle(package, live, &fields) {
            Some(reason) => Verdict::Held(reason),
            None => Verdict::Change(Change::Update(Update { identity: package.identity(), id, fields })),
        }
    }

    /// | `adopt: id` | result |
    /// |---|---|
    /// | named twice, not listed, owned, expired or locked, areas or charge type differ | held `cannot_adopt` |
    /// | the listing may hide a package that carries the identity already | held `incomplete_listing`, `unreadable` |
    /// | something is in the way | held, see [`Planner::obstacle`] |
    /// | otherwise | `adopt`, with every field that differs |
    fn adopt(&self, package: &Package, id: &PackageId, warnings: &mut Vec<Warning>) -> Verdict {
        let refuse = |why| Verdict::Held(HeldReason::CannotAdopt { id: id.clone(), why });
        if self.adopters.get(id).is_some_and(|count| *count > 1) {
            return refuse("more than one package of the spec adopts it".to_owned());
        }
        let Some(live) = self.index.adopted(id) else { return refuse("it is not in the listing".to_owned()) };
        match live.owner() {
            Owner::Nobody => {}
            Owner::Identity(owner) => return refuse(format!("it belongs to {owner}")),
            Owner::Unclear(tag) => {
                return refuse(format!("its tag {} is {tag:?}, which names nobody", Identity::TAG));
            }
        }
        let fixed = fixed_differences(package, live);
        if let Some((field, values)) = fixed.first() {
            return refuse(format!("its {field} is {}, declared is {}", values.from, values.to));
        }
        if let Some(reason) = self.doubt(package) {
            return Verdict::Held(reason);
        }
        let fields = self.managed_differences(package, live, warnings);
        match self.obstacle(package, live, &fields) {
            // Raising the generation would not help here: it is the adoption that is in the way.
            Some(HeldReason::NotNormal { state, .. }) => return refuse(format!("it is {state}")),
            Some(reason) => return Verdict::Held(reason),
            None => {}
        }
        let identity = package.identity();
        // Without the terms tag: what it was bought for is not known, and must not be made up.
        let tags = BTreeMap::from([(Identity::TAG.to_owned(), identity.to_string())]);
        Verdict::Change(Change::Adopt(Adoption { identity, id: live.id.clone(), tags, fields }))
    }

    /// | no carrier | result |
    /// |---|---|
    /// | `chargeType: POSTPAY` | held `postpay_absent` |
    /// | the listing may hide the package | held `incomplete_listing`, `unreadable` |
    /// | packages look alike, see [`Index::look_alikes`] | held `look_alike` |
    /// | otherwise | `purchase`, followed by what Create cannot set and the spec does not say to leave |
    fn purchase(
        &self,
        package: &Package,
        adopted: &BTreeSet<PackageId>,
        warnings: &mut Vec<Warning>,
    ) -> Verdict {
        let Charge::Prepay(terms) = package.charge else { return Verdict::Held(HeldReason::PostpayAbsent) };
        if let Some(reason) = self.doubt(package) {
            return Verdict::Held(reason);
        }
        let found = self.index.look_alikes(package, adopted);
        if !found.is_empty() {
            return Verdict::Held(self.look_alike(package, &found));
        }
        let (left, then): (Vec<_>, Vec<_>) =
            after_purchase(package).into_iter().partition(|change| package.ignore.contains(&change.field()));
        warnings.extend(ignored(package, left));
        Verdict::Change(Change::Purchase(purchase(package, terms, then)))
    }

    /// Says so if what the change attaches cannot be attached, because a known other package takes its place.
    fn occupied(&self, package: &Package, change: &Change, adopted: &BTreeSet<PackageId>) -> Option<Warning> {
        let attached = change.fields().iter().find_map(|field| match field {
            FieldChange::Cen(Delta { to, .. }) => to.clone(),
            _ => None,
        });
        let (cen, live) = (attached?, self.index.occupant(package, adopted)?);
        Some(Warning::CenOccupied { identity: package.identity(), cen, id: live.id.clone() })
    }

    /// Says what the look-alikes are, and with it which ways out there are.
    fn look_alike(&self, package: &Package, found: &BTreeMap<&PackageId, &Live>) -> HeldReason {
        let adoptable = |live: &&&Live| {
            live.owner() == Owner::Nobody
                && fixed_differences(package, live).is_empty()
                && self.obstacle(package, live, &differences(package, live)).is_none()
        };
        let of_the_stack = |live: &&Live| match live.owner() {
            Owner::Identity(owner) => Some(owner).filter(|it| it.address.stack == package.address.stack),
            Owner::Nobody | Owner::Unclear(_) => None,
        };
        HeldReason::LookAlike {
            ids: found.keys().copied().cloned().collect(),
            adoptable: found.values().find(adoptable).map(|live| live.id.clone()),
            renamed: found.values().find_map(of_the_stack),
            distinct: package.distinct_from.clone(),
        }
    }

    /// Why it is not certain that no listed package carries the identity of `package`.
    fn doubt(&self, package: &Package) -> Option<HeldReason> {
        if !self.complete {
            return Some(HeldReason::IncompleteListing);
        }
        let items = self.index.doubts(package);
        (!items.is_empty()).then(|| HeldReason::Unreadable { items, distinct: package.distinct_from.clone() })
    }

    fn observe(&self, package: &Package, live: &Live, warnings: &mut Vec<Warning>) -> Verdict {
        let id = live.id.clone();
        warnings.extend(live_warnings(package, live, self.options));
        let fixed = fixed_differences(package, live);
        if !fixed.is_empty() {
            let identity = package.identity();
            warnings.push(Warning::Differs { identity, id: id.clone(), differences: fixed });
        }
        warnings.extend(ignored(package, differences(package, live)));
        Verdict::InSync(id)
    }

    fn retire(&self, identity: Identity, live: &Live, warnings: &mut Vec<Warning>) -> Verdict {
        let id = live.id.clone();
        let detach: BTreeSet<_> = live.cens.iter().cloned().collect();
        let delete = live.charge == ChargeType::Postpay || live.expired(self.options.now);
        if detach.is_empty() && !delete {
            warnings.push(Warning::Retiring { identity, id: id.clone(), at: live.expires });
            return Verdict::InSync(id);
        }
        Verdict::Change(Change::Retire(Retirement { identity, id, detach, delete, expires: live.expires }))
    }

    /// The fields to correct. What the spec says to leave becomes a warning.
    fn managed_differences(
        &self,
        package: &Package,
        live: &Live,
        warnings: &mut Vec<Warning>,
    ) -> Vec<FieldChange> {
        warnings.extend(live_warnings(package, live, self.options));
        let all = differences(package, live);
        let (left, managed): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|change| package.ignore.contains(&change.field()));
        warnings.extend(ignored(package, left));
        managed
    }

    /// What is in the way of a change that is needed.
    fn obstacle(&self, package: &Package, live: &Live, fields: &[FieldChange]) -> Option<HeldReason> {
        let not_normal = |state| Some(HeldReason::NotNormal { id: live.id.clone(), state });
        if let Some(end) = live.expires.filter(|_| live.expired(self.options.now)) {
            return not_normal(format!("expired {}", when(end)));
        }
        if let Business::Locked(word) = &live.business {
            return not_normal(word.clone());
        }
        if let ChargeType::Other(word) = &live.charge {
            return not_normal(format!("charge type {word:?}, which is not known here"));
        }
        let changes = |wanted: fn(&FieldChange) -> bool| fields.iter().any(wanted);
        if live.cens.len() > 1 && changes(|field| matches!(field, FieldChange::Cen(_))) {
            return Some(HeldReason::SeveralCens { id: live.id.clone() });
        }
        let left = fields.iter().find_map(|field| match field {
            FieldChange::Cen(Delta { from: Some(cen), .. }) => Some(cen.clone()),
            _ => None,
        });
        if let Some(cen) = left.filter(|_| !package.allow_interruption) {
            return Some(HeldReason::InterruptsTraffic { id: live.id.clone(), cen });
        }
        let lasting_is_unknown = live.reservation.as_ref().is_some_and(|reservation| {
            reservation.kind == ReservationKind::TempUpgrade && reservation.bandwidth.is_none()
        });
        if lasting_is_unknown && changes(|field| matches!(field, FieldChange::Bandwidth(_))) {
            return not_normal("upgraded for a while, and what it falls back to is not listed".to_owned());
        }
        None
    }

    /// The plan so far: what is live and not declared, whatever the targets.
    fn reports(&self) -> Plan {
        let (mut undeclared, mut superseded) = (Vec::new(), Vec::new());
        for stray in self.index.strays() {
            let (identity, id, expires) = (stray.identity.clone(), stray.live.id.clone(), stray.live.expires);
            if stray.superseded {
                superseded.push(Superseded { identity, id, expires });
            } else {
                undeclared.push(Undeclared { identity, id, expires });
            }
        }
        Plan {
            changes: Vec::new(),
            held: Vec::new(),
            in_sync: BTreeMap::new(),
            undeclared,
            superseded,
            warnings: Vec::new(),
            breaches: Vec::new(),
            unmanaged: 0,
            complete: self.complete,
            skip_held: self.options.skip_held,
        }
    }
}

fn nothing(warning: Warning, warnings: &mut Vec<Warning>) -> Verdict {
    warnings.push(warning);
    Verdict::Nothing
}

fn release(identity: Identity, live: &Live) -> Verdict {
    let ours = [Identity::TAG, Identity::TERMS_TAG].into_iter().filter(|key| live.tags.contains_key(key));
    let tag_keys = ours.map(str::to_owned).collect();
    Verdict::Change(Change::Release(Release { identity, id: live.id.clone(), tag_keys }))
}

fn purchase(package: &Package, terms: Prepay, then: Vec<FieldChange>) -> Purchase {
    let identity = package.identity();
    let declared = package.tags.iter().filter(|(key, _)| is_free(key));
    let mut tags: BTreeMap<String, String> =
        declared.filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
    tags.insert(Identity::TAG.to_owned(), identity.to_string());
    tags.insert(Identity::TERMS_TAG.to_owned(), terms.to_string());
    Purchase {
        identity,
        areas: package.areas.clone(),
        bandwidth: package.bandwidth,
        name: package.purchase_name().into_owned(),
        description: package.description.clone().filter(|text| !text.is_empty()),
        terms,
        tags,
        then,
    }
}

/// Counts the foreign packages that the plan does not name.
fn unmanaged(plan: &Plan, foreign: &[&PackageId]) -> usize {
    let mut named: HashSet<&PackageId> = HashSet::new();
    for change in &plan.changes {
        if let Change::Adopt(adoption) = change {
            named.insert(&adoption.id);
        }
    }
    for held in &plan.held {
        named.extend(held.reason.ids());
    }
    foreign.iter().filter(|id| !named.contains(**id)).count()
}
