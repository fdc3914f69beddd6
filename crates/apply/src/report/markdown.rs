//! Markdown for a pull request: the headline, what blocks the plan, the changes, a diagram, the digest.
//!
//! A comment holds 65,536 characters; a page has at most [`MOST`] of them, so that the job that posts it can
//! add text.

mod budget;
mod changes;
mod several;
mod status;
mod words;

use std::fmt::Write;

use cenbwp_diff::{Change, Leftover, NewMbps};
use cenbwp_spec::Severity;

use super::issue::{Issue, issues};
use super::map::{Link, links};
use super::outcomes::outcome_words;
use super::run::{Run, plural};
use crate::execute::ChangeResult;
use crate::planned::Planned;
use crate::planned::digest::sha256;
use crate::planned::document::Summary;
use budget::{Section, fitted, size};
pub(super) use several::text as several;
pub(super) use status::text as status;
use words::{alert, cell, code, fenced, link, prose, quoted};

/// The most characters of a page.
const MOST: usize = 60_000;

pub(super) fn text(run: &Run<'_>) -> String {
    let (head, foot) = (head(run), foot(run));
    let room = MOST.saturating_sub(size(&head) + size(&foot));
    format!("{head}{}{foot}", fitted(&sections(run), room))
}

/// Returns the hidden marker by which the next run finds the comment and edits it. It names the command, so
/// that the page of an apply leaves the comment with the plan as it is, and the stacks, so that each spec of a
/// repository has its own comment; before the stacks are known it names none.
fn marker(run: &Run<'_>) -> String {
    // A saved plan is the same plan.
    let command = if run.command == "show" { "plan" } else { run.command };
    let stacks = run.stacks().join(",");
    let stacks = if stacks.len() > 200 { sha256(&stacks) } else { stacks };
    let colon = if stacks.is_empty() { "" } else { ":" };
    format!("<!-- cenbwp-{command}{colon}{stacks} -->")
}

fn head(run: &Run<'_>) -> String {
    let mut text = format!("### {}\n\n", prose(&run.headline()));
    let (why, next) = (why(run), run.next().map(|next| format!("**Next:** {}.\n", prose(&next))));
    let paragraphs: Vec<String> = why.iter().cloned().chain(next).collect();
    let paragraphs = paragraphs.join("\n");
    let is_bad = why.is_some() || run.applied.is_some() && !run.is_success();
    if is_bad && !paragraphs.is_empty() {
        let _ = writeln!(text, "{}", alert("CAUTION", &paragraphs));
    }
    if let (Some(plan), None) = (run.plan(), run.applied) {
        let _ = writeln!(text, "{}\n", cost(&Summary::of(plan)));
    }
    if !is_bad && !paragraphs.is_empty() {
        let _ = writeln!(text, "{paragraphs}");
    }
    text
}

/// Returns why the run ended early, or why its plan cannot be applied.
fn why(run: &Run<'_>) -> Option<String> {
    if let Some(lines) = run.error() {
        let mut error = lines.join("\n");
        if error.len() > MOST / 8 {
            error = error.chars().take(MOST / 8).chain("\n…".chars()).collect();
        }
        return Some(fenced("text", &error));
    }
    let obstacle = run.obstacle().filter(|_| run.applied.is_none())?;
    Some(format!("**This plan cannot be applied:** {}.\n", prose(&obstacle)))
}

/// Returns what the plan costs: in money where that is known, in Mbps and months.
fn cost(summary: &Summary) -> String {
    let NewMbps { by_purchase, by_upgrade } = summary.mbps;
    let mut said = Vec::new();
    if summary.purchases > 0 {
        let months = plural(summary.months, "month");
        let price = summary.price.as_ref().map(|price| format!("{price} for ")).unwrap_or_default();
        said.push(format!(
            "{price}{by_purchase} Mbps in {} for {months} in all, prepaid, cannot be returned",
            plural(summary.purchases, "new package"),
        ));
    }
    if by_upgrade > 0 {
        said.push(format!("upgrades add {by_upgrade} Mbps, which charges"));
    }
    if said.is_empty() {
        said.push("nothing is bought, no bandwidth is added".to_owned());
    }
    format!("**Cost:** {}.", said.join("; "))
}

fn sections(run: &Run<'_>) -> Vec<Section> {
    let issues = issues(run);
    let (stops, warnings): (Vec<_>, Vec<_>) =
        issues.iter().partition(|issue| issue.severity == Severity::Error);
    let mut changes: Vec<&Change> = run.plan().map(|plan| plan.changes.iter().collect()).unwrap_or_default();
    changes.sort_by_key(|change| !matches!(change, Change::Purchase(_)));
    let planned = run.planned.filter(|_| run.applied.is_none());
    let rows = planned.map(|planned| changes::rows(planned, &changes, "")).unwrap_or_default();
    let results = run.applied.map(|applied| &applied.results[..]).unwrap_or_default();
    vec![
        listed(
            0,
            &format!("#### {}\n\n", run.errors_title()),
            stops.iter().map(|issue| item(run, issue)),
            "obstacle",
        ),
        listed(
            1,
            "#### Outcomes\n\n| package | change | outcome | id | order |\n|---|---|---|---|---|\n",
            results.iter().map(outcome),
            "outcome",
        ),
        listed(2, changes::HEAD, rows, "change"),
        Section { share: 50, ..listed(3, "", planned.and_then(diagram), "diagram") },
        Section {
            share: 60,
            ..listed(4, "> [!WARNING]\n", warnings.iter().map(|issue| quoted(&item(run, issue))), "warning")
        },
        Section {
            tail: "",
            ..listed(
                5,
                "#### Details\n\n",
                changes.iter().map(|change| changes::details(change, "")),
                "detail",
            )
        },
        listed(6, "#### Not managed here\n\n", strays(run), "package"),
    ]
}

