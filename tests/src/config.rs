//! How an emulator is set up.

use std::time::Duration;

use crate::access::Access;
use crate::auth::AccessKey;
use crate::clock::Clock;
use crate::tokens::TokenSemantics;

/// How an emulator is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// The account everything belongs to.
    pub account_id: String,
    /// The access keys that are accepted.
    pub keys: Vec<AccessKey>,
    /// Who else may act: roles, and who may take them.
    pub access: Access,
    /// Where time comes from.
    pub clock: Clock,
    /// Decides ids and faults by chance; the same seed and the same calls give the same bytes.
    pub seed: u64,
    /// How the service behaves where the vendor's pages are silent.
    pub semantics: Semantics,
}

impl Config {
    /// The access key id that is accepted unless others are given. A dummy, as is its secret.
    pub const KEY_ID: &'static str = "LTAI5tEmulatorAccessKeyId";
    /// The secret of [`Config::KEY_ID`].
    pub const KEY_SECRET: &'static str = "EmulatorSecretKey0123456789abc";
    /// The access key id of a RAM user, who may take roles, which the account itself must not.
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

/// How the service behaves where the vendor's pages are silent.
#[derive(Clone, Debug)]
pub struct Semantics {
    /// What a `ClientToken` seen before means.
    pub tokens: TokenSemantics,
    /// Whether a token whose request was accepted and then failed is spent: `IdempotentFailed`.
    pub failed_remembered: bool,
    /// Whether the token of a package that is gone still answers with the dead id; otherwise it buys anew.
    pub dead_replay: bool,
    /// How many listings begun after a purchase do not show the new package.
    pub visible_after_listings: u64,
    /// For how long after a purchase the new package is not shown.
    pub visible_after: Duration,
    /// How many listings begun after a purchase do not show the new package's tags.
    pub tags_after_listings: u64,
    /// For how long after a purchase the new package's tags are not shown.
    pub tags_after: Duration,
    /// Whether a package whose order is unpaid is listed.
    pub list_unpaid: bool,
    /// How many listings begun after a change of a package show its name, description, bandwidth and resource group
    /// as they were before.
    pub values_after_listings: u64,
    /// For how long after a change they are shown so.
    pub values_after: Duration,
    /// The code for a bandwidth that the package has already; the vendor's pages have more than one.
    pub no_change: &'static str,
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
        }
    }
}
