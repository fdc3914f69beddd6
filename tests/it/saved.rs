//! Saved plans: applied as they were reviewed, or refused.

use cenbwp_tests::{Config, Package};
use serde_json::{Value, json};

use crate::support::{Lab, purchases};

const SPEC: &str = "
version: 1
stack: net
defaults: { autoPay: true }
packages:
  x: { areas: [China, Europe], bandwidth: 7 }
  y: { areas: [China, China], bandwidth: 2 }
";

/// Returns a lab with a saved plan `plan.json` of [`SPEC`].
fn planned() -> Lab {
    let lab = Lab::new();
    lab.file("cenbwp.yaml", SPEC);
    let ran = lab.run("plan --out plan.json");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("cenbwp apply plan.json"), "{}", ran.stderr);
    lab
}

/// The command that makes the plan of [`planned`] anew.
const ANEW: &str = "plan again: `cenbwp plan -f cenbwp.yaml -o plan.json`";

/// Applies the plan: it ends with this code, prints this on stderr, and buys nothing. A plan that is stale is
/// followed by the command that makes another one.
#[track_caller]
fn check_refused(lab: &Lab, arguments: &str, code: i32, says: &str) {
    let before = purchases(&lab.emulator);
    let ran = lab.run(arguments);
    ran.check(code, says);
    if code == 5 && arguments.starts_with("apply plan.json") {
        ran.check(code, ANEW);
    }
    assert_eq!(purchases(&lab.emulator), before);
}

#[test]
fn stale_plan_is_made_anew_by_the_command_of_the_hint_in_the_same_scope() {
    let lab = Lab::new();
    lab.file("my cen/net.yaml", SPEC);
    let plan = ["plan", "-f", "my cen", "--target", "net/x", "--max-new-mbps", "9", "-o", "st.json"];
    assert_eq!(lab.finish(lab.command("cenbwp").args(plan)).code, 0);
    lab.file("my cen/net.yaml", &SPEC.replace("bandwidth: 7", "bandwidth: 8"));
    let refused = lab.run("apply st.json");
    refused.check(5, "`cenbwp plan -f 'my cen' --target net/x --max-new-mbps 9 -o st.json`");
    let command = refused.stderr.trim_end().rsplit('`').nth(1).expect("a command");
    assert_eq!(lab.finish(lab.command("sh").args(["-c", command])).code, 0, "{command}");
    assert_eq!(lab.run("apply st.json").code, 0);
    assert_eq!(purchases(&lab.emulator), ["net/x"]);
}

#[test]
fn saved_plan_is_applied_without_another_question() {
    let lab = planned();
    let ran = lab.run("apply plan.json");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(purchases(&lab.emulator).len(), 2);
    // The same file again finds everything done.
    let ran = lab.run("apply plan.json");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(purchases(&lab.emulator).len(), 2);
}

#[test]
fn plan_that_cannot_be_saved_is_an_error_that_names_the_file() {
    let lab = planned();
    for file in ["/dev/full", "no/such/folder/plan.json", "."] {
        let ran = lab.run(&format!("plan --out {file}"));
        assert_eq!(ran.code, 1, "{file}: {}", ran.stderr);
        assert!(ran.stderr.contains(&format!("{file}: the plan could not be saved")), "{}", ran.stderr);
        assert!(!ran.stderr.contains(".tmp"), "a name that no user typed: {}", ran.stderr);
    }
}

#[test]
fn show_prints_the_plan_as_plan_printed_it_without_network() {
    let mut lab = planned();
    let planned = lab.run("plan").stdout;
    let (shown, _) = planned.split_once("Next: ").expect("it can be applied");
    let requests = lab.emulator.requests().len();
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_ID", None);
    let ran = lab.run("show plan.json");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with(shown), "{}", ran.stdout);
    assert!(ran.stdout.contains("Made for account 1234567890123456"), "{}", ran.stdout);
    assert_eq!(lab.emulator.requests().len(), requests);
}

#[test]
fn half_applied_plan_is_resumed_from_the_same_file() {
    let lab = planned();
    lab.emulator.fault("CreateCenBandwidthPackage@2:refuse=400/InventoryExceeded".parse().expect("a fault"));
    assert_eq!(lab.run("apply plan.json --parallelism 1").code, 6);
    assert_eq!(purchases(&lab.emulator), ["net/x"]);
    let ran = lab.run("apply plan.json");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(purchases(&lab.emulator), ["net/x", "net/y"]);
}

#[test]
fn digest_approves_exactly_one_plan() {
    let lab = planned();
    let plan: Value = serde_json::from_str(&lab.read("plan.json")).expect("JSON");
    let digest = plan["digest"].as_str().expect("a digest");
    let wrong = format!("sha256:{}", "0".repeat(64));
    check_refused(&lab, &format!("apply --plan-digest {wrong}"), 5, digest);
    lab.file("cenbwp.yaml", &SPEC.replace("bandwidth: 7", "bandwidth: 8"));
    check_refused(&lab, &format!("apply --plan-digest {digest}"), 5, "was approved");
    lab.file("cenbwp.yaml", SPEC);
    let ran = lab.run(&format!("apply --plan-digest {digest}"));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(purchases(&lab.emulator).len(), 2);
}

