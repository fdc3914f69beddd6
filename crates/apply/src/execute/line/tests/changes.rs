//! Changes of packages that exist.

use super::*;

const GROW: &str = "{areas: [China, Europe], bandwidth: 20, autoPay: true, name: two}";
const SMALL: &str = "cenbwp-1 net/x 10";

#[test]
fn the_fields_of_a_package_are_changed_one_after_the_other() {
    check(
        GROW,
        SMALL,
        &["yes", "list: cenbwp-1 net/x 20", "yes", "list: cenbwp-1 net/x 20 name=two"],
        "updated, cenbwp-1; bandwidth done; name done [changed]",
    );
    // One field's failure does not hide the other.
    let refused = "Create was refused: Code (HTTP 400); request id R";
    let hint = "hint: correct what the message names, then plan again";
    check(
        GROW,
        SMALL,
        &["refused", "list: cenbwp-1 net/x 10", "yes", "list: cenbwp-1 net/x 10 name=two"],
        &format!("failed, cenbwp-1; bandwidth failed ({refused}); name done; {hint} [changed]"),
    );
    // A value that is there already is not sent.
    check(
        GROW,
        SMALL,
        &["list: cenbwp-1 net/x 20 name=two", "list: cenbwp-1 net/x 20 name=two"],
        "updated, cenbwp-1; bandwidth done; name done",
    );
    check(
        GROW,
        SMALL,
        &["yes", "list: cenbwp-1 net/x 20", "lost"],
        "if cut: unknown, cenbwp-1; bandwidth done; name unknown (Create has no usable reply: cut) [changed]",
    );
    check(
        GROW,
        SMALL,
        &["yes", "time is up"],
        "unknown, cenbwp-1; bandwidth unknown (accepted, and the listing does not show it); name not_attempted (not begun before the run ended) [changed]",
    );
    check_without_waiting(
        GROW,
        SMALL,
        &["yes", "yes"],
        "updated, cenbwp-1; bandwidth done (accepted; not waited for); name done (accepted; not waited for) [changed]",
    );
}

#[test]
fn a_value_that_the_service_calls_already_so_is_waited_for() {
    let one = "{areas: [China, Europe], bandwidth: 20, autoPay: true}";
    check(
        one,
        SMALL,
        &["already so", "list: cenbwp-1 net/x 10", "list: cenbwp-1 net/x 20"],
        "updated, cenbwp-1; bandwidth done",
    );
    let said = "Create was refused: Code (HTTP 400); request id R";
    check(
        one,
        SMALL,
        &["already so", "list: cenbwp-1 net/x 10", "time is up"],
        &format!(
            "failed, cenbwp-1; bandwidth failed ({said}); hint: the listing does not show it yet: plan again in a minute"
        ),
    );
}

#[test]
fn a_package_of_another_by_now_is_not_changed_on() {
    for (owner, why) in [
        ("net/y", "the package belongs to net/y by now"),
        ("-", "the package does not carry our tag any more"),
        ("??", "the package's tag cenbwp is \"??\" by now"),
    ] {
        let listing = format!("list: cenbwp-1 {owner} 10");
        check(
            GROW,
            SMALL,
            &[&listing, "may not send"],
            &format!("not_attempted, cenbwp-1; bandwidth not_attempted ({why}); name not_attempted ({why})"),
        );
        // A change that was accepted before is still looked for, and shown.
        let (there, shown) = (listing.replace(" 10", " 20"), format!("name not_attempted ({why})"));
        check(
            GROW,
            SMALL,
            &["yes", &listing, &there],
            &format!("not_attempted, cenbwp-1; bandwidth done; {shown} [changed]"),
        );
    }
    // A package that is gone gets no other change.
    check(
        GROW,
        SMALL,
        &["lost", "list:", "may not send"],
        "if cut: unknown, cenbwp-1; bandwidth unknown (Create has no usable reply: cut); name not_attempted (not begun before the run ended) [changed]",
    );
}

