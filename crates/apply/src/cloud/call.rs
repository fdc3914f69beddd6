//! Changes of a package that exists: one request each, and the value in the listing that proves it done.

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_diff::{Delta, FieldChange, Live, LiveRenewal, Product};
use cenbwp_spec::{CenId, Field, Mbps, PackageId, Renewal};

use super::request::{BSS, CBN, Request, SET_RENEWAL};

/// One change of one package. These requests take no token, so none is repeated before a listing.
///
/// Parameter names are those of the vendor's pages for Cbn 2017-09-12 and BssOpenApi 2017-12-14.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Sets the bandwidth. An upgrade charges, a downgrade may refund.
    Resize(Mbps),
    /// Sets the display name.
    Rename(String),
    /// Sets the description; the empty one clears it.
    Describe(String),
    /// Sets tags; a key that exists gets the new value.
    Tag(BTreeMap<String, String>),
    /// Removes tags.
    Untag(BTreeSet<String>),
    /// Puts it into a resource group.
    Regroup(String),
    /// Attaches it to a CEN.
    Attach(CenId),
    /// Detaches it from a CEN.
    Detach(CenId),
    /// Sets its renewal, as the product that its row in the billing service names. A state: setting it again changes
    /// nothing, and it charges only at the end of a term.
    Renew(Renewal, Product),
    /// Deletes it: postpaid or expired, and attached to nothing.
    Delete,
}

impl Call {
    /// Returns the calls for these fields, in an order that works: one for each field, so that each has a
    /// result of its own, and one for all tags to set and one for all to remove.
    pub fn of(fields: &[FieldChange]) -> Vec<Self> {
        let mut calls = Vec::new();
        let (mut set, mut removed) = (BTreeMap::new(), BTreeSet::new());
        for field in fields {
            match field {
                FieldChange::Bandwidth(delta) => calls.push(Self::Resize(delta.to)),
                FieldChange::Name(delta) => calls.push(Self::Rename(delta.to.clone())),
                FieldChange::Description(delta) => calls.push(Self::Describe(delta.to.clone())),
                FieldChange::Tag { key, value: Delta { to: Some(value), .. } } => {
                    set.insert(key.clone(), value.clone());
                }
                FieldChange::Tag { key, value: Delta { to: None, .. } } => {
                    removed.insert(key.clone());
                }
                FieldChange::ResourceGroup(delta) => calls.extend(delta.to.clone().map(Self::Regroup)),
                FieldChange::Cen(delta) => {
                    calls.extend(delta.from.clone().map(Self::Detach));
                    calls.extend(delta.to.clone().map(Self::Attach));
                }
                FieldChange::AutoRenew { value, product } => {
                    calls.push(Self::Renew(value.to, product.clone()));
                }
            }
        }
        // Removed first: a package has room for only twenty tags.
        let removed = (!removed.is_empty()).then_some(Self::Untag(removed));
        let set = (!set.is_empty()).then_some(Self::Tag(set));
        // Tags go before the first call that can leave the package without a CEN, and before the renewal.
        let is_late = |call: &Self| call.cen().is_some() || matches!(call, Self::Renew(..));
        let at = calls.iter().position(is_late).unwrap_or(calls.len());
        calls.splice(at..at, removed.into_iter().chain(set));
        calls
    }

