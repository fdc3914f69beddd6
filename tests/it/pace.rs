//! The number of requests of a run, their concurrency, and the time they take: on paused time, where a round
//! trip takes exactly as long as the test says and computing takes no time.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use cenbwp::cloud::{Error, RetryPolicy, Sending, SignedRequest, Transport};
use cenbwp::execute::Outcome;
use cenbwp::exit::Exit;
use cenbwp_diff::Observed;
use cenbwp_spec::Spec;
use cenbwp_tests::{Effect, Fault, Package, Refusal, Semantics, When};
use tokio::time::Instant;

use crate::common::{self, InProcess};
use crate::support::{Bench, CREATE, DESCRIBE, purchases, spec};

const CALLER: &str = "GetCallerIdentity";

/// One round trip.
const L: Duration = Duration::from_millis(100);

/// A transport to the emulator that records when each request left and how many were open then.
struct Gauge {
    way: InProcess,
    start: Instant,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    sent: Vec<Sent>,
    under_way: usize,
}

#[derive(Clone)]
struct Sent {
    action: String,
    at: Duration,
    under_way: usize,
}

impl Transport for Gauge {
    fn send<'a>(&'a self, request: &'a SignedRequest) -> Sending<'a> {
        Box::pin(async move {
            let action = request.headers.iter().find(|(name, _)| *name == "x-acs-action");
            let under_way = UnderWay::begin(self, action.map_or("", |(_, action)| action));
            let reply = self.way.send(request).await;
            drop(under_way);
            reply
        })
    }
}

/// One open request, until it is answered or dropped.
struct UnderWay<'a>(&'a Gauge);

impl<'a> UnderWay<'a> {
    fn begin(gauge: &'a Gauge, action: &str) -> Self {
        let mut seen = gauge.seen();
        seen.under_way += 1;
        let sent = Sent { action: action.to_owned(), at: gauge.start.elapsed(), under_way: seen.under_way };
        seen.sent.push(sent);
        Self(gauge)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.seen().under_way -= 1;
    }
}

/// Returns a bench with so many packages of strangers, at a round trip of `L`.
fn bench(live: usize) -> (Bench, Arc<Gauge>) {
    bench_with(live, Semantics::default())
}

fn bench_with(live: usize, semantics: Semantics) -> (Bench, Arc<Gauge>) {
    let mut bench = Bench::with(semantics);
    let strangers = (0..live).map(|n| Package::new(&format!("cenbwp-{n:05}"), ["china", "asia-pacific"], 5));
    bench.emulator.edit(|world| world.packages.extend(strangers));
    bench.emulator.fault(Fault { action: None, when: When::EVERY, effect: Effect::Latency(L) });
    let way = InProcess(bench.emulator.clone());
    let gauge = Arc::new(Gauge { way, start: Instant::now(), seen: Mutex::default() });
    let (config, clock) = (bench.emulator.config(), *bench.cloud.clock());
    bench.cloud = common::client(config, gauge.clone(), clock, 7, RetryPolicy::default());
    (bench, gauge)
}

impl Gauge {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no holder panics")
    }

    fn sent(&self, action: &str) -> Vec<Sent> {
        self.seen().sent.iter().filter(|sent| sent.action == action).cloned().collect()
    }

    fn most_under_way(&self) -> usize {
        self.seen().sent.iter().map(|sent| sent.under_way).max().unwrap_or(0)
    }

    /// Returns the number of round trips that have passed.
    fn round_trips(&self) -> u128 {
        assert_eq!(self.start.elapsed().as_millis() % L.as_millis(), 0, "nothing but round trips takes time");
        self.start.elapsed().as_millis() / L.as_millis()
    }
}

/// Returns a spec that only observes so many packages, none of which is there.
fn watching(packages: usize) -> Spec {
    let entries: String = (0..packages)
        .map(|n| format!("  p{n}: {{areas: [China, Europe], bandwidth: 10, manage: observe}}\n"))
        .collect();
    spec(&format!("version: 1\nstack: net\ndefaults: {{autoPay: true}}\npackages:\n{entries}"))
}

