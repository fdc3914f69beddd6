//! The words for what changes, is refused, warned of and exceeded.
//!
//! Every text here is one line, neutral (see [`neutral()`]), lower case and without a final full
//! stop; a hint ends with the line of the spec or the command that would allow what is refused.

use std::collections::BTreeSet;

use cenbwp_spec::{CenId, Identity, PackageId, StackName, neutral};
use jiff::Timestamp;

use crate::{Breach, Change, Delta, FieldChange, HeldReason, LimitOwner, Unreadable, Warning};

impl Change {
    /// The stable word for the kind of change, as in events and journals.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Purchase(_) => "purchase",
            Self::Update(_) => "update",
            Self::Adopt(_) => "adopt",
            Self::Release(_) => "release",
            Self::Retire(_) => "retire",
        }
    }
}

impl HeldReason {
    /// The stable word for the reason, as in plans and events.
    pub fn word(&self) -> &'static str {
        match self {
            Self::LookAlike { .. } => "look_alike",
            Self::Unreadable { .. } => "unreadable",
            Self::IncompleteListing => "incomplete_listing",
            Self::CannotAdopt { .. } => "cannot_adopt",
            Self::Immutable { .. } => "immutable",
            Self::NotNormal { .. } => "not_normal",
            Self::Ambiguous { .. } => "ambiguous",
            Self::LoweredGeneration { .. } => "lowered_generation",
            Self::PostpayAbsent => "postpay_absent",
            Self::InterruptsTraffic { .. } => "interrupts_traffic",
            Self::SeveralCens { .. } => "several_cens",
        }
    }

    /// The rule behind it, whatever the package.
    pub fn title(&self) -> &'static str {
        match self {
            Self::LookAlike { .. } => "a package that is there may be the one that would be bought",
            Self::Unreadable { .. } => "an item of the listing cannot be read",
            Self::IncompleteListing => "the listing is not whole",
            Self::CannotAdopt { .. } => "the package cannot be adopted",
            Self::Immutable { .. } => "what is fixed at purchase differs",
            Self::NotNormal { .. } => "the package is expired or locked",
            Self::Ambiguous { .. } => "several packages carry the identity",
            Self::LoweredGeneration { .. } => "a later generation is live",
            Self::PostpayAbsent => "POSTPAY is no longer sold",
            Self::InterruptsTraffic { .. } => "the change interrupts traffic",
            Self::SeveralCens { .. } => "the package is attached to several CENs",
        }
    }

    /// The live packages that it names.
    pub fn ids(&self) -> Vec<&PackageId> {
        match self {
            Self::LookAlike { ids, .. } | Self::Ambiguous { ids } => ids.iter().collect(),
            Self::Unreadable { items, .. } => items.iter().filter_map(|item| item.id.as_ref()).collect(),
            Self::CannotAdopt { id, .. }
            | Self::Immutable { id, .. }
            | Self::NotNormal { id, .. }
            | Self::LoweredGeneration { id, .. }
            | Self::InterruptsTraffic { id, .. }
            | Self::SeveralCens { id } => vec![id],
            Self::IncompleteListing | Self::PostpayAbsent => Vec::new(),
        }
    }

    /// What was found, and why that is in the way.
    pub fn message(&self) -> String {
        match self {
            Self::LookAlike { ids, .. } => {
                let (look, they) = if ids.len() == 1 { ("looks", "it") } else { ("look", "they") };
                format!("{} {look} like the package that would be bought, and {they} may be it", list(ids))
            }
            Self::Unreadable { items, .. } => {
                let items: Vec<String> = items.iter().map(item).collect();
                format!(
                    "the listing holds what could not be read and may be this package: {}",
                    items.join("; ")
                )
            }
            Self::IncompleteListing => {
                "the listing is not whole, and the package may be in the missing part".to_owned()
            }
            Self::CannotAdopt { id, why } => format!("{id} cannot be adopted: {}", neutral(why)),
            Self::Immutable { id, differences } => {
                format!("{id} differs in what is fixed at purchase: {}", fixed(differences))
            }
            Self::NotNormal { id, state } => format!("{id} needs a change and is {}", neutral(state)),
            Self::Ambiguous { ids } => format!("the same identity is carried by {}", list(ids)),
            Self::LoweredGeneration { id, live } => {
                format!("{id} is generation {live}, which is later than the declared one")
            }
            Self::PostpayAbsent => {
                "the package is not there, and the service no longer sells POSTPAY".to_owned()
            }
            Self::InterruptsTraffic { id, cen } => {
                format!("{id} would be detached from {cen}, which interrupts traffic")
            }
            Self::SeveralCens { id } => format!("{id} is attached to more than one CEN"),
        }
    }

    /// What to do about it, for the package that was wanted.
    pub fn hint(&self, identity: &Identity) -> String {
        let address = &identity.address;
        let anew = identity.generation.get().saturating_add(1);
        match self {
            Self::LookAlike { ids, adoptable, renamed, distinct } => {
                let keep = renamed.as_ref().map(|old| {
                    format!("if the key was renamed, declare it as `{}` again; ", old.address.package)
                });
                let adopt = adoptable.as_ref().map(|id| format!("take it over with `adopt: {id}`, or "));
                let (keep, adopt) = (keep.unwrap_or_default(), adopt.unwrap_or_default());
                let it_is = if ids.len() == 1 { "it is another one" } else { "they are others" };
                let all = list(&(ids | distinct));
                format!(
                    "{keep}where {address} is declared, {adopt}say that {it_is} with `distinctFrom: [{all}]`"
                )
            }
            Self::Unreadable { items, distinct } => {
                let ids = self.ids();
                if ids.len() < items.len() {
                    return "see in the console what the items are, correct them, and run `cenbwp plan` again"
                        .to_owned();
                }
                let ids: BTreeSet<_> = ids.into_iter().chain(distinct).collect();
                let ids = list(ids);
                format!(
                    "correct them in the console, or, if none of them is {identity}, say so where {address} is declared: `distinctFrom: [{ids}]`"
                )
            }
            Self::IncompleteListing => {
                "plan from the service itself instead of a recording: `cenbwp plan` without `--live-from`"
                    .to_owned()
            }
            Self::CannotAdopt { id, .. } => {
                format!("where {address} is declared, correct or remove the line `adopt: {id}`")
            }
            Self::Immutable { .. } => format!(
                "declare it as it is, or buy another one beside it: where {address} is declared, write `generation: {anew}`"
            ),
            Self::NotNormal { .. } => format!(
                "set that right in the console (renew, pay, unlock) and run `cenbwp plan` again; to buy another one instead, write `generation: {anew}`"
            ),
            Self::Ambiguous { .. } => format!(
                "leave this tag on the one that is meant and remove it from the others: `{}={identity}`",
                Identity::TAG
            ),
            Self::LoweredGeneration { live, .. } => {
                format!("where {address} is declared, write `generation: {live}`")
            }
            Self::PostpayAbsent => format!(
                "where {address} is declared, take over an existing package with `adopt: ID`, or buy it with `autoPay: true` and `chargeType: PREPAY`"
            ),
            Self::InterruptsTraffic { cen, .. } => format!(
                "declare it where it is with `cenId: {cen}`, or, where {address} is declared, write `allowInterruption: true`"
            ),
            Self::SeveralCens { .. } => format!(
                "detach it in the console until one is left, or, where {address} is declared, leave it alone with `ignore: [cenId]`"
            ),
        }
    }
}

