//! The rows as text: a table if it fits, else one record per package.

use std::fmt::Write as _;

use anstyle::Style as Colour;
use cenbwp_diff::{Palette, neutral};
use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::{Row, State, Status};

/// The columns, in order; records use the same words as labels.
const COLUMNS: [&str; 8] = ["identity", "id", "areas", "Mbps", "CEN", "expires", "state", "notes"];
const MBPS: usize = 3;
const STATE: usize = 6;

impl Status<'_> {
    /// Returns the status as text: the packages, the reasons of held items, and a summary. The same status
    /// and style give the same bytes. `width` is in columns; `None` for lines of any length.
    pub(crate) fn text(&self, palette: &Palette, width: Option<usize>) -> String {
        let cells: Vec<[String; 8]> = self.rows.iter().map(|row| cells(row, self.now)).collect();
        let widths: [usize; 8] = std::array::from_fn(|column| {
            let cells = cells.iter().map(|row| row[column].width());
            cells.max().unwrap_or(0).max(COLUMNS[column].width())
        });
        let fits = width.is_none_or(|width| widths.iter().sum::<usize>() + 2 * (COLUMNS.len() - 1) <= width);
        let mut text = String::new();
        if fits && !cells.is_empty() {
            line(&mut text, &COLUMNS.map(str::to_uppercase), &widths, Colour::new(), palette.strong);
        }
        for (row, cells) in self.rows.iter().zip(&cells) {
            let colour = colour(&row.state, palette);
            if fits {
                line(&mut text, cells, &widths, colour, Colour::new());
            } else {
                record(&mut text, cells, colour, palette.strong);
            }
        }
        self.details(&mut text);
        let _ = writeln!(text, "{}", self.summary());
        text
    }

    /// Appends why items are held or cannot be read, with hints.
    fn details(&self, text: &mut String) {
        if !text.is_empty() {
            text.push('\n');
        }
        let before = text.len();
        for row in &self.rows {
            let who = match (&row.identity, &row.id) {
                (Some(identity), _) => identity.to_string(),
                (None, Some(id)) => id.to_string(),
                (None, None) => "an item without an id".to_owned(),
            };
            match (&row.state, &row.identity) {
                (State::Held(reason), Some(identity)) => {
                    let line =
                        format!("{who} is held: {}\n  hint: {}\n", reason.message(), reason.hint(identity));
                    // Each package with an ambiguous identity has its own row, but they share one reason.
                    if !text[before..].ends_with(&line) {
                        text.push_str(&line);
                    }
                }
                (State::Unreadable(reason), _) => {
                    let _ = writeln!(text, "{who} cannot be read: {reason}");
                }
                _ => {}
            }
        }
        if text.len() > before {
            text.push('\n');
        }
    }

    fn summary(&self) -> String {
        let counts = self.counts();
        if counts.is_empty() {
            return "No packages.".to_owned();
        }
        let all: usize = counts.iter().map(|(_, count)| count).sum();
        let counts: Vec<String> =
            counts.iter().map(|(word, count)| format!("{count} {}", words(word))).collect();
        let hint = if self.unlisted > 0 { " --all lists every package." } else { "" };
        let s = if all == 1 { "" } else { "s" };
        format!("{all} package{s}: {}.{hint}", counts.join(", "))
    }
}

/// Returns the cells of a row; `-` for an empty one, except notes.
fn cells(row: &Row<'_>, now: Timestamp) -> [String; 8] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let cens = row.live.map(|live| live.cens.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    // A package without an identity is recognised by its name.
    let named = row.live.filter(|live| row.identity.is_none() && !live.name.is_empty());
    let named = named.map(|live| format!("named {}", neutral(&live.name)));
    let alerts = row.alerts.iter().map(|alert| alert.text.clone());
    let notes: Vec<String> = alerts.chain(named).collect();
    [
        or_dash(row.identity.as_ref().map(ToString::to_string)),
        or_dash(row.id.as_ref().map(ToString::to_string)),
        or_dash(row.live.map(|live| neutral(&live.areas.to_string()).into_owned())),
        or_dash(row.live.map(|live| live.bandwidth.0.to_string())),
        or_dash(cens.filter(|cens| !cens.is_empty())),
        or_dash(row.live.and_then(|live| live.expires).map(|end| until(end, now))),
        state(&row.state),
        notes.join("; "),
    ]
}

