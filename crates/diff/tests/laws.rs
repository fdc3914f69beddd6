//! The laws, in every small world: two names, each in every state of the spec and of the cloud.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::collections::BTreeSet;

use cenbwp_diff::{
    Business, Change, FieldChange, Held, Live, LiveCharge, Observed, Owner, Plan, ReservationKind,
    Unreadable, audit, plan,
};
use cenbwp_spec::{Charge, Field, Generation, Identity, Manage, Mbps, Package, Spec, Wish};

use world::{carry_out, id, live, observed, options, package, pair, reserved, spec, time};

/// One name in every state that the spec can give it; `None`: not declared.
fn spec_states(name: &str) -> Vec<Option<Package>> {
    let mut states = vec![None];
    let base = || package(&format!("s/{name}"));
    for manage in [Manage::Full, Manage::Observe, Manage::Release, Manage::Retire] {
        for adopt in [None, Some(format!("cenbwp-{name}"))] {
            for generation in [1, 2] {
                for bandwidth in [100, 200] {
                    for charge in [base().charge, Charge::Postpay] {
                        states.push(Some(Package {
                            manage,
                            adopt: adopt.as_deref().map(id),
                            generation: Generation::new(generation).unwrap(),
                            bandwidth: Mbps(bandwidth),
                            charge,
                            ..base()
                        }));
                    }
                }
            }
        }
    }
    let cen = |text: &str| Wish::Present(text.parse().unwrap());
    let tag = |value: Option<&str>| [("k".to_owned(), value.map(str::to_owned))].into();
    states.extend(
        [
            Package { name: Some("shown".to_owned()), ..base() },
            Package { description: Some(String::new()), ..base() },
            Package { description: Some("one\ntwo".to_owned()), ..base() },
            Package { tags: tag(Some("v")), ..base() },
            Package { tags: tag(Some("")), ..base() },
            Package { tags: tag(None), ..base() },
            Package { cen: Wish::Absent, ..base() },
            Package { cen: cen("cen-1"), ..base() },
            Package { cen: cen("cen-1"), allow_interruption: true, ..base() },
            Package { cen: cen("cen-1"), adopt: Some(id(&format!("cenbwp-{name}"))), ..base() },
            Package { resource_group: Some("rg-1".to_owned()), ..base() },
            Package { areas: pair("china", "Australia"), ..base() },
            Package { distinct_from: BTreeSet::from([id(&format!("cenbwp-{name}"))]), ..base() },
            Package { ignore: BTreeSet::from([Field::Bandwidth]), bandwidth: Mbps(200), ..base() },
            Package { ignore: Field::ALL.into(), tags: tag(Some("v")), cen: cen("cen-1"), ..base() },
            Package { ignore: [Field::CenId].into(), cen: cen("cen-1"), ..base() },
            Package {
                ignore: [Field::ResourceGroupId].into(),
                resource_group: Some("rg-1".to_owned()),
                cen: cen("cen-1"),
                ..base()
            },
            Package { manage: Manage::Observe, cen: cen("cen-1"), ..base() },
        ]
        .map(Some),
    );
    states
}

