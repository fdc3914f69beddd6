//! One planned change under way: its requests in order, and what is proved of it so far.
//!
//! A purchase is the first request of its line. The requests after it are known once a listing shows the
//! package as it was ordered. A package that another run bought is left for another plan.

use std::collections::VecDeque;
use std::time::Duration;

use cenbwp_diff::{Change, Live, Purchase};
use cenbwp_spec::{AccountId, CenId, Identity, PackageId};

use super::listing::{Listing, Shown};
use super::outcome::{ChangeResult, FieldOutcome, FieldResult, Outcome};
use super::request::{After, By, End, Sent, State};
use super::steps::{self, Step};
use super::words::{self, Why};
use crate::cloud::{Answer, Attempt, Call, ClientToken, Write, Yes};

/// The limits of a run for one change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// The most requests with one token, or for one change of a package that exists.
    pub(super) max_sends: u32,
    /// True if the run waits until the listing shows what was accepted.
    pub(super) wait: bool,
}

/// The next thing that a line needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// A request may be sent.
    Send,
    /// A listing has to show the state.
    Look,
    /// Nothing: its result is known.
    Nothing,
}

/// One planned change under way.
#[derive(Clone)]
pub(super) struct Line<'p> {
    change: &'p Change,
    account: &'p AccountId,
    /// The packages that were there before the run sent anything.
    before: &'p [Live],
    patience: Patience,
    attempt: Attempt,
    /// The requests that are left; the first is under way.
    queue: VecDeque<Step<'p>>,
    state: State,
    retry_after: Option<Duration>,
    /// The reason that the last answer to the request under way gave.
    why: Option<Why>,
    /// The reason for which no other request is begun.
    stopped: Option<String>,
    result: ChangeResult,
}

impl<'p> Line<'p> {
    pub(super) fn new(
        change: &'p Change,
        account: &'p AccountId,
        before: &'p [Live],
        patience: Patience,
    ) -> Self {
        let mut line = Self {
            change,
            account,
            before,
            patience,
            attempt: Attempt::FIRST,
            queue: steps::of(change),
            state: State::NEW,
            retry_after: None,
            why: None,
            stopped: None,
            result: ChangeResult::planned(change),
        };
        line.result.client_token = line.purchase().map(|purchase| line.token(purchase));
        line.conclude();
        line
    }

