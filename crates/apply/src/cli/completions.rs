//! `cenbwp completions`: prints shell completions.

use clap_complete::Shell;

use super::process::Process;
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
pub(super) fn run(args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut process.tool.clone(), "cenbwp", &mut script);
    process.output.answer(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
