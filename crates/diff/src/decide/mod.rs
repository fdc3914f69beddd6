//! The decision: the change that each declared package needs, given one full listing.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use cenbwp_spec::{Address, AreaPair, Charge, Identity, Manage, Package, PackageId, Prepay, Spec};

use crate::{
    AdoptRefusal, Change, FieldChange, Held, HeldReason, Live, LiveCharge, Observed, Options, Owner, Plan,
    Purchase, Release, Retirement, Taken, Update, Warning, WarningKind,
};
use blocked::{blocked_by, cen_change};
use compare::{after_purchase, differences, fixed_differences};
use index::Index;
use spending::breaches;
use warnings::{change_warnings, ignored, live_warnings, unlisted_pair};

pub use renewal::renewals_wanted;

mod allocated;
mod blocked;
mod compare;
mod index;
mod renewal;
mod spending;
mod taking_over;
mod warnings;

/// Returns the changes that bring the account in line with the spec.
///
/// Pure and total: the same input gives the same plan, in whatever order the packages are listed, and no
/// input makes it fail. `observed` names each id once; the edge that lists has checked that. Takes time
/// in proportion to the packages declared plus the packages listed, save for sorting.
pub fn plan(spec: &Spec, observed: &Observed, options: &Options) -> Plan {
    let mut planner = Planner::new(spec, observed, options);
    let mut plan = planner.start_plan();
    let is_target = |package: &Package| options.targets.as_ref().is_none_or(|t| t.contains(&package.address));
    let targets = || spec.packages().filter(|package| is_target(package));

    // Adoptions and moves first: a package that is taken over is no look-alike of another one.
    let taking = targets().filter(|package| package.adopt.is_some() || package.moved_from.is_some());
    let mut taking: BTreeMap<_, _> =
        taking.map(|package| (&package.address, planner.decide(package))).collect();
    planner.taken_over = taking.values().filter_map(Decision::taken_over).cloned().collect();
    plan.undeclared.retain(|leftover| !planner.taken_over.contains(&leftover.id));

    let mut in_sync = Vec::new();
    for package in targets() {
        let decision = taking.remove(&package.address).unwrap_or_else(|| planner.decide(package));
        let Decision { verdict, mut warnings } = decision;
        match verdict {
            Verdict::Change(mut change) => {
                if let Change::Purchase(purchase) = &mut change {
                    let prices = observed.prices.as_ref();
                    purchase.price = prices.and_then(|prices| prices.get(&purchase.identity)).cloned();
                }
                warnings.extend(planner.occupied(package, &change));
                warnings.extend(change_warnings(&change));
                warnings.extend(planner.pairs.and_then(|pairs| unlisted_pair(&change, pairs)));
                plan.changes.push(change);
            }
            Verdict::Held(reason) => plan.held.push(Held { identity: package.identity(), reason }),
            Verdict::InSync(id) => in_sync.push((package.address.clone(), id)),
            Verdict::Nothing => {}
        }
        let warn = |kind| Warning { identity: package.identity(), kind };
        plan.warnings.extend(warnings.into_iter().map(warn));
    }
    plan.in_sync = in_sync.into_iter().collect();
    plan.breaches = breaches(&plan.changes, spec, options);
    (plan.other_stacks, plan.unmanaged) = outside(&plan, planner.index.outside());
    plan
}

/// The decision about one declared package.
struct Decision {
    verdict: Verdict,
    warnings: Vec<WarningKind>,
}

enum Verdict {
    Change(Change),
    Held(HeldReason),
    InSync(PackageId),
    /// It is not there, and need not be.
    Nothing,
}

impl From<Verdict> for Decision {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, warnings: Vec::new() }
    }
}

impl Decision {
    /// A decision about a live package: adds the warning about what a change takes from it.
    fn of(live: &Live, verdict: Verdict, mut warnings: Vec<WarningKind>) -> Self {
        if let Verdict::Change(change) = &verdict {
            warnings.extend(allocated::unknown(live, change));
        }
        Self { verdict, warnings }
    }

    /// The package that it takes over.
    fn taken_over(&self) -> Option<&PackageId> {
        let Verdict::Change(change) = &self.verdict else { return None };
        change.taken_over()
    }
}

struct Planner<'a> {
    spec: &'a Spec,
    options: &'a Options,
    complete: bool,
    pairs: Option<&'a BTreeSet<AreaPair>>,
    is_priced: bool,
    index: Index<'a>,
    /// The number of packages of the spec that adopt an id.
    adopters: BTreeMap<&'a PackageId, usize>,
    /// The packages that this plan adopts or moves, once that is decided.
    taken_over: BTreeSet<PackageId>,
}

