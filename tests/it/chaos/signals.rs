//! SIGINT, SIGTERM and SIGHUP, once and twice, in every phase of an apply.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cenbwp_tests::{Config, Effect, Emulator, Fault, Refusal, Semantics, When};
use rustix::process::Signal;

use super::{
    BOUGHT_NOTHING, CREATE, DESCRIBE, ONE, apply, check_no_second_order, check_one_more_run_finishes,
    is_pending, until,
};
use crate::support::{Lab, Ran, Terminal, purchases, signal, signal_until_it_ends};

const SIGNALS: [&str; 3] = ["INT", "TERM", "HUP"];
const TWO: &str = "
version: 1
stack: net
defaults: { autoPay: true, bandwidth: 7 }
packages:
  x: { areas: [China, Europe] }
  y: { areas: [China, China] }
";

fn number(signal: &str) -> Signal {
    match signal {
        "INT" => Signal::INT,
        "TERM" => Signal::TERM,
        "HUP" => Signal::HUP,
        _ => panic!("no signal here is called {signal}"),
    }
}

/// Holds the first purchase between its arrival and its commit until it is released.
struct Gate {
    arrived: Receiver<()>,
    open: Sender<()>,
}

impl Gate {
    fn before_the_first_purchase(emulator: &Emulator) -> Self {
        let ((arrive, arrived), (open, opened)) = (channel(), channel::<()>());
        let opened = Mutex::new(opened);
        let hold = Effect::Edit(Arc::new(move |_| {
            let _ = arrive.send(());
            let _ = opened.lock().expect("held once").recv();
        }));
        emulator.fault(Fault::new(CREATE, When::call(1), hold));
        Self { arrived, open }
    }

    fn wait(&self) {
        self.arrived.recv_timeout(Duration::from_secs(60)).expect("a purchase arrives");
    }

    fn open(self) {
        self.open.send(()).expect("the service waits");
    }
}

/// Returns the output at the end, and checks that the code is the expected one, and true.
#[track_caller]
fn check_end(lab: &Lab, terminal: Terminal, code: i32, texts: &[&str]) {
    let (screen, ended) = terminal.end();
    assert_eq!(ended, code, "{screen}");
    for text in texts {
        assert!(screen.contains(text), "{text:?} is not in\n{screen}");
    }
    if BOUGHT_NOTHING.contains(&code) {
        assert!(purchases(&lab.emulator).is_empty(), "{screen}");
    }
    check_no_second_order(lab);
}

#[test]
fn signals_while_planning_buy_nothing() {
    for signal in SIGNALS {
        for times in [1, 2] {
            let lab = Lab::of(ONE);
            lab.emulator.fault("*:latency=60s".parse().expect("a fault"));
            let terminal = Terminal::start(&mut apply(&lab));
            until(&lab, |requests| !requests.is_empty());
            for _ in 0..times {
                terminal.signal(signal);
            }
            check_end(&lab, terminal, 130, &["interrupted; nothing was bought or changed"]);
            lab.emulator.clear_faults();
            check_one_more_run_finishes(&lab, &["net/x"]);
        }
    }
}

#[test]
fn signals_at_the_prompt_buy_nothing() {
    for signal in SIGNALS {
        for times in [1, 2] {
            let lab = Lab::of(ONE);
            let mut terminal = Terminal::start(lab.command("cenbwp").arg("apply"));
            terminal.wait_for("Only yes approves it: ");
            for _ in 0..times {
                terminal.signal(signal);
            }
            check_end(&lab, terminal, 130, &["interrupted; nothing was bought or changed"]);
            check_one_more_run_finishes(&lab, &["net/x"]);
        }
    }
}

/// Sends one signal while the first purchase is held, whose answer is then this.
#[track_caller]
fn check_signal_while_sending(spec: &str, answer: Option<&Effect>, code: i32, texts: &[&str]) {
    for signal in SIGNALS {
        let lab = Lab::of(spec);
        let gate = Gate::before_the_first_purchase(&lab.emulator);
        if let Some(answer) = answer {
            lab.emulator.fault(Fault::new(CREATE, When::call(1), answer.clone()));
        }
        let mut terminal = Terminal::start(apply(&lab).args(["--parallelism", "1"]));
        gate.wait();
        terminal.signal(signal);
        terminal.wait_for("interrupted: nothing new is sent; once more to stop without waiting");
        gate.open();
        check_end(&lab, terminal, code, texts);
        let declared: &[&str] = if spec == ONE { &["net/x"] } else { &["net/x", "net/y"] };
        check_one_more_run_finishes(&lab, declared);
    }
}

#[test]
fn signal_while_sending_lets_what_is_in_flight_finish() {
    check_signal_while_sending(ONE, None, 0, &["net/x  created", "Apply complete: 1 created."]);
    check_signal_while_sending(ONE, Some(&Effect::CutAfter), 0, &["net/x  created", "its reply was lost"]);
}

