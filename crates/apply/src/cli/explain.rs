//! `cenbwp explain`: more about a name that the tool prints.

use std::ffi::OsStr;

use anstyle::Style as Colour;
use cenbwp_diff::{Page, Style};
use cenbwp_spec::Explanation;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};

use super::help::Help;
use super::process::Process;
use crate::catalogue::{Section, explanations, fields, meaning, sections, words};
use crate::exit::{Exit, Failure};

/// Explain a code, a reason, a warning, an outcome, a state, a field or a word
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The name, such as E0201, look_alike, expiring, unknown or 7; without one, all names are listed
    #[arg(value_parser = NameParser, hide_possible_values = true)]
    name: Option<String>,
}

/// Takes any name: one that is not known has an error of its own. The known ones are for shell completions.
#[derive(Clone)]
struct NameParser;

impl TypedValueParser for NameParser {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let rules = sections().into_iter().flat_map(|section| section.rules);
        Some(Box::new(rules.map(|rule| PossibleValue::new(rule.name).help(rule.title))))
    }
}

pub(super) const HELP: Help = Help {
    description: "Explains a name that another command printed: a finding, a reason to hold a change, a warning, an outcome, a \
        heading, a state or an exit code; a field of a spec; or a word of the glossary.",
    examples: &[
        ("Explain a finding", "cenbwp explain E0201"),
        ("Explain why a change is held", "cenbwp explain look_alike"),
        ("Explain an exit code", "cenbwp explain 7"),
        ("Explain a field of a spec", "cenbwp explain movedFrom"),
        ("Explain a word", "cenbwp explain ClientToken"),
        ("List all names", "cenbwp explain"),
    ],
    exits: &[Exit::Done, Exit::Error, Exit::Invalid],
    see_also: &["validate", "plan", "apply"],
};

/// Prints the explanation of a name, or the list of all names.
pub(super) fn run(args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    let width = process.output.width;
    let Some(name) = &args.name else {
        process.output.answer(&all(width));
        return Ok(Exit::Done);
    };
    let rules = explanations(name).into_iter().map(|rule| full(rule, width));
    let word = meaning(name).map(|(word, meaning)| cenbwp_diff::wrap(&format!("{word}: {meaning}"), width));
    let field = fields().into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name.trim()));
    let field =
        field.map(|(name, text)| cenbwp_diff::wrap(&format!("{name}, a field of a spec: {text}"), width));
    let found: Vec<String> = rules.chain(word).chain(field).collect();
    if found.is_empty() {
        return Err(Failure::new(Exit::Invalid, format_args!("nothing is called {name:?}"))
            .hint("cenbwp explain lists all names"));
    }
    process.output.answer(&found.join("\n"));
    Ok(Exit::Done)
}

fn full(explanation: &Explanation, width: usize) -> String {
    let Explanation { name, title, text, example } = explanation;
    let example = example.map(|example| format!("\n{example}\n")).unwrap_or_default();
    format!("{name}: {title}\n\n{}{example}", cenbwp_diff::wrap(text, width))
}

/// Returns every name by kind, the fields of a spec, and the words of the glossary.
fn all(width: usize) -> String {
    let names = sections().into_iter().map(|Section { title, rules }| {
        let rows: Vec<(&str, &str)> = rules.into_iter().map(|rule| (rule.name, rule.title)).collect();
        list(title, &rows, width)
    });
    let fields = fields();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, text)| (&**name, &**text)).collect();
    let fields = list("Fields of a spec", &fields, width);
    let words = list("Words", &words().collect::<Vec<_>>(), width);
    names.chain([fields, words]).collect::<Vec<_>>().join("\n")
}

/// Returns the names of a section with their titles.
fn list(title: &str, rows: &[(&str, &str)], width: usize) -> String {
    let style = Style { width, ..Style::plain() };
    let mut page = Page::new(&style);
    page.line(0, &format!("{title}:"));
    let column = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for &(name, text) in rows {
        page.row(2, &[(Colour::new(), name, column)], text, 4 + column);
    }
    page.into_text()
}
