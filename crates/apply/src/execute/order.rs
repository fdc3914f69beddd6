//! One purchase on its way: a state machine without effects.
//!
//! | state | what happened | next |
//! |---|---|---|
//! | ready | sent, yes | accepted; done `unpaid_order` when the spec leaves paying to a person |
//! | ready | sent, not processed (throttled, busy, never left) | ready again, while there is patience |
//! | ready | sent, reply lost | in doubt: a look first, then ready again with the same token |
//! | ready | the token's earlier request failed, says the service | a look first, then ready with the next token |
//! | ready | the token was used for other parameters, or is in use | looking: only the listing can tell |
//! | ready | refused | done `failed`; but looking when an earlier reply was lost: a refusal then proves nothing |
//! | accepted | the listing shows its id with our tag | done `created`, or `already_present` if it is not what was ordered |
//! | accepted | the listing shows its id as somebody else's | done `unknown`: the reply was for a package of the past |
//! | accepted | the listing shows only another package with our tag | accepted: what the yes named may still appear |
//! | looking, in doubt | the listing shows the identity | done `created` if a request of ours may have bought it, else `already_present` |
//! | any of these | time is up | done `unknown`; done `failed` or `not_attempted` when nothing can have been bought |

use std::time::Duration;

use cenbwp_diff::{Live, Owner, Purchase};
use cenbwp_spec::{AccountId, PackageId};

use super::job::Step;
use super::outcome::{ChangeResult, Outcome};
use super::sight::Sight;
use crate::cloud::{Answer, Attempt, ClientToken, Created, Lost, Refusal, RefusalKind};

/// How much is tried before an order, or a change, stops sending.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The most requests with one token, or for one change of a package that exists.
    pub max_sends: u32,
    /// Whether a yes has to be confirmed by the listing.
    pub wait: bool,
}

enum State {
    Ready,
    /// Not to be sent again before a listing has been seen.
    LookFirst,
    /// A yes: the listing has to show it.
    Accepted(Created),
    /// Nothing more is sent; the listing may still show it.
    Looking,
    Done,
}

/// One purchase on its way.
pub(super) struct Order<'p> {
    pub(super) purchase: &'p Purchase,
    account: &'p AccountId,
    patience: Patience,
    attempt: Attempt,
    state: State,
    /// A request of ours may have been carried out without our knowing.
    doubt: bool,
    sends: u32,
    retry_after: Option<Duration>,
    result: ChangeResult,
}

impl<'p> Order<'p> {
    pub(super) fn new(purchase: &'p Purchase, account: &'p AccountId, patience: Patience) -> Self {
        let result = ChangeResult {
            identity: purchase.identity.clone(),
            action: "purchase",
            outcome: Outcome::NotAttempted,
            id: None,
            mbps: Some(purchase.bandwidth),
            order_id: None,
            client_token: Some(ClientToken::new(account, &purchase.identity, Attempt::FIRST)),
            request_id: None,
            detail: None,
            hint: None,
            fields: Vec::new(),
            may_have_bought: false,
        };
        Self {
            purchase,
            account,
            patience,
            attempt: Attempt::FIRST,
            state: State::Ready,
            doubt: false,
            sends: 0,
            retry_after: None,
            result,
        }
    }

    pub(super) fn token(&self) -> ClientToken {
        ClientToken::new(self.account, &self.purchase.identity, self.attempt)
    }

    pub(super) fn step(&self) -> Step {
        match self.state {
            State::Ready => Step::Send,
            State::LookFirst | State::Accepted(_) | State::Looking => Step::Look,
            State::Done => Step::Done,
        }
    }

    /// Which repetition the next request is, from 0; `None` for the first request.
    pub(super) fn repetition(&self) -> Option<u32> {
        let first = self.sends == 0 && self.attempt == Attempt::FIRST;
        (!first).then(|| self.sends.saturating_sub(1))
    }

    /// How long the last reply asked to wait.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Takes in the answer to one request.
    pub(super) fn answered(&mut self, answer: Answer<Created>) {
        self.sends += 1;
        self.retry_after = None;
        match answer {
            Answer::Yes(created) => self.accepted(created),
            Answer::No(refusal) => self.refused(&refusal),
            Answer::Unknown(lost) => self.lost(&lost),
        }
    }

