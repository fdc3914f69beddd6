//! One declared package, every value checked.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Serialize;

use crate::{Address, AreaPair, CenId, Generation, Identity, Mbps, PackageId, Place, Prepay, Tags};

/// A package that the spec declares, its document's defaults applied.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Package {
    /// Stack and package: where it stands in the spec.
    pub address: Address,
    /// Which purchase of this address is meant.
    pub generation: Generation,
    /// The two areas it connects. Fixed at purchase.
    pub areas: AreaPair,
    /// The bandwidth it should have.
    pub bandwidth: Mbps,
    /// The display name as declared. `None`: not compared; a purchase uses [`Package::purchase_name`].
    pub name: Option<String>,
    /// The description as declared. `None`: not managed; empty: must be empty.
    pub description: Option<String>,
    /// How it is paid for. Fixed at purchase.
    pub charge: Charge,
    /// Declared tags, defaults merged in. `None`: the key must be absent. Other keys are left alone.
    pub tags: Tags<Option<String>>,
    /// The CEN it should be attached to.
    pub cen: Wish<CenId>,
    /// The resource group it should be in. `None`: not managed.
    pub resource_group: Option<String>,
    /// An existing package to take over instead of buying.
    pub adopt: Option<PackageId>,
    /// Packages that look alike and are known to be others.
    pub distinct_from: BTreeSet<PackageId>,
    /// Fields whose drift is shown and not corrected.
    pub ignore: BTreeSet<Field>,
    /// Whether it may be detached from the CEN that it is attached to, which interrupts traffic.
    pub allow_interruption: bool,
    /// How far this tool may go.
    pub manage: Manage,
    /// Where it is declared: the key of its entry under `packages`.
    #[serde(skip)]
    pub place: Place,
}

impl Package {
    /// What the package is recognised by.
    pub fn identity(&self) -> Identity {
        Identity { address: self.address.clone(), generation: self.generation }
    }

    /// The display name for a purchase: the declared one, or `<stack>-<package>`.
    pub fn purchase_name(&self) -> Cow<'_, str> {
        let Address { stack, package } = &self.address;
        self.name.as_ref().map_or_else(|| format!("{stack}-{package}").into(), Cow::from)
    }
}

/// How a package is paid for. Terms exist only where there is something to buy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Charge {
    /// `PREPAY`: bought for a term.
    Prepay(Prepay),
    /// `POSTPAY`: only packages that already exist; the service no longer sells it.
    Postpay,
}

/// What the spec wants of a value that may be left alone, removed or set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Wish<T> {
    /// Not declared: left as it is.
    Unmanaged,
    /// Declared as `null`: must not be there.
    Absent,
    /// Must be this.
    Present(T),
}

/// A field whose live value can be compared and changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Field {
    /// Mbps.
    Bandwidth,
    /// The attached CEN.
    CenId,
    /// Free text.
    Description,
    /// The display name.
    Name,
    /// The resource group.
    ResourceGroupId,
    /// The declared tags, as a whole.
    Tags,
}

impl Field {
    /// Every field, by name.
    pub const ALL: [Self; 6] =
        [Self::Bandwidth, Self::CenId, Self::Description, Self::Name, Self::ResourceGroupId, Self::Tags];

    /// The field's name in the spec.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bandwidth => "bandwidth",
            Self::CenId => "cenId",
            Self::Description => "description",
            Self::Name => "name",
            Self::ResourceGroupId => "resourceGroupId",
            Self::Tags => "tags",
        }
    }
}

/// How far this tool may go with a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Manage {
    /// Bought, compared and changed.
    Full,
    /// Shown; never bought or changed.
    Observe,
    /// Our tags are removed and the package stays.
    Release,
    /// Detached, then deleted if the service allows it.
    Retire,
}
