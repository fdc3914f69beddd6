//! The operations: one table, and under it what an operation gets to work with.

mod attach;
mod cens;
mod change;
mod create;
pub(crate) mod describe;
mod sts;
mod tags;

use std::borrow::Cow;

use jiff::Timestamp;

use crate::access::Access;
use crate::auth::Caller;
use crate::config::Semantics;
use crate::params::{Kind, Param, Params, list, optional, required};
use crate::wire::{Answer, Refusal};
use crate::world::{Hidden, Package, World};

/// One operation of one product.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) schema: &'static [Param],
    /// Whether the world may be another one afterwards.
    pub(crate) changes: bool,
    pub(crate) run: fn(&mut Context<'_>) -> Result<Answer, Refusal>,
}

/// What an operation sees and may change.
pub(crate) struct Context<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) params: &'a Params,
    pub(crate) now: Timestamp,
    /// The number of the request that is carried out.
    pub(crate) request: u64,
    pub(crate) seed: u64,
    pub(crate) semantics: &'a Semantics,
    pub(crate) account_id: &'a str,
    /// Who calls; nobody where no signature is needed.
    pub(crate) caller: Option<&'a Caller>,
    pub(crate) access: &'a mut Access,
    pub(crate) listing: &'a ListingFaults,
}

/// What is wrong with this one listing.
#[derive(Debug, Default)]
pub(crate) struct ListingFaults {
    pub(crate) total_count: Option<i64>,
    pub(crate) shift: i64,
    pub(crate) unreadable: Vec<usize>,
}

/// The operation of this name and version, in exact case.
pub(crate) fn find(name: &str, version: &str) -> Result<&'static Operation, Refusal> {
    OPERATIONS.iter().find(|operation| operation.name == name && operation.version == version).ok_or_else(
        || {
            let message = format!("Specified api is not found: {name:?} of version {version:?}.");
            Refusal::new(404, "InvalidApi.NotFound", message)
        },
    )
}

pub(crate) fn is_known(name: &str) -> bool {
    OPERATIONS.iter().any(|operation| operation.name == name)
}

/// The operation that lists packages.
pub(crate) const LISTING: &str = "DescribeCenBandwidthPackages";

const CBN: &str = "2017-09-12";
const STS: &str = "2015-04-01";
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
];

impl Context<'_> {
    /// The index of the package the request names, if it is there for the caller to see.
    pub(crate) fn package_index(&self, id: &str) -> Option<usize> {
        self.world.packages.iter().position(|package| package.id == id && self.exists(package))
    }

    /// The package the request is about.
    pub(crate) fn package(&mut self) -> Result<&mut Package, Refusal> {
        let id = self.params.needed("CenBandwidthPackageId");
        let index = self.package_index(id).ok_or_else(|| {
            Refusal::bad(
                "ParameterIllegal.BwpInstanceId",
                format!("The bandwidth package {id:?} does not exist."),
            )
        })?;
        Ok(&mut self.world.packages[index])
    }

    /// Unpaid and not yet visible packages do not exist for anybody who asks.
    pub(crate) fn exists(&self, package: &Package) -> bool {
        (package.paid || self.semantics.list_unpaid) && !package.hidden.at(self.world.listings, self.now)
    }

    pub(crate) fn tags_are_visible(&self, package: &Package) -> bool {
        !package.tags_hidden.at(self.world.listings, self.now)
    }

    /// Lets listings show the named package as it is for a while, although it is about to change.
    pub(crate) fn outdate(&mut self, id: &str) {
        let hides = self.hidden(self.semantics.values_after_listings, self.semantics.values_after);
        let (listings, now) = (self.world.listings, self.now);
        if hides == Hidden::default() {
            return;
        }
        if let Some(package) = self.world.package_mut(id) {
            match &mut package.outdated {
                // What was shown stays shown until the later change is.
                Some(outdated) if outdated.hides.at(listings, now) => outdated.hides = hides,
                _ => package.outdate(hides),
            }
        }
    }

    /// The package as listings show it now.
    pub(crate) fn shown<'p>(&self, package: &'p Package) -> Cow<'p, Package> {
        let outdated = package.outdated.as_ref();
        match outdated.filter(|outdated| outdated.hides.at(self.world.listings, self.now)) {
            Some(_) => Cow::Owned(package.as_before()),
            None => Cow::Borrowed(package),
        }
    }

    pub(crate) fn hidden(&self, listings: u64, delay: std::time::Duration) -> Hidden {
        Hidden::after(self.world.listings, listings, self.now, delay)
    }

    /// The items of the requested page, and the fields every listing has.
    pub(crate) fn page<T>(&self, items: Vec<T>, shift: i64) -> (Vec<T>, Answer) {
        let number = self.params.int("PageNumber").unwrap_or(1);
        let size = self.params.int("PageSize").unwrap_or(10);
        let total = items.len();
        let start = usize::try_from(((number - 1) * size).saturating_add(shift)).unwrap_or(0);
        let page = items.into_iter().skip(start).take(usize::try_from(size).unwrap_or(0)).collect();
        let mut answer = Answer::new();
        answer.insert("PageNumber".into(), number.into());
        answer.insert("PageSize".into(), size.into());
        answer.insert("TotalCount".into(), total.into());
        (page, answer)
    }
}
