//! Plans as a person reads them, in `tests/cases/<name>.txt`. `SNAPSHOTS=overwrite cargo test` writes these
//! files.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::collections::BTreeSet;
use std::path::Path;

use cenbwp_diff::{
    Abnormal, AdoptRefusal, BusinessStatus, Delta, FieldChange, FixedDifference, Held, HeldReason, Live,
    LiveCharge, Observed, Options, Palette, Plan, Price, ReservationKind, Style, Taken, Unreadable, plan,
    render,
};
use cenbwp_spec::{
    Charge, ChargeType, Desired, Field, Generation, Limits, Manage, Mbps, Package, Prepay, Renewal, Spec,
    Term,
};

use world::{id, live, observed, options, package, pair, reserved, shares, spec, time};

#[track_caller]
fn check(name: &str, width: usize, spec: &Spec, observed: &Observed, options: &Options) {
    check_plan(name, width, &plan(spec, observed, options));
}

#[track_caller]
fn check_plan(name: &str, width: usize, plan: &Plan) {
    check_style(name, &Style { width, ..Style::plain() }, plan);
}

#[track_caller]
fn check_style(name: &str, style: &Style, plan: &Plan) {
    let text = render(plan, style);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    let coloured = render(plan, &Style { palette: Palette::coloured(), ..style.clone() });
    assert_eq!(uncoloured(&coloured), text, "colour changes more than colour");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cases/{name}.txt"));
    snapbox::assert_data_eq!(text, snapbox::Data::read_from(&path, None).raw());
}

/// The text without its colours.
fn uncoloured(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let start = parts.next().unwrap_or_default().to_owned();
    parts.fold(start, |text, part| text + part.split_once('m').unwrap().1)
}

fn cen(text: &str) -> Desired<cenbwp_spec::CenId> {
    Desired::Present(text.parse().unwrap())
}

/// A spec and a listing with one of everything that a plan can show.
fn one_of_everything() -> (Spec, Observed) {
    let year = Prepay { term: Term::Years(1), auto_pay: false, renewal: Renewal::Off };
    let tag = |key: &str, value: &str| (key.to_owned(), Some(value.to_owned()));
    let spec = spec([
        Package {
            cen: cen("cen-abc123"),
            resource_group: Some("rg-abc".to_owned()),
            tags: [tag("team", "network"), tag("note", "two words"), tag("empty", "")].into(),
            description: Some("Frankfurt uplink".to_owned()),
            ..package("backbone/cn-eu")
        },
        Package {
            charge: Charge::Prepay(year),
            areas: pair("China", "Australia"),
            generation: Generation::new(2).unwrap(),
            ..package("backbone/cn-au")
        },
        Package {
            bandwidth: Mbps(150),
            description: Some("new".to_owned()),
            cen: cen("cen-2"),
            tags: [tag("team", "network"), ("legacy".to_owned(), None)].into(),
            allow_interruption: true,
            ..package("backbone/grows")
        },
        Package { bandwidth: Mbps(50), ..package("backbone/shrinks") },
        Package {
            adopt: Some(id("cenbwp-found")),
            name: Some("found".to_owned()),
            ..package("backbone/found")
        },
        Package { manage: Manage::Release, ..package("backbone/let-go") },
        Package { manage: Manage::Retire, ..package("backbone/last-days") },
        Package { manage: Manage::Retire, ..package("backbone/over") },
        Package { manage: Manage::Retire, ..package("backbone/gone") },
        Package { manage: Manage::Observe, ..package("backbone/seen") },
        Package { manage: Manage::Observe, ..package("backbone/unseen") },
        Package { bandwidth: Mbps(7), name: Some("twin".to_owned()), ..package("backbone/twin") },
        Package { ignore: [Field::Bandwidth].into(), bandwidth: Mbps(9), ..package("backbone/left") },
        package("backbone/temporary"),
        package("backbone/ends"),
        package("backbone/fine"),
    ]);
    let own = |name: &str| live(&format!("cenbwp-{name}"), Some(&format!("backbone/{name}")));
    let cens = |cen: &str| [cen.parse().unwrap()].into();
    let mut grows = Live { description: "old".to_owned(), cens: cens("cen-1"), ..own("grows") };
    grows.tags.insert("legacy".to_owned(), "yes".to_owned());
    let mut fine = own("fine");
    fine.tags.insert("cenbwp-terms".to_owned(), "PREPAY 1 Year renew off".to_owned());
    let observed = observed([
        grows,
        Live { shares: shares([30, 20]), ..own("shrinks") },
        Live { bandwidth: Mbps(20), ..live("cenbwp-found", None) },
        own("let-go"),
        Live { cens: cens("cen-1"), shares: None, ..own("last-days") },
        Live { expires: Some(time("2025-12-24T16:00:00Z")), ..own("over") },
        Live { areas: pair("China", "China"), ..own("seen") },
        Live { name: "twin".to_owned(), bandwidth: Mbps(8), ..live("cenbwp-twin", None) },
        own("left"),
        Live {
            bandwidth: Mbps(500),
            reservation: reserved(ReservationKind::TempUpgrade, Some(100)),
            ..own("temporary")
        },
        Live { expires: Some(time("2026-01-09T16:00:00Z")), ..own("ends") },
        fine,
        live("cenbwp-first", Some("backbone/cn-au")),
        Live { expires: None, bandwidth: Mbps(3), ..live("cenbwp-stray", Some("backbone/stray")) },
        live("cenbwp-theirs", Some("other/theirs")),
    ]);
    (spec, observed)
}

