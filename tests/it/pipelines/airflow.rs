//! Airflow's DAG, run by Airflow itself, with a person who answers. `make pipelines` brings it.

use std::path::PathBuf;

use cenbwp_tests::{Access, Config, Package, Role};

use super::{assert_judged, example, fleet_spec, judge};
use crate::support::{Lab, binaries, purchases, repository};

/// The stacks, each of an account of its own: one is refused, one is held, one is rejected, one is bought before.
const STACKS: [&str; 5] = ["denied", "held", "rejected", "same", "wanted"];

fn account(stack: &str) -> String {
    let at = STACKS.iter().position(|name| *name == stack).expect("one of them");
    format!("200000000000000{at}")
}

/// Returns a lab with the stacks, and a key of a user who may take the roles of all accounts but one.
fn fleet() -> Lab {
    let mut lab = Lab::new();
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_ID", Some(Config::USER_ID));
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", Some(Config::USER_SECRET));
    for stack in STACKS {
        lab.file(&format!("cen/{stack}.yaml"), &fleet_spec(stack, &account(stack)));
        for name in ["cenbwp-plan", "cenbwp-apply"].into_iter().filter(|_| stack != "denied") {
            let arn = format!("acs:ram::{}:role/{name}", account(stack));
            let trusts = vec![Access::USER.to_owned()];
            let role = Role { arn, trusts, subject: None, most_seconds: 3600 };
            lab.emulator.edit_access(|access| access.roles.push(role));
        }
    }
    let alike = Package::new("cenbwp-1", ["china", "europe"], 100);
    lab.emulator.edit_account(&account("held"), |world| world.packages.push(alike));
    judge(&lab);
    lab
}

/// Runs the DAG to its end, with a person who approves these stacks. Returns what is printed of questions and ends.
#[expect(clippy::disallowed_methods, reason = "where Airflow lies is the machine's business")]
fn dag(lab: &Lab, approved: &[&str]) -> Vec<String> {
    let tools = PathBuf::from(std::env::var("CENBWP_AIRFLOW").expect("make pipelines sets it"));
    let path = |name: &str| lab.path(name).display().to_string();
    let text = example("airflow/cenbwp.py")
        .replace("\"/srv/network\"", &format!("{:?}", path("")))
        .replace("\"/srv/plans\"", &format!("{:?}", path("plans")))
        .replace("timedelta(minutes=1)", "timedelta(0)");
    lab.file("airflow/dags/cenbwp.py", &text);
    std::fs::copy(tools.join("home/airflow.db"), lab.path("airflow/airflow.db")).expect("a new database");
    let mut python = lab.command(&tools.join("bin/python").display().to_string());
    python.env("PATH", format!("{}:{}:/usr/bin:/bin", path("bin"), binaries().display()));
    python.env("AIRFLOW_HOME", path("airflow")).env("AIRFLOW__CORE__LOAD_EXAMPLES", "False");
    python.env("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "True");
    python.env("AIRFLOW__USAGE_DATA_COLLECTION__ENABLED", "False");
    let driver = repository().join("tests/pipelines/dag.py");
    let ran = lab.finish(python.arg("-B").arg(driver).arg("cenbwp").args(approved));
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let said = |line: &&str| line.starts_with("asked: ") || line.starts_with("ended: ");
    let said: Vec<String> = ran.stdout.lines().filter(said).map(str::to_owned).collect();
    assert!(!said.is_empty(), "{}{}", ran.stdout, ran.stderr);
    said
}

#[test]
#[ignore = "needs Airflow: make pipelines"]
fn dag_applies_the_plans_that_a_person_approves_and_no_stack_that_fails_hides_another() {
    let lab = fleet();
    let role = "--assume-role acs:ram::{account}:role/cenbwp-apply --auto-approve";
    let before = lab.run(&format!("apply -f cen --target same --account {} {role}", account("same")));
    assert_eq!(before.code, 0, "{}{}", before.stdout, before.stderr);
    let said = dag(&lab, &["wanted"]);
    let asked: Vec<&str> = said.iter().filter_map(|it| it.strip_prefix("asked: ")).collect();
    assert_eq!(asked.len(), 2, "a person is asked where a plan can be applied: {said:#?}");
    for stack in ["rejected", "wanted"] {
        assert!(asked.iter().any(|it| it.starts_with(&format!("Apply the plan of {stack}? "))), "{asked:?}");
    }
    let ended: Vec<&str> = said.iter().filter_map(|it| it.strip_prefix("ended: ")).collect();
    let of = |task: &str, ends: [&str; 5]| -> Vec<String> {
        ends.iter().enumerate().map(|(at, end)| format!("one_stack.{task}[{at}] {end}")).collect()
    };
    let none = "upstream_failed 0";
    let expected = [
        of("apply", [none, none, none, "skipped 0", "success 1"]),
        of("approve", [none, none, "failed 1", "skipped 0", "success 1"]),
        of("judge", [none, none, "success 1", "skipped 0", "success 1"]),
        // Code 1 is tried again, and a plan that is held is not.
        of("plan", ["failed 4", "failed 1", "success 1", "skipped 1", "success 1"]),
        vec!["stacks[-1] success 1".to_owned()],
    ];
    assert_eq!(ended, expected.concat());
    assert_eq!(purchases(&lab.emulator), ["same/cn-eu", "wanted/cn-eu"]);
    assert_judged(&lab);
}
