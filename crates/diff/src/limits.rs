//! What the changes would spend, against what one run may spend.

use std::collections::BTreeMap;

use cenbwp_spec::{Mbps, Spec, StackName};

use crate::{Breach, Change, FieldChange, Options};

/// Returns every limit that the changes exceed: the run's own first, then each stack's.
pub(crate) fn breaches(changes: &[Change], spec: &Spec, options: &Options) -> Vec<Breach> {
    let mut run = Spending::default();
    let mut stacks: BTreeMap<&StackName, Spending> = BTreeMap::new();
    for change in changes {
        run.add(change);
        stacks.entry(&change.identity().address.stack).or_default().add(change);
    }
    let mut breaches = Vec::new();
    breaches.extend(run.breaches(None, options.max_purchases, options.max_new_mbps));
    for (name, spending) in stacks {
        if let Some(stack) = spec.stacks.get(name) {
            let limits = stack.limits;
            breaches.extend(spending.breaches(Some(name), Some(limits.max_purchases), limits.max_new_mbps));
        }
    }
    breaches
}

impl Change {
    /// The bandwidth it adds: a purchase's, or how much an upgrade raises. A downgrade adds nothing and
    /// makes no room for another change.
    pub fn new_mbps(&self) -> u64 {
        let fields = match self {
            Self::Purchase(purchase) => return purchase.bandwidth.0.into(),
            Self::Update(update) => &update.fields,
            Self::Adopt(adoption) => &adoption.fields,
            Self::Release(_) | Self::Retire(_) => return 0,
        };
        let raise = |field: &FieldChange| {
            let FieldChange::Bandwidth(mbps) = field else { return 0 };
            u64::from(mbps.to.0.saturating_sub(mbps.from.0))
        };
        fields.iter().map(raise).sum()
    }
}

#[derive(Default)]
struct Spending {
    purchases: u64,
    new_mbps: u64,
}

impl Spending {
    fn add(&mut self, change: &Change) {
        self.purchases += u64::from(matches!(change, Change::Purchase(_)));
        self.new_mbps += change.new_mbps();
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
