//! One document: its head, its defaults and its packages.

use crate::findings::Finding;
use crate::findings::catalogue::{ACCOUNT, MISSING_FIELD, NAME, UNKNOWN_FIELD, VERSION};
use crate::findings::collect::Report;
use crate::model::ids::{AccountId, Address, PackageName, StackName};
use crate::model::terms::Mbps;
use crate::read::cursor::{At, Slot, integer, map, number, parse, parsed, wrong_type};
use crate::read::fields::{Fields, Scope, unknown};
use crate::read::package::{Declared, resolve};
use crate::read::{fields, rules};
use crate::source::saturating_u32;
use crate::yaml::budget::Budget;
use crate::yaml::node::{Key, Node, Value};

/// Every field of a document.
pub(crate) const FIELDS: [&str; 6] = ["account", "defaults", "limits", "packages", "stack", "version"];
/// Every field of `limits`.
pub(crate) const LIMITS: [&str; 2] = ["maxNewMbps", "maxPurchases"];

/// What one document declares. Its packages are read one by one, with [`Document::package`].
pub(crate) struct Document<'a> {
    pub(crate) stack: Slot<StackName>,
    pub(crate) account: Slot<AccountId>,
    pub(crate) max_purchases: Slot<u32>,
    pub(crate) max_new_mbps: Slot<Mbps>,
    defaults: Fields,
    /// The entries of `packages`.
    pub(crate) packages: &'a [(Key<'a>, Node<'a>)],
}

/// Reads a document all but its packages; `None` if it is not even a mapping, or too large.
pub(crate) fn document<'a>(
    root: &'a Node<'a>,
    budget: &mut Budget,
    report: &mut Report,
) -> Option<Document<'a>> {
    let entries = map(root, "the document", "a mapping with `version`, `stack` and `packages`", report)?;
    let mut document = Document {
        stack: Slot::Missing,
        account: Slot::Missing,
        max_purchases: Slot::Missing,
        max_new_mbps: Slot::Missing,
        defaults: Fields::default(),
        packages: &[],
    };
    for (key, node) in entries {
        match &*key.text {
            "version" => version(node, report),
            "stack" => document.stack = stack(node, report),
            "account" => document.account = account(node, report),
            "defaults" => {
                document.defaults = match map(node, "`defaults`", "a mapping of fields", report) {
                    Some(entries) => Fields::read(entries, Scope::Defaults, report),
                    // What a package needs might have been meant to stand there: it is not reported as missing.
                    None => Fields { bandwidth: Slot::Wrong, auto_pay: Slot::Wrong, ..Fields::default() },
                };
            }
            "limits" => limits(node, &mut document, report),
            "packages" => {
                let packages = map(node, "`packages`", "a mapping of names to packages", report);
                document.packages = packages.unwrap_or_default();
            }
            _ => unknown_in_document(key, report),
        }
    }
    missing(root, entries, report);
    let copies = saturating_u32(document.packages.len().saturating_mul(document.defaults.shared_values()));
    budget.values(copies, root.mark, report).then_some(document)
}

impl Document<'_> {
    /// Reads one package. Not before the whole head is read: `defaults` may stand below `packages`.
    pub(crate) fn package(&self, (key, node): &(Key<'_>, Node<'_>), report: &mut Report) -> Option<Declared> {
        let name: Option<PackageName> = parse(&key.text, key.mark, "the name of the package", NAME, report);
        let Value::Map(entries) = node.value() else {
            wrong_type(node, "the package", "a mapping with the fields of the package", None, report);
            return None;
        };
        let own = Fields::read(entries, Scope::Package, report);
        if own.areas.is_missing() {
            let finding = Finding::new(MISSING_FIELD, key.mark, "the package has no `areas`");
            report.add(finding.expected("`areas`, a list of two, such as [China, Europe]"));
        }
        let address =
            self.stack.value().cloned().zip(name).map(|(stack, package)| Address { stack, package });
        Some(resolve(address, key.mark, own, &self.defaults, report))
    }
}

fn missing(root: &Node<'_>, entries: &[(Key<'_>, Node<'_>)], report: &mut Report) {
    for (field, expected) in [
        ("version", "`version: 1`"),
        ("stack", "`stack: NAME`, the owner of the packages"),
        ("packages", "`packages:`, a mapping of names to packages"),
    ] {
        if !entries.iter().any(|(key, _)| key.text == field) {
            let finding = Finding::new(MISSING_FIELD, root.mark, format!("the document has no `{field}`"));
            report.add(finding.expected(expected));
        }
    }
}

/// A package field at the top is most often one indented too little.
fn unknown_in_document(key: &Key<'_>, report: &mut Report) {
    if fields::FIELDS.contains(&&*key.text) {
        let finding =
            Finding::new(UNKNOWN_FIELD, key.mark, format!("`{}` is a field of a package", key.text));
        report.add(finding.hint("move it into a package or into `defaults`; check the indentation"));
    } else {
        unknown(key, &FIELDS, report);
    }
}

/// Checks the version; nothing follows from its value, since there is only one.
fn version(node: &Node<'_>, report: &mut Report) {
    const EXPECTED: &str = "1, the version that this release reads";
    number(node, "`version`", EXPECTED, VERSION, |number| (number == 1).then_some(()), report);
}

fn stack(node: &Node<'_>, report: &mut Report) -> Slot<StackName> {
    let stack: Slot<StackName> = parsed(node, "`stack`", "the name of a stack", NAME, report);
    if let Some(At { value, mark }) = stack.given() {
        rules::identity(value, *mark, report);
    }
    stack
}

/// Reads an account number, quoted or not: its digits are taken as they are written.
fn account(node: &Node<'_>, report: &mut Report) -> Slot<AccountId> {
    if let Value::Scalar { text, plain: true } = node.value()
        && text.starts_with(|c: char| c.is_ascii_digit())
    {
        return Slot::read(parse(text, node.mark, "`account`", ACCOUNT, report), node.mark);
    }
    parsed(node, "`account`", "an account number: decimal digits", ACCOUNT, report)
}

fn limits(node: &Node<'_>, document: &mut Document<'_>, report: &mut Report) {
    let Some(entries) = map(node, "`limits`", "a mapping of limits", report) else { return };
    for (key, node) in entries {
        match &*key.text {
            "maxPurchases" => document.max_purchases = integer(node, "`maxPurchases`", 0..=u32::MAX, report),
            "maxNewMbps" => {
                document.max_new_mbps = integer(node, "`maxNewMbps`", 0..=u32::MAX, report).map(Mbps);
            }
            _ => unknown(key, &LIMITS, report),
        }
    }
}
