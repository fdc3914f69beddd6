//! Names the commit and the target of a build, for `cenbwp version`.
//!
//! The commit is `CENBWP_COMMIT` if that is set; `make dist` sets it. Otherwise a release build asks git, and
//! takes `unknown` if the sources are not a checkout of their own. A development build does not ask git: it
//! would be built again after every commit.

#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "a build script hears through the environment and answers on stdout"
)]

use std::path::Path;
use std::process::Command;

const SAYS: &str = "cargo:rustc-env";

fn main() {
    let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    let target = variable("TARGET").expect("cargo names the target");
    let release = variable("PROFILE").is_some_and(|profile| profile == "release");
    let asked = || release.then(commit).flatten();
    let commit = variable("CENBWP_COMMIT").or_else(asked).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=CENBWP_COMMIT");
    println!("{SAYS}=CENBWP_BUILT_FROM={commit}");
    println!("{SAYS}=CENBWP_BUILT_FOR={target}");
}

/// Returns the commit that is checked out. A tarball that is unpacked inside another checkout has none.
fn commit() -> Option<String> {
    let root = Path::new(&git(&["rev-parse", "--show-toplevel"])?).canonicalize().ok()?;
    let ours = Path::new("../..").canonicalize().ok()?;
    if root != ours {
        return None;
    }
    // The log of HEAD grows with every commit and checkout. A missing file must not be watched: cargo would
    // treat it as changed every time.
    for file in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", file])?;
        if Path::new(&path).exists() {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let answer = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    answer.status.success().then(|| text.trim().to_owned())
}
