//! What is asked for, and whether it is met.

use std::fmt::Write as _;

/// The bars that were measured so far.
#[derive(Default)]
pub(crate) struct Bars(Vec<Bar>);

struct Bar {
    what: String,
    limit: String,
    found: String,
    met: bool,
}

impl Bars {
    /// `found` has to be `limit` or less.
    pub(crate) fn at_most(&mut self, what: impl Into<String>, limit: f64, found: f64, unit: &str) {
        self.push(what.into(), format!("≤ {limit} {unit}"), format!("{found:.2} {unit}"), found <= limit);
    }

    /// `found` has to be `limit` or more.
    pub(crate) fn at_least(&mut self, what: impl Into<String>, limit: f64, found: f64, unit: &str) {
        self.push(what.into(), format!("≥ {limit} {unit}"), format!("{found:.2} {unit}"), found >= limit);
    }

    fn push(&mut self, what: String, limit: String, found: String, met: bool) {
        self.0.push(Bar { what, limit, found, met });
    }

    /// Whether one is not met.
    pub(crate) fn failed(&self) -> bool {
        self.0.iter().any(|bar| !bar.met)
    }

    /// All of them, as Markdown.
    pub(crate) fn table(&self) -> String {
        let mut text = String::from("## Bars\n\n| what | bar | found | |\n|---|---|---|---|\n");
        for Bar { what, limit, found, met } in &self.0 {
            let word = if *met { "PASS" } else { "FAIL" };
            writeln!(text, "| {what} | {} | {} | {word} |", limit.trim_end(), found.trim_end())
                .expect("writing to a string cannot fail");
        }
        text
    }
}
