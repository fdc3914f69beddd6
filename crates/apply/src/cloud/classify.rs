//! The one function that decides what a reply proves.

use serde_json::Value;

use super::answer::{Answer, Lost, Refusal, RefusalKind};
use super::code::{Code, LONGEST_WORD, is_account_wide};
use super::json;
use super::redact::{self, Secrets};
use super::token::TokenFailed;
use super::transport::{Reply, TransportError};

/// Decides the fate of a request.
///
/// | reply | what it proves |
/// |---|---|
/// | nothing was sent | No, not sent |
/// | no whole reply: time-out, cut, reset | Unknown |
/// | 2xx with a body that `read` accepts, such as [`object`] | Yes; the caller still checks its content |
/// | 2xx with anything else | Unknown: something on the way replied, or the service's reply is broken |
/// | an error code with a meaning (`meaning`), at any status | what the code means |
/// | another error code with a status that proves a refusal ([`refuses`]) | No, final |
/// | another error code with any other status | Unknown |
/// | 3xx, 4xx, 5xx without a code | Unknown: a proxy or a portal replied, not the service |
///
/// The code counts before the status because the service answers some refusals with a 5xx, and throttles
/// with a 400.
pub fn classify<T>(
    action: &'static str,
    result: Result<Reply, TransportError>,
    secrets: &Secrets,
    read: impl FnOnce(&[u8]) -> Option<T>,
) -> Answer<T> {
    let reply = match result {
        Ok(reply) => reply,
        Err(TransportError::NotSent(reason)) => {
            return Answer::No(not_sent(action, redact::message(&reason, secrets)));
        }
        Err(TransportError::Lost(reason)) => {
            return Answer::Unknown(lost(action, redact::message(&reason, secrets)));
        }
    };
    let Reply { status, retry_after, body } = reply;
    let unknown = |reason: String, code: Option<Code>, request_id: Option<String>| {
        Answer::Unknown(Lost { action, reason, code, request_id, status: Some(status), retry_after })
    };
    let alien = || unknown(format!("HTTP {status} with a body that is not the service's JSON"), None, None);
    if (200..300).contains(&status) {
        return read(&body).map_or_else(alien, Answer::Yes);
    }
    let Some(object) = object(&body) else { return alien() };
    let request_id = request_id(&object, secrets);
    let Some(code) = member(&object, ["Code", "code"]).map(|code| Code::new(code, secrets)) else {
        return unknown(format!("HTTP {status} without an error code of the service"), None, request_id);
    };
    let message = ["Message", "message"].iter().find_map(|name| object[*name].as_str()).unwrap_or_default();
    let message = redact::message(message, secrets);
    let kind = match meaning(code.received()) {
        Meaning::Refused(kind) => Some(kind),
        Meaning::Unlisted => refuses(status).then_some(RefusalKind::Final),
        Meaning::Doubt => None,
    };
    match kind {
        Some(kind) => {
            let status = Some(status);
            Answer::No(Refusal { kind, action, code, message, request_id, status, retry_after })
        }
        None => unknown(format!("{code} (HTTP {status}): {message}"), Some(code), request_id),
    }
}

/// Decides the fate of a request that the billing service answered with 2xx: its refusals may look like answers.
///
/// | `Success` | `Code` | what it proves |
/// |---|---|---|
/// | true | a word for success, or 200, or 0 | Yes |
/// | false | any other | what the code means; No, final, if it has no meaning |
/// | anything else | | Unknown: the reply says neither |
pub(super) fn business(action: &'static str, reply: Value, secrets: &Secrets) -> Answer<Value> {
    const YES: [&str; 4] = ["success", "ok", "200", "0"];
    let code = match &reply["Code"] {
        Value::Number(code) => code.to_string(),
        code => code.as_str().unwrap_or_default().to_owned(),
    };
    let is_yes = YES.contains(&code.to_ascii_lowercase().as_str());
    let request_id = request_id(&reply, secrets);
    let kind = match reply["Success"] {
        Value::Bool(true) if is_yes => return Answer::Yes(reply),
        Value::Bool(false) if !is_yes && !code.is_empty() => match meaning(&code) {
            Meaning::Refused(kind) => Some(kind),
            Meaning::Unlisted => Some(RefusalKind::Final),
            Meaning::Doubt => None,
        },
        _ => {
            let reason = "HTTP 200 that says neither yes nor no".to_owned();
            let status = Some(200);
            return Answer::Unknown(Lost {
                action,
                reason,
                code: None,
                request_id,
                status,
                retry_after: None,
            });
        }
    };
    let code = Code::new(&code, secrets);
    let message = redact::message(reply["Message"].as_str().unwrap_or_default(), secrets);
    let (status, retry_after) = (Some(200), None);
    match kind {
        Some(kind) => Answer::No(Refusal { kind, action, code, message, request_id, status, retry_after }),
        None => {
            let reason = format!("{code} (HTTP 200): {message}");
            Answer::Unknown(Lost { action, reason, code: Some(code), request_id, status, retry_after })
        }
    }
}

