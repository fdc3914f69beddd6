//! Whose money it is: the official sources of credentials, in their official order.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::SecretString;

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
}

/// Shows names only: values may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What requests are signed with.
#[derive(Clone)]
pub struct Credentials {
    /// The access key's id: not secret, and not shown in full either.
    pub access_key_id: String,
    /// The access key's secret.
    pub secret: SecretString,
    /// The token of temporary credentials.
    pub security_token: Option<SecretString>,
    /// Where they come from, to show: `environment`, `profile "default" of ~/.aliyun/config.json`.
    pub source: String,
}

/// Finds the credentials of a run.
///
/// # Errors
///
/// A source that is configured and fails, or no source at all.
pub fn resolve(environment: &Environment, profile: Option<&str>) -> Result<Credentials, CredentialsError> {
    let _ = (environment, profile);
    unimplemented!()
}

/// Why there are no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no credentials found")]
pub struct CredentialsError;
