//! The audit finds each flaw in a plan that has it.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(clippy::needless_pass_by_value, reason = "each case reads best with its flaw written in place")]

mod fields;
#[path = "../world/mod.rs"]
mod world;

use std::collections::BTreeSet;

use cenbwp_diff::{
    Breach, BusinessStatus, Change, Delta, Excess, FieldChange, Flaw, Leftover, Limit, LimitOwner, Live,
    LiveCharge, Observed, Options, Plan, Unreadable, Update, Warning, WarningKind, audit, plan,
};
use cenbwp_spec::{Desired, Field, Generation, Limits, Manage, Mbps, Package, Spec, Tags};

use world::{id, identity, live, observed, options, package, shares, spec, time};

fn the_spec() -> Spec {
    spec([
        Package {
            cen: Desired::Present("cen-1".parse().unwrap()),
            description: Some("bought".to_owned()),
            resource_group: Some("rg-2".to_owned()),
            tags: [("k".to_owned(), Some("v".to_owned()))].into(),
            ..package("s/bought")
        },
        Package { adopt: Some(id("cenbwp-found")), bandwidth: Mbps(150), ..package("s/found") },
        Package {
            manage: Manage::Retire,
            moved_from: Some("s/before".parse().unwrap()),
            ..package("s/ended")
        },
        Package { manage: Manage::Release, ..package("s/freed") },
        Package { manage: Manage::Retire, adopt: Some(id("cenbwp-gone")), ..package("s/gone") },
        Package { bandwidth: Mbps(200), name: Some("new".to_owned()), ..package("s/grown") },
        package("s/in-order"),
        Package { moved_from: Some("s/was".parse().unwrap()), bandwidth: Mbps(5), ..package("s/is") },
        Package {
            cen: Desired::Absent,
            allow_interruption: true,
            resource_group: Some("rg-2".to_owned()),
            ..package("s/moved")
        },
        Package { manage: Manage::Retire, ..package("s/over") },
        Package { generation: Generation::new(2).unwrap(), bandwidth: Mbps(30), ..package("s/renewed") },
    ])
}

fn the_cloud() -> Observed {
    let own = |name: &str| live(&format!("cenbwp-{name}"), Some(&format!("s/{name}")));
    let mut grown = own("grown");
    grown.tags.insert("theirs".to_owned(), "kept".to_owned());
    observed([
        live("cenbwp-found", None),
        own("freed"),
        grown,
        own("in-order"),
        Live { cens: [("cen-2".parse().unwrap())].into(), ..own("moved") },
        Live { charge: LiveCharge::Postpay, cens: [("cen-1".parse().unwrap())].into(), ..own("over") },
        own("renewed"),
        Live { bandwidth: Mbps(3), ..own("stray") },
        Live { bandwidth: Mbps(4), ..own("was") },
    ])
}

/// Spoils the plan and expects the flaw.
#[track_caller]
fn spoiled(spoil: impl FnOnce(&mut Plan), expected: Flaw) {
    let (spec, cloud) = (the_spec(), the_cloud());
    let mut plan = plan(&spec, &cloud, &options());
    assert_eq!(audit(&plan, &spec, &cloud, &options()), []);
    spoil(&mut plan);
    let flaws = audit(&plan, &spec, &cloud, &options());
    assert!(flaws.contains(&expected), "{expected:?} is not among {flaws:?}");
}

/// Audits the plan in another world than its own, and expects the flaw.
#[track_caller]
fn elsewhere(alter: impl FnOnce(&mut Spec, &mut Observed, &mut Options), expected: Flaw) {
    let (mut spec, mut cloud, mut options) = (the_spec(), the_cloud(), options());
    let plan = plan(&spec, &cloud, &options);
    alter(&mut spec, &mut cloud, &mut options);
    let flaws = audit(&plan, &spec, &cloud, &options);
    assert!(flaws.contains(&expected), "{expected:?} is not among {flaws:?}");
}

/// The change of this identity.
fn change<'a>(plan: &'a mut Plan, of: &str) -> &'a mut Change {
    plan.changes.iter_mut().find(|change| change.identity().to_string() == of).unwrap()
}

fn fields<'a>(plan: &'a mut Plan, of: &str) -> &'a mut Vec<FieldChange> {
    match change(plan, of) {
        Change::Purchase(purchase) => &mut purchase.follow_ups,
        Change::Update(update) => &mut update.fields,
        Change::Adopt(adoption) => &mut adoption.fields,
        Change::Move(moved) => &mut moved.fields,
        Change::Release(_) | Change::Retire(_) => panic!("{of} has no fields"),
    }
}

fn edit<'a>(spec: &'a mut Spec, address: &str) -> &'a mut Package {
    let address: cenbwp_spec::Address = address.parse().unwrap();
    spec.stacks.get_mut(&address.stack).unwrap().packages.get_mut(&address.package).unwrap()
}