    fn accepted(&mut self, created: Created) {
        self.result.may_have_bought = true;
        self.result.id = Some(created.id.clone());
        self.result.order_id.clone_from(&created.order_id);
        self.result.request_id = Some(created.request_id.clone());
        self.result.detail = None;
        let order = created.order_id.as_deref().unwrap_or("in the console");
        if !self.purchase.terms.auto_pay {
            self.result.hint =
                Some(format!("pay order {order}, or cancel it; the package exists once it is paid"));
            self.finish(Outcome::UnpaidOrder);
        } else if self.patience.wait {
            self.state = State::Accepted(created);
        } else {
            self.explain("accepted by the service; not waited for", None);
            self.finish(Outcome::Created);
        }
    }

    fn refused(&mut self, refusal: &Refusal) {
        self.retry_after = refusal.retry_after;
        self.result.request_id.clone_from(&refusal.request_id);
        self.explain(&refusal.to_string(), Some(refusal.hint().to_owned()));
        match refusal.kind {
            RefusalKind::NotSent | RefusalKind::Expired | RefusalKind::Throttled | RefusalKind::Busy => {
                self.again_or(Outcome::Failed);
            }
            RefusalKind::TokenBusy => self.again_or(Outcome::Unknown),
            RefusalKind::TokenFailed => self.next_token(),
            RefusalKind::TokenMismatch => self.state = State::Looking,
            RefusalKind::NoCredentials | RefusalKind::AccountWide | RefusalKind::Final => {
                self.settle(Outcome::Failed);
            }
        }
    }

    fn lost(&mut self, lost: &Lost) {
        self.doubt = true;
        self.result.may_have_bought = true;
        self.retry_after = lost.retry_after;
        self.result.request_id.clone_from(&lost.request_id);
        self.explain(&lost.to_string(), None);
        self.state = if self.sends < self.patience.max_sends { State::LookFirst } else { State::Looking };
    }

    /// Sends again while there is patience; a request in doubt only after a look.
    fn again_or(&mut self, otherwise: Outcome) {
        if self.sends >= self.patience.max_sends {
            self.settle(otherwise);
        } else {
            self.state = if self.doubt { State::LookFirst } else { State::Ready };
        }
    }

    /// The service's own word that the request with this token failed: it bought nothing, and the token
    /// will never buy anything.
    fn next_token(&mut self) {
        self.doubt = false;
        self.result.may_have_bought = false;
        match self.attempt.next() {
            Some(next) => {
                self.attempt = next;
                self.sends = 0;
                self.result.client_token = Some(self.token());
                self.state = State::LookFirst;
            }
            None => self.settle(Outcome::Failed),
        }
    }

    /// Ends the order with this outcome, unless only the listing can tell.
    fn settle(&mut self, outcome: Outcome) {
        if self.doubt || outcome == Outcome::Unknown {
            self.state = State::Looking;
        } else {
            self.finish(outcome);
        }
    }

    /// Takes in a listing.
    pub(super) fn looked(&mut self, sight: &Sight<'_>) {
        match std::mem::replace(&mut self.state, State::Ready) {
            State::Accepted(created) => self.confirm(created, sight),
            State::Looking => {
                self.state = State::Looking;
                self.recognise(sight);
            }
            State::LookFirst => {
                // Sent again only if nothing in the listing can be the package.
                let clear = !sight.has_unreadable && !sight.has_unclear;
                self.state = if clear { State::Ready } else { State::Looking };
                self.recognise(sight);
            }
            unconcerned @ (State::Ready | State::Done) => self.state = unconcerned,
        }
    }

    /// Looks for the package that a yes named.
    fn confirm(&mut self, created: Created, sight: &Sight<'_>) {
        let Some(live) = sight.get(&created.id) else {
            // Also not settled by another package that carries the identity: this one may still appear.
            self.state = State::Accepted(created);
            return;
        };
        match live.owner() {
            Owner::Identity(owner)
                if owner == self.purchase.identity && live.areas == self.purchase.areas =>
            {
                self.found(live, true);
            }
            // Tags may come later than the package.
            Owner::Nobody => self.state = State::Accepted(created),
            Owner::Identity(_) | Owner::Unclear(_) => {
                self.dead_replay(&format!("{} is not this package", live.id));
            }
        }
    }

