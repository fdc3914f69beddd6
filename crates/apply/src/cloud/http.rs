//! The transport over HTTP.

use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Client, Method, Response, Url, header};

use super::Endpoint;
use super::proxy::Proxy;
use super::transport::{Fetch, Reply, Sending, SignedRequest, Transport, TransportError};

/// The time that an idle connection is kept. Servers keep idle connections longer: one that a server closes
/// in the moment of a purchase would leave the purchase in doubt.
const IDLE: Duration = Duration::from_secs(10);
/// The largest body that is read, in bytes after decompression. A page of 50 packages with 20 tags each has
/// 0.5 MB.
const LONGEST_BODY: usize = 8 << 20;

const REQUEST_ID: &[u8] = b"RequestId";

/// The answer to a request without credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The HTTP status.
    pub status: u16,
    /// The time of the answer by the clock of the server, to the second.
    pub date: Option<Timestamp>,
    /// True if the answer has the form of the service's; otherwise something else may have answered.
    pub is_service: bool,
}

/// Carries requests over HTTP. The clients are made when first needed, because their certificates take a
/// while to load.
#[derive(Debug)]
pub struct HttpTransport {
    timeout: Duration,
    proxy: Option<Proxy>,
    remote: OnceLock<Result<Client, String>>,
    loopback: OnceLock<Result<Client, String>>,
}

impl HttpTransport {
    /// Returns a transport that gives every request this much time from connecting to the last byte. Half of
    /// it is for connecting: a request to a service that cannot be reached is then known not to have been
    /// sent.
    pub fn new(timeout: Duration) -> Self {
        Self { timeout, proxy: None, remote: OnceLock::new(), loopback: OnceLock::new() }
    }

    /// Returns the same transport, whose `https` requests go through this proxy.
    #[must_use]
    pub fn through(self, proxy: Option<Proxy>) -> Self {
        Self { proxy, ..self }
    }

    fn client(&self, plain: bool) -> Result<&Client, TransportError> {
        let cell = if plain { &self.loopback } else { &self.remote };
        let made = cell.get_or_init(|| client(self.timeout, plain, self.proxy.clone()).map_err(reason));
        made.as_ref().map_err(|reason| TransportError::NotSent(format!("no HTTP client: {reason}")))
    }

    /// Loads the certificates by which servers are recognised.
    ///
    /// # Errors
    /// There are none, or they cannot be read.
    pub fn load_certificates(&self) -> Result<(), TransportError> {
        self.client(false).map(drop)
    }

    /// Sends one request without credentials, which the service refuses, to see what answers at an endpoint.
    ///
    /// # Errors
    /// Nothing answers, or not in full.
    pub async fn look(&self, at: &Endpoint) -> Result<Look, TransportError> {
        let request = self.client(at.is_plain())?.get(format!("{at}/"));
        let response = match request.header(header::ACCEPT, "application/json").send().await {
            Ok(response) => response,
            Err(error) => return Err(self.classify(error, at).await),
        };
        let date = date(response.headers());
        let Reply { status, body, .. } = whole(response).await?;
        // In JSON as in XML, every answer of the service has one.
        let is_service = body.windows(REQUEST_ID.len()).any(|part| part == REQUEST_ID);
        Ok(Look { status, date, is_service })
    }

    async fn exchange(&self, request: &SignedRequest) -> Result<Reply, TransportError> {
        let SignedRequest { method, endpoint, query, headers, body } = request;
        let method: Method =
            method.parse().map_err(|_| TransportError::NotSent("no HTTP method".to_owned()))?;
        let url = if query.is_empty() { format!("{endpoint}/") } else { format!("{endpoint}/?{query}") };
        let client = self.client(endpoint.is_plain())?;
        let mut sending = client.request(method, url);
        sending = match body.is_empty() {
            true => sending.header(header::CONTENT_LENGTH, 0),
            false => sending.body(body.clone()),
        };
        for (name, value) in headers {
            sending = sending.header(*name, value);
        }
        match sending.send().await {
            Ok(response) => whole(response).await,
            Err(error) => Err(self.classify(error, endpoint).await),
        }
    }

