//! Hides the environment's secrets in what is shown of files that others may have made: a second wall behind
//! the rules on links.

use cenbwp_spec::Source;

use super::{Environment, Secrets};

/// The shortest word, in bytes, that counts as a secret: a shorter one is part of ordinary words, and hiding
/// it would garble every text.
const SHORTEST: usize = 8;

impl Secrets {
    /// Returns the secrets of an environment, under all names that hold secrets.
    pub fn of_environment(environment: &Environment) -> Self {
        let secrets = Self::default();
        for value in environment.secret_values().filter(|value| value.len() >= SHORTEST) {
            // Three parts are a token of which each part is a secret.
            match value.split('.').count() {
                3 => secrets.learn_token(value),
                _ => secrets.learn(value),
            }
        }
        secrets
    }

    /// Returns the text without secrets.
    pub fn hidden_in(&self, text: &str) -> String {
        self.removed_from(text).into_owned()
    }

    /// Returns the sources without secrets; `None` if they hold none. Findings have to be made of the
    /// returned sources: a finding can quote a part of a secret, which would not be recognised afterwards.
    pub fn hidden_in_sources(&self, sources: &[Source]) -> Option<Vec<Source>> {
        let mut found = false;
        let hide = |Source { name, bytes }: &Source| {
            // Bytes that are not UTF-8 are replaced; everything else is kept.
            let text = String::from_utf8_lossy(bytes);
            let hidden = self.hidden_in(&text);
            if hidden == text {
                return Source { name: name.clone(), bytes: bytes.clone() };
            }
            found = true;
            // Square brackets would be a list in YAML.
            Source { name: name.clone(), bytes: hidden.replace("[redacted]", "(redacted)").into_bytes() }
        };
        let hidden = sources.iter().map(hide).collect();
        found.then_some(hidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef";

    /// Returns the secrets of an environment in which this variable holds the secret.
    fn known(variable: &str) -> Secrets {
        Secrets::of_environment(&Environment::new([(variable, SECRET)]))
    }

    #[test]
    fn secrets_are_known_by_the_names_of_their_variables() {
        for name in [
            "ALIBABA_CLOUD_ACCESS_KEY_ID",
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
            "ALIBABA_CLOUD_SECURITY_TOKEN",
            "ALIBABA_CLOUD_OIDC_TOKEN",
            "ALICLOUD_ACCESS_KEY",
            "ALICLOUD_SECRET_KEY",
            "ALICLOUD_SECURITY_TOKEN",
            "ALIBABACLOUD_ACCESS_KEY_ID",
            "ALIBABACLOUD_ACCESS_KEY_SECRET",
            "ACCESS_KEY_ID",
            "SECURITY_TOKEN",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            "ATLANTIS_GH_TOKEN",
            "atlantis_gitlab_webhook_secret",
            "CI_JOB_JWT_PASSWORD",
            "AWS_SECRET_ACCESS_KEY",
        ] {
            assert_eq!(known(name).hidden_in(&format!("a {SECRET} b")), "a [redacted] b", "{name}");
        }
        for name in ["HOME", "ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_PROFILE", "CENBWP_ENDPOINT"] {
            assert_eq!(known(name).hidden_in(SECRET), SECRET, "{name}");
        }
        let short = Secrets::of_environment(&Environment::new([("MY_TOKEN", "network")]));
        assert_eq!(short.hidden_in("team network"), "team network");
    }

    #[test]
    fn source_with_a_secret_is_shown_without_it_and_stays_yaml() {
        let secrets = known("TOKEN");
        let source = |text: &str| Source { name: "a.yaml".to_owned(), bytes: text.as_bytes().to_vec() };
        assert!(secrets.hidden_in_sources(&[source("name: x"), source("")]).is_none());
        let hidden = secrets.hidden_in_sources(&[source("a: b"), source(&format!("name: {SECRET}"))]);
        let hidden: Vec<_> = hidden.unwrap().into_iter().map(|source| source.bytes).collect();
        assert_eq!(hidden, [b"a: b".to_vec(), b"name: (redacted)".to_vec()]);
        let broken = Source { name: String::new(), bytes: [b"\xff ", SECRET.as_bytes()].concat() };
        let hidden = secrets.hidden_in_sources(&[broken]).unwrap();
        assert_eq!(String::from_utf8_lossy(&hidden[0].bytes), "\u{fffd} (redacted)");
    }
}
