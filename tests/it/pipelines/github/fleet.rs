//! The workflow for stacks of many accounts: a job for each, and one comment for all.

use cenbwp_tests::{Config, Package};

use super::runner::Repository;
use crate::pipelines::roles;

/// Returns a repository with these stacks of an account, in a pull request that has changed all of them.
fn repository(stacks: &[(&str, &str)]) -> Repository {
    let repository = Repository::new();
    let lab = &repository.site.lab;
    std::fs::remove_file(lab.path("bin/git")).expect("this checkout is a real one");
    std::fs::remove_file(lab.path("cen/network.yaml")).expect("the stacks take its place");
    let [provider, role] = ["oidc-provider/github", "role/cenbwp-plan"]
        .map(|name| format!("acs:ram::{}:{name}", Config::default().account_id));
    lab.emulator.edit_access(|access| {
        provider.clone_into(&mut access.providers[0].arn);
        role.clone_into(&mut access.roles[0].arn);
        access.roles.iter_mut().for_each(|role| role.trusts = vec![provider.clone()]);
    });
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        let ran = lab.finish(lab.command("git").args(identity).args(arguments));
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
    };
    git(&["init", "--quiet"]);
    git(&["commit", "--quiet", "--allow-empty", "--message", "main"]);
    for (stack, account) in stacks {
        let spec = format!(
            "version: 1\nstack: {stack}\naccount: \"{account}\"\npackages:\n  \
             x: {{ areas: [China, Europe], bandwidth: 10, autoPay: true, autoRenew: true, name: {stack}, tags: {{ team: network }} }}\n"
        );
        lab.file(&format!("cen/{stack}.yaml"), &spec);
    }
    git(&["add", "cen"]);
    git(&["commit", "--quiet", "--message", "merge"]);
    repository
}

/// Returns the one comment.
fn comment(repository: &Repository) -> String {
    let comments = repository.kept("comments");
    let [comment] = &comments.as_array().expect("a list")[..] else { panic!("one comment: {comments}") };
    comment["body"].as_str().expect("a page").to_owned()
}

#[test]
fn a_matrix_of_plans_ends_in_one_comment_that_is_kept_up_to_date() {
    let account = Config::default().account_id;
    let mut repository = repository(&[("core", &account), ("sites", &account)]);
    assert_eq!(repository.run("fleet"), None);
    assert_eq!(repository.run("fleet"), None);
    let page = comment(&repository);
    assert!(page.starts_with("### 2 plans: 2 to buy (20 Mbps, 2 months in all).\n"), "{page}");
    for row in ["| `core` | 1 | 10 |", "| `sites` | 1 | 10 |"] {
        assert!(page.contains(row), "{page}");
    }
    assert!(page.encode_utf16().count() < 65_536 && page.ends_with("<!-- cenbwp-fleet -->\n"), "{page}");
    let role = format!("acs:ram::{account}:role/cenbwp-plan");
    assert_eq!(roles(&repository.site.lab), [role.as_str(); 4]);
    assert!(repository.site.lab.emulator.ledger().is_empty());
}

#[test]
fn one_account_that_refuses_is_named_and_hides_no_other() {
    let account = Config::default().account_id;
    let mut repository = repository(&[("core", &account), ("theirs", "999")]);
    let failed = repository.run("fleet").expect("one plan fails");
    assert!(failed.starts_with("Plan: "), "{failed}");
    let page = comment(&repository);
    assert!(page.contains("1 file cannot be read") && page.contains("`plans/theirs.json`"), "{page}");
    assert!(page.contains("| `core` | 1 | 10 |"), "{page}");
}

#[test]
fn a_plan_of_the_matrix_that_cannot_be_applied_fails_the_required_check() {
    let account = Config::default().account_id;
    let mut repository = repository(&[("core", &account), ("sites", &account)]);
    repository.site.lab.emulator.edit(|world| {
        world.packages = vec![Package::new("cenbwp-1", ["china", "china"], 5)];
        "core".clone_into(&mut world.packages[0].name);
    });
    let failed = repository.run("fleet").expect("the check fails");
    assert!(failed.starts_with("Verdict: "), "{failed}");
    assert!(comment(&repository).contains("**1 plan cannot be applied.**"));
}

#[test]
fn a_stack_alone_and_none_at_all_need_no_other_workflow() {
    let account = Config::default().account_id;
    let mut alone = repository(&[("core", &account)]);
    assert_eq!(alone.run("fleet"), None);
    assert!(comment(&alone).contains("<!-- cenbwp-plan:core -->\n<!-- cenbwp-fleet -->\n"));
    alone.from_fork = true;
    let failed = alone.run("fleet").expect("it has no plan");
    assert!(failed.contains("from a fork gets no plan"), "{failed}");
    let lab = &alone.site.lab;
    let commit =
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--allow-empty"];
    assert_eq!(lab.finish(lab.command("git").args(commit).args(["--message", "other"])).code, 0);
    assert_eq!(alone.run("fleet"), None, "no stack has changed");
    assert_eq!(roles(&alone.site.lab).len(), 1);
}