    /// Returns all that there is to say of this call: a new one is one arm here, and one where [`Call::of`] makes it.
    fn operation(&self) -> Operation<'_> {
        match self {
            Self::Resize(mbps) => Operation::on_package("ModifyCenBandwidthPackageSpec", "bandwidth")
                .with("Bandwidth", &mbps.0.to_string())
                .shown_by(|live| live.permanent_bandwidth() == *mbps),
            Self::Rename(name) => Operation::on_package("ModifyCenBandwidthPackageAttribute", "name")
                .with("Name", name)
                .shown_by(|live| live.name == *name),
            Self::Describe(text) => {
                Operation::on_package("ModifyCenBandwidthPackageAttribute", "description")
                    .with("Description", text)
                    .shown_by(|live| live.description == *text)
            }
            Self::Tag(tags) => Operation::on_resource("TagResources", "tags")
                .with_list(
                    tags.iter().flat_map(|(key, value)| [("Tag.#.Key", key), ("Tag.#.Value", value)]),
                    2,
                )
                .shown_by(|live| tags.iter().all(|(key, value)| live.tags.get(key) == Some(value))),
            Self::Untag(keys) => Operation::on_resource("UntagResources", "tags")
                .with_list(keys.iter().map(|key| ("TagKey.#", key)), 1)
                .shown_by(|live| keys.iter().all(|key| !live.tags.contains_key(key))),
            Self::Regroup(group) => {
                // The kind in lower case, and the id without a number: the page of MoveResourceGroup.
                Operation::new("MoveResourceGroup", "resourceGroupId", "ResourceId")
                    .with("ResourceType", "bandwidthpackage")
                    .with("NewResourceGroupId", group)
                    .shown_by(|live| live.resource_group.as_ref() == Some(group))
            }
            Self::Attach(cen) => Operation::on_package("AssociateCenBandwidthPackage", "cenId")
                .at(cen)
                .shown_by(|live| live.cens.contains(cen)),
            Self::Detach(cen) => Operation::on_package("UnassociateCenBandwidthPackage", "detach")
                .at(cen)
                .shown_by(|live| !live.cens.contains(cen)),
            Self::Renew(renewal, product) => Operation::of_renewal(*renewal, product),
            Self::Delete => Operation::on_package("DeleteCenBandwidthPackage", "package"),
        }
    }

    /// Returns the request for this package.
    pub fn request(&self, id: &PackageId) -> Request {
        let Operation { action, version, id_param, mut params, .. } = self.operation();
        params.insert(id_param.to_owned(), id.to_string());
        Request::with(action, version, params)
    }

    /// Returns true if the listing shows the value that this call sets, by this run or by another. `None` is
    /// a package that is not listed.
    pub fn holds(&self, live: Option<&Live>) -> bool {
        let Some(live) = live else { return *self == Self::Delete };
        self.operation().shown_by.is_some_and(|shows| shows(live))
    }

    /// Returns true if this package's entry does not tell whether it is done: its renewal was asked for, and is not known.
    pub fn is_unread(&self, live: &Live) -> bool {
        matches!((self, &live.renewal), (Self::Renew(..), LiveRenewal::Unknown(_)))
    }

    /// Returns the field that it changes, by the spec's name if the spec has it.
    pub fn field(&self) -> &'static str {
        self.operation().field
    }

    /// Returns the CEN that it touches. The service refuses a second call that touches it at the same time.
    pub fn cen(&self) -> Option<&CenId> {
        self.operation().cen
    }
}

type Shows<'a> = Box<dyn Fn(&Live) -> bool + 'a>;

/// One operation of the service on one package.
struct Operation<'a> {
    action: &'static str,
    version: &'static str,
    field: &'static str,
    /// The parameter that takes the package's id.
    id_param: &'static str,
    params: BTreeMap<String, String>,
    cen: Option<&'a CenId>,
    /// Returns true for a package that has the value; none for an operation that leaves no package.
    shown_by: Option<Shows<'a>>,
}

impl<'a> Operation<'a> {
    fn new(action: &'static str, field: &'static str, id_param: &'static str) -> Self {
        let params = BTreeMap::new();
        Self { action, version: CBN, field, id_param, params, cen: None, shown_by: None }
    }

    /// The period has a unit: a number of months that the service knows, or of years. Both are for a package that
    /// renews itself only.
    fn of_renewal(renewal: Renewal, product: &Product) -> Self {
        let operation = Self::new(SET_RENEWAL, Field::AutoRenew.as_str(), "InstanceIDs")
            .with("ProductCode", &product.code)
            .with("ProductType", &product.kind)
            .with("SubscriptionType", "Subscription");
        let operation = match renewal {
            Renewal::Off => operation.with("RenewalStatus", "NotRenewal"),
            Renewal::Months(months) => {
                let (period, unit) =
                    if months > 12 && months.is_multiple_of(12) { (months / 12, "Y") } else { (months, "M") };
                operation
                    .with("RenewalStatus", "AutoRenewal")
                    .with("RenewalPeriod", &period.to_string())
                    .with("RenewalPeriodUnit", unit)
            }
        };
        let shows =
            move |live: &Live| matches!(&live.renewal, LiveRenewal::Known(it) if it.renewal == renewal);
        Self { version: BSS, ..operation }.shown_by(shows)
    }

