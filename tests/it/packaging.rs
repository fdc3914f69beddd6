//! The parts of a release: its build information, its archive and its image, and that it needs nothing around
//! it.

use std::collections::BTreeSet;
use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Lab, ONE, Rogue, binaries, repository};

/// Returns the output of `cenbwp version --json`.
fn build(lab: &Lab) -> Value {
    serde_json::from_str(&lab.run("version --json").stdout).expect("one document")
}

/// Returns the commands that `--help` lists.
fn commands(lab: &Lab) -> BTreeSet<String> {
    let help = lab.run("--help").stdout;
    let (_, listed) = help.split_once("Commands:\n").expect("a list of commands");
    let names = listed.lines().take_while(|line| !line.is_empty());
    names.filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn version_names_the_commit_and_the_target() {
    let lab = Lab::new();
    let build = build(&lab);
    let part = |name: &str| build[name].as_str().expect("a text").to_owned();
    let target = part("target");
    assert!(target.starts_with(std::env::consts::ARCH), "{target}");
    assert!(!part("commit").is_empty());
    let line = format!("cenbwp {} ({}, {target})\n", part("version"), part("commit"));
    for arguments in ["version", "--version", "-V"] {
        assert_eq!(lab.run(arguments).stdout, line, "{arguments}");
    }
}

/// The build script as a program, run in the place of a package with these surroundings.
struct BuildScript {
    folder: TempDir,
}

impl BuildScript {
    /// Compiles it. The package is two folders below `repo`, like ours.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let package = folder.path().join("outer/repo/crates/apply");
        std::fs::create_dir_all(package).expect("the package's folder");
        let compiled = Command::new(Path::new(env!("CARGO")).with_file_name("rustc"))
            .args(["--edition", "2024", "-A", "unknown_lints", "-o"])
            .arg(folder.path().join("script"))
            .arg(repository().join("crates/apply/build.rs"))
            .status();
        assert!(compiled.expect("rustc lies beside cargo").success());
        Self { folder }
    }

    fn git(&self, at: &str, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.env("HOME", self.folder.path()).args(["-c", "user.name=A", "-c", "user.email=a@example.com"]);
        let ran =
            git.args(arguments).current_dir(self.folder.path().join(at)).output().expect("git is there");
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stdout).expect("text").trim().to_owned()
    }

    /// Returns the commit that it finds, and the number of things it asks cargo to watch besides itself and
    /// the variable.
    fn run(&self, profile: &str, variable: &str) -> (String, usize) {
        let mut script = Command::new(self.folder.path().join("script"));
        script.env("TARGET", "some-target").env("PROFILE", profile).env("CENBWP_COMMIT", variable);
        let ran = script.current_dir(self.folder.path().join("outer/repo/crates/apply")).output();
        let said = String::from_utf8(ran.expect("it runs").stdout).expect("text");
        assert!(said.contains("CENBWP_BUILT_FOR=some-target"), "{said}");
        let commit = said.split_once("CENBWP_BUILT_FROM=").and_then(|(_, rest)| rest.lines().next());
        let watched: Vec<&str> =
            said.lines().filter_map(|line| line.strip_prefix("cargo:rerun-if-changed=")).collect();
        let package = self.folder.path().join("outer/repo/crates/apply");
        let missing = watched.iter().filter(|path| **path != "build.rs" && !package.join(path).exists());
        assert_eq!(missing.count(), 0, "cargo would build again each time: {said}");
        (commit.expect("a commit").to_owned(), watched.len() - 1)
    }
}

#[test]
fn release_of_a_checkout_names_its_commit_and_is_built_again_only_after_another() {
    let script = BuildScript::new();
    script.git("outer/repo", &["init", "--quiet"]);
    script.git("outer/repo", &["commit", "--quiet", "--allow-empty", "--message", "first"]);
    let head = script.git("outer/repo", &["rev-parse", "--short=12", "HEAD"]);
    assert_eq!(script.run("release", ""), (head, 2));
    assert_eq!(
        script.run("debug", ""),
        ("unknown".to_owned(), 0),
        "a commit does not rebuild what is worked on"
    );
    assert_eq!(script.run("release", "given"), ("given".to_owned(), 0));
}

