//! Purchases, and what follows them.

use super::*;

const ORDER: &str = "{areas: [China, Europe], bandwidth: 10, autoPay: false}";

#[test]
fn a_purchase_is_created_once_the_listing_shows_what_the_yes_named() {
    check(BUY, "", &["yes cenbwp-1", "list: cenbwp-1 net/x 10"], "created, cenbwp-1, order 7 [changed]");
    // An empty listing does not settle it, nor one without tags, nor another package with the tag.
    let late = ["yes cenbwp-1", "list:", "list: cenbwp-1 - 10", "list: cenbwp-2 net/x 10", "may not send"];
    let ordered =
        "ordered, cenbwp-1, order 7, accepted as cenbwp-1, and the listing does not show it yet [changed]";
    check(BUY, "", &late, &format!("if cut: {ordered}"));
    check(BUY, "", &["yes cenbwp-1", "list:", "give up"], ordered);
    let unseen =
        "unknown, cenbwp-1, order 7, accepted as cenbwp-1, and the listing does not show it [changed]";
    check(BUY, "", &["yes cenbwp-1", "list:", "time is up"], unseen);
    let past = "the reply was for a package of the past: cenbwp-1 is not this package";
    for item in ["cenbwp-1 net/y 10", "cenbwp-1 net/x 10 areas=other", "cenbwp-1 ?? 10"] {
        let script = ["yes cenbwp-1", &format!("list: {item}")];
        check(BUY, "", &script, &format!("unknown, cenbwp-1, order 7, {past} [changed]"));
    }
}

#[test]
fn a_yes_is_looked_for_once_also_without_waiting() {
    let ordered =
        "ordered, cenbwp-1, order 7, accepted as cenbwp-1, and the listing does not show it yet [changed]";
    check_without_waiting(BUY, "", &["yes cenbwp-1", "list:"], ordered);
    check_without_waiting(
        BUY,
        "",
        &["yes cenbwp-1", "list: cenbwp-1 net/x 10"],
        "created, cenbwp-1, order 7 [changed]",
    );
    check_without_waiting(BUY, "", &["yes cenbwp-1", "list: unreadable"], ordered);
    check_without_waiting(
        BUY,
        "",
        &["yes cenbwp-1", "time is up"],
        &ordered.replace("ordered", "unknown").replace(" yet", ""),
    );
}

#[test]
fn an_order_that_is_left_unpaid_is_looked_for_once() {
    check(ORDER, "", &["yes cenbwp-1", "list:"], "unpaid_order, cenbwp-1, order 7 [changed]");
    check(
        ORDER,
        "",
        &["yes cenbwp-1", "list: cenbwp-1 net/x 10"],
        "unpaid_order, cenbwp-1, order 7 [changed]",
    );
    let past = "the reply was for a package of the past: cenbwp-1 is not this package";
    check(
        ORDER,
        "",
        &["yes cenbwp-1", "list: cenbwp-1 net/y 10"],
        &format!("unknown, cenbwp-1, order 7, {past} [changed]"),
    );
}

#[test]
fn what_a_listing_of_the_run_shows_is_not_bought() {
    // Throttled and waiting to be sent again, while another run's package appears.
    check(BUY, "", &["throttled", "list: cenbwp-9 net/x 10", "may not send"], "already_present, cenbwp-9");
    check(BUY, "", &["list: cenbwp-9 net/x 10", "may not send"], "already_present, cenbwp-9");
    check(
        BUY,
        "",
        &["list: unreadable", "may not send", "give up"],
        "not_attempted, not begun before the run ended",
    );
    check(
        BUY,
        "",
        &["list: cenbwp-9 ?? 10", "may not send"],
        "if cut: not_attempted, not begun before the run ended",
    );
    check(
        BUY,
        "",
        &["list: unreadable", "list:", "yes cenbwp-1"],
        &format!(
            "if cut: {}",
            "ordered, cenbwp-1, order 7, accepted as cenbwp-1, and the listing does not show it yet [changed]"
        ),
    );
    let both = "cenbwp-8 and cenbwp-9 both carry its tag";
    check(
        BUY,
        "",
        &["lost", "list: cenbwp-8 net/x 10; cenbwp-9 net/x 10"],
        &format!("unknown, {both} [changed]"),
    );
}

