//! The spending of a plan's changes, against the limits of the run and of each stack.

use cenbwp_spec::{Limits, Mbps, Spec, StackName};

use crate::{Breach, Change, Limit, LimitOwner, NewMbps, Options};

/// Returns every limit that the changes, sorted by identity, exceed: the run's own first, then the default
/// that stacks share, then each stack's.
pub(super) fn breaches(changes: &[Change], spec: &Spec, options: &Options) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let limits = Limits { max_purchases: options.max_purchases, max_new_mbps: options.max_new_mbps };
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
    (wanted > u64::from(allowed)).then_some(Breach { owner, limit: Limit::Purchases, allowed, wanted })
}

fn stack(change: &Change) -> &StackName {
    &change.identity().address.stack
}

#[derive(Default)]
struct Spending {
    purchases: u64,
    mbps: u64,
}

impl Spending {
    fn of(changes: &[Change]) -> Self {
        changes.iter().fold(Self::default(), |Self { purchases, mbps }, change| Self {
            purchases: purchases + u64::from(matches!(change, Change::Purchase(_))),
            mbps: mbps + NewMbps::total(change.new_mbps()),
        })
    }

    fn breaches(&self, owner: &LimitOwner, limits: Limits) -> impl Iterator<Item = Breach> {
        let Limits { max_purchases, max_new_mbps } = limits;
        [
            (Limit::Purchases, max_purchases, self.purchases),
            (Limit::NewMbps, max_new_mbps.map(|Mbps(mbps)| mbps), self.mbps),
        ]
        .into_iter()
        .filter_map(|(limit, allowed, wanted)| {
            let allowed = allowed.filter(|allowed| u64::from(*allowed) < wanted)?;
            Some(Breach { owner: owner.clone(), limit, allowed, wanted })
        })
    }
}
