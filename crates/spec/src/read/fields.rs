//! Reads the fields of a package or of `defaults`: one table, one row and one reader for each field.

use std::collections::{BTreeMap, BTreeSet};

use crate::findings::Finding;
use crate::findings::catalogue::{AREAS, ID, NAME, OUT_OF_RANGE, REMOVED_AREA, UNKNOWN_AREA, UNKNOWN_FIELD};
use crate::findings::collect::Report;
use crate::findings::printable::quoted;
use crate::model::area::{Area, AreaPair};
use crate::model::ids::{CenId, Generation, PackageId};
use crate::model::moved::MovedFrom;
use crate::model::package::{ChargeType, Desired, Field, Manage};
use crate::model::terms::{Cycle, Mbps, Term};
use crate::read::cursor::Cursor;
use crate::read::slot::{At, Slot};
use crate::read::{habits, rules};
use crate::source::Mark;
use crate::yaml::node::{Key, Node};

/// The scope of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Defaults,
    Package,
}

/// Makes the list of names, the struct, its reader and the merge with the defaults from one table.
///
/// A row is the name in the spec, the field here, its type, its default and its reader. The default is `own`
/// for a field that `defaults` may not set, because it identifies one package or gives consent for it;
/// `shared` for one that is taken from `defaults` if it is missing; `merged` for one that is merged key by
/// key.
macro_rules! fields {
    ($($name:literal $field:ident: $type:ty, $default:ident, $read:expr;)*) => {
        /// The name of every field of a package.
        pub(crate) const FIELDS: &[&str] = &[$($name),*];

        /// The declared fields, before the defaults and the rules across fields apply.
        #[derive(Debug, Default)]
        pub(crate) struct Fields {
            $(pub(crate) $field: Slot<$type>,)*
        }

        impl Fields {
            /// Reads the entries of a package or of `defaults`.
            pub(crate) fn read(entries: &[(Key<'_>, Node<'_>)], scope: Scope, report: &mut Report) -> Self {
                let mut fields = Self::default();
                for (key, node) in entries {
                    match &*key.text {
                        $($name if scope == Scope::Defaults && fields!(@is_own $default) => {
                            no_default(key, report);
                        }
                        $name => {
                            fields.$field = $read(&mut Cursor::new(node, concat!("`", $name, "`"), report));
                        })*
                        _ => unknown(key, FIELDS, report),
                    }
                }
                fields
            }

            /// Returns these fields, each missing one taken from the defaults.
            pub(crate) fn or_defaults(self, defaults: &Self) -> Self {
                Self { $($field: fields!(@merge $default self.$field, &defaults.$field),)* }
            }
        }

        impl Fields {
            /// Returns the name and the place of each field that is given.
            pub(crate) fn places(&self) -> Vec<(&'static str, Mark)> {
                let all = [$(($name, self.$field.given().map(|at| at.mark))),*];
                all.into_iter().filter_map(|(name, mark)| Some((name, mark?))).collect()
            }
        }

        #[cfg(test)]
        /// The names of the fields that can have a default.
        pub(crate) fn with_default() -> Vec<&'static str> {
            let all = [$(($name, fields!(@is_own $default))),*];
            all.into_iter().filter_map(|(name, is_own)| (!is_own).then_some(name)).collect()
        }
    };
    (@is_own own) => { true };
    (@is_own shared) => { false };
    (@is_own merged) => { false };
    (@merge own $own:expr, $defaults:expr) => { $own };
    (@merge shared $own:expr, $defaults:expr) => { $own.or($defaults) };
    (@merge merged $own:expr, $defaults:expr) => { merge($own, $defaults) };
}

