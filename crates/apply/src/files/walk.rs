//! Finds the spec files that the command line names: files, pipes, and all spec files below folders.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use super::read::{is_inside, no_file, read_named, resolve};
use super::{STDIN, Unreadable, is_handed_over};

/// The most files of one run. A spec with more stacks has to be planned by several runs.
const MOST_FILES: usize = 100_000;

/// A spec file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpecFile {
    /// The path as it was named, or as it was found below a folder that was named.
    pub path: PathBuf,
    /// The same path without links.
    real: PathBuf,
}

impl SpecFile {
    /// Reads at most `most` bytes of it.
    ///
    /// # Errors
    /// It is no longer a file that may be read, or it is larger.
    pub fn read(&self, most: u64) -> Result<Vec<u8>, Unreadable> {
        read_named(&self.real, most)
    }
}

/// The spec files of a run, and the places that could not be read.
#[derive(Debug, Default)]
pub struct Walk {
    /// The files, in the order of the command line and sorted below each folder.
    pub files: Vec<SpecFile>,
    /// The places that cannot be read, and why.
    pub problems: Vec<(PathBuf, Unreadable)>,
    seen: BTreeSet<PathBuf>,
}

impl Walk {
    /// Finds the spec files behind these paths; folders are walked. Only folders are opened.
    ///
    /// A file that is reached twice counts once. Files are the same if their paths without links are equal.
    /// Inodes are not compared: some network file systems give two files one inode, and a file that is
    /// skipped would take its packages out of the spec without a message.
    pub fn of(paths: &[PathBuf]) -> Self {
        let mut walk = Self::default();
        for path in paths {
            if path.as_os_str() == STDIN || is_handed_over(path) {
                walk.found(path.clone(), path.clone());
                continue;
            }
            match resolve(path) {
                Err(why) => walk.problems.push((path.clone(), why)),
                Ok(real) if real.is_dir() => walk.folder(path, &real),
                Ok(real) => walk.found(path.clone(), real),
            }
        }
        walk
    }

    fn found(&mut self, path: PathBuf, real: PathBuf) {
        if self.seen.insert(real.clone()) {
            self.files.push(SpecFile { path, real });
        }
    }

    /// Adds all spec files below a folder: first the files there, then the targets of links there, so that a
    /// file that is reached both ways is named by its own path.
    fn folder(&mut self, named: &Path, root: &Path) {
        let (files, problems) = (self.files.len(), self.problems.len());
        let mut folders = vec![(named.to_owned(), root.to_owned())];
        let mut walked = BTreeSet::new();
        let mut links = BTreeSet::new();
        loop {
            if let Some((path, real)) = folders.pop() {
                if walked.insert(real.clone())
                    && let Err(error) = self.entries(&path, &real, &mut folders, &mut links)
                {
                    self.problems.push((path, error.into()));
                }
            } else if let Some((path, parent)) = links.pop_first() {
                match target(&path, &parent, root, named) {
                    Err(why) => self.problems.push((path, why)),
                    Ok(real) if real.is_dir() => folders.push((path, real)),
                    Ok(real) if is_spec(&path) => self.found(path, real),
                    Ok(_) => {}
                }
            } else {
                break;
            }
        }
        self.files[files..].sort();
        if self.files.len() > MOST_FILES {
            self.problems.push((named.to_owned(), Unreadable::TooMany(MOST_FILES)));
        } else if (self.files.len(), self.problems.len()) == (files, problems) && !self.has_any_of(root) {
            self.problems.push((named.to_owned(), Unreadable::NoSpec));
        }
        self.problems[problems..].sort_by(|(one, _), (other, _)| one.cmp(other));
    }

    /// Sorts the entries of one folder. Names that begin with a dot are hidden, as in a shell.
    fn entries(
        &mut self,
        named: &Path,
        real: &Path,
        folders: &mut Vec<(PathBuf, PathBuf)>,
        links: &mut BTreeSet<(PathBuf, PathBuf)>,
    ) -> io::Result<()> {
        let is_hidden = |entry: &DirEntry| entry.file_name().as_encoded_bytes().starts_with(b".");
        for entry in fs::read_dir(real)? {
            let entry = entry?;
            if is_hidden(&entry) {
                continue;
            }
            let (path, real_path) = (named.join(entry.file_name()), real.join(entry.file_name()));
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push((path, real_path));
            } else if kind.is_symlink() {
                links.insert((path, real.to_owned()));
            } else if kind.is_file() {
                if is_spec(&path) {
                    self.found(path, real_path);
                }
            } else if let Some(what) = no_file(&entry.metadata()?) {
                self.problems.push((path, Unreadable::NoFile(what)));
            }
        }
        Ok(())
    }

    /// Returns true if an earlier path has led to a file below this folder already.
    fn has_any_of(&self, root: &Path) -> bool {
        self.seen.iter().any(|real| real.starts_with(root))
    }
}

/// Returns the target of a link. It must lie below `root`, the folder that was named.
fn target(link: &Path, parent: &Path, root: &Path, named: &Path) -> Result<PathBuf, Unreadable> {
    let leaves = || Unreadable::Leaves(super::shown(named));
    let name = link.file_name().expect("an entry has a name");
    let real = fs::canonicalize(parent.join(name)).map_err(|_| leaves())?;
    if !is_inside(&real, root) {
        return Err(leaves());
    }
    let metadata = fs::metadata(&real)?;
    match no_file(&metadata) {
        Some(_) if metadata.is_dir() && parent.starts_with(&real) => Err(Unreadable::Circle),
        Some(what) if !metadata.is_dir() => Err(Unreadable::NoFile(what)),
        _ => Ok(real),
    }
}

/// Returns true if the name of a file is that of a spec file.
pub fn is_spec(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("yaml") || it.eq_ignore_ascii_case("yml"))
}
