//! Schedules by seed: four hundred in every test run, and any number with `make simulate`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::dimensions::{self, DIMENSIONS, MORE, RENEWALS};
use crate::history::History;
use crate::oracle::Violation;
use crate::schedule::Schedule;
use crate::shrink::shrink;
use crate::trial;

/// The seeds of every test run. The stride has no divisor in common with the sixteen kinds of schedules, so that each
/// kind takes part.
fn sample() -> Vec<u64> {
    (0..USUAL).step_by(STRIDE).collect()
}

const STRIDE: usize = 5;

/// The number of seeds in which everything has to occur [`OFTEN`]; `make simulate` goes through them all.
const USUAL: u64 = 2000;

/// The least number of times that everything occurs in the usual seeds; in the sample, a fifth of them, a
/// fifth of it.
const OFTEN: u64 = 15;

#[test]
fn four_hundred_schedules_break_no_law_and_leave_nothing_out() {
    check_whole(&sample(), OFTEN / STRIDE as u64);
}

#[test]
#[ignore = "takes a while; run by `make simulate`"]
fn two_thousand_schedules_break_no_law_and_leave_nothing_out() {
    check_whole(&(0..USUAL).collect::<Vec<_>>(), OFTEN);
}

/// Judges the schedules of these seeds. Everything occurs in them `least` times: a simulation in which something never
/// happens proves nothing about it.
#[track_caller]
fn check_whole(seeds: &[u64], least: u64) {
    let seen = Mutex::new(BTreeMap::new());
    check(seeds, |history| note(&seen, history));
    let seen = seen.into_inner().unwrap();
    let rare = |what: &&&str| seen.get(**what).copied().unwrap_or(0) < least;
    let rare: Vec<&&str> =
        SAID.iter().chain(&DIMENSIONS).chain(&MORE).chain(&RENEWALS).filter(rare).collect();
    assert!(rare.is_empty(), "fewer than {least} times: {rare:?}; {seen:#?}");
}

/// Counts the events and the results of the runs.
fn note(seen: &Mutex<BTreeMap<String, u64>>, history: &History) {
    let occurred = dimensions::seen(history);
    let mut seen = seen.lock().unwrap();
    let mut count = |what: &str| *seen.entry(what.to_owned()).or_default() += 1;
    occurred.into_iter().for_each(&mut count);
    for record in history.runs.iter().filter(|record| !record.quiet) {
        count(&record.said.code.map_or("killed".to_owned(), |code| format!("exit {code}")));
        record.said.results.iter().for_each(|result| count(result.outcome.as_str()));
    }
}

/// The results and exit codes that have to occur.
const SAID: [&str; 21] = [
    "killed",
    "exit 0",
    "exit 1",
    "exit 4",
    "exit 5",
    "exit 6",
    "exit 7",
    "exit 130",
    "created",
    "ordered",
    "updated",
    "adopted",
    "moved",
    "released",
    "retired",
    "retiring",
    "already_present",
    "unpaid_order",
    "failed",
    "not_attempted",
    "unknown",
];

#[test]
fn same_seed_gives_the_same_trace() {
    // One of each kind.
    for seed in 0..16 {
        let trace = || trial::judge(&Schedule::of(seed), None).0.trace();
        assert_eq!(trace(), trace(), "seed {seed}");
    }
}

/// `make simulate SEEDS=n FROM=n`.
#[test]
#[ignore = "takes as long as one likes; run by `make simulate`"]
#[expect(clippy::disallowed_methods, reason = "it tells how long the schedules took")]
fn as_many_schedules_as_one_likes() {
    let (from, count) = seeds_asked_for();
    let began = std::time::Instant::now();
    let (done, runs, orders) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let tell = |text: String| drop(writeln!(std::io::stderr(), "{text}"));
    check(&(from..from + count).collect::<Vec<_>>(), |history| {
        runs.fetch_add(history.runs.len() as u64, Ordering::Relaxed);
        orders.fetch_add(history.ledger.len() as u64, Ordering::Relaxed);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(20_000) {
            tell(format!("{done} schedules, {} s", began.elapsed().as_secs()));
        }
    });
    let (runs, orders, took) = (runs.into_inner(), orders.into_inner(), began.elapsed());
    tell(format!(
        "{count} schedules from seed {from}: {runs} runs, {orders} orders, no violation, {:.0?}",
        Duration::from_secs(took.as_secs())
    ));
}

