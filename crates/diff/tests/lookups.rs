//! The packages that a plan names if there are several, and their order, never depend on the order of the
//! listing.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::collections::BTreeSet;

use cenbwp_diff::{
    BusinessStatus, HeldReason, Live, LiveCharge, Observed, Plan, Unreadable, Warning, WarningKind, audit,
    plan,
};
use cenbwp_spec::{Desired, Generation, Manage, Mbps, Package};

use world::{id, live, observed, options, package, pair, spec, time};

/// Plans for these packages and this listing, forwards and backwards, and expects the same plan.
#[track_caller]
fn planned(packages: impl IntoIterator<Item = Package>, mut cloud: Observed) -> Plan {
    let spec = spec(packages);
    let forwards = plan(&spec, &cloud, &options());
    cloud.packages.reverse();
    cloud.unreadable.reverse();
    assert_eq!(plan(&spec, &cloud, &options()), forwards);
    assert_eq!(audit(&forwards, &spec, &cloud, &options()), []);
    forwards
}

#[track_caller]
fn reason(packages: impl IntoIterator<Item = Package>, cloud: Observed) -> HeldReason {
    let plan = planned(packages, cloud);
    let [held] = &plan.held[..] else { panic!("one held package, not {:#?}", plan.held) };
    held.reason.clone()
}

/// A package without an owner, with the areas and the bandwidth that every declared package here has.
fn alike(name: &str) -> Live {
    live(&format!("cenbwp-{name}"), None)
}

#[test]
fn undeclared_and_superseded_packages_are_listed_by_identity_then_by_id() {
    let own = |id: &str, owner: &str| Live { bandwidth: Mbps(7), ..live(id, Some(owner)) };
    let cloud = observed([
        own("cenbwp-3", "s/y"),
        own("cenbwp-2", "s/y"),
        own("cenbwp-5", "s/x/2"),
        own("cenbwp-4", "s/x"),
        own("cenbwp-1", "s/z"),
        own("cenbwp-8", "s/a/2"),
        own("cenbwp-9", "s/a"),
        own("cenbwp-7", "s/a"),
    ]);
    let third = Package { generation: Generation::new(3).unwrap(), ..package("s/a") };
    let plan = planned([third], cloud);
    let undeclared: Vec<_> = plan.undeclared.iter().map(|it| format!("{} {}", it.identity, it.id)).collect();
    assert_eq!(
        undeclared,
        ["s/x cenbwp-4", "s/x/2 cenbwp-5", "s/y cenbwp-2", "s/y cenbwp-3", "s/z cenbwp-1"]
    );
    let superseded: Vec<_> = plan.superseded.iter().map(|it| format!("{} {}", it.identity, it.id)).collect();
    assert_eq!(superseded, ["s/a cenbwp-7", "s/a cenbwp-9", "s/a/2 cenbwp-8"]);
}

#[test]
fn of_several_later_generations_the_latest_is_named_and_of_its_packages_the_first_by_id() {
    let own = |id: &str, generation: u32| live(id, Some(&format!("s/a/{generation}")));
    let found = |packages: &[(&str, u32)]| {
        let cloud = observed(packages.iter().map(|(id, generation)| own(id, *generation)));
        let HeldReason::LoweredGeneration { id, live } = reason([package("s/a")], cloud) else { panic!() };
        format!("{id} {live}")
    };
    assert_eq!(found(&[("cenbwp-1", 2), ("cenbwp-2", 3)]), "cenbwp-2 3");
    assert_eq!(found(&[("cenbwp-1", 3), ("cenbwp-2", 2)]), "cenbwp-1 3");
    assert_eq!(found(&[("cenbwp-1", 3), ("cenbwp-2", 3), ("cenbwp-3", 3)]), "cenbwp-1 3");
    assert_eq!(found(&[("cenbwp-1", 2), ("cenbwp-3", 3), ("cenbwp-2", 3)]), "cenbwp-2 3");
}

#[test]
fn a_held_purchase_names_at_most_twenty_look_alikes_or_items_the_first_by_id() {
    let many = |n: usize| observed((0..n).map(|n| alike(&format!("{n:02}"))));
    for (listed, named) in [(19, 19), (20, 20), (21, 20)] {
        let HeldReason::LookAlike { ids, .. } = reason([package("s/a")], many(listed)) else { panic!() };
        assert_eq!(ids.len(), named);
        assert_eq!(ids.last(), Some(&id(&format!("cenbwp-{:02}", named - 1))));
    }
    let item = |n: usize| Unreadable { id: Some(id(&format!("cenbwp-{n:02}"))), reason: "?".to_owned() };
    let unreadable = (0..21).map(item).collect();
    let cloud = Observed { unreadable, ..observed([]) };
    let HeldReason::Unreadable { items, .. } = reason([package("s/a")], cloud) else { panic!() };
    assert_eq!((items.len(), items[0].id.clone(), items[19].id.clone()), (20, item(0).id, item(19).id));
}

