//! Every command and every output block in the project's Markdown, run as a reader would run it.
//!
//! A `console` block holds commands after `$ ` and below each its output, stdout and stderr together. `...`
//! stands for any lines, and inside a line for any part of it. One emulated cloud serves all blocks of a
//! file, in their order, and a copy of the examples is in the folder. The cloud is empty but for two CENs,
//! unless a comment names recorded Describe replies to start from: `<!-- cloud: examples/FILE -->`. Blocks of
//! other languages are not commands.

use std::path::Path;
use std::process::Stdio;

use cenbwp_tests::Cen;

use crate::support::{Lab, repository};

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

/// Reports whether a command is a `make` target. These tests run under `make`, so only the target's existence
/// is checked.
fn is_make(command: &str) -> bool {
    command.starts_with("make ")
}

fn check(document: &str) {
    let root = repository();
    let text = std::fs::read_to_string(root.join(document)).expect("the document is there");
    let shown = console_blocks(&text);
    assert!(!shown.is_empty(), "{document} shows no command");
    let lab = Lab::new();
    lab.emulator.edit(|world| world.cens = vec![Cen::new("cen-1"), Cen::new("cen-2")]);
    copy(&root.join("examples"), &lab.path("examples"));
    if let Some((recording, _)) =
        text.split_once("<!-- cloud: ").and_then(|(_, rest)| rest.split_once(" -->"))
    {
        lab.emulator.seed(&lab.read(recording)).expect("recorded replies");
    }
    for Shown { command, output, line } in shown {
        if is_make(&command) {
            let target = lab.finish(
                lab.command("make").arg("-n").args(command.split_whitespace().skip(1)).current_dir(&root),
            );
            assert_eq!(target.code, 0, "{document}:{line}: {}", target.stderr);
            continue;
        }
        let ran = lab.finish(lab.command("sh").arg("-c").arg(format!("{command} 2>&1")).stdin(Stdio::null()));
        assert!(
            matches(&ran.stdout, &output),
            "{document}:{line}: {command}\n{}",
            difference(&output, &ran.stdout)
        );
    }
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
    let schema = cenbwp_spec::schema().to_string();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let documented: std::collections::BTreeSet<&str> = rows.collect();
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
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