    /// Sorts an error by the one thing that it can prove: without a connection nothing was sent. Any other
    /// error, such as a time-out or a connection closed too early, may have come after the service acted.
    async fn classify(&self, error: reqwest::Error, to: &Endpoint) -> TransportError {
        let not_sent = error.is_connect() || error.is_builder();
        let reason = reason(error);
        if !not_sent {
            return TransportError::Lost(reason);
        }
        let refusal = match (&self.proxy, Url::parse(&to.to_string())) {
            (Some(proxy), Ok(url)) if !to.is_plain() => proxy.refusal(&url, self.timeout / 2).await,
            _ => None,
        };
        TransportError::NotSent(refusal.map_or(reason.clone(), |refusal| format!("{refusal}: {reason}")))
    }
}

impl HttpTransport {
    async fn ask(&self, fetch: &Fetch) -> Result<Reply, TransportError> {
        let Fetch { method, to, headers, body, timeout } = fetch;
        let method = Method::from_bytes(method.as_bytes());
        let method = method.map_err(|_| TransportError::NotSent("no HTTP method".to_owned()))?;
        let url = format!("{to}{}", to.target());
        let mut sending = self.client(to.root().is_plain())?.request(method, url);
        for (name, value) in headers {
            sending = sending.header(*name, value);
        }
        if let Some(timeout) = timeout {
            sending = sending.timeout(*timeout);
        }
        match sending.body(body.clone()).send().await {
            Ok(response) => whole(response).await,
            Err(error) => Err(self.classify(error, to.root()).await),
        }
    }
}

impl Transport for HttpTransport {
    fn send<'a>(&'a self, request: &'a SignedRequest) -> Sending<'a> {
        Box::pin(self.exchange(request))
    }

    fn fetch<'a>(&'a self, fetch: &'a Fetch) -> Sending<'a> {
        Box::pin(self.ask(fetch))
    }
}

fn client(timeout: Duration, plain: bool, proxy: Option<Proxy>) -> Result<Client, reqwest::Error> {
    // Fails if a provider is installed already, which is just as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(concat!("cenbwp/", env!("CARGO_PKG_VERSION")))
        .timeout(timeout)
        .connect_timeout(timeout / 2)
        .pool_idle_timeout(IDLE)
        // A redirect would take signed headers to another host, or repeat a purchase.
        .redirect(reqwest::redirect::Policy::none())
        // The code that knows the fate of a request decides whether to repeat it.
        .retry(reqwest::retry::never())
        .https_only(!plain);
    let builder = builder.no_proxy();
    // No proxy may see a request in clear to this machine. Nor does it need certificates, which take as long
    // to load as the rest of a small plan.
    match proxy {
        _ if plain => builder.tls_certs_only([]),
        Some(proxy) => builder.proxy(reqwest::Proxy::custom(move |url| proxy.on_the_way_to(url))),
        None => builder,
    }
    .build()
}

async fn whole(mut response: Response) -> Result<Reply, TransportError> {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    let mut body = Vec::new();
    let lost = |reason: String| TransportError::Lost(format!("{reason} after HTTP {status}"));
    while let Some(chunk) = response.chunk().await.map_err(|error| lost(reason(error)))? {
        if body.len() + chunk.len() > LONGEST_BODY {
            return Err(lost(format!("a body of more than {} MiB", LONGEST_BODY >> 20)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, retry_after, body })
}

/// Reads `x-acs-retry-after`, a positive number of milliseconds; anything else counts as missing.
fn retry_after(headers: &header::HeaderMap) -> Option<Duration> {
    let millis: u64 = headers.get("x-acs-retry-after")?.to_str().ok()?.trim().parse().ok()?;
    (millis > 0).then(|| Duration::from_millis(millis))
}

/// Reads `Date`, in the form that RFC 9110 prescribes.
fn date(headers: &header::HeaderMap) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(headers.get(header::DATE)?.as_bytes()).ok()
}

/// Returns the error and its causes on one line, without the URL: its query holds a signature.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
