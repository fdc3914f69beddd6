//! One test per way to lose money. Each ends at the emulator's ledger: what was ordered, and how often.

mod listings;

use std::time::Duration;

use cenbwp::execute::Outcome;
use cenbwp::exit::Exit;
use cenbwp::stop::Stop;
use cenbwp_spec::Spec;
use cenbwp_tests::{
    Effect, Fault, Logged, Outcome as Answer, Package, Refusal, Semantics, TokenSemantics, When,
};

use crate::support::{Bench, CREATE, DESCRIBE, THREE, net, purchases, spec};

fn one() -> Spec {
    one_of(100)
}

fn one_of(mbps: u32) -> Spec {
    spec(&net(&[("cn-eu", format!("bandwidth: {mbps}, autoPay: true"))]))
}

fn three() -> Spec {
    spec(THREE)
}

fn error_500() -> Refusal {
    Refusal::new(500, "InternalError", "the request failed for an unknown reason")
}

/// Checks that a purchase survives a fault, and that a second run finds nothing to do.
async fn check_bought_once(bench: &Bench, outcome: Outcome) {
    let run = bench.apply(&one()).await;
    assert_eq!(run.outcome(), outcome, "{}", run.text);
    assert_eq!(run.exit, Exit::Done);
    assert_eq!(purchases(&bench.emulator), ["net/cn-eu"]);
    let (_, plan) = bench.plan(&one()).await.expect("the plan can be made");
    assert!(plan.is_empty(), "{plan:?}");
}

#[tokio::test(start_paused = true)]
async fn a_plain_purchase_is_bought_once() {
    check_bought_once(&Bench::new(), Outcome::Created).await;
}

#[tokio::test(start_paused = true)]
async fn lost_reply_does_not_buy_twice() {
    for semantics in [TokenSemantics::Strict, TokenSemantics::Replay, TokenSemantics::New] {
        let bench = Bench::with(Semantics { tokens: semantics, ..Semantics::default() });
        bench.emulator.fault(Fault::new(CREATE, When::call(1), Effect::CutAfter));
        check_bought_once(&bench, Outcome::Created).await;
    }
}

#[tokio::test(start_paused = true)]
async fn cut_off_reply_does_not_buy_twice() {
    let bench = Bench::new();
    bench.emulator.fault(Fault::new(CREATE, When::call(1), Effect::Truncate));
    check_bought_once(&bench, Outcome::Created).await;
}

#[tokio::test(start_paused = true)]
async fn request_lost_on_its_way_is_sent_again() {
    let bench = Bench::new();
    bench.emulator.fault(Fault::new(CREATE, When::first(2), Effect::CutBefore));
    check_bought_once(&bench, Outcome::Created).await;
}

#[tokio::test(start_paused = true)]
async fn error_500_after_the_commit_does_not_buy_twice() {
    let bench = Bench::new();
    bench.emulator.fault(Fault::new(CREATE, When::call(1), Effect::FailAfter(error_500())));
    check_bought_once(&bench, Outcome::Created).await;
}

