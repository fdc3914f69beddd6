//! The client: reads the account and the listing, and repeats reads that fail.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cenbwp_diff::Observed;
use cenbwp_spec::AccountId;
use serde_json::Value;

use super::classify::{classify, object, request_id};
use super::credentials::{Context, CredentialCache, account_in};
use super::json::Json;
use super::listing::{self, Page};
use super::pace::Pace;
use super::redact::{self, Secrets};
use super::retry::until_answered;
use super::{
    Answer, Caller, Code, Credentials, CredentialsError, Endpoint, Endpoints, Error, Lost, Refusal,
    RefusalKind, Request, RetryPolicy, Source, Transport, billing, request, sign,
};
use crate::clock::Clock;
use crate::random::Random;
use crate::stop::next_turn;

/// The most times that a listing is begun again after its pages contradicted each other, or after two whole
/// listings differed. An account where that happens four times changes all the time.
const RELISTS: u32 = 3;

/// The client of one account. Cheap to clone.
#[derive(Clone)]
pub struct Cloud(pub(super) Arc<Inner>);

/// The account and the caller, as the security token service names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: AccountId,
    /// The user or the role, such as `acs:ram::1234567890123456:user/ci`, if the service names one.
    pub arn: Option<String>,
}

pub(super) struct Inner {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) cache: CredentialCache,
    pub(super) secrets: Secrets,
    pub(super) endpoints: Endpoints,
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) retry: RetryPolicy,
    pub(super) pace: Pace,
    /// The limit on reads of the billing service.
    pub(super) billing_pace: Pace,
    /// The site of the billing service that knows the account, once one has answered.
    pub(super) site: OnceLock<Endpoint>,
    /// The approximate number of packages in the next listing. Decides only how many pages are requested at
    /// once.
    pub(super) expected: AtomicUsize,
}

impl Cloud {
    /// Returns a client without a limit on its requests per second. Nothing is sent before a method is
    /// called.
    pub fn new(
        transport: Arc<dyn Transport>,
        source: impl Into<Source>,
        endpoints: Endpoints,
        clock: Clock,
        random: Random,
        retry: RetryPolicy,
    ) -> Self {
        let (cache, secrets) = (CredentialCache::new(source.into()), Secrets::default());
        let (pace, expected) = (Pace::default(), AtomicUsize::default());
        let (billing_pace, site) = (Pace::default(), OnceLock::new());
        billing_pace.limit(billing::MOST_PER_SECOND);
        Self(Arc::new(Inner {
            transport,
            cache,
            secrets,
            endpoints,
            clock,
            random,
            retry,
            pace,
            billing_pace,
            site,
            expected,
        }))
    }

    /// Returns the client with a limit on all its requests: no more than these leave in any second.
    #[must_use]
    pub fn at_most_per_second(self, max_rps: NonZeroU32) -> Self {
        self.0.pace.limit(max_rps);
        self
    }

    /// Sets the approximate number of packages that the next listing will show. Pages for that many are then
    /// requested at once; a wrong guess costs a few requests, or a round trip. After a listing the client
    /// knows the number.
    pub fn hint_size(&self, packages: usize) {
        self.0.expected.store(packages, Ordering::Relaxed);
    }

    /// Returns the account whose credentials these are (Sts GetCallerIdentity).
    ///
    /// # Errors
    ///
    /// A refusal, or no usable reply after every repetition.
    pub async fn account(&self) -> Result<AccountId, Error> {
        self.identity().await.map(|identity| identity.account)
    }

    /// Returns the account and the caller (Sts GetCallerIdentity).
    ///
    /// # Errors
    ///
    /// Those of [`Cloud::account`].
    pub async fn identity(&self) -> Result<Identity, Error> {
        let request = request::get_caller_identity();
        let reply = self.read(&request, &self.0.endpoints.sts, object).await?;
        let account = account_in(&reply).map_err(|reason| {
            let shown = redact::words(&reason, 200, &self.0.secrets);
            Error::Lost(self.unusable(&request, &reply, shown))
        })?;
        self.0.cache.pin(&account);
        let arn = reply["Arn"].as_str().map(|arn| redact::words(arn, 200, &self.0.secrets));
        Ok(Identity { account, arn })
    }