/// One round trip for the first page and the account, then one for each window of the other pages: 9, 18, 36,
/// and then 48 each. With 48 from the beginning 20,000 packages would take 10.
#[tokio::test(start_paused = true)]
async fn a_plan_takes_the_round_trips_that_its_pages_need_side_by_side() {
    for (packages, pages, round_trips, most) in [
        (0, 1, 1, 2),
        (50, 1, 1, 2),
        (51, 2, 2, 2),
        (500, 10, 2, 9),
        (5_000, 100, 5, 36),
        (20_000, 400, 11, 48),
    ] {
        let (bench, gauge) = bench(packages);
        let (situation, _) = bench.plan(&watching(1)).await.unwrap();
        assert_eq!(situation.observed.packages.len(), packages);
        assert_eq!((gauge.sent(DESCRIBE).len(), gauge.sent(CALLER).len()), (pages, 1), "{packages}");
        assert_eq!(gauge.round_trips(), round_trips, "{packages}");
        assert_eq!(gauge.most_under_way(), most, "{packages}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_for_what_the_spec_declares_do_not_wait_for_the_first() {
    let (bench, gauge) = bench(400);
    bench.plan(&watching(400)).await.unwrap();
    assert_eq!((gauge.sent(DESCRIBE).len(), gauge.round_trips()), (8, 1));
    // After one listing the client itself knows the number of pages.
    bench.cloud.list().await.unwrap();
    assert_eq!((gauge.sent(DESCRIBE).len(), gauge.round_trips()), (16, 2));
}

#[tokio::test(start_paused = true)]
async fn a_page_beyond_the_end_does_no_harm() {
    let forbidden = || Effect::Refuse(Refusal::new(400, "InvalidParameter", "there is no such page"));
    for (live, pages) in [(0, 1), (10, 1), (70, 2)] {
        for effect in [forbidden(), Effect::CutBefore, Effect::TotalCount(0), Effect::Throttle(None)] {
            let (bench, gauge) = bench(live);
            let when = When::Calls { first: pages + 1, last: None };
            bench.emulator.fault(Fault::new(DESCRIBE, when, effect.clone()));
            // The first page arrives last.
            let slow = Effect::Latency(L);
            bench.emulator.fault(Fault::new(DESCRIBE, When::call(1), slow));
            let (situation, _) = bench.plan(&watching(300)).await.unwrap();
            assert_eq!(situation.observed.packages.len(), live, "{effect:?}");
            assert_eq!((gauge.sent(DESCRIBE).len(), gauge.round_trips()), (6, 2), "{effect:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_halves_the_pages_at_once_and_every_page_comes() {
    let (bench, gauge) = bench(5_000);
    // A window of 18 requests, all of them throttled.
    bench.emulator.fault(Fault::new(
        DESCRIBE,
        When::Calls { first: 11, last: Some(28) },
        Effect::Throttle(None),
    ));
    let observed = bench.cloud.list().await.unwrap();
    assert_eq!((observed.packages.len(), gauge.sent(DESCRIBE).len()), (5_000, 118));
    let under_way: Vec<usize> = gauge.sent(DESCRIBE).iter().map(|sent| sent.under_way).collect();
    let most = |sent: &[usize]| sent.iter().copied().max();
    assert_eq!(most(&under_way[..28]), Some(18));
    // Each throttled request is repeated at a time of its own. Then half as many may be open, and slowly
    // more.
    assert_eq!(most(&under_way[28..56]), Some(10), "{under_way:?}");
    assert_eq!(most(&under_way[28..]), Some(15), "{under_way:?}");
}

fn ids(observed: &Observed) -> Vec<&str> {
    observed.packages.iter().map(|live| live.id.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn pages_side_by_side_that_contradict_each_other_are_no_listing() {
    let shown_again = Effect::Shift(-1);
    let slipped = Effect::Shift(1);
    for torn in
        [Effect::TotalCount(399), Effect::TotalCount(401), Effect::TotalCount(0), shown_again, slipped]
    {
        // Any page except a middle one that only shifts: the count does not show that, and the last page is
        // short by it.
        for call in [3, 8] {
            if call == 3 && matches!(torn, Effect::Shift(1)) {
                continue;
            }
            let (once, _) = bench(400);
            once.emulator.fault(Fault::new(DESCRIBE, When::call(call), torn.clone()));
            let observed = once.cloud.list().await.unwrap();
            assert_eq!((ids(&observed).len(), ids(&observed)[399]), (400, "cenbwp-00399"), "{torn:?} {call}");

            let (always, gauge) = bench(400);
            for listing in 0..4 {
                let again = When::call(8 * listing + call);
                always.emulator.fault(Fault::new(DESCRIBE, again, torn.clone()));
            }
            let ended = always.cloud.list().await;
            assert!(matches!(ended, Err(Error::Listing(_))), "{torn:?} {call}");
            assert_eq!(gauge.sent(DESCRIBE).len(), 32, "{torn:?} {call}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_second_has_more_requests_than_max_rps() {
    let (mut bench, gauge) = bench(2_000);
    bench.cloud = bench.cloud.at_most_per_second(NonZeroU32::new(10).unwrap());
    let spec = buying(20);
    let run = bench.apply(&spec).await;
    assert_eq!(run.exit, Exit::Done, "{}", run.text);
    let times: Vec<Duration> = gauge.seen().sent.iter().map(|sent| sent.at).collect();
    // The listing and its confirmation, the page after its full last one, the account, the purchases, and one
    // listing for all of them.
    assert_eq!(times.len(), 40 + 1 + 40 + 1 + 20 + 41);
    for (nth, later) in times.iter().zip(&times[10..]) {
        assert!(*later - *nth >= Duration::from_secs(1), "{nth:?} {later:?}");
    }
    // And not slower than allowed: 143 requests take 14 seconds, plus the waits between the steps.
    assert!(times.last().unwrap().as_secs() <= 17, "{times:?}");
}

/// Returns a spec that buys so many packages.
fn buying(packages: usize) -> Spec {
    let entries: String = (0..packages)
        .map(|n| format!("  p{n}: {{areas: [China, Europe], bandwidth: {}}}\n", n + 2))
        .collect();
    spec(&format!(
        "version: 1\nstack: net\nlimits: {{maxPurchases: {packages}}}\ndefaults: {{autoPay: true}}\npackages:\n{entries}"
    ))
}

/// The account and the listing; then for each field a call, and the listing that proves it.
#[tokio::test(start_paused = true)]
async fn fields_of_one_package_are_changed_one_after_the_other_without_a_pause() {
    let (bench, gauge) = bench(0);
    let package = Package::new("cenbwp-1", ["china", "europe"], 10).tagged("cenbwp", "net/x");
    bench.emulator.edit(|world| world.packages.push(package));
    let run = bench
        .apply(&spec(
            "{version: 1, stack: net, packages: {x: {areas: [China, Europe], bandwidth: 20, name: new, \
             description: text, tags: {a: b}, autoPay: true}}}",
        ))
        .await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Updated, Exit::Done), "{}", run.text);
    assert_eq!((gauge.round_trips(), gauge.sent(DESCRIBE).len()), (1 + 4 * 2, 1 + 4));
}

/// 25 round trips to send, four at a time; 5 seconds until the last package is listed; and the listings.
#[tokio::test(start_paused = true)]
async fn a_hundred_purchases_take_little_longer_than_one() {
    let slow = Semantics { visible_after: Duration::from_secs(5), ..Semantics::default() };
    let (bench, gauge) = bench_with(0, slow);
    let run = bench.apply(&buying(100)).await;
    assert!(run.results.iter().all(|result| result.outcome == Outcome::Created), "{}", run.text);
    assert_eq!((purchases(&bench.emulator).len(), gauge.sent(CREATE).len()), (100, 100));
    assert_eq!(gauge.sent(CREATE).iter().map(|sent| sent.under_way).max(), Some(4));
    let elapsed = gauge.start.elapsed();
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
    // The listings are shared: one or two pages every second or two, and none for one package alone.
    let looks = gauge.sent(DESCRIBE).len();
    assert!(looks <= 16, "{looks}");
}
