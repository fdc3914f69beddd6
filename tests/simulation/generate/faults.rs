//! The faults of a schedule, and the actions of people.

use fastrand::Rng;

use super::pick;
use crate::schedule::{Act, Action, Deed, Strike, What, When};

fn seconds(rng: &mut Rng) -> u64 {
    pick(rng, [1, 5, 30, 120])
}

/// A fault that any request can have.
pub(super) fn anything(rng: &mut Rng) -> What {
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
pub(super) fn unlisted(rng: &mut Rng) -> What {
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

pub(super) fn strike_at_purchase(rng: &mut Rng) -> Strike {
    match rng.u8(..8) {
        0..=4 => {
            let what = at_commit(rng, [What::Money, What::Blocking, What::SoldOut]);
            Strike { action: Action::Create, call: rng.u64(1..=5), what }
        }
        5 | 6 => strike_at_listing(rng),
        _ => Strike { action: Action::Caller, call: rng.u64(1..=4), what: anything(rng) },
    }
}

pub(super) fn strike_at_change(rng: &mut Rng) -> Strike {
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
pub(super) fn at_commit(rng: &mut Rng, refusals: [What; 3]) -> What {
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

pub(super) fn deed_of_buyer(rng: &mut Rng) -> Deed {
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

pub(super) fn deed_of_owner(rng: &mut Rng) -> Deed {
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
