//! Warnings: what holds nothing and should be known.

use std::fmt::{self, Write as _};

use cenbwp_spec::{Charge, Identity, Package};

use crate::{Change, Delta, FieldChange, Live, Options, Warning};

/// What is worth saying about a declared package that is live.
pub(crate) fn live_warnings(package: &Package, live: &Live, options: &Options) -> Vec<Warning> {
    let identity = || package.identity();
    let mut warnings = Vec::new();
    let soon = options.now.saturating_add(options.expiring_within).unwrap_or(options.now);
    if let Some(at) = live.expires.filter(|end| *end <= soon) {
        let expired = live.expired(options.now);
        warnings.push(Warning::Expiring { identity: identity(), id: live.id.clone(), at, expired });
    }
    if let (Charge::Prepay(terms), Some(from)) = (&package.charge, live.tags.get(Identity::TERMS_TAG))
        && !reads(from, terms)
    {
        let terms = Delta { from: from.clone(), to: terms.to_string() };
        warnings.push(Warning::TermsFixed { identity: identity(), terms });
    }
    if let Some(reservation) = &live.reservation
        && let Some(to) = reservation.bandwidth.filter(|after| *after != live.bandwidth)
    {
        let bandwidth = Delta { from: live.bandwidth, to };
        let (id, at) = (live.id.clone(), reservation.at);
        warnings.push(Warning::Reserved { identity: identity(), id, bandwidth, at });
    }
    warnings
}

/// One warning per field that differs and is left as it is.
pub(crate) fn ignored(package: &Package, left: Vec<FieldChange>) -> impl Iterator<Item = Warning> + use<'_> {
    left.into_iter().map(|change| Warning::Ignored { identity: package.identity(), change })
}

/// What is worth saying about a change.
pub(crate) fn change_warnings(change: &Change) -> Vec<Warning> {
    let identity = change.identity();
    let empty = |key: &String| Warning::EmptyTag { identity: identity.clone(), key: key.clone() };
    if let Change::Purchase(purchase) = change {
        let [a, b] = purchase.areas.both();
        let areas = [Some(a), Some(b).filter(|b| *b != a)].into_iter().flatten();
        let removed = areas
            .filter(|area| area.is_removed())
            .map(|area| Warning::RemovedArea { identity: identity.clone(), area: area.to_string() });
        let tags = purchase.tags.iter().filter(|(_, value)| value.is_empty());
        return removed.chain(tags.map(|(key, _)| empty(key))).collect();
    }
    let emptied = |field: &FieldChange| match field {
        FieldChange::Tag { key, value } if value.to.as_deref() == Some("") => Some(empty(key)),
        _ => None,
    };
    change.fields().iter().filter_map(emptied).collect()
}

/// Tells whether a text is what the value reads as. Every package of an account is asked, so without a copy.
fn reads(text: &str, value: &impl fmt::Display) -> bool {
    struct Rest<'a>(&'a str);

    impl fmt::Write for Rest<'_> {
        fn write_str(&mut self, piece: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(piece).ok_or(fmt::Error)?;
            Ok(())
        }
    }

    let mut rest = Rest(text);
    write!(rest, "{value}").is_ok() && rest.0.is_empty()
}
