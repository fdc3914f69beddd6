//! The renewal of packages, as the billing service keeps it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The renewal of a package at the end of its term.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// `AutoRenewal`, `ManualRenewal` or `NotRenewal`.
    pub status: String,
    /// The months of each renewal, if it renews itself.
    pub months: Option<i64>,
}

impl Renewal {
    /// A package that renews itself, for so many months each time.
    pub fn every(months: i64) -> Self {
        Self { status: "AutoRenewal".into(), months: Some(months) }
    }
}

/// A person renews it, or it ends: the vendor's default.
impl Default for Renewal {
    fn default() -> Self {
        Self { status: "ManualRenewal".into(), months: None }
    }
}

/// A renewal that was set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct RenewalSet {
    /// The package.
    pub package_id: String,
    /// `AutoRenewal`, `ManualRenewal` or `NotRenewal`.
    pub status: String,
    /// The months of each renewal, if it renews itself.
    pub months: Option<i64>,
    /// The time of the setting.
    pub at: Timestamp,
    /// The request that set it, by its number in the log of requests.
    pub request: u64,
}