impl<'a> Planner<'a> {
    fn new(spec: &'a Spec, observed: &'a Observed, options: &'a Options) -> Self {
        let mut adopters = BTreeMap::new();
        for id in spec.packages().filter_map(|package| package.adopt.as_ref()) {
            *adopters.entry(id).or_default() += 1;
        }
        let index = Index::new(spec, observed);
        let Observed { complete, pairs, prices, packages: _, unreadable: _ } = observed;
        let (complete, is_priced, taken_over) = (*complete, prices.is_some(), BTreeSet::new());
        Self { spec, options, complete, pairs: pairs.as_ref(), is_priced, index, adopters, taken_over }
    }

    /// The plan before any decision: the leftovers, whatever the targets.
    fn start_plan(&mut self) -> Plan {
        let (undeclared, superseded) = self.index.take_leftovers();
        Plan {
            changes: Vec::new(),
            held: Vec::new(),
            in_sync: BTreeMap::new(),
            undeclared,
            superseded,
            warnings: Vec::new(),
            breaches: Vec::new(),
            other_stacks: 0,
            unmanaged: 0,
            complete: self.complete,
            skip_held: self.options.skip_held,
            is_priced: self.is_priced,
        }
    }

    /// The decision table. *Matches* are the live packages with the declared identity; the first row
    /// that fits decides.
    ///
    /// | matches | later generation live | `manage` | result |
    /// |---|---|---|---|
    /// | two or more | any | any | held `ambiguous` |
    /// | any | yes | not `observe` | held `lowered_generation` |
    /// | one | | not `observe`, `adopt` names another package | held `cannot_adopt` |
    /// | one | | not `observe`, `movedFrom` a key that has a package too | held `cannot_move` |
    /// | one | | `full` | [`Planner::update`], with a warning if `movedFrom` is left |
    /// | one | | `observe` | in sync; drift is a warning |
    /// | one | | `release` | `release` |
    /// | one | | `retire` | `retire`, or in sync when nothing is left to do; held `allocated` if it would be detached while regions use it |
    /// | none | | `full`, with `adopt` | [`Planner::adopt`] |
    /// | none | | `full`, with `movedFrom` | [`Planner::relocate`] |
    /// | none | | `full` | [`Planner::purchase`] |
    /// | none | | `observe` | warning `nothing_to_observe` |
    /// | none, but the listing may hide it | | `release`, `retire` | held `incomplete_listing`, `unreadable` |
    /// | none | | `release`, `retire`, and what it would take over is there | held `cannot_adopt`, `cannot_move` |
    /// | none | | `release`, `retire` | warning `entry_can_go` |
    ///
    /// An observed package may be superseded by hand without holding anything: nothing is wanted of it.
    /// A released or retired one may not: the later package would be forgotten with the entry.
    fn decide(&self, package: &Package) -> Decision {
        use Manage::{Full, Observe, Release, Retire};
        let later = self.index.later(package);
        match (self.index.matches(package), later, package.manage, &package.adopt) {
            (several @ [_, _, ..], ..) => {
                let ids = several.iter().map(|live| live.id.clone()).collect();
                Verdict::Held(HeldReason::Ambiguous { ids }).into()
            }
            (_, Some((later, live)), Full | Release | Retire, _) => {
                Verdict::Held(HeldReason::LoweredGeneration { id: live.id.clone(), live: later.get() }).into()
            }
            ([live], _, Full | Release | Retire, Some(id)) if *id != live.id => {
                let why = AdoptRefusal::IdentityTaken { by: live.id.clone(), identity: package.identity() };
                Verdict::Held(HeldReason::CannotAdopt { id: id.clone(), why }).into()
            }
            ([live], ..) => match (self.both_keys(package, live), package.manage) {
                (_, Observe) => self.observe(package, live),
                (Some(reason), Full | Release | Retire) => Verdict::Held(reason).into(),
                (None, Full) => self.moved_or_update(package, live),
                (None, Release) => release(package.identity(), live).into(),
                (None, Retire) => self.retire(package.identity(), live),
            },
            ([], _, Full, Some(id)) => self.adopt(package, id),
            ([], _, Full, None) => match package.moved_identity() {
                Some(from) => self.relocate(package, from),
                None => self.purchase(package),
            },
            ([], _, Observe, _) => {
                Decision { verdict: Verdict::Nothing, warnings: vec![WarningKind::NothingToObserve] }
            }
            ([], _, Release | Retire, _) => {
                match self.uncertainty(package).or_else(|| self.not_taken_over(package)) {
                    Some(reason) => Verdict::Held(reason).into(),
                    None => Decision { verdict: Verdict::Nothing, warnings: vec![WarningKind::EntryCanGo] },
                }
            }
        }
    }

