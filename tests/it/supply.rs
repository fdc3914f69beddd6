//! The parts of the build: the rules of deny.toml, as far as Cargo.lock and the sources of the crates show it
//! without a network, and the list of crates that a release carries.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::process::Command;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::{Lab, repository};

fn text(name: &str) -> String {
    std::fs::read_to_string(repository().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns the target that the binaries are built for.
fn target() -> String {
    let build: Value = serde_json::from_str(&Lab::new().run("version --json").stdout).expect("one document");
    build["target"].as_str().expect("a text").to_owned()
}

/// Runs a command of the project at its root, without a network.
fn said(command: &mut Command) -> String {
    let ran =
        command.current_dir(repository()).env("CARGO_NET_OFFLINE", "true").output().expect("it is there");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("text")
}

/// Returns the packages of the build for this machine.
fn packages() -> Vec<Value> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &target()]);
    let metadata: Value = serde_json::from_str(&said(&mut cargo)).expect("JSON");
    let built: BTreeSet<&str> = metadata["resolve"]["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .filter_map(|node| node["id"].as_str())
        .collect();
    let packages = metadata["packages"].as_array().expect("packages").iter();
    packages.filter(|package| package["id"].as_str().is_some_and(|id| built.contains(id))).cloned().collect()
}

/// Returns the quoted texts between a line and the end of the list that it begins.
fn listed(rules: &str, begins: &str) -> BTreeSet<String> {
    let (_, rest) = rules.split_once(begins).unwrap_or_else(|| panic!("{begins} is not there"));
    let (list, _) = rest.split_once("\n]").expect("the list ends");
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Returns true if a licence expression can be met with allowed licences.
fn is_met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let is_allowed = |licence: &str| allowed.contains(licence.trim_matches(['(', ')', ' ']));
    expression.replace('/', " OR ").split(" AND ").all(|part| part.split(" OR ").any(is_allowed))
}

#[test]
fn every_crate_of_the_build_has_a_licence_that_is_allowed() {
    let allowed = listed(&text("deny.toml"), "\nallow = [");
    assert!(allowed.len() > 5, "{allowed:?}");
    let packages = packages();
    assert!(packages.len() > 100);
    let licence = |package: &Value| package["license"].as_str().unwrap_or("none").to_owned();
    let others: Vec<_> = packages.iter().filter(|package| !is_met(&licence(package), &allowed)).collect();
    let others: Vec<_> =
        others.iter().map(|package| format!("{}: {}", package["name"], licence(package))).collect();
    assert!(others.is_empty(), "deny.toml does not allow {others:#?}");
    for (expression, met) in [
        ("MIT OR GPL-3.0", true),
        ("MIT/Apache-2.0", true),
        ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("GPL-3.0 WITH Classpath-exception-2.0", false),
        ("none", false),
    ] {
        assert_eq!(is_met(expression, &allowed), met, "{expression}");
    }
}

#[test]
fn every_crate_comes_from_the_one_registry_and_none_is_banned() {
    let rules = text("deny.toml");
    let banned: Vec<_> =
        rules.lines().filter_map(|line| line.split_once("{ crate = \"")?.1.split('"').next()).collect();
    assert!(banned.len() >= 3, "{banned:?}");
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let lock = text(lock);
        let value =
            |line: &'_ str, key: &str| line.strip_prefix(key).map(|rest| rest.trim_matches('"').to_owned());
        let sources: BTreeSet<_> = lock.lines().filter_map(|line| value(line, "source = ")).collect();
        let registry = "registry+https://github.com/rust-lang/crates.io-index".to_owned();
        assert_eq!(sources, BTreeSet::from([registry]));
        let names: Vec<_> = lock.lines().filter_map(|line| value(line, "name = ")).collect();
        assert!(names.len() > 100);
        assert!(!names.iter().any(|name| banned.contains(&name.as_str())), "{banned:?}");
        let missing = lock.matches("\nsource = ").count() - lock.matches("\nchecksum = ").count();
        assert_eq!(missing, 0, "a crate without a checksum");
    }
}

/// The published schema of CycloneDX 1.4. The two parts that other files define, signatures and licences by their
/// names alone, are not in a list of ours.
fn schema() -> Validator {
    let text = text("tests/vectors/cyclonedx-bom-1.4.schema.json");
    let mut schema: Value = serde_json::from_str(&text).expect("JSON");
    for part in ["/definitions/signature", "/definitions/license/properties/id"] {
        *schema.pointer_mut(part).expect("it is defined") = json!({ "not": {} });
    }
    jsonschema::draft7::new(&schema).expect("a schema")
}

/// Returns the list of crates that a release carries.
fn list() -> String {
    let mut script = Command::new("sh");
    script
        .args(["packaging/sbom.sh", &target()])
        .env("SOURCE_DATE_EPOCH", "1767323045")
        .env("CARGO", env!("CARGO"));
    said(&mut script)
}

