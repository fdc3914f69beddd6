//! Flags that shape a plan.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use cenbwp_diff::Options;
use cenbwp_spec::{Address, Limits, Mbps, Spec};
use jiff::{SignedDuration, Timestamp};

use crate::exit::{Exit, Failure};

/// The targets and the bounds of a plan.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct ScopeArgs {
    /// Only this package; repeatable
    #[arg(long, value_name = "STACK/PACKAGE", value_parser = super::values::address)]
    pub target: Vec<Address>,
    /// Go on without the held items
    #[arg(long)]
    pub skip_held: bool,
    /// Plan against recorded Describe replies instead of the cloud; such a plan is never applied
    #[arg(long, value_name = "FILE")]
    pub live_from: Option<PathBuf>,
    /// Buy at most N packages; may only tighten the spec's limits
    #[arg(long, value_name = "N")]
    pub max_purchases: Option<u32>,
    /// Add at most N Mbps; may only tighten the spec's limits
    #[arg(long, value_name = "N")]
    pub max_new_mbps: Option<u32>,
}

impl ScopeArgs {
    /// Returns the planner's options for this spec.
    ///
    /// # Errors
    /// Exit 3 when a target is not declared, or a limit would be looser than the spec's.
    pub(super) fn options(
        &self,
        spec: &Spec,
        now: Timestamp,
        expiring_within: Duration,
    ) -> Result<Options, Failure> {
        for target in &self.target {
            if spec.get(target).is_none() {
                return Err(unknown_target(target, spec));
            }
        }
        self.check_limits(spec)?;
        let targets = (!self.target.is_empty()).then(|| self.target.iter().cloned().collect::<BTreeSet<_>>());
        Ok(Options {
            now,
            targets,
            skip_held: self.skip_held,
            expiring_within: SignedDuration::try_from(expiring_within).unwrap_or(SignedDuration::MAX),
            max_purchases: self.max_purchases,
            max_new_mbps: self.max_new_mbps.map(Mbps),
        })
    }

    /// Refuses a flag that is looser than the spec. A flag bounds the whole run, so the spec's limit is the
    /// sum of the stacks' limits and of the default that stacks without a limit share.
    fn check_limits(&self, spec: &Spec) -> Result<(), Failure> {
        let stacks = || spec.stacks.values().map(|stack| stack.limits);
        let own: u64 = stacks().filter_map(|limits| limits.max_purchases).map(u64::from).sum();
        let shares_default = stacks().any(|limits| limits.max_purchases.is_none());
        let purchases = own + if shares_default { u64::from(Limits::DEFAULT_PURCHASES) } else { 0 };
        let mbps: Option<u64> =
            stacks().map(|limits| limits.max_new_mbps.map(|mbps| u64::from(mbps.0))).sum();
        let looser = |flag: Option<u32>, limit: Option<u64>| {
            Some((flag?, limit?)).filter(|(flag, limit)| u64::from(*flag) > *limit)
        };
        let refuse = |name, key, (flag, limit)| {
            let message =
                format!("--{name} {flag} is looser than the spec's {limit}, and a flag may only tighten it");
            Err(Failure::new(Exit::Invalid, message)
                .hint(format!("raise it in the spec, where it is reviewed, under `limits`: `{key}: {flag}`")))
        };
        if let Some(found) = looser(self.max_purchases, Some(purchases)) {
            return refuse("max-purchases", "maxPurchases", found);
        }
        match looser(self.max_new_mbps, mbps) {
            Some(found) => refuse("max-new-mbps", "maxNewMbps", found),
            None => Ok(()),
        }
    }
}

fn unknown_target(target: &Address, spec: &Spec) -> Failure {
    let declared: Vec<String> = spec.packages().map(|package| package.address.to_string()).collect();
    let names: Vec<&str> = declared.iter().map(String::as_str).collect();
    let failure =
        Failure::new(Exit::Invalid, format_args!("--target {target}: the spec does not declare it"));
    match similar::get_close_matches(target.to_string().as_str(), &names, 1, 0.6).first() {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None => failure,
    }
}
