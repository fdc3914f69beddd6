//! Every form of report, for runs of every kind: `tests/reports/<story>.<form>` is what is written.
//! `SNAPSHOTS=overwrite cargo test` writes them anew.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "reports/status.rs"]
mod status;
mod stories;

use std::path::Path;

use cenbwp::report::{Form, Run};
use cenbwp_diff::{Palette, Style};
use clap::ValueEnum;
use snapbox::data::DataFormat;

/// Every report of every story, by the names of both.
fn each(test: impl Fn(&str, Form, &str)) {
    for story in stories::all() {
        story.check(|run| {
            Form::value_variants().iter().for_each(|&form| test(story.name, form, &form.render(run)));
        });
    }
}

/// The reports in this form.
fn each_of(form: Form, test: impl Fn(&str, &str)) {
    for story in stories::all() {
        story.check(|run| test(story.name, &form.render(run)));
    }
}

fn extension(form: Form) -> &'static str {
    match form {
        Form::Human => "txt",
        Form::Json => "json",
        Form::Markdown => "md",
        Form::Github => "github",
        Form::Gitlab => "gitlab.json",
        Form::Sarif => "sarif",
        Form::Junit => "xml",
        Form::Html => "html",
    }
}

/// Only Markdown has a limit, so only there do 500 changes show more than twelve. The document of either is long and
/// has nothing that the other stories lack.
fn is_reviewed(story: &str, form: Form) -> bool {
    match story {
        "many" => form == Form::Markdown,
        "several" => !matches!(form, Form::Markdown | Form::Json),
        _ => true,
    }
}

#[test]
fn every_form_of_every_run_is_as_reviewed() {
    each(|story, form, text| {
        if is_reviewed(story, form) {
            let name = format!("tests/reports/{story}.{}", extension(form));
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
            snapbox::assert_data_eq!(text, snapbox::Data::read_from(&path, Some(DataFormat::Text)).raw());
        }
    });
}

/// Lines break at spaces, so only a single long word may go beyond the width.
#[test]
fn results_fit_the_terminal_and_their_colours_add_nothing_to_the_words() {
    for story in stories::all().iter().filter(|story| ["partial", "unknown"].contains(&story.name)) {
        let applied = story.applied.as_ref().unwrap();
        for width in [40, 60, 80, 200] {
            let text = applied.text(&Style { width, ..Style::plain() });
            let is_long = |line: &&str| line.chars().count() > width && line.trim_start().contains(' ');
            assert_eq!(text.lines().find(is_long), None, "{}, {width}", story.name);
            let coloured = applied.text(&Style::coloured(width));
            let mut parts = coloured.split('\u{1b}');
            let start = parts.next().unwrap().to_owned();
            let bare = parts.fold(start, |text, part| text + part.split_once('m').unwrap().1);
            assert_eq!(bare, text, "{}, {width}", story.name);
        }
    }
    let partial = stories::all().into_iter().find(|story| story.name == "partial").unwrap();
    let coloured = partial.applied.unwrap().text(&Style::coloured(80));
    let painted = |colour: anstyle::Style, word: &str| format!("{colour}{word}{colour:#}");
    let palette = Palette::coloured();
    for (colour, word) in
        [(palette.failed, "failed"), (palette.done, "created"), (palette.doubt, "unpaid order")]
    {
        assert!(coloured.contains(&painted(colour, word)), "{coloured:?}");
    }
}

#[test]
fn nothing_in_a_report_shows_as_something_else() {
    each(|story, form, text| {
        // Data stays as it is; JSON's own escapes keep what would act on a terminal.
        let hidden = |c: char| c.is_control() || c == '\u{202e}';
        let bad = text.chars().find(|c| *c != '\n' && if form == Form::Json { *c < ' ' } else { hidden(*c) });
        assert_eq!(bad, None, "{story}, {form:?}");
        assert!(text.ends_with('\n'), "{story}, {form:?}");
    });
}

#[test]
fn markdown_is_never_cut_in_the_middle() {
    each_of(Form::Markdown, |story, text| {
        assert!(text.encode_utf16().count() <= 60_000, "{story}: {}", text.len());
        assert_eq!(text.lines().filter(|line| line.starts_with("```")).count() % 2, 0, "{story}");
        let mut fence: Option<&str> = None;
        let mut open = 0;
        for line in text.lines() {
            match fence {
                Some(end) if line == end => fence = None,
                Some(_) => {}
                None if line.starts_with("```") => fence = Some(line.trim_end_matches(char::is_alphabetic)),
                None => {
                    open += line.matches("<details>").count();
                    open -= line.matches("</details>").count() * usize::from(line.starts_with("</details>"));
                    if line.starts_with('|') {
                        let bars = line.replace("\\|", "").matches('|').count();
                        assert!([6, 7, 10].contains(&bars), "{story}: {line}");
                    }
                }
            }
        }
        assert_eq!((fence, open), (None, 0), "{story}");
        assert!(text.ends_with(" -->\n") && text.starts_with("### "), "{story}");
    });
}