    /// Returns the number of packages of the account, as the first page of a listing announces it.
    ///
    /// # Errors
    ///
    /// A refusal, no usable reply after every repetition, or a reply that is no page.
    pub async fn announced(&self) -> Result<u64, Error> {
        self.page(1).await?.map(|page| page.total()).map_err(Error::Listing)
    }

    /// Returns every package of the account, never a part of them. The first page says how many there are;
    /// the others are read side by side, at most 48 at once and fewer if the service throttles.
    ///
    /// Pages that contradict each other, because packages came or went between them, are read again from
    /// the first, up to three times.
    ///
    /// # Errors
    ///
    /// A refusal, no usable reply after every repetition, or no whole listing.
    pub async fn list(&self) -> Result<Observed, Error> {
        let Inner { clock, random, retry, expected, .. } = &*self.0;
        let mut n = 0;
        loop {
            match self.pages().await? {
                Ok(whole) => {
                    expected.store(count(&whole), Ordering::Relaxed);
                    return Ok(whole);
                }
                Err(reason) if n == RELISTS => return Err(Error::Listing(reason)),
                Err(reason) => tracing::debug!(reason, "listing again"),
            }
            clock.sleep(retry.wait(n, None, random)).await;
            n += 1;
        }
    }

    /// Lists again until two listings in a row agree, and leaves the last of them in `observed`.
    ///
    /// Needed before a purchase: if one package goes and another comes while pages are read, a third can move
    /// unseen from a later page to an earlier one, and the count stays the same. A listing of one page cannot
    /// shift, so it is not read again.
    ///
    /// If the last page is full, it also reads the one after it: nothing else contradicts a count that is too
    /// small.
    ///
    /// # Errors
    ///
    /// Those of [`Cloud::list`]; four listings of which no two in a row agree; a listing that goes on after
    /// its end.
    pub async fn confirm(&self, observed: &mut Observed) -> Result<(), Error> {
        if count(observed) > request::PAGE_SIZE {
            self.list_until_two_agree(observed).await?;
        }
        let listed = count(observed);
        if listed == 0 || !listed.is_multiple_of(request::PAGE_SIZE) {
            return Ok(());
        }
        match self.page(listed / request::PAGE_SIZE + 1).await? {
            Ok(page) if page.is_empty() => Ok(()),
            Ok(_) => {
                Err(Error::Listing(format!("it holds more than the {listed} packages that it announces")))
            }
            Err(reason) => Err(Error::Listing(reason)),
        }
    }

    async fn list_until_two_agree(&self, observed: &mut Observed) -> Result<(), Error> {
        for _ in 0..RELISTS {
            let before = std::mem::replace(observed, self.list().await?);
            if *observed == before {
                return Ok(());
            }
        }
        Err(Error::Listing(format!("no two of {} listings in a row agree", RELISTS + 1)))
    }

