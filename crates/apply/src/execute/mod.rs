//! The executor: carries out a plan, buys at most once each, and reports the result of each change.
//!
//! ```text
//!            ┌──────────────────────────── next round ────────────────────────────┐
//!            ▼                                                                    │
//! plan ─▶ send what may be sent ─▶ look: one listing for all ─▶ settle each ─▶ pause ─▶ results
//!         (the one place that spends)                (pure: line.rs, request.rs)
//! ```
//!
//! An answer counts when it arrives: the line that asked takes it in, the register and the journal hold it, and a run
//! that is cut short a moment later reports it. A round pauses only where there is something to wait for: a value that
//! the listing does not show yet, or a request that is to be repeated. It makes at most one listing, however many
//! changes wait.
//!
//! **Invariant:** [`run`] is the only function that is handed a [`Writer`], and its pause the only place that waits.

mod intent;
mod journal;
mod line;
mod listing;
mod outcome;
mod register;
mod request;
mod steps;

use std::cell::{Cell, OnceCell};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cenbwp_diff::{Observed, Plan};
use cenbwp_spec::{AccountId, CenId, Identity};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;

pub use intent::Intent;
pub use journal::Journal;
use line::{Line, Need, Patience};
use listing::Listing;
pub use outcome::{ChangeResult, FieldOutcome, FieldResult, Outcome};
pub use register::Register;
use request::Sent;

use crate::cloud::{Answer, Cloud, Next, Write, Writer, Yes};
use crate::stop::Stop;

/// How a plan is carried out.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many requests that change something may be in flight at once.
    pub parallelism: usize,
    /// Whether to wait until the listing shows each change.
    pub wait: bool,
    /// How long to wait for a change after the last request.
    pub wait_timeout: Duration,
    /// How often one request may be repeated.
    pub max_retries: u32,
}

/// What the executor reports while it works.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A request is about to leave.
    Start(&'a Intent),
    /// The outcome of one change is settled.
    Result(&'a ChangeResult),
    /// Nothing new.
    Waiting {
        /// Changes with an outcome.
        settled: usize,
        /// All changes.
        all: usize,
        /// The change that has waited longest.
        longest: Waiting<'a>,
    },
}

/// A change that has no outcome yet.
#[derive(Clone, Debug)]
pub struct Waiting<'a> {
    /// The identity that it is about.
    pub identity: &'a Identity,
    /// What it waits for, in words.
    pub awaits: String,
    /// The moment of its last answer, or of the run's start.
    pub since: Timestamp,
}

/// What a run has sent, and what is proved of it: shared with the part that ends a run that is cut short.
pub type InFlight = Arc<Mutex<Register>>;

/// Carries out the plan and returns one result per change, in the plan's order, and the listing that
/// settled the last of them, if there was one.
///
/// Once `stop` is requested nothing new is sent: what is in flight is then finished, looked for once more and reported.
///
/// # Guarantees
/// - For one identity at most one token is in use at a time, and the next one only after the service's own
///   word that the request with the earlier one failed, and a look.
/// - A request whose reply was lost is repeated only after a look that does not show what it is for.
/// - A request whose intent cannot be written to the journal is not sent, nor is any after it.
/// - Nothing is bought whose package a listing of this run has shown, or may hide behind an item that cannot be read.
/// - Requests for one package, and those that attach to or detach from one CEN, never overlap.
///
/// # Cancellation
/// Dropped at any moment, it leaves in `in_flight` the result that is true for each change that was begun.
pub async fn run(
    plan: &Plan,
    account: &AccountId,
    (cloud, writer): (&Cloud, &Writer),
    settings: &Settings,
    in_flight: &InFlight,
    stop: &Stop,
    report: &dyn Fn(Event<'_>),
) -> (Vec<ChangeResult>, Option<Observed>) {
    let patience = Patience { max_sends: settings.max_retries.saturating_add(1), wait: settings.wait };
    let now = cloud.clock().now();
    let lines: Vec<Progress<'_>> = plan
        .changes
        .iter()
        .map(|change| Progress { line: Line::new(change, account, patience), reported: false, since: now })
        .collect();
    let mut rounds = Rounds {
        cloud,
        writer,
        settings,
        in_flight,
        stop,
        report,
        lines,
        last_look: None,
        last_send: now,
        settled: 0,
        quiet_polls: 0,
        look_took: Duration::ZERO,
        next_sign: Cell::new(cloud.clock().instant() + HEARTBEAT),
    };
    rounds.work().await;
    // What is not waited for is younger than the last listing, which then proves nothing about what is left.
    let last_look = rounds.last_look.filter(|_| settings.wait);
    (rounds.lines.iter().map(|progress| progress.line.result().clone()).collect(), last_look)
}

/// A line, and what was reported of it.
struct Progress<'p> {
    line: Line<'p>,
    reported: bool,
    /// Its last answer, or the run's start.
    since: Timestamp,
}

