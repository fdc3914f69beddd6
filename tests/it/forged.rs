//! Saved plans with valid digests that differ from the reviewed plan: a digest has no key. Purchases are
//! protected by checks against the world.

use cenbwp_tests::Config;
use jiff::{SignedDuration, Timestamp};

use crate::support::{Forged, Lab, purchases};

const PINNED: &str = "
version: 1
stack: net
account: \"9999999999999999\"
defaults: { autoPay: true }
packages:
  x: { areas: [China, Europe], bandwidth: 7 }
";

const FREE: &str = "
version: 1
stack: spokes
defaults: { autoPay: true }
packages:
  y: { areas: [China, China], bandwidth: 2 }
";

/// Returns a plan of a spec that pins another account than the lab's, forged to be for the lab's account.
fn plan_for_the_wrong_account(files: &[(&str, &str)]) -> Lab {
    let theirs = Lab::with(Config { account_id: "9999999999999999".into(), ..Config::default() });
    let ours = Lab::new();
    for (name, text) in files {
        theirs.file(name, text);
        ours.file(name, text);
    }
    let ran = theirs.run("plan -f cen --out plan.json");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let forged =
        Forged::from(&theirs.read("plan.json")).for_account("1234567890123456").at_endpoint(&ours.url());
    ours.file("plan.json", &forged.file());
    ours
}

/// Returns a plan that claims to be this old.
fn plan_of_the_past(age: SignedDuration) -> Lab {
    let lab = Lab::new();
    lab.file("cenbwp.yaml", FREE);
    assert_eq!(lab.run("plan --out plan.json").code, 0);
    let made = lab.emulator.now() - age;
    lab.file("plan.json", &Forged::from(&lab.read("plan.json")).made_at(made).file());
    lab
}

/// Checks that the plan can be read, and is refused with this code before anything is bought.
#[track_caller]
fn check_refused(lab: &Lab, arguments: &str, code: i32, says: &str) {
    assert_eq!(lab.run("show plan.json").code, 0, "the forgery is good");
    lab.check_refused(arguments, code, says);
}

#[test]
fn plan_forged_for_another_account_is_refused_by_the_pin_of_its_own_spec() {
    let lab = plan_for_the_wrong_account(&[("cen/net.yaml", PINNED)]);
    let says = "stack net belongs to account 9999999999999999, and these credentials are of account 1234567890123456";
    check_refused(&lab, "apply plan.json", 4, says);
    check_refused(&lab, "apply plan.json --without-spec", 4, says);
}

#[test]
fn pin_of_every_stack_counts_also_where_another_stack_has_none() {
    let lab = plan_for_the_wrong_account(&[("cen/net.yaml", PINNED), ("cen/spokes.yaml", FREE)]);
    check_refused(&lab, "apply plan.json", 4, "stack net belongs to account 9999999999999999");
}

#[test]
fn plan_from_the_future_is_stale_however_long_plans_may_live() {
    let years = SignedDuration::from_hours(24 * 365 * 70);
    for (ahead, says) in
        [(years, "in the future"), (SignedDuration::from_mins(20), "20 minutes in the future")]
    {
        let lab = plan_of_the_past(-ahead);
        for ttl in ["1s", "24h", "36500d"] {
            check_refused(&lab, &format!("apply plan.json --plan-ttl {ttl}"), 5, says);
        }
    }
}

#[test]
fn clocks_may_differ_by_some_minutes() {
    let lab = plan_of_the_past(-SignedDuration::from_mins(10));
    let ran = lab.run("apply plan.json --plan-ttl 1s");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(purchases(&lab.emulator), ["spokes/y"]);
}

#[test]
fn plan_that_is_too_old_says_so_in_hours_and_names_a_time_to_live_that_works() {
    let lab = plan_of_the_past(SignedDuration::from_mins(26 * 60 + 10));
    check_refused(&lab, "apply plan.json", 5, "26 hours old");
    let ran = lab.run("apply plan.json");
    let made = lab.emulator.now() - SignedDuration::from_mins(26 * 60 + 10);
    assert!(ran.stderr.contains(&made.strftime("the plan is of %Y-%m-%d ").to_string()), "{}", ran.stderr);
    assert!(ran.stderr.contains(" UTC, 26 hours old"), "{}", ran.stderr);
    let hint = ran.stderr.split("--plan-ttl ").nth(1).and_then(|rest| rest.split_whitespace().next());
    let ran = lab.run(&format!("apply plan.json --plan-ttl {}", hint.expect("a value")));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(purchases(&lab.emulator), ["spokes/y"]);
}

#[test]
fn oldest_plan_that_can_be_written_is_too_old() {
    let lab = Lab::new();
    lab.file("cenbwp.yaml", FREE);
    assert_eq!(lab.run("plan --out plan.json").code, 0);
    for time in ["-009999-01-02T01:59:59Z", "9999-12-30T22:00:00Z"] {
        let time: Timestamp = time.parse().expect("a time");
        lab.file("plan.json", &Forged::from(&lab.read("plan.json")).made_at(time).file());
        check_refused(&lab, "apply plan.json", 5, "plan.json: the plan is of ");
    }
}

/// The paths of a forged plan lead nowhere else: neither to another file that declares the same, nor to
/// stdin.
#[test]
fn plan_forged_to_be_of_other_paths_is_another_spec() {
    let lab = Lab::new();
    lab.file("cen/spokes.yaml", FREE).file("copy/spokes.yaml", FREE).file("secret.txt", "hunter2 hunter2");
    assert_eq!(lab.run("plan -f cen --out plan.json").code, 0);
    let plan = lab.read("plan.json");
    for (paths, says) in [
        (&["copy"][..], "cen/spokes.yaml was removed, copy/spokes.yaml was added"),
        (&[], "cen/spokes.yaml was removed"),
        (&["cen", "copy"], "copy/spokes.yaml was added"),
        (&["-"], "stdin or a pipe"),
        (&["secret.txt"], "cen/spokes.yaml was removed, secret.txt was added"),
    ] {
        lab.file("plan.json", &Forged::from(&plan).made_of(paths).file());
        check_refused(&lab, "apply plan.json", 5, says);
        check_refused(&lab, "apply plan.json -f cen --without-spec", 5, "and -f cen was expected");
    }
    // A path that is written in another way than the tool writes it belongs to no plan of ours.
    lab.file("plan.json", &Forged::from(&plan).made_of(&["/dev/fd/0"]).file());
    lab.check_refused("apply plan.json", 3, "");
}
