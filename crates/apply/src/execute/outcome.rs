//! The result of each change.

use cenbwp_diff::Change;
use cenbwp_spec::{Explanation, Field, Identity, Mbps, PackageId, Renewal};
use serde::Serialize;

use crate::catalogue;
use crate::cloud::ClientToken;

/// The outcome of one change. Every planned change has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// This run's request bought it, and the listing shows it as ordered.
    Created,
    /// The service accepted it, and no listing shows it yet.
    Ordered,
    /// Every field is as planned.
    Updated,
    /// It has our tags, and every field is as planned.
    Adopted,
    /// It has the new identity, and every field is as planned.
    Moved,
    /// Our tags are gone, and the package stays.
    Released,
    /// It is deleted.
    Retired,
    /// It is detached and left to expire: the service does not take it back earlier.
    Retiring,
    /// It exists, and no request of this run made it.
    AlreadyPresent,
    /// Ordered and not paid: the spec says `autoPay: false`.
    UnpaidOrder,
    /// The service refused it, or a part of it.
    Failed,
    /// No request was sent for it, or for a part of it.
    NotAttempted,
    /// A request was sent, and nothing proves its effect.
    Unknown,
}

impl Outcome {
    /// Its explanation.
    pub fn rule(self) -> &'static Explanation {
        match self {
            Self::Created => &catalogue::CREATED,
            Self::Ordered => &catalogue::ORDERED,
            Self::Updated => &catalogue::UPDATED,
            Self::Adopted => &catalogue::ADOPTED,
            Self::Moved => &catalogue::MOVED,
            Self::Released => &catalogue::RELEASED,
            Self::Retired => &catalogue::RETIRED,
            Self::Retiring => &catalogue::RETIRING,
            Self::AlreadyPresent => &catalogue::ALREADY_PRESENT,
            Self::UnpaidOrder => &catalogue::UNPAID_ORDER,
            Self::Failed => &catalogue::FAILED,
            Self::NotAttempted => &catalogue::NOT_ATTEMPTED,
            Self::Unknown => &catalogue::UNKNOWN,
        }
    }

    /// The stable name, as in events and reports.
    pub fn as_str(self) -> &'static str {
        self.rule().name
    }

    /// Returns true if the package is now as planned.
    pub fn is_success(self) -> bool {
        match self {
            Self::Created
            | Self::Updated
            | Self::Adopted
            | Self::Moved
            | Self::Released
            | Self::Retired
            | Self::Retiring
            | Self::AlreadyPresent
            | Self::UnpaidOrder => true,
            Self::Ordered | Self::Failed | Self::NotAttempted | Self::Unknown => false,
        }
    }
}

/// The outcome of one field of a package that exists, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldOutcome {
    /// The listing shows the planned value.
    Done,
    /// No request was sent for it.
    NotAttempted,
    /// The service refused it.
    Failed,
    /// A request was sent, and nothing proves its effect.
    Unknown,
}

impl FieldOutcome {
    /// Returns the stable name in events and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotAttempted => "not_attempted",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// The result of one field. As data it is a part of events and reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldResult {
    /// The field, by the spec's name.
    pub field: &'static str,
    /// The outcome.
    pub outcome: FieldOutcome,
    /// The reason, if there is one to give.
    #[serde(rename = "error")]
    pub detail: Option<String>,
}

/// One change, its outcome, and everything that a person needs to look it up. As data it is a part of events
/// and reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeResult {
    /// The identity of the package.
    #[serde(rename = "address")]
    pub identity: Identity,
    /// `purchase`, `update`, `adopt`, `move`, `release` or `retire`.
    pub action: &'static str,
    /// The outcome.
    pub outcome: Outcome,
    /// The package, if one is known.
    pub id: Option<PackageId>,
    /// The Mbps of the purchase, or the Mbps by which an existing package was to grow.
    pub mbps: Option<Mbps>,
    /// The order that the service named when it accepted the purchase.
    pub order_id: Option<String>,
    /// The token with which it was, or would have been, ordered.
    pub client_token: Option<ClientToken>,
    /// The request id of the last reply, for the vendor's support.
    pub request_id: Option<String>,
    /// The reason, if there is one to give.
    #[serde(rename = "error")]
    pub detail: Option<String>,
    /// The advice, if there is something to do.
    pub hint: Option<String>,
    /// True if a request of this run was carried out, or may have been, even if the outcome says otherwise: a
    /// package that exists with other values than ordered may still be this run's.
    #[serde(skip)]
    pub may_have_changed: bool,
    /// The result of each field of a package that exists, or of each change that followed a purchase, so that
    /// no failure hides another.
    pub fields: Vec<FieldResult>,
}

