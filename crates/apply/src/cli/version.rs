//! `cenbwp version`.

use serde_json::json;

use super::output::Output;
use crate::exit::{Exit, Failure};

/// Print the version
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Prints name and version.
pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    let text = if args.json {
        json!({ "name": "cenbwp", "version": version }).to_string()
    } else {
        format!("cenbwp {version}")
    };
    output.answer(&(text + "\n"));
    Ok(Exit::Done)
}
