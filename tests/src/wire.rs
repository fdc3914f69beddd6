//! HTTP as values: a request as it came in, a reply as it goes out, and the service's error envelope.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use serde_json::{Map, Value, json};

/// One HTTP request, as received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `POST`; anything else is refused.
    pub method: String,
    /// Path and query as on the request line, e.g. `/?PageNumber=1`.
    pub target: String,
    /// Header names in any case, values as sent, in order.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl Request {
    /// A GET without headers, as a browser would send it.
    pub fn get(target: &str) -> Self {
        Self { method: "GET".into(), target: target.into(), ..Self::default() }
    }

    /// The first header of this name, in any case, trimmed.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The path without the query.
    pub(crate) fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The query's parameters, decoded, in the order sent.
    pub(crate) fn query(&self) -> Vec<(String, String)> {
        self.target.split_once('?').map_or_else(Vec::new, |(_, query)| decode_form(query))
    }

    /// The form body's parameters, decoded, in the order sent; none for any other content type.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        let is_form = self
            .header("content-type")
            .is_some_and(|value| value.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"));
        if is_form { decode_form(&String::from_utf8_lossy(&self.body)) } else { Vec::new() }
    }
}

/// The reply that the client gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer. If `content-length` is more than `body` has, the answer was cut short on the wire.
    Response {
        /// HTTP status.
        status: u16,
        /// Header names in lower case.
        headers: Vec<(String, String)>,
        /// The body's bytes.
        body: Vec<u8>,
    },
    /// The connection was closed without an answer.
    Cut,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::json_text(status, body.to_string())
    }

    /// Makes an answer from JSON text.
    pub(crate) fn json_text(status: u16, body: String) -> Self {
        let body = body.into_bytes();
        let headers = vec![
            ("content-type".to_owned(), "application/json;charset=utf-8".to_owned()),
            ("content-length".to_owned(), body.len().to_string()),
        ];
        Self::Response { status, headers, body }
    }

    /// The HTTP status, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Response { status, .. } => Some(*status),
            Self::Cut => None,
        }
    }

    /// The JSON document of the answer, if there was one and it can be read.
    pub fn document(&self) -> Option<Value> {
        match self {
            Self::Response { body, .. } => serde_json::from_slice(body).ok(),
            Self::Cut => None,
        }
    }

    /// The error code of the answer, if it has one.
    pub fn code(&self) -> Option<String> {
        self.document()?.get("Code")?.as_str().map(str::to_owned)
    }

    /// The same answer with the second half of its body lost.
    pub(crate) fn truncated(mut self) -> Self {
        if let Self::Response { body, .. } = &mut self {
            body.truncate(body.len() / 2);
        }
        self
    }
}

/// A refusal by the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The error code, e.g. `InvalidParameter`.
    pub code: String,
    /// The error message.
    pub message: String,
    /// Milliseconds for the header `x-acs-retry-after`.
    pub retry_after_ms: Option<u64>,
}

impl Refusal {
    /// A refusal without `x-acs-retry-after`.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), retry_after_ms: None }
    }

    /// A refusal with HTTP 400, the most common status.
    pub(crate) fn bad(code: &str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// The error envelope: exactly these five keys, as sibling products answer.
    pub(crate) fn reply(&self, host: &str, request_id: &str) -> Reply {
        let mut reply = Reply::json(
            self.status,
            &json!({
                "RequestId": request_id,
                "HostId": host,
                "Code": self.code,
                "Message": self.message,
                "Recommend": format!("https://api.aliyun.com/troubleshoot?q={}&product=Cbn&requestId={request_id}", self.code),
            }),
        );
        if let (Reply::Response { headers, .. }, Some(ms)) = (&mut reply, self.retry_after_ms) {
            headers.push(("x-acs-retry-after".to_owned(), ms.to_string()));
        }
        reply
    }
}

impl Refusal {
    /// The envelope of a refusal that the billing service gives as an answer.
    pub(crate) fn business_reply(&self, request_id: &str) -> Reply {
        let Self { code, message, .. } = self;
        let body = json!({ "RequestId": request_id, "Success": false, "Code": code, "Message": message });
        Reply::json(200, &body)
    }
}

/// A successful answer's fields; the request id is added when it is sent.
pub(crate) type Answer = Map<String, Value>;

/// RFC 3986: everything but `A-Z a-z 0-9 - _ . ~` is encoded, in upper-case hex.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

pub(crate) fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, STRICT).to_string()
}

/// `name=value` pairs sorted by name and encoded, as both signature versions sign them.
pub(crate) fn canonical_query(pairs: &[(String, String)]) -> String {
    let mut sorted: Vec<_> = pairs.iter().collect();
    sorted.sort();
    let mut out = String::new();
    for (name, value) in sorted {
        let separator = if out.is_empty() { "" } else { "&" };
        write!(out, "{separator}{}={}", encode(name), encode(value))
            .expect("writing to a string cannot fail");
    }
    out
}

/// Decodes `a=b&c=d`. A plus is a blank: the official Python SDK sends it so, while it signs `%20`.
fn decode_form(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| {
        percent_encoding::percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned()
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}
