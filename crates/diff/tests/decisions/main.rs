//! The decision table, row by row.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod allocated;
mod purchases;
mod renewal;
#[path = "../world/mod.rs"]
mod world;

use std::collections::BTreeSet;

use cenbwp_diff::{BusinessStatus, Change, Live, LiveCharge, Observed, Plan, ReservationKind, audit, plan};
use cenbwp_spec::{Charge, Desired, Field, Generation, Manage, Mbps, Package};

use world::{id, live, observed, options, package, pair, reserved, spec, time};

/// The package `s/a` with this change.
fn declared(edit: impl FnOnce(&mut Package)) -> Package {
    let mut package = package("s/a");
    edit(&mut package);
    package
}

/// The live package of `s/a` with this change.
fn own(edit: impl FnOnce(&mut Live)) -> Live {
    let mut live = live("cenbwp-1", Some("s/a"));
    edit(&mut live);
    live
}

/// A live package without an owner that differs from `s/a` in name and bandwidth, with this change.
fn ownerless(edit: impl FnOnce(&mut Live)) -> Live {
    let mut live = Live { bandwidth: Mbps(7), ..live("cenbwp-2", None) };
    edit(&mut live);
    live
}

#[track_caller]
fn check(package: Package, packages: impl IntoIterator<Item = Live>, expected: &str) {
    check_listing(package, &observed(packages), expected);
}

/// Compares the plan with its words, and audits it.
#[track_caller]
fn check_listing(package: Package, observed: &Observed, expected: &str) {
    let spec = spec([package]);
    let plan = plan(&spec, observed, &options());
    assert_eq!(in_words(&plan), expected);
    assert_eq!(audit(&plan, &spec, observed, &options()), []);
}

/// Returns the whole plan in few words.
fn in_words(plan: &Plan) -> String {
    let change = |change: &Change| match change {
        Change::Purchase(_) => "purchase".to_owned(),
        Change::Update(update) => format!("update {}", fields(&update.fields)),
        Change::Adopt(adoption) => format!("adopt {}", fields(&adoption.fields)).trim_end().to_owned(),
        Change::Move(moved) => format!("move {}", fields(&moved.fields)).trim_end().to_owned(),
        Change::Release(_) => "release".to_owned(),
        Change::Retire(retirement) => {
            format!(
                "retire {} {}",
                retirement.detach.len(),
                if retirement.delete { "delete" } else { "leave" }
            )
        }
    };
    let mut words: Vec<String> = plan.changes.iter().map(change).collect();
    words.extend(plan.held.iter().map(|held| format!("held {}", held.reason.rule().name)));
    words.extend(plan.in_sync.values().map(|_| "in order".to_owned()));
    words.extend(plan.undeclared.iter().map(|_| "undeclared".to_owned()));
    words.extend(plan.superseded.iter().map(|_| "superseded".to_owned()));
    words.extend(plan.warnings.iter().map(|warning| warning.kind.rule().name.to_owned()));
    words.extend((plan.other_stacks > 0).then(|| format!("{} of other stacks", plan.other_stacks)));
    words.extend((plan.unmanaged > 0).then(|| format!("{} unmanaged", plan.unmanaged)));
    words.join(", ")
}

fn fields(fields: &[cenbwp_diff::FieldChange]) -> String {
    fields.iter().map(|field| field.field().as_str()).collect::<Vec<_>>().join("+")
}

fn desired(cen: &str) -> Desired<cenbwp_spec::CenId> {
    Desired::Present(cen.parse().unwrap())
}

fn cens(ids: &[&str]) -> Vec<cenbwp_spec::CenId> {
    ids.iter().map(|id| id.parse().unwrap()).collect()
}

