//! The schedule of a seed: every other seed is about buying, the others about packages that exist.

use std::time::Duration;

use cenbwp_tests::{Semantics, TokenSemantics};
use fastrand::Rng;

use crate::account::{Found, Owner, Term, purchase_title};
use crate::schedule::{
    Act, Action, Deed, End, Manage, Mode, Name, Run, Schedule, Strike, Want, What, When, Wish,
};

impl Schedule {
    /// The schedule of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        // Neighbouring seeds must not give neighbouring streams.
        let mut rng = Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66);
        if seed.is_multiple_of(2) { buying(seed, &mut rng) } else { living(seed, &mut rng) }
    }
}

/// An account that is empty or nearly so, and commits that buy, resize and buy anew.
fn buying(seed: u64, rng: &mut Rng) -> Schedule {
    let wishes = purchases(rng);
    let runs = runs(rng, &wishes);
    let existing = wishes[0].iter().filter(|_| rng.u8(..) < 16);
    let found = existing.map(|(name, want)| Found::ours(*name, want)).collect();
    let faults = (0..few(rng, 5)).map(|_| strike_at_purchase(rng)).collect();
    let deeds =
        if rng.u8(..4) == 0 { (0..=few(rng, 2)).map(|_| deed_of_buyer(rng)).collect() } else { Vec::new() };
    let strangers = if rng.u8(..32) == 0 { rng.usize(49..=60) } else { 0 };
    Schedule { seed, delay: delay(rng), service: service(rng), strangers, found, runs, faults, deeds }
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
    let faults = (0..few(rng, 8)).map(|_| strike_at_change(rng)).collect();
    let deeds =
        if rng.u8(..4) == 0 { (0..=few(rng, 3)).map(|_| deed_of_owner(rng)).collect() } else { Vec::new() };
    let service = if rng.u8(..4) == 0 { service(rng) } else { Semantics::default() };
    Schedule { seed, delay: delay(rng), service, strangers: 0, found, runs, faults, deeds }
}

/// A number below `most`, small ones more often.
fn few(rng: &mut Rng, most: usize) -> usize {
    rng.usize(..most).min(rng.usize(..most))
}

fn delay(rng: &mut Rng) -> u64 {
    [0, 20, 400, 3000][rng.usize(..4)]
}

fn pick<T: Copy, const N: usize>(rng: &mut Rng, from: [T; N]) -> T {
    from[rng.usize(..N)]
}

/// One to three commits: the first, and others with other bandwidths, other generations, or a part of it.
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

/// Two packages of the same areas cannot be declared on one CEN, and one package cannot be adopted twice.
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

/// What a commit says of one package.
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
    // Now and then another entry's package.
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

/// Most runs plan for themselves; now and then time passes between a plan and what is made of it.
fn mode(rng: &mut Rng) -> Mode {
    let stall = if rng.u8(..8) == 0 { rng.u64(..20_000) } else { 0 };
    if rng.u8(..4) == 0 { Mode::Saved { stall: stall + rng.u64(..500) } } else { Mode::Direct { stall } }
}

/// One to four runs, together or one after the other.
fn runs(rng: &mut Rng, wishes: &[Wish]) -> Vec<Run> {
    let count = rng.usize(..6);
    let mut run = |_| {
        let end = match rng.u8(..8) {
            0..=2 => {
                let most = [8, 20, 60][rng.usize(..3)];
                End::Crash(rng.u32(1..=most))
            }
            3 => End::Signals(rng.u64(..8000), (rng.u8(..2) == 0).then(|| rng.u64(1..4000))),
            _ => End::Own,
        };
        Run {
            at: [0, 0, rng.u64(..100), rng.u64(..3000), rng.u64(..60_000)][rng.usize(..5)],
            wish: wishes[rng.usize(..wishes.len())].clone(),
            mode: mode(rng),
            end,
            parallelism: rng.usize(1..=4),
            retries: [5, 5, 2, 0][rng.usize(..4)],
            wait: if rng.u8(..16) == 0 { None } else { Some([4, 10, 10, 60][rng.usize(..4)]) },
        }
    };
    (0..[1, 2, 2, 3, 3, 4][count]).map(&mut run).collect()
}

fn seconds(rng: &mut Rng) -> u64 {
    pick(rng, [1, 5, 30, 120])
}

/// What can go wrong with any request.
fn anything(rng: &mut Rng) -> What {
    match rng.u8(..8) {
        0 => What::NotSent,
        1 => What::LostRequest,
        2 => What::LostReply,
        3 => What::Truncated,
        4 => What::Late(seconds(rng)),
        5 => What::Throttled([None, Some(700), Some(100_000)][rng.usize(..3)]),
        6 => What::ErrorBefore,
        _ => What::Forbidden,
    }
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

/// What goes wrong most often where something is done, or refused in one of these ways.
fn at_commit(rng: &mut Rng, refusals: [What; 3]) -> What {
    match rng.u8(..8) {
        0 | 1 => What::LostReply,
        2 => What::ErrorAfter,
        3 => What::Slow(seconds(rng)),
        4 => pick(rng, refusals),
        5 => What::Late(seconds(rng)),
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
        Act::LookAlike(name),
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

/// Every reading of the pages under which the laws can hold. `TokenSemantics::New` is not among them: where the
/// service ignores tokens, nothing can keep a lost reply of a package that is not listed yet from buying twice.
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
    }
}
