//! A plan with everything that it was made from: what is shown, saved, approved and carried out.
//!
//! A saved plan holds its own inputs (the spec's text, the listing, the options), and planning is pure. So
//! reading one means planning again and comparing: a file that was changed by hand, by accident or on
//! purpose, does not give itself any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use cenbwp_diff::{Change, FieldChange, Options, Palette, Plan, Style, Update};
use cenbwp_spec::{Identity, Source, Spec};
use serde_json::Value;

use crate::exit::{Exit, Failure};
use crate::report::digest::sha256;
use crate::report::document::{Document, FORMAT_VERSION};
use crate::report::inputs::{Inputs, SavedInputs};
use crate::report::material::Material;
use crate::situation::{Situation, checked_plan};

/// A plan and its inputs.
#[derive(Debug)]
pub struct Planned {
    /// The spec's files.
    pub sources: Arc<[Source]>,
    /// What they declare.
    pub spec: Arc<Spec>,
    /// How it was planned, and when.
    pub options: Options,
    /// What was seen.
    pub situation: Situation,
    /// What has to happen.
    pub plan: Plan,
    /// Taken when it is asked for: a preview that nobody saves or approves needs none.
    digest: OnceLock<String>,
}

impl Planned {
    /// A plan with everything that it was made from.
    pub fn new(
        sources: Arc<[Source]>,
        spec: Arc<Spec>,
        options: Options,
        situation: Situation,
        plan: Plan,
    ) -> Self {
        Self { sources, spec, options, situation, plan, digest: OnceLock::new() }
    }

    /// What an approval names: the digest of this plan, or, of what is left of an approved one, of that.
    pub fn digest(&self) -> &str {
        self.digest.get_or_init(|| self.document().digest)
    }

    /// What is left of this plan, now that the world looks like this.
    pub fn rest(&self, options: Options, situation: Situation, plan: Plan) -> Self {
        let (sources, spec) = (Arc::clone(&self.sources), Arc::clone(&self.spec));
        Self { digest: self.digest().to_owned().into(), ..Self::new(sources, spec, options, situation, plan) }
    }

    /// What reports are made of.
    pub fn material(&self) -> Material<'_> {
        Material {
            plan: &self.plan,
            spec: &self.spec,
            observed: &self.situation.observed,
            options: &self.options,
            account: self.situation.account.as_ref(),
            endpoint: self.situation.endpoint.as_deref(),
            asker: self.situation.asker.as_ref(),
            sources: &self.sources,
        }
    }

    /// The plan as a document.
    pub fn document(&self) -> Document<'_> {
        Document::new(&self.material())
    }

    /// Tells whether it may be carried out. A plan of a recording never is: nobody can say what is live.
    pub fn is_applyable(&self) -> bool {
        self.material().is_applyable()
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
        if sha256(&saved["inputs"]) != saved["inputs_digest"] {
            return Err(broken(
                "inputs do not have the digest inputs_digest: the file was changed".to_owned(),
            ));
        }
        let planned = Self::recompute(&saved).map_err(broken)?;
        let document = planned.document();
        let again = serde_json::to_value(&document).expect("a document is JSON");
        match first_difference(&again, &saved, &mut String::new()) {
            None => Ok(Self { digest: document.digest.into(), ..planned }),
            Some(path) => {
                Err(broken(format!("{path} is not what the plan's own inputs give: the file was changed")))
            }
        }
    }

    /// Plans again from what a saved plan says it was made from.
    fn recompute(saved: &Value) -> Result<Self, String> {
        let Inputs { account, endpoint, asker, sources, observed, options } =
            SavedInputs::read(&saved["inputs"])?;
        let spec = cenbwp_spec::parse(&sources).spec.ok_or("inputs.sources: the spec has errors")?;
        let plan =
            checked_plan(&spec, &observed, &options).map_err(|failure| format!("{:#}", failure.error))?;
        let situation = Situation { account, endpoint, asker, observed };
        Ok(Self::new(sources.into(), Arc::new(spec), options, situation, plan))
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
        let untouched = |identity: &Identity| {
            !now.contains_key(identity) && fresh.held.iter().all(|held| held.identity != *identity)
        };
        let done = |change: &Change| match change {
            Change::Purchase(_) | Change::Update(_) | Change::Adopt(_) => {
                untouched(change.identity()) && fresh.in_sync.contains_key(&change.identity().address)
            }
            // What is released or retired may be gone altogether.
            Change::Release(_) | Change::Retire(_) => untouched(change.identity()),
        };
        let settled = self.plan.changes.iter().all(|change| wanted(change) || done(change));
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

/// Tells whether `now` is the change that was planned, or what is left of it: of a purchase or an adoption,
/// what follows it once the package is ours; of several fields, those that still differ.
fn is_rest_of(now: &Change, planned: &Change) -> bool {
    let within = |now: &Update, fields: &[FieldChange]| now.fields.iter().all(|field| fields.contains(field));
    match (now, planned) {
        (Change::Update(now), Change::Purchase(planned)) => within(now, &planned.then),
        (Change::Update(now), Change::Adopt(planned)) => now.id == planned.id && within(now, &planned.fields),
        (Change::Update(now), Change::Update(planned)) => {
            now.id == planned.id && within(now, &planned.fields)
        }
        (Change::Release(now), Change::Release(planned)) => {
            now.id == planned.id && now.tag_keys.is_subset(&planned.tag_keys)
        }
        (Change::Retire(now), Change::Retire(planned)) => {
            now.id == planned.id && now.detach.is_subset(&planned.detach) && now.delete == planned.delete
        }
        _ => now == planned,
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