    /// Returns the clock of this client.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Returns the endpoint at which packages are listed and bought.
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoints.cbn
    }

    /// Gets credentials that will last for a while, before something begins that should not be left half
    /// done. Sends nothing if such credentials are known already.
    ///
    /// # Errors
    ///
    /// Their source fails, or gives credentials of another account than before.
    pub async fn ready(&self) -> Result<(), CredentialsError> {
        self.credentials().await.map(|_| ())
    }

    /// Returns the caller: the masked access key and its source. `None` before credentials were needed.
    pub fn caller(&self) -> Option<Caller> {
        self.0.cache.caller()
    }

    /// Returns the wait before repetition number `n`, from 0, given the wait that the service asked for.
    pub fn wait(&self, n: u32, asked: Option<Duration>) -> Duration {
        self.0.retry.wait(n, asked, &self.0.random)
    }

    /// Waits until the limit on requests per second, if there is one, lets a request leave.
    pub(super) async fn wait_for_rate_limit(&self) {
        self.0.pace.acquire(&self.0.clock).await;
    }

    /// Lists once. The inner error says how the pages contradict each other.
    async fn pages(&self) -> Result<Result<Observed, String>, Error> {
        let Inner { pace, expected, .. } = &*self.0;
        let read = |number| self.page(number);
        listing::gather(expected.load(Ordering::Relaxed), || pace.window(), read).await
    }

    /// Reads one page. The inner error says why the reply is not a page.
    async fn page(&self, number: usize) -> Result<Result<Page, String>, Error> {
        let page = |body: &[u8]| {
            let reply: Json<'_> = serde_json::from_slice(body).ok()?;
            matches!(reply, Json::Object(_)).then(|| Page::of(&reply))
        };
        self.read(&request::describe_page(number), &self.0.endpoints.cbn, page).await
    }

    /// Repeats a read until there is an answer, or repeating cannot help.
    async fn read<T>(
        &self,
        request: &Request,
        endpoint: &Endpoint,
        read: fn(&[u8]) -> Option<T>,
    ) -> Result<T, Error> {
        self.read_by(&self.0.retry, request, endpoint, read).await
    }

    /// Repeats a read by this policy.
    pub(super) async fn read_by<T>(
        &self,
        policy: &RetryPolicy,
        request: &Request,
        endpoint: &Endpoint,
        read: fn(&[u8]) -> Option<T>,
    ) -> Result<T, Error> {
        let Inner { clock, random, pace, .. } = &*self.0;
        let ask = || async {
            self.wait_for_rate_limit().await;
            next_turn().await;
            let epoch = pace.epoch();
            let answer = self.send(request, endpoint, read).await;
            // Only pages are read side by side, so only they show how many the service takes at once.
            match &answer {
                Answer::Yes(_) if request.action == request::DESCRIBE => pace.answered(epoch),
                Answer::No(refusal) if refusal.kind == RefusalKind::Throttled => pace.throttled(epoch),
                Answer::Yes(_) | Answer::No(_) | Answer::Unknown(_) => {}
            }
            answer
        };
        until_answered(clock, random, policy, ask).await
    }

    /// Sends one request, once, with a new date, nonce and signature.
    pub(super) async fn send<T>(
        &self,
        request: &Request,
        endpoint: &Endpoint,
        read: fn(&[u8]) -> Option<T>,
    ) -> Answer<T> {
        let Inner { transport, cache, secrets, clock, random, .. } = &*self.0;
        let credentials = match self.credentials().await {
            Ok(credentials) => credentials,
            Err(error) => return Answer::No(without_credentials(request.action, &error)),
        };
        let signed = sign::sign(request, endpoint, &credentials, clock.now(), random.nonce());
        let result = transport.send(&signed).await;
        let status = result.as_ref().ok().map(|reply| reply.status);
        let mut answer = classify(request.action, result, secrets, read);
        if let Answer::No(refusal) = &mut answer
            && refusal.code.is_expiry()
            && cache.is_worth_renewing(&credentials).await
        {
            refusal.kind = RefusalKind::Expired;
        }
        let fate = match &answer {
            Answer::Yes(_) => "yes",
            Answer::No(_) => "no",
            Answer::Unknown(_) => "unknown",
        };
        tracing::debug!(action = request.action, status, fate, "sent");
        answer
    }

    /// Returns the secrets that no message may show.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }

    async fn credentials(&self) -> Result<Arc<Credentials>, CredentialsError> {
        let Inner { transport, cache, secrets, endpoints, clock, random, retry, pace, .. } = &*self.0;
        let (transport, sts) = (&**transport, &endpoints.sts);
        cache.credentials(&Context { transport, sts, clock, random, retry, pace, secrets }).await
    }

    /// Returns the error for a reply to `request` that does not hold what was asked for: its fate is unknown.
    pub(super) fn unusable(&self, request: &Request, reply: &Value, reason: String) -> Lost {
        let (action, request_id) = (request.action, request_id(reply, &self.0.secrets));
        Lost { action, reason, code: None, request_id, status: None, retry_after: None }
    }
}

/// Returns the refusal of a request that was not sent because there are no credentials.
fn without_credentials(action: &'static str, error: &CredentialsError) -> Refusal {
    let (kind, message) = (RefusalKind::NoCredentials, error.to_string());
    Refusal {
        kind,
        action,
        code: Code::default(),
        message,
        request_id: None,
        status: None,
        retry_after: None,
    }
}

/// Returns the number of packages that a listing holds, readable or not.
fn count(observed: &Observed) -> usize {
    observed.packages.len() + observed.unreadable.len()
}
