//! What became of each change.

use cenbwp_diff::Change;
use cenbwp_spec::{Identity, Mbps, PackageId};

use crate::cloud::ClientToken;

/// What became of one change. Exactly one per planned change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// This run's request bought it, and the listing shows it as ordered.
    Created,
    /// It is there, and not through a request of this run.
    AlreadyPresent,
    /// Ordered and not paid: the spec says `autoPay: false`.
    UnpaidOrder,
    /// The service said no; nothing was bought.
    Failed,
    /// Nothing was sent for it.
    NotAttempted,
    /// A request was sent, and nothing proves what became of it.
    Unknown,
}

impl Outcome {
    /// The stable word, as in events and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::AlreadyPresent => "already_present",
            Self::UnpaidOrder => "unpaid_order",
            Self::Failed => "failed",
            Self::NotAttempted => "not_attempted",
            Self::Unknown => "unknown",
        }
    }

    /// Tells whether this run changed something in the cloud, or may have.
    pub fn changed_something(self) -> bool {
        match self {
            Self::Created | Self::UnpaidOrder | Self::Unknown => true,
            Self::AlreadyPresent | Self::Failed | Self::NotAttempted => false,
        }
    }

    /// Tells whether what was planned is so now.
    pub fn is_success(self) -> bool {
        match self {
            Self::Created | Self::AlreadyPresent | Self::UnpaidOrder => true,
            Self::Failed | Self::NotAttempted | Self::Unknown => false,
        }
    }
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
    /// The Mbps that were ordered, for purchases.
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
}

/// Returns the result of a change that this version shows and does not execute.
pub(super) fn not_executed(change: &Change) -> Option<ChangeResult> {
    let (action, id) = match change {
        Change::Purchase(_) => return None,
        Change::Update(update) => ("update", &update.id),
        Change::Adopt(adoption) => ("adopt", &adoption.id),
        Change::Release(release) => ("release", &release.id),
        Change::Retire(retirement) => ("retire", &retirement.id),
    };
    Some(ChangeResult {
        identity: change.identity().clone(),
        action,
        outcome: Outcome::NotAttempted,
        id: Some(id.clone()),
        mbps: None,
        order_id: None,
        client_token: None,
        request_id: None,
        detail: Some("this version buys packages and does not change existing ones".to_owned()),
        hint: Some("make the change in the console; the next plan then no longer shows it".to_owned()),
    })
}
