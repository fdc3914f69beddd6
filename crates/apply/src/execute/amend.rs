//! The changes of one package that exists, one call after the other: a state machine without effects.
//!
//! None of these calls takes a token, so none is repeated before a look, and each is proved by its value in
//! the listing rather than by a status.
//!
//! | state | what happened | next |
//! |---|---|---|
//! | ready | sent, yes | sent: the listing has to show the value |
//! | ready | sent, not processed (throttled, busy, never left) | ready again, while there is patience; in doubt a look first |
//! | ready | sent, reply lost | in doubt: a look first |
//! | ready | refused | checking: one look decides, because "already so" is a refusal too |
//! | ready, in doubt | refused | sent: a request that was lost may still be carried out |
//! | any but ready | the listing shows the value | done |
//! | a look first | the listing does not show it | ready again, while there is patience |
//! | a look first | the listing does not show the package | a look first: what is not there is not asked to change |
//! | checking | the listing does not show it | failed; the other changes go on |
//! | any | the listing shows that the package is not ours any more | nothing more is sent |
//! | sent, a look first | time is up | unknown |

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cenbwp_diff::{Adoption, Change, FieldChange, Live, Owner, Purchase, Release, Retirement, Update};
use cenbwp_spec::{Identity, PackageId};

use super::job::Step;
use super::order::Patience;
use super::outcome::{FieldOutcome, FieldResult};
use super::sight::Sight;
use crate::cloud::{Answer, Call, Refusal, RefusalKind};

/// One call, and whether what follows makes no sense without it.
struct Planned {
    call: Call,
    opens: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    LookFirst,
    Sent,
    Checking,
}

/// The changes of one package on their way.
pub(super) struct Amend {
    pub(super) id: PackageId,
    identity: Identity,
    patience: Patience,
    /// What is still to be done; the first is under way.
    calls: std::collections::VecDeque<Planned>,
    state: State,
    sends: u32,
    /// A request of the call under way may have been carried out, or may be yet, without our knowing.
    doubt: bool,
    retry_after: Option<Duration>,
    /// Why the call under way is not done yet.
    why: Option<String>,
    pub(super) results: Vec<FieldResult>,
}

impl Amend {
    /// The calls of a change of an existing package; `None` for a purchase.
    pub(super) fn of(change: &Change, patience: Patience) -> Option<Self> {
        let (id, calls) = match change {
            Change::Purchase(_) => return None,
            Change::Update(Update { id, fields, .. }) => (id, of_fields(fields)),
            Change::Adopt(Adoption { id, tags, fields, .. }) => {
                let ours = Planned { call: Call::Tag(tags.clone()), opens: true };
                (id, std::iter::once(ours).chain(of_fields(fields)).collect())
            }
            Change::Release(Release { id, tag_keys, .. }) => (id, vec![plain(Call::Untag(tag_keys.clone()))]),
            Change::Retire(Retirement { id, detach, delete, .. }) => {
                let detach =
                    detach.iter().map(|cen| Planned { call: Call::Detach(cen.clone()), opens: true });
                (id, detach.chain(delete.then(|| plain(Call::Delete))).collect())
            }
        };
        Some(Self::new(id.clone(), change.identity(), calls, patience))
    }

    /// What follows the purchase of this package.
    pub(super) fn after_purchase(id: PackageId, purchase: &Purchase, patience: Patience) -> Self {
        Self::new(id, &purchase.identity, of_fields(&purchase.then), patience)
    }

    fn new(id: PackageId, identity: &Identity, calls: Vec<Planned>, patience: Patience) -> Self {
        let calls = calls.into();
        Self {
            id,
            identity: identity.clone(),
            patience,
            calls,
            state: State::Ready,
            sends: 0,
            doubt: false,
            retry_after: None,
            why: None,
            results: Vec::new(),
        }
    }

    pub(super) fn step(&self) -> Step {
        match (self.calls.is_empty(), self.state) {
            (true, _) => Step::Done,
            (false, State::Ready) => Step::Send,
            (false, State::LookFirst | State::Sent | State::Checking) => Step::Look,
        }
    }

    /// The call under way.
    pub(super) fn call(&self) -> Option<&Call> {
        self.calls.front().map(|planned| &planned.call)
    }

