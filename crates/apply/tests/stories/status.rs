//! Statuses, of accounts of every kind.

use cenbwp_diff::Unreadable;

use super::world::{SAME, UPDATES, changing, in_the_way, live_of_others};
use super::{HOSTILE, Story, offline, plan_of, planned, several};

/// The status of an account with packages in many states, some of them hostile.
pub(crate) fn status() -> Story {
    let packages = [changing(), in_the_way(), live_of_others(HOSTILE)].concat();
    let unreadable = vec![Unreadable { id: None, reason: HOSTILE.to_owned() }; 2];
    let (sources, of_many) = plan_of("net.yaml", UPDATES, packages, unreadable);
    let story = planned("status", SAME, Vec::new());
    Story { command: "status", sources, planned: Some(of_many), ..story }
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
