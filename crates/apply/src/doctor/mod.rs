//! The examination that `cenbwp doctor` makes: everything that a plan needs, looked at one by one.
//!
//! It reads only. A check that fails does not end it, and a check that needs what failed says so. No message
//! holds a secret or the whole number of an account: they are made to be pasted where others read them.

mod check;
mod way;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use crate::clock::{Clock, rough};
use crate::cloud::request::{CALLER, DESCRIBE, ESTIMATE, INSTANCES, SPANS, ram_action};
use crate::cloud::{
    CLOCK_TOLERANCE, Cloud, CredentialsError, Endpoint, Endpoints, Error, RetryPolicy, Search, Secrets, Sites,
};
use crate::random::Random;
pub use check::{Check, State};
use way::{Seen, Way};

/// The largest difference of two clocks that is not worth a word: the service gives its time in seconds.
const SAME_TIME: SignedDuration = SignedDuration::from_secs(2);

/// The parts of a run that are examined.
pub struct Patient<'a> {
    /// The places to search for credentials.
    pub search: Search<'a>,
    /// The role to take with the credentials that are found.
    pub role: Option<String>,
    /// The endpoint at which packages are listed.
    pub cbn: Endpoint,
    /// The endpoints of the billing service.
    pub billing: Sites,
    /// The endpoint that estimates prices.
    pub price: Endpoint,
    /// The longest wait for one reply.
    pub timeout: Duration,
    /// The repetitions of a signed request.
    pub retry: RetryPolicy,
    /// The most signed requests in a second.
    pub max_rps: Option<NonZeroU32>,
    /// Takes the secrets that no output may show.
    pub keep_out: &'a (dyn Fn(Secrets) + Sync),
}

/// A thing that later checks need, or the reason for which it is not there.
type Needed<T> = Result<T, String>;

impl Patient<'_> {
    /// Makes every check, in order.
    pub async fn examine(&self) -> Vec<Check> {
        let sts = self.search.sts_endpoint();
        let endpoints: Vec<&Endpoint> = std::iter::once(&self.cbn).chain(&sts).collect();
        let (mut checks, way) = Way::find(self.search.environment, self.timeout, &endpoints).await;
        let ((cbn, cbn_look), (sts_check, sts_look)) = tokio::join!(
            way.end("cbn_endpoint", "--endpoint", Ok(&self.cbn)),
            way.end("sts_endpoint", "--sts-endpoint", sts.as_ref()),
        );
        let offsets = [&cbn_look, &sts_look].map(|look| look.as_ref().ok().and_then(|seen| seen.offset));
        checks.extend([cbn, sts_check, clock(offsets.into_iter().flatten().next())]);
        checks.extend(self.other_choices());
        let (check, cloud) = self.credentials(&way, sts, &sts_look).await;
        checks.push(check);
        let any = || cloud.as_ref().map_err(Clone::clone);
        let (account, packages, pairs, renewal, price) = tokio::join!(
            account(needed(&cloud, &sts_look)),
            packages(needed(&cloud, &cbn_look)),
            pairs(needed(&cloud, &cbn_look)),
            renewal(any()),
            price(any()),
        );
        checks.extend([account, packages, pairs, renewal, price]);
        checks
    }

    /// Warns of variables by which other tools choose other credentials.
    fn other_choices(&self) -> Option<Check> {
        let source = self.search.source().ok()?;
        let others = self.search.other_choices(&source);
        let messages: Vec<_> = others.iter().map(|other| other.message.as_str()).collect();
        let variables: Vec<_> = others.iter().map(|other| other.variable).collect();
        let hint = format!("to go on as now: `unset {}`", variables.join(" "));
        (!others.is_empty()).then(|| Check::warning("other_credentials", messages.join("; ")).hint(hint))
    }

    /// Finds the credentials and gets them from their source.
    async fn credentials(
        &self,
        way: &Way,
        sts: Result<Endpoint, CredentialsError>,
        sts_look: &Needed<Seen>,
    ) -> (Check, Needed<Cloud>) {
        const CREDENTIALS: &str = "credentials";
        let mut absent = Vec::new();
        let found = self.search.source_after(&mut absent);
        let found = found.and_then(|source| match &self.role {
            Some(arn) => self.search.with_role(source, arn),
            None => Ok(source),
        });
        let source = match found {
            Ok(source) => source,
            Err(error) => return (without(&error, &absent), Err("no credentials".to_owned())),
        };
        let origin = source.origin().to_owned();
        let ready = match (&way.transport, sts) {
            (Err(why), _) => Err(why.clone()),
            (_, Err(_)) => Err("the token service has no address".to_owned()),
            (Ok(_), Ok(_)) if source.role().is_some() && sts_look.is_err() => {
                Err("the token service, which gives them, does not answer".to_owned())
            }
            (Ok(transport), Ok(sts)) => Ok((Arc::clone(transport), sts)),
        };
        let (transport, sts) = match ready {
            Ok(ready) => ready,
            Err(why) => {
                let check = Check::not(CREDENTIALS, format_args!("{why}; they are configured by {origin}"));
                return (check, Err(why));
            }
        };
        let (billing, price) = (self.billing.clone(), self.price.clone());
        let endpoints = Endpoints { cbn: self.cbn.clone(), sts, billing, price };
        let cloud = Cloud::new(transport, source, endpoints, Clock::System, Random::system(), self.retry);
        let cloud = match self.max_rps {
            Some(max_rps) => cloud.at_most_per_second(max_rps),
            None => cloud,
        };
        (self.keep_out)(cloud.secrets().clone());
        if let Err(error) = cloud.ready().await {
            return (without(&error, &absent), Err("no credentials".to_owned()));
        }
        let caller = cloud.caller().map(|caller| caller.to_string()).unwrap_or(origin);
        (Check::ok(CREDENTIALS, caller + &looked_at(&absent)), Ok(cloud))
    }
}

