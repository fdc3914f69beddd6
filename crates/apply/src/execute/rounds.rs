//! The rounds of a run: send, list, report, pause. The only place that spends, and the only one that waits.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeSet;
use std::time::Duration;

use cenbwp_diff::{Observed, Plan};
use cenbwp_spec::{AccountId, CenId, Identity, PackageId};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::intent::Intent;
use super::line::{Line, Need, Patience};
use super::listing::Listing;
use super::outcome::ChangeResult;
use super::register::InFlight;
use super::request::Sent;
use crate::cloud::{self, Answer, Cloud, Next, Write, Writer, Yes};
use crate::stop::Stop;

/// The settings of a run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The most requests that change something in flight at once.
    pub parallelism: usize,
    /// True if the run waits until the listing shows each change.
    pub wait: bool,
    /// The longest wait for a change after the last request.
    pub wait_timeout: Duration,
    /// The most repetitions of one request.
    pub max_retries: u32,
}

/// An event that the executor reports while it works.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A request is about to leave.
    Start(&'a Intent),
    /// The outcome of one change is settled.
    Result(&'a ChangeResult),
    /// Nothing new; reported now and then while the run waits.
    Waiting {
        /// The number of changes with an outcome.
        settled: usize,
        /// The number of all changes.
        all: usize,
        /// The change that has waited longest.
        longest: Waiting<'a>,
    },
}

/// A change that has no outcome yet.
#[derive(Clone, Debug)]
pub struct Waiting<'a> {
    /// The identity of its package.
    pub identity: &'a Identity,
    /// The thing that it waits for, in words.
    pub awaits: String,
    /// The moment of its last answer, or of the run's start.
    pub since: Timestamp,
}

/// The context of a run.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// Reads the account.
    pub cloud: &'a Cloud,
    /// Changes it.
    pub writer: &'a Writer,
    /// The listing that the plan was made of.
    pub before: &'a Observed,
    /// The settings.
    pub settings: &'a Settings,
    /// The record of what is proved at each moment.
    pub in_flight: &'a InFlight,
    /// The request to stop.
    pub stop: &'a Stop,
    /// Takes the events that the run reports while it works.
    pub report: &'a dyn Fn(Event<'_>),
}

/// A line, and what was reported about it.
struct Progress<'p> {
    line: Line<'p>,
    reported: bool,
    /// The moment of its last answer, or of the run's start.
    since: Timestamp,
}

