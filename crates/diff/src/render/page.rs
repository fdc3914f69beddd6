//! The layout of a printed plan: columns, wrapping, colour.

use anstyle::{AnsiColor, Style as Colour};
use unicode_width::UnicodeWidthStr;

/// The colours and the width of a printed plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    /// The colours. They add nothing that the words do not say.
    pub palette: Palette,
    /// The width in columns. Lines break at spaces, so a single longer word, such as an id, stays whole.
    pub width: usize,
    /// True to show every package by itself, also where many have the same change.
    pub whole: bool,
}

impl Style {
    /// No colours, 100 columns, every package by itself.
    pub const fn plain() -> Self {
        Self { palette: Palette::plain(), width: 100, whole: true }
    }

    /// The usual colours, this many columns, every package by itself.
    pub const fn coloured(width: usize) -> Self {
        Self { palette: Palette::coloured(), width, whole: true }
    }
}

/// One colour per kind of line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    /// Packages that are bought.
    pub buy: Colour,
    /// Packages that are changed or adopted.
    pub change: Colour,
    /// Packages that are released or retired.
    pub end: Colour,
    /// Held packages, and limits that are exceeded.
    pub held: Colour,
    /// Titles and the summary.
    pub strong: Colour,
    /// Results that are as planned.
    pub done: Colour,
    /// Results that need a second look.
    pub doubt: Colour,
    /// Results that are not as planned.
    pub failed: Colour,
}

impl Palette {
    /// No colours: only the text is written.
    pub const fn plain() -> Self {
        let none = Colour::new();
        Self {
            buy: none,
            change: none,
            end: none,
            held: none,
            strong: none,
            done: none,
            doubt: none,
            failed: none,
        }
    }

    /// The usual colours of a plan: green for new, yellow for changed, red for removed.
    pub const fn coloured() -> Self {
        Self {
            buy: AnsiColor::Green.on_default().bold(),
            change: AnsiColor::Yellow.on_default().bold(),
            end: AnsiColor::Red.on_default().bold(),
            held: AnsiColor::Magenta.on_default().bold(),
            strong: Colour::new().bold(),
            done: AnsiColor::Green.on_default(),
            doubt: AnsiColor::Yellow.on_default(),
            failed: AnsiColor::Red.on_default().bold(),
        }
    }
}

/// The column of values, counted from the start of their labels.
const LABEL: usize = 14;
/// On a page with fewer columns, a value goes under its label instead of beside it.
const NARROW: usize = 50;

/// A text that is written line by line.
#[derive(Debug)]
pub struct Page<'a> {
    pub(super) style: &'a Style,
    pub(super) text: String,
}

impl<'a> Page<'a> {
    /// Returns an empty page.
    pub fn new(style: &'a Style) -> Self {
        Self { style, text: String::new() }
    }

