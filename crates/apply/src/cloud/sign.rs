//! Signature V3, `ACS3-HMAC-SHA256`: a pure function from a request and a moment to headers.
//!
//! The facts are from the vendor's page "Request syntax and signature method V3". Only `host`, `content-type`
//! and `x-acs-*` are signed: any other header may be rewritten on the way.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::{Credentials, Endpoint, Request, SignedRequest};

/// The largest difference between a request's date and the service's clock that the service takes.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(15);

const ALGORITHM: &str = "ACS3-HMAC-SHA256";
const METHOD: &str = "POST";
/// The characters that are percent-encoded: all but RFC 3986's unreserved ones.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Signs a request that is sent once. Each time it is sent it needs a new `nonce`, and a date within
/// [`CLOCK_TOLERANCE`] of the service's clock.
pub fn sign(
    request: &Request,
    endpoint: &Endpoint,
    credentials: &Credentials,
    now: Timestamp,
    nonce: String,
) -> SignedRequest {
    let body = canonical_query(&request.form);
    let payload = hex_sha256(body.as_bytes());
    let mut signed = BTreeMap::from([
        ("host", endpoint.host().to_owned()),
        ("x-acs-action", request.action.to_owned()),
        ("x-acs-content-sha256", payload.clone()),
        ("x-acs-date", now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        ("x-acs-signature-nonce", nonce),
        ("x-acs-version", request.version.to_owned()),
    ]);
    if !body.is_empty() {
        signed.insert("content-type", "application/x-www-form-urlencoded".to_owned());
    }
    if let Some(token) = &credentials.security_token {
        signed.insert("x-acs-accesskey-id", credentials.access_key_id.clone());
        signed.insert("x-acs-security-token", token.expose_secret().to_owned());
    }
    let query = canonical_query(&request.params);
    let canonical = canonical_request(METHOD, &query, &signed, &payload);
    let signature = signature(&credentials.secret, &string_to_sign(&canonical));
    let authorization = authorization(&credentials.access_key_id, &signed_headers(&signed), &signature);
    // The transport writes `host` itself, from the same endpoint.
    signed.remove("host");
    let unsigned = [("accept", "application/json".to_owned()), ("authorization", authorization)];
    let headers = signed.into_iter().chain(unsigned).collect();
    SignedRequest { method: METHOD, endpoint: endpoint.clone(), query, headers, body }
}

/// Returns the query as it is signed and sent: parameters by name, encoded.
pub(super) fn canonical_query(params: &BTreeMap<String, String>) -> String {
    let pairs: Vec<_> =
        params.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

/// Returns the canonical request. Exactly these headers are signed; their names are in lower case.
fn canonical_request(
    method: &str,
    canonical_query: &str,
    headers: &BTreeMap<&str, String>,
    hashed_payload: &str,
) -> String {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    [method, "/", canonical_query, &lines, &signed_headers(headers), hashed_payload].join("\n")
}

fn signed_headers(headers: &BTreeMap<&str, String>) -> String {
    headers.keys().copied().collect::<Vec<_>>().join(";")
}

fn string_to_sign(canonical_request: &str) -> String {
    format!("{ALGORITHM}\n{}", hex_sha256(canonical_request.as_bytes()))
}

fn signature(secret: &SecretString, string_to_sign: &str) -> String {
    let key = secret.expose_secret().as_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(string_to_sign.as_bytes());
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

fn authorization(access_key_id: &str, signed_headers: &str, signature: &str) -> String {
    format!("{ALGORITHM} Credential={access_key_id},SignedHeaders={signed_headers},Signature={signature}")
}

/// Percent-encodes every UTF-8 byte that is not unreserved, once.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

fn hex_sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::super::request;
    use super::*;

    #[derive(Deserialize)]
    struct File {
        vectors: Vec<Vector>,
    }

    #[derive(Deserialize)]
    struct Vector {
        name: String,
        input: Input,
        expected: BTreeMap<String, String>,
    }

    #[derive(Deserialize)]
    struct Input {
        method: String,
        query: BTreeMap<String, String>,
        headers: BTreeMap<String, String>,
        body_utf8: String,
        access_key_id: String,
        access_key_secret: String,
    }

    /// The vendor's own code made the vectors; the first is printed on its page.
    #[test]
    fn every_known_answer_is_reached_through_every_known_step() {
        let file: File = serde_json::from_str(include_str!("../../tests/vectors/v3.json")).unwrap();
        assert_eq!(file.vectors.len(), 22);
        for Vector { name, input, expected } in file.vectors {
            let lower: BTreeMap<_, _> = input
                .headers
                .iter()
                .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
                .collect();
            let headers = lower.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            let query = canonical_query(&input.query);
            let payload = hex_sha256(input.body_utf8.as_bytes());
            let canonical = canonical_request(&input.method, &query, &headers, &payload);
            let string = string_to_sign(&canonical);
            let signature = signature(&input.access_key_secret.as_str().into(), &string);
            let names = signed_headers(&headers);
            for (step, value) in [
                ("authorization", &authorization(&input.access_key_id, &names, &signature)),
                ("canonical_query_string", &query),
                ("hashed_payload", &payload),
                ("signed_headers", &names),
                ("canonical_request", &canonical),
                ("string_to_sign", &string),
                ("signature", &signature),
            ] {
                assert_eq!(value, &expected[step], "{name}: {step}");
            }
        }
    }

    fn sealed(token: Option<&str>) -> SignedRequest {
        let credentials = Credentials {
            access_key_id: "LTAItestkey".to_owned(),
            secret: "testsecret".into(),
            security_token: token.map(Into::into),
            source: String::new(),
        };
        let endpoint = "http://127.0.0.1:8080".parse().unwrap();
        let now = "2026-01-02T03:04:05.678Z".parse().unwrap();
        sign(&request::describe_page(1), &endpoint, &credentials, now, "n".repeat(32))
    }

    #[test]
    fn a_sealed_request_carries_what_was_signed() {
        let SignedRequest { method, query, headers, .. } = sealed(None);
        assert_eq!(
            (method, query.as_str()),
            ("POST", "IncludeReservationData=true&PageNumber=1&PageSize=50")
        );
        let header = |name| headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str());
        assert_eq!(header("x-acs-date"), Some("2026-01-02T03:04:05Z"));
        assert_eq!(header("host"), None);
        let authorization = header("authorization").unwrap();
        assert!(authorization.contains(
            "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        ));
    }

    #[test]
    fn temporary_credentials_are_signed_and_nothing_of_them_is_shown() {
        let request = sealed(Some("CAIStoken"));
        let authorization = &request.headers.iter().find(|(name, _)| *name == "authorization").unwrap().1;
        assert!(authorization.contains(";x-acs-security-token;"), "{authorization}");
        let shown = format!("{request:?}");
        for secret in ["CAIStoken", "LTAItestkey", "Signature="] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("DescribeCenBandwidthPackages"), "{shown}");
    }
}
