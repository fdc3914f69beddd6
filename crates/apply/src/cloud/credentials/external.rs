//! A program that prints credentials.
//!
//! It is started without a shell and gets no input. It is a process group of its own, so that Ctrl-C at the
//! terminal reaches only this run, which ends in its own order. When the program ends, by itself, at the
//! time-out or with the run, all processes that it started are killed. Only a run that is killed itself
//! leaves them behind.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::context::Context;
use super::environment::Environment;
use super::{CredentialsError, Lease, checked, failed, text};
use crate::cloud::redact;

/// The longest time that a sign-in may take; the vendor's SDKs wait as long.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most bytes that are read of its output. Credentials have a few thousand.
const MOST_BYTES: u64 = 64 << 10;

/// A program and its arguments.
pub(super) struct Command {
    program: String,
    arguments: Vec<String>,
    /// The program as it is shown, without its arguments: they may hold secrets.
    shown: String,
}

/// The exit status and the output of a program.
struct Output {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Command {
    /// Splits a command line as a POSIX shell would, without expanding anything.
    pub(super) fn new(environment: &Environment, line: &str) -> Result<Self, String> {
        let mut words = shlex::split(line).ok_or("process_command has a quote without an end")?.into_iter();
        let program = words.next().ok_or("process_command is empty")?;
        let path = environment.shown(Path::new(&program));
        let shown = format!("the command {:?}", redact::neutral(&path, 100));
        Ok(Self { program, arguments: words.collect(), shown })
    }

    /// Runs the program and reads its output.
    pub(super) async fn lease(&self, origin: &str, context: &Context<'_>) -> Result<Lease, CredentialsError> {
        let output = tokio::select! {
            output = self.run() => output,
            () = context.clock.sleep(PATIENCE) => Err(format!("no end after {} seconds", PATIENCE.as_secs())),
        };
        let output = output.map_err(|reason| failed(origin, format!("{}: {reason}", self.shown)))?;
        output.credentials(origin).map_err(|error| self.with_stderr(&error, &output, context))
    }

    async fn run(&self) -> Result<Output, String> {
        let mut command = tokio::process::Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.process_group(0).kill_on_drop(true).spawn();
        let mut child = child.map_err(|error| error.to_string())?;
        let _group = Group::of(&child);
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (stdout, stderr) = tokio::try_join!(bounded(stdout), bounded(stderr))?;
        let status = child.wait().await.map_err(|error| error.to_string())?;
        Ok(Output { status, stdout, stderr })
    }

    /// Adds the program's stderr to an error. Words that it printed to stdout are removed, because they may
    /// be secrets.
    fn with_stderr(
        &self,
        error: &CredentialsError,
        output: &Output,
        context: &Context<'_>,
    ) -> CredentialsError {
        let CredentialsError::Failed { origin, reason } = error else { return error.clone() };
        let secrets = context.secrets.and_words_of(&String::from_utf8_lossy(&output.stdout));
        self.arguments.iter().for_each(|argument| secrets.learn_words(argument));
        let stderr = redact::message(&String::from_utf8_lossy(&output.stderr), &secrets);
        let stderr = if stderr.is_empty() { stderr } else { format!("; it says: {stderr}") };
        failed(origin, format!("{}: {reason}{stderr}", self.shown))
    }
}

/// The process groups of the programs that are running.
static RUNNING: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// Kills every running credentials program and the processes that it started. For a process that is about to
/// end without unwinding.
pub fn end_programs() {
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    running.iter().copied().filter_map(Pid::from_raw).for_each(kill);
}

/// The process group of a program; dropping it kills the program and all that it started.
struct Group(Option<Pid>);

impl Group {
    /// Returns the group that a program leads.
    fn of(child: &tokio::process::Child) -> Self {
        let leader = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.extend(leader.map(|leader| leader.as_raw_pid()));
        Self(leader)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(leader) = self.0 else { return };
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).remove(&leader.as_raw_pid());
        kill(leader);
    }
}

/// Kills a group. An error is ignored: the group has ended already. Its number cannot hit another group,
/// because the system does not reuse it while the group has a member, nor at once afterwards.
fn kill(leader: Pid) {
    let _ = kill_process_group(leader, Signal::KILL);
}

impl Output {
    fn credentials(&self, origin: &str) -> Result<Lease, CredentialsError> {
        if !self.status.success() {
            return Err(failed(origin, self.status.to_string()));
        }
        let output: Value = serde_json::from_slice(&self.stdout).unwrap_or_default();
        let part = |name| (name, text(&output, name));
        let token = match text(&output, "mode") {
            Some("AK") => ("sts_token", None),
            Some("StsToken") => part("sts_token"),
            Some(_) | None => {
                let expected = "expected one JSON object with mode AK or StsToken on stdout";
                return Err(failed(origin, expected));
            }
        };
        if token.1.is_none() && output["mode"] == "StsToken" {
            return Err(failed(origin, "it prints mode StsToken without sts_token"));
        }
        let credentials = checked(origin, part("access_key_id"), part("access_key_secret"), token)?;
        let expires = match text(&output, "expiration").map(str::parse) {
            None => None,
            Some(Ok(moment)) => Some(moment),
            Some(Err(_)) => {
                return Err(failed(origin, "it prints an expiration unlike 2025-01-02T04:04:05Z"));
            }
        };
        Ok(Lease { credentials, expires })
    }
}

/// Reads a stream to its end, or fails if it is longer than the limit.
async fn bounded(stream: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        let read = stream.take(MOST_BYTES + 1).read_to_end(&mut bytes).await;
        if read.map_err(|error| error.to_string())? as u64 > MOST_BYTES {
            return Err(format!("it prints more than {} KiB", MOST_BYTES >> 10));
        }
    }
    Ok(bytes)
}
