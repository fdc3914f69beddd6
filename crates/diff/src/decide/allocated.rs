//! Bandwidth that regions use: the service takes none of it from them.

use cenbwp_spec::Mbps;

use super::blocked::cen_change;
use crate::{Change, FieldChange, HeldReason, Live, Taken, WarningKind};

/// Returns what these fields take from a package: all of it before a part. A resize that raises the bandwidth
/// counts, too: after a temporary upgrade, regions may use more than the permanent bandwidth.
pub(super) fn taken(fields: &[FieldChange]) -> Option<Taken> {
    let detached = fields.iter().find_map(cen_change).and_then(|change| change.from.clone());
    let resized = || {
        fields.iter().find_map(|field| match field {
            FieldChange::Bandwidth(mbps) => Some(Taken::Part(mbps.clone())),
            FieldChange::Name(_)
            | FieldChange::Description(_)
            | FieldChange::Tag { .. }
            | FieldChange::Cen(_)
            | FieldChange::AutoRenew { .. }
            | FieldChange::ResourceGroup(_) => None,
        })
    };
    detached.map(Taken::Detached).or_else(resized)
}

/// Returns the reason for which this cannot be taken from a package, if regions are known to use it.
pub(super) fn in_use(live: &Live, taken: Taken) -> Option<HeldReason> {
    let left = match &taken {
        Taken::Part(mbps) => mbps.to,
        Taken::Detached(_) | Taken::Retired(_) => Mbps(0),
    };
    let shares = live.shares.as_ref().filter(|_| live.allocated() > Some(left))?;
    Some(HeldReason::Allocated { id: live.id.clone(), shares: shares.clone(), taken })
}

/// Warns if a change takes bandwidth from a package, and it is not known whether regions use it. The change is not held:
/// many services may never list it, and a refusal costs nothing and changes nothing.
pub(super) fn unknown(live: &Live, change: &Change) -> Option<WarningKind> {
    let taken = match change {
        Change::Retire(it) => Some(Taken::Retired(it.detach.clone())).filter(|_| !it.detach.is_empty()),
        Change::Purchase(_) | Change::Update(_) | Change::Adopt(_) | Change::Move(_) | Change::Release(_) => {
            taken(change.fields())
        }
    };
    let grows = |taken: &Taken| matches!(taken, Taken::Part(mbps) if mbps.to >= mbps.from);
    let taken = taken.filter(|taken| live.shares.is_none() && !grows(taken))?;
    Some(WarningKind::AllocationUnknown { id: live.id.clone(), taken })
}
