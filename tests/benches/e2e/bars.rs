//! The bars: each limit, and whether the measurement meets it.

use std::fmt::Write as _;

/// The bars measured so far.
#[derive(Default)]
pub(crate) struct Bars(Vec<Bar>);

struct Bar {
    what: String,
    limit: String,
    found: String,
    met: bool,
}

impl Bars {
    /// Adds a bar: `found` must be `limit` or less.
    pub(crate) fn at_most(&mut self, what: impl Into<String>, limit: f64, found: f64, unit: &str) {
        self.push(what.into(), format!("≤ {limit} {unit}"), format!("{found:.2} {unit}"), found <= limit);
    }

    /// Adds a bar: `found` must be `limit` or more.
    pub(crate) fn at_least(&mut self, what: impl Into<String>, limit: f64, found: f64, unit: &str) {
        self.push(what.into(), format!("≥ {limit} {unit}"), format!("{found:.2} {unit}"), found >= limit);
    }

    fn push(&mut self, what: String, limit: String, found: String, met: bool) {
        self.0.push(Bar { what, limit, found, met });
    }

    /// Reports whether any bar is not met.
    pub(crate) fn failed(&self) -> bool {
        self.0.iter().any(|bar| !bar.met)
    }

    /// Renders all bars as Markdown.
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
