//! Codes, statuses and bodies, and what each proves.

use std::time::Duration;

use super::*;
use crate::cloud::Credentials;
use crate::cloud::request::CREATE;

fn classified(result: Result<Reply, TransportError>) -> Answer<Value> {
    let credentials = Credentials {
        access_key_id: "LTAItestkey".to_owned(),
        secret: "testsecret".into(),
        security_token: None,
        source: String::new(),
    };
    classify(CREATE, result, &Secrets::from(&credentials), object)
}

fn code(received: &str) -> Code {
    Code::new(received, &Secrets::default())
}

fn reply(status: u16, body: &str) -> Answer<Value> {
    classified(Ok(Reply { status, retry_after: None, body: body.as_bytes().to_vec() }))
}

/// `yes`, the kind of a refusal, or `unknown`.
fn fate(answer: &Answer<Value>) -> String {
    match answer {
        Answer::Yes(_) => "yes".to_owned(),
        Answer::No(refusal) => format!("{:?}", refusal.kind).replace("(TokenFailed(()))", ""),
        Answer::Unknown(_) => "unknown".to_owned(),
    }
}

#[test]
fn the_code_decides_before_the_status() {
    for (codes, at_400, at_500) in [
        (&["SignatureNonceUsed"][..], "unknown", "unknown"),
        (&["InternalError", "InternalServerError", "UnknownError"], "unknown", "unknown"),
        (&["ServiceUnavailable"], "unknown", "unknown"),
        (
            &["Throttling", "Throttling.User", "Throttling.Api", "Rejected.Throttling"],
            "Throttled",
            "Throttled",
        ),
        (&["LastTokenProcessing", "IdempotentProcessing"], "TokenBusy", "TokenBusy"),
        (&["Operation.Blocking"], "Busy", "Busy"),
        (&["OperationFailed.OperationIsProcessing", "OperationFailed.OrderIsProcessing"], "Busy", "Busy"),
        (&["IdempotentFailed", "IdempotenceFailed", "Idempotentfailed.X"], "TokenFailed", "TokenFailed"),
        (&["IdempotentParameterMismatch", "IdempotenceParamNotMatch"], "TokenMismatch", "TokenMismatch"),
        // Not the code that allows a new token.
        (&["IdempotentFailedParam", "NotIdempotentFailed"], "TokenMismatch", "TokenMismatch"),
        (&["PayFor.AccountMoneyValidateError", "Order.AccountStatusIllegal"], "AccountWide", "AccountWide"),
        (&["OperationInvalid.UserCanNotBuyBwp", "Unauthorized", "Forbidden"], "AccountWide", "AccountWide"),
        (&["Forbidden.RAM", "Forbbiden.SubUser", "NoPermission"], "AccountWide", "AccountWide"),
        (&["InvalidAccessKeyId.NotFound", "SignatureDoesNotMatch"], "AccountWide", "AccountWide"),
        (&["InvalidSecurityToken.Expired", "InvalidTimeStamp.Expired"], "AccountWide", "AccountWide"),
        (&["TaskConflict", "OperationFailed.TaskConflict"], "Busy", "Busy"),
        // The service may have done what it gave up.
        (&["RequestTimeout", "OperationFailed.TimedOut", "GatewayTimeOut.Backend"], "unknown", "unknown"),
        (&["Timeout", "TimeoutError", "Throttling.Timeout", "Forbidden.Timeout"], "unknown", "unknown"),
        (&["OperationFailed.InternalError", "System.ServiceUnavailable"], "unknown", "unknown"),
        // These concern one request, whatever their names resemble.
        (&["Forbidden.Release", "OperationInvalid.UserCanNotBuyCrossBorderBwp"], "Final", "unknown"),
        (&["InvalidParameter", "InventoryExceeded", "PayForX", "InvalidAccessKeyIdX"], "Final", "unknown"),
    ] {
        for code in codes {
            let body = format!(r#"{{"Code":"{code}","Message":"m","RequestId":"R"}}"#);
            assert_eq!(fate(&reply(400, &body)), at_400, "{code}");
            assert_eq!(
                fate(&reply(409, &body.to_lowercase().replace("message", "Message"))),
                at_400,
                "{code}"
            );
            assert_eq!(fate(&reply(503, &body)), at_500, "{code}");
        }
    }
}

#[test]
fn what_is_not_the_services_word_proves_nothing() {
    for (status, body, expected) in [
        (200, "{}", "yes"),
        (200, "", "unknown"),
        (200, "[]", "unknown"),
        (200, "\"yes\"", "unknown"),
        (200, "<html>log in</html>", "unknown"),
        (204, "", "unknown"),
        (302, "", "unknown"),
        (302, r#"{"Code":"InvalidParameter"}"#, "unknown"),
        (400, r#"{"RequestId":"R"}"#, "unknown"),
        (400, r#"{"Code":""}"#, "unknown"),
        (400, r#"{"Code":400}"#, "unknown"),
        (403, "<html>blocked</html>", "unknown"),
        (404, "", "unknown"),
        (407, "proxy login", "unknown"),
        (429, "slow down", "unknown"),
        (500, "", "unknown"),
        (502, "<html>bad gateway</html>", "unknown"),
    ] {
        assert_eq!(fate(&reply(status, body)), expected, "{status} {body}");
    }
    // Not a refusal: the service, or something on the way, gave the request up and may have begun it.
    for status in [408, 425, 429, 499, 500, 502, 503, 504, 520, 529, 599] {
        assert_eq!(fate(&reply(status, r#"{"Code":"InvalidParameter"}"#)), "unknown", "{status}");
    }
    for status in [400, 401, 403, 404, 405, 409, 410, 413, 414, 415, 422, 428, 431, 451] {
        assert_eq!(fate(&reply(status, r#"{"Code":"InvalidParameter"}"#)), "Final", "{status}");
    }
    assert_eq!(fate(&classified(Err(TransportError::Lost("reset".to_owned())))), "unknown");
    assert_eq!(fate(&classified(Err(TransportError::NotSent("refused".to_owned())))), "NotSent");
}

#[test]
fn a_secret_that_equals_a_part_of_a_code_is_not_shown_and_changes_nothing() {
    let credentials = |secret: &str| Credentials {
        access_key_id: secret.to_owned(),
        secret: secret.into(),
        security_token: None,
        source: String::new(),
    };
    let failed = RefusalKind::TokenFailed(TokenFailed::for_tests());
    for (secret, sent, shown, kind) in [
        ("Throttling", "Throttling.User", "[redacted].User", RefusalKind::Throttled),
        ("Idempotent", "IdempotentFailed", "[redacted]Failed", failed),
        ("otentFailed", "IdempotentFailed", "Idemp[redacted]", failed),
        // Too short to be a secret.
        ("Failed", "IdempotentFailed", "IdempotentFailed", failed),
        ("NoPermission", "NoPermission", "[redacted]", RefusalKind::AccountWide),
    ] {
        let body = format!(r#"{{"Code":"{sent}"}}"#).into_bytes();
        let reply = Reply { status: 400, retry_after: None, body };
        let Answer::No(refusal) = classify(CREATE, Ok(reply), &Secrets::from(&credentials(secret)), object)
        else {
            panic!("{sent} is a refusal");
        };
        assert_eq!((refusal.code.to_string().as_str(), refusal.kind), (shown, kind), "{secret}");
        assert_eq!(refusal.hint(), Refusal { code: code(sent), ..refusal.clone() }.hint(), "{secret}");
    }
}

#[test]
fn what_the_vendor_has_to_allow_is_said() {
    for (sent, says) in [
        ("OperationInvalid.UserCanNotBuyBwp", "ask the vendor"),
        ("OperationInvalid.UserCanNotBuyCrossBorderBwp", "ask the vendor"),
        ("OperationInvalid.IdentityRegistrationStatusNotSupport", "real name"),
        ("InventoryExceeded", "ask the vendor for quota"),
        ("QuotaExceeded.Bandwidth", "nothing was bought or changed by this request"),
        ("InvalidParameter", "correct what the message names"),
    ] {
        let Answer::No(refusal) = reply(400, &format!(r#"{{"Code":"{sent}"}}"#)) else {
            panic!("{sent} is a refusal");
        };
        assert!(refusal.hint().contains(says), "{sent}: {}", refusal.hint());
    }
}

#[test]
fn a_refusal_keeps_what_support_asks_for_and_shows_no_secret() {
    let body =
        br#"{"Code":"Throttling.User","Message":"by LTAItestkey\u001b[2J","RequestId":"R-1","HostId":"h"}"#;
    let wait = Some(Duration::from_millis(1500));
    let answer = classified(Ok(Reply { status: 400, retry_after: wait, body: body.to_vec() }));
    let expected = Refusal {
        kind: RefusalKind::Throttled,
        action: CREATE,
        code: code("Throttling.User"),
        message: "by [redacted]\u{fffd}[2J".to_owned(),
        request_id: Some("R-1".to_owned()),
        status: Some(400),
        retry_after: wait,
    };
    assert_eq!(answer, Answer::No(expected));
}

#[test]
fn only_the_code_for_an_expired_token_means_expired_credentials() {
    for expired in ["InvalidSecurityToken.Expired", "invalidsecuritytoken.expired"] {
        assert!(code(expired).is_expiry(), "{expired}");
    }
    for other in ["InvalidSecurityToken.Malformed", "InvalidAccessKeyId.NotFound", ""] {
        assert!(!code(other).is_expiry(), "{other}");
    }
}
