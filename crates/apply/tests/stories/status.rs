//! Statuses, of accounts of every kind.

use cenbwp_diff::{LiveRenewal, Product, Share, Subscription, Unreadable};
use cenbwp_spec::{Mbps, Renewal};

use super::world::{SAME, UPDATES, changing, in_the_way, live_of_others};
use super::{HOSTILE, Story, offline, plan_of, planned, several};

/// The status of an account with packages in many states, some of them hostile.
pub(crate) fn status() -> Story {
    let mut packages = [changing(), in_the_way(), live_of_others(HOSTILE)].concat();
    for live in &mut packages {
        match live.id.as_str() {
            "cenbwp-same" => live.renewal = known(Renewal::Months(3)),
            "cenbwp-grows" => {
                (live.renewal, live.shares) =
                    (known(Renewal::Off), shares(["cn-hangzhou", "ap-southeast-1"]));
            }
            "cenbwp-shrinks" => live.renewal = LiveRenewal::Unknown(HOSTILE.to_owned()),
            "cenbwp-formula" => live.shares = shares([HOSTILE, "=1+1"]),
            "cenbwp-long" => live.shares = None,
            _ => {}
        }
    }
    let unreadable = vec![Unreadable { id: None, reason: HOSTILE.to_owned() }; 2];
    let (sources, of_many) = plan_of("net.yaml", UPDATES, packages, unreadable);
    let story = planned("status", SAME, Vec::new());
    Story { command: "status", sources, planned: Some(of_many), ..story }
}

fn known(renewal: Renewal) -> LiveRenewal {
    let product = Product { code: "cbn".to_owned(), kind: "bwp".to_owned() };
    LiveRenewal::Known(Subscription { renewal, product })
}

fn shares(regions: [&str; 2]) -> Option<Vec<Share>> {
    Some(vec![Share { regions: regions.map(str::to_owned), bandwidth: Mbps(60) }])
}

/// A status of so many packages, one of which ends first.
pub(crate) fn status_of(packages: u32) -> Story {
    let mut story = Story { command: "status", ..several("status", [packages, 0, 0]) };
    let observed = &mut story.planned.as_mut().unwrap().situation.observed;
    observed.packages[0].expires = Some("2026-02-01T16:00:00Z".parse().unwrap());
    story
}

/// A status of an account that cannot be reached.
pub(crate) fn no_status() -> Story {
    Story { name: "no-status", command: "status", ..offline() }
}