fn find<'a>(cloud: &'a mut Observed, id: &str) -> &'a mut Live {
    cloud.packages.iter_mut().find(|live| live.id.as_str() == id).unwrap()
}

#[test]
fn a_change_of_what_is_not_declared() {
    let update = || {
        let name = FieldChange::Name(Delta { from: "s-stray".to_owned(), to: "x".to_owned() });
        let (identity, id, allocated) = (identity("s/stray"), id("cenbwp-stray"), Some(Mbps(0)));
        Change::Update(Update { identity, id, fields: vec![name], allocated })
    };
    spoiled(|plan| plan.changes.push(update()), Flaw::UnknownIdentity(identity("s/stray")));
    let only = BTreeSet::from(["s/grown".parse().unwrap()]);
    elsewhere(|_, _, options| options.targets = Some(only), Flaw::UnknownIdentity(identity("s/bought")));
}

#[test]
fn two_changes_of_one_address_or_an_empty_one() {
    let grown = || Flaw::NotExactlyOneOutcome("s/grown".parse().unwrap());
    spoiled(
        |plan| plan.changes.extend_from_within(3..4),
        Flaw::NotExactlyOneOutcome("s/grown".parse().unwrap()),
    );
    spoiled(|plan| drop(plan.in_sync.insert("s/grown".parse().unwrap(), id("cenbwp-grown"))), grown());
    spoiled(|plan| fields(plan, "s/grown").clear(), grown());
}

#[test]
fn a_declared_package_without_a_fate() {
    spoiled(|plan| drop(plan.changes.remove(0)), Flaw::NoOutcome("s/bought".parse().unwrap()));
}

#[test]
fn lists_out_of_order() {
    spoiled(|plan| plan.changes.reverse(), Flaw::Unsorted("changes"));
    let stray = |name: &str| Leftover { identity: identity(name), id: id("cenbwp-x"), expires: None };
    spoiled(|plan| plan.undeclared = vec![stray("s/y"), stray("s/x")], Flaw::Unsorted("undeclared"));
    let warning = |name: &str| Warning { identity: identity(name), kind: WarningKind::EntryCanGo };
    spoiled(|plan| plan.warnings = vec![warning("s/y"), warning("s/x")], Flaw::Unsorted("warnings"));
}

#[test]
fn an_entry_that_is_called_finished_too_soon() {
    for (of, left) in [("s/ended", Some("s/ended")), ("s/ended", Some("s/before")), ("s/gone", None)] {
        let left = live("cenbwp-gone", left);
        elsewhere(|_, cloud, _| cloud.packages.push(left), Flaw::NotFinished(identity(of)));
    }
}

#[test]
fn a_purchase_of_what_is_there() {
    let twice = |id_: &str| Flaw::BuysTwice(identity("s/bought"), id(id_));
    elsewhere(|_, cloud, _| cloud.packages.push(live("cenbwp-b", Some("s/bought"))), twice("cenbwp-b"));
    elsewhere(|_, cloud, _| cloud.packages.push(live("cenbwp-b", Some("s/bought/3"))), twice("cenbwp-b"));
    let expired = Live { expires: Some(time("2025-01-01T00:00:00Z")), ..live("cenbwp-b", Some("s/bought")) };
    elsewhere(|_, cloud, _| cloud.packages.push(expired), twice("cenbwp-b"));
}

#[test]
fn a_purchase_or_adoption_on_doubt() {
    let blind = |of: &str| Flaw::PurchaseOnDoubt(identity(of));
    let item = || Unreadable { id: None, reason: String::new() };
    for of in ["s/bought", "s/found", "s/is", "s/renewed/2"] {
        elsewhere(|_, cloud, _| cloud.complete = false, blind(of));
        elsewhere(|_, cloud, _| cloud.unreadable.push(item()), blind(of));
        elsewhere(|_, cloud, _| cloud.packages.push(live("cenbwp-x", Some("s/bought/01"))), blind(of));
    }
}

