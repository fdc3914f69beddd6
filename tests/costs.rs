//! The growth of the engine's cost, in allocations: they are the same in every run and on every machine.
//!
//! Ten times the packages may cost eleven times as much, and a package may cost the number written here. A
//! change that makes something cheaper may lower its number; a change that raises one needs a reason.

use allocation_counter::measure;
use cenbwp_diff::Style;
use cenbwp_tests::sample;

use world::{World, sources};

#[path = "benches/world.rs"]
mod world;

const FEW: usize = 200;
const MANY: usize = 10 * FEW;

/// Checks that `work`, prepared for a number of packages, allocates at most `most` times per package, and grows with
/// their number.
#[track_caller]
fn check<P>(most: u64, prepare: impl Fn(usize) -> P, work: impl Fn(&P)) {
    let cost = |n: usize| {
        let prepared = prepare(n);
        // Allocations that are made once for the whole process do not count.
        work(&prepared);
        let info = measure(|| work(&prepared));
        (info.count_total, info.bytes_total)
    };
    let ((few, few_bytes), (many, many_bytes)) = (cost(FEW), cost(MANY));
    assert!(many <= 11 * few, "{many} allocations for {MANY} packages, {few} for {FEW}");
    // A buffer that doubles when it is full may just have doubled.
    assert!(many_bytes <= 16 * few_bytes, "{many_bytes} bytes for {MANY} packages, {few_bytes} for {FEW}");
    let per_package = many / MANY as u64;
    assert!(per_package <= most, "{per_package} allocations per package, at most {most} are expected");
}

#[test]
fn parsing_grows_with_the_spec() {
    check(36, sources, |sources| drop(cenbwp_spec::parse(sources)));
}

#[test]
fn decoding_grows_with_the_listing() {
    let recording = |n| sample::recording(&sample::packages(n, 0));
    check(35, recording, |text| drop(cenbwp::cloud::decode_recording(text.as_bytes())));
}

#[test]
fn a_diff_without_differences_grows_with_the_packages() {
    check(9, World::as_declared, |world| drop(world.plan()));
}

#[test]
fn a_diff_of_changes_grows_with_the_packages() {
    check(15, World::drifted, |world| drop(world.plan()));
}

#[test]
fn a_diff_of_purchases_grows_with_the_packages() {
    check(21, World::empty, |world| drop(world.plan()));
}

#[test]
fn the_audit_grows_with_the_packages() {
    let planned = |n| (World::drifted(n), World::drifted(n).plan());
    check(18, planned, |(world, plan)| {
        drop(cenbwp_diff::audit(plan, &world.spec, &world.observed, &world.options));
    });
}

/// The most bytes that a plan, and its audit, take for each package of another owner.
#[test]
fn a_package_of_others_takes_little_memory() {
    let world = World::beside(MANY);
    let mut plan = None;
    let planning = measure(|| plan = Some(world.plan()));
    let plan = plan.expect("it is made");
    let auditing = measure(|| {
        drop(cenbwp_diff::audit(&plan, &world.spec, &world.observed, &world.options));
    });
    for (info, most) in [(planning, 300), (auditing, 600)] {
        let per_package = info.bytes_max / MANY as u64;
        assert!(per_package <= most, "{per_package} bytes per package, at most {most} are expected");
    }
}

#[test]
fn rendering_grows_with_the_plan() {
    check(47, |n| World::drifted(n).plan(), |plan| drop(cenbwp_diff::render(plan, &Style::plain())));
    check(54, |n| World::empty(n).plan(), |plan| drop(cenbwp_diff::render(plan, &Style::plain())));
}

#[test]
fn the_document_grows_with_the_plan() {
    check(800, |n| World::drifted(n).planned(sources(n)), |planned| drop(planned.document().to_text()));
}

/// Only the packages of a page are kept: the peak is at most twice their memory.
#[test]
fn decoding_holds_little_more_than_what_it_returns() {
    let recording = sample::recording(&sample::packages(MANY, 0));
    let mut kept = None;
    let info = measure(|| kept = Some(cenbwp::cloud::decode_recording(recording.as_bytes())));
    let returned = u64::try_from(info.bytes_current).expect("something is returned");
    assert!(info.bytes_max <= 2 * returned, "{} bytes at most, {returned} returned", info.bytes_max);
}