#[test]
fn everything_that_a_plan_can_show() {
    let (spec, observed) = one_of_everything();
    check("everything", 100, &spec, &observed, &options());
}

#[test]
fn a_narrow_terminal_breaks_lines_and_no_id() {
    let (spec, observed) = one_of_everything();
    check("narrow", 40, &spec, &observed, &options());
}

#[test]
fn held_items_that_are_left_out_and_limits_are_said() {
    let (mut spec, observed) = one_of_everything();
    for stack in spec.stacks.values_mut() {
        stack.limits = Limits { max_purchases: Some(1), max_new_mbps: Some(Mbps(200)), max_spend: None };
    }
    let options =
        Options { skip_held: true, max_purchases: Some(0), max_new_mbps: Some(Mbps(1)), ..options() };
    check("limits", 100, &spec, &observed, &options);
}

#[test]
fn prices_are_shown_for_each_purchase_and_in_all() {
    let price = |n: usize| match n {
        6 => Price::Unknown("no answer".to_owned()),
        5 => Price::Known("30.50 USD".parse().unwrap()),
        _ => Price::Known("2400 CNY".parse().unwrap()),
    };
    let name = |n: usize| format!("s/p{n}");
    let grows = Package { bandwidth: Mbps(150), ..package("s/grows") };
    let mut spec = spec((1..=6).map(|n| package(&name(n))).chain([grows]));
    let cloud = observed([live("cenbwp-1", Some("s/grows"))]);
    let prices = (1..=6).map(|n| (name(n).parse().unwrap(), price(n))).collect();
    let cloud = Observed { prices: Some(prices), ..cloud };
    spec.stacks.values_mut().for_each(|stack| {
        stack.limits.max_spend = Some("9600 CNY".parse().unwrap());
    });
    let plan = plan(&spec, &cloud, &options());
    check_style("prices", &Style { whole: false, ..Style::plain() }, &plan);
}

