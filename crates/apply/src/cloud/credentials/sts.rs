//! Roles of the security token service, Sts 2015-04-01. The service decides who may take them.

use std::collections::BTreeMap;

use super::context::{Context, explained};
use super::oidc::IdToken;
use super::{Credentials, CredentialsError, Lease, failed, temporary};
use crate::cloud::transport::Address;
use crate::cloud::{Endpoint, Fetch, request, sign};

/// The default duration of a role, in seconds, which every role allows.
const SECONDS: u32 = 3600;
/// The shortest duration that the service allows, in seconds. Each role sets the longest one itself.
const FEWEST_SECONDS: u32 = 900;
/// The default name of this tool in the account's audit trail.
const SESSION: &str = "cenbwp";

pub(super) struct Role {
    arn: String,
    session: String,
    seconds: u32,
    policy: Option<String>,
    external_id: Option<String>,
    sts: Endpoint,
}

#[derive(Clone, Copy, Default)]
pub(super) struct RoleFields<'a> {
    pub(super) arn: Option<&'a str>,
    pub(super) session: Option<&'a str>,
    pub(super) seconds: Option<u32>,
    pub(super) policy: Option<&'a str>,
    pub(super) external_id: Option<&'a str>,
}

impl Role {
    /// Checks what can be checked before anything is sent. `arn` is the configuration's name of the field
    /// with the role's ARN.
    pub(super) fn new(fields: RoleFields<'_>, arn: &str, sts: Endpoint) -> Result<Self, String> {
        let RoleFields { arn: role, session, seconds, policy, external_id } = fields;
        let role = role.ok_or_else(|| format!("{arn} is missing"))?;
        let session = session.unwrap_or(SESSION);
        let is_word = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b".@-_".contains(&b));
        if !(2..=64).contains(&session.len()) || !is_word(session) {
            return Err(format!(
                "the session name is {session:?}, expected 2 to 64 letters, digits or any of .@-_"
            ));
        }
        // The CLI writes 0 for an unset value.
        let seconds = seconds.filter(|seconds| *seconds != 0).unwrap_or(SECONDS);
        if seconds < FEWEST_SECONDS {
            return Err(format!(
                "{seconds} seconds are too few for a role, expected {FEWEST_SECONDS} or more"
            ));
        }
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let (policy, external_id) = (owned(policy), owned(external_id));
        Ok(Self { arn: role.to_owned(), session: session.to_owned(), seconds, policy, external_id, sts })
    }

    pub(super) fn arn(&self) -> &str {
        &self.arn
    }

    /// Returns the role as messages name it.
    pub(super) fn shown(&self) -> String {
        format!("role {}", self.arn)
    }

    /// Takes the role as `caller` (AssumeRole, signed).
    pub(super) async fn take(
        &self,
        origin: &str,
        context: &Context<'_>,
        caller: &Credentials,
    ) -> Result<Lease, CredentialsError> {
        let request = request::sts(request::ASSUME_ROLE, self.parameters());
        let reply = context.call(&request, &self.sts, caller).await;
        let reply = reply.map_err(|error| failed(origin, explained(&error)))?;
        temporary(origin, &reply["Credentials"])
    }

    /// Takes the role with an identity token (AssumeRoleWithOIDC, unsigned). The token is sent in the body,
    /// because a URL ends up in the logs of every proxy.
    pub(super) async fn take_by_oidc(
        &self,
        origin: &str,
        context: &Context<'_>,
        token: &IdToken,
    ) -> Result<Lease, CredentialsError> {
        let reply = self.exchange(context, token).await.map_err(|reason| failed(origin, reason))?;
        temporary(origin, &reply["Credentials"])
    }

    async fn exchange(&self, context: &Context<'_>, token: &IdToken) -> Result<serde_json::Value, String> {
        let (provider, token) = (token.provider(), token.get(context).await?);
        let mut form = self.parameters();
        form.insert("OIDCProviderArn".to_owned(), provider.to_owned());
        form.insert("OIDCToken".to_owned(), token);
        let now = context.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let common = [("Action", request::ASSUME_BY_OIDC), ("Format", "JSON"), ("Timestamp", now.as_str())];
        let common = common.into_iter().chain([("Version", request::STS)]);
        let common = common.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let target = format!("/?{}", sign::canonical_query(&common));
        let body = sign::canonical_query(&form);
        let fetch = Fetch { body, ..Fetch::new("POST", Address::at(&self.sts, &target)) };
        let form_type = ("content-type", "application/x-www-form-urlencoded".to_owned());
        let fetch = Fetch { headers: vec![("accept", "application/json".to_owned()), form_type], ..fetch };
        context.fetch(request::ASSUME_BY_OIDC, &fetch).await.map_err(|error| explained(&error))
    }

    fn parameters(&self) -> BTreeMap<String, String> {
        let Self { arn, session, seconds, policy, external_id, sts: _ } = self;
        let needed = [
            ("RoleArn", arn.clone()),
            ("RoleSessionName", session.clone()),
            ("DurationSeconds", seconds.to_string()),
        ];
        let optional = [("Policy", policy), ("ExternalId", external_id)];
        let optional = optional.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        needed.into_iter().chain(optional).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
