//! The fields of a package or of `defaults`, each read by itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::codes::{AREAS, ID, OUT_OF_RANGE, REMOVED_AREA, UNKNOWN_AREA, UNKNOWN_FIELD};
use crate::read::{At, Slot, boolean, integer, list, map, number, parsed, text, word, written_null};
use crate::report::{Report, quoted};
use crate::texts;
use crate::yaml::{Key, Node};
use crate::{Area, AreaPair, CenId, Field, Finding, Generation, Manage, Mbps, PackageId, Term, Wish};

/// Every field of a package.
pub(crate) const FIELDS: [&str; 19] = [
    "adopt",
    "allowInterruption",
    "areas",
    "autoPay",
    "autoRenew",
    "autoRenewDuration",
    "bandwidth",
    "cenId",
    "chargeType",
    "description",
    "distinctFrom",
    "generation",
    "ignore",
    "manage",
    "name",
    "period",
    "pricingCycle",
    "resourceGroupId",
    "tags",
];

/// What cannot have a default: it says which package is meant, or is a consent for that package alone.
pub(crate) const NO_DEFAULT: [&str; 4] = ["adopt", "allowInterruption", "areas", "generation"];

/// Where fields stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    Defaults,
    Package,
}

/// `PREPAY` or `POSTPAY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChargeType {
    Prepay,
    Postpay,
}

/// `Month` or `Year`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cycle {
    Month,
    Year,
}

/// What is declared, field by field, before defaults apply and before the fields are judged together.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub(crate) adopt: Slot<PackageId>,
    pub(crate) allow_interruption: Slot<bool>,
    pub(crate) areas: Slot<AreaPair>,
    pub(crate) auto_pay: Slot<bool>,
    pub(crate) auto_renew: Slot<bool>,
    pub(crate) auto_renew_duration: Slot<u32>,
    pub(crate) bandwidth: Slot<Mbps>,
    pub(crate) cen: Slot<Wish<CenId>>,
    pub(crate) charge_type: Slot<ChargeType>,
    pub(crate) description: Slot<String>,
    pub(crate) distinct_from: Slot<BTreeSet<PackageId>>,
    pub(crate) generation: Slot<Generation>,
    pub(crate) ignore: Slot<BTreeSet<Field>>,
    pub(crate) manage: Slot<Manage>,
    pub(crate) name: Slot<String>,
    pub(crate) period: Slot<u8>,
    pub(crate) cycle: Slot<Cycle>,
    pub(crate) resource_group: Slot<String>,
    pub(crate) tags: Slot<BTreeMap<String, Option<String>>>,
}

impl Fields {
    /// Reads the entries of a package or of `defaults`.
    pub(crate) fn read(entries: &[(Key<'_>, Node<'_>)], within: Within, report: &mut Report) -> Self {
        let mut fields = Self::default();
        for (key, node) in entries {
            match &*key.text {
                name if within == Within::Defaults && NO_DEFAULT.contains(&name) => no_default(key, report),
                "adopt" => fields.adopt = parsed(node, "`adopt`", "a package id: cenbwp-…", ID, report),
                "allowInterruption" => {
                    fields.allow_interruption = boolean(node, "`allowInterruption`", report);
                }
                "areas" => fields.areas = areas(node, report),
                "autoPay" => fields.auto_pay = boolean(node, "`autoPay`", report),
                "autoRenew" => fields.auto_renew = boolean(node, "`autoRenew`", report),
                "autoRenewDuration" => {
                    fields.auto_renew_duration =
                        integer(node, "`autoRenewDuration`", 1..=MOST_MONTHS, report);
                }
                "bandwidth" => {
                    fields.bandwidth =
                        integer(node, "`bandwidth`", Mbps::MIN.0..=Mbps::MAX.0, report).map(Mbps);
                }
                "cenId" => fields.cen = cen(node, report),
                "chargeType" => fields.charge_type = word(node, "`chargeType`", &CHARGE_TYPES, report),
                "description" => fields.description = texts::description(node, report),
                "distinctFrom" => fields.distinct_from = distinct_from(node, report),
                "generation" => fields.generation = generation(node, report),
                "ignore" => fields.ignore = ignore(node, report),
                "manage" => fields.manage = word(node, "`manage`", &MANAGE, report),
                "name" => fields.name = texts::name(node, report),
                "period" => fields.period = period(node, report),
                "pricingCycle" => fields.cycle = word(node, "`pricingCycle`", &CYCLES, report),
                "resourceGroupId" => fields.resource_group = texts::resource_group(node, report),
                "tags" => fields.tags = tags(node, report),
                _ => unknown(key, &FIELDS, report),
            }
        }
        fields
    }

