//! The limits on what one run spends.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use cenbwp_diff::{Excess, LimitOwner, Live, Observed, Options, Plan, Price, audit, plan};
use cenbwp_spec::{Limits, Mbps, Package, Spec};

use world::{id, live, observed, options, package, spec};

#[test]
fn limits_count_purchases_and_upgrades_and_no_downgrade() {
    let mut spec = spec([
        Package { bandwidth: Mbps(150), ..package("s/a") },
        Package { bandwidth: Mbps(10), ..package("s/b") },
        package("s/c"),
        package("t/d"),
    ]);
    let cloud = observed([live("cenbwp-1", Some("s/a")), live("cenbwp-2", Some("s/b"))]);
    let breaches = |spec: &Spec, options: &Options| {
        let plan = plan(spec, &cloud, options);
        assert_eq!(audit(&plan, spec, &cloud, options), []);
        breaches(&plan)
    };
    assert_eq!(breaches(&spec, &options()), "");
    let run = |purchases, mbps| Options {
        max_purchases: Some(purchases),
        max_new_mbps: Some(Mbps(mbps)),
        ..options()
    };
    assert_eq!(breaches(&spec, &run(2, 250)), "");
    assert_eq!(breaches(&spec, &run(1, 249)), "run maxPurchases 1<2, run maxNewMbps 249<250");
    limit(&mut spec, "s", Some(0), Some(149));
    assert_eq!(
        breaches(&spec, &run(0, 250)),
        "run maxPurchases 0<2, s maxPurchases 0<1, s maxNewMbps 149<150"
    );
}

/// Returns every limit that the plan exceeds, in few words.
fn breaches(plan: &Plan) -> String {
    let of = |breach: &cenbwp_diff::Breach| {
        let owner = match &breach.owner {
            LimitOwner::Run => "run".to_owned(),
            LimitOwner::Default { stacks, most, purchases } => {
                format!("default of {stacks}, {most} {purchases},")
            }
            LimitOwner::Stack(stack) => stack.to_string(),
        };
        match &breach.excess {
            Excess::Count { limit, allowed, wanted } => {
                format!("{owner} {} {allowed}<{wanted}", limit.as_str())
            }
            Excess::Spend { allowed, wanted } => format!("{owner} maxSpend {allowed}<{wanted}"),
        }
    };
    plan.breaches.iter().map(of).collect::<Vec<_>>().join(", ")
}

fn limit(spec: &mut Spec, stack: &str, max_purchases: Option<u32>, mbps: Option<u32>) {
    let stack = spec.stacks.get_mut(&stack.parse().unwrap()).unwrap();
    stack.limits = Limits { max_purchases, max_new_mbps: mbps.map(Mbps), max_spend: None };
}

#[test]
fn stacks_that_set_no_limit_of_purchases_share_one_default() {
    let sizes = [("a", 3), ("b", 4), ("c", 4)];
    let packages = sizes.iter().flat_map(|(stack, size)| {
        (0..*size).map(move |n| Package { bandwidth: Mbps(10 + n), ..package(&format!("{stack}/p{n}")) })
    });
    // This stack exists and only grows, so it uses nothing of the default.
    let mut spec = spec(packages.chain([Package { bandwidth: Mbps(12), ..package("d/grows") }]));
    let check = |spec: &Spec, there: &[&str], expected: &str| {
        let id = |owner: &str| format!("cenbwp-{}", owner.replace('/', "-"));
        let own = |owner: &&str| Live { bandwidth: Mbps(10), ..live(&id(owner), Some(owner)) };
        let cloud = observed(there.iter().chain(&["d/grows"]).map(own));
        let plan = plan(spec, &cloud, &options());
        assert_eq!(breaches(&plan), expected);
        assert_eq!(audit(&plan, spec, &cloud, &options()), []);
    };
    check(&spec, &[], "default of 3, b 4, maxPurchases 10<11");
    check(&spec, &["a/p0"], "");
    check(&spec, &["c/p0"], "");
    // A limit on bandwidth is not a limit on purchases.
    limit(&mut spec, "a", None, Some(100));
    check(&spec, &[], "default of 3, b 4, maxPurchases 10<11");
    limit(&mut spec, "b", Some(4), None);
    check(&spec, &[], "");
    limit(&mut spec, "b", Some(3), None);
    check(&spec, &[], "b maxPurchases 3<4");
    limit(&mut spec, "a", None, Some(32));
    check(&spec, &[], "a maxNewMbps 32<33, b maxPurchases 3<4");
}

