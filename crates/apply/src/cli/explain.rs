//! `cenbwp explain`: more about a name that the tool prints.

use cenbwp_spec::Explanation;

use super::process::Process;
use crate::catalogue::{Section, explanations, sections};
use crate::exit::{Exit, Failure};

/// Explain a code, a reason, a warning, an outcome or an exit code
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The name, such as E0201, look_alike, expiring, unknown or 7; without one, all names are listed
    name: Option<String>,
}

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
