//! The rows as text: a table if it fits, else one record per package.

use std::fmt::Write as _;

use anstyle::Style as Colour;
use cenbwp_diff::{FieldValue, Live, LiveCharge, LiveRenewal, Palette, Share, neutral};
use cenbwp_spec::{Identity, Renewal};
use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::page::Obstacle;
use super::{Row, State, Status};

/// The columns, in order; records use the same words as labels. The last ones are those of the wide form.
pub(super) const COLUMNS: [&str; 14] = [
    "identity", "id", "areas", "Mbps", "CEN", "expires", "state", "notes", "used", "name", "charge",
    "renewal", "group", "tags",
];
/// The first columns, which distinguish the rows: they are shown also where no row fills them.
pub(super) const NAMES: usize = 2;
const MBPS: usize = 3;
pub(super) const EXPIRES: usize = 5;
const STATE: usize = 6;
pub(super) const NOTES: usize = 7;
/// The number of columns without the wide form.
const FEW: usize = 8;

/// The layout of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// A table if it fits into this many columns, else one record per package.
    Fitting(usize),
    /// A table of any width.
    Table,
    /// A table of any width with every column that a row fills.
    Wide,
}

impl Status<'_> {
    /// Returns the status as text: the packages, the reasons of held items, and a summary. The same status
    /// and style give the same bytes.
    pub(crate) fn text(&self, palette: &Palette, layout: Layout) -> String {
        let is_wide = layout == Layout::Wide;
        let columns = &COLUMNS[..if is_wide { COLUMNS.len() } else { FEW }];
        let cells: Vec<Vec<String>> = self.rows.iter().map(|row| cells(row, self.now, is_wide)).collect();
        let widest = |(column, name): (usize, &&str)| {
            let is_filled = column < NAMES || cells.iter().any(|row| !is_empty(&row[column]));
            let widest = cells.iter().map(|row| row[column].width()).max().unwrap_or(0);
            if is_filled { widest.max(name.width()) } else { 0 }
        };
        let widths: Vec<usize> = columns.iter().enumerate().map(widest).collect();
        let shown = widths.iter().filter(|width| **width > 0);
        let all = shown.map(|width| width + 2).sum::<usize>().saturating_sub(2);
        let fits = !matches!(layout, Layout::Fitting(width) if all > width);
        let mut text = String::new();
        if fits && !cells.is_empty() {
            let names: Vec<String> = columns.iter().map(|name| name.to_uppercase()).collect();
            line(&mut text, &names, &widths, Colour::new(), palette.strong);
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
        for Obstacle { title, message, hint } in self.obstacles() {
            let _ = match hint {
                Some(hint) => writeln!(text, "{title} is held: {message}\n  hint: {hint}"),
                None => writeln!(text, "{title} cannot be read: {message}"),
            };
        }
        if text.len() > before {
            text.push('\n');
        }
    }

    /// Returns the numbers of packages by state, as a sentence.
    pub(crate) fn summary(&self) -> String {
        let counts = self.counts();
        if counts.is_empty() {
            return "No packages.".to_owned();
        }
        let all: usize = counts.iter().map(|(_, count)| count).sum();
        let counts: Vec<String> =
            counts.iter().map(|(word, count)| format!("{count} {}", words(word))).collect();
        let hint = if !self.unlisted.is_empty() { " --all lists every package." } else { "" };
        let s = if all == 1 { "" } else { "s" };
        format!("{all} package{s}: {}.{hint}", counts.join(", "))
    }
}

