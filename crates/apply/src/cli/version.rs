//! `cenbwp version`: names the build.

use serde::Serialize;

use super::help::Help;
use super::process::Process;
use crate::exit::{Exit, Failure};

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that the build script found; `unknown` in a development build.
const COMMIT: &str = env!("CENBWP_BUILT_FROM");
const TARGET: &str = env!("CENBWP_BUILT_FOR");

/// The build as JSON.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Build {
    commit: &'static str,
    name: &'static str,
    target: &'static str,
    version: &'static str,
}

/// This build.
pub(super) const BUILD: Build = Build { commit: COMMIT, name: "cenbwp", target: TARGET, version: VERSION };

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
        serde_json::to_string(&BUILD).expect("it is texts")
    } else {
        format!("cenbwp {LINE}")
    };
    process.output.answer(&(text + "\n"));
    Ok(Exit::Done)
}
