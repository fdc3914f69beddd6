//! SIGINT and SIGTERM: once to end in order, twice to end at once.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::ending;
use super::output::Output;
use super::reports::Reports;
use crate::execute::InFlight;
use crate::exit::{Exit, Failure};
use crate::report::outcomes::Applied;
use crate::stop::Stop;

/// SIGXFSZ, everywhere but on MIPS: a write went past the limit on a file's size.
const FILE_SIZE_EXCEEDED: i32 = 25;

/// Listens for signals from now on. The first one requests the stop. Whoever listens must not
/// block the thread, or no signal is heard.
///
/// At the second one the process ends at once: with code 7, naming what is in flight and its tokens, or
/// with 130 if nothing was ever sent. What was settled before is summed up in every form that was asked for.
///
/// # Errors
/// When the system refuses to install a handler.
pub(super) fn listen(
    output: Arc<Output>,
    reports: Arc<Reports>,
    in_flight: InFlight,
) -> std::io::Result<Stop> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    // Once it is listened for, such a write is an error like that on a full disk. Unheard, it would end the
    // process between a purchase and the summary.
    let _ = signal(SignalKind::from_raw(FILE_SIZE_EXCEEDED))?;
    let stop = Stop::default();
    let first_stops = stop.clone();
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = interrupts.recv() => {}
                _ = terminations.recv() => {}
            }
            if first {
                if !in_flight.lock().expect("no holder panics").is_empty() {
                    output.complain("interrupted: nothing new is sent; once more to stop without waiting");
                }
                first_stops.request();
            } else {
                leave(&output, &reports, &in_flight);
            }
        }
    });
    Ok(stop)
}

/// Ends the process without waiting for anything, and sums up what is known by now.
#[expect(clippy::disallowed_methods, reason = "the second signal asks for exactly this")]
fn leave(output: &Output, reports: &Reports, in_flight: &InFlight) -> ! {
    let in_flight = in_flight.lock().expect("no holder panics");
    for intent in in_flight.iter() {
        output.complain(&format!("outcome unknown: {intent}"));
    }
    let results = in_flight.results();
    if results.is_empty() {
        let interrupted = nothing_was_done();
        if let Err(error) = reports.deliver(interrupted.exit, Some(&interrupted), None) {
            output.blame(&error);
        }
        std::process::exit(interrupted.exit.code().into());
    }
    // What was not begun is not among the results.
    let digest = reports.digest().unwrap_or_default();
    let applied = Applied { digest, results, left: None, interrupted: true };
    ending::applied(&applied, output, reports);
    std::process::exit(applied.exit().code().into())
}

fn nothing_was_done() -> Failure {
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
