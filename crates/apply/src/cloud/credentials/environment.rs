//! The variables of a run: what they are, what they give, and where they contradict each other.

use std::collections::BTreeMap;
use std::fmt;

use super::{Credentials, CredentialsError, checked};

pub(super) const ID: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";
pub(super) const SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";
const TOKEN: &str = "ALIBABA_CLOUD_SECURITY_TOKEN";
pub(super) const PROFILE: &str = "ALIBABA_CLOUD_PROFILE";
pub(super) const ROLE: &str = "ALIBABA_CLOUD_ROLE_ARN";

/// What else names the same thing for Terraform and for the vendor's CLI, in the order in which they read it.
const ALIASES: [(&str, [&str; 2]); 3] = [
    (ID, ["ALICLOUD_ACCESS_KEY", "ALIBABACLOUD_ACCESS_KEY_ID"]),
    (PROFILE, ["ALICLOUD_PROFILE", "ALIBABACLOUD_PROFILE"]),
    (ROLE, ["ALICLOUD_ASSUME_ROLE_ARN", "ALIBABACLOUD_ROLE_ARN"]),
];

/// Ids of access keys under all their names. They are shown masked only.
const KEYS: [&str; 5] =
    [ID, "ALICLOUD_ACCESS_KEY", "ALICLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID", "ACCESS_KEY_ID"];

/// The environment at the start of the run. An empty variable counts as unset.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Returns the environment that holds these variables.
    pub fn new<K: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        let pairs = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self(pairs.filter(|(_, value): &(String, String)| !value.is_empty()).collect())
    }

    /// The value of a variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The values of variables that are secrets by their names, also those of other tools: a server that runs plans
    /// for pull requests holds its own tokens there.
    pub(in crate::cloud) fn secrets(&self) -> impl Iterator<Item = &str> {
        const SECRET: [&str; 7] =
            ["SECRET", "TOKEN", "PASSWORD", "PASSWD", "CREDENTIAL", "PRIVATE_KEY", "API_KEY"];
        const PLACES: [&str; 6] = ["FILE", "PATH", "DIR", "URL", "URI", "ENDPOINT"];
        let is_secret = |name: &str| {
            let name = name.to_ascii_uppercase();
            let holds_one = SECRET.iter().any(|word| name.contains(word)) || KEYS.contains(&&*name);
            holds_one && !PLACES.iter().any(|place| name.ends_with(place))
        };
        self.0.iter().filter(move |(name, _)| is_secret(name)).map(|(_, value)| value.as_str())
    }

    /// Tells whether a variable says `true`, in any case. The vendor's SDKs know no other yes.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|word| word.eq_ignore_ascii_case("true"))
    }

    /// The access key in the environment.
    pub(super) fn key(&self) -> Result<Option<Credentials>, CredentialsError> {
        let [id, secret, token] = [ID, SECRET, TOKEN].map(|name| (name, self.get(name)));
        if id.1.is_none() && secret.1.is_none() {
            return Ok(None);
        }
        checked("environment", id, secret, token).map(Some)
    }

    /// Where variables of other tools name another key, profile or role than ours: one sentence each, with
    /// names of variables and never a value.
    pub fn disagreements(&self) -> Vec<String> {
        let mut said = Vec::new();
        for (ours, aliases) in ALIASES {
            let Some(value) = self.get(ours) else { continue };
            let others = aliases.iter().filter(|alias| self.get(alias).is_some_and(|other| other != value));
            said.extend(others.map(|other| {
                format!("{ours} and {other} differ: this run goes by {ours}, other tools may go by {other}")
            }));
        }
        said
    }

    /// A key that is set for other tools only.
    pub(super) fn foreign_key(&self) -> Option<&'static str> {
        ALIASES[0].1.into_iter().find(|alias| self.get(alias).is_some())
    }
}

/// Shows names only: values may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contradiction_is_told_by_names_and_never_by_values() {
        let check = |variables: &[(&str, &str)], expected: &[&str]| {
            let said = Environment::new(variables.iter().copied()).disagreements();
            assert_eq!(said, expected, "{variables:?}");
        };
        check(&[(ID, "LTAIa"), ("ALICLOUD_ACCESS_KEY", "LTAIa"), ("ALIBABACLOUD_ACCESS_KEY_ID", "")], &[]);
        check(&[("ALICLOUD_ACCESS_KEY", "LTAIb"), ("ALICLOUD_PROFILE", "x")], &[]);
        check(
            &[(ID, "LTAIa"), ("ALICLOUD_ACCESS_KEY", "LTAIb")],
            &[
                "ALIBABA_CLOUD_ACCESS_KEY_ID and ALICLOUD_ACCESS_KEY differ: this run goes by ALIBABA_CLOUD_ACCESS_KEY_ID, other tools may go by ALICLOUD_ACCESS_KEY",
            ],
        );
        check(
            &[(PROFILE, "a"), ("ALIBABACLOUD_PROFILE", "b"), (ROLE, "r"), ("ALICLOUD_ASSUME_ROLE_ARN", "s")],
            &[
                "ALIBABA_CLOUD_PROFILE and ALIBABACLOUD_PROFILE differ: this run goes by ALIBABA_CLOUD_PROFILE, other tools may go by ALIBABACLOUD_PROFILE",
                "ALIBABA_CLOUD_ROLE_ARN and ALICLOUD_ASSUME_ROLE_ARN differ: this run goes by ALIBABA_CLOUD_ROLE_ARN, other tools may go by ALICLOUD_ASSUME_ROLE_ARN",
            ],
        );
    }
}
