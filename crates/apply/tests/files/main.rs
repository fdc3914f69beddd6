//! Tests reading and writing in trees of files that others made.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]

mod walk;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use cenbwp::files::{
    Before, Identity, Readers, Unreadable, open_journal, read_named, read_trusted, shown, text_of, typed,
    write_whole,
};
use tempfile::TempDir;

/// Makes a folder with these entries: `a.yaml` is a file, `a -> b` a link, `a |` a pipe, `a =` a socket, `a/`
/// a folder.
fn tree(entries: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in entries {
        let (name, rest) = entry.split_once(' ').unwrap_or((entry, ""));
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match rest.split_once(' ') {
            Some(("->", target)) => {
                symlink(target.replace('~', folder.path().to_str().unwrap()), &path).unwrap();
            }
            _ if rest == "|" => {
                let made = std::process::Command::new("mkfifo").arg(&path).status();
                assert!(made.unwrap().success());
            }
            _ if rest == "=" => drop(UnixListener::bind(&path).unwrap()),
            _ if name.ends_with('/') => fs::create_dir_all(&path).unwrap(),
            _ => fs::write(&path, name).unwrap(),
        }
    }
    folder
}

#[test]
fn named_link_is_followed_inside_its_own_folder_only() {
    let folder =
        tree(&["d/a", "d/near -> a", "d/far -> ../e", "e", "d/gone -> nowhere", "d/knot -> knot", "f -> d"]);
    let read = |name: &str| read_named(&folder.path().join(name), 100);
    assert_eq!(read("d/near").unwrap(), b"d/a");
    assert_eq!(read("f/near").unwrap(), b"d/a", "an absolute path says where it leads");
    for name in ["d/far", "d/far/", "d/far/.", "d/gone", "d/knot"] {
        assert!(matches!(read(name), Err(Unreadable::Leaves(_))), "{name}: {:?}", read(name));
    }
}

#[test]
fn file_of_the_system_or_a_device_is_refused_before_it_is_opened() {
    let refused = |path: &str| read_named(Path::new(path), 100).unwrap_err().to_string();
    assert_eq!(refused("/proc/self/environ"), "a file of the system itself, expected one of yours");
    assert_eq!(refused("/sys/kernel"), "a file of the system itself, expected one of yours");
    assert_eq!(refused("/dev/zero"), "a device, expected a file");
    assert_eq!(refused("/tmp"), "a folder, expected a file");
    let folder = tree(&["socket ="]);
    assert!(matches!(read_named(&folder.path().join("socket"), 100), Err(Unreadable::NoFile("a socket"))));
    assert!(matches!(read_trusted(Path::new("/dev/zero"), 100), Err(Unreadable::NoFile("a device"))));
}

#[test]
fn file_is_read_up_to_its_limit_and_no_further() {
    let folder = tree(&["abc"]);
    let path = folder.path().join("abc");
    assert_eq!(read_named(&path, 3).unwrap(), b"abc");
    assert!(matches!(read_named(&path, 2), Err(Unreadable::TooLarge(2))));
    assert!(matches!(read_trusted(&path, 2), Err(Unreadable::TooLarge(2))));
}

#[test]
fn pipe_that_nothing_writes_into_ends_in_an_error() {
    let folder = tree(&["pipe |"]);
    let path = folder.path().join("pipe");
    assert!(matches!(read_named(&path, 100), Err(Unreadable::NoWriter)));
    let writer = std::thread::spawn({
        let path = path.clone();
        move || fs::write(path, "text").unwrap()
    });
    assert_eq!(read_named(&path, 100).unwrap(), b"text");
    writer.join().unwrap();
}

#[test]
fn byte_order_mark_is_no_part_of_a_text_and_utf16_is_named() {
    assert_eq!(text_of(b"\xef\xbb\xbf{}".to_vec()).unwrap(), b"{}");
    assert_eq!(text_of(b"{}".to_vec()).unwrap(), b"{}");
    assert_eq!(text_of(Vec::new()).unwrap(), b"");
    for utf16 in [&b"\xff\xfe{\0}\0"[..], b"\xfe\xff\0{\0}", b"{\0}\0", b"\0{\0}", b"\xff\xfe"] {
        assert!(matches!(text_of(utf16.to_vec()), Err(Unreadable::Utf16)), "{utf16:?}");
    }
}

