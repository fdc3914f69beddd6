//! All sources of a run to one spec.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::codes::{
    ACCOUNTS_DISAGREE, ADOPTED_TWICE, DECLARED_TWICE, EMPTY_FILE, LIMITS_DISAGREE, SAME_CEN_AND_AREAS,
    TOO_LARGE,
};
use crate::document::{Document, document};
use crate::read::{At, Slot, is_null};
use crate::report::{Mark, Report};
use crate::resolve::Declared;
use crate::text::{count, text};
use crate::yaml::{Budget, documents};
use crate::{AccountId, Address, AreaPair, CenId, Code, Finding, Limits, Mbps, Package, PackageId};
use crate::{PackageName, Source, Spec, Stack, StackName};

/// The most bytes that all sources of a run may hold together. 100,000 packages with every field take
/// about 60 MiB; a larger limit would let one file take gigabytes of memory.
pub const MOST_BYTES: usize = 128 << 20;

/// What came of reading the sources of a run.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// What they declare; `None` if any finding is an error.
    pub spec: Option<Spec>,
    /// Everything that is wrong or doubtful, by source and position.
    pub findings: Vec<Finding>,
}

/// Reads all sources of a run and checks everything that can be checked without asking the cloud.
///
/// Every finding of every source comes out in one run; only what a document's broken syntax makes
/// unreadable is passed over. Time and memory grow with the size of the sources, whatever they hold.
pub fn parse(sources: &[Source]) -> Parsed {
    let mut report = Report::default();
    let mut merge = Merge::default();
    if let Some(finding) = too_large(sources) {
        report.add(finding);
    } else {
        let mut budget = Budget::default();
        for (index, source) in sources.iter().enumerate() {
            read(count(index), source, &mut budget, &mut merge, &mut report);
            if budget.is_spent() {
                break;
            }
        }
    }
    let spec = (!report.has_errors()).then(|| merge.finish());
    Parsed { spec, findings: report.finish() }
}

fn too_large(sources: &[Source]) -> Option<Finding> {
    let mut left = MOST_BYTES;
    for (index, source) in sources.iter().enumerate() {
        let Some(rest) = left.checked_sub(source.bytes.len()) else {
            let mark = Mark { source: count(index), line: 1, column: 1, ..Mark::default() };
            let message = format!("the spec is larger than {} MiB", MOST_BYTES >> 20);
            return Some(Finding::new(TOO_LARGE, mark, message).hint("split it into several runs"));
        };
        left = rest;
    }
    None
}

fn read(index: u32, source: &Source, budget: &mut Budget, merge: &mut Merge, report: &mut Report) {
    let findings = report.len();
    let Some(text) = text(index, &source.bytes, report) else { return };
    let roots = documents(index, text, budget, report);
    let mut filled = roots.iter().filter(|root| !is_null(root)).peekable();
    if filled.peek().is_none() && report.len() == findings {
        let mark = Mark { source: index, line: 1, column: 1, ..Mark::default() };
        report.add(Finding::new(EMPTY_FILE, mark, "the file declares nothing"));
    }
    for root in filled {
        if let Some(document) = document(root, budget, report) {
            merge.add(&document, report);
        }
    }
}

/// The documents so far, and where each thing that may stand only once stands.
#[derive(Default)]
struct Merge {
    stacks: BTreeMap<StackName, Building>,
    addresses: BTreeMap<Address, Mark>,
    spans: BTreeMap<(CenId, AreaPair), Mark>,
    adopted: BTreeMap<PackageId, Mark>,
}

/// A stack, merged from the documents so far.
#[derive(Default)]
struct Building {
    account: Option<At<AccountId>>,
    max_purchases: Option<At<u32>>,
    max_new_mbps: Option<At<Mbps>>,
    packages: BTreeMap<PackageName, Package>,
}

impl Merge {
    fn add(&mut self, document: &Document<'_>, report: &mut Report) {
        if let Some(name) = document.stack.value() {
            let Document { account, max_purchases, max_new_mbps, .. } = document;
            let stack = self.stacks.entry(name.clone()).or_default();
            agree(&mut stack.account, account, "account", ACCOUNTS_DISAGREE, report);
            agree(&mut stack.max_purchases, max_purchases, "maxPurchases", LIMITS_DISAGREE, report);
            agree(&mut stack.max_new_mbps, max_new_mbps, "maxNewMbps", LIMITS_DISAGREE, report);
        }
        for entry in document.packages {
            if let Some(declared) = document.package(entry, report) {
                self.package(declared, report);
            }
        }
    }

    fn package(&mut self, declared: Declared, report: &mut Report) {
        let Declared { mark, address, areas, cen, adopt, package } = declared;
        if let Some(address) = address
            && let Some(first) = seen_before(&mut self.addresses, address.clone(), mark)
        {
            let finding = Finding::new(DECLARED_TWICE, mark, format!("{address} is declared twice"));
            report
                .add(finding.other(first, "first declared here").hint("remove one of the two, or rename it"));
        }
        if let (Some(At { value: cen, mark }), Some(areas)) = (cen, areas)
            && let Some(first) = seen_before(&mut self.spans, (cen.clone(), areas.clone()), mark)
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
        if let Some(package) = package {
            let stack = self.stacks.entry(package.address.stack.clone()).or_default();
            stack.packages.entry(package.address.package.clone()).or_insert(package);
        }
    }

    fn finish(self) -> Spec {
        let build = |Building { account, max_purchases, max_new_mbps, packages }: Building| Stack {
            account: account.map(|at| at.value),
            limits: Limits {
                max_purchases: max_purchases.map(|at| at.value),
                max_new_mbps: max_new_mbps.map(|at| at.value),
            },
            packages,
        };
        Spec { stacks: self.stacks.into_iter().map(|(name, stack)| (name, build(stack))).collect() }
    }
}

/// Where this key was seen first, if it was; else it is seen here.
fn seen_before<K: Ord>(seen: &mut BTreeMap<K, Mark>, key: K, mark: Mark) -> Option<Mark> {
    match seen.entry(key) {
        Entry::Occupied(first) => Some(*first.get()),
        Entry::Vacant(here) => {
            here.insert(mark);
            None
        }
    }
}

/// Takes over what a further document of a stack says, unless an earlier one says otherwise.
fn agree<T: Clone + PartialEq>(
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
