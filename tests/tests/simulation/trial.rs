//! One schedule, carried out on paused time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use cenbwp::clock::Clock;
use cenbwp::cloud::{Cloud, RetryPolicy};
use cenbwp::execute::{self, ChangeResult, InFlight, Settings};
use cenbwp::exit::{Exit, Failure};
use cenbwp::planned::Planned;
use cenbwp::report::outcomes::Applied;
use cenbwp::situation::Situation;
use cenbwp::stop::Stop;
use cenbwp_diff::{Change, Plan};
use cenbwp_spec::Source;
use cenbwp_tests::{Config, Effect, Emulator, Fault, Refusal};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::account::{START, do_deed, furnish, spec_of, text};
use crate::common::{self, Approved, InProcess};
use crate::history::{Event, History, Record, Said};
use crate::oracle::{self, Law, Violation};
use crate::planted::Bug;
use crate::schedule::{Deed, End, Mode, Run, Schedule, Strike, What, When, Wish};
use crate::wire::{Net, Wire, sleep};

/// Carries out a schedule and judges it. With a bug, a tool that has it is played.
pub(crate) fn judge(schedule: &Schedule, bug: Option<Bug>) -> (History, Vec<Violation>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without threads");
    match catch_unwind(AssertUnwindSafe(|| runtime.block_on(carry_out(schedule, bug)))) {
        Ok(history) => {
            let violations = oracle::judge(schedule, &history);
            (history, violations)
        }
        Err(_) => (History::default(), vec![Violation { law: Law::NoPanic, what: "it panicked".to_owned() }]),
    }
}

/// How long everything that was set going takes to end: late requests, slow orders, lagging listings.
const QUIET: u64 = 3_600_000;

async fn carry_out(schedule: &Schedule, bug: Option<Bug>) -> History {
    let sim = Sim::new(schedule, bug);
    let mut ways: FuturesUnordered<Pin<Box<dyn Future<Output = ()> + '_>>> = FuturesUnordered::new();
    for (n, run) in schedule.runs.iter().enumerate() {
        ways.push(Box::pin(sim.act(n, run, false)));
    }
    for deed in &schedule.deeds {
        match deed.when {
            When::At(at) => ways.push(Box::pin(sim.deed_at(at, *deed))),
            When::Before(action, call) => {
                let (net, deed) = (Arc::clone(&sim.net), *deed);
                let edit = Effect::Edit(Arc::new(move |world| {
                    net.note(Event::Did(deed));
                    do_deed(world, deed.what);
                }));
                sim.net.emulator.fault(Fault::new(action.name(), cenbwp_tests::When::call(call), edit));
            }
        }
    }
    while ways.next().await.is_some() {}
    drop(ways);
    sim.settle(schedule).await;
    sim.finish()
}

struct Sim {
    net: Arc<Net>,
    clock: Clock,
    seed: u64,
    records: RefCell<BTreeMap<usize, Record>>,
}

impl Sim {
    fn new(schedule: &Schedule, bug: Option<Bug>) -> Self {
        let start = START.parse().expect("a fixed time");
        let config = Config {
            clock: cenbwp_tests::Clock::tokio(start),
            semantics: schedule.service.clone(),
            seed: schedule.seed,
            ..Config::default()
        };
        let emulator = Emulator::new(config);
        for Strike { action, call, what } in &schedule.faults {
            if let Some(effect) = effect(*what) {
                emulator.fault(Fault::new(action.name(), cenbwp_tests::When::call(*call), effect));
            }
        }
        let net = Net::new(emulator, schedule, bug);
        let watching = Arc::downgrade(&net);
        net.emulator.watch(move |world, request| {
            if let Some(net) = watching.upgrade() {
                net.watch(world, request);
            }
        });
        net.emulator.edit(|world| {
            furnish(world, schedule);
            net.watch(world, None);
        });
        Self { net, clock: Clock::starting_at(start), seed: schedule.seed, records: RefCell::default() }
    }

    fn client(&self, run: usize, retries: u32) -> Cloud {
        let seed = self.seed ^ (run as u64 + 1).wrapping_mul(0xD134_2543_DE82_EF95);
        let rng = Mutex::new(fastrand::Rng::with_seed(seed));
        let wire = Arc::new(Wire { net: Arc::clone(&self.net), run, rng });
        let retry = RetryPolicy { max_retries: retries, ..RetryPolicy::default() };
        common::client(self.net.emulator.config(), wire, self.clock, seed, retry)
    }

