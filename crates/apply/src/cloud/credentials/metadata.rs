//! The role of the machine, from the ECS metadata service.
//!
//! The service is asked only if that is configured: outside ECS nothing answers, and the role of a shared
//! machine may be of another account.

use std::time::Duration;

use serde_json::Value;

use super::context::Context;
use super::environment::Environment;
use super::{CredentialsError, Lease, failed, temporary};
use crate::cloud::transport::{Address, Fetch, Reply};
use crate::cloud::{Endpoint, redact};

pub(super) const ROLE: &str = "ALIBABA_CLOUD_ECS_METADATA";
pub(super) const DISABLED: &str = "ALIBABA_CLOUD_ECS_METADATA_DISABLED";
const V1_DISABLED: &str = "ALIBABA_CLOUD_IMDSV1_DISABLED";
/// The variable with which tests set the service's endpoint; there is no official one.
const ENDPOINT: &str = "CENBWP_METADATA_ENDPOINT";

const ROLES: &str = "/latest/meta-data/ram/security-credentials/";
/// One second to connect and one to read: the service is on this machine's own link.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The metadata service of a machine, and the role to ask it for.
pub(super) struct Machine {
    root: Endpoint,
    role: Option<String>,
    v1: bool,
}

impl Machine {
    /// Returns this machine with this role; without a name, with the role that the machine has.
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
    pub(super) async fn lease(&self, origin: &str, context: &Context<'_>) -> Result<Lease, CredentialsError> {
        let reply = self.ask(context).await.map_err(|reason| failed(origin, reason))?;
        temporary(origin, &reply)
    }

    async fn ask(&self, context: &Context<'_>) -> Result<Value, String> {
        let token = self.token(context).await?;
        let role = match &self.role {
            Some(role) => role.clone(),
            None => {
                let body = self.get(context, "the name of the role", ROLES, token.as_deref()).await?;
                checked_role(String::from_utf8_lossy(&body).trim())?
            }
        };
        let body = self.get(context, "the role", &format!("{ROLES}{role}"), token.as_deref()).await?;
        let reply: Value = serde_json::from_slice(&body).unwrap_or_default();
        match reply["Code"].as_str() {
            Some("Success") => Ok(reply),
            Some(code) => {
                Err(format!("the metadata service says {}", redact::words(code, 100, context.secrets)))
            }
            None => Err("the metadata service answers without a Code".to_owned()),
        }
    }

    /// Gets a session token of version 2 of the service; `None` if the machine only has version 1.
    async fn token(&self, context: &Context<'_>) -> Result<Option<String>, String> {
        let header = ("X-aliyun-ecs-metadata-token-ttl-seconds", "21600".to_owned());
        let asked = self.exchange(context, "PUT", "/latest/api/token", header).await;
        let refused = match asked {
            Ok(Reply { status: 200, body, .. }) => {
                let token = String::from_utf8_lossy(&body).trim().to_owned();
                if !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic()) {
                    context.secrets.learn(&token);
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
        context: &Context<'_>,
        what: &str,
        path: &str,
        token: Option<&str>,
    ) -> Result<Vec<u8>, String> {
        let header = ("X-aliyun-ecs-metadata-token", token.unwrap_or_default().to_owned());
        let reply = self.exchange(context, "GET", path, header).await;
        match reply {
            Ok(Reply { status: 200, body, .. }) => Ok(body),
            Ok(Reply { status, .. }) => Err(format!("the metadata service: HTTP {status} for {what}")),
            Err(reason) => Err(format!("the metadata service, asked for {what}: {reason}; is this an ECS?")),
        }
    }

    async fn exchange(
        &self,
        context: &Context<'_>,
        method: &'static str,
        path: &str,
        header: (&'static str, String),
    ) -> Result<Reply, String> {
        let headers = Some(header).filter(|(_, value)| !value.is_empty()).into_iter().collect();
        let address = Address::at(&self.root, path);
        let fetch = Fetch { headers, timeout: Some(TIMEOUT), ..Fetch::new(method, address) };
        let reply = context.transport.fetch(&fetch).await;
        reply.map_err(|error| redact::message(&error.to_string(), context.secrets))
    }
}

/// Checks the name of a role, which becomes a part of a path.
fn checked_role(name: &str) -> Result<String, String> {
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    if is_name && (1..=64).contains(&name.len()) && name != "." && name != ".." {
        return Ok(name.to_owned());
    }
    Err("the role's name is none: expected 1 to 64 letters, digits or any of .-_".to_owned())
}
