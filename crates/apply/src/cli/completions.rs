//! `cenbwp completions`: prints shell completions.

use clap_complete::Shell;

use super::help::Help;
use super::process::Process;
use crate::exit::{Exit, Failure};

/// Print completions for a shell
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) const HELP: Help = Help {
    description: "Prints a script that completes commands, flags and their values.",
    examples: &[
        ("For bash, in a file for ~/.bashrc to source", "cenbwp completions bash > ~/.cenbwp-completions"),
        ("For fish", "cenbwp completions fish > ~/.config/fish/completions/cenbwp.fish"),
    ],
    exits: &[Exit::Done, Exit::Error, Exit::Invalid],
    see_also: &["man"],
};

/// Prints the completion script. Renders it into memory first, because the generator panics when its writer
/// fails.
pub(super) fn run(args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut process.tool.clone(), "cenbwp", &mut script);
    process.output.answer(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