#[test]
fn markdown_says_what_costs_money_without_being_unfolded() {
    each_of(Form::Markdown, |story, text| {
        let (shown, _) = text.split_once("#### Details").unwrap_or((text, ""));
        let rows = shown.lines().filter(|line| line.starts_with("| + ") || line.starts_with("| ~ "));
        for row in rows {
            let cells: Vec<&str> = row.split(" | ").collect();
            if cells[0] == "| +" {
                assert!(row.contains("(charges)") || row.contains("unpaid order"), "{story}: {row}");
                assert!(row.contains("renew"), "{story}: {row}");
            }
            let grows = cells[4]
                .split_once(" → ")
                .is_some_and(|(from, to)| from.parse::<u32>().unwrap() < to.parse::<u32>().unwrap());
            assert_eq!(grows, cells[2].contains("**(charges)**"), "{story}: {row}");
        }
    });
}

#[test]
fn markdown_of_a_plan_that_cannot_be_applied_warns_and_says_done_nowhere() {
    for story in stories::all() {
        story.check(|run| {
            let text = Form::Markdown.render(run);
            let is_blocked = run.failure.is_some() || run.applied.is_none() && run.obstacle().is_some();
            if is_blocked {
                assert!(text.contains("\n> [!CAUTION]\n") && !text.contains("(done)"), "{}", story.name);
            }
            let plan = text.contains("<!-- cenbwp-plan");
            let shows_plans = ["plan", "show"].contains(&run.command);
            assert_eq!(plan, shows_plans, "{}: the comment with the plan stays", story.name);
        });
    }
}

#[test]
fn html_says_the_numbers_of_a_plan_in_the_words_of_its_headline() {
    for story in stories::all() {
        story.check(|run| {
            let text = Form::Html.render(run);
            let (header, _) = text.split_once("</header>").unwrap();
            let plan = run.plan().filter(|_| run.applied.is_none());
            let Some(headline) = plan.map(cenbwp_diff::summary) else { return };
            for figure in header.split("<dt>").skip(1) {
                let (name, rest) = figure.split_once("</dt><dd>").unwrap();
                let (value, _) = rest.split_once("</dd>").unwrap();
                let said = match name {
                    "Mbps by upgrades (charges)" => format!("Upgrades add {value} Mbps (charges)"),
                    _ => format!("{value} {name}"),
                };
                let said = if header.contains("No changes") { value } else { &said };
                assert!(headline.contains(said), "{}: {said} is not in {headline}", story.name);
            }
        });
    }
}

#[test]
fn expired_packages_do_not_count_as_bandwidth() {
    let story = stories::all().into_iter().find(|story| story.name == "updates").unwrap();
    story.check(|run| {
        assert!(run.plan().unwrap().in_sync.values().any(|id| id.as_str() == "cenbwp-ended"));
        for form in [Form::Html, Form::Markdown] {
            let text = form.render(run);
            assert!(!text.contains("Europe - Middle-East") && !text.contains("\"Middle-East\""), "{text}");
        }
    });
}