#[test]
fn flags_that_shape_a_plan_are_refused_beside_one() {
    let lab = planned();
    for flag in ["--target net/x", "--skip-held", "--max-purchases 1", "--max-new-mbps 1", "--live-from x"] {
        check_refused(&lab, &format!("apply plan.json {flag}"), 3, "cannot be used with");
        check_refused(
            &lab,
            &format!("apply plan.json {flag}"),
            3,
            &format!("plan again: `cenbwp plan {flag} -f cenbwp.yaml -o plan.json`"),
        );
    }
    for flag in ["--without-spec", "--plan-ttl 1h"] {
        check_refused(&lab, &format!("apply --auto-approve {flag}"), 3, "PLAN");
    }
}

#[test]
fn spec_that_changed_makes_a_plan_stale_unless_it_is_applied_without_the_spec() {
    let lab = planned();
    lab.file("cenbwp.yaml", &format!("# a comment and nothing else\n{SPEC}"));
    assert_eq!(lab.run("apply plan.json --parallelism 1").code, 0, "comments declare nothing");

    let lab = planned();
    lab.file("cenbwp.yaml", &SPEC.replace("bandwidth: 7", "bandwidth: 8"));
    check_refused(
        &lab,
        "apply plan.json",
        5,
        "cenbwp.yaml: the spec changed after the plan was made: net/x differs\n",
    );
    let several =
        SPEC.replace("  y:", "  z:").replace("stack: net\n", "stack: net\nlimits: { maxPurchases: 5 }\n");
    lab.file("cenbwp.yaml", &several);
    check_refused(&lab, "apply plan.json", 5, ": net/y is gone, net/z is new, stack net differs\n");
    lab.file("cenbwp.yaml", &SPEC.replace("bandwidth: 7", "bandwith: 7"));
    check_refused(&lab, "apply plan.json", 5, "after the plan was made: it has errors\n");
    std::fs::remove_file(lab.path("cenbwp.yaml")).expect("it was there");
    check_refused(&lab, "apply plan.json", 5, "--without-spec");
    assert_eq!(lab.run("apply plan.json --without-spec").code, 0);
    assert_eq!(purchases(&lab.emulator).len(), 2);
}

#[test]
fn plan_expires() {
    let lab = planned();
    check_refused(&lab, "apply plan.json --plan-ttl 0s", 5, "the plan is of ");
}

#[test]
fn another_endpoint_or_account_makes_a_plan_stale() {
    let mut lab = planned();
    let other = Lab::with(Config { account_id: "42".into(), ..Config::default() });
    other.file("cenbwp.yaml", SPEC).file("plan.json", &lab.read("plan.json"));
    check_refused(&other, "apply plan.json", 5, "the plan was made at http://127.0.0.1:");
    check_refused(&other, "apply plan.json", 5, "name that endpoint with --endpoint or CENBWP_ENDPOINT");
    assert!(other.emulator.requests().is_empty());
    // The packages are unchanged, and the credentials belong to another account.
    lab.set("CENBWP_STS_ENDPOINT", Some(&other.url()));
    check_refused(&lab, "apply plan.json", 5, "these credentials are of account 42");
    check_refused(&lab, "apply plan.json", 5, "use credentials of that account");
}

#[test]
fn world_that_changed_makes_a_plan_stale_and_shows_both() {
    let lab = planned();
    lab.emulator.edit(|world| world.packages.push(Package::new("cenbwp-twin", ["china", "europe"], 7)));
    check_refused(&lab, "apply plan.json", 5, "--- planned");
    // Another run bought it with a third bandwidth, neither the planned nor the declared one.
    let lab = planned();
    let other = Package::new("cenbwp-theirs", ["china", "europe"], 9).tagged("cenbwp", "net/x");
    lab.emulator.edit(|world| world.packages.push(other));
    check_refused(&lab, "apply plan.json", 5, "+++ now");
}

#[test]
fn what_others_need_meanwhile_is_not_part_of_an_approved_plan() {
    let lab = Lab::new();
    lab.file("cenbwp.yaml", SPEC);
    lab.run("apply --auto-approve --target net/y");
    lab.run("plan --out plan.json");
    let raise = |world: &mut cenbwp_tests::World| world.packages[0].bandwidth = 3;
    lab.emulator.edit(raise);
    let ran = lab.run("apply plan.json");
    assert_eq!(purchases(&lab.emulator), ["net/y", "net/x"]);
    assert_eq!(ran.code, 6, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("left to do: net/y  update"), "{}", ran.stdout);
    let next = ran.stdout.replace("\n  ", " ");
    let anew = "cenbwp plan -f cenbwp.yaml -o plan.json";
    assert!(
        next.contains(&format!("plan what is left: `{anew}`, review it, and `cenbwp apply plan.json`")),
        "{next}"
    );
    assert_eq!(lab.finish(lab.command("sh").args(["-c", anew])).code, 0);
    assert_eq!(lab.run("apply plan.json").code, 0);
}

