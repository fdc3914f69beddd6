//! The proxy of a run, and the hosts that bypass it. Variables mean the same as in Go, in which the vendor's
//! CLI and Terraform's provider are written.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use data_encoding::BASE64;
use ipnet::IpNet;
use percent_encoding::percent_decode_str;
use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Endpoint, Environment};

/// The variables that name the proxy for TLS; the first that is set counts.
const PROXY: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const DIRECT: [&str; 2] = ["NO_PROXY", "no_proxy"];
/// The most bytes that are read of the first line of a proxy's answer; a longer one says nothing more.
const FIRST_LINE: usize = 64;

/// A proxy, and the hosts that bypass it.
#[derive(Clone)]
pub struct Proxy {
    /// The variable that names it. It is shown instead of the address, which may hold a password.
    variable: &'static str,
    address: Url,
    direct: Vec<Direct>,
}

/// The hosts that bypass a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Direct {
    All,
    /// The addresses of a network, or one address, at one port or at every port.
    Network(IpNet, Option<u16>),
    /// The hosts below a domain, and the domain itself unless it was written with a dot or a star before it.
    Domain {
        below: String,
        itself: bool,
        port: Option<u16>,
    },
}

impl Proxy {
    /// Returns the proxy that the environment names, if there is one.
    ///
    /// # Errors
    /// The value is not an address: to bypass the proxy in silence would be as bad as to guess another one.
    pub fn of(environment: &Environment) -> Result<Option<Self>, String> {
        let set = |name: &'static str| Some((name, environment.get(name)?));
        let Some((variable, text)) = PROXY.into_iter().find_map(set) else { return Ok(None) };
        let address = address(text).ok_or_else(|| {
            format!(
                "{variable} is no address of a proxy, expected http://HOST:PORT or https://HOST:PORT; correct it, or `unset {variable}`"
            )
        })?;
        let direct = DIRECT.into_iter().find_map(set).map(|(_, list)| list).unwrap_or_default();
        let direct = direct.split([',', ' ']).filter_map(Direct::of).collect();
        Ok(Some(Self { variable, address, direct }))
    }

    /// Returns the variable that names it.
    pub fn variable(&self) -> &'static str {
        self.variable
    }

    /// Returns true if requests to this endpoint go through it.
    pub fn is_on_the_way_to(&self, endpoint: &Endpoint) -> bool {
        let url = Url::parse(&endpoint.to_string());
        !endpoint.is_plain() && url.is_ok_and(|url| self.on_the_way_to(&url).is_some())
    }

    /// Opens a connection to the proxy itself, and closes it.
    ///
    /// # Errors
    /// No connection, in words without the address.
    pub async fn connect(&self, timeout: Duration) -> Result<(), String> {
        match tokio::time::timeout(timeout, self.stream()).await {
            Ok(connected) => connected.map(drop).map_err(|error| error.to_string()),
            Err(_) => Err(format!("no connection after {} seconds", timeout.as_secs_f32())),
        }
    }

    async fn stream(&self) -> io::Result<TcpStream> {
        let host = self.address.host_str().unwrap_or_default().trim_matches(['[', ']']);
        TcpStream::connect((host, self.address.port_or_known_default().unwrap_or_default())).await
    }

    /// Returns the proxy's address for requests to `url`; `None` if they bypass the proxy.
    pub(super) fn on_the_way_to(&self, url: &Url) -> Option<Url> {
        let host = url.host_str()?.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        let port = url.port_or_known_default()?;
        let ip: Option<IpAddr> = host.parse().ok();
        let is_here = host == "localhost" || ip.is_some_and(|ip| ip.is_loopback());
        let is_direct = is_here || self.direct.iter().any(|direct| direct.covers(&host, ip, port));
        (!is_direct).then(|| self.address.clone())
    }

    /// Asks the proxy once more for a tunnel to `url`, and returns its answer as a sentence if it is a
    /// refusal. The HTTP client says no more than that there is no tunnel.
    pub(super) async fn refusal(&self, url: &Url, timeout: Duration) -> Option<String> {
        self.on_the_way_to(url)?;
        let status = tokio::time::timeout(timeout, self.status(url)).await.ok()??;
        let hint = if status == 407 { ", it wants a name and a password" } else { "" };
        (status != 200).then(|| format!("the proxy of {} answered HTTP {status}{hint}", self.variable))
    }

    async fn status(&self, url: &Url) -> Option<u16> {
        // The answer of a proxy behind TLS is not worth a second handshake.
        if self.address.scheme() != "http" {
            return None;
        }
        let mut stream = self.stream().await.ok()?;
        let to = format!("{}:{}", url.host_str()?, url.port_or_known_default()?);
        let head = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{}\r\n", self.authorization());
        stream.write_all(head.as_bytes()).await.ok()?;
        // It may arrive in pieces.
        let (mut line, mut read) = ([0; FIRST_LINE], 0);
        while read < FIRST_LINE && !line[..read].contains(&b'\n') {
            match stream.read(&mut line[read..]).await.ok()? {
                0 => break,
                more => read += more,
            }
        }
        let line = String::from_utf8_lossy(&line[..read]);
        line.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.get(..3)?.parse().ok()
    }

    fn authorization(&self) -> String {
        let part = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        match (self.address.username(), self.address.password()) {
            ("", None) => String::new(),
            (name, password) => {
                let pair = format!("{}:{}", part(name), part(password.unwrap_or_default()));
                format!("Proxy-Authorization: Basic {}\r\n", BASE64.encode(pair.as_bytes()))
            }
        }
    }
}

