//! The first spec of a newcomer.

use crate::support::{Lab, purchases};

#[test]
fn a_first_spec_is_valid_and_can_be_planned_as_it_is() {
    let lab = Lab::new();
    lab.run("init").check(0, "cenbwp plan\n");
    let ran = lab.run("validate");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(ran.stdout.contains("1 package in 1 stack, 0 errors, 0 warnings"), "{}", ran.stdout);
    let ran = lab.run("plan --detailed-exitcode");
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("leaves an unpaid order"), "a first apply pays nothing: {}", ran.stdout);
    assert!(purchases(&lab.emulator).is_empty());
}

#[test]
fn every_line_of_a_first_spec_that_is_a_comment_on_purpose_can_be_filled_in() {
    let lab = Lab::new();
    lab.run("init");
    let spec = lab.read("cenbwp.yaml").replace("# account:", "account:").replace("# cenId:", "cenId:");
    lab.file(
        "cenbwp.yaml",
        &spec.replace("autoPay: false ", "autoPay: true ").replace("autoRenew: false ", "autoRenew: true "),
    );
    let ran = lab.run("validate");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    let plan = lab.run("plan").stdout;
    for text in ["then attaches to cen-0123456789", "renews every month", "paid automatically"] {
        assert!(plan.contains(text), "{plan}");
    }
}

#[test]
fn a_file_that_is_there_is_kept() {
    let lab = Lab::new();
    lab.file("net.yaml", "mine");
    lab.run("init net.yaml").check(3, "net.yaml: it is there already, and may hold edits");
    assert_eq!(lab.read("net.yaml"), "mine");
    lab.run("init other.yaml").check(0, "cenbwp plan -f other.yaml\n");
    lab.run("init no/such/folder.yaml").check(1, "no/such/folder.yaml: the spec could not be written");
}
