//! `cenbwp version`: names the build.

use serde_json::json;

use super::help::Help;
use super::process::Process;
use crate::exit::{Exit, Failure};

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that the build script found; `unknown` in a development build.
const COMMIT: &str = env!("CENBWP_BUILT_FROM");
const TARGET: &str = env!("CENBWP_BUILT_FOR");

/// The text after the name in `--version`, and at the end of every man page.
pub(super) const LINE: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (", env!("CENBWP_BUILT_FROM"), ", ", env!("CENBWP_BUILT_FOR"), ")");

/// Print the version, the commit and the target that it was built for
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) const HELP: Help = Help {
    description: "Prints the version, the commit and the target that the program was built from and for.",
    examples: &[
        ("Name the build in a report of a fault", "cenbwp version"),
        ("The same for a script", "cenbwp version --json"),
    ],
    exits: &[Exit::Done, Exit::Error, Exit::Invalid],
    see_also: &[],
};

/// Prints the version, the commit and the target of this build.
pub(super) fn run(args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    let text = if args.json {
        json!({ "name": "cenbwp", "version": VERSION, "commit": COMMIT, "target": TARGET }).to_string()
    } else {
        format!("cenbwp {LINE}")
    };
    process.output.answer(&(text + "\n"));
    Ok(Exit::Done)
}
