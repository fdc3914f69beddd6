//! Every command and every output block in the project's Markdown, run as a reader would run it.
//!
//! A `console` block holds commands after `$ ` and below each its output, stdout and stderr together. `...`
//! stands for any lines, and inside a line for any part of it. Blocks of other languages are not commands.
//!
//! A page that says `make shell` is typed into a terminal, in a folder like a clone that was built. For any other
//! page one emulated cloud serves all blocks, in their order, and a copy of the examples is in the folder.

use std::path::Path;
use std::process::Command;

use cenbwp_tests::Cen;

use crate::support::{Lab, Terminal, binaries, repository};

/// A command and the output that the document shows below it.
struct Shown {
    command: String,
    output: String,
    line: usize,
}

fn console_blocks(text: &str) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        if let Some(language) = line.strip_prefix("```") {
            inside = !inside && language == "console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            shown.push(Shown { command: command.to_owned(), output: String::new(), line: number + 1 });
        } else if inside {
            let current =
                shown.last_mut().unwrap_or_else(|| panic!("line {}: output before a command", number + 1));
            current.output.push_str(line);
            current.output.push('\n');
        }
    }
    shown
}

/// Reports whether a command is a `make` target.
fn is_make(command: &str) -> bool {
    command.starts_with("make ")
}

fn check(document: &str) {
    let text = std::fs::read_to_string(repository().join(document)).expect("the document is there");
    let shown = console_blocks(&text);
    assert!(!shown.is_empty(), "{document} shows no command");
    if shown.iter().any(|shown| shown.command.starts_with(SHELL)) {
        typed(document, &shown);
    } else {
        run(document, &shown);
    }
}

/// The command that opens a shell with an emulated cloud.
const SHELL: &str = "make shell";

/// The prompt of every shell.
const PROMPT: &str = "typed> ";

/// Types the commands at a terminal, one after the other. A shown line that ends in `: yes` is a question of the
/// command, and the answer.
fn typed(document: &str, shown: &[Shown]) {
    let clone = tempfile::tempdir().expect("a temporary folder");
    std::fs::copy(repository().join("Makefile"), clone.path().join("Makefile")).expect("a copy");
    copy(&repository().join("examples"), &clone.path().join("examples"));
    std::fs::create_dir(clone.path().join("target")).expect("a new folder");
    std::os::unix::fs::symlink(binaries(), clone.path().join("target/debug")).expect("a new link");
    let mut terminal = Terminal::control(&shell(clone.path()));
    terminal.until(PROMPT);
    let mut shells = 1;
    for Shown { command, output, line } in shown {
        if command.starts_with(SHELL) {
            shells += 1;
        } else if is_make(command) {
            make_knows(command, clone.path());
            continue;
        } else {
            assert!(shells > 1, "{document}:{line}: no {SHELL} before {command}");
        }
        terminal.type_line(command);
        terminal.until("\n");
        let mut printed = String::new();
        for question in output.lines().filter_map(|line| line.strip_suffix("yes")) {
            if question.ends_with(": ") {
                printed += &(terminal.until(question) + question);
                terminal.type_line("yes");
            }
        }
        printed += &terminal.until(PROMPT);
        compare(document, *line, command, output, &printed);
    }
    for _ in 0..shells {
        terminal.type_line("exit");
    }
    let (rest, code) = terminal.end();
    assert_eq!(code, 0, "{document}: {rest}");
}

/// Returns the shell of a person with nothing in the environment.
#[expect(clippy::disallowed_methods, reason = "where make and sh are is the machine's business")]
fn shell(folder: &Path) -> Command {
    let mut shell = Command::new("sh");
    shell.env("PATH", std::env::var("PATH").unwrap_or_default()).env("HOME", folder).env("SHELL", "sh");
    shell.envs([("PS1", PROMPT), ("TERM", "dumb"), ("NO_COLOR", "1"), ("CARGO", "true")]);
    shell.current_dir(folder);
    shell
}

