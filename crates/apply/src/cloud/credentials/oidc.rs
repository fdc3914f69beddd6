//! Identity tokens of pipelines and clusters, with which a role is taken.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::context::Context;
use super::environment::Environment;
use super::read;
use crate::cloud::Fetch;
use crate::cloud::transport::Address;

pub(super) const PROVIDER: &str = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN";
pub(super) const TOKEN_FILE: &str = "ALIBABA_CLOUD_OIDC_TOKEN_FILE";
pub(super) const TOKEN: &str = "ALIBABA_CLOUD_OIDC_TOKEN";
const GITHUB_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const GITHUB_BEARER: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
/// The audience of GitHub's token, the same as in the vendor's own action.
const AUDIENCE: &str = "sts.aliyuncs.com";
/// The longest token that the service takes (AssumeRoleWithOIDC page).
const LONGEST: usize = 20_000;

/// The source of an identity token, and the provider in the account that knows its issuer.
pub(super) struct IdToken {
    provider: String,
    place: Place,
}

enum Place {
    /// A file, read each time because its writer renews it: the path, and the path as it is shown.
    File(PathBuf, String),
    Variable(SecretString),
    /// GitHub's service for the jobs of a workflow.
    GitHub(Address, SecretString),
}

impl Place {
    fn file(environment: &Environment, path: &str) -> Self {
        Self::File(path.into(), environment.shown(Path::new(path)))
    }
}

fn place(environment: &Environment) -> Result<(Place, &'static str), String> {
    if let Some(path) = environment.get(TOKEN_FILE) {
        return Ok((Place::file(environment, path), TOKEN_FILE));
    }
    if let Some(token) = environment.get(TOKEN) {
        return Ok((Place::Variable(token.into()), TOKEN));
    }
    let (Some(url), Some(bearer)) = (environment.get(GITHUB_URL), environment.get(GITHUB_BEARER)) else {
        return Err(format!(
            "there is no token: set {TOKEN_FILE} or {TOKEN}; a job of GitHub Actions needs `permissions: id-token: write`"
        ));
    };
    let address: Address = url.parse().map_err(|invalid| format!("{GITHUB_URL} is not usable, {invalid}"))?;
    Ok((Place::GitHub(address, bearer.into()), "GitHub Actions"))
}

impl IdToken {
    /// Returns the token that the environment names for this provider, and where it is.
    pub(super) fn of_environment(
        environment: &Environment,
        provider: &str,
    ) -> Result<(Self, &'static str), String> {
        let (place, whence) = place(environment)?;
        Ok((Self { provider: provider.to_owned(), place }, whence))
    }

    pub(super) fn in_file(environment: &Environment, provider: &str, path: &str) -> Self {
        Self { provider: provider.to_owned(), place: Place::file(environment, path) }
    }

    pub(super) fn provider(&self) -> &str {
        &self.provider
    }

    /// Gets the current token.
    pub(super) async fn get(&self, context: &Context<'_>) -> Result<String, String> {
        let (token, whence) = match &self.place {
            Place::File(path, shown) => {
                let bytes = read(path, shown).map_err(|error| error.to_string())?;
                (String::from_utf8_lossy(&bytes).into_owned(), shown.clone())
            }
            Place::Variable(token) => (token.expose_secret().to_owned(), TOKEN.to_owned()),
            Place::GitHub(address, bearer) => {
                (of_github(context, address, bearer).await?, "GitHub's reply".to_owned())
            }
        };
        // `echo` adds a line feed, which the service would take for a part of the token.
        let token = token.trim();
        context.secrets.learn_token(token);
        if token.is_empty() || token.len() > LONGEST || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(format!("{whence} holds no token: expected one word of at most {LONGEST} letters"));
        }
        Ok(token.to_owned())
    }
}

/// Asks GitHub for a token. It is valid for only minutes, so it is fetched when it is needed.
async fn of_github(
    context: &Context<'_>,
    address: &Address,
    bearer: &SecretString,
) -> Result<String, String> {
    context.secrets.learn_token(bearer.expose_secret());
    context.secrets.learn_query(address.target());
    let joint = if address.target().contains('?') { '&' } else { '?' };
    let target = format!("{}{joint}audience={AUDIENCE}", address.target());
    let bearer = format!("bearer {}", bearer.expose_secret());
    let headers = vec![("accept", "application/json".to_owned()), ("authorization", bearer)];
    let fetch = Fetch { headers, ..Fetch::new("GET", Address::at(address.root(), &target)) };
    let reply = context.fetch("GitHub's id token", &fetch).await;
    let reply = reply.map_err(|error| format!("{error}: check `permissions: id-token: write` of the job"))?;
    Ok(reply["value"].as_str().unwrap_or_default().to_owned())
}
