//! The data that reports and documents of a plan are made from.

use cenbwp_diff::{Observed, Options, Plan};
use cenbwp_spec::{AccountId, Source, Spec};

use crate::cloud::Caller;
use crate::planned::SpecPath;

/// A plan and all its inputs.
#[derive(Clone, Copy, Debug)]
pub struct Material<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The spec.
    pub spec: &'a Spec,
    /// The listing.
    pub observed: &'a Observed,
    /// The planner's options.
    pub options: &'a Options,
    /// The account that owns the packages; `None` for a recording.
    pub account: Option<&'a AccountId>,
    /// The endpoint that listed them; `None` for a recording.
    pub endpoint: Option<&'a str>,
    /// Who listed them; `None` for a recording.
    pub caller: Option<&'a Caller>,
    /// The paths that the spec was read from.
    pub paths: &'a [SpecPath],
    /// The spec's files.
    pub sources: &'a [Source],
}

impl Material<'_> {
    /// Returns true if the plan may be carried out. A plan from a recording may not: a recording does not
    /// prove what is live.
    pub(crate) fn is_applyable(&self) -> bool {
        self.plan.is_applyable() && self.account.is_some()
    }
}
