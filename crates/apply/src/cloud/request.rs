//! Requests as values: what is asked, before it is signed or sent.
//!
//! Parameter names and forms are those of the vendor's API pages for Cbn 2017-09-12 and Sts 2015-04-01.

use std::collections::BTreeMap;

use cenbwp_diff::Purchase;
use cenbwp_spec::Renewal;

use super::ClientToken;

/// The action that buys a package. Also part of every [`ClientToken`].
pub const CREATE: &str = "CreateCenBandwidthPackage";
/// The action that lists packages.
pub const DESCRIBE: &str = "DescribeCenBandwidthPackages";
/// The action that tells whose credentials these are.
pub const CALLER: &str = "GetCallerIdentity";

/// The most packages that one page of the listing may hold (Describe page).
pub const PAGE_SIZE: usize = 50;

const CBN: &str = "2017-09-12";
const STS: &str = "2015-04-01";

/// One call of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The operation.
    pub action: &'static str,
    /// The version of the API that has it.
    pub version: &'static str,
    /// The parameters, flattened (`Tag.1.Key`), in the order in which they are signed: by name, bytewise.
    pub params: BTreeMap<String, String>,
}

impl Request {
    fn new<const N: usize>(action: &'static str, version: &'static str, params: [(&str, String); N]) -> Self {
        let params = params.map(|(name, value)| (name.to_owned(), value)).into();
        Self { action, version, params }
    }
}

/// Asks for one page of the listing of every package, from 1. Deliberately without any filter: packages
/// that do not carry our tag matter too, and filters of the server are not trusted.
pub fn describe_page(number: usize) -> Request {
    let params = [
        ("PageNumber", number.to_string()),
        ("PageSize", PAGE_SIZE.to_string()),
        ("IncludeReservationData", true.to_string()),
    ];
    Request::new(DESCRIBE, CBN, params)
}

/// Asks whose credentials these are.
pub fn get_caller_identity() -> Request {
    Request::new(CALLER, STS, [])
}

/// Buys a package.
///
/// Everything whose default the vendor's pages disagree about (charge type, payment, renewal) is always
/// sent. An empty name or description is left out, which creates the same package.
pub fn create(purchase: &Purchase, token: &ClientToken) -> Request {
    let Purchase { identity: _, areas, bandwidth, name, description, terms, tags, then: _ } = purchase;
    let params = [
        ("Bandwidth", bandwidth.0.to_string()),
        ("GeographicRegionAId", areas.a().to_string()),
        ("GeographicRegionBId", areas.b().to_string()),
        ("BandwidthPackageChargeType", "PREPAY".to_owned()),
        ("Period", terms.term.period().to_string()),
        ("PricingCycle", terms.term.cycle().to_owned()),
        ("AutoPay", terms.auto_pay.to_string()),
        ("AutoRenew", (terms.renewal != Renewal::Off).to_string()),
        ("ClientToken", token.to_string()),
    ];
    let mut request = Request::new(CREATE, CBN, params);
    let mut set = |name: String, value: &str| request.params.insert(name, value.to_owned());
    if let Renewal::Months(months) = terms.renewal {
        set("AutoRenewDuration".to_owned(), &months.to_string());
    }
    if !name.is_empty() {
        set("Name".to_owned(), name);
    }
    if let Some(description) = description.as_deref().filter(|text| !text.is_empty()) {
        set("Description".to_owned(), description);
    }
    for (n, (key, value)) in (1..).zip(tags) {
        set(format!("Tag.{n}.Key"), key);
        set(format!("Tag.{n}.Value"), value);
    }
    request
}
