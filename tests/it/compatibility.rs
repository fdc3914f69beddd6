//! Documents that each version wrote, read as docs/compatibility.md promises. They are in `tests/vectors/versions`, made of
//! the `net.yaml` there. Those of the version that is being worked on are written anew by `SNAPSHOTS=overwrite cargo test`
//! where they are not as today's; those of earlier versions never change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cenbwp_tests::Package;
use serde_json::Value;

use crate::support::{Lab, purchases, repository};

/// The version that is being worked on.
const TODAY: &str = env!("CARGO_PKG_VERSION");

/// Returns the folder of each version, with its number.
fn versions() -> Vec<(String, PathBuf)> {
    let folder = repository().join("tests/vectors/versions");
    let entries =
        std::fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("readable").path());
    let number = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    entries.map(|path| (number(&path), path)).collect()
}

/// Returns the names of the documents in a folder.
fn documents(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable"));
    let names = entries.map(|entry| entry.file_name().into_string().expect("a plain name"));
    names.filter(|name| name != "net.yaml").collect()
}

/// Returns a lab with the spec and the documents of a version.
fn lab_of(folder: &Path) -> Lab {
    let lab = Lab::new();
    for name in documents(folder).iter().map(String::as_str).chain(["net.yaml"]) {
        lab.file(name, &std::fs::read_to_string(folder.join(name)).expect(name));
    }
    lab
}

/// Writes every document that this version makes of the spec into the folder `today`.
fn write_today(lab: &Lab) {
    let printed = |name: &str, arguments: &str| {
        let ran = lab.run(arguments);
        assert!(matches!(ran.code, 0 | 2), "{arguments}: {}{}", ran.stdout, ran.stderr);
        lab.file(&format!("today/{name}"), &ran.stdout);
    };
    printed("stacks.json", "stacks -f net.yaml --json");
    printed("version.json", "version --json");
    printed("doctor.json", "doctor --json");
    printed("plan.txt", "plan -f net.yaml --out today/plan.json");
    std::fs::remove_file(lab.path("today/plan.txt")).expect("text for people is no promise");
    printed("events.ndjson", "apply -f net.yaml --auto-approve --journal today/journal.ndjson --json");
    let feeds = "--report json=today/status.json --report csv=today/status.csv --report openmetrics=today/status.prom";
    printed("status.ndjson", &format!("status -f net.yaml --json {feeds}"));
}

/// The members whose values are names that readers compare.
const NAMES: &[&str] = &[
    "type",
    "action",
    "outcome",
    "state",
    "check",
    "client_token",
    "identity",
    "address",
    "areas",
    "mbps",
    "Tag.1.Value",
    "Tag.2.Value",
];

/// Members that a later version changed all the same. CHANGELOG.md names each.
const CHANGED: &[&str] = &["0.1.0 plan.json.limits.stacks.net.maxPurchases"];

/// Returns the first place of `before` where its reader does not find in `now` what it reads: every member, of its type, and
/// the same names.
fn first_lost(before: &Value, now: &Value, place: &str) -> Result<(), String> {
    if CHANGED.contains(&place) {
        return Ok(());
    }
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => before.iter().try_for_each(|(name, before)| {
            let place = format!("{place}.{name}");
            let now = now.get(name).ok_or_else(|| format!("{place} is not there"))?;
            if NAMES.contains(&name.as_str()) && before != now {
                return Err(format!("{place}: {before} and {now}"));
            }
            first_lost(before, now, &place)
        }),
        (Value::Array(before), Value::Array(now)) => before
            .iter()
            .zip(now)
            .enumerate()
            .try_for_each(|(n, (before, now))| first_lost(before, now, &format!("{place}[{n}]"))),
        (Value::Null, _) => Ok(()),
        _ if std::mem::discriminant(before) == std::mem::discriminant(now) => Ok(()),
        _ => Err(format!("{place}: {before} and {now}")),
    }
}

/// Returns a document as JSON: lines by their type and what they are about, the columns of a table by their place, and the
/// labels of each metric.
fn as_json(name: &str, text: &str) -> Value {
    let json =
        |text: &str| -> Value { serde_json::from_str(text).unwrap_or_else(|_| panic!("{name}: {text}")) };
    match name.rsplit('.').next() {
        Some("json") => json(text),
        Some("ndjson") => {
            let subject = |line: &Value| {
                let about = [&line["type"], &line["address"], &line["identity"]];
                about.map(|it| it.as_str().unwrap_or_default().to_owned()).join(" ")
            };
            text.lines().map(json).map(|line| (subject(&line), line)).collect()
        }
        Some("csv") => {
            let columns = text.lines().next().expect("a head").split(',').enumerate();
            columns.map(|(n, column)| (format!("{n} {column}"), Value::Bool(true))).collect()
        }
        Some("prom") => {
            let mut metrics: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                let (metric, labels) =
                    line.split_once('{').unwrap_or((line.split(' ').next().unwrap_or(""), ""));
                let names = labels.split("\",").filter_map(|label| Some(label.split_once('=')?.0));
                metrics.entry(metric).or_default().extend(names);
            }
            let labels = |names: BTreeSet<&str>| -> Value {
                names.into_iter().map(|label| (label, Value::Bool(true))).collect()
            };
            metrics.into_iter().map(|(metric, names)| (metric, labels(names))).collect()
        }
        other => panic!("{other:?}: not known how to read {name}"),
    }
}