/// Three equal changes are shown one by one, four once; of purchases only the names may differ.
#[test]
fn equal_changes_of_many_packages_are_shown_once_with_every_name() {
    let package_at = |n: usize, kind: &str| package(&format!("s/{kind}-{n}"));
    let mut wanted = Vec::new();
    let mut there = Vec::new();
    let own = |package: &Package| {
        live(&format!("cenbwp-{}", package.address.package), Some(&package.address.to_string()))
    };
    for n in 1..=4 {
        let grows = Package { bandwidth: Mbps(150), ..package_at(n, "grows") };
        let goes = Package { manage: Manage::Release, ..package_at(n, "goes") };
        let found = Package { adopt: Some(id(&format!("cenbwp-found-{n}"))), ..package_at(n, "found") };
        there.extend([own(&grows), own(&goes), live(&format!("cenbwp-found-{n}"), None)]);
        let bought = Package {
            areas: pair("Australia", "Europe"),
            bandwidth: Mbps(10 + u32::try_from(n).unwrap()),
            ..package_at(n, "bought")
        };
        let name = (n == 3).then(|| "the third".to_owned());
        let alike =
            Package { areas: pair("China", "China"), bandwidth: Mbps(25), name, ..package_at(n, "alike") };
        wanted.extend([grows, goes, found, bought, alike]);
    }
    for n in 1..=3 {
        let shrinks = Package { bandwidth: Mbps(50), ..package_at(n, "shrinks") };
        there.push(own(&shrinks));
        wanted.push(shrinks);
    }
    let plan = plan(&spec(wanted), &observed(there), &options());
    check_style("alike", &Style { whole: false, ..Style::plain() }, &plan);
    let whole = render(&plan, &Style::plain());
    assert!(whole.contains("~ s/grows-4   changes cenbwp-grows-4\n"), "{whole}");
    assert!(whole.contains("+ s/alike-4   buys a package\n"), "{whole}");
}

#[test]
fn an_empty_plan_is_one_line() {
    let cloud = |names: &[&str]| {
        observed(names.iter().map(|name| live(&format!("cenbwp-{name}"), Some(&format!("s/{name}")))))
    };
    let both = spec([package("s/a"), package("s/b")]);
    check("empty", 100, &both, &cloud(&["a", "b"]), &options());
    let mut more = cloud(&["a"]);
    more.packages.push(live("cenbwp-u", None));
    check("empty-with-others", 100, &spec([package("s/a")]), &more, &options());
    check("empty-spec", 100, &Spec::default(), &observed([]), &options());
}

#[test]
fn a_summary_counts_what_is_listed_above_it() {
    let mut emptied = spec([package("s/a")]);
    emptied.stacks.values_mut().for_each(|stack| stack.packages.clear());
    let own = |name: &str| live(&format!("cenbwp-{}", name.replace('/', "-")), Some(&format!("s/{name}")));
    let cloud = |names: [&str; 3]| observed(names.map(own));
    let summary = |spec: &Spec, names| cenbwp_diff::summary(&plan(spec, &cloud(names), &options()));
    assert_eq!(summary(&emptied, ["a", "b", "c"]), "No changes. 3 undeclared.");
    let second = spec([Package { generation: Generation::new(2).unwrap(), ..package("s/a") }]);
    assert_eq!(
        summary(&second, ["a", "a/2", "b"]),
        "No changes. 1 package is up to date, 1 undeclared, 1 superseded."
    );
}

#[test]
fn texts_of_several_lines_are_shown_as_a_unified_diff() {
    let text = |lines: &[&str]| lines.join("\n");
    let long: Vec<String> = (1..=12).map(|n| format!("line {n}")).collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    let spec = spec([
        Package { description: Some(text(&["one", "two", "three"])), ..package("s/bought") },
        Package { description: Some(text(&["one", "zwei", "three"])), ..package("s/one-line") },
        Package {
            description: Some(text(&["first", &long[1..11].join("\n"), "last"])),
            ..package("s/two-hunks")
        },
        Package { description: Some(String::new()), ..package("s/cleared") },
        Package { description: Some("one\r\ntwo".to_owned()), ..package("s/line-ends") },
        Package { description: Some("one\ntwo".to_owned()), ..package("s/last-line-end") },
        Package { description: Some(format!("one\nlong{}", " long".repeat(30))), ..package("s/long-line") },
    ]);
    let own = |name: &str, lines: &[&str]| Live {
        description: text(lines),
        ..live(&format!("cenbwp-{name}"), Some(&format!("s/{name}")))
    };
    let cloud = observed([
        own("one-line", &["one", "two", "three"]),
        own("two-hunks", &long),
        own("cleared", &["one", "two"]),
        own("line-ends", &["one", "two"]),
        own("last-line-end", &["one", "two", ""]),
        own("long-line", &["one", "two"]),
    ]);
    check("multi-line", 100, &spec, &cloud, &options());
}