/// Returns true if a status proves that the request did nothing. That is every 4xx, except those by which a
/// server or a gateway gives up a request that it may have begun (408, 499) or delays one (425, 429): it is
/// not known which of them did so, and when.
fn refuses(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 408 | 425 | 429 | 499)
}

/// Reads a body that is a JSON object, as every reply of the service is. Returns `None` if a member occurs
/// twice.
pub fn object(body: &[u8]) -> Option<Value> {
    json::object(body)
}

/// The meaning of a code on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// The request did nothing.
    Refused(RefusalKind),
    /// It may have done something, whatever the status.
    Doubt,
    /// The status decides.
    Unlisted,
}

/// Returns the meaning of a code, in any case. The first match counts:
///
/// | code | meaning |
/// |---|---|
/// | a part is `SignatureNonceUsed` | doubt: a layer below us may have sent the same bytes before |
/// | a part is `InternalError`, `InternalServerError`, `UnknownError`, `ServiceUnavailable` | doubt |
/// | contains `Timeout` or `TimedOut` | doubt: the service may have done what it gave up |
/// | contains `Throttling` | throttled |
/// | `LastTokenProcessing`, `IdempotentProcessing` | the token is busy |
/// | `Operation.Blocking`, `…IsProcessing`, a package, CEN or router whose state forbids it now | busy |
/// | `OperationFailed.UpDownRadeConfigNoChange`, `Operation.Failed` | already so |
/// | a part is `TaskConflict` | busy: another task of the same CEN runs |
/// | a part is `IdempotentFailed` or `IdempotenceFailed` | the token's earlier request failed |
/// | contains `Idempoten`, in any of the vendor's spellings | the token was used with other parameters |
/// | [`is_account_wide`], or `Forbidden` alone | account-wide |
/// | anything else | unlisted |
///
/// `IdempotentFailed` is matched exactly because it is the only code that allows a new token.
fn meaning(code: &str) -> Meaning {
    // The codes that the vendor's own Terraform provider waits for, besides orders in progress.
    const BUSY: [&str; 7] = [
        "operation.blocking",
        "invalidstatus.resource",
        "incorrectstatus.transitrouter",
        "invalidoperation.bwpinstancestatus",
        "invalidoperation.ceninstancestatus",
        "system.concurrent_operate",
        "css_check_order_error",
    ];
    // The pages of ModifyCenBandwidthPackageSpec name both for a package that has this bandwidth already.
    const ALREADY_SO: [&str; 2] = ["operationfailed.updownradeconfignochange", "operation.failed"];
    const DOUBT: [&str; 5] =
        ["signaturenonceused", "internalerror", "internalservererror", "unknownerror", "serviceunavailable"];
    let lower = code.to_ascii_lowercase();
    let has_part = |words: &[&str]| lower.split('.').any(|part| words.contains(&part));
    let kind = if has_part(&DOUBT) || lower.contains("timeout") || lower.contains("timedout") {
        return Meaning::Doubt;
    } else if lower.contains("throttling") {
        RefusalKind::Throttled
    } else if lower.ends_with("tokenprocessing")
        || (lower.contains("idempoten") && lower.ends_with("processing"))
    {
        RefusalKind::TokenBusy
    } else if lower.ends_with("isprocessing") || BUSY.contains(&lower.as_str()) || has_part(&["taskconflict"])
    {
        RefusalKind::Busy
    } else if ALREADY_SO.contains(&lower.as_str()) {
        RefusalKind::AlreadySo
    } else if has_part(&["idempotentfailed", "idempotencefailed"]) {
        RefusalKind::TokenFailed(TokenFailed::as_received())
    } else if lower.contains("idempoten") {
        RefusalKind::TokenMismatch
    } else if lower == "forbidden" || is_account_wide(code) {
        RefusalKind::AccountWide
    } else {
        return Meaning::Unlisted;
    };
    Meaning::Refused(kind)
}

/// Returns the request id that a reply names.
pub(super) fn request_id(object: &Value, secrets: &Secrets) -> Option<String> {
    member(object, ["RequestId", "requestId"]).map(|id| redact::words(id, LONGEST_WORD, secrets))
}

/// Returns the first of these members that is a string and not empty, as it was received.
fn member<'a>(object: &'a Value, names: [&str; 2]) -> Option<&'a str> {
    names.iter().find_map(|name| object[*name].as_str().filter(|text| !text.is_empty()))
}

fn not_sent(action: &'static str, message: String) -> Refusal {
    let kind = RefusalKind::NotSent;
    Refusal {
        kind,
        action,
        code: Code::default(),
        message,
        request_id: None,
        status: None,
        retry_after: None,
    }
}

fn lost(action: &'static str, reason: String) -> Lost {
    Lost { action, reason, code: None, request_id: None, status: None, retry_after: None }
}

#[cfg(test)]
mod tests;
