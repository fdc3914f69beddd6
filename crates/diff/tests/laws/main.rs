//! The laws that hold in every small world: two packages, each in every state of the spec and of the service.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod states;
#[path = "../world/mod.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_diff::{
    BusinessStatus, Change, FieldChange, Held, HeldReason, Live, LiveCharge, LiveRenewal, Observed, Plan,
    ReservationKind, Unreadable, audit, plan,
};
use cenbwp_spec::{
    Charge, DeclaredRenewal, Desired, Field, Generation, Identity, Manage, Mbps, Package, Renewal, Spec,
};

use states::{cloud_states, spec_states};
use world::{carry_out, id, live, observed, options, package, pair, renews, reserved, shares, spec, time};

/// Calls `check` with every world of the first name, beside each of eight worlds of the second.
fn every_world(mut check: impl FnMut(&Spec, &Observed)) {
    let adopts_the_first = Package { adopt: Some(id("cenbwp-a")), ..package("s/b") };
    let same_name_elsewhere = Package { name: Some("s-a".to_owned()), ..package("t/b") };
    let second = [
        (None, observed([])),
        (None, observed([live("cenbwp-b", Some("s/b"))])),
        (Some(package("s/b")), observed([])),
        (Some(package("s/b")), observed([live("cenbwp-b", Some("s/b"))])),
        (Some(package("s/b")), observed([live("cenbwp-b", None)])),
        (Some(adopts_the_first), observed([])),
        (Some(same_name_elsewhere.clone()), observed([])),
        (
            Some(same_name_elsewhere),
            observed([Live { name: "s-a".to_owned(), ..live("cenbwp-b", Some("t/b")) }]),
        ),
    ];
    let mut worlds = 0;
    for first_spec in spec_states("a") {
        for first_cloud in cloud_states("a") {
            for (second_spec, second_cloud) in &second {
                let spec = spec(first_spec.iter().chain(second_spec).cloned());
                let mut cloud = first_cloud.clone();
                cloud.packages.extend(second_cloud.packages.iter().cloned());
                check(&spec, &cloud);
                worlds += 1;
            }
        }
    }
    assert!(worlds > 20_000, "{worlds}");
}