/// One name in every state that the cloud can give it.
fn cloud_states(name: &str) -> Vec<Observed> {
    let own = |edit: fn(&mut Live)| {
        let mut live = live(&format!("cenbwp-{name}"), Some(&format!("s/{name}")));
        edit(&mut live);
        live
    };
    let tagged = |suffix: &str, owner: &str| live(&format!("cenbwp-{name}{suffix}"), Some(owner));
    let ownerless = |edit: fn(&mut Live)| {
        let mut live = live(&format!("cenbwp-{name}"), None);
        edit(&mut live);
        live
    };
    let cens = |list: &[&str]| list.iter().map(|cen| cen.parse().unwrap()).collect::<Vec<_>>();
    let mut states: Vec<Observed> = [
        own(|_| {}),
        own(|live| live.bandwidth = Mbps(200)),
        own(|live| live.name = "shown".to_owned()),
        own(|live| live.description = "one\n2".to_owned()),
        own(|live| drop(live.tags.insert("k".to_owned(), "v".to_owned()))),
        own(|live| drop(live.tags.insert("acs:rm".to_owned(), "v".to_owned()))),
        own(|live| drop(live.tags.insert("cenbwp-terms".to_owned(), "PREPAY 1 Year renew off".to_owned()))),
        own(|live| live.resource_group = Some("rg-1".to_owned())),
        own(|live| live.areas = pair("europe", "CHINA")),
        own(|live| live.areas = pair("China", "Australia")),
        own(|live| live.charge = LiveCharge::Postpay),
        own(|live| live.charge = LiveCharge::Other("BARTER".to_owned())),
        own(|live| live.expires = Some(time("2025-12-31T16:00:00Z"))),
        own(|live| live.expires = Some(time("2026-01-10T16:00:00Z"))),
        own(|live| live.expires = None),
        own(|live| live.business = Business::Locked("FinancialLocked".to_owned())),
        own(|live| {
            live.bandwidth = Mbps(200);
            live.reservation = reserved(ReservationKind::TempUpgrade, Some(100));
        }),
        own(|live| live.reservation = reserved(ReservationKind::TempUpgrade, None)),
        own(|live| live.reservation = reserved(ReservationKind::Upgrade, Some(200))),
        own(|live| live.reservation = reserved(ReservationKind::Other("RENEW".to_owned()), None)),
        Live { cens: cens(&["cen-1"]), ..own(|_| {}) },
        Live { cens: cens(&["cen-2"]), ..own(|_| {}) },
        Live { cens: cens(&["cen-1", "cen-2"]), ..own(|_| {}) },
        tagged("-second", &format!("s/{name}/2")),
        tagged("-third", &format!("s/{name}/3")),
        tagged("-lost", &format!("s/{name}/02")),
        Live { name: format!("s-{name}"), ..tagged("-other", "other/p") },
        tagged("-other", "other/p"),
        ownerless(|_| {}),
        ownerless(|live| live.bandwidth = Mbps(200)),
        ownerless(|live| live.expires = Some(time("2025-12-31T16:00:00Z"))),
        ownerless(|live| live.charge = LiveCharge::Postpay),
        Live { name: format!("s-{name}"), ..ownerless(|live| live.areas = pair("China", "Asia-Pacific")) },
        Live { cens: cens(&["cen-1"]), ..ownerless(|live| live.bandwidth = Mbps(50)) },
        Live { cens: cens(&["cen-1"]), ..tagged("-other", "other/p") },
    ]
    .map(|live| observed([live]))
    .into();
    states.push(observed([]));
    states.push(observed([own(|_| {}), tagged("-copy", &format!("s/{name}"))]));
    states.push(observed([own(|_| {}), tagged("-second", &format!("s/{name}/2"))]));
    states.push(Observed { complete: false, ..observed([]) });
    states.push(Observed { complete: false, ..observed([own(|live| live.bandwidth = Mbps(200))]) });
    let item = |id| Unreadable { id, reason: "Bandwidth is \"many\", expected a number".to_owned() };
    states.push(Observed { unreadable: vec![item(None)], ..observed([]) });
    states.push(Observed { unreadable: vec![item(Some(id(&format!("cenbwp-{name}"))))], ..observed([]) });
    states.push(Observed { unreadable: vec![item(None)], ..observed([ownerless(|_| {})]) });
    states.push(Observed {
        unreadable: vec![item(None)],
        ..observed([own(|live| live.bandwidth = Mbps(200))])
    });
    states
}

/// Calls `check` with every world of the first name beside the telling worlds of the second.
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

