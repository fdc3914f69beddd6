//! The library against the emulator in this process: no socket, and hours pass in no time.

use std::sync::Arc;
use std::time::Duration;

use cenbwp::clock::Clock;
use cenbwp::cloud::{Cloud, Environment, RetryPolicy};
use cenbwp::execute::{ChangeResult, InFlight, Outcome, Settings};
use cenbwp::exit::{Exit, Failure};
use cenbwp::situation::Situation;
use cenbwp::stop::Stop;
use cenbwp_diff::{Plan, Style};
use cenbwp_spec::Spec;
use cenbwp_tests::{Config, Effect, Emulator, Fault, Order, OrderKind, Semantics, When};
use jiff::Timestamp;

use super::check_doubt;
use crate::common::{self, Approved, InProcess};

/// An emulated account and a client of it, on paused time.
pub(crate) struct Bench {
    pub(crate) emulator: Emulator,
    pub(crate) cloud: Cloud,
    pub(crate) settings: Settings,
}

/// The end of one run.
pub(crate) struct Run {
    pub(crate) exit: Exit,
    pub(crate) results: Vec<ChangeResult>,
    pub(crate) text: String,
}

impl Run {
    /// Returns the outcome of the only result.
    #[track_caller]
    pub(crate) fn outcome(&self) -> Outcome {
        let [result] = &self.results[..] else { panic!("one result, not {:?}", self.results) };
        result.outcome
    }
}

impl Bench {
    /// Returns an empty account with a service that follows its documentation to the letter.
    pub(crate) fn new() -> Self {
        Self::with(Semantics::default())
    }

    /// Returns an empty account with a service that reads the vendor's pages this way.
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

    /// Returns the same account with a client that has the credentials of this environment.
    pub(crate) fn asked_by(mut self, environment: &Environment) -> Self {
        let (transport, clock) = (Arc::new(InProcess(self.emulator.clone())), *self.cloud.clock());
        self.cloud = common::client_in(environment, transport, clock, 8, RetryPolicy::default());
        self
    }

    /// Returns a second client of the same account, like one on another machine: other nonces, the same time.
    pub(crate) fn neighbour(&self) -> Self {
        let mut other = Self::with(Semantics::default());
        other.emulator = self.emulator.clone();
        other.cloud = self.cloud.clone();
        other
    }

    /// Lists the packages and plans.
    pub(crate) async fn plan(&self, spec: &Spec) -> Result<(Situation, Plan), Failure> {
        common::plan(&self.cloud, spec, None).await
    }

    /// Executes a plan, as `apply --auto-approve` does once the plan may be applied.
    pub(crate) async fn execute(&self, spec: &Spec, situation: &Situation, plan: &Plan) -> Run {
        self.execute_until(spec, situation, plan, &Stop::default()).await
    }

    /// Executes a plan until a signal comes.
    pub(crate) async fn execute_until(
        &self,
        spec: &Spec,
        situation: &Situation,
        plan: &Plan,
        stop: &Stop,
    ) -> Run {
        let in_flight = InFlight::default();
        let approved = Approved { spec, situation, plan, targets: None };
        let applied =
            common::execute(&approved, &self.cloud, &self.settings, &in_flight, stop, &|_| {}).await;
        let unsettled = in_flight.lock().expect("nobody panicked").len();
        let unknown = applied.results.iter().filter(|result| result.outcome == Outcome::Unknown).count();
        assert_eq!(unsettled, unknown, "what is in flight at the end is what is unknown");
        let (exit, text) = (applied.exit(), applied.text(&Style::plain()));
        if exit == Exit::Unknown {
            check_doubt(&text);
        }
        Run { exit, text, results: applied.results }
    }

    /// Queues a fault of the n-th call of an operation.
    pub(crate) fn strike(&self, action: &str, call: u64, effect: Effect) {
        self.emulator.fault(Fault::new(action, When::call(call), effect));
    }

    /// Returns the number of calls of an operation so far.
    pub(crate) fn calls(&self, action: &str) -> usize {
        self.emulator.requests().iter().filter(|request| request.action == action).count()
    }

    /// Plans and applies.
    pub(crate) async fn apply(&self, spec: &Spec) -> Run {
        let (situation, plan) = self.plan(spec).await.expect("the plan can be made");
        assert!(plan.is_applyable(), "{:?}", plan.held);
        self.execute(spec, &situation, &plan).await
    }
}

/// Returns the identities in the ledger's purchases, once per order.
pub(crate) fn purchases(emulator: &Emulator) -> Vec<String> {
    let bought = |order: &&Order| order.kind == OrderKind::New;
    emulator.ledger().iter().filter(bought).map(|order| order.identity.clone().unwrap_or_default()).collect()
}
