//! The two sites of the billing service: the account's own is found, asked and kept.

use cenbwp::execute::Outcome;
use cenbwp_tests::{Billing, Effect, Fault, Refusal, Renewal, When};

use super::{QUERY, SET, bench, live, set, x};
use crate::common::spec;
use crate::support::Bench;

/// Returns an account whose site is the second one that the client asks.
fn account_abroad(wrong_site: (&'static str, &'static str), refuses_with_200: bool) -> Bench {
    let billing = Billing { home: Some("127.0.0.2"), wrong_site, refuses_with_200, ..Billing::default() };
    bench(billing, vec![live("x", Renewal::default())])
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
            let bench = account_abroad(wrong_site, refuses_with_200);
            let run = bench.apply(&declared).await;
            assert_eq!(run.outcome(), Outcome::Updated, "{wrong_site:?}: {}", run.text);
            assert_eq!(bench.cloud.site().to_string(), "http://127.0.0.2:1");
            assert_eq!(set(&bench.emulator), ["cenbwp-x AutoRenewal 1"]);
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
        let bench = bench(billing, vec![live("x", Renewal::default())]);
        if let Some(effect) = &effect {
            bench.emulator.fault(Fault::new(QUERY, When::EVERY, effect.clone()));
        }
        let (_, plan) = bench.plan(&declared).await.expect("a plan");
        assert_eq!(plan.warnings.len(), 1, "{effect:?}");
        assert_eq!(bench.calls(QUERY), reads, "{effect:?}");
        assert_eq!(bench.cloud.site().to_string(), "http://127.0.0.1:1");
    }
}