/// Returns the cells of a row; `-` for an empty one, except notes.
pub(super) fn cells(row: &Row<'_>, now: Timestamp, is_wide: bool) -> Vec<String> {
    let or_dash = |text: Option<String>| text.filter(|text| !text.is_empty()).unwrap_or("-".to_owned());
    let Row { identity, id, live, state: _, alerts: _, wanted: _ } = row;
    let cens = live.map(|live| live.cens.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    let mut cells = vec![
        or_dash(identity.as_ref().map(ToString::to_string)),
        or_dash(id.as_ref().map(ToString::to_string)),
        or_dash(live.map(|live| neutral(&live.areas.to_string()).into_owned())),
        or_dash(live.map(|live| live.bandwidth.0.to_string())),
        or_dash(cens),
        or_dash(live.and_then(|live| live.expires).map(|end| until(end, now))),
        state(row),
        notes(row, is_wide),
    ];
    if is_wide {
        let neutral = |text: &String| neutral(text).into_owned();
        cells.push(or_dash(live.and_then(used)));
        cells.push(or_dash(live.map(|live| neutral(&live.name))));
        cells.push(or_dash(live.map(charge)));
        cells.push(or_dash(live.and_then(|live| renewal(&live.renewal))));
        cells.push(or_dash(live.and_then(|live| live.resource_group.as_ref()).map(neutral)));
        cells.push(or_dash(live.map(tags)));
    }
    cells
}

/// Returns the way a package is paid for; neutral.
pub(crate) fn charge(live: &Live) -> String {
    match &live.charge {
        LiveCharge::Prepay => "PREPAY".to_owned(),
        LiveCharge::Postpay => "POSTPAY".to_owned(),
        LiveCharge::Other(word) => neutral(word).into_owned(),
    }
}

/// Returns the tags except the identity, which has a column of its own; neutral.
pub(crate) fn tags(live: &Live) -> String {
    let others = live.tags.iter().filter(|(key, _)| *key != Identity::TAG);
    let tags = others.map(|(key, value)| format!("{}={}", neutral(key), neutral(value)));
    tags.collect::<Vec<_>>().join(" ")
}

/// Returns the bandwidth that regions use, and each pair of them, if they are known to use any.
fn used(live: &Live) -> Option<String> {
    let shares = live.shares.as_deref().filter(|shares| !shares.is_empty())?;
    let pair = |share: &Share| {
        let [one, other] = share.regions.each_ref().map(|region| neutral(region));
        format!("{one} - {other} {}", share.bandwidth.0)
    };
    let pairs: Vec<String> = shares.iter().map(pair).collect();
    Some(format!("{} ({})", Share::sum(shares).0, pairs.join(", ")))
}

/// Returns the renewal, if the run asked for it.
fn renewal(renewal: &LiveRenewal) -> Option<String> {
    match renewal {
        LiveRenewal::NotAsked => None,
        LiveRenewal::Known(subscription) => Some(FieldValue::Renewal(subscription.renewal).to_string()),
        LiveRenewal::Unknown(_) => Some("not known".to_owned()),
    }
}

/// Returns `yes`, `no` or `unknown`, if the run asked whether the package renews itself.
pub(crate) fn renews(live: &Live) -> Option<&'static str> {
    match &live.renewal {
        LiveRenewal::NotAsked => None,
        LiveRenewal::Unknown(_) => Some("unknown"),
        LiveRenewal::Known(subscription) => Some(match subscription.renewal {
            Renewal::Off => "no",
            Renewal::Months(_) => "yes",
        }),
    }
}

/// Returns the months of each renewal of a package that is known to renew itself.
pub(crate) fn renewal_months(live: &Live) -> Option<u32> {
    match live.renewal.known()? {
        Renewal::Off => None,
        Renewal::Months(months) => Some(months),
    }
}

/// Returns the alerts, and the name of a package without an identity, by which it is recognised.
fn notes(row: &Row<'_>, is_wide: bool) -> String {
    // The time of an end is in a column of its own.
    let alerts = row.alerts.iter().map(|alert| match alert.word {
        "expiring" => "ends soon".to_owned(),
        "expired" => "expired".to_owned(),
        _ => alert.text.clone(),
    });
    let named = row.live.filter(|live| !is_wide && row.identity.is_none() && !live.name.is_empty());
    let named = named.map(|live| format!("named {}", neutral(&live.name)));
    alerts.chain(named).collect::<Vec<_>>().join("; ")
}

/// Returns the time left, in whole days of 24 hours, and the day of the end in UTC.
pub(crate) fn until(end: Timestamp, now: Timestamp) -> String {
    let day = end.strftime("%Y-%m-%d");
    if end <= now {
        return format!("ended {day}");
    }
    match end.duration_since(now).as_hours() / 24 {
        0 => format!("< 1 day, {day}"),
        1 => format!("1 day, {day}"),
        days => format!("{days} days, {day}"),
    }
}

/// Returns the words for people for a state's stable word.
pub(crate) fn words(word: &str) -> String {
    if word == State::AsDeclared.as_str() { "up to date".to_owned() } else { word.replace('_', " ") }
}

fn state(row: &Row<'_>) -> String {
    let word = words(row.state.as_str());
    let renewal = row.live.and_then(|live| live.renewal.known());
    match &row.state {
        State::Differs(fields) => {
            let fields: Vec<&str> = fields.iter().copied().collect();
            format!("{word} ({})", fields.join(", "))
        }
        State::Held(reason) => format!("{word}: {}", words(reason.rule().name)),
        State::Retiring if matches!(renewal, Some(Renewal::Months(_))) => format!("{word} (renews itself)"),
        State::Retiring => format!("{word} (left to expire)"),
        _ => word,
    }
}

