//! `ACS3-HMAC-SHA256`: the signature of the request's method, query, headers and body hash, in the Authorization header.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::key::{AccessKey, Caller, check_date, check_key, incomplete, mismatch};
use crate::wire::{Refusal, Request, canonical_query};

const ALGORITHM: &str = "ACS3-HMAC-SHA256";
const DEMANDED: [&str; 6] =
    ["host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"];

pub(super) fn verify(request: &Request, keys: &[AccessKey], now: Timestamp) -> Result<Caller, Refusal> {
    let authorization = Authorization::parse(request.header("authorization").unwrap_or_default())?;
    let sent =
        |name: &str| request.header(name).ok_or_else(|| incomplete(format_args!("header {name} is missing")));
    for name in DEMANDED {
        sent(name)?;
    }
    check_all_signed(request, &authorization.signed_headers)?;
    check_date(sent("x-acs-date")?, now)?;
    let key = check_key(keys, authorization.credential, request.header("x-acs-security-token"), now)?;
    if request.header("x-acs-accesskey-id").is_some_and(|id| id != key.id) {
        return Err(Refusal::new(
            404,
            "InvalidAccessKeyId.NotFound",
            "x-acs-accesskey-id and Credential differ.",
        ));
    }

    let payload_hash = HEXLOWER.encode(&Sha256::digest(&request.body));
    let canonical = canonical_request(request, &authorization.signed_headers, &payload_hash)?;
    let string_to_sign = format!("{ALGORITHM}\n{}", HEXLOWER.encode(&Sha256::digest(canonical.as_bytes())));
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(string_to_sign.as_bytes());
    // In lower case only, as the vendor's page has it.
    let valid = HEXLOWER
        .decode(authorization.signature.as_bytes())
        .is_ok_and(|signature| mac.verify_slice(&signature).is_ok())
        && sent("x-acs-content-sha256")? == payload_hash;
    if !valid {
        return Err(mismatch(&string_to_sign, &format!(" server CanonicalRequest is:{canonical}")));
    }
    Ok(Caller::new(key, sent("x-acs-signature-nonce")?))
}

struct Authorization<'a> {
    credential: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn parse(header: &'a str) -> Result<Self, Refusal> {
        let fields =
            header.strip_prefix(ALGORITHM).and_then(|rest| rest.strip_prefix(' ')).ok_or_else(|| {
                Refusal::bad("InvalidSignatureMethod", format!("Authorization must begin with {ALGORITHM}."))
            })?;
        let field = |name: &str| {
            fields
                .split(',')
                .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
                .filter(|value| !value.is_empty())
                .ok_or_else(|| incomplete(format_args!("Authorization has no {name}")))
        };
        Ok(Self {
            credential: field("Credential")?,
            signed_headers: field("SignedHeaders")?.split(';').collect(),
            signature: field("Signature")?,
        })
    }
}

/// The vendor's pages demand every common header to be signed; clients differ in what else they sign.
fn check_all_signed(request: &Request, signed: &[&str]) -> Result<(), Refusal> {
    if !signed.windows(2).all(|pair| pair[0] < pair[1]) {
        return Err(incomplete("SignedHeaders is not sorted"));
    }
    for (name, _) in &request.headers {
        let name = name.to_ascii_lowercase();
        let demanded = name == "host" || name == "content-type" || name.starts_with("x-acs-");
        if demanded && !signed.contains(&name.as_str()) {
            return Err(incomplete(format_args!("header {name} is not signed")));
        }
    }
    Ok(())
}

fn canonical_request(request: &Request, signed: &[&str], payload_hash: &str) -> Result<String, Refusal> {
    let mut headers = String::new();
    for name in signed {
        let mut values: Vec<&str> = request
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .collect();
        if values.is_empty() {
            return Err(incomplete(format_args!("signed header {name} was not sent")));
        }
        values.sort_unstable();
        headers.push_str(&format!("{name}:{}\n", values.join(",")));
    }
    let query = canonical_query(&request.query());
    let signed = signed.join(";");
    Ok(format!("{}\n{}\n{query}\n{headers}\n{signed}\n{payload_hash}", request.method, request.path()))
}
