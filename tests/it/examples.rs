//! Runs every example: the specs are valid and have a plan, and the demo does the whole job.

use std::path::Path;

use cenbwp_tests::OrderKind;

use crate::support::{Lab, Terminal, binaries};

fn examples() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

#[test]
fn every_spec_is_valid_and_can_be_applied() {
    let mut seen = 0;
    for entry in std::fs::read_dir(examples()).expect("the examples") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a plain name");
        match (path.is_dir(), name) {
            (true, "backbone") => {}
            // Several states of one spec, and no spec: the documents of these names run them.
            (
                true,
                "fleet" | "lifecycle" | "price" | "renewal" | "shared" | "states" | "terraform" | "year",
            ) => {
                continue;
            }
            // The tests of these names run them.
            (true, "pipelines" | "policies") => continue,
            (true, other) => panic!("no test runs examples/{other}"),
            (false, file) if file.ends_with(".yaml") => {}
            (false, _) => continue,
        }
        seen += 1;
        let lab = Lab::new();
        let spec = path.to_str().expect("a plain path");
        for (arguments, code) in [
            ("validate", 0),
            ("plan --detailed-exitcode", 2),
            ("apply --auto-approve", 0),
            ("plan --detailed-exitcode", 0),
        ] {
            let ran = lab.run(&format!("{arguments} -f {spec}"));
            assert_eq!(ran.code, code, "{arguments} -f {spec}\n{}{}", ran.stdout, ran.stderr);
        }
        assert!(lab.emulator.ledger().iter().all(|order| order.kind == OrderKind::New));
    }
    assert!(seen >= 2, "the examples are gone");
}

/// The newcomer's first command, from the Makefile, without the build, which has happened.
#[test]
fn make_demo_does_the_whole_job() {
    let lab = Lab::new();
    let root = examples().join("..");
    let ran = lab
        .finish(lab.command("make").args(["demo", "CARGO=true"]).arg(binaries_argument()).current_dir(root));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("One package was bought, once. The second plan is empty."), "{}", ran.stdout);
    assert!(lab.emulator.requests().is_empty(), "the demo has its own cloud");
}

fn binaries_argument() -> String {
    format!("BIN={}", binaries().display())
}

#[test]
fn demo_buys_one_package_and_ends_with_an_empty_plan() {
    let lab = Lab::new();
    let ran = lab.finish(lab.command("sh").arg(examples().join("demo.sh")));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("Apply complete: 1 created."), "{}", ran.stdout);
    assert_eq!(lab.emulator.ledger().len(), 1);
}

/// The picture in the README is what a person sees. `make recording` draws it anew.
#[test]
fn the_recording_of_the_demo_is_what_it_prints() {
    let lab = Lab::new();
    let mut demo = lab.command("cen-emulator");
    // A terminal on which no line is redrawn.
    demo.args(["--", "sh"]).arg(examples().join("demo.sh")).env("TERM", "dumb");
    let (screen, code) = Terminal::start(&mut demo).end_in_colour();
    assert_eq!(code, 0, "{screen}");
    let screen = with_digits(&with_digits(&screen, "http://127.0.0.1:", "40000"), "sha256:", &"0".repeat(64));
    let picture = anstyle_svg::Term::new().render_svg(&screen);
    snapbox::assert_data_eq!(picture, snapbox::file!["../../examples/demo.svg"].raw());
}

/// Replaces the digits after each `prefix`, which differ from run to run.
fn with_digits(text: &str, prefix: &str, digits: &str) -> String {
    let mut parts = text.split(prefix);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |done, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        done + prefix + digits + rest
    })
}
