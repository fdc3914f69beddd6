//! Ends the process at once, from any thread: after a second signal, or a panic.
//!
//! ```text
//! second signal ─┐                      ┌─▶ files     ─┐
//!                ├─▶ register ─▶ code ──┼─▶ stderr    ─┼─▶ at most `PATIENCE` later: exit
//! panic ─────────┘                      └─▶ stdout    ─┘
//! ```
//!
//! Each part of the final output is written by its own thread, because each may wait for a reader, or for a
//! lock whose holder waits for a reader. The process ends when all parts are written, or after `PATIENCE`.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::Duration;

use cenbwp_diff::Style;

use super::ending;
use super::output::Output;
use super::report_args::Stdout;
use super::reports::{End, Reports};
use crate::clock::Clock;
use crate::execute::{ChangeResult, InFlight};
use crate::exit::{Exit, Failure};
use crate::report::outcomes::{self, Applied};

/// The time for the final output, and once more for the part that stdout did not take. A reader that reads at
/// all takes it in milliseconds. More would only delay a pipeline that is ending, and a pipeline that waits
/// too long is killed without any output: GitHub kills 7.5 seconds after its first signal.
const PATIENCE: Duration = Duration::from_secs(1);

/// The state of this process. It is global because signals and panics are.
static PROCESS: OnceLock<Leaving> = OnceLock::new();

/// The sources of the final output, and the places it goes to.
#[derive(Debug)]
struct Leaving {
    output: Arc<Output>,
    /// The reports of the run; unset for a command that has no summary.
    reports: OnceLock<Arc<Reports>>,
    /// The requests that were sent; unset for a command that changes nothing.
    in_flight: OnceLock<InFlight>,
    /// True once a thread is ending the process. The others wait for the end.
    begun: AtomicBool,
}

/// The reason for ending the process at once.
#[derive(Clone, Debug)]
pub(super) enum Why {
    Signal,
    /// A panic: its message and place.
    Panic(String),
}

/// Sets the output for the summary of a run that ends at once, and makes a panic end the run that way.
pub(super) fn prepare(output: &Arc<Output>) {
    let leaving = Leaving {
        output: Arc::clone(output),
        reports: OnceLock::new(),
        in_flight: OnceLock::new(),
        begun: AtomicBool::new(false),
    };
    let _ = PROCESS.set(leaving);
    // The panic does not unwind, so no code on its way can take it for an ordinary end.
    std::panic::set_hook(Box::new(|panic| leave(&Why::Panic(panic.to_string()))));
}

/// Sets the reports for a run that ends at once.
pub(super) fn sums_up_in(reports: &Arc<Reports>) {
    if let Some(leaving) = PROCESS.get() {
        let _ = leaving.reports.set(Arc::clone(reports));
    }
}

/// Sets the register whose requests in flight are named if the run ends at once.
pub(super) fn names(in_flight: &InFlight) {
    if let Some(leaving) = PROCESS.get() {
        let _ = leaving.in_flight.set(Arc::clone(in_flight));
    }
}

/// Tells the person at the terminal, after the first signal, that the run still waits for requests in flight,
/// and how to stop the wait. Prints nothing if no request was sent.
pub(super) fn explain_the_wait() {
    // On another thread: waiting for the register or for stderr must not delay the second signal.
    aside(|| {
        let Some(leaving) = PROCESS.get() else { return };
        let sent = leaving.in_flight.get().map(Sent::of).unwrap_or_default();
        if !sent.is_nothing() {
            leaving.output.complain("interrupted: nothing new is sent; once more to stop without waiting");
        }
    });
}

/// Prints a summary of what is known so far and ends the process, whatever its other threads do.
#[expect(clippy::disallowed_methods, reason = "the second signal, or a panic, leaves no other way")]
pub(super) fn leave(why: &Why) -> ! {
    let Some(leaving) = PROCESS.get() else { std::process::exit(Exit::Error.code().into()) };
    if leaving.begun.swap(true, Ordering::SeqCst) {
        rest();
    }
    crate::cloud::end_programs();
    std::process::exit(leaving.last_words(why).into())
}

/// Returns the code to end with. If another thread is already ending the process, never returns: that thread
/// sets the code.
pub(super) fn or_this(code: ExitCode) -> ExitCode {
    if PROCESS.get().is_some_and(|leaving| leaving.begun.load(Ordering::SeqCst)) {
        rest();
    }
    code
}

/// Waits for the end of the process.
fn rest() -> ! {
    loop {
        std::thread::park();
    }
}