    /// Which repetition of the call the next request is, from 0; `None` for the first request.
    pub(super) fn repetition(&self) -> Option<u32> {
        self.sends.checked_sub(1)
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Takes in the answer to one call.
    pub(super) fn answered(&mut self, answer: Answer<String>) {
        self.sends += 1;
        self.retry_after = None;
        match answer {
            Answer::Yes(_) if self.patience.wait => self.state = State::Sent,
            Answer::Yes(_) => self.settle(FieldOutcome::Done, Some("accepted; not waited for".to_owned())),
            Answer::No(refusal) => self.refused(&refusal),
            Answer::Unknown(lost) => {
                self.doubt = true;
                self.retry_after = lost.retry_after;
                self.why = Some(lost.to_string());
                self.state = if self.has_patience() { State::LookFirst } else { State::Sent };
            }
        }
    }

    fn refused(&mut self, refusal: &Refusal) {
        self.retry_after = refusal.retry_after;
        self.why = Some(format!("{refusal}; {}", refusal.hint()));
        self.state = match refusal.kind {
            RefusalKind::NotSent
            | RefusalKind::Expired
            | RefusalKind::Throttled
            | RefusalKind::Busy
            | RefusalKind::TokenBusy
                if self.has_patience() =>
            {
                if self.doubt {
                    State::LookFirst
                } else {
                    State::Ready
                }
            }
            RefusalKind::NotSent
            | RefusalKind::NoCredentials
            | RefusalKind::Expired
            | RefusalKind::Throttled
            | RefusalKind::Busy
            | RefusalKind::TokenBusy
            | RefusalKind::TokenFailed
            | RefusalKind::TokenMismatch
            | RefusalKind::AccountWide
            | RefusalKind::Final => {
                if self.doubt {
                    State::Sent
                } else {
                    State::Checking
                }
            }
        };
    }

    fn has_patience(&self) -> bool {
        self.sends < self.patience.max_sends
    }

    /// Takes in a listing.
    pub(super) fn looked(&mut self, sight: &Sight<'_>) {
        let live = sight.get(&self.id);
        // An item that cannot be read may be this package: then its absence proves nothing.
        let unseen = live.is_none() && sight.has_unreadable;
        if unseen {
            return;
        }
        if let Some(call) = self.call().filter(|_| self.state != State::Ready) {
            match (call.holds(live), self.state) {
                (true, _) => self.settle(FieldOutcome::Done, None),
                (false, State::LookFirst) if live.is_some() => self.state = State::Ready,
                (false, State::Checking) => self.settle(FieldOutcome::Failed, self.why.clone()),
                (false, State::LookFirst | State::Sent | State::Ready) => {}
            }
        }
        if let Some(other) = live.and_then(|live| self.other_owner(live)) {
            self.stop(&other);
        }
    }

    /// Says whose the package is, unless it is ours, or nobody's and about to become ours. Somebody else may
    /// have taken, released or adopted it since the plan was made.
    fn other_owner(&self, live: &Live) -> Option<String> {
        let adopting = matches!(self.call(), Some(Call::Tag(tags)) if tags.contains_key(Identity::TAG));
        match live.owner() {
            Owner::Identity(owner) if owner == self.identity => None,
            Owner::Nobody if adopting => None,
            Owner::Nobody => Some("the package does not carry our tag any more".to_owned()),
            Owner::Identity(other) => Some(format!("the package belongs to {other} by now")),
            Owner::Unclear(tag) => Some(format!("the package's tag {} is {tag:?} by now", Identity::TAG)),
        }
    }

    /// Ends the call under way and turns to the next.
    fn settle(&mut self, outcome: FieldOutcome, detail: Option<String>) {
        let Some(Planned { call, opens }) = self.calls.pop_front() else { return };
        self.results.push(FieldResult { field: call.field(), outcome, detail });
        (self.state, self.sends, self.doubt, self.why) = (State::Ready, 0, false, None);
        if opens && outcome != FieldOutcome::Done {
            self.skip_the_rest("what has to come first was not done");
        }
    }

    fn skip_the_rest(&mut self, why: &str) {
        for Planned { call, .. } in self.calls.drain(..) {
            let detail = Some(why.to_owned());
            self.results.push(FieldResult {
                field: call.field(),
                outcome: FieldOutcome::NotAttempted,
                detail,
            });
        }
    }

    /// Sends nothing more.
    pub(super) fn stop(&mut self, why: &str) {
        match self.state {
            State::Ready if self.sends > 0 && !self.doubt => {
                self.settle(FieldOutcome::Failed, self.why.clone());
            }
            State::Ready if !self.doubt => {}
            State::Ready | State::LookFirst => self.state = State::Sent,
            State::Sent | State::Checking => {}
        }
        // What is under way is still looked for; what follows it is not begun.
        let under_way = if self.state == State::Ready { None } else { self.calls.pop_front() };
        self.skip_the_rest(why);
        self.calls.extend(under_way);
    }

    /// Time is up: gives the outcome that is proved by now.
    pub(super) fn give_up(&mut self) {
        self.stop("not begun before the run ended");
        match self.state {
            State::Checking => self.settle(FieldOutcome::Failed, self.why.clone()),
            State::LookFirst | State::Sent | State::Ready => {
                let why = self.why.clone();
                let detail = why.or_else(|| Some("accepted, and the listing does not show it".to_owned()));
                self.settle(FieldOutcome::Unknown, detail);
            }
        }
    }
}

fn plain(call: Call) -> Planned {
    Planned { call, opens: false }
}

/// The calls for these fields: one per field, so that each has a result of its own; tags together, as the
/// service takes them.
fn of_fields(fields: &[FieldChange]) -> Vec<Planned> {
    let mut calls = Vec::new();
    let (mut set, mut removed) = (BTreeMap::new(), BTreeSet::new());
    for field in fields {
        match field {
            FieldChange::Bandwidth(delta) => calls.push(plain(Call::Resize(delta.to))),
            FieldChange::Name(delta) => calls.push(plain(Call::Rename(delta.to.clone()))),
            FieldChange::Description(delta) => calls.push(plain(Call::Describe(delta.to.clone()))),
            FieldChange::Tag { key, value } => match &value.to {
                Some(value) => drop(set.insert(key.clone(), value.clone())),
                None => drop(removed.insert(key.clone())),
            },
            FieldChange::ResourceGroup(delta) => {
                calls.extend(delta.to.clone().map(|group| plain(Call::Move(group))));
            }
            FieldChange::Cen(delta) => {
                calls.extend(delta.from.clone().map(|cen| Planned { call: Call::Detach(cen), opens: true }));
                calls.extend(delta.to.clone().map(|cen| plain(Call::Attach(cen))));
            }
        }
    }
    // Removed first: a package has room for twenty tags only.
    let removed = (!removed.is_empty()).then(|| plain(Call::Untag(removed)));
    let set = (!set.is_empty()).then(|| plain(Call::Tag(set)));
    let tags: Vec<Planned> = removed.into_iter().chain(set).collect();
    // Before the first call that can leave the package without a CEN.
    let at = calls.iter().position(|planned| planned.call.cen().is_some()).unwrap_or(calls.len());
    calls.splice(at..at, tags);
    calls
}
