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
use cenbwp_diff::Plan;
use cenbwp_spec::{Source, Spec};
use cenbwp_tests::{Config, Effect, Emulator, Fault, IDENTITY_TAG, Package, Refusal, World};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use crate::common::{self, Approved, InProcess};
use crate::history::{Event, History, Record, Said, Snap};
use crate::oracle::{self, Law, Violation};
use crate::planted::Bug;
use crate::schedule::{Act, Deed, End, Mode, Name, Run, Schedule, Strike, Want, What, When, Wish};
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
        let start = "2026-01-02T03:04:05Z".parse().expect("a fixed time");
        let config = Config {
            clock: cenbwp_tests::Clock::tokio(start),
            semantics: schedule.service.clone(),
            seed: schedule.seed,
            ..Config::default()
        };
        let emulator = Emulator::new(config);
        emulator.edit(|world| furnish(world, schedule));
        for Strike { action, call, what } in &schedule.faults {
            if let Some(effect) = effect(*what) {
                emulator.fault(Fault::new(action.name(), cenbwp_tests::When::call(*call), effect));
            }
        }
        let net = Net::new(emulator, schedule, bug);
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
        self.net.emulator.edit(|world| do_deed(world, deed.what));
    }

    /// One run, from its start to its end, however that comes.
    async fn act(&self, n: usize, run: &Run, quiet: bool) {
        sleep(run.at).await;
        self.net.note(Event::Started { run: n });
        let started = self.net.now();
        let by_hand = self.net.emulator.edit(|world| Snap::of(world, is_by_hand));
        let in_flight = InFlight::default();
        let told = RefCell::new(Said::default());
        let (signal, interrupt) = watch::channel(false);
        let work = self.work(n, run, &in_flight, interrupt, &told);
        let ended = match run.end {
            End::Own => Some(work.await),
            End::Crash(polls) => Crashing { way: Some(Box::pin(work)), left: polls }.await,
            End::Signals(first, second) => {
                let signals = async {
                    sleep(first).await;
                    signal.send_replace(true);
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
        said.in_flight = in_flight
            .lock()
            .expect("nobody panicked")
            .iter()
            .map(|intent| intent.identity.to_string())
            .collect();
        match (ended, run.end) {
            (Some(Ok(applied)), _) => {
                said.code = Some(applied.exit().code());
                said.results = applied.results;
            }
            (Some(Err(failure)), _) => {
                said.code = Some(failure.exit.code());
                said.error = failure.error.to_string();
            }
            // What the second signal ends with, as the command line has it.
            (None, End::Signals(..)) => {
                let exit = if said.in_flight.is_empty() { Exit::Interrupted } else { Exit::Unknown };
                (said.code, said.cut) = (Some(exit.code()), true);
            }
            (None, End::Own | End::Crash(_)) => said.cut = true,
        }
        self.net.note(Event::Ended { run: n });
        let at_end =
            self.net.emulator.edit(|world| Snap::of(world, |package| package.tag(IDENTITY_TAG).is_some()));
        let record =
            Record { run: run.clone(), quiet, started, ended: self.net.now(), by_hand, at_end, said };
        self.records.borrow_mut().insert(n, record);
    }

    /// What the process does: look, plan, check, execute.
    async fn work(
        &self,
        n: usize,
        run: &Run,
        in_flight: &InFlight,
        mut interrupt: watch::Receiver<bool>,
        told: &RefCell<Said>,
    ) -> Result<Applied, Failure> {
        let cloud = self.client(n, run.retries);
        let spec = spec_of(&run.wish);
        let planning = async {
            match run.mode {
                Mode::Direct { stall } => {
                    let planned = common::plan(&cloud, &spec).await?;
                    check_applyable(&planned.1)?;
                    sleep(stall).await;
                    Ok(planned)
                }
                Mode::Saved { stall } => from_file(&cloud, &run.wish, stall).await,
            }
        };
        let (situation, plan) = tokio::select! {
            biased;
            _ = interrupt.wait_for(|interrupted| *interrupted) => {
                return Err(Failure::new(Exit::Interrupted, "interrupted"));
            }
            planned = planning => planned?,
        };
        told.borrow_mut().planned = plan.purchases().map(|purchase| purchase.identity.to_string()).collect();
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
        Ok(common::execute(&approved, &cloud, &settings, in_flight, interrupt, &tell).await)
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
        let commits = schedule.commits();
        let mut n = schedule.runs.len();
        for wish in &commits {
            for _ in 0..2 {
                self.act(n, &quiet_run(wish), true).await;
                n += 1;
                if self.records.borrow()[&(n - 1)].said.code == Some(0) {
                    break;
                }
            }
        }
        if let [wish] = &commits[..] {
            let planned: Result<(Situation, Plan), Failure> = common::plan(&visitor, &spec_of(wish)).await;
            self.net.history().plan_is_empty = Some(planned.is_ok_and(|(_, plan)| plan.is_empty()));
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

/// As `apply` refuses, before anything is sent.
/// Saves a plan, reads it after a while, and plans again: what is still to be done of it.
async fn from_file(cloud: &Cloud, wish: &Wish, stall: u64) -> Result<(Situation, Plan), Failure> {
    let spec = spec_of(wish);
    let (situation, plan) = common::plan(cloud, &spec).await?;
    let sources = vec![Source { name: "spec.yaml".to_owned(), bytes: text(wish).into_bytes() }];
    let saved = Planned {
        sources: sources.into(),
        options: common::options(cloud),
        spec: spec.clone().into(),
        situation,
        plan,
    };
    check_applyable(&saved.plan)?;
    let file = saved.document().to_text();
    sleep(stall).await;
    let read = Planned::read(file.as_bytes())?;
    let (situation, fresh) = common::plan(cloud, &spec).await?;
    Ok((situation, read.still_approved(&fresh)?))
}

fn check_applyable(plan: &Plan) -> Result<(), Failure> {
    if plan.is_applyable() {
        return Ok(());
    }
    let held: Vec<String> =
        plan.held.iter().map(|held| format!("{} {}", held.identity, held.reason.word())).collect();
    Err(Failure::new(Exit::Refused, format_args!("held: {}", held.join(", "))))
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

/// The spec of a commit; the same text is parsed once per thread.
fn spec_of(wish: &Wish) -> Spec {
    thread_local! {
        static PARSED: RefCell<BTreeMap<Wish, Spec>> = RefCell::default();
    }
    PARSED.with_borrow_mut(|parsed| {
        parsed.entry(wish.clone()).or_insert_with(|| common::spec(&text(wish))).clone()
    })
}

fn text(wish: &Wish) -> String {
    let package = |(name, want): (&Name, &Want)| {
        let Want { mbps, generation, auto_pay } = want;
        let [a, b] = areas(*name);
        format!(
            "{name}: {{areas: [{a}, {b}], bandwidth: {mbps}, generation: {generation}, autoPay: {auto_pay}}}"
        )
    };
    let packages: Vec<String> = wish.iter().map(package).collect();
    format!(
        "{{version: 1, stack: net, defaults: {{period: 1, autoRenew: false}}, packages: {{{}}}}}",
        packages.join(", ")
    )
}

/// The areas of a declared package. The first two are alike but for their names.
pub(crate) fn areas(name: Name) -> [&'static str; 2] {
    if name == 'c' { ["China", "North-America"] } else { ["China", "Europe"] }
}

/// The identity that a declared package is recognised by.
pub(crate) fn identity(name: Name, want: &Want) -> String {
    if want.generation == 1 { format!("net/{name}") } else { format!("net/{name}/{}", want.generation) }
}

/// Puts into the account what is there before the first run.
fn furnish(world: &mut World, schedule: &Schedule) {
    for n in 0..schedule.strangers {
        world.packages.push(stranger(n));
    }
    for (name, want) in &schedule.existing {
        let package =
            by_hand(world, *name, i64::from(want.mbps)).tagged(IDENTITY_TAG, &identity(*name, want));
        // The last item of a full first page: the one that slips away when the pages shift.
        world.packages.insert(world.packages.len().min(50), package);
    }
}

fn stranger(n: usize) -> Package {
    Package::new(&format!("cenbwp-stranger{n}"), ["china", "asia-pacific"], 5)
}

const BY_HAND: &str = "cenbwp-byhand";

pub(crate) fn is_by_hand(package: &Package) -> bool {
    package.id.starts_with(BY_HAND)
}

fn by_hand(world: &World, name: Name, mbps: i64) -> Package {
    let [a, b] = areas(name).map(str::to_ascii_lowercase);
    let n = world.packages.iter().filter(|package| is_by_hand(package)).count();
    let mut package = Package::new(&format!("{BY_HAND}{n}{name}"), [&a, &b], mbps);
    package.name = format!("net-{name}");
    package
}

fn do_deed(world: &mut World, act: Act) {
    let carries = |name: Name| {
        move |package: &Package| {
            package
                .tag(IDENTITY_TAG)
                .is_some_and(|tag| tag.split('/').nth(1).is_some_and(|part| part.starts_with(name)))
        }
    };
    match act {
        Act::Untag(name) => {
            let carriers = world.packages.iter_mut().filter(|package| carries(name)(package));
            carriers.for_each(|package| package.tags.retain(|tag| tag.key != IDENTITY_TAG));
        }
        Act::Resize(name) => {
            let carriers = world.packages.iter_mut().filter(|package| carries(name)(package));
            carriers.for_each(|package| package.bandwidth = 30);
        }
        Act::Vanish(name) => world.packages.retain(|package| !carries(name)(package)),
        Act::LookAlike(name) => world.packages.insert(0, by_hand(world, name, 10)),
        Act::Tagged(name) => {
            let package = by_hand(world, name, 10).tagged(IDENTITY_TAG, &format!("net/{name}"));
            world.packages.insert(0, package);
        }
        Act::Churn => {
            let is_stranger = |package: &Package| package.id.starts_with("cenbwp-stranger");
            if let Some(first) = world.packages.iter().position(is_stranger) {
                world.packages.remove(first);
                let next = 1000 + world.packages.iter().filter(|package| is_stranger(package)).count();
                world.packages.push(stranger(next));
            }
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
