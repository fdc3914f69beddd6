//! The library against the emulator in this process: no socket, and hours pass in no time.

use std::sync::Arc;
use std::time::Duration;

use cenbwp::clock::Clock;
use cenbwp::cloud::{Cloud, Environment, RetryPolicy};
use cenbwp::execute::{ChangeResult, InFlight, Outcome, Settings};
use cenbwp::exit::{Exit, Failure};
use cenbwp::situation::Situation;
use cenbwp::stop::Stop;
use cenbwp_diff::Plan;
use cenbwp_spec::Spec;
use cenbwp_tests::{Config, Emulator, Order, OrderKind, Semantics};
use jiff::Timestamp;

use crate::common::{self, Approved, InProcess};

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
        let emulator = Emulator::new(config);
        let transport = Arc::new(InProcess(emulator.clone()));
        let clock = Clock::starting_at(start);
        let cloud = common::client(emulator.config(), transport, clock, 7, RetryPolicy::default());
        let settings =
            Settings { parallelism: 4, wait: true, wait_timeout: Duration::from_secs(900), max_retries: 5 };
        Self { emulator, cloud, settings }
    }

    /// The same account, asked with the credentials of this environment.
    pub(crate) fn asked_by(mut self, environment: &Environment) -> Self {
        let (transport, clock) = (Arc::new(InProcess(self.emulator.clone())), *self.cloud.clock());
        self.cloud = common::client_in(environment, transport, clock, 8, RetryPolicy::default());
        self
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
        common::plan(&self.cloud, spec).await
    }

    /// Carries out a plan, as `apply --auto-approve` does once the plan may be applied.
    pub(crate) async fn execute(&self, spec: &Spec, situation: &Situation, plan: &Plan) -> Run {
        self.execute_until(spec, situation, plan, &Stop::default()).await
    }

    /// Carries out a plan until a signal comes.
    pub(crate) async fn execute_until(
        &self,
        spec: &Spec,
        situation: &Situation,
        plan: &Plan,
        stop: &Stop,
    ) -> Run {
        let in_flight = InFlight::default();
        let approved = Approved { spec, situation, plan };
        let applied =
            common::execute(&approved, &self.cloud, &self.settings, &in_flight, stop, &|_| {}).await;
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
}

/// The identities that were ordered, once per order: the ledger's purchases.
pub(crate) fn purchases(emulator: &Emulator) -> Vec<String> {
    let bought = |order: &&Order| order.kind == OrderKind::New;
    emulator.ledger().iter().filter(bought).map(|order| order.identity.clone().unwrap_or_default()).collect()
}
