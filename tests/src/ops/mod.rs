//! The table of operations.

mod attach;
mod billing;
mod cens;
mod change;
mod context;
mod create;
pub(crate) mod describe;
mod estimate;
mod sts;
mod tags;

pub(crate) use context::{Context, ListingFaults};

use crate::names::LISTING;
use crate::params::{Kind, Param, list, optional, required};
use crate::wire::{Answer, Refusal};

/// One operation of one product.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) schema: &'static [Param],
    /// True if it may change the world.
    pub(crate) changes: bool,
    pub(crate) run: fn(&mut Context<'_>) -> Result<Answer, Refusal>,
}

/// Finds the operation of this name and version, in exact case.
pub(crate) fn find(name: &str, version: &str) -> Result<&'static Operation, Refusal> {
    OPERATIONS.iter().find(|operation| operation.name == name && operation.version == version).ok_or_else(
        || {
            let message = format!("Specified api is not found: {name:?} of version {version:?}.");
            Refusal::new(404, "InvalidApi.NotFound", message)
        },
    )
}

const CBN: &str = "2017-09-12";
const STS: &str = "2015-04-01";
/// The version of the billing service.
pub(crate) const BSS: &str = "2017-12-14";
/// The version of the service that estimates prices.
const ROS: &str = "2019-09-10";
const SUBSCRIPTION: Kind = Kind::OneOf(&["Subscription", "PayAsYouGo"]);
const RENEWAL: Kind = Kind::OneOf(&["AutoRenewal", "ManualRenewal", "NotRenewal"]);
const MBPS: Kind = Kind::Int(2, 10_000);
const ROLE_SECONDS: Kind = Kind::Int(900, 43_200);
const PAGE_NUMBER: Param = optional("PageNumber", Kind::Int(1, i32::MAX as i64));
const PAGE_SIZE: Param = optional("PageSize", Kind::Int(1, 50));
const PACKAGE_ID: Param = required("CenBandwidthPackageId", Kind::Text);
const CEN_ID: Param = required("CenId", Kind::Text);
const TAG_KEY: Param = list("Tag.N.Key", Kind::TagKey, 20);
const TAG_VALUE: Param = list("Tag.N.Value", Kind::TagValue, 20);
const RESOURCE_TYPE: Param = required("ResourceType", Kind::OneOfAnyCase(&["BandwidthPackage", "Cen"]));

const PACKAGE_FILTER: Kind = Kind::OneOf(&["CenId", "Status", "CenBandwidthPackageId", "Name"]);