#[test]
fn sources_without_a_checkout_of_their_own_are_built_without_a_commit() {
    let script = BuildScript::new();
    assert_eq!(script.run("release", ""), ("unknown".to_owned(), 0));
    script.git("outer", &["init", "--quiet"]);
    script.git("outer", &["commit", "--quiet", "--allow-empty", "--message", "somebody else's"]);
    assert_eq!(script.run("release", ""), ("unknown".to_owned(), 0));
}

#[test]
fn every_command_has_a_man_page_that_says_what_its_help_says() {
    let lab = Lab::new();
    let ran = lab.run("man pages/man1");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let pages = std::fs::read_dir(lab.path("pages/man1")).expect("the folder");
    let pages: BTreeSet<String> =
        pages.map(|page| page.expect("an entry").file_name().into_string().expect("a plain name")).collect();
    let mut expected: BTreeSet<String> =
        commands(&lab).iter().map(|command| format!("cenbwp-{command}.1")).collect();
    expected.insert("cenbwp.1".to_owned());
    assert_eq!(pages, expected);
    let plain = |text: &str| text.replace("\\-", "-").split_whitespace().collect::<Vec<_>>().join(" ");
    for command in commands(&lab) {
        let page = plain(&lab.read(&format!("pages/man1/cenbwp-{command}.1")));
        let help = lab.run(&format!("{command} --help")).stdout;
        let about = help.lines().next().expect("what it does");
        assert!(page.contains(&plain(about)), "{command}: {about}");
        let flags = help.split_whitespace().filter(|word| word.starts_with("--"));
        for flag in flags.map(|flag| flag.trim_end_matches([',', '.', ';', ':', ')', '`'])) {
            assert!(page.contains(flag), "{command}: {flag}");
        }
    }
}

/// Packs a program as `make dist` packs a release, and returns the archive. The program is two lines that
/// start the binary: a development binary has sixty times the size of a release.
pub(crate) fn pack(lab: &Lab, folder: &str) -> PathBuf {
    let binary = binaries().join("cenbwp");
    lab.program("program", &format!("exec {} \"$@\"\n", binary.display()));
    let mut pack = lab.command("sh");
    lab.file("list.json", "{}");
    pack.arg(repository().join("packaging/pack.sh")).args(["program", folder, "list.json"]);
    let ran = lab.finish(pack.env("SOURCE_DATE_EPOCH", "1767323045"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    lab.path(ran.stdout.trim())
}

#[test]
fn same_binary_gives_the_same_archive_with_all_that_belongs_to_it() {
    let lab = Lab::new();
    let (first, second) = (pack(&lab, "first"), pack(&lab, "second"));
    let bytes = |path: &Path| std::fs::read(path).expect("the archive");
    assert!(bytes(&first) == bytes(&second), "{} differs", first.display());
    let script = "set -eu
        cd first && sha256sum --check --quiet *.sha256 && tar xzf *.tar.gz
        cd cenbwp-*/ && sha256sum --check --quiet SHA256SUMS && find . -type f | sort";
    let ran = lab.finish(lab.command("sh").args(["-c", script]).env("LC_ALL", "C"));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut files: Vec<String> =
        ["LICENSE", "README.md", "SHA256SUMS", "cenbwp", "cenbwp.cdx.json", "man/man1/cenbwp.1"]
            .map(str::to_owned)
            .to_vec();
    files.extend(["_cenbwp", "cenbwp.bash", "cenbwp.fish"].map(|name| format!("completions/{name}")));
    let schemas = std::fs::read_dir(repository().join("schemas")).expect("the schemas");
    let schemas =
        schemas.map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name"));
    files.extend(schemas.map(|name| format!("schemas/{name}")));
    files.extend(commands(&lab).iter().map(|command| format!("man/man1/cenbwp-{command}.1")));
    files.sort();
    let packed: Vec<&str> = ran.stdout.lines().filter_map(|line| line.strip_prefix("./")).collect();
    assert_eq!(packed, files);
}

#[test]
fn image_holds_the_binary_and_certificates_and_runs_as_nobody() {
    let text = std::fs::read_to_string(repository().join("Dockerfile")).expect("the Dockerfile");
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let last = lines.iter().rposition(|line| line.starts_with("FROM ")).expect("a stage");
    assert_eq!(lines[last], "FROM scratch");
    let stages: Vec<&str> =
        lines.iter().filter_map(|line| line.strip_prefix("FROM ")?.split(" AS ").nth(1)).collect();
    let copied: Vec<&str> = lines[last..].iter().filter_map(|line| line.strip_prefix("COPY ")).collect();
    assert_eq!(copied.len(), 2, "{copied:?}");
    for copy in copied {
        let (stage, _) = copy.strip_prefix("--from=").and_then(|rest| rest.split_once(' ')).expect("a stage");
        assert!(stages.contains(&stage), "{copy}");
    }
    let user = lines[last..].iter().find_map(|line| line.strip_prefix("USER ")).expect("a user");
    assert!(
        user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)),
        "no names without a passwd: {user}"
    );
    assert!(lines[last..].contains(&"ENTRYPOINT [\"/cenbwp\"]"));
    for line in &lines[..last] {
        let Some(sources) = line.strip_prefix("COPY ").filter(|rest| !rest.starts_with("--from")) else {
            continue;
        };
        for source in sources.split_whitespace().rev().skip(1) {
            assert!(repository().join(source).exists(), "{line}");
        }
    }
}