impl Leaving {
    /// Writes the final output, and returns the exit code that it names.
    fn last_words(&'static self, why: &Why) -> u8 {
        let (for_words, for_none) = (why.clone(), why.clone());
        let words = aside(move || self.words(&for_words)).recv_timeout(PATIENCE * 2);
        let words = Arc::new(words.unwrap_or_else(|_| self.of_failure(for_none.unheard())));
        let (of_files, of_stderr, of_stdout) = (Arc::clone(&words), Arc::clone(&words), Arc::clone(&words));
        let files = aside(move || self.to_files(&of_files));
        let stderr = aside(move || self.output.draw(&of_stderr.story));
        let stdout = aside(move || self.output.leave(&of_stdout.answer, of_stdout.exit.code()));
        let begun = Clock::System.instant();
        let left = || PATIENCE.saturating_sub(Clock::System.instant() - begun);
        let answered = stdout.recv_timeout(left());
        let _ = (files.recv_timeout(left()), stderr.recv_timeout(left()));
        match answered {
            Ok(code) => code,
            Err(_) => {
                let code = words.exit.code();
                let _ = aside(move || self.output.draw(&words.text)).recv_timeout(PATIENCE);
                code
            }
        }
    }

    fn to_files(&self, words: &Words) {
        let Some(reports) = self.reports.get() else { return };
        let end = End { exit: words.exit, failure: words.failure.as_ref(), applied: words.applied.as_ref() };
        if let Err(error) = reports.deliver_files(end) {
            self.output.blame(&error);
        }
    }

    /// Composes the final output.
    fn words(&self, why: &Why) -> Words {
        let sent = self.in_flight.get().map(Arc::clone).map_or(Some(Sent::default()), |in_flight| {
            aside(move || Sent::of(&in_flight)).recv_timeout(PATIENCE).ok()
        });
        match sent {
            Some(sent) if sent.is_nothing() => self.of_failure(why.before_anything()),
            Some(sent) => self.of_apply(why, sent),
            // A thread that records a request holds the register, so a request may be about to leave.
            None => self.of_failure(why.unheard()),
        }
    }

    fn of_failure(&self, failure: Failure) -> Words {
        let exit = failure.exit;
        let answer = self.reports.get().map_or_else(String::new, |reports| {
            let summary = || ending::summary(reports.command, exit);
            reports.on_stdout(End::from(&failure)) + &ending::lines(reports, Some(&failure), summary)
        });
        let story = self.output.failure_text(&failure);
        Words { exit, answer, story, text: String::new(), failure: Some(failure), applied: None }
    }

    fn of_apply(&self, why: &Why, sent: Sent) -> Words {
        let Sent { unknown, results } = sent;
        let digest = self.reports.get().and_then(|reports| reports.digest()).unwrap_or_default();
        // The results lack the changes that were not begun.
        let commands = self.reports.get().map(|reports| reports.commands.clone()).unwrap_or_default();
        let applied = Applied {
            digest,
            results,
            left: None,
            left_out: 0,
            price: None,
            end: outcomes::End::Left,
            commands,
        };
        let applied = applied.without_other_advice();
        let exit = applied.exit();
        let mut story = unknown;
        if let Why::Panic(message) = why {
            story.insert_str(0, &self.output.failure_text(&broken(message)));
        }
        let text = |style: &Style| self.output.harmless(&applied.text(style)).into_owned();
        let answer = self.reports.get().map_or_else(String::new, |reports| {
            let is_human = reports.stdout == Stdout::Human;
            let text = if is_human { text(&self.output.style()) } else { String::new() };
            let results = reports.unreported(&applied.results);
            let summary = ending::lines(reports, None, || ending::of_apply(&applied));
            text + &reports.on_stdout(End::from(&applied)) + &results + &summary
        });
        let text = text(&Style { width: self.output.width, ..Style::plain() });
        Words { exit, answer, story, text, failure: None, applied: Some(applied) }
    }
}

/// The final output, in parts.
struct Words {
    /// The code to end with.
    exit: Exit,
    /// The rest of the text for stdout.
    answer: String,
    /// The text for stderr in any case.
    story: String,
    /// More text for stderr, if stdout does not take the answer.
    text: String,
    failure: Option<Failure>,
    applied: Option<Applied>,
}

#[derive(Debug, Default)]
struct Sent {
    /// The requests in flight, line by line.
    unknown: String,
    results: Vec<ChangeResult>,
}

impl Sent {
    fn of(in_flight: &InFlight) -> Self {
        let in_flight = in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown = in_flight.iter().map(|intent| format!("outcome unknown: {intent}\n")).collect();
        let begun = !in_flight.sent_nothing();
        Self { unknown, results: if begun { in_flight.results() } else { Vec::new() } }
    }

    /// Returns true if no request was sent that could have changed something. The list of results does not
    /// show that: it also holds changes that were not attempted.
    fn is_nothing(&self) -> bool {
        self.unknown.is_empty() && !self.results.iter().any(ChangeResult::changed_something)
    }
}

impl Why {
    /// Returns the failure of a run that had sent nothing.
    fn before_anything(&self) -> Failure {
        match self {
            Self::Signal => nothing_was_done(),
            Self::Panic(message) => broken(message),
        }
    }

