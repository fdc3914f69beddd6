//! Words for limits that a plan exceeds, and the summary of prices.

use std::fmt;

use cenbwp_spec::StackName;

use crate::{Breach, Cost, Excess, LimitOwner, Plan};

/// The name of the limit on money in the spec.
const MAX_SPEND: &str = "maxSpend";
/// The advice where no sum of money would be enough.
const WITHOUT_A_SUM: &str = "plan again once each price is known, in one currency";

impl Breach {
    /// The exceeded limit, and the amounts.
    pub fn message(&self) -> String {
        let Self { owner, excess } = self;
        let of = |limit: &str| match owner {
            LimitOwner::Run => format!("{limit} of this run"),
            LimitOwner::Stack(stack) => format!("{limit} of stack {stack}"),
            LimitOwner::Default { stacks: 1, most, .. } => format!("the default {limit} of stack {most}"),
            LimitOwner::Default { stacks, .. } => {
                format!("the default {limit} that {stacks} stacks without their own share")
            }
        };
        match excess {
            Excess::Count { limit, allowed, wanted } => {
                format!("{} is {allowed}, the plan needs {wanted}", of(limit.as_str()))
            }
            Excess::Spend { allowed, wanted } => {
                let limit = of(MAX_SPEND);
                match wanted.unknown {
                    0 => format!("{limit} is {allowed}, the purchases cost {wanted}"),
                    1 => format!("{limit} is {allowed}, and the price of a purchase is not known"),
                    n => format!("{limit} is {allowed}, and the prices of {n} purchases are not known"),
                }
            }
        }
    }

    /// The way out.
    pub fn hint(&self) -> String {
        let Self { owner, excess } = self;
        let raise = |stack: &StackName, limit: &str, wanted: &str| {
            format!(
                "plan less with `--target`, or, where {stack} is declared, write under `limits`: `{limit}: {wanted}`"
            )
        };
        match (owner, excess) {
            (LimitOwner::Stack(stack), Excess::Count { limit, wanted, .. }) => {
                raise(stack, limit.as_str(), &wanted.to_string())
            }
            // A stack that sets its own limit leaves all of the default to the others.
            (LimitOwner::Default { most, purchases, .. }, Excess::Count { limit, .. }) => {
                raise(most, limit.as_str(), &purchases.to_string())
            }
            (LimitOwner::Run, Excess::Count { limit, wanted, .. }) => {
                format!("plan less, or allow it with `{} {wanted}`", limit.flag())
            }
            (
                LimitOwner::Stack(stack) | LimitOwner::Default { most: stack, .. },
                Excess::Spend { wanted, .. },
            ) => match &wanted.sums().collect::<Vec<_>>()[..] {
                [sum] if wanted.unknown == 0 => raise(stack, MAX_SPEND, &sum.to_string()),
                _ => format!(
                    "{WITHOUT_A_SUM}, or, where {stack} is declared, remove `{MAX_SPEND}` from `limits`"
                ),
            },
            (LimitOwner::Run, Excess::Spend { .. }) => WITHOUT_A_SUM.to_owned(),
        }
    }
}

/// Returns the price of the purchases of several plans; `None` if none of them has asked for it. A purchase of a plan
/// that has not counts as one whose price is not known.
pub fn cost<'a>(plans: impl IntoIterator<Item = &'a Plan>) -> Option<Cost> {
    let (mut sum, mut is_asked) = (Cost::default(), false);
    for plan in plans {
        is_asked |= plan.cost().is_some();
        sum = plan.purchases().fold(sum, |sum, purchase| sum.plus(&Cost::of(purchase)));
    }
    is_asked.then_some(sum)
}

/// `7200 CNY and 30 USD, 1 price not known`.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sums: Vec<String> = self.sums().map(|sum| sum.to_string()).collect();
        f.write_str(&sums.join(" and "))?;
        match (self.unknown, sums.is_empty()) {
            (0, _) => Ok(()),
            (1, true) => f.write_str("price not known"),
            (unknown, true) => write!(f, "{unknown} prices not known"),
            (1, false) => f.write_str(", 1 price not known"),
            (unknown, false) => write!(f, ", {unknown} prices not known"),
        }
    }
}