/// The run with 300 changes, 200 purchases and 30 held items.
fn check_many(test: impl Fn(&Run<'_>)) {
    stories::all().into_iter().find(|story| story.name == "many").unwrap().check(test);
}

#[test]
fn no_form_but_markdown_leaves_anything_out() {
    check_many(|run| {
        let count = |form: Form, start: &str| {
            form.render(run).lines().filter(|line| line.trim_start().starts_with(start)).count()
        };
        assert_eq!(["~ ", "+ ", "! "].map(|mark| count(Form::Human, &format!("{mark}net/"))), [300, 200, 30]);
        // One for each package and one for the run.
        assert_eq!(count(Form::Junit, "<testcase "), 531);
        // Closed, because there are so many.
        assert_eq!(count(Form::Html, "<details class=\"buy\"><summary>"), 200);
        assert_eq!(count(Form::Html, "<details class=\"change\"><summary>"), 300);
        // 30 held items and 58 warnings; for GitHub also the summary.
        assert_eq!((count(Form::Sarif, "\"ruleId\""), count(Form::Github, "::")), (88, 89));
        assert_eq!(count(Form::Github, "::error "), 30);
    });
}

#[test]
fn what_is_held_and_what_is_bought_survive_the_cut() {
    check_many(|run| {
        let text = Form::Markdown.render(run);
        assert_eq!(text.matches("`look_alike`").count(), 30);
        assert_eq!(text.matches("| **buys a package**").count(), 200);
        let shown = text.matches("<details>").count();
        assert!(text.contains(&format!("*{} more details not shown here", 500 - shown)), "{shown}");
    });
}

/// GitHub takes 65,536 characters. The purchases of each account can be read, whatever is left out below.
#[test]
fn a_fleet_of_300_accounts_fits_one_comment_that_names_each_and_what_it_buys() {
    stories::fleet(300).check(|run| {
        let text = Form::Markdown.render(run);
        assert!(text.encode_utf16().count() <= 60_000, "{}", text.len());
        let (shown, _) = text.split_once("#### Changes").unwrap();
        let rows: Vec<&str> = shown.lines().filter(|line| line.contains("**(charges)**")).collect();
        assert_eq!(rows.len(), 300);
        assert!(rows.iter().all(|row| row.contains("| 5 | 500 | 5 | 0 | 0 |")), "{rows:#?}");
        let total = "### 300 plans: 1500 to buy (150000 Mbps, 1500 months in all).\n";
        assert!(text.starts_with(total), "{}", &text[..200]);
        let bought = text.matches("**buys a package**").count();
        assert!(text.contains(&format!("*{} more changes not shown here", 1500 - bought)), "{bought}");
        assert!(text.ends_with("<!-- cenbwp-plans -->\n"));
    });
}

#[test]
fn every_log_fits_the_schema_of_sarif() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/sarif-2.1.0-rtm.5.json");
    // A bracket that JavaScript reads as itself is an error elsewhere; it is in the pattern of a field that we
    // do not write.
    let text = std::fs::read_to_string(path).unwrap().replace("{2}]?$", "{2}$");
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    let schema = jsonschema::draft4::new(&schema).unwrap();
    each_of(Form::Sarif, |story, text| {
        let log = serde_json::from_str(text).unwrap();
        let errors: Vec<_> =
            schema.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{story}: {errors:#?}");
        assert!(!text.contains("/home/ci"), "{story} names a folder of the machine");
    });
    assert!(!schema.is_valid(&serde_json::json!({ "version": "2.1.0", "runs": [{}] })));
}

/// Returns a published schema.
fn schema(name: &str) -> jsonschema::Validator {
    let path = format!("{}/../../schemas/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let schema = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::draft7::new(&schema).unwrap()
}

#[test]
fn every_document_fits_a_published_schema() {
    let [plan, plans, report] = ["plan", "plans", "report"].map(schema);
    each_of(Form::Json, |story, text| {
        let document: serde_json::Value = serde_json::from_str(text).unwrap();
        let schema = match (document.get("plans"), document.get("format_version")) {
            (Some(_), _) => &plans,
            (None, Some(_)) => &plan,
            (None, None) => &report,
        };
        let errors: Vec<_> = schema
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{story}: {errors:#?}");
    });
}

#[test]
fn every_line_for_github_is_one_command() {
    each_of(Form::Github, |story, text| {
        for line in text.lines() {
            let level =
                ["::error ", "::warning ", "::notice "].iter().find(|level| line.starts_with(**level));
            let rest = &line[level.unwrap_or_else(|| panic!("{story}: {line}")).len()..];
            let (properties, _) = rest.split_once("::").unwrap();
            for property in properties.split(',') {
                let (name, value) = property.split_once('=').unwrap_or_else(|| panic!("{story}: {property}"));
                assert!(["file", "line", "endLine", "col", "endColumn", "title"].contains(&name), "{name}");
                assert!(!value.contains(':'), "{story}: {value}");
            }
        }
    });
}

/// The names of the elements that are open at each `<`, by the rules that XML and HTML share.
fn check_balanced(story: &str, text: &str, void: &[&str]) {
    let mut open: Vec<&str> = Vec::new();
    for part in text.split('<').skip(1) {
        let (tag, after) = part.split_once('>').unwrap_or_else(|| panic!("{story}: <{part}"));
        assert!(!after.contains('>') || open.last() == Some(&"style"), "{story}: {after}");
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{story}");
        } else if !tag.starts_with(['!', '?']) && !tag.ends_with('/') && !void.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{story}: {open:?}");
    for after in text.split('&').skip(1) {
        let entity = after.split(';').next().unwrap();
        assert!(
            ["amp", "lt", "gt", "quot", "#39", "#10", "#58", "#91"].contains(&entity),
            "{story}: &{entity}"
        );
    }
}

#[test]
fn every_element_of_xml_and_html_is_closed_and_none_is_of_others() {
    each_of(Form::Junit, |story, text| check_balanced(story, text, &[]));
    each_of(Form::Html, |story, text| {
        check_balanced(story, text, &["meta"]);
        for word in ["<script", "<b onload", " src=", "@import", "url(", "<link", "<iframe"] {
            assert!(!text.contains(word), "{story}: {word}");
        }
    });
}
