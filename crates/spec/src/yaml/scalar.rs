//! The types of plain scalars in YAML 1.2's core schema, without those that only YAML 1.1 has.

/// The type of a scalar in YAML 1.2's core schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScalarType {
    Null,
    Boolean(bool),
    /// A whole number or a fraction in any notation.
    Number,
    Text,
}

impl ScalarType {
    /// Returns the type of a scalar. Quoted and block scalars are always text.
    pub(crate) fn of(text: &str, is_plain: bool) -> Self {
        if !is_plain {
            return Self::Text;
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Self::Null,
            "true" | "True" | "TRUE" => Self::Boolean(true),
            "false" | "False" | "FALSE" => Self::Boolean(false),
            _ if is_number(text) => Self::Number,
            _ => Self::Text,
        }
    }
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = |rest: &str, is: fn(u8) -> bool| !rest.is_empty() && rest.bytes().all(is);
    if let Some(rest) = unsigned.strip_prefix("0x") {
        return digits(rest, |b| b.is_ascii_hexdigit());
    }
    if let Some(rest) = unsigned.strip_prefix("0o") {
        return digits(rest, |b| matches!(b, b'0'..=b'7'));
    }
    let special = matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN");
    special || is_decimal(unsigned)
}

/// True for `[0-9]+(\.[0-9]*)?` or `\.[0-9]+`, with an exponent or without.
fn is_decimal(unsigned: &str) -> bool {
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.map(|exponent| exponent.strip_prefix(['-', '+']).unwrap_or(exponent));
    all_digits(whole)
        && all_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && all_digits(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_what_yaml_1_2_says() {
        for (kind, texts) in [
            (ScalarType::Null, &["", "~", "null", "Null", "NULL"][..]),
            (ScalarType::Boolean(true), &["true", "True", "TRUE"]),
            (ScalarType::Boolean(false), &["false", "False", "FALSE"]),
            (
                ScalarType::Number,
                &["0", "-1", "+1", "010", "1.", ".5", "1.5e-3", "0x1F", "0o17", ".inf", "-.INF", ".nan"],
            ),
            (
                ScalarType::Text,
                &[
                    "yes", "NO", "on", "off", "nuLL", "1_000", "12:30", "0x", "0b1", "-", ".", "e3", "1e",
                    "--1",
                ],
            ),
        ] {
            for text in texts {
                assert_eq!(ScalarType::of(text, true), kind, "{text}");
                assert_eq!(ScalarType::of(text, false), ScalarType::Text, "{text}");
            }
        }
    }
}
