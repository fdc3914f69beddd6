//! Listings that show a purchase late, partly or not at all.

use std::time::Duration;

use cenbwp::execute::Outcome;
use cenbwp::exit::Exit;
use cenbwp_tests::{Effect, Fault, Package, Semantics, TokenSemantics, When};

use super::{check_bought_once, error_500, one};
use crate::support::{Bench, CREATE, DESCRIBE, purchases, spec};

#[tokio::test(start_paused = true)]
async fn package_that_is_invisible_for_some_listings_is_waited_for() {
    let bench = Bench::with(Semantics { visible_after_listings: 4, ..Semantics::default() });
    check_bought_once(&bench, Outcome::Created).await;
}

#[tokio::test(start_paused = true)]
async fn lost_reply_of_an_invisible_package_does_not_buy_twice() {
    for tokens in [TokenSemantics::Strict, TokenSemantics::Replay] {
        let visible_after_listings = 6;
        let bench = Bench::with(Semantics { visible_after_listings, tokens, ..Semantics::default() });
        bench.emulator.fault(Fault::new(CREATE, When::first(2), Effect::CutAfter));
        check_bought_once(&bench, Outcome::Created).await;
    }
}

#[tokio::test(start_paused = true)]
async fn tags_that_come_later_than_the_package_are_waited_for() {
    let bench = Bench::with(Semantics { tags_after_listings: 5, ..Semantics::default() });
    check_bought_once(&bench, Outcome::Created).await;
}

#[tokio::test(start_paused = true)]
async fn package_that_never_appears_is_unknown_and_the_next_run_does_not_buy_again() {
    let bench = Bench::with(Semantics { visible_after: Duration::from_secs(1800), ..Semantics::default() });
    let run = bench.apply(&one()).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Unknown, Exit::Unknown), "{}", run.text);
    assert!(run.text.contains("run the same command again"), "{}", run.text);
    // The package is still not listed, so the next run plans to buy it, with the same token.
    let run = bench.apply(&one()).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Created, Exit::Done), "{}", run.text);
    assert_eq!(purchases(&bench.emulator), ["net/cn-eu"]);
}

#[tokio::test(start_paused = true)]
async fn failing_second_page_buys_nothing() {
    let bench = Bench::new();
    fill(&bench, 60);
    let second = Effect::Refuse(error_500());
    bench.emulator.fault(Fault::new(DESCRIBE, When::Calls { first: 2, last: None }, second));
    let failure = bench.plan(&one()).await.unwrap_err();
    assert_eq!(failure.exit, Exit::Error);
    assert!(purchases(&bench.emulator).is_empty());
}

#[tokio::test(start_paused = true)]
async fn item_that_slips_between_two_pages_is_not_bought_again() {
    let bench = Bench::new();
    bench.apply(&one()).await;
    fill(&bench, 70);
    // On the first listing the second page begins 20 items later and skips our package.
    bench.emulator.fault(Fault::new(DESCRIBE, When::call(2), Effect::Shift(20)));
    bench.emulator.fault(Fault::new(DESCRIBE, When::call(2), Effect::TotalCount(51)));
    bench.emulator.fault(Fault::new(DESCRIBE, When::call(1), Effect::TotalCount(51)));
    let (_, plan) = bench.plan(&one()).await.unwrap();
    assert!(plan.is_empty(), "{plan:?}");
}

/// No page contradicts a count that is one too small if the last page is full.
#[tokio::test(start_paused = true)]
async fn a_package_beyond_a_full_last_page_is_not_bought_again() {
    for (strangers, pages) in [(50, 2), (100, 5)] {
        let bench = Bench::new();
        bench.apply(&one()).await;
        fill(&bench, strangers);
        let bought = bench.emulator.requests().len();
        let count = Effect::TotalCount(strangers.try_into().unwrap());
        bench.emulator.fault(Fault::new(DESCRIBE, When::EVERY, count));
        let failure = bench.plan(&one()).await.unwrap_err();
        assert_eq!(failure.exit, Exit::Error);
        let message = failure.error.to_string();
        assert!(message.contains(&format!("more than the {strangers} packages")), "{message}");
        assert_eq!(purchases(&bench.emulator), ["net/cn-eu"]);
        let listed = bench.emulator.requests().split_off(bought);
        assert_eq!(listed.iter().filter(|request| request.action == DESCRIBE).count(), pages);
    }
}

/// The page after a full last one is read only if a purchase depends on it.
#[tokio::test(start_paused = true)]
async fn a_full_last_page_costs_a_purchase_one_more_request_and_an_ordinary_plan_none() {
    for (strangers, buys, pages) in [(49, true, 1), (50, true, 2), (50, false, 1), (51, true, 4)] {
        let bench = Bench::new();
        fill(&bench, strangers);
        let watches = "{version: 1, stack: net, packages: {x: {areas: [China, Europe], bandwidth: 100, manage: observe}}}";
        let (_, plan) = bench.plan(&if buys { one() } else { spec(watches) }).await.unwrap();
        assert_eq!(plan.purchases().count(), usize::from(buys));
        let listed = bench.emulator.requests();
        let listed = listed.iter().filter(|request| request.action == DESCRIBE).count();
        assert_eq!(listed, pages, "{strangers} {buys}");
    }
}

/// Adds this many packages of strangers to the account, newest first.
fn fill(bench: &Bench, count: usize) {
    bench.emulator.edit(|world| {
        for n in 0..count {
            world
                .packages
                .insert(0, Package::new(&format!("cenbwp-stranger{n}"), ["china", "asia-pacific"], 5));
        }
    });
}

#[tokio::test(start_paused = true)]
async fn unreadable_item_buys_nothing() {
    let bench = Bench::new();
    fill(&bench, 3);
    bench.emulator.fault(Fault::new(DESCRIBE, When::EVERY, Effect::Unreadable(1)));
    let (_, plan) = bench.plan(&one()).await.unwrap();
    assert!(!plan.is_applyable());
    assert_eq!(plan.held[0].reason.rule().name, "unreadable");
    assert_eq!(plan.purchases().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn item_that_turns_unreadable_stops_the_repetition_of_a_request_in_doubt() {
    let bench = Bench::with(Semantics { tokens: TokenSemantics::New, ..Semantics::default() });
    fill(&bench, 1);
    bench.emulator.fault(Fault::new(CREATE, When::call(1), Effect::CutAfter));
    // The package itself is the unreadable item, in every listing after the plan's.
    bench.emulator.fault(Fault::new(DESCRIBE, When::Calls { first: 2, last: None }, Effect::Unreadable(0)));
    let run = bench.apply(&one()).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Unknown, Exit::Unknown), "{}", run.text);
    assert_eq!(purchases(&bench.emulator), ["net/cn-eu"]);
}