/// Carrying a plan out may free what another package was held for, such as a released package that is to
/// be adopted; so the next plan may change what this one held, and nothing else. And it may hold a package that is
/// released or retired while the listing may hide another one of its identity.
#[test]
fn after_a_plan_is_carried_out_the_next_one_is_empty_or_only_held() {
    every_world(|spec, cloud| {
        let first = plan(spec, cloud, &options());
        let cloud = carry_out(&first, cloud);
        let second = plan(spec, &cloud, &options());
        let held: BTreeSet<_> = first.held.iter().map(|held| &held.identity).collect();
        let freed =
            |change: &Change| held.contains(change.identity()) && first.changes.iter().any(is_release);
        assert!(second.changes.iter().all(freed), "{spec:#?}\n{cloud:#?}\n{second:#?}");
        let hides = !cloud.complete || !cloud.unreadable.is_empty();
        let left = |identity: &Identity| {
            hides && first.changes.iter().any(|it| it.identity() == identity && leaves(it))
        };
        let known = |still: &Held| held.contains(&still.identity) || left(&still.identity);
        assert!(second.held.iter().all(known), "{spec:#?}\n{second:#?}");
        assert_eq!(plan(spec, &carry_out(&second, &cloud), &options()).changes, [], "{spec:#?}\n{second:#?}");
    });
}

fn leaves(change: &Change) -> bool {
    matches!(change, Change::Release(_) | Change::Retire(_))
}

fn is_release(change: &Change) -> bool {
    matches!(change, Change::Release(_))
}

/// Stopped after some of the changes, and between a purchase and what follows it. Not where a package was
/// released: without its tag it may look like one that is still to be bought, and that is for a person to say.
#[test]
fn a_plan_that_was_carried_out_in_part_is_finished_by_the_next() {
    every_world(|spec, cloud| {
        let whole = plan(spec, cloud, &options());
        if whole.changes.len() < 2 || whole.changes.iter().any(is_release) {
            return;
        }
        for stopped_after in 1..=whole.changes.len() {
            let mut part = Plan { changes: whole.changes[..stopped_after].to_vec(), ..whole.clone() };
            if let Some(Change::Purchase(purchase)) = part.changes.last_mut() {
                purchase.follow_ups.clear();
            }
            let cloud = carry_out(&part, cloud);
            let rest = plan(spec, &cloud, &options());
            let done = carry_out(&rest, &cloud);
            assert_eq!(plan(spec, &done, &options()).changes, [], "{spec:#?}\n{part:#?}");
            assert_eq!(rest.held.len(), whole.held.len(), "{spec:#?}\n{part:#?}\n{rest:#?}");
        }
    });
}

#[test]
fn the_order_of_the_listing_changes_nothing() {
    every_world(|spec, cloud| {
        let mut turned = cloud.clone();
        turned.packages.reverse();
        turned.unreadable.reverse();
        assert_eq!(plan(spec, cloud, &options()), plan(spec, &turned, &options()), "{spec:#?}\n{cloud:#?}");
    });
}

#[test]
fn a_package_is_bought_only_if_it_is_certain_that_it_is_not_there() {
    every_world(|spec, cloud| {
        for purchase in plan(spec, cloud, &options()).purchases() {
            let declared = spec.get(&purchase.identity.address).unwrap();
            assert_eq!((declared.identity(), declared.manage), (purchase.identity.clone(), Manage::Full));
            let is_other = |id: Option<&_>| id.is_some_and(|id| declared.distinct_from.contains(id));
            assert!(cloud.complete);
            assert!(cloud.unreadable.iter().all(|item| is_other(item.id.as_ref())));
            for live in &cloud.packages {
                let Wish::Present(cen) = &declared.cen else { continue };
                let is_known = |owner: Owner| match owner {
                    Owner::Identity(owner) => spec.get(&owner.address).is_some(),
                    Owner::Nobody | Owner::Malformed(_) => is_adopted(live, spec),
                };
                let takes_its_place = live.cens.contains(cen) && live.areas == purchase.areas;
                let is_known = is_other(Some(&live.id)) || is_known(live.owner());
                assert!(is_known || !takes_its_place, "{spec:#?}\n{cloud:#?}");
            }
            for live in &cloud.packages {
                match live.owner() {
                    Owner::Identity(owner) => {
                        assert_ne!(owner, purchase.identity, "{cloud:#?}");
                        let may_be_renamed = owner.address.stack == purchase.identity.address.stack
                            && spec.get(&owner.address).is_none()
                            && !is_other(Some(&live.id));
                        let alike = live.name == purchase.name
                            || live.areas == purchase.areas && live.bandwidth == purchase.bandwidth;
                        assert!(!(may_be_renamed && alike), "{spec:#?}\n{cloud:#?}");
                    }
                    Owner::Malformed(_) => assert!(is_other(Some(&live.id)), "{cloud:#?}"),
                    Owner::Nobody => {}
                }
            }
        }
    });
}

