//! Reads one document: its head, its defaults and its packages.

use crate::findings::Finding;
use crate::findings::catalogue::{ACCOUNT, MISSING_FIELD, MONEY, NAME, UNKNOWN_FIELD, VERSION};
use crate::findings::collect::Report;
use crate::model::ids::{AccountId, Address, PackageName, StackName};
use crate::model::money::Money;
use crate::model::terms::Mbps;
use crate::read::cursor::{Cursor, is_null, parse};
use crate::read::fields::{Fields, Scope, unknown};
use crate::read::include::{self, Included};
use crate::read::package::{Declared, resolve};
use crate::read::slot::{At, Slot};
use crate::read::{fields, rules};
use crate::source::saturating_u32;
use crate::yaml::budget::Budget;
use crate::yaml::node::{Key, Node, Value};

/// Every field of a document.
pub(crate) const FIELDS: [&str; 7] =
    ["account", "defaults", "include", "limits", "packages", "stack", "version"];
/// Every field of `limits`.
pub(crate) const LIMITS: [&str; 3] = ["maxNewMbps", "maxPurchases", "maxSpend"];

/// The declarations of one document. [`Document::package`] reads its packages one by one.
pub(crate) struct Document<'a> {
    pub(crate) stack: Slot<StackName>,
    pub(crate) account: Slot<AccountId>,
    pub(crate) limits: DeclaredLimits,
    /// The document's own defaults, and below them those of the files that it includes.
    pub(super) defaults: Fields,
    /// The sources that it includes.
    pub(crate) included: Vec<usize>,
    /// The entries of `packages`.
    pub(crate) packages: &'a [(Key<'a>, Node<'a>)],
}

/// The limits that one document sets.
#[derive(Default)]
pub(crate) struct DeclaredLimits {
    pub(crate) max_purchases: Slot<u32>,
    pub(crate) max_new_mbps: Slot<Mbps>,
    pub(crate) max_spend: Slot<Money>,
}

/// Reads a document except its packages; `None` if it is not a mapping, or too large.
pub(super) fn document<'a>(
    root: &'a Node<'a>,
    name: &str,
    included: &Included<'_>,
    budget: &mut Budget,
    report: &mut Report,
) -> Option<Document<'a>> {
    let mut at = Cursor::new(root, "the document", report);
    let entries = at.map("a mapping with `version`, `stack` and `packages`")?;
    let mut document = Document {
        stack: Slot::Missing,
        account: Slot::Missing,
        limits: DeclaredLimits::default(),
        defaults: Fields::default(),
        included: Vec::new(),
        packages: &[],
    };
    let mut includes = include::List::default();
    for (key, node) in entries {
        match &*key.text {
            "version" => version(&mut at.inside(node, "`version`")),
            "stack" => document.stack = stack(&mut at.inside(node, "`stack`")),
            "account" => document.account = account(&mut at.inside(node, "`account`")),
            "defaults" => document.defaults = defaults(&mut at.inside(node, "`defaults`")),
            "include" => includes = include::list(&mut at.inside(node, "`include`"), name),
            "limits" => document.limits = limits(&mut at.inside(node, "`limits`")),
            "packages" => {
                let packages = at.inside(node, "`packages`").map("a mapping of names to packages");
                document.packages = packages.unwrap_or_default();
            }
            _ => unknown_in_document(key, at.report),
        }
    }
    missing(root, entries, report);
    // Of several files the later one wins, and the document's own defaults win over all.
    for at in includes.names.iter().rev() {
        match included.get(at, report) {
            Some((index, fields)) => {
                document.included.push(*index);
                document.defaults = document.defaults.or_defaults(fields);
            }
            None => includes.is_wrong = true,
        }
    }
    if includes.is_wrong {
        document.defaults = document.defaults.or_defaults(&include::unknown_fields());
    }
    let copies = saturating_u32(document.packages.len().saturating_mul(document.defaults.shared_values()));
    budget.values(copies, root.mark, report).then_some(document)
}

