//! One page for a browser. It needs no network, no font and no script, and can be read on a phone and on
//! paper, too.

mod changes;
mod figures;
mod several;
mod status;
mod style;

use std::collections::BTreeSet;
use std::fmt::Write;

use cenbwp_diff::Leftover;
use cenbwp_spec::{Area, Severity};
use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use super::issue::{Issue, issues};
use super::map::{Link, links};
use super::outcomes::{outcome_words, words};
use super::run::Run;
use crate::execute::ChangeResult;
use crate::exit::Exit;
pub(super) use several::text as several;
pub(super) use status::text as status;

pub(super) fn text(run: &Run<'_>) -> String {
    page(run, &run.headline(), &format!("{}{}{}", header(run), main(run), footer(run)), "")
}

/// Returns the page with this title, this body, and what its style has beyond that of all pages.
fn page(run: &Run<'_>, headline: &str, body: &str, style: &str) -> String {
    let style = style::SHEET.to_owned() + style;
    // The page loads nothing and applies no other style, whatever untrusted text contains.
    let hash = BASE64.encode(&Sha256::digest(&style));
    let policy =
        format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'");
    let title = format!("cenbwp {}: {headline}", run.command);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}</title>\n<style>{style}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escaped(&title),
    )
}

fn header(run: &Run<'_>) -> String {
    let (class, verdict) = verdict(run);
    format!(
        "<header>\n<p class=\"what\">cenbwp {}{}</p>\n<h1 class=\"{class}\">{}</h1>\n{}</header>\n",
        run.command,
        of_stacks(run),
        escaped(&verdict),
        figures::list(run),
    )
}

/// Returns the stacks that the page is about.
fn of_stacks(run: &Run<'_>) -> String {
    match &run.stacks()[..] {
        [] => String::new(),
        [one] => format!(" of <b>{}</b>", escaped(one)),
        many => format!(" of {} stacks", many.len()),
    }
}

/// Returns the verdict on the run, and its colour. The numbers below say what a plan has.
fn verdict(run: &Run<'_>) -> (&'static str, String) {
    let is_good = run.is_success() && run.obstacle().is_none_or(|_| run.applied.is_some());
    let verdict = match run.plan().filter(|_| run.applied.is_none() && run.failure.is_none()) {
        Some(plan) if plan.is_empty() => "No changes".to_owned(),
        Some(_) if is_good => "Can be applied".to_owned(),
        Some(_) => "Cannot be applied".to_owned(),
        None => run.headline(),
    };
    (if is_good && run.exit != Exit::Invalid { "good" } else { "bad" }, verdict)
}

fn main(run: &Run<'_>) -> String {
    format!("<main>\n{}</main>\n", sections(run, Headings { tag: "h2", prefix: "" }))
}

/// The headings of sections: the element, and the start of the names by which they are referred to.
#[derive(Clone, Copy)]
struct Headings<'a> {
    tag: &'static str,
    prefix: &'a str,
}

fn sections(run: &Run<'_>, headings: Headings<'_>) -> String {
    let issues = issues(run);
    let (stops, warnings): (Vec<_>, Vec<_>) =
        issues.iter().partition(|issue| issue.severity == Severity::Error);
    let mut text = ending(run);
    let mut section = |id, title, body: &str| headings.section(&mut text, id, title, body);
    section("errors", run.errors_title(), &list(stops.iter().map(|issue| item(run, issue))));
    if let Some(applied) = run.applied {
        section("done", "What was done", &list(applied.results.iter().map(outcome)));
    }
    section("map", "Areas", &map(run));
    let planned = if run.applied.is_some() { "What was planned" } else { "Changes" };
    section("changes", planned, &changes::list(run));
    section("warnings", "Warnings", &list(warnings.iter().map(|issue| item(run, issue))));
    section("strays", "Not managed here", &list(strays(run).into_iter()));
    text
}

