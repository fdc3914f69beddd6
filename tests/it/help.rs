//! The long help of every command, and its man page: they have the same sections, and their examples are run.

use crate::support::{Lab, ONE, repository};

/// Returns the commands that `--help` lists.
fn commands(lab: &Lab) -> Vec<String> {
    let help = lab.run("-h").stdout;
    let (_, listed) = help.split_once("Commands:\n").expect("a list of commands");
    let names = listed.lines().take_while(|line| !line.is_empty());
    names.filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next()).map(str::to_owned).collect()
}

/// Returns the commands that a long help shows as examples.
fn examples(help: &str) -> Vec<&str> {
    help.lines().filter_map(|line| line.strip_prefix("    $ ")).collect()
}

/// Returns a lab with every file that an example reads, and with none that it creates.
fn lab(command: &str) -> Lab {
    let lab = Lab::new();
    lab.file(".config/fish/completions/others.fish", "");
    if command == "cenbwp" || command == "init" {
        return lab;
    }
    let state = std::fs::read_to_string(repository().join("examples/terraform/state.json"));
    lab.file("cenbwp.yaml", ONE)
        .file("cen/cenbwp.yaml", ONE)
        .file("terraform.tfstate", &state.expect("the example is there"));
    assert_eq!(lab.run("plan --out plan.json --quiet").code, 0);
    lab.file("plans/core.json", &lab.read("plan.json")).file("plans/branches.json", &lab.read("plan.json"));
    lab
}

/// Returns the code that an example ends with: there is no terminal to ask at, and one package is missing.
fn code(example: &str) -> i32 {
    match example {
        "cenbwp apply" => 4,
        _ if example.contains("--detailed-exitcode") => 2,
        _ => 0,
    }
}

#[test]
fn every_example_of_a_help_text_can_be_typed() {
    let every = commands(&Lab::new());
    for command in every.iter().map(String::as_str).chain(["cenbwp"]) {
        let lab = lab(command);
        let asked = if command == "cenbwp" { "--help".to_owned() } else { format!("{command} --help") };
        let help = lab.run(&asked).stdout;
        let examples = examples(&help);
        assert!(!examples.is_empty(), "{help}");
        for example in examples {
            let ran = lab.finish(lab.command("sh").args(["-c", example]));
            assert_eq!(ran.code, code(example), "{example}\n{}{}", ran.stdout, ran.stderr);
        }
    }
}

#[test]
fn help_is_a_command_as_in_other_tools() {
    let lab = Lab::new();
    for (asked, same) in [("help", "--help"), ("help plan", "plan --help")] {
        let (asked, same) = (lab.run(asked), lab.run(same));
        assert_eq!((asked.code, asked.stdout), (0, same.stdout));
    }
    lab.run("help paln").check(3, "unrecognized subcommand 'paln'");
}

#[test]
fn a_long_help_and_its_man_page_have_the_same_sections() {
    let lab = Lab::new();
    assert_eq!(lab.run("man pages").code, 0);
    let every = commands(&lab);
    for command in &every {
        let help = lab.run(&format!("{command} --help")).stdout;
        let page = lab.read(&format!("pages/cenbwp-{command}.1"));
        for title in ["Examples", "Exit status", "Environment", "See also"] {
            assert!(help.contains(&format!("\n{title}:\n")), "{command}: {title}");
            let heading = title.to_uppercase();
            let is_there =
                page.contains(&format!(".SH \"{heading}\"")) || page.contains(&format!(".SH {heading}"));
            assert!(is_there, "{command}: {title}\n{page}");
        }
        assert!(!lab.run(&format!("{command} -h")).stdout.contains("Examples:"), "{command}: -h is short");
        let section = |title: &str| {
            let (_, rest) = page.split_once(&format!(".SH {title}\n")).expect("a section");
            rest.split("\n.SH").next().unwrap_or_default().to_owned()
        };
        let about = help.lines().next().expect("what it does").replace('-', "\\-");
        assert!(section("NAME").contains(&about), "{page}");
        assert!(!section("DESCRIPTION").contains(&about), "{page}");
        let (_, others) = help.split_once("\nSee also:\n").expect("the last section");
        for other in others.trim().split(", ").skip(1) {
            let is_command = |command: &String| other == format!("cenbwp-{command}(1)");
            assert!(every.iter().any(is_command), "{command} names {other}");
        }
    }
}

#[test]
fn completions_know_the_forms_of_reports_and_the_names_that_are_explained() {
    let lab = Lab::new();
    // The generator for fish leaves out the values of arguments that are not flags.
    for shell in ["bash", "zsh"] {
        let script = lab.run(&format!("completions {shell}")).stdout;
        for word in ["markdown", "sarif", "look_alike", "E0201"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn a_long_help_names_codes_as_explain_does_and_variables_by_their_flags() {
    let lab = Lab::new();
    let help = lab.run("apply --help").stdout;
    for code in ["0", "1", "3", "4", "5", "6", "7", "130"] {
        let explained = lab.run(&format!("explain {code}")).stdout;
        let (name, title) = explained.lines().next().and_then(|line| line.split_once(": ")).expect("a title");
        assert!(help.contains(&format!("  {name:22}  {title}\n")), "{name}: {title}\n{help}");
    }
    assert!(help.contains("  CENBWP_ENDPOINT         as --endpoint\n"), "{help}");
    assert!(!lab.run("validate --help").stdout.contains("ALIBABA_CLOUD"), "it reads no credentials");
}