    /// Looks for the identity.
    fn recognise(&mut self, sight: &Sight<'_>) {
        match sight.carriers(&self.purchase.identity) {
            [] => {}
            [live] => self.found(live, self.doubt),
            [one, other, ..] => {
                let detail = format!("{} and {} both carry its tag", one.id, other.id);
                self.explain(
                    &detail,
                    Some("remove the tag `cenbwp` from the one that is not meant".to_owned()),
                );
                self.finish(Outcome::Unknown);
            }
        }
    }

    /// The listing shows the package. It is ours if a request of this run can have bought it and it is
    /// what was ordered.
    fn found(&mut self, live: &Live, by_this_run: bool) {
        let as_ordered = live.areas == self.purchase.areas && live.bandwidth == self.purchase.bandwidth;
        self.result.id = Some(live.id.clone());
        if !as_ordered {
            let detail = format!("{} with {} is there: another run's order", live.id, live.bandwidth);
            self.explain(&detail, Some("the next plan compares it with the spec".to_owned()));
        } else if by_this_run && self.doubt {
            self.explain("its reply was lost; it was recognised by its tag", None);
        } else {
            self.result.detail = None;
            self.result.hint = None;
        }
        self.finish(if by_this_run && as_ordered { Outcome::Created } else { Outcome::AlreadyPresent });
    }

    fn dead_replay(&mut self, what: &str) {
        let detail = format!("the reply was for a package of the past: {what}");
        self.explain(&detail, Some(self.raise_generation()));
        self.finish(Outcome::Unknown);
    }

    fn raise_generation(&self) -> String {
        let next = self.purchase.identity.generation.get().saturating_add(1);
        format!("if that package is gone for good, buy anew on purpose: generation: {next}")
    }

    /// Sends nothing more for this order.
    pub(super) fn stop(&mut self, why: &str) {
        match self.state {
            State::Ready | State::LookFirst if self.doubt => self.state = State::Looking,
            State::Ready | State::LookFirst => {
                let unsent = self.repetition().is_none();
                if unsent {
                    self.explain(why, None);
                }
                self.finish(if unsent { Outcome::NotAttempted } else { Outcome::Failed });
            }
            State::Accepted(_) | State::Looking | State::Done => {}
        }
    }

    /// A look failed. An order that was to look before sending keeps waiting for one that succeeds.
    pub(super) fn could_not_look(&mut self) {
        if matches!(self.state, State::LookFirst) && self.sends >= self.patience.max_sends {
            self.state = State::Looking;
        }
    }

    /// Time is up: gives the outcome that is proved by now.
    pub(super) fn give_up(&mut self) {
        self.stop("interrupted before it was sent");
        match &self.state {
            State::Accepted(created) => {
                let detail = format!("accepted as {}, and the listing does not show it", created.id);
                let hint = format!("run the same command again; {}", self.raise_generation());
                self.explain(&detail, Some(hint));
                self.finish(Outcome::Unknown);
            }
            State::Looking => {
                self.result.hint = Some("run the same command again: it uses the same token".to_owned());
                self.finish(Outcome::Unknown);
            }
            State::Ready | State::LookFirst | State::Done => {}
        }
    }

    fn explain(&mut self, detail: &str, hint: Option<String>) {
        self.result.detail = Some(detail.to_owned());
        self.result.hint = hint;
    }

    fn finish(&mut self, outcome: Outcome) {
        self.result.outcome = outcome;
        self.state = State::Done;
    }

    /// The package that this run's request bought, once that is proved, or taken as proof enough.
    pub(super) fn created(&self) -> Option<&PackageId> {
        let created = self.step() == Step::Done && self.result.outcome == Outcome::Created;
        self.result.id.as_ref().filter(|_| created)
    }

    pub(super) fn result(&self) -> &ChangeResult {
        &self.result
    }
}
