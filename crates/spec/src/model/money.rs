//! Money: exact decimals, each with its currency.

use std::fmt;
use std::ops::Add;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::ids::ParseError;

/// A sum of money in one currency: `5000 CNY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// The amount.
    pub amount: Amount,
    /// Its currency.
    pub currency: Currency,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

impl FromStr for Money {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const EXPECTED: ParseError = ParseError { expected: "an amount and its currency, such as 5000 CNY" };
        let (amount, currency) = text.split_once(' ').ok_or(EXPECTED)?;
        // A limit is written by a person: no exponent, which only programs write.
        if amount.contains(['e', 'E']) {
            return Err(EXPECTED);
        }
        let amount = amount.parse().map_err(|_| EXPECTED)?;
        Ok(Self { amount, currency: currency.parse().map_err(|_| EXPECTED)? })
    }
}

/// The code of a currency, three capital letters: `CNY`. Amounts of two currencies are never added or compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

impl FromStr for Currency {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Self(letters)),
            _ => Err(ParseError { expected: "three capital letters, such as CNY" }),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.to_string()
    }
}

/// An exact amount, not negative, in units of 10⁻¹².
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Amount(u128);

/// The decimals that are kept. No currency has more than four; unit prices of the vendor have up to ten.
const DECIMALS: usize = 12;
/// One, with [`DECIMALS`] zeros.
const ONE: u128 = 1_000_000_000_000;
/// The digits that may stand before the point. A sum of a hundred billion such amounts still fits.
const MOST_DIGITS: usize = 15;

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

/// Writes every digit that counts, and no decimal or at least two: `5000`, `2400.50`, `0.0125`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0 / ONE)?;
        let decimals = format!("{:0DECIMALS$}", self.0 % ONE);
        match decimals.trim_end_matches('0') {
            "" => Ok(()),
            short if short.len() < 2 => write!(f, ".{short}0"),
            decimals => write!(f, ".{decimals}"),
        }
    }
}

/// Reads a decimal number as JSON writes one, not negative: `5000`, `2400.5`, `1.2E4`. What does not fit exactly is an
/// error.
impl FromStr for Amount {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const EXPECTED: ParseError = ParseError { expected: "a decimal number, such as 2400.50" };
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i8>().map_err(|_| EXPECTED)?),
            None => (text, 0),
        };
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let has_leading_zero = whole.len() > 1 && whole.starts_with('0');
        if !digits(whole) || !digits(decimals) || has_leading_zero {
            return Err(EXPECTED);
        }
        // All digits as one whole number, in units of ten to this power.
        let all = format!("{whole}{}", decimals.trim_end_matches('0'));
        let power = i64::from(exponent) + whole.len() as i64 - all.len() as i64 + DECIMALS as i64;
        let all = all.trim_start_matches('0');
        if all.is_empty() {
            return Ok(Self::ZERO);
        }
        let power = usize::try_from(power).map_err(|_| EXPECTED)?;
        if all.len() + power > MOST_DIGITS + DECIMALS {
            return Err(EXPECTED);
        }
        format!("{all}{}", "0".repeat(power)).parse().map(Self).map_err(|_| EXPECTED)
    }
}

impl TryFrom<String> for Amount {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> Self {
        amount.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_and_written_without_losing_a_digit() {
        for (text, shown) in [
            ("0", "0"),
            ("0.0", "0"),
            ("2.4", "2.40"),
            ("2400.50", "2400.50"),
            ("2400.000", "2400"),
            ("0.1", "0.10"),
            ("0.0347222", "0.0347222"),
            ("0.000000000001", "0.000000000001"),
            ("999999999999999.999999999999", "999999999999999.999999999999"),
            ("1.2345678E7", "12345678"),
            ("1E+2", "100"),
            ("25e-1", "2.50"),
            ("1000", "1000"),
        ] {
            let amount: Amount = text.parse().unwrap();
            assert_eq!(amount.to_string(), shown, "{text}");
            assert_eq!(shown.parse::<Amount>().unwrap(), amount, "{text}");
        }
        // In binary floating point the sum would be 0.30000000000000004.
        let [a, b, c]: [Amount; 3] = ["0.1", "0.2", "0.3"].map(|text| text.parse().unwrap());
        assert_eq!(a + b, c);
        assert!(a < b);
    }

    #[test]
    fn what_is_no_exact_amount_is_refused() {
        for text in [
            "",
            "-1",
            "+1",
            ".5",
            "5.",
            "1,000",
            "1_000",
            "1 000",
            "NaN",
            "0x10",
            "007",
            "1e",
            "1e999",
            "1E-13",
            "0.0000000000001",
            "1000000000000000",
            "1e15",
            "１",
        ] {
            assert!(text.parse::<Amount>().is_err(), "{text}");
        }
    }

    #[test]
    fn money_is_an_amount_and_the_code_of_a_currency() {
        let money: Money = "5000.5 CNY".parse().unwrap();
        assert_eq!(money.to_string(), "5000.50 CNY");
        for text in [
            "5000",
            "CNY 5000",
            "5000CNY",
            "5000  CNY",
            "5000 cny",
            "5000 CN",
            "5000 CNYX",
            "5e3 CNY",
            "-1 CNY",
        ] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
    }
}