/// Returns a command prefix that cuts a command off from every network, if this machine allows that.
fn cut_off(lab: &Lab) -> Vec<&'static str> {
    let unshare = ["unshare", "--map-root-user", "--net"];
    let allowed = lab.command(unshare[0]).args(&unshare[1..]).arg("true").output();
    if allowed.is_ok_and(|ran| ran.status.success()) { unshare.to_vec() } else { vec!["env"] }
}

#[test]
fn what_only_reads_and_renders_needs_no_network() {
    let mut lab = Lab::new();
    lab.file("cenbwp.yaml", ONE);
    lab.file(
        "none.json",
        r#"{"TotalCount":0,"PageNumber":1,"PageSize":50,"CenBandwidthPackages":{"CenBandwidthPackage":[]}}"#,
    );
    assert_eq!(lab.run("plan --out plan.json").code, 0);
    let seen = lab.emulator.requests().len();
    // A listener that hears every request, also through a proxy.
    let ear = Rogue::saying(200, "text/plain", |_| String::new());
    for name in [
        "CENBWP_ENDPOINT",
        "CENBWP_STS_ENDPOINT",
        "CENBWP_BILLING_ENDPOINT",
        "CENBWP_PRICE_ENDPOINT",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "ALL_PROXY",
    ] {
        lab.set(name, Some(ear.url()));
    }
    let without = cut_off(&lab);
    for arguments in [
        "validate",
        "validate --json",
        "validate --report sarif",
        "plan --live-from none.json",
        "show plan.json",
        "show plan.json --report markdown",
        "schema",
        "explain E0201",
        "completions bash",
        "man pages",
        "version",
        "--help",
    ] {
        let mut command = lab.command(without[0]);
        command.args(&without[1..]).arg("cenbwp").args(arguments.split_whitespace());
        let ran = lab.finish(&mut command);
        assert_eq!(ran.code, 0, "{arguments}: {}", ran.stderr);
    }
    assert!(ear.requests().is_empty(), "{:?}", ear.requests());
    assert_eq!(lab.emulator.requests().len(), seen);
}

