//! The configuration of an emulator.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::access::Access;
use crate::auth::AccessKey;
use crate::clock::Clock;
use crate::wire::{Refusal, Reply};

/// The configuration of an emulator.
#[derive(Clone, Debug)]
pub struct Config {
    /// The account everything belongs to.
    pub account_id: String,
    /// The access keys that are accepted.
    pub keys: Vec<AccessKey>,
    /// The roles, and the principals that may assume them.
    pub access: Access,
    /// The source of time.
    pub clock: Clock,
    /// Decides ids and faults by chance; the same seed and the same calls give the same bytes.
    pub seed: u64,
    /// The behaviour of the service where the vendor's pages are silent.
    pub semantics: Semantics,
}

impl Config {
    /// The access key id that is accepted unless others are given. A dummy, as is its secret.
    pub const KEY_ID: &'static str = "LTAI5tEmulatorAccessKeyId";
    /// The secret of [`Config::KEY_ID`].
    pub const KEY_SECRET: &'static str = "EmulatorSecretKey0123456789abc";
    /// The access key id of a RAM user, who may assume roles; the account itself may not.
    pub const USER_ID: &'static str = "LTAI5tEmulatorUserKeyId";
    /// The secret of [`Config::USER_ID`].
    pub const USER_SECRET: &'static str = "EmulatorUserSecret0123456789abc";
}

impl Default for Config {
    fn default() -> Self {
        Self {
            account_id: "1234567890123456".into(),
            keys: vec![
                AccessKey::new(Self::KEY_ID, Self::KEY_SECRET),
                AccessKey::new(Self::USER_ID, Self::USER_SECRET).of(Access::USER),
            ],
            access: Access::default(),
            clock: Clock::System,
            seed: 0,
            semantics: Semantics::default(),
        }
    }
}

/// The behaviour of the service where the vendor's pages are silent.
#[derive(Clone, Debug)]
pub struct Semantics {
    /// The meaning of a `ClientToken` that was seen before.
    pub tokens: TokenSemantics,
    /// True if the token of a request that was accepted and then failed is spent: `IdempotentFailed`.
    pub failed_remembered: bool,
    /// True if the token of a package that is gone still returns its id; otherwise it buys again.
    pub dead_replay: bool,
    /// The number of listings, begun after a purchase, that do not show the new package.
    pub visible_after_listings: u64,
    /// The time after a purchase in which the new package is not shown.
    pub visible_after: Duration,
    /// The number of listings, begun after a purchase, that do not show the new package's tags.
    pub tags_after_listings: u64,
    /// The time after a purchase in which the new package's tags are not shown.
    pub tags_after: Duration,
    /// True if a package whose order is unpaid is listed.
    pub list_unpaid: bool,
    /// The number of listings, begun after a change of a package, that show its name, description, bandwidth
    /// and resource group as they were before.
    pub values_after_listings: u64,
    /// The time after a change in which they are shown so.
    pub values_after: Duration,
    /// The code for a bandwidth that the package has already; the vendor's pages have more than one.
    pub no_change: &'static str,
    /// The code for a bandwidth below what regions use; no page has one.
    pub too_small: &'static str,
    /// The form in which a listing of packages shows the bandwidth that regions use.
    pub limits: LimitsShown,
    /// The list of the pairs of areas on sale.
    pub spans: Spans,
    /// The behaviour of the billing service.
    pub billing: Billing,
    /// The behaviour of the service that estimates prices.
    pub estimates: Estimates,
}

/// The list of the pairs of areas on sale, where the vendor's pages are silent.
#[derive(Clone, Debug, Default)]
pub struct Spans {
    /// The pairs; `None` is every pair of the areas that are sold, those of an area with itself included.
    pub pairs: Option<Vec<[&'static str; 2]>>,
    /// True if areas are written as in a purchase, `North-America`; the vendor's sample has `north-america`.
    pub capitalised: bool,
    /// True if the first area of a pair is the opposite one.
    pub turned: bool,
    /// The error of `TotalCount`.
    pub miscount: i64,
    /// Members of each pair in the place of the service's own; null leaves one out.
    pub row: BTreeMap<String, Value>,
}

/// The form in which a listing of packages shows the bandwidth that regions use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LimitsShown {
    /// As strings that hold a number, and an empty list if there is none: the vendor's sample.
    #[default]
    Strings,
    /// As numbers, as in the listing of the limits themselves.
    Numbers,
    /// Not at all.
    Absent,
}

