//! The command line as pipelines and people use it.

use std::io::Read;
use std::process::Stdio;

use cenbwp_tests::Package;
use serde_json::Value;

use crate::support::{CREATE, Lab, ONE, Terminal, purchases};

/// Returns the events of a run: each line is an object, the first a version, the last the summary.
#[track_caller]
fn events(stdout: &str, code: i32) -> Vec<Value> {
    let parse =
        |line: &str| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let events: Vec<Value> = stdout.lines().map(parse).collect();
    assert_eq!(events.first().map(|event| &event["type"]), Some(&Value::from("version")));
    let summary = events.last().expect("at least a summary");
    assert_eq!(summary["type"], "summary");
    assert_eq!(summary["exit_code"], code, "{summary}");
    events
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().expect("every event has a type")).collect()
}

#[test]
fn detailed_exit_code_tells_whether_something_is_to_be_done() {
    let lab = Lab::of(ONE);
    assert_eq!(lab.run("plan").code, 0);
    assert_eq!(lab.run("plan --detailed-exitcode").code, 2);
    assert_eq!(lab.run("apply --auto-approve").code, 0);
    assert_eq!(lab.run("plan --detailed-exitcode").code, 0);
    assert_eq!(purchases(&lab.emulator), ["net/x"]);
}

#[test]
fn applying_what_is_there_already_does_nothing_and_needs_no_approval() {
    let lab = Lab::of(ONE);
    lab.run("apply --auto-approve");
    let ran = lab.run("apply");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("No changes"), "{}", ran.stdout);
    assert_eq!(purchases(&lab.emulator), ["net/x"]);
}

#[test]
fn every_command_with_events_ends_in_a_summary() {
    let lab = Lab::of(ONE);
    let ran = lab.run("validate --json");
    assert_eq!(types(&events(&ran.stdout, 0)), ["version", "summary"]);
    let ran = lab.run("plan --json");
    let planned = events(&ran.stdout, 0);
    assert_eq!(types(&planned), ["version", "credentials", "change", "summary"]);
    assert_eq!(planned[2]["action"], "purchase");
    assert_eq!(planned[2]["after"]["bandwidth"], 7);
    assert_eq!(planned[3]["new_mbps"], 7);
    let ran = lab.run("apply --json");
    assert_eq!(types(&events(&ran.stdout, 4)), ["version", "credentials", "change", "diagnostic", "summary"]);
    let ran = lab.run("apply --json --auto-approve");
    let applied = events(&ran.stdout, 0);
    let kinds: Vec<&str> = types(&applied).into_iter().filter(|kind| *kind != "progress").collect();
    assert_eq!(kinds, ["version", "credentials", "change", "change_start", "change_result", "summary"]);
    let result = applied.iter().find(|event| event["type"] == "change_result").expect("one result");
    assert_eq!(result["outcome"], "created");
    assert_eq!(result["id"], lab.emulator.packages()[0].id.as_str());
    assert_eq!(result["client_token"], lab.emulator.ledger()[0].client_token.as_deref().unwrap_or_default());
}

/// One purchase of 5 Mbps and an upgrade of another package by 390 Mbps count the same in every summary.
#[test]
fn new_mbps_are_purchases_and_growth_and_both_are_shown_apart() {
    let lab = Lab::new();
    let spec = "{version: 1, stack: net, limits: {maxNewMbps: 395}, defaults: {autoPay: true}, packages: {grown: {areas: [China, Europe], bandwidth: 400}, new: {areas: [China, China], bandwidth: 5}}}";
    lab.file("cenbwp.yaml", spec);
    lab.emulator.edit(|world| {
        world.packages = vec![
            cenbwp_tests::Package::new("cenbwp-1", ["china", "europe"], 10).tagged("cenbwp", "net/grown"),
        ];
    });
    let check = |summary: &Value| {
        let figures = ["new_mbps", "purchase_mbps", "upgrade_mbps"].map(|name| summary[name].as_u64());
        assert_eq!(figures, [Some(395), Some(5), Some(390)], "{summary}");
    };
    let document: Value = serde_json::from_str(&lab.run("plan --report json").stdout).expect("one document");
    check(&document["summary"]);
    check(events(&lab.run("plan --json").stdout, 0).last().expect("a summary"));
    let human = lab.run("plan").stdout;
    assert!(human.contains("1 to buy (5 Mbps, 1 month)"), "{human}");
    assert!(human.contains("Upgrades add 390 Mbps (charges)."), "{human}");
    let one_less = lab.run("plan --max-new-mbps 394");
    assert!(
        one_less.stdout.contains("maxNewMbps of this run is 394, the plan needs 395"),
        "{}",
        one_less.stdout
    );
    lab.run("plan --out plan.json --quiet");
    check(events(&lab.run("apply plan.json --auto-approve --json").stdout, 0).last().expect("a summary"));
    let ran = lab.run("apply --auto-approve --report json");
    let document: Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!(document["summary"]["new_mbps"], 0, "{document:#}");
}

