//! SIGKILL at any instant, and run again until done: two hundred times in every test run, and any number of
//! times with `make kills KILLS=1000`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::process::Child;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use cenbwp_tests::{Config, Semantics, TokenSemantics};

use super::{CREATE, Dice, apply, check_no_second_order, check_promise, check_settled, is_pending, journal};
use crate::support::{Lab, Ran};

/// The processes killed in every test run.
const KILLS: usize = 200;
/// The most kills in one account.
const KILLS_IN_A_STORY: usize = 8;
/// The packages of one account: enough for every run to be killed among its purchases.
const PACKAGES: usize = 12;
/// The stories that run at the same time.
const TELLERS: usize = 4;

/// The work of a killed run, judged by the requests that the service had seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Instant {
    BeforeAnyPurchase,
    PurchaseInFlight,
    AfterAnAnswer,
}

#[test]
fn killed_at_any_instant_nothing_is_bought_twice_and_running_again_finishes() {
    check(KILLS);
}

/// `make kills KILLS=n`.
#[test]
#[ignore = "takes as long as one likes; run by `make kills`"]
#[expect(clippy::disallowed_methods, reason = "the one who starts this says how many processes die")]
fn killed_as_often_as_one_likes_nothing_is_bought_twice_and_running_again_finishes() {
    let said = std::env::var("KILLS").ok().filter(|text| !text.is_empty());
    let kills = said.map_or(1000, |text| text.parse().expect("KILLS is a number"));
    let (instants, orders) = check(kills);
    let told = format!("{instants:?}: {orders} orders, none of them twice");
    drop(writeln!(std::io::stderr(), "{told}"));
}

/// Kills so many processes; returns the instants of their ends, and the number of orders.
fn check(kills: usize) -> (BTreeMap<Instant, usize>, usize) {
    let orders = AtomicUsize::new(0);
    let (seed, killed) = (AtomicU64::new(0), AtomicUsize::new(0));
    let tell = || {
        let mut instants = BTreeMap::new();
        while killed.load(Ordering::Relaxed) < kills {
            orders.fetch_add(PACKAGES, Ordering::Relaxed);
            for instant in story(seed.fetch_add(1, Ordering::Relaxed)) {
                killed.fetch_add(1, Ordering::Relaxed);
                *instants.entry(instant).or_insert(0_usize) += 1;
            }
        }
        instants
    };
    let mut instants: BTreeMap<Instant, usize> = BTreeMap::new();
    std::thread::scope(|scope| {
        let tellers: Vec<_> = (0..TELLERS).map(|_| scope.spawn(tell)).collect();
        for teller in tellers {
            for (instant, count) in teller.join().expect("no story ends badly") {
                *instants.entry(instant).or_default() += count;
            }
        }
    });
    assert!(instants.values().sum::<usize>() >= kills, "{instants:?}");
    assert!(instants.len() == 3 || kills < KILLS, "every kind of instant is hit: {instants:?}");
    (instants, orders.into_inner())
}

/// Starts with an empty account, kills runs, and lets one finish. Returns the instants of the kills.
fn story(seed: u64) -> Vec<Instant> {
    let mut dice = Dice(seed);
    let lab = Lab::with(Config { seed, semantics: semantics(&mut dice), ..Config::default() });
    let packages: Vec<String> = (0..PACKAGES).map(|n| format!("p{n:02}")).collect();
    lab.file("cenbwp.yaml", &spec(&packages));
    lab.emulator.fault(format!("*:latency={}ms", 1 + dice.below(8)).parse().expect("a fault"));
    let mut killed = Vec::new();
    while killed.len() < KILLS_IN_A_STORY {
        match run(&lab, Some(&mut dice)) {
            Ended::Killed(instant) => killed.push(instant),
            Ended::Code(0) => break,
            // A package whose tags are not visible yet looks like another owner's.
            Ended::Code(4) => {}
            Ended::Code(code) => panic!("seed {seed}: code {code}\n{}", lab.read("story.txt")),
        }
    }
    let finished = (0..20).any(|_| matches!(run(&lab, None), Ended::Code(0)));
    assert!(finished, "seed {seed}: {}", lab.read("story.txt"));
    let identities: Vec<String> = packages.iter().map(|package| format!("net/{package}")).collect();
    check_settled(&lab, &identities);
    killed
}

