//! From a source to credentials.

use std::fmt;
use std::pin::Pin;

use cenbwp_spec::AccountId;
use serde_json::Value;

use super::external::Command;
use super::metadata::Machine;
use super::oidc::IdToken;
use super::profile::Login;
use super::sts::{self, Role};
use super::uri::Server;
use super::{Credentials, CredentialsError, Lease, failed};
use crate::clock::Clock;
use crate::cloud::pace::Pace;
use crate::cloud::redact::Secrets;
use crate::cloud::retry::{RetryPolicy, until_answered};
use crate::cloud::{Endpoint, Error, Fetch, Request, Transport, classify, object, request, sign};
use crate::random::Random;

/// What gives credentials.
pub struct Source {
    origin: String,
    way: Way,
    /// The profile or section that chose it.
    profile: Option<String>,
}

/// How a source gives credentials.
pub(super) enum Way {
    /// They are known already.
    Key(Credentials),
    /// Another source may take a role.
    Role(Box<Source>, Role),
    /// An identity token may take a role.
    Oidc(IdToken, Role),
    /// This machine has a role.
    Machine(Machine),
    /// A server has them.
    Server(Server),
    /// A program prints them.
    Command(Command),
    /// The CLI keeps those of its last login.
    Login(Login),
}

impl Source {
    pub(super) fn new(origin: impl Into<String>, way: Way) -> Self {
        Self { origin: origin.into(), way, profile: None }
    }

    /// The same source, as the choice of a profile or section.
    pub(super) fn of_profile(self, name: &str) -> Self {
        Self { profile: Some(name.to_owned()), ..self }
    }

    /// A source in a configuration file. If it takes a role, that is named, too.
    pub(super) fn in_file(place: &str, way: Way) -> Self {
        let role = match &way {
            Way::Role(_, role) | Way::Oidc(_, role) => format!(", {}", role.shown()),
            _ => String::new(),
        };
        Self::new(format!("{place}{role}"), way)
    }

    /// Where it is configured, to show.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The profile or section that chose it, if one did.
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// The role that it takes, if it takes one.
    pub fn role(&self) -> Option<&str> {
        match &self.way {
            Way::Role(_, role) | Way::Oidc(_, role) => Some(role.arn()),
            Way::Key(_) | Way::Machine(_) | Way::Server(_) | Way::Command(_) | Way::Login(_) => None,
        }
    }

    /// The credentials, where nobody has to be asked for them. They are the same for ever.
    pub fn key(&self) -> Option<&Credentials> {
        match &self.way {
            Way::Key(credentials) => Some(credentials),
            _ => None,
        }
    }

    /// Gets credentials, each time anew.
    pub(super) fn lease<'a>(
        &'a self,
        means: &'a Means<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Lease, CredentialsError>> + Send + 'a>> {
        Box::pin(async move {
            let lease = match &self.way {
                Way::Key(credentials) => return Ok(known(credentials, means)),
                Way::Role(source, role) => {
                    let caller = source.lease(means).await?;
                    role.take(&self.origin, means, &caller.credentials).await
                }
                Way::Oidc(token, role) => role.take_by_oidc(&self.origin, means, token).await,
                Way::Machine(machine) => machine.lease(&self.origin, means).await,
                Way::Server(server) => server.lease(&self.origin, means).await,
                Way::Command(command) => command.lease(&self.origin, means).await,
                Way::Login(login) => login.lease(&self.origin),
            }?;
            means.secrets.learn_all(&lease.credentials);
            match lease.expires.filter(|moment| *moment <= means.clock.now()) {
                None => Ok(lease),
                Some(ended) => {
                    let what = match &self.way {
                        Way::Login(login) => login.again(),
                        _ => "get new ones".to_owned(),
                    };
                    Err(failed(
                        &self.origin,
                        format!("the credentials ended at {ended}: {what}, or set the clock"),
                    ))
                }
            }
        })
    }
}

fn known(credentials: &Credentials, means: &Means<'_>) -> Lease {
    means.secrets.learn_all(credentials);
    Lease { credentials: credentials.clone(), expires: None }
}

impl From<Credentials> for Source {
    fn from(credentials: Credentials) -> Self {
        Self::new(credentials.source.clone(), Way::Key(credentials))
    }
}

/// Shows where it is configured.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// What a source works with.
#[derive(Clone, Copy)]
pub(in crate::cloud) struct Means<'a> {
    pub(in crate::cloud) transport: &'a dyn Transport,
    pub(in crate::cloud) sts: &'a Endpoint,
    pub(in crate::cloud) clock: &'a Clock,
    pub(in crate::cloud) random: &'a Random,
    pub(in crate::cloud) retry: &'a RetryPolicy,
    pub(in crate::cloud) pace: &'a Pace,
    pub(in crate::cloud) secrets: &'a Secrets,
}

impl Means<'_> {
    /// Asks the security token service, signed, until there is an answer.
    pub(super) async fn call(
        &self,
        request: &Request,
        endpoint: &Endpoint,
        credentials: &Credentials,
    ) -> Result<Value, Error> {
        let Self { transport, clock, random, retry, pace, secrets, .. } = *self;
        let ask = || async {
            pace.pass(clock).await;
            let signed = sign::seal(request, endpoint, credentials, clock.now(), random.nonce());
            classify(request.action, transport.send(&signed).await, secrets, object)
        };
        until_answered(clock, random, retry, ask).await
    }

    /// Asks somebody else, unsigned, until there is an answer in the service's form.
    pub(super) async fn fetch(&self, action: &'static str, fetch: &Fetch) -> Result<Value, Error> {
        let Self { transport, clock, random, retry, pace, secrets, .. } = *self;
        let ask = || async {
            pace.pass(clock).await;
            classify(action, transport.fetch(fetch).await, secrets, object)
        };
        until_answered(clock, random, retry, ask).await
    }

    /// The account of credentials.
    pub(super) async fn account(&self, credentials: &Credentials) -> Result<AccountId, String> {
        let reply = self.call(&request::get_caller_identity(), self.sts, credentials).await;
        let reply = reply.map_err(|error| sts::explained(&error))?;
        account_in(&reply)
    }
}

/// The account that a reply to GetCallerIdentity names, or what is wrong with it. What it quotes is not
/// redacted.
pub(in crate::cloud) fn account_in(reply: &Value) -> Result<AccountId, String> {
    let id = match &reply["AccountId"] {
        Value::Number(number) => number.to_string(),
        other => other.as_str().unwrap_or_default().to_owned(),
    };
    id.parse().map_err(|invalid| format!("AccountId is {id:?}, {invalid}"))
}