/// Checks that a reader of the documents in one folder of the lab reads those in another.
fn is_read(lab: &Lab, version: &str, names: &[String], folders: [&str; 2]) -> Result<(), String> {
    names.iter().try_for_each(|name| {
        let [before, now] = folders.map(|folder| as_json(name, &lab.read(&format!("{folder}{name}"))));
        let (mut before, now) = (before, now);
        if name == "plan.json" {
            // What a plan was made of is for the version that made it.
            before.as_object_mut().expect("an object").remove("inputs");
        }
        first_lost(&before, &now, &format!("{version} {name}"))
    })
}

#[test]
fn a_reader_of_an_earlier_version_reads_what_is_written_today() {
    for (version, folder) in versions() {
        let lab = lab_of(&folder);
        write_today(&lab);
        is_read(&lab, &version, &documents(&folder), ["", "today/"]).unwrap();
    }
}

/// Later versions are tried with what the last one of this number wrote.
#[test]
#[expect(clippy::disallowed_methods, reason = "as for every golden file")]
fn what_this_version_writes_is_kept_for_later_ones() {
    let folder = repository().join("tests/vectors/versions").join(TODAY);
    let lab = lab_of(&folder);
    write_today(&lab);
    let written = documents(&lab.path("today"));
    let is_kept = || {
        if let Some(missing) = written.iter().find(|name| !folder.join(name).exists()) {
            return Err(format!("{missing} is not there"));
        }
        is_read(&lab, TODAY, &written, ["today/", ""])?;
        let shown = lab.run("show plan.json");
        if shown.code == 0 { Ok(()) } else { Err(shown.stderr) }
    };
    if let Err(reason) = is_kept() {
        let again = "SNAPSHOTS=overwrite cargo test writes it anew";
        assert_eq!(std::env::var("SNAPSHOTS").as_deref(), Ok("overwrite"), "{TODAY}: {reason}: {again}");
        for name in &written {
            std::fs::copy(lab.path("today").join(name), folder.join(name)).expect(name);
        }
    }
}

#[test]
fn a_saved_plan_of_an_earlier_version_is_refused_with_both_versions() {
    for (version, folder) in versions() {
        let lab = lab_of(&folder);
        let plan = as_json("plan.json", &lab.read("plan.json"));
        assert_eq!(plan["tool"]["version"], version.as_str());
        if version != TODAY {
            for command in ["apply plan.json", "show plan.json"] {
                let both = format!("tool.version is {version:?}, expected {TODAY:?}");
                lab.check_refused(command, 3, &both);
            }
            assert!(lab.emulator.requests().is_empty(), "nothing was asked");
        }
    }
}

#[test]
fn a_purchase_of_an_earlier_version_is_the_same_request_today() {
    for (version, folder) in versions() {
        let lab = lab_of(&folder);
        write_today(&lab);
        let requests = |name: &str| -> Vec<Value> {
            let plan = as_json(name, &lab.read(name));
            plan["purchases"].as_array().expect("a list").iter().map(|it| it["request"].clone()).collect()
        };
        assert_eq!(requests("plan.json"), requests("today/plan.json"), "{version}");
    }
}

#[test]
fn packages_that_an_earlier_version_bought_are_found_and_not_bought_again() {
    for (version, folder) in versions() {
        let lab = lab_of(&folder);
        let plan = as_json("plan.json", &lab.read("plan.json"));
        let bought = plan["purchases"].as_array().expect("a list").iter().zip(1..).map(|(purchase, n)| {
            let value = |key: &str| purchase["request"][key].as_str().unwrap_or_default().to_lowercase();
            let areas = [value("GeographicRegionAId"), value("GeographicRegionBId")];
            let mbps = value("Bandwidth").parse().expect("a number");
            let package = Package::new(&format!("cenbwp-{n}"), areas.each_ref().map(String::as_str), mbps);
            let tags = purchase["request"].as_object().expect("an object").iter();
            let tags = tags.filter_map(|(key, value)| Some((key.strip_suffix(".Key")?, value.as_str()?)));
            let value = |n: &str| purchase["request"][format!("{n}.Value")].as_str().unwrap_or_default();
            let mut package = tags.fold(package, |package, (n, key)| package.tagged(key, value(n)));
            package.name = purchase["request"]["Name"].as_str().unwrap_or_default().to_owned();
            package
        });
        let bought: Vec<Package> = bought.collect();
        assert!(bought.len() > 1);
        lab.emulator.edit(|world| world.packages = bought);
        let ran = lab.run("apply -f net.yaml --auto-approve --skip-held");
        assert!(purchases(&lab.emulator).is_empty(), "{version}: {}{}", ran.stdout, ran.stderr);
        let status = as_json("status.ndjson", &lab.run("status -f net.yaml --json").stdout);
        let packages = status.as_object().expect("an object").values();
        let states = packages.filter(|line| line["type"] == "package").map(|line| &line["state"]);
        assert_eq!(states.filter(|state| *state == "as_declared").count(), 2, "{version}: {status:#}");
    }
}

#[test]
fn a_digest_of_an_earlier_version_matches_or_is_refused_as_stale() {
    for (version, folder) in versions() {
        let lab = lab_of(&folder);
        let plan = as_json("plan.json", &lab.read("plan.json"));
        let digest = plan["digest"].as_str().expect("a text");
        let ran = lab.run(&format!("apply -f net.yaml --plan-digest {digest}"));
        let bought = purchases(&lab.emulator).len();
        assert!(matches!((ran.code, bought), (0, 2) | (5, 0)), "{version}: {}: {}", ran.code, ran.stderr);
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
        assert!(after.lines().count() > before.lines().count());
    }
}
