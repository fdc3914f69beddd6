//! Documents that earlier versions wrote, read as docs/compatibility.md promises. A new version adds a folder to
//! `tests/vectors/versions`, made of `net.yaml` by its own release, and changes none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Lab, repository};

/// Returns the folder of each earlier version, with its number.
fn versions() -> Vec<(String, PathBuf)> {
    let folder = repository().join("tests/vectors/versions");
    let entries =
        std::fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("readable").path());
    let number = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    let versions: Vec<_> = entries.map(|path| (number(&path), path)).collect();
    assert!(!versions.is_empty());
    versions
}

/// Returns a lab with every document of a version.
fn lab_of(folder: &Path) -> Lab {
    let lab = Lab::new();
    for name in ["net.yaml", "plan.json", "events.ndjson", "status.ndjson", "journal.ndjson"] {
        lab.file(name, &std::fs::read_to_string(folder.join(name)).expect(name));
    }
    lab
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// The members whose values are names that readers compare.
const NAMES: &[&str] =
    &["type", "action", "outcome", "state", "client_token", "identity", "address", "areas", "mbps"];

/// Members that a later version changed all the same. CHANGELOG.md names each.
const CHANGED: &[&str] = &["0.1.0.limits.stacks.net.maxPurchases"];

/// Checks that a reader of `before` finds in `now` what it reads: every member, of its type, and the same names.
#[track_caller]
fn check_readable(before: &Value, now: &Value, place: &str) {
    if CHANGED.contains(&place) {
        return;
    }
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => {
            for (name, before) in before {
                let now = now.get(name).unwrap_or_else(|| panic!("{place}.{name} is gone"));
                if NAMES.contains(&name.as_str()) {
                    assert_eq!(before, now, "{place}.{name}");
                }
                check_readable(before, now, &format!("{place}.{name}"));
            }
        }
        (Value::Array(before), Value::Array(now)) => {
            for (n, (before, now)) in before.iter().zip(now).enumerate() {
                check_readable(before, now, &format!("{place}[{n}]"));
            }
        }
        (Value::Null, _) => {}
        _ => assert_eq!(
            std::mem::discriminant(before),
            std::mem::discriminant(now),
            "{place}: {before} and {now}"
        ),
    }
}

/// Returns lines by their type and what they are about.
fn by_subject(lines: Vec<Value>) -> BTreeMap<String, Value> {
    let subject = |line: &Value| {
        let about = [&line["type"], &line["address"], &line["identity"]];
        about.map(|it| it.as_str().unwrap_or_default().to_owned()).join(" ")
    };
    lines.into_iter().map(|line| (subject(&line), line)).collect()
}

#[track_caller]
fn check_lines(before: &str, now: &str, place: &str) {
    let (before, now) = (by_subject(lines(before)), by_subject(lines(now)));
    for (subject, before) in before {
        let now = now.get(&subject).unwrap_or_else(|| panic!("{place}: no line {subject:?} in {now:#?}"));
        check_readable(&before, now, &format!("{place} {subject}"));
    }
}

#[test]
fn a_saved_plan_of_an_earlier_version_is_refused_with_both_versions() {
    for (version, folder) in versions() {
        let lab = lab_of(&folder);
        let plan: Value = serde_json::from_str(&lab.read("plan.json")).expect("JSON");
        assert_eq!(plan["tool"]["version"], version.as_str());
        lab.check_refused("apply plan.json", 3, "a plan is for the version that made it");
        assert!(lab.emulator.requests().is_empty(), "nothing was asked");
    }
}

#[test]
fn a_purchase_of_an_earlier_version_is_the_same_request_today() {
    for (version, folder) in versions() {
        let lab = lab_of(&folder);
        let before: Value = serde_json::from_str(&lab.read("plan.json")).expect("JSON");
        let ran = lab.run("plan -f net.yaml --report json");
        let now: Value = serde_json::from_str(&ran.stdout).expect("one document");
        let requests = |plan: &Value| -> Vec<Value> {
            let purchases = plan["purchases"].as_array().expect("a list");
            purchases.iter().map(|purchase| purchase["request"].clone()).collect()
        };
        assert_eq!(requests(&before), requests(&now), "{version}");
        let (mut before, now) = (before, now);
        before.as_object_mut().expect("an object").remove("inputs");
        check_readable(&before, &now, &version);
    }
}

#[test]
fn a_reader_of_an_earlier_version_reads_what_is_written_today() {
    for (version, folder) in versions() {
        let lab = lab_of(&folder);
        let events = lab.run("apply -f net.yaml --auto-approve --journal today.ndjson --json");
        assert_eq!(events.code, 0, "{}", events.stderr);
        check_lines(&lab.read("events.ndjson"), &events.stdout, &version);
        check_lines(&lab.read("journal.ndjson"), &lab.read("today.ndjson"), &version);
        let status = lab.run("status -f net.yaml --json");
        check_lines(&lab.read("status.ndjson"), &status.stdout, &version);
    }
}

#[test]
fn a_journal_of_an_earlier_version_is_gone_on_with() {
    for (_, folder) in versions() {
        let lab = lab_of(&folder);
        let before = lab.read("journal.ndjson");
        lab.run("apply -f net.yaml --auto-approve --journal journal.ndjson").check(0, "");
        let after = lab.read("journal.ndjson");
        assert!(after.starts_with(&before), "{after}");
        assert!(lines(&after).len() > lines(&before).len());
    }
}
