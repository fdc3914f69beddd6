//! Small worlds, exhaustively: one package, one or two executors, every fault at every step, every kill at
//! every wait, every signal at every moment. Each test run takes a sample.

use std::collections::BTreeSet;
use std::time::Duration;

use cenbwp_tests::{Semantics, TokenSemantics};

use crate::schedule::{
    Action, End, Kind, Mode, Moment, Part, Run, Schedule, Signal, Strike, Want, What, Wish,
};
use crate::{seeds, trial};

pub(crate) const FAULTS: [What; 17] = [
    What::NotSent,
    What::LostRequest,
    What::LostReply,
    What::Truncated,
    What::Late(30),
    What::Slow(30),
    What::Throttled(None),
    What::Throttled(Some(700)),
    What::ErrorBefore,
    What::ErrorAfter,
    What::Money,
    What::Forbidden,
    What::Blocking,
    What::SoldOut,
    What::Unlisted { status: 408, code: "RequestTimeout", done: true },
    What::Unlisted { status: 499, code: "SomethingNew", done: false },
    What::Unreadable(0),
];

/// A run of a commit with this entry for one package.
pub(crate) fn run(at: u64, want: Want) -> Run {
    let (wish, mode) = (Wish::from([('a', want)]), Mode::Direct { stall: 0 });
    Run {
        at,
        wish,
        part: Part::All,
        mode,
        end: End::Own,
        parallelism: 1,
        retries: 5,
        wait: Some(60),
        ahead: 0,
        pin: None,
        ends_credentials: None,
    }
}

fn buys(at: u64, mbps: u32) -> Run {
    run(at, Want::plain(mbps))
}

/// The same from a plan that was saved 20 ms before.
fn saved(at: u64, mbps: u32) -> Run {
    Run { mode: Mode::Saved { stall: 20, ahead: 0 }, ..buys(at, mbps) }
}

/// One executor; two of one commit, at once and one after the first steps of the other; two of different
/// commits.
fn casts() -> Vec<Vec<Run>> {
    vec![
        vec![buys(0, 10)],
        vec![buys(0, 10), buys(0, 10)],
        vec![buys(0, 10), buys(35, 10)],
        vec![buys(0, 10), buys(0, 20)],
        vec![buys(0, 10), buys(35, 20)],
        vec![saved(0, 10), saved(0, 10)],
        vec![saved(0, 10), buys(35, 20)],
    ]
}

/// Strict or replaying, with failed tokens forgotten or not, with packages and tags listed at once or late.
fn services() -> Vec<Semantics> {
    let mut all = Vec::new();
    for tokens in [TokenSemantics::Strict, TokenSemantics::Replay] {
        for failed_remembered in [false, true] {
            let plain = Semantics { tokens, failed_remembered, ..Semantics::default() };
            all.push(plain.clone());
            all.push(Semantics { visible_after_listings: 2, ..plain.clone() });
            all.push(Semantics { tags_after: Duration::from_secs(3), ..plain });
        }
    }
    all
}

fn schedule(runs: &[Run], service: &Semantics, faults: &[Strike]) -> Schedule {
    Schedule {
        delay: 20,
        service: service.clone(),
        runs: runs.to_vec(),
        faults: faults.to_vec(),
        ..Schedule::quiet(1)
    }
}

/// Judges all schedules; the first that fails is shrunk and printed.
fn check(schedules: &[Schedule]) {
    let at = |n: &u64| &schedules[usize::try_from(*n).unwrap()];
    let breaks = |n: &u64| !trial::judge(at(n), None).1.is_empty();
    if let Some(n) = seeds::in_parallel(0..schedules.len() as u64, breaks) {
        panic!("{}", seeds::report("a small world", at(&n)));
    }
}

/// Returns one in `stride` of the schedules. Each part that occurs in all of them occurs in the sample too:
/// every run with its end, every service, every fault at every call.
#[track_caller]
fn sample(every: &[Schedule], stride: usize) -> Vec<Schedule> {
    let sample: Vec<Schedule> = every.iter().step_by(stride).cloned().collect();
    assert_eq!(parts(&sample), parts(every), "a stride of {stride} leaves something out");
    sample
}

