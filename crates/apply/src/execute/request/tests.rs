//! Tests every state with every answer and every listing against a second copy of the tables, and checks laws
//! over every short sequence of them.

use super::*;
use crate::cloud::{Code, Lost, Refusal, RefusalKind};

const MOST: u32 = 3;

const CAUSES: [Cause; 6] =
    [Cause::Lost, Cause::Token, Cause::Hidden, Cause::TokenFailed, Cause::AlreadySo, Cause::Refused];

const ANSWERS: [&str; 9] = [
    "yes",
    "lost",
    "not processed",
    "token in use",
    "token failed",
    "token used otherwise",
    "already so",
    "refused",
    "account refused",
];

const SHOWN: [&str; 6] = ["shown", "not shown", "gone", "hidden", "taken", "contradicted"];

fn answer(name: &str) -> Answer<()> {
    let kind = match name {
        "yes" => return Answer::Yes(()),
        "lost" => {
            let (reason, action) = ("cut".to_owned(), "Create");
            return Answer::Unknown(Lost {
                action,
                reason,
                code: None,
                request_id: None,
                status: None,
                retry_after: None,
            });
        }
        "not processed" => RefusalKind::Throttled,
        "token in use" => RefusalKind::TokenBusy,
        "token failed" => RefusalKind::TokenFailed(TokenFailed::for_tests()),
        "token used otherwise" => RefusalKind::TokenMismatch,
        "already so" => RefusalKind::AlreadySo,
        "refused" => RefusalKind::Final,
        "account refused" => RefusalKind::AccountWide,
        other => panic!("{other} is no answer"),
    };
    let (action, code, message) = ("Create", Code::default(), String::new());
    Answer::No(Refusal { kind, action, code, message, request_id: None, status: None, retry_after: None })
}

fn shown(name: &str) -> Shown<'static> {
    match name {
        "shown" => Shown::Yes(None),
        "not shown" => Shown::No,
        "gone" => Shown::Gone,
        "hidden" => Shown::Hidden,
        "taken" => Shown::Taken(String::new()),
        "contradicted" => Shown::Contradicted(String::new()),
        other => panic!("{other} shows nothing"),
    }
}

fn tries(n: u32) -> Tries {
    Tries { of_token: n, all: n }
}

/// Returns a state in the words of the tables.
fn named(state: State) -> String {
    match state {
        State::Clean(_) => "clean".to_owned(),
        State::Doubt(_, cause) => format!("doubt {}", of_cause(cause)),
        State::Cleared(_, cause) => format!("cleared {}", of_cause(cause)),
        State::Accepted => "accepted".to_owned(),
        State::Watching(_, cause) => format!("watching {}", of_cause(cause)),
        State::Done(End::Shown(by)) => format!("done by {by:?}").to_lowercase(),
        State::Done(End::Unknown(cause)) => format!("unknown {}", of_cause(cause)),
        State::Done(End::Accepted) => "done accepted".to_owned(),
        State::Done(End::Failed) => "failed".to_owned(),
        State::Done(End::NotAttempted) => "not attempted".to_owned(),
        State::Done(End::Unseen) => "unseen".to_owned(),
    }
}

fn of_cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Lost => "lost",
        Cause::Token => "token",
        Cause::Hidden => "hidden",
        Cause::TokenFailed => "token failed",
        Cause::AlreadySo => "already so",
        Cause::Refused => "refused",
    }
}

/// Returns the state after an answer, in the words of the tables.
fn after(from: State, name: &str) -> String {
    let (sent, doubt) = from.send().expect("only what may be sent is answered");
    assert_eq!(named(doubt), "doubt lost", "what leaves is in doubt");
    match sent.answered(&answer(name), MOST) {
        After::State(state) => named(state),
        After::NextToken(_, state) => format!("next token, {}", named(state)),
    }
}

#[test]
fn every_answer_leads_where_the_table_says() {
    // From clean and from cleared, each with tries left and with the last one used up.
    let table = [
        ("yes", ["accepted"; 4]),
        ("lost", ["doubt lost", "watching lost", "doubt lost", "watching lost"]),
        ("not processed", ["clean", "failed", "doubt lost", "watching lost"]),
        ("token in use", ["doubt token", "watching token", "doubt lost", "watching lost"]),
        ("token failed", ["next token, doubt token failed"; 4]),
        ("token used otherwise", ["watching token", "watching token", "watching lost", "watching lost"]),
        ("already so", ["watching already so", "watching already so", "watching lost", "watching lost"]),
        ("refused", ["watching refused", "watching refused", "watching lost", "watching lost"]),
        ("account refused", ["failed", "failed", "watching lost", "watching lost"]),
    ];
    assert_eq!(table.map(|(name, _)| name), ANSWERS);
    for (name, expected) in table {
        let cleared = |n| State::Cleared(tries(n), Cause::Lost);
        let froms = [State::Clean(tries(0)), State::Clean(tries(MOST - 1)), cleared(0), cleared(MOST - 1)];
        assert_eq!(froms.map(|from| after(from, name)), expected, "{name}");
    }
}