    async fn deed_at(&self, at: u64, deed: Deed) {
        sleep(at).await;
        self.net.note(Event::Did(deed));
        self.net.emulator.edit(|world| {
            do_deed(world, deed.what);
            self.net.watch(world, None);
        });
    }

    /// One run, from its start to its end, however that comes.
    async fn act(&self, n: usize, run: &Run, quiet: bool) {
        sleep(run.at).await;
        self.net.note(Event::Started { run: n });
        let started = self.net.now();
        let in_flight = InFlight::default();
        let told = RefCell::new(Said::default());
        let stop = Stop::default();
        let work = self.work(n, run, &in_flight, &stop, &told);
        let ended = match run.end {
            End::Own => Some(work.await),
            End::Crash(polls) => Crashing { way: Some(Box::pin(work)), left: polls }.await,
            End::Signals(first, second) => {
                let signals = async {
                    sleep(first).await;
                    stop.request();
                    match second {
                        Some(second) => sleep(second).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    biased;
                    ended = work => Some(ended),
                    () = signals => None,
                }
            }
        };
        let mut said = told.take();
        let register = in_flight.lock().expect("nobody panicked");
        said.in_flight = register
            .iter()
            .map(|intent| (intent.identity.to_string(), intent.id.as_ref().map(ToString::to_string)))
            .collect();
        match (ended, run.end) {
            (Some(Ok(applied)), _) => said.hear(applied),
            (Some(Err(failure)), _) => {
                said.code = Some(failure.exit.code());
                said.error = failure.error.to_string();
            }
            // What the second signal ends with, as the command line has it.
            (None, End::Signals(..)) => {
                let results = register.results();
                said.cut = true;
                if results.is_empty() {
                    said.code = Some(Exit::Interrupted.code());
                } else {
                    let end = cenbwp::report::outcomes::End::Left;
                    said.hear(Applied { digest: String::new(), results, left: None, end });
                }
            }
            (None, End::Own | End::Crash(_)) => said.cut = true,
        }
        if let Some(bug) = self.net.bug {
            bug.says(&mut said);
        }
        self.net.note(Event::Ended { run: n });
        let ended = self.net.now();
        let record = Record { run: run.clone(), quiet, started, ended, said, left: String::new() };
        self.records.borrow_mut().insert(n, record);
    }

    /// What the process does: look, plan, check, execute.
    async fn work(
        &self,
        n: usize,
        run: &Run,
        in_flight: &InFlight,
        stop: &Stop,
        told: &RefCell<Said>,
    ) -> Result<Applied, Failure> {
        let cloud = self.client(n, run.retries);
        let spec = spec_of(&run.wish, self.net.bug);
        let planning = async {
            match run.mode {
                Mode::Direct { stall } => {
                    let planned = common::plan(&cloud, &spec).await?;
                    check_applyable(&planned.1)?;
                    sleep(stall).await;
                    Ok(planned)
                }
                Mode::Saved { stall } => from_file(&cloud, &run.wish, stall, self.net.bug).await,
            }
        };
        let (situation, plan) = tokio::select! {
            biased;
            () = stop.requested() => {
                return Err(Failure::new(Exit::Interrupted, "interrupted"));
            }
            planned = planning => planned?,
        };
        told.borrow_mut().planned = plan.changes.iter().map(planned).collect();
        let settings = Settings {
            parallelism: run.parallelism,
            wait: run.wait.is_some(),
            wait_timeout: Duration::from_secs(run.wait.unwrap_or(0)),
            max_retries: run.retries,
        };
        let tell = |event: execute::Event<'_>| {
            if let execute::Event::Result(result) = event {
                told.borrow_mut().results.push(ChangeResult::clone(result));
            }
        };
        let approved = Approved { spec: &spec, situation: &situation, plan: &plan };
        Ok(common::execute(&approved, &cloud, &settings, in_flight, stop, &tell).await)
    }

    /// Nothing goes wrong any more, everything under way ends, and every commit is applied again until it is
    /// done, twice at most.
    async fn settle(&self, schedule: &Schedule) {
        self.net.emulator.clear_faults();
        sleep(QUIET).await;
        let service = &schedule.service;
        let visitor = common::client(
            self.net.emulator.config(),
            Arc::new(InProcess(self.net.emulator.clone())),
            self.clock,
            !self.seed,
            RetryPolicy::default(),
        );
        for _ in 0..service.visible_after_listings.max(service.tags_after_listings) {
            drop(visitor.list().await);
        }
        let mut n = schedule.runs.len();
        for wish in &schedule.commits() {
            for _ in 0..2 {
                self.act(n, &quiet_run(wish), true).await;
                let left = match common::plan(&visitor, &spec_of(wish, self.net.bug)).await {
                    Ok((_, plan)) if plan.is_empty() => String::new(),
                    Ok((_, plan)) => format!("{:?} {:?}", plan.changes, plan.held),
                    Err(failure) => failure.error.to_string(),
                };
                let mut records = self.records.borrow_mut();
                let record = records.get_mut(&n).expect("the run that has just ended");
                record.left = left;
                n += 1;
                if record.said.code == Some(0) {
                    break;
                }
            }
        }
    }

