//! Makes the schedule of a seed. Every other seed is about packages that exist, the others about purchases;
//! some of these have orders that another hand crosses, some have packages that are gone.

use std::time::Duration;

use cenbwp_tests::{Semantics, TokenSemantics};
use fastrand::Rng;

use crate::account::{Found, Owner, Term, purchase_title};
use crate::schedule::{
    Act, Action, Deed, End, Kind, Manage, Mode, Moment, Name, Pin, Run, Schedule, Signal, Strike, Want, What,
    When, Wish,
};

impl Schedule {
    /// Returns the schedule of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        // Neighbouring seeds must not give neighbouring streams.
        let mut rng = Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66);
        match seed % 16 {
            4 => crossing(seed, &mut rng),
            8 => replayed(seed, &mut rng),
            9 => repeated(seed, &mut rng),
            n if n.is_multiple_of(2) => buying(seed, &mut rng),
            _ => living(seed, &mut rng),
        }
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
        term: Term::Runs,
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

/// One to three commits: the first, and others with another bandwidth, another generation, or a part of it.
fn purchases(rng: &mut Rng) -> Vec<Wish> {
    let count = [1, 1, 1, 2, 2, 3][rng.usize(..6)];
    let auto_pay = rng.u8(..16) != 0;
    let first: Wish = ('a'..).take(count).map(|name| (name, Want { auto_pay, ..Want::plain(10) })).collect();
    let mut wishes = vec![first.clone()];
    for _ in 0..[0, 0, 1, 2][rng.usize(..4)] {
        let mut other = first.clone();
        let name = char::from(b'a' + u8::try_from(rng.usize(..count)).unwrap_or(0));
        match rng.u8(..8) {
            0 if other.len() > 1 => drop(other.remove(&name)),
            1 => other.values_mut().for_each(|want| want.generation = 2),
            _ => drop(other.entry(name).and_modify(|want| want.mbps = 20)),
        }
        wishes.push(other);
    }
    wishes
}

/// A package that is there already.
fn find(rng: &mut Rng, name: Name) -> Found {
    let owner = match rng.u8(..16) {
        0..=8 => Owner::Ours(1),
        9..=14 => Owner::Nobody,
        _ => Owner::Other,
    };
    let term = match rng.u8(..16) {
        0..=9 => Term::Runs,
        10..=12 => Term::Postpaid,
        13 => Term::Expired,
        14 => Term::Locked,
        _ => Term::Upgraded,
    };
    Found {
        name,
        owner,
        mbps: 10,
        title: pick(rng, [purchase_title(name), "one"]),
        text: pick(rng, ["", "said"]),
        team: pick(rng, [None, Some("net"), Some("old")]),
        cen: pick(rng, [None, Some("cen-1"), Some("cen-2")]),
        term,
    }
}

/// One to three commits about these names: the first, and others in which one or two entries differ.
fn commits(rng: &mut Rng, names: &[Name], found: &[Found]) -> Vec<Wish> {
    let there = |name: Name| found.iter().find(|found| found.name == name);
    let mut first = Wish::new();
    for name in names {
        first.insert(*name, entry(rng, *name, there(*name)));
    }
    let mut wishes = vec![first.clone()];
    for _ in 0..pick(rng, [0, 0, 1, 1, 2]) {
        let mut other = first.clone();
        for _ in 0..=few(rng, 2) {
            let name = names[rng.usize(..names.len())];
            if rng.u8(..8) == 0 && other.len() > 1 {
                other.remove(&name);
            } else {
                other.insert(name, entry(rng, name, there(name)));
            }
        }
        wishes.push(other);
    }
    wishes.iter_mut().for_each(legal);
    wishes
}

/// Makes a wish legal: two packages of the same areas cannot be declared on one CEN, and one package cannot
/// be adopted twice.
fn legal(wish: &mut Wish) {
    let mut adopted = Vec::new();
    for want in wish.values_mut() {
        want.adopt = want.adopt.filter(|name| !adopted.contains(name));
        adopted.extend(want.adopt);
    }
    let first = wish.get(&'a').and_then(|want| want.cen).flatten();
    if let Some(second) = wish.get_mut(&'b').filter(|want| first.is_some() && want.cen == Some(first)) {
        second.cen = None;
    }
}

