//! Error codes of the service, and what to do about those that have a known meaning.

use std::fmt;

use super::redact::{self, Secrets};

/// The most characters of a code or an id that are kept.
pub(super) const LONGEST_WORD: usize = 100;

/// An error code of the service. Decisions use it as it was received, and messages show it without secrets: a
/// secret that equals a part of it must not change its meaning.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Code {
    received: String,
    shown: String,
}

impl Code {
    /// Returns the code of a reply.
    pub(crate) fn new(received: &str, secrets: &Secrets) -> Self {
        Self { received: received.to_owned(), shown: redact::words(received, LONGEST_WORD, secrets) }
    }

    /// Returns the code as it was received, which messages must not show.
    pub(super) fn received(&self) -> &str {
        &self.received
    }

    /// Returns true if it is `family` or `family.…`, in any case.
    pub fn is_of(&self, family: &str) -> bool {
        in_family(&self.received, family)
    }

    /// Returns true if it says that temporary credentials have expired.
    pub(super) fn is_expiry(&self) -> bool {
        self.is_of("InvalidSecurityToken.Expired")
    }

    /// Returns true if it says that the caller lacks a permission.
    pub(super) fn is_permission(&self) -> bool {
        self.hint() == Some(PERMISSION)
    }

    /// Returns what to do about it, if the code alone is enough to know.
    pub(super) fn hint(&self) -> Option<&'static str> {
        let known = ACCOUNT_WIDE.iter().chain(&ONE_REQUEST);
        known.into_iter().find(|(family, _)| self.is_of(family)).map(|(_, hint)| *hint)
    }
}

/// Writes it without secrets.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Writes it without secrets.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown.fmt(f)
    }
}

/// Codes after which no other request of this account will succeed either, by family (`X` and `X.…`), and
/// what to do about each.
const ACCOUNT_WIDE: [(&str, &str); 29] = [
    ("InvalidAccessKeyId", "check the access key id: it may be mistyped, disabled or deleted"),
    ("Forbidden.AccessKeyDisabled", "enable the access key, or use another"),
    ("SignatureDoesNotMatch", "check the secret of the access key"),
    ("IncompleteSignature", "check the secret of the access key"),
    ("InvalidSignatureMethod", "check that --endpoint names the service"),
    ("InvalidTimeStamp", "set this machine's clock: it may be off by 15 minutes at most"),
    ("IllegalTimestamp", "set this machine's clock: it may be off by 15 minutes at most"),
    ("InvalidSecurityToken", "the temporary credentials have ended or do not belong together: get new ones"),
    ("MissingSecurityToken", "temporary credentials need ALIBABA_CLOUD_SECURITY_TOKEN too"),
    ("AuthenticationFail.OIDCToken.Expired", "the identity token has ended: get a new one just before"),
    (
        "AuthenticationFail.OIDCToken.AudienceNotMatch",
        "the token's audience must be a client id of the account's OIDC provider",
    ),
    (
        "AuthenticationFail.NoPermission",
        "the role's trust policy must name the OIDC provider and fit the token's issuer, audience and subject",
    ),
    ("AuthenticationFail", "check that the credentials may be used here"),
    ("Unauthorized", PERMISSION),
    ("NoPermission", PERMISSION),
    ("NotAuthorized", PERMISSION),
    ("Forbidden.RAM", PERMISSION),
    ("Forbidden.SubUser", PERMISSION),
    // The vendor's own spelling.
    ("Forbbiden.SubUser", PERMISSION),
    ("InvalidApi", "check that --endpoint names the service"),
    ("InvalidProduct", "check that --endpoint names the service"),
    ("InvalidProtocol", "use an https endpoint"),
    ("PayFor", MONEY),
    ("OperationFailed.InsufficientBalance", MONEY),
    ("InsufficientBalance", MONEY),
    ("NotEnoughBalance", MONEY),
    ("InvalidAccountStatus", MONEY),
    ("Order.AccountStatusIllegal", MONEY),
    ("OperationInvalid.UserCanNotBuyBwp", "ask the vendor to let this account buy bandwidth packages"),
];
/// Codes of one request that their message does not explain well enough, by family, and what to do about
/// each.
const ONE_REQUEST: [(&str, &str); 9] = [
    ("NotApplicable", SITE),
    ("AuthSiteFail", SITE),
    ("InventoryExceeded", QUOTA),
    ("QuotaExceeded", QUOTA),
    (
        "OperationInvalid.UserCanNotBuyCrossBorderBwp",
        "ask the vendor to qualify this account for cross-border packages, those with exactly one side in China",
    ),
    (
        "OperationInvalid.IdentityRegistrationStatusNotSupport",
        "register the account under its real name, which packages with a side in China need",
    ),
    ("InvalidOperation.CenBandwidthLimitsNotZero", IN_USE),
    ("InvalidOperation.BwpBandwidthExceeded", IN_USE),
    ("ParameterIllegal.BandwidthLimit", IN_USE),
];
const IN_USE: &str = "regions use this bandwidth: in the console, lower what they use, and plan again; nothing was changed \
                      by this request";
const PERMISSION: &str = "grant these credentials the RAM action of the same name under cen:";
const SITE: &str = "name the site that the account belongs to: `--site china` or `--site international`";
pub(super) const QUOTA: &str = "ask the vendor for quota between these areas, in a ticket, or declare less bandwidth; nothing was \
                     bought or changed by this request";
const MONEY: &str = "check the account's balance and quota; nothing was bought by this request";

/// Returns true if no other request of this account will succeed after this code either.
pub(super) fn is_account_wide(code: &str) -> bool {
    ACCOUNT_WIDE.iter().any(|(family, _)| in_family(code, family))
}

/// Returns true if `code` is `family` or `family.…`, in any case.
fn in_family(code: &str, family: &str) -> bool {
    let Some((start, rest)) = code.split_at_checked(family.len()) else { return false };
    start.eq_ignore_ascii_case(family) && (rest.is_empty() || rest.starts_with('.'))
}
