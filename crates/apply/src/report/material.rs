//! What reports and documents of a plan are made of.

use cenbwp_diff::{Observed, Options, Plan};
use cenbwp_spec::{AccountId, Source, Spec};

use crate::cloud::Caller;
use crate::planned::SpecPath;

/// Everything a document is made of.
#[derive(Clone, Copy, Debug)]
pub struct Material<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What was declared.
    pub spec: &'a Spec,
    /// What was seen.
    pub observed: &'a Observed,
    /// How it was planned.
    pub options: &'a Options,
    /// Whose packages; `None` for a recording.
    pub account: Option<&'a AccountId>,
    /// Where they were listed; `None` for a recording.
    pub endpoint: Option<&'a str>,
    /// Who listed them; `None` for a recording.
    pub caller: Option<&'a Caller>,
    /// The paths that the spec was read from.
    pub paths: &'a [SpecPath],
    /// The spec's files.
    pub sources: &'a [Source],
}

impl Material<'_> {
    /// Tells whether the plan may be carried out. One of a recording never is: nobody can say what is live.
    pub(crate) fn is_applyable(&self) -> bool {
        self.plan.is_applyable() && self.account.is_some()
    }
}
