//! The paths from which a spec was read, as the user named them.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files::typed;

/// A path that the user named with `-f`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(from = "String", into = "String")]
pub enum SpecPath {
    /// A file or a folder, as it was named.
    Disk(String),
    /// Stdin, or a pipe such as a shell's `<(…)`, which cannot be read again.
    Stream,
}

impl SpecPath {
    /// The name of stdin on the command line.
    pub const STDIN: &'static str = "-";

    /// The name of stdin as a source.
    pub const STDIN_NAME: &'static str = "<stdin>";

    /// Returns the path in its simplest spelling: `./cen/` is `cen`.
    fn plain(&self) -> Option<PathBuf> {
        let Self::Disk(path) = self else { return None };
        Some(Path::new(path).components().filter(|part| *part != Component::CurDir).collect())
    }

    /// Returns true if two lists name the same paths, in any order and spelling.
    pub fn are_same(one: &[Self], other: &[Self]) -> bool {
        let plain = |paths: &[Self]| {
            let mut plain: Vec<_> = paths.iter().map(Self::plain).collect();
            plain.sort();
            plain.dedup();
            plain
        };
        plain(one) == plain(other)
    }

    /// Returns the paths as flags: `-f cen -f more.yaml`.
    pub fn flags(paths: &[Self]) -> String {
        paths.iter().map(Self::flag).collect::<Vec<_>>().join(" ")
    }

    /// Returns the path as a flag, quoted for a shell.
    pub fn flag(&self) -> String {
        match self {
            Self::Disk(path) => format!("-f {}", typed(Path::new(path))),
            Self::Stream => format!("-f {}", Self::STDIN),
        }
    }
}

/// Takes a path to an open file as a stream: its number means another file in the next process.
impl From<String> for SpecPath {
    fn from(path: String) -> Self {
        let is_in = |folder| Path::new(&path).starts_with(folder);
        if path == Self::STDIN || path == Self::STDIN_NAME || is_in("/dev") || is_in("/proc") {
            Self::Stream
        } else {
            Self::Disk(path)
        }
    }
}

impl From<SpecPath> for String {
    fn from(path: SpecPath) -> Self {
        match path {
            SpecPath::Disk(path) => path,
            SpecPath::Stream => SpecPath::STDIN.to_owned(),
        }
    }
}

/// Writes the path on one line, with misleading characters escaped.
impl fmt::Display for SpecPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk(path) => f.write_str(&cenbwp_diff::neutral(path)),
            Self::Stream => f.write_str(Self::STDIN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<SpecPath> {
        text.split(' ').map(|path| SpecPath::from(path.to_owned())).collect()
    }

    #[test]
    fn paths_are_compared_by_what_they_name_and_not_by_spelling_or_order() {
        for (one, other) in [
            ("cen", "./cen/"),
            ("a b", "b a"),
            ("a/./b", "a//b"),
            ("a a", "a"),
            ("-", "/dev/fd/63"),
            (".", "./"),
        ] {
            assert!(SpecPath::are_same(&paths(one), &paths(other)), "{one} and {other}");
        }
        for (one, other) in
            [("cen", "more"), ("a b", "a"), ("a/../b", "b"), ("/cen", "cen"), ("-", "./-"), ("a", "A")]
        {
            assert!(!SpecPath::are_same(&paths(one), &paths(other)), "{one} and {other}");
        }
    }

    #[test]
    fn what_passes_by_is_not_taken_for_a_file() {
        for path in ["-", "/dev/stdin", "/dev/fd/63", "/proc/self/fd/0"] {
            assert_eq!(SpecPath::from(path.to_owned()), SpecPath::Stream, "{path}");
        }
        for path in ["./-", "dev/spec", "/devel/spec", "process.yaml"] {
            assert_eq!(SpecPath::from(path.to_owned()), SpecPath::Disk(path.to_owned()));
        }
    }
}
