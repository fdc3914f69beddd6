//! Bandwidth that regions use: what would take it is held, shown, or refused by the service without a trace.

use std::sync::Arc;

use cenbwp_tests::{Cen, Config, Effect, Fault, LimitsShown, Package, Semantics, When, World};
use serde_json::{Value, json};

use super::held::{held, held_until_written};
use super::{APPLY, allowed, altered, live, nothing_bought, one};
use crate::schemas::schema;
use crate::support::{Lab, RESIZE};

/// Returns the package of `net/x` with 100 Mbps on `cen-1`, of which regions use 60.
fn used() -> Package {
    let package = altered(live("cenbwp-1", Some("net/x")), |it| {
        (it.bandwidth, it.cen_ids) = (100, vec!["cen-1".to_owned()]);
    });
    package.used("cn-hangzhou", "eu-central-1", 20).used("eu-central-1", "cn-beijing", 40)
}

/// Returns a lab with that package, two CENs, and these fields of `net/x`.
fn lab(fields: &str) -> Lab {
    showing(LimitsShown::Strings, fields)
}

fn showing(limits: LimitsShown, fields: &str) -> Lab {
    let lab =
        Lab::with(Config { semantics: Semantics { limits, ..Semantics::default() }, ..Config::default() });
    lab.file("cenbwp.yaml", &one("").replace("    bandwidth: 7\n", fields));
    lab.emulator.edit(|world| {
        world.packages.push(used());
        world.cens = ["cen-1", "cen-2"].map(Cen::new).into();
    });
    lab
}

/// Lowers what regions use to this, as a person does in the console.
fn lower(lab: &Lab, mbps: i64) {
    lab.emulator.edit(|world| lower_in(world, mbps));
}

fn lower_in(world: &mut World, mbps: i64) {
    let package = &mut world.packages[0];
    package.limits.clear();
    if mbps > 0 {
        *package = package.clone().used("cn-hangzhou", "eu-central-1", mbps);
    }
}

const SHRINKS: &str = "    bandwidth: 50\n";
const LEAVES: &str = "    bandwidth: 100\n    cenId: null\n    allowInterruption: true\n";
const MOVES: &str = "    bandwidth: 100\n    cenId: cen-2\n    allowInterruption: true\n";
const RETIRES: &str = "    bandwidth: 100\n    manage: retire\n";

#[test]
pub(super) fn bandwidth_below_what_regions_use_is_held_until_it_is_their_sum_or_they_use_less() {
    for limits in [LimitsShown::Strings, LimitsShown::Numbers] {
        let lab = showing(limits, SHRINKS);
        held_until_written(&lab, "allocated", "bandwidth: 60", &[]);
        assert_eq!(lab.emulator.packages()[0].bandwidth, 60);
    }
    let lab = lab(SHRINKS);
    let hint = held(&lab, "allocated");
    assert!(hint.contains("lower what regions use by 10 Mbps, cn-beijing - eu-central-1 first"), "{hint}");
    lower(&lab, 50);
    allowed(&lab, APPLY, &[]);
    assert_eq!(lab.emulator.packages()[0].bandwidth, 50);
}

#[test]
fn package_that_regions_use_leaves_no_cen_until_they_use_nothing() {
    for fields in [LEAVES, MOVES] {
        held_until_written(&lab(fields), "allocated", "cenId: cen-1", &[]);
    }
    for fields in [LEAVES, MOVES, RETIRES] {
        let lab = lab(fields);
        assert!(held(&lab, "allocated").contains("lower what each of these regions uses to 0"));
        lower(&lab, 1);
        held(&lab, "allocated");
        lower(&lab, 0);
        allowed(&lab, APPLY, &[]);
        assert_ne!(lab.emulator.packages()[0].cen_ids, ["cen-1"]);
    }
}

/// Checks that the service refuses the one change, with a hint, and that nothing is changed.
#[track_caller]
fn refused_by_the_service(lab: &Lab, command: &str, code: &str) {
    let before = lab.emulator.packages();
    let ran = lab.run(command);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let words: Vec<&str> = ran.stdout.split_whitespace().collect();
    let says = words.join(" ");
    assert!(says.contains(code), "{}", ran.stdout);
    assert!(says.contains("in the console, lower what they use, and plan again"), "{}", ran.stdout);
    let (now, was) = (&lab.emulator.packages()[0], &before[0]);
    assert_eq!((now.bandwidth, &now.cen_ids), (was.bandwidth, &was.cen_ids));
    assert!(lab.emulator.ledger().is_empty());
}

