//! The status: live packages, their owners, and their alerts.

use cenbwp_tests::{Cen, Package, Reservation};
use serde_json::{Value, json};

use crate::support::{Lab, ONE};

const SPEC: &str = "
version: 1
stack: net
defaults: { autoPay: true }
packages:
  same: { areas: [China, Europe], bandwidth: 7 }
  differs: { areas: [China, Europe], bandwidth: 8, description: new }
  again: { areas: [China, Europe], bandwidth: 7, generation: 2 }
  fresh: { areas: [China, North-America], bandwidth: 2 }
  adopts: { areas: [Europe, Europe], bandwidth: 4, adopt: cenbwp-free }
  goes: { areas: [China, Europe], bandwidth: 7, manage: release }
  held: { areas: [China, China], bandwidth: 3, cenId: cen-1 }
  watched: { areas: [China, China], bandwidth: 3, manage: observe }
";

fn package(id: &str, identity: &str) -> Package {
    Package::new(id, ["china", "europe"], 7).tagged("cenbwp", identity)
}

/// Returns the package, changed.
fn with(mut package: Package, change: impl FnOnce(&mut Package)) -> Package {
    change(&mut package);
    package
}

/// Returns packages in every state and with every alert.
fn packages() -> Vec<Package> {
    let raised = Reservation {
        order_type: "TEMP_UPGRADE".into(),
        bandwidth: "8".into(),
        active_time: "2099-01-01T00:00Z".into(),
        charge_type: "PREPAY".into(),
    };
    vec![
        with(package("cenbwp-same", "net/same"), |it| it.cen_ids = vec!["cen-1".into()]),
        with(package("cenbwp-differs", "net/differs"), |it| {
            it.bandwidth = 20;
            it.reservation = Some(raised);
        }),
        package("cenbwp-old", "net/again"),
        package("cenbwp-new", "net/again/2"),
        Package::new("cenbwp-free", ["europe", "europe"], 4),
        package("cenbwp-goes", "net/goes"),
        with(package("cenbwp-held", "net/held"), |it| {
            it.business_status = "FinancialLocked".into();
            it.bandwidth = 3;
            it.area_b = "china".into();
        }),
        with(package("cenbwp-stray", "net/stray"), |it| it.expires = ended()),
        package("cenbwp-theirs", "other/theirs"),
        with(Package::new("cenbwp-nobody", ["china", "china"], 9), |it| it.name = "\u{1b}[31m日本".into()),
        Package::new("cenbwp-unclear", ["china", "china"], 9).tagged("cenbwp", "by hand"),
    ]
}

/// Returns a time in the past of every clock.
fn ended() -> jiff::Timestamp {
    "2025-02-01T00:00:00Z".parse().expect("a time")
}

fn lab() -> Lab {
    let lab = Lab::new();
    lab.emulator.edit(|world| {
        world.cens = vec![Cen::new("cen-1")];
        world.packages = packages();
    });
    lab.file("cenbwp.yaml", SPEC);
    lab
}

