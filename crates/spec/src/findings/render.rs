//! Draws findings for a person: the source line, underlined, and the advice.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use crate::findings::printable::is_visible;
use crate::findings::{Finding, Severity};
use crate::source::{Place, Source};

/// The colours and the width of drawn findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenderStyle {
    /// True to colour with terminal escapes.
    pub colour: bool,
    /// The terminal's width in columns; long source lines are cut to it.
    pub width: usize,
}

/// The longest line that is shown, in bytes. A longer one was written by a program, and a reader would not
/// find the underline in it.
const LONGEST_LINE: usize = 2_000;

/// Two places of one source that are closer than this many bytes are shown in one excerpt.
const NEAR: usize = 4_000;

/// Draws the findings, each with its place, its source line and its hint, one empty line between them.
///
/// The same findings give the same bytes. Text from the sources cannot reach the terminal as an escape: every
/// character that a reader would not see as itself is replaced.
pub fn render(findings: &[Finding], sources: &[Source], style: RenderStyle) -> String {
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(style.width);
    let mut out = String::new();
    for finding in findings {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&renderer.render(&[group(finding, sources)]));
        out.push('\n');
    }
    out
}

fn group<'a>(finding: &'a Finding, sources: &'a [Source]) -> Group<'a> {
    let Finding { code, severity, place, message, expected, hint, other } = finding;
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let expected = expected.as_ref().map(|expected| format!("expected {}", clean(expected)));
    let mut labels = vec![Label { place, kind: AnnotationKind::Primary, text: expected }];
    labels.extend(other.iter().map(|(place, what)| {
        let text = Some(clean(what));
        Label { place, kind: AnnotationKind::Context, text }
    }));
    let mut elements = Vec::new();
    for labels in group_nearby(labels) {
        match Excerpt::of(&labels, sources) {
            Some(excerpt) => elements.push(Element::from(snippet(labels, &excerpt))),
            None => elements.extend(labels.into_iter().flat_map(|label| origin(label, sources))),
        }
    }
    elements.extend(hint.as_ref().map(|hint| Element::from(Level::HELP.message(clean(hint)))));
    Group::with_title(level.primary_title(clean(message)).id(code.as_str())).elements(elements)
}

/// A place to underline, and the text beside it.
struct Label<'a> {
    place: &'a Place,
    kind: AnnotationKind,
    text: Option<String>,
}

/// Whole lines of a source.
struct Excerpt<'a> {
    name: &'a str,
    bytes: &'a [u8],
    start: usize,
    first_line: usize,
}

/// Groups the labels that one excerpt can show.
fn group_nearby(labels: Vec<Label<'_>>) -> Vec<Vec<Label<'_>>> {
    let near = |one: &Place, other: &Place| {
        one.source == other.source && one.span.start.abs_diff(other.span.start) < NEAR
    };
    let mut groups: Vec<Vec<Label<'_>>> = Vec::new();
    for label in labels {
        match groups.iter_mut().find(|group| near(group[0].place, label.place)) {
            Some(group) => group.push(label),
            None => groups.push(vec![label]),
        }
    }
    groups
}

impl<'a> Excerpt<'a> {
    /// The lines from the first label to the last; `None` if a line is too long to show.
    fn of(labels: &[Label<'_>], sources: &'a [Source]) -> Option<Self> {
        let first = labels.iter().map(|label| label.place).min_by_key(|place| place.span.start)?;
        let last = labels.iter().map(|label| label.place.span.start).max()?;
        let Source { name, bytes } = sources.get(first.source)?;
        let (from, to) = (first.span.start.min(bytes.len()), last.min(bytes.len()));
        let before = &bytes[from.saturating_sub(LONGEST_LINE)..from];
        let start = match before.iter().rposition(is_break) {
            Some(at) => from - before.len() + at + 1,
            None if before.len() == from => 0,
            None => return None,
        };
        let after = &bytes[to..bytes.len().min(to + LONGEST_LINE)];
        let end = match after.iter().position(is_break) {
            Some(at) => to + at,
            None if to + after.len() == bytes.len() => bytes.len(),
            None => return None,
        };
        let byte_order_mark = start == 0 && bytes.starts_with(b"\xef\xbb\xbf");
        let start = if byte_order_mark { 3.min(end) } else { start };
        Some(Self { name, bytes: &bytes[start..end], start, first_line: first.line })
    }
}

/// The place of a label and its text, without the source line.
fn origin<'a>(label: Label<'a>, sources: &'a [Source]) -> Vec<Element<'a>> {
    let Label { place, text, .. } = label;
    let name = sources.get(place.source).map_or("<unknown>", |source| &source.name);
    let origin = Origin::path(clean(name)).line(place.line).char_column(place.column);
    let note = text.map(|text| Element::from(Level::NOTE.message(text)));
    [Element::from(origin)].into_iter().chain(note).collect()
}

fn is_break(byte: &u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn snippet<'a>(
    labels: Vec<Label<'a>>,
    excerpt: &Excerpt<'_>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let annotations: Vec<_> = labels
        .into_iter()
        .map(|Label { place, kind, text }| kind.span(underlined(place, excerpt)).label(text))
        .collect();
    Snippet::source(clean_bytes(excerpt.bytes))
        .path(clean(excerpt.name))
        .line_start(excerpt.first_line)
        .annotations(annotations)
}

/// The range of the place in the cleaned text of the excerpt, only to the end of its first line.
fn underlined(place: &Place, excerpt: &Excerpt<'_>) -> Range<usize> {
    let at = |offset: usize| offset.saturating_sub(excerpt.start).min(excerpt.bytes.len());
    let (start, end) = (at(place.span.start), at(place.span.end.max(place.span.start)));
    let line = excerpt.bytes[start..end].iter().position(is_break).map_or(end, |at| start + at);
    let cleaned = |upto: usize| clean_bytes(&excerpt.bytes[..upto]).len();
    cleaned(start)..cleaned(line)
}

/// Returns text that is safe to print, with its line breaks.
fn clean_bytes(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\n' => out.push('\n'),
            c => out.push(shown(c)),
        }
    }
    out
}

/// Returns one line that is safe to print.
fn clean(text: &str) -> String {
    text.chars().map(shown).collect()
}

/// Returns the character that stands for this one: itself if a reader sees it, an arrow for a tab.
fn shown(c: char) -> char {
    match c {
        '\t' => '→',
        c if is_visible(c) => c,
        _ => char::REPLACEMENT_CHARACTER,
    }
}
