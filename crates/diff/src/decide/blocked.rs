//! The reasons for which a change that is needed is held.

use cenbwp_spec::{CenId, Package};
use jiff::Timestamp;

use super::allocated;
use crate::{Abnormal, BusinessStatus, Delta, FieldChange, HeldReason, Live, LiveCharge};

/// Returns the reason for which these fields of a live package cannot or must not be changed now.
pub(super) fn blocked_by(
    package: &Package,
    live: &Live,
    fields: &[FieldChange],
    now: Timestamp,
) -> Option<HeldReason> {
    let id = || live.id.clone();
    if let Some(state) = abnormal(live, now) {
        return Some(HeldReason::NotNormal { id: id(), state, needed: fields.to_vec() });
    }
    let cen = fields.iter().find_map(cen_change);
    if cen.is_some() && live.cens.len() > 1 {
        return Some(HeldReason::SeveralCens { id: id() });
    }
    let detached = cen.and_then(|change| change.from.clone());
    if let Some(cen) = detached.filter(|_| !package.allow_interruption) {
        return Some(HeldReason::InterruptsTraffic { id: id(), cen });
    }
    let resize = fields.iter().find(|field| matches!(field, FieldChange::Bandwidth(_)));
    if let Some(resize) = resize.filter(|_| live.fallback_is_unknown()) {
        let (state, needed) = (Abnormal::UnknownFallback, vec![resize.clone()]);
        return Some(HeldReason::NotNormal { id: id(), state, needed });
    }
    allocated::in_use(live, allocated::taken(fields)?)
}

/// Returns the state in which no field of a package can be changed.
fn abnormal(live: &Live, now: Timestamp) -> Option<Abnormal> {
    if let Some(end) = live.expires.filter(|_| live.expired(now)) {
        return Some(Abnormal::Expired(end));
    }
    match (&live.business, &live.charge) {
        (BusinessStatus::Locked(word), _) => Some(Abnormal::Locked(word.clone())),
        (BusinessStatus::Normal, LiveCharge::Other(word)) => Some(Abnormal::UnknownChargeType(word.clone())),
        (BusinessStatus::Normal, LiveCharge::Prepay | LiveCharge::Postpay) => None,
    }
}

/// Returns the change of the CEN, if this is one.
pub(super) fn cen_change(field: &FieldChange) -> Option<&Delta<Option<CenId>>> {
    if let FieldChange::Cen(delta) = field { Some(delta) } else { None }
}