/// The behaviour of the billing service where the vendor's pages are silent or disagree.
#[derive(Clone, Debug)]
pub struct Billing {
    /// The beginning of the only host that knows the account; `None` is any. Another host is the wrong site.
    pub home: Option<&'static str>,
    /// Code and message of the wrong site.
    pub wrong_site: (&'static str, &'static str),
    /// True if a refusal with HTTP 400 is an answer with HTTP 200 and `Success: false` instead.
    pub refuses_with_200: bool,
    /// `Code` of a success.
    pub code: &'static str,
    /// True if it lists no bandwidth packages.
    pub unlisted: bool,
    /// The wrapper around the rows of `InstanceList`; `None` is a plain array.
    pub wrapper: Option<&'static str>,
    /// True if a renewal for whole years is shown in years.
    pub years: bool,
    /// The number of reads, begun after a setting, that show the one before.
    pub shown_after_reads: u64,
    /// The time after a setting in which the one before is shown.
    pub shown_after: Duration,
    /// The number of times that each row is listed.
    pub copies: usize,
    /// The error of `TotalCount`.
    pub miscount: i64,
    /// Members of each row in the place of the service's own; null leaves one out.
    pub row: BTreeMap<String, Value>,
    /// Members of each success in the place of the service's own; null leaves one out.
    pub envelope: BTreeMap<String, Value>,
}

impl Billing {
    /// Refuses a request to the site that does not have the account.
    pub(crate) fn check_site(&self, host: &str) -> Result<(), Refusal> {
        let (code, message) = self.wrong_site;
        let is_home = self.home.is_none_or(|home| host.starts_with(home));
        if is_home { Ok(()) } else { Err(Refusal::bad(code, message)) }
    }

    /// Returns the reply to a request that is refused, or whose answer says so.
    pub(crate) fn refuse(&self, refusal: &Refusal, host: &str, request_id: &str) -> Reply {
        let is_answer = self.refuses_with_200 && refusal.status == 400;
        if is_answer { refusal.business_reply(request_id) } else { refusal.reply(host, request_id) }
    }
}

impl Default for Billing {
    fn default() -> Self {
        Self {
            home: None,
            wrong_site: ("NotApplicable", "This API is not applicable for caller."),
            refuses_with_200: false,
            code: "Success",
            unlisted: false,
            wrapper: None,
            years: false,
            shown_after_reads: 0,
            shown_after: Duration::ZERO,
            copies: 1,
            miscount: 0,
            row: BTreeMap::new(),
            envelope: BTreeMap::new(),
        }
    }
}

/// The behaviour of the service that estimates prices, where the vendor's pages are silent or disagree.
#[derive(Clone, Debug)]
pub struct Estimates {
    /// True if it has no estimate for bandwidth packages: they are left out of the answer.
    pub unlisted: bool,
    /// True if an amount is that of one month or year, and not of the whole term.
    pub of_one_period: bool,
    /// True if amounts are strings.
    pub strings: bool,
    /// The price of one Mbps for a month, in hundredths, before the discount of a tenth.
    pub cents_per_mbps: i64,
    /// The currency of each amount.
    pub currency: &'static str,
    /// The areas that a template may name; another one is a refusal of the whole template.
    pub areas: &'static [&'static str],
    /// Members of each resource in the place of the service's own; null leaves one out.
    pub resource: BTreeMap<String, Value>,
    /// Members of each order in the place of the service's own; null leaves one out.
    pub order: BTreeMap<String, Value>,
}

impl Default for Estimates {
    fn default() -> Self {
        Self {
            unlisted: false,
            of_one_period: false,
            strings: false,
            cents_per_mbps: 2490,
            currency: "CNY",
            areas: &["China", "North-America", "Asia-Pacific", "Europe"],
            resource: BTreeMap::new(),
            order: BTreeMap::new(),
        }
    }
}

/// The treatment of a token that was seen before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenSemantics {
    /// The same parameters get the first answer again, other parameters `IdempotentParameterMismatch`.
    #[default]
    Strict,
    /// Any parameters get the first answer again.
    Replay,
    /// Tokens are ignored: every request is a new one.
    New,
}

impl Default for Semantics {
    fn default() -> Self {
        Self {
            tokens: TokenSemantics::Strict,
            failed_remembered: false,
            dead_replay: true,
            visible_after_listings: 0,
            visible_after: Duration::ZERO,
            tags_after_listings: 0,
            tags_after: Duration::ZERO,
            list_unpaid: false,
            values_after_listings: 0,
            values_after: Duration::ZERO,
            no_change: "Operation.Failed",
            too_small: "ParameterIllegal.BandwidthLimit",
            limits: LimitsShown::Strings,
            spans: Spans::default(),
            billing: Billing::default(),
            estimates: Estimates::default(),
        }
    }
}
