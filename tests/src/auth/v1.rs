//! `HMAC-SHA1`, SignatureVersion 1.0: everything is a parameter, in the query or the form body, and all of them but
//! `Signature` are signed together.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha1::Sha1;

use super::key::{AccessKey, Caller, check_date, check_key, incomplete, mismatch};
use crate::wire::{Refusal, Request, canonical_query, encode};

pub(super) fn verify(request: &Request, keys: &[AccessKey], now: Timestamp) -> Result<Caller, Refusal> {
    let mut pairs = request.query();
    pairs.extend(request.form());
    let find = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let sent = |name: &str| {
        find(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| incomplete(format_args!("parameter {name} is missing")))
    };

    // The classic SDK sends an empty SignatureType; any other value means a bearer token, which no key here
    // has.
    let bearer = find("SignatureType").is_some_and(|kind| !kind.is_empty());
    if bearer || sent("SignatureMethod")? != "HMAC-SHA1" || sent("SignatureVersion")? != "1.0" {
        let message = "SignatureMethod must be HMAC-SHA1, SignatureVersion 1.0 and SignatureType empty.";
        return Err(Refusal::bad("InvalidSignatureMethod", message));
    }
    check_date(sent("Timestamp")?, now)?;
    let nonce = sent("SignatureNonce")?.to_owned();
    let key = check_key(keys, sent("AccessKeyId")?, find("SecurityToken"), now)?;
    let signature = sent("Signature")?;

    let signed: Vec<_> = pairs.iter().filter(|(name, _)| name != "Signature").cloned().collect();
    let string_to_sign = format!("{}&%2F&{}", request.method, encode(&canonical_query(&signed)));
    let secret = format!("{}&", key.secret);
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(string_to_sign.as_bytes());
    let valid =
        BASE64.decode(signature.as_bytes()).is_ok_and(|signature| mac.verify_slice(&signature).is_ok());
    if !valid {
        return Err(mismatch(&string_to_sign, ""));
    }
    Ok(Caller::new(key, &nonce))
}
