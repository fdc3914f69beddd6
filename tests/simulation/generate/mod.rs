//! Makes the schedule of a seed. Every other seed is about packages that exist, the others about purchases;
//! some of these have orders that another hand crosses, some have packages that are gone. A part of each is about keys
//! that are renamed, or about renewals.

mod commits;
mod faults;
mod renewals;

use std::time::Duration;

use cenbwp_tests::{LimitsShown, Semantics, TokenSemantics};
use fastrand::Rng;

use crate::account::{Found, Owner, Term};
use crate::schedule::{
    Act, Action, Deed, End, Kind, Manage, Mode, Moment, Name, Part, Pin, Run, Schedule, Signal, Strike, Want,
    What, When, Wish,
};
use commits::{commits, find, purchases};
use faults::{deed_of_buyer, deed_of_owner, strike_at_change, strike_at_purchase, unlisted};
use renewals::{renewals, switching};

pub(crate) use faults::CODES;

impl Schedule {
    /// Returns the schedule of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        // Neighbouring seeds must not give neighbouring streams.
        let mut rng = Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66);
        let mut schedule = match seed % 16 {
            4 => crossing(seed, &mut rng),
            5 => moving(seed, &mut rng),
            8 => replayed(seed, &mut rng),
            9 => repeated(seed, &mut rng),
            13 => switching(seed, &mut rng),
            n if n.is_multiple_of(2) => buying(seed, &mut rng),
            _ => living(seed, &mut rng),
        };
        // Streams of their own, so that what regions use, renewals and parts move nothing else.
        regions(&mut schedule, &mut Rng::with_seed(rng.u64(..)));
        renewals(&mut schedule, seed % 16 == 13, &mut Rng::with_seed(rng.u64(..)));
        parts(&mut schedule, &mut Rng::with_seed(rng.u64(..)));
        schedule
    }
}

/// Regions use bandwidth of packages that are there, commits ask for less of it, and people give and take it between
/// two requests of a run: in every other schedule just before it is taken, when the plan saw that nothing is used.
fn regions(schedule: &mut Schedule, rng: &mut Rng) {
    let names: Vec<Name> = schedule.found.iter().map(|found| found.name).collect();
    if names.is_empty() || rng.bool() {
        return;
    }
    let is_late = rng.bool();
    for found in &mut schedule.found {
        found.used = if is_late { 0 } else { pick(rng, [0, 5, 6, 10]) };
    }
    if let ([alone], true) = (&mut schedule.found[..], is_late) {
        alone.cen = alone.cen.or(Some("cen-1"));
    }
    if is_late || rng.bool() {
        let wants = schedule.runs.iter_mut().flat_map(|run| &mut run.wish);
        wants
            .filter(|(name, want)| names.contains(name) && want.mbps == 10)
            .for_each(|(_, want)| want.mbps = 5);
    }
    for _ in 0..if is_late { 1 } else { few(rng, 3) } {
        let name = names[rng.usize(..names.len())];
        let what = if !is_late && rng.bool() { Act::Take(name) } else { Act::Give(name) };
        let before = if is_late { pick(rng, [Action::Spec, Action::Detach]) } else { Action::Describe };
        schedule.deeds.push(Deed { when: When::Before(before, rng.u64(1..=2)), what });
    }
    if is_late {
        let name = names[rng.usize(..names.len())];
        schedule.deeds.push(Deed { when: When::Before(Action::Spec, 1), what: Act::Give(name) });
    }
    schedule.service.limits =
        pick(rng, [LimitsShown::Strings, LimitsShown::Strings, LimitsShown::Numbers, LimitsShown::Absent]);
    schedule.service.too_small =
        pick(rng, ["ParameterIllegal.BandwidthLimit", "InvalidOperation.BwpBandwidthExceeded"]);
}

