//! The declared packages as a map: which areas are connected with how much bandwidth, before and after.

use std::collections::BTreeMap;

use cenbwp_diff::{Change, FieldChange, Live};
use cenbwp_spec::{Address, AreaPair, PackageId};

use crate::planned::Planned;

/// What connects two areas. Packages that the spec does not declare are not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// The two ends; the same one twice for a package within an area.
    pub areas: AreaPair,
    /// How many packages there are, and how many there will be.
    pub packages: [usize; 2],
    /// Their Mbps, and what they will be.
    pub mbps: [u64; 2],
}

/// The links of a plan, by areas. A held package is as it is: its change is not going to happen.
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
        let Some(live) = live.get(id) else { return };
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