/// Returns the time left, in whole days of 24 hours.
fn until(end: Timestamp, now: Timestamp) -> String {
    if end <= now {
        return "ended".to_owned();
    }
    match end.duration_since(now).as_hours() / 24 {
        0 => "< 1 day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// Returns the words for people for a state's stable word.
fn words(word: &str) -> String {
    if word == State::AsDeclared.as_str() { "up to date".to_owned() } else { word.replace('_', " ") }
}

fn state(state: &State<'_>) -> String {
    let word = words(state.as_str());
    match state {
        State::Differs(fields) => {
            let fields: Vec<&str> = fields.iter().copied().collect();
            format!("{word} ({})", fields.join(", "))
        }
        State::Held(reason) => format!("{word}: {}", words(reason.rule().name)),
        _ => word,
    }
}

fn colour(state: &State<'_>, palette: &Palette) -> Colour {
    match state {
        State::Missing => palette.buy,
        State::Differs(_) | State::ToAdopt | State::Undeclared => palette.change,
        State::ToRelease | State::ToRetire => palette.end,
        State::Held(_) | State::Unreadable(_) => palette.held,
        State::AsDeclared | State::Finished | State::Superseded | State::Owned | State::Unmanaged => {
            Colour::new()
        }
    }
}

/// Appends one line of the table. `state` colours the state's cell, `whole` the line.
fn line(text: &mut String, cells: &[String; 8], widths: &[usize; 8], state: Colour, whole: Colour) {
    let mut line = String::new();
    let last = (0..cells.len()).rfind(|column| !cells[*column].is_empty()).unwrap_or(0);
    for (column, cell) in cells.iter().enumerate().take(last + 1) {
        let space = " ".repeat(widths[column] - cell.width());
        let gap = if column == 0 { "" } else { "  " };
        let shown = if column == STATE { painted(cell, state) } else { cell.clone() };
        let _ = match column {
            MBPS => write!(line, "{gap}{space}{shown}"),
            _ if column == last => write!(line, "{gap}{shown}"),
            _ => write!(line, "{gap}{shown}{space}"),
        };
    }
    let _ = writeln!(text, "{}", painted(&line, whole));
}

/// Appends one package as a record below its name, for a terminal that is too narrow for the table.
fn record(text: &mut String, cells: &[String; 8], state: Colour, strong: Colour) {
    let [identity, id, ..] = cells;
    let (title, skipped) = if identity == "-" { (id, 2) } else { (identity, 1) };
    let _ = writeln!(text, "{}", painted(title, strong));
    for (column, cell) in cells.iter().enumerate().skip(skipped) {
        if cell.is_empty() || cell == "-" {
            continue;
        }
        let shown = if column == STATE { painted(cell, state) } else { cell.clone() };
        let _ = writeln!(text, "  {:<8}  {shown}", COLUMNS[column]);
    }
}

fn painted(text: &str, colour: Colour) -> String {
    if colour == Colour::new() { text.to_owned() } else { format!("{colour}{text}{colour:#}") }
}

#[cfg(test)]
mod tests {
    use cenbwp_diff::Options;
    use cenbwp_spec::Source;
    use jiff::SignedDuration;

    use crate::planned::Planned;
    use crate::situation::{Situation, checked_plan};

    use super::*;

    const SPEC: &str = "
version: 1
stack: net
packages:
  held: { areas: [China, Europe], bandwidth: 9, autoPay: true }
  x: { areas: [China, Europe], bandwidth: 10, autoPay: true }
";

    const LIVE: &str = r#"{"TotalCount": 3, "CenBandwidthPackages": {"CenBandwidthPackage": [
        {"CenBandwidthPackageId": "cenbwp-x", "Bandwidth": 1000, "BandwidthPackageChargeType": "PREPAY",
         "GeographicRegionAId": "china", "GeographicRegionBId": "europe", "BusinessStatus": "Normal",
         "ExpiredTime": "2026-01-03T12:00Z", "CenIds": {"CenId": ["cen-1"]},
         "Tags": {"Tag": [{"Key": "cenbwp", "Value": "net/x"}]}},
        {"CenBandwidthPackageId": "cenbwp-free", "Bandwidth": 9, "BandwidthPackageChargeType": "PREPAY",
         "GeographicRegionAId": "china", "GeographicRegionBId": "europe", "BusinessStatus": "Normal",
         "ExpiredTime": "2026-01-01T12:00Z", "Name": "日本\u001b"},
        {"CenBandwidthPackageId": "cenbwp-late", "Bandwidth": 9, "BandwidthPackageChargeType": "PREPAY",
         "GeographicRegionAId": "australia", "GeographicRegionBId": "europe", "BusinessStatus": "Normal",
         "ExpiredTime": "2025-01-01T12:00Z"}]}}"#;

    fn text(width: Option<usize>, palette: &Palette, all: bool) -> String {
        let sources = vec![Source { name: "spec.yaml".to_owned(), bytes: SPEC.into() }];
        let spec = cenbwp_spec::parse(&sources).spec.unwrap();
        let observed = crate::cloud::decode_recording(LIVE.as_bytes()).unwrap();
        let options = Options {
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            targets: None,
            skip_held: false,
            expiring_within: SignedDuration::from_hours(24),
            max_purchases: None,
            max_new_mbps: None,
        };
        let plan = checked_plan(&spec, &observed, &options).unwrap();
        let situation = Situation { account: None, endpoint: None, caller: None, observed };
        Status::of(&Planned::new(sources.into(), spec.into(), options, situation, plan), all)
            .text(palette, width)
    }

    const HELD: &str = "