#[test]
fn growth_counts_as_new_mbps_like_a_purchase_and_is_counted_apart() {
    let both = spec([Package { bandwidth: Mbps(10_000), ..package("s/a") }, package("s/b")]);
    let own = |mbps| Live { bandwidth: Mbps(mbps), ..live("cenbwp-1", Some("s/a")) };
    let cloud = observed([own(10)]);
    let new = plan(&both, &cloud, &options()).new_mbps();
    assert_eq!((new.by_purchase, new.by_upgrade, new.total()), (100, 9_990, 10_090));
    let adopts = Package { adopt: Some(id("cenbwp-2")), bandwidth: Mbps(200), ..package("s/a") };
    let new = plan(&spec([adopts]), &observed([live("cenbwp-2", None)]), &options()).new_mbps();
    assert_eq!((new.by_purchase, new.by_upgrade), (0, 100));
    let shrinks = spec([package("s/a")]);
    assert_eq!(plan(&shrinks, &observed([own(500)]), &options()).new_mbps().total(), 0);
}

/// Returns what `maxSpend` of stack `s` makes of these prices of its purchases `s/a` and `s/b`; "" is within it.
fn spend(limit: Option<&str>, prices: Option<&[(&str, &str)]>) -> String {
    let mut spec = spec([package("s/a"), package("s/b"), package("t/c")]);
    spec.stacks.get_mut(&"s".parse().unwrap()).unwrap().limits.max_spend =
        limit.map(|it| it.parse().unwrap());
    let price = |text: &str| text.parse().map_or_else(|_| Price::Unknown(text.to_owned()), Price::Known);
    let one = |(name, text): &(&str, &str)| (name.parse().unwrap(), price(text));
    let cloud = Observed { prices: prices.map(|all| all.iter().map(one).collect()), ..observed([]) };
    let plan = plan(&spec, &cloud, &options());
    assert_eq!(audit(&plan, &spec, &cloud, &options()), []);
    assert_eq!(plan.changes.len(), 3, "a limit takes nothing out of a plan");
    assert_eq!(plan.is_applyable(), plan.breaches.is_empty());
    breaches(&plan)
}

#[test]
fn a_limit_on_money_holds_unless_it_is_proved_to_be_kept() {
    let both = |a, b| Some(vec![("s/a", a), ("s/b", b), ("t/c", "9999 USD")]);
    for (limit, prices, expected) in [
        (None, both("1 CNY", "2 USD"), ""),
        (None, None, ""),
        (Some("3 CNY"), both("1 CNY", "2 CNY"), ""),
        (Some("0.3 CNY"), both("0.1 CNY", "0.2 CNY"), ""),
        (Some("2.999999999999 CNY"), both("1 CNY", "2 CNY"), "s maxSpend 2.999999999999 CNY<3 CNY"),
        (Some("3 CNY"), both("1 CNY", "2 USD"), "s maxSpend 3 CNY<1 CNY and 2 USD"),
        (Some("3 CNY"), both("1 USD", "1 USD"), "s maxSpend 3 CNY<2 USD"),
        (Some("3 CNY"), both("1 CNY", "no answer"), "s maxSpend 3 CNY<1 CNY, 1 price not known"),
        (Some("3 CNY"), both("no", "no"), "s maxSpend 3 CNY<2 prices not known"),
        // Not among the answers, and not asked for.
        (Some("3 CNY"), Some(vec![("s/a", "1 CNY")]), "s maxSpend 3 CNY<1 CNY, 1 price not known"),
        (Some("3 CNY"), Some(Vec::new()), "s maxSpend 3 CNY<2 prices not known"),
        (Some("3 CNY"), None, "s maxSpend 3 CNY<2 prices not known"),
    ] {
        assert_eq!(spend(limit, prices.as_deref()), expected, "{limit:?} {prices:?}");
    }
}
