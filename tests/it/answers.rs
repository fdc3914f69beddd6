//! A reply counts when it arrives, and a proven result stays proven however the run ends.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cenbwp::execute::{ChangeResult, FieldOutcome, InFlight, Journal, Outcome, Register};
use cenbwp::exit::Exit;
use cenbwp::report::Commands;
use cenbwp::report::outcomes::{Applied, End};
use cenbwp::stop::Stop;
use cenbwp_spec::Spec;
use cenbwp_tests::{Cen, Effect, Fault, Package, Refusal, Semantics, When, World};

use crate::common::{self, Approved};
use crate::support::{Bench, CREATE, DESCRIBE, RESIZE, THREE, net, purchases, spec};

const ATTACH: &str = "AssociateCenBandwidthPackage";

fn three() -> Spec {
    spec(THREE)
}

fn one(fields: &str) -> Spec {
    spec(&net(&[("a", format!("bandwidth: 10, autoPay: true, {fields}"))]))
}

/// Applies a spec and cuts the run off after so many seconds, as a second signal does. Returns the results at
/// that moment.
async fn cut_after(bench: &Bench, spec: &Spec, seconds: u64, in_flight: &InFlight) -> Vec<ChangeResult> {
    let (situation, plan) = bench.plan(spec).await.expect("the plan can be made");
    let approved = Approved { spec, situation: &situation, plan: &plan, targets: None };
    let (stop, listener) = (Stop::default(), |_: cenbwp::execute::Event<'_>| {});
    let run = common::execute(&approved, &bench.cloud, &bench.settings, in_flight, &stop, &listener);
    assert!(tokio::time::timeout(Duration::from_secs(seconds), run).await.is_err(), "it was not cut");
    in_flight.lock().expect("no holder panics").results()
}

fn exit_of(results: Vec<ChangeResult>) -> Exit {
    let (digest, commands) = (String::new(), Commands::default());
    Applied { digest, results, left: None, left_out: 0, price: None, end: End::Left, commands }.exit()
}

#[tokio::test(start_paused = true)]
async fn answers_beside_a_slow_one_are_recorded_when_they_arrive() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("journal.ndjson");
    let journal = Journal::open(&path, "r".to_owned()).expect("it can be opened");
    let in_flight: InFlight = Arc::new(Mutex::new(Register::recorded_in(Some(journal))));
    let bench = Bench::new();
    bench.strike(CREATE, 3, Effect::Latency(Duration::from_secs(60)));
    let results = cut_after(&bench, &three(), 8, &in_flight).await;

    let outcomes: Vec<Outcome> = results.iter().map(|result| result.outcome).collect();
    assert_eq!(outcomes, [Outcome::Ordered, Outcome::Ordered, Outcome::Unknown]);
    let orders = bench.emulator.ledger();
    for (result, order) in results.iter().zip(&orders) {
        assert_eq!(result.id.as_ref().map(|id| id.as_str()), Some(order.package_id.as_str()));
        assert_eq!(result.order_id.as_deref(), Some(order.order_id.as_str()));
    }
    assert!(results.iter().all(|result| result.client_token.is_some() && result.mbps.is_some()));
    let in_flight = in_flight.lock().expect("no holder panics");
    let named: Vec<String> = in_flight.iter().map(|intent| intent.identity.to_string()).collect();
    assert_eq!(named, ["net/c"], "only what has no answer is unknown");

    let journal = std::fs::read_to_string(&path).expect("the journal is there");
    let lines = |kind: &str| journal.lines().filter(|line| line.contains(kind)).count();
    assert_eq!((lines("\"intent\""), lines("\"answer\":\"yes\"")), (3, 2), "{journal}");
    assert!(orders.iter().all(|order| journal.contains(&order.order_id)), "{journal}");
}

#[tokio::test(start_paused = true)]
async fn purchase_that_was_proved_stays_told_while_what_follows_it_hangs() {
    let bench = Bench::new();
    bench.emulator.edit(|world| world.cens.push(Cen::new("cen-1")));
    bench.strike(ATTACH, 1, Effect::Latency(Duration::from_secs(60)));
    let results = cut_after(&bench, &one("cenId: cen-1"), 8, &InFlight::default()).await;
    let [result] = &results[..] else { panic!("{results:?}") };
    let order = &bench.emulator.ledger()[0];
    assert_eq!((result.action, result.outcome), ("purchase", Outcome::Created));
    assert_eq!(result.id.as_ref().map(|id| id.as_str()), Some(order.package_id.as_str()));
    assert_eq!(result.order_id.as_deref(), Some(order.order_id.as_str()));
    assert_eq!((result.mbps.map(|mbps| mbps.0), result.client_token.is_some()), (Some(10), true));
    assert_eq!((result.fields[0].field, result.fields[0].outcome), ("cenId", FieldOutcome::Unknown));
    assert_eq!(exit_of(results), Exit::Unknown);
}

