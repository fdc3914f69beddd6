//! What came back, sorted by what the caller may do next.

use std::time::Duration;

/// The three fates of a request that changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a purchase whose fate is not looked at may be bought again"]
pub enum Answer<T> {
    /// The service did it.
    Yes(T),
    /// The service, or the lack of a connection, proves that this request did nothing.
    No(Refusal),
    /// It may have happened or not.
    Unknown(Lost),
}

/// Why a request did nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What it means for this request and for others.
    pub kind: RefusalKind,
    /// The operation that was refused.
    pub action: &'static str,
    /// The service's code, such as `Throttling.User`; empty if the request was never sent.
    pub code: String,
    /// The service's words, safe to show: redacted, one line, bounded.
    pub message: String,
    /// What the vendor's support asks for.
    pub request_id: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// How long the service asks to wait.
    pub retry_after: Option<Duration>,
}

/// What a refusal means for this request and for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusalKind {
    /// There was no connection, so the service has not seen it.
    NotSent,
    /// Too many requests; later the same one is welcome.
    Throttled,
    /// Something else is in progress, possibly this very purchase.
    Busy,
    /// The service remembers that an earlier request with this token failed: the next attempt may go on.
    TokenFailed,
    /// The token was used with other parameters: somebody has asked for this identity already.
    TokenMismatch,
    /// Credentials, permission, clock or money: no other request will succeed either.
    AccountWide,
    /// This request is wrong; others may succeed.
    Final,
}

/// Why the fate of a request is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The operation.
    pub action: &'static str,
    /// What happened, safe to show.
    pub reason: String,
    /// The service's code, if it named one.
    pub code: Option<String>,
    /// What the vendor's support asks for.
    pub request_id: Option<String>,
    /// The HTTP status, if a reply began.
    pub status: Option<u16>,
    /// How long the service asks to wait.
    pub retry_after: Option<Duration>,
}

/// Why a read gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The service refused it, or could not be reached.
    #[error("{}: {}", .0.action, .0.message)]
    Refused(Refusal),
    /// No usable reply, however often it was asked.
    #[error("{}: {}", .0.action, .0.reason)]
    Lost(Lost),
    /// The replies do not make one whole listing.
    #[error("{0}")]
    Listing(String),
}