/// Returns a folder with the binary of a release, the certificates of this machine, and nothing else.
#[expect(clippy::disallowed_methods, reason = "which archive is tried is said by who made it")]
fn empty_root(lab: &Lab) -> PathBuf {
    let archive = std::env::var("ARCHIVE").expect("ARCHIVE=FILE names what `make dist` packed");
    let archive = repository().join(archive);
    let root = lab.path("root");
    for folder in ["etc/ssl/certs", "home"] {
        std::fs::create_dir_all(root.join(folder)).expect("a folder");
    }
    let mut unpack = lab.command("tar");
    unpack.args(["--extract", "--strip-components=1", "--wildcards", "--file"]).arg(archive);
    unpack.arg("--directory").arg(&root).arg("*/cenbwp");
    assert_eq!(lab.finish(&mut unpack).code, 0, "the archive holds the binary");
    let certificates = "etc/ssl/certs/ca-certificates.crt";
    std::fs::copy(Path::new("/").join(certificates), root.join(certificates)).expect("certificates");
    std::fs::write(root.join("home/cenbwp.yaml"), ONE).expect("the spec");
    root
}

/// Returns the binary, run with nothing else in sight.
fn inside(lab: &Lab, root: &Path, arguments: &str) -> Command {
    let mut command = lab.command("unshare");
    command.args(["--map-root-user", "--wd=/home", "--root"]).arg(root);
    command.arg("/cenbwp").args(arguments.split_whitespace());
    command
}

#[test]
#[ignore = "tries what `make dist` has packed"]
fn release_needs_nothing_around_it() {
    let lab = Lab::new();
    let root = empty_root(&lab);
    for (arguments, code) in [
        ("version --json", 0),
        ("validate", 0),
        ("plan --detailed-exitcode --out plan.json", 2),
        ("show plan.json", 0),
        ("apply plan.json", 0),
        ("plan --detailed-exitcode", 0),
    ] {
        let ran = lab.finish(&mut inside(&lab, &root, arguments));
        assert_eq!(ran.code, code, "{arguments}\n{}{}", ran.stdout, ran.stderr);
    }
    assert_eq!(lab.emulator.ledger().len(), 1);
}

/// Answers every question for an IPv4 address with loopback, and the others with nothing.
fn serve_names(socket: UdpSocket) {
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, asker)) = socket.recv_from(&mut buffer) {
            let question = &buffer[12..length];
            let name = question.iter().position(|byte| *byte == 0).expect("a name ends");
            let asked = &question[..name + 5];
            let is_address = asked[name + 1..name + 3] == [0, 1];
            let mut answer =
                [&buffer[..2], &[0x81, 0x80, 0, 1, 0, u8::from(is_address), 0, 0, 0, 0], asked].concat();
            if is_address {
                answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
            }
            let _ = socket.send_to(&answer, asker);
        }
    });
}

#[test]
#[ignore = "tries what `make dist` has packed, and serves names on port 53, which takes root"]
fn release_resolves_names_and_speaks_tls() {
    let lab = Lab::new();
    let root = empty_root(&lab);
    serve_names(UdpSocket::bind("127.7.7.53:53").expect("the right to serve names"));
    std::fs::write(root.join("etc/resolv.conf"), "nameserver 127.7.7.53\n").expect("the resolver's file");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let (heard, greetings) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut hello = [0; 2048];
            let length = stream.read(&mut hello).unwrap_or(0);
            let _ = heard.send(hello[..length].to_vec());
        }
    });
    let arguments = format!(
        "plan --max-retries 0 --endpoint https://cbn.example:{port} --sts-endpoint https://sts.example:{port}"
    );
    let ran = lab.finish(&mut inside(&lab, &root, &arguments));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let hello = greetings.try_recv().unwrap_or_else(|_| panic!("no name was resolved: {}", ran.stderr));
    let asks_for = |name: &[u8]| hello.windows(name.len()).any(|part| part == name);
    assert!(asks_for(b"cbn.example") || asks_for(b"sts.example"), "no TLS for the name: {}", ran.stderr);
}
