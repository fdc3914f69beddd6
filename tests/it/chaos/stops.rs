//! A signal at any moment of a large apply: nothing new is sent from then on.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use cenbwp_tests::{Logged, sample};
use jiff::{SignedDuration, Timestamp};
use rustix::process::Signal;

use super::readers::many;
use super::{CREATE, Dice, apply, check_no_second_order};
use crate::support::{Lab, purchases, signal};

/// The size of the test.
struct Asked {
    moments: usize,
    live: usize,
    bought: usize,
    /// The time that a request may take to arrive if it was sent before the signal.
    on_its_way: SignedDuration,
}

/// `make stops` tries so many moments of a large apply, alone on the machine. `make test` runs it beside
/// other tests, with debug code: fewer moments of a smaller apply, with more time for requests on their way.
#[expect(clippy::disallowed_methods, reason = "the number of moments is the caller's choice")]
fn asked() -> Asked {
    let moments = std::env::var("STOPS").ok().filter(|moments| !moments.is_empty());
    match moments.map(|moments| moments.parse().expect("STOPS is a number of moments")) {
        Some(moments) => {
            Asked { moments, live: 20_000, bought: 400, on_its_way: SignedDuration::from_millis(100) }
        }
        None => Asked { moments: 6, live: 2_000, bought: 60, on_its_way: SignedDuration::from_secs(2) },
    }
}

/// Reads slowly, until the other end is closed.
fn read_slowly(mut stdout: ChildStdout) {
    let (_open, never) = channel::<()>();
    let mut buffer = [0; 512];
    while stdout.read(&mut buffer).is_ok_and(|read| read > 0) {
        pause(&never, Duration::from_millis(1));
    }
}

fn pause(never: &std::sync::mpsc::Receiver<()>, time: Duration) {
    assert_eq!(never.recv_timeout(time), Err(RecvTimeoutError::Timeout));
}

fn start(lab: &Lab) -> (Child, std::thread::JoinHandle<()>) {
    let mut command = apply(lab);
    command.args(["-f", "live.yaml", "-f", "new.yaml", "--json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = child.expect("the binary is built");
    let stdout = child.stdout.take().expect("it is piped");
    (child, std::thread::spawn(move || read_slowly(stdout)))
}

fn is_purchase(request: &Logged) -> bool {
    request.action == CREATE
}

#[test]
fn after_a_signal_at_any_moment_of_a_large_apply_nothing_new_is_sent() {
    let Asked { moments, live, bought, on_its_way } = asked();
    let lab = Lab::new();
    lab.file("live.yaml", &sample::spec(live)).file("new.yaml", &many(bought));
    lab.emulator.edit(|world| world.packages = sample::packages(live, 0));
    let begin = lab.emulator.edit(|world| world.clone());
    let began = lab.emulator.now();
    let (mut whole, reader) = start(&lab);
    assert_eq!(whole.wait().expect("it ends").code(), Some(0));
    reader.join().expect("it reads to the end");
    assert_eq!(purchases(&lab.emulator).len(), bought);
    let whole = Duration::try_from(lab.emulator.now().duration_since(began)).expect("time goes on");

    let (mut dice, mut ends) = (Dice(7), std::collections::BTreeMap::<String, usize>::new());
    let (_open, never) = channel();
    for _ in 0..moments {
        lab.emulator.edit(|world| *world = begin.clone());
        let seen = lab.emulator.requests().len();
        let number = [Signal::INT, Signal::TERM, Signal::HUP][usize::try_from(dice.below(3)).expect("small")];
        let moment = whole.mul_f64(f64::from(u32::try_from(dice.below(1000)).expect("small")) / 1000.0);
        let (mut child, reader) = start(&lab);
        pause(&never, moment);
        let sent = lab.emulator.now();
        signal(&child, number);
        let ended = child.wait().expect("it ends");
        reader.join().expect("it reads to the end");
        let told = format!("{number:?} after {moment:?} of {whole:?}: {ended}");
        let requests = lab.emulator.requests().split_off(seen);
        check(&requests, sent + on_its_way, (ended.code(), bought), &told);
        // The signal itself ended it, before the handler was installed.
        assert!(ended.signal().is_none() || requests.is_empty(), "{told}");
        check_no_second_order(&lab);
        *ends.entry(ended.code().map_or("signal".to_owned(), |code| code.to_string())).or_default() += 1;
    }
    let counted = writeln!(std::io::stdout(), "{moments} moments of {whole:?}, by code: {ends:?}");
    counted.expect("whoever runs the tests reads their output");
}

/// Checks that nothing but reads is sent after this time, and that the code is true.
#[track_caller]
fn check(requests: &[Logged], until: Timestamp, (code, all): (Option<i32>, usize), told: &str) {
    let bought = requests.iter().filter(|request| is_purchase(request)).count();
    let late = requests.iter().filter(|request| request.at > until && (bought == 0 || is_purchase(request)));
    let late: Vec<_> =
        late.map(|request| (request.at - until, &request.action, request.params.get("PageNumber"))).collect();
    assert!(late.is_empty(), "{told}: too late {late:?}");
    let expected: &[Option<i32>] = match bought {
        0 => &[Some(130), None],
        some if some == all => &[Some(0), Some(6)],
        _ => &[Some(6)],
    };
    assert!(expected.contains(&code), "{told}: {bought} bought");
}
