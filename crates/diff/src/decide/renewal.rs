//! The renewal of packages: the ones to ask the billing service about, and the comparison with what it says.

use std::collections::BTreeSet;

use cenbwp_spec::{Address, DeclaredRenewal, Identity, Manage, Package, PackageId, Renewal, Spec};

use crate::{Delta, FieldChange, Live, LiveCharge, LiveRenewal, Observed, Owner, RenewalDoubt, WarningKind};

/// Returns the live packages whose renewal the spec declares, or that it retires, of these addresses or of all, and which
/// were not asked about yet; sorted.
///
/// Those are the packages of the declared identities, and the ones that entries take over. Nothing is looked up if there
/// is no such entry.
pub fn renewals_wanted(
    spec: &Spec,
    observed: &Observed,
    targets: Option<&BTreeSet<Address>>,
) -> Vec<PackageId> {
    let is_target = |package: &&Package| targets.is_none_or(|targets| targets.contains(&package.address));
    let declares = |package: &&Package| match package.manage {
        Manage::Full | Manage::Observe => package.renewal.is_some(),
        Manage::Retire => true,
        Manage::Release => false,
    };
    let (mut identities, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for package in spec.packages().filter(is_target).filter(declares) {
        identities.insert(package.identity());
        identities.extend(package.moved_identity());
        ids.extend(package.adopt.as_ref());
    }
    if identities.is_empty() {
        return Vec::new();
    }
    let is_wanted = |live: &&Live| {
        let is_declared = |owner: &Identity| identities.contains(owner);
        let is_named = match live.owner() {
            Owner::Identity(owner) => is_declared(&owner),
            Owner::Nobody => ids.contains(&live.id),
            Owner::Malformed(_) => false,
        };
        is_named && live.charge == LiveCharge::Prepay && live.renewal == LiveRenewal::NotAsked
    };
    let mut wanted: Vec<_> = observed.packages.iter().filter(is_wanted).map(|live| live.id.clone()).collect();
    wanted.sort();
    wanted
}

/// Compares the declared renewal with the live one, in months.
///
/// | declared | live | result |
/// |---|---|---|
/// | nothing, or it was not asked for | | equal |
/// | any | unknown | doubt: never off |
/// | off | off | equal |
/// | on | on, for the declared months, or none are declared | equal |
/// | anything else | | change, unless the service cannot set so many months |
pub(super) fn compare(package: &Package, live: &Live) -> Result<Option<FieldChange>, RenewalDoubt> {
    let Some(declared) = package.renewal else { return Ok(None) };
    let subscription = match &live.renewal {
        LiveRenewal::NotAsked => return Ok(None),
        LiveRenewal::Unknown(reason) => return Err(RenewalDoubt::NotRead(reason.clone())),
        LiveRenewal::Known(subscription) => subscription,
    };
    let from = subscription.renewal;
    let to = match (declared, from) {
        (DeclaredRenewal::Off, _) => Renewal::Off,
        (DeclaredRenewal::On(None), Renewal::Months(_)) => from,
        (DeclaredRenewal::On(months), _) => Renewal::Months(months.unwrap_or(1)),
    };
    match to {
        _ if to == from => Ok(None),
        Renewal::Months(months) if !is_offered(months) => Err(RenewalDoubt::NotOffered(months)),
        Renewal::Off | Renewal::Months(_) => {
            let (value, product) = (Delta { from, to }, subscription.product.clone());
            Ok(Some(FieldChange::AutoRenew { value, product }))
        }
    }
}

/// Warns of a declared renewal that is left as it is.
pub(super) fn doubt(package: &Package, live: &Live) -> Option<WarningKind> {
    let why = compare(package, live).err()?;
    Some(WarningKind::RenewalUnknown { id: live.id.clone(), why })
}

/// Warns of a retired package that renews itself, or may: nothing but the spec switches that off.
pub(super) fn of_retired(live: &Live) -> Option<WarningKind> {
    let id = live.id.clone();
    match &live.renewal {
        LiveRenewal::NotAsked => None,
        LiveRenewal::Unknown(reason) => {
            Some(WarningKind::RenewalUnknown { id, why: RenewalDoubt::NotRead(reason.clone()) })
        }
        LiveRenewal::Known(subscription) => match subscription.renewal {
            Renewal::Off => None,
            renewal @ Renewal::Months(_) => Some(WarningKind::StillRenews { id, renewal, at: live.expires }),
        },
    }
}

/// The periods that the billing service can set, in months or in years (SetRenewal page). A purchase can name more.
fn is_offered(months: u32) -> bool {
    const PERIODS: [u32; 5] = [1, 2, 3, 6, 12];
    PERIODS.contains(&months) || months.is_multiple_of(12) && PERIODS.contains(&(months / 12))
}
