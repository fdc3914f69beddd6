//! What a plain scalar is: YAML 1.2's core schema, nothing of YAML 1.1's.

/// What a scalar would be without a schema of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plain {
    Null,
    Boolean(bool),
    /// A whole number or a fraction in any notation.
    Number,
    Text,
}

/// Classifies a scalar. Quoted and block scalars are always text.
pub(crate) fn plain(text: &str, is_plain: bool) -> Plain {
    if !is_plain {
        return Plain::Text;
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Plain::Null,
        "true" | "True" | "TRUE" => Plain::Boolean(true),
        "false" | "False" | "FALSE" => Plain::Boolean(false),
        _ if is_number(text) => Plain::Number,
        _ => Plain::Text,
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

/// `[0-9]+(\.[0-9]*)?` or `\.[0-9]+`, with an exponent or without.
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
            (Plain::Null, &["", "~", "null", "Null", "NULL"][..]),
            (Plain::Boolean(true), &["true", "True", "TRUE"]),
            (Plain::Boolean(false), &["false", "False", "FALSE"]),
            (
                Plain::Number,
                &["0", "-1", "+1", "010", "1.", ".5", "1.5e-3", "0x1F", "0o17", ".inf", "-.INF", ".nan"],
            ),
            (
                Plain::Text,
                &[
                    "yes", "NO", "on", "off", "nuLL", "1_000", "12:30", "0x", "0b1", "-", ".", "e3", "1e",
                    "--1",
                ],
            ),
        ] {
            for text in texts {
                assert_eq!(plain(text, true), kind, "{text}");
                assert_eq!(plain(text, false), Plain::Text, "{text}");
            }
        }
    }
}
