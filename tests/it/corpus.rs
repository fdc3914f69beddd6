//! The fuzz corpus, replayed, and ten thousand inputs grown from it: the same ones every time.

use std::path::{Path, PathBuf};

use cenbwp::planned::Planned;
use cenbwp::situation::Situation;
use cenbwp_diff::{Observed, Options};
use cenbwp_spec::Source;

use crate::support::ONE;

#[path = "../../fuzz/checks.rs"]
mod checks;

/// The number of inputs that are grown for each reader.
const GROWN: usize = 2_500;

/// Checks every file of the corpus, and the inputs that grow from it.
fn replay(target: &str, more: &[&str], check: fn(&[u8])) {
    replay_with(Vec::new(), target, more, check);
}

/// Also checks these inputs: only the current version can write them, so no stored file stays valid.
fn replay_with(fresh: Vec<Vec<u8>>, target: &str, more: &[&str], check: fn(&[u8])) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lie below the root");
    let folders = [format!("fuzz/corpus/{target}")].into_iter().chain(more.iter().map(|it| (*it).to_owned()));
    let stored = folders.flat_map(|folder| files(&root.join(folder)));
    let fresh = fresh.into_iter().map(|bytes| (PathBuf::from("made by this test"), bytes));
    let seeds: Vec<(PathBuf, Vec<u8>)> = stored.chain(fresh).collect();
    assert!(seeds.len() >= 5, "{target} has a corpus");
    for (path, bytes) in &seeds {
        run(check, bytes, &path.display().to_string());
    }
    let seeds: Vec<Vec<u8>> =
        seeds.into_iter().map(|(_, bytes)| bytes).filter(|it| it.len() < 4_096).collect();
    let mut random = Random(target.len() as u64);
    for n in 0..GROWN {
        let bytes = grow(&seeds, &mut random);
        run(check, &bytes, &format!("input {n} grown for {target}"));
    }
}

/// Runs a check; if it fails, the test names the input.
fn run(check: fn(&[u8]), bytes: &[u8], what: &str) {
    let checked = std::panic::catch_unwind(|| check(bytes));
    assert!(checked.is_ok(), "{what}: {:?}", String::from_utf8_lossy(bytes));
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(&path).expect("a file"))).collect()
}

/// Returns one seed after a few accidents: bits flipped, bytes overwritten, cut off, repeated, grafted from
/// another.
fn grow(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let to = at + random.below(bytes.len() + 1 - at);
        let other = &seeds[random.below(seeds.len())];
        match random.below(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = random.next().to_le_bytes()[0],
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..to)),
            4 => {
                let piece = bytes[at..to].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let from = random.below(other.len() + 1);
                let end = from + random.below(other.len() + 1 - from);
                bytes.splice(at..to, other[from..end].iter().copied());
            }
        }
        bytes.truncate(8_192);
    }
    bytes
}

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `end`, which is not zero.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("it is below a usize")
    }
}

#[test]
fn no_bytes_break_the_reader_of_specs() {
    let cases =
        ["good", "good/shared", "bad", "bad/shared"].map(|it| format!("crates/spec/tests/cases/{it}"));
    replay("spec", &cases.each_ref().map(String::as_str), checks::spec);
}

#[test]
fn no_bytes_break_the_reader_of_listings() {
    replay("recording", &[], checks::recording);
}

#[test]
fn no_bytes_break_the_reader_of_replies() {
    replay("reply", &[], checks::reply);
}

#[test]
fn no_bytes_pass_for_harmless_text() {
    replay("neutral", &[], checks::neutral_text);
}

#[test]
fn no_bytes_break_the_reader_of_saved_plans() {
    let plan = saved_plan();
    assert!(plan.len() < 4_096, "others grow from it");
    Planned::read(&plan).expect("what is written is read");
    replay_with(vec![plan], "plan_file", &[], checks::plan_file);
}

/// Returns a plan as this version saves it, the same every time.
fn saved_plan() -> Vec<u8> {
    let text = ONE;
    let sources = [Source { name: "net.yaml".to_owned(), bytes: text.as_bytes().to_vec() }];
    let spec = cenbwp_spec::parse(&sources).spec.expect("it is valid");
    let options = Options {
        now: "2026-01-02T03:04:05Z".parse().expect("a time"),
        targets: None,
        skip_held: false,
        expiring_within: jiff::SignedDuration::ZERO,
        max_purchases: None,
        max_new_mbps: None,
    };
    let observed =
        Observed { packages: Vec::new(), unreadable: Vec::new(), complete: true, pairs: None, prices: None };
    let plan = cenbwp_diff::plan(&spec, &observed, &options);
    let account = Some("1234567890123456".parse().expect("digits"));
    let endpoint = Some("https://cbn.aliyuncs.com/".to_owned());
    let situation = Situation { account, endpoint, caller: None, observed };
    let planned = Planned::new(sources.into(), spec.into(), options, situation, plan);
    serde_json::to_vec(&planned.document()).expect("a document is JSON")
}