fn colour(state: &State<'_>, palette: &Palette) -> Colour {
    match state {
        State::Missing | State::Differs(_) | State::ToAdopt | State::ToMove | State::Undeclared => {
            palette.change
        }
        State::ToRelease | State::ToRetire | State::Retiring => palette.end,
        State::Held(_) | State::Unreadable(_) => palette.held,
        State::AsDeclared
        | State::Finished
        | State::Superseded
        | State::Owned
        | State::OtherStack
        | State::Unmanaged => Colour::new(),
    }
}

/// Returns true if a cell has nothing to say.
pub(super) fn is_empty(cell: &str) -> bool {
    cell.is_empty() || cell == "-"
}

/// Appends one line of the table, without the columns of width 0, which no row fills. `state` colours the state's
/// cell, `whole` the line.
fn line(text: &mut String, cells: &[String], widths: &[usize], state: Colour, whole: Colour) {
    let mut line = String::new();
    let is_shown = |column: &usize| widths[*column] > 0;
    let last = (0..cells.len()).filter(is_shown).rfind(|column| !cells[*column].is_empty()).unwrap_or(0);
    for column in (0..=last).filter(is_shown) {
        let cell = &cells[column];
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
fn record(text: &mut String, cells: &[String], state: Colour, strong: Colour) {
    let (title, skipped) = if cells[0] == "-" { (&cells[1], 2) } else { (&cells[0], 1) };
    let _ = writeln!(text, "{}", painted(title, strong));
    for (column, cell) in cells.iter().enumerate().skip(skipped) {
        if is_empty(cell) {
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

    fn text(layout: Layout, palette: &Palette, all: bool) -> String {
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
            .text(palette, layout)
    }

    const HELD: &str = "
net/held is held: cenbwp-free looks like the package that would be bought, and may be the same one
  hint: where net/held is declared, take it over with `adopt: cenbwp-free`, or say that it is another one with `distinctFrom: [cenbwp-free]`
";

    #[test]
    fn columns_line_up_by_what_is_seen() {
        let table = "\
IDENTITY  ID           AREAS               MBPS  CEN    EXPIRES              STATE                NOTES
-         cenbwp-late  Australia - Europe     9  -      ended 2025-01-01     unmanaged            expired
-         cenbwp-free  China - Europe         9  -      < 1 day, 2026-01-01  unmanaged            ends soon; named 日本\\u{1b}
net/x     cenbwp-x     China - Europe      1000  cen-1  2 days, 2026-01-03   differs (bandwidth)
net/held  -            -                      -  -      -                    held: look alike
";
        let summary = "\n4 packages: 1 differs, 1 held, 2 unmanaged.\n";
        assert_eq!(text(Layout::Table, &Palette::plain(), true), format!("{table}{HELD}{summary}"));
        assert_eq!(text(Layout::Fitting(140), &Palette::plain(), true), format!("{table}{HELD}{summary}"));
    }

    #[test]
    fn the_wide_form_is_a_table_with_every_column_that_a_row_fills() {
        let text = text(Layout::Wide, &Palette::plain(), true);
        let head = text.lines().next().unwrap_or_default();
        assert!(head.ends_with("NOTES      NAME        CHARGE"), "{text}");
        assert!(text.contains("ends soon  日本\\u{1b}  PREPAY\n"), "{text}");
    }

    #[test]
    fn a_narrow_terminal_gets_one_record_per_package() {
        let records = "\
net/x
  id        cenbwp-x
  areas     China - Europe
  Mbps      1000
  CEN       cen-1
  expires   2 days, 2026-01-03
  state     differs (bandwidth)
net/held
  state     held: look alike
";
        let summary = "\n4 packages: 1 differs, 1 held, 2 unmanaged. --all lists every package.\n";
        assert_eq!(text(Layout::Fitting(60), &Palette::plain(), false), format!("{records}{HELD}{summary}"));
    }

    #[test]
    fn colours_say_nothing_of_their_own() {
        let escape = |text: &str| text.contains('\u{1b}');
        for layout in [Layout::Table, Layout::Wide, Layout::Fitting(60)] {
            let coloured = text(layout, &Palette::coloured(), true);
            assert!(escape(&coloured));
            let mut plain = String::new();
            for part in coloured.split('\u{1b}') {
                let code = part.strip_prefix('[').and_then(|part| part.split_once('m'));
                plain.push_str(code.map_or(part, |(_, rest)| rest));
            }
            assert_eq!(plain, text(layout, &Palette::plain(), true));
        }
    }
}
