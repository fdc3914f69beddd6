//! Tests of lines, written as scripts: a spec entry and a listing, the answers and listings of the service,
//! and the result in words.

use cenbwp_diff::{BusinessStatus, LiveCharge, Observed, Options, Plan, Unreadable};
use cenbwp_spec::{Area, AreaPair, Mbps, Source};

use super::*;
use crate::cloud::{Code, Lost, Refusal, RefusalKind, Secrets, TokenFailed};

const BUY: &str = "{areas: [China, Europe], bandwidth: 10, autoPay: true}";
const BUY_FOR_A_CEN: &str = "{areas: [China, Europe], bandwidth: 10, autoPay: true, cenId: cen-1}";
const ORDER: &str = "{areas: [China, Europe], bandwidth: 10, autoPay: false}";

/// Plays a script against the change that one spec entry plans for a listing, and compares the result.
///
/// | line of a script | it means |
/// |---|---|
/// | `yes`, `yes ID`, `lost`, `throttled`, … | the request under way is sent, and this is the answer |
/// | `list: ITEM; ITEM` | a listing; an item is `ID OWNER MBPS` and then any of `cen=ID`, `name=TEXT`, `areas=other` |
/// | `stop`, `give up`, `time is up` | no other request is begun; the run ends; the run ends after it has waited |
/// | `withdraw` | the request under way is sent and does not leave after all |
/// | `may not send` | asserts that no request may be sent |
#[track_caller]
fn check(entry: &str, listed: &str, script: &[&str], expected: &str) {
    assert_eq!(play(entry, listed, script, true), expected, "{script:?}");
}

#[track_caller]
fn check_without_waiting(entry: &str, listed: &str, script: &[&str], expected: &str) {
    assert_eq!(play(entry, listed, script, false), expected, "{script:?}");
}

fn play(entry: &str, listed: &str, script: &[&str], wait: bool) -> String {
    let plan = plan(entry, listed);
    let account = "1234567890123456".parse().expect("an account");
    let [change] = &plan.changes[..] else { panic!("one change, not {:?} {:?}", plan.changes, plan.held) };
    let mut line = Line::new(change, &account, Patience { max_sends: 2, wait });
    for &step in script {
        match step {
            "stop" => line.stop("stopped"),
            "give up" => line.give_up(false),
            "time is up" => line.give_up(true),
            "may not send" => assert!(line.send().is_none(), "{script:?}"),
            "withdraw" => {
                let (_, sent) = line.send().expect("it may be sent");
                line.withdraw(sent);
            }
            _ => match step.strip_prefix("list:") {
                Some(items) => line.looked(&Listing::of(&observed(items))),
                None => {
                    let (_, sent) =
                        line.send().unwrap_or_else(|| panic!("{step} answers no request: {script:?}"));
                    line.answered(sent, &answer(step));
                }
            },
        }
    }
    let cut = line.if_cut();
    let need = line.need();
    assert!(need != Need::Nothing || cut == *line.result(), "a result is the same however the run ends");
    let result = if need == Need::Nothing { line.result().clone() } else { cut };
    format!("{}{}", if need == Need::Nothing { "" } else { "if cut: " }, on_one_line(&result))
}

fn plan(entry: &str, listed: &str) -> Plan {
    let text = format!("version: 1\nstack: net\npackages:\n  x: {entry}\n");
    let source = Source { name: "spec.yaml".to_owned(), bytes: text.into_bytes() };
    let parsed = cenbwp_spec::parse(&[source]);
    let spec = parsed.spec.unwrap_or_else(|| panic!("{:?}", parsed.findings));
    let options = Options {
        now: jiff::Timestamp::UNIX_EPOCH,
        targets: None,
        skip_held: false,
        expiring_within: jiff::SignedDuration::ZERO,
        max_purchases: None,
        max_new_mbps: None,
    };
    cenbwp_diff::plan(&spec, &observed(listed), &options)
}

fn observed(items: &str) -> Observed {
    let items = || items.split(';').map(str::trim).filter(|item| !item.is_empty());
    let unreadable = items().filter(|item| *item == "unreadable");
    let unreadable = unreadable.map(|_| Unreadable { id: None, reason: "torn".to_owned() }).collect();
    let packages = items().filter(|item| *item != "unreadable").map(live).collect();
    Observed { packages, unreadable, complete: true }
}

