//! Runs without disk space, without permission, and without a reader of the output.

use std::process::Stdio;

use super::{FIVE, FIVE_IDENTITIES, ONE, alone, apply, check_one_more_run_finishes, check_settled, journal};
use crate::support::{Lab, Ran, purchases};

/// Runs `cenbwp apply --auto-approve` in a shell, with something before and something after it.
#[track_caller]
fn in_shell(lab: &Lab, before: &str, after: &str) -> Ran {
    let script = format!("{before} exec cenbwp apply --auto-approve {after}");
    alone(lab, lab.command("sh").args(["-c", &script]))
}

#[test]
fn journal_that_cannot_be_written_buys_nothing() {
    for (before, path) in [
        ("", "/dev/full"),
        ("", "no/such/folder/journal"),
        ("", "."),
        ("", "/proc/journal"),
        ("ulimit -f 0;", "journal.ndjson"),
    ] {
        let lab = Lab::of(ONE);
        let ran = in_shell(&lab, before, &format!("--journal {path}"));
        assert_eq!(ran.code, 1, "{path}: {}", ran.stderr);
        assert!(ran.stderr.contains(&format!("error: {path}: the journal: ")), "{}", ran.stderr);
        assert!(purchases(&lab.emulator).is_empty());
        check_one_more_run_finishes(&lab, &["net/x"]);
    }
}

#[test]
fn journal_of_a_run_that_ends_well_has_its_intent_its_answer_and_its_result() {
    let lab = Lab::of(ONE);
    in_shell(&lab, "", "--journal journal.ndjson");
    let (lines, order) = (journal(&lab), &lab.emulator.ledger()[0]);
    let kinds: Vec<&str> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
    assert_eq!(kinds, ["run", "intent", "answer", "result"]);
    assert_eq!(lines[0]["account"], "1234567890123456");
    assert_eq!((&lines[1]["identity"], &lines[1]["mbps"]), (&"net/x".into(), &7.into()));
    for line in &lines[1..] {
        assert_eq!(line["client_token"], order.client_token.as_deref().unwrap_or_default());
    }
    assert_eq!((&lines[2]["answer"], &lines[3]["outcome"]), (&"yes".into(), &"created".into()));
    for line in &lines[2..] {
        assert_eq!(line["id"], order.package_id.as_str());
        assert_eq!(line["order_id"], order.order_id.as_str());
    }
    assert!(!lab.read("journal.ndjson").contains(cenbwp_tests::Config::KEY_SECRET));
}

/// Limits the journal of a run to its first `lines` lines and half of the next one.
fn journal_with_room_for(lab: &Lab, lines: usize) {
    let whole = Lab::of(&lab.read("cenbwp.yaml"));
    in_shell(&whole, "", "--parallelism 1 --journal journal.ndjson");
    let text = whole.read("journal.ndjson");
    let lengths: Vec<usize> = text.lines().map(|line| line.len() + 1).collect();
    // Times differ by a few digits from run to run; half a line is more than that.
    let room = lengths[..lines].iter().sum::<usize>() + lengths[lines] / 2;
    lab.file("journal.ndjson", &format!("{}\n", " ".repeat(2048 - room - 1)));
}

/// 2048 bytes, in the unit that POSIX gives the limit.
const LIMIT: &str = "ulimit -f 4;";

#[test]
fn intent_that_cannot_be_recorded_is_not_sent() {
    let lab = Lab::of(ONE);
    journal_with_room_for(&lab, 1);
    let ran = in_shell(&lab, LIMIT, "--journal journal.ndjson");
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("net/x  not attempted (not bought)"), "{}", ran.stdout);
    assert!(ran.stdout.contains("what cannot be recorded is not sent"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("Apply failed, nothing was bought or changed: 1 not attempted."),
        "{}",
        ran.stdout
    );
    assert!(purchases(&lab.emulator).is_empty());
    check_one_more_run_finishes(&lab, &["net/x"]);
}

#[test]
fn intent_that_cannot_be_recorded_stops_what_would_come_after_it() {
    let lab = Lab::of(FIVE);
    // The run, and the intents and answers of two purchases.
    journal_with_room_for(&lab, 5);
    let ran = in_shell(&lab, LIMIT, "--parallelism 1 --journal journal.ndjson");
    assert_eq!(ran.code, 6, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("Apply incomplete: 2 created, 3 not attempted (not bought)."),
        "{}",
        ran.stdout
    );
    assert_eq!(purchases(&lab.emulator), ["net/a", "net/b"]);
    check_one_more_run_finishes(&lab, &FIVE_IDENTITIES);
}

#[test]
fn result_that_cannot_be_recorded_changes_nothing() {
    let lab = Lab::of(ONE);
    journal_with_room_for(&lab, 2);
    let ran = in_shell(&lab, LIMIT, "--quiet --journal journal.ndjson");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("Apply complete: 1 created."), "{}", ran.stdout);
    assert!(ran.stderr.contains("not recorded") && ran.stderr.contains("journal.ndjson"), "{}", ran.stderr);
    check_settled(&lab, &["net/x"]);
}

#[test]
fn report_without_room_does_not_hide_what_was_bought() {
    for (before, path) in [
        ("", "/dev/full"),
        ("ulimit -f 0;", "report.json"),
        ("", "no/such/folder/report"),
        ("", "/proc/report"),
    ] {
        let lab = Lab::of(ONE);
        let ran = in_shell(&lab, before, &format!("--report json={path}"));
        assert_eq!(ran.code, 0, "{path}: {}", ran.stderr);
        assert!(ran.stdout.contains("Apply complete: 1 created."), "{}", ran.stdout);
        assert!(
            ran.stderr.contains(&format!("error: {path}: the report could not be written")),
            "{}",
            ran.stderr
        );
        check_settled(&lab, &["net/x"]);
    }
}

#[test]
fn stream_that_is_closed_or_full_does_not_change_what_is_bought() {
    for after in [
        ">&-",
        "2>&-",
        "<&-",
        "-vv <&- >&- 2>&-",
        "-vv --log-format json >/dev/full 2>/dev/full",
        "--json >/dev/full 2>&-",
        "--report json >&- 2>/dev/full",
    ] {
        let lab = Lab::of(ONE);
        let ran = in_shell(&lab, "", after);
        assert_eq!(ran.code, 0, "{after}: {}{}", ran.stdout, ran.stderr);
        check_settled(&lab, &["net/x"]);
    }
}

#[test]
fn reader_that_leaves_does_not_change_what_is_bought() {
    let lab = Lab::of(ONE);
    let mut command = apply(&lab);
    let mut child =
        command.arg("-vv").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    check_settled(&lab, &["net/x"]);
}

#[test]
fn prompt_without_anybody_at_stdin_buys_nothing() {
    let lab = Lab::of(ONE);
    let ran = alone(&lab, lab.command("sh").args(["-c", "exec cenbwp apply <&-"]));
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(purchases(&lab.emulator).is_empty());
}
