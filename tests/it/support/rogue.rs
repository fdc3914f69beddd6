//! A server that is not the service: the test decides its answers.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A listener on loopback that answers every connection in its own way. Its threads end with the process.
pub(crate) struct Rogue {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Rogue {
    /// Reads the head of each request and lets `answer` write the reply.
    pub(crate) fn start(
        answer: impl Fn(&str, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let request = head(&mut stream);
                    seen.lock().expect("no holder panics").push(request.clone());
                    // A client that has read enough closes its end, which is no failure.
                    let _ = answer(&request, &mut stream);
                });
            }
        });
        Self { url, requests }
    }

    /// Answers everything with this body.
    pub(crate) fn saying(
        status: u16,
        content_type: &str,
        body: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Self {
        let content_type = content_type.to_owned();
        Self::start(move |request, stream| {
            let body = body(request);
            write!(
                stream,
                "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            )
        })
    }

    /// Returns its URL.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the heads of all requests so far; a connection without a request is an empty one.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no holder panics").clone()
    }
}

/// Returns the address of a port that was free a moment ago and is closed now.
pub(crate) fn nobody() -> String {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    format!("http://{free}")
}

fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(read @ 1..) => head.extend_from_slice(&buffer[..read]),
            Ok(0) | Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}