fn listed(rank: u8, head: &str, items: impl IntoIterator<Item = String>, noun: &'static str) -> Section {
    let items = items.into_iter().collect();
    Section { rank, share: 80, head: head.to_owned(), items, tail: "\n", noun }
}

/// Returns the list item of a held item, a limit, a finding, a failure or a warning.
fn item(run: &Run<'_>, issue: &Issue<'_>) -> String {
    let mut text = String::from("- ");
    if let Some(address) = &issue.address {
        let _ = write!(text, "**{}** ", code(&address.to_string()));
    } else if let Some(place) = run.place(issue.spot.as_ref()) {
        let _ = write!(text, "**{}** ", code(&place));
    }
    let _ = writeln!(text, "{}: {}", code(issue.rule.name), prose(&issue.message));
    if let Some(hint) = &issue.hint {
        let _ = writeln!(text, "  - **Hint:** {}", prose(hint));
    }
    text
}

fn outcome(result: &ChangeResult) -> String {
    let id = result.id.as_ref().map(|id| cell(id.as_str())).unwrap_or_default();
    let order = result.order_id.as_deref().map(cell).unwrap_or_default();
    let (address, outcome) = (cell(&result.identity.to_string()), cell(&outcome_words(result)));
    format!("| {address} | {} | {outcome} | {id} | {order} |\n", result.action)
}

fn strays(run: &Run<'_>) -> Vec<String> {
    let Some(plan) = run.plan().filter(|_| run.applied.is_none()) else { return Vec::new() };
    let item = |Leftover { identity, id, expires }: &Leftover, word| {
        let end = match expires {
            Some(at) => format!("ends {}", cenbwp_diff::when(*at)),
            None => "its end is not listed".to_owned(),
        };
        format!("- {} {word}: {}, {end}\n", code(&identity.to_string()), code(id.as_str()))
    };
    let undeclared = plan.undeclared.iter().map(|it| item(it, "undeclared"));
    let superseded = plan.superseded.iter().map(|it| item(it, "superseded"));
    undeclared.chain(superseded).collect()
}

/// The most links in the diagram; more could not be distinguished. The service has seven areas.
const MOST_LINKS: usize = 40;

/// Returns the diagram of areas and bandwidth, before and after; `None` if there are no links.
fn diagram(planned: &Planned) -> Option<String> {
    let links = links(planned);
    if links.is_empty() {
        return None;
    }
    let mut areas: Vec<&str> =
        links.iter().take(MOST_LINKS).flat_map(|link| link.areas.both().map(|area| area.as_str())).collect();
    areas.sort_unstable();
    areas.dedup();
    let node = |area: &str| areas.iter().position(|name| *name == area).unwrap_or_default();
    let mut text = String::from("graph LR\n");
    for (n, area) in areas.iter().enumerate() {
        let _ = writeln!(text, "  a{n}[\"{}\"]", label(area));
    }
    for Link { areas, mbps: [before, after], .. } in links.iter().take(MOST_LINKS) {
        let [a, b] = areas.both().map(|area| node(area.as_str()));
        let (line, mbps) = match (before, after) {
            (before, after) if before == after => ("---", format!("{after} Mbps")),
            (_, 0) => ("-.-", format!("{before} → 0 Mbps")),
            (before, after) => ("===", format!("{before} → {after} Mbps")),
        };
        let _ = writeln!(text, "  a{a} {line}|\"{mbps}\"| a{b}");
    }
    let more = match links.len().saturating_sub(MOST_LINKS) {
        0 => String::new(),
        n => format!("\n{} not drawn.\n", plural(n as u64, "more link")),
    };
    Some(format!("#### Areas, before → after\n\n{}{more}", fenced("mermaid", &text)))
}

/// Escapes text for a quoted label of a diagram: every character except letters, digits, blanks and hyphens
/// becomes an entity.
fn label(text: &str) -> String {
    let mut out = String::new();
    for c in cenbwp_diff::neutral(text).chars() {
        if c.is_alphanumeric() || c == ' ' || c == '-' {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

fn foot(run: &Run<'_>) -> String {
    let mut lines = Vec::new();
    if let Some(planned) = run.planned {
        if run.command != "status" {
            lines.push(format!("Digest {}", code(planned.digest())));
        }
        let situation = &planned.situation;
        let caller = situation.caller.as_ref().map(|caller| format!(", {}", prose(&caller.to_string())));
        lines.push(match &situation.account {
            Some(account) => format!("Account {}{}", code(account.as_str()), caller.unwrap_or_default()),
            None => "Made from a recording".to_owned(),
        });
        lines.push(format!("Listed {}", cenbwp_diff::when(planned.options.now)));
    }
    lines.extend(run.origin.commit.map(|commit| format!("Commit {}", code(commit))));
    let exit = run.ending().map(|exit| format!(", {exit}")).unwrap_or_default();
    let job = run.origin.job.map(|url| format!(", {}", link("job", url))).unwrap_or_default();
    lines.push(format!("cenbwp {}{exit}{job}", run.command));
    format!("{}\n\n{}\n", lines.join("  \n"), marker(run))
}
