//! Packages that a declared one takes over: by their id, or by the key that they had before.

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_spec::{Identity, Manage, Package, PackageId};

use super::blocked::blocked_by;
use super::compare::fixed_differences;
use super::{Decision, Planner, Verdict};
use crate::{AdoptRefusal, Adoption, Change, HeldReason, Live, Move, MoveRefusal, Owner, WarningKind};

impl<'a> Planner<'a> {
    /// | `adopt: id` | result |
    /// |---|---|
    /// | named twice, not listed, owned, expired or locked, areas or charge type differ | held `cannot_adopt` |
    /// | the listing may hide a package that has the identity already | held `incomplete_listing`, `unreadable` |
    /// | the change is blocked | held, see [`blocked_by`] |
    /// | otherwise | `adopt`, with every field that differs |
    pub(super) fn adopt(&self, package: &Package, id: &PackageId) -> Decision {
        let refuse = |why| Verdict::Held(HeldReason::CannotAdopt { id: id.clone(), why });
        let live = match self.adoptable(package, id) {
            Ok(live) => live,
            Err(why) => return refuse(why).into(),
        };
        if let Some(reason) = self.uncertainty(package) {
            return Verdict::Held(reason).into();
        }
        let (fields, warnings) = self.managed_differences(package, live);
        let verdict = match blocked_by(package, live, &fields, self.options.now) {
            // Raising the generation would not help here: it is the adoption that is blocked.
            Some(HeldReason::NotNormal { state, .. }) => refuse(AdoptRefusal::NotNormal(state)),
            Some(reason) => Verdict::Held(reason),
            None => {
                let identity = package.identity();
                // Without the terms tag: the terms of the purchase are not known, and must not be made up.
                let tags = BTreeMap::from([(Identity::TAG.to_owned(), identity.to_string())]);
                let (id, allocated) = (live.id.clone(), live.allocated());
                Verdict::Change(Change::Adopt(Adoption { identity, id, tags, fields, allocated }))
            }
        };
        Decision::of(live, verdict, warnings)
    }

    /// Returns the package that `adopt` names, if it is listed, free, named once, and in its fixed fields as declared.
    fn adoptable(&self, package: &Package, id: &PackageId) -> Result<&'a Live, AdoptRefusal> {
        if self.adopters.get(id).is_some_and(|count| *count > 1) {
            return Err(AdoptRefusal::AdoptedTwice);
        }
        let live = self.index.adopted(id).ok_or(AdoptRefusal::NotListed)?;
        match live.owner() {
            Owner::Nobody => {}
            Owner::Identity(owner) => {
                let renamed = self.may_have_been(package, &owner);
                return Err(AdoptRefusal::OwnedBy { owner, renamed });
            }
            Owner::Malformed(tag) => return Err(AdoptRefusal::MalformedTag(tag)),
        }
        match fixed_differences(package, live).into_iter().next() {
            Some(difference) => Err(AdoptRefusal::Differs(difference)),
            None => Ok(live),
        }
    }

    /// The reason for which an entry that is released or retired is not finished, although no package has its
    /// identity: the package that it was to take over first is still there.
    ///
    /// A released package has no owner, so a free one that `adopt` names is nothing to release.
    pub(super) fn not_taken_over(&self, package: &Package) -> Option<HeldReason> {
        if let Some(from) = package.moved_identity() {
            let live = self.of_old_key(&from).next()?;
            let why = MoveRefusal::GivenUp(live.id.clone(), package.manage);
            return Some(HeldReason::CannotMove { from, why });
        }
        let id = package.adopt.as_ref().filter(|_| package.manage == Manage::Retire)?;
        let live = self.index.adopted(id).filter(|live| live.owner() == Owner::Nobody)?;
        let why = AdoptRefusal::GivenUp(package.manage);
        Some(HeldReason::CannotAdopt { id: live.id.clone(), why })
    }

    /// The reason for holding a package that has its identity: the key that it is moved from has one, too.
    pub(super) fn both_keys(&self, package: &Package, live: &Live) -> Option<HeldReason> {
        let from = package.moved_identity()?;
        let old: BTreeSet<_> = self.of_old_key(&from).map(|old| old.id.clone()).collect();
        if old.is_empty() {
            return None;
        }
        let why = MoveRefusal::Both { old, new: live.id.clone() };
        Some(HeldReason::CannotMove { from, why })
    }

    /// A package that has its identity: nothing is left to move.
    pub(super) fn moved_or_update(&self, package: &Package, live: &Live) -> Decision {
        let mut decision = self.update(package, live);
        let from = package.moved_from.clone();
        decision.warnings.extend(from.map(|from| WarningKind::MoveIsDone { from }));
        decision
    }

    /// Every package with the identity that a declared one is moved from.
    fn of_old_key(&self, from: &Identity) -> impl Iterator<Item = &'a Live> {
        let old = self.index.under_old_key(&from.address).iter();
        let generation = from.generation;
        old.filter(move |(other, _)| *other == generation).map(|(_, live)| *live)
    }

    /// Never a purchase: one under the old key may be under way.
    ///
    /// | `movedFrom: old`, no match | result |
    /// |---|---|
    /// | none or several of the old key listed, another generation, areas or charge type differ | held `cannot_move` |
    /// | the listing may hide a package that has the identity already | held `incomplete_listing`, `unreadable` |
    /// | it is expired or locked | held `cannot_move` |
    /// | the change is blocked | held, see [`blocked_by`] |
    /// | otherwise | `move`, with every field that differs |
    pub(super) fn relocate(&self, package: &Package, from: Identity) -> Decision {
        let live = match self.movable(package, &from) {
            Ok(live) => live,
            Err(why) => return Verdict::Held(HeldReason::CannotMove { from, why }).into(),
        };
        if let Some(reason) = self.uncertainty(package) {
            return Verdict::Held(reason).into();
        }
        let (fields, warnings) = self.managed_differences(package, live);
        let verdict = match blocked_by(package, live, &fields, self.options.now) {
            // Raising the generation would not help here: it is the move that is blocked.
            Some(HeldReason::NotNormal { state, .. }) => {
                let why = MoveRefusal::NotNormal(live.id.clone(), state);
                Verdict::Held(HeldReason::CannotMove { from, why })
            }
            Some(reason) => Verdict::Held(reason),
            None => {
                let (identity, id, allocated) = (package.identity(), live.id.clone(), live.allocated());
                Verdict::Change(Change::Move(Move { identity, from, id, fields, allocated }))
            }
        };
        Decision::of(live, verdict, warnings)
    }

    /// Returns the one package of the old key, if it has the declared generation and is in its fixed fields as
    /// declared.
    fn movable(&self, package: &Package, from: &Identity) -> Result<&'a Live, MoveRefusal> {
        let old = self.index.under_old_key(&from.address);
        let live = match old {
            [.., (generation, live)] if *generation != from.generation => {
                return Err(MoveRefusal::OtherGeneration { live: *generation, id: live.id.clone() });
            }
            [] => return Err(MoveRefusal::NotListed),
            [.., (_, live)] => live,
        };
        let same: BTreeSet<_> = self.of_old_key(from).map(|live| live.id.clone()).collect();
        if same.len() > 1 {
            return Err(MoveRefusal::Several(same));
        }
        match fixed_differences(package, live).into_iter().next() {
            Some(difference) => Err(MoveRefusal::Differs(live.id.clone(), difference)),
            None => Ok(live),
        }
    }
}
