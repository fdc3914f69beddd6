//! The case files.

#![allow(clippy::disallowed_methods, reason = "tests read their case files")]

use std::fs;
use std::path::{Path, PathBuf};

use cenbwp_spec::Source;

/// Every case of a folder of `tests/cases`, by name.
pub(crate) fn cases(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(kind);
    let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|ext| ext == "yaml")).collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

/// A case as a source for the parser.
pub(crate) fn source(case: &Path) -> Source {
    let name = case.file_name().unwrap().to_str().unwrap().to_owned();
    Source { name, bytes: fs::read(case).unwrap() }
}