impl Warning {
    /// The stable word for the warning, as in plans and events.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Expiring { expired: false, .. } => "expiring",
            Self::Expiring { expired: true, .. } => "expired",
            Self::TermsFixed { .. } => "terms_fixed",
            Self::RemovedArea { .. } => "removed_area",
            Self::CenOccupied { .. } => "cen_occupied",
            Self::EmptyTag { .. } => "empty_tag",
            Self::Ignored { .. } => "ignored",
            Self::Differs { .. } => "differs",
            Self::NothingToObserve { .. } => "nothing_to_observe",
            Self::Retiring { .. } => "retiring",
            Self::EntryCanGo { .. } => "entry_can_go",
            Self::Reserved { .. } => "reserved",
        }
    }

    /// The rule behind it, whatever the package.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Expiring { expired: false, .. } => "the package ends soon",
            Self::Expiring { expired: true, .. } => "the package has ended",
            Self::TermsFixed { .. } => "the terms are fixed at purchase",
            Self::RemovedArea { .. } => "the area is no longer offered",
            Self::CenOccupied { .. } => "the CEN has a package for the same areas",
            Self::EmptyTag { .. } => "a tag is set to the empty text",
            Self::Ignored { .. } => "a field differs and is left as it is",
            Self::Differs { .. } => "what is only observed differs",
            Self::NothingToObserve { .. } => "what is to be observed is not there",
            Self::Retiring { .. } => "the package is left to expire",
            Self::EntryCanGo { .. } => "the entry can be removed",
            Self::Reserved { .. } => "an ordered change is pending",
        }
    }

    /// Whose package it is about.
    pub fn identity(&self) -> &Identity {
        match self {
            Self::Expiring { identity, .. }
            | Self::TermsFixed { identity, .. }
            | Self::RemovedArea { identity, .. }
            | Self::CenOccupied { identity, .. }
            | Self::EmptyTag { identity, .. }
            | Self::Ignored { identity, .. }
            | Self::Differs { identity, .. }
            | Self::NothingToObserve { identity }
            | Self::Retiring { identity, .. }
            | Self::EntryCanGo { identity }
            | Self::Reserved { identity, .. } => identity,
        }
    }

    /// What was found, and what it means.
    pub fn message(&self) -> String {
        match self {
            Self::Expiring { id, at, expired: false, .. } => format!("{id} ends {}", when(*at)),
            Self::Expiring { id, at, expired: true, .. } => format!("{id} ended {}", when(*at)),
            Self::TermsFixed { terms, .. } => {
                let Delta { from, to } = terms;
                format!(
                    "bought as {}, declared is {}: fixed at purchase, nothing changes",
                    quoted(from),
                    quoted(to)
                )
            }
            Self::RemovedArea { area, .. } => {
                format!("the service no longer offers {}, and may refuse the purchase", neutral(area))
            }
            Self::CenOccupied { cen, id, .. } => {
                format!(
                    "{cen} has {id} for the same areas, and takes no second package until that one is detached"
                )
            }
            Self::EmptyTag { key, .. } => {
                format!("the value of tag {} is empty, which the service may refuse", quoted(key))
            }
            Self::Ignored { change, .. } => format!("left as it is: {}", one_line(change)),
            Self::Differs { id, differences, .. } => {
                format!("{id} differs in what is fixed at purchase: {}", fixed(differences))
            }
            Self::NothingToObserve { identity } => {
                format!("no package carries the tag {}={identity}", Identity::TAG)
            }
            Self::Retiring { id, at, .. } => {
                let end =
                    at.map_or_else(|| "its end is not listed".to_owned(), |at| format!("ends {}", when(at)));
                format!(
                    "{id} is left to expire and charged until then: {end}; its entry can go once it is gone"
                )
            }
            Self::EntryCanGo { .. } => "nothing is left to do; the entry can be removed".to_owned(),
            Self::Reserved { id, bandwidth, at, .. } => {
                let at = at.map_or_else(|| "at a time that is not listed".to_owned(), when);
                format!("{id} has {} now and will have {}, {at}", bandwidth.from, bandwidth.to)
            }
        }
    }
}

