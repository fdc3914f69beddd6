//! Reads saved plans.
//!
//! A saved plan holds its own inputs (the spec's text, the paths that it was read from, the listing, the
//! options), and planning is a pure function of them. So a saved plan is read by planning again and
//! comparing: a file that was changed by accident, or only in part, no longer equals the plan of its inputs.
//!
//! The digests have no key. They prove that a file equals the plan of its inputs, and not who made it: a
//! stranger who changes the inputs can compute all digests again. Purchases are protected by what such a file
//! cannot change: the spec on disk, the account pins, the listing, and the assertions `-f` and
//! `--plan-digest`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Planned;
use super::digest::sha256;
use super::document::FORMAT_VERSION;
use super::inputs::SavedInputs;
use crate::exit::{Exit, Failure};

impl Planned {
    /// Reads a saved plan.
    ///
    /// # Errors
    /// Exit 3 when it is not a saved plan, was made by another version, or differs from the plan of its own
    /// inputs.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let broken =
            |what: String| Failure::new(Exit::Invalid, what).hint("plan again: cenbwp plan --out FILE");
        let saved: Value =
            serde_json::from_slice(bytes).map_err(|error| broken(format!("not a saved plan: {error}")))?;
        if saved["format_version"].is_null() {
            return Err(broken("not a saved plan: it has no format_version".to_owned()));
        }
        for (name, found, expected) in [
            ("tool.version", &saved["tool"]["version"], env!("CARGO_PKG_VERSION")),
            ("format_version", &saved["format_version"], FORMAT_VERSION),
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
        let planned = SavedInputs::plan(&saved["inputs"]).map_err(broken)?;
        let document = planned.document();
        let again = serde_json::to_value(&document).expect("a document is JSON");
        match first_difference(&again, &saved, &mut String::new()) {
            None => Ok(Self { digest: document.digest.into(), ..planned }),
            Some(path) => {
                Err(broken(format!("{path} is not what the plan's own inputs give: the file was changed")))
            }
        }
    }
}

/// Returns the first place where two values differ, as a path such as `purchases[0].request.Bandwidth`.
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
            // A digest comes last: a difference in the values that it covers says more.
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
