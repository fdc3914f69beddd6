//! Handles SIGINT, SIGTERM and SIGHUP: the first signal ends the run in order, a second one ends it at once.
//!
//! The handler only sets the flag that the next request reads. A separate thread does the rest, so a signal
//! has an effect also while the run computes, or waits for the reader of its output.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithRawSiginfo;

use super::leaving::{self, Why};
use crate::clock::Clock;
use crate::exit::Failure;
use crate::stop::Stop;

/// The time after the first signal in which another one counts as the same request. GNU `timeout` signals its
/// child and then its group, microseconds apart; a service manager repeats its signal. Ctrl-C counts
/// immediately: a person need not wait.
const ONE_REQUEST: Duration = Duration::from_secs(1);

/// The origin (`si_code`) of a signal that the Linux kernel sends. A SIGINT of this origin means that Ctrl-C
/// was pressed.
const BY_KERNEL: i32 = 0x80;

/// The stack of the thread that waits for signals, in bytes. The threads that write the final output have
/// their own.
const STACK: usize = 256 << 10;

/// The signal state of this process.
static HEARD: LazyLock<Heard> = LazyLock::new(Heard::default);

#[derive(Debug, Default)]
struct Heard {
    stop: Stop,
    /// True once the run obeys `stop` and ends in order. Until then a signal ends the process at once.
    minded: AtomicBool,
}

/// Catches SIGXFSZ, so that a write past the limit on a file's size fails with an error. Uncaught, the signal
/// would end the process between a purchase and the summary.
pub(super) fn survive_full_files() {
    // If the handler cannot be installed, everything else still works.
    let _ = flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
}

/// Starts to handle signals, in every command. SIGHUP stays ignored if it was ignored at the start, as under
/// `nohup`.
///
/// # Errors
/// When the system refuses a handler, the pipe that it writes to, or a thread.
pub(super) fn start() -> io::Result<()> {
    let hangup = (!is_ignored(SIGHUP)).then_some(SIGHUP);
    let signals: Vec<i32> = [SIGINT, SIGTERM].into_iter().chain(hangup).collect();
    for signal in &signals {
        flag::register(*signal, HEARD.stop.flag())?;
    }
    let signals = SignalsInfo::<WithRawSiginfo>::new(signals)?;
    let thread = std::thread::Builder::new().name("signals".to_owned()).stack_size(STACK);
    thread.spawn(move || hear(signals)).map(drop)
}

/// Lets the first signal end the run in order from now on. The second one ends it at once: with code 7,
/// naming what is in flight and what is settled, or with 130 if nothing was ever sent.
pub(super) fn listen() -> Stop {
    HEARD.minded.store(true, Ordering::SeqCst);
    HEARD.stop.clone()
}

/// Returns true if this signal was ignored when the process began, and false where the system does not say.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

fn hear(mut signals: SignalsInfo<WithRawSiginfo>) {
    let clock = Clock::System;
    let mut first = None;
    for signal in signals.forever() {
        let is_typed = signal.si_signo == SIGINT && signal.si_code == BY_KERNEL;
        match first {
            None => {
                first = Some(clock.instant());
                stop();
            }
            Some(first) if is_typed || clock.instant() - first >= ONE_REQUEST => leaving::leave(&Why::Signal),
            Some(_) => {}
        }
    }
}

/// Requests the stop, or ends the process if the run does not obey such a request.
fn stop() {
    if !HEARD.minded.load(Ordering::SeqCst) {
        leaving::leave(&Why::Signal);
    }
    HEARD.stop.request();
    leaving::explain_the_wait();
}

/// Runs something that changes nothing, and ends it at the first signal with code 130.
///
/// # Errors
/// The command's own, or exit 130.
pub(super) async fn or_end<T>(
    stop: &Stop,
    command: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = stop.requested() => {
            Err(leaving::nothing_was_done())
        }
        ended = command => ended,
    }
}