#[test]
fn signal_while_sending_starts_nothing_new() {
    let texts = [
        "net/x  created",
        "net/y  not attempted (not bought)",
        "Apply incomplete: 1 created, 1 not attempted (not bought).",
        "Next: ",
    ];
    check_signal_while_sending(TWO, None, 6, &texts);
}

#[test]
fn signal_while_sending_what_is_then_refused_ends_as_a_run_that_bought_nothing() {
    let refused = Effect::Refuse(Refusal::new(400, "InventoryExceeded", "not enough bandwidth"));
    let texts = ["net/x  failed", "Apply failed, nothing was bought or changed: 1 failed, 1 not attempted."];
    check_signal_while_sending(TWO, Some(&refused), 1, &texts);
}

#[test]
fn signal_after_a_lost_request_leaves_it_unknown() {
    let texts = ["net/x  unknown", "client token cbwp1-", "Apply ended with an unknown outcome: 1 unknown."];
    let error =
        Effect::Refuse(Refusal::new(500, "InternalError", "the request failed for an unknown reason"));
    check_signal_while_sending(ONE, Some(&error), 7, &texts);
}

/// A second signal ends the run at once, and names every request that was sent.
#[track_caller]
fn check_second_signal(lab: &Lab, mut terminal: Terminal, signal: &str, named: &str) {
    terminal.signal(signal);
    terminal.wait_for("interrupted: nothing new is sent");
    terminal.signal_until_it_ends(number(signal));
    let texts = [named, "run the same command again"];
    check_end(lab, terminal, 7, &texts);
    lab.emulator.clear_faults();
    check_one_more_run_finishes(lab, &["net/x"]);
}

#[test]
fn second_signal_while_sending_ends_at_once_and_names_the_token() {
    for signal in SIGNALS {
        let lab = Lab::of(ONE);
        lab.emulator.fault(Fault::new(CREATE, When::EVERY, Effect::Latency(Duration::from_secs(60))));
        let terminal = Terminal::start(&mut apply(&lab));
        until(&lab, |requests| requests.iter().any(|request| request.action == CREATE));
        check_second_signal(&lab, terminal, signal, "outcome unknown: net/x, client token cbwp1-");
    }
}

#[test]
fn second_signal_while_waiting_ends_at_once_and_names_the_order() {
    for signal in SIGNALS {
        let lab = Lab::of(ONE);
        let after_planning = When::Calls { first: 2, last: None };
        let slow = Effect::Latency(Duration::from_secs(60));
        lab.emulator.fault(Fault::new(DESCRIBE, after_planning, slow));
        let terminal = Terminal::start(&mut apply(&lab));
        until(&lab, |requests| requests.iter().filter(|request| request.action == DESCRIBE).count() > 1);
        check_second_signal(&lab, terminal, signal, "net/x  ordered  cenbwp-");
    }
}

#[test]
fn signal_while_waiting_looks_once_more_and_names_what_is_ordered() {
    for signal in SIGNALS {
        let visible_after = Duration::from_secs(3600);
        let semantics = Semantics { visible_after, ..Semantics::default() };
        let lab = Lab::with(Config { semantics, ..Config::default() });
        lab.file("cenbwp.yaml", ONE);
        let terminal = Terminal::start(&mut apply(&lab));
        until(&lab, |requests| requests.iter().filter(|request| request.action == DESCRIBE).count() > 1);
        terminal.signal(signal);
        let texts = ["net/x  ordered", "Apply incomplete: 1 ordered."];
        check_end(&lab, terminal, 6, &texts);
        // In the same account, once the package is visible.
        let later = Lab::of(ONE);
        later.emulator.seed(&lab.emulator.save()).expect("a saved world");
        check_one_more_run_finishes(&later, &["net/x"]);
    }
}

#[test]
fn second_signal_sums_up_what_was_bought_before_it() {
    for form in ["--quiet", "--json"] {
        let lab = Lab::of(TWO);
        // The first is bought and listed; the second is throttled once, and then never answered.
        for fault in ["@2:throttle", "@3-:latency=60s"] {
            lab.emulator.fault(format!("{CREATE}{fault}").parse().expect("a fault"));
        }
        let mut terminal = Terminal::start(apply(&lab).args(["--parallelism", "1", form]));
        until(&lab, |requests| requests.iter().filter(|request| request.action == CREATE).count() > 2);
        terminal.signal("INT");
        terminal.wait_for("interrupted: nothing new is sent");
        terminal.signal_until_it_ends(Signal::INT);
        let (screen, code) = terminal.end();
        assert_eq!(code, 7, "{screen}");
        if form == "--json" {
            let last = screen.lines().rfind(|line| line.starts_with('{')).unwrap_or_default();
            let summary: serde_json::Value = serde_json::from_str(last).expect("an event");
            assert_eq!((&summary["type"], &summary["exit_code"]), (&"summary".into(), &7.into()), "{screen}");
            assert_eq!(summary["counts"], serde_json::json!({ "created": 1, "unknown": 1 }), "{screen}");
            assert_eq!(summary["new_mbps"], 14, "{screen}");
        } else {
            assert!(screen.contains("net/x  created") && screen.contains("net/y  unknown"), "{screen}");
            assert!(
                screen.contains("Apply ended with an unknown outcome: 1 created, 1 unknown."),
                "{screen}"
            );
        }
        lab.emulator.clear_faults();
        check_one_more_run_finishes(&lab, &["net/x", "net/y"]);
    }
}

