//! The spending of a plan's changes, against the limits of the run and of each stack.

use cenbwp_spec::{Limits, Mbps, Spec, StackName};

use crate::{Breach, Change, Cost, Excess, Limit, LimitOwner, NewMbps, Options};

/// Returns every limit that the changes, sorted by identity, exceed: the run's own first, then the default
/// that stacks share, then each stack's.
pub(super) fn breaches(changes: &[Change], spec: &Spec, options: &Options) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let (max_purchases, max_new_mbps) = (options.max_purchases, options.max_new_mbps);
    let limits = Limits { max_purchases, max_new_mbps, max_spend: None };
    breaches.extend(Spending::of(changes).breaches(&LimitOwner::Run, limits));
    let mut sharing = Vec::new();
    let mut own = Vec::new();
    for changes in changes.chunk_by(|a, b| stack(a) == stack(b)) {
        let name = stack(&changes[0]);
        let Some(stack) = spec.stacks.get(name) else { continue };
        let spending = Spending::of(changes);
        own.extend(spending.breaches(&LimitOwner::Stack(name.clone()), stack.limits));
        if stack.limits.max_purchases.is_none() && spending.purchases > 0 {
            sharing.push((name, spending.purchases));
        }
    }
    breaches.extend(default_breach(&sharing));
    breaches.extend(own);
    breaches
}

/// The stacks that set no limit of purchases, each with the number it buys, against the default that they share.
fn default_breach(sharing: &[(&StackName, u64)]) -> Option<Breach> {
    let wanted = sharing.iter().map(|(_, purchases)| purchases).sum();
    let (most, purchases) = sharing.iter().rev().max_by_key(|(_, purchases)| purchases)?;
    let owner = LimitOwner::Default { stacks: sharing.len(), most: (*most).clone(), purchases: *purchases };
    let allowed = Limits::DEFAULT_PURCHASES;
    let excess = Excess::Count { limit: Limit::Purchases, allowed, wanted };
    (wanted > u64::from(allowed)).then_some(Breach { owner, excess })
}

fn stack(change: &Change) -> &StackName {
    &change.identity().address.stack
}

#[derive(Default)]
struct Spending {
    purchases: u64,
    mbps: u64,
    cost: Cost,
}

impl Spending {
    fn of(changes: &[Change]) -> Self {
        changes.iter().fold(Self::default(), |Self { purchases, mbps, cost }, change| {
            let mbps = mbps + NewMbps::total(change.new_mbps());
            match change {
                Change::Purchase(purchase) => {
                    Self { purchases: purchases + 1, mbps, cost: cost.plus(&Cost::of(purchase)) }
                }
                Change::Update(_)
                | Change::Adopt(_)
                | Change::Move(_)
                | Change::Release(_)
                | Change::Retire(_) => Self { purchases, mbps, cost },
            }
        })
    }

    /// Returns the limits that are exceeded. One on money holds as well where the price is not known.
    fn breaches(&self, owner: &LimitOwner, limits: Limits) -> impl Iterator<Item = Breach> {
        let Limits { max_purchases, max_new_mbps, max_spend } = limits;
        let count = |limit, allowed: Option<u32>, wanted| {
            let allowed = allowed.filter(|allowed| u64::from(*allowed) < wanted)?;
            Some(Excess::Count { limit, allowed, wanted })
        };
        let spend = max_spend.filter(|most| !self.cost.is_within(*most));
        [
            count(Limit::Purchases, max_purchases, self.purchases),
            count(Limit::NewMbps, max_new_mbps.map(|Mbps(mbps)| mbps), self.mbps),
            spend.map(|allowed| Excess::Spend { allowed, wanted: self.cost.clone() }),
        ]
        .into_iter()
        .flatten()
        .map(|excess| Breach { owner: owner.clone(), excess })
    }
}