#[test]
fn each_field_that_is_declared_and_differs_is_changed() {
    check(declared(|_| {}), [own(|_| {})], "in order");
    check(declared(|_| {}), [own(|l| l.areas = pair("EUROPE", "china"))], "in order");
    check(declared(|_| {}), [own(|l| l.name = "x".to_owned())], "in order");
    check(declared(|p| p.name = Some("x".to_owned())), [own(|_| {})], "update name");
    check(declared(|p| p.bandwidth = Mbps(5)), [own(|_| {})], "update bandwidth");
    check(declared(|_| {}), [own(|l| l.description = "x".to_owned())], "in order");
    let cleared = || declared(|p| p.description = Some(String::new()));
    check(cleared(), [own(|l| l.description = "x".to_owned())], "update description");
    check(cleared(), [own(|_| {})], "in order");
    check(declared(|p| p.resource_group = Some("rg-1".to_owned())), [own(|_| {})], "update resourceGroupId");
    let tag = |key: &str, value: Option<&str>| [(key.to_owned(), value.map(str::to_owned))].into();
    check(declared(|p| p.tags = tag("k", Some("v"))), [own(|_| {})], "update tags");
    check(declared(|p| p.tags = tag("k", Some(""))), [own(|_| {})], "update tags, empty_tag");
    check(declared(|p| p.tags = tag("k", None)), [own(|_| {})], "in order");
    let with = |key: &str| {
        own(|l| {
            l.tags.insert(key.to_owned(), "x".to_owned());
        })
    };
    check(declared(|p| p.tags = tag("k", None)), [with("k")], "update tags");
    check(declared(|_| {}), [with("k")], "in order");
    check(declared(|p| p.tags = tag("acs:rm", None)), [with("acs:rm")], "in order");
    check(declared(|p| p.tags = tag("aliyun.x", Some("y"))), [with("aliyun.x")], "in order");
    check(declared(|_| {}), [with("cenbwp-terms")], "in order, terms_fixed");
    // A spec cannot declare this tool's own tags, even if the parser did not make it.
    for ours in ["cenbwp", "cenbwp-terms"] {
        check(declared(|p| p.tags = tag(ours, Some("y"))), [own(|_| {})], "in order");
        check(declared(|p| p.tags = tag(ours, Some("y"))), [], "purchase");
    }
}

#[test]
fn a_cen_is_attached_moved_and_detached_only_as_declared() {
    let attached = |ids: &[&str]| Live { cens: cens(ids), ..own(|_| {}) };
    for (desired, live, expected) in [
        (Desired::Unmanaged, vec!["cen-1"], "in order"),
        (Desired::Unmanaged, vec!["cen-1", "cen-2"], "in order"),
        (Desired::Absent, vec![], "in order"),
        (Desired::Absent, vec!["cen-1"], "held interrupts_traffic"),
        (Desired::Absent, vec!["cen-1", "cen-2"], "held several_cens"),
        (desired("cen-1"), vec![], "update cenId"),
        (desired("CEN-1"), vec!["cen-1"], "in order"),
        (desired("cen-1"), vec!["cen-2"], "held interrupts_traffic"),
        (desired("cen-1"), vec!["cen-1", "cen-2"], "held several_cens"),
    ] {
        check(declared(|p| p.cen = desired), [attached(&live)], expected);
    }
    let allowed = |desired| {
        declared(|p| {
            p.cen = desired;
            p.allow_interruption = true;
        })
    };
    check(allowed(Desired::Absent), [attached(&["cen-1"])], "update cenId");
    check(allowed(desired("cen-1")), [attached(&["cen-2"])], "update cenId");
    let leave = |p: &mut Package| {
        p.cen = Desired::Absent;
        p.ignore = [Field::CenId].into();
    };
    check(declared(leave), [attached(&["cen-1"])], "in order, ignored");
}

#[test]
fn what_is_fixed_at_purchase_is_never_changed() {
    check(declared(|p| p.areas = pair("China", "China")), [own(|_| {})], "held immutable");
    check(declared(|p| p.charge = Charge::Postpay), [own(|_| {})], "held immutable");
    check(declared(|_| {}), [own(|l| l.charge = LiveCharge::Postpay)], "held immutable");
    let barter = |l: &mut Live| l.charge = LiveCharge::Other("BARTER".to_owned());
    check(declared(|_| {}), [own(barter)], "in order");
    check(declared(|p| p.bandwidth = Mbps(5)), [own(barter)], "held not_normal");
}

#[test]
fn an_expired_or_locked_package_keeps_its_identity_and_is_not_changed() {
    let expired = || own(|l| l.expires = Some(time("2026-01-01T00:00:00Z")));
    let locked = || own(|l| l.business = BusinessStatus::Locked("FinancialLocked".to_owned()));
    check(declared(|_| {}), [expired()], "in order, expired");
    check(declared(|_| {}), [locked()], "in order");
    check(declared(|p| p.bandwidth = Mbps(5)), [expired()], "held not_normal, expired");
    check(declared(|p| p.bandwidth = Mbps(5)), [locked()], "held not_normal");
    check(declared(|_| {}), [own(|l| l.expires = Some(time("2026-01-15T00:00:00Z")))], "in order, expiring");
    check(declared(|_| {}), [own(|l| l.expires = Some(time("2026-01-15T00:01:00Z")))], "in order");
}

