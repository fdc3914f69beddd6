//! The packages that exist already, and the commits that declare some of them.

use fastrand::Rng;

use super::{few, pick};
use crate::account::{Found, Owner, Term, purchase_title};
use crate::schedule::{Manage, Name, Want, Wish};

/// One to three commits: the first, and others with another bandwidth, another generation, or a part of it.
pub(super) fn purchases(rng: &mut Rng) -> Vec<Wish> {
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
pub(super) fn find(rng: &mut Rng, name: Name) -> Found {
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
        used: 0,
        term,
        renews: 0,
    }
}

/// One to three commits about these names: the first, and others in which one or two entries differ.
pub(super) fn commits(rng: &mut Rng, names: &[Name], found: &[Found]) -> Vec<Wish> {
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
                Owner::Other | Owner::Key(_) => rng.u8(..2) == 0,
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
        adopt: free.then_some(whose),
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