#[test]
fn a_lost_reply_is_in_doubt_until_a_listing_tells() {
    let lost = "Create has no usable reply: cut";
    check(BUY, "", &["lost", "may not send"], &format!("if cut: unknown, {lost} [changed]"));
    check(
        BUY,
        "",
        &["lost", "list: unreadable", "may not send"],
        &format!("if cut: unknown, {lost} [changed]"),
    );
    check(
        BUY,
        "",
        &["lost", "list: cenbwp-1 net/x 10"],
        "created, cenbwp-1, its reply was lost; it was recognised by its tag [changed]",
    );
    check(
        BUY,
        "",
        &["lost", "list: cenbwp-1 net/x 20"],
        "already_present, cenbwp-1, cenbwp-1 with 20 Mbps is there: another run ordered or resized it [changed]",
    );
    check(
        BUY,
        "",
        &["lost", "list:", "yes cenbwp-1", "list: cenbwp-1 net/x 10"],
        "created, cenbwp-1, order 7 [changed]",
    );
    check(
        BUY,
        "",
        &["yes cenbwp-1", "list: cenbwp-1 net/x 20"],
        "already_present, cenbwp-1, order 7, cenbwp-1 with 20 Mbps is there: another run ordered or resized it \
         [changed]",
    );
    check(
        BUY,
        "",
        &["list: cenbwp-1 net/x 20"],
        "already_present, cenbwp-1, cenbwp-1 with 20 Mbps is there: another run's order",
    );
    // The tries are used up: it is still looked for, and never sent.
    let watching = ["lost", "list:", "lost", "list:", "may not send", "time is up"];
    check(BUY, "", &watching, &format!("unknown, {lost} [changed]"));
    check(BUY, "", &["lost", "stop", "may not send", "give up"], &format!("unknown, {lost} [changed]"));
}

#[test]
fn a_lost_order_stays_in_doubt_beside_a_package_that_it_cannot_have_bought() {
    let other = |id| {
        format!(
            "unknown, its reply was lost, and {id}, which was not ordered with its token, has its tag by now: the order may \
             still take effect [changed]"
        )
    };
    // Adopted by another run meanwhile: it does not have the tag that an order writes.
    let adopted = "list: cenbwp-2 net/x 10 terms=none";
    check(BUY, "", &["lost", adopted, "may not send", "time is up"], &other("cenbwp-2"));
    check(BUY, "", &["lost", "list:", adopted, "may not send", "give up"], &other("cenbwp-2"));
    check(BUY, "", &["lost", "list:", "lost", adopted, "stop", "give up"], &other("cenbwp-2"));
    // Also once it has lost the identity again.
    check(BUY, "", &["lost", adopted, "list:", "may not send", "time is up"], &other("cenbwp-2"));
    check(BUY, "", &["lost", "list:", adopted, "list:", "may not send", "time is up"], &other("cenbwp-2"));
    // Moved by another run meanwhile: it was there before.
    let moved = ["lost", "list: cenbwp-3 net/x 10", "may not send", "give up"];
    check(BUY, "cenbwp-3 other/y 20 name=y", &moved, &other("cenbwp-3"));
    // The order is listed later, and the other package has another key by then.
    check(
        BUY,
        "",
        &["lost", adopted, "list: cenbwp-1 net/x 10"],
        "created, cenbwp-1, its reply was lost; it was recognised by its tag [changed]",
    );
    let both = "list: cenbwp-1 net/x 10; cenbwp-2 net/x 10 terms=none";
    let carry = "unknown, cenbwp-1 and cenbwp-2 both carry its tag [changed]";
    check(BUY, "", &["lost", adopted, both], carry);
    // Nothing of this run can be under way.
    check(BUY, "", &[adopted, "may not send"], "already_present, cenbwp-2");
    check(BUY, "", &["throttled", adopted, "may not send"], "already_present, cenbwp-2");
}