#[test]
fn a_release_lists_its_crates_in_the_same_bytes_each_time() {
    let printed = list();
    assert_eq!(printed, list());
    let bom: Value = serde_json::from_str(&printed).expect("JSON");
    let errors: Vec<_> = schema().iter_errors(&bom).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(bom["metadata"]["timestamp"], "2026-01-02T03:04:05Z");
    assert_eq!(bom["metadata"]["component"]["name"], "cenbwp");
    let components = bom["components"].as_array().expect("components");
    let component = |name: &str| components.iter().find(|it| it["name"] == name).unwrap_or(&Value::Null);
    // In the binary; needed to build it; for tests only; on other systems only.
    assert_eq!(component("ring")["scope"], "required");
    assert_eq!(component("cc")["scope"], "excluded");
    assert_eq!((component("divan"), component("windows-sys")), (&Value::Null, &Value::Null));
    assert_eq!(component("cenbwp-spec")["scope"], "required");
    for it in
        components.iter().filter(|it| !it["name"].as_str().is_some_and(|name| name.starts_with("cenbwp-")))
    {
        assert_eq!(it["hashes"][0]["content"].as_str().map(str::len), Some(64), "{it:#}");
        assert!(it["licenses"][0]["expression"].is_string(), "{it:#}");
    }
    let refs: BTreeSet<_> =
        components.iter().chain([&bom["metadata"]["component"]]).map(|it| it["bom-ref"].as_str()).collect();
    assert_eq!(refs.len(), components.len() + 1, "each has a name of its own");
    let edges = bom["dependencies"].as_array().expect("dependencies");
    assert_eq!(edges.iter().map(|edge| edge["ref"].as_str()).collect::<BTreeSet<_>>(), refs);
    let needed: BTreeSet<_> = edges
        .iter()
        .flat_map(|edge| edge["dependsOn"].as_array().expect("a list"))
        .map(Value::as_str)
        .collect();
    assert!(needed.is_subset(&refs));
    assert_eq!(needed.len(), components.len(), "nothing is there that nothing needs");
}

/// Returns a copy of a small program into which a list of crates was put, and what it then holds, unpacked.
fn embedded(lab: &Lab, list: &str) -> (Vec<u8>, Value) {
    lab.file("list.json", list);
    std::fs::copy("/bin/true", lab.path("program")).expect("every machine has it");
    let mut embed = lab.command("sh");
    embed.arg(repository().join("packaging/embed.sh")).args(["list.json", "program"]);
    lab.finish(&mut embed).check(0, "");
    let mut dump = lab.command("objcopy");
    lab.finish(dump.args(["--dump-section", ".dep-v0=packed", "program"])).check(0, "");
    assert_eq!(lab.finish(&mut lab.command("./program")).code, 0, "it still runs");
    let mut text = String::new();
    let packed = std::fs::read(lab.path("packed")).expect("the section");
    flate2::read::ZlibDecoder::new(&*packed).read_to_string(&mut text).expect("zlib, with its checksum");
    (std::fs::read(lab.path("program")).expect("it is there"), serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn a_released_binary_holds_the_list_of_its_crates_as_scanners_read_it() {
    let (list, lab) = (list(), Lab::new());
    let (program, embedded_list) = embedded(&lab, &list);
    assert!(program == embedded(&lab, &list).0, "the same bytes each time");
    let packages = embedded_list["packages"].as_array().expect("packages");
    let bom: Value = serde_json::from_str(&list).expect("JSON");
    assert_eq!(packages.len(), bom["components"].as_array().expect("components").len() + 1);
    let package = |name: &str| packages.iter().find(|it| it["name"] == name).expect(name);
    let root = package("cenbwp");
    assert_eq!((&root["root"], &root["source"]), (&json!(true), &json!("local")));
    let needed = root["dependencies"].as_array().expect("a list");
    let needed =
        needed.iter().map(|at| &packages[usize::try_from(at.as_u64().expect("a place")).unwrap()]["name"]);
    let needed: BTreeSet<&str> = needed.filter_map(Value::as_str).collect();
    assert!(needed.is_superset(&BTreeSet::from(["cenbwp-spec", "reqwest", "tokio"])), "{needed:?}");
    assert_eq!((&package("cc")["kind"], &package("ring")["kind"]), (&json!("build"), &Value::Null));
    assert_eq!(package("ring")["source"], "crates.io");
}

/// More than one block of zlib: a block holds 65,535 bytes.
#[test]
fn a_list_of_any_length_is_embedded() {
    for length in [65_000_usize, 65_535, 65_536, 200_000] {
        let name = "x".repeat(length);
        let list = json!({
            "metadata": { "component": { "bom-ref": "a", "name": name, "version": "1.0.0" } },
            "components": [],
            "dependencies": [{ "ref": "a", "dependsOn": [] }],
        });
        let (_, embedded) = embedded(&Lab::new(), &list.to_string());
        assert_eq!(embedded["packages"][0]["name"].as_str().map(str::len), Some(length));
    }
}
