//! Breaks the text that a pipeline's runner would take for a command.
//!
//! Names, descriptions and tags come from specs and from the cloud, and what a job prints is read by its
//! runner:
//!
//! | runner | takes for a command |
//! |---|---|
//! | GitHub Actions | `::name …::` at the beginning of a line, after blanks too; `##[name …]` anywhere in a line |
//! | Azure Pipelines | `##vso[area.action …]` anywhere in a line, `##[name]` |
//! | GitLab | `section_start:TIME:NAME` and `section_end:…`, before an escape |
//!
//! All of them are broken in everything that is printed and in every report, on every machine: the same input
//! gives the same bytes. In a format that has escapes, the value stays the same.

use std::borrow::Cow;

/// Returns text for people without commands: a backslash breaks each.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    broken(text, breaks(text), |c| format!("\\{c}"))
}

/// Returns an argument or message of a GitHub command without further commands in it. It may begin with
/// colons, because it never begins a line.
pub(crate) fn inline(text: &str) -> Cow<'_, str> {
    let mut breaks = breaks(text);
    breaks.retain(|at| !text[*at..].starts_with("::"));
    broken(text, breaks, |c| format!("\\{c}"))
}

/// Returns JSON without commands. They can only be in its strings, where any character can be written as an
/// escape.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    broken(text, breaks(text), |c| format!("\\u{:04x}", u32::from(c)))
}

/// Returns HTML or XML without commands. They can only be in its text, where any character can be written as
/// an entity.
pub(crate) fn markup(text: &str) -> Cow<'_, str> {
    broken(text, breaks(text), |c| format!("&#{};", u32::from(c)))
}

/// Returns true if a text holds something that a runner would take for a command.
pub(crate) fn is_armed(text: &str) -> bool {
    !breaks(text).is_empty()
}

/// Returns the positions of the characters that make commands, in order: to escape each breaks every command.
fn breaks(text: &str) -> Vec<usize> {
    let mut places: Vec<usize> =
        text.match_indices("##").filter_map(|(at, _)| bracket(text, at + 2)).collect();
    for word in ["section_start:", "section_end:"] {
        places.extend(text.match_indices(word).map(|(at, word)| at + word.len() - 1));
    }
    if text.contains("::") {
        places.extend(first_colons(text));
    }
    places.sort_unstable();
    places.dedup();
    places
}

/// Returns the position of the bracket that follows here, with or without a word before it.
fn bracket(text: &str, after: usize) -> Option<usize> {
    let rest = text[after..].trim_start_matches('#');
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    rest.starts_with('[').then(|| text.len() - rest.len())
}

/// Returns the positions of the colons that begin a line, with or without blanks before them.
fn first_colons(text: &str) -> impl Iterator<Item = usize> {
    let mut start = 0;
    text.split_inclusive(['\n', '\r']).filter_map(move |line| {
        let at = start + line.len() - line.trim_start().len();
        start += line.len();
        text[at.min(text.len())..].starts_with("::").then_some(at)
    })
}

/// Returns the text with the characters at these positions escaped.
fn broken(text: &str, places: Vec<usize>, written: impl Fn(char) -> String) -> Cow<'_, str> {
    if places.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut out, mut done) = (String::with_capacity(text.len() + 8), 0);
    for at in places {
        out.push_str(&text[done..at]);
        let c = text[at..].chars().next().expect("a place is that of a character");
        out.push_str(&written(c));
        done = at + c.len_utf8();
    }
    Cow::Owned(out + &text[done..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_runner_would_obey_is_broken_and_nothing_else() {
        for (raw, expected) in [
            ("plain :: text\n# a [b] ## c\n", "plain :: text\n# a [b] ## c\n"),
            ("    ::error::x\n::add-mask::y\r::z", "    \\::error::x\n\\::add-mask::y\r\\::z"),
            ("\n\n \u{3000}::error::x", "\n\n \u{3000}\\::error::x"),
            ("a ##[group]b ###[x]", "a ##\\[group]b ###\\[x]"),
            (
                "a##vso[task.setvariable variable=x]b ##VSO[",
                "a##vso\\[task.setvariable variable=x]b ##VSO\\[",
            ),
            ("section_start:1:x section_end:2:x", "section_start\\:1:x section_end\\:2:x"),
            ("日本::x ##日[", "日本::x ##日["),
            ("", ""),
        ] {
            assert_eq!(text(raw), expected);
            assert!(!is_armed(expected), "{expected}");
        }
    }

    #[test]
    fn json_and_markup_keep_their_values() {
        let value = serde_json::json!({ "##[k]": "x\n::error::##vso[y] section_start:1:z \\##[" });
        for written in [value.to_string(), format!("{value:#}")] {
            let shown = json(&written);
            assert!(!is_armed(&shown), "{shown}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        }
        assert_eq!(markup("<b>\n::x ##[y]</b>"), "<b>\n&#58;:x ##&#91;y]</b>");
        assert_eq!(inline("::x ##[y]"), "::x ##\\[y]");
    }
}