    /// The colours and the width.
    pub fn style(&self) -> &'a Style {
        self.style
    }

    /// Returns the text that was written.
    pub fn into_text(self) -> String {
        self.text
    }

    /// Writes an empty line, unless the page is empty.
    pub fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// Writes a coloured start and a text behind it. Further lines start in column four.
    pub(super) fn head(&mut self, colour: Colour, start: &str, text: &str) {
        self.row(0, &[(colour, start, start.width() + 1)], text, 4);
    }

    /// Writes a text whose first words, up to the first `. ` or `: `, are coloured. Further lines are indented
    /// by two columns.
    pub fn headline(&mut self, colour: Colour, text: &str) {
        let ends = [text.find(". "), text.find(": ")];
        let (start, rest) = match ends.into_iter().flatten().min() {
            Some(at) => (&text[..=at], &text[at + 2..]),
            None => (text, ""),
        };
        self.text.push_str(&painted(start, colour));
        if !rest.is_empty() {
            self.text.push(' ');
        }
        self.wrapped(start.width() + 1, 2, rest);
    }

    /// Writes cells side by side, each coloured and padded to its width, and a text behind them. Further lines
    /// of the text start in column `rest`.
    pub fn row(&mut self, indent: usize, cells: &[(Colour, &str, usize)], text: &str, rest: usize) {
        self.text.push_str(&" ".repeat(indent));
        let mut column = indent;
        let mut gap = 0;
        for (colour, cell, width) in cells {
            self.text.push_str(&" ".repeat(gap));
            self.text.push_str(&painted(cell, *colour));
            column += gap + cell.width();
            gap = width.saturating_sub(cell.width()) + 2;
        }
        if text.is_empty() {
            return self.text.push('\n');
        }
        let first = words(text).first().map_or(0, |word| word.width());
        if rest < column + gap && column + gap + first > self.style.width {
            self.text.push('\n');
            return self.hanging(rest, rest, text);
        }
        self.text.push_str(&" ".repeat(gap));
        self.wrapped(column + gap, rest, text);
    }

    /// Writes a text on its own line. Further lines are indented by two columns more.
    pub fn line(&mut self, indent: usize, text: &str) {
        self.hanging(indent, indent + 2, text);
    }

    /// Writes a text on its own line. Further lines start in column `rest`.
    pub(super) fn hanging(&mut self, indent: usize, rest: usize, text: &str) {
        self.text.push_str(&" ".repeat(indent));
        self.wrapped(indent, rest, text);
    }

    /// Writes a label and its value.
    pub(super) fn field(&mut self, label: &str, value: &str) {
        let indent = 4;
        self.text.push_str(&" ".repeat(indent));
        self.text.push_str(label);
        if self.style.width < NARROW {
            self.text.push('\n');
            self.text.push_str(&" ".repeat(indent + 2));
            return self.wrapped(indent + 2, indent + 4, value);
        }
        let gap = LABEL.saturating_sub(label.width()).max(2);
        self.text.push_str(&" ".repeat(gap));
        self.wrapped(indent + label.width() + gap, indent + LABEL, value);
    }

    /// Writes the text from column `first` on, further lines from column `rest` on. Keeps every space of the
    /// text, except at the end of a line.
    fn wrapped(&mut self, first: usize, rest: usize, text: &str) {
        let mut column = first;
        let mut is_start = true;
        for word in words(text) {
            let width = word.width();
            if is_start {
                column += width;
            } else if word.is_empty() || column + 1 + width <= self.style.width {
                self.text.push(' ');
                column += 1 + width;
            } else {
                self.text.truncate(self.text.trim_end_matches(' ').len());
                self.text.push('\n');
                self.text.push_str(&" ".repeat(rest));
                column = rest + width;
            }
            self.text.push_str(word);
            is_start = false;
        }
        self.text.push('\n');
    }
}

fn painted(text: &str, colour: Colour) -> String {
    if colour == Colour::new() { text.to_owned() } else { format!("{colour}{text}{colour:#}") }
}

/// Returns a paragraph in lines of at most this many columns, each with its line end.
pub fn wrap(text: &str, width: usize) -> String {
    let style = Style { width, ..Style::plain() };
    let mut page = Page::new(&style);
    page.wrapped(0, 0, text);
    page.text
}

/// Splits the text at its spaces. Text in backquotes is for the user to type and stays in one piece.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut quotes_left = text.matches('`').count();
    let mut is_open = false;
    for (at, c) in text.char_indices() {
        if c == '`' {
            quotes_left -= 1;
            is_open = !is_open && quotes_left > 0;
        } else if c == ' ' && !is_open {
            words.push(&text[start..at]);
            start = at + 1;
        }
    }
    words.push(&text[start..]);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_typed_stays_in_one_piece() {
        for (text, expected) in [
            ("write `a b` and `c` now", vec!["write", "`a b`", "and", "`c`", "now"]),
            ("one ` alone is a word", vec!["one", "`", "alone", "is", "a", "word"]),
            ("`a b` then ` c", vec!["`a b`", "then", "`", "c"]),
            ("two  spaces ", vec!["two", "", "spaces", ""]),
            ("", vec![""]),
        ] {
            assert_eq!(words(text), expected);
        }
    }
}