#[test]
fn events_of_a_run_that_fails_end_in_a_summary_too() {
    let lab = Lab::of(ONE);
    lab.file("cenbwp.yaml", "{version: 1, stack: net, packages: {x: {}}}");
    for command in ["validate --json", "plan --json", "apply --json --auto-approve"] {
        let ran = lab.run(command);
        assert_eq!(ran.code, 3, "{command}");
        assert!(types(&events(&ran.stdout, 3)).contains(&"finding"), "{command}: {}", ran.stdout);
    }
}

#[test]
fn a_saved_plan_is_shown_as_events_and_saved_under_the_short_flag_too() {
    let lab = Lab::of(ONE);
    assert_eq!(lab.run("plan -o plan.json --quiet").code, 0);
    let shown = events(&lab.run("show plan.json --json").stdout, 0);
    assert_eq!(types(&shown), ["version", "change", "summary"]);
    assert_eq!(
        shown[2]["digest"],
        serde_json::from_str::<Value>(&lab.read("plan.json")).expect("a plan")["digest"]
    );
}

#[test]
fn plan_document_is_the_same_for_the_same_world() {
    let lab = Lab::of(ONE);
    let document = |ran: &str| serde_json::from_str::<Value>(ran).expect("one document");
    let (first, second) = (lab.run("plan --report json").stdout, lab.run("plan --report json").stdout);
    let (mut first, mut second) = (document(&first), document(&second));
    assert_eq!(first["format_version"], "1.1");
    assert!(first["digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:")));
    assert_eq!(first["applyable"], true);
    assert_eq!(first["pins"]["account_id"], "1234567890123456");
    let change = &first["resource_changes"][0];
    assert_eq!(change["address"], "cen_bandwidth_package.net/x");
    assert_eq!(change["change"]["actions"][0], "create");
    assert_eq!(first["purchases"][0]["request"]["Tag.1.Value"], "net/x");
    assert_eq!(first["purchases"][0]["client_token"], first["purchases"][0]["request"]["ClientToken"]);
    for document in [&mut first, &mut second] {
        for time in ["/created_at", "/inputs/created_at", "/inputs_digest"] {
            *document.pointer_mut(time).expect("the time of the plan, or what it is part of") = Value::Null;
        }
    }
    assert_eq!(first, second);
}

#[test]
fn digest_changes_with_what_decides_and_with_nothing_else() {
    let lab = Lab::of(ONE);
    let digest = || {
        let document: Value =
            serde_json::from_str(&lab.run("plan --report json").stdout).expect("one document");
        document["digest"].clone()
    };
    let before = digest();
    lab.emulator.edit(|world| world.packages.push(Package::new("cenbwp-stranger", ["europe", "europe"], 3)));
    assert_eq!(digest(), before, "a stranger's package decides nothing");
    lab.file("cenbwp.yaml", &format!("# a comment\n{ONE}"));
    assert_eq!(digest(), before, "a comment decides nothing");
    lab.file("cenbwp.yaml", &ONE.replace("bandwidth: 7", "bandwidth: 8"));
    assert_ne!(digest(), before);
}

#[test]
fn report_goes_to_its_file_and_stdout_stays_human() {
    let lab = Lab::of(ONE);
    let ran = lab.run("plan --report json=plan.json --report human=plan.txt");
    assert!(ran.stdout.contains("Plan: "), "{}", ran.stdout);
    // The report may be read long afterwards, so it does not say what to type next.
    assert!(ran.stdout.starts_with(&lab.read("plan.txt")), "{}", ran.stdout);
    let document: Value = serde_json::from_str(&lab.read("plan.json")).expect("one document");
    assert_eq!(document["summary"]["purchases"], 1);
    let ran = lab.run("apply --auto-approve --report json");
    let document: Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!(document["outcomes"][0]["outcome"], "created");
    assert_eq!(document["summary"]["exit_code"], 0);
}

#[test]
fn report_that_cannot_be_written_fails_a_plan_and_not_the_truth_about_an_apply() {
    let lab = Lab::of(ONE);
    let ran = lab.run("plan --report json=no/such/folder/plan.json");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("no/such/folder/plan.json"), "{}", ran.stderr);
    let ran = lab.run("apply --auto-approve --report json=no/such/folder/apply.json");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("no/such/folder/apply.json"), "{}", ran.stderr);
}

