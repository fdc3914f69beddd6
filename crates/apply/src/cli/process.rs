//! The process: its environment, its output, and the runtime for commands that wait.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use anyhow::Context;

use super::output::Output;
use crate::cloud::Environment;
use crate::exit::{Exit, Failure};
use crate::report::Commands;

/// The hint for a process that may not open another file or start another thread.
pub(super) const MORE_ROOM: &str = "the limits of this process are too small; raise them: ulimit -n 64";

/// The parts of the process that commands use.
pub(super) struct Process<'a> {
    pub environment: &'a Environment,
    /// stdout and stderr.
    pub output: &'a Arc<Output>,
    /// The parser of the command line, which describes the tool.
    pub tool: clap::Command,
    /// The command lines that go on from this one.
    pub commands: Commands,
}

impl Environment {
    /// Returns the environment of this process. A variable that is not Unicode counts as empty: no variable
    /// that this tool reads can hold such a value.
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().unwrap_or_default()))
        };
        Self::new(std::env::vars_os().filter_map(text))
    }
}

/// Runs a command that talks to the network: on this thread, with its connections on another. So a request that
/// the command has handed over leaves at once, also while the command computes or waits for the reader of its
/// output; otherwise it could leave long after a stop was requested.
pub(super) fn on_runtime<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = room_for_a_runtime()
        .and_then(|()| tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build())
        .context("the run cannot begin")
        .map_err(Failure::with(Exit::Error))
        .map_err(|failure| failure.hint(MORE_ROOM))?;
    let ended = runtime.block_on(command);
    // A prompt without an answer must not keep the process alive.
    runtime.shutdown_background();
    ended
}

/// Opens, for a trial, as many files as a runtime needs for its own signals, and starts a thread: it panics if
/// it cannot have them.
fn room_for_a_runtime() -> io::Result<()> {
    let (_first, _second, _third) = (UnixStream::pair()?, UnixStream::pair()?, UnixStream::pair()?);
    let thread = std::thread::Builder::new().spawn(|| ())?;
    thread.join().map_err(|_| io::Error::other("a thread that does nothing has failed"))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_handed_to_a_connection_leaves_while_the_command_is_busy() {
        let (leave, left) = channel();
        let command = async {
            tokio::spawn(async move { leave.send(()) });
            // A command that computes, or prints to a full pipe.
            left.recv_timeout(Duration::from_secs(60)).map_err(Failure::with(Exit::Error))
        };
        assert!(on_runtime(command).is_ok());
    }
}
