//! Finds the source of credentials that is configured.

use std::path::PathBuf;

use super::environment::{Environment, ID, PROFILE, SECRET};
use super::profile::{CONFIG_FILE, ConfigFile, PROFILE_DISABLED};
use super::source::Source;
use super::{CredentialsError, OtherChoice, exists, failed, ini, metadata, oidc, others, read, uri};
use crate::cloud::{Endpoint, Endpoints};

const CREDENTIALS_FILE: &str = "ALIBABA_CLOUD_CREDENTIALS_FILE";
const STS_REGION: &str = "ALIBABA_CLOUD_STS_REGION";
const VPC: &str = "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED";

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
        let Self { environment, profile, .. } = *self;
        if profile.is_some() {
            let file = self.config_file()?;
            let section = if file.exists() { None } else { self.ini(profile)? };
            return section.map_or_else(|| file.source(self, profile), Ok);
        }
        if let Some(credentials) = environment.key()? {
            return Ok(credentials.into());
        }
        if let Some(role) = oidc::of_environment(self)? {
            return Ok(role);
        }
        let (found, named) = match self.current_profile()? {
            Ok(source) => return Ok(source),
            Err(found) => (found, environment.get(PROFILE)),
        };
        if let Some(source) = self.ini(named)? {
            return Ok(source);
        }
        if let Some(name) = named {
            return Err(failed(PROFILE, format!("there is no profile {name:?}: {found}")));
        }
        if let Some(machine) = metadata::of_environment(environment)? {
            return Ok(machine);
        }
        uri::of_environment(environment)?.ok_or_else(|| self.nothing(&found))
    }

    /// Returns the variables by which other tools choose other credentials than this source, unless the
    /// command line names the profile.
    pub fn other_choices(&self, source: &Source) -> Vec<OtherChoice> {
        if self.profile.is_some() { Vec::new() } else { others::than(source, self.environment) }
    }

    /// Returns the security token service of this run: the one that the command line names, else the
    /// region's, else the central one. Inside a VPC the region's has an address of its own.
    ///
    /// # Errors
    ///
    /// The region is not a valid part of a host name.
    pub fn sts_endpoint(&self) -> Result<Endpoint, CredentialsError> {
        let vpc = self.environment.is_true(VPC);
        match (self.sts, self.environment.get(STS_REGION)) {
            (Some(asked), _) => Ok(asked.clone()),
            (None, Some(region)) => regional(region, vpc).map_err(|reason| failed(STS_REGION, reason)),
            (None, None) => Ok(Endpoints::default().sts),
        }
    }

    /// Returns a path below the home directory.
    pub(super) fn home(&self, path: &str) -> Option<PathBuf> {
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
        file.source(self, environment.get(PROFILE)).map(Ok)
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
            return ConfigFile::new(self.environment, path).source(self, section).map(Some);
        }
        ini::source(self, &shown, &bytes, section.unwrap_or("default")).map(Some)
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

/// Returns the security token service of a region.
pub(super) fn regional(region: &str, vpc: bool) -> Result<Endpoint, String> {
    let prefix = if vpc { "sts-vpc" } else { "sts" };
    let is_label = region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let endpoint = format!("https://{prefix}.{region}.aliyuncs.com").parse();
    endpoint
        .ok()
        .filter(|_| is_label)
        .ok_or_else(|| format!("{region:?} is no region, expected one such as cn-hangzhou"))
}
