//! Asks the person at the terminal to approve a plan.

use std::io::{self, BufRead, IsTerminal};

use super::output::Output;
use crate::exit::{Exit, Failure};
use crate::report::Commands;

/// Returns true if a person can be asked: stdin and stdout are terminals, not pipes.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Asks a person to approve the plan that was just shown. Only `yes` is a yes.
///
/// # Errors
/// Exit 4 when the answer is anything else, or there is no terminal to ask at.
pub(super) async fn ask(
    output: &Output,
    consequences: &str,
    digest: &str,
    commands: &Commands,
) -> Result<(), Failure> {
    if !can_ask() {
        return Err(Failure::new(
            Exit::Refused,
            "this plan was not approved, and there is no terminal to ask at",
        )
        .hint(format!(
            "to approve the plan that was shown: `{} --plan-digest {digest}`; to approve whatever is planned then: `{} \
             --auto-approve`",
            commands.again, commands.again
        )));
    }
    output.draw(&format!("\n{}Only yes approves it: ", output.fitting(consequences)));
    let read = tokio::task::spawn_blocking(|| io::stdin().lock().lines().next().transpose());
    let answer = read.await.expect("reading a line does not panic").map_err(Failure::with(Exit::Error))?;
    match answer.as_deref().map(str::trim) {
        Some("yes") => Ok(()),
        _ => Err(Failure::new(Exit::Refused, "not approved; nothing was bought or changed")
            .hint("to approve it, run the same command again and answer `yes`")),
    }
}