#[tokio::test(start_paused = true)]
async fn error_500_before_the_commit_is_sent_again_with_the_same_token() {
    let bench = Bench::new();
    bench.emulator.fault(Fault::new(CREATE, When::first(2), Effect::Refuse(error_500())));
    check_bought_once(&bench, Outcome::Created).await;
    assert_eq!(tokens_sent(&bench).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn throttled_create_is_sent_again_with_the_same_token() {
    for retry_after in [None, Some(3000)] {
        let bench = Bench::new();
        bench.emulator.fault(Fault::new(CREATE, When::first(3), Effect::Throttle(retry_after)));
        check_bought_once(&bench, Outcome::Created).await;
        assert_eq!(tokens_sent(&bench).len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_without_end_buys_nothing_and_says_so() {
    let bench = Bench::new();
    bench.emulator.fault(Fault::new(CREATE, When::EVERY, Effect::Throttle(None)));
    let run = bench.apply(&one()).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Failed, Exit::Error), "{}", run.text);
    assert!(purchases(&bench.emulator).is_empty());
}

/// Returns every ClientToken of a Create, each once.
fn tokens_sent(bench: &Bench) -> std::collections::BTreeSet<String> {
    let requests = bench.emulator.requests();
    let creates = requests.iter().filter(|request| request.action == CREATE);
    creates.filter_map(|request| request.params.get("ClientToken").cloned()).collect()
}

#[tokio::test(start_paused = true)]
async fn same_spec_run_twice_at_once_buys_once() {
    let bench = Bench::with(Semantics { visible_after_listings: 3, ..Semantics::default() });
    let other = bench.neighbour();
    let spec = one();
    let (mine, theirs) = (bench.plan(&spec).await.unwrap(), other.plan(&spec).await.unwrap());
    let (mine, theirs) =
        tokio::join!(bench.execute(&spec, &mine.0, &mine.1), other.execute(&spec, &theirs.0, &theirs.1));
    assert_eq!((mine.exit, theirs.exit), (Exit::Done, Exit::Done), "{}{}", mine.text, theirs.text);
    assert_eq!(purchases(&bench.emulator), ["net/cn-eu"]);
}

#[tokio::test(start_paused = true)]
async fn two_runs_that_want_different_bandwidths_buy_once() {
    for tokens in [TokenSemantics::Strict, TokenSemantics::Replay] {
        let visible_after_listings = 3;
        let bench = Bench::with(Semantics { tokens, visible_after_listings, ..Semantics::default() });
        let other = bench.neighbour();
        let (small, large) = (one_of(100), one_of(200));
        let (mine, theirs) = (bench.plan(&small).await.unwrap(), other.plan(&large).await.unwrap());
        let (mine, theirs) = tokio::join!(
            bench.execute(&small, &mine.0, &mine.1),
            other.execute(&large, &theirs.0, &theirs.1)
        );
        assert_eq!(purchases(&bench.emulator), ["net/cn-eu"], "{tokens:?}");
        // One run has what it asked for; the other reports that the package is there and differs.
        assert_eq!((mine.outcome(), mine.exit), (Outcome::Created, Exit::Done), "{}", mine.text);
        assert_eq!(
            (theirs.outcome(), theirs.exit),
            (Outcome::AlreadyPresent, Exit::Partial),
            "{}",
            theirs.text
        );
        assert!(theirs.text.contains("left to do: net/cn-eu  update"), "{}", theirs.text);
    }
}

#[tokio::test(start_paused = true)]
async fn poisoned_token_is_followed_by_the_next_attempt() {
    let bench = Bench::with(Semantics { failed_remembered: true, ..Semantics::default() });
    bench.emulator.fault(Fault::new(CREATE, When::call(1), Effect::Refuse(error_500())));
    check_bought_once(&bench, Outcome::Created).await;
    assert_eq!(tokens_sent(&bench).len(), 2);
    assert_eq!(codes_of_creates(&bench), ["InternalError", "IdempotentFailed", ""]);
}

#[tokio::test(start_paused = true)]
async fn four_poisoned_tokens_are_the_end() {
    let bench = Bench::new();
    let failed = Refusal::new(400, "IdempotentFailed", "the previous idempotent request(s) has failed");
    bench.emulator.fault(Fault::new(CREATE, When::EVERY, Effect::Refuse(failed)));
    let run = bench.apply(&one()).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Failed, Exit::Error), "{}", run.text);
    assert_eq!(tokens_sent(&bench).len(), 4);
    assert!(purchases(&bench.emulator).is_empty());
}

/// Returns the error code of each answer to a Create; empty for a success.
fn codes_of_creates(bench: &Bench) -> Vec<String> {
    let requests = bench.emulator.requests();
    let creates = requests.iter().filter(|request| request.action == CREATE);
    let code = |request: &Logged| match &request.outcome {
        Answer::Answered { code, .. } => code.clone().unwrap_or_default(),
        Answer::Pending | Answer::Cut => "cut".to_owned(),
    };
    creates.map(code).collect()
}

#[tokio::test(start_paused = true)]
async fn money_error_is_not_sent_again_although_it_is_a_500() {
    let bench = Bench::new();
    let money = Refusal::new(500, "PayFor.AccountMoneyValidateError", "your quota is insufficient");
    bench.emulator.fault(Fault::new(CREATE, When::EVERY, Effect::Refuse(money)));
    let run = bench.apply(&one()).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Failed, Exit::Error), "{}", run.text);
    assert_eq!(codes_of_creates(&bench), ["PayFor.AccountMoneyValidateError"]);
    assert!(purchases(&bench.emulator).is_empty());
}

#[tokio::test(start_paused = true)]
async fn account_wide_refusal_stops_the_rest() {
    let mut bench = Bench::new();
    bench.settings.parallelism = 1;
    let denied = Refusal::new(403, "Forbidden.RAM", "not authorized");
    bench.emulator.fault(Fault::new(CREATE, When::EVERY, Effect::Refuse(denied)));
    let run = bench.apply(&three()).await;
    let outcomes: Vec<Outcome> = run.results.iter().map(|result| result.outcome).collect();
    assert_eq!(outcomes, [Outcome::Failed, Outcome::NotAttempted, Outcome::NotAttempted]);
    assert_eq!(run.exit, Exit::Error);
    assert_eq!(codes_of_creates(&bench), ["Forbidden.RAM"]);
}