net/held is held: cenbwp-free looks like the package that would be bought, and may be the same one
  hint: where net/held is declared, take it over with `adopt: cenbwp-free`, or say that it is another one with `distinctFrom: [cenbwp-free]`
";

    #[test]
    fn columns_line_up_by_what_is_seen() {
        let table = "\
IDENTITY  ID           AREAS               MBPS  CEN    EXPIRES  STATE                NOTES
net/held  -            -                      -  -      -        held: look alike
net/x     cenbwp-x     China - Europe      1000  cen-1  2 days   differs (bandwidth)
-         cenbwp-free  China - Europe         9  -      < 1 day  unmanaged            expires 2026-01-01T12:00Z; named 日本\\u{1b}
-         cenbwp-late  Australia - Europe     9  -      ended    unmanaged            expired 2025-01-01T12:00Z
";
        let summary = "\n4 packages: 1 differs, 1 held, 2 unmanaged.\n";
        assert_eq!(text(None, &Palette::plain(), true), format!("{table}{HELD}{summary}"));
        assert_eq!(text(Some(130), &Palette::plain(), true), format!("{table}{HELD}{summary}"));
    }

    #[test]
    fn a_narrow_terminal_gets_one_record_per_package() {
        let records = "\
net/held
  state     held: look alike
net/x
  id        cenbwp-x
  areas     China - Europe
  Mbps      1000
  CEN       cen-1
  expires   2 days
  state     differs (bandwidth)
";
        let summary = "\n4 packages: 1 differs, 1 held, 2 unmanaged. --all lists every package.\n";
        assert_eq!(text(Some(60), &Palette::plain(), false), format!("{records}{HELD}{summary}"));
    }

    #[test]
    fn colours_say_nothing_of_their_own() {
        let escape = |text: &str| text.contains('\u{1b}');
        for width in [None, Some(60)] {
            let coloured = text(width, &Palette::coloured(), true);
            assert!(escape(&coloured));
            let mut plain = String::new();
            for part in coloured.split('\u{1b}') {
                plain.push_str(
                    part.strip_prefix('[')
                        .and_then(|part| part.split_once('m'))
                        .map_or(part, |(_, rest)| rest),
                );
            }
            assert_eq!(plain, text(width, &Palette::plain(), true));
        }
    }
}
