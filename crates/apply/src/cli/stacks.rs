//! `cenbwp stacks`: lists the stacks of a spec, for a pipeline that runs once for each. Offline.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cenbwp_spec::{AccountId, PackageName, Spec, StackName};
use serde::Serialize;
use serde_json::json;

use super::help::Help;
use super::inputs::{Inputs, SpecArgs};
use super::process::Process;
use super::report_args::ReportArgs;
use super::session::{self, Ended, Session};
use super::{git, planning};
use crate::exit::{Exit, Failure};

/// List the stacks of a spec, offline
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    spec: SpecArgs,
    /// Only the stacks that the spec pins to this account
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    /// Only the stacks whose files differ from this commit of git
    #[arg(long, value_name = "COMMIT")]
    since: Option<String>,
    /// Print one JSON document, on one line
    #[arg(long)]
    json: bool,
}

/// The version of the JSON document.
const FORMAT_VERSION: &str = "1.0";

/// The stacks of a spec as JSON.
#[derive(Debug, Serialize)]
struct Stacks<'a> {
    format_version: &'static str,
    stacks: Vec<Row<'a>>,
    /// The stacks that the commit of `--since` declares, and the files of today do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<BTreeSet<StackName>>,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    stack: &'a StackName,
    account: Option<&'a AccountId>,
    files: Vec<&'a str>,
    packages: Vec<&'a PackageName>,
}

pub(super) const HELP: Help = Help {
    description: "Lists each stack of a spec with its account, its files and its packages, for a pipeline that has a job for each. \
        It needs no credentials and no network.",
    examples: &[
        ("List the stacks below a folder", "cenbwp stacks -f cen"),
        ("Make the matrix of a workflow", "cenbwp stacks -f cen --json"),
    ],
    exits: &[Exit::Done, Exit::Error, Exit::Invalid],
    see_also: &["validate", "plan"],
};

/// Prints the stacks: exit 0, also when none is listed.
pub(super) fn run(args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    session::run("stacks", &ReportArgs::default(), process, |session| list(args, session))
}

fn list(args: &Args, session: &Session<'_>) -> Result<Ended, Failure> {
    let Session { output, reports, .. } = session;
    let inputs = planning::read_valid_spec(&args.spec, session)?;
    let spec = inputs.spec.as_deref().expect("a valid spec is there");
    let is_account = |row: &Row<'_>| args.account.is_none() || row.account == args.account.as_ref();
    let mut stacks = Stacks {
        format_version: FORMAT_VERSION,
        stacks: rows(spec, &inputs).filter(is_account).collect(),
        removed: None,
    };
    if let Some(commit) = &args.since {
        let included = inputs.sources[inputs.named..].iter().map(|source| PathBuf::from(&source.name));
        let paths: Vec<PathBuf> = args.spec.file.iter().cloned().chain(included).collect();
        stacks.keep_changed(&git::since(commit, &paths)?, spec);
    }
    for stack in stacks.removed.iter().flatten() {
        output.story(&format!(
            "{stack} is declared there and no longer here: its packages stay and are charged"
        ));
    }
    let json = || serde_json::to_string(&stacks).expect("it is text and lists");
    reports.human(|| if args.json { json() + "\n" } else { stacks.table() });
    Ok(Ended::Counted(Exit::Done, json!({})))
}

/// Returns a row for each stack, in the order of their names.
fn rows<'a>(spec: &'a Spec, inputs: &'a Inputs) -> impl Iterator<Item = Row<'a>> {
    spec.stacks.iter().map(|(stack, declared)| Row {
        stack,
        account: declared.account.as_ref(),
        files: declared.sources.iter().map(|source| &*inputs.sources[*source].name).collect(),
        packages: declared.packages.keys().collect(),
    })
}

impl Stacks<'_> {
    /// Keeps the stacks that a changed file declares or declared.
    fn keep_changed(&mut self, changes: &git::Changes, spec: &Spec) {
        let before = stacks_before(changes);
        self.stacks.retain(|row| {
            before.contains(row.stack) || row.files.iter().any(|file| changes.touch(Path::new(file)))
        });
        self.removed = Some(before.into_iter().filter(|stack| !spec.stacks.contains_key(stack)).collect());
    }

    fn table(&self) -> String {
        let mut cells = vec![["STACK", "ACCOUNT", "PACKAGES", "FILES"].map(str::to_owned)];
        cells.extend(self.stacks.iter().map(|row| {
            let account = row.account.map_or_else(|| "-".to_owned(), ToString::to_string);
            let files = if row.files.is_empty() { "-".to_owned() } else { row.files.join(" ") };
            [
                row.stack.to_string(),
                account,
                row.packages.len().to_string(),
                cenbwp_diff::neutral(&files).into_owned(),
            ]
        }));
        let width = |column: usize| cells.iter().map(|row| row[column].len()).max().unwrap_or_default();
        let (stack, account, packages) = (width(0), width(1), width(2));
        let line = |[a, b, c, d]: &[String; 4]| format!("{a:stack$}  {b:account$}  {c:>packages$}  {d}\n");
        cells.iter().map(line).collect()
    }
}

/// Returns the stacks that changed files declared at the commit. A file that had errors there was never
/// applied, so it is left out.
fn stacks_before(changes: &git::Changes) -> BTreeSet<StackName> {
    let specs = changes.before.iter().filter_map(|sources| cenbwp_spec::parse(sources).spec);
    specs.flat_map(|spec| spec.stacks.into_keys()).collect()
}
