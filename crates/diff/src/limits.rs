//! What the changes would spend, against what one run may spend.

use cenbwp_spec::{Mbps, Spec, Stack, StackName};

use crate::{Breach, Change, FieldChange, Options};

/// Returns every limit that the changes, sorted by identity, exceed: the run's own first, then each stack's.
pub(crate) fn breaches(changes: &[Change], spec: &Spec, options: &Options) -> Vec<Breach> {
    let mut breaches = Vec::new();
    breaches.extend(Spending::of(changes).breaches(None, options.max_purchases, options.max_new_mbps));
    for changes in changes.chunk_by(|a, b| a.stack() == b.stack()) {
        let name = changes[0].stack();
        if let Some(Stack { limits, .. }) = spec.stacks.get(name) {
            let spending = Spending::of(changes);
            breaches.extend(spending.breaches(Some(name), Some(limits.max_purchases), limits.max_new_mbps));
        }
    }
    breaches
}

impl Change {
    fn stack(&self) -> &StackName {
        &self.identity().address.stack
    }

    /// The bandwidth it adds: a purchase's, or how much an upgrade raises. A downgrade adds nothing and
    /// makes no room for another change.
    pub fn new_mbps(&self) -> u64 {
        if let Self::Purchase(purchase) = self {
            return purchase.bandwidth.0.into();
        }
        let raise = |field: &FieldChange| {
            let FieldChange::Bandwidth(mbps) = field else { return 0 };
            u64::from(mbps.to.0.saturating_sub(mbps.from.0))
        };
        self.fields().iter().map(raise).sum()
    }
}

struct Spending {
    purchases: u64,
    new_mbps: u64,
}

impl Spending {
    fn of(changes: &[Change]) -> Self {
        let purchases = changes.iter().filter(|change| matches!(change, Change::Purchase(_))).count();
        Self { purchases: purchases as u64, new_mbps: changes.iter().map(Change::new_mbps).sum() }
    }

    fn breaches(
        &self,
        stack: Option<&StackName>,
        max_purchases: Option<u32>,
        max_new_mbps: Option<Mbps>,
    ) -> impl Iterator<Item = Breach> {
        let stack = stack.cloned();
        [
            ("maxPurchases", max_purchases, self.purchases),
            ("maxNewMbps", max_new_mbps.map(|mbps| mbps.0), self.new_mbps),
        ]
        .into_iter()
        .filter_map(move |(limit, allowed, wanted)| {
            let allowed = allowed.filter(|allowed| u64::from(*allowed) < wanted)?;
            Some(Breach { stack: stack.clone(), limit, allowed, wanted })
        })
    }
}
