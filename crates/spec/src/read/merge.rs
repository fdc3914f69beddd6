//! Merges the documents of a run into one spec, and checks the rules across packages.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::findings::catalogue::{
    ACCOUNTS_DISAGREE, ADOPTED_TWICE, DECLARED_TWICE, LIMITS_DISAGREE, MOVED_AND_DECLARED, MOVED_TWICE,
    SAME_CEN_AND_AREAS,
};
use crate::findings::collect::Report;
use crate::findings::{Code, Finding};
use crate::model::area::AreaPair;
use crate::model::ids::{AccountId, Address, CenId, PackageId, PackageName, StackName};
use crate::model::money::Money;
use crate::model::package::Package;
use crate::model::spec::{Limits, Spec, Stack};
use crate::model::terms::Mbps;

use crate::read::document::{DeclaredLimits, Document};
use crate::read::package::Declared;
use crate::read::slot::{At, Slot};
use crate::source::Mark;

/// The documents so far, and the place of everything that may be declared only once.
#[derive(Default)]
pub(super) struct Merge {
    stacks: BTreeMap<StackName, StackBuilder>,
    addresses: BTreeMap<Address, Mark>,
    attachments: BTreeMap<(CenId, AreaPair), Mark>,
    adopted: BTreeMap<PackageId, Mark>,
    /// The keys that packages had before.
    moved: BTreeMap<Address, Mark>,
}

/// A stack, merged from the documents so far.
#[derive(Default)]
struct StackBuilder {
    account: Option<At<AccountId>>,
    max_purchases: Option<At<u32>>,
    max_new_mbps: Option<At<Mbps>>,
    max_spend: Option<At<Money>>,
    packages: BTreeMap<PackageName, Package>,
    sources: BTreeSet<usize>,
}

impl Merge {
    pub(super) fn add(&mut self, document: &Document<'_>, report: &mut Report) {
        if let Some(At { value: name, mark }) = document.stack.given() {
            let Document { account, limits, .. } = document;
            let DeclaredLimits { max_purchases, max_new_mbps, max_spend } = limits;
            let stack = self.stacks.entry(name.clone()).or_default();
            stack.sources.insert(mark.source as usize);
            stack.sources.extend(&document.included);
            merge_setting(&mut stack.account, account, "account", ACCOUNTS_DISAGREE, report);
            merge_setting(&mut stack.max_purchases, max_purchases, "maxPurchases", LIMITS_DISAGREE, report);
            merge_setting(&mut stack.max_new_mbps, max_new_mbps, "maxNewMbps", LIMITS_DISAGREE, report);
            merge_setting(&mut stack.max_spend, max_spend, "maxSpend", LIMITS_DISAGREE, report);
        }
        for entry in document.packages {
            if let Some(declared) = document.package(entry, report) {
                self.package(declared, report);
            }
        }
    }

    fn package(&mut self, declared: Declared, report: &mut Report) {
        let Declared { mark, address, areas, cen, adopt, moved_from, package } = declared;
        if let Some(address) = address
            && let Some(first) = seen_before(&mut self.addresses, address.clone(), mark)
        {
            let finding = Finding::new(DECLARED_TWICE, mark, format!("{address} is declared twice"));
            report
                .add(finding.other(first, "first declared here").hint("remove one of the two, or rename it"));
        }
        if let (Some(At { value: cen, mark }), Some(areas)) = (cen, areas)
            && let Some(first) = seen_before(&mut self.attachments, (cen.clone(), areas.clone()), mark)
        {
            let finding =
                Finding::new(SAME_CEN_AND_AREAS, mark, format!("a second package connects {areas} on {cen}"));
            report.add(
                finding
                    .other(first, "the first is attached here")
                    .hint("a CEN takes one package per area pair"),
            );
        }
        if let Some(At { value: id, mark }) = adopt
            && let Some(first) = seen_before(&mut self.adopted, id.clone(), mark)
        {
            let finding = Finding::new(ADOPTED_TWICE, mark, format!("{id} is adopted twice"));
            report.add(finding.other(first, "first adopted here").hint("adopt it in one place"));
        }
        if let Some(At { value: old, mark }) = moved_from
            && let Some(first) = seen_before(&mut self.moved, old.clone(), mark)
        {
            let finding = Finding::new(MOVED_TWICE, mark, format!("two packages are moved from {old}"));
            report.add(finding.other(first, "first moved here").hint("move it to one place"));
        }
        if let Some(package) = package {
            let stack = self.stacks.entry(package.address.stack.clone()).or_default();
            stack.packages.entry(package.address.package.clone()).or_insert(package);
        }
    }

    /// Checks what only the whole spec shows, and returns it.
    pub(super) fn finish(self, report: &mut Report) -> Spec {
        for (old, mark) in &self.moved {
            if let Some(declared) = self.addresses.get(old) {
                let finding = Finding::new(MOVED_AND_DECLARED, *mark, format!("{old} is still declared"));
                let finding = finding.other(*declared, "declared here");
                report.add(finding.hint("remove that entry, or the line `movedFrom`"));
            }
        }
        self.build()
    }

    fn build(self) -> Spec {
        let build =
            |StackBuilder { account, max_purchases, max_new_mbps, max_spend, packages, sources }: StackBuilder| Stack {
                account: account.map(|at| at.value),
                limits: Limits {
                    max_purchases: max_purchases.map(|at| at.value),
                    max_new_mbps: max_new_mbps.map(|at| at.value),
                    max_spend: max_spend.map(|at| at.value),
                },
                packages,
                sources,
            };
        Spec { stacks: self.stacks.into_iter().map(|(name, stack)| (name, build(stack))).collect() }
    }
}

/// Returns the place of an earlier use of this key; if there is none, records this one.
fn seen_before<K: Ord>(seen: &mut BTreeMap<K, Mark>, key: K, mark: Mark) -> Option<Mark> {
    match seen.entry(key) {
        Entry::Occupied(first) => Some(*first.get()),
        Entry::Vacant(here) => {
            here.insert(mark);
            None
        }
    }
}

/// Takes a setting from another document of a stack, and reports it if an earlier one differs.
fn merge_setting<T: Clone + PartialEq>(
    known: &mut Option<At<T>>,
    said: &Slot<T>,
    field: &str,
    code: Code,
    report: &mut Report,
) {
    let Slot::Given(said) = said else { return };
    match known {
        None => *known = Some(said.clone()),
        Some(known) if known.value == said.value => {}
        Some(known) => {
            let finding =
                Finding::new(code, said.mark, format!("`{field}` differs from an earlier document"));
            report.add(
                finding
                    .other(known.mark, "said here first")
                    .hint("give it in one document, or the same in all"),
            );
        }
    }
}
