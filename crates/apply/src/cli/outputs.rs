//! The files that a run writes: a spec, and a check that none is one of its inputs or another of its outputs.

use std::io;
use std::path::Path;

use anyhow::Context;

use crate::exit::{Exit, Failure};
use crate::files::{self, Before, Identity, Readers, shown};

/// Writes a spec that users edit.
///
/// # Errors
/// Exit 3 with this hint when a file is there and is to be kept; exit 1 when the system refuses.
pub(super) fn write_spec(path: &Path, text: &str, before: Before, hint: &str) -> Result<(), Failure> {
    match files::write_whole(path, text, Readers::All, before) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(is_there(path, hint)),
        written => written
            .with_context(|| format!("{}: the spec could not be written", shown(path)))
            .map_err(Failure::with(Exit::Error)),
    }
}

/// Returns the refusal to overwrite a file.
pub(super) fn is_there(path: &Path, hint: &str) -> Failure {
    let message = format!("{}: it is there already, and may hold edits", shown(path));
    Failure::new(Exit::Invalid, message).hint(hint)
}

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