impl Breach {
    /// What is exceeded, and by what.
    pub fn message(&self) -> String {
        let Self { owner, limit, allowed, wanted } = self;
        let limit = match owner {
            LimitOwner::Run => format!("{limit} of this run"),
            LimitOwner::Stack(stack) => format!("{limit} of stack {stack}"),
            LimitOwner::Default { stacks: 1, most, .. } => format!("the default {limit} of stack {most}"),
            LimitOwner::Default { stacks, .. } => {
                format!("the default {limit} that {stacks} stacks without their own share")
            }
        };
        format!("{limit} is {allowed}, the plan wants {wanted}")
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        let Self { owner, limit, wanted, .. } = self;
        let raise = |stack: &StackName, wanted: u64| {
            format!(
                "plan less with `--target`, or, where {stack} is declared, write under `limits`: `{limit}: {wanted}`"
            )
        };
        match owner {
            LimitOwner::Stack(stack) => raise(stack, *wanted),
            // A stack that sets its own limit leaves all of the default to the others.
            LimitOwner::Default { most, purchases, .. } => raise(most, *purchases),
            LimitOwner::Run if *limit == "maxPurchases" => {
                format!("plan less, or allow it with `--max-purchases {wanted}`")
            }
            LimitOwner::Run => format!("plan less, or allow it with `--max-new-mbps {wanted}`"),
        }
    }
}