fn spec(packages: &[String]) -> String {
    let declare = |name: &String| format!("{name}: {{areas: [China, Europe], bandwidth: 5, autoPay: true}}");
    let packages: Vec<String> = packages.iter().map(declare).collect();
    format!("{{version: 1, stack: net, limits: {{maxPurchases: 99}}, packages: {{{}}}}}", packages.join(", "))
}

/// Draws the service's reading of what its pages leave open. A service that ignores tokens is not among them:
/// there, nothing protects against a request that was on its way when its run was killed.
fn semantics(dice: &mut Dice) -> Semantics {
    let mut semantics = Semantics::default();
    if dice.below(2) == 1 {
        semantics.tokens = TokenSemantics::Replay;
    }
    match dice.below(4) {
        0 => semantics.visible_after = Duration::from_millis(dice.below(60)),
        1 => semantics.visible_after_listings = dice.below(4),
        2 => semantics.tags_after = Duration::from_millis(dice.below(60)),
        _ => {}
    }
    semantics
}

enum Ended {
    Killed(Instant),
    Code(i32),
}

/// Runs once, to the end or until chance kills it.
fn run(lab: &Lab, kill: Option<&mut Dice>) -> Ended {
    let (seen, before) = (lab.emulator.requests().len(), intents(lab).len());
    let told = File::create(lab.path("story.txt")).expect("a new file");
    let mut command = apply(lab);
    command.args(["--journal", "journal.ndjson", "--parallelism", "2"]);
    command.stdout(told.try_clone().expect("a handle")).stderr(told);
    let mut child = command.spawn().expect("the binary is built");
    if let Some(dice) = kill {
        wait_for_chance(lab, &mut child, seen, dice);
        child.kill().expect("it was not waited for");
    }
    let status = child.wait().expect("it ends");
    check_no_second_order(lab);
    check_journal_knows_every_order(lab);
    let Some(code) = status.code() else {
        return Ended::Killed(instant(lab, seen));
    };
    // A request of a killed run may become an order during this run, so the ledger cannot show which run
    // ordered it; the intents can.
    let intended = intents(lab).len() - before;
    let ran = Ran { code, stdout: lab.read("story.txt"), stderr: String::new() };
    check_promise(&ran, intended);
    Ended::Code(code)
}

/// Waits until so many more requests have arrived, and a little longer; or until the child ends by itself.
fn wait_for_chance(lab: &Lab, child: &mut Child, seen: usize, dice: &mut Dice) {
    let more = usize::try_from(dice.below(9)).expect("a small number");
    while lab.emulator.requests().len() < seen + more
        && child.try_wait().expect("it can be waited for").is_none()
    {
        std::thread::yield_now();
    }
    for _ in 0..dice.below(1500) {
        std::thread::yield_now();
    }
}

fn instant(lab: &Lab, seen: usize) -> Instant {
    let requests = lab.emulator.requests();
    let purchases: Vec<_> = requests[seen..].iter().filter(|request| request.action == CREATE).collect();
    match purchases[..] {
        [] => Instant::BeforeAnyPurchase,
        _ if purchases.iter().any(|request| is_pending(request)) => Instant::PurchaseInFlight,
        _ => Instant::AfterAnAnswer,
    }
}

/// Returns the tokens of the announced requests, in order.
fn intents(lab: &Lab) -> Vec<String> {
    let lines = journal(lab).into_iter().filter(|line| line["type"] == "intent");
    lines.filter_map(|line| Some(line["client_token"].as_str()?.to_owned())).collect()
}

/// Checks that every order's intent was on disk before the order could be placed, so no kill can remove it.
#[track_caller]
fn check_journal_knows_every_order(lab: &Lab) {
    let orders = lab.emulator.ledger();
    let intents = intents(lab);
    for order in orders {
        let token = order.client_token.expect("every order has a token");
        assert!(intents.contains(&token), "no intent of {token}");
    }
}
