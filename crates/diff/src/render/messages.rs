//! Words for changes, refusals and warnings.
//!
//! Every text here is one line, neutral (see [`neutral()`]), lower case and without a final full
//! stop; a hint ends with the line of the spec or the command that allows the refused change.

use std::collections::BTreeSet;
use std::fmt;

use cenbwp_spec::{Explanation, Identity, PackageId, Renewal, TermsTag, neutral};
use jiff::Timestamp;

use super::{allocated, catalogue as rules, misspelt};
use crate::{
    Change, Delta, FieldChange, FieldValue, FixedDifference, HeldReason, RenewalDoubt, Unreadable, Warning,
    WarningKind,
};

impl Change {
    /// The stable word for the kind of change, as in events and journals.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Purchase(_) => "purchase",
            Self::Update(_) => "update",
            Self::Adopt(_) => "adopt",
            Self::Move(_) => "move",
            Self::Release(_) => "release",
            Self::Retire(_) => "retire",
        }
    }
}

impl HeldReason {
    /// The rule behind it, whatever the package: its stable word, its title and an explanation.
    pub fn rule(&self) -> &'static Explanation {
        match self {
            Self::LookAlike { .. } => &rules::LOOK_ALIKE,
            Self::Unreadable { .. } => &rules::UNREADABLE,
            Self::IncompleteListing => &rules::INCOMPLETE_LISTING,
            Self::CannotAdopt { .. } => &rules::CANNOT_ADOPT,
            Self::CannotMove { .. } => &rules::CANNOT_MOVE,
            Self::Immutable { .. } => &rules::IMMUTABLE,
            Self::NotNormal { .. } => &rules::NOT_NORMAL,
            Self::Ambiguous { .. } => &rules::AMBIGUOUS,
            Self::LoweredGeneration { .. } => &rules::LOWERED_GENERATION,
            Self::PostpayAbsent => &rules::POSTPAY_ABSENT,
            Self::InterruptsTraffic { .. } => &rules::INTERRUPTS_TRAFFIC,
            Self::SeveralCens { .. } => &rules::SEVERAL_CENS,
            Self::Allocated { .. } => &rules::ALLOCATED,
        }
    }

    /// The found state, and the reason why it blocks the change.
    pub fn message(&self) -> String {
        match self {
            Self::LookAlike { ids, .. } => {
                let (look, may) = if ids.len() == 1 { ("looks", "may") } else { ("look", "one of them may") };
                format!(
                    "{} {look} like the package that would be bought, and {may} be the same one",
                    list(ids)
                )
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
            Self::CannotAdopt { id, why } => format!("{id} cannot be adopted: {why}"),
            Self::CannotMove { from, why } => format!("the package of {from} cannot be moved: {why}"),
            Self::Immutable { id, differences } => {
                format!("{id} differs in what is fixed at purchase: {}", fixed(differences))
            }
            Self::NotNormal { id, state, needed } => {
                let needed: Vec<String> = needed.iter().map(one_line).collect();
                format!("{id} is {state}, so it cannot be changed: {}", needed.join("; "))
            }
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
            Self::Allocated { id, shares, taken } => allocated::message(id, shares, taken),
        }
    }

    /// The way out, for the package that was wanted.
    pub fn hint(&self, identity: &Identity) -> String {
        let address = &identity.address;
        let anew = identity.generation.get().saturating_add(1);
        match self {
            Self::LookAlike { ids, adoptable, renamed, distinct } => {
                let moved = renamed.as_ref().map(|old| lines_to_move(old, identity));
                let moved = moved.map(|lines| format!("write {lines} if that was its key, or "));
                let adopt = adoptable.as_ref().map(|id| format!("take it over with `adopt: {id}`, or "));
                let (moved, adopt) = (moved.unwrap_or_default(), adopt.unwrap_or_default());
                let it_is = if ids.len() == 1 { "it is another one" } else { "they are others" };
                let all = list(&(ids | distinct));
                format!(
                    "where {address} is declared, {moved}{adopt}say that {it_is} with `distinctFrom: [{all}]`"
                )
            }
            Self::Unreadable { items, distinct } => {
                let ids = self.ids();
                if ids.len() < items.len() {
                    return "see in the console what the items are, correct them, and plan again".to_owned();
                }
                let ids: BTreeSet<_> = ids.into_iter().chain(distinct).collect();
                let ids = list(ids);
                format!(
                    "correct them in the console and plan again, or, if none of them is {identity}, say so where {address} is declared: `distinctFrom: [{ids}]`"
                )
            }
            Self::IncompleteListing => {
                "plan from the service itself instead of a recording: leave out `--live-from`".to_owned()
            }
            Self::CannotAdopt { id, why } => why.hint(id, identity),
            Self::CannotMove { from, why } => why.hint(from, identity),
            Self::Immutable { differences, .. } => misspelt::areas(differences, address).unwrap_or_else(|| {
                format!(
                    "declare it as it is, or buy another one beside it: where {address} is declared, write `generation: {anew}`"
                )
            }),
            Self::NotNormal { .. } => format!(
                "renew, pay or unlock it in the console, and plan again; to buy another one instead, write `generation: {anew}`"
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
            Self::Allocated { shares, taken, .. } => allocated::hint(address, shares, taken),
        }
    }
}

impl WarningKind {
    /// The rule behind it, whatever the package: its stable word, its title and an explanation.
    pub fn rule(&self) -> &'static Explanation {
        match self {
            Self::Expiring { expired: false, .. } => &rules::EXPIRING,
            Self::Expiring { expired: true, .. } => &rules::EXPIRED,
            Self::TermsFixed { .. } => &rules::TERMS_FIXED,
            Self::RemovedArea { .. } => &rules::REMOVED_AREA,
            Self::PairNotListed { .. } => &rules::PAIR_NOT_LISTED,
            Self::CenOccupied { .. } => &rules::CEN_OCCUPIED,
            Self::SameKey { .. } => &rules::SAME_KEY,
            Self::EmptyTag { .. } => &rules::EMPTY_TAG,
            Self::Ignored { .. } => &rules::IGNORED,
            Self::Differs { .. } => &rules::DIFFERS,
            Self::NothingToObserve => &rules::NOTHING_TO_OBSERVE,
            Self::Retiring { .. } => &rules::RETIRING,
            Self::StillRenews { .. } => &rules::STILL_RENEWS,
            Self::EntryCanGo => &rules::ENTRY_CAN_GO,
            Self::MoveIsDone { .. } => &rules::MOVE_IS_DONE,
            Self::Reserved { .. } => &rules::RESERVED,
            Self::AllocationUnknown { .. } => &rules::ALLOCATION_UNKNOWN,
            Self::PriceUnknown { .. } => &rules::PRICE_UNKNOWN,
            Self::RenewalUnknown { .. } => &rules::RENEWAL_UNKNOWN,
        }
    }
}