/// Compares the clocks.
fn clock(offset: Option<SignedDuration>) -> Check {
    const CLOCK: &str = "clock";
    let Some(offset) = offset else {
        return Check::not(CLOCK, "no endpoint has told its time");
    };
    let distance = offset.abs();
    let side = if offset.is_positive() { "behind" } else { "ahead of" };
    let message = format!("{} {side} the service's", rough(distance));
    if distance > CLOCK_TOLERANCE {
        let tolerance = rough(CLOCK_TOLERANCE);
        return Check::failed(CLOCK, message)
            .hint(format!("set this machine's clock: it may be off by {tolerance} at most"));
    }
    if distance <= SAME_TIME { Check::ok(CLOCK, "as the service's") } else { Check::ok(CLOCK, message) }
}

/// Asks whose credentials these are.
async fn account(cloud: Needed<&Cloud>) -> Check {
    const ACCOUNT: &str = "account";
    let cloud = match cloud {
        Ok(cloud) => cloud,
        Err(why) => return Check::not(ACCOUNT, why),
    };
    match cloud.identity().await {
        Ok(identity) => {
            let caller = identity.arn.map(|arn| format!(", as {arn}")).unwrap_or_default();
            Check::ok(ACCOUNT, format_args!("{}{caller}", identity.account))
        }
        Err(error) if error.is_permission() => Check::failed(ACCOUNT, error)
            .hint(format!("{CALLER} needs no permission: look for a policy that denies it to this caller")),
        Err(error) => refused(ACCOUNT, &error),
    }
}

/// Reads the first page of the listing.
async fn packages(cloud: Needed<&Cloud>) -> Check {
    const PACKAGES: &str = "packages";
    let right = ram_action(DESCRIBE);
    let check = match cloud {
        Err(why) => Check::not(PACKAGES, why),
        Ok(cloud) => match cloud.announced().await {
            Ok(count) => {
                let s = if count == 1 { "" } else { "s" };
                Check::ok(PACKAGES, format_args!("{count} package{s} in the account, with {right}"))
            }
            Err(error) if error.is_permission() => Check::failed(PACKAGES, error)
                .hint(format!("allow {right} to this caller, as examples/policies/ram/plan.json does")),
            Err(error) => refused(PACKAGES, &error),
        },
    };
    Check { ram_action: Some(right), ..check }
}