impl Headings<'_> {
    /// Appends a section, unless its body is empty.
    fn section(self, text: &mut String, id: &str, title: &str, body: &str) {
        let Self { tag, prefix } = self;
        if !body.is_empty() {
            // Below a plan of several, the section's name begins with that of the plan.
            let of = prefix.strip_suffix('-').map(|plan| format!("{plan} ")).unwrap_or_default();
            let _ = write!(
                text,
                "<section aria-labelledby=\"{of}{prefix}{id}\">\n<{tag} id=\"{prefix}{id}\">{title}</{tag}>\n{body}</section>\n"
            );
        }
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: String = items.collect();
    if items.is_empty() { items } else { format!("<ul>\n{items}</ul>\n") }
}

/// Returns why the run ended early or the plan cannot be applied, and what to type next.
fn ending(run: &Run<'_>) -> String {
    let mut text = String::new();
    if let Some(lines) = run.error() {
        let _ = writeln!(text, "<pre class=\"error\">{}</pre>", escaped(&lines.join("\n")));
    }
    if let (Some(obstacle), None) = (run.obstacle(), run.applied) {
        let _ = writeln!(text, "<p class=\"obstacle\">{}.</p>", prose(&obstacle));
    }
    if let Some(next) = run.next() {
        let _ = writeln!(text, "<p class=\"next\"><b>Next:</b> {}.</p>", prose(&next));
    }
    text
}

fn item(run: &Run<'_>, issue: &Issue<'_>) -> String {
    let place = run.place(issue.spot.as_ref());
    let address = issue.address.as_ref().map(|address| format!("<b>{}</b> ", escaped(&address.to_string())));
    let place = place.map(|place| format!(" <span class=\"place\">{}</span>", escaped(&place)));
    let hint = issue.hint.as_ref().map(|hint| format!("<p class=\"hint\"><b>Hint:</b> {}</p>", prose(hint)));
    let class = if issue.severity == Severity::Error { "held" } else { "warned" };
    format!(
        "<li class=\"{class}\"><p>{}<code>{}</code>{}</p><p>{}</p>{}</li>\n",
        address.unwrap_or_default(),
        issue.rule.name,
        place.unwrap_or_default(),
        prose(&issue.message),
        hint.unwrap_or_default(),
    )
}

fn outcome(result: &ChangeResult) -> String {
    let class = match (result.is_success(), result.is_unknown()) {
        (true, _) => "buy",
        (false, true) => "change",
        (false, false) => "end",
    };
    let id = result.id.as_ref().map(|id| format!(" {}", escaped(id.as_str()))).unwrap_or_default();
    let order = result.order_id.as_deref().map(|order| format!(", order {}", escaped(order)));
    let token = result.client_token.as_ref().filter(|_| result.is_unknown());
    let token = token.map(|token| format!("<p>client token <code>{token}</code></p>"));
    format!(
        "<li class=\"{class}\"><p><b>{}</b> <code>{}</code>{id}{}</p>{}</li>\n",
        escaped(&result.identity.to_string()),
        outcome_words(result),
        order.unwrap_or_default(),
        token.unwrap_or_default(),
    )
}

fn map(run: &Run<'_>) -> String {
    let Some(planned) = run.planned else { return String::new() };
    let links = links(planned);
    if links.is_empty() { String::new() } else { table(&links) }
}

/// Returns the links as a matrix: the first areas across, the second ones down, as few of both as hold them all.
fn table(links: &[Link]) -> String {
    let across: BTreeSet<&Area> = links.iter().map(|link| link.areas.a()).collect();
    let down: BTreeSet<&Area> = links.iter().map(|link| link.areas.b()).collect();
    let mut text = String::from(
        "<table>\n<caption>Mbps between two areas, and the number of packages, before → after where they change; what \
         has expired does not count</caption>\n<thead><tr><th scope=\"col\">Areas</th>",
    );
    let head = |area: &Area| format!("<th scope=\"col\" class=\"n\">{}</th>", escaped(&area.to_string()));
    text.extend(across.iter().map(|area| head(area)));
    text.push_str("</tr></thead>\n<tbody>\n");
    for b in down {
        let _ = write!(text, "<tr><th scope=\"row\">{}</th>", escaped(&b.to_string()));
        text.extend(across.iter().map(|a| cell(links.iter().find(|link| link.areas.both() == [*a, b]))));
        text.push_str("</tr>\n");
    }
    text + "</tbody>\n</table>\n"
}

