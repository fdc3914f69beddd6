//! The services that providers of credentials may use.

use cenbwp_spec::AccountId;
use serde_json::Value;

use super::Credentials;
use crate::clock::Clock;
use crate::cloud::pace::Pace;
use crate::cloud::redact::Secrets;
use crate::cloud::retry::{RetryPolicy, until_answered};
use crate::cloud::{Endpoint, Error, Fetch, Request, Transport, classify, object, request, sign};
use crate::random::Random;

/// The services that a source may use.
#[derive(Clone, Copy)]
pub(in crate::cloud) struct Context<'a> {
    pub(in crate::cloud) transport: &'a dyn Transport,
    pub(in crate::cloud) sts: &'a Endpoint,
    pub(in crate::cloud) clock: &'a Clock,
    pub(in crate::cloud) random: &'a Random,
    pub(in crate::cloud) retry: &'a RetryPolicy,
    pub(in crate::cloud) pace: &'a Pace,
    pub(in crate::cloud) secrets: &'a Secrets,
}

impl Context<'_> {
    /// Sends a signed request to the security token service, and repeats it until there is an answer.
    pub(super) async fn call(
        &self,
        request: &Request,
        endpoint: &Endpoint,
        credentials: &Credentials,
    ) -> Result<Value, Error> {
        let Self { transport, clock, random, retry, pace, secrets, .. } = *self;
        let ask = || async {
            pace.acquire(clock).await;
            let signed = sign::sign(request, endpoint, credentials, clock.now(), random.nonce());
            classify(request.action, transport.send(&signed).await, secrets, object)
        };
        until_answered(clock, random, retry, ask).await
    }

    /// Sends an unsigned request to another server, and repeats it until there is an answer in the service's
    /// form.
    pub(super) async fn fetch(&self, action: &'static str, fetch: &Fetch) -> Result<Value, Error> {
        let Self { transport, clock, random, retry, pace, secrets, .. } = *self;
        let ask = || async {
            pace.acquire(clock).await;
            classify(action, transport.fetch(fetch).await, secrets, object)
        };
        until_answered(clock, random, retry, ask).await
    }

    pub(super) async fn account(&self, credentials: &Credentials) -> Result<AccountId, String> {
        let reply = self.call(&request::get_caller_identity(), self.sts, credentials).await;
        let reply = reply.map_err(|error| explained(&error))?;
        account_in(&reply)
    }
}

/// Returns the account that a reply to GetCallerIdentity names, or the problem with it. The message quotes
/// the reply without redaction.
pub(in crate::cloud) fn account_in(reply: &Value) -> Result<AccountId, String> {
    let id = match &reply["AccountId"] {
        Value::Number(number) => number.to_string(),
        other => other.as_str().unwrap_or_default().to_owned(),
    };
    id.parse().map_err(|invalid| format!("AccountId is {id:?}, {invalid}"))
}

/// Returns an error of the security token service, and what to do about it.
pub(super) fn explained(error: &Error) -> String {
    let hint = match error {
        Error::Refused(refusal) if refusal.code.is_of("NoPermission") => {
            "the role's trust policy must name this caller, the caller must be allowed to take roles (AliyunSTSAssumeRoleAccess), and a root account's key can take none"
        }
        Error::Refused(refusal) if refusal.code.is_of("EntityNotExist.Role") => {
            "check the role's ARN: there is no such role"
        }
        Error::Refused(_) | Error::Lost(_) | Error::Listing(_) => error.hint(),
    };
    format!("{error}: {hint}")
}
