//! Writes a file as a whole or not at all, and opens the journal, which only grows.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use tempfile::NamedTempFile;

use super::{folder_of, is_handed_over, outermost, shown};

/// The readers of a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Only its owner, because it holds the account's listing.
    Owner,
    /// All users that the process's umask allows.
    All,
}

/// The fate of a file that exists already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// The new one takes its place.
    Replaced,
    /// The old one stays, and writing fails.
    Kept,
}

/// Writes a file so that a reader sees the old one or the whole new one, also after a crash. A link at the
/// path is replaced and not followed. Into a device or a pipe the text is written directly.
///
/// A run that is killed while it writes leaves nothing: until it is whole, the file has no name. If the file
/// system cannot do that, it has a name that begins with `.tmp`.
///
/// # Errors
/// Those of the system; when a link leads the path out of the working directory.
pub fn write_whole(path: &Path, text: &str, readers: Readers, before: Before) -> io::Result<()> {
    if is_stream(path) {
        // Stdout may be a file that already has content.
        let mut stream = OpenOptions::new().append(true).open(path)?;
        return stream.write_all(text.as_bytes());
    }
    let folder = folder_of(path);
    check_folder(path, folder)?;
    let file = finished(folder, text, readers)?;
    match before {
        Before::Replaced => file.persist(path).map_err(|failed| failed.error).map(drop)?,
        Before::Kept => file.persist_noclobber(path).map_err(|failed| failed.error).map(drop)?,
    }
    sync_folder(folder)
}

/// Returns true if text is written directly into a path, instead of into a new file that replaces it.
pub fn is_stream(path: &Path) -> bool {
    let kind = fs::symlink_metadata(path).map(|metadata| metadata.file_type());
    is_handed_over(path) || kind.is_ok_and(|kind| kind.is_char_device() || kind.is_fifo())
}

/// Refuses a relative path if a link leads it out of the working directory: a pull request can bring links.
fn check_folder(path: &Path, folder: &Path) -> io::Result<()> {
    let Some(outermost) = outermost(path) else { return Ok(()) };
    if fs::canonicalize(folder)?.starts_with(fs::canonicalize(&outermost)?) {
        return Ok(());
    }
    let message = format!("a link leads it out of {}", shown(&outermost));
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}

/// Writes the whole text to disk, in a new file in this folder with a temporary name.
fn finished(folder: &Path, text: &str, readers: Readers) -> io::Result<NamedTempFile<()>> {
    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::All => 0o666,
    };
    let fill = |file: &mut File| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    if let Some(mut file) = unnamed(folder, mode) {
        fill(&mut file)?;
        if let Some(named) = named(&file, folder) {
            return Ok(named);
        }
    }
    let permissions = fs::Permissions::from_mode(mode);
    let file = tempfile::Builder::new().permissions(permissions).tempfile_in(folder);
    let mut file = file.map_err(|error| without_name(&error))?;
    fill(file.as_file_mut())?;
    Ok(NamedTempFile::from_parts((), file.into_temp_path()))
}

/// Returns the error of the system alone: the name of the temporary file says nothing to the user.
fn without_name(error: &io::Error) -> io::Error {
    let text = error.to_string();
    io::Error::new(error.kind(), text.split(" at path ").next().unwrap_or(&text).to_owned())
}

/// Creates a file without a name, which ends with the process. Some network file systems cannot do that.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Path, mode: u32) -> Option<File> {
    use rustix::fs::Mode;
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    rustix::fs::open(folder, flags, Mode::from_raw_mode(mode)).ok().map(File::from)
}

/// Gives a file without a name a temporary one. It cannot get the final name directly if a file has that
/// already: only a file with a name can be renamed over another. Without a mounted `/proc` it cannot get a
/// name at all.
#[cfg(target_os = "linux")]
fn named(file: &File, folder: &Path) -> Option<NamedTempFile<()>> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{AtFlags, CWD};
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    let link = |name: &Path| Ok(rustix::fs::linkat(CWD, &*open, CWD, name, AtFlags::SYMLINK_FOLLOW)?);
    tempfile::Builder::new().make_in(folder, link).ok()
}

#[cfg(not(target_os = "linux"))]
fn unnamed(_: &Path, _: u32) -> Option<File> {
    None
}

#[cfg(not(target_os = "linux"))]
fn named(_: &File, _: &Path) -> Option<NamedTempFile<()>> {
    None
}

/// Opens a file to which lines are added, or creates it with its owner as the only reader. No link is
/// followed.
///
/// # Errors
/// Those of the system; when it is neither a file nor a device.
pub fn open_journal(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    if is_handed_over(path) {
        return options.open(path);
    }
    let folder = folder_of(path);
    check_folder(path, folder)?;
    if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(io::Error::other("a link, expected a file"));
    }
    let flags = (OFlags::NOFOLLOW | OFlags::NOCTTY).bits().cast_signed();
    let file = options.create(true).mode(0o600).custom_flags(flags).open(path)?;
    let kind = file.metadata()?.file_type();
    if !kind.is_file() && !kind.is_char_device() {
        return Err(io::Error::other("expected a file"));
    }
    sync_folder(folder)?;
    Ok(file)
}

/// Opens a file of the pipeline's runner to which text is added, or creates it.
///
/// # Errors
/// Those of the system.
pub fn open_summary(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// Syncs a folder to disk: only then is a new file in it permanent.
fn sync_folder(folder: &Path) -> io::Result<()> {
    const UNSYNCED: [io::ErrorKind; 3] =
        [io::ErrorKind::InvalidInput, io::ErrorKind::PermissionDenied, io::ErrorKind::Unsupported];
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // Folders of devices and of some network file systems cannot be synced, nor a folder without
        // permission to read.
        Err(error) if UNSYNCED.contains(&error.kind()) => Ok(()),
        ended => ended,
    }
}
