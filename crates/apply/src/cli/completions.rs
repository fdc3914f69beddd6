//! `cenbwp completions`: prints shell completions.

use clap::CommandFactory;
use clap_complete::Shell;

use super::output::Output;
use crate::exit::{Exit, Failure};

/// Print completions for a shell
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the completion script. Renders it into memory first, because the generator panics when its writer
/// fails.
pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "cenbwp", &mut script);
    output.answer(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
