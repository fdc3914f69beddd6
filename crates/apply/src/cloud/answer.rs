//! Answers of the service, sorted by what the caller may do next.

use std::fmt;
use std::time::Duration;

use super::code::{Code, QUOTA};
use super::request::{DESCRIBE, ESTIMATE, INSTANCES, SET_RENEWAL};
use super::token::TokenFailed;

/// The fate of a request: yes, no or unknown.
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

/// The reason for which a request did nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The meaning for this request and for others.
    pub kind: RefusalKind,
    /// The operation that was refused.
    pub action: &'static str,
    /// The service's code, such as `Throttling.User`; empty if the request was never sent.
    pub code: Code,
    /// The service's words, safe to show: redacted, one line, bounded.
    pub message: String,
    /// The id that the vendor's support asks for.
    pub request_id: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The wait that the service asks for.
    pub retry_after: Option<Duration>,
}

/// The meaning of a refusal for this request and for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusalKind {
    /// There was no connection, so the service has not seen it.
    NotSent,
    /// There are no credentials to sign it with: nothing was sent, and no other request will be.
    NoCredentials,
    /// The temporary credentials had expired. The next request is signed with new ones: the same one may be
    /// sent again.
    Expired,
    /// Too many requests; the same one may be sent again later.
    Throttled,
    /// Something else is in progress.
    Busy,
    /// An earlier request with this token is in progress: possibly this very purchase.
    TokenBusy,
    /// The service remembers that an earlier request with this token failed: the next attempt may follow.
    TokenFailed(TokenFailed),
    /// The token was used with other parameters: another run has asked for this identity already.
    TokenMismatch,
    /// The service says that the package is as the request wants it: the listing has to show it.
    AlreadySo,
    /// Credentials, permission, clock or money: no other request will succeed either.
    AccountWide,
    /// This request is wrong; others may succeed.
    Final,
}

const MAY_READ_RENEWAL: &str =
    "grant these credentials the RAM actions bss:DescribeInstances and bssapi:QueryAvailableInstances";
const MAY_SET_RENEWAL: &str =
    "grant these credentials the RAM actions bss:ModifyPrepaidInstanceAutoRenew and bssapi:SetRenewal";

const MAY_ESTIMATE: &str = "grant these credentials the RAM action ros:GetTemplateEstimateCost";

/// The advice on a request that is wrong.
const CORRECT: &str = "correct what the message names, then plan again";

/// The hints that a user may follow by an edit of the spec.
pub(crate) const EDITS: [&str; 2] = [CORRECT, QUOTA];

/// The consequence of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The request did nothing: the same one may be sent again later.
    Again,
    /// An earlier request with this token is under way: list first, then send the same one again.
    LookThenAgain,
    /// The earlier request with this token failed: list first, then use the next token.
    NextToken(TokenFailed),
    /// The token was used for another request: only the listing can settle it.
    OnlyListing,
    /// The value is there, and the listing has to show it.
    AwaitListing,
    /// This request was refused; others may succeed.
    StopThis,
    /// No other request will succeed either.
    StopAll,
}

impl RefusalKind {
    /// Returns what this kind of refusal leads to.
    pub fn next(self) -> Next {
        match self {
            Self::NotSent | Self::Expired | Self::Throttled | Self::Busy => Next::Again,
            Self::TokenBusy => Next::LookThenAgain,
            Self::TokenFailed(proof) => Next::NextToken(proof),
            Self::TokenMismatch => Next::OnlyListing,
            Self::AlreadySo => Next::AwaitListing,
            Self::Final => Next::StopThis,
            Self::NoCredentials | Self::AccountWide => Next::StopAll,
        }
    }
}