/// Asks for the pairs of areas on sale. It is no failure if the service refuses: a plan then warns of none.
async fn pairs(cloud: Needed<&Cloud>) -> Check {
    const PAIRS: &str = "pairs";
    let right = ram_action(SPANS);
    let check = match cloud {
        Err(why) => Check::not(PAIRS, why),
        Ok(cloud) => match cloud.pairs().await {
            Ok(pairs) => {
                Check::ok(PAIRS, format_args!("{} pairs of areas on sale, with {right}", pairs.len()))
            }
            Err(error) => {
                let hint = if error.is_permission() {
                    format!("allow {right} to this caller")
                } else {
                    error.hint().to_owned()
                };
                Check::warning(PAIRS, &error)
                    .hint(format!("for a warning of areas that are not sold as a pair: {hint}"))
            }
        },
    };
    Check { ram_action: Some(right), ..check }
}

/// Asks the billing service for a row. It is no failure if it refuses: only specs that declare renewal need it.
async fn renewal(cloud: Needed<&Cloud>) -> Check {
    const RENEWAL: &str = "renewal";
    let right = ram_action(INSTANCES);
    let check = match cloud {
        Err(why) => Check::not(RENEWAL, why),
        Ok(cloud) => match cloud.find_site().await {
            Ok(site) => Check::ok(RENEWAL, format_args!("{site} knows the account, with {right}")),
            Err(error) => Check::warning(RENEWAL, &error)
                .hint(format!("where a spec declares `autoRenew`: {}", error.hint())),
        },
    };
    Check { ram_action: Some(right), ..check }
}

/// Asks what the smallest package costs. It is no failure if that is refused: only `--price` and `maxSpend` need it.
async fn price(cloud: Needed<&Cloud>) -> Check {
    const PRICE: &str = "price";
    let right = ram_action(ESTIMATE);
    let check = match cloud {
        Err(why) => Check::not(PRICE, why),
        Ok(cloud) => match cloud.find_price().await {
            Ok(endpoint) => Check::ok(PRICE, format_args!("{endpoint} estimates, with {right}")),
            Err(error) => Check::warning(PRICE, &error)
                .hint(format!("for `--price`, and where a spec sets `maxSpend`: {}", error.hint())),
        },
    };
    Check { ram_action: Some(right), ..check }
}

fn refused(check: &'static str, error: &Error) -> Check {
    Check::failed(check, error).hint(error.hint())
}

/// Returns the client, if it has credentials and the endpoint answers.
fn needed<'a>(cloud: &'a Needed<Cloud>, look: &Needed<Seen>) -> Needed<&'a Cloud> {
    let cloud = cloud.as_ref().map_err(Clone::clone)?;
    look.as_ref().map(|_| cloud).map_err(Clone::clone)
}

fn without(error: &CredentialsError, absent: &[String]) -> Check {
    match error {
        CredentialsError::Nothing { advice, .. } => {
            Check::failed("credentials", format_args!("none: {}", absent.join(", "))).hint(advice.clone())
        }
        CredentialsError::Failed { .. } => {
            Check::failed("credentials", format_args!("{error}{}", looked_at(absent)))
        }
    }
}

/// Returns the places before the source that was found.
fn looked_at(absent: &[String]) -> String {
    if absent.is_empty() { String::new() } else { format!("; looked at before: {}", absent.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_counts_as_wrong_where_the_service_refuses_it() {
        for (seconds, state, message) in [
            (0, State::Ok, "as the service's"),
            (-2, State::Ok, "as the service's"),
            (40, State::Ok, "40 seconds behind the service's"),
            (-15 * 60, State::Ok, "15 minutes ahead of the service's"),
            (15 * 60 + 1, State::Failed, "15 minutes behind the service's"),
            (-26 * 3600, State::Failed, "26 hours ahead of the service's"),
        ] {
            let check = clock(Some(SignedDuration::from_secs(seconds)));
            assert_eq!((check.state, check.message.as_str()), (state, message));
        }
        assert_eq!(clock(None).state, State::NotChecked);
    }
}