#[test]
fn hostile_text_cannot_pose_as_part_of_the_plan() {
    let evil = "x\u{1b}[2K\rPlan: 0 to buy.\u{202e}evil\u{200b}\" -> \"y\\";
    let spec = spec([
        Package { name: Some("plain".to_owned()), ..package("s/renamed") },
        Package { description: Some("a\nb".to_owned()), ..package("s/described") },
        Package {
            tags: [("k\u{7}".to_owned(), Some("v, other=w".to_owned()))].into(),
            name: Some(evil.to_owned()),
            areas: pair("China", "Mars\n+ s/forged   buys a package"),
            ..package("s/bought")
        },
        Package { adopt: Some(id("cenbwp-odd")), ..package("s/odd") },
        Package { bandwidth: Mbps(5), ..package("s/locked") },
        Package { manage: Manage::Observe, ..package("s/seen") },
    ]);
    let own = |name: &str| live(&format!("cenbwp-{name}"), Some(&format!("s/{name}")));
    let mut cloud = observed([
        Live { name: evil.to_owned(), ..own("renamed") },
        Live { description: format!("a\n{evil}\n+ s/forged   buys a package"), ..own("described") },
        Live { business: BusinessStatus::Locked(evil.to_owned()), ..own("locked") },
        Live { areas: pair("China", evil), charge: LiveCharge::Other(evil.to_owned()), ..own("seen") },
        live("cenbwp-odd", Some(evil)),
    ]);
    check("hostile", 100, &spec, &cloud, &options());
    cloud.packages.pop();
    cloud.packages.push(live("cenbwp-odd", None));
    cloud.unreadable.push(Unreadable { id: None, reason: evil.to_owned() });
    check("hostile-unreadable", 100, &spec, &cloud, &options());
}

#[test]
fn misspelt_area_is_corrected_before_anything_else_is_advised() {
    let areas =
        |b: &str| FixedDifference::Areas(Delta { from: pair("China", "Europe"), to: pair("China", b) });
    let immutable = |b| HeldReason::Immutable { id: id("cenbwp-1"), differences: vec![areas(b)] };
    let adopted = |b| HeldReason::CannotAdopt { id: id("cenbwp-1"), why: AdoptRefusal::Differs(areas(b)) };
    let hint = |reason: HeldReason| reason.hint(&world::identity("s/a"));
    let corrected = "did you mean China - Europe? where s/a is declared, write `areas: [China, Europe]`";
    for b in ["Eruope", "eu", "eu-central-1"] {
        assert_eq!([hint(immutable(b)), hint(adopted(b))], [corrected, corrected], "{b}");
    }
    for b in ["Australia", "Moon"] {
        assert!(hint(immutable(b)).ends_with("`generation: 2`"), "{b}");
        assert!(hint(adopted(b)).ends_with("`adopt: cenbwp-1`"), "{b}");
    }
}