impl Warning {
    /// The condition, and its meaning.
    pub fn message(&self) -> String {
        let Self { identity, kind } = self;
        match kind {
            WarningKind::Expiring { id, at, expired: false, .. } => format!("{id} ends {}", when(*at)),
            WarningKind::Expiring { id, at, expired: true, .. } => format!("{id} ended {}", when(*at)),
            WarningKind::TermsFixed { terms, .. } => {
                let Delta { from, to } = terms;
                format!(
                    "bought for {}; declared is {}: fixed at purchase, nothing changes",
                    bought_for(from),
                    bought_for(to)
                )
            }
            WarningKind::RemovedArea { area, .. } => {
                format!("the service no longer offers {}, and may refuse the purchase", neutral(area))
            }
            WarningKind::PairNotListed { areas, others } => {
                let [first, pair] = [areas.a().to_string(), areas.to_string()];
                let others = others.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let rest = if others.is_empty() {
                    format!("it lists no pair with {first}")
                } else {
                    format!("with {first} it lists {others}")
                };
                let text =
                    format!("the service does not list {pair} as sold, and may refuse the purchase; {rest}");
                neutral(&text).into_owned()
            }
            WarningKind::CenOccupied { cen, id, .. } => {
                format!(
                    "{cen} has {id} for the same areas, and takes no second package until that one is detached"
                )
            }
            WarningKind::SameKey { id, owner } => format!(
                "{owner} ({id}) has the same key and areas; if its stack was renamed, write {} instead of buying another one",
                lines_to_move(owner, identity)
            ),
            WarningKind::EmptyTag { key, .. } => {
                format!("the value of tag {} is empty, which the service may refuse", quoted(key))
            }
            WarningKind::Ignored { change, .. } => format!("left as it is: {}", one_line(change)),
            WarningKind::Differs { id, differences, .. } => {
                format!("{id} differs in what is fixed at purchase: {}", fixed(differences))
            }
            WarningKind::NothingToObserve => {
                format!("no package carries the tag {}={identity}", Identity::TAG)
            }
            WarningKind::Retiring { id, renews: true, .. } => {
                format!("{id} is retired as far as this tool goes, and does not end: it renews itself")
            }
            WarningKind::StillRenews { id, renewal, at } => {
                let next = at.map(|at| format!(", next {}", when(at))).unwrap_or_default();
                format!(
                    "{id} {} by itself{next}, and is charged each time; where {} is declared, write `manage: full` and `autoRenew: false` and apply; after that, `manage: retire` again",
                    renews(*renewal),
                    identity.address
                )
            }
            WarningKind::Retiring { id, at, renews: false } => {
                let end =
                    at.map_or_else(|| "its end is not listed".to_owned(), |at| format!("ends {}", when(at)));
                format!(
                    "{id} is left to expire and charged until then: {end}; its entry can go once it is gone"
                )
            }
            WarningKind::MoveIsDone { from } => {
                format!("moved from {from} already; the line `movedFrom` can be removed")
            }
            WarningKind::AllocationUnknown { id, taken } => allocated::unknown(id, taken),
            WarningKind::EntryCanGo => "nothing is left to do; the entry can be removed".to_owned(),
            WarningKind::Reserved { id, bandwidth, at, .. } => {
                let at = at.map_or_else(|| "at a time that is not listed".to_owned(), when);
                format!("{id} has {} now and will have {}, {at}", bandwidth.from, bandwidth.to)
            }
            WarningKind::PriceUnknown { reason } => {
                format!("the price of the purchase is not known: {}", neutral(reason))
            }
            WarningKind::RenewalUnknown { id, why: RenewalDoubt::NotRead(reason) } => {
                format!("whether {id} renews itself is not known, and stays as it is: {}", neutral(reason))
            }
            WarningKind::RenewalUnknown { id, why: RenewalDoubt::NotOffered(months) } => {
                format!(
                    "the renewal of {id} stays as it is: the service sets 1, 2, 3, 6 or 12 months or years, not {months} months"
                )
            }
        }
    }
}

