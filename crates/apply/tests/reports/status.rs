//! Every form of a status: `status.<form>` is what is written.

use std::cell::RefCell;
use std::path::Path;

use cenbwp::report::StatusForm;
use clap::ValueEnum;
use snapbox::data::DataFormat;

use super::{check_balanced, schema, stories};

/// Returns the report of a status in this form.
fn of_status(story: &stories::Story, form: StatusForm) -> String {
    let text = RefCell::default();
    story.check(|run| *text.borrow_mut() = form.render(run));
    text.into_inner()
}

#[test]
fn every_form_of_a_status_is_as_reviewed() {
    // As bytes: line ends are a part of a feed.
    let check = |story: &stories::Story, form: StatusForm, extension: &str| {
        let path = format!("{}/tests/reports/{}.{extension}", env!("CARGO_MANIFEST_DIR"), story.name);
        let data = snapbox::Data::read_from(Path::new(&path), Some(DataFormat::Binary)).raw();
        snapbox::assert_data_eq!(snapbox::Data::binary(of_status(story, form)), data);
    };
    let feeds = [(StatusForm::Csv, "csv"), (StatusForm::Ics, "ics"), (StatusForm::Openmetrics, "prom")];
    let pages = [
        (StatusForm::Human, "txt"),
        (StatusForm::Json, "json"),
        (StatusForm::Markdown, "md"),
        (StatusForm::Html, "html"),
    ];
    feeds.iter().chain(&pages).for_each(|(form, extension)| check(&stories::status(), *form, extension));
    // Its pages are those of every run that ends early.
    feeds.iter().for_each(|(form, extension)| check(&stories::no_status(), *form, extension));
}

#[test]
fn feeds_hold_no_clock() {
    let [now, later] = [stories::status(), stories::status().at("2026-06-01T00:00:00Z")];
    for form in [StatusForm::Ics, StatusForm::Openmetrics] {
        assert_eq!(of_status(&now, form), of_status(&later, form));
    }
    assert_ne!(of_status(&now, StatusForm::Csv), of_status(&later, StatusForm::Csv), "it warns of ends");
}

#[test]
fn nothing_in_a_report_of_a_status_shows_as_something_else() {
    for form in StatusForm::value_variants() {
        let text = of_status(&stories::status(), *form);
        let is_json = *form == StatusForm::Json;
        let hidden =
            |c: char| if is_json { c < ' ' } else { c.is_control() || "\u{202e}\u{2066}".contains(c) };
        let text = text.replace("\r\n", "\n");
        assert_eq!(text.chars().find(|c| *c != '\n' && hidden(*c)), None, "{form}");
        let is_command = |line: &&str| line.trim_start().starts_with("::") || line.contains("##[");
        assert_eq!(text.lines().find(is_command), None, "{form}");
    }
    check_balanced("status", &of_status(&stories::status(), StatusForm::Html), &["meta"]);
}

/// GitHub takes 65,536 characters. The package that ends next stays longest.
#[test]
fn a_status_of_thousands_of_packages_fits_a_comment_and_loses_the_last_to_end() {
    let text = of_status(&stories::status_of(5000), StatusForm::Markdown);
    assert!(text.encode_utf16().count() <= 60_000, "{}", text.len());
    assert!(text.contains("| cenbwp-g0 |") && !text.contains("| cenbwp-g4999 |"), "{}", &text[..2000]);
    assert!(text.contains(" more packages not shown here") && text.ends_with(" -->\n"), "{text}");
}

#[test]
fn document_of_a_status_fits_its_schema_and_that_of_a_failure_the_schema_of_reports() {
    let [status, report] = ["status", "report"].map(schema);
    let [document, failed] = [stories::status(), stories::no_status()]
        .map(|story| serde_json::from_str(&of_status(&story, StatusForm::Json)).unwrap());
    status.validate(&document).unwrap();
    report.validate(&failed).unwrap();
    assert!(!status.is_valid(&failed) && !status.is_valid(&serde_json::json!({})));
}
