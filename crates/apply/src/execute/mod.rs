//! The executor: carries out a plan, buys at most once each, and tells what became of each change.
//!
//! ```text
//!            ┌────────────────────────── next round ──────────────────────────┐
//!            ▼                                                                │
//! plan ─▶ send what is ready ─▶ look: one listing for all ─▶ settle each ─▶ pause ─▶ results
//!         (the one place that spends)              (pure: job.rs, order.rs, amend.rs)
//! ```
//!
//! A round pauses only where there is something to wait for: a value that the listing does not show yet, or a
//! request that is to be repeated. What is new to send after a look leaves at once.
//!
//! Every request that leaves is counted as *unknown* until something proves otherwise; a request whose
//! outcome is in doubt is sent again only with the same token, and only after a look that did not find the
//! package. A round makes at most one listing, however many orders wait.
//!
//! **Invariant:** [`run`] is the only function that holds a [`Writer`], and its
//! pause the only place that waits.

mod amend;
mod job;
mod journal;
mod order;
mod outcome;
mod register;
mod sight;

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cenbwp_diff::{Observed, Plan};
use cenbwp_spec::{AccountId, CenId};
use futures_util::{StreamExt, stream};

use job::{Job, Reply, Request, Step};
pub use journal::Journal;
pub use order::Patience;
pub use outcome::{ChangeResult, FieldOutcome, FieldResult, Outcome};
pub use register::{Intent, Register};
use sight::Sight;

use crate::clock::Clock;
use crate::cloud::{Answer, Cloud, RefusalKind, Writer};
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

/// What the executor tells while it works.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A request is about to leave.
    Start(&'a Intent),
    /// The outcome of one change is settled.
    Result(&'a ChangeResult),
    /// Nothing new; so many are settled, so many wait.
    Waiting {
        /// Changes with an outcome.
        settled: usize,
        /// All changes.
        all: usize,
    },
}

/// The requests whose outcome is not known yet. Shared with whoever has to name them when the run is cut short.
pub type InFlight = Arc<Mutex<Register>>;

/// Carries out the plan and returns one result per change, in the plan's order, and the listing that
/// settled the last of them, if there was one.
///
/// Once `stop` is requested nothing new starts: what is in flight is then finished, looked for once more and
/// reported.
///
/// # Guarantees
/// - For one identity at most one token is in use at a time, and the next one only after the service's own
///   word that the request with the earlier one failed, and a look.
/// - A request without a token is repeated only after a look that does not show its value.
/// - A request whose intent cannot be written to the journal is not sent, nor is any after it.
/// - Nothing is bought whose package a listing has shown, or may hide behind an unreadable item.
/// - Requests for one package, and those that attach to or detach from one CEN, never overlap.
pub async fn run(
    plan: &Plan,
    account: &AccountId,
    cloud: &Cloud,
    settings: &Settings,
    in_flight: &InFlight,
    stop: &Stop,
    tell: &dyn Fn(Event<'_>),
) -> (Vec<ChangeResult>, Option<Observed>) {
    let patience = Patience { max_sends: settings.max_retries + 1, wait: settings.wait };
    let mut jobs: Vec<Job<'_>> =
        plan.changes.iter().map(|change| Job::new(change, account, patience)).collect();
    let last_send = cloud.clock().now();
    let mut rounds = Rounds {
        cloud,
        settings,
        in_flight,
        stop,
        tell,
        last_look: None,
        last_send,
        told: 0,
        settled: 0,
        calm: 0,
        look_took: Duration::ZERO,
    };
    rounds.work(&mut jobs).await;
    // What is not waited for is younger than the last listing, which then tells nothing about what is left.
    let last_look = rounds.last_look.filter(|_| settings.wait);
    (jobs.iter().map(Job::result).collect(), last_look)
}

/// What the rounds share.
struct Rounds<'a> {
    cloud: &'a Cloud,
    settings: &'a Settings,
    in_flight: &'a InFlight,
    stop: &'a Stop,
    tell: &'a dyn Fn(Event<'_>),
    last_look: Option<Observed>,
    last_send: jiff::Timestamp,
    told: usize,
    /// How much was settled when it was last counted.
    settled: usize,
    /// How many pauses have passed since then.
    calm: u32,
    look_took: Duration,
}

