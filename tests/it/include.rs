//! Files with defaults that specs include.

use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::support::{Lab, purchases};

const DEFAULTS: &str = "version: 1\ndefaults:\n  autoPay: true\n  bandwidth: 7\n";

/// Returns a lab with a stack in `cen` that includes `defaults.yaml` beside that folder.
fn lab() -> Lab {
    let lab = Lab::new();
    lab.file("defaults.yaml", DEFAULTS);
    lab.file("cen/net.yaml", &net("../defaults.yaml"));
    lab
}

/// Returns a spec of one package that includes this file.
fn net(path: &str) -> String {
    format!("version: 1\nstack: net\ninclude: ['{path}']\npackages:\n  x: {{ areas: [China, Europe] }}\n")
}

#[test]
fn a_value_of_an_included_file_is_bought() {
    let lab = lab();
    lab.run("apply -f cen --auto-approve").check(0, "");
    assert_eq!(purchases(&lab.emulator), ["net/x"]);
    assert_eq!(lab.emulator.packages()[0].bandwidth, 7);
}

/// A file beside the specs is found by the walk, too, and is no spec.
#[test]
fn an_included_file_declares_nothing_wherever_it_lies() {
    let lab = Lab::new();
    lab.file("cen/defaults.yaml", DEFAULTS).file("cen/net.yaml", &net("defaults.yaml"));
    for paths in ["-f cen", "-f ./cen", "-f cen/net.yaml", "-f cen/defaults.yaml -f cen/net.yaml"] {
        let ran = lab.run(&format!("validate {paths}"));
        assert_eq!(ran.code, 0, "{paths}: {}", ran.stdout);
        assert!(ran.stdout.contains("1 package in 1 stack"), "{}", ran.stdout);
    }
    let absolute = lab.path("cen").display().to_string();
    lab.run(&format!("validate -f {absolute}")).check(0, "");
    lab.run("validate -f cen/defaults.yaml").check(3, "");
}

#[test]
fn a_mistake_in_an_included_file_is_found_there_once() {
    let lab = lab();
    lab.file("defaults.yaml", "version: 1\ndefaults:\n  autoPay: true\n  bandwidth: 1\n");
    lab.file("cen/other.yaml", &net("../defaults.yaml").replace("stack: net", "stack: other"));
    let ran = lab.run("validate -f cen --report json=out.json");
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    assert!(ran.stdout.contains("--> defaults.yaml:4:14"), "{}", ran.stdout);
    let report: Value = serde_json::from_str(&lab.read("out.json")).expect("JSON");
    let findings = report["findings"].as_array().expect("a list");
    let found: Vec<_> = findings.iter().map(|it| (&it["code"], &it["file"], &it["line"])).collect();
    assert_eq!(found, [(&"E0304".into(), &"defaults.yaml".into(), &4.into())]);
}

#[test]
fn a_saved_plan_is_stale_once_an_included_file_says_something_else() {
    let lab = lab();
    lab.run("plan -f cen --out plan.json").check(0, "saved");
    lab.file("defaults.yaml", &DEFAULTS.replace('7', "8"));
    lab.check_refused("apply plan.json", 5, "defaults.yaml: the spec changed after the plan was made");
    std::fs::remove_file(lab.path("defaults.yaml")).expect("it was there");
    lab.check_refused("apply plan.json", 5, "defaults.yaml was removed after the plan was made");
    // Comments make no difference.
    lab.file("defaults.yaml", &format!("# shared\n{DEFAULTS}"));
    lab.run("show plan.json").check(0, "");
    lab.run("apply plan.json").check(0, "");
    assert_eq!(lab.emulator.packages()[0].bandwidth, 7);
}