fields! {
    "adopt" adopt: PackageId, own, package_id;
    "allowInterruption" allow_interruption: bool, own, Cursor::boolean;
    "areas" areas: AreaPair, own, areas;
    "autoPay" auto_pay: bool, shared, Cursor::boolean;
    "autoRenew" auto_renew: bool, shared, Cursor::boolean;
    "autoRenewDuration" auto_renew_duration: u32, shared, renewal_months;
    "bandwidth" bandwidth: Mbps, shared, bandwidth;
    "cenId" cen: Desired<CenId>, shared, cen;
    "chargeType" charge_type: ChargeType, shared, charge_type;
    "description" description: String, shared, rules::description;
    "distinctFrom" distinct_from: BTreeSet<PackageId>, shared, distinct_from;
    "generation" generation: Generation, own, generation;
    "ignore" ignore: BTreeSet<Field>, shared, ignore;
    "manage" manage: Manage, shared, manage;
    "movedFrom" moved_from: MovedFrom, own, moved_from;
    "name" name: String, shared, rules::name;
    "period" period: u8, shared, period;
    "pricingCycle" cycle: Cycle, shared, cycle;
    "resourceGroupId" resource_group: String, shared, rules::resource_group;
    "tags" tags: BTreeMap<String, At<Option<String>>>, merged, tags;
}

impl Fields {
    /// The number of values that a package takes from these defaults, in the fields that can hold many.
    pub(crate) fn shared_values(&self) -> usize {
        self.tags.value().map_or(0, BTreeMap::len) + self.distinct_from.value().map_or(0, BTreeSet::len)
    }
}

/// Merges two mappings key by key; the package's own value wins.
fn merge<V: Clone>(
    own: Slot<BTreeMap<String, V>>,
    defaults: &Slot<BTreeMap<String, V>>,
) -> Slot<BTreeMap<String, V>> {
    match (own, defaults) {
        (Slot::Given(At { value: own, mark }), Slot::Given(shared)) => {
            let mut merged = shared.value.clone();
            merged.extend(own);
            Slot::Given(At { value: merged, mark })
        }
        (own, shared) => own.or(shared),
    }
}

/// The most months of a renewal (Create page). The page also allows 0 and does not say what that means;
/// `autoRenew` turns renewal off.
pub(super) const MOST_MONTHS: u32 = 2_147_483_647;

/// Reports an unknown field.
pub(crate) fn unknown(key: &Key<'_>, known: &[&str], report: &mut Report) {
    let finding =
        Finding::new(UNKNOWN_FIELD, key.mark, format!("{} is not a known field", quoted(&key.text)));
    let near = habits::field(&key.text).map(str::to_owned).or_else(|| report.did_you_mean(&key.text, known));
    report.add(finding.hint(near.unwrap_or_else(|| format!("known fields: {}", known.join(", ")))));
}

fn no_default(key: &Key<'_>, report: &mut Report) {
    let finding =
        Finding::new(UNKNOWN_FIELD, key.mark, format!("{} cannot have a default", quoted(&key.text)));
    report.add(finding.hint("give it in each package"));
}

fn package_id(at: &mut Cursor<'_, '_>) -> Slot<PackageId> {
    at.parse("a package id: cenbwp-…", ID)
}

fn moved_from(at: &mut Cursor<'_, '_>) -> Slot<MovedFrom> {
    at.parse("the key that it had before: PACKAGE, or STACK/PACKAGE", NAME)
}

fn renewal_months(at: &mut Cursor<'_, '_>) -> Slot<u32> {
    at.integer(1..=MOST_MONTHS)
}

fn bandwidth(at: &mut Cursor<'_, '_>) -> Slot<Mbps> {
    at.integer(Mbps::MIN.0..=Mbps::MAX.0).map(Mbps)
}

fn charge_type(at: &mut Cursor<'_, '_>) -> Slot<ChargeType> {
    at.word(&ChargeType::ALL.map(|it| (it.as_str(), it)))
}

fn cycle(at: &mut Cursor<'_, '_>) -> Slot<Cycle> {
    at.word(&Cycle::ALL.map(|it| (it.as_str(), it)))
}

fn manage(at: &mut Cursor<'_, '_>) -> Slot<Manage> {
    at.word(&Manage::ALL.map(|manage| (manage.as_str(), manage)))
}

fn areas(at: &mut Cursor<'_, '_>) -> Slot<AreaPair> {
    const EXPECTED: &str = "a list of two areas, such as [China, Europe]";
    let Some(items) = at.list(EXPECTED) else { return Slot::Wrong };
    let read: Vec<Option<Area>> = items.iter().map(|item| area(&mut at.inside(item, "the area"))).collect();
    let pair = match &*read {
        [one, other] => one.clone().zip(other.clone()).map(|(one, other)| AreaPair::new(one, other)),
        _ => {
            let finding = at.finding(AREAS, format_args!("has {} of 2 items", items.len()));
            at.report.add(finding.expected(EXPECTED));
            None
        }
    };
    at.slot(pair)
}

