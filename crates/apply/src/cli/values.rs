//! Parsers for the values of flags.

use std::path::PathBuf;
use std::time::Duration;

use cenbwp_spec::{Severity, Source, StackName};

/// Parses a duration such as `10s`, `15m` or `14d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok());
    let parsed = match days {
        // A day has 24 hours: an expiry is an instant, so no calendar is involved.
        Some(days) => Some(Duration::from_secs(u64::from(days) * 24 * 60 * 60)),
        None => text.parse::<jiff::SignedDuration>().ok().and_then(|time| time.try_into().ok()),
    };
    parsed.ok_or_else(|| "expected a time such as 10s, 15m or 14d".to_owned())
}

/// Parses the file of `-o`. Refuses what is meant otherwise by users of Terraform, who write `-out=FILE`, and of
/// kubectl, who write `-o json`.
pub(super) fn file_to_write(text: &str) -> Result<PathBuf, String> {
    match text {
        "ut" => Err("flags have two dashes: `--out`".to_owned()),
        "json" | "yaml" | "wide" | "name" => Err(format!(
            "it names a file, not a form: --json prints events; for a file of this name, write ./{text}"
        )),
        _ if text.starts_with("ut=") => Err("flags have two dashes: `--out`".to_owned()),
        file => Ok(file.into()),
    }
}

/// Parses the name of a stack that can own packages.
pub(super) fn stack(text: &str) -> Result<StackName, String> {
    let stack: StackName = text.parse().map_err(|invalid: cenbwp_spec::ParseError| invalid.to_string())?;
    // The service refuses some names at the start of a tag's value. The spec's parser knows them.
    let bytes = format!("version: 1\nstack: {stack}\npackages: {{}}\n").into_bytes();
    let findings = cenbwp_spec::parse(&[Source { name: String::new(), bytes }]).findings;
    let error = findings.into_iter().find(|finding| finding.severity == Severity::Error);
    error.map_or(Ok(stack), |error| Err(error.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        let seconds = |text| duration(text).map(|time| time.as_secs());
        assert_eq!(seconds("10s"), Ok(10));
        assert_eq!(seconds("15m"), Ok(900));
        assert_eq!(seconds("1h30m"), Ok(5400));
        assert_eq!(seconds("14d"), Ok(14 * 86_400));
        for text in ["", "10", "-5s", "d", "ten", "99999999999d"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_is_not_mistaken_for_a_form_or_for_the_rest_of_a_flag() {
        for text in ["plan.json", "./json", "ut.json", "json/plan"] {
            assert_eq!(file_to_write(text), Ok(text.into()));
        }
        for (text, says) in
            [("ut=plan.json", "`--out`"), ("ut", "`--out`"), ("json", "write ./json"), ("wide", "--json")]
        {
            assert!(file_to_write(text).is_err_and(|error| error.contains(says)), "{text}");
        }
    }

    #[test]
    fn a_stack_can_own_packages() {
        assert_eq!(stack("net").map(|stack| stack.to_string()), Ok("net".to_owned()));
        assert!(stack("Net").is_err());
        assert!(stack("aliyun-net").unwrap_err().contains("which the service refuses"));
    }
}
