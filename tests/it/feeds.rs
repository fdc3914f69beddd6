//! The reports of a status: pages, and feeds for calendars, spreadsheets and monitoring. Programs of others read them in
//! `tests/feeds`.

use cenbwp_tests::Package;
use serde_json::Value;

use crate::schemas::schema;
use crate::support::{Lab, ONE, Ran};

const FORMS: [&str; 7] = ["human", "json", "markdown", "html", "csv", "ics", "openmetrics"];

/// Returns a lab with a package that differs, one that is undeclared, and one of others.
fn lab() -> Lab {
    let lab = Lab::of(ONE);
    lab.emulator.edit(|world| {
        let ours = |id: &str, owner: &str| Package::new(id, ["china", "europe"], 8).tagged("cenbwp", owner);
        world.packages =
            vec![ours("cenbwp-x", "net/x"), ours("cenbwp-y", "net/y"), ours("cenbwp-z", "other/z")];
        world.packages[1].name = "=cmd()\n\u{202e}::error::x".into();
    });
    lab
}

fn with_every_form(command: &str) -> String {
    FORMS.iter().fold(command.to_owned(), |command, form| format!("{command} --report {form}=out.{form}"))
}

/// Checks that each form but those for machines only has each of these texts.
#[track_caller]
fn check(lab: &Lab, ran: &Ran, code: i32, texts: &[&str], without: &[&str]) {
    assert_eq!(ran.code, code, "{}", ran.stderr);
    for form in FORMS.iter().filter(|form| !without.contains(form)) {
        let report = lab.read(&format!("out.{form}")).replace("\r\n ", "");
        for text in texts {
            assert!(report.contains(text), "{text:?} is not in {form}:\n{report}");
        }
    }
}

#[test]
fn every_form_of_a_status_names_each_package_and_the_answer_stays() {
    let lab = lab();
    for flags in ["", " --all", " --json", " -o wide --all", " --detailed-exitcode"] {
        let plain = lab.run(&format!("status{flags}"));
        let ran = lab.run(&with_every_form(&format!("status{flags}")));
        assert_eq!((&plain.stdout, plain.code), (&ran.stdout, ran.code), "{flags}");
        check(&lab, &ran, plain.code, &["cenbwp-x", "cenbwp-y", "differs", "undeclared"], &[]);
        let has_others = lab.read("out.csv").contains("cenbwp-z");
        assert_eq!(has_others, flags.contains("--all"));
    }
    assert_eq!(lab.read("out.human"), lab.run("status").stdout);
    assert!(lab.read("out.csv").contains(",\"'=cmd()\\n\\u{202e}::error::x\","), "{}", lab.read("out.csv"));
}

#[test]
fn each_form_goes_to_stdout_alone() {
    let lab = lab();
    lab.run(&with_every_form("status"));
    for form in FORMS {
        let ran = lab.run(&format!("status --report {form}"));
        assert_eq!((ran.stdout, ran.code), (lab.read(&format!("out.{form}")), 0), "{form}");
    }
    for (flags, says) in [
        ("--json --report csv", "--json and --report without a path both want stdout"),
        ("-o json --report json", "--json and --report without a path both want stdout"),
        ("--report csv --report ics", "--json and --report without a path both want stdout"),
        ("-o wide --report csv", "--output wide and --report without a path both want stdout"),
        ("--report sarif", "invalid value 'sarif'"),
        ("--report csv=", "expected a path after ="),
    ] {
        lab.run(&format!("status {flags}")).check(3, says);
    }
    lab.run("plan --report ics").check(3, "invalid value 'ics'");
    assert_eq!(lab.run("status -o wide --report human").code, 0);
}