/// In some schedules a part of the runs is about a part of their commits.
fn parts(schedule: &mut Schedule, rng: &mut Rng) {
    if rng.u8(..4) != 0 {
        return;
    }
    for run in schedule.runs.iter_mut().filter(|run| run.wish.len() > 1) {
        let names: Vec<Name> = run.wish.keys().copied().collect();
        let name = names[rng.usize(..names.len())];
        run.part = pick(rng, [Part::All, Part::Target(name), Part::Exclude(name)]);
    }
}

/// An account that is empty or nearly so, and commits that buy, resize and buy anew.
fn buying(seed: u64, rng: &mut Rng) -> Schedule {
    let wishes = purchases(rng);
    let runs = runs(rng, &wishes);
    let existing = wishes[0].iter().filter(|_| rng.u8(..) < 16);
    let found = existing.map(|(name, want)| Found::ours(*name, want)).collect();
    let mut faults: Vec<Strike> = (0..few(rng, 5)).map(|_| strike_at_purchase(rng)).collect();
    if rng.u8(..8) == 0 {
        faults.push(Strike { action: Action::Create, call: rng.u64(1..=2), what: unlisted(rng) });
    }
    let deeds =
        if rng.u8(..4) == 0 { (0..=few(rng, 2)).map(|_| deed_of_buyer(rng)).collect() } else { Vec::new() };
    let strangers = if rng.u8(..16) == 0 { rng.usize(49..=60) } else { 0 };
    Schedule { seed, delay: delay(rng), service: service(rng), strangers, found, runs, faults, deeds }
}

/// Orders that are put off for seconds, while another commit adopts, or a person tags, the package they are
/// for.
fn crossing(seed: u64, rng: &mut Rng) -> Schedule {
    let alien = Found {
        name: 'a',
        owner: Owner::Nobody,
        mbps: 30,
        title: "one",
        text: "",
        team: None,
        cen: None,
        used: 0,
        term: Term::Runs,
        renews: 0,
    };
    let buys: Wish = ['a', 'b', 'c'].map(|name| (name, Want::plain(10))).into();
    let adopts = Wish::from([('a', Want { adopt: Some('a'), ..Want::plain(30) })]);
    let mut runs = runs(rng, std::slice::from_ref(&buys));
    let parallelism = rng.usize(2..=4);
    let first = Run { at: 0, end: End::Own, wait: Some(60), parallelism, pin: None, ..runs[0].clone() };
    runs[0] = first.clone();
    let by_hand = rng.u8(..3) == 0;
    if !by_hand {
        runs.push(Run { at: rng.u64(..6000), wish: adopts, mode: Mode::Direct { stall: 0 }, ..first });
    }
    let throttled = |call| Strike { action: Action::Create, call, what: What::Throttled(Some(3000)) };
    let mut faults: Vec<Strike> = (1..=rng.u64(2..6)).filter(|_| rng.u8(..4) != 0).map(throttled).collect();
    if rng.u8(..3) == 0 {
        // One slow order beside fast ones.
        faults.insert(0, Strike { action: Action::Create, call: rng.u64(1..4), what: What::Slow(8) });
    }
    let deed = Deed { when: When::Before(Action::Describe, rng.u64(2..8)), what: Act::Tagged('a') };
    let deeds = if by_hand { vec![deed] } else { Vec::new() };
    let found = if by_hand { Vec::new() } else { vec![alien] };
    Schedule { seed, delay: delay(rng), service: service(rng), strangers: 0, found, runs, faults, deeds }
}

