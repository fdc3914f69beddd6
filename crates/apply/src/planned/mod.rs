//! A plan with everything that it was made from, as it is shown, saved, approved and carried out.

mod approved;
pub(crate) mod digest;
pub mod document;
mod inputs;
mod paths;
mod resource;
pub(crate) mod rows;
mod saved;

use std::sync::{Arc, OnceLock};

use cenbwp_diff::{Options, Plan, Style};
use cenbwp_spec::{Source, Spec};

pub use paths::SpecPath;

use crate::clock;
use crate::situation::Situation;

/// A plan and its inputs.
#[derive(Debug)]
pub struct Planned {
    /// The paths that the spec was read from.
    pub paths: Arc<[SpecPath]>,
    /// The spec's files.
    pub sources: Arc<[Source]>,
    /// The spec that they declare.
    pub spec: Arc<Spec>,
    /// The options and the time of the planning.
    pub options: Options,
    /// The live state that it was made for.
    pub situation: Situation,
    /// The plan itself.
    pub plan: Plan,
    /// Computed when it is needed: a preview that is neither saved nor approved needs none.
    digest: OnceLock<String>,
}

impl Planned {
    /// Returns a plan with everything that it was made from. Each file of its spec counts as named by itself.
    pub fn new(
        sources: Arc<[Source]>,
        spec: Arc<Spec>,
        options: Options,
        situation: Situation,
        plan: Plan,
    ) -> Self {
        let paths = sources.iter().map(|source| SpecPath::from(source.name.clone())).collect();
        Self { paths, sources, spec, options, situation, plan, digest: OnceLock::new() }
    }

    /// Returns the same plan with its spec read from these paths. Unlike a list of files, a folder may get
    /// another file.
    #[must_use]
    pub fn read_from(self, paths: Arc<[SpecPath]>) -> Self {
        Self { paths, ..self }
    }

    /// Returns true if it may be carried out. A plan of a recording may not: the live state is not known.
    pub fn is_applyable(&self) -> bool {
        self.plan.is_applyable() && self.situation.account.is_some()
    }

    /// Returns the plan as text.
    pub fn text(&self, style: &Style) -> String {
        cenbwp_diff::render(&self.plan, style)
    }

    /// Returns the digest, the account and the paths that the plan was made for, and whether it can be applied.
    pub fn origin(&self) -> String {
        let made_for = match (&self.situation.account, &self.situation.endpoint) {
            (Some(account), Some(endpoint)) => {
                let caller = self.situation.caller.as_ref().map(|caller| format!(", asked with {caller},"));
                let caller = caller.unwrap_or_default();
                format!("account {account}{} at {endpoint}", cenbwp_diff::neutral(&caller))
            }
            _ => "a recording".to_owned(),
        };
        let (digest, made) = (self.digest(), clock::for_people(self.options.now));
        let paths = SpecPath::flags(&self.paths);
        let verdict = if self.is_applyable() { "" } else { "It cannot be applied as it is.\n" };
        format!("Digest {digest}\n\nMade for {made_for}, {made}.\nMade of {paths}.\n{verdict}")
    }
}