#[test]
fn plan_that_holds_something_is_saved_shown_and_not_applied() {
    let lab = Lab::new();
    lab.emulator.edit(|world| world.packages.push(Package::new("cenbwp-twin", ["china", "europe"], 7)));
    lab.file("cenbwp.yaml", SPEC);
    let ran = lab.run("plan --out plan.json");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(lab.run("show plan.json").stdout.contains("cannot be applied"));
    check_refused(
        &lab,
        "apply plan.json",
        4,
        "1 change is held, so nothing is bought or changed: net/x: look_alike\n",
    );
    check_refused(&lab, "apply plan.json", 4, ANEW);
    check_refused(&lab, "apply plan.json", 4, "`cenbwp plan -f cenbwp.yaml -o plan.json --skip-held`");
    let shown = lab.run("apply plan.json").stdout;
    assert!(shown.contains("held: look_alike") || shown.contains("look_alike: "), "{shown}");
    lab.run("plan -f cenbwp.yaml -o plan.json --skip-held");
    assert_eq!(lab.run("apply plan.json").code, 0);
    assert_eq!(purchases(&lab.emulator), ["net/y"]);
}

#[test]
fn plan_that_exceeds_limits_is_saved_and_its_refusal_names_them_all() {
    let lab =
        Lab::of(&SPEC.replace("stack: net\n", "stack: net\nlimits: {maxPurchases: 1, maxNewMbps: 5}\n"));
    assert_eq!(lab.run("plan --out plan.json").code, 0);
    check_refused(&lab, "apply plan.json", 4, "maxPurchases of stack net is 1");
    check_refused(&lab, "apply plan.json", 4, "maxNewMbps of stack net is 5");
    check_refused(&lab, "apply plan.json", 4, ANEW);
    check_refused(&lab, "apply --auto-approve", 4, "maxNewMbps of stack net is 5");
}

#[test]
fn plan_of_a_recording_is_never_applied() {
    let lab = planned();
    let nothing = r#"{"TotalCount": 0, "CenBandwidthPackages": {"CenBandwidthPackage": []}}"#;
    lab.file("live.json", nothing);
    assert_eq!(lab.run("plan --live-from live.json --out plan.json").code, 0);
    check_refused(&lab, "apply plan.json", 4, "a recording");
}

#[test]
fn file_that_is_no_plan_is_invalid_and_nothing_is_sent() {
    let lab = Lab::new();
    for (text, says) in [
        ("", "not a saved plan"),
        ("{}", "format_version"),
        ("[]", "format_version"),
        ("{\"format_version\": \"9.9\", \"tool\": {\"version\": \"0.2.0\"}}", "9.9"),
        (&"[".repeat(100_000), "not a saved plan"),
    ] {
        lab.file("plan.json", text);
        for command in ["show plan.json", "apply plan.json"] {
            check_refused(&lab, command, 3, says);
        }
    }
    check_refused(&lab, "apply no-such-plan.json", 3, "no-such-plan.json");
    assert!(lab.emulator.requests().is_empty());
}

/// Changes every value of a plan, one at a time: each change is noticed and named, and nothing is sent.
#[test]
fn plan_with_any_value_changed_by_hand_is_refused() {
    let lab = planned();
    let requests = lab.emulator.requests().len();
    let plan: Value = serde_json::from_str(&lab.read("plan.json")).expect("JSON");
    let mut pointers = Vec::new();
    leaves(&plan, String::new(), &mut pointers);
    assert!(pointers.len() > 60, "{pointers:?}");
    for pointer in pointers {
        let mut changed = plan.clone();
        let value = changed.pointer_mut(&pointer).expect("it was found there");
        *value = match value.take() {
            Value::String(text) => json!(format!("{text}1")),
            Value::Number(number) => json!(number.as_u64().unwrap_or_default() + 1),
            Value::Bool(bool) => json!(!bool),
            _ => json!("1"),
        };
        lab.file("plan.json", &changed.to_string());
        let ran = lab.run("apply plan.json");
        assert!([3, 5].contains(&ran.code), "{pointer}: {} {}", ran.code, ran.stderr);
        assert!(ran.stderr.contains(first_name(&pointer)), "{pointer} is not named: {}", ran.stderr);
        assert_eq!(lab.emulator.requests().len(), requests, "{pointer}");
    }
    assert!(purchases(&lab.emulator).is_empty());
}

/// Returns the part of the document that a pointer leads into, which an error has to name.
fn first_name(pointer: &str) -> &str {
    pointer.split('/').nth(1).unwrap_or_default()
}

/// The JSON pointers of every value that is no container.
fn leaves(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                leaves(value, format!("{pointer}/{name}"), pointers);
            }
        }
        Value::Array(items) => {
            for (n, value) in items.iter().enumerate() {
                leaves(value, format!("{pointer}/{n}"), pointers);
            }
        }
        _ => pointers.push(pointer),
    }
}
