//! The approval of a plan: the plans that cannot have one, and the question to the person at the terminal.

use std::io::{self, BufRead, IsTerminal};

use cenbwp_diff::Plan;

use super::output::Output;
use super::saved::listed;
use crate::exit::{Exit, Failure};
use crate::planned::Planned;
use crate::planned::document::Summary;
use crate::report::Commands;
use crate::report::run::plural;

/// Returns true if a person can be asked: stdin and stdout are terminals, not pipes.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Asks a person to approve the plan that was just shown. Only `yes` is a yes.
///
/// # Errors
/// Exit 4 when the answer is anything else, or there is no terminal to ask at.
pub(super) async fn ask(output: &Output, planned: &Planned, commands: &Commands) -> Result<(), Failure> {
    let digest = planned.digest();
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
    output.draw(&format!("\n{}Only yes approves it: ", output.fitting(&consequences(&planned.plan))));
    let read = tokio::task::spawn_blocking(|| io::stdin().lock().lines().next().transpose());
    let answer = read.await.expect("reading a line does not panic").map_err(Failure::with(Exit::Error))?;
    match answer.as_deref().map(str::trim) {
        Some("yes") => Ok(()),
        _ => Err(Failure::new(Exit::Refused, "not approved; nothing was bought or changed")
            .hint("to approve it, run the same command again and answer `yes`")),
    }
}

/// Refuses a plan with a held item or an exceeded limit, and names all of them.
///
/// # Errors
/// Exit 4.
pub(super) fn check_applyable(plan: &Plan, commands: &Commands) -> Result<(), Failure> {
    if plan.is_applyable() {
        return Ok(());
    }
    let Commands { again, apply, anew, .. } = commands;
    let (mut said, mut hints): (Vec<String>, Vec<String>) =
        plan.breaches.iter().map(|breach| (breach.message(), breach.hint())).unzip();
    if !plan.held.is_empty() && !plan.skip_held {
        let held = plan.held.iter().map(|held| format!("{}: {}", held.identity, held.reason.rule().name));
        let held: Vec<String> = held.collect();
        let are = if held.len() == 1 { "change is" } else { "changes are" };
        said.push(format!("{} {are} held, so nothing is bought or changed: {}", held.len(), listed(&held)));
        hints.push(match anew {
            Some(anew) => {
                format!("follow the hints of the plan, or leave out what is held: `{anew} --skip-held`")
            }
            None => {
                format!("follow the hints of the plan, or go on without what is held: `{apply} --skip-held`")
            }
        });
    }
    if said.is_empty() {
        said.extend(cenbwp_diff::obstacle(plan));
        hints.push(format!("list it again: `{again}`"));
    }
    hints.extend(anew.as_ref().map(|anew| format!("then plan again: `{anew}`")));
    Err(Failure::new(Exit::Refused, said.join("\n")).hint(hints.join("; ")))
}

/// Returns what the user approves, in a few sentences.
fn consequences(plan: &Plan) -> String {
    let Summary { purchases, mbps, months, updates, .. } = Summary::of(plan);
    let mut said = Vec::new();
    if purchases > 0 {
        let (packages, months) = (plural(purchases, "package"), plural(months, "month"));
        let unpaid = plan.purchases().filter(|purchase| !purchase.terms.auto_pay).count();
        let buys = if unpaid == purchases { "orders" } else { "buys" };
        let price = plan.cost().map(|cost| format!(", {cost}")).unwrap_or_default();
        let mbps = mbps.by_purchase;
        said.push(format!("This plan {buys} {packages}: {mbps} Mbps for {months} in all{price}."));
        if unpaid > 0 {
            let orders = plural(unpaid, "order");
            said.push(format!("It leaves {orders} to be paid, or cancelled, in the console."));
        }
        said.push("A package cannot be returned.".to_owned());
    }
    if updates > 0 {
        said.push(format!("This plan changes {}.", plural(updates, "existing package")));
    }
    if mbps.by_upgrade > 0 {
        said.push(format!("It raises bandwidth by {} Mbps, which is charged.", mbps.by_upgrade));
    }
    let renewing = plan.changes.iter().filter(|change| change.turns_renewal_on()).count();
    if renewing > 0 {
        let packages = plural(renewing, "package");
        said.push(format!("It lets {packages} renew from now on, which is charged at each end."));
    }
    if plan.changes.iter().any(cenbwp_diff::Change::interrupts_traffic) {
        said.push("It interrupts traffic.".to_owned());
    }
    said.join(" ")
}