/// Returns the lines that move the package of this identity to that one.
pub(super) fn lines_to_move(old: &Identity, identity: &Identity) -> String {
    let generation = match old.generation {
        same if same == identity.generation => String::new(),
        other => format!(" and `generation: {other}`"),
    };
    let (address, package) = (&old.address, &old.address.package);
    let key = if address.stack == identity.address.stack { package.to_string() } else { address.to_string() };
    format!("`movedFrom: {key}`{generation}")
}

/// Returns the term of a purchase as a plan shows it, from the value of its terms tag. A value that this tool did
/// not write is quoted.
fn bought_for(tag: &str) -> String {
    match tag.parse::<TermsTag>() {
        Ok(TermsTag { term, renewal: _ }) => term.to_string(),
        Err(_) => quoted(tag),
    }
}

/// Returns the renewal in words.
pub fn renews(renewal: Renewal) -> String {
    match renewal {
        Renewal::Off => "does not renew".to_owned(),
        Renewal::Months(1) => "renews every month".to_owned(),
        Renewal::Months(n) => format!("renews every {n} months"),
    }
}

/// Returns a time in the service's own form, minutes and UTC: `2026-03-01T16:00Z`.
pub fn when(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%MZ").to_string()
}

/// Returns a field's change on one line: `bandwidth 50 Mbps -> 100 Mbps`.
pub(crate) fn one_line(change: &FieldChange) -> String {
    let (label, from, to) = change.parts();
    format!("{label} {from} -> {to}")
}

