//! Sources of credentials, and how each gives them.

use std::fmt;
use std::pin::Pin;

use super::context::Context;
use super::external::Command;
use super::login::Login;
use super::metadata::Machine;
use super::oidc::IdToken;
use super::sts::Role;
use super::uri::Server;
use super::{Credentials, CredentialsError, Lease, failed};

/// A source of credentials.
pub struct Source {
    origin: String,
    provider: Provider,
    /// The profile or section that chose it.
    profile: Option<String>,
}

/// The way in which a source gives credentials.
pub(super) enum Provider {
    /// They are known already.
    Key(Credentials),
    /// Another source may take a role.
    Role(Box<Source>, Role),
    /// An identity token may take a role.
    Oidc(IdToken, Role),
    Machine(Machine),
    Server(Server),
    /// A program prints them.
    Command(Command),
    /// The CLI keeps those of its last login.
    Login(Login),
}

impl Source {
    pub(super) fn new(origin: impl Into<String>, provider: Provider) -> Self {
        Self { origin: origin.into(), provider, profile: None }
    }

    /// Returns the same source, as chosen by a profile or section.
    pub(super) fn of_profile(self, name: &str) -> Self {
        Self { profile: Some(name.to_owned()), ..self }
    }

    /// Returns a source in a configuration file. If it takes a role, its origin names that, too.
    pub(super) fn in_file(place: &str, provider: Provider) -> Self {
        let role = match &provider {
            Provider::Role(_, role) | Provider::Oidc(_, role) => format!(", {}", role.shown()),
            _ => String::new(),
        };
        Self::new(format!("{place}{role}"), provider)
    }

    /// Returns the place where it is configured, to show.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the profile or section that chose it, if there is one.
    pub fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// Returns the role that it takes, if there is one.
    pub fn role(&self) -> Option<&str> {
        match &self.provider {
            Provider::Role(_, role) | Provider::Oidc(_, role) => Some(role.arn()),
            Provider::Key(_)
            | Provider::Machine(_)
            | Provider::Server(_)
            | Provider::Command(_)
            | Provider::Login(_) => None,
        }
    }

    /// Returns the credentials, if they are known without a request. They never change.
    pub fn key(&self) -> Option<&Credentials> {
        match &self.provider {
            Provider::Key(credentials) => Some(credentials),
            _ => None,
        }
    }

    /// Gets new credentials, each time it is called.
    pub(super) fn lease<'a>(
        &'a self,
        context: &'a Context<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Lease, CredentialsError>> + Send + 'a>> {
        Box::pin(async move {
            let lease = match &self.provider {
                Provider::Key(credentials) => return Ok(known(credentials, context)),
                Provider::Role(source, role) => {
                    let caller = source.lease(context).await?;
                    role.take(&self.origin, context, &caller.credentials).await
                }
                Provider::Oidc(token, role) => role.take_by_oidc(&self.origin, context, token).await,
                Provider::Machine(machine) => machine.lease(&self.origin, context).await,
                Provider::Server(server) => server.lease(&self.origin, context).await,
                Provider::Command(command) => command.lease(&self.origin, context).await,
                Provider::Login(login) => login.lease(&self.origin),
            }?;
            context.secrets.learn_all(&lease.credentials);
            match lease.expires.filter(|moment| *moment <= context.clock.now()) {
                None => Ok(lease),
                Some(ended) => {
                    let what = match &self.provider {
                        Provider::Login(login) => login.again(),
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

fn known(credentials: &Credentials, context: &Context<'_>) -> Lease {
    context.secrets.learn_all(credentials);
    Lease { credentials: credentials.clone(), expires: None }
}

impl From<Credentials> for Source {
    fn from(credentials: Credentials) -> Self {
        Self::new(credentials.source.clone(), Provider::Key(credentials))
    }
}

/// Shows the place where it is configured.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("origin", &self.origin).finish_non_exhaustive()
    }
}
