//! Many accounts: one folder of specs, one key, a role in each account, and a job for each.

use cenbwp_tests::{Config, OrderKind};
use serde_json::Value;

use crate::support::Lab;

const FLAGS: &str = "--account ACCOUNT --assume-role acs:ram::{account}:role/cenbwp";

fn account(n: usize) -> String {
    format!("20000000000000{n:02}")
}

/// Returns a lab with a stack of two packages in each of so many accounts.
fn fleet(accounts: usize) -> Lab {
    let mut lab = Lab::new();
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_ID", Some(Config::USER_ID));
    lab.set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", Some(Config::USER_SECRET));
    for account in (0..accounts).map(account) {
        lab.emulator.edit_access(|access| access.add_account(&account));
        let spec = format!(
            "version: 1\nstack: wan-{}\naccount: \"{account}\"\ndefaults: {{autoPay: true, bandwidth: 5}}\npackages:\n  cn-eu: {{areas: [China, Europe]}}\n  cn-us: {{areas: [China, North-America]}}\n",
            &account[14..]
        );
        lab.file(&format!("specs/{account}.yaml"), &spec);
    }
    lab
}

/// Returns the accounts that `cenbwp stacks` names, as the input of a matrix.
fn matrix(lab: &Lab) -> Vec<String> {
    let listed = lab.run("stacks -f specs --json");
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    let listed: Value = serde_json::from_str(&listed.stdout).expect("one line of JSON");
    let stacks = listed["stacks"].as_array().expect("a list").iter();
    stacks.map(|stack| stack["account"].as_str().expect("an account").to_owned()).collect()
}

#[test]
fn each_account_is_planned_and_applied_by_a_job_of_its_own() {
    let lab = fleet(8);
    let accounts = matrix(&lab);
    assert_eq!(accounts, (0..8).map(account).collect::<Vec<_>>());
    for account in &accounts {
        let flags = FLAGS.replace("ACCOUNT", account);
        let plan = lab.run(&format!("plan -f specs {flags} --out {account}.json"));
        assert_eq!(plan.code, 0, "{account}: {}{}", plan.stdout, plan.stderr);
        assert!(plan.stdout.contains("Plan: 2 to buy (10 Mbps, 2 months in all)"), "{}", plan.stdout);
        let ran = lab.run(&format!("apply {account}.json --assume-role acs:ram::{{account}}:role/cenbwp"));
        assert_eq!(ran.code, 0, "{account}: {}{}", ran.stdout, ran.stderr);
    }
    for account in &accounts {
        let owned = lab.emulator.edit_account(account, |world| world.packages.len());
        let stack = format!("wan-{}", &account[14..]);
        let ordered = lab.emulator.edit_account(account, |world| world.orders.clone());
        let bought: Vec<_> = ordered.iter().filter(|it| it.kind == OrderKind::New).collect();
        assert_eq!((owned, bought.len()), (2, 2), "{account}");
        assert!(
            bought.iter().all(|it| it.identity.as_deref().is_some_and(|it| it.starts_with(&stack))),
            "{bought:?}"
        );
        let flags = FLAGS.replace("ACCOUNT", account);
        assert_eq!(lab.run(&format!("plan -f specs {flags} --detailed-exitcode")).code, 0, "{account}");
    }
    assert_eq!(lab.emulator.edit(|world| world.packages.len()), 0, "the account of the key has none");
}

#[test]
fn account_whose_role_is_refused_says_so_and_holds_up_no_other() {
    let lab = fleet(3);
    let refused = account(1);
    lab.emulator.edit_access(|access| access.roles.retain(|role| !role.arn.contains(&refused)));
    for account in matrix(&lab) {
        let flags = FLAGS.replace("ACCOUNT", &account);
        let plan = lab.run(&format!("plan -f specs {flags} --max-retries 0"));
        let expected = if account == refused { 1 } else { 0 };
        assert_eq!(plan.code, expected, "{account}: {}{}", plan.stdout, plan.stderr);
        if account == refused {
            assert!(plan.stderr.contains(&format!("role acs:ram::{refused}:role/cenbwp")), "{}", plan.stderr);
        }
    }
}

/// The role of one account beside the selection of another would buy in the wrong account.
#[test]
fn role_of_another_account_than_the_selected_one_is_refused() {
    let lab = fleet(2);
    let (one, other) = (account(0), account(1));
    let ran = lab.run(&format!(
        "apply --auto-approve -f specs --account {one} --assume-role acs:ram::{other}:role/cenbwp"
    ));
    assert_eq!(ran.code, 4, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(lab.emulator.ledger().len(), 0);
}
