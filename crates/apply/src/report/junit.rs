//! JUnit's XML: a test case per declared package, so that every CI shows which package blocks the run.

use std::fmt::Write;

use cenbwp_spec::{Address, Package, Severity};

use super::issue::{Issue, by_address, issues, spot};
use super::run::{Run, Spot};
use super::several;
use crate::planned::Planned;

struct Case<'a> {
    class: String,
    name: String,
    spot: Option<Spot<'a>>,
    /// The failures, each with its rule, message and hint.
    failures: Vec<(&'static str, String, Option<String>)>,
    /// The other output of the case.
    output: Vec<String>,
}

/// Returns one suite: the run itself, each issue without a package, and every declared package that was
/// planned.
pub(super) fn text(run: &Run<'_>) -> String {
    let name = format!("cenbwp {}", run.command);
    let digest = run.planned.map(Planned::digest);
    suites(&name, &[Suite { name: name.clone(), digest, cases: cases(run, run.command, &issues(run)) }])
}

/// Returns a suite for all plans together, and one for each.
pub(super) fn several(run: &Run<'_>) -> String {
    let name = format!("cenbwp {}", run.command);
    let verdict = Case {
        class: "cenbwp".to_owned(),
        name: run.command.to_owned(),
        spot: None,
        failures: Vec::new(),
        output: vec![several::headline(run)],
    };
    let twice = several::twice(run);
    let cases_of_all = std::iter::once(verdict).chain(twice.iter().map(general)).collect();
    let mut all = vec![Suite { name: name.clone(), digest: None, cases: cases_of_all }];
    all.extend(several::runs(run).map(|(part, alone)| Suite {
        name: format!("{name} {}", part.file),
        digest: alone.planned.map(Planned::digest),
        cases: cases(&alone, &part.file, &issues(&alone)),
    }));
    suites(&name, &all)
}

struct Suite<'a> {
    name: String,
    digest: Option<&'a str>,
    cases: Vec<Case<'a>>,
}

fn suites(name: &str, suites: &[Suite<'_>]) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(text, "<testsuites name=\"{name}\" {}>", counts(suites));
    for suite in suites {
        let (name, counts) = (escaped(&suite.name), counts(std::slice::from_ref(suite)));
        let _ = writeln!(text, "  <testsuite name=\"{name}\" {counts}>");
        if let Some(digest) = suite.digest.map(escaped) {
            let _ = writeln!(text, "    <properties>\n      <property name=\"digest\" value=\"{digest}\"/>");
            let _ = writeln!(text, "    </properties>");
        }
        suite.cases.iter().for_each(|case| write_case(&mut text, case));
        text.push_str("  </testsuite>\n");
    }
    text + "</testsuites>\n"
}

fn counts(suites: &[Suite<'_>]) -> String {
    let cases = || suites.iter().flat_map(|suite| &suite.cases);
    let failures = cases().filter(|case| !case.failures.is_empty()).count();
    format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\"", cases().count())
}

/// Returns the cases of a run: the run itself by this name, each issue without a package, and every package that
/// was planned.
fn cases<'a>(run: &Run<'a>, name: &str, issues: &[Issue<'a>]) -> Vec<Case<'a>> {
    let error = run.error().map(|lines| ("ended_early", lines.join("\n"), run.next()));
    let mut cases = vec![Case {
        class: "cenbwp".to_owned(),
        name: name.to_owned(),
        spot: None,
        failures: error.into_iter().collect(),
        output: vec![run.headline()],
    }];
    cases.extend(issues.iter().filter(|issue| issue.address.is_none()).map(general));
    let by_address = by_address(issues);
    let is_looked_at = |package: &&Package| {
        let targets = run.planned.and_then(|planned| planned.options.targets.as_ref());
        targets.is_none_or(|targets| targets.contains(&package.address))
    };
    let packages = run.spec.into_iter().flat_map(|spec| spec.packages()).filter(is_looked_at);
    cases.extend(packages.map(|package| {
        let issues = by_address.get(&package.address).map_or(&[][..], |issues| &issues[..]);
        of_package(run, &package.address, issues)
    }));
    cases
}

/// Returns the case of a finding or a limit.
fn general<'a>(issue: &Issue<'a>) -> Case<'a> {
    let spot = issue.spot.as_ref();
    let file = spot.map(|spot| spot.file.as_deref().unwrap_or("stdin"));
    let at = spot.map(|spot| format!(" at {}:{}", spot.line, spot.column)).unwrap_or_default();
    let fails = issue.severity == Severity::Error;
    Case {
        class: file.unwrap_or("cenbwp").to_owned(),
        name: format!("{}{at}", issue.rule.name),
        spot: spot.cloned(),
        failures: if fails { vec![failure(issue)] } else { Vec::new() },
        output: if fails { Vec::new() } else { vec![issue.text()] },
    }
}