#[test]
fn validate_shows_the_origin_of_each_value() {
    let lab = lab();
    lab.file(
        "cen/net.yaml",
        "version: 1
stack: net
include: [../defaults.yaml]
defaults: { tags: { team: net } }
packages:
  x:
    areas: [China, Europe]
    description: |
      two
      lines
    tags: { own: \"1\" }
",
    );
    lab.file("defaults.yaml", &format!("{DEFAULTS}  tags: {{ team: all, cost: x }}\n"));
    let ran = lab.run("validate -v -f cen");
    let lines: Vec<Vec<&str>> =
        ran.stdout.lines().map(|line| line.split("  ").filter(|cell| !cell.is_empty()).collect()).collect();
    let expected = [
        vec!["net/x"],
        vec!["areas", "[China, Europe]", " cen/net.yaml:7", " package"],
        vec!["autoPay", "true", "defaults.yaml:3", "include"],
    ];
    let trimmed: Vec<Vec<&str>> =
        lines.iter().map(|line| line.iter().map(|cell| cell.trim()).collect()).collect();
    let expected: Vec<Vec<&str>> =
        expected.iter().map(|line| line.iter().map(|cell| cell.trim()).collect()).collect();
    assert_eq!(trimmed[..3], expected, "{}", ran.stdout);
    for line in [
        ["bandwidth", "7", "defaults.yaml:4", "include"],
        ["tags.cost", "x", "defaults.yaml:5", "include"],
        ["tags.own", "\"1\"", "cen/net.yaml:11", "package"],
        ["tags.team", "net", "cen/net.yaml:4", "defaults"],
    ] {
        assert!(trimmed.iter().any(|it| it[..] == line), "{line:?}: {}", ran.stdout);
    }
    assert!(!lab.run("validate -f cen").stdout.contains("include"));
}

#[test]
fn a_changed_included_file_changes_the_stacks_that_include_it() {
    let lab = lab();
    lab.file("cen/other.yaml", "version: 1\nstack: other\npackages: {}\n");
    lab.file("cen/gone.yaml", &net("../defaults.yaml").replace("stack: net", "stack: gone"));
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"];
        assert_eq!(lab.finish(lab.command("git").args(identity).args(arguments)).code, 0);
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "first"]);
    let listed = || -> Value {
        let ran = lab.run("stacks -f cen --since HEAD --json");
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        serde_json::from_str(&ran.stdout).expect("one document")
    };
    assert_eq!(listed()["stacks"], serde_json::json!([]));
    lab.file("defaults.yaml", &DEFAULTS.replace('7', "8"));
    std::fs::remove_file(lab.path("cen/gone.yaml")).expect("it was there");
    let document = listed();
    let stacks = document["stacks"].as_array().expect("a list");
    assert_eq!(stacks.iter().map(|it| &it["stack"]).collect::<Vec<_>>(), [&Value::from("net")]);
    assert_eq!(stacks[0]["files"], serde_json::json!(["cen/net.yaml", "defaults.yaml"]));
    // It included the same file, and was a spec with it.
    assert_eq!(document["removed"], serde_json::json!(["gone"]));
}

#[test]
fn a_spec_on_stdin_includes_from_the_working_directory() {
    let lab = lab();
    lab.file("piped.yaml", &net("defaults.yaml")).file("outside.yaml", &net("../defaults.yaml"));
    let piped = |script: &str| lab.finish(lab.command("sh").args(["-c", script]));
    assert_eq!(piped("cenbwp plan -f - < piped.yaml").code, 0);
    assert_eq!(piped("cenbwp plan -f /dev/stdin < piped.yaml").code, 0);
    piped("cenbwp plan -f - < outside.yaml").check(3, "leads out of the working directory");
    assert!(purchases(&lab.emulator).is_empty());
}

#[test]
fn no_output_is_an_included_file() {
    let lab = lab();
    lab.run("plan -f cen --out defaults.yaml").check(3, "--out and include are one file");
    assert_eq!(lab.read("defaults.yaml"), DEFAULTS);
    lab.run("plan -f cen --out plan.json").check(0, "saved");
    lab.run("show plan.json --report json=defaults.yaml").check(3, "are one file");
}

