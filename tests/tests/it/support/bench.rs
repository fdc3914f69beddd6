//! The library against the emulator in this process: no socket, and hours pass in no time.

use std::sync::Arc;

use cenbwp::clock::Clock;
use cenbwp::cloud::{
    self, Cloud, Credentials, Endpoints, Reply, RetryPolicy, Sending, SignedRequest, Transport,
    TransportError,
};
use cenbwp::execute::{self, ChangeResult, InFlight, Outcome, Settings};
use cenbwp::exit::{Exit, Failure};
use cenbwp::random::Random;
use cenbwp::report::document::Material;
use cenbwp::report::outcomes::Applied;
use cenbwp::situation::Situation;
use cenbwp_diff::{Options, Plan};
use cenbwp_spec::{Source, Spec};
use cenbwp_tests::{Config, Emulator, Order, OrderKind, Semantics};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::sync::watch;

/// The emulator as a transport.
struct InProcess(Emulator);

impl Transport for InProcess {
    fn send<'a>(&'a self, request: &'a SignedRequest) -> Sending<'a> {
        Box::pin(async move {
            let mut headers: Vec<(String, String)> =
                request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            headers.push(("host".to_owned(), request.endpoint.host().to_owned()));
            let target = format!("/?{}", request.query);
            let method = request.method.to_owned();
            let reply =
                self.0.handle(cenbwp_tests::Request { method, target, headers, body: Vec::new() }).await;
            let cenbwp_tests::Reply::Response { status, headers, body } = reply else {
                return Err(TransportError::Lost("connection closed".to_owned()));
            };
            let header = |name: &str| {
                headers.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.parse().ok())
            };
            if header("content-length").is_some_and(|length: u64| length > body.len() as u64) {
                return Err(TransportError::Lost("the reply ends early".to_owned()));
            }
            let retry_after = header("x-acs-retry-after").map(Duration::from_millis);
            Ok(Reply { status, retry_after, body })
        })
    }
}

/// An emulated account and a client of it, on paused time.
pub(crate) struct Bench {
    pub(crate) emulator: Emulator,
    pub(crate) cloud: Cloud,
    pub(crate) settings: Settings,
}

/// How one run ended.
pub(crate) struct Run {
    pub(crate) exit: Exit,
    pub(crate) results: Vec<ChangeResult>,
    pub(crate) text: String,
}

impl Run {
    /// The only result's outcome.
    #[track_caller]
    pub(crate) fn outcome(&self) -> Outcome {
        let [result] = &self.results[..] else { panic!("one result, not {:?}", self.results) };
        result.outcome
    }
}

impl Bench {
    /// An empty account with a service that follows its documentation to the letter.
    pub(crate) fn new() -> Self {
        Self::with(Semantics::default())
    }

    /// An empty account with a service that reads the vendor's pages this way.
    pub(crate) fn with(semantics: Semantics) -> Self {
        let start: Timestamp = "2026-01-02T03:04:05Z".parse().expect("a fixed time");
        let config = Config { clock: cenbwp_tests::Clock::tokio(start), semantics, ..Config::default() };
        let environment = cloud::Environment::new([
            ("ALIBABA_CLOUD_ACCESS_KEY_ID".to_owned(), config.keys[0].id.clone()),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET".to_owned(), config.keys[0].secret.clone()),
        ]);
        let credentials: Credentials = cloud::resolve(&environment, None).expect("both variables are set");
        let emulator = Emulator::new(config);
        let endpoint: cloud::Endpoint = "http://127.0.0.1:1".parse().expect("a loopback endpoint");
        let endpoints = Endpoints { cbn: endpoint.clone(), sts: endpoint };
        let transport = Arc::new(InProcess(emulator.clone()));
        let clock = Clock::starting_at(start);
        let cloud =
            Cloud::new(transport, credentials, endpoints, clock, Random::seeded(7), RetryPolicy::default());
        let settings =
            Settings { parallelism: 4, wait: true, wait_timeout: Duration::from_secs(900), max_retries: 5 };
        Self { emulator, cloud, settings }
    }

    /// A second client of the same account, as another machine would be: other nonces, the same time.
    pub(crate) fn neighbour(&self) -> Self {
        let mut other = Self::with(Semantics::default());
        other.emulator = self.emulator.clone();
        other.cloud = self.cloud.clone();
        other
    }

    /// Looks and plans.
    pub(crate) async fn plan(&self, spec: &Spec) -> Result<(Situation, Plan), Failure> {
        let options = self.options();
        let mut situation = Situation::ask(&self.cloud, spec).await?;
        let plan = situation.plan(Some(&self.cloud), spec, &options).await?;
        Ok((situation, plan))
    }

    /// Carries out a plan, as `apply --auto-approve` does once the plan may be applied.
    pub(crate) async fn execute(&self, spec: &Spec, situation: &Situation, plan: &Plan) -> Run {
        self.execute_until(spec, situation, plan, watch::channel(false).1).await
    }

    /// Carries out a plan until a signal comes.
    pub(crate) async fn execute_until(
        &self,
        spec: &Spec,
        situation: &Situation,
        plan: &Plan,
        interrupt: watch::Receiver<bool>,
    ) -> Run {
        let account = situation.account.as_ref().expect("the emulator names the account");
        let in_flight = InFlight::default();
        let (results, look) =
            execute::run(plan, account, &self.cloud, &self.settings, &in_flight, interrupt.clone(), &|_| {})
                .await;
        let options = self.options();
        let planned = Material {
            plan,
            spec,
            observed: &situation.observed,
            options: &options,
            account: Some(account),
            endpoint: None,
            sources: &[],
        };
        let applied = Applied::new(&planned, String::new(), results, look.as_ref(), *interrupt.borrow());
        let unsettled = in_flight.lock().expect("nobody panicked").len();
        let unknown = applied.results.iter().filter(|result| result.outcome == Outcome::Unknown).count();
        assert_eq!(unsettled, unknown, "what is in flight at the end is what is unknown");
        Run { exit: applied.exit(), text: applied.text(), results: applied.results }
    }

    /// Plans and applies.
    pub(crate) async fn apply(&self, spec: &Spec) -> Run {
        let (situation, plan) = self.plan(spec).await.expect("the plan can be made");
        assert!(plan.is_applyable(), "{:?}", plan.held);
        self.execute(spec, &situation, &plan).await
    }

    fn options(&self) -> Options {
        Options {
            now: self.cloud.clock().now(),
            targets: None,
            skip_held: false,
            expiring_within: SignedDuration::ZERO,
            max_purchases: None,
            max_new_mbps: None,
        }
    }
}

/// The spec that a text declares.
#[track_caller]
pub(crate) fn spec(text: &str) -> Spec {
    let sources = [Source { name: "spec.yaml".to_owned(), bytes: text.as_bytes().to_vec() }];
    let parsed = cenbwp_spec::parse(&sources);
    parsed.spec.unwrap_or_else(|| panic!("{:?}", parsed.findings))
}

/// The identities that were ordered, once per order: the ledger's purchases.
pub(crate) fn purchases(emulator: &Emulator) -> Vec<String> {
    let bought = |order: &&Order| order.kind == OrderKind::New;
    emulator.ledger().iter().filter(bought).map(|order| order.identity.clone().unwrap_or_default()).collect()
}
