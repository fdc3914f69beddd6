//! Reads a call from a request: V3 has its parts in headers, V1 in parameters.

use crate::auth::{self, Scheme};
use crate::wire::{Refusal, Request};

/// A request's action, version and parameters, for either signature version.
pub(crate) struct Call {
    scheme: Scheme,
    pub(crate) action: String,
    pub(crate) version: String,
    pub(crate) nonce: Option<String>,
    format: Option<String>,
    pub(crate) params: Vec<(String, String)>,
}

/// The parameters a V1 request has besides those of its operation.
const V1_COMMON: [&str; 11] = [
    "Action",
    "Version",
    "Format",
    "AccessKeyId",
    "SignatureMethod",
    "SignatureVersion",
    "SignatureNonce",
    "SignatureType",
    "Timestamp",
    "SecurityToken",
    "Signature",
];

impl Call {
    pub(crate) fn read(request: &Request) -> Self {
        let mut pairs = request.query();
        pairs.extend(request.form());
        let scheme = auth::scheme(request);
        if scheme == Scheme::V3 {
            let header = |name: &str| request.header(name).map(str::to_owned);
            return Self {
                scheme,
                action: header("x-acs-action").unwrap_or_default(),
                version: header("x-acs-version").unwrap_or_default(),
                nonce: header("x-acs-signature-nonce"),
                format: None,
                params: pairs,
            };
        }
        let take =
            |wanted: &str| pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        Self {
            scheme,
            action: take("Action").unwrap_or_default(),
            version: take("Version").unwrap_or_default(),
            nonce: take("SignatureNonce"),
            format: take("Format"),
            params: pairs.iter().filter(|(name, _)| !V1_COMMON.contains(&name.as_str())).cloned().collect(),
        }
    }

    /// Reports whether the operation is called without a signature: a parameter proves the caller.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.action == "AssumeRoleWithOIDC" && self.scheme == Scheme::Unsigned
    }

    /// Checks everything that does not depend on the operation.
    pub(crate) fn check_envelope(&self, request: &Request) -> Result<(), Refusal> {
        if request.path() != "/" {
            return Err(Refusal::new(404, "InvalidApi.NotFound", "RPC operations are called at the path /."));
        }
        if request.method != "GET" && request.method != "POST" {
            let message = format!("{} is not supported; expected GET or POST.", request.method);
            return Err(Refusal::new(405, "UnsupportedHTTPMethod", message));
        }
        // The classic SDK gets XML if it asks for it. This emulator has only JSON, and refuses rather than
        // surprise.
        if self.scheme != Scheme::V3 && self.format.as_deref() != Some("JSON") {
            let message =
                format!("Format {:?} is not supported by this emulator; send Format=JSON.", self.format);
            return Err(Refusal::bad("InvalidParameter", message));
        }
        // The service accepts the token in the query, but every log of URLs then has it too.
        if request.query().iter().any(|(name, _)| name == "OIDCToken") {
            let message = "OIDCToken is in the URL; this emulator takes it in the body only.";
            return Err(Refusal::bad("InvalidParameter.OIDCToken", message));
        }
        // It may be far too long for a URL.
        if request.query().iter().any(|(name, _)| name == "TemplateBody") {
            let message = "TemplateBody is in the URL; this emulator takes it in the body only.";
            return Err(Refusal::bad("InvalidParameter", message));
        }
        Ok(())
    }
}