    /// | match | result |
    /// |---|---|
    /// | areas or charge type differ | held `immutable` |
    /// | no managed field differs | in sync |
    /// | a field differs, and the change is blocked | held, see [`blocked_by`] |
    /// | a field differs | `update` |
    fn update(&self, package: &Package, live: &Live) -> Decision {
        let id = live.id.clone();
        let (fields, warnings) = self.managed_differences(package, live);
        let fixed = fixed_differences(package, live);
        let verdict = if !fixed.is_empty() {
            Verdict::Held(HeldReason::Immutable { id, differences: fixed })
        } else if fields.is_empty() {
            Verdict::InSync(id)
        } else if let Some(reason) = blocked_by(package, live, &fields, self.options.now) {
            Verdict::Held(reason)
        } else {
            let (identity, allocated) = (package.identity(), live.allocated());
            Verdict::Change(Change::Update(Update { identity, id, fields, allocated }))
        };
        Decision::of(live, verdict, warnings)
    }

    /// | no match | result |
    /// |---|---|
    /// | `chargeType: POSTPAY` | held `postpay_absent` |
    /// | the listing may hide the package | held `incomplete_listing`, `unreadable` |
    /// | packages look alike, see [`Index::look_alikes`] | held `look_alike` |
    /// | otherwise | `purchase`, followed by the fields that Create cannot set and the spec does not ignore |
    fn purchase(&self, package: &Package) -> Decision {
        let Charge::Prepay(terms) = package.charge else {
            return Verdict::Held(HeldReason::PostpayAbsent).into();
        };
        if let Some(reason) = self.uncertainty(package) {
            return Verdict::Held(reason).into();
        }
        let found = self.index.look_alikes(package, &self.taken_over);
        if !found.is_empty() {
            return Verdict::Held(self.look_alike(package, &found)).into();
        }
        let (follow_ups, left) = without_ignored(package, after_purchase(package));
        let change = Change::Purchase(purchase(package, terms, follow_ups));
        let mut warnings: Vec<_> = ignored(left).collect();
        warnings.extend(
            self.index
                .same_key(package, &self.taken_over)
                .map(|(owner, live)| WarningKind::SameKey { id: live.id.clone(), owner: owner.clone() }),
        );
        Decision { verdict: Verdict::Change(change), warnings }
    }

    /// Warns if the CEN already has a package for the same areas, so that this one cannot be attached.
    fn occupied(&self, package: &Package, change: &Change) -> Option<WarningKind> {
        let cen = change.fields().iter().find_map(cen_change)?.to.clone()?;
        let live = self.index.occupant(package, &self.taken_over)?;
        Some(WarningKind::CenOccupied { cen, id: live.id.clone() })
    }

    /// The reason for holding a purchase because of these look-alikes, with the ways out that there are.
    fn look_alike(&self, package: &Package, found: &BTreeMap<&PackageId, &Live>) -> HeldReason {
        let adoptable = |live: &&&Live| {
            live.owner() == Owner::Nobody
                && fixed_differences(package, live).is_empty()
                && blocked_by(package, live, &differences(package, live), self.options.now).is_none()
        };
        let renamed = |live: &&Live| match live.owner() {
            Owner::Identity(owner) => Some(owner).filter(|owner| self.may_have_been(package, owner)),
            Owner::Nobody | Owner::Malformed(_) => None,
        };
        HeldReason::LookAlike {
            ids: found.keys().copied().cloned().collect(),
            adoptable: found.values().find(adoptable).map(|live| live.id.clone()),
            renamed: found.values().find_map(renamed),
            distinct: package.distinct_from.clone(),
        }
    }

    /// Reports whether a package may have had this identity before its key or its stack was renamed: the spec does not
    /// declare it, and its stack is one of the spec's, or its key is the same.
    fn may_have_been(&self, package: &Package, owner: &Identity) -> bool {
        let Address { stack, package: key } = &owner.address;
        let near = *key == package.address.package || self.spec.stacks.contains_key(stack);
        near && self.spec.get(&owner.address).is_none()
    }

