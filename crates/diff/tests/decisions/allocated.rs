//! Bandwidth that regions use, and changes that would take it.

use cenbwp_diff::{Live, ReservationKind};
use cenbwp_spec::{Desired, Field, Manage, Mbps, Package};

use super::{cens, check, declared, desired, own, ownerless};
use crate::world::{id, live, reserved, shares};

/// The package of `s/a` with 100 Mbps on `cen-1`; regions use 40 and 20 Mbps of it.
fn used() -> Live {
    Live { cens: cens(&["cen-1"]), shares: shares([40, 20]), ..own(|_| {}) }
}

fn unknown() -> Live {
    Live { shares: None, ..used() }
}

fn wants(mbps: u32) -> Package {
    declared(|p| p.bandwidth = Mbps(mbps))
}

/// Consents to leave its CEN for this one.
fn leaves_for(cen: Desired<cenbwp_spec::CenId>) -> Package {
    declared(|p| (p.cen, p.allow_interruption) = (cen, true))
}

#[test]
fn a_package_keeps_at_least_the_bandwidth_that_its_regions_use() {
    check(wants(100), [used()], "in order");
    check(wants(200), [used()], "update bandwidth");
    check(wants(61), [used()], "update bandwidth");
    check(wants(60), [used()], "update bandwidth");
    check(wants(59), [used()], "held allocated");
    check(wants(2), [Live { shares: shares([]), ..used() }], "update bandwidth");
    let ignored = declared(|p| (p.bandwidth, p.ignore) = (Mbps(5), [Field::Bandwidth].into()));
    check(ignored, [used()], "in order, ignored");
    let observed = declared(|p| (p.bandwidth, p.manage) = (Mbps(5), Manage::Observe));
    check(observed, [used()], "in order, ignored");
    let huge = Live { shares: shares([u32::MAX, u32::MAX]), ..used() };
    check(wants(200), [huge], "held allocated");
    // Regions were given what a temporary upgrade added.
    let upgraded = Live {
        bandwidth: Mbps(500),
        reservation: reserved(ReservationKind::TempUpgrade, Some(100)),
        shares: shares([300]),
        ..used()
    };
    check(wants(100), [upgraded.clone()], "in order, reserved");
    check(wants(200), [upgraded], "held allocated, reserved");
}

#[test]
fn a_package_that_regions_use_is_not_taken_from_its_cen_whatever_is_allowed() {
    let idle = || Live { shares: shares([]), ..used() };
    for cen in [Desired::Absent, desired("cen-2")] {
        check(leaves_for(cen.clone()), [used()], "held allocated");
        check(leaves_for(cen.clone()), [idle()], "update cenId");
        // Consent comes first: a person who lowers what regions use interrupts their traffic.
        check(declared(|p| p.cen = cen), [used()], "held interrupts_traffic");
    }
    check(leaves_for(desired("cen-1")), [used()], "in order");
    check(leaves_for(Desired::Unmanaged), [used()], "in order");
    let both = declared(|p| (p.cen, p.allow_interruption, p.bandwidth) = (Desired::Absent, true, Mbps(80)));
    check(both, [used()], "held allocated");
}

#[test]
fn a_package_that_regions_use_is_not_retired_but_released() {
    let manage = |manage| declared(|p| p.manage = manage);
    check(manage(Manage::Retire), [used()], "held allocated");
    check(manage(Manage::Retire), [Live { shares: shares([]), ..used() }], "retire 1 leave");
    // It is attached to nothing, so nothing is taken.
    check(manage(Manage::Retire), [Live { cens: Vec::new(), ..used() }], "in order, retiring");
    check(manage(Manage::Release), [used()], "release");
}

#[test]
fn a_package_that_regions_use_is_taken_over_only_with_what_they_use() {
    let adopts = |mbps| declared(|p| (p.adopt, p.bandwidth) = (Some(id("cenbwp-2")), Mbps(mbps)));
    let free = || ownerless(|l| l.shares = shares([5]));
    check(adopts(7), [free()], "adopt");
    check(adopts(5), [free()], "adopt bandwidth");
    check(adopts(4), [free()], "held allocated");
    let moves = |mbps| declared(|p| (p.moved_from, p.bandwidth) = ("s/old".parse().ok(), Mbps(mbps)));
    let old = || Live { shares: shares([60]), ..live("cenbwp-2", Some("s/old")) };
    check(moves(60), [old()], "move bandwidth");
    check(moves(59), [old()], "held allocated, undeclared");
}

#[test]
fn what_is_not_known_to_be_used_is_taken_with_a_warning() {
    check(wants(100), [unknown()], "in order");
    check(wants(200), [unknown()], "update bandwidth");
    check(wants(50), [unknown()], "update bandwidth, allocation_unknown");
    check(leaves_for(Desired::Absent), [unknown()], "update cenId, allocation_unknown");
    check(leaves_for(desired("cen-2")), [unknown()], "update cenId, allocation_unknown");
    check(declared(|p| p.manage = Manage::Retire), [unknown()], "retire 1 leave, allocation_unknown");
    // Nothing is taken, or the change is held for another reason.
    let attaches = declared(|p| p.cen = desired("cen-1"));
    check(attaches, [Live { cens: Vec::new(), ..unknown() }], "update cenId");
    check(declared(|p| p.cen = Desired::Absent), [unknown()], "held interrupts_traffic");
    let adopts = declared(|p| (p.adopt, p.bandwidth) = (Some(id("cenbwp-2")), Mbps(4)));
    check(adopts, [ownerless(|l| l.shares = None)], "adopt bandwidth, allocation_unknown");
}
