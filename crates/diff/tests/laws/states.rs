//! The states of one package in the small worlds.

use super::*;

/// One package in every state of the spec; `None`: not declared.
pub(super) fn spec_states(name: &str) -> Vec<Option<Package>> {
    let mut states = vec![None];
    let base = || package(&format!("s/{name}"));
    for manage in [Manage::Full, Manage::Observe, Manage::Release, Manage::Retire] {
        for adopt in [None, Some(format!("cenbwp-{name}"))] {
            for generation in [1, 2] {
                for bandwidth in [100, 200] {
                    for charge in [base().charge, Charge::Postpay] {
                        states.push(Some(Package {
                            manage,
                            adopt: adopt.as_deref().map(id),
                            generation: Generation::new(generation).unwrap(),
                            bandwidth: Mbps(bandwidth),
                            charge,
                            ..base()
                        }));
                    }
                }
            }
        }
    }
    let cen = |text: &str| Desired::Present(text.parse().unwrap());
    let moved = |package| Package { moved_from: Some(format!("s/{name}-old").parse().unwrap()), ..package };
    let tag = |value: Option<&str>| [("k".to_owned(), value.map(str::to_owned))].into();
    states.extend(
        [
            Package { name: Some("shown".to_owned()), ..base() },
            Package { description: Some(String::new()), ..base() },
            Package { description: Some("one\ntwo".to_owned()), ..base() },
            Package { tags: tag(Some("v")), ..base() },
            Package { tags: tag(Some("")), ..base() },
            Package { tags: tag(None), ..base() },
            Package { cen: Desired::Absent, ..base() },
            Package { cen: cen("cen-1"), ..base() },
            Package { cen: cen("cen-1"), allow_interruption: true, ..base() },
            Package { cen: cen("cen-1"), adopt: Some(id(&format!("cenbwp-{name}"))), ..base() },
            Package { resource_group: Some("rg-1".to_owned()), ..base() },
            Package { areas: pair("china", "Australia"), ..base() },
            Package { distinct_from: BTreeSet::from([id(&format!("cenbwp-{name}"))]), ..base() },
            Package { ignore: BTreeSet::from([Field::Bandwidth]), bandwidth: Mbps(200), ..base() },
            Package { ignore: Field::ALL.into(), tags: tag(Some("v")), cen: cen("cen-1"), ..base() },
            Package { ignore: [Field::CenId].into(), cen: cen("cen-1"), ..base() },
            Package {
                ignore: [Field::ResourceGroupId].into(),
                resource_group: Some("rg-1".to_owned()),
                cen: cen("cen-1"),
                ..base()
            },
            Package { manage: Manage::Observe, cen: cen("cen-1"), ..base() },
            Package { renewal: Some(DeclaredRenewal::Off), ..base() },
            Package { renewal: Some(DeclaredRenewal::On(None)), ..base() },
            Package { renewal: Some(DeclaredRenewal::On(Some(6))), cen: cen("cen-1"), ..base() },
            Package { renewal: Some(DeclaredRenewal::On(Some(4))), ..moved(base()) },
            moved(base()),
            Package { generation: Generation::new(2).unwrap(), ..moved(base()) },
            Package { bandwidth: Mbps(200), cen: cen("cen-1"), ..moved(base()) },
            Package { cen: Desired::Absent, ..moved(base()) },
            Package { charge: Charge::Postpay, ..moved(base()) },
            Package { manage: Manage::Retire, ..moved(base()) },
        ]
        .map(Some),
    );
    states
}