#[tokio::test(start_paused = true)]
async fn refusal_of_one_does_not_hide_the_others() {
    let mut bench = Bench::new();
    bench.settings.parallelism = 1;
    let sold_out = Refusal::new(400, "InventoryExceeded", "not enough bandwidth");
    bench.emulator.fault(Fault::new(CREATE, When::call(2), Effect::Refuse(sold_out)));
    let run = bench.apply(&three()).await;
    let outcomes: Vec<Outcome> = run.results.iter().map(|result| result.outcome).collect();
    assert_eq!(outcomes, [Outcome::Created, Outcome::Failed, Outcome::Created]);
    assert_eq!(run.exit, Exit::Partial);
    for said in ["net/b  failed (not bought)", "Apply incomplete: 2 created, 1 failed (not bought)."] {
        assert!(run.text.contains(said), "{}", run.text);
    }
    assert_eq!(purchases(&bench.emulator), ["net/a", "net/c"]);
    // Running again finishes the job.
    let run = bench.apply(&three()).await;
    assert_eq!(run.exit, Exit::Done);
    assert_eq!(purchases(&bench.emulator), ["net/a", "net/c", "net/b"]);
}

#[tokio::test(start_paused = true)]
async fn refusal_after_a_lost_reply_proves_nothing() {
    let bench = Bench::with(Semantics { visible_after: Duration::from_secs(1800), ..Semantics::default() });
    bench.emulator.fault(Fault::new(CREATE, When::call(1), Effect::CutAfter));
    let sold_out = Refusal::new(400, "InventoryExceeded", "not enough bandwidth");
    bench.emulator.fault(Fault::new(CREATE, When::Calls { first: 2, last: None }, Effect::Refuse(sold_out)));
    let run = bench.apply(&one()).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Unknown, Exit::Unknown), "{}", run.text);
    assert_eq!(purchases(&bench.emulator), ["net/cn-eu"]);
}

#[tokio::test(start_paused = true)]
async fn dead_replay_is_unknown_and_never_points_to_the_way_to_buy_twice() {
    let bench = Bench::with(Semantics { dead_replay: true, ..Semantics::default() });
    bench.apply(&one()).await;
    bench.emulator.edit(|world| world.packages.clear());
    let run = bench.apply(&one()).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Unknown, Exit::Unknown), "{}", run.text);
    assert!(run.text.contains("run the same command again"), "{}", run.text);
    assert!(!run.text.contains("generation"), "{}", run.text);
    assert_eq!(purchases(&bench.emulator), ["net/cn-eu"]);
}

#[tokio::test(start_paused = true)]
async fn purchase_that_is_not_listed_yet_is_not_told_as_somebody_elses_package() {
    let bench = Bench::with(Semantics { visible_after_listings: 3, ..Semantics::default() });
    // A person gives the tag of the new package to another one while the new package is not listed yet.
    let tagged = Package::new("cenbwp-theirs", ["china", "europe"], 100).tagged("cenbwp", "net/cn-eu");
    let edit = Effect::Edit(std::sync::Arc::new(move |world| world.packages.push(tagged.clone())));
    bench.emulator.fault(Fault::new(DESCRIBE, When::call(2), edit));
    let run = bench.apply(&one()).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Created, Exit::Partial), "{}", run.text);
    assert!(run.text.contains(&bench.emulator.ledger()[0].package_id), "{}", run.text);
    assert!(run.text.contains("left to do: net/cn-eu  ambiguous"), "{}", run.text);
}

#[tokio::test(start_paused = true)]
async fn run_that_bought_never_exits_with_a_code_that_says_it_did_not() {
    let mut bench = Bench::new();
    bench.settings.parallelism = 1;
    // A person resizes the first package before the run has listed it, and the second is sold out.
    let resize = Effect::Edit(std::sync::Arc::new(|world| world.packages[0].bandwidth = 200));
    bench.emulator.fault(Fault::new(DESCRIBE, When::call(2), resize));
    let sold_out = Refusal::new(400, "InventoryExceeded", "not enough bandwidth");
    bench.emulator.fault(Fault::new(CREATE, When::Calls { first: 2, last: None }, Effect::Refuse(sold_out)));
    let run = bench.apply(&three()).await;
    assert_eq!(purchases(&bench.emulator), ["net/a"]);
    assert_eq!(run.exit, Exit::Partial, "{}", run.text);
}

