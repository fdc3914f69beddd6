//! A saved plan that is to be applied: every check that needs no network, and the commands that go on from it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cenbwp_diff::Options;
use cenbwp_spec::{Source, Spec};
use serde_json::json;

use super::inputs::{self, spec_path};
use super::scope::ScopeArgs;
use super::selection::SelectionArgs;
use crate::clock::Clock;
use crate::exit::{Exit, Failure};
use crate::files::{self, Walk, shown};
use crate::planned::digest::PlanDigest;
use crate::planned::document::spec_digest;
use crate::planned::{Planned, SpecPath};
use crate::report::Commands;

/// The most files that a message names.
const NAMED: usize = 5;

/// The conditions that a saved plan must meet, from the command line.
pub(super) struct Expected<'a> {
    /// The file of the plan.
    pub plan: &'a Path,
    /// The flags that shape a plan. A saved plan holds their values, so none may stand beside it.
    pub scope: &'a ScopeArgs,
    /// The greatest age of the plan.
    pub ttl: Duration,
    /// The spec's paths that the plan was made of; empty to accept any.
    pub paths: &'a [PathBuf],
    /// The digest of the plan; `None` to accept any.
    pub digest: Option<&'a PlanDigest>,
    /// True to compare the spec on disk with the one that the plan was made of.
    pub same_spec: bool,
}

/// Checks a saved plan that is to be applied.
///
/// # Errors
/// Exit 3 when a flag beside it would shape another plan, exit 5 when it is not the expected plan, and exit 4
/// when it was made from a recording.
pub(super) fn check(saved: &Planned, expected: &Expected<'_>, commands: &Commands) -> Result<(), Failure> {
    let checked = check_offline(saved, expected);
    checked.map_err(|failure| named(failure, commands))
}

fn check_offline(saved: &Planned, expected: &Expected<'_>) -> Result<(), Failure> {
    let in_file =
        |failure: Failure| Failure { error: failure.error.context(shown(expected.plan)), ..failure };
    if let Some(flag) = shaping(expected.scope).first() {
        let message = format!("a saved plan is fixed, so {flag} cannot be used with it");
        return Err(in_file(Failure::new(Exit::Invalid, message).hint(AGAIN)));
    }
    saved.check_age(Clock::System.now(), expected.ttl).map_err(in_file)?;
    check_asserted(saved, expected).map_err(in_file)?;
    if expected.same_spec {
        compare_with_disk(saved)?;
    }
    match saved.situation.account {
        Some(_) => Ok(()),
        None => {
            Err(Failure::new(Exit::Refused, "the plan was made from a recording, which is not the cloud")
                .hint("without --live-from, plan again"))
        }
    }
}

/// The last words of a hint to which [`named`] adds the command.
const AGAIN: &str = "plan again";

/// Adds the command that plans again to a hint that ends in these words. After a request that failed, the same plan may
/// still be good.
pub(super) fn named(failure: Failure, commands: &Commands) -> Failure {
    if failure.exit == Exit::Error {
        return failure;
    }
    let command = commands.anew.as_ref().unwrap_or(&commands.again);
    let name = |hint: String| if hint.ends_with(AGAIN) { format!("{hint}: `{command}`") } else { hint };
    Failure { hint: failure.hint.map(name), ..failure }
}

/// Returns the flags that shape a plan, as far as they are given.
fn shaping(scope: &ScopeArgs) -> Vec<&'static str> {
    let ScopeArgs { selection, skip_held, live_from, max_purchases, max_new_mbps, price } = scope;
    let SelectionArgs { target, exclude, account } = selection;
    let all = [
        ("--target", !target.is_empty()),
        ("--exclude", !exclude.is_empty()),
        ("--account", account.is_some()),
        ("--skip-held", *skip_held),
        ("--live-from", live_from.is_some()),
        ("--max-purchases", max_purchases.is_some()),
        ("--max-new-mbps", max_new_mbps.is_some()),
        ("--price", *price),
    ];
    all.into_iter().filter(|(_, is_given)| *is_given).map(|(flag, _)| flag).collect()
}

/// Returns the command lines that go on from a saved plan. It remembers its spec and its scope, so a new plan names
/// both, unless a flag names another: `typed` has those that were typed beside it.
pub(super) fn commands(path: &Path, expected: &Expected<'_>, saved: &Planned, typed: &Commands) -> Commands {
    let paths = if expected.paths.is_empty() { &saved.paths[..] } else { &[] };
    let given = shaping(expected.scope);
    let Options { targets, skip_held, max_purchases, max_new_mbps, .. } = &saved.options;
    let mut flags: Vec<(&str, String)> = Vec::new();
    let is_selected = ["--target", "--exclude", "--account"].iter().any(|flag| given.contains(flag));
    if let Some(targets) = targets.as_ref().filter(|_| !is_selected) {
        let selectors = SelectionArgs::selectors(targets, &saved.spec);
        flags.extend(selectors.iter().map(|selector| ("--target", format!(" {selector}"))));
    }
    flags.extend(skip_held.then(|| ("--skip-held", String::new())));
    flags.extend(saved.plan.is_priced.then(|| ("--price", String::new())));
    flags.extend(max_purchases.map(|most| ("--max-purchases", format!(" {most}"))));
    flags.extend(max_new_mbps.map(|most| ("--max-new-mbps", format!(" {}", most.0))));
    let mut plan = typed.plan.clone();
    plan.extend(paths.iter().map(|path| format!(" {}", path.flag())));
    let flags = flags.iter().filter(|(flag, _)| !given.contains(flag));
    plan.extend(flags.map(|(flag, value)| format!(" {flag}{value}")));
    // A plan that came through a pipe gets a name.
    let file = match SpecPath::from(path.display().to_string()) {
        SpecPath::Disk(_) => path,
        SpecPath::Stream => Path::new("plan.json"),
    };
    let anew = Some(format!("{plan} -o {}", files::typed(file)));
    Commands { plan, anew, ..typed.clone() }
}

