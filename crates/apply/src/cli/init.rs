//! `cenbwp init`: writes a first spec. Offline.

use std::path::{Path, PathBuf};

use super::help::Help;
use super::inputs::DEFAULT_FILE;
use super::outputs::write_spec;
use super::process::Process;
use crate::exit::{Exit, Failure};
use crate::files::{Before, shown, typed};

/// A spec of one package, with a comment for each field.
const SPEC: &str = include_str!("init.yaml");

/// Write a first spec, with comments
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file; one that is there already is kept
    #[arg(value_name = "FILE", default_value = DEFAULT_FILE)]
    file: PathBuf,
}

pub(super) const HELP: Help = Help {
    description: "Writes a spec of one package, in which a comment explains each field. The spec can be planned as it is; its order would wait in \
        the console to be paid.",
    examples: &[
        ("Begin with cenbwp.yaml", "cenbwp init"),
        ("Begin with another file", "cenbwp init network.yaml"),
    ],
    exits: &[Exit::Done, Exit::Error, Exit::Invalid],
    see_also: &["validate", "plan", "schema"],
};

/// Writes the spec, and names the command that plans it.
pub(super) fn run(args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    write_spec(&args.file, SPEC, Before::Kept, "name another one: cenbwp init FILE")?;
    let flag = if args.file == Path::new(DEFAULT_FILE) {
        String::new()
    } else {
        format!(" -f {}", typed(&args.file))
    };
    process.output.story(&format!("wrote {}", shown(&args.file)));
    process.output.story(&format!("edit it, then see what it would buy: cenbwp plan{flag}"));
    Ok(Exit::Done)
}
