//! The real binary under conditions that no plan foresees: killed, interrupted, cut off, out of disk, and
//! never alone. In every case the ledger has at most one order for each identity, a code that promises that
//! nothing was bought is true, and one more run finishes the job.

mod crowd;
mod disk;
mod kills;
mod network;
mod readers;
mod signals;
mod stops;

use std::collections::BTreeSet;
use std::process::Command;

use cenbwp_tests::{Logged, Outcome};
use serde_json::Value;

use crate::support::{CREATE, DESCRIBE, Lab, ONE, Ran, purchases};

/// The codes that promise that the run bought nothing.
const BOUGHT_NOTHING: [i32; 6] = [1, 2, 3, 4, 5, 130];

const FIVE: &str = "
version: 1
stack: net
defaults: { autoPay: true, bandwidth: 5 }
packages:
  a: { areas: [China, Europe] }
  b: { areas: [China, North-America] }
  c: { areas: [Europe, Europe] }
  d: { areas: [China, China] }
  e: { areas: [Europe, North-America] }
";
const FIVE_IDENTITIES: [&str; 5] = ["net/a", "net/b", "net/c", "net/d", "net/e"];

/// Returns the command of all tests here.
fn apply(lab: &Lab) -> Command {
    let mut command = lab.command("cenbwp");
    command.args(["apply", "--auto-approve"]);
    command
}

/// Runs a command that is alone in its account, and compares the promise of its code with the ledger.
#[track_caller]
fn alone(lab: &Lab, command: &mut Command) -> Ran {
    let before = lab.emulator.ledger().len();
    let ran = lab.finish(command);
    check_promise(&ran, lab.emulator.ledger().len() - before);
    ran
}

#[track_caller]
fn check_promise(ran: &Ran, orders: usize) {
    let told = format!("code {}\n{}\n{}", ran.code, ran.stdout, ran.stderr);
    assert!(
        orders == 0 || !BOUGHT_NOTHING.contains(&ran.code),
        "{orders} orders were placed, and yet {told}"
    );
    assert!(!told.contains("panicked"), "{told}");
}

/// Runs once more with success, and checks that everything is ordered once and nothing is left to do.
#[track_caller]
fn check_one_more_run_finishes(lab: &Lab, identities: &[&str]) {
    let ran = alone(lab, &mut apply(lab));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    check_settled(lab, identities);
}

/// Checks that everything is ordered once, and nothing is left to do.
#[track_caller]
fn check_settled(lab: &Lab, identities: &[impl AsRef<str>]) {
    let mut bought = purchases(&lab.emulator);
    bought.sort();
    assert!(bought.iter().eq(identities.iter().map(AsRef::as_ref)), "{bought:?}");
    let plan = lab.run("plan --detailed-exitcode");
    assert_eq!(plan.code, 0, "{}{}", plan.stdout, plan.stderr);
}

/// Checks that no identity was ordered twice.
#[track_caller]
fn check_no_second_order(lab: &Lab) {
    let bought = purchases(&lab.emulator);
    let once: BTreeSet<&String> = bought.iter().collect();
    assert_eq!(once.len(), bought.len(), "{bought:?}");
}

/// Returns the journal's lines, without half a line that a kill may leave.
fn journal(lab: &Lab) -> Vec<Value> {
    let text = std::fs::read_to_string(lab.path("journal.ndjson")).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Waits until the emulator's log passes this test.
fn until(lab: &Lab, test: impl Fn(&[Logged]) -> bool) {
    while !test(&lab.emulator.requests()) {
        std::thread::yield_now();
    }
}

fn is_pending(request: &Logged) -> bool {
    request.outcome == Outcome::Pending
}

/// Random numbers by seed (splitmix64): the same seed gives the same story, as far as the machine allows.
struct Dice(u64);

impl Dice {
    /// Returns a number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }
}
