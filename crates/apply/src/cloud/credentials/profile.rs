//! The configuration of the vendor's CLI, `~/.aliyun/config.json`. It is only read here, never written.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::environment::{Environment, ID, SECRET};
use super::external::Command;
use super::metadata::Machine;
use super::oidc::IdToken;
use super::search::{Search, regional};
use super::source::{Provider, Source};
use super::sts::{Role, RoleFields};
use super::uri::Server;
use super::{Credentials, CredentialsError, Lease, Part, checked, exists, failed, one_of, read, text};
use crate::cloud::Endpoint;

pub(super) const CONFIG_FILE: &str = "ALIBABA_CLOUD_CONFIG_FILE";
pub(super) const PROFILE_DISABLED: &str = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED";
/// The variable that forbids to run programs and to ask servers that the configuration names.
const NO_PROCESS: &str = "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS";

/// The modes that are understood, as the CLI writes them.
const MODES: &str = "AK, StsToken, RamRoleArn, ChainableRamRoleArn, EcsRamRole, OIDC, External, CredentialsURI, CloudSSO or OAuth";

/// The file.
#[derive(Clone)]
pub(super) struct ConfigFile {
    path: PathBuf,
    shown: String,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    current: String,
    // Each is read only when it is chosen, so that a broken one does not block the others.
    profiles: Vec<Value>,
}

impl ConfigFile {
    pub(super) fn new(environment: &Environment, path: PathBuf) -> Self {
        Self { shown: environment.shown(&path), path }
    }

    pub(super) fn exists(&self) -> bool {
        exists(&self.path)
    }

    /// Returns the path as it is shown.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Returns the source that a profile configures: the named one, else the current one.
    pub(super) fn source(&self, search: &Search<'_>, name: Option<&str>) -> Result<Source, CredentialsError> {
        let config = self.config()?;
        let current = Some(config.current.as_str()).filter(|name| !name.is_empty());
        let name = name.or(current).unwrap_or("default");
        let source = self.profile(&config, name)?.source(search, &mut vec![name.to_owned()])?;
        Ok(source.of_profile(name))
    }

    fn config(&self) -> Result<Config, CredentialsError> {
        // The parser's own message may quote a value.
        serde_json::from_slice(&read(&self.path, &self.shown)?).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let reason = format!("line {line} column {column}: not a configuration of the aliyun CLI");
            failed(self.shown(), reason)
        })
    }

    fn profile<'a>(&'a self, config: &'a Config, name: &str) -> Result<Profile<'a>, CredentialsError> {
        let origin = format!("profile {name:?} of {}", self.shown());
        let Some(fields) = config.profiles.iter().find(|profile| profile["name"] == name) else {
            let known = config.profiles.iter().filter_map(|profile| profile["name"].as_str());
            return Err(failed(origin, format!("there is no such profile; there is {}", one_of(known))));
        };
        Ok(Profile { file: self, config, fields, origin })
    }
}

/// One profile.
struct Profile<'a> {
    file: &'a ConfigFile,
    config: &'a Config,
    fields: &'a Value,
    origin: String,
}

