//! Tests the bytes on the wire, and what a broken connection proves, against raw sockets on loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;

use cenbwp::cloud::{Endpoint, Fetch, HttpTransport, Reply, SignedRequest, Transport, TransportError};

/// Takes one connection, reads one request, answers with these bytes and closes. Returns the request.
fn server(answer: impl Into<Vec<u8>>) -> (u16, JoinHandle<String>) {
    let answer = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
            request.push(byte[0]);
        }
        // The client may already have closed the connection.
        let _ = stream.write_all(&answer);
        String::from_utf8_lossy(&request).into_owned()
    });
    (port, thread)
}

fn request(endpoint: &str, query: &str) -> SignedRequest {
    SignedRequest {
        method: "POST",
        endpoint: endpoint.parse::<Endpoint>().unwrap(),
        query: query.to_owned(),
        headers: vec![
            ("x-acs-action", "DescribeCenBandwidthPackages".to_owned()),
            ("authorization", "sig".to_owned()),
        ],
        body: String::new(),
    }
}

async fn send(request: &SignedRequest) -> Result<Reply, TransportError> {
    let result = HttpTransport::new(Duration::from_secs(10)).send(request).await;
    if let Err(error) = &result {
        let text = error.to_string();
        assert!(!text.contains("://") && !text.contains("Tag.1"), "{text}");
    }
    result
}

async fn answered(answer: impl Into<Vec<u8>>) -> Result<Reply, TransportError> {
    let (port, thread) = server(answer);
    let result = send(&request(&format!("http://127.0.0.1:{port}"), "Tag.1.Key=a")).await;
    thread.join().unwrap();
    result
}

/// Checks the bytes and the timeout of a credential source's request, which has a path, a body and no
/// signature.
#[tokio::test]
async fn a_source_is_asked_byte_for_byte_and_in_its_time() {
    let (port, thread) = server("HTTP/1.1 401 X\r\ncontent-length: 2\r\n\r\n{}");
    let to = |port: u16| format!("http://127.0.0.1:{port}/latest/api?x=%2F&y").parse().unwrap();
    let headers = vec![("X-aliyun-ecs-metadata-token-ttl-seconds", "21600".to_owned())];
    let body = "A=%2B&B=".to_owned();
    let fetch = Fetch { method: "PUT", to: to(port), headers, body, timeout: Some(Duration::from_secs(10)) };
    let transport = HttpTransport::new(Duration::from_secs(10));
    assert_eq!(transport.fetch(&fetch).await.unwrap().status, 401);
    let sent = thread.join().unwrap();
    let lines: Vec<_> = sent.split("\r\n").collect();
    assert_eq!(lines[0], "PUT /latest/api?x=%2F&y HTTP/1.1");
    for expected in [
        &format!("host: 127.0.0.1:{port}"),
        "x-aliyun-ecs-metadata-token-ttl-seconds: 21600",
        "content-length: 8",
    ] {
        assert_eq!(lines.iter().filter(|line| **line == expected).count(), 1, "{expected} in {lines:?}");
    }

    // A server that takes the connection and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = to(silent.local_addr().unwrap().port());
    let fetch = Fetch { to, timeout: Some(Duration::from_millis(50)), ..fetch };
    assert!(matches!(transport.fetch(&fetch).await, Err(TransportError::Lost(_))));
}

#[tokio::test]
async fn the_query_reaches_the_wire_byte_for_byte() {
    // Every byte that percent-encoding may keep or write, in the signature's form.
    let query =
        "A=-_.~&B=%20%2A%2B%25%2F%3A%21%27%28%29%22%3C%3E%5B%5D%7B%7D%7C%5C%5E%60%E4%B8%AD%0A&Tag.1.Value=";
    for (query, line) in [(query, format!("POST /?{query} HTTP/1.1")), ("", "POST / HTTP/1.1".to_owned())] {
        let (port, thread) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        let reply = send(&request(&format!("http://127.0.0.1:{port}"), query)).await.unwrap();
        assert_eq!(reply, Reply { status: 200, retry_after: None, body: b"{}".to_vec() });
        let sent = thread.join().unwrap();
        let lines: Vec<_> = sent.split("\r\n").collect();
        assert_eq!(lines[0], line);
        for expected in [
            &format!("host: 127.0.0.1:{port}"),
            "x-acs-action: DescribeCenBandwidthPackages",
            "authorization: sig",
            "content-length: 0",
        ] {
            assert_eq!(lines.iter().filter(|line| **line == expected).count(), 1, "{expected} in {lines:?}");
        }
    }
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let refused = send(&request(&format!("http://127.0.0.1:{port}"), "Tag.1.Key=a")).await;
    assert!(matches!(refused, Err(TransportError::NotSent(_))), "{refused:?}");
}

#[tokio::test]
async fn what_is_not_tls_gets_no_request() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        let mut seen = Vec::new();
        let _ = stream.read_to_end(&mut seen);
        String::from_utf8_lossy(&seen).into_owned()
    });
    let result = send(&request(&format!("https://127.0.0.1:{port}"), "Tag.1.Key=a")).await;
    assert!(matches!(result, Err(TransportError::NotSent(_))), "{result:?}");
    let seen = thread.join().unwrap();
    assert!(!seen.contains("authorization") && !seen.contains("Tag.1"), "{seen}");
}

#[tokio::test]
async fn a_request_that_cannot_be_written_is_not_sent() {
    let mut request = request("http://127.0.0.1:9", "");
    request.headers.push(("x-acs-security-token", "line\nend".to_owned()));
    let result = send(&request).await;
    assert!(matches!(result, Err(TransportError::NotSent(_))), "{result:?}");
}

#[tokio::test]
async fn every_reply_that_is_not_whole_leaves_doubt() {
    let too_long =
        [b"HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n".to_vec(), vec![b' '; 9_000_000]].concat();
    for answer in [
        b"".to_vec(),
        b"HTTP/1.1 200 OK\r\ncontent-le".to_vec(),
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"CenBand".to_vec(),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"Cen".to_vec(),
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\n{}\n".to_vec(),
        b"no http at all\r\n\r\n".to_vec(),
        too_long,
    ] {
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(60)]).into_owned();
        let result = answered(answer).await;
        assert!(matches!(result, Err(TransportError::Lost(_))), "{shown}: {result:?}");
    }
}

#[tokio::test]
async fn silence_leaves_doubt() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let result = HttpTransport::new(Duration::from_millis(100)).send(&request(&endpoint, "")).await;
    assert!(matches!(result, Err(TransportError::Lost(_))), "{result:?}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let (port, other) = server("");
    let location =
        format!("HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:{port}/\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(answered(location).await.unwrap().status, 307);
    // The other server still waits for its first connection, which is this one.
    drop(std::net::TcpStream::connect(("127.0.0.1", port)).unwrap());
    assert_eq!(other.join().unwrap(), "");
}

#[tokio::test]
async fn the_wait_that_the_service_asks_for_counts_milliseconds() {
    for (header, expected) in [
        ("x-acs-retry-after: 1500", Some(Duration::from_millis(1500))),
        ("X-Acs-Retry-After:  20 ", Some(Duration::from_millis(20))),
        ("x-acs-retry-after: 0", None),
        ("x-acs-retry-after: -5", None),
        ("x-acs-retry-after: soon", None),
        ("retry-after: 7", None),
    ] {
        let reply =
            answered(format!("HTTP/1.1 400 Bad\r\n{header}\r\ncontent-length: 0\r\n\r\n")).await.unwrap();
        assert_eq!((reply.status, reply.retry_after), (400, expected), "{header}");
    }
}
