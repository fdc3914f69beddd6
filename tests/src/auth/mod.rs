//! Finds the caller of a request. Both signature versions are verified as the gateway does it: decode what
//! arrived, build the canonical form again, sign that, compare. Bytes on the wire are not compared.

mod key;
mod v1;
mod v3;

use jiff::Timestamp;

use key::incomplete;
pub use key::{AccessKey, Caller, DATE_WINDOW};

use crate::wire::{Refusal, Request};

/// The signature version of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `ACS3-HMAC-SHA256` in the Authorization header.
    V3,
    /// `HMAC-SHA1` in the parameters.
    V1,
    /// None at all.
    Unsigned,
}

/// Returns the signature version of a request, without checking the signature.
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

/// Checks date, key, token and signature, V3 or V1. Nonces are not remembered here.
///
/// # Errors
/// Returns the service's refusal, with its documented code.
pub fn verify(request: &Request, keys: &[AccessKey], now: Timestamp) -> Result<Caller, Refusal> {
    match scheme(request) {
        Scheme::V3 => v3::verify(request, keys, now),
        Scheme::V1 => v1::verify(request, keys, now),
        Scheme::Unsigned => {
            Err(incomplete("the request carries neither an Authorization header nor a Signature"))
        }
    }
}
