//! The prices of several purchases together.

use std::collections::BTreeMap;

use cenbwp_spec::{Amount, Currency, Money};
use serde::Serialize;

use crate::{Price, Purchase};

/// The prices of several purchases together. Amounts of two currencies are never added.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Cost {
    /// The sum of the known prices in each currency.
    pub known: BTreeMap<Currency, Amount>,
    /// The number of purchases whose price is not known.
    pub unknown: usize,
}

impl Cost {
    /// The price of one purchase.
    pub fn of(purchase: &Purchase) -> Self {
        match &purchase.price {
            Some(Price::Known(Money { amount, currency })) => {
                Self { known: [(*currency, *amount)].into(), unknown: 0 }
            }
            Some(Price::Unknown(_)) | None => Self { known: BTreeMap::new(), unknown: 1 },
        }
    }

    /// Adds them up.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for (currency, amount) in &other.known {
            let sum = self.known.entry(*currency).or_default();
            *sum = *sum + *amount;
        }
        self.unknown += other.unknown;
        self
    }

    /// True if it is proved that no more than this is paid: every price is known, in this currency.
    pub fn is_within(&self, most: Money) -> bool {
        let fits =
            |(currency, amount): (&Currency, &Amount)| *currency == most.currency && *amount <= most.amount;
        self.unknown == 0 && self.known.iter().all(fits)
    }

    /// The known sums.
    pub fn sums(&self) -> impl Iterator<Item = Money> {
        self.known.iter().map(|(currency, amount)| Money { amount: *amount, currency: *currency })
    }
}
