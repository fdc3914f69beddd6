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
fn every_area_that_a_first_spec_offers_is_sold() {
    let lab = Lab::new();
    lab.run("init");
    let spec = lab.read("cenbwp.yaml");
    let (_, offered) = spec.split_once("# also ").expect("a comment");
    let offered: Vec<&str> = offered.lines().next().expect("its rest").split(", ").collect();
    assert!(offered.len() > 1, "{offered:?}");
    for area in offered {
        let key = format!("  {}:", area.to_ascii_lowercase());
        let spec = spec.replace("[China, Europe]", &format!("[China, {area}]")).replace("  cn-eu:", &key);
        lab.file("cenbwp.yaml", &spec);
        let ran = lab.run("validate");
        assert!(ran.stdout.contains("0 errors, 0 warnings"), "{area}: {}{}", ran.stdout, ran.stderr);
        let ran = lab.run("apply --auto-approve");
        assert_eq!(ran.code, 0, "{area}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn a_file_that_is_named_with_a_flag_by_habit_is_named_alone_as_the_tip_says() {
    let lab = Lab::new();
    for habit in ["-f x.yaml", "--file=x.yaml", "-o x.yaml", "--out x.yaml"] {
        lab.run(&format!("init {habit}"))
            .check(3, "tip: the file is named without a flag: `cenbwp init x.yaml`\n");
    }
    lab.run("show -f p.json").check(3, "tip: the file is named without a flag: `cenbwp show p.json`\n");
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