    /// Returns the failure of a run that cannot say what it has sent.
    fn unheard(&self) -> Failure {
        let message = match self {
            Self::Signal => "interrupted while a request was being recorded".to_owned(),
            Self::Panic(message) => one_line(message),
        };
        Failure::new(Exit::Unknown, message).hint(AGAIN)
    }
}

/// Returns the failure of a run that is interrupted before it has sent anything.
pub(super) fn nothing_was_done() -> Failure {
    Failure::new(Exit::Interrupted, "interrupted; nothing was bought or changed")
}

const AGAIN: &str = "run the same command again: it uses the same tokens, so it cannot buy twice";

/// Returns the failure for a fault of this tool.
fn broken(message: &str) -> Failure {
    Failure::new(Exit::Error, format_args!("a fault in cenbwp itself: {}", one_line(message)))
        .hint("please report it with this line and the command; `cenbwp version` names the build")
}

fn one_line(message: &str) -> String {
    message.lines().collect::<Vec<_>>().join(" ")
}

/// Does the work on a new thread. If the system has none left, does it on this one: late output is better
/// than none.
fn aside<T: Send + 'static>(work: impl Fn() -> T + Send + Sync + 'static) -> Receiver<T> {
    let (done, result) = channel();
    let work = Arc::new(move || drop(done.send(work())));
    let there = Arc::clone(&work);
    if std::thread::Builder::new().name("last-words".to_owned()).spawn(move || there()).is_err() {
        work();
    }
    result
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Output as Ended};

    use super::*;
    use crate::cli::Environment;
    use crate::cli::output::Color;
    use crate::execute::Outcome;

    fn output() -> Arc<Output> {
        Arc::new(Output::new(Color::Never, false, &Environment::new::<String, String>([])))
    }

    /// Runs one of the tests that end their process, in a separate process.
    fn in_a_process(test: &str) -> Ended {
        let this = std::env::current_exe().expect("this program has a path");
        let name = format!("cli::leaving::tests::{test}");
        let arguments = ["--exact", &name, "--ignored", "--nocapture"];
        Command::new(this).args(arguments).output().expect("it is there")
    }

    #[track_caller]
    fn check_panic(test: &str) {
        let ended = in_a_process(test);
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{test}: {stderr}");
        assert!(stderr.contains("error: a fault in cenbwp itself: panicked at "), "{stderr}");
        assert!(stderr.contains("on purpose"), "{stderr}");
        assert_eq!(stderr.matches("panicked at").count(), 1, "{stderr}");
    }

    #[test]
    fn a_panic_ends_with_code_1_before_anything_was_sent_in_any_thread_and_with_any_lock() {
        for test in ["ends_by_a_panic", "ends_by_a_panic_elsewhere", "ends_by_a_panic_that_holds_the_output"]
        {
            check_panic(test);
        }
    }

    #[test]
    #[ignore = "it ends its process"]
    fn ends_by_a_panic() {
        prepare(&output());
        panic!("on purpose");
    }

    #[test]
    #[ignore = "it ends its process"]
    fn ends_by_a_panic_elsewhere() {
        prepare(&output());
        std::thread::spawn(|| panic!("on purpose")).join().expect("it never comes back");
    }

    #[test]
    #[ignore = "it ends its process"]
    fn ends_by_a_panic_that_holds_the_output() {
        let output = output();
        prepare(&output);
        let _held = output.hold();
        panic!("on purpose");
    }

    fn created() -> ChangeResult {
        ChangeResult {
            identity: "net/x".parse().expect("an identity"),
            action: "purchase",
            outcome: Outcome::Created,
            id: Some("cenbwp-1".parse().expect("an id")),
            mbps: None,
            order_id: Some("order-1".to_owned()),
            client_token: None,
            request_id: None,
            detail: None,
            hint: None,
            may_have_changed: true,
            fields: Vec::new(),
        }
    }

    #[test]
    fn a_panic_ends_with_code_7_once_something_was_sent_and_names_what_was_bought() {
        let leaving = Leaving {
            output: output(),
            reports: OnceLock::new(),
            in_flight: OnceLock::new(),
            begun: AtomicBool::new(false),
        };
        for why in [Why::Panic("panicked at here:\non purpose".to_owned()), Why::Signal] {
            let unknown = "outcome unknown: net/y, client token cbwp1-a\n".to_owned();
            let words = leaving.of_apply(&why, Sent { unknown: unknown.clone(), results: vec![created()] });
            assert_eq!(words.exit, Exit::Unknown);
            assert!(words.story.ends_with(&unknown), "{}", words.story);
            let panicked = words.story.contains("a fault in cenbwp itself: panicked at here: on purpose");
            assert_eq!(panicked, matches!(why, Why::Panic(_)), "{}", words.story);
            assert!(words.text.contains("net/x  created  cenbwp-1  order order-1"), "{}", words.text);
        }
    }
}