/// A package that is bought and then gone, at a service that replays the answer to its token: paid or not,
/// waited for or not.
fn replayed(seed: u64, rng: &mut Rng) -> Schedule {
    let auto_pay = rng.u8(..3) != 0;
    let wish = Wish::from([('a', Want { auto_pay, ..Want::plain(10) })]);
    let mut runs = runs(rng, std::slice::from_ref(&wish));
    let first = Run { at: 0, end: End::Own, mode: Mode::Direct { stall: 0 }, pin: None, ..runs[0].clone() };
    let wait = if rng.bool() { None } else { Some(10) };
    runs[0] = Run { at: 20_000, wait, ..first.clone() };
    runs.insert(0, first);
    let tokens = pick(rng, [TokenSemantics::Strict, TokenSemantics::Replay]);
    let service = Semantics { tokens, ..service(rng) };
    let at = |at, what| Deed { when: When::At(at), what };
    let mut deeds = vec![at(rng.u64(1000..20_000), Act::Vanish('a'))];
    if rng.bool() {
        deeds.push(at(rng.u64(1000..20_000), Act::Pay('a')));
    }
    let faults = (0..few(rng, 3)).map(|_| strike_at_purchase(rng)).collect();
    Schedule { seed, delay: delay(rng), service, strangers: 0, found: Vec::new(), runs, faults, deeds }
}

/// Two runs that change the same values of one package, at a service that lists them late.
fn repeated(seed: u64, rng: &mut Rng) -> Schedule {
    let ours = Found::ours('a', &Want::plain(10));
    let wish = Wish::from([('a', Want { title: Some("one"), ..Want::plain(20) })]);
    let mut runs = runs(rng, std::slice::from_ref(&wish));
    let second = Run { wait: Some(60), pin: None, ends_credentials: None, ..runs[0].clone() };
    runs.truncate(1);
    runs.push(Run { at: rng.u64(..3000), end: End::Own, mode: Mode::Direct { stall: 0 }, ..second });
    let service = Semantics {
        values_after_listings: rng.u64(..=3),
        values_after: Duration::from_millis(pick(rng, [0, 500, 4000, 15_000])),
        no_change: pick(rng, ["Operation.Failed", "OperationFailed.UpDownRadeConfigNoChange"]),
        ..Semantics::default()
    };
    let faults = (0..few(rng, 3)).map(|_| strike_at_change(rng)).collect();
    let delay = delay(rng);
    Schedule { seed, delay, service, strangers: 0, found: vec![ours], runs, faults, deeds: Vec::new() }
}

/// An account with packages, and commits that change, adopt, attach, move, detach, release, observe and retire them.
fn living(seed: u64, rng: &mut Rng) -> Schedule {
    let count = [1, 1, 2, 3][rng.usize(..4)];
    // Two of the same areas, or two that can share a CEN.
    let names: Vec<Name> = match (count, rng.u8(..2)) {
        (2, 0) => vec!['a', 'c'],
        _ => ('a'..).take(count).collect(),
    };
    let mut found: Vec<Found> = Vec::new();
    for name in &names {
        if rng.u8(..8) != 0 {
            let one = find(rng, *name);
            // The service has room for one package of these areas on each CEN.
            let taken = |other: &Found| other.cen == one.cen && *name == 'b' && other.name == 'a';
            let cen = one.cen.filter(|_| !found.iter().any(taken));
            found.push(Found { cen, ..one });
        }
    }
    let wishes = commits(rng, &names, &found);
    let runs = runs(rng, &wishes);
    let mut faults: Vec<Strike> = (0..few(rng, 8)).map(|_| strike_at_change(rng)).collect();
    if rng.u8(..8) == 0 {
        let action = pick(rng, [Action::Spec, Action::Attribute, Action::Tag]);
        faults.push(Strike { action, call: 1, what: unlisted(rng) });
    }
    let deeds =
        if rng.u8(..4) == 0 { (0..=few(rng, 3)).map(|_| deed_of_owner(rng)).collect() } else { Vec::new() };
    let service = if rng.u8(..4) == 0 { service(rng) } else { Semantics::default() };
    Schedule { seed, delay: delay(rng), service, strangers: 0, found, runs, faults, deeds }
}

