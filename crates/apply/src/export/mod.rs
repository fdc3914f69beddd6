//! Specs for packages that exist.
//!
//! ```text
//! live ──────┐
//! terraform ─┴─▶ Draft ──builder──▶ Export
//! ```
//!
//! `live` reads a listing, `terraform` a state; `names` makes package names, `entry` the YAML of one package,
//! and `builder` puts together what the spec's own parser accepts. What cannot be carried over is never
//! dropped in silence: it stands as a comment in the text and as a [`Note`].

mod builder;
mod entry;
mod live;
mod names;
mod terraform;

use cenbwp_spec::StackName;

pub use live::{Scope, of_account};
pub use terraform::of_terraform;

/// A spec of packages that exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The spec as YAML: one document per stack. The parser accepts it without errors.
    pub text: String,
    /// What is not in it, or is there with a reservation.
    pub notes: Vec<Note>,
    /// How many packages it adopts.
    pub adopted: usize,
    /// How many packages of stacks that own them already it declares.
    pub owned: usize,
}

/// Something that a spec cannot say of a package, or that a reader should know of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// What it means, without the package; lower case, no full stop, neutral.
    pub text: String,
    /// The package: its id, or its address in Terraform. Neutral.
    pub about: String,
}

/// The stack of packages that have no owner yet, unless another one is named.
///
/// # Panics
/// Never: the name is a valid one.
pub fn default_stack() -> StackName {
    "imported".parse().expect("lower-case letters are a name")
}
