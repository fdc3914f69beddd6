//! A login of the vendor's CLI.

use jiff::Timestamp;
use serde_json::Value;

use super::config::ConfigFile;
use super::{Credentials, CredentialsError, Lease, failed};

/// A login that a person made in a browser, as the CLI keeps it. Only the CLI can renew it.
pub(super) struct Login {
    pub(super) file: ConfigFile,
    pub(super) name: String,
    pub(super) mode: String,
}

impl Login {
    /// Returns the advice for new credentials: while the login lasts the CLI gets them by itself, else it
    /// asks for a new login.
    pub(super) fn again(&self) -> String {
        let name = shlex::try_quote(&self.name).unwrap_or_default();
        format!(
            "run `aliyun sts GetCallerIdentity --profile {name}` or, if the login has ended, `aliyun configure --profile {name} --mode {}`",
            self.mode
        )
    }

    /// Reads the file again: the CLI may have renewed it.
    pub(super) fn lease(&self, origin: &str) -> Result<Lease, CredentialsError> {
        let config = self.file.config()?;
        let profile = self.file.profile(&config, &self.name)?;
        let none = || failed(origin, format!("there is no login: {}", self.again()));
        let token = profile.field("sts_token").1.ok_or_else(none)?;
        // Seconds since 1970; a string is accepted in the form of the other sources.
        let expires = match &profile.fields["sts_expiration"] {
            // The CLI writes 0 for a missing value.
            Value::Number(seconds) => seconds
                .as_i64()
                .filter(|seconds| *seconds != 0)
                .and_then(|seconds| Timestamp::from_second(seconds).ok()),
            other => other.as_str().and_then(|moment| moment.parse().ok()),
        };
        let credentials = Credentials { source: origin.to_owned(), ..profile.key(Some(token))? };
        Ok(Lease { credentials, expires: Some(expires.ok_or_else(none)?) })
    }
}
