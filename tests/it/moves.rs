//! Keys that are renamed: the package gets another identity tag, keeps everything else, and nothing is bought.

use std::fmt::Write as _;

use cenbwp::execute::Outcome;
use cenbwp::exit::Exit;
use cenbwp_tests::{Effect, Fault, Package, Semantics, When};

use crate::support::{Bench, CREATE, Lab, RESIZE, net, purchases, spec};

const TAG: &str = "TagResources";

/// A package as a purchase for this key of stack `net` leaves it.
fn bought(id: &str, key: &str) -> Package {
    let package = Package::new(id, ["china", "europe"], 10).tagged("cenbwp", &format!("net/{key}"));
    package.tagged("cenbwp-terms", "PREPAY 1 Month renew off").tagged("theirs", "kept")
}

/// A spec of one package, `net/new`, that is moved from `old`.
fn moved(more: &str) -> String {
    net(&[("new", &format!("autoPay: true, bandwidth: 10, movedFrom: old{more}"))])
}

/// Returns a bench with the package of the old key.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.emulator.edit(|world| world.packages.push(bought("cenbwp-1", "old")));
    bench
}

#[track_caller]
fn check_moved(bench: &Bench) {
    let packages = bench.emulator.packages();
    let tags = ["cenbwp", "cenbwp-terms", "theirs"].map(|key| packages[0].tag(key));
    assert_eq!(tags, [Some("net/new"), Some("PREPAY 1 Month renew off"), Some("kept")]);
    assert_eq!(purchases(&bench.emulator), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn moved_package_keeps_its_terms_and_the_tags_of_others() {
    let bench = bench();
    let run = bench.apply(&spec(&moved(""))).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Moved, Exit::Done), "{}", run.text);
    check_moved(&bench);
    assert_eq!(bench.calls(TAG), 1);
    // The line may stay, and may go.
    for spec_after in [moved(""), net(&[("new", "autoPay: true, bandwidth: 10")])] {
        let (_, plan) = bench.plan(&spec(&spec_after)).await.expect("the plan can be made");
        assert!(plan.is_empty(), "{plan:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn move_rides_along_with_other_changes_and_goes_first() {
    let bench = bench();
    let run = bench.apply(&spec(&moved(", name: main").replace("bandwidth: 10", "bandwidth: 20"))).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Moved, Exit::Done), "{}", run.text);
    check_moved(&bench);
    let package = &bench.emulator.packages()[0];
    assert_eq!((package.bandwidth, &*package.name), (20, "main"));
    let sent: Vec<String> = bench.emulator.requests().into_iter().map(|request| request.action).collect();
    let at = |action: &str| sent.iter().position(|it| it == action);
    assert!(at(TAG) < at(RESIZE), "{sent:?}");
}