/// Shows the variable only: the address may hold a password.
impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").field("variable", &self.variable).finish_non_exhaustive()
    }
}

/// Reads `[http[s]://][USER[:PASSWORD]@]HOST[:PORT]`. A number alone is refused: it is a port without a host,
/// and the parser would take it for an address.
fn address(text: &str) -> Option<Url> {
    let text = text.trim();
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    let url = url.ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let is_number = host.bytes().all(|b| b.is_ascii_digit());
    // `http:/proxy` is a scheme that lacks a slash, and not a host without a port.
    let is_whole = !is_number && !host.ends_with(':');
    (is_whole && url.host_str().is_some_and(|host| !host.is_empty())).then_some(url)
}

impl Direct {
    /// Reads one word of the list: `*`, an address, a network or a domain, each with or without a port. Any
    /// other word matches nothing, as in Go.
    fn of(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_lowercase();
        if word == "*" {
            return Some(Self::All);
        }
        if let Ok(network) = word.parse() {
            return Some(Self::Network(network, None));
        }
        let (host, port) = host_and_port(&word)?;
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Some(Self::Network(ip.into(), port));
        }
        let below = host.strip_prefix('*').unwrap_or(host);
        match below.strip_prefix('.') {
            Some(domain) if !domain.is_empty() => {
                Some(Self::Domain { below: below.to_owned(), itself: false, port })
            }
            None if !below.is_empty() && below == host => {
                Some(Self::Domain { below: format!(".{host}"), itself: true, port })
            }
            _ => None,
        }
    }

    fn covers(&self, host: &str, ip: Option<IpAddr>, at: u16) -> bool {
        match self {
            Self::All => true,
            Self::Network(network, port) => {
                ip.is_some_and(|ip| network.contains(&ip)) && port.is_none_or(|port| port == at)
            }
            Self::Domain { below, itself, port } => {
                let covers = ip.is_none() && (host.ends_with(below) || (*itself && host == &below[1..]));
                covers && port.is_none_or(|port| port == at)
            }
        }
    }
}

