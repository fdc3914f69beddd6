//! Every order ever placed, and the record of each token.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::wire::Answer;

/// The key of the tag whose value the ledger shows as the order's identity.
pub const IDENTITY_TAG: &str = "cenbwp";

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Order {
    /// Counted from 1.
    pub seq: u64,
    /// Decimal digits.
    pub order_id: String,
    /// The kind of the order.
    pub kind: OrderKind,
    /// The package it is for.
    pub package_id: String,
    /// The value of the tag [`IDENTITY_TAG`], at purchase.
    pub identity: Option<String>,
    /// The bandwidth ordered, Mbps.
    pub mbps: i64,
    /// True if it is paid.
    pub paid: bool,
    /// The token the order was placed with.
    pub client_token: Option<String>,
    /// The request's parameters, without its token.
    pub parameters: BTreeMap<String, String>,
    /// The time of the order.
    pub at: Timestamp,
    /// The request that placed it, by its number in the log of requests; 0 if a saved state does not say.
    #[serde(default)]
    pub request: u64,
}

/// The kind of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// A new package.
    New,
    /// A higher bandwidth.
    Upgrade,
    /// A lower bandwidth.
    Downgrade,
    /// A higher bandwidth until a given time.
    TempUpgrade,
}

/// The record of a token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct TokenRecord {
    /// The operation of the first request with it.
    pub action: String,
    /// The parameters of the first request with it.
    pub parameters: BTreeMap<String, String>,
    /// The outcome of that request.
    pub state: TokenState,
}

/// The outcome of the first request with a token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// The request is still being carried out.
    Processing,
    /// The request was accepted and then failed.
    Failed,
    /// The request succeeded with these fields.
    Answered(Answer),
}