fn of_package<'a>(run: &Run<'a>, address: &Address, issues: &[&Issue<'a>]) -> Case<'a> {
    let (failing, warnings): (Vec<&Issue<'_>>, Vec<&Issue<'_>>) =
        issues.iter().copied().partition(|issue| issue.severity == Severity::Error);
    let style = cenbwp_diff::Style::plain();
    let changes = run.plan().into_iter().flat_map(|plan| &plan.changes);
    let change = changes.filter(|change| change.identity().address == *address);
    let done = run.applied.into_iter().flat_map(|applied| &applied.results);
    let done = done.filter(|result| result.identity.address == *address && result.is_success());
    let mut output: Vec<String> =
        change.map(|change| cenbwp_diff::render_change(change, &style).trim_end().to_owned()).collect();
    output.extend(done.map(super::issue::one_line));
    output.extend(warnings.iter().map(|issue| format!("{}: {}", issue.rule.name, issue.message)));
    Case {
        class: address.stack.to_string(),
        name: address.package.to_string(),
        spot: spot(run, address),
        failures: failing.iter().map(|issue| failure(issue)).collect(),
        output,
    }
}

fn failure(issue: &Issue<'_>) -> (&'static str, String, Option<String>) {
    (issue.rule.name, issue.message.clone(), issue.hint.clone())
}

fn write_case(text: &mut String, case: &Case<'_>) {
    let Case { class, name, spot, failures, output } = case;
    let _ = write!(text, "    <testcase classname=\"{}\" name=\"{}\"", escaped(class), escaped(name));
    if let Some((spot, file)) = spot.as_ref().and_then(|spot| Some((spot, spot.file.as_ref()?))) {
        let _ = write!(text, " file=\"{}\" line=\"{}\"", escaped(file), spot.line);
    }
    if failures.is_empty() && output.is_empty() {
        return text.push_str("/>\n");
    }
    text.push_str(">\n");
    // Readers expect at most one failure per case, so its text lists the others.
    if let Some((rule, message, _)) = failures.first() {
        let paragraph = |(rule, message, hint): &(&str, String, Option<String>)| {
            let hint = hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            format!("{rule}: {message}{hint}")
        };
        let body: Vec<String> = failures.iter().map(paragraph).collect();
        let (message, body) = (escaped(message), escaped(&body.join("\n")));
        let _ = writeln!(text, "      <failure type=\"{rule}\" message=\"{message}\">{body}</failure>");
    }
    if !output.is_empty() {
        let _ = writeln!(text, "      <system-out>{}</system-out>", escaped(&output.join("\n")));
    }
    text.push_str("    </testcase>\n");
}

/// Escapes text for XML, for an element and for an attribute. Characters that XML cannot hold are replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // In an attribute a reader would turn a line feed into a blank.
            '\n' => out.push_str("&#10;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                out.push(char::REPLACEMENT_CHARACTER);
            }
            c => out.push(c),
        }
    }
    out
}
