//! Reads spec files and hands their bytes to the parser.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cenbwp_spec::{Finding, Place, RenderStyle, Severity, Source, Spec, Unread};

use super::reports::Reports;
use crate::exit::{Exit, Failure};
use crate::files::{self, SpecFile, Unreadable, Walk, shown, typed};
use crate::planned::{Planned, SpecPath};

/// The spec that is read when no `--file` is given.
pub(super) const DEFAULT_FILE: &str = "cenbwp.yaml";

/// The most bytes of spec that one run reads. A spec of 100,000 packages is a fifth of it.
const MAX_BYTES: u64 = cenbwp_spec::MOST_BYTES as u64;

/// The size of the largest saved plan, in bytes: a plan holds the spec, the purchases and the listing.
const MAX_PLAN_BYTES: u64 = 4 * MAX_BYTES;

/// The name of stdin among the sources.
const STDIN: &str = "<stdin>";

/// The most files that the documents of one run include, all together. The defaults of a company are a handful.
const MOST_INCLUDED: usize = 1000;

/// The most further problems that one message names.
const MOST_PROBLEMS: usize = 20;

/// Spec files, directories and stdin, as given on the command line.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct SpecArgs {
    /// Spec file, directory (every *.yaml and *.yml below it), or - for stdin; repeatable
    #[arg(short, long = "file", value_name = "PATH", default_value = DEFAULT_FILE)]
    pub file: Vec<PathBuf>,
}

/// A spec as read: its sources, and the parser's result.
#[derive(Default)]
pub(super) struct Inputs {
    pub paths: Arc<[SpecPath]>,
    /// The contents of the files, in order.
    pub sources: Arc<[Source]>,
    /// The sources as findings quote them: without secrets.
    pub shown: Arc<[Source]>,
    /// Errors and warnings.
    pub findings: Vec<Finding>,
    /// The spec; `None` if there are errors.
    pub spec: Option<Arc<Spec>>,
    /// The number of sources that the arguments name; included ones follow.
    pub named: usize,
}

/// Spec files as read.
pub(super) struct Files {
    /// The contents of the files that were named, and of those that they include.
    pub sources: Vec<Source>,
    /// Why included files could not be read.
    pub unread: Unread,
}

impl Inputs {
    /// Reads and parses everything that the arguments name.
    ///
    /// # Errors
    /// Exit 3 when a path cannot be read or holds a saved plan. Findings are not errors here.
    pub(super) fn read(args: &SpecArgs, reports: &Reports) -> Result<Self, Failure> {
        let hint = || format!("name the spec with -f PATH; without it {DEFAULT_FILE} is read");
        let walk = Walk::of(&args.file);
        reports.reads("-f", walk.files.iter().map(|file| &*file.path))?;
        let Files { sources, unread } = read_sources(&walk)
            .map_err(|failure| Failure { hint: failure.hint.or_else(|| Some(hint())), ..failure })?;
        let named = walk.files.len();
        reports.reads("include", sources[named..].iter().map(|source| Path::new(&source.name)))?;
        let cenbwp_spec::Parsed { spec, findings } = cenbwp_spec::parse_with(&sources, &unread);
        if spec.is_none() {
            sources.iter().try_for_each(refuse_saved_plan)?;
        }
        let paths = args.file.iter().map(|path| spec_path(path)).collect();
        let spec = spec.map(Arc::new);
        let sources: Arc<[Source]> = sources.into();
        // Only findings quote the sources.
        let hidden = if findings.is_empty() { None } else { reports.secrets().hidden_in_sources(&sources) };
        let Some(hidden) = hidden else {
            return Ok(Self { paths, shown: Arc::clone(&sources), sources, findings, spec, named });
        };
        let mut shown = cenbwp_spec::parse_with(&hidden, &unread).findings;
        shown.retain(|finding| spec.is_none() || finding.severity == Severity::Warning);
        if spec.is_none() && shown.iter().all(|finding| finding.severity == Severity::Warning) {
            shown.push(unquoted(&findings));
        }
        Ok(Self { paths, sources, shown: hidden.into(), findings: shown, spec, named })
    }

    /// Returns findings as text, each with its source underlined and an empty line below.
    pub(super) fn text(&self, findings: &[Finding], colour: bool, width: usize) -> String {
        let text = cenbwp_spec::render(findings, &self.shown, RenderStyle { colour, width });
        if text.is_empty() { text } else { text + "\n" }
    }

