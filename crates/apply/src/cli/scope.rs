//! Flags that shape a plan.

use std::path::PathBuf;
use std::time::Duration;

use cenbwp_diff::Options;
use cenbwp_spec::{Limits, Mbps, Spec};
use jiff::{SignedDuration, Timestamp};

use super::selection::SelectionArgs;
use crate::exit::{Exit, Failure};
use crate::situation::Prices;

/// The selection and the bounds of a plan.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct ScopeArgs {
    #[command(flatten)]
    pub selection: SelectionArgs,
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
    /// Ask what the purchases cost, and show it; a spec with `maxSpend` always asks
    #[arg(long)]
    pub price: bool,
}

impl ScopeArgs {
    /// Returns the wish to know what purchases cost.
    pub(super) fn prices(&self) -> Prices {
        if self.price { Prices::Always } else { Prices::WhereLimited }
    }

    /// Returns the planner's options for this spec.
    ///
    /// # Errors
    /// Exit 3 when a selected package is not declared, or a limit would be looser than the spec's.
    pub(super) fn options(
        &self,
        spec: &Spec,
        now: Timestamp,
        expiring_within: Duration,
    ) -> Result<Options, Failure> {
        let targets = self.selection.of(spec)?;
        self.check_limits(spec)?;
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