#[tokio::test(start_paused = true)]
async fn upgrade_that_was_proved_stays_told_while_the_next_field_hangs() {
    let bench = Bench::new();
    let package = Package::new("cenbwp-a", ["china", "europe"], 5).tagged("cenbwp", "net/a");
    bench.emulator.edit(|world| world.packages.push(package));
    bench.strike("ModifyCenBandwidthPackageAttribute", 1, Effect::Latency(Duration::from_secs(60)));
    let results = cut_after(&bench, &one("name: two"), 8, &InFlight::default()).await;
    let [result] = &results[..] else { panic!("{results:?}") };
    let fields: Vec<_> = result.fields.iter().map(|field| (field.field, field.outcome)).collect();
    assert_eq!(fields, [("bandwidth", FieldOutcome::Done), ("name", FieldOutcome::Unknown)]);
    assert_eq!((result.action, result.outcome), ("update", Outcome::Unknown));
}

/// Gives a package of another owner our tag, as a run that adopts it does.
fn adopted_elsewhere(world: &mut World) {
    world.packages.push(Package::new("cenbwp-theirs", ["china", "europe"], 10).tagged("cenbwp", "net/a"));
}

#[tokio::test(start_paused = true)]
async fn purchase_that_waits_to_be_repeated_is_not_bought_once_a_listing_shows_it() {
    let bench = Bench::with(Semantics { visible_after_listings: 6, ..Semantics::default() });
    for call in [1, 4] {
        bench.strike(CREATE, call, Effect::Throttle(Some(3000)));
    }
    // This run lists because of the other purchases; one listing shows the package that another run adopted.
    bench.strike(DESCRIBE, 2, Effect::Edit(Arc::new(adopted_elsewhere)));
    let run = bench.apply(&three()).await;
    assert_eq!(purchases(&bench.emulator), ["net/b", "net/c"], "{}", run.text);
    assert_eq!(run.results[0].outcome, Outcome::AlreadyPresent, "{}", run.text);
    assert_eq!(run.exit, Exit::Done, "{}", run.text);
}

#[tokio::test(start_paused = true)]
async fn purchase_is_not_repeated_while_an_item_may_hide_it() {
    let bench = Bench::with(Semantics { visible_after_listings: 6, ..Semantics::default() });
    bench.strike(CREATE, 1, Effect::Throttle(Some(1000)));
    let unreadable = Fault::new(DESCRIBE, When::Calls { first: 2, last: Some(400) }, Effect::Unreadable(0));
    let stranger = Package::new("cenbwp-0", ["australia", "europe"], 2);
    bench.emulator.edit(|world| world.packages.push(stranger));
    bench.emulator.fault(unreadable);
    let run = bench.apply(&three()).await;
    // Whatever hides it never ends: it was never bought, and the run reports that.
    assert_eq!(run.results[0].outcome, Outcome::Failed, "{}", run.text);
    assert_eq!(purchases(&bench.emulator), ["net/b", "net/c"], "{}", run.text);
}

