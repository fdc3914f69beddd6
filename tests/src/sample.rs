//! Worlds of any size for measurements, and the spec that declares them.
//!
//! The names are numbered. `fleet/p00000`, `fleet/p00001`… are declared and live, the packages of the stack
//! `other` are live only.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::config::LimitsShown;
use crate::ledger::IDENTITY_TAG;
use crate::ops::describe;
use crate::world::Package;

/// Areas as Describe shows them and as a spec has them; the packages take them in turn.
const AREAS: [([&str; 2], &str); 4] = [
    (["china", "europe"], "[China, Europe]"),
    (["china", "north-america"], "[China, North-America]"),
    (["asia-pacific", "europe"], "[Asia-Pacific, Europe]"),
    (["china", "asia-pacific"], "[China, Asia-Pacific]"),
];

/// The stack of the sample.
const STACK: &str = "fleet";

fn bandwidth(n: usize) -> i64 {
    [2, 10, 50, 100, 200][n % 5]
}

/// Returns the spec of `n` packages, with which the packages of [`packages`] are in sync.
pub fn spec(n: usize) -> String {
    spec_of(STACK, n)
}

/// Returns the spec of `n` packages of this stack, with which those of [`packages_of`] are in sync.
pub fn spec_of(stack: &str, n: usize) -> String {
    let mut text = String::with_capacity(128 * (n + 2));
    writeln!(text, "version: 1\nstack: {stack}").expect("writing to a string cannot fail");
    writeln!(text, "limits: {{ maxPurchases: {n} }}").expect("writing to a string cannot fail");
    text.push_str("defaults:\n  autoPay: true\n  tags: { team: network }\n");
    text.push_str(if n == 0 { "packages: {}\n" } else { "packages:\n" });
    for i in 0..n {
        let (_, areas) = AREAS[i % AREAS.len()];
        let mbps = bandwidth(i);
        write!(text, "  p{i:05}:\n    areas: {areas}\n    bandwidth: {mbps}\n    name: {stack}-p{i:05}\n")
            .expect("writing to a string cannot fail");
    }
    text
}

/// Returns `ours` packages as [`spec`] declares them, listed after `others` of another stack.
pub fn packages(ours: usize, others: usize) -> Vec<Package> {
    packages_of("other", others).into_iter().chain(packages_of(STACK, ours)).collect()
}

/// Returns so many packages of this stack.
pub fn packages_of(stack: &str, count: usize) -> Vec<Package> {
    let package = |i: usize| {
        let mut package =
            Package::new(&format!("cenbwp-{stack}{i:013}"), AREAS[i % AREAS.len()].0, bandwidth(i));
        package.name = format!("{stack}-p{i:05}");
        package
            .tagged(IDENTITY_TAG, &format!("{stack}/p{i:05}"))
            .tagged("cenbwp-terms", "PREPAY 1 Month renew off")
            .tagged("team", "network")
    };
    (0..count).map(package).collect()
}

/// Returns the name of the sample stack in another account than the first.
pub fn stack_in(account: &str) -> String {
    format!("{STACK}-{account}")
}

/// Returns the answers of Describe for these packages, one page of 50 per line.
pub fn recording(packages: &[Package]) -> String {
    let mut text = String::new();
    for (number, page) in (1..).zip(packages.chunks(50)) {
        let items: Vec<Value> = page
            .iter()
            .map(|package| Value::Object(describe::item(package, LimitsShown::Strings, true)))
            .collect();
        let reply = json!({
            "RequestId": format!("0C2EE7A8-74D4-4081-8236-{number:012}"),
            "PageNumber": number,
            "PageSize": 50,
            "TotalCount": packages.len(),
            "CenBandwidthPackages": { "CenBandwidthPackage": items },
        });
        writeln!(text, "{reply}").expect("writing to a string cannot fail");
    }
    text
}
