//! Renewals: what commits declare, what packages have, how the billing service shows it, and who else changes it.

use std::collections::BTreeMap;
use std::time::Duration;

use cenbwp_tests::{Billing, Semantics};
use fastrand::Rng;
use serde_json::{Value, json};

use super::faults::{anything, at_commit};
use super::{delay, few, pick, runs, service};
use crate::account::Found;
use crate::schedule::{Act, Action, Deed, End, Name, Renews, Schedule, Strike, Want, What, When, Wish};

/// In some schedules, and in those that are `about` it, commits declare the renewal of their packages.
pub(super) fn renewals(schedule: &mut Schedule, about: bool, rng: &mut Rng) {
    if !about && rng.u8(..8) >= 3 {
        return;
    }
    let mut often = |name| (name, declared(rng).or(about.then_some(Renews::Every(3))));
    let usual: BTreeMap<Name, Option<Renews>> = ['a', 'b', 'c', 'd'].map(&mut often).into();
    let mut made: BTreeMap<Wish, Wish> = BTreeMap::new();
    for run in &mut schedule.runs {
        let commit = made.entry(run.wish.clone());
        run.wish = commit.or_insert_with_key(|wish| renewing(rng, wish, &usual)).clone();
    }
    for found in &mut schedule.found {
        found.renews = pick(rng, [0, 0, 1, 3, 6]);
    }
    schedule.service.billing = billing(rng);
    schedule.faults.extend((0..few(rng, 5)).map(|_| strike(rng)));
    if about {
        schedule.faults.extend((1..=2).map(|call| Strike {
            action: Action::Renew,
            call,
            what: at_setting(rng),
        }));
    }
    if rng.u8(..3) == 0 {
        schedule.deeds.extend((0..=few(rng, 2)).map(|_| deed(rng)));
    }
}

/// One or two packages that are there, and commits that change little else than their renewal.
pub(super) fn switching(seed: u64, rng: &mut Rng) -> Schedule {
    let count = rng.usize(1..=2);
    let entry = |rng: &mut Rng, name| {
        let title = (rng.u8(..3) == 0).then_some("two");
        (name, Want { title, ..Want::plain(10) })
    };
    let commit =
        |rng: &mut Rng| -> Wish { ['a', 'c'].into_iter().take(count).map(|name| entry(rng, name)).collect() };
    let wishes: Vec<Wish> = (0..pick(rng, [1, 1, 2])).map(|_| commit(rng)).collect();
    let found = wishes[0].iter().map(|(name, want)| Found::ours(*name, want)).collect();
    let mut runs = runs(rng, &wishes);
    for run in runs.iter_mut().filter(|_| rng.bool()) {
        (run.end, run.pin, run.ends_credentials) = (End::Own, None, None);
    }
    let service = if rng.u8(..4) == 0 { service(rng) } else { Semantics::default() };
    let (delay, faults) = (delay(rng), Vec::new());
    Schedule { seed, delay, service, strangers: 0, found, runs, faults, deeds: Vec::new() }
}

fn declared(rng: &mut Rng) -> Option<Renews> {
    // The service cannot set four months.
    let months = pick(rng, [1, 3, 4, 12, 24]);
    pick(
        rng,
        [None, Some(Renews::Off), Some(Renews::On), Some(Renews::Every(months)), Some(Renews::Every(3))],
    )
}

/// The same commit with renewals: mostly the usual ones, so that most commits agree.
fn renewing(rng: &mut Rng, wish: &Wish, usual: &BTreeMap<Name, Option<Renews>>) -> Wish {
    let entry = |(name, want): (&Name, &Want)| {
        let renews = if rng.u8(..4) == 0 { declared(rng) } else { usual[name] };
        let ignores_renewal = renews.is_some() && rng.u8(..8) == 0;
        (*name, Want { renews, ignores_renewal, ..*want })
    };
    wish.iter().map(entry).collect()
}

/// Every reading of the vendor's pages: clear ones, shown at once or late, and now and then one that says nothing.
fn billing(rng: &mut Rng) -> Billing {
    let shown_after = [500, 4000, 20_000, 100_000];
    let clear = Billing {
        home: pick(rng, [None, None, Some("127.0.0.1"), Some("127.0.0.2")]),
        wrong_site: pick(
            rng,
            [
                ("NotApplicable", "This API is not applicable for caller."),
                ("AuthSiteFail", "no"),
                ("InvalidParameter", "not found article by given param"),
                ("InvalidOwner", "Account not exists"),
            ],
        ),
        refuses_with_200: rng.bool(),
        code: pick(rng, ["Success", "200", "OK"]),
        years: rng.bool(),
        wrapper: pick(rng, [None, Some("Instance")]),
        shown_after_reads: if rng.u8(..3) == 0 { rng.u64(1..=4) } else { 0 },
        shown_after: Duration::from_millis(if rng.u8(..4) == 0 { pick(rng, shown_after) } else { 0 }),
        ..Billing::default()
    };
    let one = |name: &str, value: Value| [(name.to_owned(), value)].into();
    if rng.u8(..6) != 0 {
        return clear;
    }
    match rng.u8(..8) {
        0 | 1 => Billing { unlisted: true, ..clear },
        2 => Billing { copies: 2, ..clear },
        3 => Billing { miscount: pick(rng, [1, -1]), ..clear },
        4 => Billing { home: Some("elsewhere"), ..clear },
        5 => Billing { row: one("OwnerId", json!("42")), ..clear },
        6 => Billing { row: one("ProductType", Value::Null), ..clear },
        _ => Billing { envelope: one("Success", Value::Null), ..clear },
    }
}

/// The faults that matter most for a setting.
fn at_setting(rng: &mut Rng) -> What {
    match rng.u8(..8) {
        0 | 1 => What::LostReply,
        2 => What::LostRequest,
        3 => What::ErrorAfter,
        4 | 5 => What::Unlisted { status: 400, code: "SomethingNew", done: rng.u8(..4) == 0 },
        6 => pick(rng, [What::Forbidden, What::Blocking]),
        _ => at_commit(rng, [What::Forbidden, What::Blocking, What::SoldOut]),
    }
}

fn strike(rng: &mut Rng) -> Strike {
    if rng.bool() {
        return Strike { action: Action::Renew, call: rng.u64(1..=2), what: at_setting(rng) };
    }
    let what = match rng.u8(..6) {
        0..=2 => What::Unreadable(rng.usize(..2)),
        3 => What::Miscounted,
        _ => anything(rng),
    };
    Strike { action: Action::Bills, call: rng.u64(1..=4), what }
}

fn deed(rng: &mut Rng) -> Deed {
    let name = pick(rng, ['a', 'a', 'b']);
    let when = match rng.u8(..4) {
        0 => When::At(rng.u64(..30_000)),
        1 => When::Before(Action::Bills, rng.u64(1..=6)),
        2 => When::Before(Action::Renew, rng.u64(1..=2)),
        _ => When::Before(Action::Describe, rng.u64(1..=10)),
    };
    Deed { when, what: pick(rng, [Act::Renew(name), Act::Lapse(name)]) }
}
