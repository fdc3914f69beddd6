//! The executor: carries out the purchases of a plan, at most once each, and tells what became of each.
//!
//! ```text
//!            ┌────────────────────────── next round ──────────────────────────┐
//!            ▼                                                                │
//! plan ─▶ send what is ready ─▶ look: one listing for all ─▶ settle each ─▶ pause ─▶ results
//!         (the one place that spends)                        (pure, order.rs)
//! ```
//!
//! Every request that leaves is counted as *unknown* until something proves otherwise; a request whose
//! outcome is in doubt is sent again only with the same token, and only after a look that did not find the
//! package. A round makes at most one listing, however many orders wait.
//!
//! **Invariant:** [`run`] is the only function that holds a [`Writer`](crate::cloud::Writer), and its
//! pause the only place that waits.

mod journal;
mod order;
mod outcome;
mod unsettled;

use std::cell::OnceCell;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cenbwp_diff::{Observed, Plan, Purchase};
use cenbwp_spec::AccountId;
use futures_util::{StreamExt, stream};
use tokio::sync::watch;

pub use journal::Journal;
pub use order::Patience;
use order::{Order, Step};
pub use outcome::{ChangeResult, Outcome};
pub use unsettled::Unsettled;

use crate::clock::Clock;
use crate::cloud::{Answer, ClientToken, Cloud, Created};

/// How a plan is carried out.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many purchases may be in flight at once.
    pub parallelism: usize,
    /// Whether to wait until the listing shows each package.
    pub wait: bool,
    /// How long to wait for a package after its last request.
    pub wait_timeout: Duration,
    /// How often one request may be repeated.
    pub max_retries: u32,
}

/// What the executor tells while it works.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A request is about to leave.
    Start {
        /// What is bought.
        purchase: &'a Purchase,
        /// The token it is bought with.
        token: &'a ClientToken,
    },
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

/// The requests whose outcome is not known yet, with the tokens they were sent with. Shared with whoever
/// has to name them when the run is cut short.
pub type InFlight = Arc<Mutex<Unsettled>>;

/// Buys what the plan says and returns one result per change, in the plan's order, and the listing that
/// settled the last of them, if there was one.
///
/// `interrupt` turns true when nothing new may start: what is in flight is then finished, looked for once
/// more and reported. Changes other than purchases are reported as not attempted.
///
/// # Guarantees
/// - For one identity at most one token is in use at a time, and the next one only after the service's own
///   word that the request with the earlier one failed, and a look.
/// - A request whose intent cannot be written to the journal is not sent, nor is any after it.
/// - Nothing is sent for an order whose package a listing has shown, or may hide behind an unreadable item.
pub async fn run(
    plan: &Plan,
    account: &AccountId,
    cloud: &Cloud,
    settings: &Settings,
    in_flight: &InFlight,
    interrupt: watch::Receiver<bool>,
    tell: &dyn Fn(Event<'_>),
) -> (Vec<ChangeResult>, Option<Observed>) {
    let patience = Patience { max_sends: settings.max_retries + 1, wait: settings.wait };
    let mut orders: Vec<Order<'_>> =
        plan.purchases().map(|purchase| Order::new(purchase, account, patience)).collect();
    let mut rounds = Rounds {
        cloud,
        settings,
        in_flight,
        interrupt,
        tell,
        last_look: None,
        last_send: cloud.clock().now(),
        told: 0,
    };
    rounds.work(&mut orders).await;

    let bought = orders.into_iter().map(Order::into_result);
    let others = plan.changes.iter().filter_map(outcome::not_executed);
    let mut results: Vec<ChangeResult> = bought.chain(others).collect();
    results.sort_by(|one, other| one.identity.cmp(&other.identity));
    (results, rounds.last_look)
}

/// What the rounds share.
struct Rounds<'a> {
    cloud: &'a Cloud,
    settings: &'a Settings,
    in_flight: &'a InFlight,
    interrupt: watch::Receiver<bool>,
    tell: &'a dyn Fn(Event<'_>),
    last_look: Option<Observed>,
    last_send: jiff::Timestamp,
    told: usize,
}

