//! Every reason for which a package is held, and the line that its hint names.

use cenbwp_tests::{Cen, Effect, Fault, Package, When};
use serde_json::Value;

use super::{APPLY, allowed, altered, lab, last_line, live, nothing_bought, one, write_below};
use crate::support::{DESCRIBE, Lab};

/// Checks that `net/x` is held for this reason, and returns the hint.
#[track_caller]
pub(super) fn held(lab: &Lab, reason: &str) -> String {
    let ran = lab.run(&format!("{APPLY} --json"));
    assert_eq!(ran.code, 4, "{}{}", ran.stdout, ran.stderr);
    nothing_bought(lab);
    let events = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("an event"));
    let held: Vec<Value> = events.filter(|event| event["type"] == "held").collect();
    let [held] = &held[..] else { panic!("one held package, not {held:?}") };
    assert_eq!((&held["address"], &held["reason"]), (&"net/x".into(), &reason.into()));
    held["hint"].as_str().expect("a hint").to_owned()
}

/// Checks that `net/x` is held, and that this is bought after the hint's line is written into its
/// declaration.
#[track_caller]
pub(super) fn held_until_written(lab: &Lab, reason: &str, line: &str, bought: &[&str]) {
    assert_eq!(last_line(&held(lab, reason)), line);
    write_below(lab, "x:", line);
    allowed(lab, APPLY, bought);
}

#[test]
pub(super) fn look_alike_is_another_one_or_is_adopted() {
    let twin = || lab(&one(""), [live("cenbwp-twin", None)]);
    held_until_written(&twin(), "look_alike", "distinctFrom: [cenbwp-twin]", &["net/x"]);
    let lab = twin();
    assert!(held(&lab, "look_alike").contains("`adopt: cenbwp-twin`"));
    write_below(&lab, "x:", "adopt: cenbwp-twin");
    let ran = lab.run("plan");
    assert!(ran.stdout.contains("~ net/x   adopts cenbwp-twin"), "{}", ran.stdout);
}

#[test]
fn look_alike_that_cannot_be_adopted_is_not_offered_for_it() {
    let owned = altered(live("cenbwp-theirs", Some("other/p")), |it| it.name = "net-x".to_owned());
    let elsewhere = altered(live("cenbwp-far", None), |it| {
        (it.name, it.area_b) = ("net-x".to_owned(), "china".to_owned());
    });
    let locked = altered(live("cenbwp-locked", None), |it| it.business_status = "FinancialLocked".to_owned());
    for package in [owned, elsewhere, locked] {
        let line = format!("distinctFrom: [{}]", package.id);
        let lab = lab(&one(""), [package]);
        assert!(!held(&lab, "look_alike").contains("adopt"));
        held_until_written(&lab, "look_alike", &line, &["net/x"]);
    }
}

#[test]
fn more_look_alikes_than_one_hint_names_are_gathered_by_the_next() {
    let ids: Vec<String> = (10..35).map(|n| format!("cenbwp-twin{n}")).collect();
    let lab = lab(&one(""), ids.iter().map(|id| live(id, None)));
    let first = last_line(&held(&lab, "look_alike"));
    assert_eq!(first, format!("distinctFrom: [{}]", ids[..20].join(", ")));
    write_below(&lab, "x:", &first);
    held_until_written(&lab, "look_alike", &format!("distinctFrom: [{}]", ids.join(", ")), &["net/x"]);
}

#[test]
fn key_that_was_renamed_and_resized_on_its_cen_buys_nothing() {
    let old = altered(live("cenbwp-old", Some("net/old")), |it| {
        (it.bandwidth, it.cen_ids) = (50, vec!["cen-1".to_owned()]);
    });
    let lab = lab(&one("    cenId: cen-1\n"), [old]);
    package_is_moved(&lab);
}

