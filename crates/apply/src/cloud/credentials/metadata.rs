//! The role of the machine, from the metadata service of ECS.
//!
//! Asked only where it is configured: outside ECS nobody answers, and on a machine of somebody else the
//! role may be another account's.

use std::time::Duration;

use serde_json::Value;

use super::environment::Environment;
use super::source::{Means, Source, Way};
use super::{CredentialsError, Lease, failed, temporary};
use crate::cloud::transport::{Address, Fetch, Reply};
use crate::cloud::{Endpoint, redact};

pub(super) const ROLE: &str = "ALIBABA_CLOUD_ECS_METADATA";
const DISABLED: &str = "ALIBABA_CLOUD_ECS_METADATA_DISABLED";
const V1_DISABLED: &str = "ALIBABA_CLOUD_IMDSV1_DISABLED";
/// Where tests put the service; there is no official name.
const ENDPOINT: &str = "CENBWP_METADATA_ENDPOINT";

const ROLES: &str = "/latest/meta-data/ram/security-credentials/";
/// One second to connect and one to read: it is on this very machine's link.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A machine and which of its roles.
pub(super) struct Machine {
    root: Endpoint,
    role: Option<String>,
    v1: bool,
}

/// The machine's role that the environment asks for, if it does.
pub(super) fn of_environment(environment: &Environment) -> Result<Option<Source>, CredentialsError> {
    match environment.get(ROLE) {
        Some(_) if environment.is_true(DISABLED) => Ok(None),
        None => Ok(None),
        Some(role) => {
            let origin = format!("ECS role {role} ({ROLE})");
            let machine = Machine::new(environment, Some(role)).map_err(|reason| failed(&origin, reason))?;
            Ok(Some(Source::new(origin, Way::Machine(machine))))
        }
    }
}

impl Machine {
    /// The machine that this runs on; without a role, the one it has.
    pub(super) fn new(environment: &Environment, role: Option<&str>) -> Result<Self, String> {
        if environment.is_true(DISABLED) {
            return Err(format!("{DISABLED} is true"));
        }
        let root = match environment.get(ENDPOINT) {
            None => Endpoint::metadata(),
            Some(root) => root.parse().map_err(|invalid| format!("{ENDPOINT} is not usable, {invalid}"))?,
        };
        let role = role.map(checked_role).transpose()?;
        Ok(Self { root, role, v1: !environment.is_true(V1_DISABLED) })
    }

    /// Gets the role's credentials.
    pub(super) async fn lease(&self, origin: &str, means: &Means<'_>) -> Result<Lease, CredentialsError> {
        let reply = self.ask(means).await.map_err(|reason| failed(origin, reason))?;
        temporary(origin, &reply)
    }

    async fn ask(&self, means: &Means<'_>) -> Result<Value, String> {
        let token = self.token(means).await?;
        let role = match &self.role {
            Some(role) => role.clone(),
            None => {
                let body = self.get(means, "the name of the role", ROLES, token.as_deref()).await?;
                checked_role(String::from_utf8_lossy(&body).trim())?
            }
        };
        let body = self.get(means, "the role", &format!("{ROLES}{role}"), token.as_deref()).await?;
        let reply: Value = serde_json::from_slice(&body).unwrap_or_default();
        match reply["Code"].as_str() {
            Some("Success") => Ok(reply),
            Some(code) => {
                Err(format!("the metadata service says {}", redact::words(code, 100, means.secrets)))
            }
            None => Err("the metadata service answers without a Code".to_owned()),
        }
    }

    /// The session of version 2 of the service; `None` where only version 1 is left.
    async fn token(&self, means: &Means<'_>) -> Result<Option<String>, String> {
        let header = ("X-aliyun-ecs-metadata-token-ttl-seconds", "21600".to_owned());
        let asked = self.exchange(means, "PUT", "/latest/api/token", header).await;
        let refused = match asked {
            Ok(Reply { status: 200, body, .. }) => {
                let token = String::from_utf8_lossy(&body).trim().to_owned();
                if !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic()) {
                    means.secrets.learn(&token);
                    return Ok(Some(token));
                }
                "a token that is none".to_owned()
            }
            Ok(Reply { status, .. }) => format!("HTTP {status} when asked for a token"),
            Err(reason) => reason,
        };
        if self.v1 {
            tracing::debug!(refused, "the metadata service is asked without a token");
            return Ok(None);
        }
        Err(format!("the metadata service: {refused}, and {V1_DISABLED} is true"))
    }

    async fn get(
        &self,
        means: &Means<'_>,
        what: &str,
        path: &str,
        token: Option<&str>,
    ) -> Result<Vec<u8>, String> {
        let header = ("X-aliyun-ecs-metadata-token", token.unwrap_or_default().to_owned());
        let reply = self.exchange(means, "GET", path, header).await;
        match reply {
            Ok(Reply { status: 200, body, .. }) => Ok(body),
            Ok(Reply { status, .. }) => Err(format!("the metadata service: HTTP {status} for {what}")),
            Err(reason) => Err(format!("the metadata service, asked for {what}: {reason}; is this an ECS?")),
        }
    }

    async fn exchange(
        &self,
        means: &Means<'_>,
        method: &'static str,
        path: &str,
        header: (&'static str, String),
    ) -> Result<Reply, String> {
        let headers = Some(header).filter(|(_, value)| !value.is_empty()).into_iter().collect();
        let address = Address::at(&self.root, path);
        let fetch = Fetch { headers, timeout: Some(TIMEOUT), ..Fetch::new(method, address) };
        let reply = means.transport.fetch(&fetch).await;
        reply.map_err(|error| redact::message(&error.to_string(), means.secrets))
    }
}

/// A role's name becomes a part of a path.
fn checked_role(name: &str) -> Result<String, String> {
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    if is_name && (1..=64).contains(&name.len()) && name != "." && name != ".." {
        return Ok(name.to_owned());
    }
    Err("the role's name is none: expected 1 to 64 letters, digits or any of .-_".to_owned())
}
