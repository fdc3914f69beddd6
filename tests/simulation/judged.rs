//! `judge.py` judges histories by their JSON lines alone. Where there is no python3, that is said and nothing is judged.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::oracle::Law;
use crate::planted::Bug;
use crate::recording::lines;
use crate::schedule::Schedule;
use crate::seeds::seeds_asked_for;
use crate::trial;

/// Returns what the judge says of these histories, one line each; `None` without a python3.
fn judge(histories: &str) -> Option<Vec<String>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("simulation/judge.py");
    let mut python = Command::new("python3");
    python.arg("-B").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut python) = python.spawn() else {
        drop(writeln!(std::io::stderr(), "judge: skipped, there is no python3"));
        return None;
    };
    python.stdin.take().unwrap().write_all(histories.as_bytes()).unwrap();
    let ran = python.wait_with_output().unwrap();
    let said: Vec<String> = String::from_utf8(ran.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(ran.status.code(), Some(i32::from(said.len() > 1)), "{said:?}");
    Some(said)
}

#[test]
fn judge_finds_nothing_in_the_histories_of_the_tool() {
    let seeds = (0..2000).step_by(25);
    let mut histories = String::new();
    for seed in seeds {
        let schedule = Schedule::of(seed);
        histories += &lines(&format!("seed {seed}"), &schedule, &trial::judge(&schedule, None).0);
    }
    if let Some(said) = judge(&histories) {
        assert_eq!(said, ["80 histories, 0 broken rules"]);
    }
}

#[test]
fn judge_catches_every_planted_tool_that_breaks_a_rule_it_knows() {
    let mut histories = String::new();
    for (bug, law, from) in CAUGHT {
        let judged = |seed| (Schedule::of(seed), trial::judge(&Schedule::of(seed), Some(bug)));
        let mut judged = (from..from + 1000).map(judged);
        let caught = judged.find(|(_, (_, found))| found.iter().any(|found| found.law == law));
        let (schedule, (history, _)) = caught.expect("the oracle catches it");
        histories += &lines(&format!("{bug:?}"), &schedule, &history);
    }
    let Some(said) = judge(&histories) else { return };
    let missed: Vec<&Bug> = CAUGHT
        .iter()
        .map(|(bug, ..)| bug)
        .filter(|bug| !said.iter().any(|line| line.starts_with(&format!("{bug:?}: "))))
        .collect();
    assert!(missed.is_empty(), "{missed:?}: {said:#?}");
}

/// Tools that break a rule which the judge knows, and the seed from which the oracle catches each.
const CAUGHT: [(Bug, Law, u64); 9] = [
    (Bug::RandomToken, Law::AtMostOne, 4),
    (Bug::ParameterInToken, Law::AtMostOne, 66),
    (Bug::ProcessInToken, Law::AtMostOne, 4),
    (Bug::MismatchIsFailure, Law::AtMostOne, 66),
    (Bug::BusyIsFailure, Law::AtMostOne, 920),
    (Bug::LostIsRefused, Law::TellsTheTruth, 224),
    (Bug::TimeoutIsRefusal, Law::TellsTheTruth, 78),
    (Bug::UnknownIsFailed, Law::TellsTheTruth, 22),
    (Bug::YesIsCreated, Law::TellsTheTruth, 22),
];

/// `make histories SEEDS=n FROM=n HISTORIES=file`.
#[test]
#[ignore = "writes a file; run by `make histories`"]
#[expect(clippy::disallowed_methods, reason = "the one who starts this names the file")]
fn histories_are_written() {
    let Ok(path) = std::env::var("HISTORIES") else { return };
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let (from, count) = seeds_asked_for();
    for seed in from..from + count {
        let schedule = Schedule::of(seed);
        let (history, _) = trial::judge(&schedule, None);
        file.write_all(lines(&format!("seed {seed}"), &schedule, &history).as_bytes()).unwrap();
    }
    file.flush().unwrap();
}