/// A package that is there or still to be bought, and commits that rename its key: in one, the package is changed or
/// retired at once; in another, the key is renamed to something else; in a third, the old key is still declared.
fn moving(seed: u64, rng: &mut Rng) -> Schedule {
    let before = Wish::from([('a', Want { auto_pay: rng.u8(..16) != 0, ..Want::plain(10) })]);
    let bought = rng.u8(..3) == 0;
    let found = if bought { Vec::new() } else { vec![Found { name: 'a', ..find(rng, 'a') }] };
    let postpaid = found.first().is_some_and(|found| found.term == Term::Postpaid);
    let renamed = |rng: &mut Rng, to: Name| {
        let some = |rng: &mut Rng| rng.u8(..4) == 0;
        let want = Want {
            moved: Some('a'),
            mbps: if some(rng) { 20 } else { 10 },
            title: some(rng).then_some("two"),
            team: some(rng).then_some(Some("net")),
            cen: some(rng).then(|| pick(rng, [None, Some("cen-1")])),
            consent: rng.bool(),
            postpaid,
            manage: if rng.u8(..16) == 0 { Manage::Retire } else { Manage::Full },
            ..Want::plain(10)
        };
        Wish::from([(to, want)])
    };
    let mut wishes = vec![renamed(rng, 'd')];
    match rng.u8(..8) {
        0 | 1 => wishes.push(renamed(rng, 'b')),
        2 => wishes.push(Wish::from([('a', Want { manage: Manage::Retire, ..before[&'a'] })])),
        3 => wishes.push(Wish::from([('a', Want { manage: Manage::Release, ..before[&'a'] })])),
        4 => wishes[0].extend([('b', Want::plain(20))]),
        _ => {}
    }
    wishes.push(before.clone());
    let mut runs = runs(rng, &wishes);
    if bought {
        let first =
            Run { at: 0, wish: before, mode: Mode::Direct { stall: 0 }, pin: None, ..runs[0].clone() };
        runs.insert(0, first);
    }
    let mut faults: Vec<Strike> = (0..few(rng, 4)).map(|_| strike_at_purchase(rng)).collect();
    for _ in 0..few(rng, 4) {
        let strike = strike_at_change(rng);
        let action = if strike.action.is_change() { Action::Tag } else { strike.action };
        faults.push(Strike { action, ..strike });
    }
    let deeds = if rng.u8(..6) == 0 { vec![deed_of_owner(rng)] } else { Vec::new() };
    Schedule { seed, delay: delay(rng), service: service(rng), strangers: 0, found, runs, faults, deeds }
}

/// Returns a number below `most`, more often a small one.
fn few(rng: &mut Rng, most: usize) -> usize {
    rng.usize(..most).min(rng.usize(..most))
}

fn delay(rng: &mut Rng) -> u64 {
    [0, 20, 400, 3000][rng.usize(..4)]
}

fn pick<T: Copy, const N: usize>(rng: &mut Rng, from: [T; N]) -> T {
    from[rng.usize(..N)]
}

/// Most runs plan for themselves. Now and then time passes between a plan and its execution, or the clocks of
/// two machines differ.
fn mode(rng: &mut Rng) -> Mode {
    let stall = if rng.u8(..8) == 0 { rng.u64(..20_000) } else { 0 };
    if rng.u8(..4) != 0 {
        return Mode::Direct { stall };
    }
    let stall = stall + rng.u64(..500);
    match rng.u8(..8) {
        // Farther apart than either is from the service's clock.
        0 => Mode::Saved { stall, ahead: 2 * ahead(rng) },
        1 => Mode::Saved { stall: stall + pick(rng, [3600, 23 * 3600, 25 * 3600]) * 1000, ahead: 0 },
        _ => Mode::Saved { stall, ahead: 0 },
    }
}

/// The error of a clock, in seconds: a little, just as much as the service tolerates, or more.
fn ahead(rng: &mut Rng) -> i64 {
    let by = pick(rng, [1, 60, 13 * 60, 13 * 60, 14 * 60, 20 * 60]);
    if rng.bool() { by } else { -by }
}

