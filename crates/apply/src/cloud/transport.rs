//! The seam between the client and the network: one request in, one reply out.

use std::fmt;
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

use cenbwp_spec::ParseError;

use super::Endpoint;

/// A signed request, ready to send.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// The HTTP method.
    pub method: &'static str,
    /// The endpoint that it is sent to.
    pub endpoint: Endpoint,
    /// The query exactly as it was signed, without `?`; it must reach the wire byte for byte.
    pub query: String,
    /// The headers except `host`, which follows from the endpoint.
    pub headers: Vec<(&'static str, String)>,
    /// The body exactly as it was signed; empty if every parameter is in the query.
    pub body: String,
}

/// Shows everything except what would let a reader act in the account's name.
impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, endpoint, query, headers, body } = self;
        let shown = headers.iter().map(|(name, value)| match *name {
            "authorization" | "x-acs-security-token" | "x-acs-accesskey-id" => (*name, "[redacted]"),
            name => (name, value.as_str()),
        });
        f.debug_struct("SignedRequest")
            .field("method", method)
            .field("endpoint", &endpoint.to_string())
            .field("query", query)
            .field("headers", &shown.collect::<Vec<_>>())
            .field("body", body)
            .finish()
    }
}

/// The address of a source of credentials: `https://HOST[:PORT]/PATH?QUERY`, or `http://` on this machine's
/// own link. The query may hold a secret, so it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    root: Endpoint,
    target: String,
}

impl Address {
    /// Returns the address of a target at a root; the target begins with `/`.
    pub(super) fn at(root: &Endpoint, target: &str) -> Self {
        Self { root: root.clone(), target: target.to_owned() }
    }

    /// Returns host and scheme.
    pub fn root(&self) -> &Endpoint {
        &self.root
    }

    /// Returns path and query.
    pub fn target(&self) -> &str {
        &self.target
    }
}

/// Writes the root only.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

impl FromStr for Address {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const EXPECTED: ParseError =
            ParseError { expected: "https://HOST[:PORT]/PATH of visible ASCII without user and fragment" };
        let start = text.find("://").ok_or(EXPECTED)? + 3;
        let end = text[start..].find(['/', '?', '#']).map_or(text.len(), |at| start + at);
        let (root, target) = text.split_at(end);
        if !target.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
            return Err(EXPECTED);
        }
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Self { root: Endpoint::link_local(root)?, target: format!("{slash}{target}") })
    }
}

/// A request to a source of credentials: unsigned, and sent once.
#[derive(Clone, PartialEq, Eq)]
pub struct Fetch {
    /// The HTTP method.
    pub method: &'static str,
    /// The address that it is sent to.
    pub to: Address,
    /// The headers except `host`.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
    /// The time from connecting to the last byte; `None` is the time of any request.
    pub timeout: Option<Duration>,
}

impl Fetch {
    /// Returns a request without headers and body.
    pub(super) fn new(method: &'static str, to: Address) -> Self {
        Self { method, to, headers: Vec::new(), body: String::new(), timeout: None }
    }
}

/// Shows only what is no secret.
impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, to) = (self.method, self.to.to_string());
        f.debug_struct("Fetch").field("method", &method).field("to", &to).finish_non_exhaustive()
    }
}

/// A whole reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The header `x-acs-retry-after`, which counts milliseconds.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Vec<u8>,
}

/// The reason for which there is no whole reply. The messages never hold a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The service has seen nothing, for sure.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The service may have seen the request.
    #[error("no whole reply: {0}")]
    Lost(String),
}

/// The future that [`Transport::send`] returns.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Reply, TransportError>> + Send + 'a>>;

/// Something that carries requests to the service: the network, or a simulation of it in tests.
pub trait Transport: Send + Sync {
    /// Sends the request, once, and waits for the whole reply.
    fn send<'a>(&'a self, request: &'a SignedRequest) -> Sending<'a>;

    /// Sends a request to a source of credentials, once, and waits for the whole reply. A transport that only
    /// simulates the service has no such sources.
    fn fetch<'a>(&'a self, fetch: &'a Fetch) -> Sending<'a> {
        let error = TransportError::NotSent(format!("nobody is at {}", fetch.to));
        Box::pin(std::future::ready(Err(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_sent_as_it_is_written_and_its_query_is_not_shown() {
        for (text, root, target) in [
            ("https://a.example/x?y=z", "https://a.example", "/x?y=z"),
            ("https://a.example:8443?y", "https://a.example:8443", "/?y"),
            ("http://127.0.0.1:6666/sts?x=1", "http://127.0.0.1:6666", "/sts?x=1"),
            ("http://localhost", "http://localhost", "/"),
            ("http://169.254.1.2/x", "http://169.254.1.2", "/x"),
            ("http://[fe80::1]/x", "http://[fe80::1]", "/x"),
            ("http://100.100.100.200/latest/", "http://100.100.100.200", "/latest/"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.to_string().as_str(), address.target()), (root, target), "{text}");
        }
        let fetch = Fetch::new("GET", "https://a.example/x?token=s-secret".parse().unwrap());
        assert_eq!(format!("{fetch:?}"), "Fetch { method: \"GET\", to: \"https://a.example\", .. }");
    }

    #[test]
    fn what_is_no_safe_address_is_refused() {
        for text in [
            "",
            "a.example/x",
            "http://a.example/x",
            "http://10.0.0.1/x",
            "http://100.100.100.201/x",
            "http://169.254.1.2.example/x",
            "https://user:secret@a.example/x",
            "https://a.example/x#y",
            "https://a.example/x y",
            "https://a.example/\u{e9}",
            "file:///etc/passwd",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
