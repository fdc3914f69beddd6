//! The changes of a plan: a row of the table for each, and its details as a diff.

use std::collections::BTreeMap;

use cenbwp_diff::{Change, FieldChange, FieldValue, Live, Style};
use cenbwp_spec::PackageId;

use super::words::{cell, fenced, html, in_cell};
use crate::planned::Planned;

/// The start of the table.
pub(super) const HEAD: &str = "#### Changes\n\n| | package | change | areas | Mbps | other fields |\n\
                               |---|---|---|---|--:|---|\n";

/// The most characters of a value in a cell; a longer one is in the details.
const MOST: usize = 60;

/// Returns the rows of the changes. Each holds everything that costs money. `of` comes after each address.
pub(super) fn rows(planned: &Planned, changes: &[&Change], of: &str) -> Vec<String> {
    let live = planned.situation.observed.packages.iter().map(|live| (&live.id, live)).collect();
    changes.iter().map(|change| row(change, &live, of)).collect()
}

fn row(change: &Change, live: &BTreeMap<&PackageId, &Live>, of: &str) -> String {
    let (sign, verb) = match change {
        Change::Purchase(_) => ("+", "**buys a package**".to_owned()),
        Change::Update(it) => ("~", format!("changes {}", cell(it.id.as_str()))),
        Change::Adopt(it) => ("~", format!("adopts {}", cell(it.id.as_str()))),
        Change::Move(it) => {
            let from = cell(&it.from.to_string());
            ("~", format!("moves {} from {from}", cell(it.id.as_str())))
        }
        Change::Release(it) => ("-", format!("releases {}", cell(it.id.as_str()))),
        Change::Retire(it) => ("-", format!("retires {}", cell(it.id.as_str()))),
    };
    let live = change.id().and_then(|id| live.get(id));
    let (areas, mbps) = match (change, live) {
        (Change::Purchase(it), _) => (in_cell(&it.areas.to_string()), it.bandwidth.0.to_string()),
        (_, Some(live)) => (in_cell(&live.areas.to_string()), bandwidth(change, live)),
        (_, None) => (String::new(), String::new()),
    };
    let mut marks = String::new();
    if matches!(change, Change::Purchase(it) if it.areas.is_cross_border()) {
        marks.push_str(" (cross-border)");
    }
    if change.fields().iter().any(FieldChange::charges) {
        marks.push_str(" **(charges)**");
    }
    if change.turns_renewal_on() {
        marks.push_str(" **(renews itself from now on, charges at each end)**");
    }
    if change.interrupts_traffic() {
        marks.push_str(" **(interrupts traffic)**");
    }
    let address = cell(&change.identity().to_string());
    let others = others(change).join("<br>");
    format!("| {sign} | {address}{of} | {verb}{marks} | {areas} | {mbps} | {others} |\n")
}

fn bandwidth(change: &Change, live: &Live) -> String {
    let changed = change.fields().iter().find_map(|field| match field {
        FieldChange::Bandwidth(mbps) => Some(format!("{} → {}", mbps.from.0, mbps.to.0)),
        _ => None,
    });
    changed.unwrap_or_else(|| live.permanent_bandwidth().0.to_string())
}

/// Returns the terms, and each field apart from the areas and the bandwidth, in the words of the plan.
fn others(change: &Change) -> Vec<String> {
    let mut said = match change {
        Change::Purchase(it) => {
            let price = cenbwp_diff::price(it, 1).map(|price| format!("price {price}"));
            let (terms, name) = (cenbwp_diff::terms(&it.terms), format!("name {}", cell(&it.name)));
            [Some(terms), price, Some(name)].into_iter().flatten().collect()
        }
        Change::Retire(it) => vec![cenbwp_diff::left(it)],
        Change::Release(_) => vec!["the package stays, and so do its charges".to_owned()],
        Change::Update(_) | Change::Adopt(_) | Change::Move(_) => Vec::new(),
    };
    let fields = change.fields().iter().filter(|field| !matches!(field, FieldChange::Bandwidth(_)));
    let is_new = change.id().is_none();
    said.extend(fields.map(|change| field(change, is_new)));
    said
}

fn field(change: &FieldChange, is_new: bool) -> String {
    match change.values().to {
        FieldValue::Cen(Some(cen)) if is_new => return format!("then attaches to {}", in_cell(cen.as_str())),
        FieldValue::Group(Some(group)) if is_new => {
            return format!("then moves to resource group {}", in_cell(group));
        }
        FieldValue::Mbps(_)
        | FieldValue::Text(_)
        | FieldValue::Tag(_)
        | FieldValue::Cen(_)
        | FieldValue::Renewal(_)
        | FieldValue::Group(_) => {}
    }
    let (label, from, to) = change.parts();
    let label = in_cell(&label);
    let is_long = from.chars().count() + to.chars().count() > MOST;
    if is_long { label } else { format!("{label} {} → {}", in_cell(&from), in_cell(&to)) }
}

/// Returns the change in full, folded: its lines are red, green and orange as those of a diff. `of` comes after
/// the title.
pub(super) fn details(change: &Change, of: &str) -> String {
    let text = cenbwp_diff::render_change(change, &Style::plain());
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let sign = match change {
        Change::Purchase(_) => '+',
        Change::Update(_) | Change::Adopt(_) | Change::Move(_) => '!',
        Change::Release(_) | Change::Retire(_) => '-',
    };
    let lines: Vec<String> = rest.lines().map(|line| colored(line, sign)).collect();
    let diff = fenced("diff", &lines.join("\n"));
    format!("<details><summary>{}{of}</summary>\n\n{diff}\n</details>\n\n", html(first))
}

/// Puts the sign of a line into the first column, where a diff has it. The lines of a text that changes have
/// signs of their own, further in.
fn colored(line: &str, sign: char) -> String {
    let line = line.strip_prefix("    ").unwrap_or(line);
    match line.strip_prefix("  ").and_then(|text| text.strip_prefix(['+', '-', ' '])) {
        Some(text) if text.starts_with(' ') => format!("{}  {text}", &line[2..3]),
        _ => format!("{sign} {line}"),
    }
}
