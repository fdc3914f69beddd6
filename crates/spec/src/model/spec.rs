//! The desired state of a run: stacks and their limits.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::ids::{AccountId, Address, PackageName, StackName};
use crate::model::money::Money;
use crate::model::package::Package;
use crate::model::terms::Mbps;

/// Everything that one run's files declare.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Spec {
    /// The stacks, by name.
    pub stacks: BTreeMap<StackName, Stack>,
}

impl Spec {
    /// Every declared package, by address.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        self.stacks.values().flat_map(|stack| stack.packages.values())
    }

    /// The package declared at this address.
    pub fn get(&self, address: &Address) -> Option<&Package> {
        self.stacks.get(&address.stack)?.packages.get(&address.package)
    }
}

/// The packages of one owner, merged from all documents that name it.
#[derive(Clone, Debug, Serialize)]
pub struct Stack {
    /// The only account it may be applied to, if pinned.
    pub account: Option<AccountId>,
    /// The limits on the spending of one run.
    pub limits: Limits,
    /// The packages, by name.
    pub packages: BTreeMap<PackageName, Package>,
    /// The indices of the sources that declare it, included ones too.
    #[serde(skip)]
    pub sources: BTreeSet<usize>,
}

/// The limits on the spending of one run for one stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// The most packages that one run may buy. `None`: the stack shares [`Limits::DEFAULT_PURCHASES`] with
    /// all others that set no limit.
    pub max_purchases: Option<u32>,
    /// The most Mbps one run may add, by purchases and growth together. `None`: no limit.
    pub max_new_mbps: Option<Mbps>,
    /// The most money that the purchases of one run may cost. `None`: no limit.
    // A spec without one has the same digest as before there was such a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_spend: Option<Money>,
}

impl Limits {
    /// The most packages that one run buys for all stacks that set no limit of purchases, together.
    ///
    /// Ten: more than a team orders in one change, less than a generated mistake would. A default for each
    /// stack would not limit anything: a generated mistake makes stacks as easily as packages.
    pub const DEFAULT_PURCHASES: u32 = 10;
}
