//! The requests of a change, in order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

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

fn plain(call: Call) -> Step<'static> {
    Step::Change { call, opens: false }
}

fn opening(call: Call) -> Step<'static> {
    Step::Change { call, opens: true }
}

/// Returns one request for each field, so that each has a result of its own; tags together, as the service takes them.
fn of_fields(fields: &[FieldChange]) -> VecDeque<Step<'static>> {
    let mut steps = Vec::new();
    let (mut set, mut removed) = (BTreeMap::new(), BTreeSet::new());
    for field in fields {
        match field {
            FieldChange::Bandwidth(delta) => steps.push(plain(Call::Resize(delta.to))),
            FieldChange::Name(delta) => steps.push(plain(Call::Rename(delta.to.clone()))),
            FieldChange::Description(delta) => steps.push(plain(Call::Describe(delta.to.clone()))),
            FieldChange::Tag { key, value } => match &value.to {
                Some(value) => drop(set.insert(key.clone(), value.clone())),
                None => drop(removed.insert(key.clone())),
            },
            FieldChange::ResourceGroup(delta) => {
                steps.extend(delta.to.clone().map(|group| plain(Call::Move(group))));
            }
            FieldChange::Cen(delta) => {
                steps.extend(delta.from.clone().map(|cen| opening(Call::Detach(cen))));
                steps.extend(delta.to.clone().map(|cen| plain(Call::Attach(cen))));
            }
        }
    }
    // Removed first: a package has room for twenty tags only.
    let removed = (!removed.is_empty()).then(|| plain(Call::Untag(removed)));
    let set = (!set.is_empty()).then(|| plain(Call::Tag(set)));
    // Before the first request that can leave the package without a CEN.
    let touches_cen = |step: &Step<'_>| step.call().is_some_and(|call| call.cen().is_some());
    let at = steps.iter().position(touches_cen).unwrap_or(steps.len());
    steps.splice(at..at, removed.into_iter().chain(set));
    steps.into()
}
