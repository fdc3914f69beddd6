//! The names of all operations, for modules that may not use the operations themselves.

/// The operation that lists packages.
pub(crate) const LISTING: &str = "DescribeCenBandwidthPackages";

/// Every operation, in the order of their table.
pub(crate) const OPERATIONS: [&str; 22] = [
    "CreateCenBandwidthPackage",
    LISTING,
    "ModifyCenBandwidthPackageAttribute",
    "ModifyCenBandwidthPackageSpec",
    "TempUpgradeCenBandwidthPackageSpec",
    "DeleteCenBandwidthPackage",
    "AssociateCenBandwidthPackage",
    "UnassociateCenBandwidthPackage",
    "SetCenInterRegionBandwidthLimit",
    "DescribeCenInterRegionBandwidthLimits",
    "TagResources",
    "UntagResources",
    "ListTagResources",
    "MoveResourceGroup",
    "DescribeCens",
    "DescribeCenGeographicSpans",
    "GetCallerIdentity",
    "AssumeRole",
    "AssumeRoleWithOIDC",
    "QueryAvailableInstances",
    "SetRenewal",
    "GetTemplateEstimateCost",
];

pub(crate) fn is_known(name: &str) -> bool {
    OPERATIONS.contains(&name)
}
