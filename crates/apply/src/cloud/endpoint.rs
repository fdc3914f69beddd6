//! Endpoints: host, port and scheme of the services and of sources of credentials.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use cenbwp_spec::ParseError;

/// The root of a service: `https://HOST[:PORT]`, or `http://` on loopback. A source of credentials may also
/// be reached in clear on this machine's own link.
///
/// Host and port are kept in the form in which they are signed and sent: in lower case, without the scheme's
/// default port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    scheme: &'static str,
    authority: String,
}

impl Endpoint {
    /// Returns the value of the `host` header: the host, and the port unless it is the scheme's default.
    pub fn host(&self) -> &str {
        &self.authority
    }

    /// Returns true if it is reached in clear, which never leaves this machine or its own link.
    pub fn is_plain(&self) -> bool {
        self.scheme == "http"
    }

    /// Returns the metadata service of every ECS machine.
    pub(super) fn metadata() -> Self {
        Self { scheme: "http", authority: METADATA.to_owned() }
    }

    /// Reads the root of a source of credentials. It may be `http://` on this machine's own link: link-local
    /// addresses, which no router forwards, and the metadata service.
    pub(super) fn link_local(text: &str) -> Result<Self, ParseError> {
        let plain =
            ParseError { expected: "https://…; http:// is for loopback and link-local addresses only" };
        Self::read(text, plain, |reach| reach <= Reach::LinkLocal)
    }

    fn vendor(host: &str) -> Self {
        Self { scheme: "https", authority: host.to_owned() }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

impl FromStr for Endpoint {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let plain = ParseError { expected: "https://…; http:// is for loopback only" };
        Self::read(text, plain, |reach| reach == Reach::Loopback)
    }
}

impl Endpoint {
    fn read(text: &str, plain: ParseError, may_be_plain: fn(Reach) -> bool) -> Result<Self, ParseError> {
        const EXPECTED: ParseError =
            ParseError { expected: "https://HOST[:PORT] without user, path or query" };
        let (scheme, rest) = text.split_once("://").ok_or(EXPECTED)?;
        let (scheme, own_port) = match scheme.to_ascii_lowercase().as_str() {
            "https" => ("https", 443),
            "http" => ("http", 80),
            _ => return Err(EXPECTED),
        };
        let (host, port) = split_port(rest.strip_suffix('/').unwrap_or(rest)).ok_or(EXPECTED)?;
        let host = host.to_ascii_lowercase();
        let reach = reach(&host).ok_or(EXPECTED)?;
        if scheme == "http" && !may_be_plain(reach) {
            return Err(plain);
        }
        let authority = match port {
            Some(port) if port != own_port => format!("{host}:{port}"),
            _ => host,
        };
        Ok(Self { scheme, authority })
    }
}

/// Splits `host[:port]`; an IPv6 host keeps its brackets.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let end = if text.starts_with('[') { text.find(']')? + 1 } else { text.find(':').unwrap_or(text.len()) };
    let (host, rest) = text.split_at(end);
    if rest.is_empty() {
        return Some((host, None));
    }
    let digits = rest.strip_prefix(':')?;
    let port: u16 = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
    (port != 0).then_some((host, Some(port)))
}

/// The reach of a host: how far requests to it travel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Loopback,
    LinkLocal,
    Remote,
}

/// The fixed address of the ECS metadata service, which only the machine itself reaches.
const METADATA: &str = "100.100.100.200";

/// Returns the reach of a host; `None` if it is not a host.
fn reach(host: &str) -> Option<Reach> {
    let of_address = |ip: IpAddr| match ip {
        ip if ip.is_loopback() => Reach::Loopback,
        IpAddr::V4(ip) if ip.is_link_local() || host == METADATA => Reach::LinkLocal,
        IpAddr::V6(ip) if ip.is_unicast_link_local() => Reach::LinkLocal,
        _ => Reach::Remote,
    };
    if let Some(v6) = host.strip_prefix('[') {
        return v6.strip_suffix(']')?.parse::<IpAddr>().ok().filter(IpAddr::is_ipv6).map(of_address);
    }
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Some(of_address(ip));
    }
    let label = |l: &str| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    // A name whose last label is all digits would be read as an IPv4 address in an old notation.
    let named = host.rsplit('.').next().is_some_and(|last| last.bytes().any(|b| b.is_ascii_alphabetic()));
    let reach = if host == "localhost" { Reach::Loopback } else { Reach::Remote };
    (named && host.len() <= 253 && host.split('.').all(label)).then_some(reach)
}

