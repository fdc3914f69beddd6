//! Who is calling? Both signature versions are verified the way the gateway does it: decode what arrived, build the
//! canonical form again, sign that, compare. Bytes on the wire are not compared.

mod v1;
mod v3;

use std::time::Duration;

use jiff::Timestamp;

use crate::wire::{Refusal, Request};

/// An access key the emulator accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// The access key id.
    pub id: String,
    /// The access key secret.
    pub secret: String,
    /// The token that must come with it, for temporary credentials.
    pub security_token: Option<String>,
    /// Whose it is, such as `acs:ram::1234567890123456:user/ci`; `None` is the account itself.
    pub arn: Option<String>,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

impl AccessKey {
    /// A key without a token.
    pub fn new(id: &str, secret: &str) -> Self {
        Self { id: id.into(), secret: secret.into(), security_token: None, arn: None, expires: None }
    }

    /// The same key as that of a RAM user or of a role that was taken.
    #[must_use]
    pub fn of(self, arn: &str) -> Self {
        Self { arn: Some(arn.to_owned()), ..self }
    }
}

/// Which signature a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `ACS3-HMAC-SHA256` in the Authorization header.
    V3,
    /// `HMAC-SHA1` in the parameters.
    V1,
    /// None at all.
    Unsigned,
}

/// What a valid signature proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The access key id.
    pub key_id: String,
    /// The request's nonce; the caller of [`verify`] must refuse a second one.
    pub nonce: String,
    /// Whose key it is; `None` is the account itself.
    pub arn: Option<String>,
    /// Whether the credentials are temporary.
    pub temporary: bool,
}

impl Caller {
    fn new(key: &AccessKey, nonce: &str) -> Self {
        let temporary = key.security_token.is_some();
        Self { key_id: key.id.clone(), nonce: nonce.to_owned(), arn: key.arn.clone(), temporary }
    }
}

/// How far a request's date may be off, either way.
pub const DATE_WINDOW: Duration = Duration::from_secs(15 * 60);

/// Tells which signature a request carries, without checking it.
pub fn scheme(request: &Request) -> Scheme {
    let signed_param = |pairs: &[(String, String)]| pairs.iter().any(|(name, _)| name == "Signature");
    if request.header("authorization").is_some() {
        Scheme::V3
    } else if signed_param(&request.query()) || signed_param(&request.form()) {
        Scheme::V1
    } else {
        Scheme::Unsigned
    }
}

/// Checks date, key, token and signature, V3 or V1, whichever the request carries. Nonces are not remembered here.
///
/// # Errors
/// The service's refusal, with its documented code.
pub fn verify(request: &Request, keys: &[AccessKey], now: Timestamp) -> Result<Caller, Refusal> {
    match scheme(request) {
        Scheme::V3 => v3::verify(request, keys, now),
        Scheme::V1 => v1::verify(request, keys, now),
        Scheme::Unsigned => {
            Err(incomplete("the request carries neither an Authorization header nor a Signature"))
        }
    }
}

fn incomplete(message: impl std::fmt::Display) -> Refusal {
    Refusal::bad("IncompleteSignature", format!("The request signature is incomplete: {message}."))
}

pub(crate) fn check_date(text: &str, now: Timestamp) -> Result<(), Refusal> {
    let well_formed = text.len() == "2025-01-02T03:04:05Z".len() && text.ends_with('Z');
    let date: Timestamp = text.parse().ok().filter(|_| well_formed).ok_or_else(|| {
        Refusal::bad(
            "InvalidTimeStamp.Format",
            format!("Specified time stamp {text:?} is not YYYY-MM-DDThh:mm:ssZ."),
        )
    })?;
    if now.duration_since(date).unsigned_abs() > DATE_WINDOW {
        let message = format!("Specified time stamp {text} is more than 15 minutes from the server's {now}.");
        return Err(Refusal::bad("InvalidTimeStamp.Expired", message));
    }
    Ok(())
}

/// Finds the key and compares its token with the one sent.
fn check_key<'a>(
    keys: &'a [AccessKey],
    id: &str,
    token: Option<&str>,
    now: Timestamp,
) -> Result<&'a AccessKey, Refusal> {
    let key = keys.iter().find(|key| key.id == id).ok_or_else(|| {
        Refusal::new(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    })?;
    match (key.security_token.as_deref(), token) {
        (None, None) => Ok(key),
        (Some(expected), Some(sent)) if expected == sent => match key.expires {
            Some(end) if end <= now => {
                Err(Refusal::bad("InvalidSecurityToken.Expired", "Specified SecurityToken is expired."))
            }
            Some(_) | None => Ok(key),
        },
        (Some(_), None) => {
            Err(Refusal::bad("MissingSecurityToken", "SecurityToken is mandatory for this key."))
        }
        (_, Some(_)) => Err(Refusal::bad(
            "InvalidSecurityToken.MismatchWithAccessKey",
            "Specified SecurityToken mismatches with the AccessKeyId.",
        )),
    }
}

/// The text before the colon is what the vendor's SDK looks for: it compares the rest with its own string to tell a
/// wrong secret from a wrong algorithm.
fn mismatch(string_to_sign: &str, more: &str) -> Refusal {
    let message = format!(
        "Specified signature is not matched with our calculation. server string to sign is:{string_to_sign}{more}"
    );
    Refusal::bad("SignatureDoesNotMatch", message)
}