/// Returns the rows of a status: `identity id state`, of those with an identity.
fn rows(lab: &Lab, arguments: &str) -> Vec<String> {
    let ran = lab.run(&format!("status --json {arguments}"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let events: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("one object per line")).collect();
    assert_eq!(events[0]["type"], "version");
    assert_eq!(events.last().map(|event| &event["command"]), Some(&json!("status")));
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let packages = events.iter().filter(|event| event["type"] == "package");
    packages.map(|row| [&row["identity"], &row["id"], &row["state"]].map(text).join(" ")).collect()
}

#[test]
fn every_package_is_told_where_it_stands() {
    let lab = lab();
    // A package with an unclear owner holds every purchase and adoption.
    let declared = [
        "net/stray cenbwp-stray undeclared",
        "net/adopts cenbwp-free held",
        "net/again cenbwp-old superseded",
        "net/again/2 cenbwp-new as_declared",
        "net/differs cenbwp-differs differs",
        "net/goes cenbwp-goes to_release",
        "net/held cenbwp-held held",
        "net/same cenbwp-same as_declared",
        "- cenbwp-unclear unreadable",
        "net/fresh - held",
        "net/watched - missing",
    ];
    assert_eq!(rows(&lab, ""), declared);
    lab.emulator.edit(|world| world.packages.retain(|package| package.id != "cenbwp-unclear"));
    let all = [
        "net/stray cenbwp-stray undeclared",
        "net/adopts cenbwp-free to_adopt",
        "net/again cenbwp-old superseded",
        "net/again/2 cenbwp-new as_declared",
        "net/differs cenbwp-differs differs",
        "net/goes cenbwp-goes to_release",
        "net/held cenbwp-held held",
        "net/same cenbwp-same as_declared",
        "other/theirs cenbwp-theirs other_stack",
        "- cenbwp-nobody unmanaged",
        "net/fresh - missing",
        "net/watched - missing",
    ];
    assert_eq!(rows(&lab, "--all"), all);
    let of_others = |row: &&str| row.ends_with("other_stack") || row.ends_with("unmanaged");
    let ours: Vec<&str> = all.into_iter().filter(|row| !of_others(row)).collect();
    assert_eq!(rows(&lab, "-f cenbwp.yaml"), ours);
    let targets = "--target net/same --target net/fresh";
    assert_eq!(rows(&lab, targets), [all[0], "net/same cenbwp-same as_declared", "net/fresh - missing"]);
    let ran = lab.run("status --target net/sam");
    ran.check(3, "did you mean net/same?");
}

#[test]
fn without_a_spec_tags_tell_who_owns_what() {
    let lab = lab();
    std::fs::remove_file(lab.path("cenbwp.yaml")).expect("it was there");
    let owned = [
        "net/stray cenbwp-stray owned",
        "net/again cenbwp-old owned",
        "net/again/2 cenbwp-new owned",
        "net/differs cenbwp-differs owned",
        "net/goes cenbwp-goes owned",
        "net/held cenbwp-held owned",
        "net/same cenbwp-same owned",
        "other/theirs cenbwp-theirs owned",
        "- cenbwp-unclear unreadable",
    ];
    assert_eq!(rows(&lab, ""), owned);
    let ran = lab.run("status");
    assert!(ran.stderr.contains("no spec: only tags tell who owns what"), "{}", ran.stderr);
    assert!(ran.stdout.contains("2 unmanaged"), "{}", ran.stdout);
    assert_eq!(lab.run("status -f missing.yaml").code, 3, "a spec that is named must be there");
}

#[test]
fn status_ends_with_two_when_something_is_due() {
    let lab = lab();
    assert_eq!(lab.run("status").code, 0);
    assert_eq!(lab.run("status --detailed-exitcode").code, 2);
    let spec = ONE;
    lab.file("cenbwp.yaml", spec);
    let only = |packages: Vec<Package>, arguments: &str, code: i32| {
        lab.emulator.edit(|world| world.packages = packages);
        let ran = lab.run(&format!("status --detailed-exitcode {arguments}"));
        assert_eq!(ran.code, code, "{arguments}\n{}{}", ran.stdout, ran.stderr);
    };
    let ours = || package("cenbwp-x", "net/x");
    only(vec![], "", 2);
    only(vec![ours()], "", 0);
    only(vec![ours()], "--expiring-within 36500d", 2);
    only(vec![with(ours(), |it| it.expires = ended())], "", 2);
    let of_others = with(package("cenbwp-y", "other/y"), |it| it.expires = ended());
    only(vec![ours(), of_others], "--all", 0);
    lab.file("cenbwp.yaml", &spec.replace("autoPay: true", "manage: retire"));
    only(vec![ours()], "--expiring-within 36500d", 0);
    let ran = lab.run("status --quiet");
    assert!(ran.stdout.contains("  retiring (left to expire)"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("\n1 package: 1 retiring.\n"), "{}", ran.stdout);
    assert!(lab.run("plan --quiet").stdout.contains("\nNo changes. 1 retiring.\n"));
}

#[test]
fn every_heading_of_a_plan_and_every_word_of_a_status_is_explained() {
    let lab = lab();
    let plan = lab.run("plan --quiet").stdout;
    let status = lab.run("status --all --quiet").stdout;
    // `! net/x   held: look_alike`, `  net/x   expiring: ...`, and `Warnings:`.
    let named = plan.lines().filter_map(|line| match line.rsplit_once("   ") {
        Some((start, text)) if !start.trim().is_empty() && text.contains(": ") => Some(text),
        Some(_) => None,
        None => line.split_once(':').map(|(heading, _)| heading).filter(|heading| !heading.contains(' ')),
    });
    let is_held = |text: &&str| text.starts_with("held: ");
    let reasons = named.clone().filter(is_held).filter_map(|text| text["held: ".len()..].split(',').next());
    let mut words: Vec<&str> =
        named.clone().filter_map(|text| text.split(": ").next()).chain(reasons).collect();
    let (_, counts) = status.trim_end().rsplit_once(": ").expect("a summary");
    words.extend(
        counts.trim_end_matches('.').split(", ").filter_map(|count| count.split_once(' ')).map(|it| it.1),
    );
    for word in ["held", "not_normal", "Undeclared", "Superseded", "Warnings", "up to date", "other stack"] {
        assert!(words.contains(&word), "{word}: {words:?}\n{plan}");
    }
    for word in words {
        let ran = lab.finish(lab.command("cenbwp").args(["explain", word]));
        assert_eq!(ran.code, 0, "{word}\n{plan}{}", ran.stderr);
    }
}

#[test]
fn a_word_is_explained_by_the_glossary_and_a_code_by_its_title() {
    let lab = Lab::new();
    for (word, says) in [
        ("generation", "generation: the ordinal of a purchase"),
        ("identity-tag", "identity tag: the tag `cenbwp`"),
        ("adopt", "adopt: take over an existing package"),
        ("stale", "5: stale"),
        ("undeclared", "manage: release"),
    ] {
        let ran = lab.run(&format!("explain {word}"));
        assert!(ran.code == 0 && ran.stdout.contains(says), "{word}: {}{}", ran.stdout, ran.stderr);
    }
    let all = lab.run("explain").stdout;
    assert!(all.contains("\nWords:\n") && all.contains("\n  generation "), "{all}");
}

#[test]
fn the_table_lines_up_and_shows_no_text_of_others_as_it_is() {
    let lab = lab();
    lab.emulator.edit(|world| world.packages.retain(|package| package.id != "cenbwp-unclear"));
    let text = lab.run("status --all --quiet").stdout;
    let mut lines = text.lines();
    let head = lines.next().expect("a head");
    assert!(head.starts_with("IDENTITY"), "{text}");
    let state = head.find("STATE").expect("a column");
    for (line, word) in
        lines.zip(["undeclared", "to adopt", "superseded", "up to date", "differs (description)"])
    {
        assert_eq!(&line[state..][..word.len()], word, "{text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
    assert!(text.contains("named \\u{1b}[31m日本"), "{text}");
    assert!(text.contains("20  -      "), "{text}");
    assert!(text.contains("8 Mbps from 2099-01-01T00:00Z"), "{text}");
    assert!(
        text.contains("net/held is held: cenbwp-held is FinancialLocked, so it cannot be changed: cenId detached -> cen-1\n  hint: "),
        "{text}"
    );
    assert!(text.ends_with("\n12 packages: 2 up to date, 1 differs, 2 missing, 1 to adopt, 1 to release, 1 held, 1 undeclared, 1 superseded, 1 other stack, 1 unmanaged.\n"), "{text}");
}

#[test]
fn other_forms_are_a_table_with_every_column_and_the_events() {
    let lab = lab();
    let wide = || lab.run("status --all -o wide --quiet").stdout;
    let has = |text: &str, column: &str| text.lines().next().is_some_and(|head| head.ends_with(column));
    assert!(!has(&wide(), "TAGS") && wide().contains("PREPAY"), "{}", wide());
    lab.emulator.edit(|world| {
        let first = world.packages[0].clone();
        world.packages[0] = first.tagged("team", "network");
    });
    assert!(has(&wide(), "TAGS"), "{}", wide());
    assert_eq!(lab.run("status --all -o json").stdout, lab.run("status --all --json").stdout);
    lab.run("status -o yaml").check(3, "[possible values: wide, json]");
}

#[test]
fn a_recording_is_told_without_credentials_or_network() {
    let mut lab = lab();
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_ID", None);
    let item = json!({
        "CenBandwidthPackageId": "cenbwp-same", "Bandwidth": 7, "BandwidthPackageChargeType": "PREPAY",
        "GeographicRegionAId": "china", "GeographicRegionBId": "europe", "BusinessStatus": "Normal",
        "Tags": { "Tag": [{ "Key": "cenbwp", "Value": "net/same" }] },
    });
    let reply = json!({ "TotalCount": 2, "CenBandwidthPackages": { "CenBandwidthPackage": [item] } });
    lab.file("live.json", &reply.to_string());
    let ran = lab.run("status --live-from live.json");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("up to date"), "{}", ran.stdout);
    assert!(ran.stderr.contains("the recording is not whole"), "{}", ran.stderr);
    assert!(lab.emulator.requests().is_empty());
}

#[test]
fn events_of_a_status_that_fails_end_in_a_summary() {
    let mut lab = lab();
    let summary = |lab: &Lab, code: i32| {
        let ran = lab.run("status --json --detailed-exitcode");
        assert_eq!(ran.code, code, "{}", ran.stderr);
        let last: Value =
            serde_json::from_str(ran.stdout.lines().last().expect("a line")).expect("an object");
        assert_eq!((&last["type"], &last["exit_code"]), (&json!("summary"), &json!(code)));
        last["counts"].clone()
    };
    let counts = summary(&lab, 2);
    let others = [&counts["other_stack"], &counts["unmanaged"]];
    assert_eq!(others, [1, 1], "counted, and not listed without --all");
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_ID", None);
    assert_eq!(summary(&lab, 1), json!({}));
    lab.file("cenbwp.yaml", "{version: 1, stack: net, packages: {x: {}}}");
    assert_eq!(summary(&lab, 3), json!({}));
}