#[test]
fn full_disk_under_stdout_is_an_error_of_a_plan() {
    let lab = Lab::of(ONE);
    let full =
        || std::fs::File::options().write(true).open("/dev/full").expect("a device that is always full");
    let ran = lab.finish(lab.command("sh").args(["-c", "cenbwp plan > /dev/full"]));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("could not be written"), "{}", ran.stderr);
    let status =
        lab.command("cenbwp").args(["apply", "--auto-approve"]).stdout(full()).status().expect("it runs");
    assert_eq!(status.code(), Some(0), "what was bought was bought");
    assert_eq!(purchases(&lab.emulator), ["net/x"]);
}

#[test]
fn closed_pipe_ends_the_printing_quietly() {
    let lab = Lab::of(ONE);
    for arguments in
        [&["schema"][..], &["plan"], &["completions", "bash"], &["explain"], &["validate"], &["--help"]]
    {
        let mut child = lab
            .command("cenbwp")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        drop(child.stdout.take());
        let mut story = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut story).expect("UTF-8");
        assert_eq!(child.wait().expect("it ends").code(), Some(0), "{arguments:?}: {story}");
        assert!(!story.contains("panic"), "{story}");
    }
}

#[test]
fn colour_is_for_terminals_unless_it_is_forbidden_or_forced() {
    let mut lab = Lab::of(ONE);
    assert!(!lab.run("plan").stdout.contains('\x1b'));
    assert!(lab.run("plan --color always").stdout.contains('\x1b'));
    let on_terminal = |lab: &Lab| Terminal::start(lab.command("cenbwp").args(["plan"])).end_in_colour();
    assert!(on_terminal(&lab).0.contains('\x1b'));
    lab.set("NO_COLOR", Some("1"));
    assert!(!on_terminal(&lab).0.contains('\x1b'));
    assert!(!lab.run("plan").stdout.contains('\x1b'));
}

#[test]
fn recording_is_planned_against_without_credentials_or_network() {
    let mut lab = Lab::of(ONE);
    for name in [
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        "CENBWP_ENDPOINT",
        "CENBWP_STS_ENDPOINT",
    ] {
        lab.set(name, None);
    }
    let live = r#"{"TotalCount": 1, "PageNumber": 1, "PageSize": 50, "CenBandwidthPackages": {"CenBandwidthPackage": [
        {"CenBandwidthPackageId": "cenbwp-1", "GeographicRegionAId": "europe", "GeographicRegionBId": "china", "Bandwidth": "7",
         "BandwidthPackageChargeType": "PREPAY", "Tags": {"Tag": [{"Key": "cenbwp", "Value": "net/x"}]}}]}}"#;
    lab.file("live.json", live);
    let ran = lab.run("plan --live-from live.json --detailed-exitcode");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    lab.file("live.json", "{}");
    let ran = lab.run("plan --live-from live.json");
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(lab.emulator.requests().is_empty());
}

#[test]
fn spec_comes_from_files_folders_and_stdin() {
    let lab = Lab::of(ONE);
    lab.file("specs/a.yaml", ONE)
        .file("specs/below/b.yml", &ONE.replace("x:", "y:"))
        .file("specs/notes.txt", "no spec");
    let ran = lab.run("validate -f specs");
    assert!(ran.stdout.contains("2 packages in 1 stack"), "{}", ran.stdout);
    let mut child = lab.command("cenbwp");
    let file = std::fs::File::open(lab.path("cenbwp.yaml")).expect("the spec");
    let ran = lab.finish(child.args(["validate", "-f", "-", "-f", "specs/below"]).stdin(file));
    assert!(ran.stdout.contains("2 packages in 1 stack"), "{}{}", ran.stdout, ran.stderr);
    let ran = lab.run("validate -f specs -f cenbwp.yaml");
    assert_eq!(ran.code, 3);
    assert!(ran.stdout.contains("specs/a.yaml") && ran.stdout.contains("cenbwp.yaml"), "{}", ran.stdout);
}