#[test]
fn a_look_alike_that_can_be_taken_over_as_it_is_is_offered_and_no_other() {
    let offered = |packages: Vec<Live>| {
        let HeldReason::LookAlike { adoptable, .. } = reason([package("s/a")], observed(packages)) else {
            panic!()
        };
        adoptable.map(|id| id.to_string())
    };
    let named = |live: Live| Live { name: "s-a".to_owned(), ..live };
    assert_eq!(offered(vec![alike("1")]).as_deref(), Some("cenbwp-1"));
    assert_eq!(offered(vec![alike("2"), alike("1")]).as_deref(), Some("cenbwp-1"));
    assert_eq!(offered(vec![named(Live { bandwidth: Mbps(7), ..alike("1") })]).as_deref(), Some("cenbwp-1"));
    assert_eq!(offered(vec![named(live("cenbwp-1", Some("t/x")))]), None);
    assert_eq!(offered(vec![named(Live { areas: pair("China", "China"), ..alike("1") })]), None);
    assert_eq!(offered(vec![Live { charge: LiveCharge::Postpay, ..alike("1") }]), None);
    assert_eq!(offered(vec![Live { business: BusinessStatus::Locked("x".to_owned()), ..alike("1") }]), None);
    assert_eq!(offered(vec![Live { expires: Some(time("2025-12-31T00:00:00Z")), ..alike("1") }]), None);
}

#[test]
fn a_look_alike_with_another_key_of_the_same_stack_is_named_as_renamed_and_what_is_known_stays_known() {
    let wanted = Package { distinct_from: BTreeSet::from([id("cenbwp-known")]), ..package("s/a") };
    let cloud = observed([
        alike("1"),
        alike("known"),
        Live { name: "s-a".to_owned(), ..live("cenbwp-2", Some("t/old")) },
        live("cenbwp-3", Some("s/old")),
    ]);
    let HeldReason::LookAlike { ids, renamed, distinct, .. } = reason([wanted], cloud) else { panic!() };
    assert_eq!(ids, BTreeSet::from(["cenbwp-1", "cenbwp-2", "cenbwp-3"].map(id)));
    assert_eq!(renamed.unwrap().to_string(), "s/old");
    assert_eq!(distinct, BTreeSet::from([id("cenbwp-known")]));
}

#[test]
fn of_several_packages_on_the_declared_cen_the_first_by_id_takes_its_place() {
    let cen = || "cen-1".parse().unwrap();
    let attached = |id: &str| Live { cens: vec![cen()], bandwidth: Mbps(7), ..live(id, None) };
    let known = BTreeSet::from(["cenbwp-2", "cenbwp-3"].map(id));
    let wanted = Package { cen: Desired::Present(cen()), distinct_from: known, ..package("s/a") };
    let plan = planned([wanted], observed([attached("cenbwp-3"), attached("cenbwp-2")]));
    let [Warning { kind: WarningKind::CenOccupied { id: first, .. }, .. }] = &plan.warnings[..] else {
        panic!("{:#?}", plan.warnings)
    };
    assert_eq!(*first, id("cenbwp-2"));
}

#[test]
fn what_the_plan_names_is_not_counted_as_unmanaged() {
    let adopts = Package { adopt: Some(id("cenbwp-1")), ..package("s/a") };
    let apart = |name: &str| Live { areas: pair("China", "China"), ..alike(name) };
    let plan = planned([adopts, package("s/b")], observed([alike("1"), alike("2"), apart("3"), apart("4")]));
    assert_eq!((plan.changes.len(), plan.held.len(), plan.unmanaged), (1, 1, 2));
    assert!(!plan.is_applyable() && !plan.is_empty());
    let observes = Package { manage: Manage::Observe, ..package("s/b") };
    let plan = planned([observes], observed([live("cenbwp-1", Some("s/b")), apart("3")]));
    assert_eq!((plan.in_sync.len(), plan.unmanaged), (1, 1));
    assert!(plan.is_applyable() && plan.is_empty());
}
