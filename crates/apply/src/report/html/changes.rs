//! The changes of a plan, each as a part that can be folded.

use cenbwp_diff::{Change, Style};

use super::escaped;
use crate::report::run::Run;

/// The most changes that are unfolded from the start; with more, all are folded.
const MOST_UNFOLDED: usize = 20;

/// The column where the values of a rendered change begin.
const VALUES: usize = 14;

pub(super) fn list(run: &Run<'_>) -> String {
    let changes = run.plan().map(|plan| &plan.changes[..]).unwrap_or_default();
    let open = if changes.len() <= MOST_UNFOLDED { " open" } else { "" };
    changes.iter().map(|change| details(change, open)).collect()
}

fn details(change: &Change, open: &str) -> String {
    let class = match change {
        Change::Purchase(_) => "buy",
        Change::Update(_) | Change::Adopt(_) | Change::Move(_) => "change",
        Change::Release(_) | Change::Retire(_) => "end",
    };
    // The browser breaks lines where its window ends.
    let style = Style { width: usize::MAX, ..Style::plain() };
    let text = cenbwp_diff::render_change(change, &style);
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let lines: String =
        rest.lines().map(|line| paragraph(line.strip_prefix("    ").unwrap_or(line))).collect();
    format!(
        "<details class=\"{class}\"{open}><summary>{}</summary>\n<div>\n{lines}</div>\n</details>\n",
        escaped(first),
    )
}

/// Returns a line, which continues below its value when it breaks.
fn paragraph(line: &str) -> String {
    // A line of a text that changes, as it is.
    if line.starts_with(' ') {
        return format!("<p>{}</p>\n", escaped(line));
    }
    let is_field = line.find("  ").is_some_and(|at| at < VALUES);
    let class = if is_field { " class=\"field\"" } else { "" };
    format!("<p{class}>{}</p>\n", escaped(&arrows(line)))
}

/// Returns a line with real arrows between values. A text between quotes stays as it is; inside, a backslash
/// is before every quote.
pub(super) fn arrows(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let (mut is_quoted, mut rest) = (false, line);
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\\' if is_quoted => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            '-' if !is_quoted && rest.starts_with("->") => {
                shown.push('→');
                rest = &rest[2..];
                continue;
            }
            _ => c.len_utf8(),
        };
        is_quoted ^= c == '"';
        shown.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::arrows;

    #[test]
    fn only_the_arrow_between_values_is_drawn() {
        for (line, shown) in [
            ("cen           cen-1 -> cen-2", "cen           cen-1 → cen-2"),
            (r#"name "a -> \" -> b" -> "c""#, r#"name "a -> \" -> b" → "c""#),
            (r#""\ü -> x\\" -> "#, r#""\ü -> x\\" → "#),
            ("", ""),
        ] {
            assert_eq!(arrows(line), shown);
        }
    }
}
