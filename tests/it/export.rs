//! Specs made from existing packages: after an export the plan has adoptions and nothing else.

use std::path::Path;

use cenbwp_tests::{Cen, Package, Renewal, Reservation};
use serde_json::{Value, json};

use crate::support::Lab;

/// Returns the plan of a file, as a document.
#[track_caller]
fn plan(lab: &Lab, file: &str) -> Value {
    let ran = lab.run(&format!("plan -f {file} --report json"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).expect("one document")
}

/// Checks that a plan adopts so many packages without changing them, and has so many in sync.
#[track_caller]
fn only_adopts(plan: &Value, adoptions: usize, in_sync: usize) {
    let updates = plan["updates"].as_array().expect("a list");
    for update in updates {
        assert_eq!((&update["action"], &update["fields"]), (&json!("adopt"), &json!([])), "{update}");
    }
    assert_eq!(updates.len(), adoptions);
    assert_eq!(plan["summary"]["in_sync"], in_sync, "{plan:#}");
    for nothing in ["purchases", "held"] {
        assert_eq!(plan[nothing], json!([]), "{nothing}");
    }
    assert_eq!(plan["applyable"], true);
}

/// Names and texts that some YAML reader or writer gets wrong.
const NASTY: [&str; 30] = [
    "NO",
    "on",
    "y",
    "~",
    "null",
    "true",
    "0x1f",
    "1e3",
    "007",
    "12:30",
    "2024-01-02",
    "1_000",
    ".5",
    "- dash",
    "-",
    "#hash",
    "a: b",
    "a #b",
    "quote\"d",
    "it's",
    "back\\slash",
    "%percent",
    "@at",
    "`tick`",
    "{brace}",
    "[a, b]",
    "*star",
    "&amp",
    "日本 Zürich",
    "!tag",
];

#[test]
fn nasty_texts_come_back_as_they_are() {
    let lab = Lab::new();
    lab.emulator.edit(|world| {
        world.packages = NASTY
            .iter()
            .enumerate()
            .map(|(n, text)| {
                let id = format!("cenbwp-{n:04}");
                let mut package =
                    Package::new(&id, ["china", "europe"], 7).tagged("key", text).tagged(text, "value");
                package.name = (*text).to_owned();
                package.description = format!("{text}\nsecond line {text} ");
                package
            })
            .collect();
    });
    let ran = lab.run("export --out spec.yaml");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("exported 30 packages to adopt"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("not carried over"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("have an owner"), "{}", ran.stderr);
    only_adopts(&plan(&lab, "spec.yaml"), NASTY.len(), 0);
    let spec = lab.read("spec.yaml");
    let independent: Value = serde_yaml::from_str(&spec).expect("another reader reads it");
    let packages = independent["packages"].as_object().expect("a mapping");
    let mut names: Vec<&str> =
        packages.values().map(|package| package["name"].as_str().expect("text")).collect();
    let mut expected = NASTY.to_vec();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

/// Returns the package, changed.
fn with(mut package: Package, change: impl FnOnce(&mut Package)) -> Package {
    change(&mut package);
    package
}

/// Returns an account with one example of every kind of package.
fn mixed() -> Lab {
    let lab = Lab::new();
    let package = |id: &str| Package::new(id, ["china", "europe"], 7);
    let attached = |id: &str, cens: &[&str]| {
        let cens = cens.iter().map(|cen| (*cen).to_owned()).collect();
        with(Package::new(id, ["china", "north-america"], 7), |it| it.cen_ids = cens)
    };
    let raised = Reservation {
        order_type: "TEMP_UPGRADE".into(),
        bandwidth: "5".into(),
        active_time: "2099-01-01T00:00Z".into(),
        charge_type: "PREPAY".into(),
    };
    let late = "2025-02-01T00:00:00Z".parse().expect("a time");
    lab.emulator.edit(|world| {
        world.cens = ["cen-1", "cen-2"].map(Cen::new).into();
        world.packages = vec![
            with(package("cenbwp-free"), |it| it.name = "free".into()),
            attached("cenbwp-attached", &["cen-1"]),
            attached("cenbwp-twice", &["cen-1", "cen-2"]),
            with(package("cenbwp-postpay"), |it| it.charge_type = "POSTPAY".into()),
            with(package("cenbwp-barter"), |it| it.charge_type = "BARTER".into()),
            with(package("cenbwp-late"), |it| it.expires = late),
            with(package("cenbwp-locked"), |it| it.business_status = "FinancialLocked".into()),
            with(package("cenbwp-url"), |it| it.name = "http://name".into()),
            with(package("cenbwp-raised"), |it| it.reservation = Some(raised)),
            with(package("cenbwp-ours").tagged("cenbwp", "net/ours"), |it| {
                *it = it.clone().tagged("cenbwp-terms", "PREPAY 1 Year renew 3");
                it.renewal = Renewal::every(3);
            }),
            package("cenbwp-first").tagged("cenbwp", "net/again"),
            package("cenbwp-second").tagged("cenbwp", "net/again/2"),
            package("cenbwp-clone1").tagged("cenbwp", "net/clone"),
            package("cenbwp-clone2").tagged("cenbwp", "net/clone"),
            package("cenbwp-taken").tagged("cenbwp", "imported/free"),
        ];
    });
    lab
}

#[test]
fn packages_without_an_owner_are_adopted_and_what_is_left_out_is_named() {
    let lab = mixed();
    assert!(lab.run("export").stderr.contains("6 packages have an owner; --all exports them too"));
    let ran = lab.run("export -o spec.yaml --quiet");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    for line in [
        "cenbwp-barter: left out: its charge type \"BARTER\" is not known here",
        "cenbwp-late: left out: it expired 2025-02-01T00:00Z; renew it, and export again",
        "cenbwp-locked: left out: it is FinancialLocked; unlock it in the console, and export again",
        "cenbwp-twice: the CEN is not carried over: it is attached to cen-1 and cen-2",
        "cenbwp-url: the name is not carried over: `name` starts with `http://`, which the service refuses",
    ] {
        assert!(ran.stderr.lines().any(|told| told == line), "{line}\n{}", ran.stderr);
    }
    let spec = lab.read("spec.yaml");
    assert!(spec.contains("\n#   cenbwp-barter: its charge type"), "{spec}");
    assert!(
        spec.contains("\n  free-2:\n    adopt: cenbwp-free\n"),
        "a live identity's name is not reused: {spec}"
    );
    assert!(spec.contains("7 Mbps now and will have 5 Mbps"), "{spec}");
    only_adopts(&plan(&lab, "spec.yaml"), 6, 0);
}

#[test]
fn all_declares_what_other_runs_own_as_it_is() {
    let lab = mixed();
    let ran = lab.run("export --all --out spec.yaml");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for line in [
        "cenbwp-clone1, cenbwp-clone2: left out: more than one package carries the identity net/clone",
        "cenbwp-first: left out: net/again is superseded by net/again/2",
        "exported 6 packages to adopt, and 3 packages of stacks that own them",
    ] {
        assert!(ran.stderr.lines().any(|told| told == line), "{line}\n{}", ran.stderr);
    }
    let plan = plan(&lab, "spec.yaml");
    only_adopts(&plan, 6, 3);
    assert!(!plan["warnings"].to_string().contains("terms_fixed"), "{:#}", plan["warnings"]);
}

#[test]
fn an_item_that_cannot_be_read_is_named_and_still_holds() {
    let lab = Lab::new();
    lab.emulator.edit(|world| {
        let mut broken = Package::new("cenbwp-broken", ["china", "europe"], 7);
        broken.overrides.insert("Bandwidth".into(), json!("many"));
        world.packages = vec![broken, Package::new("cenbwp-free", ["china", "europe"], 7)];
    });
    let ran = lab.run("export --out spec.yaml");
    assert!(
        ran.stderr.contains("cenbwp-broken: left out: it cannot be read, and a plan holds every adoption while that is so: Bandwidth is"),
        "{}",
        ran.stderr
    );
    assert_eq!(plan(&lab, "spec.yaml")["held"][0]["reason"], "unreadable");
}

#[test]
fn an_empty_account_exports_an_empty_spec() {
    let lab = Lab::new();
    let ran = lab.run("export --out spec.yaml --stack net");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(lab.run("validate -f spec.yaml").code, 0);
    only_adopts(&plan(&lab, "spec.yaml"), 0, 0);
    assert_eq!(lab.run("export --stack aliyun-net").code, 3);
    assert_eq!(lab.run("export --all --from-terraform-state x").code, 3);
}

#[test]
fn an_export_is_the_same_for_the_same_account_in_whatever_order() {
    let lab = mixed();
    let first = lab.run("export --all").stdout;
    lab.emulator.edit(|world| world.packages.reverse());
    assert_eq!(lab.run("export --all").stdout, first);
}

fn vector(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/terraform").join(name);
    std::fs::read_to_string(path).expect("the vector is there")
}

/// Creates the packages of a Terraform state in the emulated account, as another program would read it.
fn seed(lab: &Lab, state: &Value) {
    let of_kind = |kind: &'static str| {
        let resources = state["resources"].as_array().expect("a list").iter();
        let resources = resources.filter(move |resource| resource["type"] == kind);
        resources
            .flat_map(|resource| resource["instances"].as_array().expect("a list"))
            .filter(|instance| instance["deposed"].is_null())
            .map(|instance| &instance["attributes"])
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let package = |attributes: &Value| {
        let set = attributes["geographic_region_ids"].as_array().expect("a set");
        let areas = [&set[0], &set[set.len() - 1]].map(|area| text(area).to_lowercase());
        let bandwidth = attributes["bandwidth"].as_i64().expect("a number");
        let mut package = Package::new(&text(&attributes["id"]), [&areas[0], &areas[1]], bandwidth);
        package.name = text(&attributes["name"]);
        package.description = text(&attributes["description"]);
        package.charge_type = text(&attributes["charge_type"]).to_uppercase().replace("PAID", "PAY");
        if attributes["auto_renew"] == true {
            package.renewal = Renewal::every(1);
        }
        package
    };
    lab.emulator.edit(|world| {
        world.packages = of_kind("alicloud_cen_bandwidth_package").map(package).collect();
        for attachment in of_kind("alicloud_cen_bandwidth_package_attachment") {
            let cen = text(&attachment["instance_id"]);
            let id = text(&attachment["bandwidth_package_id"]);
            for package in world.packages.iter_mut().filter(|package| package.id == id) {
                package.cen_ids.push(cen.clone());
            }
            world.cens.push(Cen::new(&cen));
        }
    });
}

#[test]
fn a_terraform_state_of_50_packages_is_adopted_and_nothing_is_bought() {
    let lab = Lab::new();
    lab.file("state.json", &vector("state.json")).file("show.json", &vector("show.json"));
    seed(&lab, &serde_json::from_str(&vector("state.json")).expect("JSON"));
    assert_eq!(lab.emulator.packages().len(), 50);
    let ran = lab.run("export --from-terraform-state state.json --out spec.yaml");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for part in [
        "alicloud_cen_bandwidth_package.frankfurt: left out: cenbwp-exampledeposed is a deposed object (00a1b2c3)",
        "attachment.orphan: left out: it attaches cenbwp-exampleelsewhere, which is not in this state",
        "alicloud_cen_bandwidth_package.postpaid: paid by use",
        "broken, module.net.alicloud_cen_bandwidth_package.broken[0]: tainted in Terraform",
        "period and renewal are those of the Terraform state",
        "exported 50 packages to adopt",
    ] {
        assert!(ran.stderr.contains(part), "{part}\n{}", ran.stderr);
    }
    assert_eq!(lab.run("validate -f spec.yaml").code, 0);
    only_adopts(&plan(&lab, "spec.yaml"), 50, 0);
    let shown = lab.run("export --from-terraform-state show.json");
    assert_eq!(shown.stdout, lab.read("spec.yaml"), "both forms of a state say the same");
    let applied = lab.run("apply -f spec.yaml --auto-approve");
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    assert!(applied.stdout.contains("Apply complete: 50 adopted."), "{}", applied.stdout);
    let after = lab.run("plan -f spec.yaml --detailed-exitcode");
    assert_eq!(after.code, 0, "{}{}", after.stdout, after.stderr);
    assert!(lab.emulator.ledger().is_empty());
}

#[test]
fn both_forms_of_the_example_say_the_same() {
    let lab = Lab::new();
    let export = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/terraform").join(name);
        let ran = lab.run(&format!("export --from-terraform-state {}", path.display()));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout
    };
    assert_eq!(export("state.json"), export("show.json"));
    assert!(export("state.json").contains("adopt: cenbwp-example04"));
}

#[test]
fn a_terraform_state_is_read_offline_and_from_stdin() {
    let mut lab = Lab::new();
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_ID", None);
    lab.file("state.json", &vector("state.json"));
    let arguments = "cenbwp export --stack net --from-terraform-state - < state.json";
    let ran = lab.finish(lab.command("sh").args(["-c", arguments]));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("\nstack: net\n"), "{}", ran.stdout);
    assert!(lab.emulator.requests().is_empty());
}

#[test]
fn what_is_no_terraform_state_is_refused_without_showing_what_is_in_it() {
    let lab = Lab::new();
    let check = |text: &str, part: &str| {
        lab.file("state.json", text);
        let ran = lab.run("export --from-terraform-state state.json");
        assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{text}");
        assert!(ran.stderr.contains(part), "{text}\n{}", ran.stderr);
        assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
    };
    check("s3cret", "not JSON");
    check(r#"{"s3cret":"s3cret""#, "not JSON");
    check(r#"["s3cret"]"#, "expected a Terraform state of version 4");
    check(r#"{"version":3,"s3cret":1}"#, "a state of version 3; expected");
    let flat = r#"{"version":4,"resources":[{"mode":"managed","type":"alicloud_cen_bandwidth_package","name":"x",
        "instances":[{"attributes_flat":{"id":"s3cret"}}]}]}"#;
    check(flat, "alicloud_cen_bandwidth_package.x: written by a Terraform before 0.12");
    assert_eq!(lab.run("export --from-terraform-state missing.json").code, 3);
}