/// One package in every state of the service.
pub(super) fn cloud_states(name: &str) -> Vec<Observed> {
    let own = |edit: fn(&mut Live)| {
        let mut live = live(&format!("cenbwp-{name}"), Some(&format!("s/{name}")));
        edit(&mut live);
        live
    };
    let tagged = |suffix: &str, owner: &str| live(&format!("cenbwp-{name}{suffix}"), Some(owner));
    let ownerless = |edit: fn(&mut Live)| {
        let mut live = live(&format!("cenbwp-{name}"), None);
        edit(&mut live);
        live
    };
    let cens = |list: &[&str]| list.iter().map(|cen| cen.parse().unwrap()).collect::<Vec<_>>();
    let mut states: Vec<Observed> = [
        own(|_| {}),
        own(|live| live.bandwidth = Mbps(200)),
        own(|live| live.name = "shown".to_owned()),
        own(|live| live.description = "one\n2".to_owned()),
        own(|live| drop(live.tags.insert("k".to_owned(), "v".to_owned()))),
        own(|live| drop(live.tags.insert("acs:rm".to_owned(), "v".to_owned()))),
        own(|live| drop(live.tags.insert("cenbwp-terms".to_owned(), "PREPAY 1 Year renew off".to_owned()))),
        own(|live| live.resource_group = Some("rg-1".to_owned())),
        own(|live| live.renewal = renews(Renewal::Off)),
        own(|live| live.renewal = renews(Renewal::Months(6))),
        own(|live| live.renewal = LiveRenewal::Unknown("not listed".to_owned())),
        own(|live| live.areas = pair("europe", "CHINA")),
        own(|live| live.areas = pair("China", "Australia")),
        own(|live| live.charge = LiveCharge::Postpay),
        own(|live| live.charge = LiveCharge::Other("BARTER".to_owned())),
        own(|live| live.expires = Some(time("2025-12-31T16:00:00Z"))),
        own(|live| live.expires = Some(time("2026-01-10T16:00:00Z"))),
        own(|live| live.expires = None),
        own(|live| live.business = BusinessStatus::Locked("FinancialLocked".to_owned())),
        own(|live| {
            live.bandwidth = Mbps(200);
            live.reservation = reserved(ReservationKind::TempUpgrade, Some(100));
        }),
        own(|live| live.reservation = reserved(ReservationKind::TempUpgrade, None)),
        own(|live| live.reservation = reserved(ReservationKind::Upgrade, Some(200))),
        own(|live| live.reservation = reserved(ReservationKind::Other("RENEW".to_owned()), None)),
        Live { cens: cens(&["cen-1"]), ..own(|_| {}) },
        Live { cens: cens(&["cen-2"]), ..own(|_| {}) },
        Live { cens: cens(&["cen-1", "cen-2"]), ..own(|_| {}) },
        Live { shares: shares([100, 50]), bandwidth: Mbps(200), ..own(|_| {}) },
        Live { shares: shares([1]), cens: cens(&["cen-2"]), ..own(|_| {}) },
        Live { shares: None, cens: cens(&["cen-2"]), bandwidth: Mbps(200), ..own(|_| {}) },
        tagged("-second", &format!("s/{name}/2")),
        tagged("-third", &format!("s/{name}/3")),
        tagged("-lost", &format!("s/{name}/02")),
        tagged("-old", &format!("s/{name}-old")),
        Live { bandwidth: Mbps(7), ..tagged("-old", &format!("s/{name}-old")) },
        Live { cens: cens(&["cen-1"]), ..tagged("-old", &format!("s/{name}-old/2")) },
        Live { business: BusinessStatus::Locked("x".to_owned()), ..tagged("-old", &format!("s/{name}-old")) },
        Live { name: format!("s-{name}"), ..tagged("-other", "other/p") },
        tagged("-other", "other/p"),
        ownerless(|_| {}),
        ownerless(|live| live.bandwidth = Mbps(200)),
        Live { shares: shares([150]), ..ownerless(|live| live.bandwidth = Mbps(200)) },
        Live { shares: shares([150]), bandwidth: Mbps(200), ..tagged("-old", &format!("s/{name}-old")) },
        ownerless(|live| live.expires = Some(time("2025-12-31T16:00:00Z"))),
        ownerless(|live| live.charge = LiveCharge::Postpay),
        Live { name: format!("s-{name}"), ..ownerless(|live| live.areas = pair("China", "Asia-Pacific")) },
        Live { cens: cens(&["cen-1"]), ..ownerless(|live| live.bandwidth = Mbps(50)) },
        Live { cens: cens(&["cen-1"]), ..tagged("-other", "other/p") },
    ]
    .map(|live| observed([live]))
    .into();
    states.push(observed([]));
    states.push(observed([own(|_| {}), tagged("-copy", &format!("s/{name}"))]));
    states.push(observed([own(|_| {}), tagged("-second", &format!("s/{name}/2"))]));
    let old = || tagged("-old", &format!("s/{name}-old"));
    states.push(observed([own(|_| {}), old()]));
    states.push(observed([old(), tagged("-copy", &format!("s/{name}-old"))]));
    states.push(observed([old(), tagged("-third", &format!("s/{name}-old/3"))]));
    states.push(Observed { complete: false, ..observed([old()]) });
    states.push(Observed { complete: false, ..observed([]) });
    states.push(Observed { complete: false, ..observed([own(|live| live.bandwidth = Mbps(200))]) });
    let item = |id| Unreadable { id, reason: "Bandwidth is \"many\", expected a number".to_owned() };
    states.push(Observed { unreadable: vec![item(None)], ..observed([]) });
    states.push(Observed { unreadable: vec![item(Some(id(&format!("cenbwp-{name}"))))], ..observed([]) });
    states.push(Observed { unreadable: vec![item(None)], ..observed([ownerless(|_| {})]) });
    states.push(Observed {
        unreadable: vec![item(None)],
        ..observed([own(|live| live.bandwidth = Mbps(200))])
    });
    states
}