/// The lines of a run and what they share.
struct Rounds<'a> {
    cloud: &'a Cloud,
    writer: &'a Writer,
    settings: &'a Settings,
    in_flight: &'a InFlight,
    stop: &'a Stop,
    report: &'a dyn Fn(Event<'_>),
    lines: Vec<Progress<'a>>,
    last_look: Option<Observed>,
    last_send: Timestamp,
    /// How much was settled when it was last counted.
    settled: usize,
    /// How many pauses have passed since then.
    quiet_polls: u32,
    look_took: Duration,
    /// The moment of the next sign of life.
    next_sign: Cell<tokio::time::Instant>,
}

/// A request that may leave: its line, itself, and the result if its answer never arrives.
struct Leaving<'p> {
    n: usize,
    write: Write<'p>,
    sent: Sent,
    intent: Intent,
    if_cut: ChangeResult,
}

impl<'a> Rounds<'a> {
    async fn work(&mut self) {
        loop {
            self.send().await;
            if self.lines().any(|line| line.need() == Need::Look) {
                self.look().await;
            }
            self.report_results();
            if self.lines().all(|line| line.need() == Need::Nothing) {
                return;
            }
            if self.stop.is_requested() || self.waited_enough() {
                let waited = self.settings.wait && !self.stop.is_requested();
                self.lines.iter_mut().for_each(|progress| progress.line.give_up(waited));
                self.report_results();
                return;
            }
            self.report_waiting();
            self.pause().await;
        }
    }

    fn lines(&self) -> impl Iterator<Item = &Line<'a>> {
        self.lines.iter().map(|progress| &progress.line)
    }

    /// Sends what may be sent, a few at a time, and takes in each answer as it arrives. This is the one place that spends.
    async fn send(&mut self) {
        let stopped = OnceCell::new();
        let leaving: Vec<Leaving<'a>> = if self.stop.is_requested() { Vec::new() } else { self.leaving() };
        let delivery = Delivery {
            cloud: self.cloud,
            writer: self.writer,
            in_flight: self.in_flight,
            stop: self.stop,
            report: self.report,
        };
        let requests = leaving.into_iter().map(|leaving| deliver(&delivery, &stopped, leaving));
        let mut replies =
            std::pin::pin!(stream::iter(requests).buffer_unordered(self.settings.parallelism.max(1)));
        while let Some((n, sent, answer)) = self.alive(replies.next()).await {
            self.answered(n, sent, answer.as_ref());
        }
        if let Some(why) = stopped.get() {
            self.lines.iter_mut().for_each(|progress| progress.line.stop(why));
        }
    }

    /// Takes the requests that may leave from their lines, which are in doubt about them from now on.
    fn leaving(&mut self) -> Vec<Leaving<'a>> {
        let ready = ready(&self.lines);
        let mut leaving = Vec::with_capacity(ready.len());
        for n in ready {
            let line = &mut self.lines[n].line;
            if let Some((write, sent)) = line.send() {
                let intent = Intent::new(line.identity(), &write);
                leaving.push(Leaving { n, write, sent, intent, if_cut: line.if_cut() });
            }
        }
        leaving
    }

    /// Takes in an answer; `None` for a request that did not leave.
    fn answered(&mut self, n: usize, sent: Sent, answer: Option<&Answer<Yes>>) {
        let progress = &mut self.lines[n];
        let mut register = self.in_flight.lock().expect("no holder panics");
        match answer {
            Some(answer) => {
                progress.line.answered(sent, answer);
                let now = self.cloud.clock().now();
                (progress.since, self.last_send) = (now, now);
                register.answered(now, answer, progress.line.if_cut());
            }
            None => {
                progress.line.withdraw(sent);
                register.proved(progress.line.if_cut());
            }
        }
        drop(register);
        self.report_result(n);
    }

    /// One listing, shown to every line.
    async fn look(&mut self) {
        let started = self.cloud.clock().instant();
        let looked = self.alive(self.cloud.list()).await;
        self.look_took = self.cloud.clock().instant() - started;
        match looked {
            Ok(observed) => {
                let listing = Listing::of(&observed);
                let mut register = self.in_flight.lock().expect("no holder panics");
                for Progress { line, .. } in self.lines.iter_mut().filter(|progress| !progress.reported) {
                    line.looked(&listing);
                    register.proved(line.if_cut());
                }
                drop(register);
                self.last_look = Some(observed);
            }
            // A look that fails settles nothing; the lines keep waiting until their time is up.
            Err(error) => tracing::warn!(%error, "the listing could not be read; waiting goes on"),
        }
    }

    /// Waits for `work`, with a sign of life now and then.
    async fn alive<T>(&self, work: impl Future<Output = T>) -> T {
        let clock = self.cloud.clock();
        let mut work = std::pin::pin!(work);
        loop {
            let pause = self.next_sign.get().saturating_duration_since(clock.instant());
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = clock.sleep(pause) => {
                    self.next_sign.set(clock.instant() + HEARTBEAT);
                    self.report_waiting();
                }
            }
        }
    }

    /// Waits before the next round, if there is something to wait for, and not a moment after a stop.
    ///
    /// | what is waited for | how long |
    /// |---|---|
    /// | a request that is sent again | longer with each repetition, and at least as long as the service asked for |
    /// | a value in the listing | half a second after something was settled, up to four if nothing is; never less than a look takes |
    /// | nothing: something new may be sent | not at all |
    async fn pause(&mut self) {
        let settled = self.lines().map(Line::settled).sum();
        if settled > self.settled {
            (self.settled, self.quiet_polls) = (settled, 0);
        }
        let open = self.lines().filter(|line| line.need() != Need::Nothing);
        let asked = open.filter_map(Line::retry_after).max();
        let pause = match self.lines().filter_map(Line::repetition).max() {
            Some(repetition) => self.cloud.wait(repetition, asked),
            None if !ready(&self.lines).is_empty() => return,
            None => self.cloud.wait(self.quiet_polls.min(SLOWEST_POLL), asked).max(self.look_took),
        };
        self.quiet_polls = self.quiet_polls.saturating_add(1);
        tokio::select! {
            biased;
            () = self.stop.requested() => {}
            () = self.cloud.clock().sleep(pause) => {}
        }
    }

    fn report_results(&mut self) {
        (0..self.lines.len()).for_each(|n| self.report_result(n));
    }

    /// Reports a result, the first time it is there.
    fn report_result(&mut self, n: usize) {
        let Progress { line, reported, .. } = &mut self.lines[n];
        if !*reported && line.need() == Need::Nothing {
            *reported = true;
            let result = line.result();
            let now = self.cloud.clock().now();
            self.in_flight.lock().expect("no holder panics").settle(now, result);
            (self.report)(Event::Result(result));
        }
    }

    fn report_waiting(&self) {
        let open = self.lines.iter().filter(|progress| progress.line.need() != Need::Nothing);
        let settled = self.lines.len() - open.clone().count();
        if let Some(Progress { line, since, .. }) = open.min_by_key(|progress| progress.since) {
            let longest = Waiting { identity: line.identity(), awaits: line.awaits(), since: *since };
            (self.report)(Event::Waiting { settled, all: self.lines.len(), longest });
        }
    }

    /// Nothing can be sent, and the last request is too long ago. What waits for its turn at a CEN waits for the
    /// value of another change, which may never show.
    fn waited_enough(&self) -> bool {
        let waited = self.cloud.clock().now().duration_since(self.last_send).unsigned_abs();
        ready(&self.lines).is_empty() && waited >= self.settings.wait_timeout
    }
}

