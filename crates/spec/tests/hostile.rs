//! Hostile input ends in a finding, never in a crash, and large input is read.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]
#![allow(clippy::disallowed_methods, reason = "tests read their case files")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use cenbwp_spec::{MOST_BYTES, Parsed, RenderStyle, Severity, Source, parse, render};

const STYLE: RenderStyle = RenderStyle { colour: false, width: 100 };

fn source(bytes: impl Into<Vec<u8>>) -> Source {
    Source { name: "hostile.yaml".to_owned(), bytes: bytes.into() }
}

/// Parses and draws, and returns the codes of the errors.
fn errors(bytes: impl Into<Vec<u8>>) -> Vec<&'static str> {
    let sources = [source(bytes)];
    let Parsed { spec, findings } = parse(&sources);
    let text = render(&findings, &sources, STYLE);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    let errors: Vec<_> = findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .map(|finding| finding.code.as_str())
        .collect();
    assert_eq!(spec.is_none(), !errors.is_empty());
    errors
}

#[test]
fn a_hundred_thousand_levels_of_anything_end_in_a_finding() {
    const LEVELS: usize = 100_000;
    let staircase: String = (0..2_000).fold(String::new(), |mut text, level| {
        writeln!(text, "{}a:", " ".repeat(level)).unwrap();
        text
    });
    for (nested, code) in [
        ("[".repeat(LEVELS), "E0105"),
        ("{a: ".repeat(LEVELS), "E0105"),
        ("- ".repeat(LEVELS), "E0105"),
        ("? ".repeat(LEVELS), "E0105"),
        ("[{a: ".repeat(LEVELS), "E0105"),
        ("a: &a\n".repeat(LEVELS), "E0203"),
        ("!t ".repeat(LEVELS), "E0110"),
        ("]".repeat(LEVELS), "E0101"),
        ("\"".repeat(LEVELS), "E0101"),
        (staircase, "E0105"),
    ] {
        let begin: String = nested.chars().take(20).collect();
        let errors = errors(nested);
        assert_eq!(errors.first(), Some(&code), "{begin}");
    }
}

#[test]
fn aliases_of_aliases_end_in_a_finding() {
    let mut wide = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    let mut deep = String::from("a0: &a0 [x]\n");
    for n in 1..100 {
        let before = n - 1;
        writeln!(wide, "a{n}: &a{n} [{}]", vec![format!("*a{before}"); 9].join(", ")).unwrap();
        writeln!(deep, "a{n}: &a{n} [[[[[[[[[[*a{before}]]]]]]]]]]").unwrap();
    }
    assert!(errors(wide).contains(&"E0108"));
    assert!(errors(deep).contains(&"E0105"));
}

#[test]
fn a_hundred_thousand_packages_are_read() {
    const PACKAGES: usize = 100_000;
    let block = (0..PACKAGES).fold("version: 1\nstack: big\npackages:\n".to_owned(), |mut text, n| {
        writeln!(text, "  p{n}:\n    areas: [China, Europe]\n    bandwidth: 10\n    autoPay: true").unwrap();
        writeln!(text, "    tags: {{team: network, tier: gold, number: '{n}'}}").unwrap();
        text
    });
    // JSON on one line: the time must not depend on the length of a line.
    let flow: Vec<_> = (0..PACKAGES)
        .map(|n| format!(r#""p{n}":{{"areas":["China","Europe"],"bandwidth":10,"autoPay":true}}"#))
        .collect();
    let flow = format!(r#"{{"version":1,"stack":"big","packages":{{{}}}}}"#, flow.join(","));
    for text in [block, flow] {
        let Parsed { spec, findings } = parse(&[source(text)]);
        assert_eq!(findings, []);
        assert_eq!(spec.unwrap().packages().count(), PACKAGES);
    }
}

#[test]
fn as_many_mistakes_as_packages_are_counted_and_not_all_shown() {
    let text = (0..30_000).fold("version: 1\nstack: big\npackages: {".to_owned(), |mut text, n| {
        write!(text, "p{n}: {{areas: [China, Moon], bandwidth: 1, autoPay: true}}, ").unwrap();
        text
    });
    let sources = [source(text + "}\n")];
    let Parsed { spec, findings } = parse(&sources);
    assert!(spec.is_none());
    let last = findings.last().unwrap();
    assert_eq!((last.code.as_str(), &*last.message), ("W0506", "40000 more findings are not shown"));
    assert_eq!(findings.len(), 20_001);
    let text = render(&findings[..3], &sources, STYLE);
    assert!(text.contains("hostile.yaml:3:") && text.len() < 2_000, "a long line is not shown: {text}");
}

#[test]
fn warnings_never_hide_an_error_nor_make_one() {
    let moons = |bandwidth: &str| {
        (0..20_000).fold("version: 1\nstack: big\npackages:\n".to_owned(), |mut text, n| {
            writeln!(text, "  p{n}: {{areas: [China, Moon], bandwidth: 2, autoPay: true}}").unwrap();
            text
        }) + "  last: {areas: [China, Europe], autoPay: true, bandwidth: "
            + bandwidth
            + "}\n"
    };
    assert_eq!(errors(moons("2")), Vec::<&str>::new());
    assert_eq!(errors(moons("1")), ["E0304"]);
}

#[test]
fn more_bytes_than_allowed_are_refused() {
    let half = || source(vec![b' '; MOST_BYTES / 2 + 1]);
    let sources = [half(), half()];
    let findings = parse(&sources).findings;
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].code.as_str(), findings[0].place.source), ("E0106", 1));
}

