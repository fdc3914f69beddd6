//! A calendar of the ends, by RFC 5545: an event for each package that ends, with alarms before it.
//!
//! An event is at the exact time of the end, in UTC, and every calendar shows it in its reader's own zone. A day would
//! be the wrong one for some readers: packages end at midnight in China, which is another day in Europe.
//!
//! Everything in it comes from the listing, so a second run over the same listing gives the same bytes: no time of the
//! run, no random name. A renewed package has a later end and the same name, by which a calendar moves its event.

use cenbwp_diff::neutral;
use jiff::Timestamp;

use super::run::Run;
use crate::disarm;
use crate::status::{Row, Status, renewal_months};

/// An alarm: the time before the end, and the words for a package that ends and for one that renews itself.
struct Alarm {
    before: &'static str,
    ends: &'static str,
    renews: &'static str,
}

/// The alarms. The first leaves time to decide on the renewal, which is paid from nine days before the end on; at the
/// second it has failed. An end is at midnight in China, so both are eight hours earlier, in the working hours of China
/// and of Europe. A package that renews itself needs the same two, in other words: before its charge, and when the charge
/// has failed. Once it is renewed, its event moves, and the second is never rung.
const ALARMS: [Alarm; 2] = [
    Alarm {
        before: "-P14DT8H",
        ends: "ends in 14 days",
        renews: "is charged in 5 days, because it renews itself",
    },
    Alarm { before: "-P3DT8H", ends: "ends in 3 days", renews: "ends in 3 days: it has not renewed itself" },
];

/// The name of the calendar, by the standard and as most programs read it.
const HEAD: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//cenbwp//status//EN\r\n\
                    NAME:Ends of CEN bandwidth packages\r\nX-WR-CALNAME:Ends of CEN bandwidth packages\r\n";

/// A component that shows nowhere: the standard asks for one, also where no package ends.
const NOTHING: &str = "BEGIN:VTIMEZONE\r\nTZID:Etc/UTC\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n\
                       TZOFFSETFROM:+0000\r\nTZOFFSETTO:+0000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";

/// Returns the calendar of the packages in the status.
pub(super) fn text(_: &Run<'_>, status: &Status<'_>) -> String {
    let ends = status.rows.iter().filter_map(|row| Some((row, row.live?.expires?)));
    let events: String = ends.map(|(row, end)| event(status, row, end)).collect();
    calendar(if events.is_empty() { NOTHING } else { &events })
}

/// Returns a calendar with one task: why the run ended early.
pub(super) fn failed(run: &Run<'_>) -> String {
    let mut description = run.error().unwrap_or_default();
    description.extend(run.next());
    let properties = [
        "UID:failed@cenbwp\r\n".to_owned(),
        // There is no listing to take a time from.
        property("DTSTAMP", &time(Timestamp::UNIX_EPOCH)),
        property("SUMMARY", &escaped(&run.headline())),
        property("DESCRIPTION", &lines(&description)),
    ];
    calendar(&format!("BEGIN:VTODO\r\n{}END:VTODO\r\n", properties.concat()))
}

fn calendar(components: &str) -> String {
    format!("{HEAD}{components}END:VCALENDAR\r\n")
}

fn event(status: &Status<'_>, row: &Row<'_>, end: Timestamp) -> String {
    let (title, facts) = (row.title(), status.facts(row));
    let id = row.id.as_ref().map(|id| id.as_str().to_ascii_lowercase()).unwrap_or_default();
    let fact = |name| facts.iter().find(|(label, _)| *label == name).map_or("", |(_, value)| value.as_str());
    let summary = format!("{title} ends: {} Mbps, {}", fact("Mbps"), fact("areas"));
    let description: Vec<String> = facts.iter().map(|(label, value)| format!("{label}: {value}")).collect();
    let properties = [
        property("UID", &format!("{id}@cenbwp")),
        // The time of the last change. The listing has only this one, and each renewal makes it later.
        property("DTSTAMP", &time(end)),
        property("DTSTART", &time(end)),
        property("SUMMARY", &escaped(&summary)),
        property("DESCRIPTION", &lines(&description)),
        // It makes no reader busy.
        "TRANSP:TRANSPARENT\r\n".to_owned(),
    ];
    let is_renewing = row.live.is_some_and(|live| renewal_months(live).is_some());
    let alarms = ALARMS.iter().filter(|_| row.wanted).map(|Alarm { before, ends, renews }| {
        let words = if is_renewing { renews } else { ends };
        let description = property("DESCRIPTION", &escaped(&format!("{title} {words}")));
        format!("BEGIN:VALARM\r\nACTION:DISPLAY\r\n{description}TRIGGER:{before}\r\nEND:VALARM\r\n")
    });
    format!("BEGIN:VEVENT\r\n{}{}END:VEVENT\r\n", properties.concat(), alarms.collect::<String>())
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Returns lines of text as one value.
fn lines(lines: &[String]) -> String {
    lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\\n")
}

/// Escapes one line of text for a value. Commands of a runner are broken first: a colon and a bracket have no escape.
fn escaped(text: &str) -> String {
    let text = neutral(text);
    disarm::text(&text).replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,")
}

/// The most bytes of a line. The standard allows one more.
const MOST: usize = 74;

/// Returns a property, folded where it is longer than a line.
fn property(name: &str, value: &str) -> String {
    let mut out = String::new();
    let mut rest = &*format!("{name}:{value}");
    loop {
        // Each further line begins with a blank, which is no part of the value.
        let room = MOST - usize::from(!out.is_empty());
        let (line, more) = rest.split_at(fold(rest, room));
        out.push_str(line);
        out.push_str("\r\n");
        if more.is_empty() {
            return out;
        }
        out.push(' ');
        rest = more;
    }
}

/// Returns the place to fold a text at, so that a line has at most this many bytes. No line begins with a colon or a
/// blank if that can be avoided: `::` at the beginning of a line is a command of a runner.
fn fold(text: &str, room: usize) -> usize {
    if text.len() <= room {
        return text.len();
    }
    let widest = text.floor_char_boundary(room);
    let begins_well = |at: &usize| text.is_char_boundary(*at) && !text[*at..].starts_with([':', ' ']);
    (1..=widest).rev().find(begins_well).unwrap_or(widest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a property as the standard says.
    fn unfolded(property: &str) -> String {
        property.replace("\r\n ", "").trim_end_matches("\r\n").to_owned()
    }

    #[test]
    fn every_line_is_short_and_the_value_is_whole() {
        for text in
            ["x".repeat(300), "日本".repeat(80), " ::error::".repeat(40), ":".repeat(200), String::new()]
        {
            let written = property("SUMMARY", &text);
            assert_eq!(unfolded(&written), format!("SUMMARY:{text}"));
            assert!(written.split("\r\n").all(|line| line.len() <= MOST), "{written}");
        }
        let written = property("SUMMARY", &" a::error::b".repeat(40));
        assert!(!disarm::is_armed(&written), "{written}");
    }

    #[test]
    fn nothing_in_a_text_ends_it() {
        let text = "a;b,c\\d\nBEGIN:VALARM\u{202e} ##[x]";
        assert_eq!(escaped(text), "a\\;b\\,c\\\\d\\\\nBEGIN:VALARM\\\\u{202e} ##\\\\[x]");
    }
}
