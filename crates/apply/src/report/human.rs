//! The text for people: the content of stdout and stderr, in one piece, without colour and with every package
//! by itself.

use cenbwp_diff::{Palette, Style};

use super::run::Run;
use super::several;
use crate::status::{Layout, Status};

/// Returns the findings, the plan, what was done, and why the run ended early.
pub(super) fn text(run: &Run<'_>) -> String {
    let style = Style { width: run.width, ..Style::plain() };
    let mut parts = Vec::new();
    if !run.findings.is_empty() {
        parts.push(findings(run));
    }
    if let Some(planned) = run.planned {
        let digest = if run.command == "plan" { planned.approved_by() } else { String::new() };
        parts.push(planned.text(&style) + &digest);
    } else if run.failure.is_none() {
        parts.push(format!("{}\n", run.verdict()));
    }
    parts.extend(run.applied.map(|applied| applied.text(&style).trim_start_matches('\n').to_owned()));
    if let Some(error) = run.error() {
        let hint = run.next().map(|hint| format!("  hint: {hint}\n")).unwrap_or_default();
        parts.push(format!("error: {}\n{hint}{}\n", error.join("\n"), run.headline()));
    }
    parts.join("\n")
}

/// Returns the findings, and the status as a table of any width.
pub(super) fn status(run: &Run<'_>, status: &Status<'_>) -> String {
    let table = status.text(&Palette::plain(), Layout::Table);
    if run.findings.is_empty() { table } else { format!("{}\n{table}", findings(run)) }
}

fn findings(run: &Run<'_>) -> String {
    let style = cenbwp_spec::RenderStyle { colour: false, width: run.width };
    cenbwp_spec::render(run.findings, run.sources, style)
}

/// Returns several plans, and why others cannot be read.
pub(super) fn several(run: &Run<'_>) -> String {
    let style = Style { width: run.width, ..Style::plain() };
    let mut parts = vec![several::text(run, &style)];
    for (_, alone) in several::runs(run) {
        let Some(error) = alone.error() else { continue };
        let hint = alone.next().map(|hint| format!("  hint: {hint}\n")).unwrap_or_default();
        parts.push(format!("error: {}\n{hint}", error.join("\n")));
    }
    parts.join("\n")
}