/// The reason for which the fate of a request is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The operation.
    pub action: &'static str,
    /// The event, safe to show.
    pub reason: String,
    /// The service's code, if it named one.
    pub code: Option<Code>,
    /// The id that the vendor's support asks for.
    pub request_id: Option<String>,
    /// The HTTP status, if a reply began.
    pub status: Option<u16>,
    /// The wait that the service asks for.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// Returns what to do about it.
    pub fn hint(&self) -> &'static str {
        match (self.action, self.kind) {
            (INSTANCES, _) if self.code.is_permission() => return MAY_READ_RENEWAL,
            (SET_RENEWAL, _) if self.code.is_permission() => return MAY_SET_RENEWAL,
            (INSTANCES | SET_RENEWAL, RefusalKind::NotSent) => {
                return "check the network, the proxy and --billing-endpoint; the service has not seen this request";
            }
            (ESTIMATE, _) if self.code.is_permission() => return MAY_ESTIMATE,
            (ESTIMATE, RefusalKind::NotSent) => {
                return "check the network, the proxy and --price-endpoint; the service has not seen this request";
            }
            _ => {}
        }
        match self.kind {
            RefusalKind::NotSent => {
                "check the network, the proxy and --endpoint; the service has not seen this request"
            }
            RefusalKind::NoCredentials => "get credentials that work, then run the same command again",
            RefusalKind::Expired => {
                "the temporary credentials had ended: run the same command again, which gets new ones"
            }
            RefusalKind::Throttled => "wait a minute and run the same command again",
            RefusalKind::Busy | RefusalKind::TokenBusy => {
                "wait for what is in progress and run the same command again"
            }
            RefusalKind::TokenFailed(_) => {
                "see why the earlier request failed, then run the same command again"
            }
            RefusalKind::TokenMismatch => {
                "another run has asked for this package with other parameters: plan again and look at what is there"
            }
            RefusalKind::AccountWide => {
                self.code.hint().unwrap_or("check the permissions of these credentials")
            }
            RefusalKind::Final => self.code.hint().unwrap_or(CORRECT),
            RefusalKind::AlreadySo => "the listing does not show it yet: plan again in a minute",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, action, code, message, request_id, status, retry_after: _ } = self;
        match kind {
            RefusalKind::NotSent | RefusalKind::NoCredentials => {
                write!(f, "{action} was not sent: {message}")
            }
            _ => {
                write!(f, "{action} was refused: {code}")?;
                write_status(f, *status)?;
                if message.is_empty() { Ok(()) } else { write!(f, ": {message}") }
            }
        }?;
        write_request_id(f, request_id.as_deref())
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, reason, code: _, request_id, status: _, retry_after: _ } = self;
        write!(f, "{action} has no usable reply: {reason}")?;
        write_request_id(f, request_id.as_deref())
    }
}

fn write_status(f: &mut fmt::Formatter<'_>, status: Option<u16>) -> fmt::Result {
    status.map_or(Ok(()), |status| write!(f, " (HTTP {status})"))
}

fn write_request_id(f: &mut fmt::Formatter<'_>, id: Option<&str>) -> fmt::Result {
    id.map_or(Ok(()), |id| write!(f, "; request id {id}"))
}

/// The error of a read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The service refused it, or could not be reached.
    #[error("{0}")]
    Refused(Refusal),
    /// No usable reply after every repetition.
    #[error("{0}")]
    Lost(Lost),
    /// The replies do not make one whole listing.
    #[error("{DESCRIBE} gave no whole listing: {0}")]
    Listing(String),
}

impl Error {
    /// Returns true if the service says that the caller lacks a permission.
    pub fn is_permission(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code.is_permission())
    }

    /// Returns the reason for which something is not known, with this advice about a refusal, if there is one. It has no
    /// request id: the same failure gives the same words.
    pub(super) fn reason(&self, hint: &str) -> String {
        match self {
            Self::Refused(Refusal { kind: RefusalKind::NotSent | RefusalKind::NoCredentials, .. }) => {
                self.to_string()
            }
            Self::Refused(refusal) => {
                let hint = if hint.is_empty() { String::new() } else { format!("; {hint}") };
                format!("{} was refused: {}{hint}", refusal.action, refusal.code)
            }
            Self::Lost(lost) => format!("{} has no usable reply: {}", lost.action, lost.reason),
            Self::Listing(reason) => reason.clone(),
        }
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.hint(),
            Self::Lost(lost) if lost.action == INSTANCES => {
                "check the network, the proxy and --billing-endpoint, then run the same command again"
            }
            Self::Lost(lost) if lost.action == ESTIMATE => {
                "check the network, the proxy and --price-endpoint, then run the same command again"
            }
            Self::Lost(_) => "check the network, the proxy and --endpoint, then run the same command again",
            Self::Listing(_) => "run the same command again when nobody else is changing packages",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::Secrets;

    #[test]
    fn an_error_says_what_was_asked_what_came_and_what_to_do() {
        let refusal = Refusal {
            kind: RefusalKind::AccountWide,
            action: DESCRIBE,
            code: Code::new("InvalidTimeStamp.Expired", &Secrets::default()),
            message: "the time is off".to_owned(),
            request_id: Some("R-1".to_owned()),
            status: Some(400),
            retry_after: None,
        };
        let error = Error::Refused(refusal.clone());
        let shown = "DescribeCenBandwidthPackages was refused: InvalidTimeStamp.Expired (HTTP 400): the time is off; request id R-1";
        assert_eq!(error.to_string(), shown);
        assert!(error.hint().contains("clock"));

        let (kind, message) = (RefusalKind::NotSent, "connection refused".to_owned());
        let error =
            Refusal { kind, message, status: None, request_id: None, code: Code::default(), ..refusal };
        assert_eq!(error.to_string(), "DescribeCenBandwidthPackages was not sent: connection refused");

        let reason = "timed out".to_owned();
        let lost =
            Lost { action: DESCRIBE, reason, code: None, request_id: None, status: None, retry_after: None };
        let error = Error::Lost(lost);
        assert_eq!(error.to_string(), "DescribeCenBandwidthPackages has no usable reply: timed out");
    }
}