fn live(item: &str) -> Live {
    let mut words = item.split_whitespace();
    let (id, owner, mbps) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let (mut name, mut cens, mut other) = ("net-x", Vec::new(), "europe");
    for word in words {
        match word.split_once('=').expect("KEY=VALUE") {
            ("cen", cen) => cens.push(cen.parse().unwrap()),
            ("name", text) => name = text,
            ("areas", _) => other = "north-america",
            (key, _) => panic!("{key} is not known"),
        }
    }
    let tags: Vec<(String, String)> = Some(owner)
        .filter(|owner| *owner != "-")
        .map(|it| ("cenbwp".to_owned(), it.to_owned()))
        .into_iter()
        .collect();
    Live {
        id: id.parse().unwrap(),
        name: name.to_owned(),
        description: String::new(),
        areas: AreaPair::new(Area::new("china"), Area::new(other)),
        bandwidth: Mbps(mbps.parse().unwrap()),
        charge: LiveCharge::Prepay,
        cens,
        resource_group: None,
        tags: tags.into_iter().collect(),
        business: BusinessStatus::Normal,
        expires: None,
        reservation: None,
    }
}

fn answer(name: &str) -> Answer<Yes> {
    let kind = match name.split_once(' ') {
        Some(("yes", id)) => {
            let (id, order_id) = (Some(id.parse().unwrap()), Some("7".to_owned()));
            return Answer::Yes(Yes { id, order_id, request_id: "R".to_owned() });
        }
        _ if name == "yes" => {
            return Answer::Yes(Yes { id: None, order_id: None, request_id: "R".to_owned() });
        }
        _ if name == "lost" => {
            let (action, reason, retry_after) = ("Create", "cut".to_owned(), Some(Duration::from_secs(3)));
            return Answer::Unknown(Lost {
                action,
                reason,
                code: None,
                request_id: None,
                status: None,
                retry_after,
            });
        }
        _ => match name {
            "throttled" => RefusalKind::Throttled,
            "failed token" => RefusalKind::TokenFailed(TokenFailed::for_tests()),
            "mismatch" => RefusalKind::TokenMismatch,
            "already so" => RefusalKind::AlreadySo,
            "refused" => RefusalKind::Final,
            "account refused" => RefusalKind::AccountWide,
            other => panic!("{other} is no answer"),
        },
    };
    let (action, code, message) = ("Create", Code::new("Code", &Secrets::default()), String::new());
    let (request_id, retry_after) = (Some("R".to_owned()), Some(Duration::from_secs(2)));
    Answer::No(Refusal { kind, action, code, message, request_id, status: Some(400), retry_after })
}