    fn finish(self) -> History {
        let mut history = std::mem::take(&mut *self.net.history());
        history.runs = self.records.into_inner().into_values().collect();
        history.ledger = self.net.emulator.ledger();
        history.requests = self.net.emulator.requests();
        history.tokens = self.net.emulator.edit(|world| world.tokens.values().cloned().collect());
        history
    }
}

/// Saves a plan, reads it after a while, and plans again: what is still to be done of it.
async fn from_file(
    cloud: &Cloud,
    wish: &Wish,
    stall: u64,
    bug: Option<Bug>,
) -> Result<(Situation, Plan), Failure> {
    let spec = spec_of(wish, bug);
    let (situation, plan) = common::plan(cloud, &spec).await?;
    let sources = vec![Source { name: "spec.yaml".to_owned(), bytes: text(wish, bug).into_bytes() }];
    let (sources, options) = (sources.into(), common::options(cloud));
    let saved = Planned::new(sources, spec.clone().into(), options, situation, plan);
    check_applyable(&saved.plan)?;
    let file = saved.document().to_text();
    sleep(stall).await;
    let read = Planned::read(file.as_bytes())?;
    let (situation, fresh) = common::plan(cloud, &spec).await?;
    Ok((situation, read.still_approved(&fresh)?))
}

/// As `apply` refuses, before anything is sent.
fn check_applyable(plan: &Plan) -> Result<(), Failure> {
    if plan.is_applyable() {
        return Ok(());
    }
    let held: Vec<String> =
        plan.held.iter().map(|held| format!("{} {}", held.identity, held.reason.word())).collect();
    Err(Failure::new(Exit::Refused, format_args!("held: {}", held.join(", "))))
}

fn planned(change: &Change) -> (String, &'static str) {
    let action = match change {
        Change::Purchase(_) => "purchase",
        Change::Update(_) => "update",
        Change::Adopt(_) => "adopt",
        Change::Release(_) => "release",
        Change::Retire(_) => "retire",
    };
    (change.identity().to_string(), action)
}

impl Said {
    fn hear(&mut self, applied: Applied) {
        self.code = Some(applied.exit().code());
        self.results = applied.results;
    }
}

fn quiet_run(wish: &Wish) -> Run {
    Run {
        at: 0,
        wish: wish.clone(),
        mode: Mode::Direct { stall: 0 },
        end: End::Own,
        parallelism: 4,
        retries: 5,
        wait: Some(300),
    }
}

/// Drops what it carries at the n-th poll.
struct Crashing<F> {
    way: Option<Pin<Box<F>>>,
    left: u32,
}

impl<F: Future> Future for Crashing<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            self.way = None;
        }
        self.left = self.left.saturating_sub(1);
        match &mut self.way {
            Some(way) => way.as_mut().poll(cx).map(Some),
            None => Poll::Ready(None),
        }
    }
}

/// What the emulator does for a fault; `None` for what never reaches it.
fn effect(what: What) -> Option<Effect> {
    let refuse = |status, code| Effect::Refuse(Refusal::new(status, code, "an injected refusal"));
    Some(match what {
        What::NotSent => return None,
        What::LostRequest => Effect::CutBefore,
        What::LostReply => Effect::CutAfter,
        What::Truncated => Effect::Truncate,
        What::Late(seconds) => Effect::Latency(Duration::from_secs(seconds)),
        What::Slow(seconds) => Effect::Slow(Duration::from_secs(seconds)),
        What::Throttled(ms) => Effect::Throttle(ms),
        What::ErrorBefore => refuse(500, "InternalError"),
        What::ErrorAfter => Effect::FailAfter(Refusal::new(500, "InternalError", "an injected error")),
        What::Money => refuse(500, "PayFor.AccountMoneyValidateError"),
        What::Forbidden => refuse(403, "Forbidden.RAM"),
        What::Blocking => refuse(400, "Operation.Blocking"),
        What::SoldOut => refuse(400, "InventoryExceeded"),
        What::Unreadable(index) => Effect::Unreadable(index),
        What::Miscounted => Effect::TotalCount(99),
    })
}
