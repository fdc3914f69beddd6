//! `cenbwp show`: a saved plan as text. Offline.

use std::path::PathBuf;

use super::output::Output;
use crate::exit::{Exit, Failure};

/// Show a saved plan
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The saved plan
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
}

/// Prints the plan, for which account it was made, when, and its digest.
pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let planned = super::inputs::read_plan(&args.plan)?;
    let document = planned.document();
    let made_for = match (&planned.situation.account, &planned.situation.endpoint) {
        (Some(account), Some(endpoint)) => format!("account {account} at {endpoint}"),
        _ => "a recording".to_owned(),
    };
    output.answer(&planned.text(output.color, output.width));
    output.answer(&format!("\nMade for {made_for}, {}.\nDigest {}\n", planned.options.now, document.digest));
    if !document.applyable {
        output.answer("It cannot be applied as it is.\n");
    }
    Ok(Exit::Done)
}