#[test]
pub(super) fn generation_that_is_raised_on_its_cen_is_attached_once_the_older_one_is_not() {
    let first = altered(live("cenbwp-first", Some("net/x")), |it| it.cen_ids = vec!["cen-1".to_owned()]);
    let lab = lab(&one("    cenId: cen-1\n    generation: 2\n"), [first]);
    lab.emulator.edit(|world| world.cens.push(Cen::new("cen-1")));
    let ran = lab.run(APPLY);
    assert_eq!(ran.code, 6, "{}{}", ran.stdout, ran.stderr);
    let warned = "cen_occupied: cen-1 has cenbwp-first for the same areas";
    assert!(ran.stdout.contains(warned), "{}", ran.stdout);
    assert!(lab.run("plan").stdout.contains(warned), "it is still so");
    lab.emulator.edit(|world| {
        let first = world.packages.iter_mut().filter(|it| it.id == "cenbwp-first");
        first.for_each(|it| it.cen_ids.clear());
    });
    allowed(&lab, APPLY, &["net/x/2"]);
    let packages = lab.emulator.packages().into_iter();
    let attached: Vec<_> = packages.filter(|it| !it.cen_ids.is_empty()).collect();
    assert_eq!((attached.len(), attached[0].tag("cenbwp")), (1, Some("net/x/2")));
}

#[test]
fn renamed_key_moves_its_package_or_is_another_package() {
    let renamed = || lab(&one(""), [live("cenbwp-old", Some("net/old"))]);
    held_until_written(&renamed(), "look_alike", "distinctFrom: [cenbwp-old]", &["net/x"]);
    package_is_moved(&renamed());
}

/// Checks that the hint is the line that moves the package, and that nothing is bought with it.
#[track_caller]
fn package_is_moved(lab: &Lab) {
    let hint = held(lab, "look_alike");
    assert!(hint.contains("write `movedFrom: old` if that was its key"), "{hint}");
    write_below(lab, "x:", "movedFrom: old");
    allowed(lab, APPLY, &[]);
    assert_eq!(lab.emulator.packages()[0].tag("cenbwp"), Some("net/x"));
}

#[test]
fn key_of_another_stack_of_the_spec_is_recognised() {
    let other = "---\nversion: 1\nstack: old\npackages: {}\n";
    let lab = lab(&(one("") + other), [live("cenbwp-old", Some("old/y"))]);
    assert!(held(&lab, "look_alike").contains("`movedFrom: old/y`"));
    write_below(&lab, "x:", "movedFrom: old/y");
    allowed(&lab, APPLY, &[]);
}

#[test]
pub(super) fn renamed_stack_is_recognised_by_its_key() {
    let lab = |name: &str| {
        lab(&one(name), [altered(live("cenbwp-old", Some("old/x")), |it| it.name = "link".to_owned())])
    };
    // With the same name it is held, and without one it is warned of: the same line moves it.
    let same_name = lab("    name: link\n");
    assert!(held(&same_name, "look_alike").contains("write `movedFrom: old/x` if that was its key"));
    let no_name = lab("");
    let plan = no_name.run("plan");
    let warned = "same_key: old/x (cenbwp-old) has the same key and areas; if its stack was renamed, write `movedFrom: old/x`";
    let words: Vec<_> = plan.stdout.split_whitespace().collect();
    assert!(words.join(" ").contains(warned), "{}", plan.stdout);
    for lab in [same_name, no_name] {
        write_below(&lab, "x:", "movedFrom: old/x");
        allowed(&lab, APPLY, &[]);
        assert_eq!(lab.emulator.packages()[0].tag("cenbwp"), Some("net/x"));
    }
}

#[test]
fn key_that_is_renamed_while_adopt_is_written_is_moved_as_the_hint_says() {
    let lab = lab(&one("    adopt: cenbwp-old\n"), [live("cenbwp-old", Some("net/old"))]);
    let hint = held(&lab, "cannot_adopt");
    assert!(hint.contains("write `movedFrom: old` in place of `adopt` if net/old was its key"), "{hint}");
    lab.file("cenbwp.yaml", &one("    movedFrom: old\n"));
    allowed(&lab, APPLY, &[]);
    assert_eq!(lab.emulator.packages()[0].tag("cenbwp"), Some("net/x"));
}

/// Nothing is bought while a purchase under the old key may still appear; without the line it is.
#[test]
pub(super) fn package_that_cannot_be_moved_is_bought_once_the_line_is_gone() {
    let lab = lab(&one("    movedFrom: old\n"), []);
    assert!(held(&lab, "cannot_move").contains("remove the line `movedFrom`"));
    lab.file("cenbwp.yaml", &one(""));
    allowed(&lab, APPLY, &["net/x"]);
}