/// The entry of one package in a commit.
fn entry(rng: &mut Rng, name: Name, found: Option<&Found>) -> Want {
    let (postpaid, free) = match found {
        None => (false, false),
        Some(found) => {
            let free = match found.owner {
                Owner::Ours(_) => rng.u8(..16) == 0,
                Owner::Nobody => rng.u8(..8) != 0,
                Owner::Other => rng.u8(..2) == 0,
            };
            (found.term == Term::Postpaid && rng.u8(..8) != 0, free)
        }
    };
    let manage = match rng.u8(..16) {
        0..=9 => Manage::Full,
        10 => Manage::Observe,
        11 | 12 => Manage::Release,
        _ => Manage::Retire,
    };
    // Now and then the package of another entry.
    let whose = if rng.u8(..8) == 0 { pick(rng, ['a', 'b']) } else { name };
    let some = |rng: &mut Rng| rng.u8(..3) == 0;
    Want {
        mbps: if some(rng) { 20 } else { 10 },
        manage,
        adopt: (free && manage == Manage::Full).then_some(whose),
        postpaid,
        title: some(rng).then(|| pick(rng, ["one", "two"])),
        text: some(rng).then(|| pick(rng, ["", "said", "other"])),
        team: some(rng).then(|| pick(rng, [None, Some("net"), Some("new")])),
        group: some(rng).then_some("rg-2"),
        cen: some(rng).then(|| pick(rng, [None, Some("cen-1"), Some("cen-1"), Some("cen-2")])),
        consent: rng.u8(..4) != 0,
        ..Want::plain(10)
    }
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

fn seconds(rng: &mut Rng) -> u64 {
    pick(rng, [1, 5, 30, 120])
}

/// A fault that any request can have.
fn anything(rng: &mut Rng) -> What {
    match rng.u8(..12) {
        0 => What::NotSent,
        1 => What::LostRequest,
        2 => What::LostReply,
        3 => What::Truncated,
        4 => What::Late(seconds(rng)),
        5 | 6 => What::Throttled([None, Some(700), Some(4000), Some(100_000)][rng.usize(..4)]),
        7 => What::ErrorBefore,
        8 => What::Ended,
        9 | 10 => unlisted(rng),
        _ => What::Forbidden,
    }
}

/// Codes that no page of the vendor lists. The first three name a time-out.
pub(crate) const CODES: [&str; 8] = [
    "RequestTimeout",
    "Gateway.TimedOut",
    "OperationTimeout.Backend",
    "TooEarly",
    "ClientClosedRequest",
    "TooManyRequests",
    "SomethingNew",
    "ResourceNotReady.Unheard",
];

/// A refusal that no page of the vendor lists.
fn unlisted(rng: &mut Rng) -> What {
    if rng.u8(..4) == 0 {
        return What::Unlisted { status: pick(rng, [400, 403, 404, 409]), code: "SomethingNew", done: true };
    }
    let status = match rng.u8(..3) {
        0 => pick(rng, [408, 425, 429, 499]),
        1 => pick(rng, [400, 403, 404, 409]),
        _ => rng.u16(400..=499),
    };
    What::Unlisted { status, code: pick(rng, CODES), done: rng.u8(..3) != 0 }
}

fn strike_at_purchase(rng: &mut Rng) -> Strike {
    match rng.u8(..8) {
        0..=4 => {
            let what = at_commit(rng, [What::Money, What::Blocking, What::SoldOut]);
            Strike { action: Action::Create, call: rng.u64(1..=5), what }
        }
        5 | 6 => strike_at_listing(rng),
        _ => Strike { action: Action::Caller, call: rng.u64(1..=4), what: anything(rng) },
    }
}

fn strike_at_change(rng: &mut Rng) -> Strike {
    match rng.u8(..16) {
        0..=11 => {
            let what = at_commit(rng, [What::Forbidden, What::Blocking, What::SoldOut]);
            Strike { action: pick(rng, Action::CHANGES), call: rng.u64(1..=3), what }
        }
        12..=14 => strike_at_listing(rng),
        _ => strike_at_purchase(rng),
    }
}

/// The faults that matter most for a request that changes something, or one of these refusals.
fn at_commit(rng: &mut Rng, refusals: [What; 3]) -> What {
    match rng.u8(..8) {
        0 | 1 => What::LostReply,
        2 => What::ErrorAfter,
        3 => What::Slow(seconds(rng)),
        4 => pick(rng, refusals),
        5 => What::Late(seconds(rng)),
        6 => unlisted(rng),
        _ if rng.bool() => unlisted(rng),
        _ => anything(rng),
    }
}

fn strike_at_listing(rng: &mut Rng) -> Strike {
    let what = match rng.u8(..6) {
        0 => What::Unreadable(rng.usize(..3)),
        1 => What::Miscounted,
        _ => anything(rng),
    };
    Strike { action: Action::Describe, call: rng.u64(1..=12), what }
}

fn when(rng: &mut Rng, commit: Action) -> When {
    match rng.u8(..4) {
        0 => When::At(rng.u64(..30_000)),
        1 => When::Before(commit, rng.u64(1..=4)),
        _ => When::Before(Action::Describe, rng.u64(1..=10)),
    }
}

fn deed_of_buyer(rng: &mut Rng) -> Deed {
    let when = when(rng, Action::Create);
    let name = pick(rng, ['a', 'a', 'b']);
    let acts = [
        Act::Untag(name),
        Act::Resize(name),
        Act::Vanish(name),
        Act::Pay(name),
        Act::LookAlike(name),
        Act::Tagged(name),
        Act::Tagged(name),
        Act::Churn,
    ];
    Deed { when, what: pick(rng, acts) }
}

fn deed_of_owner(rng: &mut Rng) -> Deed {
    let commit = pick(rng, Action::CHANGES);
    let when = when(rng, commit);
    let name = pick(rng, ['a', 'a', 'b']);
    let acts = [
        Act::Untag(name),
        Act::Reassign(name),
        Act::Resize(name),
        Act::Rename(name),
        Act::Retag(name),
        Act::Detach(name),
        Act::Attach(name),
        Act::Upgrade(name),
        Act::Vanish(name),
    ];
    Deed { when, what: pick(rng, acts) }
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
    }
}
