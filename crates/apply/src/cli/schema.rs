//! `cenbwp schema`: prints the spec's JSON Schema.

use super::output::Output;
use crate::exit::{Exit, Failure};

/// Print the JSON Schema of the spec, for editors
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Prints the schema (draft-07).
pub(super) fn run(_args: &Args, output: &Output) -> Result<Exit, Failure> {
    output.answer(&format!("{:#}\n", cenbwp_spec::schema()));
    Ok(Exit::Done)
}
