//! Changes of a package that exists: one request each, and the value in the listing that proves it done.

use std::collections::{BTreeMap, BTreeSet};

use cenbwp_diff::{FieldChange, Live};
use cenbwp_spec::{CenId, Mbps, PackageId};

use super::request::{CBN, Request};

/// One change of one package. These requests take no token, so none is repeated before a listing.
///
/// Parameter names are those of the vendor's pages for Cbn 2017-09-12.
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
    /// Moves it to a resource group.
    Move(String),
    /// Attaches it to a CEN.
    Attach(CenId),
    /// Detaches it from a CEN.
    Detach(CenId),
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
                FieldChange::Tag { key, value } => match &value.to {
                    Some(value) => drop(set.insert(key.clone(), value.clone())),
                    None => drop(removed.insert(key.clone())),
                },
                FieldChange::ResourceGroup(delta) => calls.extend(delta.to.clone().map(Self::Move)),
                FieldChange::Cen(delta) => {
                    calls.extend(delta.from.clone().map(Self::Detach));
                    calls.extend(delta.to.clone().map(Self::Attach));
                }
            }
        }
        // Removed first: a package has room for only twenty tags.
        let removed = (!removed.is_empty()).then_some(Self::Untag(removed));
        let set = (!set.is_empty()).then_some(Self::Tag(set));
        // Tags go before the first call that can leave the package without a CEN.
        let at = calls.iter().position(|call| call.cen().is_some()).unwrap_or(calls.len());
        calls.splice(at..at, removed.into_iter().chain(set));
        calls
    }

    /// Returns the request for this package.
    pub fn request(&self, id: &PackageId) -> Request {
        let package = ("CenBandwidthPackageId".to_owned(), id.to_string());
        let one = |name: &str, value: String| vec![package.clone(), (name.to_owned(), value)];
        let (action, params) = match self {
            Self::Resize(mbps) => ("ModifyCenBandwidthPackageSpec", one("Bandwidth", mbps.0.to_string())),
            Self::Rename(name) => ("ModifyCenBandwidthPackageAttribute", one("Name", name.clone())),
            Self::Describe(text) => ("ModifyCenBandwidthPackageAttribute", one("Description", text.clone())),
            Self::Tag(tags) => ("TagResources", with_tags(id, tags)),
            Self::Untag(keys) => ("UntagResources", with_keys(id, keys)),
            Self::Move(group) => ("MoveResourceGroup", into_group(id, group)),
            Self::Attach(cen) => ("AssociateCenBandwidthPackage", one("CenId", cen.to_string())),
            Self::Detach(cen) => ("UnassociateCenBandwidthPackage", one("CenId", cen.to_string())),
            Self::Delete => ("DeleteCenBandwidthPackage", vec![package]),
        };
        Request { action, version: CBN, params: params.into_iter().collect() }
    }

    /// Returns true if the listing shows the value that this call sets, by this run or by another. `None` is
    /// a package that is not listed.
    pub fn holds(&self, live: Option<&Live>) -> bool {
        let Some(live) = live else { return *self == Self::Delete };
        match self {
            Self::Resize(mbps) => live.permanent_bandwidth() == *mbps,
            Self::Rename(name) => live.name == *name,
            Self::Describe(text) => live.description == *text,
            Self::Tag(tags) => tags.iter().all(|(key, value)| live.tags.get(key) == Some(value)),
            Self::Untag(keys) => keys.iter().all(|key| !live.tags.contains_key(key)),
            Self::Move(group) => live.resource_group.as_ref() == Some(group),
            Self::Attach(cen) => live.cens.contains(cen),
            Self::Detach(cen) => !live.cens.contains(cen),
            Self::Delete => false,
        }
    }

    /// Returns the field that it changes, by the spec's name if the spec has it.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Resize(_) => "bandwidth",
            Self::Rename(_) => "name",
            Self::Describe(_) => "description",
            Self::Tag(_) | Self::Untag(_) => "tags",
            Self::Move(_) => "resourceGroupId",
            Self::Attach(_) => "cenId",
            Self::Detach(_) => "detach",
            Self::Delete => "package",
        }
    }

    /// Returns the CEN that it touches. The service refuses a second call that touches it at the same time.
    pub fn cen(&self) -> Option<&CenId> {
        match self {
            Self::Attach(cen) | Self::Detach(cen) => Some(cen),
            Self::Resize(_)
            | Self::Rename(_)
            | Self::Describe(_)
            | Self::Tag(_)
            | Self::Untag(_)
            | Self::Move(_)
            | Self::Delete => None,
        }
    }
}

fn with_tags(id: &PackageId, tags: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let tags = (1..).zip(tags).flat_map(|(n, (key, value))| {
        [(format!("Tag.{n}.Key"), key.clone()), (format!("Tag.{n}.Value"), value.clone())]
    });
    of_resource(id).into_iter().chain(tags).collect()
}

fn with_keys(id: &PackageId, keys: &BTreeSet<String>) -> Vec<(String, String)> {
    let keys = (1..).zip(keys).map(|(n, key)| (format!("TagKey.{n}"), key.clone()));
    of_resource(id).into_iter().chain(keys).collect()
}

/// Returns the kind and the id of the package as the tag operations take them.
fn of_resource(id: &PackageId) -> [(String, String); 2] {
    [("ResourceType".to_owned(), "BandwidthPackage".to_owned()), ("ResourceId.1".to_owned(), id.to_string())]
}

/// Returns the parameters of MoveResourceGroup: the kind in lower case, and the id without a number.
fn into_group(id: &PackageId, group: &str) -> Vec<(String, String)> {
    let pairs =
        [("ResourceType", "bandwidthpackage"), ("ResourceId", id.as_str()), ("NewResourceGroupId", group)];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
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
            &Call::Move("rg-1".into()),
            "MoveResourceGroup NewResourceGroupId=rg-1 ResourceId=cenbwp-1 ResourceType=bandwidthpackage",
        );
    }
}