#[test]
fn interrupted_plan_ends_with_130() {
    let lab = Lab::of(ONE);
    lab.emulator.fault("*:latency=60s".parse().expect("a fault"));
    let mut child = lab.command("cenbwp").arg("plan").stderr(Stdio::piped()).spawn().expect("it runs");
    while lab.emulator.requests().is_empty() {
        std::thread::yield_now();
    }
    let killed = std::process::Command::new("kill").arg("-TERM").arg(child.id().to_string()).status();
    assert!(killed.expect("kill is there").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}

#[test]
fn second_signal_ends_an_apply_at_once_and_names_the_tokens() {
    let lab = Lab::of(ONE);
    lab.emulator.fault("CreateCenBandwidthPackage:latency=60s".parse().expect("a fault"));
    let mut terminal = Terminal::control(lab.command("cenbwp").args(["apply", "--auto-approve"]));
    while !lab.emulator.requests().iter().any(|request| request.action == CREATE) {
        std::thread::yield_now();
    }
    terminal.press_ctrl_c();
    terminal.wait_for("interrupted: nothing new is sent");
    terminal.press_ctrl_c();
    let (screen, code) = terminal.end();
    assert_eq!(code, 7, "{screen}");
    assert!(screen.contains("outcome unknown: net/x, client token cbwp1-"), "{screen}");
}

#[test]
fn a_usage_error_ends_the_event_stream_with_a_summary() {
    let lab = Lab::of(ONE);
    for (arguments, command, hint) in [
        ("plan --json --bogus", "plan", "see the flags: cenbwp plan --help"),
        ("plan --bogus --json", "plan", "cenbwp plan --help"),
        ("plan --json -target net/x", "plan", "flags have two dashes: `--target`"),
        ("plan --json --targte net/x", "plan", "'--target'"),
        ("apply --json --yes", "apply", "to apply without being asked: `--auto-approve`"),
        ("validate --json --color nevr", "validate", "'never'"),
        ("apply --json=x", "apply", ""),
        ("status --json --expiring-within never", "status", ""),
        ("validate --json --report nothing", "validate", ""),
        ("plan --json --report json", "plan", ""),
        ("show --json", "show", ""),
        ("--json", "cenbwp", ""),
    ] {
        let ran = lab.run(arguments);
        assert_eq!(ran.code, 3, "{arguments}: {}", ran.stderr);
        let lines: Vec<serde_json::Value> =
            ran.stdout.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
        let [version, diagnostic, summary] = &lines[..] else { panic!("{arguments}: {}", ran.stdout) };
        assert_eq!((&version["type"], &summary["type"]), (&"version".into(), &"summary".into()));
        assert!(diagnostic["message"].as_str().is_some_and(|message| !message.is_empty()), "{diagnostic}");
        let advice = diagnostic["hint"].as_str().unwrap_or_default();
        assert!(advice.contains(hint), "{arguments}: {diagnostic}");
        assert_eq!((&summary["command"], &summary["exit_code"]), (&command.into(), &3.into()), "{arguments}");
    }
    let ran = lab.run("plan -target net/x");
    ran.check(3, "tip: flags have two dashes: `--target`");
    assert!(ran.stderr.contains("Usage: cenbwp plan"), "{}", ran.stderr);
    for arguments in ["plan --bogus", "plan --report json --bogus", "plan -- --json", "plan --help --json"] {
        let ran = lab.run(arguments);
        assert!(!ran.stdout.contains("\"summary\""), "{arguments}: {}", ran.stdout);
    }
}

/// A run opens its files before it sends anything: with too few file descriptors it fails with a clear error
/// in each form.
#[test]
fn limits_that_are_too_small_are_errors_and_no_panics() {
    for command in ["apply --auto-approve --json", "plan --json", "status --json", "validate --json"] {
        let mut codes = std::collections::BTreeSet::new();
        for files in 4..14 {
            let lab = Lab::of(ONE);
            let script = format!("ulimit -n {files}; exec cenbwp {command}");
            let ran = lab.finish(lab.command("sh").args(["-c", &script]));
            assert!(ran.code == 0 || ran.code == 1 || ran.code == 3, "{script}: {} {}", ran.code, ran.stderr);
            assert!(!ran.stderr.contains("panicked"), "{script}: {}", ran.stderr);
            let last = ran.stdout.lines().last().unwrap_or_default();
            let last: serde_json::Value = serde_json::from_str(last).expect(&script);
            assert_eq!(
                (&last["type"], &last["exit_code"]),
                (&"summary".into(), &ran.code.into()),
                "{script}"
            );
            assert_eq!(lab.emulator.ledger().is_empty(), ran.code != 0 || !command.starts_with("apply"));
            codes.insert(ran.code);
        }
        assert!(codes.contains(&0) && codes.contains(&1), "{command}: {codes:?}");
    }
}

#[test]
fn a_write_past_the_limit_of_a_files_size_is_an_error_in_every_command() {
    let lab = Lab::of(ONE);
    assert_eq!(lab.run("plan --out plan.json").code, 0);
    for command in [
        "validate --report json=report.json",
        "show plan.json --report json=report.json",
        "plan --out other.json",
        "export -o export.yaml",
        "schema > schema.json",
        "version --bogus 2> errors.txt",
    ] {
        let script = format!("ulimit -f 0; exec cenbwp {command}");
        let ran = lab.finish(lab.command("sh").args(["-c", &script]));
        assert!([1, 3].contains(&ran.code), "{script}: {} {}", ran.code, ran.stderr);
    }
}