#[test]
pub(super) fn what_the_listing_does_not_show_is_warned_of_and_refused_by_the_service() {
    for (fields, code) in [
        (SHRINKS, "ParameterIllegal.BandwidthLimit"),
        (LEAVES, "InvalidOperation.CenBandwidthLimitsNotZero"),
        (RETIRES, "InvalidOperation.CenBandwidthLimitsNotZero"),
    ] {
        let lab = showing(LimitsShown::Absent, fields);
        let plan = lab.run("plan").stdout;
        assert!(plan.contains("net/x   allocation_unknown: the listing does not say how much"), "{plan}");
        refused_by_the_service(&lab, APPLY, code);
        lower(&lab, 0);
        allowed(&lab, APPLY, &[]);
    }
    let grows = showing(LimitsShown::Absent, "    bandwidth: 200\n");
    assert!(!grows.run("plan").stdout.contains("allocation_unknown"));
}

#[test]
fn regions_that_use_more_while_the_plan_is_carried_out_are_a_refusal() {
    for code in ["ParameterIllegal.BandwidthLimit", "InvalidOperation.BwpBandwidthExceeded"] {
        let semantics = Semantics { too_small: code, ..Semantics::default() };
        let lab = Lab::with(Config { semantics, ..Config::default() });
        lab.file("cenbwp.yaml", &one("").replace("bandwidth: 7", "bandwidth: 70"));
        lab.emulator.edit(|world| world.packages.push(used()));
        let edit = Effect::Edit(Arc::new(|world| lower_in(world, 80)));
        lab.emulator.fault(Fault::new(RESIZE, When::EVERY, edit));
        refused_by_the_service(&lab, APPLY, code);
    }
}

#[test]
fn saved_plan_is_applied_while_regions_leave_room_for_it_and_is_stale_when_they_do_not() {
    let digest = |lab: &Lab, file: &str| {
        assert_eq!(lab.run(&format!("plan --out {file}")).code, 0);
        let plan: Value = serde_json::from_str(&lab.read(file)).expect("JSON");
        (plan["digest"].clone(), plan["pins"]["live"]["fingerprint"].clone())
    };
    let lab = lab("    bandwidth: 70\n");
    let before = digest(&lab, "before.json");
    lower(&lab, 70);
    assert_eq!(before, digest(&lab, "after.json"), "what regions use is not approved");
    lower(&lab, 71);
    let ran = lab.run("apply before.json");
    assert_eq!(ran.code, 5, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("! net/x   held: allocated"), "{}", ran.stderr);
    nothing_bought(&lab);
    lower(&lab, 65);
    allowed(&lab, "apply before.json", &[]);
    assert_eq!(lab.emulator.packages()[0].bandwidth, 70);
}

/// Returns the first line of this type among the events of a command; all fit the schema.
#[track_caller]
fn event(lab: &Lab, command: &str, kind: &str) -> Value {
    let ran = lab.run(command);
    let events: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    let schema = schema("events.schema.json");
    assert!(events.iter().all(|event| schema.is_valid(event)), "{events:#?}");
    events.into_iter().find(|event| event["type"] == kind).unwrap_or_default()
}

#[test]
fn what_regions_use_is_shown_beside_the_package_and_nothing_if_they_use_nothing() {
    let lab = lab("    bandwidth: 70\n");
    let plan = || lab.run("plan").stdout;
    assert!(plan().contains("100 Mbps -> 70 Mbps   (may refund), regions use 60 Mbps\n"), "{}", plan());
    let markdown = lab.run("plan --report markdown").stdout;
    assert!(markdown.contains("regions use 60 Mbps"), "{markdown}");
    let wide = || lab.run("status -o wide").stdout;
    let pairs = "60 (cn-beijing - eu-central-1 40, cn-hangzhou - eu-central-1 20)";
    assert!(wide().contains(" USED ") && wide().contains(pairs), "{}", wide());
    assert!(!lab.run("status").stdout.contains("USED"));
    let each = json!([
        { "regions": ["cn-beijing", "eu-central-1"], "mbps": 40 },
        { "regions": ["cn-hangzhou", "eu-central-1"], "mbps": 20 },
    ]);
    for (command, kind) in [("plan --json", "change"), ("status --json", "package")] {
        let event = event(&lab, command, kind);
        assert_eq!((&event["allocated_mbps"], &event["allocated"]), (&json!(60), &each), "{event:#}");
    }
    lower(&lab, 0);
    assert!(plan().contains("100 Mbps -> 70 Mbps   (may refund)\n"), "{}", plan());
    assert!(!wide().contains("USED"), "{}", wide());
    for (command, kind) in [("plan --json", "change"), ("status --json", "package")] {
        assert!(!event(&lab, command, kind).to_string().contains("allocated"));
    }
}