    pub(super) fn identity(&self) -> &'p Identity {
        self.change.identity()
    }

    /// Returns the purchase, if it is the request under way.
    fn purchase(&self) -> Option<&'p Purchase> {
        if let Step::Buy(purchase) = self.queue.front()? { Some(purchase) } else { None }
    }

    fn token(&self, purchase: &Purchase) -> ClientToken {
        ClientToken::new(self.account, &purchase.identity, self.attempt)
    }

    pub(super) fn need(&self) -> Need {
        match self.state {
            _ if self.queue.is_empty() => Need::Nothing,
            State::Clean(_) | State::Cleared(..) => Need::Send,
            State::Doubt(..) | State::Accepted | State::Watching(..) => Need::Look,
            State::Done(_) => Need::Nothing,
        }
    }

    /// Returns which repetition the next request is, from 0; `None` if it is not one, or if no request may be
    /// sent.
    pub(super) fn repetition(&self) -> Option<u32> {
        match self.state {
            State::Clean(tries) | State::Cleared(tries, _) if tries.all > 0 => {
                Some(tries.of_token.saturating_sub(1))
            }
            _ => None,
        }
    }

    /// Returns the wait that the last answer asked for.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Returns a number that grows whenever one of its requests ends, and means nothing else.
    pub(super) fn settled(&self) -> usize {
        self.result.fields.len() + usize::from(self.result.outcome != Outcome::NotAttempted)
    }

    /// Returns the CEN that the request under way touches.
    pub(super) fn cen(&self) -> Option<&CenId> {
        self.queue.front()?.call()?.cen()
    }

    /// Returns the package whose renewal it waits for. No listing shows that: the billing service is asked too.
    pub(super) fn awaited_renewal(&self) -> Option<&PackageId> {
        let call = self.queue.front()?.call()?;
        let waits = self.need() == Need::Look && matches!(call, Call::Renew(..));
        self.result.id.as_ref().filter(|_| waits)
    }

    /// Returns the result, as far as it is proved.
    pub(super) fn result(&self) -> &ChangeResult {
        &self.result
    }

    /// Returns the result that would be true if the process ended now: a request in flight is unknown, an
    /// accepted one is not waited for, and the others are not begun.
    pub(super) fn if_cut(&self) -> ChangeResult {
        let mut cut = self.clone();
        cut.stop("not begun before the run ended");
        cut.give_up(false);
        cut.result
    }

    /// Returns the thing that it waits for, in words.
    pub(super) fn awaits(&self) -> String {
        words::awaits(self.state, self.queue.front().and_then(Step::call))
    }

    /// Returns the request under way to be sent, if it may be sent. From now on the line is in doubt about
    /// it.
    pub(super) fn send(&mut self) -> Option<(Write<'p>, Sent)> {
        let write = match self.queue.front()? {
            Step::Buy(purchase) => Write::Purchase(purchase, self.token(purchase)),
            Step::Change(call) => Write::Change(self.result.id.clone()?, call.clone()),
        };
        let (sent, state) = self.state.send()?;
        self.state = state;
        Some((write, sent))
    }

    /// Takes back a request that did not leave.
    pub(super) fn withdraw(&mut self, sent: Sent) {
        self.state = sent.withdrawn();
    }

    /// Takes in the answer to a request.
    pub(super) fn answered(&mut self, sent: Sent, answer: &Answer<Yes>) {
        let (request_id, retry_after) = match answer {
            Answer::Yes(Yes { request_id, .. }) => (Some(request_id), None),
            Answer::No(refusal) => (refusal.request_id.as_ref(), refusal.retry_after),
            Answer::Unknown(lost) => (lost.request_id.as_ref(), lost.retry_after),
        };
        (self.retry_after, self.why) = (retry_after, Why::of(answer));
        if self.purchase().is_some() {
            self.result.request_id = request_id.cloned();
        }
        if let Answer::Yes(Yes { id: Some(id), order_id, .. }) = answer {
            self.result.id = Some(id.clone());
            self.result.order_id.clone_from(order_id);
        }
        self.state = match sent.answered(answer, self.patience.max_sends) {
            After::State(State::Accepted) if self.purchase().is_none() && !self.patience.wait => {
                State::Done(End::Accepted)
            }
            After::State(state) => state,
            After::NextToken(proof, state) => match self.attempt.next(proof) {
                Some(next) => {
                    self.attempt = next;
                    self.result.client_token = self.purchase().map(|purchase| self.token(purchase));
                    state
                }
                None => State::Done(End::Failed),
            },
        };
        self.conclude();
    }

    /// Takes in a listing, in every state: a change that it shows as done is not sent any more.
    pub(super) fn looked(&mut self, listing: &Listing<'_>) {
        let shown = match (self.queue.front(), &self.result.id) {
            // Only a yes names the package of a purchase that is under way.
            (Some(Step::Buy(purchase)), Some(id)) => listing.bought(purchase, id),
            (Some(Step::Buy(purchase)), _) => self.ordered(listing.identity(&purchase.identity)),
            (Some(Step::Change(call)), Some(id)) => listing.changed(self.change, id, call),
            (Some(Step::Change(_)), None) | (None, _) => return,
        };
        self.state = self.state.looked(&shown);
        match shown {
            Shown::Yes(Some(live)) => self.recognise(live),
            Shown::Taken(why) => drop(self.stopped.get_or_insert(why)),
            Shown::Contradicted(what) => self.why = Some(Why::contradicted(what)),
            Shown::Yes(None) | Shown::No | Shown::Gone | Shown::Hidden => {}
        }
        // An order with `autoPay: false` may be listed only after it is paid.
        let unpaid = self.purchase().is_some_and(|purchase| !purchase.terms.auto_pay);
        if self.state == State::Accepted && (unpaid || !self.patience.wait) {
            self.state = State::Done(End::Accepted);
        }
        self.conclude();
        if let (Some(call), Some(id)) = (self.queue.front().and_then(Step::call), &self.result.id)
            && let Some(why) = listing.taken(self.change, id, call)
        {
            self.stop(&why);
        }
    }

    /// Leaves a lost order in doubt where the listing shows a package with its identity that no order with its
    /// token bought, such as one that another run adopted or moved: the order may still take effect, so
    /// a later listing may tell. It is not sent again, also if that package loses the identity.
    fn ordered<'l>(&mut self, shown: Shown<'l>) -> Shown<'l> {
        let Shown::Yes(Some(live)) = shown else { return shown };
        let was_there = self.before.iter().any(|before| before.id == live.id);
        if !self.state.is_lost() || live.tags.contains_key(Identity::TERMS_TAG) && !was_there {
            return shown;
        }
        self.state = self.state.stop();
        self.why = Some(Why::another_package(live));
        Shown::Hidden
    }

    /// Takes in the package of a purchase. It counts as this run's if a request of this run can have bought
    /// it, and it is as ordered.
    fn recognise(&mut self, live: &Live) {
        let (Some(purchase), State::Done(End::Shown(by))) = (self.purchase(), self.state) else { return };
        self.result.id = Some(live.id.clone());
        self.why = (by == By::Lost).then(Why::recognised);
        if live.areas != purchase.areas || live.bandwidth != purchase.bandwidth {
            self.result.may_have_changed |= by != By::Other;
            self.state = State::Done(End::Shown(By::Other));
            self.why = Some(Why::another_order(live, by));
        }
    }

    /// Begins no other request. The one under way is still looked for in listings.
    pub(super) fn stop(&mut self, why: &str) {
        self.stopped.get_or_insert_with(|| why.to_owned());
        self.state = self.state.stop();
        self.conclude();
    }

    /// Ends it with what is proved by now. `waited`: the listing had enough time to show what was accepted.
    pub(super) fn give_up(&mut self, waited: bool) {
        self.stop("not begun before the run ended");
        self.state = self.state.give_up(waited);
        self.conclude();
    }

    /// If the request under way has ended, writes its result and begins the next request.
    fn conclude(&mut self) {
        while let State::Done(end) = self.state
            && let Some(step) = self.queue.pop_front()
        {
            let why = self.why.take();
            self.result.may_have_changed |= end.may_have_changed();
            let stopped = self.stopped.as_deref();
            match step {
                Step::Buy(purchase) => {
                    words::bought(&mut self.result, purchase, end, why, stopped);
                    if self.result.outcome == Outcome::Created {
                        self.queue = steps::of_fields(&purchase.follow_ups).collect();
                    }
                }
                Step::Change(call) => {
                    let done = words::changed(&mut self.result, call.field(), end, why, stopped);
                    if steps::rest_depends_on(&call) && done.outcome != FieldOutcome::Done {
                        self.stopped.get_or_insert("what has to come first was not done".to_owned());
                    }
                    self.result.fields.push(done);
                }
            }
            if let Some(why) = self.stopped.as_ref() {
                let skipped = self.queue.drain(..).filter_map(|step| Some(step.call()?.field()));
                let (outcome, detail) = (FieldOutcome::NotAttempted, Some(why.clone()));
                let skipped = skipped.map(|field| FieldResult { field, outcome, detail: detail.clone() });
                self.result.fields.extend(skipped);
            } else if !self.queue.is_empty() {
                self.state = State::NEW;
            }
        }
        if self.queue.is_empty() {
            self.result.sum_up(self.change);
        }
    }
}

#[cfg(test)]
mod tests;
