//! Several saved plans in one report.

use cenbwp_tests::Package;
use serde_json::{Value, json};

use crate::schemas::schema;
use crate::support::{Lab, ONE};

const FORMS: [&str; 8] = ["human", "json", "markdown", "github", "gitlab", "sarif", "junit", "html"];

/// Returns a lab with the saved plans `buys.json`, `held.json` and `same.json`, of one stack each.
fn lab() -> Lab {
    let lab = Lab::new();
    lab.emulator.edit(|world| {
        world.packages = vec![
            Package::new("cenbwp-twin", ["europe", "europe"], 7),
            Package::new("cenbwp-same", ["china", "china"], 7).tagged("cenbwp", "same/x"),
        ];
    });
    for (stack, areas) in
        [("buys", "[China, Europe]"), ("held", "[Europe, Europe]"), ("same", "[China, China]")]
    {
        let spec = ONE.replace("net", stack).replace("[China, Europe]", areas);
        lab.file(&format!("{stack}.yaml"), &spec);
        lab.run(&format!("plan -f {stack}.yaml --out {stack}.json")).check(0, "saved");
    }
    lab
}

/// Returns the one document of a report.
#[track_caller]
fn document(lab: &Lab, arguments: &str, code: i32) -> Value {
    let ran = lab.run(&format!("{arguments} --report json"));
    assert_eq!(ran.code, code, "{}", ran.stderr);
    let document: Value = serde_json::from_str(&ran.stdout).expect("one document");
    let errors: Vec<_> =
        schema("plans.schema.json").iter_errors(&document).map(|it| it.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    document
}

#[test]
fn several_plans_are_one_document_with_one_total_and_the_worst_verdict_first() {
    let lab = lab();
    let document = document(&lab, "show same.json buys.json held.json", 0);
    let plans = document["plans"].as_array().expect("a list");
    let of = |name: &str| plans.iter().map(|plan| plan[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("file"), ["held.json", "buys.json", "same.json"]);
    assert_eq!(of("verdict"), ["not_applyable", "applyable", "no_changes"]);
    for plan in of("plan") {
        schema("plan.schema.json").validate(&plan).expect("it fits its schema");
    }
    assert_eq!(plans[1]["plan"], serde_json::from_str::<Value>(&lab.read("buys.json")).expect("JSON"));
    assert_eq!(plans[1]["stacks"][0]["stack"], "buys");
    let total = &document["total"];
    let numbers = ["plans", "unreadable", "purchases", "new_mbps", "months", "held", "breaches", "in_sync"];
    assert_eq!(numbers.map(|name| total[name].as_u64().expect("a number")), [3, 0, 1, 7, 1, 1, 0, 1]);
    assert_eq!((&total["applyable"], &document["warnings"]), (&json!(false), &json!([])));
}

#[test]
fn several_plans_are_a_table_a_total_and_each_plan_as_it_is_shown_alone() {
    let lab = lab();
    let ran = lab.run("show same.json buys.json held.json");
    assert_eq!((ran.code, &*ran.stderr), (0, ""));
    let first: Vec<&str> = ran.stdout.lines().take(4).filter_map(|line| line.split("  ").next()).collect();
    assert_eq!(first, ["PLAN", "cannot be applied", "can be applied", "no changes"], "{}", ran.stdout);
    let total = "\n3 plans: 1 to buy (7 Mbps, 1 month), 1 held. 1 up to date. 1 plan cannot be applied.\n";
    assert!(ran.stdout.contains(total), "{}", ran.stdout);
    for plan in ["same", "buys", "held"] {
        let alone = lab.run(&format!("show {plan}.json")).stdout;
        assert!(ran.stdout.contains(&format!("({plan}.json)\n\n{alone}")), "{plan}: {}", ran.stdout);
    }
}

#[test]
fn several_plans_are_events_each_behind_its_own_and_one_summary() {
    let lab = lab();
    lab.file("damaged.json", "{");
    let ran = lab.run("show buys.json damaged.json held.json --json");
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let events: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    let validator = schema("events.schema.json");
    for event in &events {
        validator.validate(event).unwrap_or_else(|error| panic!("{error}: {event:#}"));
    }
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().expect("a type")).collect();
    assert_eq!(types, ["version", "diagnostic", "plan", "held", "plan", "change", "summary"]);
    assert_eq!((&events[2]["file"], &events[4]["file"]), (&json!("held.json"), &json!("buys.json")));
    let summary = &events[6];
    assert_eq!(
        (&summary["applyable"], &summary["exit_code"], &summary["new_mbps"], &summary["counts"]["held"]),
        (&json!(false), &json!(3), &json!(7), &json!(1))
    );
}

#[test]
fn a_file_that_cannot_be_read_hides_no_other_and_ends_with_the_code_that_it_has_alone() {
    let lab = lab();
    lab.file("damaged.json", &lab.read("buys.json").replace("\"7\"", "\"8\""));
    for (file, says) in [
        ("damaged.json", "the file was changed"),
        ("missing.json", "No such file or directory"),
        ("buys.yaml", "a spec, expected a saved plan"),
        (".", "a folder, expected a file"),
    ] {
        let alone = lab.run(&format!("show {file}"));
        let reports: String = FORMS.iter().map(|form| format!(" --report {form}=out.{form}")).collect();
        let ran = lab.run(&format!("show {file} held.json buys.json{reports}"));
        assert_eq!(ran.code, alone.code, "{file}");
        assert_eq!(ran.stderr, alone.stderr, "{file}");
        assert!(ran.stdout.contains("buys/x") && ran.stdout.contains("held/x"), "{}", ran.stdout);
        for form in FORMS.iter().filter(|form| **form != "gitlab") {
            let report = lab.read(&format!("out.{form}"));
            assert!(report.contains(says), "{form}: {says}\n{report}");
            // Annotations and code scanning have no word of what can be bought.
            let has_changes = !["github", "sarif"].contains(form);
            for stack in if has_changes { &["held", "buys"][..] } else { &["held"] } {
                let names = [format!("{stack}/x"), format!("\"{stack}\" name=\"x\"")];
                assert!(names.iter().any(|name| report.contains(name)), "{form}: {stack}\n{report}");
            }
        }
        // Its counts would be taken for those of all.
        let counts: Value = serde_json::from_str(&lab.read("out.gitlab")).expect("JSON");
        assert_eq!((&counts["create"], &counts["exit_code"]), (&Value::Null, &json!(3)), "{counts}");
        assert_eq!(document(&lab, &format!("show {file} buys.json"), 3)["total"]["unreadable"], 1);
    }
    let counts = lab.run("show same.json buys.json --report gitlab").stdout;
    assert_eq!(counts.trim(), r#"{"create":1,"delete":0,"update":0}"#);
}

#[test]
fn only_files_that_cannot_be_read_are_still_one_report() {
    let lab = Lab::new();
    let ran = lab.run("show a.json b.json --report markdown=out.md");
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    assert!(ran.stderr.contains("a.json: ") && ran.stderr.contains("b.json: "), "{}", ran.stderr);
    assert!(lab.read("out.md").starts_with("### 2 files cannot be read.\n"), "{}", lab.read("out.md"));
}

#[test]
fn two_plans_of_one_stack_and_account_are_told() {
    let lab = lab();
    lab.run("plan -f buys.yaml --max-purchases 1 --out again.json").check(0, "saved");
    let said = "2 plans are of stack buys of account";
    let reports: String = FORMS.iter().map(|form| format!(" --report {form}=out.{form}")).collect();
    let ran = lab.run(&format!("show buys.json again.json same.json{reports}"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("warning: stack_twice: 2 plans are of stack buys"), "{}", ran.stdout);
    for form in FORMS.iter().filter(|form| **form != "gitlab") {
        let report = lab.read(&format!("out.{form}"));
        assert!(report.replace('\n', " ").contains(said), "{form}: {report}");
    }
    lab.run("explain stack_twice").check(0, "");
}

#[test]
fn no_output_is_one_of_the_plans_and_no_report_is_written_then() {
    let lab = lab();
    let before = lab.read("held.json");
    lab.run("show buys.json held.json --report json=held.json --report html=out.html")
        .check(3, "--report json and the plan are one file");
    assert_eq!(lab.read("held.json"), before);
    assert!(!lab.path("out.html").exists());
    lab.run("show buys.json held.json --report json=buys.yaml").check(3, "are one file");
}