#[tokio::test(start_paused = true)]
async fn refusal_after_the_order_was_placed_does_not_end_as_nothing_bought() {
    for status in [
        400, 402, 403, 404, 405, 406, 408, 409, 410, 412, 413, 422, 423, 425, 429, 451, 499, 500, 502, 503,
        504,
    ] {
        for code in ["RequestTimeout", "SomethingNew", "Gateway.TimedOut"] {
            let bench = Bench::new();
            bench.strike(CREATE, 1, Effect::FailAfter(Refusal::new(status, code, "injected")));
            let run = bench.apply(&one("")).await;
            // An unknown code, at a status that proves a refusal, is believed only after a new listing.
            let (outcome, exit) = (run.outcome(), run.exit);
            assert!(
                matches!((outcome, exit), (Outcome::Created | Outcome::AlreadyPresent, Exit::Done)),
                "{status} {code}: {}",
                run.text
            );
            assert_eq!(purchases(&bench.emulator), ["net/a"]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn yes_without_a_package_is_no_success_without_waiting_either() {
    let mut bench = Bench::with(Semantics { dead_replay: true, ..Semantics::default() });
    bench.apply(&one("")).await;
    bench.emulator.edit(|world| world.packages.clear());
    (bench.settings.wait, bench.settings.wait_timeout) = (false, Duration::ZERO);
    for _ in 0..2 {
        let run = bench.apply(&one("")).await;
        assert_eq!((run.outcome(), run.exit), (Outcome::Ordered, Exit::Partial), "{}", run.text);
        assert!(!run.text.contains("generation"), "{}", run.text);
    }
    assert_eq!(purchases(&bench.emulator), ["net/a"]);
}

#[tokio::test(start_paused = true)]
async fn the_most_retries_there_are_is_not_none() {
    let mut bench = Bench::new();
    bench.settings.max_retries = u32::MAX;
    bench.strike(CREATE, 1, Effect::Throttle(None));
    let run = bench.apply(&one("")).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Created, Exit::Done), "{}", run.text);
}

#[tokio::test(start_paused = true)]
async fn bandwidth_that_the_service_calls_unchanged_is_waited_for() {
    for code in ["OperationFailed.UpDownRadeConfigNoChange", "Operation.Failed"] {
        let bench = Bench::new();
        let package = Package::new("cenbwp-a", ["china", "europe"], 5).tagged("cenbwp", "net/a");
        bench.emulator.edit(|world| world.packages.push(package));
        // Another run has changed it, and the listing does not show that yet.
        bench.strike(RESIZE, 1, Effect::Refuse(Refusal::new(400, code, "nothing to change")));
        let shows = |world: &mut World| world.packages[0].bandwidth = 10;
        bench.strike(DESCRIBE, 4, Effect::Edit(Arc::new(shows)));
        let run = bench.apply(&one("")).await;
        assert_eq!((run.outcome(), run.exit), (Outcome::Updated, Exit::Done), "{}", run.text);
        let changes = bench.emulator.requests().iter().filter(|request| request.action == RESIZE).count();
        assert_eq!(changes, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_names_the_package_and_what_it_waits_for() {
    let bench = Bench::with(Semantics { visible_after: Duration::from_secs(20), ..Semantics::default() });
    let (spec, lines) = (one(""), Mutex::new(Vec::new()));
    let (situation, plan) = bench.plan(&spec).await.expect("the plan can be made");
    let approved = Approved { spec: &spec, situation: &situation, plan: &plan, targets: None };
    let start = bench.cloud.clock().now();
    let listener = |event: cenbwp::execute::Event<'_>| {
        if let cenbwp::execute::Event::Waiting { longest, .. } = event {
            let seconds = bench.cloud.clock().now().duration_since(start).as_secs();
            lines
                .lock()
                .expect("no holder panics")
                .push((seconds, format!("{}: {}", longest.identity, longest.awaits)));
        }
    };
    common::execute(
        &approved,
        &bench.cloud,
        &bench.settings,
        &InFlight::default(),
        &Stop::default(),
        &listener,
    )
    .await;
    let lines = lines.into_inner().expect("no holder panics");
    assert!(lines.iter().all(|(_, line)| line == "net/a: waiting for the listing to show it"), "{lines:?}");
    assert!(lines.first().is_some_and(|(seconds, _)| *seconds < 5), "{lines:?}");
    assert!(lines.windows(2).all(|pair| pair[1].0 - pair[0].0 <= 6), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_gives_a_sign_of_life_while_an_answer_is_slow() {
    let bench = Bench::new();
    bench.strike(CREATE, 1, Effect::Latency(Duration::from_secs(40)));
    let (spec, count) = (one(""), Mutex::new(0));
    let (situation, plan) = bench.plan(&spec).await.expect("the plan can be made");
    let approved = Approved { spec: &spec, situation: &situation, plan: &plan, targets: None };
    let listener = |event: cenbwp::execute::Event<'_>| {
        if let cenbwp::execute::Event::Waiting { longest, .. } = event {
            assert_eq!(longest.awaits, "waiting for an answer, or for the listing to tell");
            *count.lock().expect("no holder panics") += 1;
        }
    };
    common::execute(
        &approved,
        &bench.cloud,
        &bench.settings,
        &InFlight::default(),
        &Stop::default(),
        &listener,
    )
    .await;
    let count = count.into_inner().expect("no holder panics");
    assert!((7..=8).contains(&count), "{count} in 40 seconds");
}
