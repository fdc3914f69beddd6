//! Requests as values, before they are signed or sent.
//!
//! Parameter names and forms are those of the vendor's API pages for Cbn 2017-09-12, Sts 2015-04-01, BssOpenApi
//! 2017-12-14 and ROS 2019-09-10.

use std::collections::BTreeMap;

use cenbwp_diff::Purchase;
use cenbwp_spec::{PackageId, Renewal};

use super::token::ClientToken;

pub use super::token::CREATE;

/// The action that lists packages.
pub const DESCRIBE: &str = "DescribeCenBandwidthPackages";
/// The action that lists the pairs of areas on sale.
pub const SPANS: &str = "DescribeCenGeographicSpans";
/// The action that names the account of the credentials.
pub const CALLER: &str = "GetCallerIdentity";
/// The action that takes a role.
pub(super) const ASSUME_ROLE: &str = "AssumeRole";
/// The action that takes a role with an identity token.
pub(super) const ASSUME_BY_OIDC: &str = "AssumeRoleWithOIDC";

/// The action that shows the renewal of packages.
pub const INSTANCES: &str = "QueryAvailableInstances";
/// The action that sets the renewal of packages.
pub const SET_RENEWAL: &str = "SetRenewal";
/// The action that says what purchases would cost.
pub const ESTIMATE: &str = "GetTemplateEstimateCost";

/// Returns the RAM actions that an operation of the service needs. Those of the billing service have two names, from
/// two generations of its pages; which one counts is not known, so both are granted.
pub fn ram_action(action: &str) -> String {
    match action {
        INSTANCES => "bss:DescribeInstances and bssapi:QueryAvailableInstances".to_owned(),
        SET_RENEWAL => "bss:ModifyPrepaidInstanceAutoRenew and bssapi:SetRenewal".to_owned(),
        ESTIMATE => format!("ros:{ESTIMATE}"),
        action => format!("cen:{action}"),
    }
}

/// The most packages that one query of the billing service may name (QueryAvailableInstances page).
pub(super) const MOST_INSTANCES: usize = 100;

/// The most packages that one page of the listing may hold (Describe page).
pub const PAGE_SIZE: usize = 50;

pub(super) const CBN: &str = "2017-09-12";
pub(super) const STS: &str = "2015-04-01";
pub(super) const BSS: &str = "2017-12-14";
const ROS: &str = "2019-09-10";

/// One call of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The operation.
    pub action: &'static str,
    /// The version of the API that has it.
    pub version: &'static str,
    /// The parameters, flattened (`Tag.1.Key`), in the order in which they are signed: by name, bytewise.
    pub params: BTreeMap<String, String>,
    /// The parameters that are sent as a form, in the body: what may be too long for a query.
    pub form: BTreeMap<String, String>,
}

impl Request {
    fn new<const N: usize>(action: &'static str, version: &'static str, params: [(&str, String); N]) -> Self {
        let params = params.map(|(name, value)| (name.to_owned(), value)).into();
        Self::with(action, version, params)
    }

    /// Returns a request with these parameters, all of them in the query.
    pub(super) fn with(
        action: &'static str,
        version: &'static str,
        params: BTreeMap<String, String>,
    ) -> Self {
        Self { action, version, params, form: BTreeMap::new() }
    }
}

/// Returns the request for one page of the listing of every package, from 1. Deliberately without a filter:
/// packages without our tag matter too, and the server's filters are not trusted.
pub fn describe_page(number: usize) -> Request {
    let params = [
        ("PageNumber", number.to_string()),
        ("PageSize", PAGE_SIZE.to_string()),
        ("IncludeReservationData", true.to_string()),
    ];
    Request::new(DESCRIBE, CBN, params)
}

/// Returns the request for one page of the pairs of areas on sale, from 1. Without a page size only ten come back.
pub(super) fn spans_page(number: usize) -> Request {
    let params = [("PageNumber", number.to_string()), ("PageSize", PAGE_SIZE.to_string())];
    Request::new(SPANS, CBN, params)
}

/// Returns the request for the account of the credentials.
pub fn get_caller_identity() -> Request {
    Request::new(CALLER, STS, [])
}

/// Returns the request for the billing rows of these packages. Without a page size only 20 rows come back. The product
/// is left out, because only the row names it, and so is the region, which hides rows of others.
pub fn query_instances(ids: &[PackageId]) -> Request {
    let ids = ids.iter().map(PackageId::as_str).collect::<Vec<_>>().join(",");
    let params =
        [("InstanceIDs", ids), ("PageNum", "1".to_owned()), ("PageSize", MOST_INSTANCES.to_string())];
    Request::new(INSTANCES, BSS, params)
}

/// Returns the request for one billing row of the account, of any product: whether there is an answer is what counts.
pub(super) fn any_instance() -> Request {
    Request::new(INSTANCES, BSS, [("PageNum", "1".to_owned()), ("PageSize", "1".to_owned())])
}

/// Returns the request for the price of everything in a template. Any region of the service will do: the packages of a
/// template are of none.
pub(super) fn estimate(template: String) -> Request {
    let form = [("TemplateBody".to_owned(), template)].into();
    Request { form, ..Request::new(ESTIMATE, ROS, [("RegionId", "cn-hangzhou".to_owned())]) }
}

/// Returns a request to the security token service.
pub(super) fn sts(action: &'static str, params: BTreeMap<String, String>) -> Request {
    Request::with(action, STS, params)
}

/// Returns the request that buys a package. There is no purchase without a token.
pub fn create(purchase: &Purchase, token: &ClientToken) -> Request {
    let mut params = create_parameters(purchase);
    params.insert("ClientToken".to_owned(), token.to_string());
    Request::with(CREATE, CBN, params)
}