#[test]
fn a_doubt_keeps_its_cause_through_refusals() {
    for cause in CAUSES {
        for name in ["not processed", "token in use"] {
            let word = of_cause(cause);
            assert_eq!(after(State::Cleared(tries(0), cause), name), format!("doubt {word}"));
            assert_eq!(after(State::Cleared(tries(MOST - 1), cause), name), format!("watching {word}"));
        }
        for name in ["token used otherwise", "already so", "refused", "account refused"] {
            assert_eq!(after(State::Cleared(tries(0), cause), name), format!("watching {}", of_cause(cause)));
        }
        // A reply that is lost now counts more than any earlier doubt.
        assert_eq!(after(State::Cleared(tries(0), cause), "lost"), "doubt lost");
    }
}

#[test]
fn every_listing_leads_where_the_table_says() {
    let check = |from: State, expected: [&str; 6]| {
        let found = SHOWN.map(|name| named(from.looked(&shown(name))));
        assert_eq!(found, expected, "{}", named(from));
    };
    check(
        State::Clean(tries(0)),
        ["done by other", "clean", "clean", "doubt hidden", "not attempted", "not attempted"],
    );
    check(State::Clean(tries(1)), ["done by other", "clean", "clean", "doubt hidden", "failed", "failed"]);
    for (cause, by, taken, contradicted) in [
        (Cause::Lost, "done by lost", "watching lost", "unknown lost"),
        (Cause::Token, "done by other", "watching token", "unknown token"),
        (Cause::Hidden, "done by other", "failed", "failed"),
        (Cause::TokenFailed, "done by other", "failed", "failed"),
        (Cause::AlreadySo, "done by other", "failed", "failed"),
        (Cause::Refused, "done by other", "failed", "failed"),
    ] {
        let word = of_cause(cause);
        let (doubt, cleared) = (format!("doubt {word}"), format!("cleared {word}"));
        // No request of ours can have taken effect: if the listing does not show it, it may be sent as if for
        // the first time.
        let clean = matches!(cause, Cause::Hidden | Cause::TokenFailed);
        let not_shown = if clean { "clean" } else { &cleared };
        check(State::Doubt(tries(1), cause), [by, not_shown, &doubt, &doubt, taken, contradicted]);
        check(State::Cleared(tries(1), cause), [by, &cleared, &doubt, &doubt, taken, contradicted]);
        let watching = format!("watching {word}");
        let one_look = if cause == Cause::Refused { "failed" } else { &watching };
        check(State::Watching(tries(1), cause), [by, one_look, one_look, &watching, &watching, contradicted]);
    }
    check(State::Accepted, ["done by yes", "accepted", "accepted", "accepted", "accepted", "unseen"]);
    for end in ends() {
        assert!(SHOWN.iter().all(|name| State::Done(end).looked(&shown(name)) == State::Done(end)));
    }
}

fn ends() -> Vec<End> {
    let by = [By::Yes, By::Lost, By::Other].map(End::Shown);
    let plain = [End::Accepted, End::Failed, End::NotAttempted, End::Unseen];
    by.into_iter().chain(plain).chain(CAUSES.map(End::Unknown)).collect()
}

#[test]
fn an_item_that_hides_a_package_for_ever_was_never_bought() {
    let hidden = State::NEW.looked(&Shown::Hidden);
    assert_eq!(named(hidden.give_up(true)), "not attempted");
    let once = State::Clean(tries(1)).looked(&Shown::Hidden);
    assert_eq!(named(once.give_up(true)), "failed");
}

