//! A difference in each managed field is found, and corrected or, where the spec asks for it, ignored.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::collections::BTreeMap;

use cenbwp_diff::{Change, Flaw, Live, Update, WarningKind, audit, plan};
use cenbwp_spec::{DeclaredRenewal, Desired, Field, Identity, Mbps, Package, Renewal};

use world::{identity, live, observed, options, package, renews, spec};

/// A package that declares every field.
fn declared() -> Package {
    Package {
        name: Some("link".to_owned()),
        description: Some("to the office".to_owned()),
        tags: BTreeMap::from([("team".to_owned(), Some("net".to_owned()))]).into(),
        cen: Desired::Present("cen-1".parse().unwrap()),
        resource_group: Some("rg-1".to_owned()),
        renewal: Some(DeclaredRenewal::On(Some(1))),
        allow_interruption: true,
        ..package("s/a")
    }
}

/// The live package that is in sync with it.
fn in_sync() -> Live {
    let tags =
        [(Identity::TAG, "s/a"), ("team", "net")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    Live {
        name: "link".to_owned(),
        description: "to the office".to_owned(),
        tags: BTreeMap::from(tags).into(),
        cens: vec!["cen-1".parse().unwrap()],
        resource_group: Some("rg-1".to_owned()),
        renewal: renews(Renewal::Months(1)),
        ..live("cenbwp-1", Some("s/a"))
    }
}

/// The live package with this one field changed by hand. A new field does not compile without a row here.
fn drifted(field: Field) -> Live {
    let live = in_sync();
    match field {
        Field::AutoRenew => Live { renewal: renews(Renewal::Off), ..live },
        Field::Bandwidth => Live { bandwidth: Mbps(7), ..live },
        Field::CenId => Live { cens: vec!["cen-2".parse().unwrap()], ..live },
        Field::Description => Live { description: "to the shop".to_owned(), ..live },
        Field::Name => Live { name: "lnk".to_owned(), ..live },
        Field::ResourceGroupId => Live { resource_group: Some("rg-2".to_owned()), ..live },
        Field::Tags => {
            let owner = BTreeMap::from([(Identity::TAG.to_owned(), "s/a".to_owned())]);
            Live { tags: owner.into(), ..live }
        }
    }
}

#[test]
fn a_package_with_every_field_as_declared_needs_no_change() {
    let plan = plan(&spec([declared()]), &observed([in_sync()]), &options());
    assert!(plan.is_empty() && plan.in_sync.len() == 1, "{plan:#?}");
}

#[test]
fn a_field_that_differs_is_the_one_change_of_the_plan_and_the_audit_notices_if_it_is_not() {
    for field in Field::ALL {
        let (spec, observed, options) = (spec([declared()]), observed([drifted(field)]), options());
        let mut plan = plan(&spec, &observed, &options);
        let [Change::Update(Update { fields, .. })] = &plan.changes[..] else {
            panic!("{field:?}: {plan:#?}")
        };
        assert_eq!(fields.iter().map(|change| change.field()).collect::<Vec<_>>(), [field]);
        assert_eq!(audit(&plan, &spec, &observed, &options), [], "{field:?}");
        plan.changes.clear();
        plan.in_sync.insert(declared().address, observed.packages[0].id.clone());
        let flaws = audit(&plan, &spec, &observed, &options);
        assert_eq!(flaws, [Flaw::NotInSync(identity("s/a").address)], "{field:?}");
    }
}

#[test]
fn an_ignored_field_that_differs_is_a_warning_and_nothing_more() {
    for field in Field::ALL {
        let spec = spec([Package { ignore: [field].into(), ..declared() }]);
        let plan = plan(&spec, &observed([drifted(field)]), &options());
        assert!(plan.is_empty() && plan.in_sync.len() == 1, "{field:?}: {plan:#?}");
        let [WarningKind::Ignored { change }] =
            plan.warnings.iter().map(|it| &it.kind).collect::<Vec<_>>()[..]
        else {
            panic!("{field:?}: {:?}", plan.warnings)
        };
        assert_eq!(change.field(), field);
    }
}
