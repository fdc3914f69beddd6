//! Whose money it is: the official sources of credentials, in their official order.
//!
//! `--profile`, then the environment, then the CLI's profile. Unlike the vendor's own chain this one never
//! goes on after a source that is configured and fails: the next source may be another account. Names of
//! variables and fields are those of the vendor's SDKs and CLI.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use crate::exit::shown;

/// The most bytes that are read of a configuration. A thousand profiles have fewer.
const MOST_BYTES: u64 = 1 << 20;

const ID: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";
const SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";
const TOKEN: &str = "ALIBABA_CLOUD_SECURITY_TOKEN";
const PROFILE: &str = "ALIBABA_CLOUD_PROFILE";
const CONFIG_FILE: &str = "ALIBABA_CLOUD_CONFIG_FILE";
const PROFILE_DISABLED: &str = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED";
/// Together with one of the two tokens they name a role to take by OIDC, which comes before the CLI's profile.
const OIDC_ROLE: [&str; 2] = ["ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"];
const OIDC_TOKENS: [&str; 2] = ["ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_OIDC_TOKEN"];

/// Finds the credentials of a run. `profile` is the one that was asked for on the command line.
///
/// # Errors
///
/// A source that is configured and fails, or no source at all.
pub fn resolve(environment: &Environment, profile: Option<&str>) -> Result<Credentials, CredentialsError> {
    if let Some(name) = profile {
        return from_profile(&ConfigFile::of(environment)?, Some(name));
    }
    if let Some(credentials) = from_environment(environment)? {
        return Ok(credentials);
    }
    let is_set = |name: &&str| environment.get(name).is_some();
    if OIDC_ROLE.iter().all(is_set) && OIDC_TOKENS.iter().any(is_set) {
        let reason = "not supported: set an access key in the environment, or name a profile with --profile";
        return Err(failed(format!("a role by OIDC ({})", OIDC_ROLE[0]), reason));
    }
    let disabled = environment.get(PROFILE_DISABLED).is_some_and(|word| word.eq_ignore_ascii_case("true"));
    if disabled {
        let profiles = format!("profiles are off ({PROFILE_DISABLED} is true)");
        return Err(CredentialsError::Nothing { profiles });
    }
    let asked = [PROFILE, CONFIG_FILE].iter().any(is_set);
    match ConfigFile::of(environment) {
        Ok(file) if asked || file.exists() => from_profile(&file, environment.get(PROFILE)),
        Ok(file) => Err(CredentialsError::Nothing { profiles: format!("there is no {}", shown(&file.path)) }),
        Err(error) if asked => Err(error),
        Err(_) => Err(CredentialsError::Nothing { profiles: "HOME is not set".to_owned() }),
    }
}

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
    /// Where they come from, to show: `environment`, `profile "default" of …/config.json`.
    pub source: String,
}

impl Credentials {
    /// The access key's id as it may be shown: `LTAI…abcd`.
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

/// Why there are no credentials. The texts hold no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// No source is configured.
    #[error(
        "no credentials: {ID} is not set and {profiles}; set {ID} and {SECRET}, or run `aliyun configure`"
    )]
    Nothing {
        /// Why no profile was read.
        profiles: String,
    },
    /// A source is configured and gives none.
    #[error("{origin}: {reason}")]
    Failed {
        /// Which source.
        origin: String,
        /// What was found, what was expected, what to do.
        reason: String,
    },
}

fn failed(origin: impl Into<String>, reason: impl Into<String>) -> CredentialsError {
    CredentialsError::Failed { origin: origin.into(), reason: reason.into() }
}

fn from_environment(environment: &Environment) -> Result<Option<Credentials>, CredentialsError> {
    const ORIGIN: &str = "environment";
    let [id, secret, token] = [ID, SECRET, TOKEN].map(|name| (name, environment.get(name)));
    if id.1.is_none() && secret.1.is_none() {
        return Ok(None);
    }
    checked(ORIGIN, id, secret, token).map(Some)
}

/// Puts credentials together from named parts; the names are for errors.
fn checked(
    origin: &str,
    id: (&str, Option<&str>),
    secret: (&str, Option<&str>),
    token: (&str, Option<&str>),
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

/// The CLI's configuration file. It is only read here, never written.
struct ConfigFile {
    path: PathBuf,
}

impl ConfigFile {
    fn of(environment: &Environment) -> Result<Self, CredentialsError> {
        let home = || environment.get("HOME").or_else(|| environment.get("USERPROFILE"));
        let path = match (environment.get(CONFIG_FILE), home()) {
            (Some(path), _) => PathBuf::from(path),
            (None, Some(home)) => Path::new(home).join(".aliyun").join("config.json"),
            (None, None) => {
                return Err(failed("profile", format!("HOME is not set: set it, or {CONFIG_FILE}")));
            }
        };
        Ok(Self { path })
    }

    /// Tells whether there is something at its path. What cannot be looked at counts: reading it says why.
    fn exists(&self) -> bool {
        !matches!(std::fs::metadata(&self.path), Err(error) if error.kind() == ErrorKind::NotFound)
    }

    fn read(&self) -> Result<Config, CredentialsError> {
        let origin = shown(&self.path);
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes));
        read.map_err(|error| failed(&origin, error.to_string()))?;
        // The parser's own message may quote a value.
        serde_json::from_slice(&bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            failed(origin, format!("line {line} column {column}: not a configuration of the aliyun CLI"))
        })
    }
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    current: String,
    // Each is read when it is chosen, so that a broken one does not stand in the way of the others.
    profiles: Vec<Value>,
}

fn from_profile(file: &ConfigFile, name: Option<&str>) -> Result<Credentials, CredentialsError> {
    let config = file.read()?;
    let current = Some(config.current.as_str()).filter(|name| !name.is_empty());
    let name = name.or(current).unwrap_or("default");
    let origin = format!("profile {name:?} of {}", shown(&file.path));
    let Some(profile) = config.profiles.iter().find(|profile| profile["name"] == name) else {
        let known: Vec<_> = config.profiles.iter().filter_map(|profile| profile["name"].as_str()).collect();
        return Err(failed(origin, format!("there is no such profile; there is {}", one_of(&known))));
    };
    let field = |name| (name, profile[name].as_str().filter(|text: &&str| !text.is_empty()));
    let mode = field("mode").1.unwrap_or_default();
    let (id, secret) = (field("access_key_id"), field("access_key_secret"));
    if mode.eq_ignore_ascii_case("AK") {
        checked(&origin, id, secret, ("sts_token", None))
    } else if mode.eq_ignore_ascii_case("StsToken") {
        let token = field("sts_token");
        token.1.ok_or_else(|| failed(&origin, "sts_token is missing: run `aliyun configure` again"))?;
        checked(&origin, id, secret, token)
    } else {
        let reason = format!(
            "mode {mode:?} is not supported, expected AK or StsToken: set {ID}, {SECRET} and {TOKEN}, or name another profile with --profile"
        );
        Err(failed(origin, reason))
    }
}

fn one_of(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
    if quoted.is_empty() { "none".to_owned() } else { quoted.join(", ") }
}
