//! SIGINT, SIGTERM and SIGHUP: once to end in order, twice to end at once.
//!
//! The handler itself sets the flag that the next request reads, and a thread of its own does the rest, so that
//! neither a busy run nor one that waits for the reader of its output is deaf.

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
use crate::exit::{Exit, Failure};
use crate::stop::Stop;

/// The time after the first signal in which another one is still the same request. GNU `timeout` signals its child and then
/// its group, microseconds apart; a service manager repeats itself. A person who types waits for no second.
const ONE_REQUEST: Duration = Duration::from_secs(1);

/// The origin (`si_code`) of a signal that Linux sends by itself: for SIGINT, Ctrl-C was pressed.
const BY_KERNEL: i32 = 0x80;

/// The stack of the thread that listens. The last words have stacks of their own.
const STACK: usize = 256 << 10;

/// The state that a signal finds, in this process.
static HEARD: LazyLock<Heard> = LazyLock::new(Heard::default);

#[derive(Debug, Default)]
struct Heard {
    stop: Stop,
    /// True if the run ends in order by itself once a stop is requested. Until then a signal leaves at once.
    minded: AtomicBool,
}

/// Turns SIGXFSZ into the error of the write that went past the limit on a file's size: unheard, it would end the
/// process between a purchase and the summary.
pub(super) fn survive_full_files() {
    // Without the handler everything else works as well.
    let _ = flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
}

/// Hears signals from now on, in every command. SIGHUP stays ignored where it was ignored at the start, as under
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

/// Ends in order from now on, at the first signal. The second one leaves: with code 7, naming what is in flight and
/// what is settled, or with 130 if nothing was ever sent.
pub(super) fn listen() -> Stop {
    HEARD.minded.store(true, Ordering::SeqCst);
    HEARD.stop.clone()
}

/// Tells whether this signal was ignored when the process began. Where the system does not say, it was not.
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

/// Requests the stop, and leaves where nothing would come of it.
fn stop() {
    if !HEARD.minded.load(Ordering::SeqCst) {
        leaving::leave(&Why::Signal);
    }
    HEARD.stop.request();
    leaving::explain_the_wait();
}

/// The end of a run that is interrupted before it has sent anything.
pub(super) fn nothing_was_done() -> Failure {
    Failure::new(Exit::Interrupted, "interrupted; nothing was bought or changed")
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
            Err(nothing_was_done())
        }
        ended = command => ended,
    }
}
