//! The requests of a change, in order.

use std::collections::{BTreeMap, VecDeque};

use cenbwp_diff::{Adoption, Change, FieldChange, Move, Purchase, Release, Retirement, Update};
use cenbwp_spec::Identity;

use crate::cloud::Call;

/// One request of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step<'p> {
    Buy(&'p Purchase),
    Change(Call),
}

impl Step<'_> {
    pub(super) fn call(&self) -> Option<&Call> {
        match self {
            Self::Buy(_) => None,
            Self::Change(call) => Some(call),
        }
    }
}

/// Returns true if the requests after this one need it to succeed: a package has room for only one CEN, and
/// is ours only once it has our tag.
pub(super) fn rest_depends_on(call: &Call) -> bool {
    matches!(call, Call::Detach(_)) || matches!(call, Call::Tag(tags) if tags.contains_key(Identity::TAG))
}

/// Returns the requests of a change; for a purchase only the first one.
pub(super) fn of(change: &Change) -> VecDeque<Step<'_>> {
    let one = |call| [Step::Change(call)].into_iter();
    match change {
        Change::Purchase(purchase) => [Step::Buy(purchase)].into(),
        Change::Update(Update { fields, .. }) => of_fields(fields).collect(),
        Change::Adopt(Adoption { tags, fields, .. }) => {
            one(Call::Tag(tags.clone())).chain(of_fields(fields)).collect()
        }
        Change::Move(Move { identity, fields, .. }) => {
            let tag = BTreeMap::from([(Identity::TAG.to_owned(), identity.to_string())]);
            one(Call::Tag(tag)).chain(of_fields(fields)).collect()
        }
        Change::Release(Release { tag_keys, .. }) => one(Call::Untag(tag_keys.clone())).collect(),
        Change::Retire(Retirement { detach, delete, .. }) => {
            let detach = detach.iter().map(|cen| Step::Change(Call::Detach(cen.clone())));
            detach.chain(delete.then_some(Step::Change(Call::Delete))).collect()
        }
    }
}

/// Returns the requests for these fields, such as those that follow a purchase once the package is there.
pub(super) fn of_fields(fields: &[FieldChange]) -> impl Iterator<Item = Step<'static>> {
    Call::of(fields).into_iter().map(Step::Change)
}
