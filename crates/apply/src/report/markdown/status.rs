//! The page of a status: the numbers, what is held, and a row for each package, the next to end first.

use super::budget::{Section, fitted, size};
use super::words::{code, prose};
use super::{MOST, foot, listed};
use crate::report::run::Run;
use crate::status::{Obstacle, Status};

pub(in crate::report) fn text(run: &Run<'_>, status: &Status<'_>) -> String {
    let (head, foot) = (format!("### {}\n\n", prose(&status.summary())), foot(run));
    let room = MOST.saturating_sub(size(&head) + size(&foot));
    format!("{head}{}{foot}", fitted(&sections(run, status), room))
}

fn sections(run: &Run<'_>, status: &Status<'_>) -> Vec<Section> {
    let table = status.table();
    let rule = |column: &&str| if *column == "Mbps" { "--:|" } else { "---|" };
    let rules: String = table.columns.iter().map(rule).collect();
    let warnings = run.warnings.iter().map(|warning| format!("> - {}\n", prose(warning)));
    let obstacles = status.obstacles();
    vec![
        listed(0, "> [!WARNING]\n", warnings, "warning"),
        Section {
            share: 40,
            ..listed(1, "#### Held or unreadable\n\n", obstacles.iter().map(item), "obstacle")
        },
        Section {
            share: 100,
            ..listed(
                2,
                &format!("| {} |\n|{rules}\n", table.columns.join(" | ")),
                table.rows.iter().map(|cells| row(cells)),
                "package",
            )
        },
    ]
}

fn item(Obstacle { title, message, hint }: &Obstacle) -> String {
    let hint = hint.as_ref().map(|hint| format!("  - **Hint:** {}\n", prose(hint))).unwrap_or_default();
    format!("- **{}** {}\n{hint}", code(title), prose(message))
}

fn row(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| prose(cell).replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}
