//! The network.

use std::time::Duration;

use super::transport::{Sending, SignedRequest, Transport, TransportError};

/// Carries requests over HTTP.
#[derive(Debug)]
pub struct HttpTransport {
    timeout: Duration,
}

impl HttpTransport {
    /// Returns a transport that gives every request this much time, from connecting to the last byte.
    pub fn new(timeout: Duration) -> Self {
        Self { timeout }
    }
}

impl Transport for HttpTransport {
    fn send<'a>(&'a self, _request: &'a SignedRequest) -> Sending<'a> {
        Box::pin(async move { Err(TransportError::NotSent(format!("{:?}", self.timeout))) })
    }
}