/// Runs the commands without a terminal.
fn run(document: &str, shown: &[Shown]) {
    let lab = Lab::new();
    lab.emulator.edit(|world| world.cens = vec![Cen::new("cen-1"), Cen::new("cen-2")]);
    copy(&repository().join("examples"), &lab.path("examples"));
    for Shown { command, output, line } in shown {
        if is_make(command) {
            make_knows(command, &repository());
            continue;
        }
        let ran = lab.finish(lab.command("sh").arg("-c").arg(format!("{command} 2>&1")));
        compare(document, *line, command, output, &ran.stdout);
    }
}

/// Checks that a target exists: these tests run under `make`, so none is run.
fn make_knows(command: &str, folder: &Path) {
    let arguments = command.split_whitespace().skip(1);
    let made =
        Command::new("make").arg("-n").args(arguments).current_dir(folder).output().expect("make is there");
    assert!(made.status.success(), "{command}: {}", String::from_utf8_lossy(&made.stderr));
}

fn compare(document: &str, line: usize, command: &str, shown: &str, printed: &str) {
    assert!(matches(printed, shown), "{document}:{line}: {command}\n{}", difference(shown, printed));
}

/// Compares line by line; `...` alone on a line stands for any lines.
fn matches(actual: &str, expected: &str) -> bool {
    fn lines(actual: &[&str], expected: &[&str]) -> bool {
        match (expected, actual) {
            ([], []) => true,
            (["...", rest @ ..], _) => (0..=actual.len()).any(|skip| lines(&actual[skip..], rest)),
            ([expected, rest @ ..], [line, others @ ..]) => is_line(line, expected) && lines(others, rest),
            ([], _) | (_, []) => false,
        }
    }
    fn is_line(line: &str, expected: &str) -> bool {
        let around =
            |(start, end): (&str, &str)| line.strip_prefix(start).is_some_and(|rest| rest.ends_with(end));
        line == expected || expected.split_once("...").is_some_and(around)
    }
    lines(&actual.lines().collect::<Vec<_>>(), &expected.lines().collect::<Vec<_>>())
}

fn difference(expected: &str, actual: &str) -> String {
    similar::TextDiff::from_lines(expected, actual).unified_diff().header("shown", "printed").to_string()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a new folder");
    for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

#[test]
fn readme_shows_what_happens() {
    check("README.md");
}

#[test]
fn pages_that_the_readme_links_to_show_what_happens() {
    for page in std::fs::read_dir(repository().join("docs")).expect("the folder is there") {
        let name = page.expect("an entry").file_name().into_string().expect("a plain name");
        check(&format!("docs/{name}"));
    }
}

#[test]
fn readme_links_to_what_is_there_and_every_page_is_linked() {
    let root = repository();
    let text = std::fs::read_to_string(root.join("README.md")).expect("the document is there");
    let links: Vec<&str> = text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    for link in &links {
        assert!(root.join(link).exists(), "README.md links to {link}, which is not there");
    }
    for page in std::fs::read_dir(root.join("docs")).expect("the folder is there") {
        let name = format!("docs/{}", page.expect("an entry").file_name().to_string_lossy());
        assert!(links.contains(&name.as_str()), "README.md does not link to {name}");
    }
}

#[test]
fn every_field_of_the_schema_is_documented() {
    let page = std::fs::read_to_string(repository().join("docs/spec.md")).expect("the page is there");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let documented: std::collections::BTreeSet<&str> = rows.collect();
    let schema: serde_json::Value = serde_json::from_str(cenbwp_spec::SCHEMA).expect("JSON");
    let fields = fields_of(&schema);
    assert!(fields.len() > 20, "{fields:?}");
    let missing: Vec<_> = fields.iter().filter(|field| !documented.contains(field.as_str())).collect();
    assert!(missing.is_empty(), "docs/spec.md has no row for {missing:?}");
}

/// Returns the names of every property in a schema, without those of `limits`, which share a row.
fn fields_of(schema: &serde_json::Value) -> std::collections::BTreeSet<String> {
    let mut fields = std::collections::BTreeSet::new();
    if let Some(properties) = schema["properties"].as_object() {
        fields.extend(properties.keys().filter(|name| !name.starts_with("max")).cloned());
    }
    let below: Vec<&serde_json::Value> = match schema {
        serde_json::Value::Object(members) => members.values().collect(),
        serde_json::Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    fields.extend(below.into_iter().flat_map(fields_of));
    fields
}