impl Profile<'_> {
    fn field<'n>(&self, name: &'n str) -> Part<'n>
    where
        Self: 'n,
    {
        (name, text(self.fields, name))
    }

    fn needed(&self, name: &str) -> Result<&str, CredentialsError> {
        let missing = || failed(&self.origin, format!("{name} is missing: run `aliyun configure` again"));
        text(self.fields, name).ok_or_else(missing)
    }

    /// Returns the source that it configures. `path` holds the names of the profiles that led here, this one
    /// included.
    fn source(&self, search: &Search<'_>, path: &mut Vec<String>) -> Result<Source, CredentialsError> {
        let broken = |reason: String| failed(&self.origin, reason);
        let mode = self.field("mode").1.unwrap_or_default();
        let provider = match mode.to_ascii_lowercase().as_str() {
            "ak" => Provider::Key(self.key(None)?),
            "ststoken" => Provider::Key(self.key(Some(self.needed("sts_token")?))?),
            "ramrolearn" => {
                let key = self.key(self.field("sts_token").1)?;
                Provider::Role(Box::new(key.into()), self.role(search)?)
            }
            "chainableramrolearn" => {
                Provider::Role(Box::new(self.chained(search, path)?), self.role(search)?)
            }
            "ecsramrole" => {
                let role = self.field("ram_role_name").1;
                Provider::Machine(Machine::new(search.environment, role).map_err(broken)?)
            }
            "oidc" => {
                let (provider, file) = (self.needed("oidc_provider_arn")?, self.needed("oidc_token_file")?);
                Provider::Oidc(IdToken::in_file(search.environment, provider, file), self.role(search)?)
            }
            "external" => {
                self.check_external(search)?;
                Provider::Command(
                    Command::new(search.environment, self.needed("process_command")?).map_err(broken)?,
                )
            }
            "credentialsuri" => {
                self.check_external(search)?;
                Provider::Server(Server::new(self.needed("credentials_uri")?).map_err(broken)?)
            }
            "cloudsso" | "oauth" => {
                let name = path.last().cloned().unwrap_or_default();
                Provider::Login(Login { file: self.file.clone(), name, mode: mode.to_owned() })
            }
            _ => {
                return Err(broken(format!(
                    "mode {mode:?} is not supported, expected {MODES}: set {ID} and {SECRET}, or name another profile with --profile"
                )));
            }
        };
        Ok(Source::in_file(&self.origin, provider))
    }

    fn key(&self, token: Option<&str>) -> Result<Credentials, CredentialsError> {
        let (id, secret) = (self.field("access_key_id"), self.field("access_key_secret"));
        checked(&self.origin, id, secret, ("sts_token", token))
    }

    /// Returns the source that may take this profile's role.
    fn chained(&self, search: &Search<'_>, path: &mut Vec<String>) -> Result<Source, CredentialsError> {
        let name = self.needed("source_profile")?;
        let circle = path.iter().any(|before| before == name);
        path.push(name.to_owned());
        if circle {
            let reason = format!("source_profile leads in a circle: {}", path.join(" → "));
            return Err(failed(&self.origin, reason));
        }
        self.file.profile(self.config, name)?.source(search, path)
    }

    fn role(&self, search: &Search<'_>) -> Result<Role, CredentialsError> {
        let seconds =
            match &self.fields["expired_seconds"] {
                Value::Null => None,
                number => Some(number.as_u64().and_then(|seconds| u32::try_from(seconds).ok()).ok_or_else(
                    || failed(&self.origin, "expired_seconds is no number of seconds, expected 900 or more"),
                )?),
            };
        // One of the vendor's SDKs reads the session's name from the second field.
        let session = self.field("ram_session_name").1.or(self.field("role_session_name").1);
        let fields = RoleFields {
            arn: self.field("ram_role_arn").1,
            session,
            seconds,
            policy: self.field("policy").1,
            external_id: self.field("external_id").1,
        };
        let role = self.sts(search)?;
        Role::new(fields, "ram_role_arn", role).map_err(|reason| failed(&self.origin, reason))
    }

    /// Returns the security token service: the one that the command line names, else the profile's.
    fn sts(&self, search: &Search<'_>) -> Result<Endpoint, CredentialsError> {
        let (host, region) = (self.field("sts_endpoint").1, self.field("sts_region").1);
        let own = match (search.sts, host, region) {
            (Some(_), ..) | (None, None, None) => return search.sts_endpoint(),
            (None, Some(host), _) if host.contains("://") => {
                host.parse().map_err(|invalid| format!("sts_endpoint is not usable, {invalid}"))
            }
            (None, Some(host), _) => format!("https://{host}")
                .parse()
                .map_err(|invalid| format!("sts_endpoint is not usable, {invalid}")),
            (None, None, Some(region)) => {
                regional(region, self.fields["enable_vpc"].as_bool().unwrap_or_default())
                    .map_err(|reason| format!("sts_region: {reason}"))
            }
        };
        own.map_err(|reason: String| failed(&self.origin, reason))
    }

    fn check_external(&self, search: &Search<'_>) -> Result<(), CredentialsError> {
        let environment = search.environment;
        // The CLI accepts a 1 here, too.
        if environment.is_true(NO_PROCESS) || environment.get(NO_PROCESS) == Some("1") {
            return Err(failed(&self.origin, format!("{NO_PROCESS} forbids this mode")));
        }
        Ok(())
    }
}

/// A login that a person made in a browser, as the CLI keeps it. Only the CLI can renew it.
pub(super) struct Login {
    file: ConfigFile,
    name: String,
    mode: String,
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