/// Returns the parameters of a purchase, without its token.
///
/// Parameters whose default the vendor's pages disagree about (charge type, payment, renewal) are always
/// sent. An empty name or description is left out, which creates the same package.
pub fn create_parameters(purchase: &Purchase) -> BTreeMap<String, String> {
    let Purchase { identity: _, areas, bandwidth, name, description, terms, tags, follow_ups: _, price: _ } =
        purchase;
    let params = [
        ("Bandwidth", bandwidth.0.to_string()),
        ("GeographicRegionAId", areas.a().to_string()),
        ("GeographicRegionBId", areas.b().to_string()),
        ("BandwidthPackageChargeType", "PREPAY".to_owned()),
        ("Period", terms.term.period().to_string()),
        ("PricingCycle", terms.term.cycle().as_str().to_owned()),
        ("AutoPay", terms.auto_pay.to_string()),
        ("AutoRenew", (terms.renewal != Renewal::Off).to_string()),
    ];
    let mut params: BTreeMap<String, String> = params.map(|(name, value)| (name.to_owned(), value)).into();
    let mut set = |name: String, value: &str| params.insert(name, value.to_owned());
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
    params
}

#[cfg(test)]
mod tests {
    use cenbwp_diff::Purchase;
    use cenbwp_spec::{Area, AreaPair, Mbps, Prepay, Term};

    use super::*;
    use crate::cloud::Attempt;

    fn purchase() -> Purchase {
        Purchase {
            identity: "backbone/cn-eu".parse().unwrap(),
            areas: AreaPair::new(Area::new("europe"), Area::new("china")),
            bandwidth: Mbps(100),
            name: "backbone-cn-eu".to_owned(),
            description: Some("Frankfurt uplink".to_owned()),
            terms: Prepay { term: Term::Years(2), auto_pay: true, renewal: Renewal::Months(12) },
            tags: [("team", "network"), ("cenbwp", "backbone/cn-eu")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
            follow_ups: Vec::new(),
            price: None,
        }
    }

    fn check(request: &Request, expected: &[&str]) {
        let params: Vec<_> = request.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(params, expected);
    }

    fn token(purchase: &Purchase) -> ClientToken {
        ClientToken::new(&"1234567890123456".parse().unwrap(), &purchase.identity, Attempt::FIRST)
    }

    #[test]
    fn a_purchase_leaves_no_default_to_the_service() {
        let purchase = purchase();
        check(
            &create(&purchase, &token(&purchase)),
            &[
                "AutoPay=true",
                "AutoRenew=true",
                "AutoRenewDuration=12",
                "Bandwidth=100",
                "BandwidthPackageChargeType=PREPAY",
                "ClientToken=cbwp1-prinbhxwrfe6dm7dfvm3zlygjotl6iqlvhsvi5kzgngvyqmnzxva",
                "Description=Frankfurt uplink",
                "GeographicRegionAId=China",
                "GeographicRegionBId=Europe",
                "Name=backbone-cn-eu",
                "Period=2",
                "PricingCycle=Year",
                "Tag.1.Key=cenbwp",
                "Tag.1.Value=backbone/cn-eu",
                "Tag.2.Key=team",
                "Tag.2.Value=network",
            ],
        );
    }

    #[test]
    fn what_is_off_is_sent_as_off_and_what_is_empty_is_left_out() {
        let terms = Prepay { term: Term::Months(1), auto_pay: false, renewal: Renewal::Off };
        let (name, description) = (String::new(), Some(String::new()));
        let purchase = Purchase { terms, name, description, tags: BTreeMap::new(), ..purchase() };
        check(
            &create(&purchase, &token(&purchase)),
            &[
                "AutoPay=false",
                "AutoRenew=false",
                "Bandwidth=100",
                "BandwidthPackageChargeType=PREPAY",
                "ClientToken=cbwp1-prinbhxwrfe6dm7dfvm3zlygjotl6iqlvhsvi5kzgngvyqmnzxva",
                "GeographicRegionAId=China",
                "GeographicRegionBId=Europe",
                "Period=1",
                "PricingCycle=Month",
            ],
        );
    }

    /// Returns the query of a request that a client of the vendor sent.
    fn captured(request: &str) -> &str {
        request.split_once("/?").and_then(|(_, rest)| rest.split_once(' ')).map(|(query, _)| query).unwrap()
    }

    #[test]
    fn the_billing_service_is_asked_as_the_vendors_client_asks_it() {
        let ids = ["cenbwp-4c2zaavbvh5fx0001", "cenbwp-4c2zaavbvh5fx0002"].map(|id| id.parse().unwrap());
        let theirs = include_str!("../../tests/vectors/captured-py-tea-bss-query-available-instances.http");
        assert_eq!(crate::cloud::sign::canonical_query(&query_instances(&ids).params), captured(theirs));
        let product = cenbwp_diff::Product { code: "cbn".to_owned(), kind: "cbn_bwp_pre".to_owned() };
        let renew = crate::cloud::Call::Renew(Renewal::Months(1), product);
        let theirs = include_str!("../../tests/vectors/captured-py-tea-bss-set-renewal.http");
        assert_eq!(crate::cloud::sign::canonical_query(&renew.request(&ids[0]).params), captured(theirs));
    }

    #[test]
    fn the_listing_is_asked_for_without_any_filter() {
        check(&describe_page(7), &["IncludeReservationData=true", "PageNumber=7", "PageSize=50"]);
        check(&get_caller_identity(), &[]);
        check(&spans_page(2), &["PageNumber=2", "PageSize=50"]);
    }
}