/// GNU `timeout` signals its child and then its group.
#[test]
fn two_signals_at_once_are_one_and_let_what_is_in_flight_finish() {
    for both in [[Signal::TERM, Signal::TERM], [Signal::INT, Signal::TERM], [Signal::HUP, Signal::HUP]] {
        let lab = Lab::of(ONE);
        let gate = Gate::before_the_first_purchase(&lab.emulator);
        let mut command = apply(&lab);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("the binary is built");
        gate.wait();
        both.into_iter().for_each(|one| signal(&child, one));
        gate.open();
        let ran = Ran::from(child.wait_with_output().expect("it ends"));
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("Apply complete: 1 created."), "{}", ran.stdout);
        assert_eq!(purchases(&lab.emulator), ["net/x"]);
    }
}

#[test]
fn a_hangup_stays_ignored_under_nohup() {
    let lab = Lab::of(TWO);
    let gate = Gate::before_the_first_purchase(&lab.emulator);
    let mut command = lab.command("nohup");
    command.args(["cenbwp", "apply", "--auto-approve", "--parallelism", "1"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("nohup is there");
    gate.wait();
    signal(&child, Signal::HUP);
    gate.open();
    let ran = Ran::from(child.wait_with_output().expect("it ends"));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("Apply complete: 2 created."), "{}", ran.stdout);
}

#[test]
fn ctrl_c_twice_at_a_terminal_ends_at_once() {
    let lab = Lab::of(ONE);
    lab.emulator.fault(Fault::new(CREATE, When::EVERY, Effect::Latency(Duration::from_secs(60))));
    let mut terminal = Terminal::control(&apply(&lab));
    until(&lab, |requests| requests.iter().any(|request| request.action == CREATE));
    terminal.press_ctrl_c();
    terminal.wait_for("interrupted: nothing new is sent");
    terminal.press_ctrl_c();
    check_end(&lab, terminal, 7, &["outcome unknown: net/x, client token cbwp1-"]);
}

#[test]
fn a_second_signal_names_id_and_order_of_what_was_answered_before_it() {
    let lab = Lab::of(TWO);
    lab.emulator.fault(format!("{CREATE}@2-:latency=60s").parse().expect("a fault"));
    let mut command = apply(&lab);
    command.args(["--parallelism", "2", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary is built");
    until(&lab, |requests| {
        let purchases = requests.iter().filter(|request| request.action == CREATE);
        purchases.clone().count() == 2 && purchases.clone().any(|request| !is_pending(request))
    });
    signal_until_it_ends(&mut child, Signal::TERM);
    let ran = Ran::from(child.wait_with_output().expect("it has ended"));
    assert_eq!(ran.code, 7, "{}{}", ran.stdout, ran.stderr);
    let order = &lab.emulator.ledger()[0];
    for text in [&order.order_id, &order.package_id] {
        assert!(
            ran.stderr.contains(text) || ran.stdout.contains(text),
            "{text}: {}{}",
            ran.stdout,
            ran.stderr
        );
    }
    assert_eq!(ran.stderr.matches("outcome unknown: net/").count(), 1, "{}", ran.stderr);
    let last: serde_json::Value =
        serde_json::from_str(ran.stdout.lines().last().unwrap_or_default()).expect("an event");
    assert_eq!((&last["type"], &last["exit_code"]), (&"summary".into(), &7.into()), "{}", ran.stdout);
}

/// Before any request the first signal is enough: a user who types a spec has no run to lose.
#[test]
fn a_signal_while_the_spec_is_read_ends_at_once_with_a_summary() {
    for command in ["plan", "validate", "apply", "status"] {
        let lab = Lab::of(ONE);
        let mut child = lab.command("cenbwp");
        child.args([command, "--json", "-f", "-"]).stdin(Stdio::piped());
        let mut child =
            child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary is built");
        let typing = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut text = String::new();
        stdout.read_line(&mut text).expect("the first event");
        signal(&child, Signal::TERM);
        stdout.read_to_string(&mut text).expect("output is UTF-8");
        let ran = Ran::from(child.wait_with_output().expect("it ends"));
        assert_eq!(ran.code, 130, "{command}: {}", ran.stderr);
        assert!(ran.stderr.contains("interrupted; nothing was bought or changed"), "{}", ran.stderr);
        let last: serde_json::Value =
            serde_json::from_str(text.lines().last().unwrap_or_default()).expect("an event");
        assert_eq!((&last["type"], &last["exit_code"]), (&"summary".into(), &130.into()), "{text}");
        drop(typing);
    }
}
