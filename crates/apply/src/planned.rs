//! A plan with everything that it was made from: what is shown, saved, approved and carried out.
//!
//! A saved plan holds its own inputs (the spec's text, the listing, the options), and planning is pure. So
//! reading one means planning again and comparing: a file that was changed by hand, by accident or on
//! purpose, does not give itself any more.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cenbwp_diff::{Change, Observed, Options, Palette, Plan, Style};
use cenbwp_spec::{AccountId, Address, Identity, Mbps, Source, Spec};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::exit::{Exit, Failure};
use crate::report::document::{self, Document, FORMAT_VERSION, Material};
use crate::situation::{Situation, checked_plan};

/// A plan and its inputs.
#[derive(Debug)]
pub struct Planned {
    /// The spec's files.
    pub sources: Vec<Source>,
    /// What they declare.
    pub spec: Spec,
    /// How it was planned, and when.
    pub options: Options,
    /// What was seen.
    pub situation: Situation,
    /// What has to happen.
    pub plan: Plan,
}

impl Planned {
    /// What reports are made of.
    pub fn material(&self) -> Material<'_> {
        Material {
            plan: &self.plan,
            spec: &self.spec,
            observed: &self.situation.observed,
            options: &self.options,
            account: self.situation.account.as_ref(),
            endpoint: self.situation.endpoint.as_deref(),
            sources: &self.sources,
        }
    }

    /// The plan as a document.
    pub fn document(&self) -> Document {
        Document::new(&self.material())
    }

    /// The plan as text.
    pub fn text(&self, color: bool, width: usize) -> String {
        let palette = if color { Palette::coloured() } else { Palette::plain() };
        cenbwp_diff::render(&self.plan, &Style { palette, width })
    }

    /// Reads a saved plan.
    ///
    /// # Errors
    /// Exit 3 when it is no saved plan, was made by another version, or is not what its own inputs give.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let broken =
            |what: String| Failure::new(Exit::Invalid, what).hint("plan again: cenbwp plan --out FILE");
        let saved: Value =
            serde_json::from_slice(bytes).map_err(|error| broken(format!("not a saved plan: {error}")))?;
        for (name, found, expected) in [
            ("format_version", &saved["format_version"], FORMAT_VERSION),
            ("tool.version", &saved["tool"]["version"], env!("CARGO_PKG_VERSION")),
        ] {
            if found != expected {
                return Err(broken(format!(
                    "{name} is {found}, expected {expected:?}: a plan is for the version that made it"
                )));
            }
        }
        if document::sha256(&saved["inputs"]) != saved["inputs_digest"] {
            return Err(broken(
                "inputs do not have the digest inputs_digest: the file was changed".to_owned(),
            ));
        }
        let planned = Self::recompute(&saved).map_err(broken)?;
        let again = serde_json::to_value(planned.document()).expect("a document is JSON");
        match first_difference(&again, &saved, &mut String::new()) {
            None => Ok(planned),
            Some(path) => {
                Err(broken(format!("{path} is not what the plan's own inputs give: the file was changed")))
            }
        }
    }

    /// Plans again from what a saved plan says it was made from.
    fn recompute(saved: &Value) -> Result<Self, String> {
        let inputs =
            SavedInputs::deserialize(&saved["inputs"]).map_err(|error| format!("inputs: {error}"))?;
        let SavedInputs { account_id: account, endpoint, created_at, sources, observed, options } = inputs;
        let sources: Vec<Source> = sources.into_iter().map(Source::from).collect();
        let spec = cenbwp_spec::parse(&sources).spec.ok_or("inputs.sources: the spec has errors")?;
        let options = options.at(created_at)?;
        let plan =
            checked_plan(&spec, &observed, &options).map_err(|failure| format!("{:#}", failure.error))?;
        Ok(Self { sources, spec, options, situation: Situation { account, endpoint, observed }, plan })
    }

    /// Returns what of this plan is still to be done, now that the same spec gives the plan `fresh`.
    ///
    /// Each change is still needed, and kept; or done by now, and dropped: this is how an apply that was
    /// killed resumes. What only `fresh` wants was never approved, and is left for another plan.
    ///
    /// # Errors
    /// Exit 5, showing both plans, when a change is neither, or when something is held or exceeded that
    /// was not.
    pub fn still_approved(&self, fresh: &Plan) -> Result<Plan, Failure> {
        let (planned, now) = (by_identity(&self.plan), by_identity(fresh));
        let wanted = |change: &Change| now.get(change.identity()).is_some_and(|now| is_rest_of(now, change));
        let done = |identity: &Identity| {
            let declared =
                self.spec.get(&identity.address).is_some_and(|package| package.identity() == *identity);
            declared && fresh.in_sync.contains_key(&identity.address)
        };
        let settled = self.plan.changes.iter().all(|change| wanted(change) || done(change.identity()));
        let unheld = fresh.held.iter().all(|held| self.plan.held.contains(held));
        let mut rest = fresh.clone();
        rest.changes.retain(|now| planned.get(now.identity()).is_some_and(|change| is_rest_of(now, change)));
        if settled && unheld && fresh.breaches.is_empty() && fresh.complete {
            return Ok(rest);
        }
        let text = |plan| cenbwp_diff::render(plan, &Style::plain());
        let (planned, now) = (text(&self.plan), text(fresh));
        let diff =
            similar::TextDiff::from_lines(&planned, &now).unified_diff().header("planned", "now").to_string();
        Err(Failure::new(Exit::Stale, format_args!("the world changed after the plan was made\n{diff}"))
            .hint("nothing was sent; plan again and review the new plan"))
    }
}

