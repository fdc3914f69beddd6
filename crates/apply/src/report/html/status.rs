//! The page of a status: a time line of the ends, month by month, and below it the packages without one.

use std::fmt::Write;

use jiff::Timestamp;

use super::{escaped, figures, footer, list, page, prose};
use crate::report::run::{Run, plural};
use crate::status::{Obstacle, Row, State, Status, until, words};

/// The style of the time line: a line with a mark at each month. The words say everything that it shows.
const TIME_LINE: &str = "
ol{list-style:none;margin:0;padding:0}
.line{border-left:.2rem solid var(--line);margin-left:.4rem;padding-left:1.1rem}
.month{border:0;border-radius:0;padding:0;margin:0;position:relative}
.month::before{content:'';position:absolute;left:-1.65rem;top:.35rem;width:.7rem;height:.7rem;border-radius:50%;background:var(--bg);border:.2rem solid var(--dim)}
.past::before{background:var(--dim)}
h3{font-size:1rem;margin:1.2rem 0 .1rem}
.facts{color:var(--dim);font-size:.875rem}
.facts b{font-weight:400;color:var(--fg)}
@media print{h3{break-after:avoid}}
";

pub(in crate::report) fn text(run: &Run<'_>, status: &Status<'_>) -> String {
    let summary = status.summary();
    let body = format!("{}{}{}", header(run, status, &summary), main(run, status), footer(run));
    page(run, &summary, &body, TIME_LINE)
}

fn header(run: &Run<'_>, status: &Status<'_>, summary: &str) -> String {
    let ending = status.expiring();
    let is_due = ending > 0 || run.plan().is_some_and(|plan| !plan.is_empty());
    let verdict = match ending {
        0 if is_due => "The cloud differs from the spec".to_owned(),
        0 => "Nothing is due".to_owned(),
        1 => "A package ends soon, or has ended".to_owned(),
        _ => format!("{ending} packages end soon, or have ended"),
    };
    let class = if is_due { "bad" } else { "good" };
    let counts: Vec<(String, u64)> =
        status.counts().into_iter().map(|(state, count)| (words(state), count as u64)).collect();
    let counts: Vec<(&str, u64)> = counts.iter().map(|(words, count)| (words.as_str(), *count)).collect();
    format!(
        "<header>\n<p class=\"what\">cenbwp {}{}</p>\n<h1 class=\"{class}\">{verdict}</h1>\n<p>{}</p>\n{}</header>\n",
        run.command,
        super::of_stacks(run),
        escaped(summary),
        figures::shown(&counts, None),
    )
}

fn main(run: &Run<'_>, status: &Status<'_>) -> String {
    let headings = super::Headings { tag: "h2", prefix: "" };
    let mut text = String::from("<main>\n");
    let obstacles = status.obstacles();
    let warnings =
        run.warnings.iter().map(|warning| format!("<li class=\"warned\"><p>{}</p></li>\n", prose(warning)));
    headings.section(&mut text, "warnings", "Warnings", &list(warnings));
    headings.section(&mut text, "held", "Held or unreadable", &list(obstacles.iter().map(obstacle)));
    headings.section(&mut text, "ends", "Ends", &time_line(status));
    let others = status.rows.iter().filter(|row| end(row).is_none());
    headings.section(&mut text, "others", "Without an end", &list(others.map(|row| item(status, row, None))));
    text + "</main>\n"
}

fn obstacle(Obstacle { title, message, hint }: &Obstacle) -> String {
    let hint = hint.as_ref().map(|hint| format!("<p class=\"hint\"><b>Hint:</b> {}</p>", prose(hint)));
    let (title, hint) = (escaped(title), hint.unwrap_or_default());
    format!("<li class=\"held\"><p><b>{title}</b></p><p>{}</p>{hint}</li>\n", prose(message))
}

/// Returns the packages that end, in the order of their ends, under the months; empty if there are none.
fn time_line(status: &Status<'_>) -> String {
    let ends: Vec<(Timestamp, &Row<'_>)> =
        status.rows.iter().filter_map(|row| Some((end(row)?, row))).collect();
    let month = |(at, _): &(Timestamp, &Row<'_>)| match *at <= status.now {
        true => "Ended".to_owned(),
        false => at.strftime("%B %Y").to_string(),
    };
    let months = ends.chunk_by(|one, next| month(one) == month(next)).map(|packages| {
        let name = month(&packages[0]);
        let mbps: u64 =
            packages.iter().filter_map(|(_, row)| row.live).map(|it| u64::from(it.bandwidth.0)).sum();
        let class = if name == "Ended" { "month past" } else { "month" };
        let sum = format!("{}, {mbps} Mbps", plural(packages.len() as u64, "package"));
        let items: String = packages.iter().map(|(at, row)| item(status, row, Some(*at))).collect();
        format!("<li class=\"{class}\">\n<h3>{name}</h3>\n<p class=\"place\">{sum}</p>\n<ol>\n{items}</ol>\n</li>\n")
    });
    let months: String = months.collect();
    if months.is_empty() { months } else { format!("<ol class=\"line\">\n{months}</ol>\n") }
}

fn end(row: &Row<'_>) -> Option<Timestamp> {
    row.live?.expires
}

/// Returns a package: its name, its end, its state, and everything else that is known of it.
fn item(status: &Status<'_>, row: &Row<'_>, end: Option<Timestamp>) -> String {
    let facts = status.facts(row);
    let of = |name: &str| facts.iter().find(|(label, _)| *label == name).map(|(_, value)| escaped(value));
    let state = of("state").unwrap_or_default();
    let title = row.title();
    let end = end.map(|end| {
        let is_near = row.wanted && row.ends() && end > status.now;
        let soon = if is_near { "<b>ends soon</b>, " } else { "" };
        let (exact, said) = (cenbwp_diff::when(end), until(end, status.now));
        format!("<p>{soon}{} <span class=\"place\">{exact}</span></p>", escaped(&said))
    });
    let mut others = String::new();
    for (label, value) in
        facts.iter().filter(|(label, value)| !["identity", "state"].contains(label) && *value != title)
    {
        let comma = if others.is_empty() { "" } else { "; " };
        let _ = write!(others, "{comma}{label} <b>{}</b>", escaped(value));
    }
    let others = if others.is_empty() { others } else { format!("<p class=\"facts\">{others}</p>") };
    format!(
        "<li class=\"{}\"><p><b>{}</b>: {state}</p>{}{others}</li>\n",
        class(&row.state),
        escaped(&title),
        end.unwrap_or_default(),
    )
}

/// Returns the colour of a state, which the words beside it name.
fn class(state: &State<'_>) -> &'static str {
    match state {
        State::Held(_) | State::Unreadable(_) => "held",
        State::Missing | State::Differs(_) | State::ToAdopt | State::ToMove | State::Undeclared => "change",
        State::ToRelease | State::ToRetire | State::Retiring => "end",
        State::AsDeclared
        | State::Finished
        | State::Superseded
        | State::Owned
        | State::OtherStack
        | State::Unmanaged => "plain",
    }
}
