//! Tests of lines, written as scripts: a spec entry and a listing, the answers and listings of the service,
//! and the result in words.

mod changes;
mod purchases;

use cenbwp_diff::{BusinessStatus, LiveCharge, LiveRenewal, Observed, Options, Plan, Unreadable};
use cenbwp_spec::{Area, AreaPair, Mbps, Source};

use super::*;
use crate::cloud::{Code, Lost, Refusal, RefusalKind, Secrets, TokenFailed};

const BUY: &str = "{areas: [China, Europe], bandwidth: 10, autoPay: true}";
const BUY_FOR_A_CEN: &str = "{areas: [China, Europe], bandwidth: 10, autoPay: true, cenId: cen-1}";

/// Plays a script against the change that one spec entry plans for a listing, and compares the result.
///
/// | line of a script | it means |
/// |---|---|
/// | `yes`, `yes ID`, `lost`, `throttled`, … | the request under way is sent, and this is the answer |
/// | `list: ITEM; ITEM` | a listing; an item is `ID OWNER MBPS` and then any of `cen=ID`, `name=TEXT`, `areas=other`, `terms=none` |
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
    let before = observed(listed).packages;
    let mut line = Line::new(change, &account, &before, Patience { max_sends: 2, wait });
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

/// The planner makes no such change; a saved plan may hold one.
#[test]
fn a_change_without_a_request_needs_nothing() {
    let mut plan = plan(BUY, "cenbwp-1 net/x 5");
    let [Change::Update(update)] = &mut plan.changes[..] else { panic!("{:?}", plan.changes) };
    update.fields.clear();
    let account = "1234567890123456".parse().expect("an account");
    let mut line = Line::new(&plan.changes[0], &account, &[], Patience { max_sends: 2, wait: true });
    assert_eq!(line.need(), Need::Nothing);
    assert!(line.send().is_none());
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
    Observed { packages, unreadable, complete: true, pairs: None, prices: None }
}

fn live(item: &str) -> Live {
    let mut words = item.split_whitespace();
    let (id, owner, mbps) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let (mut name, mut cens, mut other, mut was_bought) = ("net-x", Vec::new(), "europe", true);
    for word in words {
        match word.split_once('=').expect("KEY=VALUE") {
            ("cen", cen) => cens.push(cen.parse().unwrap()),
            ("name", text) => name = text,
            ("areas", _) => other = "north-america",
            ("terms", _) => was_bought = false,
            (key, _) => panic!("{key} is not known"),
        }
    }
    let mut tags = vec![("cenbwp".to_owned(), owner.to_owned())];
    if was_bought {
        tags.push(("cenbwp-terms".to_owned(), "PREPAY 1 Month".to_owned()));
    }
    if owner == "-" {
        tags.clear();
    }
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
        shares: Some(Vec::new()),
        renewal: LiveRenewal::NotAsked,
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

/// Writes a result on one line: outcome, id, order, whether something may have changed, detail, fields and
/// the hint about them.
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
    let hint = result.hint.as_ref().filter(|_| !result.fields.is_empty());
    text.extend(hint.map(|hint| format!("; hint: {hint}")));
    text.push_str(if result.may_have_changed { " [changed]" } else { "" });
    text
}

#[test]
fn a_line_says_what_it_needs_waits_for_and_how_long() {
    let (plan, account) = (plan(BUY, ""), "1234567890123456".parse().expect("an account"));
    let mut line = Line::new(&plan.changes[0], &account, &[], Patience { max_sends: 3, wait: true });
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
    let mut line = Line::new(&plan.changes[0], &account, &[], Patience { max_sends: 3, wait: true });
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