impl Rounds<'_> {
    async fn work(&mut self, orders: &mut [Order<'_>]) {
        for round in 0.. {
            self.send(orders).await;
            if orders.iter().any(Order::needs_look) {
                self.look(orders).await;
            }
            self.report(orders);
            if orders.iter().all(|order| order.step() == Step::Done) {
                return;
            }
            if self.interrupted() || self.waited_enough(orders) {
                orders.iter_mut().for_each(Order::give_up);
                self.report(orders);
                return;
            }
            self.pause(orders, round).await;
        }
    }

    /// Sends every order that is ready, a few at a time. This is the one place that spends.
    async fn send(&mut self, orders: &mut [Order<'_>]) {
        let writer = self.cloud.writer();
        let stopped = OnceCell::new();
        let ready: Vec<usize> =
            (0..orders.len()).filter(|&n| orders[n].step() == Step::Send && !self.interrupted()).collect();
        let requests = ready.iter().map(|&n| {
            let (purchase, token) = (orders[n].purchase, orders[n].token());
            let (writer, stopped, rounds) = (&writer, &stopped, &*self);
            async move {
                if stopped.get().is_some() || rounds.interrupted() {
                    return (n, None);
                }
                if let Err(error) = rounds.mark_unknown(purchase, &token) {
                    stopped.get_or_init(|| format!("{error}; what cannot be recorded is not sent"));
                    return (n, None);
                }
                let answer = writer.create(purchase, &token).await;
                if is_account_wide(&answer) {
                    stopped.get_or_init(|| "the account was refused, so nothing more was sent".to_owned());
                }
                (n, Some(answer))
            }
        });
        let answers: Vec<(usize, Option<Answer<Created>>)> =
            stream::iter(requests).buffer_unordered(self.settings.parallelism.max(1)).collect().await;
        for (n, answer) in answers {
            if let Some(answer) = answer {
                orders[n].answered(answer);
                self.last_send = self.cloud.clock().now();
            }
        }
        if let Some(why) = stopped.get() {
            orders.iter_mut().for_each(|order| order.stop(why));
        }
    }

    /// One listing, shown to every order.
    async fn look(&mut self, orders: &mut [Order<'_>]) {
        match self.cloud.list().await {
            Ok(observed) => {
                orders.iter_mut().for_each(|order| order.looked(&observed));
                self.last_look = Some(observed);
            }
            // A look that fails settles nothing; the orders keep waiting until their time is up.
            Err(error) => {
                tracing::warn!(%error, "the listing could not be read; waiting goes on");
                orders.iter_mut().for_each(Order::could_not_look);
            }
        }
    }

    /// Waits before the next round: longer each time, at least as long as the service asked for, and not
    /// a moment after an interrupt.
    async fn pause(&mut self, orders: &[Order<'_>], round: u32) {
        let asked = orders.iter().filter_map(Order::retry_after).max();
        let sending = orders.iter().any(|order| order.step() == Step::Send);
        let pause = self.cloud.wait(if sending { round } else { round.min(SLOWEST_POLL) }, asked);
        tokio::select! {
            biased;
            _ = self.interrupt.wait_for(|interrupted| *interrupted) => {}
            () = self.cloud.clock().sleep(pause) => {}
        }
    }

    /// Counts a request as unknown from before it leaves; on an error it must not leave.
    fn mark_unknown(&self, purchase: &Purchase, token: &ClientToken) -> io::Result<()> {
        let now = self.cloud.clock().now();
        self.in_flight.lock().expect("no holder panics").enter(now, purchase, token)?;
        (self.tell)(Event::Start { purchase, token });
        Ok(())
    }

    fn report(&mut self, orders: &mut [Order<'_>]) {
        for order in orders.iter_mut() {
            if let Some(result) = order.newly_done() {
                let now = self.cloud.clock().now();
                self.in_flight.lock().expect("no holder panics").settle(now, result);
                self.told += 1;
                (self.tell)(Event::Result(result));
            }
        }
        if self.told < orders.len() {
            (self.tell)(Event::Waiting { settled: self.told, all: orders.len() });
        }
    }

    fn interrupted(&self) -> bool {
        *self.interrupt.borrow()
    }

    /// Nothing is left to send, and the last request is too long ago.
    fn waited_enough(&self, orders: &[Order<'_>]) -> bool {
        let clock: &Clock = self.cloud.clock();
        let waited = clock.now().duration_since(self.last_send).unsigned_abs();
        orders.iter().all(|order| order.step() != Step::Send) && waited >= self.settings.wait_timeout
    }
}

fn is_account_wide(answer: &Answer<Created>) -> bool {
    matches!(answer, Answer::No(refusal) if refusal.kind == crate::cloud::RefusalKind::AccountWide)
}

/// Where the doubling of the pauses ends while only a listing is waited for: polls then come every two to
/// four seconds. A package takes seconds to appear; a longer pause would add to every pipeline's time.
const SLOWEST_POLL: u32 = 3;
