//! Checks that no file that a run writes is one of its inputs or another of its outputs.

use std::path::Path;

use crate::exit::{Exit, Failure};
use crate::files::{Identity, shown};

/// The files that a run writes, each by its identity in the file system.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    files: Vec<(String, Identity)>,
    clash: Option<String>,
}

impl Outputs {
    /// Adds a file that the run writes, and the flag that names it. It must not be another output.
    pub(super) fn writes(&mut self, flag: String, path: &Path) {
        let Some(identity) = Identity::of(path) else { return };
        self.compare(&flag, path, &identity);
        self.files.push((flag, identity));
    }

    /// Checks a file that the run reads, named by this flag. It must not be one that the run writes.
    pub(super) fn reads(&mut self, flag: &str, path: &Path) {
        if self.files.is_empty() {
            return;
        }
        if let Some(identity) = Identity::of(path) {
            self.compare(flag, path, &identity);
        }
    }

    fn compare(&mut self, flag: &str, path: &Path, identity: &Identity) {
        if let Some((other, _)) = self.files.iter().find(|(_, other)| other.is(identity)) {
            let found = || format!("{}: {other} and {flag} are one file", shown(path));
            self.clash.get_or_insert_with(found);
        }
    }

    /// Returns true if two of the files are the same one, so that none may be written.
    pub(super) fn clashes(&self) -> bool {
        self.clash.is_some()
    }

    /// Refuses a run if two of its files are the same one.
    ///
    /// # Errors
    /// Exit 3 when an output is an input or another output.
    pub(super) fn check(&self) -> Result<(), Failure> {
        match &self.clash {
            None => Ok(()),
            Some(clash) => Err(Failure::new(Exit::Invalid, clash).hint("give each output a path of its own")),
        }
    }
}
