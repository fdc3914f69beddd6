//! The command lines that messages name.

/// Command lines that go on from a run: with its flags, quoted for a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commands {
    /// The command of the run itself.
    pub again: String,
    /// `cenbwp plan` for the same spec.
    pub plan: String,
    /// `cenbwp apply` for the same spec, or the same saved plan. It names no digest: what is left to do after
    /// a run has another one.
    pub apply: String,
    /// `cenbwp plan` that saves a new plan in the place of the saved one that is applied; `None` if none is.
    pub anew: Option<String>,
}

/// The commands without flags.
impl Default for Commands {
    fn default() -> Self {
        let [plan, apply] = ["plan", "apply"].map(|name| format!("cenbwp {name}"));
        Self { again: apply.clone(), plan, apply, anew: None }
    }
}
