//! Warnings about declared packages and about changes.

use std::collections::BTreeSet;

use cenbwp_spec::{AreaPair, Charge, Identity, Package, TermsTag};

use super::renewal;
use crate::{Change, Delta, FieldChange, Live, Options, Price, WarningKind};

/// Warnings about a declared package that is live.
pub(super) fn live_warnings(package: &Package, live: &Live, options: &Options) -> Vec<WarningKind> {
    let mut warnings = Vec::new();
    let soon = options.now.saturating_add(options.expiring_within).unwrap_or(options.now);
    if let Some(at) = live.expires.filter(|end| *end <= soon) {
        let expired = live.expired(options.now);
        warnings.push(WarningKind::Expiring { id: live.id.clone(), at, expired });
    }
    if let (Charge::Prepay(terms), Some(from)) = (&package.charge, live.tags.get(Identity::TERMS_TAG))
        && from.parse::<TermsTag>().map(|tag| tag.term) != Ok(terms.term)
    {
        let terms = Delta { from: from.clone(), to: terms.tag().to_string() };
        warnings.push(WarningKind::TermsFixed { terms });
    }
    if let Some(reservation) = &live.reservation
        && let Some(to) = reservation.bandwidth.filter(|after| *after != live.bandwidth)
    {
        let bandwidth = Delta { from: live.bandwidth, to };
        warnings.push(WarningKind::Reserved { id: live.id.clone(), bandwidth, at: reservation.at });
    }
    warnings.extend(renewal::doubt(package, live));
    warnings
}

/// One warning per field that differs and is ignored.
pub(super) fn ignored(fields: Vec<FieldChange>) -> impl Iterator<Item = WarningKind> {
    fields.into_iter().map(|change| WarningKind::Ignored { change })
}

/// Warnings about a change.
pub(super) fn change_warnings(change: &Change) -> Vec<WarningKind> {
    let empty = |key: &String| WarningKind::EmptyTag { key: key.clone() };
    if let Change::Purchase(purchase) = change {
        let [a, b] = purchase.areas.both();
        let areas = [Some(a), Some(b).filter(|b| *b != a)].into_iter().flatten();
        let removed = areas
            .filter(|area| area.is_removed())
            .map(|area| WarningKind::RemovedArea { area: area.to_string() });
        let tags = purchase.tags.iter().filter(|(_, value)| value.is_empty());
        let unpriced = match &purchase.price {
            Some(Price::Unknown(reason)) => Some(WarningKind::PriceUnknown { reason: reason.clone() }),
            Some(Price::Known(_)) | None => None,
        };
        return removed.chain(tags.map(|(key, _)| empty(key))).chain(unpriced).collect();
    }
    let emptied = |field: &FieldChange| {
        let FieldChange::Tag { key, value } = field else { return None };
        (value.to.as_deref() == Some("")).then(|| empty(key))
    };
    change.fields().iter().filter_map(emptied).collect()
}

/// Warns of a purchase between two areas that are not among the pairs that the service lists.
pub(super) fn unlisted_pair(change: &Change, pairs: &BTreeSet<AreaPair>) -> Option<WarningKind> {
    let Change::Purchase(purchase) = change else { return None };
    if pairs.contains(&purchase.areas) {
        return None;
    }
    let first = purchase.areas.a();
    let other = |pair: &AreaPair| match pair.both() {
        [one, other] if one == first => Some(other.clone()),
        [one, other] if other == first => Some(one.clone()),
        _ => None,
    };
    let others = pairs.iter().filter_map(other).collect();
    Some(WarningKind::PairNotListed { areas: purchase.areas.clone(), others })
}
