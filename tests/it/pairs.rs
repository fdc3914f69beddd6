//! The pairs of areas on sale: a plan that buys asks for them once, and warns where they lack a pair. Whatever the
//! service says or does, the purchase is planned all the same.

use std::collections::BTreeSet;

use cenbwp_tests::{Config, Effect, Fault, Package, Refusal, Semantics, Spans, When};
use serde_json::{Value, json};

use crate::support::{Bench, CREATE, Lab, THREE, purchases};

const SPANS: &str = "DescribeCenGeographicSpans";

/// `net/x` from Europe to South America.
const FAR: &str = "
version: 1
stack: net
packages:
  x: { areas: [Europe, South-America], bandwidth: 7, autoPay: true }
";

const WARNING: &str = "net/x   pair_not_listed: the service does not list Europe - South-America as sold, and may refuse the \
                       purchase; with Europe it lists China, Asia-Pacific, Europe, North-America";

fn with(spans: Spans, spec: &str) -> Lab {
    let semantics = Semantics { spans, ..Semantics::default() };
    let lab = Lab::with(Config { semantics, ..Config::default() });
    lab.file("cenbwp.yaml", spec);
    lab
}

fn calls(lab: &Lab) -> usize {
    lab.emulator.requests().iter().filter(|request| request.action == SPANS).count()
}

/// Returns what a plan says, each warning on one line.
fn plan(lab: &Lab) -> String {
    let ran = lab.run("plan");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "nothing is said on the side: {}", ran.stderr);
    ran.stdout.replace("\n    ", " ")
}

#[test]
fn a_purchase_of_a_pair_that_is_not_listed_is_warned_of_and_planned() {
    let lab = Lab::of(FAR);
    let shown = plan(&lab);
    assert!(shown.contains(WARNING) && shown.contains("Plan: 1 to buy (7 Mbps, 1 month)."), "{shown}");
    assert!(shown.contains("Next: `cenbwp apply`"), "{shown}");
    assert_eq!(calls(&lab), 1);
    let event = lab.run("plan --json").stdout;
    assert!(event.contains(r#""code":"pair_not_listed","address":"net/x""#), "{event}");
}

/// The service's word is as good as the warning: the purchase is refused, and nothing is bought.
#[test]
pub(crate) fn areas_that_the_warning_names_are_bought() {
    let lab = Lab::of(FAR);
    let ran = lab.run("apply --auto-approve");
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("pair_not_listed") && ran.stdout.contains("GeoRegionId"), "{}", ran.stdout);
    assert!(lab.emulator.ledger().is_empty());
    lab.file("cenbwp.yaml", &FAR.replace("South-America", "North-America"));
    let ran = lab.run("apply --auto-approve");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains("pair_not_listed"), "{}", ran.stdout);
    assert_eq!(purchases(&lab.emulator), ["net/x"]);
}

