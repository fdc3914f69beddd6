//! Tests the client's requests, its repetitions, and its reading of replies, over a scripted transport and on
//! paused time.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cenbwp::clock::Clock;
use cenbwp::cloud::{
    Answer, Attempt, ClientToken, Cloud, Credentials, Endpoints, Error, Recorded, RefusalKind, Reply,
    RetryPolicy, Sending, SignedRequest, Transport, TransportError, Write, Writer, Yes,
};
use cenbwp::random::Random;
use cenbwp::stop::Stop;
use cenbwp_diff::{Observed, Purchase};
use cenbwp_spec::{Area, AreaPair, Mbps, Prepay, Renewal, Term};

/// Gives its replies in turn and keeps what was sent.
struct Script {
    replies: Mutex<VecDeque<Result<Reply, TransportError>>>,
    sent: Mutex<Vec<SignedRequest>>,
}

impl Transport for Script {
    fn send<'a>(&'a self, request: &'a SignedRequest) -> Sending<'a> {
        self.sent.lock().unwrap().push(request.clone());
        let reply = self.replies.lock().unwrap().pop_front().expect("a request too many");
        Box::pin(std::future::ready(reply))
    }
}

impl Script {
    /// Returns the values of one header or query parameter in everything that was sent.
    fn sent(&self, name: &str) -> Vec<String> {
        let value = |request: &SignedRequest| {
            let header =
                request.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.clone());
            let pair = |pair: &str| Some(pair.strip_prefix(name)?.strip_prefix('=')?.to_owned());
            header.or_else(|| request.query.split('&').find_map(pair)).unwrap_or_default()
        };
        self.sent.lock().unwrap().iter().map(value).collect()
    }

    fn requests(&self) -> usize {
        self.sent.lock().unwrap().len()
    }
}

fn cloud(replies: Vec<Result<Reply, TransportError>>) -> (Cloud, Arc<Script>) {
    let script = Arc::new(Script { replies: Mutex::new(replies.into()), sent: Mutex::default() });
    let credentials = Credentials {
        access_key_id: "LTAItestkey".to_owned(),
        secret: "testsecret".into(),
        security_token: None,
        source: "test".to_owned(),
    };
    let clock = Clock::starting_at("2026-01-02T03:04:05Z".parse().unwrap());
    let (endpoints, random, retry) = (Endpoints::default(), Random::seeded(1), RetryPolicy::default());
    (Cloud::new(script.clone(), credentials, endpoints, clock, random, retry), script)
}

fn reply(status: u16, body: &str) -> Result<Reply, TransportError> {
    Ok(Reply { status, retry_after: None, body: body.as_bytes().to_vec() })
}

