//! The seam: one signed request in, one reply out.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use super::Endpoint;

/// A request that can be sent as it is. Its body is empty: every parameter is in the query.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// The HTTP method.
    pub method: &'static str,
    /// Where it goes.
    pub endpoint: Endpoint,
    /// The query exactly as it was signed, without `?`; it must reach the wire byte for byte.
    pub query: String,
    /// The headers except `host`, which follows from the endpoint.
    pub headers: Vec<(&'static str, String)>,
}

/// Shows everything but what would let a reader act in the account's name.
impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, endpoint, query, headers } = self;
        let shown = headers.iter().map(|(name, value)| match *name {
            "authorization" | "x-acs-security-token" | "x-acs-accesskey-id" => (*name, "[redacted]"),
            name => (name, value.as_str()),
        });
        f.debug_struct("SignedRequest")
            .field("method", method)
            .field("endpoint", &endpoint.to_string())
            .field("query", query)
            .field("headers", &shown.collect::<Vec<_>>())
            .finish()
    }
}

/// What the other side answered, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The header `x-acs-retry-after`, which counts milliseconds.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no whole reply. The texts never hold a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// It is certain that the service has seen nothing.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It may have seen everything.
    #[error("no whole reply: {0}")]
    Lost(String),
}

/// What [`Transport::send`] returns.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Reply, TransportError>> + Send + 'a>>;

/// Something that carries requests to the service: the network, or a simulation of it in tests.
pub trait Transport: Send + Sync {
    /// Sends the request, once, and waits for the whole reply.
    fn send<'a>(&'a self, request: &'a SignedRequest) -> Sending<'a>;
}