/// Refuses a plan if the user named other paths of a spec, or another digest, beside it.
fn check_asserted(saved: &Planned, expected: &Expected<'_>) -> Result<(), Failure> {
    let stale = |message| {
        Failure::new(Exit::Stale, message)
            .hint("nothing was sent; fetch the plan that was reviewed, or plan again")
    };
    let paths: Vec<SpecPath> = expected.paths.iter().map(|path| spec_path(path)).collect();
    if !paths.is_empty() && !SpecPath::are_same(&paths, &saved.paths) {
        let (made, expected) = (SpecPath::flags(&saved.paths), SpecPath::flags(&paths));
        return Err(stale(format!("the plan was made of {made}, and {expected} was expected")));
    }
    match expected.digest.filter(|expected| !expected.is(saved.digest())) {
        Some(expected) => Err(stale(format!("the plan is {}, and {expected} was expected", saved.digest()))),
        None => Ok(()),
    }
}

/// Compares the spec in a saved plan with the spec that its paths hold now. Comments and layout make no
/// difference; the set of files does, whatever a new file declares.
///
/// # Errors
/// Exit 5 when a file was added, removed or renamed, when the files now declare something else, or when the
/// spec cannot be read again.
fn compare_with_disk(saved: &Planned) -> Result<(), Failure> {
    let stale = |message: String| {
        Failure::new(Exit::Stale, message).hint(
            "--without-spec applies the older plan, without a question; to review what the spec says now, plan again",
        )
    };
    let paths: Option<Vec<PathBuf>> = saved.paths.iter().map(on_disk).collect();
    let paths = paths.ok_or_else(|| {
        stale("the plan was made of stdin or a pipe, which cannot be read again".to_owned())
    })?;
    let inputs::Files { sources, unread } =
        inputs::read_sources(&Walk::of(&paths)).map_err(|failure| stale(format!("{:#}", failure.error)))?;
    let moved = moved(&saved.sources, &sources);
    if !moved.is_empty() {
        return Err(stale(format!("{} after the plan was made", listed(&moved))));
    }
    let spec = cenbwp_spec::parse_with(&sources, &unread).spec;
    if spec.as_ref().map(spec_digest) == Some(spec_digest(&saved.spec)) {
        return Ok(());
    }
    let changed = sources.iter().zip(&*saved.sources).filter(|(now, then)| now.bytes != then.bytes);
    let names: Vec<String> = changed.map(|(now, _)| shown(Path::new(&now.name))).collect();
    let what = match &spec {
        Some(spec) => listed(&differing(&saved.spec, spec)),
        None => "it has errors".to_owned(),
    };
    Err(stale(format!("{}: the spec changed after the plan was made: {what}", listed(&names))))
}

/// Returns a text for each package, and for each stack's own lines, that the two specs declare differently.
fn differing(then: &Spec, now: &Spec) -> Vec<String> {
    let facts = |spec: &Spec| -> BTreeMap<String, serde_json::Value> {
        let stacks = spec.stacks.iter();
        let stacks =
            stacks.map(|(name, stack)| (format!("stack {name}"), json!([stack.account, stack.limits])));
        let packages = spec.packages().map(|it| (it.address.to_string(), json!(it)));
        stacks.chain(packages).collect()
    };
    let (then, now) = (facts(then), facts(now));
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let how = |name: &String| match (then.get(name), now.get(name)) {
        (Some(then), Some(now)) if then == now => None,
        (Some(_), Some(_)) => Some("differs"),
        (Some(_), None) => Some("is gone"),
        (None, _) => Some("is new"),
    };
    names.into_iter().filter_map(|name| Some(format!("{name} {}", how(name)?))).collect()
}

/// Returns the path, if it can be read again: it was no pipe when the plan was made, and is none now.
fn on_disk(path: &SpecPath) -> Option<PathBuf> {
    let SpecPath::Disk(path) = path else { return None };
    let path = PathBuf::from(path);
    (spec_path(&path) != SpecPath::Stream).then_some(path)
}

/// Returns a text for each file that only one side has.
fn moved(then: &[Source], now: &[Source]) -> Vec<String> {
    let names =
        |sources| -> BTreeSet<&str> { <[Source]>::iter(sources).map(|it| it.name.as_str()).collect() };
    let (then, now) = (names(then), names(now));
    let line = |name: &&str, how| format!("{} was {how}", shown(Path::new(name)));
    let removed = then.difference(&now).map(|name| line(name, "removed"));
    removed.chain(now.difference(&then).map(|name| line(name, "added"))).collect()
}

/// Returns `a, b and 3 more`.
pub(super) fn listed(all: &[String]) -> String {
    let first = all[..all.len().min(NAMED)].join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
