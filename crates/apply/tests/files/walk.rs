//! Walks through folders: the files that are found, and what is refused.

use std::path::PathBuf;

use cenbwp::files::{Walk, shown};

use super::tree;

/// Asserts that a walk from `named` finds these files and these problems, by their paths below the tree.
#[track_caller]
fn check_walk(entries: &[&str], named: &[&str], files: &[&str], problems: &[&str]) {
    let folder = tree(entries);
    let named: Vec<PathBuf> = named.iter().map(|name| folder.path().join(name)).collect();
    let walk = Walk::of(&named);
    let below = |text: String| text.replace(&format!("{}/", folder.path().display()), "");
    let found: Vec<String> = walk.files.iter().map(|file| below(shown(&file.path))).collect();
    let wrong: Vec<String> =
        walk.problems.iter().map(|(path, why)| below(format!("{}: {why}", shown(path)))).collect();
    assert_eq!(found, files, "{entries:?}");
    assert_eq!(wrong, problems, "{entries:?}");
    for file in &walk.files {
        assert!(!file.read(1 << 20).unwrap().is_empty(), "{}", file.path.display());
    }
}

#[test]
fn folder_is_walked_in_order_and_what_is_hidden_is_skipped() {
    check_walk(
        &[
            "d/b.yaml",
            "d/a/z.yml",
            "d/C.YAML",
            "d/x.Yml",
            "d/notes.txt",
            "d/.a.yaml",
            "d/.github/w.yaml",
            "d/.#a.yaml -> nowhere",
        ],
        &["d"],
        &["d/C.YAML", "d/a/z.yml", "d/b.yaml", "d/x.Yml"],
        &[],
    );
}

#[test]
fn mounted_volume_of_kubernetes_holds_each_file_once() {
    check_walk(
        &[
            "d/..2026_11_27/a.yaml",
            "d/..2026_11_27/b.yaml",
            "d/..data -> ..2026_11_27",
            "d/a.yaml -> ..data/a.yaml",
            "d/b.yaml -> ..data/b.yaml",
        ],
        &["d"],
        &["d/a.yaml", "d/b.yaml"],
        &[],
    );
    check_walk(
        &["d/..2026_11_27/a.yaml", "d/..data -> ..2026_11_27", "d/a.yaml -> ..data/a.yaml"],
        &["d/a.yaml"],
        &["d/a.yaml"],
        &[],
    );
}

#[test]
fn links_are_followed_inside_the_folder_that_was_named() {
    check_walk(
        &[
            "d/teams/a.yaml",
            "d/net -> teams",
            "d/below/b.yaml -> ../teams/b.txt",
            "d/teams/b.txt",
            "d/text -> teams/b.txt",
        ],
        &["d"],
        &["d/below/b.yaml", "d/teams/a.yaml"],
        &[],
    );
}

#[test]
fn link_that_leaves_the_folder_is_an_error_that_says_nothing_of_its_target() {
    for target in [
        "../e/secret.yaml",
        "/proc/self/environ",
        "../e",
        "/etc",
        "nowhere",
        "b.yaml",
        "/dev/zero",
        "~/e",
        "/nowhere",
        "..",
        "/",
    ] {
        let link = format!("d/b.yaml -> {target}");
        check_walk(
            &["d/a.yaml", "e/secret.yaml", &link],
            &["d"],
            &["d/a.yaml"],
            &["d/b.yaml: a link that leads to nothing inside d"],
        );
    }
    check_walk(
        &["d/a.yaml", "e/secret.yaml", "d/e -> ../e"],
        &["d"],
        &["d/a.yaml"],
        &["d/e: a link that leads to nothing inside d"],
    );
    // One link leads to another, and that one leaves the folder.
    check_walk(
        &["d/a.yaml -> f", "d/f -> ../e", "e"],
        &["d"],
        &[],
        &["d/a.yaml: a link that leads to nothing inside d", "d/f: a link that leads to nothing inside d"],
    );
}

#[test]
fn link_into_a_hidden_folder_is_an_error_since_a_checkout_keeps_its_token_there() {
    check_walk(
        &["d/.git/config", "d/x.yaml -> .git/config", "d/y -> .git"],
        &["d"],
        &[],
        &["d/x.yaml: a link that leads to nothing inside d", "d/y: a link that leads to nothing inside d"],
    );
    check_walk(
        &["d/.git/config", "d/x.yaml -> .git/config"],
        &["d/x.yaml"],
        &[],
        &["d/x.yaml: a link that leads to nothing inside d"],
    );
    check_walk(
        &[".checkout/d/a.yaml", ".checkout/d/b.yaml -> c", ".checkout/d/c"],
        &[".checkout/d"],
        &[".checkout/d/a.yaml", ".checkout/d/b.yaml"],
        &[],
    );
}

#[test]
fn folder_is_entered_once_however_it_is_tied() {
    check_walk(
        &["d/a.yaml", "d/loop -> ."],
        &["d"],
        &["d/a.yaml"],
        &["d/loop: a link to a folder that it lies in"],
    );
    check_walk(
        &["d/e/a.yaml", "d/e/up -> ../../d"],
        &["d"],
        &["d/e/a.yaml"],
        &["d/e/up: a link to a folder that it lies in"],
    );
    let mut entries = vec!["d/0/x.yaml".to_owned()];
    // A naive walk would enter 2 to the power of 40 folders.
    for n in 0..40 {
        entries.push(format!("d/{}/one -> ../{n}", n + 1));
        entries.push(format!("d/{}/two -> ../{n}", n + 1));
    }
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    check_walk(&entries, &["d"], &["d/0/x.yaml"], &[]);
}

#[test]
fn thing_that_is_no_file_is_an_error_below_a_folder() {
    check_walk(
        &["d/a.yaml", "d/p.yaml |", "d/s.yaml =", "d/pipe |", "d/link.yaml -> pipe"],
        &["d"],
        &["d/a.yaml"],
        &[
            "d/link.yaml: a pipe, expected a file",
            "d/p.yaml: a pipe, expected a file",
            "d/pipe: a pipe, expected a file",
            "d/s.yaml: a socket, expected a file",
        ],
    );
}

#[test]
fn file_that_is_reached_twice_is_one() {
    let entries = ["d/a.yaml", "d/b.yaml", "d/c.yaml -> a.yaml"];
    check_walk(&entries, &["d/a.yaml", "d/./a.yaml", "d/../d/a.yaml"], &["d/a.yaml"], &[]);
    check_walk(&entries, &["d", "d/a.yaml", "d"], &["d/a.yaml", "d/b.yaml"], &[]);
    check_walk(&entries, &["d/c.yaml", "d"], &["d/c.yaml", "d/b.yaml"], &[]);
}

#[test]
fn folder_without_a_spec_is_named() {
    check_walk(&["d/notes.txt", "d/.a.yaml"], &["d"], &[], &["d: no *.yaml or *.yml file below it"]);
    check_walk(
        &["d/"],
        &["d", "e"],
        &[],
        &["d: no *.yaml or *.yml file below it", "e: No such file or directory (os error 2)"],
    );
}
