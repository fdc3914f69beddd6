//! Opens, reads, walks and writes files that others may have made. No other code does.
//!
//! ```text
//! read     one file, or stdin: bounded in size, without waiting, links only inside their folder
//! walk     the spec files below a folder
//! write    a whole file or none of it; lines at the end of a journal
//! apart    no output is an input, or another output
//! ```
//!
//! A pull request can bring any tree of files and links. No part of it may show or overwrite a file outside
//! that tree, or keep a run waiting.

mod apart;
mod read;
mod walk;
mod write;

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

pub use apart::Identity;
pub use read::{Unreadable, read_included, read_named, read_trusted, text_of};
pub use walk::{SpecFile, Walk, is_spec};
pub use write::{Before, Readers, is_stream, open_journal, open_summary, write_whole};

/// Returns a path as messages show it: on one line, with misleading characters escaped.
pub fn shown(path: &Path) -> String {
    if path.as_os_str() == STDIN { "<stdin>".to_owned() } else { neutral(path) }
}

/// Returns a path quoted for a shell, in a command that can be pasted.
pub fn typed(path: &Path) -> String {
    let text = path.display().to_string();
    // A path that begins with a dash would be a flag.
    let text = if text.starts_with('-') { format!("./{text}") } else { text };
    if let (Cow::Borrowed(_), Ok(quoted)) = (cenbwp_diff::neutral(&text), shlex::try_quote(&text)) {
        return quoted.into_owned();
    }
    let escaped = text.chars().fold(String::new(), |mut escaped, c| {
        match c {
            '\'' | '\\' => escaped.extend(['\\', c]),
            ' '..='~' => escaped.push(c),
            c => escaped.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
        escaped
    });
    format!("$'{escaped}'")
}

fn neutral(path: &Path) -> String {
    cenbwp_diff::neutral(&path.display().to_string()).into_owned()
}

/// The name of stdin where a command takes a file.
const STDIN: &str = "-";

/// Returns true if a path names an open file of this process, such as `/dev/stdin` or the `/dev/fd/63` of a
/// process substitution. The user who started the run passed it in, so no link in it is by others.
fn is_handed_over(path: &Path) -> bool {
    let number = |number: &str| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
    let Some(text) = path.to_str() else { return false };
    matches!(text, "/dev/stdin" | "/dev/stdout" | "/dev/stderr")
        || text.strip_prefix("/dev/fd/").or(text.strip_prefix("/proc/self/fd/")).is_some_and(number)
}

/// Returns the folder that a path lies in, as a path that can be opened.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) => Path::new("."),
        None => path,
    }
}

/// Returns the folder that a relative path may not leave through a link: the working directory, or as far
/// above it as the path's own `..` go. An absolute path may lead anywhere, and has none.
fn outermost(path: &Path) -> Option<PathBuf> {
    let (mut depth, mut climbs) = (0_usize, 0_usize);
    for component in path.components() {
        match component {
            Component::Prefix(_) | Component::RootDir => return None,
            Component::CurDir => {}
            Component::ParentDir if depth == 0 => climbs += 1,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
        }
    }
    Some(std::iter::once(".").chain(std::iter::repeat_n("..", climbs)).collect())
}