#[test]
fn defaults_cannot_multiply_without_limit() {
    let mut text = String::from("version: 1\nstack: big\ndefaults: {bandwidth: 2, autoPay: true, tags: {");
    (0..10_000).for_each(|n| write!(text, "k{n}: null, ").unwrap());
    text.push_str("}}\npackages: {");
    (0..10_000).for_each(|n| write!(text, "p{n}: {{areas: [China, Europe]}}, ").unwrap());
    assert_eq!(errors(text + "}\n"), ["E0106"]);
}

#[test]
fn broken_utf8_is_found_where_it_is() {
    for (bytes, column) in [
        (&b"version: 1 # \xc3"[..], 14),
        (b"version: 1 # \xe4\xb8", 14),
        (b"\xef\xbb\xbfversion: 1 # \xf0\x9f\x98 ", 14),
        (b"\xff\xfev\0e\0r\0", 1),
        ("version: 1 # 中\u{e9}".as_bytes().split_last().unwrap().1, 15),
        (b"\xed\xa0\x80", 1),
    ] {
        let findings = parse(&[source(bytes)]).findings;
        let place = &findings[0].place;
        assert_eq!((findings[0].code.as_str(), place.line, place.column), ("E0102", 1, column), "{bytes:?}");
    }
}

#[test]
fn places_count_lines_and_characters_whatever_ends_a_line() {
    for line_end in ["\n", "\r\n", "\r"] {
        for mark in ["", "\u{feff}"] {
            let lines = ["version: 1", "stack: s", "packages:", "  p: {name: 'é中😀', bandwith: 2}"];
            let text = mark.to_owned() + &lines.join(line_end);
            let findings = parse(&[source(text.clone())]).findings;
            let unknown = findings.iter().find(|finding| finding.code.as_str() == "E0201").unwrap();
            assert_eq!((unknown.place.line, unknown.place.column), (4, 20), "{text:?}");
            assert_eq!(&text[unknown.place.span.clone()], "bandwith");
        }
    }
}

#[test]
fn no_prefix_and_no_missing_byte_of_a_good_case_panics() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/good");
    for case in ["first.yaml", "crlf.yaml", "documents.yaml", "aliases.yaml", "text.yaml"] {
        let bytes = fs::read(cases.join(case)).unwrap();
        for at in 0..bytes.len() {
            errors(&bytes[..at]);
            let mut bytes = bytes.clone();
            bytes.remove(at);
            errors(bytes);
        }
    }
}

#[test]
fn files_are_judged_together_and_one_does_not_hide_another() {
    let package = |bandwidth| {
        format!(
            "version: 1\nstack: s\npackages: {{p: {{areas: [China, Europe], bandwidth: {bandwidth}, autoPay: true}}}}"
        )
    };
    let sources =
        [source("packages: {"), source("\t"), source("\u{0}"), source(package(1)), source(package(2))];
    let findings = parse(&sources).findings;
    let found: Vec<_> =
        findings.iter().map(|finding| (finding.place.source, finding.code.as_str())).collect();
    assert_eq!(found, [(0, "E0101"), (1, "E0104"), (2, "E0103"), (3, "E0304"), (4, "E0401")]);
    assert_eq!(findings[4].other.as_ref().unwrap().0.source, 3);
}

#[test]
fn drawing_survives_places_that_are_not_there() {
    let sources = [source("version: 2\nstack: s\npackages: {}\n")];
    let findings = parse(&sources).findings;
    let plain = render(&findings, &sources, STYLE);
    assert_eq!(plain, render(&findings, &sources, STYLE));
    assert!(render(&findings, &sources, RenderStyle { colour: true, width: 100 }).contains("\u{1b}["));
    assert!(render(&findings, &[], STYLE).contains("<unknown>:1:10"));
    assert!(render(&findings, &[source("")], STYLE).contains("E0301"));
}