impl ChangeResult {
    /// Returns the result of a change for which no request has been sent.
    pub(super) fn planned(change: &Change) -> Self {
        let growth = u32::try_from(change.new_mbps().by_upgrade).ok().filter(|mbps| *mbps > 0).map(Mbps);
        let (id, mbps) = match change {
            Change::Purchase(purchase) => (None, Some(purchase.bandwidth)),
            Change::Update(update) => (Some(&update.id), growth),
            Change::Adopt(adoption) => (Some(&adoption.id), growth),
            Change::Move(moved) => (Some(&moved.id), growth),
            Change::Release(release) => (Some(&release.id), None),
            Change::Retire(retirement) => (Some(&retirement.id), None),
        };
        Self {
            identity: change.identity().clone(),
            action: change.as_str(),
            outcome: Outcome::NotAttempted,
            id: id.cloned(),
            mbps,
            order_id: None,
            client_token: None,
            request_id: None,
            detail: None,
            hint: None,
            may_have_changed: false,
            fields: Vec::new(),
        }
    }

    /// Decides the outcome of a change of an existing package: the worst of its fields' outcomes. A purchase
    /// has an outcome of its own.
    pub(super) fn sum_up(&mut self, change: &Change) {
        let done = match change {
            Change::Purchase(_) => return,
            Change::Update(_) => Outcome::Updated,
            Change::Adopt(_) => Outcome::Adopted,
            Change::Move(_) => Outcome::Moved,
            Change::Release(_) => Outcome::Released,
            Change::Retire(retirement) if retirement.delete => Outcome::Retired,
            Change::Retire(retirement) => {
                let left = |end| format!("left to expire and charged until then, ends {end}");
                let ends = retirement.expires.map(cenbwp_diff::when).map(left);
                let goes_on = retirement.renewal.filter(|renewal| *renewal != Renewal::Off);
                let goes_on = goes_on.map(cenbwp_diff::renews);
                self.detail = goes_on.map(|it| format!("{it} by itself, and is charged each time")).or(ends);
                Outcome::Retiring
            }
        };
        self.outcome = match self.fields.iter().map(|field| field.outcome).max() {
            Some(FieldOutcome::Unknown) => Outcome::Unknown,
            Some(FieldOutcome::Failed) => Outcome::Failed,
            Some(FieldOutcome::NotAttempted) => Outcome::NotAttempted,
            Some(FieldOutcome::Done) | None => done,
        };
    }

    /// Returns true if this run changed something in the account for it, or may have.
    pub fn changed_something(&self) -> bool {
        let ordered = matches!(self.outcome, Outcome::Created | Outcome::Ordered | Outcome::UnpaidOrder);
        self.may_have_changed || ordered || self.is_unknown()
    }

    /// Returns true if this run changed the bandwidth of a package that exists, or may have.
    pub fn may_have_resized(&self) -> bool {
        self.fields.iter().any(|field| {
            field.field == Field::Bandwidth.as_str()
                && matches!(field.outcome, FieldOutcome::Done | FieldOutcome::Unknown)
        })
    }

    /// Returns true if the package and every field are now as planned.
    pub fn is_success(&self) -> bool {
        self.outcome.is_success() && self.fields.iter().all(|field| field.outcome == FieldOutcome::Done)
    }

    /// Returns true if the outcome of a request is unknown.
    pub fn is_unknown(&self) -> bool {
        self.outcome == Outcome::Unknown
            || self.fields.iter().any(|field| field.outcome == FieldOutcome::Unknown)
    }
}
