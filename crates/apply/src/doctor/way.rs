//! The way to the endpoints: proxy, certificates, and what answers at its end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::Needed;
use super::check::Check;
use crate::clock::Clock;
use crate::cloud::{CredentialsError, Endpoint, Environment, HttpTransport, Look, Proxy, TransportError};

/// The variables that name the certificates to trust: a file, and a folder.
const CERTIFICATES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The way to an endpoint: proxy and certificates.
pub(super) struct Way {
    pub(super) transport: Needed<Arc<HttpTransport>>,
    proxy: Option<Proxy>,
    /// The reason for which nothing goes through the proxy.
    no_proxy: Option<String>,
    /// The reason for which no server can be recognised.
    no_certificates: Option<String>,
}

/// The answer of an endpoint.
pub(super) struct Seen {
    /// The service's clock, less ours.
    pub(super) offset: Option<SignedDuration>,
}

impl Way {
    /// Checks the proxy and the certificates.
    pub(super) async fn find(
        environment: &Environment,
        timeout: Duration,
        endpoints: &[&Endpoint],
    ) -> (Vec<Check>, Self) {
        let is_remote = endpoints.iter().any(|endpoint| !endpoint.is_plain());
        let (proxy_check, proxy, no_proxy) = match Proxy::of(environment) {
            Ok(None) => (Check::ok("proxy", "none is set"), None, None),
            Err(reason) => {
                let way = Self {
                    transport: Err("the proxy's address cannot be read".to_owned()),
                    proxy: None,
                    no_proxy: None,
                    no_certificates: None,
                };
                let none = Check::not("certificates", "the proxy's address cannot be read");
                return (vec![Check::failed("proxy", reason), none], way);
            }
            Ok(Some(proxy)) => {
                let (check, reason) = check_proxy(&proxy, timeout, endpoints).await;
                (check, Some(proxy), reason)
            }
        };
        let transport = Arc::new(HttpTransport::new(timeout).through(proxy.clone()));
        let loaded = if is_remote { transport.load_certificates() } else { Ok(()) };
        let check = certificates(environment, is_remote, &loaded);
        let no_certificates = loaded.is_err().then(|| "there are no certificates".to_owned());
        (vec![proxy_check, check], Self { transport: Ok(transport), proxy, no_proxy, no_certificates })
    }

    /// Returns the reason for which no request leaves for this endpoint.
    fn blocked(&self, to: &Endpoint) -> Option<&String> {
        let is_proxied = self.proxy.as_ref().is_some_and(|proxy| proxy.is_on_the_way_to(to));
        self.no_proxy
            .as_ref()
            .filter(|_| is_proxied)
            .or(self.no_certificates.as_ref().filter(|_| !to.is_plain()))
    }

    /// Checks what is at the end of the way to an endpoint.
    pub(super) async fn end(
        &self,
        check: &'static str,
        flag: &str,
        to: Result<&Endpoint, &CredentialsError>,
    ) -> (Check, Needed<Seen>) {
        let to = match to {
            Ok(to) => to,
            Err(error) => {
                return (Check::failed(check, error), Err("the token service has no address".to_owned()));
            }
        };
        let transport = match (&self.transport, self.blocked(to)) {
            (Ok(transport), None) => transport,
            (Err(why), _) | (_, Some(why)) => {
                return (Check::not(check, format_args!("{to}: {why}")), Err(why.clone()));
            }
        };
        let (before, since) = (Clock::System.now(), Clock::System.instant());
        let look = transport.look(to).await;
        let took = since.elapsed();
        match look {
            Ok(Look { status, date, is_service }) => {
                let middle = before.saturating_add(took / 2).unwrap_or(before);
                let milliseconds = Some(took.as_millis().try_into().unwrap_or(u64::MAX));
                let answers = format!("{to} answers in {} ms", took.as_millis());
                let check = if is_service {
                    Check::ok(check, answers)
                } else {
                    let message = format!("{answers}, with HTTP {status} and not in the service's form");
                    let hint = format!(
                        "check that {flag} names the service, and that no portal answers in its place"
                    );
                    Check::warning(check, message).hint(hint)
                };
                let offset = date.map(|date| date.duration_since(middle));
                (Check { milliseconds, ..check }, Ok(Seen { offset }))
            }
            Err(error) => {
                let why = format!("{to} does not answer");
                let check = Check::failed(check, format_args!("{to}: {}", reason(&error)));
                (check.hint(self.advice(reason(&error), to, flag)), Err(why))
            }
        }
    }

    fn advice(&self, reason: &str, to: &Endpoint, flag: &str) -> String {
        let proxy = self.proxy.as_ref().filter(|proxy| proxy.is_on_the_way_to(to)).map(Proxy::variable);
        match proxy {
            // The TLS library's word for a certificate that it does not accept.
            _ if reason.contains("peer certificate") => {
                format!(
                    "if a proxy or a server of your own answers here, name its certificate with {}",
                    CERTIFICATES[0]
                )
            }
            Some(variable) => {
                format!("correct {variable}, its name and its password, or list the host in NO_PROXY")
            }
            None => format!("check the network, name resolution and {flag}; a proxy is set with HTTPS_PROXY"),
        }
    }
}

/// Checks that the proxy can be reached, if an endpoint lies behind it. Also returns the reason for which nothing goes
/// through it.
async fn check_proxy(proxy: &Proxy, timeout: Duration, endpoints: &[&Endpoint]) -> (Check, Option<String>) {
    let variable = proxy.variable();
    let through = endpoints.iter().filter(|endpoint| proxy.is_on_the_way_to(endpoint));
    let through: Vec<_> = through.map(|endpoint| endpoint.to_string()).collect();
    if through.is_empty() {
        let message = format_args!("that of {variable}, which is on the way to no endpoint");
        return (Check::ok("proxy", message), None);
    }
    let message = format!("that of {variable}, for {}", through.join(" and "));
    match proxy.connect(timeout / 2).await {
        Ok(()) => (Check::ok("proxy", message), None),
        Err(why) => {
            let hint = format!(
                "correct {variable}, or `unset {variable}`, or list the hosts that need no proxy in NO_PROXY"
            );
            let check = Check::failed("proxy", format_args!("{message}: {why}")).hint(hint);
            (check, Some("the proxy cannot be reached".to_owned()))
        }
    }
}

/// Tells which certificates were loaded.
fn certificates(environment: &Environment, is_remote: bool, loaded: &Result<(), TransportError>) -> Check {
    const CHECK: &str = "certificates";
    if !is_remote {
        return Check::ok(CHECK, "not needed: no endpoint is https");
    }
    let named = CERTIFICATES.into_iter().filter(|name| environment.get(name).is_some());
    let whose = match &named.collect::<Vec<_>>()[..] {
        [] => "those of the system".to_owned(),
        names => format!("those of {}", names.join(" and ")),
    };
    let [file, _] = CERTIFICATES;
    let is_missing = environment.get(file).is_some_and(|path| !Path::new(path).exists());
    match loaded {
        Err(error) => Check::failed(CHECK, format_args!("{whose}: {}", reason(error)))
            .hint(format!("install the package ca-certificates, or name a file of certificates with {file}")),
        Ok(()) if is_missing => Check::warning(CHECK, format_args!("{whose}, and {file} names no file"))
            .hint(format!("correct it, or `unset {file}`")),
        Ok(()) => Check::ok(CHECK, whose),
    }
}

fn reason(error: &TransportError) -> &str {
    let (TransportError::NotSent(reason) | TransportError::Lost(reason)) = error;
    reason
}
