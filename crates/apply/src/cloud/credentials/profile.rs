//! The source that a profile of the vendor's CLI configures.

use serde_json::Value;

use super::config::{ConfigFile, Profile};
use super::environment::{ID, SECRET};
use super::external::Command;
use super::login::Login;
use super::metadata::Machine;
use super::oidc::IdToken;
use super::setting::{Setting, regional};
use super::source::{Provider, Source};
use super::sts::{Role, RoleFields};
use super::uri::Server;
use super::{CredentialsError, failed};
use crate::cloud::Endpoint;

/// The variable that forbids to run programs and to ask servers that the configuration names.
const NO_PROCESS: &str = "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS";

/// The modes that are understood, as the CLI writes them.
const MODES: &str = "AK, StsToken, RamRoleArn, ChainableRamRoleArn, EcsRamRole, OIDC, External, CredentialsURI, CloudSSO or OAuth";

/// Returns the source that a profile configures: the named one, else the current one.
pub(super) fn source(
    file: &ConfigFile,
    setting: Setting<'_>,
    name: Option<&str>,
) -> Result<Source, CredentialsError> {
    let config = file.config()?;
    let current = Some(config.current.as_str()).filter(|name| !name.is_empty());
    let name = name.or(current).unwrap_or("default");
    let source = file.profile(&config, name)?.source(setting, &mut vec![name.to_owned()])?;
    Ok(source.of_profile(name))
}

impl Profile<'_> {
    /// Returns the source that it configures. `path` holds the names of the profiles that led here, this one
    /// included.
    fn source(&self, setting: Setting<'_>, path: &mut Vec<String>) -> Result<Source, CredentialsError> {
        let broken = |reason: String| failed(&self.origin, reason);
        let mode = self.field("mode").1.unwrap_or_default();
        let provider = match mode.to_ascii_lowercase().as_str() {
            "ak" => Provider::Key(self.key(None)?),
            "ststoken" => Provider::Key(self.key(Some(self.needed("sts_token")?))?),
            "ramrolearn" => {
                let key = self.key(self.field("sts_token").1)?;
                Provider::Role(Box::new(key.into()), self.role(setting)?)
            }
            "chainableramrolearn" => {
                Provider::Role(Box::new(self.chained(setting, path)?), self.role(setting)?)
            }
            "ecsramrole" => {
                let role = self.field("ram_role_name").1;
                Provider::Machine(Machine::new(setting.environment, role).map_err(broken)?)
            }
            "oidc" => {
                let (provider, file) = (self.needed("oidc_provider_arn")?, self.needed("oidc_token_file")?);
                Provider::Oidc(IdToken::in_file(setting.environment, provider, file), self.role(setting)?)
            }
            "external" => {
                self.check_external(setting)?;
                Provider::Command(
                    Command::new(setting.environment, self.needed("process_command")?).map_err(broken)?,
                )
            }
            "credentialsuri" => {
                self.check_external(setting)?;
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

    /// Returns the source that may take this profile's role.
    fn chained(&self, setting: Setting<'_>, path: &mut Vec<String>) -> Result<Source, CredentialsError> {
        let name = self.needed("source_profile")?;
        let circle = path.iter().any(|before| before == name);
        path.push(name.to_owned());
        if circle {
            let reason = format!("source_profile leads in a circle: {}", path.join(" → "));
            return Err(failed(&self.origin, reason));
        }
        self.file.profile(self.config, name)?.source(setting, path)
    }

    fn role(&self, setting: Setting<'_>) -> Result<Role, CredentialsError> {
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
        let role = self.sts(setting)?;
        Role::new(fields, "ram_role_arn", role).map_err(|reason| failed(&self.origin, reason))
    }

    /// Returns the security token service: the one that the command line names, else the profile's.
    fn sts(&self, setting: Setting<'_>) -> Result<Endpoint, CredentialsError> {
        let (host, region) = (self.field("sts_endpoint").1, self.field("sts_region").1);
        let own = match (setting.sts, host, region) {
            (Some(_), ..) | (None, None, None) => return setting.sts_endpoint(),
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

    fn check_external(&self, setting: Setting<'_>) -> Result<(), CredentialsError> {
        let environment = setting.environment;
        // The CLI accepts a 1 here, too.
        if environment.is_true(NO_PROCESS) || environment.get(NO_PROCESS) == Some("1") {
            return Err(failed(&self.origin, format!("{NO_PROCESS} forbids this mode")));
        }
        Ok(())
    }
}