#[test]
fn an_upgrade_that_is_ordered_is_not_fought() {
    let pending =
        |kind, now: u32, then| own(|l| (l.bandwidth, l.reservation) = (Mbps(now), reserved(kind, then)));
    let temporary = |now, then| pending(ReservationKind::TempUpgrade, now, then);
    let lasting = |then| pending(ReservationKind::Upgrade, 100, Some(then));
    let want = |mbps| declared(|p| p.bandwidth = Mbps(mbps));
    check(want(100), [temporary(500, Some(100))], "in order, reserved");
    check(want(500), [temporary(500, Some(100))], "update bandwidth, reserved");
    check(want(500), [temporary(500, None)], "in order");
    check(want(100), [temporary(500, None)], "held not_normal");
    check(want(200), [lasting(200)], "in order, reserved");
    check(want(100), [lasting(200)], "in order, reserved");
    check(want(300), [lasting(200)], "update bandwidth, reserved");
    check(want(300), [pending(ReservationKind::Other("RENEW".to_owned()), 100, None)], "update bandwidth");
}

#[test]
fn ignored_and_observed_fields_are_shown_and_left() {
    let ignores = |field| {
        declared(|p| {
            p.ignore = [field].into();
            p.bandwidth = Mbps(5);
            p.cen = Desired::Absent;
        })
    };
    let several = || Live { cens: cens(&["cen-1", "cen-2"]), ..own(|_| {}) };
    check(ignores(Field::Bandwidth), [own(|_| {})], "in order, ignored");
    check(ignores(Field::CenId), [several()], "update bandwidth, ignored");
    let observes = |p: &mut Package| (p.manage, p.bandwidth) = (Manage::Observe, Mbps(5));
    check(declared(observes), [], "nothing_to_observe");
    check(declared(observes), [own(|_| {})], "in order, ignored");
    check(declared(observes), [own(|l| l.areas = pair("China", "China"))], "in order, differs, ignored");
    check(declared(observes), [live("cenbwp-2", Some("s/a/2"))], "undeclared, nothing_to_observe");
}

#[test]
fn an_ignored_field_is_not_changed_after_a_purchase_or_an_adoption_either() {
    let all = |ignore: BTreeSet<Field>| {
        declared(|p| {
            p.cen = desired("cen-1");
            p.resource_group = Some("rg-1".to_owned());
            p.description = Some("uplink".to_owned());
            p.tags = [("k".to_owned(), Some("v".to_owned()))].into();
            p.ignore = ignore;
        })
    };
    let then = |package: Package| {
        let plan = plan(&spec([package]), &observed([]), &options());
        let follows: Vec<_> = plan.purchases().map(|purchase| fields(&purchase.follow_ups)).collect();
        format!("{}: {}", in_words(&plan), follows.join(", "))
    };
    assert_eq!(then(all([].into())), "purchase: resourceGroupId+cenId");
    assert_eq!(then(all([Field::CenId].into())), "purchase, ignored: resourceGroupId");
    assert_eq!(then(all([Field::ResourceGroupId].into())), "purchase, ignored: cenId");
    assert_eq!(then(all(Field::ALL.into())), "purchase, ignored, ignored: ");
    // The purchase itself sets these fields, so a stopped run cannot lose them.
    let plan = plan(&spec([all(Field::ALL.into())]), &observed([]), &options());
    let bought = plan.purchases().next().unwrap();
    assert_eq!((bought.description.as_deref(), bought.tags["k"].as_str()), (Some("uplink"), "v"));
    let adopts = |ignore| Package { adopt: Some(id("cenbwp-2")), ..all(ignore) };
    check(adopts([].into()), [ownerless(|_| {})], "adopt bandwidth+description+tags+resourceGroupId+cenId");
    let none = "adopt, ignored, ignored, ignored, ignored, ignored";
    check(adopts(Field::ALL.into()), [ownerless(|_| {})], none);
    let bandwidth = [Field::Bandwidth, Field::Description, Field::Tags].into();
    check(adopts(bandwidth), [ownerless(|_| {})], "adopt resourceGroupId+cenId, ignored, ignored, ignored");
}

