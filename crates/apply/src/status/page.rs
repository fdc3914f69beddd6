//! The parts of a status that reports show: the same cells as in a terminal, and why packages are held.

use super::table::{COLUMNS, EXPIRES, NAMES, NOTES, cells, is_empty};
use super::{Row, State, Status};

/// The wide form as cells, without the columns that no row fills.
#[derive(Debug)]
pub(crate) struct Table {
    pub columns: Vec<&'static str>,
    /// The cells of each row; those with nothing to say are empty.
    pub rows: Vec<Vec<String>>,
}

impl Row<'_> {
    /// Returns the name of the package: its identity, else its id.
    pub(crate) fn title(&self) -> String {
        match (&self.identity, &self.id) {
            (Some(identity), _) => identity.to_string(),
            (None, Some(id)) => id.to_string(),
            (None, None) => "an item without an id".to_owned(),
        }
    }
}

/// The reason why a package is held, with the next step, or why it cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Obstacle {
    /// The package: its identity, else its id.
    pub title: String,
    /// One line, neutral.
    pub message: String,
    /// One line, neutral; `None` if it cannot be read.
    pub hint: Option<String>,
}

impl Status<'_> {
    /// Returns the values of a row, each with its label, without those that depend on the time of the run.
    pub(crate) fn facts(&self, row: &Row<'_>) -> Vec<(&'static str, String)> {
        let cells = COLUMNS.into_iter().zip(cells(row, self.now, true)).enumerate();
        let lasting =
            cells.filter(|(column, (_, cell))| ![EXPIRES, NOTES].contains(column) && !is_empty(cell));
        let alerts = row.lasting_alerts().map(|alert| ("note", alert.text.clone()));
        lasting.map(|(_, fact)| fact).chain(alerts).collect()
    }

    /// Returns the rows as cells.
    pub(crate) fn table(&self) -> Table {
        let all: Vec<Vec<String>> = self.rows.iter().map(|row| cells(row, self.now, true)).collect();
        let is_shown = |column: &usize| *column < NAMES || all.iter().any(|cells| !is_empty(&cells[*column]));
        let shown: Vec<usize> = (0..COLUMNS.len()).filter(is_shown).collect();
        let cell = |cell: &String| if is_empty(cell) { String::new() } else { cell.clone() };
        let row = |cells: &Vec<String>| shown.iter().map(|column| cell(&cells[*column])).collect();
        Table {
            columns: shown.iter().map(|column| COLUMNS[*column]).collect(),
            rows: all.iter().map(row).collect(),
        }
    }

    /// Returns why packages are held or cannot be read, in the order of the rows.
    pub(crate) fn obstacles(&self) -> Vec<Obstacle> {
        let mut obstacles: Vec<Obstacle> = Vec::new();
        for row in &self.rows {
            let title = row.title();
            match (&row.state, &row.identity) {
                (State::Held(reason), Some(identity)) => {
                    let hint = Some(reason.hint(identity));
                    let obstacle = Obstacle { title, message: reason.message(), hint };
                    // Each package with an ambiguous identity has its own row, but they share one reason.
                    if obstacles.last() != Some(&obstacle) {
                        obstacles.push(obstacle);
                    }
                }
                (State::Unreadable(message), _) => {
                    obstacles.push(Obstacle { title, message: message.clone(), hint: None });
                }
                _ => {}
            }
        }
        obstacles
    }
}