impl FieldChange {
    /// Its label and its value before and after, for one line each.
    pub fn parts(&self) -> (String, String, String) {
        let label = match self {
            Self::Bandwidth(_) => "bandwidth".to_owned(),
            Self::Name(_) => "name".to_owned(),
            Self::Description(_) => "description".to_owned(),
            Self::Tag { key, .. } => format!("tag {}", bare(key)),
            Self::Cen(_) => "cenId".to_owned(),
            Self::ResourceGroup(_) => "resourceGroupId".to_owned(),
            Self::AutoRenew { .. } => "autoRenew".to_owned(),
        };
        let Delta { from, to } = self.values();
        (label, from.to_string(), to.to_string())
    }
}

impl fmt::Display for FieldValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mbps(mbps) => mbps.fmt(f),
            Self::Text(text) | Self::Tag(Some(text)) => f.write_str(&quoted(text)),
            Self::Tag(None) => f.write_str("absent"),
            Self::Cen(Some(cen)) => cen.fmt(f),
            Self::Cen(None) => f.write_str("detached"),
            Self::Group(Some(group)) => f.write_str(&bare(group)),
            Self::Group(None) => f.write_str("not listed"),
            Self::Renewal(Renewal::Off) => f.write_str("off"),
            Self::Renewal(Renewal::Months(1)) => f.write_str("every month"),
            Self::Renewal(Renewal::Months(months)) => write!(f, "every {months} months"),
        }
    }
}

/// Returns the text neutral and between double quotes, with quotes and backslashes inside escaped, so that its
/// end is unmistakable.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", neutral(&text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// Returns a text as it is if it is one simple word, quoted otherwise.
pub(crate) fn bare(text: &str) -> String {
    let simple = |b: u8| b.is_ascii_alphanumeric() || b"-_./:@+".contains(&b);
    if !text.is_empty() && text.bytes().all(simple) { text.to_owned() } else { quoted(text) }
}

pub(super) fn list<'a>(ids: impl IntoIterator<Item = &'a PackageId>) -> String {
    ids.into_iter().map(PackageId::as_str).collect::<Vec<_>>().join(", ")
}

fn item(item: &Unreadable) -> String {
    let id = item.id.as_ref().map_or("an item without an id", PackageId::as_str);
    format!("{id} ({})", neutral(&item.reason))
}

fn fixed(differences: &[FixedDifference]) -> String {
    let one = |difference: &FixedDifference| {
        let (field, from, to) = difference.parts();
        format!("{field}: is {from}, declared is {to}")
    };
    differences.iter().map(one).collect::<Vec<_>>().join("; ")
}

impl FixedDifference {
    /// The field in the word of the spec, and its value before and after.
    pub fn parts(&self) -> (&'static str, String, String) {
        match self {
            Self::Areas(Delta { from, to }) => {
                ("areas", neutral(&from.to_string()).into_owned(), neutral(&to.to_string()).into_owned())
            }
            Self::ChargeType(Delta { from, to }) => ("chargeType", from.to_string(), to.to_string()),
        }
    }
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
