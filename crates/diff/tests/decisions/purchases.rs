//! The rows of packages that do not exist yet: each is bought, or held if there is doubt.

use cenbwp_diff::{Live, Observed, ReservationKind, Unreadable, plan};
use cenbwp_spec::{Charge, Desired, Generation, Manage, Mbps, Package};

use super::world::{id, live, observed, options, package, pair, reserved, spec};
use super::{check, check_listing, declared, in_words, own, ownerless};

#[test]
fn what_is_absent_is_bought_unless_there_is_doubt() {
    check(declared(|_| {}), [], "purchase");
    check(declared(|p| p.areas = pair("China", "australia")), [], "purchase, removed_area");
    check(declared(|p| p.areas = pair("Australia", "Australia")), [], "purchase, removed_area");
    check(declared(|p| p.charge = Charge::Postpay), [], "held postpay_absent");
    check(declared(|p| p.tags = [("k".to_owned(), Some(String::new()))].into()), [], "purchase, empty_tag");
    let incomplete = Observed { complete: false, ..observed([]) };
    check_listing(declared(|_| {}), &incomplete, "held incomplete_listing");
    let item = |id| Unreadable { id, reason: "no areas".to_owned() };
    let unreadable = |id| Observed { unreadable: vec![item(id)], ..observed([]) };
    check_listing(declared(|_| {}), &unreadable(None), "held unreadable");
    check_listing(declared(|_| {}), &unreadable(Some(id("cenbwp-2"))), "held unreadable");
    let other = || declared(|p| p.distinct_from = [id("CENBWP-2")].into());
    check_listing(other(), &unreadable(Some(id("cenbwp-2"))), "purchase");
    check_listing(other(), &unreadable(None), "held unreadable");
    // A package is not released or retired while the listing may hide another one of its identity.
    let leaving = |manage| declared(|p| p.manage = manage);
    check_listing(leaving(Manage::Release), &unreadable(None), "held unreadable");
    check_listing(leaving(Manage::Retire), &unreadable(None), "held unreadable");
    check_listing(leaving(Manage::Observe), &unreadable(None), "nothing_to_observe");
}

#[test]
fn a_purchase_of_a_pair_that_the_service_does_not_list_is_warned_of() {
    let listed = |pairs: &[(&str, &str)], packages: Vec<Live>| {
        let pairs = pairs.iter().map(|(a, b)| pair(a, b)).collect();
        Observed { pairs: Some(pairs), ..observed(packages) }
    };
    for (pairs, expected) in [
        (&[("europe", "CHINA")][..], "purchase"),
        (&[("China", "North-America"), ("China", "Europe")], "purchase"),
        (&[("China", "China"), ("Europe", "Europe")], "purchase, pair_not_listed"),
        (&[("Mars", "Europe")], "purchase, pair_not_listed"),
    ] {
        check_listing(declared(|_| {}), &listed(pairs, vec![]), expected);
    }
    let here = || own(|l| l.bandwidth = Mbps(50));
    check_listing(declared(|_| {}), &listed(&[("China", "China")], vec![here()]), "update bandwidth");
    check_listing(declared(|p| p.manage = Manage::Observe), &listed(&[], vec![]), "nothing_to_observe");

    let message = |pairs| {
        let plan = plan(&spec([package("s/a")]), &listed(pairs, vec![]), &options());
        plan.warnings[0].message()
    };
    let not_listed = "the service does not list China - Europe as sold, and may refuse the purchase; ";
    assert_eq!(
        message(&[("North-America", "China"), ("China", "China"), ("Europe", "Europe")]),
        format!("{not_listed}with China it lists China, North-America")
    );
    assert_eq!(message(&[("Europe", "Europe")]), format!("{not_listed}it lists no pair with China"));
}

#[test]
fn a_look_alike_holds_a_purchase() {
    check(declared(|_| {}), [ownerless(|_| {})], "purchase, 1 unmanaged");
    check(declared(|_| {}), [ownerless(|l| l.name = "s-a".to_owned())], "held look_alike");
    check(declared(|_| {}), [ownerless(|l| l.bandwidth = Mbps(100))], "held look_alike");
    let temporary = ownerless(|l| {
        l.bandwidth = Mbps(500);
        l.reservation = reserved(ReservationKind::TempUpgrade, Some(100));
    });
    check(declared(|_| {}), [temporary], "held look_alike");
    let known = declared(|p| p.distinct_from = [id("cenbwp-2")].into());
    check(known, [ownerless(|l| l.bandwidth = Mbps(100))], "purchase, 1 unmanaged");
    check(declared(|_| {}), [live("cenbwp-2", Some("t/a"))], "purchase, same_key, 1 of other stacks");
    let named = || Live { name: "s-a".to_owned(), ..live("cenbwp-2", Some("t/a")) };
    check(declared(|_| {}), [named()], "held look_alike");
    let beside = spec([package("s/a"), Package { manage: Manage::Observe, ..package("t/a") }]);
    assert_eq!(in_words(&plan(&beside, &observed([named()]), &options())), "purchase, in order");
    let same_stack = Live { name: "s-a".to_owned(), ..live("cenbwp-2", Some("s/b")) };
    check(declared(|_| {}), [same_stack], "held look_alike, undeclared");
    check(declared(|_| {}), [live("cenbwp-2", Some("s/A"))], "held unreadable");
    let adopted = spec([package("s/a"), Package { adopt: Some(id("cenbwp-2")), ..package("s/b") }]);
    let cloud = observed([ownerless(|l| l.bandwidth = Mbps(100))]);
    assert_eq!(in_words(&plan(&adopted, &cloud, &options())), "purchase, adopt");
}