/// A site of the vendor: each account belongs to one, and the billing service of the other does not know it. No call
/// names the site of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Site {
    /// China.
    China,
    /// All other countries.
    International,
}

impl Site {
    fn billing(self) -> Endpoint {
        Endpoint::vendor(match self {
            Self::China => "business.aliyuncs.com",
            Self::International => "business.ap-southeast-1.aliyuncs.com",
        })
    }
}

/// The endpoints of the billing service that an account may belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sites {
    /// The one to ask first.
    pub first: Endpoint,
    /// The one to ask if the first one does not know the account.
    pub other: Option<Endpoint>,
}

impl From<Endpoint> for Sites {
    fn from(first: Endpoint) -> Self {
        Self { first, other: None }
    }
}

impl From<Site> for Sites {
    fn from(site: Site) -> Self {
        site.billing().into()
    }
}

/// Both sites: the one in China first, which has more accounts.
impl Default for Sites {
    fn default() -> Self {
        Self { first: Site::China.billing(), other: Some(Site::International.billing()) }
    }
}

/// The endpoints of the services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Cbn, the service of the packages: one endpoint for every region and for both sites (Endpoints page).
    pub cbn: Endpoint,
    /// Sts, which names the account.
    pub sts: Endpoint,
    /// The billing service, which knows whether packages renew themselves.
    pub billing: Sites,
    /// ROS, which says what a purchase would cost: one endpoint for most regions, and for both sites.
    pub price: Endpoint,
}

impl Default for Endpoints {
    fn default() -> Self {
        let [cbn, sts, price] =
            ["cbn.aliyuncs.com", "sts.aliyuncs.com", "ros.aliyuncs.com"].map(Endpoint::vendor);
        Self { cbn, sts, billing: Sites::default(), price }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_read_into_the_form_that_is_signed() {
        for (text, shown) in [
            ("https://cbn.aliyuncs.com", "https://cbn.aliyuncs.com"),
            ("HTTPS://CBN.aliyuncs.com:443/", "https://cbn.aliyuncs.com"),
            ("https://cen.vpc-proxy.aliyuncs.com:8443", "https://cen.vpc-proxy.aliyuncs.com:8443"),
            ("https://10.0.0.1", "https://10.0.0.1"),
            ("https://[2001:db8::1]:444", "https://[2001:db8::1]:444"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.1.2.3:80", "http://127.1.2.3"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://localhost:443", "http://localhost:443"),
        ] {
            let endpoint: Endpoint = text.parse().unwrap();
            assert_eq!(endpoint.to_string(), shown);
            assert_eq!(format!("{}://{}", endpoint.scheme, endpoint.host()), shown);
        }
        assert_eq!(Endpoints::default().cbn, "https://cbn.aliyuncs.com".parse().unwrap());
        assert_eq!(Endpoints::default().sts, "https://sts.aliyuncs.com".parse().unwrap());
    }

    #[test]
    fn what_is_no_safe_endpoint_is_refused() {
        for text in [
            "",
            "cbn.aliyuncs.com",
            "https://",
            "https:///",
            "ftp://localhost",
            "https://user:password@cbn.aliyuncs.com",
            "https://cbn.aliyuncs.com/path",
            "https://cbn.aliyuncs.com?x=y",
            "https://cbn.aliyuncs.com#x",
            "https://cbn.aliyuncs.com:0",
            "https://cbn.aliyuncs.com:+1",
            "https://cbn.aliyuncs.com:65536",
            "https://cbn..com",
            "https://cbn aliyuncs.com",
            "https://[::1",
            "https://[127.0.0.1]",
            "https://0x7f.1",
            "http://cbn.aliyuncs.com",
            "http://169.254.1.2",
            "http://100.100.100.200",
            "http://0.0.0.0",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://127.1",
            "http://[::2]",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }
}
