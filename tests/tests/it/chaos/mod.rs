//! The real binary under conditions that no plan foresees: killed, interrupted, cut off, out of disk, and
//! never alone. Whatever happens, the ledger never shows two orders for one identity, a code that promises
//! that nothing was bought is true, and one more run finishes the job.

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

use crate::support::{Lab, Ran, purchases};

const CREATE: &str = "CreateCenBandwidthPackage";
const DESCRIBE: &str = "DescribeCenBandwidthPackages";
/// Codes that promise that the run bought nothing.
const BOUGHT_NOTHING: [i32; 6] = [1, 2, 3, 4, 5, 130];

const ONE: &str =
    "{version: 1, stack: net, packages: {x: {areas: [China, Europe], bandwidth: 7, autoPay: true}}}";
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

/// A lab where this is declared.
fn declared(spec: &str) -> Lab {
    let lab = Lab::new();
    lab.file("cenbwp.yaml", spec);
    lab
}

/// The command that everything here is done to.
fn apply(lab: &Lab) -> Command {
    let mut command = lab.command("cenbwp");
    command.args(["apply", "--auto-approve"]);
    command
}

/// Runs a command that is alone with its account: what its code promises is compared with the ledger.
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

/// One more run ends well, everything is ordered once, and nothing is left to do.
#[track_caller]
fn check_one_more_run_finishes(lab: &Lab, identities: &[&str]) {
    let ran = alone(lab, &mut apply(lab));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    check_settled(lab, identities);
}

/// Everything is ordered once, and nothing is left to do.
#[track_caller]
fn check_settled(lab: &Lab, identities: &[impl AsRef<str>]) {
    let mut bought = purchases(&lab.emulator);
    bought.sort();
    assert!(bought.iter().eq(identities.iter().map(AsRef::as_ref)), "{bought:?}");
    let plan = lab.run("plan --detailed-exitcode");
    assert_eq!(plan.code, 0, "{}{}", plan.stdout, plan.stderr);
}

/// No identity was ordered twice.
#[track_caller]
fn check_no_second_order(lab: &Lab) {
    let bought = purchases(&lab.emulator);
    let once: BTreeSet<&String> = bought.iter().collect();
    assert_eq!(once.len(), bought.len(), "{bought:?}");
}

/// The journal's lines. Half a line, which a kill may leave, is none.
fn journal(lab: &Lab) -> Vec<Value> {
    let text = std::fs::read_to_string(lab.path("journal.ndjson")).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Waits until the emulator's log fulfils this.
fn until(lab: &Lab, test: impl Fn(&[Logged]) -> bool) {
    while !test(&lab.emulator.requests()) {
        std::thread::yield_now();
    }
}

fn is_pending(request: &Logged) -> bool {
    request.outcome == Outcome::Pending
}

/// Chance by number (splitmix64): the same seed gives the same story, as far as the machine allows.
struct Dice(u64);

impl Dice {
    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }
}