    fn on_package(action: &'static str, field: &'static str) -> Self {
        Self::new(action, field, "CenBandwidthPackageId")
    }

    fn on_resource(action: &'static str, field: &'static str) -> Self {
        Self::new(action, field, "ResourceId.1").with("ResourceType", "BandwidthPackage")
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }

    /// Adds a list of items with `size` parameters each; the `#` in a name is the item's number, from 1.
    fn with_list<'p>(self, params: impl Iterator<Item = (&'p str, &'p String)>, size: usize) -> Self {
        params.enumerate().fold(self, |operation, (n, (name, value))| {
            operation.with(&name.replace('#', &(n / size + 1).to_string()), value)
        })
    }

    fn at(self, cen: &'a CenId) -> Self {
        Self { cen: Some(cen), ..self.with("CenId", cen.as_str()) }
    }

    fn shown_by(self, shows: impl Fn(&Live) -> bool + 'a) -> Self {
        Self { shown_by: Some(Box::new(shows)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(call: &Call, expected: &str) {
        let id = "cenbwp-1".parse().unwrap();
        let Request { action, params, .. } = call.request(&id);
        let params: Vec<String> = params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(format!("{action} {}", params.join(" ")), expected);
    }

    #[test]
    fn each_change_is_one_request() {
        let package = "CenBandwidthPackageId=cenbwp-1";
        let cen: CenId = "cen-1".parse().unwrap();
        check(&Call::Resize(Mbps(20)), &format!("ModifyCenBandwidthPackageSpec Bandwidth=20 {package}"));
        check(&Call::Rename("n".into()), &format!("ModifyCenBandwidthPackageAttribute {package} Name=n"));
        check(
            &Call::Describe(String::new()),
            &format!("ModifyCenBandwidthPackageAttribute {package} Description="),
        );
        check(&Call::Attach(cen.clone()), &format!("AssociateCenBandwidthPackage {package} CenId=cen-1"));
        check(&Call::Detach(cen), &format!("UnassociateCenBandwidthPackage {package} CenId=cen-1"));
        check(&Call::Delete, &format!("DeleteCenBandwidthPackage {package}"));
        check(
            &Call::Tag([("a".to_owned(), "1".to_owned()), ("b".to_owned(), String::new())].into()),
            "TagResources ResourceId.1=cenbwp-1 ResourceType=BandwidthPackage Tag.1.Key=a Tag.1.Value=1 Tag.2.Key=b Tag.2.Value=",
        );
        check(
            &Call::Untag(["a".to_owned(), "b".to_owned()].into()),
            "UntagResources ResourceId.1=cenbwp-1 ResourceType=BandwidthPackage TagKey.1=a TagKey.2=b",
        );
        check(
            &Call::Regroup("rg-1".into()),
            "MoveResourceGroup NewResourceGroupId=rg-1 ResourceId=cenbwp-1 ResourceType=bandwidthpackage",
        );
        let product = || Product { code: "cbn".to_owned(), kind: "x".to_owned() };
        for (renewal, status) in [
            (Renewal::Off, "RenewalStatus=NotRenewal"),
            (Renewal::Months(6), "RenewalPeriod=6 RenewalPeriodUnit=M RenewalStatus=AutoRenewal"),
            (Renewal::Months(12), "RenewalPeriod=12 RenewalPeriodUnit=M RenewalStatus=AutoRenewal"),
            (Renewal::Months(24), "RenewalPeriod=2 RenewalPeriodUnit=Y RenewalStatus=AutoRenewal"),
        ] {
            let product_and = "SetRenewal InstanceIDs=cenbwp-1 ProductCode=cbn ProductType=x";
            let expected = format!("{product_and} {status} SubscriptionType=Subscription");
            check(&Call::Renew(renewal, product()), &expected);
        }
    }
}