/// Counts of what happened in the worlds of a law: a law about what never happens proves nothing.
#[derive(Debug, Default)]
struct Happened(BTreeMap<&'static str, usize>);

impl Happened {
    fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    fn changes(&mut self, plan: &Plan) {
        for change in &plan.changes {
            self.count(match change {
                Change::Purchase(_) => "purchase",
                Change::Update(_) => "update",
                Change::Adopt(_) => "adoption",
                Change::Move(_) => "move",
                Change::Release(_) => "release",
                Change::Retire(_) => "retirement",
            });
        }
    }

    #[track_caller]
    fn check<const N: usize>(&self, least: [(&str, usize); N]) {
        for (what, least) in least {
            assert!(self.0.get(what).is_some_and(|count| *count >= least), "{what}: {self:?}");
        }
    }
}

/// Executing a plan may free a package that another one was held for, such as a released package that is to
/// be adopted. So the next plan may change only what this one held. It may also hold a package that this one
/// released or retired, while the listing may hide another one of its identity.
#[test]
fn after_a_plan_is_carried_out_the_next_one_is_empty_or_only_held() {
    let mut happened = Happened::default();
    every_world(|spec, cloud| {
        let first = plan(spec, cloud, &options());
        happened.changes(&first);
        let cloud = carry_out(&first, cloud);
        let second = plan(spec, &cloud, &options());
        let held: BTreeSet<_> = first.held.iter().map(|held| &held.identity).collect();
        let freed =
            |change: &Change| held.contains(change.identity()) && first.changes.iter().any(is_release);
        assert!(second.changes.iter().all(freed), "{spec:#?}\n{cloud:#?}\n{second:#?}");
        second.changes.iter().for_each(|_| happened.count("freed"));
        second.held.iter().for_each(|_| happened.count("held"));
        let hides = !cloud.complete || !cloud.unreadable.is_empty();
        let left = |identity: &Identity| {
            hides && first.changes.iter().any(|it| it.identity() == identity && leaves(it))
        };
        let known = |still: &Held| held.contains(&still.identity) || left(&still.identity);
        assert!(second.held.iter().all(known), "{spec:#?}\n{second:#?}");
        assert_eq!(plan(spec, &carry_out(&second, &cloud), &options()).changes, [], "{spec:#?}\n{second:#?}");
    });
    happened.check([
        ("purchase", 3000),
        ("update", 1000),
        ("adoption", 150),
        ("move", 50),
        ("release", 1000),
        ("retirement", 200),
        ("freed", 40),
        ("held", 10_000),
    ]);
}

fn leaves(change: &Change) -> bool {
    matches!(change, Change::Release(_) | Change::Retire(_))
}

fn is_release(change: &Change) -> bool {
    matches!(change, Change::Release(_))
}

/// A run may stop after some of the changes, or between a purchase and its follow-ups. Plans with a release
/// are left out: without its tag the package may look like one that is still to be bought, which a person has
/// to decide.
#[test]
fn a_plan_that_was_carried_out_in_part_is_finished_by_the_next() {
    let mut happened = Happened::default();
    every_world(|spec, cloud| {
        let whole = plan(spec, cloud, &options());
        if whole.changes.len() < 2 || whole.changes.iter().any(is_release) {
            return;
        }
        for stopped_after in 1..=whole.changes.len() {
            if whole.changes[..stopped_after].iter().any(|change| matches!(change, Change::Move(_))) {
                happened.count("stop after a move");
            }
            let mut part = Plan { changes: whole.changes[..stopped_after].to_vec(), ..whole.clone() };
            if let Some(Change::Purchase(purchase)) = part.changes.last_mut() {
                if !purchase.follow_ups.is_empty() {
                    happened.count("stop between a purchase and what follows it");
                }
                purchase.follow_ups.clear();
            }
            let cloud = carry_out(&part, cloud);
            let rest = plan(spec, &cloud, &options());
            happened.changes(&rest);
            let done = carry_out(&rest, &cloud);
            assert_eq!(plan(spec, &done, &options()).changes, [], "{spec:#?}\n{part:#?}");
            assert_eq!(rest.held.len(), whole.held.len(), "{spec:#?}\n{part:#?}\n{rest:#?}");
        }
    });
    happened.check([
        ("purchase", 400),
        ("update", 20),
        ("adoption", 30),
        ("stop after a move", 10),
        ("stop between a purchase and what follows it", 20),
    ]);
}

#[test]
fn the_order_of_the_listing_changes_nothing() {
    let mut happened = Happened::default();
    every_world(|spec, cloud| {
        let mut turned = cloud.clone();
        turned.packages.reverse();
        turned.unreadable.reverse();
        let whole = plan(spec, cloud, &options());
        assert_eq!(whole, plan(spec, &turned, &options()), "{spec:#?}\n{cloud:#?}");
        if cloud.packages.len() > 1 {
            happened.changes(&whole);
        }
    });
    happened.check([
        ("purchase", 300),
        ("update", 500),
        ("adoption", 40),
        ("move", 20),
        ("release", 500),
        ("retirement", 100),
    ]);
}

/// A run that stops between a purchase and its follow-ups leaves the same work to the next one.
#[test]
fn what_follows_a_purchase_never_contains_an_ignored_field() {
    let mut bought = 0;
    every_world(|spec, cloud| {
        for purchase in plan(spec, cloud, &options()).purchases() {
            let ignore = &spec.get(&purchase.identity.address).unwrap().ignore;
            assert!(purchase.follow_ups.iter().all(|change| !ignore.contains(&change.field())), "{spec:#?}");
            bought += usize::from(!ignore.is_empty());
        }
    });
    assert!(bought > 50, "{bought}");
}

/// Nothing is bought on doubt and nothing changes unless the spec says so: `flaws` shows that the check finds each of
/// these flaws.
#[test]
fn an_independent_check_finds_no_flaw_in_any_plan() {
    let mut happened = Happened::default();
    every_world(|spec, cloud| {
        let plan = plan(spec, cloud, &options());
        assert_eq!(audit(&plan, spec, cloud, &options()), [], "{spec:#?}\n{cloud:#?}\n{plan:#?}");
        happened.changes(&plan);
    });
    happened.check([
        ("purchase", 3000),
        ("update", 1000),
        ("adoption", 150),
        ("move", 50),
        ("release", 1000),
        ("retirement", 200),
    ]);
}

#[test]
fn a_plan_for_one_target_is_that_part_of_the_whole() {
    let mut happened = Happened::default();
    every_world(|spec, cloud| {
        let whole = plan(spec, cloud, &options());
        let target = "s/a".parse().unwrap();
        let targets = Some(BTreeSet::from([target]));
        let options = cenbwp_diff::Options { targets, ..options() };
        let part = plan(spec, cloud, &options);
        assert_eq!(audit(&part, spec, cloud, &options), [], "{spec:#?}\n{cloud:#?}\n{part:#?}");
        assert!(part.changes.iter().all(|change| whole.changes.contains(change)), "{spec:#?}\n{cloud:#?}");
        assert!(part.warnings.iter().all(|warning| whole.warnings.contains(warning)));
        happened.changes(&part);
        if !part.changes.is_empty() && part.changes.len() < whole.changes.len() {
            happened.count("change of another package that is left out");
        }
        assert_eq!((part.undeclared, part.superseded), (whole.undeclared, whole.superseded));
    });
    happened.check([
        ("purchase", 500),
        ("update", 1000),
        ("adoption", 80),
        ("move", 50),
        ("release", 1000),
        ("retirement", 200),
        ("change of another package that is left out", 600),
    ]);
}

/// A purchase under the old key may be under way whenever no listing shows its package.
#[test]
fn what_is_moved_is_never_bought() {
    let mut moved = 0;
    every_world(|spec, cloud| {
        let plan = plan(spec, cloud, &options());
        for purchase in plan.purchases() {
            let package = spec.get(&purchase.identity.address).unwrap();
            assert_eq!(package.moved_from, None, "{spec:#?}\n{cloud:#?}");
        }
        moved += spec.packages().filter(|package| package.moved_from.is_some()).count();
    });
    assert!(moved > 1000, "{moved}");
}

/// The service refuses to take it.
#[test]
fn what_regions_use_is_never_taken() {
    let mut happened = Happened::default();
    every_world(|spec, cloud| {
        let plan = plan(spec, cloud, &options());
        let after = carry_out(&plan, cloud);
        for live in &cloud.packages {
            let used = live.shares.iter().flatten().map(|share| share.bandwidth.0).sum::<u32>();
            if used == 0 {
                continue;
            }
            let left = after.packages.iter().find(|it| it.id == live.id).expect("it is not deleted");
            assert!(live.cens.iter().all(|cen| left.cens.contains(cen)), "{spec:#?}\n{cloud:#?}");
            assert!(left.bandwidth == live.bandwidth || left.bandwidth.0 >= used, "{spec:#?}\n{cloud:#?}");
            let changed = (&live.bandwidth, &live.cens) != (&left.bandwidth, &left.cens);
            happened.count(if changed { "changed" } else { "left" });
        }
        let held = plan.held.iter().filter(|held| matches!(held.reason, HeldReason::Allocated { .. }));
        held.for_each(|_| happened.count("held"));
    });
    happened.check([("changed", 20), ("left", 1000), ("held", 100)]);
}

#[test]
fn a_cleared_description_is_a_change_to_the_empty_text() {
    let spec = spec([Package { description: Some(String::new()), ..package("s/a") }]);
    let cloud = observed([Live { description: "old".to_owned(), ..live("cenbwp-a", Some("s/a")) }]);
    let plan = plan(&spec, &cloud, &options());
    let [Change::Update(update)] = plan.changes.as_slice() else { panic!("{plan:#?}") };
    let [FieldChange::Description(text)] = update.fields.as_slice() else { panic!("{plan:#?}") };
    assert_eq!((text.from.as_str(), text.to.as_str()), ("old", ""));
}
