//! The renewal: compared in months, where it is declared and known.

use cenbwp_diff::{
    Change, Delta, FieldChange, Flaw, LiveCharge, LiveRenewal, Product, audit, plan, renewals_wanted,
};
use cenbwp_spec::{DeclaredRenewal, Desired, Field, Manage, Renewal};

use super::world::{id, identity, live, observed, options, renews, spec, time};
use super::{check, declared, own};

const OFF: Renewal = Renewal::Off;
const MONTH: Renewal = Renewal::Months(1);

#[test]
fn a_declared_renewal_is_compared_in_months_and_an_undeclared_duration_is_not() {
    let on = |months| Some(DeclaredRenewal::On(months));
    let off = Some(DeclaredRenewal::Off);
    for (renewal, live, expected) in [
        (None, OFF, "in order"),
        (None, MONTH, "in order"),
        (off, OFF, "in order"),
        (off, MONTH, "update autoRenew"),
        (on(None), OFF, "update autoRenew"),
        (on(None), MONTH, "in order"),
        (on(None), Renewal::Months(7), "in order"),
        (on(Some(1)), MONTH, "in order"),
        (on(Some(12)), Renewal::Months(12), "in order"),
        (on(Some(12)), MONTH, "update autoRenew"),
        (on(Some(24)), MONTH, "update autoRenew"),
        // A purchase can name any number of months, a change of an existing package cannot.
        (on(Some(4)), Renewal::Months(4), "in order"),
        (on(Some(4)), MONTH, "in order, renewal_unknown"),
        (on(Some(4)), OFF, "in order, renewal_unknown"),
    ] {
        check(declared(|p| p.renewal = renewal), [own(|l| l.renewal = renews(live))], expected);
    }
}

#[test]
fn what_is_not_known_is_never_off_and_never_changed() {
    let unknown = || own(|l| l.renewal = LiveRenewal::Unknown("not listed".to_owned()));
    for renewal in [DeclaredRenewal::Off, DeclaredRenewal::On(None), DeclaredRenewal::On(Some(2))] {
        check(declared(|p| p.renewal = Some(renewal)), [unknown()], "in order, renewal_unknown");
        check(declared(|p| p.renewal = Some(renewal)), [own(|_| {})], "in order");
    }
    check(declared(|_| {}), [unknown()], "in order");
    let observes = declared(|p| (p.renewal, p.manage) = (Some(DeclaredRenewal::Off), Manage::Observe));
    check(observes.clone(), [unknown()], "in order, renewal_unknown");
    check(observes, [own(|l| l.renewal = renews(MONTH))], "in order, ignored");
}

#[test]
fn the_renewal_rides_along_with_other_changes_and_comes_last() {
    let wanted = declared(|p| {
        (p.renewal, p.cen) = (Some(DeclaredRenewal::On(None)), Desired::Present("cen-1".parse().unwrap()));
        p.description = Some("x".to_owned());
    });
    let off = own(|l| l.renewal = renews(OFF));
    check(wanted.clone(), [off.clone()], "update description+cenId+autoRenew");
    let mut ignores = wanted.clone();
    ignores.ignore.insert(Field::AutoRenew);
    check(ignores, [off.clone()], "update description+cenId, ignored");
    let mut free = live("cenbwp-2", None);
    free.renewal = renews(OFF);
    let mut adopts = declared(|p| p.renewal = Some(DeclaredRenewal::On(None)));
    adopts.adopt = Some(id("cenbwp-2"));
    check(adopts, [free], "adopt autoRenew");
    let mut old = live("cenbwp-3", Some("s/old"));
    old.renewal = renews(OFF);
    let mut moves = declared(|p| p.renewal = Some(DeclaredRenewal::On(None)));
    moves.moved_from = Some("s/old".parse().unwrap());
    check(moves, [old], "move autoRenew");
    let mut ended = off;
    ended.expires = Some(time("2025-12-31T00:00:00Z"));
    check(wanted, [ended], "held not_normal, expired");
}

#[test]
fn a_purchase_says_itself_whether_it_renews() {
    let spec = spec([declared(|p| p.renewal = Some(DeclaredRenewal::On(Some(2))))]);
    let plan = plan(&spec, &observed([]), &options());
    let [Change::Purchase(purchase)] = &plan.changes[..] else { panic!("{plan:?}") };
    let is_renewal = |field: &FieldChange| matches!(field, FieldChange::AutoRenew { .. });
    assert!(!purchase.follow_ups.iter().any(is_renewal));
}

