//! The cost of a plan of many packages, counted and not timed: requests, and memory.

use cenbwp_tests::{Config, sample};

use crate::support::{DESCRIBE, Lab, Ran};

/// Returns an account of this many packages, of which the first are declared.
fn lab(declared: usize, live: usize) -> Lab {
    let lab = Lab::new();
    lab.file("cenbwp.yaml", &sample::spec(declared));
    lab.emulator.edit(|world| world.packages = sample::packages(declared, live - declared));
    lab
}

/// Returns the number of requests for the listing, for the account, and for all other operations.
fn requests(lab: &Lab) -> [usize; 3] {
    let requests = lab.emulator.requests();
    let count = |action: &str| requests.iter().filter(|request| request.action == action).count();
    let (listing, account) = (count(DESCRIBE), count("GetCallerIdentity"));
    [listing, account, requests.len() - listing - account]
}

#[track_caller]
fn nothing_to_do(ran: &Ran) {
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("No changes"), "{}", ran.stdout);
}

#[test]
fn an_empty_plan_asks_for_every_page_once_and_for_the_account_once() {
    for (live, pages) in [(1, 1), (50, 1), (51, 2), (500, 10), (5_000, 100)] {
        let lab = lab(live.min(50), live);
        nothing_to_do(&lab.run("plan --detailed-exitcode"));
        assert_eq!(requests(&lab), [pages, 1, 0], "{live} packages");
    }
}

#[test]
fn a_spec_of_many_packages_asks_for_no_page_more() {
    let lab = lab(1_000, 1_000);
    nothing_to_do(&lab.run("plan --detailed-exitcode"));
    assert_eq!(requests(&lab), [20, 1, 0]);
}

#[test]
fn a_plan_of_twenty_thousand_live_packages_gets_by_with_64_mib() {
    for declared in [50, 20_000] {
        let lab = lab(declared, 20_000);
        // In KiB: all memory that the process may write to, used or not. The measured peak is less, except
        // for the pages of the program itself.
        let limited = "ulimit -d 65536 && exec cenbwp plan --detailed-exitcode";
        nothing_to_do(&lab.finish(lab.command("sh").args(["-c", limited])));
        assert_eq!(requests(&lab), [400, 1, 0], "{declared} declared");
    }
}

#[test]
fn a_certificate_that_the_machine_trusts_is_enough_and_any_other_is_refused() {
    let lab = Lab::with(Config::default());
    lab.file("cenbwp.yaml", &sample::spec(1));
    let emulator = "cen-emulator --sample 1 --tls-certificate trusted.pem --";
    let plan = "cenbwp plan --detailed-exitcode --max-retries 0";
    nothing_to_do(&lab.finish(lab.command("sh").args(["-c", &format!("{emulator} {plan}")])));
    let stranger = format!("{emulator} env SSL_CERT_FILE=/dev/null {plan}");
    let refused = lab.finish(lab.command("sh").args(["-c", &stranger]));
    assert_eq!(refused.code, 1, "{}", refused.stdout);
    assert!(refused.stderr.contains("was not sent"), "{}", refused.stderr);
}
