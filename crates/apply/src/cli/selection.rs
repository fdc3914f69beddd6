//! Flags that select the packages of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use cenbwp_spec::{AccountId, Address, ParseError, Spec, StackName};

use crate::exit::{Exit, Failure};

/// The packages of the spec that a run is about. Without a flag it is about all of them.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct SelectionArgs {
    /// Only this stack or package; repeatable
    #[arg(long, value_name = "STACK[/PACKAGE]", conflicts_with = "exclude")]
    pub target: Vec<Selector>,
    /// All but this stack or package; repeatable
    #[arg(long, value_name = "STACK[/PACKAGE]")]
    pub exclude: Vec<Selector>,
    /// Only the stacks that the spec pins to this account; credentials of another account are refused
    #[arg(long, value_name = "ID")]
    pub account: Option<AccountId>,
}

/// A stack, or one package of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Selector {
    Stack(StackName),
    Package(Address),
}

impl FromStr for Selector {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.contains('/') { text.parse().map(Self::Package) } else { text.parse().map(Self::Stack) }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stack(stack) => stack.fmt(f),
            Self::Package(address) => address.fmt(f),
        }
    }
}

impl Selector {
    fn selects(&self, address: &Address) -> bool {
        match self {
            Self::Stack(stack) => address.stack == *stack,
            Self::Package(package) => address == package,
        }
    }
}

impl SelectionArgs {
    /// Returns the selected addresses; `None` if no flag selects.
    ///
    /// # Errors
    /// Exit 3 when the spec does not declare what a flag names, or when the flags together leave nothing.
    pub(super) fn of(&self, spec: &Spec) -> Result<Option<BTreeSet<Address>>, Failure> {
        let Self { target, exclude, account } = self;
        self.check_names(spec)?;
        if target.is_empty() && exclude.is_empty() && account.is_none() {
            return Ok(None);
        }
        let is_pinned = |address: &Address| {
            account.is_none()
                || spec.stacks.get(&address.stack).is_some_and(|stack| stack.account == *account)
        };
        let is_selected = |address: &&Address| {
            (target.is_empty() || target.iter().any(|it| it.selects(address)))
                && !exclude.iter().any(|it| it.selects(address))
                && is_pinned(address)
        };
        let declared = spec.packages().map(|package| &package.address);
        let selected: BTreeSet<Address> = declared.filter(is_selected).cloned().collect();
        // One flag that names a stack without packages is no mistake.
        let flags = [!target.is_empty(), !exclude.is_empty(), account.is_some()];
        if selected.is_empty() && (!exclude.is_empty() || flags.iter().filter(|it| **it).count() > 1) {
            return Err(Failure::new(Exit::Invalid, "the flags leave no package of the spec")
                .hint("cenbwp stacks lists the stacks of the spec, with their accounts and packages"));
        }
        Ok(Some(selected))
    }

    /// Returns what a saved plan of these packages selected, with one selector for a whole stack.
    pub(super) fn selectors(targets: &BTreeSet<Address>, spec: &Spec) -> Vec<Selector> {
        let mut of_stack: BTreeMap<&StackName, usize> = BTreeMap::new();
        targets.iter().for_each(|address| *of_stack.entry(&address.stack).or_default() += 1);
        let is_whole = |name| {
            spec.stacks.get(name).is_some_and(|stack| of_stack.get(name) == Some(&stack.packages.len()))
        };
        let mut selectors: Vec<Selector> = targets
            .iter()
            .map(|address| match &address.stack {
                stack if is_whole(stack) => Selector::Stack(stack.clone()),
                _ => Selector::Package(address.clone()),
            })
            .collect();
        selectors.dedup();
        selectors
    }

    fn check_names(&self, spec: &Spec) -> Result<(), Failure> {
        let targets = self.target.iter().map(|it| ("--target", it));
        for (flag, selector) in targets.chain(self.exclude.iter().map(|it| ("--exclude", it))) {
            let is_declared = match selector {
                Selector::Stack(stack) => spec.stacks.contains_key(stack),
                Selector::Package(address) => spec.get(address).is_some(),
            };
            if !is_declared {
                return Err(unknown(flag, selector, spec));
            }
        }
        match &self.account {
            Some(id) if !spec.stacks.values().any(|stack| stack.account.as_ref() == Some(id)) => {
                let message = format!("--account {id}: no stack of the spec is pinned to it");
                let hint = format!("pin a stack where it is declared: `account: \"{id}\"`");
                Err(Failure::new(Exit::Invalid, message).hint(hint))
            }
            _ => Ok(()),
        }
    }
}

fn unknown(flag: &str, selector: &Selector, spec: &Spec) -> Failure {
    let failure =
        Failure::new(Exit::Invalid, format_args!("{flag} {selector}: the spec does not declare it"));
    match meant(selector, spec) {
        Some(meant) => failure.hint(format!("did you mean {meant}?")),
        None => failure.hint("cenbwp stacks lists the stacks and packages of the spec"),
    }
}

/// Returns the selector that is probably meant: that of a package named without its stack or with another one, or
/// one that is spelled nearly so.
fn meant(selector: &Selector, spec: &Spec) -> Option<String> {
    let addresses = || spec.packages().map(|package| &package.address);
    let whole = |address: &Address| (address.to_string(), address.to_string());
    let (spelled, cutoff): (Vec<(String, String)>, f32) = match selector {
        Selector::Stack(_) => {
            let stacks = spec.stacks.keys().map(|stack| (stack.to_string(), stack.to_string()));
            let keys = addresses().map(|it| (it.package.to_string(), it.to_string()));
            (stacks.chain(keys).collect(), 0.6)
        }
        Selector::Package(wanted) if addresses().any(|it| it.package == wanted.package) => {
            (addresses().filter(|it| it.package == wanted.package).map(whole).collect(), 0.0)
        }
        Selector::Package(_) => (addresses().map(whole).collect(), 0.6),
    };
    let spellings: Vec<&str> = spelled.iter().map(|(spelling, _)| &**spelling).collect();
    let near = *similar::get_close_matches(selector.to_string().as_str(), &spellings, 1, cutoff).first()?;
    spelled.iter().find(|(spelling, _)| spelling == near).map(|(_, meant)| meant.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_is_named_by_stacks_where_it_holds_whole_ones() {
        let package = "{areas: [China, Europe], bandwidth: 2, autoPay: true}";
        let stack = |name: &str, packages: &[&str]| {
            let packages = packages.iter().map(|it| format!("  {it}: {package}\n")).collect::<String>();
            let text = format!("version: 1\nstack: {name}\npackages:\n{packages}");
            cenbwp_spec::Source { name: format!("{name}.yaml"), bytes: text.into_bytes() }
        };
        let sources = [stack("core", &["a", "b"]), stack("sites", &["c", "d"])];
        let spec = cenbwp_spec::parse(&sources).spec.expect("a valid spec");
        let targets = ["core/a", "core/b", "sites/d"].map(|it| it.parse().expect("an address"));
        let named = SelectionArgs::selectors(&BTreeSet::from(targets), &spec);
        assert_eq!(named.iter().map(ToString::to_string).collect::<Vec<_>>(), ["core", "sites/d"]);
    }
}
