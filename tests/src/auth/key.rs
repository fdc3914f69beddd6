//! Keys, and the checks that both signature versions share.

use std::time::Duration;

use jiff::Timestamp;

use crate::wire::Refusal;

/// An access key that the emulator accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// The access key id.
    pub id: String,
    /// The access key secret.
    pub secret: String,
    /// The token that a request must send with it, for temporary credentials.
    pub security_token: Option<String>,
    /// The owner, such as `acs:ram::1234567890123456:user/ci`; `None` is the account itself.
    pub arn: Option<String>,
    /// The time at which it expires.
    pub expires: Option<Timestamp>,
}

impl AccessKey {
    /// A key without a token.
    pub fn new(id: &str, secret: &str) -> Self {
        Self { id: id.into(), secret: secret.into(), security_token: None, arn: None, expires: None }
    }

    /// Returns the same key with another owner: a RAM user, or a role that was assumed.
    #[must_use]
    pub fn of(self, arn: &str) -> Self {
        Self { arn: Some(arn.to_owned()), ..self }
    }
}

/// The caller that a valid signature proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The access key id.
    pub key_id: String,
    /// The request's nonce; the caller of [`verify`](super::verify) must refuse a second one.
    pub nonce: String,
    /// The owner of the key; `None` is the account itself.
    pub arn: Option<String>,
    /// True if the credentials are temporary.
    pub temporary: bool,
}

impl Caller {
    /// The account of the owner, if it is a user or a session of a role.
    pub(crate) fn account(&self) -> Option<&str> {
        self.arn.as_deref()?.split(':').nth(3)
    }

    pub(super) fn new(key: &AccessKey, nonce: &str) -> Self {
        let temporary = key.security_token.is_some();
        Self { key_id: key.id.clone(), nonce: nonce.to_owned(), arn: key.arn.clone(), temporary }
    }
}

/// The largest difference of a request's date from the time, either way.
pub const DATE_WINDOW: Duration = Duration::from_secs(15 * 60);

pub(super) fn incomplete(message: impl std::fmt::Display) -> Refusal {
    Refusal::bad("IncompleteSignature", format!("The request signature is incomplete: {message}."))
}

pub(super) fn check_date(text: &str, now: Timestamp) -> Result<(), Refusal> {
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
pub(super) fn check_key<'a>(
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

/// The vendor's SDK looks for the text before the colon: it compares the rest with its own string to tell a
/// wrong secret from a wrong algorithm.
pub(super) fn mismatch(string_to_sign: &str, more: &str) -> Refusal {
    let message = format!(
        "Specified signature is not matched with our calculation. server string to sign is:{string_to_sign}{more}"
    );
    Refusal::bad("SignatureDoesNotMatch", message)
}
