//! Credentials from the official sources, in their official order.
//!
//! ```text
//! search ──▶ profile ──▶ config              finds the source: the order, and the two configuration files
//!    │  └──▶ ini
//!    └──▶ source ──▶ sts, oidc, login         from a source to credentials: one provider per file
//!    │               metadata, uri, external
//!    └──▶ setting, environment, others        what it finds it by, and variables of other tools
//! cache ──▶ source                            one lease for all, kept fresh
//! context                                     all that a provider may use
//! ```
//!
//! Unlike the vendor's own chain, this one never continues after a source that is configured and fails: the
//! next source may be another account. The names of variables and fields are those of the vendor's SDKs and
//! CLI.

mod cache;
mod config;
mod context;
mod environment;
mod external;
mod ini;
mod login;
mod metadata;
mod oidc;
mod others;
mod profile;
mod search;
mod setting;
mod source;
mod sts;
mod uri;

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::files;
pub(super) use cache::CredentialCache;
pub(super) use context::{Context, account_in};
pub use environment::Environment;
pub use external::end_programs;
pub use others::OtherChoice;
pub use search::Search;
pub use source::Source;

/// The credentials that requests are signed with.
#[derive(Clone)]
pub struct Credentials {
    /// The access key's id: not secret, and not shown in full either.
    pub access_key_id: String,
    /// The access key's secret.
    pub secret: SecretString,
    /// The token of temporary credentials.
    pub security_token: Option<SecretString>,
    /// Their source, to show: `environment`, `profile "default" of …/config.json`.
    pub source: String,
}

impl Credentials {
    /// Returns the access key's id in the form that may be shown: `LTAI…abcd`.
    pub fn masked_id(&self) -> String {
        let id = &self.access_key_id;
        match (id.get(..4), id.len().checked_sub(4).and_then(|from| id.get(from..))) {
            (Some(start), Some(end)) if id.len() >= 12 => format!("{start}…{end}"),
            _ => "…".to_owned(),
        }
    }
}

/// Shows the source and the masked id.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.masked_id())
            .field("temporary", &self.security_token.is_some())
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// The caller, in the form that may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caller {
    /// The access key's id, masked.
    pub access_key: String,
    /// The source of the credentials.
    pub source: String,
}

impl From<&Credentials> for Caller {
    fn from(credentials: &Credentials) -> Self {
        Self { access_key: credentials.masked_id(), source: credentials.source.clone() }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "access key {} from {}", self.access_key, self.source)
    }
}

/// The reason for which there are no credentials. The messages hold no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// No source is configured.
    #[error("no credentials: {found}; {advice}")]
    Nothing {
        /// The sources that were searched and not found.
        found: String,
        /// The advice.
        advice: String,
    },
    /// A source is configured and gives none.
    #[error("{origin}: {reason}")]
    Failed {
        /// The source.
        origin: String,
        /// The problem, the expected value and the advice.
        reason: String,
    },
}

fn failed(origin: impl Into<String>, reason: impl Into<String>) -> CredentialsError {
    CredentialsError::Failed { origin: origin.into(), reason: reason.into() }
}

/// Credentials, and the time of their end if their source names it.
struct Lease {
    credentials: Credentials,
    expires: Option<Timestamp>,
}

/// A part of credentials: its name in the source, and its value if there is one.
type Part<'a> = (&'a str, Option<&'a str>);

/// Puts credentials together from named parts; the names are for errors.
fn checked(
    origin: &str,
    id: Part<'_>,
    secret: Part<'_>,
    token: Part<'_>,
) -> Result<Credentials, CredentialsError> {
    for (name, text) in [id, secret, token] {
        if text.is_some_and(|text| !text.bytes().all(|b| b.is_ascii_graphic())) {
            let reason = format!("{name} holds blanks, line ends or characters outside ASCII: copy it again");
            return Err(failed(origin, reason));
        }
    }
    let missing =
        |name: &str| failed(origin, format!("{name} is missing: {} and {} belong together", id.0, secret.0));
    Ok(Credentials {
        access_key_id: id.1.ok_or_else(|| missing(id.0))?.to_owned(),
        secret: secret.1.ok_or_else(|| missing(secret.0))?.into(),
        security_token: token.1.map(Into::into),
        source: origin.to_owned(),
    })
}

/// Reads temporary credentials from a reply with the vendor's names. All four members are needed.
fn temporary(origin: &str, reply: &Value) -> Result<Lease, CredentialsError> {
    let member = |name| (name, text(reply, name));
    let (token, expiration) = (member("SecurityToken"), member("Expiration"));
    if let Some((name, _)) = [token, expiration].iter().find(|(_, value)| value.is_none()) {
        return Err(failed(origin, format!("the reply has no {name}")));
    }
    let credentials = checked(origin, member("AccessKeyId"), member("AccessKeySecret"), token)?;
    let expires = expiration
        .1
        .and_then(|moment| moment.parse().ok())
        .ok_or_else(|| failed(origin, "the reply's Expiration is no time such as 2025-01-02T04:04:05Z"))?;
    Ok(Lease { credentials, expires: Some(expires) })
}

/// Returns a member that is a string and not empty.
fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object[name].as_str().filter(|text| !text.is_empty())
}

/// The most bytes that are read of a configuration or a token file. A thousand profiles have fewer.
const MOST_BYTES: u64 = 1 << 20;

/// Reads a file that holds credentials; the error names it as it is shown.
fn read(path: &Path, shown: &str) -> Result<Vec<u8>, CredentialsError> {
    files::read_trusted(path, MOST_BYTES).map_err(|why| failed(shown, why.to_string()))
}

/// Returns true if there is something at a path, or if that cannot be checked: reading it then gives the
/// reason.
fn exists(path: &Path) -> bool {
    !matches!(std::fs::metadata(path), Err(error) if error.kind() == ErrorKind::NotFound)
}

/// Returns `"a", "b"`, or `none`.
fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = names.into_iter().map(|name| format!("{name:?}")).collect();
    if quoted.is_empty() { "none".to_owned() } else { quoted.join(", ") }
}
