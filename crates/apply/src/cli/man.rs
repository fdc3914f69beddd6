//! `cenbwp man`: the man pages, from the same source as `--help`.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap_mangen::Man;

use super::process::Process;
use super::version;
use crate::exit::{Exit, Failure};
use crate::files::{self, Before, Readers, shown};
use crate::report::run::plural;

/// Write the man pages into a folder
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder, such as ~/.local/share/man/man1
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Writes a page for the tool and one for each command.
pub(super) fn run(args: &Args, process: &Process<'_>) -> Result<Exit, Failure> {
    let pages = pages(process.tool.clone()).map_err(Failure::with(Exit::Error))?;
    for (name, page) in &pages {
        write(&args.folder, name, page).map_err(Failure::with(Exit::Error))?;
    }
    process.output.story(&format!("wrote {} to {}", plural(pages.len(), "man page"), shown(&args.folder)));
    Ok(Exit::Done)
}

fn write(folder: &Path, name: &str, page: &str) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{}: no such folder can be made", shown(folder)))?;
    let path = folder.join(name);
    files::write_whole(&path, page, Readers::All, Before::Replaced)
        .with_context(|| format!("{}: the page could not be written", shown(&path)))
}

/// The pages by their file names.
fn pages(mut tool: clap::Command) -> io::Result<Vec<(String, String)>> {
    // Prefixes each command's name with the tool's, and gives each the global flags.
    tool.build();
    let commands = std::iter::once(&tool).chain(tool.get_subcommands());
    let page = |command: &clap::Command| {
        let man = Man::new(command.clone().version(version::LINE));
        let mut page = Vec::new();
        man.render(&mut page)?;
        Ok((man.get_filename(), String::from_utf8_lossy(&page).into_owned()))
    };
    commands.map(page).collect()
}