#[test]
fn every_reason_to_hold_says_what_to_do() {
    let only = || Some(id("cenbwp-1"));
    let item = |id, reason: &str| Unreadable { id, reason: reason.to_owned() };
    let look_alike = |ids: &[&str], adoptable, renamed| HeldReason::LookAlike {
        ids: ids.iter().map(|text| id(text)).collect(),
        adoptable,
        renamed,
        distinct: [id("cenbwp-9")].into(),
    };
    let refused = |why| HeldReason::CannotAdopt { id: id("cenbwp-1"), why };
    let allocated = |shares: &Option<Vec<_>>, taken| HeldReason::Allocated {
        id: id("cenbwp-1"),
        shares: shares.clone().unwrap(),
        taken,
    };
    let needed = vec![FieldChange::Bandwidth(Delta { from: Mbps(10), to: Mbps(20) })];
    let abnormal = |state| HeldReason::NotNormal { id: id("cenbwp-1"), state, needed: needed.clone() };
    let charge_type =
        FixedDifference::ChargeType(Delta { from: ChargeType::Prepay, to: ChargeType::Postpay });
    let areas = FixedDifference::Areas(Delta { from: pair("China", "China"), to: pair("China", "Europe") });
    let reasons = [
        look_alike(&["cenbwp-1"], only(), None),
        look_alike(&["cenbwp-1", "cenbwp-2"], None, None),
        look_alike(&["cenbwp-1"], None, Some(world::identity("s/old"))),
        HeldReason::Unreadable {
            items: vec![item(None, "no id"), item(only(), "no areas")],
            distinct: BTreeSet::new(),
        },
        HeldReason::Unreadable { items: vec![item(only(), "no areas")], distinct: [id("cenbwp-9")].into() },
        HeldReason::IncompleteListing,
        refused(AdoptRefusal::AdoptedTwice),
        refused(AdoptRefusal::IdentityTaken { by: id("cenbwp-2"), identity: world::identity("s/a/3") }),
        refused(AdoptRefusal::NotListed),
        refused(AdoptRefusal::OwnedBy { owner: world::identity("t/x"), renamed: false }),
        refused(AdoptRefusal::OwnedBy { owner: world::identity("s/x/2"), renamed: true }),
        refused(AdoptRefusal::MalformedTag("a \u{202e} b".to_owned())),
        refused(AdoptRefusal::Differs(areas.clone())),
        refused(AdoptRefusal::NotNormal(Abnormal::Locked("SecurityLocked".to_owned()))),
        HeldReason::Immutable { id: id("cenbwp-1"), differences: vec![areas, charge_type] },
        abnormal(Abnormal::Expired(time("2026-01-01T00:00:00Z"))),
        abnormal(Abnormal::Locked("FinancialLocked".to_owned())),
        abnormal(Abnormal::UnknownChargeType("BARTER".to_owned())),
        abnormal(Abnormal::UnknownFallback),
        HeldReason::Ambiguous { ids: [id("cenbwp-1"), id("cenbwp-2")].into() },
        HeldReason::LoweredGeneration { id: id("cenbwp-1"), live: 7 },
        HeldReason::PostpayAbsent,
        HeldReason::InterruptsTraffic { id: id("cenbwp-1"), cen: "cen-1".parse().unwrap() },
        HeldReason::SeveralCens { id: id("cenbwp-1") },
        allocated(&shares([40, 20]), Taken::Part(Delta { from: Mbps(100), to: Mbps(50) })),
        allocated(&shares([300]), Taken::Part(Delta { from: Mbps(100), to: Mbps(50) })),
        allocated(&shares([20_000]), Taken::Part(Delta { from: Mbps(20_001), to: Mbps(50) })),
        allocated(&shares([1]), Taken::Detached("cen-1".parse().unwrap())),
        allocated(
            &shares([2; 12]),
            Taken::Retired(["cen-1", "cen-2"].map(|cen| cen.parse().unwrap()).into()),
        ),
    ];
    let mut plan = plan(&Spec::default(), &observed([]), &options());
    plan.complete = false;
    plan.held =
        reasons.into_iter().map(|reason| Held { identity: world::identity("s/a/3"), reason }).collect();
    check_plan("held", 100, &plan);
}