impl Rounds<'_> {
    async fn work(&mut self, jobs: &mut [Job<'_>]) {
        loop {
            self.send(jobs).await;
            if jobs.iter().any(|job| job.step() == Step::Look) {
                self.look(jobs).await;
            }
            self.report(jobs);
            if jobs.iter().all(|job| job.step() == Step::Done) {
                return;
            }
            if self.stop.is_requested() || self.waited_enough(jobs) {
                jobs.iter_mut().for_each(Job::give_up);
                self.report(jobs);
                return;
            }
            self.pause(jobs).await;
        }
    }

    /// Sends what is ready, a few at a time. This is the one place that spends.
    async fn send(&mut self, jobs: &mut [Job<'_>]) {
        let writer = self.cloud.writer();
        let stopped = OnceCell::new();
        let ready = if self.stop.is_requested() { Vec::new() } else { ready(jobs) };
        let requests = ready.into_iter().map(|(n, request)| {
            let (writer, stopped, rounds, identity) = (&writer, &stopped, &*self, jobs[n].identity());
            async move {
                rounds.cloud.turn().await;
                if stopped.get().is_some() || rounds.stop.is_requested() {
                    return (n, None);
                }
                let intent = Intent::new(identity, &request);
                if let Err(error) = rounds.mark_unknown(&intent) {
                    stopped.get_or_init(|| format!("{error}; what cannot be recorded is not sent"));
                    return (n, None);
                }
                let reply = deliver(writer, request).await;
                if is_account_wide(&reply) {
                    stopped.get_or_init(|| "the account was refused, so nothing more was sent".to_owned());
                }
                (n, Some(reply))
            }
        });
        let replies: Vec<(usize, Option<Reply>)> =
            stream::iter(requests).buffer_unordered(self.settings.parallelism.max(1)).collect().await;
        for (n, reply) in replies {
            if let Some(reply) = reply {
                jobs[n].answered(reply);
                self.last_send = self.cloud.clock().now();
            }
        }
        if let Some(why) = stopped.get() {
            jobs.iter_mut().for_each(|job| job.stop(why));
        }
    }

    /// One listing, shown to every job.
    async fn look(&mut self, jobs: &mut [Job<'_>]) {
        let started = self.cloud.clock().instant();
        let looked = self.cloud.list().await;
        self.look_took = self.cloud.clock().instant() - started;
        match looked {
            Ok(observed) => {
                let sight = Sight::of(&observed);
                jobs.iter_mut().for_each(|job| job.looked(&sight));
                self.last_look = Some(observed);
            }
            // A look that fails settles nothing; the jobs keep waiting until their time is up.
            Err(error) => {
                tracing::warn!(%error, "the listing could not be read; waiting goes on");
                jobs.iter_mut().for_each(Job::could_not_look);
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
    async fn pause(&mut self, jobs: &[Job<'_>]) {
        let settled = jobs.iter().map(Job::settled).sum();
        if settled > self.settled {
            (self.settled, self.calm) = (settled, 0);
        }
        let open = jobs.iter().filter(|job| job.step() != Step::Done);
        let asked = open.filter_map(Job::retry_after).max();
        let pause = match jobs.iter().filter_map(Job::repetition).max() {
            Some(repetition) => self.cloud.wait(repetition, asked),
            None if !ready(jobs).is_empty() => return,
            None => self.cloud.wait(self.calm.min(SLOWEST_POLL), asked).max(self.look_took),
        };
        self.calm = self.calm.saturating_add(1);
        tokio::select! {
            biased;
            () = self.stop.requested() => {}
            () = self.cloud.clock().sleep(pause) => {}
        }
    }

    /// Counts a request as unknown from before it leaves; on an error it must not leave.
    fn mark_unknown(&self, intent: &Intent) -> io::Result<()> {
        let now = self.cloud.clock().now();
        self.in_flight.lock().expect("no holder panics").enter(now, intent)?;
        (self.tell)(Event::Start(intent));
        Ok(())
    }

    fn report(&mut self, jobs: &mut [Job<'_>]) {
        for job in jobs.iter_mut() {
            if let Some(result) = job.newly_done() {
                let now = self.cloud.clock().now();
                self.in_flight.lock().expect("no holder panics").settle(now, &result);
                self.told += 1;
                (self.tell)(Event::Result(&result));
            }
        }
        if self.told < jobs.len() {
            (self.tell)(Event::Waiting { settled: self.told, all: jobs.len() });
        }
    }

    /// Nothing can be sent, and the last request is too long ago. What waits for its turn at a CEN waits for the
    /// value of another change, which may never show.
    fn waited_enough(&self, jobs: &[Job<'_>]) -> bool {
        let clock: &Clock = self.cloud.clock();
        let waited = clock.now().duration_since(self.last_send).unsigned_abs();
        ready(jobs).is_empty() && waited >= self.settings.wait_timeout
    }
}

/// The requests that may be sent side by side: one per package by construction, and of those that touch
/// one CEN only the first, while none that was sent waits for its value.
fn ready<'p>(jobs: &[Job<'p>]) -> Vec<(usize, Request<'p>)> {
    let waiting = |job: &&Job<'_>| job.step() == Step::Look;
    let mut busy: BTreeSet<&CenId> = jobs.iter().filter(waiting).filter_map(Job::cen).collect();
    let mut ready = Vec::new();
    for (n, job) in jobs.iter().enumerate().filter(|(_, job)| job.step() == Step::Send) {
        if job.cen().is_none_or(|cen| busy.insert(cen)) {
            ready.extend(job.request().map(|request| (n, request)));
        }
    }
    ready
}

async fn deliver(writer: &Writer<'_>, request: Request<'_>) -> Reply {
    match request {
        Request::Buy(purchase, token) => Reply::Bought(writer.create(purchase, &token).await),
        Request::Change(id, call) => Reply::Changed(writer.change(&id, &call).await),
    }
}

fn is_account_wide(reply: &Reply) -> bool {
    let refusal = match reply {
        Reply::Bought(Answer::No(refusal)) | Reply::Changed(Answer::No(refusal)) => refusal,
        Reply::Bought(Answer::Yes(_) | Answer::Unknown(_))
        | Reply::Changed(Answer::Yes(_) | Answer::Unknown(_)) => {
            return false;
        }
    };
    matches!(refusal.kind, RefusalKind::AccountWide | RefusalKind::NoCredentials)
}

/// Where the doubling of the pauses ends while only a listing is waited for: looks then come every two to
/// four seconds. A package takes seconds to appear; a longer pause would add to every pipeline's time.
const SLOWEST_POLL: u32 = 3;