/// Splits `host`, `host:port`, `[IPv6]:port` or an IPv6 address without brackets.
fn host_and_port(word: &str) -> Option<(&str, Option<u16>)> {
    if word.parse::<IpAddr>().is_ok() {
        return Some((word, None));
    }
    match word.rsplit_once(':') {
        Some((host, port)) => Some((host.trim_matches(['[', ']']), Some(port.parse().ok()?))),
        None => Some((word.trim_matches(['[', ']']), None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns true if requests to this host go through the proxy.
    fn is_used(no_proxy: &str, to: &str) -> bool {
        let environment =
            Environment::new([("HTTPS_PROXY", "http://proxy.test:3128"), ("NO_PROXY", no_proxy)]);
        let proxy = Proxy::of(&environment).unwrap().unwrap();
        proxy.on_the_way_to(&Url::parse(to).unwrap()).is_some()
    }

    #[test]
    fn what_goes_past_the_proxy_is_read_as_go_reads_it() {
        for (list, past, through) in [
            ("*", &["https://cbn.aliyuncs.com"][..], &[][..]),
            (
                "*.aliyuncs.com",
                &["https://cbn.aliyuncs.com", "https://a.b.aliyuncs.com"],
                &["https://aliyuncs.com", "https://xaliyuncs.com"],
            ),
            (".aliyuncs.com", &["https://CBN.aliyuncs.com"], &["https://aliyuncs.com"]),
            (
                "aliyuncs.com",
                &["https://cbn.aliyuncs.com", "https://aliyuncs.com", "https://cbn.aliyuncs.com."],
                &["https://aliyuncs.com.evil.test"],
            ),
            (
                "cbn.aliyuncs.com:443",
                &["https://cbn.aliyuncs.com"],
                &["https://cbn.aliyuncs.com:8443", "https://sts.aliyuncs.com"],
            ),
            ("*.aliyuncs.com:8443", &["https://cbn.aliyuncs.com:8443"], &["https://cbn.aliyuncs.com"]),
            ("10.0.0.0/8", &["https://10.1.2.3"], &["https://11.1.2.3", "https://10.example.com"]),
            ("10.1.2.3:443", &["https://10.1.2.3"], &["https://10.1.2.3:8443"]),
            ("fd00::/8", &["https://[fd00::1]"], &["https://[fe00::1]"]),
            ("[fd00::1]:443,fd00::2", &["https://[fd00::1]", "https://[fd00::2]"], &["https://[fd00::1]:1"]),
            (" a.test , ,b.test ", &["https://a.test", "https://b.test"], &["https://c.test"]),
            (":443,*.,.,*x.test,a.test:port", &[], &["https://cbn.aliyuncs.com", "https://a.test"]),
            ("", &["https://localhost", "https://127.9.9.9", "https://[::1]"], &["https://cbn.aliyuncs.com"]),
        ] {
            past.iter().for_each(|to| assert!(!is_used(list, to), "{list}: {to} goes past the proxy"));
            through.iter().for_each(|to| assert!(is_used(list, to), "{list}: {to} goes through the proxy"));
        }
    }

    #[test]
    fn an_address_that_is_none_is_refused_without_its_password() {
        let proxy = |variables: &[(&str, &str)]| Proxy::of(&Environment::new(variables.iter().copied()));
        for good in [
            "http://p.test:3128",
            "https://p.test",
            "p.test:3128",
            "http://u:p%40ss@[::1]:3128/",
            "10.0.0.1:80",
        ] {
            assert!(proxy(&[("HTTPS_PROXY", good)]).unwrap().is_some(), "{good}");
        }
        for bad in [
            "http://bad host:80",
            "ip://3128",
            "socks5://p.test:1080",
            "http://u:s-secret@[",
            "http://:3128",
            "3128",
            "http://3128",
            "http://p.test:port",
            "://",
            "http://",
            "http:/p.test",
        ] {
            for variable in PROXY {
                let error = proxy(&[(variable, bad)]).unwrap_err();
                assert!(error.starts_with(variable) && !error.contains("s-secret"), "{bad}: {error}");
            }
        }
        assert!(proxy(&[("HTTPS_PROXY", ""), ("HTTP_PROXY", "ip://3128")]).unwrap().is_none());
        let first = proxy(&[("HTTPS_PROXY", "a.test:1"), ("https_proxy", "ip://"), ("all_proxy", "ip://")]);
        assert_eq!(first.unwrap().unwrap().variable, "HTTPS_PROXY");
    }
}