/// The lines of a run and what they share.
pub(super) struct Rounds<'a> {
    session: Session<'a>,
    account: &'a AccountId,
    lines: Vec<Progress<'a>>,
    last_look: Option<Observed>,
    last_send: Timestamp,
    /// The number of settled requests at the last pause.
    settled_before: usize,
    /// The number of pauses since it last grew.
    quiet_polls: u32,
    look_took: Duration,
    next_heartbeat: Cell<tokio::time::Instant>,
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
    pub(super) fn new(plan: &'a Plan, account: &'a AccountId, session: Session<'a>) -> Self {
        let Settings { max_retries, wait, .. } = *session.settings;
        let patience = Patience { max_sends: max_retries.saturating_add(1), wait };
        let (since, next_heartbeat) =
            (session.cloud.clock().now(), session.cloud.clock().instant() + HEARTBEAT);
        let before = &session.before.packages;
        let line = |change| {
            let line = Line::new(change, account, before, patience);
            Progress { line, reported: false, since }
        };
        Self {
            session,
            account,
            lines: plan.changes.iter().map(line).collect(),
            last_look: None,
            last_send: since,
            settled_before: 0,
            quiet_polls: 0,
            look_took: Duration::ZERO,
            next_heartbeat: Cell::new(next_heartbeat),
        }
    }

    /// Returns the results, in the plan's order, and the listing that settled the last of them. There is none
    /// if the run does not wait: the last changes are then younger than the last listing, which does not show
    /// what is left to do.
    pub(super) fn end(self) -> (Vec<ChangeResult>, Option<Observed>) {
        let results = self.lines.iter().map(|progress| progress.line.result().clone());
        (results.collect(), self.last_look.filter(|_| self.session.settings.wait))
    }

    pub(super) async fn work(&mut self) {
        loop {
            self.send().await;
            if self.lines().any(|line| line.need() == Need::Look) {
                self.look().await;
            }
            self.report_results();
            if self.lines().all(|line| line.need() == Need::Nothing) {
                return;
            }
            if self.session.stop.is_requested() || self.waited_enough() {
                let waited = self.session.settings.wait && !self.session.stop.is_requested();
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

    /// Sends the requests that may be sent, a few at a time, and takes in each answer as it arrives. This is
    /// the only place that spends.
    async fn send(&mut self) {
        let stopped = OnceCell::new();
        let leaving: Vec<Leaving<'a>> =
            if self.session.stop.is_requested() { Vec::new() } else { self.leaving() };
        let session = self.session;
        let requests = leaving.into_iter().map(|leaving| deliver(&session, &stopped, leaving));
        let parallelism = session.settings.parallelism.max(1);
        let mut replies = std::pin::pin!(stream::iter(requests).buffer_unordered(parallelism));
        while let Some((n, sent, answer)) = self.with_heartbeat(replies.next()).await {
            self.answered(n, sent, answer.as_ref());
        }
        if let Some(why) = stopped.get() {
            self.lines.iter_mut().for_each(|progress| progress.line.stop(why));
        }
    }

    /// Takes the requests that may leave from their lines. From now on the lines are in doubt about them.
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
        let mut register = self.session.in_flight.lock().expect("no holder panics");
        match answer {
            Some(answer) => {
                progress.line.answered(sent, answer);
                let now = self.session.cloud.clock().now();
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

    /// Makes one listing, and shows it to every line.
    async fn look(&mut self) {
        let started = self.session.cloud.clock().instant();
        let looked = self.with_heartbeat(self.list()).await;
        self.look_took = self.session.cloud.clock().instant() - started;
        match looked {
            Ok(observed) => {
                let listing = Listing::of(&observed);
                let mut register = self.session.in_flight.lock().expect("no holder panics");
                for Progress { line, .. } in self.lines.iter_mut().filter(|progress| !progress.reported) {
                    line.looked(&listing);
                    register.proved(line.if_cut());
                }
                drop(register);
                self.last_look = Some(observed);
            }
            // A listing that fails settles nothing; the lines keep waiting until their time is up.
            Err(error) => tracing::warn!(%error, "the listing could not be read; waiting goes on"),
        }
    }

    /// Lists the packages, and reads the renewal of those that wait for it.
    async fn list(&self) -> Result<Observed, cloud::Error> {
        let mut observed = self.session.cloud.list().await?;
        let waiting: Vec<PackageId> = self.lines().filter_map(Line::awaited_renewal).cloned().collect();
        if !waiting.is_empty() {
            observed.set_renewals(self.session.cloud.renewals(self.account, &waiting).await);
        }
        Ok(observed)
    }

    /// Waits for `work`, and reports a heartbeat now and then.
    async fn with_heartbeat<T>(&self, work: impl Future<Output = T>) -> T {
        let clock = self.session.cloud.clock();
        let mut work = std::pin::pin!(work);
        loop {
            let pause = self.next_heartbeat.get().saturating_duration_since(clock.instant());
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = clock.sleep(pause) => {
                    self.next_heartbeat.set(clock.instant() + HEARTBEAT);
                    self.report_waiting();
                }
            }
        }
    }

    /// Waits before the next round, if there is something to wait for, and only until a stop is requested.
    ///
    /// | waits for | how long |
    /// |---|---|
    /// | a request that is sent again | longer with each repetition, and at least as long as the service asked for |
    /// | a value in the listing | half a second, up to four while nothing is settled; at least as long as a listing |
    /// | nothing: a new request may be sent | not at all |
    async fn pause(&mut self) {
        let settled = self.lines().map(Line::settled).sum();
        if settled > self.settled_before {
            (self.settled_before, self.quiet_polls) = (settled, 0);
        }
        let open = self.lines().filter(|line| line.need() != Need::Nothing);
        let asked = open.filter_map(Line::retry_after).max();
        let pause = match self.lines().filter_map(Line::repetition).max() {
            Some(repetition) => self.session.cloud.wait(repetition, asked),
            None if !ready(&self.lines).is_empty() => return,
            None => self.session.cloud.wait(self.quiet_polls.min(SLOWEST_POLL), asked).max(self.look_took),
        };
        self.quiet_polls = self.quiet_polls.saturating_add(1);
        tokio::select! {
            biased;
            () = self.session.stop.requested() => {}
            () = self.session.cloud.clock().sleep(pause) => {}
        }
    }

    fn report_results(&mut self) {
        (0..self.lines.len()).for_each(|n| self.report_result(n));
    }

    fn report_result(&mut self, n: usize) {
        let Progress { line, reported, .. } = &mut self.lines[n];
        if !*reported && line.need() == Need::Nothing {
            *reported = true;
            let result = line.result();
            let now = self.session.cloud.clock().now();
            self.session.in_flight.lock().expect("no holder panics").settle(now, result);
            (self.session.report)(Event::Result(result));
        }
    }

    fn report_waiting(&self) {
        let open = self.lines.iter().filter(|progress| progress.line.need() != Need::Nothing);
        let settled = self.lines.len() - open.clone().count();
        if let Some(Progress { line, since, .. }) = open.min_by_key(|progress| progress.since) {
            let longest = Waiting { identity: line.identity(), awaits: line.awaits(), since: *since };
            (self.session.report)(Event::Waiting { settled, all: self.lines.len(), longest });
        }
    }

    /// Returns true if nothing can be sent and the last request is too long ago. A change that waits for its
    /// turn at a CEN waits for another change to be listed, which may never happen.
    fn waited_enough(&self) -> bool {
        let waited = self.session.cloud.clock().now().duration_since(self.last_send).unsigned_abs();
        ready(&self.lines).is_empty() && waited >= self.session.settings.wait_timeout
    }
}

/// Returns the lines whose requests may be sent side by side. Each package has only one line. Of the lines
/// that touch one CEN only the first may send, and only while none that has sent waits for a listing.
fn ready(lines: &[Progress<'_>]) -> Vec<usize> {
    let lines = || lines.iter().map(|progress| &progress.line).enumerate();
    let waiting = lines().filter(|(_, line)| line.need() == Need::Look);
    let mut busy: BTreeSet<&CenId> = waiting.filter_map(|(_, line)| line.cen()).collect();
    let may_be_sent = lines().filter(|(_, line)| line.need() == Need::Send);
    may_be_sent.filter(|(_, line)| line.cen().is_none_or(|cen| busy.insert(cen))).map(|(n, _)| n).collect()
}

/// Records a request and sends it, unless a stop was requested or `stopped` holds a reason to send nothing
/// more. Returns no answer for a request that did not leave.
async fn deliver<'p>(
    session: &Session<'_>,
    stopped: &OnceCell<String>,
    Leaving { n, write, sent, intent, if_cut }: Leaving<'p>,
) -> (usize, Sent, Option<Answer<Yes>>) {
    let Session { cloud, writer, in_flight, stop, report, settings: _, before: _ } = session;
    writer.wait_for_rate_limit().await;
    // Credentials are fetched before the stop is read for the last time, because that can take a while.
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
    // The disk, and the reader of the output, may have taken a while: the stop is read once more below.
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

/// The number of times that the pause doubles while the run only waits for a listing: listings then come
/// every two to four seconds. A package takes seconds to appear; a longer pause would make every pipeline
/// slower.
const SLOWEST_POLL: u32 = 3;

/// The time between two heartbeats while the run waits: short enough that a person does not press Ctrl-C.
const HEARTBEAT: Duration = Duration::from_secs(5);
