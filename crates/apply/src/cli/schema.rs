//! `cenbwp schema`: prints the spec's JSON Schema.

use super::process::Process;
use crate::exit::{Exit, Failure};

/// Print the JSON Schema of the spec, for editors
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Prints the schema (draft-07).
pub(super) fn run(_args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    process.output.answer(cenbwp_spec::SCHEMA);
    Ok(Exit::Done)
}