    /// How many values a package takes over from these defaults, those of the fields that can hold many.
    pub(crate) fn shared_values(&self) -> usize {
        self.tags.value().map_or(0, BTreeMap::len) + self.distinct_from.value().map_or(0, BTreeSet::len)
    }

    /// These fields, and the defaults where one is missing. Tags merge key by key.
    pub(crate) fn over(self, defaults: &Self) -> Self {
        let tags = match (self.tags, &defaults.tags) {
            (Slot::Given(At { value: own, mark }), Slot::Given(shared)) => {
                let mut tags = shared.value.clone();
                tags.extend(own);
                Slot::Given(At { value: tags, mark })
            }
            (own, shared) => own.or(shared),
        };
        Self {
            adopt: self.adopt,
            allow_interruption: self.allow_interruption,
            areas: self.areas,
            auto_pay: self.auto_pay.or(&defaults.auto_pay),
            auto_renew: self.auto_renew.or(&defaults.auto_renew),
            auto_renew_duration: self.auto_renew_duration.or(&defaults.auto_renew_duration),
            bandwidth: self.bandwidth.or(&defaults.bandwidth),
            cen: self.cen.or(&defaults.cen),
            charge_type: self.charge_type.or(&defaults.charge_type),
            description: self.description.or(&defaults.description),
            distinct_from: self.distinct_from.or(&defaults.distinct_from),
            generation: self.generation,
            ignore: self.ignore.or(&defaults.ignore),
            manage: self.manage.or(&defaults.manage),
            name: self.name.or(&defaults.name),
            period: self.period.or(&defaults.period),
            cycle: self.cycle.or(&defaults.cycle),
            resource_group: self.resource_group.or(&defaults.resource_group),
            tags,
        }
    }
}

/// The most months the Create page allows for a renewal. It allows 0 as well and does not say what that
/// would mean; renewal is turned off by `autoRenew`.
const MOST_MONTHS: u32 = 2_147_483_647;

const CHARGE_TYPES: [(&str, ChargeType); 2] =
    [("PREPAY", ChargeType::Prepay), ("POSTPAY", ChargeType::Postpay)];
const CYCLES: [(&str, Cycle); 2] = [("Month", Cycle::Month), ("Year", Cycle::Year)];
const MANAGE: [(&str, Manage); 4] = [
    ("full", Manage::Full),
    ("observe", Manage::Observe),
    ("release", Manage::Release),
    ("retire", Manage::Retire),
];

/// Reports a field that is none of the known ones.
pub(crate) fn unknown(key: &Key<'_>, known: &[&str], report: &mut Report) {
    let finding =
        Finding::new(UNKNOWN_FIELD, key.mark, format!("{} is not a known field", quoted(&key.text)));
    let near = report.did_you_mean(&key.text, known);
    report.add(finding.hint(near.unwrap_or_else(|| format!("known fields: {}", known.join(", ")))));
}

fn no_default(key: &Key<'_>, report: &mut Report) {
    let finding =
        Finding::new(UNKNOWN_FIELD, key.mark, format!("{} cannot have a default", quoted(&key.text)));
    report.add(finding.hint("give it in each package"));
}

fn areas(node: &Node<'_>, report: &mut Report) -> Slot<AreaPair> {
    const EXPECTED: &str = "a list of two areas, such as [China, Europe]";
    let Some(items) = list(node, "`areas`", EXPECTED, report) else { return Slot::Wrong };
    let read: Vec<Option<Area>> = items.iter().map(|item| area(item, report)).collect();
    let pair = match &*read {
        [one, other] => one.clone().zip(other.clone()).map(|(one, other)| AreaPair::new(one, other)),
        _ => {
            let finding = Finding::new(AREAS, node.mark, format!("`areas` has {} of 2 items", items.len()));
            report.add(finding.expected(EXPECTED));
            None
        }
    };
    Slot::read(pair, node.mark)
}

