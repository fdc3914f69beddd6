//! The configuration of the vendor's CLI, `~/.aliyun/config.json`. It is only read here, never written.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use super::environment::Environment;
use super::{Credentials, CredentialsError, Part, checked, exists, failed, one_of, read, text};

#[derive(Clone)]
pub(super) struct ConfigFile {
    path: PathBuf,
    shown: String,
}

#[derive(Deserialize)]
pub(super) struct Config {
    #[serde(default)]
    pub(super) current: String,
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

    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    pub(super) fn config(&self) -> Result<Config, CredentialsError> {
        // The parser's own message may quote a value.
        serde_json::from_slice(&read(&self.path, &self.shown)?).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let reason = format!("line {line} column {column}: not a configuration of the aliyun CLI");
            failed(self.shown(), reason)
        })
    }

    pub(super) fn profile<'a>(
        &'a self,
        config: &'a Config,
        name: &str,
    ) -> Result<Profile<'a>, CredentialsError> {
        let origin = format!("profile {name:?} of {}", self.shown());
        let Some(fields) = config.profiles.iter().find(|profile| profile["name"] == name) else {
            let known = config.profiles.iter().filter_map(|profile| profile["name"].as_str());
            return Err(failed(origin, format!("there is no such profile; there is {}", one_of(known))));
        };
        Ok(Profile { file: self, config, fields, origin })
    }
}

pub(super) struct Profile<'a> {
    pub(super) file: &'a ConfigFile,
    pub(super) config: &'a Config,
    pub(super) fields: &'a Value,
    pub(super) origin: String,
}

impl Profile<'_> {
    pub(super) fn field<'n>(&self, name: &'n str) -> Part<'n>
    where
        Self: 'n,
    {
        (name, text(self.fields, name))
    }

    pub(super) fn needed(&self, name: &str) -> Result<&str, CredentialsError> {
        let missing = || failed(&self.origin, format!("{name} is missing: run `aliyun configure` again"));
        text(self.fields, name).ok_or_else(missing)
    }

    pub(super) fn key(&self, token: Option<&str>) -> Result<Credentials, CredentialsError> {
        let (id, secret) = (self.field("access_key_id"), self.field("access_key_secret"));
        checked(&self.origin, id, secret, ("sts_token", token))
    }
}
