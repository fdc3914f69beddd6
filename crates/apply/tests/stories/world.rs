//! The specs of the stories, and the packages that their listings show.

use std::collections::BTreeMap;

use cenbwp_diff::{BusinessStatus, Live, LiveCharge, LiveRenewal, Reservation, ReservationKind};
use cenbwp_spec::{Area, AreaPair, Mbps, Tags};

pub(super) const SAME: &str = "
version: 1
stack: net
packages:
  same: { areas: [China, Europe], bandwidth: 100, autoPay: true }
";

pub(super) const PURCHASES: &str = "
version: 1
stack: net
defaults: { autoPay: true }
packages:
  cn-eu: { areas: [China, Europe], bandwidth: 100 }
  cn-us:
    areas: [China, North-America]
    bandwidth: 200
    period: 1
    pricingCycle: Year
    autoRenew: true
    autoRenewDuration: 12
    cenId: cen-1
    tags: { team: network }
    description: |
      The way to Virginia.
      Asked for by the shop.
  home: { areas: [China, China], bandwidth: 20, autoPay: false }
  old: { areas: [Europe, Australia], bandwidth: 5 }
";

pub(super) const UPDATES: &str = "
version: 1
stack: net
defaults: { autoPay: true }
packages:
  again: { areas: [China, Europe], bandwidth: 100, generation: 2 }
  ended: { areas: [Europe, Middle-East], bandwidth: 100 }
  ends: { areas: [China, Europe], bandwidth: 100, manage: retire }
  found: { areas: [Europe, North-America], bandwidth: 50, name: found, adopt: cenbwp-found }
  goes: { areas: [China, Europe], bandwidth: 100, manage: release }
  grows: { areas: [China, Asia-Pacific], bandwidth: 300 }
  moves: { areas: [China, China], bandwidth: 100, cenId: cen-2, allowInterruption: true }
  same: { areas: [China, Europe], bandwidth: 100 }
  shrinks: { areas: [Europe, Europe], bandwidth: 40, name: narrow, tags: { team: network, old: null } }
";

pub(super) const HELD: &str = "
version: 1
stack: net
defaults: { autoPay: true, cenId: cen-1 }
limits: { maxPurchases: 1 }
packages:
  fresh: { areas: [China, Asia-Pacific], bandwidth: 10 }
  more: { areas: [China, South-America], bandwidth: 10 }
  moved: { areas: [China, China], bandwidth: 100, cenId: cen-2 }
  other: { areas: [Europe, Europe], bandwidth: 100, cenId: null }
  twin: { areas: [China, Europe], bandwidth: 100 }
";

pub(super) fn live(id: &str, owner: &str) -> Live {
    let tags = BTreeMap::from([("cenbwp".to_owned(), owner.to_owned())]);
    Live {
        id: id.parse().unwrap(),
        name: owner.replace('/', "-"),
        description: String::new(),
        areas: pair("china", "europe"),
        bandwidth: Mbps(100),
        charge: LiveCharge::Prepay,
        cens: Vec::new(),
        resource_group: Some("rg-1".to_owned()),
        tags: if owner.is_empty() { Tags::default() } else { tags.into() },
        business: BusinessStatus::Normal,
        expires: Some("2027-01-01T16:00:00Z".parse().unwrap()),
        reservation: None,
        shares: Some(Vec::new()),
        renewal: LiveRenewal::NotAsked,
    }
}

fn pair(a: &str, b: &str) -> AreaPair {
    AreaPair::new(Area::new(a), Area::new(b))
}

pub(super) fn between(a: &str, b: &str, live: Live) -> Live {
    Live { areas: pair(a, b), ..live }
}

fn attached(cen: &str, live: Live) -> Live {
    Live { cens: vec![cen.parse().unwrap()], ..live }
}

pub(super) fn changing() -> Vec<Live> {
    let tags = BTreeMap::from([("cenbwp", "net/shrinks"), ("old", "x")]);
    let tags = tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    vec![
        live("cenbwp-again", "net/again"),
        between(
            "europe",
            "middle-east",
            Live {
                expires: Some("2025-12-01T16:00:00Z".parse().unwrap()),
                ..live("cenbwp-ended", "net/ended")
            },
        ),
        attached("cen-1", live("cenbwp-ends", "net/ends")),
        between("europe", "north-america", Live { name: "theirs".to_owned(), ..live("cenbwp-found", "") }),
        live("cenbwp-goes", "net/goes"),
        between("china", "asia-pacific", live("cenbwp-grows", "net/grows")),
        attached("cen-1", between("china", "china", live("cenbwp-moves", "net/moves"))),
        Live { expires: Some("2026-01-05T16:00:00Z".parse().unwrap()), ..live("cenbwp-same", "net/same") },
        between("europe", "europe", Live { tags, ..live("cenbwp-shrinks", "net/shrinks") }),
        live("cenbwp-stray", "net/nobody"),
    ]
}

pub(super) fn in_the_way() -> Vec<Live> {
    vec![
        live("cenbwp-twin", ""),
        attached("cen-1", between("china", "china", live("cenbwp-moved", "net/moved"))),
        between("china", "europe", live("cenbwp-other", "net/other")),
    ]
}

/// Packages of another stack and of none, with this text wherever the service takes one.
pub(super) fn live_of_others(hostile: &str) -> Vec<Live> {
    let reservation = Reservation {
        kind: ReservationKind::TempUpgrade,
        bandwidth: Some(Mbps(20)),
        at: Some("2026-02-01T16:00:00Z".parse().unwrap()),
    };
    let mut named = Live {
        name: hostile.to_owned(),
        charge: LiveCharge::Other(hostile.to_owned()),
        resource_group: Some(hostile.to_owned()),
        business: BusinessStatus::Locked(hostile.to_owned()),
        reservation: Some(reservation),
        expires: Some("2026-01-31T16:00:00Z".parse().unwrap()),
        ..between(hostile, "=1+1", live("cenbwp-Hostile", ""))
    };
    named.tags.insert("=cmd|' /C calc'!A0".to_owned(), hostile.to_owned());
    let formula =
        Live { name: "=cmd|' /C calc'!A0;-1+1|cmd".to_owned(), ..live("cenbwp-formula", "other/formula") };
    let long = Live {
        name: format!("@{}", "\u{2066}長い🛰".repeat(75)),
        expires: None,
        ..between("\u{ff1d}1", "china", live("cenbwp-long", ""))
    };
    vec![named, formula, long]
}