/// `make survey SEEDS=n FROM=n`: counts every event, and every kind of violation with its first seed.
#[test]
#[ignore = "takes as long as one likes; run by `make survey`"]
fn survey_of_violations() {
    let kinds = Mutex::new(BTreeMap::<String, (u64, u64, String)>::new());
    let seen = Mutex::new(BTreeMap::new());
    let (from, count) = seeds_asked_for();
    in_parallel(from..from + count, |seed| {
        let (history, violations) = trial::judge(&Schedule::of(*seed), None);
        note(&seen, &history);
        for Violation { law, what } in violations {
            let mut kinds = kinds.lock().unwrap();
            let kind = kinds.entry(format!("{law:?}: {}", kind_of(&what))).or_insert((0, *seed, what));
            kind.0 += 1;
            kind.1 = kind.1.min(*seed);
        }
        false
    });
    let tell = |text: String| drop(writeln!(std::io::stderr(), "{text}"));
    seen.into_inner().unwrap().iter().for_each(|(what, count)| tell(format!("{count:6} times {what}")));
    for (kind, (count, seed, what)) in kinds.into_inner().unwrap() {
        tell(format!("{count:6} from seed {seed}: {kind}\n       such as {what}"));
    }
}

/// The first words of a violation, without ids and numbers.
fn kind_of(what: &str) -> String {
    let words = what.split_whitespace().map(|word| {
        if word.contains(|it: char| it.is_ascii_digit()) || word.contains("net/") { "…" } else { word }
    });
    words.take(14).collect::<Vec<_>>().join(" ")
}

#[expect(clippy::disallowed_methods, reason = "the one who starts this says how many schedules")]
pub(crate) fn seeds_asked_for() -> (u64, u64) {
    let number = |name: &str, usual: u64| {
        std::env::var(name).ok().filter(|text| !text.is_empty()).map_or(usual, |text| text.parse().unwrap())
    };
    (number("FROM", 0), number("SEEDS", 100_000))
}

/// Judges the schedules of these seeds; the first that fails is shrunk and printed with its trace.
#[track_caller]
fn check(seeds: &[u64], look: impl Fn(&History) + Sync) {
    let at = |n: u64| seeds[usize::try_from(n).unwrap()];
    let breaks = |n: &u64| {
        let (history, violations) = trial::judge(&Schedule::of(at(*n)), None);
        look(&history);
        !violations.is_empty()
    };
    if let Some(seed) = in_parallel(0..seeds.len() as u64, breaks).map(at) {
        let replay = format!("make simulate FROM={seed} SEEDS=1");
        panic!("{}\nreplay with: {replay}", report(&format!("seed {seed}"), &Schedule::of(seed)));
    }
}

/// Returns the report on a schedule that fails.
pub(crate) fn report(what: &str, schedule: &Schedule) -> String {
    let (_, violations) = trial::judge(schedule, None);
    let law = violations.first().map(|violation| violation.law);
    let smallest =
        shrink(schedule, |smaller| trial::judge(smaller, None).1.first().map(|found| found.law) == law);
    let (history, after) = trial::judge(&smallest, None);
    let mut text = format!("\n{what} breaks a law:\n{}", lines(&violations));
    writeln!(text, "schedule:\n{schedule}\nshrunk to:\n{smallest}\nwhich breaks:\n{}", lines(&after))
        .unwrap();
    writeln!(text, "trace of the shrunk schedule:\n{}", history.trace()).unwrap();
    text
}

fn lines(violations: &[Violation]) -> String {
    violations.iter().map(|Violation { law, what }| format!("  {law:?}: {what}\n")).collect()
}

/// Returns the lowest number that `fails`, if one does. Every core takes the next number as it gets free.
pub(crate) fn in_parallel(numbers: Range<u64>, fails: impl Fn(&u64) -> bool + Sync) -> Option<u64> {
    let (next, lowest) = (AtomicU64::new(numbers.start), AtomicU64::new(u64::MAX));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            // Numbers are handed out in order, so every number below the lowest failure has been taken.
            if number >= numbers.end || number > lowest.load(Ordering::Relaxed) {
                return;
            }
            if fails(&number) {
                lowest.fetch_min(number, Ordering::Relaxed);
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    Some(lowest.into_inner()).filter(|lowest| *lowest != u64::MAX)
}