#[test]
fn nothing_changes_unless_the_spec_says_so() {
    every_world(|spec, cloud| {
        let plan = plan(spec, cloud, &options());
        let after = carry_out(&plan, cloud);
        for before in &cloud.packages {
            let now = after.packages.iter().find(|live| live.id == before.id);
            if now == Some(before) {
                continue;
            }
            let change =
                plan.changes.iter().find(|change| touches(change, before)).expect("a change touches it");
            let declared = spec.get(&change.identity().address).unwrap();
            assert_eq!(declared.identity(), *change.identity());
            match declared.manage {
                Manage::Full => only_declared_fields_changed(declared, before, now.expect("it stays")),
                Manage::Observe => panic!("{before:#?} is only observed"),
                Manage::Release => assert_eq!(before.cens, now.expect("it stays").cens),
                Manage::Retire => assert!(now.is_none_or(|now| now.cens.is_empty())),
            }
        }
    });
}

fn is_adopted(live: &Live, spec: &Spec) -> bool {
    spec.packages().any(|package| package.adopt.as_ref() == Some(&live.id))
}

fn touches(change: &Change, live: &Live) -> bool {
    match change {
        Change::Purchase(_) => false,
        Change::Update(update) => update.id == live.id,
        Change::Adopt(adoption) => adoption.id == live.id,
        Change::Release(release) => release.id == live.id,
        Change::Retire(retirement) => retirement.id == live.id,
    }
}

fn only_declared_fields_changed(declared: &Package, before: &Live, now: &Live) {
    let free = |field| !declared.ignore.contains(&field);
    assert!(
        before.bandwidth == now.bandwidth || now.bandwidth == declared.bandwidth && free(Field::Bandwidth)
    );
    assert!(before.name == now.name || Some(&now.name) == declared.name.as_ref() && free(Field::Name));
    assert!(before.description == now.description || Some(&now.description) == declared.description.as_ref());
    let wanted = match &declared.cen {
        Wish::Present(cen) => Some(cen),
        Wish::Absent | Wish::Unmanaged => None,
    };
    let may_move = declared.cen != Wish::Unmanaged && free(Field::CenId);
    assert!(before.cens == now.cens || may_move && now.cens.iter().eq(wanted));
    assert_eq!((&before.areas, &before.charge, before.expires), (&now.areas, &now.charge, now.expires));
    for (key, value) in before.tags.iter() {
        assert!(now.tags.get(key) == Some(value) || declared.tags.contains_key(key), "{key}");
    }
}

/// Whatever moment a run ends at, what the next one finds to do does not depend on it.
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

#[test]
fn an_independent_check_finds_no_flaw_in_any_plan() {
    every_world(|spec, cloud| {
        let plan = plan(spec, cloud, &options());
        assert_eq!(audit(&plan, spec, cloud, &options()), [], "{spec:#?}\n{cloud:#?}\n{plan:#?}");
    });
}

#[test]
fn a_plan_for_one_target_is_that_part_of_the_whole() {
    every_world(|spec, cloud| {
        let whole = plan(spec, cloud, &options());
        let target = "s/a".parse().unwrap();
        let targets = Some(BTreeSet::from([target]));
        let options = cenbwp_diff::Options { targets, ..options() };
        let part = plan(spec, cloud, &options);
        assert_eq!(audit(&part, spec, cloud, &options), [], "{spec:#?}\n{cloud:#?}\n{part:#?}");
        assert!(part.changes.iter().all(|change| whole.changes.contains(change)), "{spec:#?}\n{cloud:#?}");
        assert!(part.warnings.iter().all(|warning| whole.warnings.contains(warning)));
        assert_eq!((part.undeclared, part.superseded), (whole.undeclared, whole.superseded));
    });
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
