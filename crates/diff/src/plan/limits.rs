//! Limits on what one run may spend.

use cenbwp_spec::{Money, StackName};

use super::Cost;

/// A limit that the plan exceeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The owner of the limit.
    pub owner: LimitOwner,
    /// The limit, and the amount that the plan wants.
    pub excess: Excess,
}

/// A limit with the amount that it allows and the one that the plan wants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Excess {
    /// More purchases, or more Mbps.
    Count {
        /// The limit.
        limit: Limit,
        /// The number that it allows.
        allowed: u32,
        /// The number that the plan wants.
        wanted: u64,
    },
    /// More money, or a sum that is not known.
    Spend {
        /// The sum that the purchases may cost: `maxSpend` of the spec.
        allowed: Money,
        /// Their price, which is not proved to be within it.
        wanted: Cost,
    },
}

/// An amount that is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// The number of purchases.
    Purchases,
    /// The bandwidth that purchases and upgrades add.
    NewMbps,
}

impl Limit {
    /// Its name under `limits` in the spec.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Purchases => "maxPurchases",
            Self::NewMbps => "maxNewMbps",
        }
    }

    /// The flag that sets it for one run.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Purchases => "--max-purchases",
            Self::NewMbps => "--max-new-mbps",
        }
    }
}

/// The owner of a limit, in the order in which breaches are listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitOwner {
    /// The run: the limit is a flag's.
    Run,
    /// Every stack that sets no `maxPurchases`: they share one default.
    Default {
        /// The number of them that buy something.
        stacks: usize,
        /// The one that buys the most, the first of several by name.
        most: StackName,
        /// The number of packages that this one buys.
        purchases: u64,
    },
    /// One stack.
    Stack(StackName),
}
