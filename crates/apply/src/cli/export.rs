//! `cenbwp export`: a spec for packages that exist. Read-only.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use cenbwp_diff::{Live, Owner};
use cenbwp_spec::StackName;

use super::Environment;
use super::connection::CloudArgs;
use super::output::Output;
use super::{interrupt, plan, plural, reports};
use crate::exit::{Exit, Failure};
use crate::export::{self, Export, Note, Scope};
use crate::situation::Situation;

/// The largest Terraform state: one of a hundred thousand packages is a part of it.
const MOST_BYTES: u64 = 256 << 20;

/// A line of the story stays readable up to here.
const MOST_NAMED: usize = 3;

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
    /// Write to a file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    cloud: CloudArgs,
}

/// Exports: exit 0, also when something could not be carried over; that is told on stderr.
pub(super) async fn run(
    args: &Args,
    environment: &Environment,
    output: &Arc<Output>,
) -> Result<Exit, Failure> {
    let export = match &args.from_terraform_state {
        Some(path) => of_terraform(path, &args.stack)?,
        None => of_account(args, environment, output).await?,
    };
    match &args.out {
        None => output.answer(&export.text),
        Some(path) => reports::write_whole(path, &export.text)
            .with_context(|| format!("{}: the spec could not be written", path.display()))
            .map_err(Failure::with(Exit::Error))?,
    }
    for line in told(&export.notes) {
        output.complain(&line);
    }
    output.story(&summary(&export));
    if let Some(path) = args.out.as_ref().filter(|_| export.adopted + export.owned > 0) {
        output.story(&format!("next: cenbwp plan -f {}", path.display()));
    }
    Ok(Exit::Done)
}

async fn of_account(args: &Args, environment: &Environment, output: &Arc<Output>) -> Result<Export, Failure> {
    let stop = interrupt::listen();
    let cloud = args.cloud.connect(environment, output, None)?;
    let now = cloud.clock().now();
    let situation = interrupt::or_end(&stop, Situation::look(&cloud)).await?;
    plan::introduce(&situation, output, None);
    let has_owner = |live: &&Live| matches!(live.owner(), Owner::Identity(_));
    let owned = situation.observed.packages.iter().filter(has_owner).count();
    if owned > 0 && !args.all {
        let (has, them) = if owned == 1 { ("has", "it") } else { ("have", "them") };
        output.story(&format!("{} {has} an owner; --all exports {them} too", plural(owned, "package")));
    }
    let scope = Scope { stack: args.stack.clone(), all: args.all };
    Ok(export::of_account(&situation.observed, situation.account.as_ref(), &scope, now))
}

fn of_terraform(path: &Path, stack: &StackName) -> Result<Export, Failure> {
    let name = if path.as_os_str() == "-" { "<stdin>".to_owned() } else { path.display().to_string() };
    let mut bytes = Vec::new();
    let read = match name.as_str() {
        "<stdin>" => io::stdin().take(MOST_BYTES + 1).read_to_end(&mut bytes),
        _ => File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes)),
    };
    let read = read.with_context(|| name.clone()).map_err(Failure::with(Exit::Invalid))?;
    if read as u64 > MOST_BYTES {
        let message = format!("{name}: larger than {} MiB", MOST_BYTES >> 20);
        return Err(Failure::new(Exit::Invalid, message));
    }
    export::of_terraform(&bytes, stack).map_err(|why| {
        Failure::new(Exit::Invalid, format_args!("{name}: {why}"))
            .hint("terraform show -json | cenbwp export --from-terraform-state -")
    })
}

/// One line per note; packages of which the same is to be said share it. Of many it names the first: what
/// sets one apart stands in the spec, too.
fn told(notes: &[Note]) -> Vec<String> {
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
