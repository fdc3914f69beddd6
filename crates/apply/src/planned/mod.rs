//! A plan with everything that it was made from, as it is shown, saved, approved and carried out.

mod approved;
mod paths;
mod saved;

use std::sync::{Arc, OnceLock};

use cenbwp_diff::{Options, Palette, Plan, Style};
use cenbwp_spec::{Source, Spec};

pub use approved::Applier;
pub use paths::SpecPath;

use crate::report::document::Document;
use crate::report::material::Material;
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

    /// Returns the digest that an approval names: this plan's own, or, if it is the rest of an approved plan,
    /// that plan's.
    pub fn digest(&self) -> &str {
        self.digest.get_or_init(|| self.document().digest)
    }

    /// Returns the rest of this plan, for this newer situation.
    pub fn rest(&self, options: Options, situation: Situation, plan: Plan) -> Self {
        let (sources, spec) = (Arc::clone(&self.sources), Arc::clone(&self.spec));
        let rest = Self::new(sources, spec, options, situation, plan).read_from(Arc::clone(&self.paths));
        Self { digest: self.digest().to_owned().into(), ..rest }
    }

    /// Returns what reports are made of.
    pub fn material(&self) -> Material<'_> {
        Material {
            plan: &self.plan,
            spec: &self.spec,
            observed: &self.situation.observed,
            options: &self.options,
            account: self.situation.account.as_ref(),
            endpoint: self.situation.endpoint.as_deref(),
            caller: self.situation.caller.as_ref(),
            paths: &self.paths,
            sources: &self.sources,
        }
    }

    /// Returns the plan as a document.
    pub fn document(&self) -> Document<'_> {
        Document::new(&self.material())
    }

    /// Returns true if it may be carried out. A plan of a recording may not: the live state is not known.
    pub fn is_applyable(&self) -> bool {
        self.material().is_applyable()
    }

    /// Returns the line with the digest that approves the plan; empty if there is nothing to approve.
    pub fn approved_by(&self) -> String {
        let is_open = self.is_applyable() && !self.plan.is_empty();
        if is_open { format!("Digest {}\n", self.digest()) } else { String::new() }
    }

    /// Returns the plan as text.
    pub fn text(&self, color: bool, width: usize) -> String {
        let palette = if color { Palette::coloured() } else { Palette::plain() };
        cenbwp_diff::render(&self.plan, &Style { palette, width })
    }
}