impl Document<'_> {
    /// Reads one package, after the whole head: `defaults` may come after `packages`.
    pub(crate) fn package(&self, (key, node): &(Key<'_>, Node<'_>), report: &mut Report) -> Option<Declared> {
        let name: Option<PackageName> = parse(&key.text, key.mark, "the name of the package", NAME, report);
        let Value::Map(entries) = node.value() else {
            let expected = "a mapping with the fields of the package";
            Cursor::new(node, "the package", report).wrong_type(expected, None);
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

    /// Returns the address of a package and its own fields.
    pub(super) fn fields(
        &self,
        (key, node): &(Key<'_>, Node<'_>),
        report: &mut Report,
    ) -> Option<(Address, Fields)> {
        let package = key.text.parse().ok()?;
        let Value::Map(entries) = node.value() else { return None };
        let address = Address { stack: self.stack.value()?.clone(), package };
        Some((address, Fields::read(entries, Scope::Package, report)))
    }
}

fn missing(root: &Node<'_>, entries: &[(Key<'_>, Node<'_>)], report: &mut Report) {
    let has = |field: &str| entries.iter().any(|(key, _)| key.text == field);
    let is_for_others = has("defaults") && !has("stack") && !has("packages");
    let hint =
        is_for_others.then(|| "a file with defaults only is named under `include` in another one".to_owned());
    for (field, expected) in [
        ("version", "`version: 1`"),
        ("stack", "`stack: NAME`, the owner of the packages"),
        ("packages", "`packages:`, a mapping of names to packages"),
    ] {
        if !has(field) {
            let finding = Finding::new(MISSING_FIELD, root.mark, format!("the document has no `{field}`"));
            report.add(finding.expected(expected).maybe_hint(hint.clone()));
        }
    }
}

/// Reports an unknown field of a document. A package field here is most often indented too little.
fn unknown_in_document(key: &Key<'_>, report: &mut Report) {
    if fields::FIELDS.contains(&&*key.text) {
        let finding =
            Finding::new(UNKNOWN_FIELD, key.mark, format!("`{}` is a field of a package", key.text));
        report.add(finding.hint("move it into a package or into `defaults`; check the indentation"));
    } else {
        unknown(key, &FIELDS, report);
    }
}

/// Checks the version. There is only one, so nothing depends on its value.
pub(super) fn version(at: &mut Cursor<'_, '_>) {
    at.number("1, the version that this release reads", VERSION, |number| (number == 1).then_some(()));
}

fn stack(at: &mut Cursor<'_, '_>) -> Slot<StackName> {
    let stack = at.parse("the name of a stack", NAME);
    if let Some(At { value, mark }) = stack.given() {
        rules::identity(value, *mark, at.report);
    }
    stack
}

/// Reads an account number, quoted or not: its digits are taken as they are written.
fn account(at: &mut Cursor<'_, '_>) -> Slot<AccountId> {
    if let Value::Scalar { text, plain: true } = at.node.value()
        && text.starts_with(|c: char| c.is_ascii_digit())
    {
        let number = parse(text, at.node.mark, at.what, ACCOUNT, at.report);
        return at.slot(number);
    }
    at.parse("an account number: decimal digits", ACCOUNT)
}

pub(super) fn defaults(at: &mut Cursor<'_, '_>) -> Fields {
    match at.map("a mapping of fields") {
        Some(entries) => Fields::read(entries, Scope::Defaults, at.report),
        None => include::unknown_fields(),
    }
}

fn limits(at: &mut Cursor<'_, '_>) -> DeclaredLimits {
    let mut limits = DeclaredLimits::default();
    for (key, node) in at.map("a mapping of limits").unwrap_or_default() {
        match &*key.text {
            "maxPurchases" => {
                limits.max_purchases = at.inside(node, "`maxPurchases`").integer(0..=u32::MAX);
            }
            "maxNewMbps" => {
                limits.max_new_mbps = at.inside(node, "`maxNewMbps`").integer(0..=u32::MAX).map(Mbps);
            }
            "maxSpend" => limits.max_spend = money(&mut at.inside(node, "`maxSpend`")),
            _ => unknown(key, &LIMITS, at.report),
        }
    }
    limits
}

/// Reads an amount with its currency. A number alone is an amount that lacks it, and no quotes would mend that.
fn money(at: &mut Cursor<'_, '_>) -> Slot<Money> {
    match at.node.value() {
        Value::Scalar { text, .. } if !is_null(at.node) => {
            let money = parse(text, at.node.mark, at.what, MONEY, at.report);
            at.slot(money)
        }
        _ => at.parse("an amount and its currency, such as 5000 CNY", MONEY),
    }
}