fn cell(link: Option<&Link>) -> String {
    let Some(Link { mbps, packages, areas: _ }) = link else { return "<td></td>".to_owned() };
    let class = if mbps[0] == mbps[1] { "n" } else { "n changed" };
    let unit = if packages.iter().max() == Some(&1) { "package" } else { "packages" };
    format!("<td class=\"{class}\">{}<small>{} {unit}</small></td>", numbers(*mbps), numbers(*packages))
}

fn strays(run: &Run<'_>) -> Vec<String> {
    let Some(plan) = run.plan() else { return Vec::new() };
    let item = |Leftover { identity, id, expires }: &Leftover, word| {
        let end = match expires {
            Some(at) => format!("ends {}", cenbwp_diff::when(*at)),
            None => "its end is not listed".to_owned(),
        };
        let (identity, id) = (escaped(&identity.to_string()), escaped(id.as_str()));
        format!("<li class=\"warned\"><p><b>{identity}</b> <code>{word}</code> {id}, {end}</p></li>\n")
    };
    let undeclared = plan.undeclared.iter().map(|it| item(it, "undeclared"));
    let superseded = plan.superseded.iter().map(|it| item(it, "superseded"));
    undeclared.chain(superseded).collect()
}

fn footer(run: &Run<'_>) -> String {
    let mut rows = Vec::new();
    if let Some(planned) = run.planned {
        if run.command != "status" {
            rows.push(("Digest", format!("<code>{}</code>", escaped(planned.digest()))));
        }
        rows.push(match &planned.situation.account {
            Some(account) => ("Account", escaped(account.as_str())),
            None => ("Account", "none: made from a recording".to_owned()),
        });
        let caller = planned.situation.caller.as_ref();
        rows.extend(caller.map(|caller| ("Asked with", escaped(&caller.to_string()))));
        rows.push(("Looked at", escaped(&cenbwp_diff::when(planned.options.now))));
    }
    rows.extend(run.origin.commit.map(|commit| ("Commit", escaped(commit))));
    let link = |url| format!("<a href=\"{0}\">{0}</a>", escaped(url));
    rows.extend(run.origin.job.map(|url| ("Job", link(url))));
    rows.extend(run.ending().map(|ending| ("Ended with", ending)));
    rows.push(("Made by", format!("cenbwp {}", env!("CARGO_PKG_VERSION"))));
    let row =
        |(name, value): &(&str, String)| format!("<div><dt>{}</dt><dd>{value}</dd></div>\n", words(name));
    let rows: String = rows.iter().map(row).collect();
    format!("<footer>\n<dl>\n{rows}</dl>\n</footer>\n")
}

/// Returns one line of prose as HTML; text between backquotes becomes code.
fn prose(text: &str) -> String {
    let text = &changes::arrows(text);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped(text);
    }
    let part = |(n, part): (usize, &&str)| match n.is_multiple_of(2) {
        true => escaped(part),
        false => format!("<code>{}</code>", escaped(part)),
    };
    parts.iter().enumerate().map(part).collect()
}

/// Escapes lines for HTML, for an element and for an attribute.
fn escaped(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(cenbwp_diff::neutral).collect();
    let text = lines.join("\n");
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// Returns a number before and after: one number if it stays, `1 → 2` if it changes.
fn numbers<N: PartialEq + std::fmt::Display>([before, after]: [N; 2]) -> String {
    if before == after { before.to_string() } else { format!("{before} → {after}") }
}
