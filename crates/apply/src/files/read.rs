//! Reads one file: bounded in size, without waiting, and only from the folder that was named.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};

use super::{STDIN, folder_of, is_handed_over, outermost, shown};

/// The reason for which a file is not read. It says nothing about the target of a link.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The system's own reason.
    #[error("{0}")]
    System(#[from] io::Error),
    /// A link whose target lies outside the folder that was named, or does not exist.
    #[error("a link that leads to nothing inside {0}")]
    Leaves(String),
    /// A link to a folder that it lies in.
    #[error("a link to a folder that it lies in")]
    Circle,
    /// Something that is not a file.
    #[error("{0}, expected a file")]
    NoFile(&'static str),
    /// A folder without a spec file.
    #[error("no *.yaml or *.yml file below it")]
    NoSpec,
    /// More spec files than one run reads.
    #[error("more than {0} spec files in one run")]
    TooMany(usize),
    /// A pipe that has no writer.
    #[error("a pipe that nothing writes into")]
    NoWriter,
    /// A file of the operating system, such as one below `/proc`.
    #[error("a file of the system itself, expected one of yours")]
    OfSystem,
    /// A file or a stream that is larger than the limit.
    #[error("more than {} MiB", .0 >> 20)]
    TooLarge(u64),
    /// Text in UTF-16, as PowerShell writes it.
    #[error("UTF-16 text, expected UTF-8")]
    Utf16,
}

impl Unreadable {
    /// Returns what to do about it, for a file that was named with this path.
    pub fn hint(&self, path: &Path) -> Option<String> {
        match self {
            Self::System(error) if error.kind() == io::ErrorKind::NotFound => {
                let near = near(path)?;
                Some(format!("did you mean {}?", shown(&near)))
            }
            Self::Leaves(_) | Self::Circle => {
                Some("put a copy where the link is, or name what it leads to by its own path".to_owned())
            }
            Self::Utf16 => Some(
                "save it as UTF-8: iconv -f UTF-16 -t UTF-8 OLD > NEW, in PowerShell Out-File -Encoding utf8"
                    .to_owned(),
            ),
            Self::System(_)
            | Self::NoFile(_)
            | Self::NoSpec
            | Self::TooMany(_)
            | Self::NoWriter
            | Self::OfSystem
            | Self::TooLarge(_) => None,
        }
    }
}

/// Returns a file of the same name with the other of the two extensions, or with an extension in another
/// case.
fn near(path: &Path) -> Option<PathBuf> {
    let extensions = ["yaml", "yml", "YAML", "YML", "Yaml", "Yml"];
    path.extension().and_then(|extension| extension.to_str()).filter(|it| extensions.contains(it))?;
    extensions.map(|extension| path.with_extension(extension)).into_iter().find(|near| near.is_file())
}

/// Reads a file that was named on the command line, at most `most` bytes of it; `-` is stdin.
///
/// A link is followed only if it stays inside its folder, and a relative path only if it stays inside the
/// working directory. A pipe that was named is read to its end.
///
/// # Errors
/// It is not a file that may be read, or it is larger.
pub fn read_named(path: &Path, most: u64) -> Result<Vec<u8>, Unreadable> {
    if path.as_os_str() == STDIN {
        return at_most(io::stdin(), 0, most);
    }
    if is_handed_over(path) {
        return read_opened(open(path, OFlags::empty())?, most);
    }
    let real = resolve(path)?;
    read_opened(open(&real, OFlags::NOFOLLOW)?, most)
}

/// Reads a file that a spec names, at most `most` bytes of it. It must be a plain file inside the working
/// directory, whatever links are on the way: a pull request writes the name, not the user.
///
/// # Errors
/// It is no such file, or it is larger.
pub fn read_included(path: &Path, most: u64) -> Result<Vec<u8>, Unreadable> {
    let leaves = || Unreadable::Leaves("the working directory".to_owned());
    let current = std::env::current_dir()?;
    let inside = if path.is_absolute() { path.strip_prefix(&current).map_err(|_| leaves())? } else { path };
    let root = fs::canonicalize(&current)?;
    let mut real = root.clone();
    // Step by step: the system's reason for which a path through a link is not there would say something about
    // a place outside.
    for step in inside.components() {
        real.push(step);
        if fs::symlink_metadata(&real)?.is_symlink() {
            real = fs::canonicalize(&real).map_err(|_| leaves())?;
            if !is_inside(&real, &root) {
                return Err(leaves());
            }
        }
    }
    // A pipe would keep the run waiting for its writer.
    if let Some(what) = no_file(&fs::metadata(&real)?) {
        return Err(Unreadable::NoFile(what));
    }
    read_opened(open(&real, OFlags::NOFOLLOW)?, most)
}

/// Reads a file of the user's own, such as a configuration in their home; links may lead anywhere. Reads at
/// most `most` bytes, and returns them without a byte order mark.
///
/// # Errors
/// It is not a file that may be read, is larger, or is UTF-16.
pub fn read_trusted(path: &Path, most: u64) -> Result<Vec<u8>, Unreadable> {
    text_of(read_opened(open(path, OFlags::empty())?, most)?)
}

/// Returns the bytes of a text without its byte order mark.
///
/// # Errors
/// When it is UTF-16. The parser of the format reports other bytes that are not UTF-8, because it knows their
/// position.
pub fn text_of(mut bytes: Vec<u8>) -> Result<Vec<u8>, Unreadable> {
    // In UTF-16 without a mark every other byte of plain text is zero. Our files have no zero among the first
    // two bytes.
    let is_utf16 =
        matches!(bytes[..], [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 1..=255, ..] | [1..=255, 0, ..]);
    if is_utf16 {
        return Err(Unreadable::Utf16);
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    Ok(bytes)
}

/// Reads at most `most` bytes into a buffer of `size` bytes: a buffer that grows while a large file is read
/// takes twice the file's size.
fn at_most(file: impl Read, size: u64, most: u64) -> Result<Vec<u8>, Unreadable> {
    // The size can be a lie: the limit bounds the memory, and is checked against the bytes that are read.
    let room = usize::try_from(size.min(most)).unwrap_or_default();
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(room).map_err(io::Error::from)?;
    let read = file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if read as u64 > most { Err(Unreadable::TooLarge(most)) } else { Ok(bytes) }
}

/// Opens a file or a pipe, and does not wait for the writer of a pipe. The file's type is checked before it
/// is opened, since opening a device can have effects, and again afterwards.
fn open(path: &Path, flags: OFlags) -> Result<File, Unreadable> {
    let expect_file = |metadata: io::Result<Metadata>| match no_file(&metadata?) {
        Some(what) if what != PIPE => Err(Unreadable::NoFile(what)),
        _ => Ok(()),
    };
    expect_file(fs::metadata(path))?;
    let flags = (flags | OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    expect_file(file.metadata())?;
    Ok(file)
}

/// Reads an open file or pipe to its end, a pipe as slowly as its writer writes.
fn read_opened(mut file: File, most: u64) -> Result<Vec<u8>, Unreadable> {
    let metadata = file.metadata()?;
    let (size, is_pipe) = (metadata.len(), no_file(&metadata) == Some(PIPE));
    let mut first = [0; 4096];
    let read = match file.read(&mut first) {
        // A pipe that has a writer, but no data yet.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
        Ok(0) if is_pipe => {
            let mut wait = [PollFd::new(&file, PollFlags::IN)];
            // The pipe has ended or has data: the next read shows which.
            if poll(&mut wait, Some(&WRITER_WAIT)).map_err(io::Error::from)? == 0 {
                return Err(Unreadable::NoWriter);
            }
            0
        }
        Ok(0) => return Ok(Vec::new()),
        read => read?,
    };
    fcntl_setfl(&file, OFlags::empty()).map_err(io::Error::from)?;
    at_most(first[..read].chain(file), size, most)
}

/// The time that a named pipe may be without a writer. A shell opens it as soon as it starts the writer.
const WRITER_WAIT: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

const PIPE: &str = "a pipe";

/// Returns the name of a type that is not a file; `None` for a file.
pub(super) fn no_file(metadata: &Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    Some(match () {
        () if kind.is_file() => return None,
        () if kind.is_dir() => "a folder",
        () if kind.is_fifo() => PIPE,
        () if kind.is_socket() => "a socket",
        () if kind.is_symlink() => "a link",
        () => "a device",
    })
}

/// Resolves the links of a path.
///
/// # Errors
/// When a link leads out of the folder in which it must stay.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, Unreadable> {
    // Without a slash or a dot at the end, with which the last link would be followed without a check.
    let path: PathBuf = path.components().collect();
    let folder = folder_of(&path);
    let is_link = fs::symlink_metadata(&path)?.is_symlink();
    let leaves = || Unreadable::Leaves(shown(folder));
    // The system's reason for which a link cannot be followed would say something about its target.
    let real = fs::canonicalize(&path).map_err(|error| if is_link { leaves() } else { error.into() })?;
    if is_link && !is_inside(&real, &fs::canonicalize(folder)?) {
        return Err(leaves());
    }
    if let Some(outermost) = outermost(&path)
        && !real.starts_with(fs::canonicalize(&outermost)?)
    {
        return Err(Unreadable::Leaves(shown(&outermost)));
    }
    if is_of_system(&real) {
        return Err(Unreadable::OfSystem);
    }
    Ok(real)
}

/// Returns true if a link below `root` may lead to `real`. Names that begin with one dot are excluded: a
/// checkout's `.git/config` can hold a token. Two dots are allowed: Kubernetes uses them for the folders of a
/// mounted volume.
pub(super) fn is_inside(real: &Path, root: &Path) -> bool {
    let is_hidden = |component: Component<'_>| {
        let name = component.as_os_str().as_encoded_bytes();
        name.starts_with(b".") && !name.starts_with(b"..")
    };
    real.strip_prefix(root).is_ok_and(|below| !below.components().any(is_hidden))
}

/// Returns true if a file is one of the operating system's, which also hold the environments of processes.
fn is_of_system(path: &Path) -> bool {
    ["/proc", "/sys"].iter().any(|root| path.starts_with(root))
}
