//! The inputs of a saved plan, in their saved form. The form is internal: only the version of the tool that
//! wrote it reads it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cenbwp_diff::{Observed, Options};
use cenbwp_spec::{AccountId, Address, Mbps, Source};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::digest::Hasher;
use super::{Planned, SpecPath};
use crate::cloud::Caller;
use crate::situation::{Situation, checked_plan};

/// The inputs of a plan, in the form in which they are saved.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedInputs<'a> {
    account_id: Option<AccountId>,
    endpoint: Option<String>,
    credentials: Option<Caller>,
    created_at: Timestamp,
    paths: Cow<'a, [SpecPath]>,
    sources: Vec<SavedSource<'a>>,
    observed: Cow<'a, Observed>,
    options: SavedOptions,
}

impl<'a> SavedInputs<'a> {
    /// Plans again from the inputs of a saved plan.
    ///
    /// # Errors
    /// Names the part that does not have the form that [`SavedInputs::new`] gives it, or says why no plan
    /// comes of them.
    pub(super) fn plan(saved: &Value) -> Result<Planned, String> {
        let inputs = Self::deserialize(saved).map_err(|error| format!("inputs: {error}"))?;
        let Self { account_id, endpoint, credentials, created_at, paths, sources, observed, options } =
            inputs;
        let sources: Arc<[Source]> = sources.into_iter().map(Source::from).collect();
        let (observed, options) = (observed.into_owned(), options.at(created_at)?);
        let spec = cenbwp_spec::parse(&sources).spec.ok_or("inputs.sources: the spec has errors")?;
        let plan =
            checked_plan(&spec, &observed, &options).map_err(|failure| format!("{:#}", failure.error))?;
        let situation = Situation { account: account_id, endpoint, caller: credentials, observed };
        let planned = Planned::new(sources, spec.into(), options, situation, plan);
        Ok(planned.read_from(paths.into_owned().into()))
    }

    /// Returns the inputs of a plan. The sources are text, because a spec without errors is UTF-8.
    pub(super) fn new(planned: &'a Planned) -> Self {
        let Planned { paths, sources, situation, options, .. } = planned;
        let Situation { account, endpoint, caller, observed } = situation;
        let Options { now, targets, skip_held, expiring_within, max_purchases, max_new_mbps } = options;
        let sources = sources.iter().map(|Source { name, bytes }| SavedSource {
            name: name.into(),
            text: String::from_utf8_lossy(bytes),
        });
        Self {
            account_id: account.clone(),
            endpoint: endpoint.clone(),
            credentials: caller.clone(),
            created_at: *now,
            paths: Cow::Borrowed(paths),
            sources: sources.collect(),
            observed: Cow::Borrowed(observed),
            options: SavedOptions {
                targets: targets.clone(),
                skip_held: *skip_held,
                expiring_within_seconds: expiring_within.as_secs().unsigned_abs(),
                max_purchases: *max_purchases,
                max_new_mbps: *max_new_mbps,
            },
        }
    }

    /// Returns the digest of all inputs.
    pub(super) fn digest(&self) -> String {
        let Self { account_id, endpoint, credentials, created_at, paths, sources, observed, options } = self;
        let mut hasher = Hasher::default();
        hasher.object(|inputs| {
            inputs.member("account_id", account_id);
            inputs.member("created_at", created_at);
            inputs.member("credentials", credentials);
            inputs.member("endpoint", endpoint);
            inputs.object("observed", |members| {
                let Observed { packages, unreadable, complete, pairs, prices } = &**observed;
                members.member("complete", complete);
                members.rows("packages", packages.iter());
                // Left out of the file, too, if they were not asked for.
                if let Some(pairs) = pairs {
                    members.rows("pairs", pairs.iter());
                }
                prices.iter().for_each(|prices| members.member("prices", prices));
                members.rows("unreadable", unreadable.iter());
            });
            inputs.member("options", options);
            inputs.member("paths", paths);
            inputs.rows("sources", sources.iter());
        });
        hasher.finish()
    }
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SavedSource<'a> {
    name: Cow<'a, str>,
    text: Cow<'a, str>,
}

impl From<SavedSource<'_>> for Source {
    fn from(SavedSource { name, text }: SavedSource<'_>) -> Self {
        Self { name: name.into_owned(), bytes: text.into_owned().into_bytes() }
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
