//! A small signer of its own, so that signer and verifier of the emulator's signatures are written twice.

use cenbwp_tests::auth::AccessKey;
use cenbwp_tests::{Config, Request};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Returns a signed V3 request.
pub(crate) fn sign(action: &str, params: &[(&str, &str)], nonce: &str, date: &str) -> Request {
    sign_declaring(action, params, nonce, date, &HEXLOWER.encode(&Sha256::digest(b"")))
}

/// Signs a request whose header declares this hash of the body, which is empty.
pub(crate) fn sign_declaring(
    action: &str,
    params: &[(&str, &str)],
    nonce: &str,
    date: &str,
    declared: &str,
) -> Request {
    let key = AccessKey::new(Config::KEY_ID, Config::KEY_SECRET);
    sign_as(&key, action, params, nonce, date, declared)
}

/// Signs a request with this key, and its token if it has one.
pub(crate) fn sign_as(
    key: &AccessKey,
    action: &str,
    params: &[(&str, &str)],
    nonce: &str,
    date: &str,
    declared: &str,
) -> Request {
    sign_body(key, action, params, nonce, date, ("", declared))
}

/// Signs a request with this body, whose hash is declared so. The body is the caller's to add.
pub(crate) fn sign_body(
    key: &AccessKey,
    action: &str,
    params: &[(&str, &str)],
    nonce: &str,
    date: &str,
    (body, declared): (&str, &str),
) -> Request {
    let mut pairs: Vec<String> = params.iter().map(|(k, v)| format!("{}={}", escape(k), escape(v))).collect();
    pairs.sort();
    let query = pairs.join("&");
    let hashed = HEXLOWER.encode(&Sha256::digest(body));
    let is_sts = ["GetCallerIdentity", "AssumeRole"].contains(&action);
    let is_billing = ["QueryAvailableInstances", "SetRenewal"].contains(&action);
    let version = if is_sts {
        "2015-04-01"
    } else if action == "GetTemplateEstimateCost" {
        "2019-09-10"
    } else if is_billing {
        "2017-12-14"
    } else {
        "2017-09-12"
    };
    let mut headers = vec![
        ("host", "cbn.example"),
        ("x-acs-action", action),
        ("x-acs-content-sha256", declared),
        ("x-acs-date", date),
        ("x-acs-signature-nonce", nonce),
        ("x-acs-version", version),
    ];
    if !body.is_empty() {
        headers.push(("content-type", "application/x-www-form-urlencoded"));
    }
    headers.extend(key.security_token.as_deref().map(|token| ("x-acs-security-token", token)));
    headers.sort_unstable();
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let block: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let canonical = format!("POST\n/\n{query}\n{block}\n{names}\n{hashed}");
    let to_sign = format!("ACS3-HMAC-SHA256\n{}", HEXLOWER.encode(&Sha256::digest(canonical)));
    let mut mac = Hmac::<Sha256>::new_from_slice(key.secret.as_bytes()).unwrap();
    mac.update(to_sign.as_bytes());
    let signature = HEXLOWER.encode(&mac.finalize().into_bytes());
    let authorization =
        format!("ACS3-HMAC-SHA256 Credential={},SignedHeaders={names},Signature={signature}", key.id);
    let mut headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    headers.push(("authorization".into(), authorization));
    Request { method: "POST".into(), target: format!("/?{query}"), headers, body: Vec::new() }
}

pub(crate) fn escape(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
