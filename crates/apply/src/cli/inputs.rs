//! Reads spec files and hands their bytes to the parser.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use cenbwp_spec::{Finding, Severity, Source, Spec};

use crate::exit::{Exit, Failure, shown};
use crate::planned::{Planned, SpecPath};

/// The spec that is read when no `--file` is given.
pub(super) const DEFAULT_FILE: &str = "cenbwp.yaml";

/// The most bytes that one run reads. 100,000 packages are a fifth of it.
const MAX_BYTES: u64 = cenbwp_spec::MOST_BYTES as u64;

/// The largest saved plan: it holds the spec, what is bought for it and the listing.
const MAX_PLAN_BYTES: u64 = 4 * MAX_BYTES;

/// Spec files, directories and stdin, as given on the command line.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct SpecArgs {
    /// Spec file, directory (every *.yaml and *.yml below it), or - for stdin; repeatable
    #[arg(short, long = "file", value_name = "PATH", default_value = DEFAULT_FILE)]
    pub file: Vec<PathBuf>,
}

/// A spec as read: its sources, and what the parser says of them.
pub(super) struct Inputs {
    /// The paths as given.
    pub paths: Arc<[SpecPath]>,
    /// The sources, in order.
    pub sources: Arc<[Source]>,
    /// Errors and warnings.
    pub findings: Vec<Finding>,
    /// The spec; `None` if there are errors.
    pub spec: Option<Arc<Spec>>,
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
        let paths = args.file.iter().map(|path| super::saved::spec_path(path)).collect();
        Ok(Self { paths, sources: sources.into(), findings, spec: spec.map(Arc::new) })
    }

    /// How many findings are of this severity.
    pub(super) fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Reads a saved plan.
///
/// # Errors
/// Exit 3 when it cannot be read, or is not a plan as this version saves it.
pub(super) fn read_plan(path: &Path) -> Result<Planned, Failure> {
    let mut bytes = Vec::new();
    let named = || shown(path);
    let read = File::open(path).and_then(|file| file.take(MAX_PLAN_BYTES + 1).read_to_end(&mut bytes));
    let read = read.with_context(named).map_err(Failure::with(Exit::Invalid))?;
    if read as u64 > MAX_PLAN_BYTES {
        let message = format!("{}: larger than any saved plan, {} MiB", named(), MAX_PLAN_BYTES >> 20);
        return Err(Failure::new(Exit::Invalid, message));
    }
    Planned::read(&bytes).map_err(|failure| Failure { error: failure.error.context(named()), ..failure })
}

pub(super) fn read_sources(paths: &[PathBuf]) -> anyhow::Result<Vec<Source>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            collect(path, &mut files)?;
            anyhow::ensure!(files.len() > before, "{}: no *.yaml or *.yml file below it", shown(path));
        } else {
            files.push(path.clone());
        }
    }
    let mut left = MAX_BYTES;
    files.iter().map(|path| read_source(path, &mut left)).collect()
}

/// Collects the spec files below a directory, sorted. Links to directories are not followed: they may
/// lead back.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = entries.with_context(|| shown(directory))?;
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
    let place = if stdin { name.clone() } else { shown(path) };
    let result = if stdin {
        io::stdin().take(*left + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(*left + 1).read_to_end(&mut bytes))
    };
    let read = result.with_context(|| place.clone())? as u64;
    anyhow::ensure!(read <= *left, "{place}: more than {} MiB of spec in one run", MAX_BYTES >> 20);
    *left -= read;
    Ok(Source { name, bytes })
}
