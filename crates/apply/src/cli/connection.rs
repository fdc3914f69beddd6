//! Flags about the connection to the service.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use cenbwp_spec::{AccountId, Address, Spec};

use super::session::Session;
use crate::clock::Clock;
use crate::cloud::{
    Cloud, Endpoint, Endpoints, Environment, HttpTransport, OtherChoice, Proxy, RetryPolicy, Search, Site,
    Sites,
};
use crate::exit::{Exit, Failure};
use crate::random::Random;
use crate::situation::selected;

/// The endpoints, the profile, the timeout, and the limits on requests.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct CloudArgs {
    /// Service endpoint: https, or http on loopback
    #[arg(long, value_name = "URL", env = "CENBWP_ENDPOINT", hide_env_values = true, default_value_t = Endpoints::default().cbn)]
    pub endpoint: Endpoint,
    /// Endpoint of the security token service, which names the account and hands out roles [default: that of the
    /// region or the profile, or https://sts.aliyuncs.com]
    #[arg(long, value_name = "URL", env = "CENBWP_STS_ENDPOINT", hide_env_values = true)]
    pub sts_endpoint: Option<Endpoint>,
    /// Endpoint of the billing service, which is asked for the renewal of packages where the spec declares it [default:
    /// that of the account's site]
    #[arg(long, value_name = "URL", env = "CENBWP_BILLING_ENDPOINT", hide_env_values = true)]
    pub billing_endpoint: Option<Endpoint>,
    /// Endpoint of ROS, which is asked what purchases cost, with --price or where the spec sets `maxSpend`
    #[arg(long, value_name = "URL", env = "CENBWP_PRICE_ENDPOINT", hide_env_values = true, default_value_t = Endpoints::default().price)]
    pub price_endpoint: Endpoint,
    /// Site that the account belongs to, for the billing service [default: China is asked first, and the other one where
    /// China does not know the account]
    #[arg(long, value_name = "SITE", env = "CENBWP_SITE", hide_env_values = true, value_enum)]
    pub site: Option<Site>,
    /// Profile of the aliyun CLI to take credentials from, before any other source
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Take this role with the credentials that are found; `{account}` in it is the account of --account
    #[arg(long, value_name = "ARN")]
    pub assume_role: Option<String>,
    /// Longest wait for one reply
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = super::values::duration)]
    pub timeout: Duration,
    /// Repeat one request at most N times
    #[arg(long, value_name = "N", default_value_t = RetryPolicy::default().max_retries)]
    pub max_retries: u32,
    /// Send at most N requests in a second; without it a listing asks for up to 48 pages at once, and for
    /// fewer where the service throttles
    #[arg(long, value_name = "N")]
    pub max_rps: Option<NonZeroU32>,
}

impl CloudArgs {
    /// Refuses an unattended run if a variable that other tools read chooses other credentials: what is
    /// bought in the wrong account cannot be returned. A profile on the command line settles the choice, and
    /// so does a spec that pins the account of every selected stack.
    ///
    /// # Errors
    /// Exit 4, or exit 1 when there are no credentials.
    pub(super) fn check_choice(
        &self,
        environment: &Environment,
        spec: &Spec,
        targets: Option<&BTreeSet<Address>>,
    ) -> Result<(), Failure> {
        if selected(spec, targets).all(|(_, stack)| stack.account.is_some()) {
            return Ok(());
        }
        let search = self.search(environment);
        let source = search.source().map_err(Failure::with(Exit::Error))?;
        let [first, ..] = &search.other_choices(&source)[..] else { return Ok(()) };
        let others: Vec<_> = search.other_choices(&source).iter().map(|other| other.variable).collect();
        Err(Failure::new(Exit::Refused, format_args!("{}, which may be of another account; nothing was sent", first.message))
            .hint(format!("to go on as before: `unset {}`; or pin the account of every stack, such as `account: \"1234567890123456\"`, or name a profile, such as `--profile default`", others.join(" "))))
    }

    /// Returns the places to search for credentials.
    pub(super) fn search<'a>(&'a self, environment: &'a Environment) -> Search<'a> {
        Search { environment, profile: self.profile.as_deref(), sts: self.sts_endpoint.as_ref() }
    }

    /// Returns the endpoints of the billing service. One that is named is the only one.
    pub(super) fn billing(&self) -> Sites {
        match (&self.billing_endpoint, self.site) {
            (Some(endpoint), _) => endpoint.clone().into(),
            (None, Some(site)) => site.into(),
            (None, None) => Sites::default(),
        }
    }

    /// Returns the role to take.
    ///
    /// # Errors
    /// Exit 3 when it is no role's ARN, or when it names the account of `--account` and there is none.
    pub(super) fn role(&self, account: Option<&AccountId>) -> Result<Option<String>, Failure> {
        const ACCOUNT: &str = "{account}";
        let Some(role) = &self.assume_role else { return Ok(None) };
        let invalid =
            |reason: &str| Failure::new(Exit::Invalid, format_args!("--assume-role {role}: {reason}"));
        let arn = match account {
            Some(account) => role.replace(ACCOUNT, account.as_str()),
            None if role.contains(ACCOUNT) => {
                let failure = invalid("{account} is the account of `--account`, which is not given");
                return Err(failure.hint("add `--account ID`, or write the account's number"));
            }
            None => role.clone(),
        };
        let parts = arn.strip_prefix("acs:ram::").and_then(|rest| rest.split_once(":role/"));
        match parts {
            Some((account, name)) if account.parse::<AccountId>().is_ok() && !name.is_empty() => {
                Ok(Some(arn))
            }
            _ => Err(invalid("expected a role's ARN: acs:ram::ACCOUNT:role/NAME")),
        }
    }

    /// Returns a client with the credentials of this environment, or of the role that they are to take; `account` is
    /// the one that the command line names. Nothing is sent yet. Warns if variables that other tools read name other
    /// credentials.
    ///
    /// # Errors
    /// Exit 1 when there are no credentials, or a configured source of them cannot be used; exit 3 when the
    /// proxy's address, or the role, cannot be read.
    pub(super) fn connect(
        &self,
        account: Option<&AccountId>,
        session: &Session<'_>,
    ) -> Result<Cloud, Failure> {
        let Session { environment, output, reports } = session;
        let search = self.search(environment);
        let role = self.role(account)?;
        let source = search.source().map_err(Failure::with(Exit::Error))?;
        let sts = search.sts_endpoint().map_err(Failure::with(Exit::Error))?;
        for OtherChoice { message, .. } in search.other_choices(&source) {
            output.story(&format!("warning: {}", cenbwp_diff::neutral(&message)));
            reports.warn(message);
        }
        let source = match role {
            Some(arn) => search.with_role(source, &arn).map_err(Failure::with(Exit::Error))?,
            None => source,
        };
        let proxy = Proxy::of(environment).map_err(|reason| Failure::new(Exit::Invalid, reason))?;
        let (cbn, price) = (self.endpoint.clone(), self.price_endpoint.clone());
        let endpoints = Endpoints { cbn, sts, billing: self.billing(), price };
        let cloud = Cloud::new(
            Arc::new(HttpTransport::new(self.timeout).through(proxy)),
            source,
            endpoints,
            Clock::System,
            Random::system(),
            RetryPolicy { max_retries: self.max_retries, ..RetryPolicy::default() },
        );
        output.keep_out(cloud.secrets().clone());
        Ok(match self.max_rps {
            Some(max_rps) => cloud.at_most_per_second(max_rps),
            None => cloud,
        })
    }
}