/// The lines whose requests may be sent side by side: one per package by construction, and of those that touch one CEN
/// only the first, while none that was sent waits for its value.
fn ready(lines: &[Progress<'_>]) -> Vec<usize> {
    let lines = || lines.iter().map(|progress| &progress.line).enumerate();
    let waiting = lines().filter(|(_, line)| line.need() == Need::Look);
    let mut busy: BTreeSet<&CenId> = waiting.filter_map(|(_, line)| line.cen()).collect();
    let may_be_sent = lines().filter(|(_, line)| line.need() == Need::Send);
    may_be_sent.filter(|(_, line)| line.cen().is_none_or(|cen| busy.insert(cen))).map(|(n, _)| n).collect()
}

/// What a request needs to leave.
struct Delivery<'a> {
    cloud: &'a Cloud,
    writer: &'a Writer,
    in_flight: &'a InFlight,
    stop: &'a Stop,
    report: &'a dyn Fn(Event<'_>),
}

/// Records a request and sends it, unless a stop was requested or `stopped` says why nothing more is sent. Returns no
/// answer for a request that did not leave.
async fn deliver<'p>(
    delivery: &Delivery<'_>,
    stopped: &OnceCell<String>,
    Leaving { n, write, sent, intent, if_cut }: Leaving<'p>,
) -> (usize, Sent, Option<Answer<Yes>>) {
    let Delivery { cloud, writer, in_flight, stop, report } = delivery;
    writer.turn().await;
    // What has to be fetched is fetched before the last look at the stop.
    let _ = cloud.ready().await;
    if stopped.get().is_some() || stop.is_requested() {
        return (n, sent, None);
    }
    let now = cloud.clock().now();
    let entered = in_flight.lock().expect("no holder panics").enter(now, &intent, if_cut, write);
    let request = match entered {
        Ok(request) => request,
        Err(error) => {
            stopped.get_or_init(|| format!("{error}; what cannot be recorded is not sent"));
            return (n, sent, None);
        }
    };
    // Both may have taken their time: the disk, and the reader of what is printed.
    report(Event::Start(&intent));
    if stop.is_requested() {
        in_flight.lock().expect("no holder panics").withdrawn(cloud.clock().now(), &intent);
        return (n, sent, None);
    }
    let answer = writer.send(request).await;
    if matches!(&answer, Answer::No(refusal) if refusal.kind.next() == Next::StopAll) {
        stopped.get_or_init(|| "the account was refused, so nothing more was sent".to_owned());
    }
    (n, sent, Some(answer))
}

/// Where the doubling of the pauses ends while only a listing is waited for: looks then come every two to
/// four seconds. A package takes seconds to appear; a longer pause would add to every pipeline's time.
const SLOWEST_POLL: u32 = 3;

/// While answers are waited for, the time between two signs of life: short enough that a person does not reach for
/// Ctrl-C.
const HEARTBEAT: Duration = Duration::from_secs(5);
