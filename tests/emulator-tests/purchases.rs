//! The protection by a `ClientToken`, under each reading of the vendor's pages, and its traces in the ledger.

use std::time::Duration;

use cenbwp_tests::{Effect, Emulator, Fault, OrderKind, Refusal, TokenSemantics, When};
use serde_json::Value;

use crate::support::{PURCHASE, call, emulator, listed, purchase, refusal, request, send};

const CREATE: &str = "CreateCenBandwidthPackage";

fn with_tokens(tokens: TokenSemantics) -> Emulator {
    emulator(|config| config.semantics.tokens = tokens)
}

fn id_of(answer: &Value) -> &str {
    answer["CenBandwidthPackageId"].as_str().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_purchase_is_listed_and_stands_in_the_ledger() {
    let emulator = with_tokens(TokenSemantics::Strict);
    let answer = call(&emulator, CREATE, &PURCHASE).await;

    let ledger = emulator.ledger();
    let [order] = ledger.as_slice() else { panic!("{ledger:?}") };
    assert_eq!(order.kind, OrderKind::New);
    assert_eq!(order.package_id, id_of(&answer));
    assert_eq!(order.order_id, answer["CenBandwidthPackageOrderId"].as_str().unwrap());
    assert_eq!(order.identity.as_deref(), Some("backbone/cn-eu"));
    assert_eq!((order.mbps, order.paid), (100, true));
    assert_eq!(order.client_token.as_deref(), Some("token-1"));
    assert_eq!(order.parameters["GeographicRegionAId"], "China");
    assert_eq!(listed(&emulator).await, [id_of(&answer)]);
}

#[tokio::test(start_paused = true)]
async fn the_same_token_and_parameters_get_the_first_answer_again() {
    for tokens in [TokenSemantics::Strict, TokenSemantics::Replay] {
        let emulator = with_tokens(tokens);
        let first = call(&emulator, CREATE, &PURCHASE).await;
        let again = call(&emulator, CREATE, &PURCHASE).await;
        assert_eq!(id_of(&first), id_of(&again));
        assert_ne!(first["RequestId"], again["RequestId"]);
        assert_eq!(emulator.ledger().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_token_with_other_parameters_depends_on_the_semantics() {
    let other = purchase(&[("Bandwidth", "200")]);

    let strict = with_tokens(TokenSemantics::Strict);
    call(&strict, CREATE, &PURCHASE).await;
    assert_eq!(refusal(&strict, CREATE, &other).await, "IdempotentParameterMismatch");

    let replay = with_tokens(TokenSemantics::Replay);
    let first = call(&replay, CREATE, &PURCHASE).await;
    assert_eq!(id_of(&call(&replay, CREATE, &other).await), id_of(&first));

    let new = with_tokens(TokenSemantics::New);
    call(&new, CREATE, &PURCHASE).await;
    call(&new, CREATE, &other).await;
    assert_eq!([strict, replay, new].map(|emulator| emulator.ledger().len()), [1, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn the_undocumented_extras_of_sdks_are_not_part_of_what_a_token_stands_for() {
    let emulator = with_tokens(TokenSemantics::Strict);
    call(&emulator, CREATE, &PURCHASE).await;
    call(&emulator, CREATE, &purchase(&[("OwnerId", "1"), ("RegionId", "cn-hangzhou")])).await;
    assert_eq!(emulator.ledger().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_of_another_operation_is_a_mismatch() {
    let emulator = with_tokens(TokenSemantics::Replay);
    let first = call(&emulator, CREATE, &PURCHASE).await;
    let params = [
        ("ResourceId", id_of(&first)),
        ("ResourceType", "bandwidthpackage"),
        ("NewResourceGroupId", "rg-2"),
        ("ClientToken", "token-1"),
    ];
    assert_eq!(refusal(&emulator, "MoveResourceGroup", &params).await, "IdempotentParameterMismatch");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_still_running_is_processing() {
    let emulator = with_tokens(TokenSemantics::Strict);
    emulator.fault(Fault::new(CREATE, When::call(1), Effect::Slow(Duration::from_secs(5))));
    let slow = tokio::spawn({
        let emulator = emulator.clone();
        async move { call(&emulator, CREATE, &PURCHASE).await }
    });
    tokio::task::yield_now().await;
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(refusal(&emulator, CREATE, &PURCHASE).await, "IdempotentProcessing");
    let first = slow.await.unwrap();
    assert_eq!(id_of(&call(&emulator, CREATE, &PURCHASE).await), id_of(&first));
    assert_eq!(emulator.ledger().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_gives_up_does_not_take_its_request_back() {
    let emulator = with_tokens(TokenSemantics::Strict);
    emulator.fault(Fault::new(CREATE, When::call(1), Effect::Slow(Duration::from_secs(5))));
    let impatient = emulator.handle(request(&emulator, CREATE, &PURCHASE));
    assert!(tokio::time::timeout(Duration::from_secs(1), impatient).await.is_err());
    assert!(emulator.ledger().is_empty());
    tokio::time::advance(Duration::from_secs(10)).await;
    call(&emulator, CREATE, &PURCHASE).await;
    assert_eq!(emulator.ledger().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_token_is_spent_only_if_the_server_remembers() {
    for (remembered, expected) in [(true, Err("IdempotentFailed")), (false, Ok(1))] {
        let emulator = emulator(|config| config.semantics.failed_remembered = remembered);
        let money = Refusal::new(500, "PayFor.AccountMoneyValidateError", "no money");
        emulator.fault(Fault::new(CREATE, When::call(1), Effect::Refuse(money)));
        assert_eq!(refusal(&emulator, CREATE, &PURCHASE).await, "PayFor.AccountMoneyValidateError");
        match expected {
            Err(code) => {
                assert_eq!(refusal(&emulator, CREATE, &PURCHASE).await, code);
                assert!(emulator.ledger().is_empty());
                call(&emulator, CREATE, &purchase(&[("ClientToken", "token-2")])).await;
                assert_eq!(emulator.ledger().len(), 1);
            }
            Ok(orders) => {
                call(&emulator, CREATE, &PURCHASE).await;
                assert_eq!(emulator.ledger().len(), orders);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_replay_does_not_harm_the_first_answer() {
    let emulator = emulator(|config| config.semantics.failed_remembered = true);
    let first = call(&emulator, CREATE, &PURCHASE).await;
    let later = Refusal::new(503, "ServiceUnavailable", "later");
    emulator.fault(Fault::new(CREATE, When::call(1), Effect::Refuse(later)));
    assert_eq!(refusal(&emulator, CREATE, &PURCHASE).await, "ServiceUnavailable");
    assert_eq!(id_of(&call(&emulator, CREATE, &PURCHASE).await), id_of(&first));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_ran_when_the_state_was_saved_is_not_running_after_a_restart() {
    let before = with_tokens(TokenSemantics::Strict);
    before.fault(Fault::new(CREATE, When::call(1), Effect::Slow(Duration::from_secs(5))));
    let impatient = before.handle(request(&before, CREATE, &PURCHASE));
    assert!(tokio::time::timeout(Duration::from_secs(1), impatient).await.is_err());
    let after = with_tokens(TokenSemantics::Strict);
    after.seed(&before.save()).unwrap();
    assert_eq!(refusal(&before, CREATE, &PURCHASE).await, "IdempotentProcessing");
    call(&after, CREATE, &PURCHASE).await;
}

#[tokio::test(start_paused = true)]
async fn throttling_spends_no_token() {
    let emulator = emulator(|config| config.semantics.failed_remembered = true);
    emulator.fault(Fault::new(CREATE, When::call(1), Effect::Throttle(None)));
    assert_eq!(refusal(&emulator, CREATE, &PURCHASE).await, "Throttling.User");
    call(&emulator, CREATE, &PURCHASE).await;
}

#[tokio::test(start_paused = true)]
async fn the_token_of_a_package_that_is_gone_answers_its_dead_id_or_buys_anew() {
    for (dead_replay, orders) in [(true, 1), (false, 2)] {
        let emulator = emulator(|config| config.semantics.dead_replay = dead_replay);
        let first = call(&emulator, CREATE, &PURCHASE).await;
        emulator.edit(|world| world.packages.clear());
        let again = call(&emulator, CREATE, &PURCHASE).await;
        assert_eq!(id_of(&first) == id_of(&again), dead_replay);
        assert_eq!(emulator.ledger().len(), orders);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unpaid_package_appears_when_it_is_paid() {
    let emulator = with_tokens(TokenSemantics::Strict);
    let answer = call(&emulator, CREATE, &purchase(&[("AutoPay", "false")])).await;
    assert!(listed(&emulator).await.is_empty());
    assert!(!emulator.ledger()[0].paid);
    assert!(emulator.edit(|world| world.pay(answer["CenBandwidthPackageOrderId"].as_str().unwrap())));
    assert_eq!(listed(&emulator).await, [id_of(&answer)]);
    assert!(emulator.ledger()[0].paid);
}

#[tokio::test(start_paused = true)]
async fn autopay_that_is_not_sent_is_off() {
    let emulator = with_tokens(TokenSemantics::Strict);
    let params: Vec<_> = PURCHASE.into_iter().filter(|(name, _)| *name != "AutoPay").collect();
    call(&emulator, CREATE, &params).await;
    assert!(!emulator.ledger()[0].paid);
}

#[tokio::test(start_paused = true)]
async fn a_new_package_is_hidden_for_n_listings_or_for_a_time() {
    let emulator = emulator(|config| config.semantics.visible_after_listings = 2);
    call(&emulator, CREATE, &PURCHASE).await;
    for expected in [0, 0, 1, 1] {
        assert_eq!(listed(&emulator).await.len(), expected);
    }
    let slow = crate::support::emulator(|config| config.semantics.visible_after = Duration::from_millis(500));
    let answer = call(&slow, CREATE, &PURCHASE).await;
    let own = [("CenBandwidthPackageId", id_of(&answer)), ("Name", "early")];
    assert!(listed(&slow).await.is_empty());
    assert_eq!(
        refusal(&slow, "ModifyCenBandwidthPackageAttribute", &own).await,
        "ParameterIllegal.BwpInstanceId"
    );
    tokio::time::advance(Duration::from_millis(500)).await;
    assert_eq!(listed(&slow).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn tags_may_appear_later_than_their_package() {
    let emulator = emulator(|config| config.semantics.tags_after_listings = 1);
    call(&emulator, CREATE, &PURCHASE).await;
    for expected in [0, 1] {
        let document = call(&emulator, "DescribeCenBandwidthPackages", &[]).await;
        let item = &document["CenBandwidthPackages"]["CenBandwidthPackage"][0];
        assert_eq!(item["Tags"]["Tag"].as_array().unwrap().len(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_and_calls_give_the_same_bytes() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let emulator = emulator(|config| config.seed = seed);
        emulator.fault(Fault::new(CREATE, When::Percent(50), Effect::CutBefore));
        let mut replies = Vec::new();
        for n in 0..20 {
            let token = format!("token-{n}");
            replies.push(send(&emulator, CREATE, &purchase(&[("ClientToken", &token)])).await);
        }
        runs.push(replies);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}
