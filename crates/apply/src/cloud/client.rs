//! The client: reads that repeat themselves, and the one writer.

use std::sync::Arc;

use cenbwp_diff::{Observed, Purchase};
use cenbwp_spec::{AccountId, PackageId};

use super::{Answer, ClientToken, Credentials, Endpoints, Error, RetryPolicy, Transport};
use crate::clock::Clock;
use crate::random::Random;

/// One account's view of the service. Cheap to clone.
#[derive(Clone)]
pub struct Cloud(Arc<Inner>);

struct Inner {
    transport: Arc<dyn Transport>,
    credentials: Credentials,
    endpoints: Endpoints,
    clock: Clock,
    random: Random,
    retry: RetryPolicy,
}

impl Cloud {
    /// Returns a client. Nothing is sent before a method is called.
    pub fn new(
        transport: Arc<dyn Transport>,
        credentials: Credentials,
        endpoints: Endpoints,
        clock: Clock,
        random: Random,
        retry: RetryPolicy,
    ) -> Self {
        Self(Arc::new(Inner { transport, credentials, endpoints, clock, random, retry }))
    }

    /// Whose credentials these are (Sts GetCallerIdentity).
    pub async fn account(&self) -> Result<AccountId, Error> {
        unimplemented!()
    }

    /// Every package of the account, or an error; never a part of them.
    pub async fn list(&self) -> Result<Observed, Error> {
        unimplemented!()
    }

    /// The same, looked at again until two listings in a row agree, unless one page held everything.
    pub async fn list_confirmed(&self) -> Result<Observed, Error> {
        unimplemented!()
    }

    /// The only thing that can change something.
    pub fn writer(&self) -> Writer<'_> {
        Writer(self)
    }
}

/// The only type that can change something. Every method sends exactly one request.
pub struct Writer<'a>(&'a Cloud);

/// A purchase that the service says it made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The package.
    pub id: PackageId,
    /// The order, if the reply names one.
    pub order_id: Option<String>,
    /// What the vendor's support asks for; empty if the reply names none.
    pub request_id: String,
}

impl Writer<'_> {
    /// Buys a package: one request, never repeated here.
    pub async fn create(&self, purchase: &Purchase, token: &ClientToken) -> Answer<Created> {
        let _ = (purchase, token, &self.0.0.clock);
        unimplemented!()
    }
}