#[test]
fn package_of_the_old_key_is_moved_once_it_is_as_the_hint_says() {
    let old = |owner| lab(&one("    movedFrom: old\n"), [live("cenbwp-old", Some(owner))]);
    // Another generation.
    let lab = old("net/old/3");
    let line = last_line(&held(&lab, "cannot_move"));
    assert_eq!(line, "generation: 3");
    write_below(&lab, "x:", &line);
    allowed(&lab, APPLY, &[]);
    // Two packages carry the old key: the tag is left on one of them.
    let lab = old("net/old");
    lab.emulator.edit(|world| world.packages.push(live("cenbwp-copy", Some("net/old"))));
    assert_eq!(last_line(&held(&lab, "cannot_move")), "cenbwp=net/old");
    lab.emulator.edit(|world| world.packages[1].tags.clear());
    allowed(&lab, APPLY, &[]);
    // Both keys have a package: without the line, the old one stays as it is.
    let lab = old("net/old");
    lab.emulator.edit(|world| world.packages.push(live("cenbwp-new", Some("net/x"))));
    assert!(held(&lab, "cannot_move").contains("remove the line `movedFrom`"));
    lab.file("cenbwp.yaml", &one(""));
    allowed(&lab, APPLY, &[]);
    // Other areas, or expired: another one is bought when the hint's line stands in the place of the old one.
    let far = |it: &mut Package| it.area_b = "china".to_owned();
    let ended = |it: &mut Package| it.expires = "2020-01-01T00:00:00Z".parse().expect("a time");
    for spoil in [far, ended] {
        let lab = old("net/old");
        lab.emulator.edit(|world| spoil(&mut world.packages[0]));
        assert!(held(&lab, "cannot_move").contains("`distinctFrom: [cenbwp-old]` in place of `movedFrom`"));
        lab.file("cenbwp.yaml", &one("    distinctFrom: [cenbwp-old]\n"));
        allowed(&lab, APPLY, &["net/x"]);
    }
}

/// It is given up in two steps: the first takes it over.
#[test]
fn package_that_is_given_up_before_it_was_taken_over_is_taken_over_first() {
    for (line, manage, kind, owner) in [
        ("movedFrom: old", "retire", "cannot_move", Some("net/old")),
        ("movedFrom: old", "release", "cannot_move", Some("net/old")),
        ("adopt: cenbwp-1", "retire", "cannot_adopt", None),
    ] {
        let spec = |manage| one(&format!("    {line}\n    manage: {manage}\n"));
        let lab = lab(&spec(manage), [live("cenbwp-1", owner)]);
        let hint = held(&lab, kind);
        assert!(hint.contains("`manage: full` and apply"), "{hint}");
        assert!(hint.contains(&format!("`manage: {manage}` again")), "{hint}");
        lab.file("cenbwp.yaml", &spec("full"));
        allowed(&lab, APPLY, &[]);
        assert_eq!(lab.emulator.packages()[0].tag("cenbwp"), Some("net/x"));
        lab.file("cenbwp.yaml", &spec(manage));
        allowed(&lab, APPLY, &[]);
        assert_eq!(lab.emulator.packages()[0].tag("cenbwp").is_some(), manage == "retire");
    }
}

#[test]
fn package_that_is_removed_from_the_spec_is_reported_and_left_alone() {
    let spec = one("").replace("  x:", "  y:").replace("bandwidth: 7", "bandwidth: 9");
    let lab = lab(&spec, [live("cenbwp-1", Some("net/x")), live("cenbwp-2", Some("net/y"))]);
    lab.emulator.edit(|world| world.packages[1].bandwidth = 9);
    let before = lab.emulator.packages();
    let ran = lab.run(APPLY);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("net/x   cenbwp-1"), "{}", ran.stdout);
    nothing_bought(&lab);
    assert_eq!(format!("{before:?}"), format!("{:?}", lab.emulator.packages()));
}

#[test]
pub(super) fn package_that_cannot_be_adopted_is_bought_once_the_line_is_gone() {
    let expired = live("cenbwp-gone", None);
    let lab = lab(&one("    adopt: cenbwp-gone\n"), []);
    let line = last_line(&held(&lab, "cannot_adopt"));
    lab.emulator.edit(|world| {
        let id = expired.id.clone();
        world.packages.push(expired);
        world.expire(&id, "2020-01-01T00:00:00Z".parse().expect("a time"));
    });
    assert_eq!(last_line(&held(&lab, "cannot_adopt")), line);
    lab.file("cenbwp.yaml", &lab.read("cenbwp.yaml").replace(&line, ""));
    held_until_written(&lab, "look_alike", "distinctFrom: [cenbwp-gone]", &["net/x"]);
}

