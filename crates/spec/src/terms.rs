//! What money buys: bandwidth, for how long, paid and renewed how.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Bandwidth in megabits per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Mbps(pub u32);

impl Mbps {
    /// The least that can be bought (Create page).
    pub const MIN: Self = Self(2);
    /// The most that can be bought in one package (Create page).
    pub const MAX: Self = Self(10_000);
}

impl fmt::Display for Mbps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Mbps", self.0)
    }
}

/// How long a prepaid package is bought for. The numbers in each are the ones the Create page allows;
/// the parser lets no others through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Term {
    /// 1, 2, 3 or 6 months: `PricingCycle=Month`.
    Months(u8),
    /// 1, 2 or 3 years: `PricingCycle=Year`.
    Years(u8),
}

impl Term {
    /// Periods that can be bought by the month.
    pub const MONTHS: [u8; 4] = [1, 2, 3, 6];
    /// Periods that can be bought by the year.
    pub const YEARS: [u8; 3] = [1, 2, 3];

    /// The term in months.
    pub fn months(self) -> u32 {
        match self {
            Self::Months(n) => n.into(),
            Self::Years(n) => u32::from(n) * 12,
        }
    }

    /// The number that the API calls `Period`.
    pub fn period(self) -> u8 {
        match self {
            Self::Months(n) | Self::Years(n) => n,
        }
    }

    /// The word that the API calls `PricingCycle`.
    pub fn cycle(self) -> &'static str {
        match self {
            Self::Months(_) => "Month",
            Self::Years(_) => "Year",
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, unit) = match self {
            Self::Months(n) => (n, "month"),
            Self::Years(n) => (n, "year"),
        };
        write!(f, "{n} {unit}{}", if *n == 1 { "" } else { "s" })
    }
}

/// What happens when the term ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Renewal {
    /// The package expires.
    Off,
    /// It is renewed for this many months, again and again.
    Months(u32),
}

/// The terms of a prepaid purchase. The service never returns them: they decide a purchase and
/// cannot be compared afterwards, except through the terms tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Prepay {
    /// How long the package is bought for.
    pub term: Term,
    /// Whether the order is paid at once. `false` leaves an unpaid order for a person to pay.
    pub auto_pay: bool,
    /// Whether and for how long it renews itself.
    pub renewal: Renewal,
}

/// The text of the terms tag: `PREPAY 1 Month renew 1`, or `PREPAY 1 Month renew off`.
impl fmt::Display for Prepay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PREPAY {} {} renew ", self.term.period(), self.term.cycle())?;
        match self.renewal {
            Renewal::Off => f.write_str("off"),
            Renewal::Months(n) => write!(f, "{n}"),
        }
    }
}
