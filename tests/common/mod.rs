//! The library against the emulator in one process, for the test programs that use it on paused time: an
//! `apply` without the command line around it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cenbwp::clock::Clock;
use cenbwp::cloud::{
    self, Cloud, Endpoints, Fetch, Reply, RetryPolicy, Sending, SignedRequest, Sites, Transport,
    TransportError, Writer,
};
use cenbwp::execute::{self, Event, InFlight, Session, Settings};
use cenbwp::exit::Failure;
use cenbwp::planned::Planned;
use cenbwp::random::Random;
use cenbwp::report::Commands;
use cenbwp::report::outcomes::Applied;
use cenbwp::situation::{Asks, Situation};
use cenbwp::stop::Stop;
use cenbwp_diff::{Options, Plan};
use cenbwp_spec::{Address, Source, Spec};
use cenbwp_tests::{Config, Emulator};
use jiff::SignedDuration;

/// The emulator as a transport.
pub(crate) struct InProcess(pub(crate) Emulator);

impl Transport for InProcess {
    fn send<'a>(&'a self, request: &'a SignedRequest) -> Sending<'a> {
        Box::pin(async move { answer(self.0.handle(as_received(request)).await) })
    }

    fn fetch<'a>(&'a self, fetch: &'a Fetch) -> Sending<'a> {
        let headers = fetch.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let (method, target) = (fetch.method.to_owned(), fetch.to.target().to_owned());
        let (headers, body) = (headers.collect(), fetch.body.clone().into_bytes());
        let request = cenbwp_tests::Request { method, target, headers, body };
        Box::pin(async move { answer(self.0.handle(request).await) })
    }
}

/// Returns a request as the emulator receives it.
pub(crate) fn as_received(request: &SignedRequest) -> cenbwp_tests::Request {
    let mut headers: Vec<(String, String)> =
        request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    headers.push(("host".to_owned(), request.endpoint.host().to_owned()));
    let (method, target) = (request.method.to_owned(), format!("/?{}", request.query));
    cenbwp_tests::Request { method, target, headers, body: request.body.clone().into_bytes() }
}

/// Returns the emulator's reply as a transport does.
pub(crate) fn answer(reply: cenbwp_tests::Reply) -> Result<Reply, TransportError> {
    let cenbwp_tests::Reply::Response { status, headers, body } = reply else {
        return Err(TransportError::Lost("connection closed".to_owned()));
    };
    let header =
        |name: &str| headers.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.parse().ok());
    if header("content-length").is_some_and(|length: u64| length > body.len() as u64) {
        return Err(TransportError::Lost("the reply ends early".to_owned()));
    }
    let retry_after = header("x-acs-retry-after").map(Duration::from_millis);
    Ok(Reply { status, retry_after, body })
}

/// Returns a client of an emulated account; `seed` decides its nonces and its jitter. Of the two sites of the billing
/// service it asks 127.0.0.1 first, and 127.0.0.2 next.
pub(crate) fn client(
    config: &Config,
    transport: Arc<dyn Transport>,
    clock: Clock,
    seed: u64,
    retry: RetryPolicy,
) -> Cloud {
    let environment = cloud::Environment::new([
        ("ALIBABA_CLOUD_ACCESS_KEY_ID".to_owned(), config.keys[0].id.clone()),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET".to_owned(), config.keys[0].secret.clone()),
    ]);
    client_in(&environment, transport, clock, seed, retry)
}

/// Returns a client with the credentials of this environment.
pub(crate) fn client_in(
    environment: &cloud::Environment,
    transport: Arc<dyn Transport>,
    clock: Clock,
    seed: u64,
    retry: RetryPolicy,
) -> Cloud {
    let search = cloud::Search { environment, profile: None, sts: None };
    let source = search.source().expect("the environment has a source");
    let [endpoint, other]: [cloud::Endpoint; 2] =
        ["http://127.0.0.1:1", "http://127.0.0.2:1"].map(|url| url.parse().expect("a loopback endpoint"));
    let billing = Sites { first: endpoint.clone(), other: Some(other) };
    let (cbn, sts, price) = (endpoint.clone(), endpoint.clone(), endpoint);
    let endpoints = Endpoints { cbn, sts, billing, price };
    Cloud::new(transport, source, endpoints, clock, Random::seeded(seed), retry)
}

/// Lists the packages and plans, for these entries or for all.
pub(crate) async fn plan(
    cloud: &Cloud,
    spec: &Spec,
    targets: Option<&BTreeSet<Address>>,
) -> Result<(Situation, Plan), Failure> {
    let options = options(cloud, targets);
    let mut situation = Situation::ask(cloud, spec, targets).await?;
    let plan = situation.plan(Some(cloud), spec, &options, Asks::for_limits(None)).await?;
    Ok((situation, plan))
}

/// A plan that is approved.
pub(crate) struct Approved<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) situation: &'a Situation,
    pub(crate) plan: &'a Plan,
    /// The entries that it is about; `None` for all.
    pub(crate) targets: Option<&'a BTreeSet<Address>>,
}

/// Executes a plan until a signal comes, and sums up.
pub(crate) async fn execute(
    approved: &Approved<'_>,
    cloud: &Cloud,
    settings: &Settings,
    in_flight: &InFlight,
    stop: &Stop,
    tell: &dyn Fn(Event<'_>),
) -> Applied {
    let Approved { spec, situation, plan, targets } = *approved;
    let account = situation.account.as_ref().expect("the emulator names the account");
    #[expect(clippy::disallowed_methods, reason = "plays the apply command")]
    let writer = Writer::new(cloud);
    let before = &situation.observed;
    let session = Session { cloud, writer: &writer, before, settings, in_flight, stop, report: tell };
    let (results, look) = execute::run(plan, account, session).await;
    let (spec, situation, plan) = (Arc::new(spec.clone()), situation.clone(), plan.clone());
    let planned = Planned::new(Arc::default(), spec, options(cloud, targets), situation, plan);
    Applied::new(&planned, results, look.as_ref(), stop.is_requested(), Commands::default())
}

pub(crate) fn options(cloud: &Cloud, targets: Option<&BTreeSet<Address>>) -> Options {
    Options {
        now: cloud.clock().now(),
        targets: targets.cloned(),
        skip_held: false,
        expiring_within: SignedDuration::ZERO,
        max_purchases: None,
        max_new_mbps: None,
    }
}

/// Returns the spec that a text declares.
#[track_caller]
pub(crate) fn spec(text: &str) -> Spec {
    let sources = [Source { name: "spec.yaml".to_owned(), bytes: text.as_bytes().to_vec() }];
    let parsed = cenbwp_spec::parse(&sources);
    parsed.spec.unwrap_or_else(|| panic!("{:?}", parsed.findings))
}
