//! The writer: the only type that can change something in the account.

use cenbwp_diff::Purchase;
use cenbwp_spec::PackageId;
use serde_json::Value;

use super::classify::request_id;
use super::{Answer, Call, ClientToken, Cloud, Request, redact, request};

/// A request that changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write<'p> {
    /// Buys a package, under this token.
    Purchase(&'p Purchase, ClientToken),
    /// Changes a package that exists.
    Change(PackageId, Call),
}

impl Write<'_> {
    fn request(&self) -> Request {
        match self {
            Self::Purchase(purchase, token) => request::create(purchase, token),
            Self::Change(id, call) => call.request(id),
        }
    }

    /// Returns the operation by the service's name.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Purchase(..) => request::CREATE,
            Self::Change(id, call) => call.request(id).action,
        }
    }
}

/// A request that is on record. Only such a request may leave.
#[derive(Debug)]
#[must_use = "a request on record counts as sent until an answer settles it"]
pub struct Recorded<'p>(Write<'p>);

impl<'p> Recorded<'p> {
    /// Records a request. Nothing else makes a [`Recorded`], so no request leaves that could not be recorded.
    ///
    /// # Errors
    /// Those of `record`.
    pub fn by<E>(write: Write<'p>, record: impl FnOnce(&Write<'p>) -> Result<(), E>) -> Result<Self, E> {
        record(&write)?;
        Ok(Self(write))
    }
}

/// The service's yes to a request that changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Yes {
    /// The package that was bought; `None` for a change of one that exists.
    pub id: Option<PackageId>,
    /// The order of a purchase, if the reply names it.
    pub order_id: Option<String>,
    /// The request id, which the vendor's support asks for; empty if the reply names none.
    pub request_id: String,
}

/// The only type that can change something. Only `apply` makes one.
#[derive(Clone)]
pub struct Writer(Cloud);

impl Writer {
    /// Returns a writer to the account that this client reads.
    pub fn new(cloud: &Cloud) -> Self {
        Self(cloud.clone())
    }

    /// Waits until the limit on requests per second, if there is one, lets a request leave. Called before a
    /// request is recorded, so that the recorded time is the time at which it leaves.
    pub async fn wait_for_rate_limit(&self) {
        self.0.wait_for_rate_limit().await;
    }

    /// Sends the request once, and never repeats it.
    pub async fn send(&self, Recorded(write): Recorded<'_>) -> Answer<Yes> {
        let request = write.request();
        let secrets = self.0.secrets();
        match (self.0.send_write(&request).await, write) {
            (Answer::Yes(reply), Write::Purchase(..)) => match created(&reply) {
                Some(id) => {
                    let order_id = order_id(&reply, secrets);
                    let request_id = request_id(&reply, secrets).unwrap_or_default();
                    Answer::Yes(Yes { id: Some(id), order_id, request_id })
                }
                None => {
                    let reason = "the reply names no package".to_owned();
                    Answer::Unknown(self.0.unusable(&request, &reply, reason))
                }
            },
            (Answer::Yes(reply), Write::Change(..)) => {
                let request_id = request_id(&reply, secrets).unwrap_or_default();
                Answer::Yes(Yes { id: None, order_id: None, request_id })
            }
            (Answer::No(refusal), _) => Answer::No(refusal),
            (Answer::Unknown(lost), _) => Answer::Unknown(lost),
        }
    }
}

/// Returns the package that a reply to a purchase names.
fn created(reply: &Value) -> Option<PackageId> {
    reply["CenBandwidthPackageId"].as_str()?.parse().ok()
}

fn order_id(reply: &Value, secrets: &redact::Secrets) -> Option<String> {
    match &reply["CenBandwidthPackageOrderId"] {
        Value::String(order) if !order.is_empty() => Some(redact::words(order, 100, secrets)),
        Value::Number(order) => Some(order.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
