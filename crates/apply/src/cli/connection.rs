//! Flags about the connection to the service.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::Environment;
use crate::clock::Clock;
use crate::cloud::{self, Cloud, Credentials, Endpoint, Endpoints, HttpTransport, RetryPolicy};
use crate::exit::{Exit, Failure};
use crate::random::Random;

/// Where the service is, who asks, and how patiently.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct CloudArgs {
    /// Service endpoint: https, or http on loopback
    #[arg(long, value_name = "URL", env = "CENBWP_ENDPOINT", default_value_t = Endpoints::default().cbn)]
    pub endpoint: Endpoint,
    /// Endpoint of the security token service, which names the account
    #[arg(long, value_name = "URL", env = "CENBWP_STS_ENDPOINT", default_value_t = Endpoints::default().sts)]
    pub sts_endpoint: Endpoint,
    /// Profile of the aliyun CLI to take credentials from
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Longest wait for one reply
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = super::values::duration)]
    pub timeout: Duration,
    /// How often one request is repeated
    #[arg(long, value_name = "N", default_value_t = RetryPolicy::default().max_retries)]
    pub max_retries: u32,
    /// Send at most N requests in a second; without it a listing asks for up to 32 pages at once, and for
    /// fewer where the service throttles
    #[arg(long, value_name = "N")]
    pub max_rps: Option<NonZeroU32>,
}

impl CloudArgs {
    /// Returns a client with the credentials of this environment. Nothing is sent yet.
    ///
    /// # Errors
    /// Exit 1 when there are no credentials, or a configured source of them cannot be used.
    pub(super) fn connect(&self, environment: &Environment) -> Result<Cloud, Failure> {
        let credentials: Credentials =
            cloud::resolve(environment, self.profile.as_deref()).map_err(Failure::with(Exit::Error))?;
        tracing::info!(
            source = credentials.source,
            access_key = credentials.masked_id(),
            "credentials found"
        );
        let endpoints = Endpoints { cbn: self.endpoint.clone(), sts: self.sts_endpoint.clone() };
        let cloud = Cloud::new(
            Arc::new(HttpTransport::new(self.timeout)),
            credentials,
            endpoints,
            Clock::System,
            Random::system(),
            RetryPolicy { max_retries: self.max_retries, ..RetryPolicy::default() },
        );
        Ok(match self.max_rps {
            Some(max_rps) => cloud.at_most_per_second(max_rps),
            None => cloud,
        })
    }
}