#[test]
fn time_that_is_up_ends_everything_with_what_is_proved() {
    let check = |from: State, stopped: &str, cut: &str, waited: &str| {
        assert_eq!(named(from.stop()), stopped, "{}", named(from));
        assert_eq!(named(from.give_up(false)), cut, "{}", named(from));
        assert_eq!(named(from.give_up(true)), waited, "{}", named(from));
    };
    check(State::Clean(tries(0)), "not attempted", "not attempted", "not attempted");
    check(State::Clean(tries(1)), "failed", "failed", "failed");
    check(State::Accepted, "accepted", "done accepted", "unseen");
    for cause in [Cause::Lost, Cause::Token] {
        let (watching, end) =
            (format!("watching {}", of_cause(cause)), format!("unknown {}", of_cause(cause)));
        let states = [State::Doubt, State::Cleared, State::Watching];
        states.iter().for_each(|state| check(state(tries(1), cause), &watching, &end, &end));
    }
    for cause in [Cause::Hidden, Cause::TokenFailed, Cause::AlreadySo, Cause::Refused] {
        for state in [State::Doubt, State::Cleared] {
            check(state(tries(1), cause), "failed", "failed", "failed");
        }
        let watching = format!("watching {}", of_cause(cause));
        check(State::Watching(tries(1), cause), &watching, "failed", "failed");
    }
    ends().into_iter().for_each(|end| {
        let same = named(State::Done(end));
        check(State::Done(end), &same, &same, &same);
    });
}

#[test]
fn what_never_left_is_as_it_was() {
    for from in [State::NEW, State::Clean(tries(2)), State::Cleared(tries(2), Cause::Token)] {
        let (sent, _) = from.send().unwrap();
        assert_eq!(sent.withdrawn(), from);
    }
    let closed =
        [State::Doubt(tries(1), Cause::Lost), State::Accepted, State::Watching(tries(1), Cause::Lost)];
    assert!(closed.iter().all(|state| state.send().is_none()));
    assert!(ends().into_iter().all(|end| State::Done(end).send().is_none()));
}

#[test]
fn an_end_says_whether_this_run_may_have_changed_something() {
    let may = |end: &End| end.may_have_changed();
    let changed: Vec<String> = ends().into_iter().filter(may).map(|end| named(State::Done(end))).collect();
    assert_eq!(changed, ["done by yes", "done by lost", "done accepted", "unseen", "unknown lost"]);
}

/// The event of one step.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Answered(&'static str),
    Looked(&'static str),
}

/// Visits every sequence of up to this many steps, with every answer and every listing.
fn sequences(
    length: usize,
    state: State,
    past: &mut Vec<Happens>,
    judge: &mut impl FnMut(State, &[Happens]),
) {
    judge(state, past);
    if length == 0 || matches!(state, State::Done(_)) {
        return;
    }
    for name in SHOWN {
        past.push(Happens::Looked(name));
        sequences(length - 1, state.looked(&shown(name)), past, judge);
        past.pop();
    }
    if let Some((sent, _)) = state.send() {
        for name in ANSWERS {
            past.push(Happens::Answered(name));
            let after = match sent.answered(&answer(name), MOST) {
                After::State(state) | After::NextToken(_, state) => state,
            };
            sequences(length - 1, after, past, judge);
            past.pop();
        }
    }
}

#[test]
fn whatever_happens_nothing_in_doubt_is_sent_and_nothing_carried_out_is_told_as_failed() {
    let mut count = 0;
    sequences(5, State::NEW, &mut Vec::new(), &mut |state, past| {
        count += 1;
        let last = |test: &dyn Fn(&Happens) -> bool| past.iter().rposition(test);
        // When the service says that the token's request failed, the doubt about all that was sent with it
        // ends.
        let cleared_by_word = last(&|it| matches!(it, Happens::Answered("token failed")));
        let lost =
            last(&|it| matches!(it, Happens::Answered("lost"))).filter(|lost| Some(*lost) > cleared_by_word);
        let looked = last(&|it| matches!(it, Happens::Looked("not shown")));
        if state.send().is_some() {
            assert!(lost.is_none() || looked > lost, "{past:?} may be sent");
            assert!(last(&|it| matches!(it, Happens::Answered("yes"))).is_none(), "{past:?} may be sent");
            assert!(!matches!(past.last(), Some(Happens::Looked("hidden"))), "{past:?} may be sent");
        }
        let yes = last(&|it| matches!(it, Happens::Answered("yes")));
        if let State::Done(end) = state.give_up(true) {
            let denies = matches!(end, End::Failed | End::NotAttempted | End::Shown(By::Other));
            assert!(!denies || (yes.is_none() && lost.is_none()), "{past:?} ends as {end:?}");
            let sent = past.iter().any(|it| matches!(it, Happens::Answered(_)));
            assert!(!sent || end != End::NotAttempted, "{past:?} ends as {end:?}");
            assert_eq!(
                end.may_have_changed() && !matches!(end, End::Unknown(Cause::Token)),
                yes.is_some() || lost.is_some(),
                "{past:?} ends as {end:?}"
            );
        } else {
            panic!("{past:?} has no end");
        }
        if matches!(past.last(), Some(Happens::Looked("shown"))) {
            assert!(matches!(state, State::Done(End::Shown(_))), "{past:?}");
        }
    });
    assert!(count > 10_000, "{count} sequences");
}
