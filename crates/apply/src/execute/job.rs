//! One planned change on its way: a purchase and what follows it, or the calls on a package that exists.

use std::time::Duration;

use cenbwp_diff::{Change, Purchase};
use cenbwp_spec::{AccountId, CenId, Identity, PackageId};

use super::amend::Amend;
use super::order::{Order, Patience};
use super::outcome::{ChangeResult, FieldOutcome, Outcome};
use super::sight::Sight;
use crate::cloud::{Answer, Call, ClientToken, Created};

/// What a job needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A request.
    Send,
    /// A listing.
    Look,
    /// Nothing: it has an outcome.
    Done,
}

/// The request that a job is ready to send.
pub(super) enum Request<'p> {
    Buy(&'p Purchase, ClientToken),
    Change(PackageId, Call),
}

/// The answer to it.
pub(super) enum Reply {
    Bought(Answer<Created>),
    Changed(Answer<String>),
}

/// One planned change on its way.
pub(super) struct Job<'p> {
    pub(super) change: &'p Change,
    patience: Patience,
    order: Option<Order<'p>>,
    amend: Option<Amend>,
    /// Why nothing more is sent, once that is so.
    stopped: Option<String>,
    told: bool,
}

impl<'p> Job<'p> {
    pub(super) fn new(change: &'p Change, account: &'p AccountId, patience: Patience) -> Self {
        let order = match change {
            Change::Purchase(purchase) => Some(Order::new(purchase, account, patience)),
            Change::Update(_) | Change::Adopt(_) | Change::Release(_) | Change::Retire(_) => None,
        };
        Self { change, patience, order, amend: Amend::of(change, patience), stopped: None, told: false }
    }

