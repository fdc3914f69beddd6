//! Text from others: people see every character for what it is, and programs get the exact text.

use cenbwp_spec::neutral;
use cenbwp_tests::{Effect, Fault, Package, Refusal, When};
use serde_json::Value;

use crate::support::{CREATE, DESCRIBE, Lab, ONE, Rogue, Terminal};

/// Terminal escapes of both lengths, a title, a bell, a carriage return, line ends, bidirectional controls,
/// zero-width and invisible characters, tag characters, and the beginnings of Markdown and HTML.
const EVIL: &str = "\u{1b}[2K\u{1b}]0;x\u{7}\u{9b}31m\rPlan: 0 to buy.\n+ net/forged   buys a package\u{2028}\u{202e}lived\u{2066}\u{200b}\u{200d}\u{ad}\u{61c}\u{180e}\u{2060}\u{feff}\u{e0041}\u{3164}\u{fe0f}\u{85}<img src=x>[a](b)`|";

#[track_caller]
fn check_plain(text: &str) {
    for line in text.lines() {
        assert_eq!(neutral(line), line, "{text}");
    }
    assert!(!text.contains("\n+ net/forged") && !text.contains("\n+ net forged"), "{text}");
}

/// Runs a command as a pipeline would, with the most verbose log: the output has no such character.
#[track_caller]
fn check_run(lab: &Lab, arguments: &[&str], code: i32) -> String {
    let ran = lab.finish(lab.command("cenbwp").args(arguments).arg("-vvv"));
    assert_eq!(ran.code, code, "{arguments:?}\n{}{}", ran.stdout, ran.stderr);
    check_plain(&ran.stdout);
    check_plain(&ran.stderr);
    ran.stdout + &ran.stderr
}

/// Runs a command with `--json` and returns its events.
#[track_caller]
fn events(lab: &Lab, arguments: &[&str]) -> Vec<Value> {
    let ran =
        lab.finish(lab.command("cenbwp").args(arguments).args(["--json", "-vvv", "--log-format", "json"]));
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    // The log has one object per line too; the error message below it is for people.
    for line in ran.stderr.lines().filter(|line| line.starts_with('{')) {
        parse(line);
    }
    ran.stdout.lines().map(parse).collect()
}

fn evil_world(lab: &Lab) {
    let own = |id: &str, name: &str| {
        let mut package = Package::new(id, ["china", "europe"], 7).tagged("cenbwp", name).tagged(EVIL, EVIL);
        (package.name, package.description) = (EVIL.to_owned(), EVIL.to_owned());
        package
    };
    let with = |mut package: Package, field: &str, value: Value| {
        package.overrides.insert(field.to_owned(), value);
        package
    };
    let evil = || Value::from(EVIL);
    let packages = [
        own("cenbwp-a", "net/a"),
        with(own("cenbwp-b", "net/b"), "BusinessStatus", evil()),
        with(own("cenbwp-c", "net/c"), "BandwidthPackageChargeType", evil()),
        with(own("cenbwp-d", "net/d"), "GeographicRegionAId", evil()),
        with(own("cenbwp-e", "net/e"), "Bandwidth", evil()),
        with(own("cenbwp-f", "net/f"), "ResourceGroupId", evil()),
        with(own("cenbwp-g", "net/g"), "ReservationOrderType", evil()),
        own("cenbwp-h", EVIL),
        with(own("cenbwp-i", "net/i"), "CenBandwidthPackageId", evil()),
        own("cenbwp-stray", "net/stray"),
    ];
    lab.emulator.edit(|world| world.packages.extend(packages));
}

/// Changes every field of every package, so that each evil value is shown beside a plain one.
fn spec_of_everything() -> String {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "x"];
    let packages: String = names.iter().map(|name| format!("  {name}: {{}}\n")).collect();
    format!(
        "version: 1\nstack: net\ndefaults:\n  areas: [China, Europe]\n  bandwidth: 9\n  autoPay: true\n  name: plain\n  description: \"two\\nlines\"\n  tags: {{ k: v }}\n  resourceGroupId: rg-abc\npackages:\n{}",
        packages.replace("{}", "{ areas: [China, Europe] }")
    )
    .replace("  areas: [China, Europe]\n", "")
}

