//! `cenbwp validate`: finds every mistake that can be found without the service. Offline.

use std::ops::Range;
use std::path::Path;

use cenbwp_spec::{Level, Origin, Severity, Source};
use serde_json::json;

use super::help::Help;
use super::inputs::{Inputs, SpecArgs};
use super::process::Process;
use super::report_args::ReportArgs;
use super::session::{self, Ended, Session};
use crate::cloud::Secrets;
use crate::exit::{Exit, Failure};
use crate::files::shown;

/// Check spec files offline
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    reports: ReportArgs,
}

pub(super) const HELP: Help = Help {
    description: "Reads every spec file, and names all errors and warnings of one run, each with its place. It needs no credentials and no \
        network. A spec without errors may still be refused by the service.",
    examples: &[
        ("Check cenbwp.yaml", "cenbwp validate"),
        ("Check every spec below a folder", "cenbwp validate -f cen"),
        ("See where the value of each field comes from", "cenbwp validate -v"),
        ("Report to code scanning, too", "cenbwp validate --report sarif=cenbwp.sarif"),
    ],
    exits: &[Exit::Done, Exit::Error, Exit::Invalid],
    see_also: &["explain", "plan"],
};

/// Checks the spec: exit 0, or 3 if it has errors.
pub(super) fn run(args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    session::run("validate", &args.reports, process, |session| check(args, session))
}

fn check(args: &Args, session: &Session<'_>) -> Result<Ended, Failure> {
    let Session { output, reports, .. } = session;
    let inputs = Inputs::read(&args.spec, reports)?;
    reports.read(&inputs.shown, inputs.spec.as_ref(), inputs.findings.clone());
    let text = inputs.text(&inputs.findings, output.color, output.width);
    let shows_origins = output.whole && inputs.spec.is_some();
    let origins = if shows_origins { origins(&inputs.sources, reports.secrets()) } else { String::new() };
    reports.human(|| format!("{text}{origins}{}\n", reports.verdict()));
    let counts =
        json!({ "errors": inputs.count(Severity::Error), "warnings": inputs.count(Severity::Warning) });
    Ok(Ended::Counted(if inputs.spec.is_some() { Exit::Done } else { Exit::Invalid }, counts))
}

/// The most characters of a value that are shown; the place leads to the rest.
const MOST: usize = 40;

/// The most bytes of a list in which its end is looked for.
const LONGEST_LIST: usize = 1000;

/// Returns a list of the fields of each package: the value as it is written, its place, and the part of the spec
/// that it stands in.
fn origins(sources: &[Source], secrets: &Secrets) -> String {
    let mut text = String::new();
    for (address, origins) in cenbwp_spec::origins(sources) {
        let rows: Vec<[String; 4]> = origins.iter().map(|origin| row(origin, sources, secrets)).collect();
        let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default();
        let (field, value, place) = (width(0), width(1), width(2));
        let line = |[a, b, c, d]: &[String; 4]| format!("  {a:field$}  {b:value$}  {c:place$}  {d}\n");
        text.push_str(&format!("{address}\n{}\n", rows.iter().map(line).collect::<String>()));
    }
    text
}

fn row(origin: &Origin, sources: &[Source], secrets: &Secrets) -> [String; 4] {
    let Origin { field, level, place } = origin;
    let source = &sources[place.source];
    let value = written(&source.bytes, place.span.clone(), secrets);
    let level = match level {
        Level::Package => "package",
        Level::Defaults => "defaults",
        Level::Include => "include",
    };
    let place = format!("{}:{}", shown(Path::new(&source.name)), place.line);
    let [field, value] = [field, &value].map(|text| cenbwp_diff::neutral(text).into_owned());
    [field, value, place, level.to_owned()]
}

/// Returns a value as it is written, without secrets and shortened to one line. The place of a list in brackets is
/// only where it begins.
fn written(bytes: &[u8], span: Range<usize>, secrets: &Secrets) -> String {
    let rest = bytes.get(span.start..).unwrap_or_default();
    let end =
        rest.iter().take(LONGEST_LIST).position(|byte| *byte == b']').filter(|_| rest.starts_with(b"["));
    let length = end.map_or(span.len(), |at| at + 1);
    let text = secrets.hidden_in(&String::from_utf8_lossy(&rest[..length.min(rest.len())]));
    let line = text.lines().next().unwrap_or_default().trim_end();
    let is_whole = line.len() == text.trim_end().len() && line.chars().count() <= MOST && line != "-";
    line.chars().take(MOST).chain(if is_whole { "" } else { "…" }.chars()).collect()
}
