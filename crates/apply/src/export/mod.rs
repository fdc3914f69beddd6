//! Specs for packages that exist.
//!
//! ```text
//! live ──────┐
//! terraform ─┴─▶ Draft ──builder──▶ Export
//! ```
//!
//! `live` reads a listing, `terraform` a state; `names` makes package names, `entry` the YAML of one package,
//! and `builder` a spec that the spec's own parser accepts. Nothing that cannot be carried over is dropped in
//! silence: a comment in the text and a [`Note`] name it.

mod builder;
mod entry;
mod live;
mod names;
mod terraform;

use cenbwp_spec::StackName;

pub(crate) use live::{Scope, of_account};
pub(crate) use terraform::of_terraform;

/// A spec for packages that exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Export {
    /// The spec as YAML: one document per stack. The parser accepts it without errors.
    pub text: String,
    /// The packages and fields that are not in it, and reservations about those that are.
    pub notes: Vec<Note>,
    /// The number of packages that it adopts.
    pub adopted: usize,
    /// The number of packages that it declares for the stacks that already own them.
    pub owned: usize,
}

/// A fact about a package that a spec cannot declare, or that the reader should know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Note {
    /// The fact, without the package; lower case, no full stop, neutral.
    pub text: String,
    /// The package: its id, or its address in Terraform. Neutral.
    pub about: String,
}

/// Returns the stack for packages without an owner, unless the user names another one.
///
/// # Panics
/// Never: the name is a valid one.
pub(crate) fn default_stack() -> StackName {
    "imported".parse().expect("lower-case letters are a name")
}
