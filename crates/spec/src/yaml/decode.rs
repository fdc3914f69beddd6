//! Decodes the bytes of a source to text that is safe to read and to show.

use crate::findings::catalogue::{CONTROL_CHARACTER, NOT_UTF8, TAB};
use crate::findings::collect::Report;
use crate::findings::printable::is_unprintable;
use crate::findings::{Code, Finding};
use crate::source::{Mark, saturating_u32};

/// A source as text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'s> {
    /// The text without a byte order mark.
    pub(crate) text: &'s str,
    /// The number of bytes before it: 3 for a byte order mark, else 0.
    pub(crate) skipped: u32,
}

/// Decodes UTF-8, with or without a byte order mark. Each run of tabs or of one unprintable character is a
/// finding. A source with any is not read further, because YAML would only report them again.
pub(crate) fn decode<'s>(source: u32, bytes: &'s [u8], report: &mut Report) -> Option<Text<'s>> {
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let skipped = saturating_u32(bytes.len() - body.len());
    let (text, broken) = match std::str::from_utf8(body) {
        Ok(text) => (text, None),
        Err(error) => {
            let valid = error.valid_up_to();
            // The error says that it is UTF-8 up to here.
            (std::str::from_utf8(&body[..valid]).unwrap_or_default(), Some(body[valid]))
        }
    };
    let is_json = text.trim_start().starts_with('{');
    let mut scan = Scan { source, skipped, is_json, report, clean: true };
    let end = scan.characters(text);
    if let Some(byte) = broken {
        let mark = Mark { end: end.start + 1, ..end };
        let (message, hint) = match bytes {
            // The mark that PowerShell's `>` writes first.
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                ("the file is UTF-16 text".to_owned(), "save it as UTF-8: iconv -f UTF-16 -t UTF-8 OLD > NEW")
            }
            _ => (format!("byte 0x{byte:02X} is not UTF-8 text"), "save the file as UTF-8"),
        };
        scan.add(Finding::new(NOT_UTF8, mark, message).expected("UTF-8").hint(hint));
    }
    scan.clean.then_some(Text { text, skipped })
}

struct Scan<'r> {
    source: u32,
    skipped: u32,
    /// True for a source that begins as JSON does.
    is_json: bool,
    report: &'r mut Report,
    clean: bool,
}

impl Scan<'_> {
    /// Reports every run of refused characters and returns where the text ends.
    fn characters(&mut self, text: &str) -> Mark {
        let mut here = Mark { source: self.source, start: self.skipped, end: 0, line: 1, column: 1 };
        let mut run: Option<(Mark, char)> = None;
        for line in text.split_inclusive('\n') {
            // Most lines of most specs are plain ASCII and need no closer look.
            if line.ends_with('\n') && line.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) {
                self.close(run.take());
                here = Mark {
                    start: here.start + saturating_u32(line.len()),
                    line: here.line + 1,
                    column: 1,
                    ..here
                };
                continue;
            }
            self.line(line, &mut here, &mut run);
        }
        self.close(run);
        here
    }

    /// Reports the runs of refused characters of a line, except a last one that may go on in the next line,
    /// and moves to the end of the line.
    fn line(&mut self, line: &str, here: &mut Mark, run: &mut Option<(Mark, char)>) {
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            let after = here.start + saturating_u32(c.len_utf8());
            let line_break = c == '\n' || (c == '\r' && chars.peek() != Some(&'\n'));
            let refused = is_unprintable(c) && !matches!(c, '\n' | '\r');
            match run {
                Some((mark, first)) if refused && *first == c => mark.end = after,
                _ => {
                    self.close(run.take());
                    *run = refused.then_some((Mark { end: after, ..*here }, c));
                }
            }
            here.start = after;
            if line_break {
                (here.line, here.column) = (here.line + 1, 1);
            } else if c != '\r' {
                here.column += 1;
            }
        }
    }

    fn close(&mut self, run: Option<(Mark, char)>) {
        let Some((mark, c)) = run else { return };
        let (code, message, hint): (Code, _, _) = if c == '\t' {
            let hint = if self.is_json {
                "indent it by spaces, for example with `jq . OLD > NEW`"
            } else {
                "replace it by spaces"
            };
            (TAB, "found a tab".to_owned(), hint)
        } else {
            (
                CONTROL_CHARACTER,
                format!("found the unprintable character U+{:04X}", u32::from(c)),
                "remove it",
            )
        };
        self.add(Finding::new(code, mark, message).hint(hint));
    }

    fn add(&mut self, finding: Finding) {
        self.clean = false;
        self.report.add(finding);
    }
}