fn refused(code: &str) -> Result<Reply, TransportError> {
    reply(400, &format!(r#"{{"Code":"{code}","Message":"no","RequestId":"R"}}"#))
}

fn lost() -> Result<Reply, TransportError> {
    Err(TransportError::Lost("connection reset".to_owned()))
}

/// Returns a page that announces `total` packages and holds those with these numbers.
fn page(total: usize, numbers: impl IntoIterator<Item = usize>) -> Result<Reply, TransportError> {
    let item = |n| {
        serde_json::json!({
            "CenBandwidthPackageId": format!("cenbwp-{n:05}"), "Bandwidth": 2, "BusinessStatus": "Normal",
            "BandwidthPackageChargeType": "PREPAY", "GeographicRegionAId": "china", "GeographicRegionBId": "europe",
        })
    };
    let items: Vec<_> = numbers.into_iter().map(item).collect();
    let page =
        serde_json::json!({"TotalCount": total, "CenBandwidthPackages": {"CenBandwidthPackage": items}});
    reply(200, &page.to_string())
}

fn numbers(observed: &Observed) -> Vec<usize> {
    observed.packages.iter().map(|live| live.id.as_str()["cenbwp-".len()..].parse().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_account_is_what_sts_says() {
    for body in [r#"{"AccountId":"1234567890123456"}"#, r#"{"AccountId":1234567890123456}"#] {
        let (cloud, script) = cloud(vec![reply(200, body)]);
        assert_eq!(cloud.account().await.unwrap().as_str(), "1234567890123456");
        assert_eq!(script.sent("x-acs-action"), ["GetCallerIdentity"]);
        assert_eq!(script.sent("x-acs-version"), ["2015-04-01"]);
        assert_eq!(script.sent.lock().unwrap()[0].endpoint.host(), "sts.aliyuncs.com");
    }
    let (cloud, _) = cloud(vec![reply(200, r#"{"RequestId":"R"}"#)]);
    assert!(matches!(cloud.account().await, Err(Error::Lost(_))));
}

#[tokio::test(start_paused = true)]
async fn a_read_is_repeated_each_time_signed_anew() {
    let (cloud, script) = cloud(vec![
        refused("Throttling.User"),
        reply(503, r#"{"Code":"ServiceUnavailable"}"#),
        reply(502, "<html>bad gateway</html>"),
        lost(),
        refused("SignatureNonceUsed"),
        page(1, [7]),
    ]);
    assert_eq!(numbers(&cloud.list().await.unwrap()), [7]);
    let distinct = |header| script.sent(header).into_iter().collect::<BTreeSet<_>>().len();
    assert_eq!((distinct("x-acs-signature-nonce"), distinct("authorization")), (6, 6));
    // The first two waits may be shorter than a second, and the date counts in seconds.
    assert!(distinct("x-acs-date") >= 4);
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_a_long_computation_is_seen_before_the_next_read_is_sent() {
    let (cloud, script) = cloud(vec![page(1, [7]), page(1, [7])]);
    cloud.hint_size(60);
    let stop = Stop::default();
    // The run computes, the signal comes, and the pages of the next listing are ready to leave.
    let busy = async {
        stop.request();
        cloud.list().await.unwrap();
    };
    tokio::select! {
        biased;
        () = stop.requested() => {}
        () = busy => panic!("the listing was read after the stop"),
    }
    assert_eq!(script.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_read_ends_after_the_last_repetition() {
    let (cloud, script) = cloud((0..6).map(|_| refused("Throttling")).collect());
    let Err(Error::Refused(refusal)) = cloud.list().await else { panic!("expected a refusal") };
    assert_eq!((refusal.kind, script.requests()), (RefusalKind::Throttled, 6));
}

#[tokio::test(start_paused = true)]
async fn the_wait_that_the_service_asks_for_is_kept_up_to_a_minute() {
    for (asked, kept) in [(7, 7..8), (3600, 60..61)] {
        let retry_after = Some(Duration::from_secs(asked));
        let throttled = Reply { status: 400, retry_after, body: br#"{"Code":"Throttling"}"#.to_vec() };
        let (cloud, _) = cloud(vec![Ok(throttled), page(0, [])]);
        let start = tokio::time::Instant::now();
        cloud.list().await.unwrap();
        assert!(kept.contains(&start.elapsed().as_secs()), "{asked}: {:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_that_cannot_succeed_is_not_repeated() {
    for hopeless in [
        refused("Forbidden.RAM"),
        refused("InvalidParameter"),
        refused("SignatureDoesNotMatch"),
        reply(302, ""),
        reply(200, "<html>please log in</html>"),
        reply(407, "proxy login"),
    ] {
        let (cloud, script) = cloud(vec![hopeless]);
        assert!(cloud.list().await.is_err());
        assert_eq!(script.requests(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_reads_every_page() {
    let (cloud, script) = cloud(vec![page(101, 0..50), page(101, 50..100), page(101, 100..101)]);
    let observed = cloud.list().await.unwrap();
    assert!(observed.complete);
    assert_eq!(numbers(&observed), (0..101).collect::<Vec<_>>());
    assert_eq!(script.sent("PageNumber"), ["1", "2", "3"]);
    assert_eq!(script.sent("PageSize"), ["50", "50", "50"]);
}

#[tokio::test(start_paused = true)]
async fn a_second_page_that_fails_leaves_no_short_list() {
    let (cloud, _) = cloud(vec![page(60, 0..50), refused("Forbidden.RAM")]);
    assert!(matches!(cloud.list().await, Err(Error::Refused(_))));
}

#[tokio::test(start_paused = true)]
async fn pages_that_contradict_each_other_are_read_again_from_the_first() {
    for torn in [
        vec![page(60, 0..50), page(59, 50..59)],
        vec![page(60, 0..50), page(60, 49..59)],
        vec![page(60, 0..50), page(60, 50..59)],
        vec![page(2, [])],
        vec![page(1, [1, 2])],
        vec![reply(200, "{}")],
    ] {
        let each = torn.len();
        let whole = vec![page(60, 0..50), page(60, 50..60)];
        let (once, script) = cloud(torn.iter().cloned().chain(whole).collect());
        assert_eq!(numbers(&once.list().await.unwrap()).len(), 60);
        assert_eq!(script.requests(), each + 2);

        let (always, script) = cloud(torn.iter().cloned().cycle().take(each * 4).collect());
        assert!(matches!(always.list().await, Err(Error::Listing(_))));
        assert_eq!(script.requests(), each * 4);
    }
}

/// Package 50 moves to the first page after that page was read: the count is right, there is no duplicate,
/// and one package is unseen.
#[tokio::test(start_paused = true)]
async fn a_package_that_slips_between_pages_is_seen_before_a_purchase() {
    let slipped = || [page(52, 0..50), page(52, [51, 52])];
    let settled = || [page(52, (0..49).chain([50])), page(52, [51, 52])];
    let (confirmed, script) = cloud([slipped(), settled(), settled()].concat());
    let mut observed = confirmed.list().await.unwrap();
    assert!(!numbers(&observed).contains(&50));
    confirmed.confirm(&mut observed).await.unwrap();
    assert!(numbers(&observed).contains(&50));
    assert_eq!(script.requests(), 6);

    let (restless, script) = cloud([slipped(), settled(), slipped(), settled()].concat());
    let mut observed = restless.list().await.unwrap();
    assert!(matches!(restless.confirm(&mut observed).await, Err(Error::Listing(_))));
    assert_eq!(script.requests(), 8);
}

#[tokio::test(start_paused = true)]
async fn one_page_needs_no_second_look_and_a_full_one_a_look_behind_it() {
    for (replies, expected, requests) in [
        (vec![page(49, 0..49)], 49, 1),
        (vec![page(0, [])], 0, 1),
        // A count that is too small by one would hide the next package.
        (vec![page(50, 0..50), page(50, [])], 50, 2),
    ] {
        let (cloud, script) = cloud(replies);
        let mut observed = cloud.list().await.unwrap();
        cloud.confirm(&mut observed).await.unwrap();
        assert_eq!(numbers(&observed).len(), expected);
        assert_eq!(script.requests(), requests);
    }
}

fn purchase() -> Purchase {
    Purchase {
        identity: "backbone/cn-eu".parse().unwrap(),
        areas: AreaPair::new(Area::new("China"), Area::new("Europe")),
        bandwidth: Mbps(100),
        name: "backbone-cn-eu".to_owned(),
        description: None,
        terms: Prepay { term: Term::Months(1), auto_pay: true, renewal: Renewal::Off },
        tags: [("cenbwp".to_owned(), "backbone/cn-eu".to_owned())].into(),
        follow_ups: Vec::new(),
        price: None,
    }
}

/// The client sends a purchase once, whatever the reply; the executor decides what follows.
#[tokio::test(start_paused = true)]
async fn a_purchase_is_sent_exactly_once() {
    let bought = r#"{"CenBandwidthPackageId":"cenbwp-1","CenBandwidthPackageOrderId":"201","RequestId":"R"}"#;
    for (reply, fate) in [
        (reply(200, bought), "yes cenbwp-1 201 R"),
        (reply(200, r#"{"CenBandwidthPackageId":"Cenbwp-2"}"#), "yes Cenbwp-2 none "),
        (
            reply(200, r#"{"CenBandwidthPackageId":"cenbwp-3","CenBandwidthPackageOrderId":7}"#),
            "yes cenbwp-3 7 ",
        ),
        (reply(200, r#"{"RequestId":"R"}"#), "unknown"),
        (reply(200, r#"{"CenBandwidthPackageId":""}"#), "unknown"),
        (reply(200, r#"{"CenBandwidthPackageId":"cen-1"}"#), "unknown"),
        (reply(200, "<html></html>"), "unknown"),
        (reply(302, ""), "unknown"),
        (reply(403, "<html></html>"), "unknown"),
        (reply(500, r#"{"Code":"InternalError"}"#), "unknown"),
        (reply(500, r#"{"Code":"PayFor.AccountMoneyValidateError"}"#), "AccountWide"),
        (refused("SignatureNonceUsed"), "unknown"),
        (refused("Throttling.User"), "Throttled"),
        (refused("Operation.Blocking"), "Busy"),
        (refused("IdempotentFailed"), "TokenFailed(TokenFailed(()))"),
        (refused("IdempotentParameterMismatch"), "TokenMismatch"),
        (refused("InventoryExceeded"), "Final"),
        (lost(), "unknown"),
        (Err(TransportError::NotSent("connection refused".to_owned())), "NotSent"),
    ] {
        let (cloud, script) = cloud(vec![reply]);
        let purchase = purchase();
        let token = ClientToken::new(&"1".parse().unwrap(), &purchase.identity, Attempt::FIRST);
        let write = Write::Purchase(&purchase, token.clone());
        let request = Recorded::by(write, |_| Ok::<(), ()>(())).unwrap();
        #[expect(clippy::disallowed_methods, reason = "tests the writer")]
        let writer = Writer::new(&cloud);
        let shown = match writer.send(request).await {
            Answer::Yes(Yes { id, order_id, request_id }) => {
                let id = id.expect("a purchase names its package");
                format!("yes {id} {} {request_id}", order_id.as_deref().unwrap_or("none"))
            }
            Answer::No(refusal) => format!("{:?}", refusal.kind),
            Answer::Unknown(_) => "unknown".to_owned(),
        };
        assert_eq!(shown, fate);
        assert_eq!(script.sent("x-acs-action"), ["CreateCenBandwidthPackage"]);
        assert_eq!(script.sent("ClientToken"), [token.as_str()]);
    }
}
