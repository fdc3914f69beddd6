//! What the changes would spend, against what one run may spend.

use cenbwp_spec::{Limits, Mbps, Spec, StackName};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::{Change, FieldChange, Options, Plan};

/// Returns every limit that the changes, sorted by identity, exceed: the run's own first, then the default
/// that stacks share, then each stack's.
pub(crate) fn breaches(changes: &[Change], spec: &Spec, options: &Options) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let limits = Limits { max_purchases: options.max_purchases, max_new_mbps: options.max_new_mbps };
    breaches.extend(Spending::of(changes).breaches(&LimitOwner::Run, limits));
    let mut sharing = Vec::new();
    let mut own = Vec::new();
    for changes in changes.chunk_by(|a, b| a.stack() == b.stack()) {
        let name = changes[0].stack();
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

/// The stacks that set no limit of purchases, each with what it buys, against the default that they share.
fn default_breach(sharing: &[(&StackName, u64)]) -> Option<Breach> {
    let wanted = sharing.iter().map(|(_, purchases)| purchases).sum();
    let (most, purchases) = sharing.iter().rev().max_by_key(|(_, purchases)| purchases)?;
    let owner = LimitOwner::Default { stacks: sharing.len(), most: (*most).clone(), purchases: *purchases };
    let allowed = Limits::DEFAULT_PURCHASES;
    (wanted > u64::from(allowed)).then_some(Breach { owner, limit: "maxPurchases", allowed, wanted })
}

/// The owner of a limit, in the order in which breaches are listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitOwner {
    /// The run: the limit is a flag's.
    Run,
    /// Every stack that sets no `maxPurchases`: they share one default.
    Default {
        /// How many of them buy something.
        stacks: usize,
        /// The one that buys the most, the first of several by name.
        most: StackName,
        /// How many packages that one buys.
        purchases: u64,
    },
    /// One stack.
    Stack(StackName),
}

/// A limit that the plan exceeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The owner of the limit.
    pub owner: LimitOwner,
    /// `maxPurchases` or `maxNewMbps`.
    pub limit: &'static str,
    /// The limit.
    pub allowed: u32,
    /// The amount that the plan wants.
    pub wanted: u64,
}

/// New bandwidth, in Mbps, by its origin. A downgrade adds nothing and makes no room for another change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewMbps {
    /// The bandwidth of what is bought.
    pub by_purchase: u64,
    /// By how much existing packages grow.
    pub by_upgrade: u64,
}

impl NewMbps {
    /// All of it: the number that limits count.
    pub fn total(self) -> u64 {
        self.by_purchase + self.by_upgrade
    }
}

/// As every summary shows it.
impl Serialize for NewMbps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut figures = serializer.serialize_struct("NewMbps", 3)?;
        figures.serialize_field("new_mbps", &self.total())?;
        figures.serialize_field("purchase_mbps", &self.by_purchase)?;
        figures.serialize_field("upgrade_mbps", &self.by_upgrade)?;
        figures.end()
    }
}

impl Plan {
    /// The bandwidth that its changes add.
    pub fn new_mbps(&self) -> NewMbps {
        Spending::of(&self.changes).mbps
    }
}

impl Change {
    fn stack(&self) -> &StackName {
        &self.identity().address.stack
    }

    /// The bandwidth that it adds.
    pub fn new_mbps(&self) -> NewMbps {
        if let Self::Purchase(purchase) = self {
            return NewMbps { by_purchase: purchase.bandwidth.0.into(), by_upgrade: 0 };
        }
        let raise = |field: &FieldChange| {
            let FieldChange::Bandwidth(mbps) = field else { return 0 };
            u64::from(mbps.to.0.saturating_sub(mbps.from.0))
        };
        NewMbps { by_purchase: 0, by_upgrade: self.fields().iter().map(raise).sum() }
    }
}

#[derive(Default)]
struct Spending {
    purchases: u64,
    mbps: NewMbps,
}

impl Spending {
    fn of(changes: &[Change]) -> Self {
        changes.iter().fold(Self::default(), |Self { purchases, mbps }, change| {
            let NewMbps { by_purchase, by_upgrade } = change.new_mbps();
            Self {
                purchases: purchases + u64::from(matches!(change, Change::Purchase(_))),
                mbps: NewMbps {
                    by_purchase: mbps.by_purchase + by_purchase,
                    by_upgrade: mbps.by_upgrade + by_upgrade,
                },
            }
        })
    }

    fn breaches(&self, owner: &LimitOwner, limits: Limits) -> impl Iterator<Item = Breach> {
        let Limits { max_purchases, max_new_mbps } = limits;
        [
            ("maxPurchases", max_purchases, self.purchases),
            ("maxNewMbps", max_new_mbps.map(|Mbps(mbps)| mbps), self.mbps.total()),
        ]
        .into_iter()
        .filter_map(|(limit, allowed, wanted)| {
            let allowed = allowed.filter(|allowed| u64::from(*allowed) < wanted)?;
            Some(Breach { owner: owner.clone(), limit, allowed, wanted })
        })
    }
}