#[test]
fn a_purchase_of_a_look_alike() {
    let flaw = || Flaw::BuysLookAlike(identity("s/bought"), id("cenbwp-x"));
    elsewhere(|_, cloud, _| cloud.packages.push(live("cenbwp-x", None)), flaw());
    let named = Live { name: "s-bought".to_owned(), ..live("cenbwp-x", Some("other/p")) };
    elsewhere(|_, cloud, _| cloud.packages.push(named), flaw());
    let renamed = || live("cenbwp-x", Some("s/renamed"));
    elsewhere(|_, cloud, _| cloud.packages.push(renamed()), flaw());
    let named = Live { name: "s-bought".to_owned(), bandwidth: Mbps(3), ..renamed() };
    elsewhere(|_, cloud, _| cloud.packages.push(named), flaw());
    // The spec declares neither a later generation of another entry nor an older one of another stack.
    elsewhere(|_, cloud, _| cloud.packages.push(live("cenbwp-x", Some("s/in-order/2"))), flaw());
    let another_stack = |spec: &mut Spec, cloud: &mut Observed, _: &mut Options| {
        let renewed = Package { generation: Generation::new(2).unwrap(), ..package("t/x") };
        spec.stacks.extend(world::spec([renewed]).stacks);
        cloud.packages.push(Live { name: "s-bought".to_owned(), ..live("cenbwp-x", Some("t/x")) });
    };
    elsewhere(another_stack, flaw());
    let cens = vec!["cen-1".parse().unwrap()];
    let on_its_cen = Live { bandwidth: Mbps(3), cens, ..live("cenbwp-x", Some("other/p")) };
    elsewhere(|_, cloud, _| cloud.packages.push(on_its_cen), flaw());
}

#[test]
fn a_purchase_of_something_else() {
    let spoil = |field: &'static str, spoil: fn(&mut cenbwp_diff::Purchase)| {
        let spoil = |plan: &mut Plan| match change(plan, "s/bought") {
            Change::Purchase(purchase) => spoil(purchase),
            other => panic!("{other:?}"),
        };
        spoiled(spoil, Flaw::ParameterMismatch(identity("s/bought"), field));
    };
    spoil("areas", |purchase| purchase.areas = world::pair("China", "China"));
    spoil("bandwidth", |purchase| purchase.bandwidth = Mbps(1000));
    spoil("name", |purchase| purchase.name.clear());
    spoil("description", |purchase| purchase.description = None);
    spoil("terms", |purchase| purchase.terms.auto_pay = false);
    spoil("tags", |purchase| drop(purchase.tags.remove("cenbwp")));
    spoil("tags", |purchase| drop(purchase.tags.remove("k")));
    spoil("tags", |purchase| drop(purchase.tags.insert("extra".to_owned(), "1".to_owned())));
    spoil("follow_ups", |purchase| purchase.follow_ups.clear());
    let leave = |spec: &mut Spec| edit(spec, "s/bought").ignore = [Field::CenId].into();
    elsewhere(|spec, _, _| leave(spec), Flaw::ParameterMismatch(identity("s/bought"), "follow_ups"));
    let manage = |spec: &mut Spec| edit(spec, "s/bought").manage = Manage::Observe;
    elsewhere(|spec, _, _| manage(spec), Flaw::ParameterMismatch(identity("s/bought"), "manage"));
}

#[test]
fn a_change_of_the_wrong_package() {
    let wrong = |of: &str, package: &str| Flaw::WrongPackage(identity(of), id(package));
    let other = |plan: &mut Plan| match change(plan, "s/grown") {
        Change::Update(update) => update.id = id("cenbwp-stray"),
        other => panic!("{other:?}"),
    };
    spoiled(other, wrong("s/grown", "cenbwp-stray"));
    let copy = || live("cenbwp-copy", Some("s/grown"));
    elsewhere(|_, cloud, _| cloud.packages.push(copy()), wrong("s/grown", "cenbwp-grown"));
    let later = || live("cenbwp-later", Some("s/over/2"));
    elsewhere(|_, cloud, _| cloud.packages.push(later()), wrong("s/over", "cenbwp-over"));
    let owned = |cloud: &mut Observed| {
        find(cloud, "cenbwp-found").tags.insert("cenbwp".to_owned(), "other/p".to_owned());
    };
    elsewhere(|_, cloud, _| owned(cloud), wrong("s/found", "cenbwp-found"));
    elsewhere(|spec, _, _| edit(spec, "s/found").adopt = None, wrong("s/found", "cenbwp-found"));
}

