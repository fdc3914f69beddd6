//! One declared package, every value checked.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::model::area::AreaPair;
use crate::model::ids::{Address, CenId, Generation, Identity, PackageId};
use crate::model::tags::Tags;
use crate::model::terms::{DeclaredRenewal, Mbps, Prepay};
use crate::source::Place;

/// A package that the spec declares, its document's defaults applied.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Package {
    /// Stack and package: its place in the spec.
    pub address: Address,
    /// The purchase at this address.
    pub generation: Generation,
    /// The two areas that it connects. Fixed at purchase.
    pub areas: AreaPair,
    /// The desired bandwidth.
    pub bandwidth: Mbps,
    /// The declared display name. `None`: not compared; a purchase uses [`Package::purchase_name`].
    pub name: Option<String>,
    /// The declared description. `None`: not managed; empty: must be empty.
    pub description: Option<String>,
    /// The way it is paid for. Fixed at purchase.
    pub charge: Charge,
    /// The renewal to keep. `None`: not managed.
    // A spec without it has the digest that it had before renewal was managed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal: Option<DeclaredRenewal>,
    /// Declared tags, defaults merged in. `None`: the key must be absent. Other keys are not managed.
    pub tags: Tags<Option<String>>,
    /// The CEN that it should be attached to.
    pub cen: Desired<CenId>,
    /// The desired resource group. `None`: not managed.
    pub resource_group: Option<String>,
    /// An existing package to adopt instead of buying one.
    pub adopt: Option<PackageId>,
    /// The address that it had before. Such an entry takes that package over and never buys.
    // A spec without it has the digest that it had before there were moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<Address>,
    /// Packages that look like this one and are known to be others.
    pub distinct_from: BTreeSet<PackageId>,
    /// Fields whose drift is shown and not corrected.
    pub ignore: BTreeSet<Field>,
    /// True if a run may detach it from its CEN, which interrupts traffic.
    pub allow_interruption: bool,
    /// The extent to which this tool manages it.
    pub manage: Manage,
    /// The key of its entry under `packages`.
    #[serde(skip)]
    pub place: Place,
}

impl Package {
    /// The identity that its tag names.
    pub fn identity(&self) -> Identity {
        Identity { address: self.address.clone(), generation: self.generation }
    }

    /// The identity that it had before it moved: a move keeps the generation.
    pub fn moved_identity(&self) -> Option<Identity> {
        let address = self.moved_from.clone()?;
        Some(Identity { address, generation: self.generation })
    }

    /// The display name for a purchase: the declared one, or `<stack>-<package>`.
    pub fn purchase_name(&self) -> Cow<'_, str> {
        self.name.as_ref().map_or_else(|| self.address.usual_name().into(), Cow::from)
    }
}

impl Address {
    /// The display name of a package that declares none.
    pub fn usual_name(&self) -> String {
        format!("{}-{}", self.stack, self.package)
    }
}

/// The way a package is paid for. Terms exist only where there is something to buy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Charge {
    /// `PREPAY`: bought for a term.
    Prepay(Prepay),
    /// `POSTPAY`: only packages that already exist; the service no longer sells it.
    Postpay,
}

impl Charge {
    /// The charge type.
    pub fn charge_type(&self) -> ChargeType {
        match self {
            Self::Prepay(_) => ChargeType::Prepay,
            Self::Postpay => ChargeType::Postpay,
        }
    }
}

/// The two ways to pay that the API names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeType {
    /// `PREPAY`: bought for a term.
    Prepay,
    /// `POSTPAY`: paid by use.
    Postpay,
}

impl ChargeType {
    /// Every charge type.
    pub const ALL: [Self; 2] = [Self::Prepay, Self::Postpay];

    /// The API's word, which the spec uses too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prepay => "PREPAY",
            Self::Postpay => "POSTPAY",
        }
    }
}

impl fmt::Display for ChargeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The desired state of a value that may be unmanaged, absent or set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Desired<T> {
    /// Not declared, and so not managed.
    Unmanaged,
    /// Declared as `null`: must not be there.
    Absent,
    /// Must be this.
    Present(T),
}

/// Declares the fields, their names and the list of all fields, so that none can be forgotten in one of the
/// three.
macro_rules! managed_fields {
    ($($(#[$doc:meta])* $field:ident = $name:literal),* $(,)?) => {
        /// A field whose live value can be compared and changed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "camelCase")]
        pub enum Field {
            $($(#[$doc])* $field),*
        }

        impl Field {
            /// Every field, by name.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$field),*];

            /// The field's name in the spec.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$field => $name),*
                }
            }
        }
    };
}

managed_fields! {
    /// The renewal at the end of the term, its duration included.
    AutoRenew = "autoRenew",
    /// Mbps.
    Bandwidth = "bandwidth",
    /// The attached CEN.
    CenId = "cenId",
    /// Free text.
    Description = "description",
    /// The display name.
    Name = "name",
    /// The resource group.
    ResourceGroupId = "resourceGroupId",
    /// The declared tags, as a whole.
    Tags = "tags",
}

/// The extent to which this tool manages a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Manage {
    /// Bought, compared and changed.
    Full,
    /// Shown; never bought or changed.
    Observe,
    /// A run removes this tool's tags; the package stays.
    Release,
    /// A run detaches it, and deletes it if the service allows it.
    Retire,
}

impl Manage {
    /// Every value.
    pub const ALL: [Self; 4] = [Self::Full, Self::Observe, Self::Release, Self::Retire];

    /// The spec's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Observe => "observe",
            Self::Release => "release",
            Self::Retire => "retire",
        }
    }
}
