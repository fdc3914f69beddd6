//! The spending of a plan, added up in another way than the planner's.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use cenbwp_spec::{Limits, Money, Spec, Stack, StackName};

use crate::{
    Adoption, Change, Cost, Excess, FieldChange, Limit, LimitOwner, Move, Options, Plan, Price, Update,
};

/// A limit, its value and the amount that the plan wants.
type Exceeded = (LimitOwner, Excess);

/// Returns the limits that the plan reports as exceeded.
pub(super) fn reported(plan: &Plan) -> BTreeSet<Exceeded> {
    plan.breaches.iter().map(|it| (it.owner.clone(), it.excess.clone())).collect()
}

/// Returns the limits that it does exceed: the flags', each stack's, and the default of the stacks that set none.
pub(super) fn breaches(plan: &Plan, spec: &Spec, options: &Options) -> BTreeSet<Exceeded> {
    let mut spent: BTreeMap<Option<&StackName>, [u64; 2]> = BTreeMap::new();
    for change in &plan.changes {
        for stack in [None, Some(&change.identity().address.stack)] {
            let sums = spent.entry(stack).or_default();
            sums[0] += u64::from(matches!(change, Change::Purchase(_)));
            sums[1] += new_mbps(change);
        }
    }
    let mut exceeded = BTreeSet::new();
    // The stacks that buy without a limit of their own, the one that buys the most first.
    let mut unlimited: BTreeSet<(Reverse<u64>, &StackName)> = BTreeSet::new();
    for (stack, [purchases, mbps]) in spent {
        let (owner, most, most_mbps) = match stack {
            None => (LimitOwner::Run, options.max_purchases, options.max_new_mbps),
            Some(name) => {
                let Some(Stack { limits, .. }) = spec.stacks.get(name) else { continue };
                if limits.max_purchases.is_none() && purchases > 0 {
                    unlimited.insert((Reverse(purchases), name));
                }
                if let Some(allowed) = limits.max_spend
                    && let Some(wanted) = unproved(plan, name, allowed)
                {
                    let excess = Excess::Spend { allowed, wanted };
                    exceeded.insert((LimitOwner::Stack(name.clone()), excess));
                }
                (LimitOwner::Stack(name.clone()), limits.max_purchases, limits.max_new_mbps)
            }
        };
        let rows = [(Limit::Purchases, most, purchases), (Limit::NewMbps, most_mbps.map(|it| it.0), mbps)];
        for (limit, most, wanted) in rows {
            if let Some(most) = most.filter(|most| wanted > u64::from(*most)) {
                exceeded.insert((owner.clone(), Excess::Count { limit, allowed: most, wanted }));
            }
        }
    }
    let wanted = unlimited.iter().map(|(purchases, _)| purchases.0).sum();
    if let Some((purchases, most)) = unlimited.first()
        && wanted > u64::from(Limits::DEFAULT_PURCHASES)
    {
        let owner =
            LimitOwner::Default { stacks: unlimited.len(), most: (*most).clone(), purchases: purchases.0 };
        let allowed = Limits::DEFAULT_PURCHASES;
        exceeded.insert((owner, Excess::Count { limit: Limit::Purchases, allowed, wanted }));
    }
    exceeded
}

/// Returns the price of a stack's purchases, unless each is known and all together are at most this much.
fn unproved(plan: &Plan, stack: &StackName, allowed: Money) -> Option<Cost> {
    let (mut wanted, mut is_proved) = (Cost::default(), true);
    for purchase in plan.purchases().filter(|it| it.identity.address.stack == *stack) {
        match purchase.price {
            Some(Price::Known(price)) => {
                let sum = wanted.known.entry(price.currency).or_default();
                *sum = *sum + price.amount;
                is_proved &= price.currency == allowed.currency && *sum <= allowed.amount;
            }
            Some(Price::Unknown(_)) | None => {
                wanted.unknown += 1;
                is_proved = false;
            }
        }
    }
    (!is_proved).then_some(wanted)
}

fn new_mbps(change: &Change) -> u64 {
    let fields = match change {
        Change::Purchase(purchase) => return u64::from(purchase.bandwidth.0),
        Change::Update(Update { fields, .. })
        | Change::Adopt(Adoption { fields, .. })
        | Change::Move(Move { fields, .. }) => fields,
        Change::Release(_) | Change::Retire(_) => return 0,
    };
    let mut sum = 0;
    for field in fields {
        if let FieldChange::Bandwidth(delta) = field
            && delta.to > delta.from
        {
            sum += u64::from(delta.to.0 - delta.from.0);
        }
    }
    sum
}