#[test]
fn nothing_follows_a_request_that_has_to_come_first() {
    let moves =
        "{areas: [China, Europe], bandwidth: 10, autoPay: true, cenId: cen-2, allowInterruption: true}";
    let there = "cenbwp-1 net/x 10 cen=cen-1";
    let refused = "Create was refused: Code (HTTP 400); request id R";
    let hint = "hint: correct what the message names, then plan again";
    check(
        moves,
        there,
        &["refused", "list: cenbwp-1 net/x 10 cen=cen-1"],
        &format!(
            "failed, cenbwp-1; detach failed ({refused}); cenId not_attempted (what has to come first was not done); {hint}"
        ),
    );
    let script = ["yes", "list: cenbwp-1 net/x 10", "yes", "list: cenbwp-1 net/x 10 cen=cen-2"];
    check(moves, there, &script, "updated, cenbwp-1; detach done; cenId done [changed]");
}

#[test]
fn an_adoption_a_release_and_a_retirement_end_in_their_own_words() {
    let adopt = "{areas: [China, Europe], bandwidth: 10, autoPay: true, adopt: cenbwp-1}";
    check(
        adopt,
        "cenbwp-1 - 10",
        &["yes", "list: cenbwp-1 net/x 10"],
        "adopted, cenbwp-1; tags done [changed]",
    );
    // A free package is about to become ours.
    check(
        adopt,
        "cenbwp-1 - 10",
        &["throttled", "list: cenbwp-1 - 10"],
        "if cut: failed, cenbwp-1; tags failed (Create was refused: Code (HTTP 400); request id R); hint: wait a minute and run the same command again",
    );
    check(
        adopt,
        "cenbwp-1 - 10",
        &["list: cenbwp-1 net/y 10"],
        "not_attempted, cenbwp-1; tags not_attempted (the package belongs to net/y by now)",
    );
    let release = "{areas: [China, Europe], bandwidth: 10, autoPay: true, manage: release}";
    check(release, SMALL, &["yes", "list: cenbwp-1 - 10"], "released, cenbwp-1; tags done [changed]");
    let retire = "{areas: [China, Europe], bandwidth: 10, autoPay: true, manage: retire}";
    check(
        retire,
        "cenbwp-1 net/x 10 cen=cen-1",
        &["yes", "list: cenbwp-1 net/x 10"],
        "retiring, cenbwp-1; detach done [changed]",
    );
}

#[test]
fn a_move_is_of_a_package_that_still_has_the_old_key() {
    let moves = "{areas: [China, Europe], bandwidth: 20, autoPay: true, movedFrom: old}";
    check(
        moves,
        "cenbwp-1 net/old 10",
        &["yes", "list: cenbwp-1 net/x 10", "yes", "list: cenbwp-1 net/x 20"],
        "moved, cenbwp-1; tags done; bandwidth done [changed]",
    );
    // Until the listing shows the new key, nothing else is changed.
    check(
        moves,
        "cenbwp-1 net/old 10",
        &["yes", "list: cenbwp-1 net/old 10", "may not send", "time is up"],
        "unknown, cenbwp-1; tags unknown (accepted, and the listing does not show it); bandwidth not_attempted (not begun before the run ended) [changed]",
    );
    // Another run moved it, took it or let it go in the meantime.
    for (owner, why) in [
        ("net/z", "the package belongs to net/z by now"),
        ("wan/x", "the package belongs to wan/x by now"),
        ("-", "the package does not carry our tag any more"),
    ] {
        let listed = format!("list: cenbwp-1 {owner} 10");
        check(
            moves,
            "cenbwp-1 net/old 10",
            &[&listed, "may not send"],
            &format!("not_attempted, cenbwp-1; tags not_attempted ({why}); bandwidth not_attempted ({why})"),
        );
    }
    // An adoption does not take a package that has got an owner, and an update none that has another key again.
    check(
        "{areas: [China, Europe], bandwidth: 10, autoPay: true, adopt: cenbwp-1}",
        "cenbwp-1 - 10",
        &["throttled", "list: cenbwp-1 net/old 10", "may not send"],
        "failed, cenbwp-1; tags failed (Create was refused: Code (HTTP 400); request id R); hint: wait a minute and run the same command again",
    );
    check(
        "{areas: [China, Europe], bandwidth: 20, autoPay: true}",
        "cenbwp-1 net/x 10",
        &["list: cenbwp-1 net/old 10", "may not send"],
        "not_attempted, cenbwp-1; bandwidth not_attempted (the package belongs to net/old by now)",
    );
}