    /// The reason for which a package with this identity may exist although none is listed.
    fn uncertainty(&self, package: &Package) -> Option<HeldReason> {
        if !self.complete {
            return Some(HeldReason::IncompleteListing);
        }
        let items = self.index.unidentified(package);
        (!items.is_empty()).then(|| HeldReason::Unreadable { items, distinct: package.distinct_from.clone() })
    }

    fn observe(&self, package: &Package, live: &Live) -> Decision {
        let id = live.id.clone();
        let mut warnings = live_warnings(package, live, self.options);
        let fixed = fixed_differences(package, live);
        if !fixed.is_empty() {
            warnings.push(WarningKind::Differs { id: id.clone(), differences: fixed });
        }
        warnings.extend(ignored(differences(package, live)));
        Decision { verdict: Verdict::InSync(id), warnings }
    }

    fn retire(&self, identity: Identity, live: &Live) -> Decision {
        let id = live.id.clone();
        let detach: BTreeSet<_> = live.cens.iter().cloned().collect();
        let delete = live.charge == LiveCharge::Postpay || live.expired(self.options.now);
        let still_renews = renewal::of_retired(live).filter(|_| !delete);
        if detach.is_empty() && !delete {
            let renews = matches!(still_renews, Some(WarningKind::StillRenews { .. }));
            let retiring = WarningKind::Retiring { id: id.clone(), at: live.expires, renews };
            let warnings = std::iter::once(retiring).chain(still_renews).collect();
            return Decision { verdict: Verdict::InSync(id), warnings };
        }
        let attached = Some(Taken::Retired(detach.clone())).filter(|_| !detach.is_empty());
        if let Some(reason) = attached.and_then(|cens| allocated::in_use(live, cens)) {
            return Verdict::Held(reason).into();
        }
        let (expires, renewal) = (live.expires, live.renewal.known());
        let retirement = Retirement { identity, id, detach, delete, expires, renewal };
        Decision::of(live, Verdict::Change(Change::Retire(retirement)), still_renews.into_iter().collect())
    }

    /// Returns the fields to correct, and the warnings about the package: an ignored field is one.
    fn managed_differences(&self, package: &Package, live: &Live) -> (Vec<FieldChange>, Vec<WarningKind>) {
        let mut warnings = live_warnings(package, live, self.options);
        let (managed, left) = without_ignored(package, differences(package, live));
        warnings.extend(ignored(left));
        (managed, warnings)
    }
}

/// Splits fields into those to change and those that the spec ignores.
fn without_ignored(package: &Package, fields: Vec<FieldChange>) -> (Vec<FieldChange>, Vec<FieldChange>) {
    fields.into_iter().partition(|change| !package.ignore.contains(&change.field()))
}

fn release(identity: Identity, live: &Live) -> Verdict {
    let ours = [Identity::TAG, Identity::TERMS_TAG].into_iter().filter(|key| live.tags.contains_key(key));
    let tag_keys = ours.map(str::to_owned).collect();
    Verdict::Change(Change::Release(Release { identity, id: live.id.clone(), tag_keys }))
}

fn purchase(package: &Package, terms: Prepay, follow_ups: Vec<FieldChange>) -> Purchase {
    let identity = package.identity();
    let declared = package.tags.iter().filter(|(key, _)| !Identity::is_reserved(key));
    let mut tags: BTreeMap<String, String> =
        declared.filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
    tags.insert(Identity::TAG.to_owned(), identity.to_string());
    tags.insert(Identity::TERMS_TAG.to_owned(), terms.tag().to_string());
    Purchase {
        identity,
        areas: package.areas.clone(),
        bandwidth: package.bandwidth,
        name: package.purchase_name().into_owned(),
        description: package.description.clone().filter(|text| !text.is_empty()),
        terms,
        tags,
        follow_ups,
        price: None,
    }
}

/// Counts the packages outside of the spec that the plan does not name: those of other stacks, and those
/// without an owner.
fn outside(plan: &Plan, outside: &[(&PackageId, bool)]) -> (usize, usize) {
    let mut named: HashSet<&PackageId> = HashSet::new();
    for change in &plan.changes {
        named.extend(change.taken_over());
    }
    for held in &plan.held {
        named.extend(held.reason.ids());
    }
    let others = outside.iter().filter(|(id, _)| !named.contains(id));
    let owned = others.clone().filter(|(_, is_owned)| *is_owned).count();
    (owned, others.count() - owned)
}