#[test]
fn names_descriptions_and_tags_of_the_cloud_are_shown_as_what_they_are() {
    let lab = Lab::new();
    lab.file("cenbwp.yaml", &spec_of_everything());
    evil_world(&lab);
    let shown = check_run(&lab, &["plan"], 0);
    assert!(shown.contains("\\u{1b}[2K") && shown.contains("\\u{202e}lived"), "{shown}");
    check_run(&lab, &["plan", "--skip-held", "--expiring-within", "99999d"], 0);
    check_run(&lab, &["apply", "--auto-approve"], 4);
    let events = events(&lab, &["plan"]);
    let change = events.iter().find(|event| event["type"] == "change" && event["address"] == "net/a");
    let before = &change.unwrap_or_else(|| panic!("{events:?}"))["before"];
    assert_eq!(before["name"], EVIL, "data is the text itself");
    let ran = lab.run("plan --report json=plan.json --report human=plan.txt");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    check_plain(&lab.read("plan.txt"));
    serde_json::from_str::<Value>(&lab.read("plan.json")).expect("one document");
    check_run(&lab, &["apply", "--auto-approve", "--skip-held"], 0);
}

#[test]
fn messages_of_the_service_are_shown_as_what_they_are() {
    for action in [CREATE, DESCRIBE, "GetCallerIdentity"] {
        for code in ["InvalidParameter", EVIL] {
            let lab = Lab::new();
            lab.file("cenbwp.yaml", ONE);
            lab.emulator.fault(Fault::new(
                action,
                When::EVERY,
                Effect::Refuse(Refusal::new(400, code, EVIL)),
            ));
            check_run(&lab, &["apply", "--auto-approve", "--max-retries", "0"], 1);
            events(&lab, &["apply", "--auto-approve", "--max-retries", "0"]);
        }
    }
}

#[test]
fn replies_of_strangers_are_shown_as_what_they_are() {
    let members = ["Code", "Message", "RequestId", "AccountId", "TotalCount"];
    for status in [200, 400, 500] {
        let rogue = Rogue::saying(status, "application/json", move |_| {
            Value::Object(members.map(|name| (name.to_owned(), Value::from(EVIL))).into_iter().collect())
                .to_string()
        });
        let lab = Lab::new();
        lab.file("cenbwp.yaml", ONE);
        let here = ["plan", "--max-retries", "0", "--endpoint", rogue.url(), "--sts-endpoint", rogue.url()];
        check_run(&lab, &here, 1);
    }
}

#[test]
fn orders_and_requests_of_a_purchase_are_shown_as_what_they_are() {
    let rogue = Rogue::saying(200, "application/json", move |request| {
        let describe = serde_json::json!({ "TotalCount": 0, "RequestId": EVIL });
        let create = serde_json::json!({
            "CenBandwidthPackageId": "cenbwp-1", "CenBandwidthPackageOrderId": EVIL, "RequestId": EVIL,
        });
        if request.contains(CREATE) { create } else { describe }.to_string()
    });
    let lab = Lab::new();
    lab.file("cenbwp.yaml", ONE);
    let here = ["apply", "--auto-approve", "--no-wait", "--endpoint", rogue.url()];
    // The listing never shows it: it is accepted and not created.
    let shown = check_run(&lab, &here, 6);
    assert!(shown.contains("order \u{fffd}[2K"), "{shown}");
    let unpaid = lab.file("cenbwp.yaml", &ONE.replace("autoPay: true", "autoPay: false"));
    check_run(unpaid, &here, 0);
}