#[test]
fn only_a_plan_that_buys_asks_and_asks_once() {
    let lab = Lab::of(THREE);
    for command in ["status", "status --all --json", "export --all", "plan --live-from live.json"] {
        lab.file("live.json", r#"{"TotalCount": 0, "CenBandwidthPackages": {"CenBandwidthPackage": []}}"#);
        assert_eq!((lab.run(command).code, calls(&lab)), (0, 0), "{command}");
    }
    lab.run("plan --out plan.json").check(0, "");
    assert_eq!(calls(&lab), 1);
    // A saved plan holds the answer.
    for command in ["show plan.json", "apply plan.json"] {
        assert_eq!((lab.run(command).code, calls(&lab)), (0, 1), "{command}");
    }
    let sent = || lab.emulator.requests().into_iter().map(|request| request.action);
    let before = sent().count();
    lab.file("cenbwp.yaml", &THREE.replace("bandwidth: 10", "bandwidth: 20"));
    for command in ["plan", "apply --auto-approve", "plan --detailed-exitcode"] {
        assert_eq!(lab.run(command).code, 0, "{command}");
    }
    let sent: BTreeSet<String> = sent().skip(before).collect();
    let expected = ["DescribeCenBandwidthPackages", "GetCallerIdentity", "ModifyCenBandwidthPackageSpec"];
    assert_eq!(sent.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn an_apply_that_buys_asks_once() {
    let lab = Lab::of(THREE);
    lab.run("apply --auto-approve").check(0, "");
    assert_eq!((calls(&lab), purchases(&lab.emulator).len()), (1, 3));
}

#[test]
fn a_saved_plan_keeps_the_warning_and_an_approval_does_not_depend_on_it() {
    let lab = Lab::of(FAR);
    lab.run("plan --out plan.json").check(0, "");
    let saved: Value = serde_json::from_str(&lab.read("plan.json")).expect("JSON");
    assert_eq!(saved["warnings"][0]["warning"], "pair_not_listed");
    let shown = lab.run("show plan.json").stdout.replace("\n    ", " ");
    assert!(shown.contains(WARNING), "{shown}");
    lab.emulator.fault(Fault::new(
        SPANS,
        When::EVERY,
        Effect::Refuse(Refusal::new(403, "NoPermission", "no")),
    ));
    let digest = saved["digest"].as_str().expect("a digest");
    let ran = lab.run(&format!("apply --plan-digest {digest}"));
    assert!(
        ran.stdout.contains(CREATE),
        "it is approved, and the service refuses it: {}{}",
        ran.stdout,
        ran.stderr
    );
}

/// Each reading of the vendor's pages that names the pairs.
#[test]
fn areas_are_compared_in_any_case_and_order() {
    let far = || Some(vec![["Europe", "South-America"], ["China", "Europe"]]);
    for (name, spans) in [
        ("as documented", Spans { pairs: far(), ..Spans::default() }),
        ("as in a purchase", Spans { pairs: far(), capitalised: true, ..Spans::default() }),
        ("the other one first", Spans { pairs: far(), turned: true, ..Spans::default() }),
    ] {
        assert!(!plan(&with(spans, FAR)).contains("pair_not_listed"), "{name}");
    }
    // More than fit on a page: the last one decides.
    let mut many: Vec<[&str; 2]> = vec![["Europe", "China"]; 50];
    many.push(["South-America", "Europe"]);
    let lab = with(Spans { pairs: Some(many), ..Spans::default() }, FAR);
    assert!(!plan(&lab).contains("pair_not_listed"));
    assert_eq!(calls(&lab), 2);
}

/// Each answer that says nothing about pairs: so does the plan.
#[test]
fn an_answer_that_cannot_be_read_is_no_warning() {
    let row = |value: Value| [("OppositeGeoRegionId".to_owned(), value)].into();
    let one = || Some(vec![["China", "Europe"]]);
    for (name, spans) in [
        ("empty", Spans { pairs: Some(Vec::new()), ..Spans::default() }),
        ("one too few", Spans { pairs: one(), miscount: 1, ..Spans::default() }),
        ("one too many", Spans { pairs: one(), miscount: -1, ..Spans::default() }),
        ("no end", Spans { pairs: Some(vec![["China", "Europe"]; 500]), ..Spans::default() }),
        ("no area", Spans { pairs: one(), row: row(Value::Null), ..Spans::default() }),
        ("a number", Spans { pairs: one(), row: row(json!(7)), ..Spans::default() }),
        ("another text", Spans { pairs: one(), row: row(json!("a b")), ..Spans::default() }),
    ] {
        let lab = with(spans, FAR);
        assert!(!plan(&lab).contains("pair_not_listed"), "{name}");
        assert!((1..=6).contains(&calls(&lab)), "{name}");
    }
}

#[test]
fn a_question_that_is_refused_or_lost_stops_no_plan_and_says_nothing() {
    for fault in
        ["refuse=403/NoPermission", "refuse=404/InvalidApi.NotFound", "throttle", "cut-before", "truncate"]
    {
        let lab = Lab::of(FAR);
        lab.emulator.fault(format!("{SPANS}:{fault}").parse().expect("a fault"));
        let ran = lab.run("plan --max-retries 0 -v");
        assert_eq!(ran.code, 0, "{fault}: {}", ran.stderr);
        assert!(
            !ran.stdout.contains("pair_not_listed") && ran.stdout.contains("1 to buy"),
            "{fault}: {}",
            ran.stdout
        );
        assert!(ran.stderr.contains("pairs of areas on sale are not known"), "{fault}: {}", ran.stderr);
        assert!(!lab.run("plan --max-retries 0").stderr.contains("pairs"), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_asked_again_and_nothing_is_waited_for_twice() {
    for (fault, asked) in [
        ("refuse=403/NoPermission", 1),
        ("throttle", 3),
        ("throttle=30000", 1),
        ("refuse=500/InternalError", 3),
        ("cut-before", 3),
        ("truncate", 3),
    ] {
        let bench = Bench::new();
        bench.emulator.fault(format!("{SPANS}:{fault}").parse().expect("a fault"));
        bench.cloud.pairs().await.expect_err("it is refused or lost");
        assert_eq!(bench.calls(SPANS), asked, "{fault}");
        bench.emulator.clear_faults();
        assert_eq!(bench.cloud.pairs().await.expect("it passes").len(), 10);
    }
}

/// The warning is about purchases only.
#[test]
fn a_package_that_is_there_is_not_warned_of() {
    let lab = Lab::of(FAR);
    lab.emulator.edit(|world| {
        world.packages =
            vec![Package::new("cenbwp-x", ["europe", "south-america"], 5).tagged("cenbwp", "net/x")];
    });
    assert!(!plan(&lab).contains("pair_not_listed"));
    assert_eq!(calls(&lab), 0);
}