    /// Returns the number of findings of this severity.
    pub(super) fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Returns the first error without its text: its code and its file. For a spec whose only errors disappear
/// when the secrets are hidden.
fn unquoted(findings: &[Finding]) -> Finding {
    let first = findings.iter().find(|finding| finding.severity == Severity::Error).unwrap_or(&findings[0]);
    let place = Place { span: 0..0, line: 1, column: 1, ..first.place };
    let message = "what is wrong here is not shown: it holds a secret of the environment".to_owned();
    Finding { place, message, expected: None, hint: None, other: None, ..first.clone() }
}

/// Reads a saved plan.
///
/// # Errors
/// Exit 3 when it cannot be read, or is not a plan as this version saves it.
pub(super) fn read_plan(path: &Path, reports: &Reports) -> Result<Planned, Failure> {
    reports.reads("the plan", [path])?;
    let bytes = files::read_named(path, MAX_PLAN_BYTES).and_then(files::text_of);
    let bytes = bytes.map_err(|why| {
        let failure = Failure::unreadable(path, &why);
        let hint = || other_kind(path, b"").map(|(_, hint)| hint);
        Failure { hint: failure.hint.or_else(hint), ..failure }
    })?;
    let saved = Planned::read(&bytes).map_err(|failure| match other_kind(path, &bytes) {
        Some((kind, hint)) => {
            let message = format!("{}: {kind}, expected a saved plan", shown(path));
            Failure::new(failure.exit, message).hint(hint)
        }
        None => Failure { error: failure.error.context(shown(path)), ..failure },
    })?;
    reports.reads("the spec", saved.sources.iter().map(|source| Path::new(&source.name)))?;
    Ok(saved)
}

/// Refuses a file of a spec that is a saved plan: as a spec, every line of it would be an error.
fn refuse_saved_plan(source: &Source) -> Result<(), Failure> {
    if !is_saved_plan(&source.bytes) {
        return Ok(());
    }
    let path = Path::new(if source.name == STDIN { "-" } else { &source.name });
    let message = format!("{}: a saved plan, expected a spec", shown(path));
    Err(Failure::new(Exit::Invalid, message).hint(for_saved_plan(path)))
}

/// Returns true for a saved plan of any version.
fn is_saved_plan(bytes: &[u8]) -> bool {
    let value: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    value.is_some_and(|value| value["format_version"].is_string() && value["resource_changes"].is_array())
}

/// Returns the commands for a saved plan.
fn for_saved_plan(path: &Path) -> String {
    let path = as_typed(path);
    format!("`cenbwp show {path}` or `cenbwp apply {path}`")
}

/// Returns the commands for a saved plan, if there is one at this path.
pub(super) fn advice_on_saved_plan(path: &Path) -> Option<String> {
    let bytes = path.is_file().then(|| files::read_named(path, MAX_PLAN_BYTES).ok())??;
    is_saved_plan(&bytes).then(|| format!("{} is a saved plan: {}", shown(path), for_saved_plan(path)))
}

/// Returns the kind of a file or folder that is not a saved plan, and the right command for it.
fn other_kind(path: &Path, bytes: &[u8]) -> Option<(&'static str, String)> {
    let is_spec = || {
        let source = Source { name: String::new(), bytes: bytes.to_vec() };
        cenbwp_spec::parse(&[source]).spec.is_some_and(|spec| !spec.stacks.is_empty())
    };
    if path.is_dir() || files::is_spec(path) || is_spec() {
        let path = as_typed(path);
        let hint = format!("plan it with `cenbwp plan -f {path}`, or apply it with `cenbwp apply -f {path}`");
        return Some(("a spec", hint));
    }
    bytes.starts_with(b"PK").then(|| {
        let hint = "make one with `cenbwp plan --out FILE`".to_owned();
        ("a zip archive, as Terraform saves its plans", hint)
    })
}

/// Returns a path as it is typed in a command, stdin included.
fn as_typed(path: &Path) -> String {
    if path.as_os_str() == "-" { "-".to_owned() } else { typed(path) }
}

/// Converts a path of `-f` to the form in which a plan records it.
pub(super) fn spec_path(path: &Path) -> SpecPath {
    let is_pipe = path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir());
    if is_pipe { SpecPath::Stream } else { path.display().to_string().into() }
}

/// Reads the files of a spec, and those that they include. An error names all problems with named files in one
/// message.
pub(super) fn read_sources(walk: &Walk) -> Result<Files, Failure> {
    if let Some(((path, why), rest)) = walk.problems.split_first() {
        let mut failure = Failure::unreadable(path, why);
        let more = rest.iter().take(MOST_PROBLEMS).map(|(path, why)| format!("\n{}: {why}", shown(path)));
        let more: String = more.collect();
        let left = rest.len().saturating_sub(MOST_PROBLEMS);
        let left = if left > 0 { format!("\nand {left} more") } else { String::new() };
        failure.error = anyhow::anyhow!("{}{more}{left}", failure.error);
        return Err(failure);
    }
    let mut left = MAX_BYTES;
    let sources = walk.files.iter().map(|file| read_source(file, &mut left));
    let mut files = Files { sources: sources.collect::<Result<_, _>>()?, unread: Unread::new() };
    for (n, name) in cenbwp_spec::includes(&files.sources).into_iter().enumerate() {
        let bytes = match n {
            MOST_INCLUDED.. => Err(format!("more than {MOST_INCLUDED} included files in one run")),
            _ => files::read_included(Path::new(&name), left).map_err(|why| match why {
                Unreadable::TooLarge(_) => format!("more than {} MiB of spec in one run", MAX_BYTES >> 20),
                why => why.to_string(),
            }),
        };
        match bytes {
            Ok(bytes) => {
                left -= bytes.len() as u64;
                files.sources.push(Source { name, bytes });
            }
            Err(why) => drop(files.unread.insert(name, why)),
        }
    }
    Ok(files)
}

fn read_source(file: &SpecFile, left: &mut u64) -> Result<Source, Failure> {
    let bytes = file.read(*left).map_err(|why| match why {
        Unreadable::TooLarge(_) => {
            let message =
                format!("{}: more than {} MiB of spec in one run", shown(&file.path), MAX_BYTES >> 20);
            Failure::new(Exit::Invalid, message)
        }
        why => Failure::unreadable(&file.path, &why),
    })?;
    *left -= bytes.len() as u64;
    let stdin = file.path.as_os_str() == "-";
    let name = if stdin { shown(&file.path) } else { file.path.display().to_string() };
    Ok(Source { name, bytes })
}