#[tokio::test(start_paused = true)]
async fn unpaid_order_is_done_and_names_the_order() {
    let bench = Bench::new();
    let unpaid = spec(
        "{version: 1, stack: net, packages: {x: {areas: [China, China], bandwidth: 2, autoPay: false}}}",
    );
    let run = bench.apply(&unpaid).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::UnpaidOrder, Exit::Done), "{}", run.text);
    let orders = bench.emulator.ledger();
    assert!(run.text.contains(&orders[0].order_id), "{}", run.text);
    // The package is not listed before it is paid; the next run sends the same token and orders nothing new.
    let run = bench.apply(&unpaid).await;
    assert_eq!(run.outcome(), Outcome::UnpaidOrder);
    assert_eq!(purchases(&bench.emulator), ["net/x"]);
}

#[tokio::test(start_paused = true)]
async fn interrupt_before_anything_is_sent_buys_nothing() {
    let bench = Bench::new();
    let stop = Stop::default();
    stop.request();
    let (situation, plan) = bench.plan(&three()).await.unwrap();
    let run = bench.execute_until(&three(), &situation, &plan, &stop).await;
    assert_eq!(run.exit, Exit::Interrupted);
    assert!(run.results.iter().all(|result| result.outcome == Outcome::NotAttempted));
    assert!(purchases(&bench.emulator).is_empty());
}

#[tokio::test(start_paused = true)]
async fn interrupt_lets_what_is_in_flight_finish_and_starts_nothing_new() {
    let mut bench = Bench::new();
    bench.settings.parallelism = 1;
    let stop = Stop::default();
    let signalled = stop.clone();
    let signal = Effect::Edit(std::sync::Arc::new(move |_| signalled.request()));
    bench.emulator.fault(Fault::new(CREATE, When::call(1), signal));
    let (situation, plan) = bench.plan(&three()).await.unwrap();
    let run = bench.execute_until(&three(), &situation, &plan, &stop).await;
    let outcomes: Vec<Outcome> = run.results.iter().map(|result| result.outcome).collect();
    assert_eq!(outcomes, [Outcome::Created, Outcome::NotAttempted, Outcome::NotAttempted]);
    assert_eq!(run.exit, Exit::Partial);
    assert_eq!(purchases(&bench.emulator), ["net/a"]);
}

#[tokio::test(start_paused = true)]
async fn interrupt_between_two_tokens_does_not_say_that_nothing_was_sent() {
    let bench = Bench::new();
    let stop = Stop::default();
    let signalled = stop.clone();
    let failed = Refusal::new(400, "IdempotentFailed", "the previous idempotent request(s) has failed");
    bench.emulator.fault(Fault::new(CREATE, When::call(1), Effect::Refuse(failed)));
    let signal = Effect::Edit(std::sync::Arc::new(move |_| signalled.request()));
    bench.emulator.fault(Fault::new(DESCRIBE, When::call(2), signal));
    let (situation, plan) = bench.plan(&one()).await.unwrap();
    let run = bench.execute_until(&one(), &situation, &plan, &stop).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Failed, Exit::Error), "{}", run.text);
    assert!(run.text.contains("IdempotentFailed"), "{}", run.text);
    assert!(purchases(&bench.emulator).is_empty());
}

#[tokio::test(start_paused = true)]
async fn purchase_that_is_not_waited_for_is_not_left_to_do() {
    let mut bench = Bench::new();
    (bench.settings.wait, bench.settings.wait_timeout) = (false, Duration::ZERO);
    // The run lists before it repeats the request, and not after it.
    bench.emulator.fault(Fault::new(CREATE, When::call(1), Effect::CutBefore));
    let run = bench.apply(&one()).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Created, Exit::Done), "{}", run.text);
}

#[tokio::test(start_paused = true)]
async fn waiting_costs_one_listing_per_round_however_many_packages_wait() {
    let bench = Bench::with(Semantics { visible_after: Duration::from_secs(5), ..Semantics::default() });
    let run = bench.apply(&three()).await;
    assert_eq!(run.exit, Exit::Done);
    let requests = bench.emulator.requests();
    let listings = requests.iter().filter(|request| request.action == DESCRIBE).count();
    assert!(listings <= 8, "{listings} listings");
    assert_eq!(requests.iter().filter(|request| request.action == CREATE).count(), 3);
}
