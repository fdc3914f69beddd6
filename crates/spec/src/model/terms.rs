//! Bandwidth, and the terms of a purchase: term, payment and renewal.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::ids::ParseError;

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

/// The term of a prepaid package. The Create page allows only these numbers, and the parser refuses others.
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

    /// The unit of the period.
    pub fn cycle(self) -> Cycle {
        match self {
            Self::Months(_) => Cycle::Month,
            Self::Years(_) => Cycle::Year,
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

/// The unit of a period, which the API calls `PricingCycle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cycle {
    /// `Month`.
    Month,
    /// `Year`.
    Year,
}

impl Cycle {
    /// Every cycle.
    pub const ALL: [Self; 2] = [Self::Month, Self::Year];

    /// The API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Month => "Month",
            Self::Year => "Year",
        }
    }
}

/// The renewal at the end of the term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub enum Renewal {
    /// The package expires.
    Off,
    /// It is renewed for this many months, each time it expires.
    Months(u32),
}

/// The renewal that is declared, and so kept after the purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum DeclaredRenewal {
    /// `autoRenew: false`.
    Off,
    /// `autoRenew: true`, for this many months each time; `None`: the duration is not declared, and not compared.
    On(Option<u32>),
}

/// The terms of a prepaid purchase. The service never returns them, so they can be compared afterwards only
/// through the terms tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Prepay {
    /// The term of the purchase.
    pub term: Term,
    /// True if the order is paid at once. Otherwise the order stays unpaid until a person pays it.
    pub auto_pay: bool,
    /// The renewal at the end of the term.
    pub renewal: Renewal,
}

impl Prepay {
    /// The terms tag of a package that is bought on these terms.
    pub fn tag(&self) -> TermsTag {
        TermsTag { term: self.term, renewal: self.renewal }
    }
}

/// The value of the terms tag: `PREPAY 1 Month renew 1`, or `PREPAY 1 Month renew off`. Each value has
/// exactly one string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermsTag {
    /// The term of the purchase.
    pub term: Term,
    /// The renewal at the end of the term.
    pub renewal: Renewal,
}

impl fmt::Display for TermsTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PREPAY {} {} renew ", self.term.period(), self.term.cycle().as_str())?;
        match self.renewal {
            Renewal::Off => f.write_str("off"),
            Renewal::Months(n) => write!(f, "{n}"),
        }
    }
}

impl FromStr for TermsTag {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const INVALID: ParseError = ParseError { expected: "terms such as PREPAY 1 Month renew off" };
        let mut words = text.split(' ');
        let mut next = || words.next().ok_or(INVALID);
        let (charge, period, cycle, renew, renewal) = (next()?, next()?, next()?, next()?, next()?);
        if charge != "PREPAY" || renew != "renew" || words.next().is_some() {
            return Err(INVALID);
        }
        // Each number has one string.
        let plain = |text: &str| text.bytes().next().is_some_and(|first| (b'1'..=b'9').contains(&first));
        let period = period.parse().ok().filter(|_| plain(period)).ok_or(INVALID)?;
        let term = match cycle {
            "Month" => Term::Months(period),
            "Year" => Term::Years(period),
            _ => return Err(INVALID),
        };
        let renewal = match renewal {
            "off" => Renewal::Off,
            months => Renewal::Months(months.parse().ok().filter(|_| plain(months)).ok_or(INVALID)?),
        };
        Ok(Self { term, renewal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terms_tag_is_read_as_it_was_written() {
        for text in ["PREPAY 1 Month renew off", "PREPAY 3 Year renew 12"] {
            assert_eq!(text.parse::<TermsTag>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "PREPAY 1 Month renew",
            "PREPAY 01 Month renew off",
            "PREPAY +1 Month renew off",
            "PREPAY 1 Month renew 0",
            "PREPAY 1 Day renew off",
            "POSTPAY 1 Month renew off",
            "PREPAY 1 Month renew off ",
        ] {
            assert!(text.parse::<TermsTag>().is_err(), "{text}");
        }
    }
}
