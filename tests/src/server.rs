//! The socket: HTTP/1.1, in clear or over TLS, one task per connection.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::emulator::Emulator;
use crate::tls;
use crate::wire::{Reply, Request};

/// A running server. It stops, with every connection, when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    certificate: Option<String>,
    task: JoinHandle<()>,
}

impl Server {
    /// `http://127.0.0.1:PORT`, or with `https`, without a slash at the end.
    pub fn url(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The certificate that clients have to trust, as PEM, if it speaks TLS.
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Emulator {
    /// Serves this emulator's world at `address`; port 0 takes any free one.
    ///
    /// # Errors
    /// Returns an error if the address cannot be listened on.
    pub async fn serve(&self, address: impl ToSocketAddrs) -> io::Result<Server> {
        self.listen(address, None).await
    }

    /// Serves this emulator's world over TLS, under a certificate of its own.
    ///
    /// # Errors
    /// Returns an error if the address cannot be listened on.
    pub async fn serve_tls(&self, address: impl ToSocketAddrs) -> io::Result<Server> {
        self.listen(address, Some(tls::acceptor()?)).await
    }

    async fn listen(
        &self,
        address: impl ToSocketAddrs,
        tls: Option<(TlsAcceptor, String)>,
    ) -> io::Result<Server> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let emulator = self.clone();
        let (acceptor, certificate) = tls.unzip();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                // A connection that was gone before it was accepted does not stop the server.
                if let Ok((stream, peer)) = listener.accept().await {
                    connections.spawn(connect(emulator.clone(), stream, peer.ip(), acceptor.clone()));
                }
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Server { address, certificate, task })
    }
}

async fn connect(emulator: Emulator, stream: TcpStream, peer: IpAddr, acceptor: Option<TlsAcceptor>) {
    // The end of an answer is sent before the client acknowledges its beginning.
    let _ = stream.set_nodelay(true);
    match acceptor {
        None => converse(emulator, stream, peer).await,
        // A client that does not trust the certificate has left.
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                converse(emulator, stream, peer).await;
            }
        }
    }
}

async fn converse(emulator: Emulator, stream: impl AsyncRead + AsyncWrite + Unpin, peer: IpAddr) {
    let service = service_fn(|request| respond(emulator.clone(), request, peer));
    // An error here is a client that left, or a cut that a fault asked for.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// The connection is to be closed without an answer.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is cut on purpose")
    }
}

impl std::error::Error for Cut {}

async fn respond(
    emulator: Emulator,
    request: hyper::Request<Incoming>,
    peer: IpAddr,
) -> Result<hyper::Response<Partial>, Cut> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes().to_vec();
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let request = Request {
        method: head.method.as_str().to_owned(),
        target: head.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
        headers: head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body,
    };
    if request.path().starts_with("/_emulator/") && !peer.is_loopback() {
        return Err(Cut);
    }
    let date = emulator.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    match emulator.handle(request).await {
        Reply::Cut => Err(Cut),
        Reply::Response { status, headers, body } => {
            // By the emulator's clock; the server would add the machine's.
            let mut response = hyper::Response::builder().status(status).header("date", date);
            for (name, value) in &headers {
                response = response.header(name, value);
            }
            let length = headers.iter().find(|(name, _)| name == "content-length");
            let promised = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(body.len());
            let cut = promised > body.len();
            response.body(Partial { rest: Some(body.into()), cut, flushed: false }).map_err(|_| Cut)
        }
    }
}

/// A body that may end too early. It never gives its size: the promised one is in the header.
struct Partial {
    rest: Option<Bytes>,
    cut: bool,
    flushed: bool,
}

impl Body for Partial {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(bytes) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if self.cut && !self.flushed {
            // The server sends its buffer only when the body has nothing more for the moment; an error at
            // once would discard the first half.
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.cut.then_some(Err(Cut)))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
