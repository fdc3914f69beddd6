//! Untrusted text inside Markdown: it can neither mention a user, nor make a link, nor end the element that
//! holds it.

use cenbwp_diff::neutral;

/// Returns one line as a code span. Inside a span only the backquotes that end it have a meaning.
pub(super) fn code(text: &str) -> String {
    let text = neutral(text);
    let ticks = "`".repeat(longest_run(&text) + 1);
    let blank = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    if text.is_empty() { String::new() } else { format!("{ticks}{blank}{text}{blank}{ticks}") }
}

/// Returns a code span for a cell of a table, which a bar would end.
pub(super) fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// Returns one line of prose that mixes this tool's words with untrusted text: text between backquotes, and
/// every word that is not a plain one, becomes a code span.
pub(super) fn prose(text: &str) -> String {
    let text = neutral(text);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return words(&text);
    }
    let part = |(n, part): (usize, &&str)| if n.is_multiple_of(2) { words(part) } else { code(part) };
    parts.iter().enumerate().map(part).fold(String::new(), |text, part| {
        // Two adjacent spans would be read as one.
        let blank = if text.ends_with('`') && part.starts_with('`') { " " } else { "" };
        text + blank + &part
    })
}

fn words(text: &str) -> String {
    let words: Vec<String> = text.split(' ').map(word).collect();
    words.join(" ")
}

fn word(word: &str) -> String {
    let opening = word.len() - word.trim_start_matches('(').len();
    let mut closing = word.trim_end_matches([',', '.', ';', ':', ')', '!', '?']).len().max(opening);
    // A closing bracket belongs to the word if its opening one is inside the word.
    if word[opening..closing].contains('(') && word[closing..].starts_with(')') {
        closing += 1;
    }
    let (before, after) = (&word[..opening], &word[closing..]);
    let core = &word[opening..closing];
    match core {
        "->" => format!("{before}→{after}"),
        _ if is_plain(core) => word.to_owned(),
        _ => format!("{before}{}{after}", code(core)),
    }
}

/// Returns true if no reader of Markdown sees more than a word.
fn is_plain(word: &str) -> bool {
    word.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '\'')
        && !word.to_ascii_lowercase().starts_with("www")
}

/// Returns the lines as they are, between fences that no line can close.
pub(super) fn fenced(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// Returns one line for a cell of a table: plain words as they are, anything else as one code span.
pub(super) fn in_cell(text: &str) -> String {
    if text.split(' ').all(is_plain) { text.to_owned() } else { cell(text) }
}

/// Returns an alert, a box with a colour and a title: `CAUTION` or `WARNING`.
pub(super) fn alert(kind: &str, text: &str) -> String {
    format!("> [!{kind}]\n{}", quoted(text))
}

/// Returns the lines inside a quotation.
pub(super) fn quoted(text: &str) -> String {
    text.lines().map(|line| format!("> {line}").trim_end().to_owned() + "\n").collect()
}

/// Returns a link. The address is a plain one.
pub(super) fn link(text: &str, url: &str) -> String {
    format!("[{text}]({url})")
}

/// Escapes text for a line of HTML.
pub(super) fn html(text: &str) -> String {
    let text = neutral(text);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_stay_words() {
        for (text, expected) in [
            ("a plain (charges), 2 months.", "a plain (charges), 2 months."),
            (
                "@everyone see http://x.test/ and www.x.test",
                "`@everyone` see `http://x.test/` and `www.x.test`",
            ),
            ("write `adopt: cenbwp-1`, or", "write `adopt: cenbwp-1`, or"),
            ("one ` alone", "one `` ` `` alone"),
            ("<b>x</b> [a](b) a|b *c*", "`<b>x</b>` `[a](b)` `a|b` `*c*`"),
            ("50 Mbps -> 100 Mbps", "50 Mbps → 100 Mbps"),
            ("#1 a\nb", "`#1` `a\\nb`"),
            ("(`x``y`)", "(`x` `y`)"),
            ("did you mean `x`? `y`#1", "did you mean `x`? `y` `#1`"),
            ("", ""),
            ("日本 Zürich", "日本 Zürich"),
        ] {
            assert_eq!(prose(text), expected, "{text}");
        }
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(cell("a|b"), "`a\\|b`");
        assert_eq!(in_cell("100 Mbps"), "100 Mbps");
        assert_eq!(in_cell("\"a b\" | x"), "`\"a b\" \\| x`");
        assert_eq!(alert("WARNING", "a\n\nb\n"), "> [!WARNING]\n> a\n>\n> b\n");
        assert_eq!(fenced("text", "````\nx\n"), "`````text\n````\nx\n`````\n");
    }
}