fn by_identity(plan: &Plan) -> BTreeMap<&Identity, &Change> {
    plan.changes.iter().map(|change| (change.identity(), change)).collect()
}

/// Tells whether `now` is the change that was planned, or what is left of it: of a purchase, what follows
/// it once the package is there.
fn is_rest_of(now: &Change, planned: &Change) -> bool {
    match (now, planned) {
        (Change::Update(update), Change::Purchase(purchase)) => {
            update.identity == purchase.identity
                && update.fields.iter().all(|field| purchase.then.contains(field))
        }
        _ => now == planned,
    }
}

/// What a saved plan was made from.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SavedInputs {
    account_id: Option<AccountId>,
    endpoint: Option<String>,
    created_at: Timestamp,
    sources: Vec<SavedSource>,
    observed: Observed,
    options: SavedOptions,
}

impl SavedInputs {
    /// The inputs of a plan. A spec without errors is UTF-8.
    pub fn new(material: &Material<'_>) -> Self {
        let Options { now, targets, skip_held, expiring_within, max_purchases, max_new_mbps } =
            material.options;
        let sources = material.sources.iter().map(|Source { name, bytes }| SavedSource {
            name: name.clone(),
            text: String::from_utf8_lossy(bytes).into_owned(),
        });
        Self {
            account_id: material.account.cloned(),
            endpoint: material.endpoint.map(str::to_owned),
            created_at: *now,
            sources: sources.collect(),
            observed: material.observed.clone(),
            options: SavedOptions {
                targets: targets.clone(),
                skip_held: *skip_held,
                expiring_within_seconds: expiring_within.as_secs().unsigned_abs(),
                max_purchases: *max_purchases,
                max_new_mbps: *max_new_mbps,
            },
        }
    }
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SavedSource {
    name: String,
    text: String,
}

impl From<SavedSource> for Source {
    fn from(SavedSource { name, text }: SavedSource) -> Self {
        Self { name, bytes: text.into_bytes() }
    }
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SavedOptions {
    targets: Option<BTreeSet<Address>>,
    skip_held: bool,
    expiring_within_seconds: u64,
    max_purchases: Option<u32>,
    max_new_mbps: Option<Mbps>,
}

impl SavedOptions {
    fn at(self, now: Timestamp) -> Result<Options, String> {
        let Self { targets, skip_held, expiring_within_seconds, max_purchases, max_new_mbps } = self;
        let expiring_within = SignedDuration::try_from(Duration::from_secs(expiring_within_seconds))
            .map_err(|error| format!("inputs.options.expiring_within_seconds: {error}"))?;
        Ok(Options { now, targets, skip_held, expiring_within, max_purchases, max_new_mbps })
    }
}

/// Where two values differ first, as a path such as `purchases[0].request.Bandwidth`.
fn first_difference(one: &Value, other: &Value, path: &mut String) -> Option<String> {
    let deeper = |path: &mut String, step: &str, one: &Value, other: &Value| {
        let length = path.len();
        path.push_str(step);
        let found = first_difference(one, other, path);
        path.truncate(length);
        found
    };
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            // A digest comes last: what it is over says more.
            let names: BTreeSet<_> =
                one.keys().chain(other.keys()).map(|name| (name == "digest", name)).collect();
            names.into_iter().find_map(|(_, name)| {
                let step = if path.is_empty() { name.clone() } else { format!(".{name}") };
                match (one.get(name), other.get(name)) {
                    (Some(one), Some(other)) => deeper(path, &step, one, other),
                    _ => Some(format!("{path}{step}")),
                }
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let mut pairs = one.iter().zip(other).enumerate();
            pairs.find_map(|(n, (one, other))| deeper(path, &format!("[{n}]"), one, other))
        }
        _ => (one != other).then(|| path.clone()),
    }
}
