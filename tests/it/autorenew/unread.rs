//! A renewal that the billing service does not show: a warning, and nothing else.

use cenbwp_tests::{Effect, Fault, Refusal, Renewal, When};
use serde_json::Value;

use super::{QUERY, live, x};
use crate::support::Lab;

/// An approval does not depend on whether a renewal that needs no change could be read.
#[test]
fn a_digest_is_the_same_whether_or_not_the_renewal_is_known() {
    let lab = Lab::of(&x("autoRenew: true, name: new"));
    lab.emulator.edit(|world| world.packages = vec![live("x", Renewal::every(1))]);
    let digest = || {
        let plan: Value = serde_json::from_str(&lab.run("plan --report json").stdout).expect("JSON");
        plan["digest"].clone()
    };
    let known = digest();
    let refusal = Refusal::new(400, "NotAuthorized", "no");
    lab.emulator.fault(Fault::new(QUERY, When::EVERY, Effect::Refuse(refusal)));
    assert_eq!(digest(), known);
}

/// The permission that the warning names is granted, or the months are among those that it names.
#[test]
pub(crate) fn a_renewal_that_may_be_read_is_warned_of_no_more() {
    let lab = Lab::of(&x("autoRenew: true, autoRenewDuration: 4"));
    lab.emulator.edit(|world| world.packages = vec![live("x", Renewal::every(3))]);
    let refusal = Refusal::new(403, "NoPermission", "no");
    lab.emulator.fault(Fault::new(QUERY, When::EVERY, Effect::Refuse(refusal)));
    let plan = || lab.run("plan").stdout.replace("\n    ", " ");
    let grant =
        "grant these credentials the RAM actions bss:DescribeInstances and bssapi:QueryAvailableInstances";
    assert!(plan().contains(grant), "{}", plan());
    lab.emulator.clear_faults();
    assert!(plan().contains("the service sets 1, 2, 3, 6 or 12 months or years, not 4 months"), "{}", plan());
    lab.file("cenbwp.yaml", &x("autoRenew: true, autoRenewDuration: 3"));
    assert!(!plan().contains("renewal_unknown"), "{}", plan());
}

#[test]
fn a_billing_service_that_cannot_be_reached_is_a_warning() {
    let mut lab = Lab::of(&x("autoRenew: true"));
    lab.emulator.edit(|world| world.packages = vec![live("x", Renewal::default())]);
    lab.set("CENBWP_BILLING_ENDPOINT", Some("http://127.0.0.1:9"));
    let ran = lab.run("plan --detailed-exitcode --max-retries 0");
    ran.check(0, "");
    assert!(
        ran.stdout.contains("renewal_unknown: whether cenbwp-x renews itself is not known"),
        "{}",
        ran.stdout
    );
    lab.set("CENBWP_BILLING_ENDPOINT", Some("http://example.com"));
    lab.run("plan").check(3, "http:// is for loopback only");
    lab.set("CENBWP_BILLING_ENDPOINT", None);
    lab.set("CENBWP_SITE", Some("mars"));
    lab.run("plan").check(3, "china");
}
