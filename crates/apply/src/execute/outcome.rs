//! The result of each change.

use cenbwp_diff::Change;
use cenbwp_spec::{Field, Identity, Mbps, PackageId};

use crate::cloud::ClientToken;

/// What became of one change. Exactly one per planned change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// This run's request bought it, and the listing shows it as ordered.
    Created,
    /// The service accepted it, and no listing shows it yet.
    Ordered,
    /// Every field is as planned.
    Updated,
    /// It carries our tags, and every field is as planned.
    Adopted,
    /// Our tags are gone and the package stays.
    Released,
    /// It is deleted.
    Retired,
    /// It is detached and left to expire: the service does not take it back before.
    Retiring,
    /// It is there, and not through a request of this run.
    AlreadyPresent,
    /// Ordered and not paid: the spec says `autoPay: false`.
    UnpaidOrder,
    /// The service said no, to all of it or to a part.
    Failed,
    /// Nothing was sent for it, or not for all of it.
    NotAttempted,
    /// A request was sent, and nothing proves what became of it.
    Unknown,
}

impl Outcome {
    /// The stable word, as in events and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Ordered => "ordered",
            Self::Updated => "updated",
            Self::Adopted => "adopted",
            Self::Released => "released",
            Self::Retired => "retired",
            Self::Retiring => "retiring",
            Self::AlreadyPresent => "already_present",
            Self::UnpaidOrder => "unpaid_order",
            Self::Failed => "failed",
            Self::NotAttempted => "not_attempted",
            Self::Unknown => "unknown",
        }
    }

    /// Tells whether what was planned is so now.
    pub fn is_success(self) -> bool {
        match self {
            Self::Created
            | Self::Updated
            | Self::Adopted
            | Self::Released
            | Self::Retired
            | Self::Retiring
            | Self::AlreadyPresent
            | Self::UnpaidOrder => true,
            Self::Ordered | Self::Failed | Self::NotAttempted | Self::Unknown => false,
        }
    }
}

/// What became of one field of a package that exists. In the order of gravity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldOutcome {
    /// The listing shows the planned value.
    Done,
    /// Nothing was sent for it.
    NotAttempted,
    /// The service said no.
    Failed,
    /// A request was sent, and nothing proves what became of it.
    Unknown,
}

impl FieldOutcome {
    /// The stable word, as in events and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotAttempted => "not_attempted",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// What became of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldResult {
    /// The field, in the word of the spec.
    pub field: &'static str,
    /// What became of it.
    pub outcome: FieldOutcome,
    /// Why, when there is something to say.
    pub detail: Option<String>,
}

/// One change, what became of it, and everything a person needs to look it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeResult {
    /// Whose change.
    pub identity: Identity,
    /// `purchase`, `update`, `adopt`, `release` or `retire`.
    pub action: &'static str,
    /// What became of it.
    pub outcome: Outcome,
    /// The package, if one is known.
    pub id: Option<PackageId>,
    /// The Mbps that were ordered by a purchase, or by which a package was to grow.
    pub mbps: Option<Mbps>,
    /// The order that a yes named.
    pub order_id: Option<String>,
    /// The token it was, or would have been, ordered with.
    pub client_token: Option<ClientToken>,
    /// The last reply's request id, for the vendor's support.
    pub request_id: Option<String>,
    /// Why, when there is something to say.
    pub detail: Option<String>,
    /// What to do, when there is something to do.
    pub hint: Option<String>,
    /// A request of this run was carried out, or may have been, whatever the outcome says: a package that is there with
    /// other values than were ordered may be this run's all the same.
    pub may_have_changed: bool,
    /// Each field of a package that exists, or what followed a purchase: one's failure hides no other.
    pub fields: Vec<FieldResult>,
}

impl ChangeResult {
    /// The result of a change for which nothing has been sent.
    pub(super) fn planned(change: &Change) -> Self {
        let growth = u32::try_from(change.new_mbps().by_upgrade).ok().filter(|mbps| *mbps > 0).map(Mbps);
        let (id, mbps) = match change {
            Change::Purchase(purchase) => (None, Some(purchase.bandwidth)),
            Change::Update(update) => (Some(&update.id), growth),
            Change::Adopt(adoption) => (Some(&adoption.id), growth),
            Change::Release(release) => (Some(&release.id), None),
            Change::Retire(retirement) => (Some(&retirement.id), None),
        };
        Self {
            identity: change.identity().clone(),
            action: change.word(),
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

    /// Decides the outcome of a change of an existing package: the gravest of its fields'. That of a purchase is its
    /// own.
    pub(super) fn sum_up(&mut self, change: &Change) {
        let done = match change {
            Change::Purchase(_) => return,
            Change::Update(_) => Outcome::Updated,
            Change::Adopt(_) => Outcome::Adopted,
            Change::Release(_) => Outcome::Released,
            Change::Retire(retirement) if retirement.delete => Outcome::Retired,
            Change::Retire(retirement) => {
                let left = |end| format!("left to expire and charged until then, ends {end}");
                self.detail = retirement.expires.map(left);
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

    /// Tells whether this run changed something in the cloud with it, or may have.
    pub fn changed_something(&self) -> bool {
        let ordered = matches!(self.outcome, Outcome::Created | Outcome::Ordered | Outcome::UnpaidOrder);
        self.may_have_changed || ordered || self.is_unknown()
    }

    /// Tells whether this run changed the bandwidth of a package that exists, or may have.
    pub fn may_have_resized(&self) -> bool {
        self.fields.iter().any(|field| {
            field.field == Field::Bandwidth.as_str()
                && matches!(field.outcome, FieldOutcome::Done | FieldOutcome::Unknown)
        })
    }

    /// Tells whether everything that was planned is so now.
    pub fn is_success(&self) -> bool {
        self.outcome.is_success() && self.fields.iter().all(|field| field.outcome == FieldOutcome::Done)
    }

    /// Tells whether it left something that nothing proves.
    pub fn is_unknown(&self) -> bool {
        self.outcome == Outcome::Unknown
            || self.fields.iter().any(|field| field.outcome == FieldOutcome::Unknown)
    }
}
