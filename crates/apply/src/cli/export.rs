//! `cenbwp export`: writes a spec for packages that exist. Changes nothing in the account.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cenbwp_diff::{Live, Owner};
use cenbwp_spec::StackName;
use serde_json::json;

use super::connection::CloudArgs;
use super::help::Help;
use super::outputs::{is_there, write_spec};
use super::process::{Process, on_runtime};
use super::report_args::ReportArgs;
use super::reports::Reports;
use super::session::{self, Ended, Session};
use super::{interrupt, planning};
use crate::exit::{Exit, Failure};
use crate::export::{self, Export, Note, Scope};
use crate::files::{self, Before, shown, typed};
use crate::report::run::plural;
use crate::situation::Situation;

/// The size of the largest Terraform state, in bytes; a state of 100,000 packages is smaller.
const MOST_BYTES: u64 = 256 << 20;

/// The most packages that one line names, so that the line stays readable.
const MOST_NAMED: usize = 3;

/// The way out where the file is there.
const HINT: &str = "name another file, or replace this one with --force";

/// Write a spec for packages that exist, so that they are adopted and nothing is bought
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Also the packages that carry an owner's tag, each under its own stack and name
    #[arg(long, conflicts_with = "from_terraform_state")]
    all: bool,
    /// Read a Terraform state, or the output of terraform show -json, instead of the account; - for stdin
    #[arg(long, value_name = "FILE")]
    from_terraform_state: Option<PathBuf>,
    /// Stack that the packages without an owner go to
    #[arg(long, value_name = "NAME", default_value_t = export::default_stack(), value_parser = super::values::stack)]
    stack: StackName,
    /// Write to a file instead of stdout; one that is there already is kept
    #[arg(short, long, value_name = "FILE", value_parser = super::values::file_to_write)]
    out: Option<PathBuf>,
    /// Replace the file that is there
    #[arg(long, requires = "out")]
    force: bool,
    #[command(flatten)]
    cloud: CloudArgs,
}

pub(super) const HELP: Help = Help {
    description: "Writes a spec with an entry for each package that has no owner, so that a plan takes them over and buys nothing. It changes \
        nothing in the account. What a spec cannot say is a comment in the file, and a line on stderr.",
    examples: &[
        ("Write a spec for the packages without an owner", "cenbwp export -o existing.yaml"),
        (
            "Write one for the packages in a Terraform state",
            "cenbwp export --from-terraform-state terraform.tfstate -o migrated.yaml",
        ),
    ],
    exits: &[Exit::Done, Exit::Error, Exit::Invalid, Exit::Interrupted],
    see_also: &["plan", "status"],
};

/// Exports: exit 0, also when something could not be carried over; stderr names it.
pub(super) fn run(args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    let none = ReportArgs::default();
    session::run("export", &none, process, |session| on_runtime(export(args, session)))
}

async fn export(args: &Args, session: &Session<'_>) -> Result<Ended, Failure> {
    let Session { output, reports, .. } = session;
    check_files(args, reports)?;
    let export = match &args.from_terraform_state {
        Some(path) => of_terraform(path, &args.stack)?,
        None => of_account(args, session).await?,
    };
    match &args.out {
        None => output.answer(&export.text),
        Some(path) => {
            // Another process may have created it after the check.
            let before = if args.force { Before::Replaced } else { Before::Kept };
            write_spec(path, &output.without_secrets(&export.text), before, HINT)?;
        }
    }
    for line in grouped_notes(&export.notes) {
        output.complain(&line);
    }
    output.story(&summary(&export));
    if let Some(path) = args.out.as_ref().filter(|_| export.adopted + export.owned > 0) {
        output.story(&format!("next: cenbwp plan -f {}", typed(path)));
    }
    Ok(Ended::Counted(Exit::Done, json!({ "adopted": export.adopted, "owned": export.owned })))
}

/// Refuses to overwrite a file, before any request is sent.
fn check_files(args: &Args, reports: &Reports) -> Result<(), Failure> {
    reports.writes("--out", args.out.as_deref())?;
    reports.reads("--from-terraform-state", args.from_terraform_state.as_deref())?;
    match args.out.as_deref().filter(|_| !args.force) {
        Some(path) if !files::is_stream(path) && path.symlink_metadata().is_ok() => Err(is_there(path, HINT)),
        _ => Ok(()),
    }
}

async fn of_account(args: &Args, session: &Session<'_>) -> Result<Export, Failure> {
    let stop = session.listen();
    let cloud = args.cloud.connect(None, session)?;
    let now = cloud.clock().now();
    let situation = interrupt::or_end(&stop, Situation::look(&cloud)).await?;
    planning::print_account(&situation, session);
    let has_owner = |live: &&Live| matches!(live.owner(), Owner::Identity(_));
    let owned = situation.observed.packages.iter().filter(has_owner).count();
    if owned > 0 && !args.all {
        let (has, them) = if owned == 1 { ("has", "it") } else { ("have", "them") };
        session
            .output
            .story(&format!("{} {has} an owner; --all exports {them} too", plural(owned, "package")));
    }
    let scope = Scope { stack: args.stack.clone(), all: args.all };
    Ok(export::of_account(&situation.observed, situation.account.as_ref(), &scope, now))
}

fn of_terraform(path: &Path, stack: &StackName) -> Result<Export, Failure> {
    let bytes = files::read_named(path, MOST_BYTES).and_then(files::text_of);
    let bytes = bytes.map_err(|why| Failure::unreadable(path, &why))?;
    export::of_terraform(&bytes, stack).map_err(|why| {
        Failure::new(Exit::Invalid, format_args!("{}: {why}", shown(path))).hint(other_kind(&bytes))
    })
}

/// Returns the hint that leads from this file to a state that can be read.
fn other_kind(bytes: &[u8]) -> &'static str {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]);
    match () {
        () if head.starts_with("[command]") => {
            "the first line is of setup-terraform's wrapper: give that step terraform_wrapper: false"
        }
        () if head.contains("\"encrypted_data\"") => {
            "it is encrypted: tofu show -json | cenbwp export --from-terraform-state -"
        }
        () if head.contains("\"deployment\"") => "it is of Pulumi, and only states of Terraform are read",
        () if head.contains("\"version\": 3") => {
            "it is of Terraform 0.11: terraform apply -refresh-only of a later one rewrites it"
        }
        () => "terraform show -json | cenbwp export --from-terraform-state -",
    }
}

/// Returns one line per text; packages with the same text share a line. A line names only the first of many
/// packages: the exported spec has each note, too.
fn grouped_notes(notes: &[Note]) -> Vec<String> {
    let mut lines: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Note { text, about } in notes {
        lines.entry(text).or_default().push(about);
    }
    let who = |about: &[&str]| match about {
        [first, second, rest @ ..] if about.len() > MOST_NAMED => {
            format!("{first}, {second} and {} more", rest.len())
        }
        few => few.join(", "),
    };
    lines.into_iter().map(|(text, about)| format!("{}: {text}", who(&about))).collect()
}

fn summary(export: &Export) -> String {
    let Export { adopted, owned, .. } = export;
    let owned = match owned {
        0 => String::new(),
        owned => format!(", and {} of stacks that own them", plural(*owned, "package")),
    };
    format!("exported {} to adopt{owned}", plural(*adopted, "package"))
}
