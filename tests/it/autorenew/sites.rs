//! The two sites of the billing service: the account's own is found, asked and kept.

use std::sync::Arc;

use cenbwp::clock::Clock;
use cenbwp::cloud::{Cloud, Endpoints, Environment, RetryPolicy, Search, Sites};
use cenbwp::execute::Outcome;
use cenbwp::random::Random;
use cenbwp_tests::{Billing, Config, Effect, Emulator, Fault, Refusal, Renewal, Semantics, When};

use super::{QUERY, SET, live, set, x};
use crate::common::{InProcess, spec};
use crate::support::Bench;

/// Returns a client that asks two sites for bills, `127.0.0.1` first.
fn of_two_sites(emulator: &Emulator) -> Cloud {
    let config = emulator.config();
    let environment = Environment::new([
        ("ALIBABA_CLOUD_ACCESS_KEY_ID".to_owned(), config.keys[0].id.clone()),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET".to_owned(), config.keys[0].secret.clone()),
    ]);
    let search = Search { environment: &environment, profile: None, sts: None };
    let [first, other]: [cenbwp::cloud::Endpoint; 2] =
        ["http://127.0.0.1:1", "http://127.0.0.2:1"].map(|url| url.parse().expect("a URL"));
    let endpoints =
        Endpoints { cbn: first.clone(), sts: first.clone(), billing: Sites { first, other: Some(other) } };
    let start = emulator.now();
    Cloud::new(
        Arc::new(InProcess(emulator.clone())),
        search.source().expect("a key"),
        endpoints,
        Clock::starting_at(start),
        Random::seeded(3),
        RetryPolicy::default(),
    )
}

fn account_abroad(wrong_site: (&'static str, &'static str), refuses_with_200: bool) -> Emulator {
    let billing = Billing { home: Some("127.0.0.2"), wrong_site, refuses_with_200, ..Billing::default() };
    let semantics = Semantics { billing, ..Semantics::default() };
    let clock = cenbwp_tests::Clock::tokio("2026-01-02T03:04:05Z".parse().expect("a time"));
    let emulator = Emulator::new(Config { clock, semantics, ..Config::default() });
    emulator.edit(|world| world.packages = vec![live("x", Renewal::default())]);
    emulator
}

#[tokio::test(start_paused = true)]
async fn the_other_site_is_asked_once_and_the_answer_is_kept() {
    let declared = spec(&x("autoRenew: true"));
    for wrong_site in [
        ("NotApplicable", "This API is not applicable for caller."),
        ("AuthSiteFail", "no"),
        ("InvalidParameter", "not found article by given param"),
        ("InvalidOwner", "Account not exists"),
    ] {
        for refuses_with_200 in [false, true] {
            let emulator = account_abroad(wrong_site, refuses_with_200);
            let mut bench = Bench::new();
            (bench.cloud, bench.emulator) = (of_two_sites(&emulator), emulator.clone());
            let run = bench.apply(&declared).await;
            assert_eq!(run.outcome(), Outcome::Updated, "{wrong_site:?}: {}", run.text);
            assert_eq!(bench.cloud.site().to_string(), "http://127.0.0.2:1");
            assert_eq!(set(&emulator), ["cenbwp-x AutoRenewal 1"]);
            // The wrong site, the right one, and the look after the change.
            assert_eq!((bench.calls(QUERY), bench.calls(SET)), (3, 1), "{wrong_site:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_else_leads_to_the_other_site() {
    let declared = spec(&x("autoRenew: true"));
    for (effect, reads) in [
        (Some(Effect::Throttle(None)), 3),
        (Some(Effect::Refuse(Refusal::new(500, "InternalError", "no"))), 3),
        (Some(Effect::Refuse(Refusal::new(400, "NotAuthorized", "no"))), 1),
        (None, 1),
    ] {
        let billing = Billing { home: Some("127.0.0.1"), unlisted: effect.is_none(), ..Billing::default() };
        let semantics = Semantics { billing, ..Semantics::default() };
        let clock = cenbwp_tests::Clock::tokio("2026-01-02T03:04:05Z".parse().expect("a time"));
        let emulator = Emulator::new(Config { clock, semantics, ..Config::default() });
        emulator.edit(|world| world.packages = vec![live("x", Renewal::default())]);
        if let Some(effect) = &effect {
            emulator.fault(Fault::new(QUERY, When::EVERY, effect.clone()));
        }
        let mut bench = Bench::new();
        (bench.cloud, bench.emulator) = (of_two_sites(&emulator), emulator.clone());
        let (_, plan) = bench.plan(&declared).await.expect("a plan");
        assert_eq!(plan.warnings.len(), 1, "{effect:?}");
        assert_eq!(bench.calls(QUERY), reads, "{effect:?}");
        assert_eq!(bench.cloud.site().to_string(), "http://127.0.0.1:1");
    }
}
