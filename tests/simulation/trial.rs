//! A trial: carries out one schedule on paused time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cenbwp::clock::Clock;
use cenbwp::cloud::{Cloud, RetryPolicy};
use cenbwp::execute::InFlight;
use cenbwp::exit::Exit;
use cenbwp::report::outcomes::Applied;
use cenbwp_tests::{Config, Effect, Emulator, Fault, Refusal};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::account::{START, do_deed, furnish, spec_of};
use crate::common::{self, InProcess};
use crate::history::{Event, History, Record, Said};
use crate::oracle::{self, Law, Violation};
use crate::planted::Bug;
use crate::process::{Process, cut_short, known};
use crate::schedule::{Deed, End, Kind, Mode, Part, Run, Schedule, Strike, What, When, Wish};
use crate::signals::{Crashing, Signals, Watched};
use crate::wire::{Net, Wire, sleep};

/// Carries out a schedule and judges it, with the tool that has `bug` if there is one.
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

/// The milliseconds after which everything under way has ended: late requests, slow orders, lagging listings.
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

    /// A client on a machine whose clock is so many seconds ahead.
    fn client(&self, (n, machine): (usize, u64), run: &Run, signals: &Arc<Signals>, ahead: i64) -> Cloud {
        let seed = self.seed ^ (n as u64 + 1 + (machine << 32)).wrapping_mul(0xD134_2543_DE82_EF95);
        let rng = Mutex::new(fastrand::Rng::with_seed(seed));
        let ends = run.ends_credentials.map(|after| self.net.now() + after);
        let (net, signals) = (Arc::clone(&self.net), Arc::clone(signals));
        let wire = Arc::new(Wire { net, run: n, rng, signals, ends });
        let retry = RetryPolicy { max_retries: run.retries, ..RetryPolicy::default() };
        let start: jiff::Timestamp = START.parse().expect("a fixed time");
        // All clocks started together.
        let passed = i64::try_from(self.net.now()).expect("a history ends");
        let now = start + jiff::SignedDuration::from_millis(passed) + jiff::SignedDuration::from_secs(ahead);
        common::client(self.net.emulator.config(), wire, Clock::starting_at(now), seed, retry)
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
        let signals = Signals::of(&self.net, n, run);
        let ahead = match run.mode {
            Mode::Direct { .. } => 0,
            Mode::Saved { ahead, .. } => ahead,
        };
        let process = Process {
            n,
            run,
            net: &self.net,
            cloud: self.client((n, 0), run, &signals, run.ahead),
            planner: self.client((n, 1), run, &signals, run.ahead + ahead),
            signals: &signals,
            in_flight: InFlight::default(),
            told: RefCell::default(),
            stands: RefCell::default(),
        };
        let work = Watched { way: Box::pin(process.work()), look: || process.look() };
        let ended = match run.end {
            End::Own => Some(work.await),
            End::Crash(polls) => Crashing { way: Some(Box::pin(work)), left: polls }.await,
            End::Signals(..) => tokio::select! {
                biased;
                ended = work => Some(ended),
                () = signals.end_at_once() => None,
            },
        };
        let mut said = process.told.take();
        let summary = self.net.bug.is_none_or(|bug| bug.sums_up(run.end, ended.is_none()));
        said.summary = summary && !matches!(run.end, End::Crash(_));
        match (ended, run.end) {
            (Some(Ok(applied)), _) => said.hear(applied),
            (Some(Err(failure)), _) => {
                said.code = Some(failure.exit.code());
                said.error = failure.error.to_string();
            }
            (None, End::Own | End::Crash(_)) => said.cut = true,
            (None, End::Signals(signal, _))
                if self.net.bug == Some(Bug::HangUpKills) && signal.kind == Kind::HangUp =>
            {
                said.cut = true;
            }
            // A second signal ends the run as the command line has it.
            (None, End::Signals(..)) => {
                let results = known(&process.in_flight.lock().expect("nobody panicked"));
                said.cut = true;
                if results.is_empty() {
                    said.code = Some(Exit::Interrupted.code());
                } else {
                    said.hear(cut_short(results));
                }
            }
        }
        if let Some(bug) = self.net.bug {
            bug.says(&mut said);
        }
        self.net.note(Event::Ended { run: n });
        let ended = self.net.now();
        let record = Record { run: run.clone(), quiet, started, ended, said, left: String::new() };
        self.records.borrow_mut().insert(n, record);
    }

    /// Lets everything under way end without faults, then applies every commit again until it is done, at
    /// most twice.
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
        for _ in 0..service
            .visible_after_listings
            .max(service.tags_after_listings)
            .max(service.values_after_listings)
        {
            drop(visitor.list().await);
        }
        for _ in 0..service.billing.shown_after_reads {
            drop(visitor.find_site().await);
        }
        let mut n = schedule.runs.len();
        for wish in &schedule.commits() {
            for _ in 0..2 {
                self.act(n, &quiet_run(wish), true).await;
                let left = match common::plan(&visitor, &spec_of(wish, None, self.net.bug), None).await {
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
        part: Part::All,
        mode: Mode::Direct { stall: 0 },
        end: End::Own,
        parallelism: 4,
        retries: 5,
        wait: Some(300),
        ahead: 0,
        pin: None,
        ends_credentials: None,
    }
}

/// The emulator's effect for a fault; `None` if the fault never reaches the emulator.
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
        What::Unlisted { status, code, done: false } => refuse(status, code),
        What::Unlisted { status, code, done: true } => {
            Effect::FailAfter(Refusal::new(status, code, "an injected error"))
        }
        What::Ended => refuse(403, "InvalidSecurityToken.Expired"),
        What::Unreadable(index) => Effect::Unreadable(index),
        What::Miscounted => Effect::TotalCount(99),
    })
}
