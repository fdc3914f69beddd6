//! Finds the source of credentials that is configured.

use std::path::PathBuf;

use super::config::ConfigFile;
use super::environment::{Environment, ID, PROFILE, ROLE, SECRET};
use super::metadata::{self, Machine};
use super::oidc::{self, IdToken};
use super::others::{self, OtherChoice};
use super::setting::Setting;
use super::source::{Provider, Source};
use super::sts::{Role, RoleFields};
use super::uri::{CREDENTIALS_URI, Server};
use super::{CredentialsError, exists, failed, ini, profile, read};
use crate::cloud::Endpoint;

const CONFIG_FILE: &str = "ALIBABA_CLOUD_CONFIG_FILE";
const PROFILE_DISABLED: &str = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED";

const CREDENTIALS_FILE: &str = "ALIBABA_CLOUD_CREDENTIALS_FILE";
const SESSION: &str = "ALIBABA_CLOUD_ROLE_SESSION_NAME";

/// The places to search for credentials. The search reads only variables and configuration files; a source
/// sends requests or runs a program only when the first request needs credentials.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// The profile that the command line names.
    pub profile: Option<&'a str>,
    /// The security token service that the command line names; it overrides every configuration.
    pub sts: Option<&'a Endpoint>,
}

impl Search<'_> {
    /// Finds the source.
    ///
    /// | configured by | source |
    /// |---|---|
    /// | `--profile` | that profile, in the CLI's configuration or, where there is none, in the ini file |
    /// | `ALIBABA_CLOUD_ACCESS_KEY_ID`, `…_SECRET` | the key in the environment |
    /// | `ALIBABA_CLOUD_OIDC_PROVIDER_ARN` or a token for it | a role by OIDC |
    /// | the CLI's configuration, if it exists or is named | its current profile, or `ALIBABA_CLOUD_PROFILE` |
    /// | an ini file, if it exists or is named | its section `default`, or `ALIBABA_CLOUD_PROFILE` |
    /// | `ALIBABA_CLOUD_ECS_METADATA` | the role of the machine |
    /// | `ALIBABA_CLOUD_CREDENTIALS_URI` | the server at that address |
    ///
    /// # Errors
    ///
    /// The first source that is configured cannot be used, or no source is configured.
    pub fn source(&self) -> Result<Source, CredentialsError> {
        self.source_after(&mut Vec::new())
    }

    /// Finds the source as [`Search::source`] does, and adds to `absent` each place before it at which nothing
    /// is configured, in the order of the search.
    ///
    /// # Errors
    ///
    /// Those of [`Search::source`].
    pub fn source_after(&self, absent: &mut Vec<String>) -> Result<Source, CredentialsError> {
        let Self { environment, profile, .. } = *self;
        if profile.is_some() {
            let file = self.config_file()?;
            let section = if file.exists() { None } else { self.ini(profile)? };
            return section.map_or_else(|| profile::source(&file, self.setting(), profile), Ok);
        }
        if let Some(credentials) = environment.key()? {
            return Ok(credentials.into());
        }
        absent.push(unset(ID));
        if let Some(role) = self.role_by_oidc()? {
            return Ok(role);
        }
        absent.push(unset(oidc::PROVIDER));
        let (found, named) = match self.current_profile()? {
            Ok(source) => return Ok(source),
            Err(found) => (found, environment.get(PROFILE)),
        };
        absent.push(found.clone());
        if let Some(source) = self.ini(named)? {
            return Ok(source);
        }
        absent.push("there is no ~/.alibabacloud/credentials".to_owned());
        if let Some(name) = named {
            return Err(failed(PROFILE, format!("there is no profile {name:?}: {found}")));
        }
        if let Some(machine) = self.machine()? {
            return Ok(machine);
        }
        absent.push(unset(metadata::ROLE));
        if let Some(server) = self.server()? {
            return Ok(server);
        }
        absent.push(unset(CREDENTIALS_URI));
        Err(self.nothing(&found))
    }

    /// Returns the source that takes this role with the credentials of another one.
    ///
    /// # Errors
    ///
    /// The session's name or the security token service cannot be used.
    pub fn with_role(&self, source: Source, arn: &str) -> Result<Source, CredentialsError> {
        let fields =
            RoleFields { arn: Some(arn), session: self.environment.get(SESSION), ..RoleFields::default() };
        let role = Role::new(fields, "the ARN", self.sts_endpoint()?);
        let role = role.map_err(|reason| failed(source.origin(), reason))?;
        let origin = format!("{}, {}", source.origin(), role.shown());
        Ok(Source::new(origin, Provider::Role(Box::new(source), role)))
    }

    /// Returns the variables by which other tools choose other credentials than this source, unless the
    /// command line names the profile.
    pub fn other_choices(&self, source: &Source) -> Vec<OtherChoice> {
        if self.profile.is_some() { Vec::new() } else { others::than(source, self.environment) }
    }

    /// Returns the security token service of this run.
    ///
    /// # Errors
    ///
    /// The region is not a valid part of a host name.
    pub fn sts_endpoint(&self) -> Result<Endpoint, CredentialsError> {
        self.setting().sts_endpoint()
    }

    fn setting(&self) -> Setting<'_> {
        Setting { environment: self.environment, sts: self.sts }
    }

    /// Returns the role that the environment names for an identity token, if there is one. The variable of
    /// the role alone is not enough: the vendor's other tools use it for other purposes, too.
    fn role_by_oidc(&self) -> Result<Option<Source>, CredentialsError> {
        let environment = self.environment;
        let is_set = |name: &&str| environment.get(name).is_some();
        if ![oidc::PROVIDER, oidc::TOKEN_FILE, oidc::TOKEN].iter().any(is_set) {
            return Ok(None);
        }
        let broken = |reason: String| failed("a role by OIDC", reason);
        let needed = |name| {
            let missing =
                || format!("{name} is missing: it belongs to {ROLE}, {} and a token", oidc::PROVIDER);
            environment.get(name).ok_or_else(|| broken(missing()))
        };
        let (arn, provider) = (needed(ROLE)?, needed(oidc::PROVIDER)?);
        let (token, whence) = IdToken::of_environment(environment, provider).map_err(broken)?;
        let fields =
            RoleFields { arn: Some(arn), session: environment.get(SESSION), ..RoleFields::default() };
        let role = Role::new(fields, ROLE, self.sts_endpoint()?).map_err(broken)?;
        let origin = format!("{} by OIDC ({whence})", role.shown());
        Ok(Some(Source::new(origin, Provider::Oidc(token, role))))
    }

    /// Returns the machine's role, if the environment asks for it.
    fn machine(&self) -> Result<Option<Source>, CredentialsError> {
        let environment = self.environment;
        let Some(role) = environment.get(metadata::ROLE).filter(|_| !environment.is_true(metadata::DISABLED))
        else {
            return Ok(None);
        };
        let origin = format!("ECS role {role} ({})", metadata::ROLE);
        let machine = Machine::new(environment, Some(role)).map_err(|reason| failed(&origin, reason))?;
        Ok(Some(Source::new(origin, Provider::Machine(machine))))
    }

    /// Returns the server that the environment names, if there is one.
    fn server(&self) -> Result<Option<Source>, CredentialsError> {
        let Some(uri) = self.environment.get(CREDENTIALS_URI) else { return Ok(None) };
        let server = Server::new(uri).map_err(|reason| failed(CREDENTIALS_URI, reason))?;
        let origin = format!("{CREDENTIALS_URI} at {server}");
        Ok(Some(Source::new(origin, Provider::Server(server))))
    }

    /// Returns a path below the home directory.
    fn home(&self, path: &str) -> Option<PathBuf> {
        Some(self.environment.home()?.join(path))
    }

    fn config_file(&self) -> Result<ConfigFile, CredentialsError> {
        let named = self.environment.get(CONFIG_FILE).map(PathBuf::from);
        let path = named.or_else(|| self.home(".aliyun/config.json"));
        path.map(|path| ConfigFile::new(self.environment, path))
            .ok_or_else(|| failed("profile", format!("HOME is not set: set it, or {CONFIG_FILE}")))
    }

    /// Returns the profile that the CLI would use, or the reason for which there is none.
    fn current_profile(&self) -> Result<Result<Source, String>, CredentialsError> {
        let environment = self.environment;
        if environment.is_true(PROFILE_DISABLED) {
            return Ok(Err(format!("profiles are off ({PROFILE_DISABLED} is true)")));
        }
        let Ok(file) = self.config_file() else { return Ok(Err("HOME is not set".to_owned())) };
        if environment.get(CONFIG_FILE).is_none() && !file.exists() {
            return Ok(Err(format!("there is no {}", file.shown())));
        }
        profile::source(&file, self.setting(), environment.get(PROFILE)).map(Ok)
    }

    /// Returns the source in the ini file, if there is such a file. Terraform's users name the CLI's
    /// configuration with the same variable, so the content decides which of the two it is.
    fn ini(&self, section: Option<&str>) -> Result<Option<Source>, CredentialsError> {
        let path = match self.environment.get(CREDENTIALS_FILE) {
            Some(path) => PathBuf::from(path),
            None => match self.ini_at_home()? {
                Some(path) => path,
                None => return Ok(None),
            },
        };
        let shown = self.environment.shown(&path);
        let bytes = read(&path, &shown)?;
        if bytes.trim_ascii_start().starts_with(b"{") {
            let file = ConfigFile::new(self.environment, path);
            return profile::source(&file, self.setting(), section).map(Some);
        }
        ini::source(self.setting(), &shown, &bytes, section.unwrap_or("default")).map(Some)
    }

    /// Returns the ini file in the home directory. The vendor's SDKs use two names for it, each SDK one of
    /// them.
    fn ini_at_home(&self) -> Result<Option<PathBuf>, CredentialsError> {
        let names = [".alibabacloud/credentials", ".alibabacloud/credentials.ini"];
        let there: Vec<_> = names.iter().filter_map(|name| self.home(name)).filter(|it| exists(it)).collect();
        match &there[..] {
            [] => Ok(None),
            [one] => Ok(Some(one.clone())),
            [one, ..] => {
                let both = "there is also credentials.ini beside it, and other tools read that one";
                Err(failed(
                    self.environment.shown(one),
                    format!("{both}: remove one, or name one with {CREDENTIALS_FILE}"),
                ))
            }
        }
    }

    fn nothing(&self, profiles: &str) -> CredentialsError {
        let found = format!("{ID} is not set, no role by OIDC is ({}), and {profiles}", oidc::PROVIDER);
        let others = others::set_in(self.environment);
        let advice = if others.is_empty() {
            format!("set {ID} and {SECRET}, or run `aliyun configure`")
        } else {
            let (are, them) = if others.len() == 1 { ("is", "it is") } else { ("are", "they are") };
            let others = others.join(" and ");
            format!(
                "{others} {are} set, which this tool does not read: set {ID} and {SECRET} to the same key if {them} meant"
            )
        };
        CredentialsError::Nothing { found, advice }
    }
}

fn unset(variable: &str) -> String {
    format!("{variable} is not set")
}
