//! Reads spec files and hands their bytes to the parser.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use cenbwp_spec::{Finding, Severity, Source, Spec};

use crate::exit::{Exit, Failure};

/// The spec that is read when no `--file` is given.
pub(super) const DEFAULT_FILE: &str = "cenbwp.yaml";

/// The most bytes that one run reads. 100,000 packages are a fifth of it.
const MAX_BYTES: u64 = cenbwp_spec::MOST_BYTES as u64;

/// Spec files, directories and stdin, as given on the command line.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct SpecArgs {
    /// Spec file, directory (every *.yaml and *.yml below it), or - for stdin; repeatable
    #[arg(short, long = "file", value_name = "PATH", default_value = DEFAULT_FILE)]
    pub file: Vec<PathBuf>,
}

/// A spec as read: its sources, and what the parser says of them.
pub(super) struct Inputs {
    /// The sources, in order.
    pub sources: Vec<Source>,
    /// Errors and warnings.
    pub findings: Vec<Finding>,
    /// The spec; `None` if there are errors.
    pub spec: Option<Spec>,
}

impl Inputs {
    /// Reads and parses everything that the arguments name.
    ///
    /// # Errors
    /// Exit 3 when a path cannot be read. Findings are not errors here.
    pub(super) fn read(args: &SpecArgs) -> Result<Self, Failure> {
        let sources = read_sources(&args.file).map_err(Failure::with(Exit::Invalid)).map_err(|failure| {
            failure.hint(format!("name the spec with -f PATH; without it {DEFAULT_FILE} is read"))
        })?;
        let cenbwp_spec::Parsed { spec, findings } = cenbwp_spec::parse(&sources);
        Ok(Self { sources, findings, spec })
    }

    /// How many findings are of this severity.
    pub(super) fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

fn read_sources(paths: &[PathBuf]) -> anyhow::Result<Vec<Source>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            collect(path, &mut files).with_context(|| path.display().to_string())?;
            anyhow::ensure!(files.len() > before, "{}: no *.yaml or *.yml file below it", path.display());
        } else {
            files.push(path.clone());
        }
    }
    let mut left = MAX_BYTES;
    files.iter().map(|path| read_source(path, &mut left)).collect()
}

/// Collects the spec files below a directory, sorted. Links to directories are not followed: they may
/// lead back.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if entry.file_type()?.is_dir() {
            collect(&path, files)?;
        } else if yaml && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

fn read_source(path: &Path, left: &mut u64) -> anyhow::Result<Source> {
    let stdin = path.as_os_str() == "-";
    let name = if stdin { "<stdin>".to_owned() } else { path.display().to_string() };
    let mut bytes = Vec::new();
    let result = if stdin {
        io::stdin().take(*left + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(*left + 1).read_to_end(&mut bytes))
    };
    let read = result.with_context(|| name.clone())? as u64;
    anyhow::ensure!(read <= *left, "{name}: more than {} MiB of spec in one run", MAX_BYTES >> 20);
    *left -= read;
    Ok(Source { name, bytes })
}
