//! A table for a spreadsheet, by RFC 4180, in which no formula can hide.

use cenbwp_diff::{Live, neutral};
use cenbwp_spec::Identity;

use super::run::Run;
use crate::status::{Row, State, Status, charge, renewal_months, renews, tags};

/// The name of a column, and its value for a package.
type Column = (&'static str, fn(&Row<'_>) -> String);

/// The columns. Each keeps its name and its meaning; a new one is a line at the end.
const COLUMNS: &[Column] = &[
    ("stack", |row| identity(row, |it| it.address.stack.to_string())),
    ("package", |row| identity(row, |it| it.address.package.to_string())),
    ("generation", |row| identity(row, |it| it.generation.to_string())),
    ("id", |row| row.id.as_ref().map(ToString::to_string).unwrap_or_default()),
    ("state", |row| row.state.as_str().to_owned()),
    ("fields", fields),
    ("reason", reason),
    // Spreadsheets read this form as a time.
    ("ends_utc", |row| live(row, |it| Some(it.expires?.strftime("%Y-%m-%d %H:%M:%S").to_string()))),
    ("mbps", |row| live(row, |it| Some(it.bandwidth.0.to_string()))),
    ("area_a", |row| live(row, |it| Some(it.areas.a().to_string()))),
    ("area_b", |row| live(row, |it| Some(it.areas.b().to_string()))),
    ("cens", |row| live(row, |it| Some(words(it.cens.iter().map(|cen| cen.as_str()))))),
    ("warnings", |row| words(row.alerts.iter().map(|alert| alert.word))),
    ("notes", |row| row.alerts.iter().map(|alert| alert.text.as_str()).collect::<Vec<_>>().join("; ")),
    ("name", |row| live(row, |it| Some(it.name.clone()))),
    ("charge", |row| live(row, |it| Some(charge(it)))),
    ("resource_group", |row| live(row, |it| it.resource_group.clone())),
    ("tags", |row| live(row, |it| Some(tags(it)))),
    ("allocated_mbps", |row| live(row, |it| Some(it.allocated()?.0.to_string()))),
    ("renews", |row| live(row, |it| Some(renews(it)?.to_owned()))),
    ("renewal_months", |row| live(row, |it| Some(renewal_months(it)?.to_string()))),
];

/// Returns the status: a line of names, and one for each package.
pub(super) fn text(_: &Run<'_>, status: &Status<'_>) -> String {
    let names = line(COLUMNS.iter().map(|(name, _)| (*name).to_owned()));
    let row = |row: &Row<'_>| line(COLUMNS.iter().map(|(_, value)| value(row)));
    names + &status.rows.iter().map(row).collect::<String>()
}

/// Returns why the run ended early, below other names: a reader that looks for packages finds no column of theirs,
/// which an empty table would have.
pub(super) fn failed(run: &Run<'_>) -> String {
    let names = ["error", "hint", "exit_code"].map(str::to_owned);
    let error = run.error().unwrap_or_default().join("; ");
    line(names.into_iter())
        + &line([error, run.next().unwrap_or_default(), run.exit.code().to_string()].into_iter())
}

fn identity(row: &Row<'_>, value: fn(&Identity) -> String) -> String {
    row.identity.as_ref().map(value).unwrap_or_default()
}

fn live(row: &Row<'_>, value: fn(&Live) -> Option<String>) -> String {
    row.live.and_then(value).unwrap_or_default()
}

fn fields(row: &Row<'_>) -> String {
    if let State::Differs(fields) = &row.state { words(fields.iter().copied()) } else { String::new() }
}

fn reason(row: &Row<'_>) -> String {
    match &row.state {
        State::Held(reason) => format!("{}: {}", reason.rule().name, reason.message()),
        State::Unreadable(reason) => reason.clone(),
        _ => String::new(),
    }
}

fn words<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let quoted = cells.map(|cell| format!("\"{}\"", inert(&neutral(&cell)).replace('"', "\"\"")));
    quoted.collect::<Vec<_>>().join(",") + "\r\n"
}

/// Returns a text in which an apostrophe stands before everything that begins a formula, as spreadsheets themselves
/// write it. Where the separator of lists is a semicolon, a new cell begins after each one.
fn inert(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 1);
    let mut begins = true;
    for c in text.chars() {
        if begins && matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '\t' | '\r') {
            shown.push('\'');
        }
        begins = c == ';' || begins && c.is_whitespace();
        shown.push(c);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_a_formula_and_a_reader_finds_the_same_cells() {
        for (text, shown) in [
            ("plain = text, -1", "plain = text, -1"),
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("  @SUM(1)", "  '@SUM(1)"),
            ("＝1", "'＝1"),
            ("a;=1; -2;", "a;'=1; '-2;"),
            ("-", "'-"),
            ("\t=1", "'\t'=1"),
            ("", ""),
        ] {
            assert_eq!(inert(text), shown);
        }
        let written = line(["a,\"b\"", "=1\n\u{202e}", ""].map(str::to_owned).into_iter());
        assert_eq!(written, "\"a,\"\"b\"\"\",\"'=1\\n\\u{202e}\",\"\"\r\n");
    }
}
