//! The declared packages as a map: the bandwidth between each pair of areas, before and after.

use std::collections::BTreeMap;

use cenbwp_diff::{Change, FieldChange, Live};
use cenbwp_spec::{Address, AreaPair, PackageId};

use crate::planned::Planned;

/// The declared packages between two areas, added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// The two areas; the same one twice for packages within an area.
    pub areas: AreaPair,
    /// The number of packages, before and after.
    pub packages: [usize; 2],
    /// The sum of their bandwidths in Mbps, before and after.
    pub mbps: [u64; 2],
}

/// Returns the links of a plan, sorted by areas. A held package stays as it is, because its change will not
/// happen. An expired one carries nothing, so it does not count.
pub(super) fn links(planned: &Planned) -> Vec<Link> {
    let plan = &planned.plan;
    let live: BTreeMap<&PackageId, &Live> =
        planned.situation.observed.packages.iter().map(|live| (&live.id, live)).collect();
    let mut links: BTreeMap<AreaPair, Link> = BTreeMap::new();
    let mut add = |areas: &AreaPair, before: Option<u32>, after: Option<u32>| {
        let link = links.entry(areas.clone()).or_insert_with(|| Link {
            areas: areas.clone(),
            packages: [0; 2],
            mbps: [0; 2],
        });
        for (at, mbps) in [before, after].into_iter().enumerate() {
            link.packages[at] += usize::from(mbps.is_some());
            link.mbps[at] += u64::from(mbps.unwrap_or(0));
        }
    };
    let mut existing = |id: &PackageId, fields: &[FieldChange], stays: bool| {
        let now = planned.options.now;
        let Some(live) = live.get(id).filter(|live| !live.expired(now)) else { return };
        let now = live.permanent_bandwidth().0;
        let wanted = fields.iter().find_map(|field| match field {
            FieldChange::Bandwidth(mbps) => Some(mbps.to.0),
            _ => None,
        });
        add(&live.areas, Some(now), stays.then_some(wanted.unwrap_or(now)));
    };
    for change in &plan.changes {
        match change {
            Change::Purchase(_) => {}
            Change::Update(it) => existing(&it.id, &it.fields, true),
            Change::Adopt(it) => existing(&it.id, &it.fields, true),
            Change::Move(it) => existing(&it.id, &it.fields, true),
            Change::Release(it) => existing(&it.id, &[], true),
            Change::Retire(it) => existing(&it.id, &[], false),
        }
    }
    plan.in_sync.values().for_each(|id| existing(id, &[], true));
    let held: Vec<&Address> = plan.held.iter().map(|held| &held.identity.address).collect();
    for live in &planned.situation.observed.packages {
        if let cenbwp_diff::Owner::Identity(owner) = live.owner()
            && held.contains(&&owner.address)
        {
            existing(&live.id, &[], true);
        }
    }
    for purchase in plan.purchases() {
        add(&purchase.areas, None, Some(purchase.bandwidth.0));
    }
    links.into_values().collect()
}