/// Returns a time in the service's own form, minutes and UTC: `2026-03-01T16:00Z`.
pub fn when(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%MZ").to_string()
}

/// A field's change on one line: `bandwidth 50 Mbps -> 100 Mbps`.
pub(crate) fn one_line(change: &FieldChange) -> String {
    let (label, from, to) = change.parts();
    format!("{label} {from} -> {to}")
}

impl FieldChange {
    /// Its label and its value before and after, for one line each.
    pub(crate) fn parts(&self) -> (String, String, String) {
        let tag = |value: &Option<String>| value.as_deref().map_or("absent".to_owned(), quoted);
        let (label, from, to) = match self {
            Self::Bandwidth(mbps) => ("bandwidth", mbps.from.to_string(), mbps.to.to_string()),
            Self::Name(text) => ("name", quoted(&text.from), quoted(&text.to)),
            Self::Description(text) => ("description", quoted(&text.from), quoted(&text.to)),
            Self::Tag { key, value } => {
                return (format!("tag {}", bare(key)), tag(&value.from), tag(&value.to));
            }
            Self::Cen(cens) => {
                let name = |cen: &Option<CenId>| cen.as_ref().map_or("detached".to_owned(), CenId::to_string);
                ("cen", name(&cens.from), name(&cens.to))
            }
            Self::ResourceGroup(group) => {
                let name = |group: &Option<String>| group.as_deref().map_or("not listed".to_owned(), bare);
                ("resource group", name(&group.from), name(&group.to))
            }
        };
        (label.to_owned(), from, to)
    }
}

/// Returns the text neutral and between double quotes, those inside and backslashes escaped, so that
/// where it ends is never in doubt.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", neutral(&text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// A text as it is if it is one simple word, quoted otherwise.
pub(crate) fn bare(text: &str) -> String {
    let simple = |b: u8| b.is_ascii_alphanumeric() || b"-_./:@+".contains(&b);
    if !text.is_empty() && text.bytes().all(simple) { text.to_owned() } else { quoted(text) }
}

fn list<'a>(ids: impl IntoIterator<Item = &'a PackageId>) -> String {
    ids.into_iter().map(PackageId::as_str).collect::<Vec<_>>().join(", ")
}

fn item(item: &Unreadable) -> String {
    let id = item.id.as_ref().map_or("an item without an id", PackageId::as_str);
    format!("{id} ({})", neutral(&item.reason))
}

fn fixed(differences: &[(&'static str, Delta<String>)]) -> String {
    let one = |(field, values): &(&str, Delta<String>)| {
        format!("{field}: is {}, declared is {}", neutral(&values.from), neutral(&values.to))
    };
    differences.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_quoted_text_ends_is_never_in_doubt() {
        assert_eq!(quoted("x\" -> \"y\\"), r#""x\" -> \"y\\""#);
        assert_eq!(quoted("\u{202e}"), r#""\u{202e}""#);
    }
}
