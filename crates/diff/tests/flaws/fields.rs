//! Flaws in what a change does to a package that exists.

use super::*;

#[test]
fn a_field_that_nobody_asked_to_change() {
    let flaw = |field| Flaw::UnrequestedChange(identity("s/grown"), field);
    let from_to = |from: u32, to: u32| FieldChange::Bandwidth(Delta { from: Mbps(from), to: Mbps(to) });
    spoiled(|plan| fields(plan, "s/grown")[0] = from_to(100, 2000), flaw(Field::Bandwidth));
    spoiled(|plan| fields(plan, "s/grown")[0] = from_to(50, 200), flaw(Field::Bandwidth));
    let text = |from: &str| FieldChange::Description(Delta { from: from.to_owned(), to: "x".to_owned() });
    spoiled(|plan| fields(plan, "s/grown").push(text("")), flaw(Field::Description));
    let value = Delta { from: Some("kept".to_owned()), to: None };
    let tag = FieldChange::Tag { key: "theirs".to_owned(), value };
    spoiled(|plan| fields(plan, "s/grown").push(tag), flaw(Field::Tags));
    let detach = FieldChange::Cen(Delta { from: Some("cen-1".parse().unwrap()), to: None });
    spoiled(|plan| fields(plan, "s/grown").push(detach), flaw(Field::CenId));
    let group = FieldChange::ResourceGroup(Delta { from: None, to: Some("rg-x".to_owned()) });
    spoiled(|plan| fields(plan, "s/grown").push(group), flaw(Field::ResourceGroupId));
    let moved = |spec: &mut Spec, cloud: &mut Observed, _: &mut Options| {
        edit(spec, "s/moved").allow_interruption = false;
        find(cloud, "cenbwp-moved").description = "x".to_owned();
    };
    elsewhere(moved, Flaw::UnrequestedChange(identity("s/moved"), Field::CenId));
    let leave = |spec: &mut Spec| edit(spec, "s/grown").ignore = [Field::Name].into();
    elsewhere(|spec, _, _| leave(spec), flaw(Field::Name));
}

#[test]
fn a_field_that_changes_from_or_to_another_value() {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let cen = |from: Option<&str>, to: Option<&str>| {
        let [from, to] = [from, to].map(|cen| cen.map(|cen| cen.parse().unwrap()));
        FieldChange::Cen(Delta { from, to })
    };
    let group = |from, to| FieldChange::ResourceGroup(Delta { from: text(from), to: text(to) });
    let name = |from: &str, to: &str| FieldChange::Name(Delta { from: from.to_owned(), to: to.to_owned() });
    let spoil = |of: &str, wrong: FieldChange, flaw: Flaw| {
        let replace = |plan: &mut Plan| {
            let fields = fields(plan, of);
            let at = fields.iter().position(|it| it.field() == wrong.field()).expect("it changes");
            assert_ne!(std::mem::replace(&mut fields[at], wrong), fields[at], "{of}");
        };
        spoiled(replace, flaw);
    };
    let (one, two, other) = (Some("cen-1"), Some("cen-2"), Some("cen-3"));
    let (default, wanted, strange) = (Some("rg-default"), Some("rg-2"), Some("rg-3"));
    for wrong in [cen(other, one), cen(None, two), group(strange, wanted), group(None, strange)] {
        spoil("s/bought", wrong, Flaw::ParameterMismatch(identity("s/bought"), "follow_ups"));
    }
    for (of, wrong) in [
        ("s/moved", cen(other, None)),
        ("s/moved", cen(two, other)),
        ("s/moved", group(strange, wanted)),
        ("s/moved", group(default, strange)),
        ("s/grown", name("other", "new")),
        ("s/grown", name("s-grown", "other")),
    ] {
        let flaw = Flaw::UnrequestedChange(identity(of), wrong.field());
        spoil(of, wrong, flaw);
    }
}

#[test]
fn a_field_that_should_change_and_does_not() {
    let missed = Flaw::MissedChange(identity("s/grown"), Field::Name);
    spoiled(|plan| drop(fields(plan, "s/grown").pop()), missed);
}

#[test]
fn an_end_that_nobody_asked_for() {
    let end = |of: &str| Flaw::UnrequestedRemoval(identity(of));
    elsewhere(|spec, _, _| edit(spec, "s/over").manage = Manage::Full, end("s/over"));
    elsewhere(|spec, _, _| edit(spec, "s/freed").manage = Manage::Retire, end("s/freed"));
    elsewhere(|_, cloud, _| find(cloud, "cenbwp-over").charge = LiveCharge::Prepay, end("s/over"));
    elsewhere(|_, cloud, _| find(cloud, "cenbwp-over").cens.clear(), end("s/over"));
    let more = |plan: &mut Plan| match change(plan, "s/freed") {
        Change::Release(release) => drop(release.tag_keys.insert("theirs".to_owned())),
        other => panic!("{other:?}"),
    };
    spoiled(more, end("s/freed"));
}

#[test]
fn a_change_of_an_expired_or_locked_package() {
    let flaw = || Flaw::NotNormal(identity("s/grown"));
    let past = Some(time("2025-12-31T23:59:00Z"));
    elsewhere(|_, cloud, _| find(cloud, "cenbwp-grown").expires = past, flaw());
    let locked = BusinessStatus::Locked("SecurityLocked".to_owned());
    elsewhere(|_, cloud, _| find(cloud, "cenbwp-grown").business = locked, flaw());
}

#[test]
fn a_change_that_takes_what_regions_use() {
    let uses = |of: &'static str, mbps: u32| {
        elsewhere(
            |_, cloud, _| find(cloud, &format!("cenbwp-{of}")).shares = shares([mbps - 1, 1]),
            Flaw::TakesAllocated(identity(&format!("s/{}", of.replace("was", "is")))),
        );
    };
    // A resize to 200 and one to 5 Mbps, a detachment, and a retirement.
    uses("grown", 201);
    uses("was", 6);
    uses("moved", 1);
    uses("over", 1);
    uses("found", 151);
}

#[test]
fn a_change_that_shows_other_shares_than_there_are() {
    let flaw = || Flaw::Misreported("allocated");
    elsewhere(|_, cloud, _| find(cloud, "cenbwp-grown").shares = shares([7]), flaw());
    elsewhere(|_, cloud, _| find(cloud, "cenbwp-found").shares = None, flaw());
    elsewhere(|_, cloud, _| find(cloud, "cenbwp-was").shares = None, flaw());
}
