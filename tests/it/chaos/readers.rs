//! Signals while the reader of the output does not read, and while it reads on afterwards.

use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read, pipe};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use rustix::io::ioctl_fionread;
use rustix::pipe::fcntl_setpipe_size;
use rustix::process::Signal;
use serde_json::Value;

use super::{apply, check_no_second_order};
use crate::support::{Lab, purchases, signal, signal_until_it_ends};

/// The size of a pipe in bytes, much less than a run prints.
const ROOM: usize = 4096;

/// Waits until a pipe is so full that a run which prints more has to wait. It is seldom full to the byte: a
/// line that does not fit waits as a whole.
fn until_full(reader: &PipeReader) {
    while ioctl_fionread(reader).expect("a pipe") < ROOM as u64 / 2 {
        std::thread::yield_now();
    }
}

/// Returns a spec with so many packages, whose texts are more than a pipe holds. Each has its own description: equal
/// purchases are shown once.
pub(super) fn many(packages: usize) -> String {
    use std::fmt::Write as _;
    let mut spec = format!("version: 1\nstack: net\nlimits: {{ maxPurchases: {packages} }}\n");
    spec.push_str("defaults: { autoPay: true, bandwidth: 7 }\npackages:\n");
    for n in 0..packages {
        writeln!(spec, "  n{n:04}: {{ areas: [China, Europe], description: number {n} }}")
            .expect("writing to a string cannot fail");
    }
    spec
}

/// Returns a pipe that holds very little.
fn small_pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = pipe().expect("a pipe");
    fcntl_setpipe_size(&writer, ROOM).expect("a small pipe");
    (reader, writer)
}

/// A run whose stdout is a pipe that nothing has read from.
struct Unread {
    child: Child,
    stdout: PipeReader,
    stderr: File,
}

impl Unread {
    fn start(lab: &Lab, command: &mut Command) -> Self {
        let (stdout, writer) = small_pipe();
        let errors = lab.path("stderr.txt");
        let child = command
            .stdout(Stdio::from(OwnedFd::from(writer)))
            .stderr(File::create(&errors).expect("a new file"))
            .spawn()
            .expect("the binary is built");
        // The command keeps its copy of the writing end, which would hide the end of the output.
        command.stdout(Stdio::null());
        Self { child, stdout, stderr: File::open(errors).expect("it was made") }
    }

    /// Waits until the run waits for its reader.
    fn wait_until_full(&self) {
        until_full(&self.stdout);
    }

    /// Reads until this text has been printed.
    fn read_until(&mut self, text: &str) -> String {
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(text) {
            let mut buffer = [0; 256];
            let read = self.stdout.read(&mut buffer).expect("a pipe");
            assert!(read > 0, "{text:?} was never printed: {}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&buffer[..read]);
        }
        String::from_utf8(seen).expect("output is UTF-8")
    }

    /// Returns the exit code, the rest of stdout, and stderr.
    fn end(mut self) -> (Option<i32>, String, String) {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).expect("output is UTF-8");
        let status = self.child.wait().expect("the run ends");
        self.stderr.read_to_string(&mut stderr).expect("output is UTF-8");
        (status.code(), stdout, stderr)
    }
}

/// Returns the last event.
#[track_caller]
fn summary(stdout: &str) -> Value {
    let last = stdout.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {last}"))
}

#[test]
fn a_signal_while_the_plan_waits_for_its_reader_buys_nothing_when_it_reads_on() {
    for number in [Signal::INT, Signal::TERM, Signal::HUP] {
        for arguments in [&["apply", "--auto-approve"][..], &["apply", "--auto-approve", "--json"]] {
            let lab = Lab::of(&many(200));
            let run =
                Unread::start(&lab, lab.command("cenbwp").args(arguments).args(["--parallelism", "64"]));
            run.wait_until_full();
            signal(&run.child, number);
            let (code, stdout, stderr) = run.end();
            assert_eq!(code, Some(130), "{number:?}: {stderr}");
            assert!(purchases(&lab.emulator).is_empty(), "{number:?}");
            assert!(stderr.contains("interrupted; nothing was bought or changed"), "{stderr}");
            if arguments.contains(&"--json") {
                assert_eq!(summary(&stdout)["exit_code"], 130);
            }
        }
    }
}