fn area(node: &Node<'_>, report: &mut Report) -> Option<Area> {
    let name = text(node, "the area", "the name of an area, such as Europe", report)?;
    if !Area::is_well_formed(name) {
        let finding = Finding::new(AREAS, node.mark, format!("the area is {}", quoted(name)));
        report.add(finding.expected("letters, digits and hyphens, such as North-America"));
        return None;
    }
    let area = Area::new(name);
    if !area.is_known() {
        let message = format!("the area {} is not known and is passed on as written", quoted(name));
        let known = || format!("known areas: {}", Area::KNOWN.join(", "));
        let finding = Finding::new(UNKNOWN_AREA, node.mark, message);
        let near = report.did_you_mean(name, &Area::KNOWN);
        report.add(finding.hint(near.unwrap_or_else(known)));
    } else if area.is_removed() {
        let finding = Finding::new(REMOVED_AREA, node.mark, format!("{area} is no longer sold"));
        report.add(finding.hint("only a package that was bought earlier can have it"));
    }
    Some(area)
}

fn distinct_from(node: &Node<'_>, report: &mut Report) -> Slot<BTreeSet<PackageId>> {
    const WHAT: &str = "`distinctFrom`";
    let items = list(node, WHAT, "a list of package ids", report);
    let ids = items.and_then(|items| {
        let read = |item| parsed(item, WHAT, "a package id: cenbwp-…", ID, report);
        let ids: Vec<Slot<PackageId>> = items.iter().map(read).collect();
        ids.iter().map(|id| id.value().cloned()).collect()
    });
    Slot::read(ids, node.mark)
}

fn ignore(node: &Node<'_>, report: &mut Report) -> Slot<BTreeSet<Field>> {
    let words = Field::ALL.map(|field| (field.as_str(), field));
    let items = list(node, "`ignore`", "a list of fields", report);
    let fields = items.and_then(|items| {
        let read: Vec<Slot<Field>> =
            items.iter().map(|item| word(item, "`ignore`", &words, report)).collect();
        read.iter().map(|field| field.value().copied()).collect()
    });
    Slot::read(fields, node.mark)
}

fn generation(node: &Node<'_>, report: &mut Report) -> Slot<Generation> {
    number(node, "`generation`", "a whole number from 1", OUT_OF_RANGE, Generation::new, report)
}

/// Reads a period that is sold in some cycle; whether in this package's is judged later.
fn period(node: &Node<'_>, report: &mut Report) -> Slot<u8> {
    const EXPECTED: &str = "1, 2, 3 or 6 months, or 1, 2 or 3 years";
    let sold = |n: &u8| Term::MONTHS.contains(n) || Term::YEARS.contains(n);
    let accept = |n: u32| u8::try_from(n).ok().filter(sold);
    number(node, "`period`", EXPECTED, OUT_OF_RANGE, accept, report)
}

fn cen(node: &Node<'_>, report: &mut Report) -> Slot<Wish<CenId>> {
    written_null(node, "`cenId`", Wish::Absent, report)
        .unwrap_or_else(|| parsed(node, "`cenId`", "a CEN id: cen-…, or null", ID, report).map(Wish::Present))
}

fn tags(node: &Node<'_>, report: &mut Report) -> Slot<BTreeMap<String, Option<String>>> {
    let Some(entries) = map(node, "`tags`", "a mapping of tag keys to values", report) else {
        return Slot::Wrong;
    };
    let mut tags = BTreeMap::new();
    for (key, node) in entries {
        let (key, value) = (texts::tag_key(key, report), texts::tag_value(node, report));
        if let (Some(key), Slot::Given(At { value, .. })) = (key, value) {
            tags.insert(key, value);
        }
    }
    Slot::read(Some(tags), node.mark)
}
