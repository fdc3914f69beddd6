//! Keeps the outputs of a run apart from its inputs and from each other.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::{STDIN, folder_of, is_handed_over};

/// The identity of a file, independent of its path.
///
/// Two files are the same if their inodes or their paths without links are equal: a false alarm costs only a
/// message, but an output that is not recognised as an input destroys it.
#[derive(Debug)]
pub struct Identity {
    inode: Option<(u64, u64)>,
    path: Option<PathBuf>,
}

impl Identity {
    /// Returns the identity of a file that exists or will be created. A device, a pipe and stdin have none:
    /// nothing in them can be overwritten.
    pub fn of(path: &Path) -> Option<Self> {
        if path.as_os_str() == STDIN || is_handed_over(path) {
            return None;
        }
        let metadata = fs::metadata(path).ok();
        let kind = metadata.as_ref().map(fs::Metadata::file_type);
        if kind.is_some_and(|kind| kind.is_char_device() || kind.is_fifo()) {
            return None;
        }
        let inode = metadata.map(|metadata| (metadata.dev(), metadata.ino()));
        let place =
            || Some(fs::canonicalize(folder_of(path)).ok()?.join(path.file_name().unwrap_or(OsStr::new(""))));
        Some(Self { inode, path: fs::canonicalize(path).ok().or_else(place) })
    }

    /// Returns true if both are one file.
    pub fn is(&self, other: &Self) -> bool {
        let same_inode = self.inode.is_some() && self.inode == other.inode;
        same_inode || (self.path.is_some() && self.path == other.path)
    }
}