#[test]
fn a_signal_while_a_saved_plan_waits_for_its_reader_buys_nothing_when_it_reads_on() {
    let lab = Lab::of(&many(200));
    assert_eq!(lab.run("plan --out plan.json --quiet").code, 0);
    let run = Unread::start(&lab, lab.command("cenbwp").args(["apply", "plan.json"]));
    run.wait_until_full();
    signal(&run.child, Signal::TERM);
    assert_eq!(run.end().0, Some(130));
    assert!(purchases(&lab.emulator).is_empty());
}

#[test]
fn a_second_signal_ends_a_run_whose_reader_never_reads() {
    for command in ["plan", "plan --json", "apply --auto-approve", "status --json", "validate --json"] {
        let lab = Lab::of(&many(200).replace("areas: [China, Europe]", "areas: [China, Nowhere]"));
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let mut run = Unread::start(&lab, lab.command("cenbwp").args(&arguments));
        run.wait_until_full();
        signal_until_it_ends(&mut run.child, Signal::TERM);
        let (code, _, stderr) = run.end();
        assert_eq!(code, Some(130), "{command}: {stderr}");
        assert!(stderr.contains("interrupted; nothing was bought or changed"), "{command}: {stderr}");
        assert!(purchases(&lab.emulator).is_empty(), "{command}");
    }
}

#[test]
fn a_second_signal_names_what_was_bought_although_the_reader_never_reads() {
    let lab = Lab::of(&many(200));
    let arguments = ["--json", "--report", "json=report.json"];
    let mut run = Unread::start(&lab, apply(&lab).args(arguments));
    run.read_until("\"change_start\"");
    run.wait_until_full();
    signal_until_it_ends(&mut run.child, Signal::TERM);
    let (code, _, stderr) = run.end();
    assert_eq!(code, Some(7), "{stderr}");
    let report: Value = serde_json::from_str(&lab.read("report.json")).expect("a whole report");
    assert_eq!(report["summary"]["exit_code"], 7);
    // Every order is named, on stderr and in the report.
    for identity in purchases(&lab.emulator) {
        assert!(stderr.contains(&identity), "{identity}: {stderr}");
        assert!(report["outcomes"].to_string().contains(&identity), "{identity}: {report}");
    }
    assert!(stderr.contains("Apply ended with an unknown outcome"), "{stderr}");
    check_no_second_order(&lab);
}

#[test]
fn a_second_signal_ends_a_run_that_nothing_at_all_is_read_from() {
    let lab = Lab::of(&many(200));
    let (both, writer) = small_pipe();
    let stderr = writer.try_clone().expect("a copy");
    let mut command = apply(&lab);
    command
        .arg("--json")
        .stdout(Stdio::from(OwnedFd::from(writer)))
        .stderr(Stdio::from(OwnedFd::from(stderr)));
    let mut child = command.spawn().expect("the binary is built");
    until_full(&both);
    signal_until_it_ends(&mut child, Signal::TERM);
    assert_eq!(child.wait().expect("it has ended").code(), Some(130));
    assert!(purchases(&lab.emulator).is_empty());
}

#[test]
fn the_stream_ends_in_one_summary_with_the_code_whenever_the_reader_reads_on() {
    let lab = Lab::of(&many(200));
    let mut run = Unread::start(&lab, lab.command("cenbwp").args(["plan", "--json"]));
    run.wait_until_full();
    let mut reader = run.stdout.try_clone().expect("a copy");
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).map(|_| text)
    });
    signal_until_it_ends(&mut run.child, Signal::INT);
    let stdout = reading.join().expect("it reads").expect("output is UTF-8");
    let code = run.child.wait().expect("it has ended").code().expect("a code");
    assert_eq!(summary(&stdout)["exit_code"], code);
    assert_eq!(stdout.matches("\"summary\"").count(), 1);
    assert!(lab.emulator.ledger().is_empty());
}
