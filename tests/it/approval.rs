//! The approval by a person at a real terminal.

use cenbwp_tests::Package;

use crate::support::{Lab, ONE, Terminal, purchases};

const PROMPT: &str = "Only yes approves it: ";

fn at_the_prompt(lab: &Lab) -> Terminal {
    lab.file("cenbwp.yaml", ONE);
    let mut terminal = Terminal::start(lab.command("cenbwp").arg("apply"));
    terminal.wait_for(PROMPT);
    assert!(purchases(&lab.emulator).is_empty());
    terminal
}

#[test]
fn yes_buys_and_the_terminal_shows_what_was_bought() {
    let lab = Lab::new();
    let mut terminal = at_the_prompt(&lab);
    terminal.type_line("yes");
    let (screen, code) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    assert!(
        screen.contains("This plan buys 1 package: 7 Mbps for 1 month in all. A package cannot be returned."),
        "{screen}"
    );
    assert!(screen.contains("Apply complete: 1 created."), "{screen}");
    assert_eq!(purchases(&lab.emulator), ["net/x"]);
}

/// Lines break at spaces, so only what stays in one piece may be longer: a digest, a command to be pasted.
#[test]
fn every_line_fits_a_narrow_terminal() {
    let lab = Lab::of(ONE);
    let narrow = |command: &str| format!("stty cols 50 rows 24; exec {command}");
    let start = |command: &str| {
        Terminal::start(lab.command("sh").args(["-c", &narrow(command)]).env("NO_COLOR", "1"))
    };
    let mut question = start("cenbwp apply");
    let asked = question.until(PROMPT);
    question.type_line("no");
    question.end();
    let (planned, _) = start("cenbwp plan").end();
    for text in [asked, planned.replace("\r\n", "\n")] {
        let is_long =
            |line: &&str| line.chars().count() > 50 && line.trim().contains(' ') && !line.contains('`');
        assert_eq!(text.lines().find(is_long), None, "{text}");
    }
}

#[test]
fn anything_else_than_yes_buys_nothing() {
    for answer in ["no", "y", "YES", "", "yes please"] {
        let lab = Lab::new();
        let mut terminal = at_the_prompt(&lab);
        terminal.type_line(answer);
        let (screen, code) = terminal.end();
        assert_eq!(code, 4, "{screen}");
        assert!(screen.contains("not approved"), "{screen}");
        assert!(purchases(&lab.emulator).is_empty());
    }
}

#[test]
fn a_pipe_is_not_a_person() {
    let lab = Lab::new();
    let ran = lab.file("cenbwp.yaml", ONE).run("apply");
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("--auto-approve"), "{}", ran.stderr);
    assert!(purchases(&lab.emulator).is_empty());
}

#[test]
fn package_bought_by_somebody_else_before_the_yes_is_not_bought_again() {
    let lab = Lab::new();
    let mut terminal = at_the_prompt(&lab);
    lab.emulator.edit(|world| {
        let bought = Package::new("cenbwp-theirs", ["china", "europe"], 7).tagged("cenbwp", "net/x");
        world.packages.push(bought);
    });
    terminal.type_line("yes");
    let (screen, code) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    assert!(purchases(&lab.emulator).is_empty());
}

#[test]
fn world_that_changed_before_the_yes_is_not_the_approved_one() {
    let lab = Lab::new();
    let mut terminal = at_the_prompt(&lab);
    // A package without an owner that may be the one to be bought, because it looks alike.
    lab.emulator.edit(|world| world.packages.push(Package::new("cenbwp-twin", ["europe", "china"], 7)));
    terminal.type_line("yes");
    let (screen, code) = terminal.end();
    assert_eq!(code, 5, "{screen}");
    assert!(screen.contains("+++ now") && screen.contains("cenbwp-twin"), "{screen}");
    assert!(purchases(&lab.emulator).is_empty());
}

#[test]
fn interrupt_at_the_prompt_buys_nothing() {
    let lab = Lab::new();
    let terminal = at_the_prompt(&lab);
    terminal.signal("INT");
    let (screen, code) = terminal.end();
    assert_eq!(code, 130, "{screen}");
    assert!(purchases(&lab.emulator).is_empty());
}