fn area(at: &mut Cursor<'_, '_>) -> Option<Area> {
    let name = at.text("the name of an area, such as Europe")?;
    if !Area::is_well_formed(name) {
        let finding = at.finding(AREAS, format_args!("is {}", quoted(name)));
        let finding = finding.expected("letters, digits and hyphens, such as North-America");
        let meant = habits::area(name).map(|area| format!("did you mean `{area}`?"));
        at.report.add(finding.maybe_hint(meant));
        return None;
    }
    let area = Area::new(name);
    if !area.is_known() {
        let words = format_args!("{} is not known and is passed on as written", quoted(name));
        let finding = at.finding(UNKNOWN_AREA, words);
        let meant = habits::area(name).map(|area| format!("did you mean `{area}`?"));
        let near = meant.or_else(|| at.report.did_you_mean(name, &Area::KNOWN));
        let sold =
            || Area::KNOWN.into_iter().filter(|known| !Area::REMOVED.contains(known)).collect::<Vec<_>>();
        let known = || format!("areas that are sold: {}", sold().join(", "));
        at.report.add(finding.hint(near.unwrap_or_else(known)));
    } else if area.is_removed() {
        let finding = Finding::new(REMOVED_AREA, at.node.mark, format!("{area} is no longer sold"));
        at.report.add(finding.hint("only a package that was bought earlier can have it"));
    }
    Some(area)
}

fn distinct_from(at: &mut Cursor<'_, '_>) -> Slot<BTreeSet<PackageId>> {
    set(at, "a list of package ids", package_id)
}

fn ignore(at: &mut Cursor<'_, '_>) -> Slot<BTreeSet<Field>> {
    let words = Field::ALL.map(|field| (field.as_str(), field));
    set(at, "a list of fields", |item| item.word(&words))
}

/// Reads every item of a list. One wrong item makes the set wrong.
fn set<T: Ord>(
    at: &mut Cursor<'_, '_>,
    expected: &str,
    read: impl Fn(&mut Cursor<'_, '_>) -> Slot<T>,
) -> Slot<BTreeSet<T>> {
    let Some(items) = at.list(expected) else { return Slot::Wrong };
    let what = at.what;
    let slots: Vec<Slot<T>> = items.iter().map(|item| read(&mut at.inside(item, what))).collect();
    at.slot(slots.into_iter().map(Slot::into_value).collect())
}

fn generation(at: &mut Cursor<'_, '_>) -> Slot<Generation> {
    at.number("a whole number from 1", OUT_OF_RANGE, Generation::new)
}

/// Reads a period that is sold in some cycle. `package` checks the package's own cycle.
fn period(at: &mut Cursor<'_, '_>) -> Slot<u8> {
    let sold = |n: &u8| Term::MONTHS.contains(n) || Term::YEARS.contains(n);
    let accept = |n: u32| u8::try_from(n).ok().filter(sold);
    let expected = "1, 2, 3 or 6 months, or 1, 2 or 3 years";
    at.number_or(expected, OUT_OF_RANGE, accept, |text| text.parse().ok().and_then(habits::months))
}

fn cen(at: &mut Cursor<'_, '_>) -> Slot<Desired<CenId>> {
    at.written_null(Desired::Absent)
        .unwrap_or_else(|| at.parse("a CEN id: cen-…, or null", ID).map(Desired::Present))
}

fn tags(at: &mut Cursor<'_, '_>) -> Slot<BTreeMap<String, At<Option<String>>>> {
    let Some(entries) = at.map("a mapping of tag keys to values") else { return Slot::Wrong };
    let mut tags = BTreeMap::new();
    for (key, node) in entries {
        let key = rules::tag_key(key, at.report);
        let value = rules::tag_value(&mut at.inside(node, "the tag value"));
        if let (Some(key), Slot::Given(value)) = (key, value) {
            tags.insert(key, value);
        }
    }
    at.slot(Some(tags))
}
