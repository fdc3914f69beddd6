//! The real binary against the emulator over a socket: a clean environment, an empty folder, no terminal.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cenbwp_tests::{Config, Emulator, Server};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::purchases;

/// Checks the output of a run that ends with 7: it suggests the same command and nothing else. Any other advice could
/// buy twice. Every test that ends with 7 comes through here. The plan above the results is not advice about them.
#[track_caller]
pub(crate) fn check_doubt(output: &str) {
    let results = |line: &&str| !line.contains("held: ") && !line.starts_with("    hint: ");
    for line in output.lines().filter(results) {
        for other in ["generation", "apply again", "plan again", "finishes it", "correct what"] {
            assert!(!line.contains(other), "code 7, and the output says {other:?}:\n{output}");
        }
    }
}

/// An emulated cloud, a folder, and the binary.
pub(crate) struct Lab {
    pub(crate) emulator: Emulator,
    folder: TempDir,
    environment: Vec<(String, String)>,
    // The server is stopped before the runtime that it runs on.
    server: Server,
    _runtimes: [Runtime; 2],
}

/// The end of a process.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<std::process::Output> for Ran {
    fn from(output: std::process::Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
        let ran = Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        if ran.code == 7 {
            check_doubt(&format!("{}{}", ran.stdout, ran.stderr));
        }
        ran
    }
}

impl Ran {
    /// Checks that the run ended with this code and printed this on stderr.
    #[track_caller]
    pub(crate) fn check(&self, code: i32, says: &str) {
        assert_eq!(self.code, code, "{}{}", self.stdout, self.stderr);
        assert!(self.stderr.contains(says), "{says:?} is missing:\n{}", self.stderr);
    }
}

impl Lab {
    /// Returns a lab with an empty account.
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    /// Returns a lab with an account of this kind.
    pub(crate) fn with(config: Config) -> Self {
        let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let [receives, carries_out] = [(); 2].map(|()| runtime().expect("a runtime"));
        let key = config.keys[0].clone();
        let emulator = Emulator::new(config).carried_out_on(carries_out.handle().clone());
        let server = receives.block_on(emulator.serve("127.0.0.1:0")).expect("a free port");
        let url = server.url();
        let environment = vec![
            ("CENBWP_ENDPOINT".to_owned(), url.clone()),
            ("CENBWP_STS_ENDPOINT".to_owned(), url.clone()),
            ("CENBWP_BILLING_ENDPOINT".to_owned(), url.clone()),
            ("CENBWP_PRICE_ENDPOINT".to_owned(), url),
            ("ALIBABA_CLOUD_ACCESS_KEY_ID".to_owned(), key.id),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET".to_owned(), key.secret),
        ];
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { emulator, folder, environment, server, _runtimes: [receives, carries_out] }
    }

    /// Returns a lab with an empty account and this spec in the default file.
    pub(crate) fn of(spec: &str) -> Self {
        let lab = Self::new();
        lab.file("cenbwp.yaml", spec);
        lab
    }

    /// Runs `cenbwp` with these arguments: it ends with this code, prints this on stderr, and nothing was ever bought.
    #[track_caller]
    pub(crate) fn check_refused(&self, arguments: &str, code: i32, says: &str) {
        self.run(arguments).check(code, says);
        assert!(purchases(&self.emulator).is_empty(), "{arguments}");
    }

    /// Writes a file into the folder that commands run in.
    pub(crate) fn file(&self, name: &str, text: &str) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("below the folder")).expect("a new folder");
        std::fs::write(path, text).expect("a new file");
        self
    }

    /// Writes an executable shell script into the folder.
    pub(crate) fn program(&self, name: &str, script: &str) -> &Self {
        self.file(name, &format!("#!/bin/sh\n{script}"));
        let runs = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(self.path(name), runs).expect("it is ours");
        self
    }

    /// Returns the text of a file in the folder.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Returns the path of a file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the folder that commands run in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Sets a variable for every later command, or removes it.
    pub(crate) fn set(&mut self, name: &str, value: Option<&str>) {
        self.environment.retain(|(key, _)| key != name);
        self.environment.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    /// Returns a command in this lab: no variables but the lab's, no terminal.
    #[expect(clippy::disallowed_methods, reason = "where make and sh are is the machine's business")]
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let path = format!("{}:{}", binaries().display(), std::env::var("PATH").unwrap_or_default());
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .envs(self.environment.iter().cloned());
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Runs `cenbwp` with these arguments, separated by blanks.
    pub(crate) fn run(&self, arguments: &str) -> Ran {
        self.finish(self.command("cenbwp").args(arguments.split_whitespace()))
    }

    /// Runs a command to its end.
    pub(crate) fn finish(&self, command: &mut Command) -> Ran {
        let output = command.output().expect("the binary is built: run `cargo build --workspace` first");
        Ran::from(output)
    }

    /// Returns the URL of the service.
    pub(crate) fn url(&self) -> String {
        self.server.url()
    }
}

/// Returns the folder that the workspace's binaries are built into: the one above this test's own.
pub(crate) fn binaries() -> PathBuf {
    let test = std::env::current_exe().expect("this program has a path");
    test.ancestors().nth(2).expect("tests are built below the binaries").to_owned()
}

/// Returns the root of the project.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lie below the root").to_owned()
}