#[test]
fn missing_file_is_looked_for_under_the_other_extension() {
    let folder = tree(&["cenbwp.yml", "state.json"]);
    let hint = |name: &str| {
        let path = folder.path().join(name);
        let hint = read_named(&path, 1).unwrap_err().hint(&path);
        hint.map(|hint| hint.replace(&format!("{}/", folder.path().display()), ""))
    };
    assert_eq!(hint("cenbwp.yaml").as_deref(), Some("did you mean cenbwp.yml?"));
    assert_eq!(hint("cenbwp.YAML").as_deref(), Some("did you mean cenbwp.yml?"));
    assert_eq!(hint("other.yaml"), None);
    assert_eq!(hint("state.yaml"), None);
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn written_file_is_whole_has_its_mode_and_leaves_nothing_beside_it() {
    let folder = tree(&["old", "target", "link -> target"]);
    let path = |name: &str| folder.path().join(name);
    for name in ["old", "new", "link"] {
        write_whole(&path(name), "text", Readers::Owner, Before::Replaced).unwrap();
        assert_eq!(fs::read_to_string(path(name)).unwrap(), "text");
        assert_eq!(mode(&path(name)), 0o600, "{name}");
    }
    assert!(!path("link").is_symlink(), "a link is replaced");
    assert_eq!(fs::read_to_string(path("target")).unwrap(), "target", "and not followed");
    write_whole(&path("old"), "text", Readers::All, Before::Replaced).unwrap();
    assert_eq!(mode(&path("old")) & 0o600, 0o600);
    assert_ne!(mode(&path("old")), 0o600, "this process's umask lets others read");
    let kept = write_whole(&path("old"), "other", Readers::All, Before::Kept).unwrap_err();
    assert_eq!(kept.kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(path("old")).unwrap(), "text");
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["link", "new", "old", "target"]);
}

#[test]
fn journal_is_its_owners_and_follows_no_link() {
    let folder = tree(&["target", "link -> target", "gone -> nowhere", "pipe |", "socket ="]);
    let path = |name: &str| folder.path().join(name);
    open_journal(&path("journal")).unwrap();
    assert_eq!(mode(&path("journal")), 0o600);
    for name in ["link", "gone", "pipe", "socket"] {
        open_journal(&path(name)).unwrap_err();
    }
    assert!(!path("nowhere").exists());
}

#[test]
fn files_are_the_same_by_what_they_are_and_not_by_how_they_are_spelled() {
    let folder = tree(&["a", "d/", "link -> a", "pipe |", "e -> d"]);
    fs::hard_link(folder.path().join("a"), folder.path().join("hard")).unwrap();
    let of = |name: &str| Identity::of(&folder.path().join(name));
    let same = |one: &str, other: &str| of(one).unwrap().is(&of(other).unwrap());
    for (one, other) in
        [("a", "./a"), ("a", "d/../a"), ("a", "link"), ("a", "hard"), ("d/new", "e/new"), ("new", "d/../new")]
    {
        assert!(same(one, other), "{one} {other}");
    }
    for (one, other) in [("a", "b"), ("d/new", "new"), ("a", "d")] {
        assert!(!same(one, other), "{one} {other}");
    }
    assert!(of("pipe").is_none() && Identity::of(Path::new("/dev/null")).is_none());
    assert!(Identity::of(Path::new("-")).is_none());
}

/// Returns the sources of the crate, except those below `files`, without their tests.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_tests = path.file_stem().is_some_and(|name| name == "tests");
        if is_tests {
            continue;
        }
        if path.is_dir() && !path.ends_with("src/files") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text.split("#[cfg(test)]").next().unwrap().to_owned()));
        }
    }
    found
}

#[test]
fn one_place_opens_files() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(sources.len() > 50, "{}", sources.len());
    for (path, text) in sources {
        // Allowed: the process reads its own status, from a fixed path that no input names.
        let text = text.replace("fs::read_to_string(\"/proc/self/status\")", "");
        for opens in [
            "File::open",
            "File::create",
            "OpenOptions",
            "fs::read",
            "fs::write",
            "NamedTempFile",
            "tempfile_in",
        ] {
            assert!(!text.contains(opens), "{} uses {opens}", path.display());
        }
    }
}

#[test]
fn path_in_a_command_can_be_pasted() {
    for name in ["a.yaml", "a b.yaml", "it's.yaml", "-f.yaml", "e\u{1b}[31m\nx'\\.yaml", "Zürich.yaml"] {
        let folder = tempfile::tempdir().unwrap();
        let command = format!("touch -- {}", typed(Path::new(name)));
        assert!(!command.contains(['\u{1b}', '\n']), "{command}");
        let ran = std::process::Command::new("bash")
            .args(["-c", &command])
            .env("LC_ALL", "C.UTF-8")
            .current_dir(&folder)
            .status();
        assert!(ran.unwrap().success(), "{command}");
        assert!(folder.path().join(name).exists(), "{command}");
    }
}

#[test]
fn path_is_shown_on_one_line_without_escapes() {
    assert_eq!(shown(Path::new("a\u{1b}[31m\nb\u{202e}")), "a\\u{1b}[31m\\nb\\u{202e}");
    assert_eq!(shown(Path::new("-")), "<stdin>");
}
