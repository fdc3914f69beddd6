//! `cenbwp explain`: more about a name that the tool prints.

use std::ffi::OsStr;

use cenbwp_spec::Explanation;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};

use super::help::Help;
use super::process::Process;
use crate::catalogue::{Section, explanations, sections};
use crate::exit::{Exit, Failure};

/// Explain a code, a reason, a warning, an outcome or an exit code
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
    description: "Explains a name that another command printed: a finding, a reason to hold a change, a warning, an outcome or an exit code.",
    examples: &[
        ("Explain a finding", "cenbwp explain E0201"),
        ("Explain why a change is held", "cenbwp explain look_alike"),
        ("Explain an exit code", "cenbwp explain 7"),
        ("List all names", "cenbwp explain"),
    ],
    exits: &[Exit::Done, Exit::Error, Exit::Invalid],
    see_also: &["validate", "plan", "apply"],
};

/// Prints the explanation of a name, or the list of all names.
pub(super) fn run(args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    let Some(name) = &args.name else {
        process.output.answer(&sections().iter().map(list).collect::<Vec<_>>().join("\n"));
        return Ok(Exit::Done);
    };
    let found = explanations(name);
    if found.is_empty() {
        return Err(Failure::new(Exit::Invalid, format_args!("nothing is called {name:?}"))
            .hint("cenbwp explain lists all names"));
    }
    process
        .output
        .answer(&found.into_iter().map(|it| full(it, process.output.width)).collect::<Vec<_>>().join("\n"));
    Ok(Exit::Done)
}

fn full(explanation: &Explanation, width: usize) -> String {
    let Explanation { name, title, text, example } = explanation;
    let example = example.map(|example| format!("\n{example}\n")).unwrap_or_default();
    format!("{name}: {title}\n\n{}{example}", cenbwp_diff::wrap(text, width))
}

/// Returns the names of a section, one on each line.
fn list(section: &Section) -> String {
    let width = section.rules.iter().map(|rule| rule.name.len()).max().unwrap_or_default();
    let line = |rule: &&Explanation| format!("  {:width$}  {}\n", rule.name, rule.title);
    format!("{}:\n{}", section.title, section.rules.iter().map(line).collect::<String>())
}
