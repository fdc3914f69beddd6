//! Untrusted text, made safe to show.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns `text` with an escape, such as `\u{202e}`, for each character that a reader would not see as what
/// it is: control characters, terminal escapes, line ends, bidirectional controls, zero-width and other
/// invisible characters, private and unassigned code points, spaces other than the plain one.
///
/// A second call changes nothing more. Letters of every script and their combining marks stay.
pub fn neutral(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_visible) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            _ if is_visible(c) => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ => write!(out, "\\u{{{:x}}}", u32::from(c)).expect("writing to a string cannot fail"),
        }
    }
    Cow::Owned(out)
}

/// True if a reader sees this character as what it is, at least behind a letter.
pub(crate) fn is_visible(c: char) -> bool {
    match c {
        ' '..='~' => true,
        // Letters by category that are invisible: fillers, joiners of marks, variation selectors.
        '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{ffa0}'
        | '\u{e0100}'..='\u{e01ef}' => false,
        // The standard library counts a combining mark as printable only behind a letter.
        _ => !['a', c].iter().collect::<String>().escape_debug().skip(1).any(|shown| shown == '\\'),
    }
}

/// True if this character can make a text look like another: controls, with line breaks and tabs, and
/// bidirectional formatting.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}')
}

/// Quotes text from a source for a message: in backticks, cut to a readable length, and with escapes, so that
/// no message has a terminal escape or a hidden character.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut out = String::from("`");
    for (n, c) in text.chars().enumerate() {
        if n == LONGEST {
            out.push('…');
            break;
        }
        if is_visible(c) { out.push(c) } else { out.extend(c.escape_unicode()) }
    }
    out.push('`');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        for (text, expected) in [
            ("plain ~ text", "plain ~ text"),
            ("日本 Zürich e\u{301} हिन्दी", "日本 Zürich e\u{301} हिन्दी"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{1b}[31mred\u{7}", "\\u{1b}[31mred\\u{7}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"),
            ("a\u{200b}b\u{200d}c\u{feff}d\u{ad}", "a\\u{200b}b\\u{200d}c\\u{feff}d\\u{ad}"),
            ("a\u{fe0f}\u{3164}\u{e0041}", "a\\u{fe0f}\\u{3164}\\u{e0041}"),
            ("a\u{a0}b\u{2028}c", "a\\u{a0}b\\u{2028}c"),
            ("\\ and \" stay", "\\ and \" stay"),
        ] {
            assert_eq!(neutral(text), expected);
            assert_eq!(neutral(&neutral(text)), expected, "twice");
        }
    }

    #[test]
    fn quoted_text_is_short_and_printable() {
        assert_eq!(quoted("a\u{1b}[31m\u{202e}b\u{200b}"), "`a\\u{1b}[31m\\u{202e}b\\u{200b}`");
        assert_eq!(quoted(&"é".repeat(61)), format!("`{}…`", "é".repeat(60)));
    }
}