static OPERATIONS: &[Operation] = &[
    Operation {
        name: "CreateCenBandwidthPackage",
        version: CBN,
        schema: &[
            required("Bandwidth", MBPS),
            required("GeographicRegionAId", Kind::Area),
            required("GeographicRegionBId", Kind::Area),
            optional("BandwidthPackageChargeType", Kind::OneOf(&["PREPAY", "POSTPAY"])),
            optional("Period", Kind::Int(1, 6)),
            optional("PricingCycle", Kind::OneOf(&["Month", "Year"])),
            optional("AutoPay", Kind::Bool),
            optional("AutoRenew", Kind::Bool),
            optional("AutoRenewDuration", Kind::Int(0, i32::MAX as i64)),
            optional("ClientToken", Kind::Token),
            optional("Name", Kind::Name),
            optional("Description", Kind::Description),
            TAG_KEY,
            list("Tag.N.Value", Kind::NewTagValue, 20),
        ],
        changes: true,
        run: create::create,
    },
    Operation {
        name: LISTING,
        version: CBN,
        schema: &[
            PAGE_NUMBER,
            PAGE_SIZE,
            optional("IsOrKey", Kind::Bool),
            list("Filter.N.Key", PACKAGE_FILTER, 5),
            list("Filter.N.Value.N", Kind::Text, 5),
            TAG_KEY,
            TAG_VALUE,
            optional("ResourceGroupId", Kind::Text),
            optional("IncludeReservationData", Kind::Bool),
        ],
        changes: false,
        run: describe::packages,
    },
    Operation {
        name: "ModifyCenBandwidthPackageAttribute",
        version: CBN,
        schema: &[PACKAGE_ID, optional("Name", Kind::Name), optional("Description", Kind::Description)],
        changes: true,
        run: change::attribute,
    },
    Operation {
        name: "ModifyCenBandwidthPackageSpec",
        version: CBN,
        schema: &[PACKAGE_ID, required("Bandwidth", MBPS)],
        changes: true,
        run: change::spec,
    },
    Operation {
        name: "TempUpgradeCenBandwidthPackageSpec",
        version: CBN,
        schema: &[PACKAGE_ID, required("Bandwidth", MBPS), required("EndTime", Kind::Time)],
        changes: true,
        run: change::temp_upgrade,
    },
    Operation {
        name: "DeleteCenBandwidthPackage",
        version: CBN,
        schema: &[PACKAGE_ID],
        changes: true,
        run: change::delete,
    },
    Operation {
        name: "AssociateCenBandwidthPackage",
        version: CBN,
        schema: &[CEN_ID, PACKAGE_ID],
        changes: true,
        run: attach::associate,
    },
    Operation {
        name: "UnassociateCenBandwidthPackage",
        version: CBN,
        schema: &[CEN_ID, PACKAGE_ID],
        changes: true,
        run: attach::unassociate,
    },
    Operation {
        name: "SetCenInterRegionBandwidthLimit",
        version: CBN,
        schema: &[
            CEN_ID,
            required("LocalRegionId", Kind::Text),
            required("OppositeRegionId", Kind::Text),
            required("BandwidthLimit", Kind::Int(0, 10_000)),
            optional("BandwidthType", Kind::OneOf(&["BandwidthPackage"])),
        ],
        changes: true,
        run: attach::set_limit,
    },
    Operation {
        name: "DescribeCenInterRegionBandwidthLimits",
        version: CBN,
        schema: &[optional("CenId", Kind::Text), optional("TrRegionId", Kind::Text), PAGE_NUMBER, PAGE_SIZE],
        changes: false,
        run: attach::limits,
    },
    Operation {
        name: "TagResources",
        version: CBN,
        schema: &[RESOURCE_TYPE, list("ResourceId.N", Kind::Text, 20), TAG_KEY, TAG_VALUE],
        changes: true,
        run: tags::tag,
    },
    Operation {
        name: "UntagResources",
        version: CBN,
        schema: &[
            RESOURCE_TYPE,
            list("ResourceId.N", Kind::Text, 50),
            list("TagKey.N", Kind::Text, 20),
            optional("All", Kind::Bool),
        ],
        changes: true,
        run: tags::untag,
    },
    Operation {
        name: "ListTagResources",
        version: CBN,
        schema: &[
            RESOURCE_TYPE,
            list("ResourceId.N", Kind::Text, 20),
            TAG_KEY,
            TAG_VALUE,
            PAGE_SIZE,
            optional("NextToken", Kind::Text),
        ],
        changes: false,
        run: tags::list,
    },
    Operation {
        name: "MoveResourceGroup",
        version: CBN,
        schema: &[
            required("ResourceId", Kind::Text),
            required("ResourceType", Kind::OneOfAnyCase(&["bandwidthpackage", "CEN"])),
            required("NewResourceGroupId", Kind::Text),
            optional("ClientToken", Kind::Token),
            optional("DryRun", Kind::Bool),
        ],
        changes: true,
        run: change::resource_group,
    },
    Operation {
        name: "DescribeCens",
        version: CBN,
        schema: &[
            list("Filter.N.Key", Kind::OneOf(&["CenId", "Name"]), 5),
            list("Filter.N.Value.N", Kind::Text, 5),
            TAG_KEY,
            TAG_VALUE,
            optional("ResourceGroupId", Kind::Text),
            PAGE_NUMBER,
            PAGE_SIZE,
        ],
        changes: false,
        run: cens::cens,
    },
    Operation {
        name: "DescribeCenGeographicSpans",
        version: CBN,
        schema: &[optional("GeographicSpanId", Kind::Text), PAGE_NUMBER, PAGE_SIZE],
        changes: false,
        run: cens::spans,
    },
    Operation {
        name: "GetCallerIdentity",
        version: STS,
        schema: &[],
        changes: false,
        run: sts::caller_identity,
    },
    Operation {
        name: "AssumeRole",
        version: STS,
        schema: &[
            required("RoleArn", Kind::Text),
            required("RoleSessionName", Kind::Session),
            optional("DurationSeconds", ROLE_SECONDS),
            optional("Policy", Kind::Text),
            optional("ExternalId", Kind::Text),
        ],
        changes: false,
        run: sts::assume_role,
    },
    Operation {
        name: "AssumeRoleWithOIDC",
        version: STS,
        schema: &[
            required("RoleArn", Kind::Text),
            required("OIDCProviderArn", Kind::Text),
            required("OIDCToken", Kind::Text),
            required("RoleSessionName", Kind::Session),
            optional("DurationSeconds", ROLE_SECONDS),
            optional("Policy", Kind::Text),
        ],
        changes: false,
        run: sts::assume_role_with_oidc,
    },
    Operation {
        name: "QueryAvailableInstances",
        version: BSS,
        schema: &[
            optional("InstanceIDs", Kind::Text),
            optional("ProductCode", Kind::Text),
            optional("ProductType", Kind::Text),
            optional("SubscriptionType", SUBSCRIPTION),
            optional("RenewStatus", RENEWAL),
            optional("Region", Kind::Text),
            optional("EndTimeStart", Kind::Time),
            optional("EndTimeEnd", Kind::Time),
            optional("CreateTimeStart", Kind::Time),
            optional("CreateTimeEnd", Kind::Time),
            optional("PageNum", Kind::Int(1, i32::MAX as i64)),
            optional("PageSize", Kind::Int(1, 300)),
        ],
        changes: false,
        run: billing::instances,
    },
    Operation {
        name: "SetRenewal",
        version: BSS,
        schema: &[
            required("InstanceIDs", Kind::Text),
            required("ProductCode", Kind::Text),
            optional("ProductType", Kind::Text),
            optional("SubscriptionType", SUBSCRIPTION),
            required("RenewalStatus", RENEWAL),
            optional("RenewalPeriod", Kind::OneOf(&["1", "2", "3", "6", "12"])),
            optional("RenewalPeriodUnit", Kind::OneOf(&["M", "Y"])),
        ],
        changes: true,
        run: billing::set_renewal,
    },
    Operation {
        name: "GetTemplateEstimateCost",
        version: ROS,
        schema: &[required("RegionId", Kind::Text), required("TemplateBody", Kind::Text)],
        changes: false,
        run: estimate::cost,
    },
];

#[cfg(test)]
mod tests {
    use super::OPERATIONS;

    #[test]
    fn every_operation_is_in_the_table_of_names() {
        let names: Vec<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
        assert_eq!(names, crate::names::OPERATIONS);
    }
}
