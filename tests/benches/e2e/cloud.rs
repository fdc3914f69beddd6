//! The emulated cloud as a process of its own, and a client that only reads its pages.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use cenbwp::cloud::{self, Endpoint, request, sign};
use cenbwp_tests::Config;

use crate::process::{Ended, program, timed};
use crate::world;

/// The service's page size.
pub(crate) const PAGE: usize = 50;

/// A running emulator.
pub(crate) struct Cloud {
    url: String,
    certificate: Option<PathBuf>,
    _process: Ended,
}

impl Cloud {
    /// Starts an emulator with these arguments and waits until it listens.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = program(Path::new(env!("CARGO_BIN_EXE_cen-emulator")), folder);
        command.args(arguments).stdout(std::process::Stdio::piped());
        let mut process = Ended(command.spawn().context("cannot run cen-emulator")?);
        let stdout = process.0.stdout.take().context("its output is ours")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let url = line.trim().strip_prefix("listening on ").context("cen-emulator did not start")?.to_owned();
        let certificate = arguments.iter().position(|argument| *argument == "--tls-certificate");
        let certificate = certificate.map(|at| folder.join(arguments[at + 1]));
        Ok(Self { url, certificate, _process: process })
    }

    /// Sets the environment of a program so that it uses this cloud.
    pub(crate) fn tell<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("CENBWP_ENDPOINT", &self.url).env("CENBWP_STS_ENDPOINT", &self.url);
        command.env("CENBWP_BILLING_ENDPOINT", &self.url);
        command.env("CENBWP_PRICE_ENDPOINT", &self.url);
        command.env("ALIBABA_CLOUD_ACCESS_KEY_ID", Config::KEY_ID);
        command.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", Config::KEY_SECRET);
        command.envs(self.certificate.iter().map(|file| ("SSL_CERT_FILE", file)))
    }

    /// Returns the number of requests for an action, or for all actions.
    pub(crate) fn requests(&self, action: &str) -> anyhow::Result<usize> {
        let log =
            Connection::open(&self.url)?.ask("GET /_emulator/requests HTTP/1.1\r\nhost: here\r\n\r\n")?;
        let log = String::from_utf8(log)?;
        Ok(log.matches(&format!("\"action\":\"{action}")).count())
    }

    /// Measures how long it takes to read the pages of `live` packages and to discard them: first one page,
    /// then the others over this many connections.
    pub(crate) fn bare(&self, live: usize, connections: usize) -> anyhow::Result<Duration> {
        let pages = live.div_ceil(PAGE).max(1);
        let requests = (1..=pages).map(|page| self.signed(page)).collect::<anyhow::Result<Vec<String>>>()?;
        let next = AtomicUsize::new(1);
        let read = || -> anyhow::Result<()> {
            let mut connection = None;
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                let connection = match &mut connection {
                    Some(connection) => connection,
                    none => none.insert(Connection::open(&self.url)?),
                };
                ensure!(!connection.ask(request)?.is_empty(), "an empty page");
            }
            Ok(())
        };
        let (time, result) = timed(|| {
            ensure!(!Connection::open(&self.url)?.ask(&requests[0])?.is_empty(), "an empty page");
            std::thread::scope(|scope| {
                let threads: Vec<_> = (0..connections.min(pages - 1)).map(|_| scope.spawn(read)).collect();
                threads.into_iter().try_for_each(|thread| thread.join().expect("reading does not panic"))
            })
        });
        result.map(|()| time)
    }

    fn signed(&self, page: usize) -> anyhow::Result<String> {
        static NONCE: AtomicUsize = AtomicUsize::new(0);
        let nonce = format!("bare-{}", NONCE.fetch_add(1, Ordering::Relaxed));
        let endpoint: Endpoint = self.url.parse().map_err(|_| anyhow::anyhow!("the emulator's address"))?;
        let now = cenbwp::clock::Clock::System.now();
        let request: cloud::Request = request::describe_page(page);
        let signed = sign(&request, &endpoint, &world::credentials(), now, nonce);
        let mut text =
            format!("{} /?{} HTTP/1.1\r\nhost: {}\r\n", signed.method, signed.query, endpoint.host());
        for (name, value) in &signed.headers {
            write!(text, "{name}: {value}\r\n")?;
        }
        text.push_str("content-length: 0\r\n\r\n");
        Ok(text)
    }
}

/// A connection that is kept between requests.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(url: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(url.trim_start_matches("http://"))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::with_capacity(1 << 16, stream)))
    }

    /// Sends a request and reads the body of its answer, which must be a success of a known length.
    fn ask(&mut self, request: &str) -> anyhow::Result<Vec<u8>> {
        self.0.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        ensure!(line.starts_with("HTTP/1.1 200"), "the emulator answered {line:?}");
        let mut length = None;
        loop {
            line.clear();
            self.0.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            length = line.strip_prefix("content-length: ").map_or(length, |value| value.trim().parse().ok());
        }
        let mut body = vec![0; length.context("an answer without a length")?];
        self.0.read_exact(&mut body)?;
        Ok(body)
    }
}