#[test]
pub(super) fn identity_on_two_packages_is_ambiguous() {
    let lab = lab(&one(""), [live("cenbwp-1", Some("net/x")), live("cenbwp-2", Some("net/x"))]);
    let tag = last_line(&held(&lab, "ambiguous"));
    lab.emulator.edit(|world| {
        let tags = &mut world.packages[1].tags;
        tags.retain(|other| format!("{}={}", other.key, other.value) != tag);
        assert!(tags.is_empty());
    });
    allowed(&lab, APPLY, &[]);
}

#[test]
pub(super) fn change_of_an_expired_or_locked_package_is_held() {
    let locked =
        altered(live("cenbwp-1", Some("net/x")), |it| it.business_status = "SecurityLocked".to_owned());
    let lab = lab(&one("    name: new\n"), [locked]);
    held_until_written(&lab, "not_normal", "generation: 2", &["net/x/2"]);
}

#[test]
pub(super) fn change_of_what_is_fixed_at_purchase_is_held() {
    let elsewhere = altered(live("cenbwp-1", Some("net/x")), |it| it.area_b = "china".to_owned());
    held_until_written(&lab(&one(""), [elsewhere]), "immutable", "generation: 2", &["net/x/2"]);
}

#[test]
fn misspelt_area_is_corrected_and_nothing_is_bought_for_it() {
    let misspelt = one("").replace("Europe", "Eruope");
    let owned = lab(&misspelt, [live("cenbwp-1", Some("net/x"))]);
    held_until_written(&owned, "immutable", "areas: [China, Europe]", &[]);
    let adopted = lab(&format!("{misspelt}    adopt: cenbwp-1\n"), [live("cenbwp-1", None)]);
    held_until_written(&adopted, "cannot_adopt", "areas: [China, Europe]", &[]);
}

#[test]
pub(super) fn lowered_generation_is_held() {
    let lab = lab(&one("    generation: 2\n"), [live("cenbwp-3", Some("net/x/3"))]);
    held_until_written(&lab, "lowered_generation", "generation: 3", &[]);
}

#[test]
pub(super) fn postpaid_package_that_is_not_there_is_held() {
    let lab = lab(&one("    chargeType: POSTPAY\n").replace("    autoPay: true\n", ""), []);
    let hint = held(&lab, "postpay_absent");
    assert!(hint.ends_with("or buy it with `autoPay: true` and `chargeType: PREPAY`"), "{hint}");
    write_below(&lab, "x:", "chargeType: PREPAY");
    write_below(&lab, "x:", "autoPay: true");
    allowed(&lab, APPLY, &["net/x"]);
}

#[test]
pub(super) fn package_on_several_cens_is_held_when_its_cen_is_declared() {
    let attached = altered(live("cenbwp-1", Some("net/x")), |it| {
        it.cen_ids = vec!["cen-1".to_owned(), "cen-2".to_owned()];
    });
    let lab = lab(&one("    cenId: cen-1\n"), [attached]);
    lab.emulator.edit(|world| world.cens.extend(["cen-1", "cen-2"].map(Cen::new)));
    held_until_written(&lab, "several_cens", "ignore: [cenId]", &[]);
}

#[test]
pub(super) fn item_that_cannot_be_read_holds_every_purchase() {
    let mut odd = Package::new("cenbwp-odd", ["europe", "europe"], 3);
    odd.overrides.insert("Bandwidth".to_owned(), Value::from("many"));
    let unclear = Package::new("cenbwp-odd", ["europe", "europe"], 3).tagged("cenbwp", "Net/X");
    for package in [odd, unclear] {
        let lab = lab(&one(""), [package]);
        held_until_written(&lab, "unreadable", "distinctFrom: [cenbwp-odd]", &["net/x"]);
    }
}

#[test]
fn item_without_an_id_holds_every_purchase_until_it_can_be_read() {
    let lab = lab(&one(""), [Package::new("cenbwp-odd", ["europe", "europe"], 3)]);
    let describe = DESCRIBE;
    lab.emulator.fault(Fault::new(describe, When::EVERY, Effect::Unreadable(0)));
    assert!(held(&lab, "unreadable").ends_with("correct them, and plan again"));
    lab.emulator.clear_faults();
    allowed(&lab, APPLY, &["net/x"]);
}
