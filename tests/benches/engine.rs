//! The cost of each step of the engine, in time and allocations, for 10, 1,000 and 10,000 packages: `make
//! bench`.
//!
//! Divan, because it adds four crates to the tree and counts allocations beside time.

use std::time::Duration;

use cenbwp::cloud::{self, Attempt, ClientToken, decode_recording, request};
use cenbwp_diff::Style;
use cenbwp_tests::sample;
use divan::{AllocProfiler, Bencher, black_box};
use world::{World, sources};

#[path = "world.rs"]
mod world;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const SIZES: [usize; 3] = [10, 1_000, 10_000];
/// Long enough for a few dozen samples of the largest size.
const AT_MOST: Duration = Duration::from_secs(3);

fn main() {
    divan::main();
}

/// YAML to a checked spec.
#[divan::bench(args = SIZES, max_time = AT_MOST)]
fn parse(bencher: Bencher<'_, '_>, n: usize) {
    let sources = sources(n);
    bencher.bench(|| cenbwp_spec::parse(black_box(&sources)));
}

/// The pages of a listing to packages.
#[divan::bench(args = SIZES, max_time = AT_MOST)]
fn decode(bencher: Bencher<'_, '_>, n: usize) {
    let recording = sample::recording(&sample::packages(n, 0));
    bencher.bench(|| decode_recording(black_box(recording.as_bytes())));
}

mod diff {
    use super::*;

    /// Every package is in sync.
    #[divan::bench(args = SIZES, max_time = AT_MOST)]
    fn nothing(bencher: Bencher<'_, '_>, n: usize) {
        let world = World::as_declared(n);
        bencher.bench(|| world.plan());
    }

    /// Every package has another bandwidth and another name.
    #[divan::bench(args = SIZES, max_time = AT_MOST)]
    fn everything(bencher: Bencher<'_, '_>, n: usize) {
        let world = World::drifted(n);
        bencher.bench(|| world.plan());
    }

    /// No package is there yet.
    #[divan::bench(args = SIZES, max_time = AT_MOST)]
    fn purchases(bencher: Bencher<'_, '_>, n: usize) {
        let world = World::empty(n);
        bencher.bench(|| world.plan());
    }

    /// The audit of a plan.
    #[divan::bench(args = SIZES, max_time = AT_MOST)]
    fn audit(bencher: Bencher<'_, '_>, n: usize) {
        let world = World::drifted(n);
        let plan = world.plan();
        bencher.bench(|| cenbwp_diff::audit(&plan, &world.spec, &world.observed, &world.options));
    }
}

mod render {
    use super::*;

    /// A plan that changes every package.
    #[divan::bench(args = SIZES, max_time = AT_MOST)]
    fn everything(bencher: Bencher<'_, '_>, n: usize) {
        let plan = World::drifted(n).plan();
        bencher.bench(|| cenbwp_diff::render(&plan, &Style::plain()));
    }

    /// A plan that buys every package.
    #[divan::bench(args = SIZES, max_time = AT_MOST)]
    fn purchases(bencher: Bencher<'_, '_>, n: usize) {
        let plan = World::empty(n).plan();
        bencher.bench(|| cenbwp_diff::render(&plan, &Style::plain()));
    }
}

/// The document with its digests, and its text.
#[divan::bench(args = SIZES, max_time = AT_MOST)]
fn document(bencher: Bencher<'_, '_>, n: usize) {
    let planned = World::drifted(n).planned(sources(n));
    bencher.bench(|| planned.document().to_text());
}

/// One signed request.
#[divan::bench]
fn sign(bencher: Bencher<'_, '_>) {
    let credentials = world::credentials();
    let endpoint = "https://cbn.example.com".parse().expect("an endpoint");
    let request = request::describe_page(7);
    bencher
        .with_inputs(|| "0123456789abcdef0123456789abcdef".to_owned())
        .bench_values(|nonce| cloud::sign(&request, &endpoint, &credentials, world::NOW, nonce));
}

/// One `ClientToken`.
#[divan::bench]
fn token() -> ClientToken {
    let account = "1234567890123456".parse().expect("an account");
    let identity = "fleet/p00000".parse().expect("an identity");
    ClientToken::new(black_box(&account), black_box(&identity), Attempt::FIRST)
}