#[test]
fn a_package_is_adopted_only_if_it_is_free_and_fits() {
    let adopts = |edit: fn(&mut Package)| {
        declared(|p| {
            (p.adopt, p.bandwidth) = (Some(id("cenbwp-2")), Mbps(7));
            edit(p);
        })
    };
    check(adopts(|_| {}), [ownerless(|_| {})], "adopt");
    check(adopts(|p| p.bandwidth = Mbps(9)), [ownerless(|_| {})], "adopt bandwidth");
    check(adopts(|p| p.areas = pair("China", "China")), [ownerless(|_| {})], "held cannot_adopt");
    check(adopts(|p| p.charge = Charge::Postpay), [ownerless(|_| {})], "held cannot_adopt");
    check(adopts(|_| {}), [], "held cannot_adopt");
    check(adopts(|_| {}), [live("cenbwp-2", Some("t/a"))], "held cannot_adopt");
    check(adopts(|_| {}), [live("cenbwp-2", Some("s/b"))], "held cannot_adopt, undeclared");
    check(adopts(|_| {}), [live("cenbwp-2", Some("?"))], "held cannot_adopt");
    check(adopts(|_| {}), [ownerless(|l| l.expires = Some(options().now))], "held cannot_adopt, expired");
    check(
        adopts(|_| {}),
        [ownerless(|l| l.business = BusinessStatus::Locked("x".to_owned()))],
        "held cannot_adopt",
    );
    let unclear = live("cenbwp-3", Some("?"));
    check(adopts(|_| {}), [ownerless(|_| {}), unclear], "held unreadable, 1 unmanaged");
    check(adopts(|_| {}), [Live { bandwidth: Mbps(7), ..live("cenbwp-2", Some("s/a")) }], "in order");
    check(adopts(|_| {}), [own(|_| {}), ownerless(|_| {})], "held cannot_adopt");
    let both = spec([adopts(|_| {}), Package { adopt: Some(id("CENBWP-2")), ..package("s/b") }]);
    let words = in_words(&plan(&both, &observed([ownerless(|_| {})]), &options()));
    assert_eq!(words, "held cannot_adopt, held cannot_adopt");
}

#[test]
fn a_package_is_moved_only_if_it_alone_has_the_old_key_and_fits() {
    let moves = |edit: fn(&mut Package)| {
        declared(|p| {
            p.moved_from = Some("s/old".parse().unwrap());
            edit(p);
        })
    };
    let old = |owner: &str| live("cenbwp-2", Some(owner));
    let second = |p: &mut Package| p.generation = Generation::new(2).unwrap();
    check(moves(|_| {}), [old("s/old")], "move");
    check(moves(|p| p.bandwidth = Mbps(9)), [old("s/old")], "move bandwidth");
    check(moves(second), [old("s/old/2")], "move");
    check(moves(second), [old("s/old/2"), live("cenbwp-3", Some("s/old"))], "move, undeclared");
    check(moves(|p| p.moved_from = Some("t/old".parse().unwrap())), [old("t/old")], "move");
    check(
        moves(|p| p.moved_from = Some("t/old".parse().unwrap())),
        [old("t/old"), live("cenbwp-3", Some("t/x"))],
        "move, 1 of other stacks",
    );
    // Nothing is bought for it, whatever is missing.
    check(moves(|_| {}), [], "held cannot_move");
    check(moves(|_| {}), [live("cenbwp-2", None)], "held cannot_move, 1 unmanaged");
    check(
        moves(|_| {}),
        [old("s/old"), live("cenbwp-3", Some("s/old"))],
        "held cannot_move, undeclared, undeclared",
    );
    check(moves(|_| {}), [old("s/old/2")], "held cannot_move, undeclared");
    check(moves(second), [old("s/old")], "held cannot_move, undeclared");
    check(moves(|p| p.areas = pair("China", "China")), [old("s/old")], "held cannot_move, undeclared");
    check(moves(|p| p.charge = Charge::Postpay), [old("s/old")], "held cannot_move, undeclared");
    let locked = Live { business: BusinessStatus::Locked("x".to_owned()), ..old("s/old") };
    check(moves(|_| {}), [locked], "held cannot_move, undeclared");
    let expired = Live { expires: Some(options().now), ..old("s/old") };
    check(moves(|_| {}), [expired], "held cannot_move, undeclared, expired");
    check(moves(|_| {}), [old("s/old"), live("cenbwp-3", Some("?"))], "held unreadable, undeclared");
    let attached = Live { cens: cens(&["cen-1"]), ..old("s/old") };
    check(moves(|p| p.cen = Desired::Absent), [attached], "held interrupts_traffic, undeclared");
    // Once it is done, the line is a note.
    check(moves(|_| {}), [own(|_| {})], "in order, move_is_done");
    check(moves(|p| p.bandwidth = Mbps(9)), [own(|_| {})], "update bandwidth, move_is_done");
    check(moves(|_| {}), [own(|_| {}), old("s/old")], "held cannot_move, undeclared");
    check(moves(|_| {}), [own(|_| {}), old("s/old/2")], "in order, undeclared, move_is_done");
    check(moves(|_| {}), [own(|_| {}), live("cenbwp-3", Some("s/a"))], "held ambiguous");
    check(moves(|_| {}), [live("cenbwp-3", Some("s/a/2"))], "held lowered_generation, undeclared");
    check(moves(|p| p.manage = Manage::Observe), [old("s/old")], "undeclared, nothing_to_observe");
}

