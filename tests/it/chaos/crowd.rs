//! Several runs at once.

use std::process::Stdio;
use std::time::Duration;

use cenbwp_tests::{Config, OrderKind, Semantics, TokenSemantics};

use super::{
    BOUGHT_NOTHING, Dice, FIVE, FIVE_IDENTITIES, apply, check_no_second_order, check_one_more_run_finishes,
    check_settled,
};
use crate::support::{Lab, Ran};

/// Returns a service that is slow enough for runs to overlap, with the open readings of its pages drawn by
/// `seed`.
fn crowded(seed: u64) -> Lab {
    let mut dice = Dice(seed);
    let tokens = [TokenSemantics::Strict, TokenSemantics::Replay][usize::from(dice.below(2) == 1)];
    let visible_after = Duration::from_millis(dice.below(200));
    let semantics = Semantics { tokens, visible_after, ..Semantics::default() };
    let lab = Lab::with(Config { seed, semantics, ..Config::default() });
    // Every run has seen an empty account before the first one buys.
    lab.emulator.fault("DescribeCenBandwidthPackages@1-3:latency=200ms".parse().expect("a fault"));
    lab.emulator.fault(format!("*:latency={}ms", 1 + dice.below(10)).parse().expect("a fault"));
    lab
}

/// Applies these specs at once and returns the end of each run.
fn at_once(lab: &Lab, specs: &[String]) -> Vec<Ran> {
    let mut children = Vec::new();
    for (n, spec) in specs.iter().enumerate() {
        let file = format!("{n}.yaml");
        lab.file(&file, spec);
        let mut command = apply(lab);
        command
            .args(["--journal", "journal.ndjson", "-f", &file])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        children.push(command.spawn().expect("the binary is built"));
    }
    children.into_iter().map(|child| Ran::from(child.wait_with_output().expect("it ends"))).collect()
}

#[test]
fn runs_of_one_spec_at_once_buy_once_and_all_end_well() {
    for seed in 0..6 {
        let lab = crowded(seed);
        let runs = if seed % 2 == 0 { 2 } else { 3 };
        for ran in at_once(&lab, &vec![FIVE.to_owned(); runs]) {
            assert_eq!(ran.code, 0, "seed {seed}: {}{}", ran.stdout, ran.stderr);
            assert!(ran.stdout.contains("Apply complete"), "{}", ran.stdout);
        }
        lab.file("cenbwp.yaml", FIVE);
        check_settled(&lab, &FIVE_IDENTITIES);
        // The runs shared a journal, and no line of it is broken.
        for line in lab.read("journal.ndjson").lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }
}

#[test]
fn runs_that_want_different_bandwidths_buy_once() {
    for seed in 10..16 {
        let lab = crowded(seed);
        let wanted = &[5, 50, 500][..if seed % 2 == 0 { 2 } else { 3 }];
        let specs: Vec<String> =
            wanted.iter().map(|mbps| FIVE.replace("bandwidth: 5 ", &format!("bandwidth: {mbps} "))).collect();
        let ended = at_once(&lab, &specs);
        check_no_second_order(&lab);
        let ledger = lab.emulator.ledger();
        for (ran, mbps) in ended.iter().zip(wanted) {
            let told = format!("seed {seed}, {mbps} Mbps: code {}\n{}{}", ran.code, ran.stdout, ran.stderr);
            // A run that plans late finds the package and resizes it: that is an order too, but no purchase.
            let orders = ledger.iter().filter(|order| order.mbps == *mbps);
            let bought = orders.clone().filter(|order| order.kind == OrderKind::New).count();
            assert!(orders.count() == 0 || !BOUGHT_NOTHING.contains(&ran.code), "orders, and yet {told}");
            assert!(ran.code != 0 || bought > 0 || ran.stdout.contains("  updated"), "{told}");
            // Each run reports as bought only what it bought. Its own package may have been resized by another
            // run before it looked: then it says so.
            let created = ran.stdout.matches("  created").count();
            let resized = ran.stdout.matches("another run ordered or resized it").count();
            assert!((created..=created + resized).contains(&bought), "{told}");
        }
    }
}

#[test]
fn runs_at_once_of_which_one_is_killed_buy_once() {
    for seed in 20..26 {
        let lab = crowded(seed);
        lab.file("cenbwp.yaml", FIVE);
        let mut dice = Dice(seed);
        let spawn = || apply(&lab).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it is built");
        let (mut victim, mut other) = (spawn(), spawn());
        let seen = 4 + usize::try_from(dice.below(8)).expect("a small number");
        while lab.emulator.requests().len() < seen {
            std::thread::yield_now();
        }
        victim.kill().expect("it was not waited for");
        victim.wait().expect("it ends");
        assert_eq!(other.wait().expect("it ends").code(), Some(0), "seed {seed}");
        check_one_more_run_finishes(&lab, &FIVE_IDENTITIES);
    }
}