#[test]
fn report_of_a_status_is_no_input_and_no_other_output() {
    let lab = lab();
    lab.file("live.json", r#"{"CenBandwidthPackages": {"CenBandwidthPackage": []}}"#);
    for flags in [
        "--report csv=cenbwp.yaml",
        "--live-from live.json --report csv=./live.json",
        "--report csv=out --report ics=out",
    ] {
        lab.run(&format!("status {flags}")).check(3, "are one file");
    }
    assert_eq!(lab.read("cenbwp.yaml"), ONE);
    lab.run("status --report csv=no/folder/out.csv").check(1, "the report could not be written");
}

/// A reader of a feed must not take a failure for an account without packages.
#[test]
fn every_form_of_a_status_that_fails_says_so() {
    let mut lab = lab();
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_ID", None);
    let ran = lab.run(&with_every_form("status"));
    check(&lab, &ran, 1, &["ALIBABA_CLOUD_ACCESS_KEY"], &["openmetrics"]);
    assert!(lab.read("out.openmetrics").contains("\ncenbwp_status_complete 0\n# EOF\n"));
    assert!(!lab.read("out.csv").contains("\"id\""));
    lab.file("cenbwp.yaml", "{version: 1, stack: net, packages: {x: {}}}");
    let ran = lab.run(&with_every_form("status"));
    check(&lab, &ran, 3, &["the spec has "], &["openmetrics"]);
}

#[test]
fn status_as_a_document_fits_its_schema_and_has_what_the_events_say() {
    let lab = lab();
    let document: Value =
        serde_json::from_str(&lab.run("status --all --report json").stdout).expect("one document");
    schema("status.schema.json").validate(&document).expect("it fits its schema");
    let events = lab.run("status --all --json").stdout;
    let mut events: Vec<Value> =
        events.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(events.last().map(|summary| &summary["counts"]), Some(&document["counts"]));
    events.retain_mut(|event| event["type"].take() == "package");
    events.iter_mut().for_each(|event| drop(event.as_object_mut().expect("an object").remove("type")));
    assert_eq!(document["packages"], Value::Array(events));
}

#[test]
fn recording_that_is_not_whole_is_told_as_such() {
    let lab = Lab::of(ONE);
    lab.file("live.json", r#"{"TotalCount": 2, "CenBandwidthPackages": {"CenBandwidthPackage": []}}"#);
    let ran = lab.run("status --live-from live.json --report openmetrics");
    assert!(ran.stdout.contains("\ncenbwp_status_complete 0\n"), "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("cenbwp_package_held{stack=\"net\",package=\"x\",id=\"\"}"),
        "{}",
        ran.stdout
    );
    let ran = lab.run("status --report openmetrics");
    assert!(ran.stdout.contains("\ncenbwp_status_complete 1\n"), "{}{}", ran.stdout, ran.stderr);
    assert!(lab.run("status --report ics").stdout.contains("BEGIN:VTIMEZONE\r\n"), "no package ends");
}

/// The warning is in every form that has room for one: a package that ends is not found by looking for it.
#[test]
fn plan_warns_in_every_form_of_a_package_that_ends_soon() {
    let lab = Lab::of(ONE);
    lab.emulator.edit(|world| {
        world.packages.push(Package::new("cenbwp-x", ["china", "europe"], 7).tagged("cenbwp", "net/x"));
    });
    let soon = lab.emulator.now() + jiff::SignedDuration::from_hours(24 * 10);
    lab.emulator.edit(|world| world.packages[0].expires = soon);
    let forms = ["human", "json", "markdown", "github", "sarif", "junit", "html"];
    let asked = |command: &str| {
        let command =
            forms.iter().fold(command.to_owned(), |it, form| format!("{it} --report {form}=out.{form}"));
        assert_eq!(lab.run(&command).code, 0);
        forms.map(|form| lab.read(&format!("out.{form}")).contains("cenbwp-x ends "))
    };
    assert_eq!(asked("plan --out plan.json"), [true; 7]);
    assert_eq!(asked("show plan.json"), [true; 7]);
    assert_eq!(asked("plan --expiring-within 9d"), [false; 7]);
    assert!(lab.run("plan --json").stdout.contains(r#""code":"expiring""#));
}
