//! A package that is retired and renews itself: it never ends, and the run says so with the lines to write.

use cenbwp_tests::{Cen, Effect, Fault, Refusal, Renewal, When};

use super::{QUERY, actions, live, set, x};
use crate::support::Lab;

fn lab(renewal: Renewal) -> Lab {
    let lab = Lab::of(&x("manage: retire"));
    lab.emulator.edit(|world| {
        world.cens = vec![Cen::new("cen-1")];
        world.packages = vec![live("x", renewal)];
        world.packages[0].cen_ids = vec!["cen-1".to_owned()];
    });
    lab
}

fn plan(lab: &Lab) -> String {
    let ran = lab.run("plan");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    ran.stdout.replace("\n      ", " ").replace("\n    ", " ")
}

/// Follows the warning to the letter: the package is left to expire.
#[test]
pub(crate) fn a_retirement_says_that_the_package_renews_itself_until_the_spec_switches_it_off() {
    let lab = lab(Renewal::every(3));
    let shown = plan(&lab);
    for says in [
        "leaves the package, which renews every 3 months by itself and is charged each time",
        "net/x   still_renews: cenbwp-x renews every 3 months by itself, next ",
        "where net/x is declared, write `manage: full` and `autoRenew: false` and apply; after that, `manage: retire` again",
    ] {
        assert!(shown.contains(says), "{says}\n{shown}");
    }
    assert!(!shown.contains("to expire"), "{shown}");
    let ran = lab.run("apply --auto-approve");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("renews every 3 months by itself, and is charged each time"),
        "{}",
        ran.stdout
    );
    assert!(set(&lab.emulator).is_empty(), "the spec does not ask for it");
    let shown = plan(&lab);
    assert!(shown.contains("net/x   still_renews: ") && shown.contains("does not end"), "{shown}");
    let status = lab.run("status").stdout;
    assert!(status.contains("retiring (renews itself)"), "{status}");

    lab.file("cenbwp.yaml", &x("manage: full, autoRenew: false"));
    lab.run("apply --auto-approve").check(0, "");
    assert_eq!(set(&lab.emulator), ["cenbwp-x NotRenewal"]);
    lab.file("cenbwp.yaml", &x("manage: retire"));
    let shown = plan(&lab);
    assert!(
        !shown.contains("still_renews") && shown.contains("retiring: cenbwp-x is left to expire"),
        "{shown}"
    );
    assert!(lab.run("status").stdout.contains("retiring (left to expire)"));
    assert!(lab.emulator.ledger().is_empty());
}

#[test]
fn a_retirement_of_a_package_that_ends_says_what_it_always_said() {
    let lab = lab(Renewal::default());
    let shown = plan(&lab);
    assert!(shown.contains("leaves the package to expire, charged until then, ends "), "{shown}");
    assert!(!shown.contains("Warnings"), "{shown}");
}

#[test]
fn a_renewal_that_cannot_be_read_stops_no_retirement() {
    let lab = lab(Renewal::every(1));
    lab.emulator.fault(Fault::new(
        QUERY,
        When::EVERY,
        Effect::Refuse(Refusal::new(403, "NoPermission", "no")),
    ));
    assert!(plan(&lab).contains("renewal_unknown: whether cenbwp-x renews itself is not known"));
    lab.run("apply --auto-approve").check(0, "");
    assert!(lab.emulator.packages()[0].cen_ids.is_empty());
    assert!(actions(&lab.emulator).iter().any(|action| action == QUERY));
}