#[test]
fn only_live_packages_whose_entry_declares_renewal_or_retires_them_are_asked_for() {
    let with = |address: &str, edit: fn(&mut cenbwp_spec::Package)| {
        let mut package = super::world::package(address);
        package.renewal = Some(DeclaredRenewal::Off);
        edit(&mut package);
        package
    };
    let spec = spec([
        with("s/own", |_| {}),
        with("s/silent", |p| p.renewal = None),
        with("s/adopts", |p| p.adopt = Some(id("cenbwp-free"))),
        with("s/is", |p| p.moved_from = Some("s/was".parse().unwrap())),
        with("s/ends", |p| (p.renewal, p.manage) = (None, Manage::Retire)),
        with("s/let-go", |p| p.manage = Manage::Release),
        with("s/watched", |p| p.manage = Manage::Observe),
        with("s/paid", |_| {}),
        with("s/absent", |_| {}),
    ]);
    let mut postpaid = live("cenbwp-paid", Some("s/paid"));
    postpaid.charge = LiveCharge::Postpay;
    let packages = ["own", "silent", "was", "ends", "let-go", "watched", "other"]
        .map(|key| live(&format!("cenbwp-{key}"), Some(&format!("s/{key}"))));
    let others = [live("cenbwp-free", None), live("cenbwp-stray", None), postpaid];
    let observed = observed(packages.into_iter().chain(others));
    let wanted = renewals_wanted(&spec, &observed, None);
    let wanted: Vec<&str> = wanted.iter().map(|id| id.as_str()).collect();
    assert_eq!(wanted, ["cenbwp-ends", "cenbwp-free", "cenbwp-own", "cenbwp-was", "cenbwp-watched"]);
    let targets = ["s/own".parse().unwrap()].into();
    assert_eq!(renewals_wanted(&spec, &observed, Some(&targets)), [id("cenbwp-own")]);
    // What was asked about is not asked about again.
    let mut asked = observed;
    asked.set_renewals([(id("cenbwp-own"), LiveRenewal::Unknown("no".to_owned()))].into());
    assert!(renewals_wanted(&spec, &asked, Some(&targets)).is_empty());
}

#[test]
fn a_retired_package_that_renews_itself_is_warned_of_and_nothing_switches_it_off() {
    let retires = || declared(|p| (p.renewal, p.manage) = (Some(DeclaredRenewal::Off), Manage::Retire));
    let idle = |renewal: LiveRenewal| own(|l| l.renewal = renewal);
    let attached =
        |renewal: LiveRenewal| own(|l| (l.renewal, l.cens) = (renewal, vec!["cen-1".parse().unwrap()]));
    let unknown = || LiveRenewal::Unknown("not listed".to_owned());
    for (renewal, warning) in [
        (LiveRenewal::NotAsked, ""),
        (renews(OFF), ""),
        (renews(MONTH), ", still_renews"),
        (unknown(), ", renewal_unknown"),
    ] {
        check(retires(), [idle(renewal.clone())], &format!("in order, retiring{warning}"));
        check(retires(), [attached(renewal)], &format!("retire 1 leave{warning}"));
    }
    let ended = own(|l| (l.renewal, l.expires) = (renews(MONTH), Some(options().now)));
    check(retires(), [ended], "retire 0 delete");
}

#[test]
fn a_retirement_that_hides_a_renewal_is_a_flaw() {
    let declared = declared(|p| p.manage = Manage::Retire);
    let live = own(|l| (l.renewal, l.cens) = (renews(MONTH), vec!["cen-1".parse().unwrap()]));
    let (spec, cloud) = (spec([declared]), observed([live]));
    let mut planned = plan(&spec, &cloud, &options());
    let [Change::Retire(retirement)] = &mut planned.changes[..] else { panic!("{planned:?}") };
    retirement.renewal = Some(OFF);
    assert_eq!(audit(&planned, &spec, &cloud, &options()), [Flaw::Misreported("renewal")]);
}

/// The audit finds a change of the renewal that is not declared, or not from what the service showed.
#[test]
fn a_renewal_that_is_not_declared_or_not_shown_is_a_flaw() {
    let on = |months| Some(DeclaredRenewal::On(months));
    let world = |renewal, live: LiveRenewal| {
        let declared = declared(|p| (p.renewal, p.name) = (renewal, Some("new".to_owned())));
        (spec([declared]), observed([own(|l| l.renewal = live)]))
    };
    let (spec, cloud) = world(on(Some(2)), renews(OFF));
    let planned = plan(&spec, &cloud, &options());
    let unrequested = Flaw::UnrequestedChange(identity("s/a"), Field::AutoRenew);
    for (renewal, live) in [
        (None, renews(OFF)),
        (Some(DeclaredRenewal::Off), renews(OFF)),
        (on(None), renews(OFF)),
        (on(Some(3)), renews(OFF)),
        (on(Some(2)), renews(Renewal::Months(2))),
        (on(Some(2)), renews(MONTH)),
        (on(Some(2)), LiveRenewal::Unknown("not listed".to_owned())),
        (on(Some(2)), LiveRenewal::NotAsked),
    ] {
        let (spec, cloud) = world(renewal, live.clone());
        let flaws = audit(&planned, &spec, &cloud, &options());
        assert!(flaws.contains(&unrequested), "{renewal:?} {live:?}: {flaws:?}");
    }
    let spoil = |spoil: &dyn Fn(&mut Vec<FieldChange>)| {
        let mut plan = planned.clone();
        let [Change::Update(update)] = &mut plan.changes[..] else { panic!("{plan:?}") };
        spoil(&mut update.fields);
        audit(&plan, &spec, &cloud, &options())
    };
    let missed = Flaw::MissedChange(identity("s/a"), Field::AutoRenew);
    assert!(spoil(&|fields| fields.truncate(1)).contains(&missed));
    let product = Product { code: "cbn".to_owned(), kind: "other".to_owned() };
    let value = Delta { from: OFF, to: Renewal::Months(2) };
    let other = FieldChange::AutoRenew { value, product };
    assert!(spoil(&|fields| fields[1] = other.clone()).contains(&unrequested), "another product");
}