#[test]
fn a_refusal_ends_a_purchase_after_one_look() {
    let refused = "Create was refused: Code (HTTP 400); request id R";
    check(BUY, "", &["refused", "list:"], &format!("failed, {refused}"));
    check(BUY, "", &["refused", "list: cenbwp-1 net/x 10"], "already_present, cenbwp-1");
    check(BUY, "", &["account refused"], &format!("failed, {refused}"));
    check(BUY, "", &["throttled", "throttled"], &format!("failed, {refused}"));
    check(BUY, "", &["throttled", "stop"], &format!("failed, {refused}"));
    check(BUY, "", &["mismatch", "list:", "may not send", "time is up"], &format!("unknown, {refused}"));
    check(BUY, "", &["stop"], "not_attempted, stopped");
    check(BUY, "", &["withdraw", "stop"], "not_attempted, stopped");
}

#[test]
fn the_next_token_follows_the_services_word_and_a_look() {
    let plan = plan(BUY, "");
    let account = "1234567890123456".parse().expect("an account");
    let mut line = Line::new(&plan.changes[0], &account, &[], Patience { max_sends: 5, wait: true });
    let mut tokens = Vec::new();
    while let Some((write, sent)) = line.send() {
        let Write::Purchase(_, token) = write else { panic!("a purchase is bought") };
        assert_eq!(line.result().client_token.as_ref(), Some(&token), "the result names the token of now");
        tokens.push(token);
        line.answered(sent, &answer("failed token"));
        assert!(line.send().is_none(), "not before a look");
        line.looked(&Listing::of(&observed("")));
        assert_eq!(line.repetition(), (tokens.len() < 4).then_some(0));
    }
    assert_eq!(tokens.len(), 4);
    tokens.dedup();
    assert_eq!((tokens.len(), line.result().outcome), (4, Outcome::Failed));
}

#[test]
fn what_follows_a_purchase_begins_once_it_is_there_as_ordered() {
    let created = ["yes cenbwp-1", "list: cenbwp-1 net/x 10"];
    let play =
        |more: &[&str], expected: &str| check(BUY_FOR_A_CEN, "", &[&created[..], more].concat(), expected);
    play(&["yes", "list: cenbwp-1 net/x 10 cen=cen-1"], "created, cenbwp-1, order 7; cenId done [changed]");
    // A signal does not change what is proved about the purchase.
    play(&["yes"], "if cut: created, cenbwp-1, order 7; cenId done (accepted; not waited for) [changed]");
    play(
        &["lost"],
        "if cut: created, cenbwp-1, order 7; cenId unknown (Create has no usable reply: cut) [changed]",
    );
    play(&["stop"], "created, cenbwp-1, order 7; cenId not_attempted (stopped) [changed]");
    let refused = "Create was refused: Code (HTTP 400); request id R";
    let hint = "hint: correct what the message names, then plan again";
    play(
        &["refused", "list: cenbwp-1 net/x 10"],
        &format!("created, cenbwp-1, order 7; cenId failed ({refused}); {hint} [changed]"),
    );
    play(
        &["list: cenbwp-1 net/y 10"],
        "created, cenbwp-1, order 7; cenId not_attempted (the package belongs to net/y by now) [changed]",
    );
    check(
        BUY_FOR_A_CEN,
        "",
        &["yes cenbwp-1", "stop", "list: cenbwp-1 net/x 10"],
        "created, cenbwp-1, order 7; cenId not_attempted (stopped) [changed]",
    );
    // Another run's package is left for another plan.
    check(BUY_FOR_A_CEN, "", &["list: cenbwp-9 net/x 10"], "already_present, cenbwp-9");
}
