//! The page of several plans: the total, a row for each account and stack, and what each plan changes.

use std::fmt::Write;

use super::{Headings, escaped, figures, footer, item, list, page, sections};
use crate::report::issue::Issue;
use crate::report::run::{Run, plural};
use crate::report::several::{self, Row, Verdict};

pub(in crate::report) fn text(run: &Run<'_>) -> String {
    let body = format!("{}{}{}", header(run), main(run), footer(run));
    page(run, &several::headline(run), &body, "")
}

fn header(run: &Run<'_>) -> String {
    let (class, verdict) = match several::obstacle(run) {
        Some(obstacle) => ("bad", obstacle),
        None if run.parts.iter().all(|part| part.verdict() == Verdict::NoChanges) => {
            ("good", "No changes".to_owned())
        }
        None => ("good", "Can be applied".to_owned()),
    };
    format!(
        "<header>\n<p class=\"what\">cenbwp {} of {}</p>\n<h1 class=\"{class}\">{}</h1>\n{}</header>\n",
        run.command,
        plural(run.parts.len() as u64, "file"),
        escaped(&verdict),
        figures::total(run),
    )
}

fn main(run: &Run<'_>) -> String {
    let headings = Headings { tag: "h2", prefix: "" };
    let mut text = String::from("<main>\n");
    headings.section(&mut text, "plans", "Plans", &table(run));
    let twice: Vec<Issue<'_>> = several::twice(run);
    headings.section(&mut text, "twice", "Warnings", &list(twice.iter().map(|issue| item(run, issue))));
    for (n, (part, alone)) in several::runs(run).enumerate() {
        let prefix = format!("plan-{n}-");
        let mut body = sections(&alone, Headings { tag: "h3", prefix: &prefix });
        if let Some(planned) = alone.planned.filter(|_| !body.is_empty()) {
            let _ = writeln!(body, "<p class=\"place\">Digest <code>{}</code></p>", planned.digest());
        }
        headings.section(&mut text, &format!("plan-{n}"), &escaped(&part.title()), &body);
    }
    text + "</main>\n"
}

fn table(run: &Run<'_>) -> String {
    let words = ["Plan", "Account", "Stack"].map(|name| format!("<th scope=\"col\">{name}</th>"));
    let numbers = ["To buy", "New Mbps", "Months", "Other changes", "Held"];
    let numbers = numbers.map(|name| format!("<th scope=\"col\" class=\"n\">{name}</th>"));
    let rows: String = several::rows(run).map(|row| row_of(&row)).collect();
    format!(
        "<table>\n<caption>The stacks of all plans, the worst verdict first</caption>\n<thead><tr>{}{}<th scope=\"col\">File</th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n",
        words.concat(),
        numbers.concat(),
    )
}

fn row_of(row: &Row<'_>) -> String {
    let Row { verdict, account, stack, figures, file } = row;
    let class = match verdict {
        Verdict::Unreadable | Verdict::Blocked => " class=\"changed bad\"",
        Verdict::Spends | Verdict::Changes | Verdict::NoChanges => "",
    };
    let mbps = figures.mbps.total();
    let charges = if *verdict == Verdict::Spends && mbps > 0 { " (charges)" } else { "" };
    let numbers =
        [figures.purchases as u64, mbps, figures.months, figures.updates as u64, figures.held as u64];
    let number = |number| {
        if stack.is_some() { format!("<td class=\"n\">{number}</td>") } else { "<td></td>".to_owned() }
    };
    format!(
        "<tr><td{class}>{}{charges}</td><td>{}</td><td>{}</td>{}<td>{}</td></tr>\n",
        verdict.as_str(),
        account.map(|account| escaped(account.as_str())).unwrap_or_default(),
        stack.map(|stack| escaped(stack.as_str())).unwrap_or_default(),
        numbers.map(number).concat(),
        escaped(file),
    )
}
