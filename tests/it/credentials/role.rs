//! `--assume-role`: the credentials that are found take another role, that of the account which the run is about.

use cenbwp_tests::{Access, Config};

use super::{ACCOUNT, key, lab};
use crate::support::{Lab, purchases};

const ROLE: &str = "acs:ram::{account}:role/cenbwp-plan";

/// Returns a lab with the user's key, whose spec pins the account of the roles.
fn pinned() -> Lab {
    let mut lab = lab();
    key(Config::USER_ID, Config::USER_SECRET).iter().for_each(|(name, value)| lab.set(name, Some(value)));
    let pin = "stack: net, account: \"1234567890123456\"";
    lab.file("cenbwp.yaml", &lab.read("cenbwp.yaml").replace("stack: net", pin));
    lab
}

#[test]
fn role_of_the_selected_account_is_taken_by_plan_status_and_apply() {
    let lab = pinned();
    for command in ["plan --out plan.json", "status", "apply --auto-approve"] {
        let ran = lab.run(&format!("{command} --account 1234567890123456 --assume-role {ROLE}"));
        assert_eq!(ran.code, 0, "{command}: {}{}", ran.stdout, ran.stderr);
        let shown = format!("environment, role {}", Access::PLAN);
        assert!(ran.stderr.contains(ACCOUNT) && ran.stderr.contains(&shown), "{command}: {}", ran.stderr);
    }
    assert_eq!(purchases(&lab.emulator).len(), 1);
}

#[test]
fn saved_plan_names_the_account_of_the_role() {
    let lab = pinned();
    assert_eq!(lab.run("plan --out plan.json").code, 0);
    let ran = lab.run(&format!("apply plan.json --assume-role {ROLE}"));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains(Access::PLAN), "{}", ran.stderr);
}

#[test]
fn role_that_cannot_be_meant_is_refused_before_anything_is_sent() {
    let lab = pinned();
    for (flags, says) in [
        (format!("--assume-role {ROLE}"), "{account} is the account of `--account`, which is not given"),
        ("--assume-role cenbwp-plan".to_owned(), "expected a role's ARN: acs:ram::ACCOUNT:role/NAME"),
        ("--assume-role acs:ram::x:role/y".to_owned(), "expected a role's ARN"),
    ] {
        lab.run(&format!("plan {flags}")).check(3, says);
    }
    assert_eq!(lab.emulator.requests().len(), 0);
}

#[test]
fn role_that_may_not_be_taken_ends_the_run_with_the_reason() {
    let lab = pinned();
    let ran = lab.run("plan --max-retries 0 --assume-role acs:ram::1234567890123456:role/cenbwp-apply");
    ran.check(1, "the role's trust policy must name this caller");
}