#[test]
fn a_package_that_is_moved_is_no_look_alike_of_another_one() {
    let spec =
        spec([Package { moved_from: Some("s/old".parse().unwrap()), ..package("s/a") }, package("s/b")]);
    let cloud = observed([live("cenbwp-1", Some("s/old"))]);
    let plan = plan(&spec, &cloud, &options());
    assert_eq!(in_words(&plan), "move, purchase");
    assert_eq!(audit(&plan, &spec, &cloud, &options()), []);
}

#[test]
fn a_package_is_released_or_retired_only_as_far_as_the_spec_says() {
    let manage = |manage| declared(|p| p.manage = manage);
    check(manage(Manage::Release), [own(|l| l.cens = cens(&["cen-1"]))], "release");
    check(manage(Manage::Release), [], "entry_can_go");
    check(manage(Manage::Retire), [], "entry_can_go");
    // What it would have taken over is still there: that is not nothing.
    let taking = |manage, take: fn(&mut Package)| {
        declared(move |p| {
            p.manage = manage;
            take(p);
        })
    };
    let moves: fn(&mut Package) = |p| p.moved_from = Some("s/old".parse().unwrap());
    let adopts: fn(&mut Package) = |p| p.adopt = Some(id("cenbwp-2"));
    for manage in [Manage::Release, Manage::Retire] {
        check(taking(manage, moves), [live("cenbwp-2", Some("s/old"))], "held cannot_move, undeclared");
        check(taking(manage, moves), [live("cenbwp-2", Some("s/old/2"))], "undeclared, entry_can_go");
        let both = [own(|_| {}), live("cenbwp-2", Some("s/old"))];
        check(taking(manage, moves), both, "held cannot_move, undeclared");
        check(taking(manage, adopts), [own(|_| {}), live("cenbwp-2", None)], "held cannot_adopt");
        check(taking(manage, moves), [], "entry_can_go");
        check(taking(manage, adopts), [live("cenbwp-2", Some("t/x"))], "entry_can_go, 1 of other stacks");
        check(taking(manage, adopts), [], "entry_can_go");
    }
    check(taking(Manage::Retire, adopts), [live("cenbwp-2", None)], "held cannot_adopt");
    // Released before, with the line left.
    check(taking(Manage::Release, adopts), [live("cenbwp-2", None)], "entry_can_go, 1 unmanaged");
    check(manage(Manage::Retire), [own(|_| {})], "in order, retiring");
    check(manage(Manage::Retire), [own(|l| l.cens = cens(&["cen-1"]))], "retire 1 leave");
    check(manage(Manage::Retire), [own(|l| l.charge = LiveCharge::Postpay)], "retire 0 delete");
    check(manage(Manage::Retire), [own(|l| l.expires = Some(options().now))], "retire 0 delete");
}

#[test]
fn generations_supersede_upwards_only() {
    let second = || declared(|p| p.generation = Generation::new(2).unwrap());
    check(second(), [own(|_| {})], "purchase, superseded");
    check(second(), [own(|_| {}), live("cenbwp-2", Some("s/a/2"))], "in order, superseded");
    let later = || live("cenbwp-3", Some("s/a/3"));
    check(second(), [later()], "held lowered_generation, undeclared");
    check(second(), [later(), live("cenbwp-2", Some("s/a/2"))], "held lowered_generation, undeclared");
    for manage in [Manage::Release, Manage::Retire] {
        check(declared(|p| p.manage = manage), [later()], "held lowered_generation, undeclared");
    }
    check(declared(|_| {}), [own(|_| {}), live("cenbwp-2", Some("s/ab"))], "in order, undeclared");
}

#[test]
fn two_packages_with_one_identity_hold_it_whatever_is_declared() {
    for manage in [Manage::Full, Manage::Observe, Manage::Release, Manage::Retire] {
        let copy = live("cenbwp-2", Some("s/a"));
        check(declared(|p| p.manage = manage), [own(|_| {}), copy], "held ambiguous");
    }
}