#[tokio::test(start_paused = true)]
async fn move_between_stacks_takes_the_package_along() {
    let bench = bench();
    let text = moved("").replace("stack: net", "stack: wan").replace("movedFrom: old", "movedFrom: net/old");
    let run = bench.apply(&spec(&text)).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Moved, Exit::Done), "{}", run.text);
    assert_eq!(bench.emulator.packages()[0].tag("cenbwp"), Some("wan/new"));
    assert_eq!(purchases(&bench.emulator), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn move_whose_answer_is_lost_is_settled_by_a_listing_or_the_next_run() {
    for effect in [Effect::CutAfter, Effect::CutBefore] {
        let bench = bench();
        bench.strike(TAG, 1, effect);
        let run = bench.apply(&spec(&moved(""))).await;
        assert_eq!((run.outcome(), run.exit), (Outcome::Moved, Exit::Done), "{}", run.text);
        check_moved(&bench);
    }
}

/// The purchase under the old key is under way: its package is listed later.
#[tokio::test(start_paused = true)]
async fn purchase_under_the_old_key_that_is_not_listed_yet_is_never_repeated_under_the_new_one() {
    let bench = Bench::with(Semantics { visible_after_listings: 6, ..Semantics::default() });
    let before = spec(&net(&[("old", "autoPay: true, bandwidth: 10")]));
    bench.strike(CREATE, 1, Effect::CutAfter);
    let neighbour = bench.neighbour();
    let (bought, held) = tokio::join!(bench.apply(&before), async {
        neighbour.cloud.clock().sleep(std::time::Duration::from_millis(500)).await;
        neighbour.plan(&spec(&moved(""))).await.expect("the plan can be made").1
    });
    assert_eq!(held.held[0].reason.rule().name, "cannot_move", "{held:?}");
    assert_eq!(bought.outcome(), Outcome::Created, "{}", bought.text);
    let run = bench.apply(&spec(&moved(""))).await;
    assert_eq!((run.outcome(), run.exit), (Outcome::Moved, Exit::Done), "{}", run.text);
    assert_eq!(purchases(&bench.emulator), ["net/old"]);
}

#[test]
fn rename_of_fifty_keys_is_fifty_requests_and_buys_nothing() {
    let spec = |key: &str, moved: &str| {
        let mut text =
            "version: 1\nstack: net\ndefaults: {autoPay: true, bandwidth: 10}\npackages:\n".to_owned();
        for n in 0..50 {
            let moved = moved.replace('#', &n.to_string());
            writeln!(text, "  {key}{n}: {{areas: [China, Europe]{moved}}}").expect("a string grows");
        }
        text
    };
    let lab = Lab::of(&spec("new", ", movedFrom: old#"));
    lab.emulator.edit(|world| {
        world.packages.extend((0..50).map(|n| bought(&format!("cenbwp-{n}"), &format!("old{n}"))));
    });
    let plan = lab.run("plan --out plan.json");
    assert_eq!(plan.code, 0, "{}{}", plan.stdout, plan.stderr);
    assert!(plan.stdout.contains("~ 50 packages   are moved from the keys that they had"), "{}", plan.stdout);
    assert!(plan.stdout.contains("\nPlan: 50 to move."), "{}", plan.stdout);
    let saved: serde_json::Value = serde_json::from_str(&lab.read("plan.json")).expect("JSON");
    let changes = saved["resource_changes"].as_array().expect("a list");
    let first = &changes[0];
    assert_eq!(first["address"], "cen_bandwidth_package.net/new0");
    assert_eq!(first["previous_address"], "cen_bandwidth_package.net/old0");
    assert_eq!(first["change"]["after"]["tags"]["cenbwp"], "net/new0");
    // The first run is ended in its middle.
    lab.emulator.fault(Fault::new(TAG, When::call(20), Effect::CutAfter));
    let ran = lab.run("apply plan.json");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("Apply complete: 50 moved."), "{}", ran.stdout);
    let requests = lab.emulator.requests().into_iter();
    assert_eq!(requests.filter(|request| request.action == TAG).count(), 50);
    assert_eq!(purchases(&lab.emulator), [""; 0]);
    // The same plan again finds it done, and so does a spec without the lines.
    assert_eq!(lab.run("apply plan.json").code, 0);
    lab.file("cenbwp.yaml", &spec("new", ""));
    let after = lab.run("plan --detailed-exitcode");
    assert_eq!(after.code, 0, "{}{}", after.stdout, after.stderr);
    assert!(after.stdout.contains("No changes. 50 packages are up to date."), "{}", after.stdout);
}

/// A pipeline that is late applies the commit before the rename, after the rename was applied.
#[test]
fn older_commit_with_the_old_key_is_held_and_buys_nothing() {
    let lab = Lab::of(&net(&[("old", "autoPay: true, bandwidth: 10")]));
    lab.emulator.edit(|world| world.packages.push(bought("cenbwp-1", "new")));
    let ran = lab.run("apply --auto-approve");
    assert_eq!(ran.code, 4, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("`movedFrom: new`"), "{}", ran.stdout);
    assert_eq!(purchases(&lab.emulator), [""; 0]);
}