#[test]
fn text_of_a_spec_is_shown_as_what_it_is() {
    let json = |text: &str| serde_json::to_string(text).expect("text is JSON");
    let (evil, hidden) = (json(EVIL), "\u{200b}\u{ad}\u{e0041}\u{2060}");
    for spec in [
        ONE.replace("China", &evil),
        ONE.replace("bandwidth", &evil),
        ONE.replace("x:", &format!("{evil}:")),
        ONE.replace("7", &evil),
        ONE.replace("net", &evil),
        ONE.replace("bandwidth: 7", &format!("bandwidth: 7, name: {evil}")),
        ONE.replace("bandwidth: 7", &format!("bandwidth: 7, tags: {{{evil}: {evil}}}")),
        ONE.replace(
            "bandwidth: 7",
            &format!("bandwidth: 7, adopt: {evil}, cenId: {evil}, resourceGroupId: {evil}"),
        ),
        ONE.replace(
            "bandwidth: 7",
            &format!("bandwidth: 7, ignore: [{evil}], manage: {evil}, chargeType: {evil}"),
        ),
        ONE.replace("bandwidth: 7", &format!("bandwidth: 7{hidden}")),
        ONE.replace("bandwidth: 7", &format!("band{hidden}width: 7 # {hidden}")),
        ONE.replace("bandwidth: 7", &format!("bandwidth: *{hidden}")),
        format!("{ONE}{EVIL}"),
        format!("# {EVIL}\n{ONE}"),
    ] {
        let lab = Lab::new();
        lab.file("cenbwp.yaml", &spec);
        check_run(&lab, &["validate"], 3);
        check_run(&lab, &["plan"], 3);
        assert!(events(&lab, &["validate"]).iter().any(|event| event["type"] == "finding"), "{spec}");
    }
}

#[test]
fn names_of_files_are_shown_as_what_they_are() {
    // A name in a folder has no slash.
    let name = format!("{}.yaml", EVIL.replace('/', " "));
    let lab = Lab::new();
    lab.file(&name, "{version: 1, stack: net, packages: {x: {}}}").file("live.json", "{}");
    check_run(&lab, &["validate", "-f", &name], 3);
    check_run(&lab, &["validate", "-f", "."], 3);
    check_run(&lab, &["validate", "-f", &format!("missing{name}")], 3);
    let findings = events(&lab, &["validate", "-f", &name]);
    let finding = findings.iter().find(|event| event["type"] == "finding").expect("the spec has errors");
    assert_eq!(finding["file"], name.as_str());
    lab.file("cenbwp.yaml", ONE);
    check_run(&lab, &["plan", "--live-from", &name], 3);
    check_run(&lab, &["plan", "--report", &format!("json={name}/report")], 1);
    check_run(&lab, &["apply", "--auto-approve", "--report", &format!("json={name}/report")], 0);
}

#[test]
fn arguments_are_shown_as_what_they_are() {
    let lab = Lab::new();
    lab.file("cenbwp.yaml", ONE);
    for arguments in [
        &[EVIL][..],
        &["plan", EVIL],
        &["plan", "--target", EVIL],
        &["plan", "--endpoint", EVIL],
        &["plan", "--report", EVIL],
        &["plan", "--expiring-within", EVIL],
        &["plan", "--max-purchases", EVIL],
        &["explain", EVIL],
        &["completions", EVIL],
    ] {
        check_run(&lab, arguments, 3);
    }
    check_run(&lab, &["plan", "--profile", EVIL], 1);
}

#[test]
fn terminal_gets_no_escape_but_our_own() {
    let lab = Lab::new();
    lab.file("cenbwp.yaml", &spec_of_everything());
    evil_world(&lab);
    let (screen, code) =
        Terminal::start(lab.command("cenbwp").args(["apply", "--auto-approve", "--skip-held"])).end();
    assert_eq!(code, 0, "{screen}");
    let mut own = screen.clone();
    // Colours, and the line that progress overwrites.
    while let Some(at) = own.find("\u{1b}[") {
        let length = own[at..].find(|c: char| c.is_ascii_alphabetic()).expect("an escape ends in a letter");
        assert!(matches!(&own[at + length..=at + length], "m" | "K"), "{screen:?}");
        own.replace_range(at..=at + length, "");
    }
    check_plain(&own.replace('\r', ""));
}