/// A pull request could try these: no run shows another file, waits or grows without bound.
#[test]
fn an_include_reaches_no_file_that_is_not_a_plain_one_below_the_working_directory() {
    let lab = Lab::new();
    let outside = tempfile::tempdir().expect("a folder");
    let secret = "token: sesame-open-42";
    std::fs::write(outside.path().join("x.yaml"), secret).expect("a file");
    std::fs::write(outside.path().join("no.yaml"), "").expect("a file");
    lab.file(".git/config.yaml", secret).file("x.txt", secret);
    symlink(outside.path(), lab.path("folder")).expect("a link");
    symlink(outside.path().join("x.yaml"), lab.path("link.yaml")).expect("a link");
    symlink(".git/config.yaml", lab.path("hidden.yaml")).expect("a link");
    symlink("x.txt", lab.path("inside.yaml")).expect("a link");
    symlink("loop.yaml", lab.path("loop.yaml")).expect("a link");
    std::fs::create_dir(lab.path("dir.yaml")).expect("a folder");
    let fifo = lab.path("fifo.yaml").display().to_string();
    assert_eq!(lab.finish(lab.command("mkfifo").arg(&fifo)).code, 0);
    let upward =
        format!("../{}/x.yaml", outside.path().file_name().and_then(|it| it.to_str()).expect("a name"));
    let there = outside.path().join("x.yaml").display().to_string();
    for (path, says) in [
        (upward.as_str(), "leads out of the working directory"),
        (&there, "is an absolute path"),
        (".git/config.yaml", "leads to a hidden file or folder"),
        ("x.txt", "is not a YAML file"),
        ("net.yaml", "is this file itself"),
        ("folder/x.yaml", "a link that leads to nothing inside the working directory"),
        ("folder/absent.yaml", "a link that leads to nothing inside the working directory"),
        ("link.yaml", "a link that leads to nothing inside the working directory"),
        ("hidden.yaml", "a link that leads to nothing inside the working directory"),
        ("loop.yaml", "a link that leads to nothing inside the working directory"),
        ("dir.yaml", "a folder, expected a file"),
        ("fifo.yaml", "a pipe, expected a file"),
        ("absent.yaml", "No such file or directory"),
    ] {
        lab.file("net.yaml", &net(path));
        let ran = lab.run("validate -f net.yaml");
        assert_eq!(ran.code, 3, "{path}: {}", ran.stdout);
        assert!(ran.stdout.contains(says), "{path}: {}", ran.stdout);
        assert!(ran.stdout.contains("--> net.yaml:3:11"), "{path}: {}", ran.stdout);
        assert!(!ran.stdout.contains("sesame"), "{path}: {}", ran.stdout);
        assert!(!ran.stdout.contains("E0404"), "what it may hold is not missing: {}", ran.stdout);
    }
    // A link that stays inside is a file.
    lab.file("net.yaml", &net("inside.yaml")).file("x.txt", DEFAULTS);
    lab.run("validate -f net.yaml").check(0, "");
}

#[test]
fn includes_without_bound_end_in_findings() {
    let lab = Lab::new();
    let sparse = std::fs::File::create(lab.path("large.yaml")).expect("a file");
    sparse.set_len(200 << 20).expect("room");
    lab.file("net.yaml", &net("large.yaml"));
    lab.run("validate -f net.yaml --report json=out.json").check(3, "");
    assert!(
        lab.read("out.json").contains("more than 128 MiB of spec in one run"),
        "{}",
        lab.read("out.json")
    );

    let list: Vec<String> = (0..10_000).map(|n| format!("d{n}.yaml")).collect();
    lab.file("net.yaml", &net("large.yaml").replace("'large.yaml'", &list.join(", ")));
    lab.run("validate -f net.yaml --report json=out.json").check(3, "");
    assert!(lab.read("out.json").contains("`include` has 10000 files"), "{}", lab.read("out.json"));

    // The same in 10,000 documents, of which one run reads 1,000 files.
    let documents: String = list
        .iter()
        .enumerate()
        .map(|(n, file)| format!("version: 1\nstack: s{n}\ninclude: [{file}]\npackages: {{}}\n---\n"))
        .collect();
    lab.file("net.yaml", &documents);
    for file in &list {
        lab.file(file, DEFAULTS);
    }
    lab.run("validate -f net.yaml --report json=out.json").check(3, "");
    let report: Value = serde_json::from_str(&lab.read("out.json")).expect("JSON");
    let findings = report["findings"].as_array().expect("a list");
    assert_eq!(findings.len(), 9000);
    assert!(
        findings[0]["message"]
            .as_str()
            .is_some_and(|it| it.ends_with("more than 1000 included files in one run"))
    );
}
