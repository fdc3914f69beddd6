//! The spec files of an earlier commit, read with the user's own git.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use cenbwp_spec::Source;

use crate::exit::{Exit, Failure};
use crate::files;

/// The files that differ between a commit and the working tree.
pub(super) struct Changes {
    /// The top folder of the working tree.
    top: PathBuf,
    /// The files, from there.
    changed: BTreeSet<PathBuf>,
    /// The spec files among them, as the commit has them, each with the files that it includes there.
    pub before: Vec<Vec<Source>>,
}

impl Changes {
    /// Returns true if the file, or the file that it links to, has changed.
    pub(super) fn touch(&self, file: &Path) -> bool {
        let folder = |file: &Path| Some(file.parent()?.canonicalize().ok()?.join(file.file_name()?));
        let in_tree = |path: PathBuf| path.strip_prefix(&self.top).map(Path::to_path_buf).ok();
        let paths = [folder(&std::path::absolute(file).unwrap_or_default()), file.canonicalize().ok()];
        paths.into_iter().flatten().filter_map(in_tree).any(|path| self.changed.contains(&path))
    }
}

/// Compares the files at and below these paths with a commit. Files that git does not know yet count as
/// changed, ignored ones do not.
///
/// # Errors
/// Exit 3 when there is no such commit, or no working tree of git.
pub(super) fn since(commit: &str, paths: &[PathBuf]) -> Result<Changes, Failure> {
    if paths.iter().any(|path| path.as_os_str() == "-") {
        return Err(Failure::new(Exit::Invalid, "--since: a spec on stdin has no earlier version")
            .hint("name the files or the folder with -f PATH"));
    }
    let top = git(&["rev-parse", "--show-toplevel"], &[]).map_err(|why| {
        Failure::new(Exit::Invalid, format_args!("--since: {why}"))
            .hint("install git, and run this in the working tree of a repository; without `--since`, all stacks are listed")
    })?;
    let top = PathBuf::from(String::from_utf8_lossy(&top).trim_end_matches('\n'));
    let commit = id_of(commit)?;
    let failed = |why| Failure::new(Exit::Error, format_args!("--since: {why}"));
    let differing = git(&["diff", "--name-status", "--no-renames", "--no-ext-diff", "-z", &commit], paths);
    let differing = differing.map_err(failed)?;
    let new =
        git(&["ls-files", "--others", "--exclude-standard", "--full-name", "-z"], paths).map_err(failed)?;
    let (differing, new) = (names(&differing), names(&new));
    let mut changes =
        Changes { top, changed: new.into_iter().map(PathBuf::from).collect(), before: Vec::new() };
    for [status, name] in differing.as_chunks().0 {
        if status != "A" && is_listed_spec(Path::new(name)) {
            let of_commit = |name: String| -> Result<Source, String> {
                let bytes = git(&["show", &format!("{commit}:{name}")], &[])?;
                Ok(Source { name, bytes })
            };
            let mut sources = vec![of_commit(name.clone()).map_err(failed)?];
            // One that is not there is an error of that spec, which was never applied.
            sources
                .extend(cenbwp_spec::includes(&sources).into_iter().filter_map(|name| of_commit(name).ok()));
            changes.before.push(sources);
        }
        changes.changed.insert(PathBuf::from(name));
    }
    Ok(changes)
}

/// Returns the id of a commit.
fn id_of(commit: &str) -> Result<String, Failure> {
    let object = format!("{commit}^{{commit}}");
    let id = git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &object], &[]);
    let id = id.map_err(|_| {
        let commit = cenbwp_diff::neutral(commit);
        Failure::new(Exit::Invalid, format_args!("--since {commit}: there is no such commit here"))
            .hint("fetch it first; a pipeline's checkout may have the last commit only (`fetch-depth: 0` brings all)")
    })?;
    Ok(String::from_utf8_lossy(&id).trim().to_owned())
}

/// Returns true for a file that a folder of specs would include.
fn is_listed_spec(path: &Path) -> bool {
    let is_hidden = |part: &std::ffi::OsStr| part.as_encoded_bytes().starts_with(b".");
    files::is_spec(path) && !path.iter().any(is_hidden)
}

fn names(list: &[u8]) -> Vec<String> {
    let list = String::from_utf8_lossy(list);
    list.split_terminator('\0').map(str::to_owned).collect()
}

/// Runs git and returns its answer. Nothing that it runs can ask, or change the index.
fn git(arguments: &[&str], paths: &[PathBuf]) -> Result<Vec<u8>, String> {
    let mut command = Command::new("git");
    command.args(arguments).env("GIT_LITERAL_PATHSPECS", "1").env("GIT_OPTIONAL_LOCKS", "0");
    if !paths.is_empty() {
        command.arg("--").args(paths);
    }
    let ended = command.output().map_err(|error| format!("git cannot be run: {error}"))?;
    if ended.status.success() {
        return Ok(ended.stdout);
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let said = said.lines().next().unwrap_or("git failed and gave no reason");
    Err(cenbwp_diff::neutral(said.trim_start_matches("fatal: ")).into_owned())
}