#[test]
fn what_is_on_the_cen_already_holds_a_purchase_for_the_same_areas() {
    let attached = |cen: &str, owner| Live {
        bandwidth: Mbps(7),
        cens: vec![cen.parse().unwrap()],
        ..live("cenbwp-2", owner)
    };
    let on_cen = |cen: &str| declared(|p| p.cen = Desired::Present(cen.parse().unwrap()));
    check(on_cen("cen-1"), [attached("cen-1", None)], "held look_alike");
    check(on_cen("CEN-1"), [attached("cen-1", Some("t/a"))], "held look_alike");
    check(on_cen("cen-1"), [attached("cen-1", Some("s/old"))], "held look_alike, undeclared");
    check(on_cen("cen-2"), [attached("cen-1", None)], "purchase, 1 unmanaged");
    check(declared(|_| {}), [attached("cen-1", None)], "purchase, 1 unmanaged");
    let elsewhere = Live { areas: pair("China", "Australia"), ..attached("cen-1", None) };
    check(on_cen("cen-1"), [elsewhere], "purchase, 1 unmanaged");
    let known = Package { distinct_from: [id("cenbwp-2")].into(), ..on_cen("cen-1") };
    check(known, [attached("cen-1", None)], "purchase, cen_occupied, 1 unmanaged");
    let another = attached("cen-1", None);
    check(on_cen("cen-1"), [own(|_| {}), another], "update cenId, cen_occupied, 1 unmanaged");
    // A package that the spec declares is known to be another one, even if this run releases or retires it.
    let leaves = Package { manage: Manage::Retire, ..package("s/old") };
    let cloud = observed([attached("cen-1", Some("s/old"))]);
    assert_eq!(
        in_words(&plan(&spec([on_cen("cen-1"), leaves]), &cloud, &options())),
        "purchase, retire 1 leave"
    );
    let renewed = Package { generation: Generation::new(2).unwrap(), ..on_cen("cen-1") };
    check(renewed, [attached("cen-1", Some("s/a"))], "purchase, superseded, cen_occupied");
}

#[test]
fn a_renamed_key_buys_nothing_until_a_person_says_so() {
    let old = || live("cenbwp-2", Some("s/old"));
    check(declared(|_| {}), [old()], "held look_alike, undeclared");
    check(declared(|_| {}), [live("cenbwp-2", Some("s/old/2"))], "held look_alike, undeclared");
    let differs = |edit: fn(&mut Live)| {
        let mut live = old();
        edit(&mut live);
        live
    };
    check(declared(|_| {}), [differs(|l| l.bandwidth = Mbps(7))], "purchase, undeclared");
    check(declared(|_| {}), [differs(|l| l.areas = pair("China", "China"))], "purchase, undeclared");
    check(
        declared(|p| (p.name, p.bandwidth) = (Some("s-old".to_owned()), Mbps(5))),
        [old()],
        "held look_alike, undeclared",
    );
    let another = || declared(|p| p.distinct_from = [id("cenbwp-2")].into());
    check(another(), [old()], "purchase, undeclared");
    // A package of a declared identity is known to be another one, and so is an earlier generation of it.
    let beside =
        |generation| Package { generation: Generation::new(generation).unwrap(), ..package("s/old") };
    let words = |beside| in_words(&plan(&spec([package("s/a"), beside]), &observed([old()]), &options()));
    assert_eq!(words(beside(1)), "purchase, in order");
    assert_eq!(words(beside(2)), "purchase, purchase, superseded");
    // The key may have been renamed to another stack of the spec; a stack that the spec does not declare is others'.
    let elsewhere = spec([package("s/a"), package("t/b")]);
    let cloud = observed([live("cenbwp-2", Some("t/old")), live("cenbwp-3", Some("t/b"))]);
    assert_eq!(in_words(&plan(&elsewhere, &cloud, &options())), "held look_alike, in order, undeclared");
    check(declared(|_| {}), [live("cenbwp-2", Some("t/old"))], "purchase, 1 of other stacks");
}

#[test]
fn a_purchase_under_the_key_of_another_stack_is_warned_of_until_a_person_says_that_it_is_another_one() {
    let check_of = |entry, live: Live, expected| check(entry, [live], expected);
    let renamed = || live("cenbwp-2", Some("old/a"));
    let warned = "purchase, same_key, 1 of other stacks";
    check_of(declared(|_| {}), renamed(), warned);
    check_of(declared(|p| p.bandwidth = Mbps(9)), renamed(), warned);
    check_of(declared(|_| {}), live("cenbwp-2", Some("old/a/2")), warned);
    let silent = "purchase, 1 of other stacks";
    check_of(declared(|p| p.areas = pair("China", "China")), renamed(), silent);
    check_of(declared(|_| {}), live("cenbwp-2", Some("old/b")), silent);
    check_of(declared(|p| p.distinct_from = [id("cenbwp-2")].into()), renamed(), silent);
    let moves = declared(|p| p.moved_from = Some("old/a".parse().unwrap()));
    check_of(moves, renamed(), "move");
}
