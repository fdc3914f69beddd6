//! One file: bounded, without waiting, and only from where it was named.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};

use super::{STDIN, folder_of, is_handed_over, outermost, shown};

/// Why a file is not read. Says nothing of what a link leads to.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The system's own reason.
    #[error("{0}")]
    System(#[from] io::Error),
    /// A link whose target does not lie in the folder that was named, or that leads nowhere.
    #[error("a link that leads to nothing inside {0}")]
    Leaves(String),
    /// A link to a folder that it lies in.
    #[error("a link to a folder that it lies in")]
    Circle,
    /// A thing that is no file.
    #[error("{0}, expected a file")]
    NoFile(&'static str),
    /// A folder in which no spec lies.
    #[error("no *.yaml or *.yml file below it")]
    NoSpec,
    /// More spec files than one run reads.
    #[error("more than {0} spec files in one run")]
    TooMany(usize),
    /// A pipe that has no writer.
    #[error("a pipe that nothing writes into")]
    NoWriter,
    /// A file of the system's own, such as one below `/proc`.
    #[error("a file of the system itself, expected one of yours")]
    OfSystem,
    /// A file, or a stream, that does not end where it must.
    #[error("more than {} MiB", .0 >> 20)]
    TooLarge(u64),
    /// Text in the form that PowerShell writes.
    #[error("UTF-16 text, expected UTF-8")]
    Utf16,
}

impl Unreadable {
    /// Returns what to do about it, for a file that was named like this.
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

/// A file of the same name with the other of the two extensions, or with one in another case.
fn near(path: &Path) -> Option<PathBuf> {
    let extensions = ["yaml", "yml", "YAML", "YML", "Yaml", "Yml"];
    path.extension().and_then(|extension| extension.to_str()).filter(|it| extensions.contains(it))?;
    extensions.map(|extension| path.with_extension(extension)).into_iter().find(|near| near.is_file())
}

/// Reads a file that was named on the command line, at most `most` bytes of it; `-` is stdin.
///
/// A link is followed only where it stays inside its folder, and a relative path only where it stays inside the
/// working directory. A pipe that was named is read to its end, whoever writes into it.
///
/// # Errors
/// What is there instead, or that it is larger.
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

/// Reads a file of the user's own, such as a configuration in their home, wherever links lead. At most `most`
/// bytes; without a byte order mark.
///
/// # Errors
/// What is there instead, that it is larger, or is UTF-16.
pub fn read_trusted(path: &Path, most: u64) -> Result<Vec<u8>, Unreadable> {
    text_of(read_opened(open(path, OFlags::empty())?, most)?)
}

/// Returns the bytes of a text without its byte order mark.
///
/// # Errors
/// When it is UTF-16. Other bytes that are not UTF-8 are for the reader of the format, who knows the place.
pub fn text_of(mut bytes: Vec<u8>) -> Result<Vec<u8>, Unreadable> {
    // Without a mark every other byte of plain text is zero, and no text of ours begins with a zero or has one second.
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

/// Reads at most `most` bytes, into room for `size`: growing a large file's buffer as it is read takes twice its size.
fn at_most(file: impl Read, size: u64, most: u64) -> Result<Vec<u8>, Unreadable> {
    // The limit is asked for by what is read: a size can be a lie, and be no reason to ask for that much memory.
    let room = usize::try_from(size.min(most)).unwrap_or_default();
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(room).map_err(io::Error::from)?;
    let read = file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if read as u64 > most { Err(Unreadable::TooLarge(most)) } else { Ok(bytes) }
}

/// Opens a file or a pipe, and waits for no writer of a pipe. The kind of a thing is asked for before it is
/// opened, since opening a device can do something, and again afterwards.
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

/// Reads what was opened to its end, a pipe as slowly as its writer writes.
fn read_opened(mut file: File, most: u64) -> Result<Vec<u8>, Unreadable> {
    let metadata = file.metadata()?;
    let (size, is_pipe) = (metadata.len(), no_file(&metadata) == Some(PIPE));
    let mut first = [0; 4096];
    let read = match file.read(&mut first) {
        // A pipe that has a writer, and nothing in it yet.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
        Ok(0) if is_pipe => {
            let mut wait = [PollFd::new(&file, PollFlags::IN)];
            // Ended or filled: reading tells.
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

/// The time that a named pipe may lie without a writer. A shell opens it as soon as it starts the writer.
const WRITER_WAIT: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

const PIPE: &str = "a pipe";

/// Names a thing that is no file.
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

/// Returns the path without links of what a path names.
///
/// # Errors
/// When a link on it leads out of where it may.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, Unreadable> {
    // Without a slash or a dot at the end, which would have the last link followed unseen.
    let path: PathBuf = path.components().collect();
    let folder = folder_of(&path);
    let is_link = fs::symlink_metadata(&path)?.is_symlink();
    let leaves = || Unreadable::Leaves(shown(folder));
    // Why a link cannot be followed is a word about its target.
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

/// Tells whether a link below `root` may lead to `real`. What begins with one dot is hidden there: a checkout's
/// `.git/config` can hold a token. Two dots are what Kubernetes names the folders of a mounted volume with.
pub(super) fn is_inside(real: &Path, root: &Path) -> bool {
    let is_hidden = |component: Component<'_>| {
        let name = component.as_os_str().as_encoded_bytes();
        name.starts_with(b".") && !name.starts_with(b"..")
    };
    real.strip_prefix(root).is_ok_and(|below| !below.components().any(is_hidden))
}

/// Tells whether a file belongs to the system's own view of itself, environments of processes among it.
fn is_of_system(path: &Path) -> bool {
    ["/proc", "/sys"].iter().any(|root| path.starts_with(root))
}