/// Writes a result on one line: outcome, id, order, whether something may have changed, detail, fields.
fn on_one_line(result: &ChangeResult) -> String {
    let mut text = result.outcome.as_str().to_owned();
    let id = result.id.as_ref().map(ToString::to_string);
    let order = result.order_id.as_ref().map(|order| format!("order {order}"));
    for part in [id, order, result.detail.clone()].into_iter().flatten() {
        text.push_str(&format!(", {part}"));
    }
    for FieldResult { field, outcome, detail } in &result.fields {
        text.push_str(&format!("; {field} {}", outcome.as_str()));
        if let Some(detail) = detail {
            text.push_str(&format!(" ({detail})"));
        }
    }
    text.push_str(if result.may_have_changed { " [changed]" } else { "" });
    text
}

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
        "already_present, cenbwp-1, cenbwp-1 with 20 Mbps is there: another run's order [changed]",
    );
    check(
        BUY,
        "",
        &["lost", "list:", "yes cenbwp-1", "list: cenbwp-1 net/x 10"],
        "created, cenbwp-1, order 7 [changed]",
    );
    // The tries are used up: it is still looked for, and never sent.
    let watching = ["lost", "list:", "lost", "list:", "may not send", "time is up"];
    check(BUY, "", &watching, &format!("unknown, {lost} [changed]"));
    check(BUY, "", &["lost", "stop", "may not send", "give up"], &format!("unknown, {lost} [changed]"));
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
    let mut line = Line::new(&plan.changes[0], &account, Patience { max_sends: 5, wait: true });
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
    let refused =
        "Create was refused: Code (HTTP 400); request id R; correct what the message names, then plan again";
    play(
        &["refused", "list: cenbwp-1 net/x 10"],
        &format!("created, cenbwp-1, order 7; cenId failed ({refused}) [changed]"),
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
    let refused =
        "Create was refused: Code (HTTP 400); request id R; correct what the message names, then plan again";
    check(
        GROW,
        SMALL,
        &["refused", "list: cenbwp-1 net/x 10", "yes", "list: cenbwp-1 net/x 10 name=two"],
        &format!("failed, cenbwp-1; bandwidth failed ({refused}); name done [changed]"),
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
    let said = "Create was refused: Code (HTTP 400); request id R; the listing does not show it yet: plan again in a minute";
    check(
        one,
        SMALL,
        &["already so", "list: cenbwp-1 net/x 10", "time is up"],
        &format!("failed, cenbwp-1; bandwidth failed ({said})"),
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
    let refused =
        "Create was refused: Code (HTTP 400); request id R; correct what the message names, then plan again";
    check(
        moves,
        there,
        &["refused", "list: cenbwp-1 net/x 10 cen=cen-1"],
        &format!(
            "failed, cenbwp-1; detach failed ({refused}); cenId not_attempted (what has to come first was not done)"
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
        "if cut: failed, cenbwp-1; tags failed (Create was refused: Code (HTTP 400); request id R; wait a minute and run the same command again)",
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
fn a_line_says_what_it_needs_waits_for_and_how_long() {
    let (plan, account) = (plan(BUY, ""), "1234567890123456".parse().expect("an account"));
    let mut line = Line::new(&plan.changes[0], &account, Patience { max_sends: 3, wait: true });
    let state = |line: &Line<'_>| {
        (line.need(), line.repetition(), line.retry_after().map(|it| it.as_secs()), line.settled())
    };
    assert_eq!(
        (state(&line), line.awaits()),
        ((Need::Send, None, None, 0), "waiting for its turn".to_owned())
    );
    let (_, sent) = line.send().unwrap();
    assert_eq!(line.awaits(), "waiting for an answer, or for the listing to tell");
    line.answered(sent, &answer("throttled"));
    assert_eq!(
        (state(&line), line.awaits()),
        ((Need::Send, Some(0), Some(2), 0), "waiting to be sent again".to_owned())
    );
    let (_, sent) = line.send().unwrap();
    line.answered(sent, &answer("throttled"));
    assert_eq!(state(&line), (Need::Send, Some(1), Some(2), 0));
    let (_, sent) = line.send().unwrap();
    line.answered(sent, &answer("lost"));
    assert_eq!(state(&line), (Need::Look, None, Some(3), 0));
    line.looked(&Listing::of(&observed("cenbwp-1 net/x 10")));
    assert_eq!((state(&line).0, state(&line).3, line.awaits()), (Need::Nothing, 1, "done".to_owned()));
    assert_eq!(line.cen(), None);
}

#[test]
fn requests_that_touch_a_cen_say_so_while_they_are_under_way() {
    let plan = plan(BUY_FOR_A_CEN, "");
    let account = "1234567890123456".parse().expect("an account");
    let mut line = Line::new(&plan.changes[0], &account, Patience { max_sends: 3, wait: true });
    assert_eq!(line.cen(), None);
    let (_, sent) = line.send().unwrap();
    line.answered(sent, &answer("yes cenbwp-1"));
    assert_eq!(line.awaits(), "waiting for the listing to show it");
    line.looked(&Listing::of(&observed("cenbwp-1 net/x 10")));
    assert_eq!((line.cen().map(ToString::to_string), line.repetition()), (Some("cen-1".to_owned()), None));
    let (_, sent) = line.send().unwrap();
    line.answered(sent, &answer("yes"));
    assert_eq!(line.awaits(), "waiting for the listing to show cenId");
}
