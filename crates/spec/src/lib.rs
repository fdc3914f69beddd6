//! Parser of cenbwp specs: YAML bytes in, a checked [`Spec`] or [`Finding`]s out.
//!
//! ```text
//! sources ──parse──▶ Spec       every value checked; nobody checks again
//!               └──▶ Findings   all of one run, each at its line and column
//! ```
//!
//! **Invariant:** nothing here reads a file, the environment, a clock or the network. The command line
//! reads the files and hands their bytes over.

mod area;
mod finding;
mod ids;
mod package;
mod spec;
mod terms;

pub use area::{Area, AreaPair};
pub use finding::{Code, Finding, Place, Severity, Source};
pub use ids::{AccountId, Address, CenId, Generation, Identity, Invalid, PackageId, PackageName, StackName};
pub use package::{Charge, Field, Manage, Package, Wish};
pub use spec::{Limits, Spec, Stack};
pub use terms::{Mbps, Prepay, Renewal, Term};