#[test]
fn a_move_of_the_wrong_package() {
    let wrong = |from: &str| Flaw::WrongPackage(identity(from), id("cenbwp-was"));
    let moved_from = |spec: &mut Spec, key: Option<&str>| {
        edit(spec, "s/is").moved_from = key.map(|key| key.parse().unwrap());
    };
    elsewhere(|spec, _, _| moved_from(spec, None), wrong("s/is"));
    elsewhere(|spec, _, _| moved_from(spec, Some("s/grown")), wrong("s/is"));
    elsewhere(
        |spec, _, _| edit(spec, "s/is").generation = Generation::new(2).unwrap(),
        Flaw::UnknownIdentity(identity("s/is")),
    );
    // The old key is declared again.
    let again = |spec: &mut Spec| {
        let stack = spec.stacks.values_mut().next().unwrap();
        stack.packages.insert("was".parse().unwrap(), package("s/was"));
    };
    elsewhere(|spec, _, _| again(spec), wrong("s/is"));
    // It is not the only package of the old key, or no longer of that key.
    let copy = |owner: &str| live("cenbwp-copy", Some(owner));
    elsewhere(|_, cloud, _| cloud.packages.push(copy("s/was")), wrong("s/was"));
    elsewhere(|_, cloud, _| cloud.packages.push(copy("s/was/2")), wrong("s/was"));
    let other = |cloud: &mut Observed| {
        find(cloud, "cenbwp-was").tags.insert("cenbwp".to_owned(), "other/p".to_owned());
    };
    elsewhere(|_, cloud, _| other(cloud), wrong("s/was"));
    spoiled(
        |plan| match change(plan, "s/is") {
            Change::Move(moved) => moved.from.generation = Generation::new(2).unwrap(),
            other => panic!("{other:?}"),
        },
        wrong("s/is"),
    );
    // Another package has the new key already.
    let taken = Flaw::BuysTwice(identity("s/is"), id("cenbwp-copy"));
    elsewhere(|_, cloud, _| cloud.packages.push(copy("s/is")), taken);
    // Its fields are compared as those of any other change.
    spoiled(|plan| fields(plan, "s/is").clear(), Flaw::MissedChange(identity("s/is"), Field::Bandwidth));
    let left = |plan: &mut Plan| {
        let (identity, id) = (identity("s/was"), id("cenbwp-was"));
        plan.undeclared.push(Leftover { identity, id, expires: None });
    };
    spoiled(left, Flaw::Forgotten(id("cenbwp-was")));
}

#[test]
fn a_package_that_is_said_to_be_in_order_and_is_not() {
    let flaw = || Flaw::NotInSync("s/in-order".parse().unwrap());
    elsewhere(|spec, _, _| edit(spec, "s/in-order").bandwidth = Mbps(500), flaw());
    elsewhere(|_, cloud, _| find(cloud, "cenbwp-in-order").charge = LiveCharge::Postpay, flaw());
    elsewhere(|_, cloud, _| find(cloud, "cenbwp-in-order").tags = Tags::default(), flaw());
    elsewhere(|spec, _, _| edit(spec, "s/in-order").manage = Manage::Release, flaw());
    spoiled(|plan| drop(plan.in_sync.insert("s/in-order".parse().unwrap(), id("cenbwp-grown"))), flaw());
    // A retirement is in order once nothing of it can be done now.
    let retiring = |alter: fn(&mut Live)| {
        let alter = |spec: &mut Spec, cloud: &mut Observed, _: &mut Options| {
            edit(spec, "s/in-order").manage = Manage::Retire;
            alter(find(cloud, "cenbwp-in-order"));
        };
        elsewhere(alter, flaw());
    };
    retiring(|live| live.cens = [("cen-1".parse().unwrap())].into());
    retiring(|live| live.charge = LiveCharge::Postpay);
    retiring(|live| live.expires = Some(time("2001-01-01T00:00:00Z")));
}

#[test]
fn a_limit_that_is_exceeded_in_silence_or_without_cause() {
    let strict = Limits { max_purchases: Some(1), ..Limits::default() };
    let tighten = |spec: &mut Spec| spec.stacks.values_mut().for_each(|stack| stack.limits = strict);
    elsewhere(|spec, _, _| tighten(spec), Flaw::Limits);
    elsewhere(|_, _, options| options.max_new_mbps = Some(Mbps(279)), Flaw::Limits);
    let money = |spec: &mut Spec| {
        let most = Some("1 CNY".parse().unwrap());
        spec.stacks.values_mut().for_each(|stack| stack.limits.max_spend = most);
    };
    elsewhere(|spec, _, _| money(spec), Flaw::Limits);
    let excess = Excess::Count { limit: Limit::Purchases, allowed: 1, wanted: 2 };
    let breach = |owner| Breach { owner, excess: excess.clone() };
    spoiled(|plan| plan.breaches.push(breach(LimitOwner::Run)), Flaw::Limits);
    spoiled(|plan| plan.breaches.push(breach(LimitOwner::Stack("s".parse().unwrap()))), Flaw::Limits);
}

#[test]
fn a_package_of_ours_that_is_not_mentioned() {
    spoiled(|plan| plan.undeclared.clear(), Flaw::Forgotten(id("cenbwp-stray")));
    spoiled(|plan| plan.superseded.clear(), Flaw::Forgotten(id("cenbwp-renewed")));
    let stray = |cloud: &mut Observed| cloud.packages.retain(|live| live.id != id("cenbwp-stray"));
    elsewhere(|_, cloud, _| stray(cloud), Flaw::Forgotten(id("cenbwp-stray")));
}

#[test]
fn a_plan_that_claims_another_run() {
    spoiled(|plan| plan.complete = false, Flaw::Misreported("complete"));
    spoiled(|plan| plan.skip_held = true, Flaw::Misreported("skip_held"));
    spoiled(|plan| plan.is_priced = true, Flaw::Misreported("is_priced"));
}
