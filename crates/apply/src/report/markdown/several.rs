//! The page of several plans: the total, a row for each account and stack, what blocks a plan, the changes of all.

use std::fmt::Write;

use cenbwp_diff::Change;
use cenbwp_spec::Severity;

use super::budget::{Section, fitted, size};
use super::words::{alert, cell, code, html, link, prose, quoted};
use super::{MOST, changes, cost, item, listed};
use crate::planned::Planned;
use crate::planned::document::Summary;
use crate::report::issue::{Issue, issues};
use crate::report::run::{Part, Run};
use crate::report::several::{self, Figures, Row, Verdict};

const HEAD: &str = "#### Plans\n\n| plan | account | stack | to buy | new Mbps | months | other changes | held | file |\n\
                    |---|---|---|--:|--:|--:|--:|--:|---|\n";

/// The hidden marker of the comment. It names no stacks: those of a matrix differ from run to run.
const MARKER: &str = "<!-- cenbwp-plans -->";

pub(in crate::report) fn text(run: &Run<'_>) -> String {
    let (head, foot) = (head(run), foot(run));
    let room = MOST.saturating_sub(size(&head) + size(&foot));
    format!("{head}{}{foot}", fitted(&sections(run), room))
}

fn head(run: &Run<'_>) -> String {
    let mut text = format!("### {}\n\n", prose(&several::headline(run)));
    if let Some(obstacle) = several::obstacle(run) {
        let _ = writeln!(text, "{}", alert("CAUTION", &format!("**{obstacle}.**\n")));
    }
    if several::plans(run).next().is_some() {
        let total = Summary::total(several::plans(run).map(|planned| &planned.plan));
        let _ = writeln!(text, "{}\n", cost(&total));
    }
    text
}

fn sections(run: &Run<'_>) -> Vec<Section> {
    let accounts = several::are_of_several_accounts(run);
    let (mut stops, mut warnings, mut changes) = (Vec::new(), Vec::new(), Vec::new());
    for (part, alone) in several::runs(run) {
        let of = part
            .account()
            .filter(|_| accounts)
            .map(|account| format!(" of account {}", code(account.as_str())));
        let of = of.unwrap_or_default();
        let issues = issues(&alone);
        let (errors, others): (Vec<_>, Vec<_>) =
            issues.iter().partition(|issue| issue.severity == Severity::Error);
        stops.extend(whole(part, &alone, errors.is_empty()));
        stops.extend(errors.iter().map(|issue| item_of(part, &alone, issue, &of)));
        warnings.extend(others.iter().map(|issue| item_of(part, &alone, issue, &of)));
        changes.extend(alone.planned.into_iter().flat_map(|planned| both(planned, &of)));
    }
    warnings.extend(several::twice(run).iter().map(|issue| item(run, issue)));
    // Purchases first; the plans of each stay in their order.
    changes.sort_by_key(|(is_purchase, ..)| !is_purchase);
    let (rows, details): (Vec<_>, Vec<_>) =
        changes.into_iter().map(|(_, row, details)| (row, details)).unzip();
    let digests = several::runs(run).filter_map(|(part, alone)| Some((part, alone.planned?)));
    let digest =
        |(part, planned): (&Part, &Planned)| format!("- {} {}\n", code(&part.file), code(planned.digest()));
    vec![
        listed(0, HEAD, several::rows(run).map(|row| row_of(&row)), "row"),
        listed(1, "#### Blocked\n\n", stops, "obstacle"),
        listed(2, changes::HEAD, rows, "change"),
        Section { share: 60, ..listed(3, "> [!WARNING]\n", warnings.iter().map(|it| quoted(it)), "warning") },
        Section { tail: "", ..listed(5, "#### Details\n\n", details, "detail") },
        Section { share: 50, ..listed(4, "#### Digests\n\n", digests.map(digest), "digest") },
    ]
}

/// Returns the row of a stack. One that can be applied says in words that it costs money.
fn row_of(row: &Row<'_>) -> String {
    let Row { verdict, account, stack, figures, file } = row;
    let Figures { purchases, mbps, months, updates, held } = figures;
    let said = match verdict {
        Verdict::Unreadable | Verdict::Blocked => format!("**{}**", verdict.as_str()),
        Verdict::Spends | Verdict::Changes | Verdict::NoChanges => verdict.as_str().to_owned(),
    };
    let charges = if *verdict == Verdict::Spends && mbps.total() > 0 { " **(charges)**" } else { "" };
    let number = |number: u64| if stack.is_some() { number.to_string() } else { String::new() };
    format!(
        "| {said}{charges} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        account.map(|account| cell(account.as_str())).unwrap_or_default(),
        stack.map(|stack| cell(stack.as_str())).unwrap_or_default(),
        number(*purchases as u64),
        number(mbps.total()),
        number(*months),
        number(*updates as u64),
        number(*held as u64),
        cell(file),
    )
}

/// Returns the item of a file that cannot be read, or of a plan that cannot be applied as a whole.
fn whole(part: &Part, alone: &Run<'_>, has_no_error: bool) -> Option<String> {
    let file = code(&part.file);
    let Some(error) = alone.error() else {
        let obstacle = alone.obstacle().filter(|_| has_no_error)?;
        return Some(format!("- **{file}** cannot be applied: {}\n", prose(&obstacle)));
    };
    let error = error.join("; ");
    let error = error.strip_prefix(&format!("{}: ", part.file)).unwrap_or(&error);
    let hint = alone.next().map(|hint| format!("  - **Hint:** {}\n", prose(&hint))).unwrap_or_default();
    Some(format!("- **{file}** {}\n{hint}", prose(error)))
}

/// Returns the item of an issue: with the account after the package, or with the file if it is about no package.
fn item_of(part: &Part, run: &Run<'_>, issue: &Issue<'_>, of: &str) -> String {
    let item = item(run, issue);
    match item.strip_prefix("- **").and_then(|rest| rest.split_once("** ")) {
        Some((package, rest)) => format!("- **{package}**{of} {rest}"),
        None => item.replacen("- ", &format!("- **{}** ", code(&part.file)), 1),
    }
}

/// Returns the row and the details of each change, and whether it is a purchase.
fn both(planned: &Planned, of: &str) -> Vec<(bool, String, String)> {
    let changes: Vec<&Change> = planned.plan.changes.iter().collect();
    let account = planned.situation.account.as_ref().filter(|_| !of.is_empty());
    let title = account.map(|account| html(&format!(" of account {account}"))).unwrap_or_default();
    let rows = changes::rows(planned, &changes, of).into_iter().zip(&changes);
    let both = rows
        .map(|(row, change)| (matches!(change, Change::Purchase(_)), row, changes::details(change, &title)));
    both.collect()
}

fn foot(run: &Run<'_>) -> String {
    let mut lines = Vec::new();
    lines.extend(run.origin.commit.map(|commit| format!("Commit {}", code(commit))));
    let exit = run.ending().map(|exit| format!(", {exit}")).unwrap_or_default();
    let job = run.origin.job.map(|url| format!(", {}", link("job", url))).unwrap_or_default();
    lines.push(format!("cenbwp {}{exit}{job}", run.command));
    format!("{}\n\n{MARKER}\n", lines.join("  \n"))
}
