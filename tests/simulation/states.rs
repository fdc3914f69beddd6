//! Every state of an account with one package, or none, with every kind of entry, and every fault at every
//! request of the run: each ends in sync, or held for a reason.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::account::{Found, Owner, Term, purchase_title};
use crate::schedule::{Action, Manage, Renews, Schedule, Strike, Want, What};
use crate::small::{FAULTS, run};
use crate::{seeds, trial};

const TERMS: [Term; 5] = [Term::Runs, Term::Postpaid, Term::Expired, Term::Locked, Term::Upgraded];

/// No package, or one: every owner, CEN and charge type, with the declared values or others.
fn states() -> Vec<Option<Found>> {
    let mut all = vec![None];
    for owner in [Owner::Ours(1), Owner::Key('d'), Owner::Nobody, Owner::Other] {
        for cen in [None, Some("cen-1"), Some("cen-2")] {
            for term in TERMS {
                let title = purchase_title('a');
                let found = Found {
                    name: 'a',
                    owner,
                    mbps: 10,
                    title,
                    text: "",
                    team: None,
                    cen,
                    used: 0,
                    term,
                    renews: 0,
                };
                all.push(Some(found));
                all.push(Some(Found { title: "two", text: "other", team: Some("old"), ..found }));
                if term == Term::Runs && cen.is_some() {
                    all.push(Some(Found { used: 10, ..found }));
                }
            }
        }
    }
    all
}

/// Every kind of entry.
fn entries(postpaid: bool) -> Vec<Want> {
    let plain = Want { postpaid, ..Want::plain(10) };
    let texts = Want { title: Some(purchase_title('a')), text: Some(""), team: Some(None), ..plain };
    let all = Want { mbps: 20, team: Some(Some("net")), group: Some("rg-2"), ..texts };
    let managed = |manage| Want { manage, ..all };
    vec![
        plain,
        texts,
        Want { mbps: 5, ..plain },
        Want { cen: Some(Some("cen-2")), ..all },
        Want { cen: Some(Some("cen-2")), consent: true, ..all },
        Want { cen: Some(None), consent: true, ..plain },
        Want { adopt: Some('a'), ..plain },
        Want { adopt: Some('a'), cen: Some(Some("cen-1")), consent: true, ..all },
        Want { moved: Some('d'), ..plain },
        Want { moved: Some('d'), mbps: 20, text: Some("said"), ..plain },
        Want { moved: Some('d'), cen: Some(Some("cen-1")), consent: true, ..all },
        Want { renews: Some(Renews::Every(3)), ..plain },
        Want { renews: Some(Renews::On), adopt: Some('a'), ..texts },
        managed(Manage::Observe),
        managed(Manage::Release),
        managed(Manage::Retire),
    ]
}

/// Every state with every entry. A charge type that differs from the package's is tried with one entry.
fn worlds() -> Vec<Schedule> {
    let mut all = Vec::new();
    for found in states() {
        let postpaid = found.is_some_and(|found| found.term == Term::Postpaid);
        let other = Want { postpaid: !postpaid, ..Want::plain(10) };
        for want in entries(postpaid).into_iter().chain([other]) {
            let mut quiet = Schedule::quiet(1);
            quiet.found.extend(found);
            quiet.runs = vec![run(0, want)];
            all.push(quiet);
        }
    }
    all
}

/// The same account and entry, once with each fault at each request of its run.
fn struck(calm: &Schedule) -> Vec<Schedule> {
    let (history, _) = trial::judge(calm, None);
    let mut all = Vec::new();
    for (action, calls) in history.calls(0) {
        for (call, what) in (1..=calls).flat_map(|call| FAULTS.map(|what| (call, what))) {
            let at_commit = matches!(what, What::Money | What::Blocking | What::SoldOut | What::Slow(_));
            let at_listing = matches!(what, What::Unreadable(_));
            let reads = matches!(action, Action::Describe | Action::Bills);
            let fits = if reads { !at_commit } else { !at_listing };
            if fits && action != Action::Caller {
                all.push(Schedule { faults: vec![Strike { action, call, what }], ..calm.clone() });
            }
        }
    }
    all
}

/// Judges the schedules, and counts the outcomes and exit codes of their runs.
fn check(schedules: &[Schedule]) -> BTreeMap<String, usize> {
    let seen = Mutex::new(BTreeMap::new());
    let at = |n: &u64| &schedules[usize::try_from(*n).unwrap()];
    let breaks = |n: &u64| {
        let (history, violations) = trial::judge(at(n), None);
        let mut seen = seen.lock().unwrap();
        for record in history.runs.iter().filter(|record| !record.quiet) {
            let code = format!("exit {}", record.said.code.unwrap_or(u8::MAX));
            let words = record.said.results.iter().map(|result| result.outcome.as_str().to_owned());
            words.chain([code]).for_each(|word| *seen.entry(word).or_default() += 1);
        }
        !violations.is_empty()
    };
    if let Some(n) = seeds::in_parallel(0..schedules.len() as u64, breaks) {
        panic!("{}", seeds::report("a small world", at(&n)));
    }
    seen.into_inner().unwrap()
}

/// One in [`STRIDE`] of the worlds: every state and every kind of entry.
fn sample() -> Vec<Schedule> {
    worlds().into_iter().step_by(STRIDE).collect()
}

/// Less than the number of entries, so that no state is left out, and no divisor of it, so that no entry is.
const STRIDE: usize = 4;

#[test]
fn states_are_left_for_what_is_declared_or_held() {
    check_calm(&sample());
}

#[track_caller]
fn check_calm(worlds: &[Schedule]) {
    let seen = check(worlds);
    for what in
        ["created", "updated", "adopted", "moved", "released", "retired", "retiring", "exit 0", "exit 4"]
    {
        assert!(seen.contains_key(what), "{what} never happens: {seen:?}");
    }
    // The service refuses a change, or a part of it, where the CEN already has such a package, or a temporary upgrade
    // runs.
    let codes: Vec<&String> = seen.keys().filter(|what| what.starts_with("exit")).collect();
    assert_eq!(codes, ["exit 0", "exit 1", "exit 4", "exit 6"], "{seen:?}");
}

/// Of each kind of fault in the states of the sample the first one, and then one in [`FAULT_STRIDE`].
#[test]
fn states_are_left_for_what_is_declared_under_faults() {
    let mut seen = BTreeMap::<String, usize>::new();
    let mut all: Vec<Schedule> = sample().iter().flat_map(struck).collect();
    all.retain(|schedule| {
        let kinds: Vec<_> = schedule.faults.iter().map(|fault| (fault.what, fault.action)).collect();
        let count = seen.entry(format!("{kinds:?}")).or_default();
        *count += 1;
        *count % FAULT_STRIDE == 1
    });
    check_struck(&all);
}

const FAULT_STRIDE: usize = 17;

#[track_caller]
fn check_struck(schedules: &[Schedule]) {
    let seen = check(schedules);
    for what in ["failed", "unknown", "exit 1", "exit 6", "exit 7"] {
        assert!(seen.contains_key(what), "{what} never happens: {seen:?}");
    }
}

#[test]
#[ignore = "takes a while; run by `make simulate`"]
fn every_state_is_left_for_what_is_declared_or_held() {
    check_calm(&worlds());
}

#[test]
#[ignore = "takes a while; run by `make simulate`"]
fn every_state_is_left_for_what_is_declared_under_every_fault_at_every_request() {
    check_struck(&worlds().iter().flat_map(struck).collect::<Vec<_>>());
}
