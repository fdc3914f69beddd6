//! The requests of a change, in order.

use std::collections::VecDeque;

use cenbwp_diff::{Adoption, Change, FieldChange, Purchase, Release, Retirement, Update};

use crate::cloud::Call;

/// One request of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step<'p> {
    /// Buys the package.
    Buy(&'p Purchase),
    /// Changes it.
    Change {
        /// The change.
        call: Call,
        /// Whether the requests that follow make no sense without it.
        opens: bool,
    },
}

impl Step<'_> {
    pub(super) fn call(&self) -> Option<&Call> {
        match self {
            Self::Buy(_) => None,
            Self::Change { call, .. } => Some(call),
        }
    }
}

/// Returns the requests of a change; of a purchase the first one.
pub(super) fn of(change: &Change) -> VecDeque<Step<'_>> {
    match change {
        Change::Purchase(purchase) => [Step::Buy(purchase)].into(),
        Change::Update(Update { fields, .. }) => of_fields(fields),
        Change::Adopt(Adoption { tags, fields, .. }) => {
            std::iter::once(opening(Call::Tag(tags.clone()))).chain(of_fields(fields)).collect()
        }
        Change::Release(Release { tag_keys, .. }) => [plain(Call::Untag(tag_keys.clone()))].into(),
        Change::Retire(Retirement { detach, delete, .. }) => {
            let detach = detach.iter().map(|cen| opening(Call::Detach(cen.clone())));
            detach.chain(delete.then(|| plain(Call::Delete))).collect()
        }
    }
}

/// Returns the requests that follow a purchase once the package is there.
pub(super) fn after(purchase: &Purchase) -> VecDeque<Step<'_>> {
    of_fields(&purchase.then)
}

/// Nothing follows a detaching that was not done: the package has room for one CEN.
fn of_fields(fields: &[FieldChange]) -> VecDeque<Step<'static>> {
    let opens = |call: &Call| matches!(call, Call::Detach(_));
    Call::of(fields).into_iter().map(|call| Step::Change { opens: opens(&call), call }).collect()
}

fn plain(call: Call) -> Step<'static> {
    Step::Change { call, opens: false }
}

fn opening(call: Call) -> Step<'static> {
    Step::Change { call, opens: true }
}