/// A signal at some time or within a turn of the process, and maybe another one.
fn signals(rng: &mut Rng) -> End {
    let kind = pick(rng, [Kind::Interrupt, Kind::Terminate, Kind::Terminate, Kind::HangUp, Kind::Keys]);
    let when = match rng.u8(..8) {
        0 => Moment::Planning,
        1 => Moment::Printing(rng.u32(..6)),
        2 => Moment::Sending(rng.u32(..8)),
        3 => Moment::Hearing(rng.u32(..8)),
        4 => Moment::At(rng.u64(..100)),
        _ => Moment::At(rng.u64(..8000)),
    };
    let second = match rng.u8(..6) {
        0 => Some(rng.u64(..=1)),
        1 => Some(rng.u64(1..1000)),
        2 | 3 => Some(rng.u64(1000..6000)),
        _ => None,
    };
    End::Signals(Signal { kind, when }, second)
}

/// One to four runs, at once or one after the other.
fn runs(rng: &mut Rng, wishes: &[Wish]) -> Vec<Run> {
    let count = rng.usize(..6);
    let mut run = |_| {
        let end = match rng.u8(..8) {
            0..=2 => {
                let most = [8, 20, 60][rng.usize(..3)];
                End::Crash(rng.u32(1..=most))
            }
            3 | 4 => signals(rng),
            _ => End::Own,
        };
        let (at, wish) = (
            [0, 0, rng.u64(..100), rng.u64(..3000), rng.u64(..60_000)][rng.usize(..5)],
            wishes[rng.usize(..wishes.len())].clone(),
        );
        let mode = mode(rng);
        let apart = match mode {
            Mode::Direct { .. } => 0,
            Mode::Saved { ahead, .. } => ahead,
        };
        Run {
            at,
            wish,
            part: Part::All,
            mode,
            end,
            parallelism: rng.usize(1..=4),
            retries: [5, 5, 2, 0][rng.usize(..4)],
            wait: if rng.u8(..12) == 0 { None } else { Some([4, 10, 10, 60][rng.usize(..4)]) },
            ahead: if apart == 0 && rng.u8(..8) == 0 { ahead(rng) } else { -apart / 2 },
            pin: match rng.u8(..24) {
                0 => Some(Pin::Other),
                1 => Some(Pin::Own),
                _ => None,
            },
            ends_credentials: (rng.u8(..16) == 0).then(|| rng.u64(..10_000)),
        }
    };
    (0..[1, 2, 2, 3, 3, 4][count]).map(&mut run).collect()
}

/// Every reading of the vendor's pages under which the laws can hold. `TokenSemantics::New` is not among
/// them: if the service ignores tokens, a lost reply of a package that is not listed yet can lead to a second
/// purchase, and no client can prevent it.
fn service(rng: &mut Rng) -> Semantics {
    let listings = |rng: &mut Rng| if rng.u8(..3) == 0 { rng.u64(1..=6) } else { 0 };
    let time = |rng: &mut Rng| {
        if rng.u8(..4) == 0 {
            Duration::from_millis([500, 4000, 20_000, 100_000][rng.usize(..4)])
        } else {
            Duration::ZERO
        }
    };
    Semantics {
        tokens: [TokenSemantics::Strict, TokenSemantics::Replay][rng.usize(..2)],
        failed_remembered: rng.u8(..2) == 0,
        dead_replay: rng.u8(..4) != 0,
        visible_after_listings: listings(rng),
        visible_after: time(rng),
        tags_after_listings: listings(rng),
        tags_after: time(rng),
        list_unpaid: rng.u8(..2) == 0,
        values_after_listings: listings(rng),
        values_after: time(rng),
        no_change: pick(rng, ["Operation.Failed", "OperationFailed.UpDownRadeConfigNoChange"]),
        ..Semantics::default()
    }
}