    pub(super) fn identity(&self) -> &'p Identity {
        self.change.identity()
    }

    pub(super) fn step(&self) -> Step {
        let order = self.order.as_ref().map_or(Step::Done, Order::step);
        match (order, &self.amend) {
            (Step::Done, Some(amend)) => amend.step(),
            (order, _) => order,
        }
    }

    /// The request to send now.
    pub(super) fn request(&self) -> Option<Request<'p>> {
        match (&self.order, &self.amend) {
            (Some(order), _) if order.step() == Step::Send => {
                Some(Request::Buy(order.purchase, order.token()))
            }
            (Some(order), _) if order.step() == Step::Look => None,
            (_, Some(amend)) if amend.step() == Step::Send => {
                Some(Request::Change(amend.id.clone(), amend.call()?.clone()))
            }
            _ => None,
        }
    }

    /// Which repetition of a request the next one is, from 0; `None` if nothing is sent again.
    pub(super) fn repetition(&self) -> Option<u32> {
        match (&self.order, &self.amend) {
            _ if self.step() != Step::Send => None,
            (Some(order), _) if order.step() == Step::Send => order.repetition(),
            (_, amend) => amend.as_ref().and_then(Amend::repetition),
        }
    }

    /// How much of it has an outcome. Grows, and tells nothing else.
    pub(super) fn settled(&self) -> usize {
        let fields = self.amend.as_ref().map_or(0, |amend| amend.results.len());
        let bought = self.order.as_ref().is_some_and(|order| order.step() == Step::Done);
        fields + usize::from(bought)
    }

    /// The CEN that the call under way touches.
    pub(super) fn cen(&self) -> Option<&CenId> {
        self.amend.as_ref().filter(|_| self.step() != Step::Done)?.call()?.cen()
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        let order = self.order.as_ref().and_then(Order::retry_after);
        order.max(self.amend.as_ref().and_then(Amend::retry_after))
    }

    pub(super) fn answered(&mut self, reply: Reply) {
        match (reply, &mut self.order, &mut self.amend) {
            (Reply::Bought(answer), Some(order), _) => order.answered(answer),
            (Reply::Changed(answer), _, Some(amend)) => amend.answered(answer),
            (Reply::Bought(_), None, _) | (Reply::Changed(_), _, None) => {}
        }
        self.go_on();
    }

    pub(super) fn looked(&mut self, sight: &Sight<'_>) {
        if let Some(order) = &mut self.order {
            order.looked(sight);
        }
        if let Some(amend) = &mut self.amend {
            amend.looked(sight);
        }
        self.go_on();
    }

    /// Turns to what follows a purchase once the package is there, as ordered. What somebody else bought is
    /// left for another plan.
    fn go_on(&mut self) {
        let Change::Purchase(purchase) = self.change else { return };
        let bought = self.order.as_ref().and_then(|order| order.created());
        if let Some(id) = bought.filter(|_| self.amend.is_none() && !purchase.then.is_empty()) {
            let mut amend = Amend::after_purchase(id.clone(), purchase, self.patience);
            let unseen = (!self.patience.wait).then_some("the package was not waited for");
            if let Some(why) = self.stopped.as_deref().or(unseen) {
                amend.stop(why);
            }
            self.amend = Some(amend);
        }
    }

    pub(super) fn could_not_look(&mut self) {
        if let Some(order) = &mut self.order {
            order.could_not_look();
        }
    }

    pub(super) fn stop(&mut self, why: &str) {
        self.stopped = Some(why.to_owned());
        if let Some(order) = &mut self.order {
            order.stop(why);
        }
        if let Some(amend) = &mut self.amend {
            amend.stop(why);
        }
    }

    pub(super) fn give_up(&mut self) {
        if let Some(order) = &mut self.order {
            order.give_up();
        }
        if let Some(amend) = &mut self.amend {
            amend.give_up();
        }
    }

    /// The result, the first time it is there.
    pub(super) fn newly_done(&mut self) -> Option<ChangeResult> {
        let new = self.step() == Step::Done && !self.told;
        self.told |= new;
        new.then(|| self.result())
    }

    /// What became of the change, as far as it is proved.
    pub(super) fn result(&self) -> ChangeResult {
        let fields = self.amend.as_ref().map(|amend| amend.results.clone()).unwrap_or_default();
        match (&self.order, &self.amend) {
            (Some(order), _) => ChangeResult { fields, ..order.result().clone() },
            (None, amend) => ChangeResult {
                identity: self.identity().clone(),
                action: self.change.word(),
                outcome: outcome(self.change, fields.iter().map(|field| field.outcome)),
                id: amend.as_ref().map(|amend| amend.id.clone()),
                mbps: None,
                order_id: None,
                client_token: None,
                request_id: None,
                detail: self.end(),
                hint: None,
                may_have_bought: false,
                fields,
            },
        }
    }
}

impl Job<'_> {
    /// Until when a package that is left to expire is charged.
    fn end(&self) -> Option<String> {
        match self.change {
            Change::Retire(retirement) if !retirement.delete => {
                retirement.expires.map(|end| format!("left to expire and charged until then, ends {end}"))
            }
            Change::Purchase(_)
            | Change::Update(_)
            | Change::Adopt(_)
            | Change::Release(_)
            | Change::Retire(_) => None,
        }
    }
}

/// The outcome of a change of an existing package: the gravest of its fields'.
fn outcome(change: &Change, fields: impl Iterator<Item = FieldOutcome>) -> Outcome {
    match (fields.max().unwrap_or(FieldOutcome::Done), change) {
        (FieldOutcome::Unknown, _) => Outcome::Unknown,
        (FieldOutcome::Failed, _) => Outcome::Failed,
        (FieldOutcome::NotAttempted, _) => Outcome::NotAttempted,
        (FieldOutcome::Done, Change::Adopt(_)) => Outcome::Adopted,
        (FieldOutcome::Done, Change::Release(_)) => Outcome::Released,
        (FieldOutcome::Done, Change::Retire(retirement)) if retirement.delete => Outcome::Retired,
        (FieldOutcome::Done, Change::Retire(_)) => Outcome::Retiring,
        (FieldOutcome::Done, Change::Purchase(_) | Change::Update(_)) => Outcome::Updated,
    }
}
