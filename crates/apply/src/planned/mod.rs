//! A plan with everything that it was made from: what is shown, saved, approved and carried out.

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
    /// A plan with everything that it was made from, its spec read from these files, each named by itself.
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

    /// The same plan, its spec read from these paths: a folder among them may get another file.
    #[must_use]
    pub fn read_from(self, paths: Arc<[SpecPath]>) -> Self {
        Self { paths, ..self }
    }

    /// The digest that an approval names: that of this plan, or, of what is left of an approved one, of that.
    pub fn digest(&self) -> &str {
        self.digest.get_or_init(|| self.document().digest)
    }

    /// The rest of this plan, now that the world looks like this.
    pub fn rest(&self, options: Options, situation: Situation, plan: Plan) -> Self {
        let (sources, spec) = (Arc::clone(&self.sources), Arc::clone(&self.spec));
        let rest = Self::new(sources, spec, options, situation, plan).read_from(Arc::clone(&self.paths));
        Self { digest: self.digest().to_owned().into(), ..rest }
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
            paths: &self.paths,
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

    /// The line that names what approves the plan; empty where there is nothing to approve.
    pub fn approved_by(&self) -> String {
        let is_open = self.is_applyable() && !self.plan.is_empty();
        if is_open { format!("Digest {}\n", self.digest()) } else { String::new() }
    }

    /// The plan as text.
    pub fn text(&self, color: bool, width: usize) -> String {
        let palette = if color { Palette::coloured() } else { Palette::plain() };
        cenbwp_diff::render(&self.plan, &Style { palette, width })
    }
}
