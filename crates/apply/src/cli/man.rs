//! `cenbwp man`: the man pages, from the same source as `--help`.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use super::help::Help;
use super::help::{EXAMPLES, Section};
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

pub(super) const HELP: Help = Help {
    description: "Writes a page for the tool and one for each command. The folder is made if it is missing.",
    examples: &[("Write them where man finds them", "cenbwp man ~/.local/share/man/man1")],
    exits: &[Exit::Done, Exit::Error, Exit::Invalid],
    see_also: &["completions"],
};

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
        Ok((man.get_filename(), page(command, &man)?))
    };
    commands.map(page).collect()
}

/// Returns a page: the flags as clap knows them, and around them what the long help adds.
fn page(command: &clap::Command, man: &Man) -> io::Result<String> {
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    let help = super::help_of(command);
    let mut description = Roff::new();
    description.control("SH", ["DESCRIPTION"]).text([roman(help.description)]);
    description.to_writer(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    for section in help.sections(command) {
        rows(&section).to_writer(&mut page)?;
    }
    man.render_version_section(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// Returns a section with a paragraph for each row.
fn rows(Section { title, rows }: &Section) -> Roff {
    let mut section = Roff::new();
    section.control("SH", [title.to_uppercase().as_str()]);
    for (term, text) in rows {
        if *title == EXAMPLES {
            section.control("TP", []).text([roman(text)]).text([bold(term)]);
        } else if text.is_empty() {
            section.text([italic(term)]);
        } else {
            section.control("TP", []).text([bold(term)]).text([roman(text)]);
        }
    }
    section
}
