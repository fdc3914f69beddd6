//! One lease for a whole run, kept fresh.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cenbwp_spec::AccountId;
use jiff::{SignedDuration, Timestamp};

use super::context::Context;
use super::source::Source;
use super::{Caller, Credentials, CredentialsError, Lease, failed};

/// The time before their end at which credentials are renewed, so that none expire while a request is on its
/// way, and a renewal that fails can be tried again. Credentials with a short life are renewed at half of it.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);
/// The time after which a failed renewal is tried again while the old credentials last.
const AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// Gives all requests the same credentials, and renews them before they expire. A request that needs them
/// during a renewal waits for that renewal.
///
/// The account is pinned: renewed credentials that belong to another one end the run.
pub(in crate::cloud) struct CredentialCache {
    source: Source,
    held: tokio::sync::Mutex<Option<Held>>,
    account: OnceLock<AccountId>,
    caller: Mutex<Option<Caller>>,
}

struct Held {
    credentials: Arc<Credentials>,
    expires: Option<Timestamp>,
    renew_at: Timestamp,
    /// True if the service refused the credentials before these as expired. If it refuses these too, it would
    /// refuse the next.
    is_replacement: bool,
    is_refused: bool,
}

impl CredentialCache {
    pub(in crate::cloud) fn new(source: Source) -> Self {
        let (held, account, caller) = Default::default();
        Self { source, held, account, caller }
    }

    /// Gives credentials that will last for a while.
    pub(in crate::cloud) async fn credentials(
        &self,
        context: &Context<'_>,
    ) -> Result<Arc<Credentials>, CredentialsError> {
        let mut held = self.held.lock().await;
        let now = context.clock.now();
        let fresh = match &mut *held {
            Some(held) if !held.is_refused && now < held.renew_at => return Ok(held.credentials.clone()),
            Some(old) => match self.renewed(context, old).await {
                Ok(fresh) => fresh,
                // While the old ones last, a renewal that fails is only a warning, unless the account is
                // another one.
                Err(Renewal::Failed(error))
                    if !old.is_refused && old.expires.is_some_and(|end| now < end) =>
                {
                    tracing::warn!(%error, "the credentials could not be renewed yet");
                    old.renew_at = old.expires.unwrap_or(now).min(now.saturating_add(AGAIN).unwrap_or(now));
                    return Ok(old.credentials.clone());
                }
                Err(Renewal::Failed(error) | Renewal::Forbidden(error)) => return Err(error),
            },
            None => Held::new(self.source.lease(context).await?, now, false),
        };
        tracing::info!(
            source = fresh.credentials.source,
            access_key = fresh.credentials.masked_id(),
            expires = fresh.expires.map(tracing::field::display),
            "credentials found"
        );
        *self.caller.lock().unwrap_or_else(PoisonError::into_inner) = Some((&*fresh.credentials).into());
        Ok(held.insert(fresh).credentials.clone())
    }

    async fn renewed(&self, context: &Context<'_>, old: &Held) -> Result<Held, Renewal> {
        let lease = self.source.lease(context).await.map_err(Renewal::Failed)?;
        if lease.credentials.access_key_id != old.credentials.access_key_id {
            self.check_account(context, &old.credentials, &lease.credentials).await?;
        }
        Ok(Held::new(lease, context.clock.now(), old.is_refused))
    }

    /// Refuses credentials of another account than before. If the account is not known yet, the service is
    /// asked with the old credentials; if that fails, nothing is refused.
    async fn check_account(
        &self,
        context: &Context<'_>,
        old: &Credentials,
        new: &Credentials,
    ) -> Result<(), Renewal> {
        let before = match self.account.get() {
            Some(account) => account.clone(),
            None => match context.account(old).await {
                Ok(account) => account,
                Err(_) => return Ok(()),
            },
        };
        let after = context.account(new).await;
        let after = after.map_err(|reason| Renewal::Failed(failed(&new.source, reason)))?;
        if after != before {
            let reason =
                format!("the renewed credentials are of account {after}, and this run is for {before}");
            return Err(Renewal::Forbidden(failed(&new.source, reason)));
        }
        self.pin(&after);
        Ok(())
    }

    /// Sets the account of this run. Only the first call counts.
    pub(in crate::cloud) fn pin(&self, account: &AccountId) {
        let _ = self.account.set(account.clone());
    }

    /// Notes that the service refused these credentials as expired, and returns true if the next request can
    /// get others.
    pub(in crate::cloud) async fn is_worth_renewing(&self, refused: &Arc<Credentials>) -> bool {
        if self.source.key().is_some() {
            return false;
        }
        match &mut *self.held.lock().await {
            Some(held) if Arc::ptr_eq(&held.credentials, refused) => {
                held.is_refused = !held.is_replacement;
                held.is_refused
            }
            // Another request has renewed them by now.
            Some(_) | None => true,
        }
    }

    /// Returns the caller, once credentials have been needed.
    pub(in crate::cloud) fn caller(&self) -> Option<Caller> {
        self.caller.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

enum Renewal {
    /// The renewal failed, and may be tried again.
    Failed(CredentialsError),
    /// The new credentials may not be used.
    Forbidden(CredentialsError),
}

impl Held {
    fn new(Lease { credentials, expires }: Lease, now: Timestamp, is_replacement: bool) -> Self {
        let margin = |end: Timestamp| MARGIN.min(end.duration_since(now) / 2);
        let renew_at = expires.and_then(|end| end.checked_sub(margin(end)).ok());
        let credentials = Arc::new(credentials);
        let renew_at = renew_at.unwrap_or(Timestamp::MAX);
        Self { credentials, expires, renew_at, is_replacement, is_refused: false }
    }
}
