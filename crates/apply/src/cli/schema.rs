//! `cenbwp schema`: prints the spec's JSON Schema.

use super::help::Help;
use super::process::Process;
use crate::exit::{Exit, Failure};

/// Print the JSON Schema of the spec, for editors
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) const HELP: Help = Help {
    description: "Prints the JSON Schema of the spec. An editor with a YAML language server completes and checks a spec by it.",
    examples: &[("Write it beside the spec", "cenbwp schema > cenbwp.schema.json")],
    exits: &[Exit::Done, Exit::Error, Exit::Invalid],
    see_also: &["validate"],
};

/// Prints the schema (draft-07).
pub(super) fn run(_args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    process.output.answer(cenbwp_spec::SCHEMA);
    Ok(Exit::Done)
}