/// Lists the different parts of the schedules.
fn parts(schedules: &[Schedule]) -> BTreeSet<String> {
    let mut parts = BTreeSet::new();
    for Schedule { service, runs, faults, .. } in schedules {
        parts.insert(format!("{service:?}"));
        parts.extend(faults.iter().map(|fault| format!("{fault:?}")));
        parts.extend(runs.iter().map(|run| format!("{:?}", run.end)));
        let cast: Vec<_> = runs.iter().map(|run| (run.at, &run.wish, run.mode)).collect();
        parts.insert(format!("{cast:?}"));
    }
    parts
}

/// Every fault of the first calls of both operations.
fn strikes(calls: u64) -> Vec<Strike> {
    let mut all = Vec::new();
    for what in FAULTS {
        for call in 1..=calls {
            all.push(Strike { action: Action::Create, call, what });
            if !matches!(what, What::Money | What::Blocking | What::SoldOut | What::Slow(_)) {
                all.push(Strike { action: Action::Describe, call, what });
            }
        }
    }
    all
}

fn faults() -> Vec<Schedule> {
    let mut all = Vec::new();
    for runs in casts() {
        for service in services() {
            all.extend(strikes(4).iter().map(|strike| schedule(&runs, &service, &[*strike])));
        }
    }
    all
}

fn pairs_of_faults() -> Vec<Schedule> {
    let strikes = strikes(2);
    let services = [TokenSemantics::Strict, TokenSemantics::Replay].map(|tokens| Semantics {
        tokens,
        failed_remembered: true,
        visible_after_listings: 1,
        ..Semantics::default()
    });
    let mut all = Vec::new();
    for (n, one) in strikes.iter().enumerate() {
        for other in &strikes[n + 1..] {
            all.push(schedule(&[buys(0, 10)], &services[n % 2], &[*one, *other]));
            all.push(schedule(&[buys(0, 10), buys(0, 20)], &services[1 - n % 2], &[*one, *other]));
        }
    }
    all
}

fn kills() -> Vec<Schedule> {
    let mut all = Vec::new();
    for mut runs in casts() {
        for service in services() {
            for fault in [None, Some(What::LostReply), Some(What::ErrorBefore), Some(What::Slow(5))] {
                let faults: Vec<Strike> =
                    fault.map(|what| Strike { action: Action::Create, call: 1, what }).into_iter().collect();
                for polls in 0..24 {
                    runs[0].end = End::Crash(polls);
                    all.push(schedule(&runs, &service, &faults));
                }
            }
        }
    }
    all
}

/// Every moment of a signal: some times, and every turn of the process in which it does something.
fn moments() -> Vec<Moment> {
    let times = (0..160).step_by(10).map(Moment::At);
    let busy = (0..5).flat_map(|n| [Moment::Printing(n), Moment::Sending(n), Moment::Hearing(n)]);
    times.chain([Moment::Planning]).chain(busy).collect()
}

fn signals() -> Vec<Schedule> {
    let mut all = Vec::new();
    for mut runs in casts() {
        for service in services() {
            for (n, when) in moments().into_iter().enumerate() {
                for second in [None, Some(0), Some(15), Some(2000)] {
                    let kind = [Kind::Terminate, Kind::HangUp, Kind::Keys, Kind::Interrupt][n % 4];
                    runs[0].end = End::Signals(Signal { kind, when }, second);
                    let fault = Strike { action: Action::Create, call: 1, what: What::Late(1) };
                    all.push(schedule(&runs, &service, &[]));
                    all.push(schedule(&runs, &service, &[fault]));
                }
            }
        }
    }
    all
}

#[test]
fn faults_at_every_step_break_no_law() {
    check(&sample(&faults(), 37));
}

#[test]
fn pairs_of_faults_of_the_first_steps_break_no_law() {
    check(&sample(&pairs_of_faults(), 19));
}

#[test]
fn kills_at_every_wait_break_no_law() {
    check(&sample(&kills(), 41));
}

#[test]
fn signals_at_every_moment_break_no_law() {
    check(&sample(&signals(), 85));
}

/// `make simulate` runs them all.
#[test]
#[ignore = "takes a while; run by `make simulate`"]
fn no_fault_pair_of_faults_kill_or_signal_in_a_small_world_breaks_a_law() {
    for all in [faults(), pairs_of_faults(), kills(), signals()] {
        check(&all);
    }
}
